"""Settlements as they stand: shown, listed, explained, written as a sheet. Nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from rich.table import Table
from rich.text import Text as Styled

from yibao.agency.desk import find
from yibao.agency.desk.standing import invoices_of, lines_of, posted
from yibao.cli.desk_office import desk_exits
from yibao.cli.ledger_pages import fund_title
from yibao.cli.options import Language
from yibao.cli.output import console, print_json
from yibao.cli.settle_report import money
from yibao.cli.sharing import At
from yibao.interop.files.rows import visible
from yibao.ledger.chart import CHART, Account
from yibao.ledger.entries import Transfer
from yibao.ledger.funds import HOSPITAL
from yibao.money import format_yuan
from yibao.policy.vocabulary import vocabulary
from yibao.registry.find import REASONS
from yibao.settlement.explain import CLOSING
from yibao.text import Text

Row = Mapping[str, Any]

_FEN = ("total", "in_scope", "fund_pay", "hospital_pay", "account_pay", "cash_pay")
PARTS = ("total", "out_of_catalogue", "over_limit", "first_self_pay", "in_scope")
_RIGHT = frozenset({*_FEN, *PARTS, "quantity", "price", "amount"})
_SHOWN = (
    *("institution_id", "claim_no", "person_id", "scheme", "visit", "admitted", "discharged"),
    *("day", "settled_at", "episode", "payee", "actor"),
)
_INSIDE = frozenset({"memory", "added", "person_facts", "numbers_admission", "entry_id"})
"""What a row keeps for the engine, and not for whoever looks at it."""

_WORDS: Mapping[str, Text] = {
    "settlement": Text("结算", "Settlement"),
    "reversal": Text("冲正", "Reversal"),
    "reversed_by": Text("已由 {n} 冲正", "taken back by {n}"),
    "reverses": Text("冲正 {n}", "takes back {n}"),
    "institution_id": Text("机构", "Institution"),
    "claim_no": Text("单据号", "Bill"),
    "person_id": Text("人员", "Person"),
    "scheme": Text("险种", "Scheme"),
    "visit": Text("就医类别", "Visit"),
    "admitted": Text("入院（就诊）", "Admitted"),
    "discharged": Text("出院", "Discharged"),
    "day": Text("适用规则的日期", "Rules of"),
    "settled_on": Text("记账日", "Booked on"),
    "settled_at": Text("结算时刻", "Settled at"),
    "settlement_id": Text("编号", "Number"),
    "episode": Text("就医事件", "Episode"),
    "payee": Text("基金付给", "The funds pay"),
    "institution": Text("医疗机构", "the institution"),
    "person": Text("本人", "the person"),
    "actor": Text("经办", "By"),
    "fund_pay": Text("基金支付", "All funds"),
    "own": Text("个人负担", "Person"),
    "number": Text("行", "No."),
    "code": Text("代码", "Code"),
    "item_class": Text("类", "Class"),
    "quantity": Text("数量", "Quantity"),
    "price": Text("单价", "Price"),
    "reason": Text("原因", "Reason"),
    "invoice_code": Text("发票代码", "Code"),
    "invoice_no": Text("发票号码", "Number"),
    "amount": Text("金额", "Amount"),
    "debit": Text("借方", "Debit"),
    "credit": Text("贷方", "Credit"),
    "standing": Text("状态", "Standing"),
    "lines": Text("明细", "Lines"),
    "invoices": Text("发票", "Invoices"),
    "posted": Text("记账", "Posted"),
    "none": Text("没有", "none"),
    "stands": Text("有效", "stands"),
}


def say(key: str, language: Language, **facts: object) -> str:
    """Return a fixed text."""
    return _WORDS[key].pick(language).format(**facts)


# --- one ------------------------------------------------------------------------------------------


def show(number: int, at: At) -> None:
    """Show a settlement or reversal; leaves with the exit code."""
    with desk_exits(at.lang, as_json=at.as_json):
        with at.opened() as database, database.transaction() as connection:
            row = find.found(connection, number)
            lines, invoices = lines_of(connection, row), invoices_of(connection, number)
            moved = posted(connection, number)
        if at.as_json:
            print_json(_as_data(row, lines, invoices, moved))
        else:
            _print(row, lines, invoices, moved, at.lang)


def _as_data(
    row: Row, lines: Sequence[Row], invoices: Sequence[Row], moved: Sequence[Transfer]
) -> dict[str, Any]:
    return {
        **_plain(row),
        "lines": [line_data(line) for line in lines],
        "invoices": [{**i, "fen": format_yuan(i["fen"])} for i in invoices],
        "posted": [
            {"debit": _account(t.debit), "credit": _account(t.credit), "amount": format_yuan(t.fen)}
            for t in moved
        ],
    }


def _plain(row: Row) -> dict[str, Any]:
    """Return a row as people read it: amounts in yuan."""
    shown = {name: value for name, value in row.items() if name not in _INSIDE}
    for name in ("amounts", "funds"):
        shown[name] = {key: format_yuan(fen) for key, fen in row[name].items()}
    return {**shown, **{name: format_yuan(row[name]) for name in _FEN}}


def line_data(line: Row) -> dict[str, Any]:
    """Return a line with its amounts in yuan; prices may have more than two decimals."""
    prices = {
        name: None if line[name] is None else _yuan(line[name]) for name in ("price", "standard")
    }
    return {**line, **prices, **{name: format_yuan(line[name]) for name in PARTS}}


def _yuan(fen: Any) -> str:
    """Return a price in fen, perhaps with decimals, as yuan with two decimals or more."""
    exact = Fraction(str(fen)) / 100
    text = f"{exact.numerator * 10**6 // exact.denominator:07d}"
    decimals = text[-6:].rstrip("0").ljust(2, "0")
    return f"{text[:-6]}.{decimals}"


def _account(account: Account) -> str:
    return "/".join(part for part in account if part)


def _print(
    row: Row,
    lines: Sequence[Row],
    invoices: Sequence[Row],
    moved: Sequence[Transfer],
    language: Language,
) -> None:
    page = console()
    page.print(f"{say(row['kind'], language)} {row['settlement_id']} · {_standing(row, language)}")
    table = Table(show_header=False)
    for name in _SHOWN:
        if row[name]:
            table.add_row(say(name, language), _text(name, row, language))
    for name, fen in _figures(row):
        table.add_row(_title(name).pick(language), Styled(money(fen), justify="right"))
    page.print(table)
    _table(page, "lines", [_told(line, language) for line in lines], language)
    own = ("invoice_code", "invoice_no")
    _table(
        page,
        "invoices",
        [{**{n: i[n] for n in own}, "amount": money(i["fen"])} for i in invoices],
        language,
    )
    entries = [
        {
            "debit": _named(t.debit, language),
            "credit": _named(t.credit, language),
            "amount": money(t.fen),
        }
        for t in moved
    ]
    _table(page, "posted", entries, language)


def _figures(row: Row) -> Iterator[tuple[str, int]]:
    """Yield the parts of the bill, then who pays it, in the vocabulary's order."""
    amounts = {**row["amounts"], "total": row["total"]}
    yield from ((name, amounts[name]) for name in vocabulary().amounts if amounts.get(name))
    paid = {**row["funds"], HOSPITAL: row["hospital_pay"]}
    yield from ((name, paid[name]) for name in vocabulary().funds if paid.get(name))
    yield from ((name, row[name]) for name in ("account_pay", "cash_pay"))


def _title(name: str) -> Text:
    words = vocabulary()
    amounts = {name: amount.title for name, amount in words.amounts.items()}
    funds = {name: fund.title for name, fund in words.funds.items()}
    return {**amounts, **funds, **CLOSING}[name]


def _text(name: str, row: Row, language: Language) -> str:
    """Return a cell as text; codes of the vocabulary by their titles."""
    if name in {"scheme", "visit"}:
        title = (vocabulary().attributes[name].codes or {}).get(row[name])
        if title is not None:
            return title.pick(language)
    if name == "payee":
        return say(row[name], language)
    if name == "settled_at":
        return str(row[name])[:19].replace("T", " ")
    return visible(str(row[name]))


_CLASSES = {"A": "甲", "B": "乙", "C": "丙"}


def _told(line: Row, language: Language) -> dict[str, str]:
    """Return a line as a table of a page has room for it."""
    parts = {name: money(line[name]) for name in PARTS if line[name]}
    return {
        "number": str(line["number"]),
        "code": " ".join(line[name] for name in ("code", "local_code") if line[name]),
        "item_class": _CLASSES[line["item_class"]] if language == "zh" else line["item_class"],
        "quantity": str(line["quantity"]),
        "price": _yuan(line["price"]),
        **{name: parts.get(name, "") for name in PARTS},
        "reason": REASONS[line["reason"]].pick(language) if line["reason"] else "",
    }


def _named(account: Account, language: Language) -> str:
    head, fund, party = account
    parts = (CHART[head].title.pick(language), fund and fund_title(fund, language), visible(party))
    return " · ".join(part for part in parts if part)


def _standing(row: Row, language: Language) -> str:
    if row["kind"] == "reversal":
        return say("reverses", language, n=row["reverses"])
    if row["reversed_by"] is not None:
        return say("reversed_by", language, n=row["reversed_by"])
    return say("stands", language)


def _table(page: Any, title: str, rows: Sequence[Row], language: Language) -> None:
    """Print rows without the columns that say nothing."""
    if not rows:
        return
    names = [name for name in rows[0] if any(row[name] not in {"", None} for row in rows)]
    table = Table(title=say(title, language), title_justify="left")
    for name in names:
        heading = say(name, language) if name in _WORDS else _title(name).pick(language)
        table.add_column(heading, justify="right" if name in _RIGHT else "left", overflow="fold")
    for row in rows:
        table.add_row(*("" if row[name] is None else visible(str(row[name])) for name in names))
    page.print(table)


# --- many -----------------------------------------------------------------------------------------

_LISTED = (
    *("settlement_id", "settled_on", "institution_id", "claim_no", "person_id"),
    *("total", "fund_pay", "own", "standing"),
)


def list_(wanted: find.Wanted, limit: int, at: At) -> None:
    """List settlements and reversals."""
    with at.opened() as database, database.transaction() as connection:
        rows = find.find(connection, wanted, limit)
    if at.as_json:
        print_json([_plain(row) for row in rows])
    elif not rows:
        console().print(say("none", at.lang))
    else:
        table = Table()
        for name in _LISTED:
            title = say(name, at.lang) if name in _WORDS else _title(name).pick(at.lang)
            right = name in {"total", "fund_pay", "own"}
            table.add_column(title, justify="right" if right else "left", overflow="fold")
        for row in rows:
            own = row["account_pay"] + row["cash_pay"]
            amounts = [money(fen) for fen in (row["total"], row["fund_pay"], own)]
            told = [_text(name, row, at.lang) for name in _LISTED[:5]]
            table.add_row(*told, *amounts, _standing(row, at.lang))
        console().print(table)
