"""Settlements as they stand: shown, listed, explained, written as a sheet. Nothing is changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from rich.table import Table

from yibao.agency.desk import find
from yibao.agency.desk.recall import recall
from yibao.agency.desk.reverse import settlement_of
from yibao.agency.desk.standing import invoices_of, lines_of, posted
from yibao.cli.database import opened
from yibao.cli.desk_office import How, desk_exits
from yibao.cli.ledger_pages import fund_title
from yibao.cli.options import Language
from yibao.cli.output import console, print_json
from yibao.cli.settle_report import money
from yibao.cli.targets import check_targets
from yibao.cli.waterfall import print_waterfall
from yibao.interop.files.output import Cell, OutKind, Sheet, write_files
from yibao.interop.files.results import columns_sheet, explanation_sheet, settlements_sheet
from yibao.interop.files.rows import visible
from yibao.ledger.chart import CHART, Account
from yibao.ledger.entries import Transfer
from yibao.money import format_yuan
from yibao.settlement.batch import Entry, Item
from yibao.settlement.explain import Explainer
from yibao.settlement.explain_data import as_json as explained
from yibao.text import Text

Row = Mapping[str, Any]

_FEN = ("total", "in_scope", "fund_pay", "hospital_pay", "account_pay", "cash_pay")
_PARTS = ("total", "out_of_catalogue", "over_limit", "first_self_pay", "in_scope")
_INSIDE = frozenset({"memory", "added", "person_facts", "numbers_admission", "entry_id"})
"""What a row keeps for the engine, and not for whoever looks at it."""

_WORDS: Mapping[str, Text] = {
    "settlement": Text("结算", "Settlement"),
    "reversal": Text("冲正", "Reversal"),
    "reversed_by": Text("已由 {n} 冲正", "taken back by {n}"),
    "reverses": Text("冲正 {n}", "takes back {n}"),
    "lines": Text("明细", "Lines"),
    "invoices": Text("发票", "Invoices"),
    "posted": Text("记账", "Posted"),
    "none": Text("没有", "none"),
    "stands": Text("有效", "stands"),
}


def _say(key: str, language: Language, **facts: object) -> str:
    return _WORDS[key].pick(language).format(**facts)


# --- one ------------------------------------------------------------------------------------------


def show(number: int, place: str | None, language: Language, *, as_json: bool) -> None:
    """Show a settlement or reversal; leaves with the exit code."""
    with desk_exits(language, as_json=as_json):
        with opened(place) as database, database.transaction() as connection:
            row = find.found(connection, number)
            lines, invoices = lines_of(connection, row), invoices_of(connection, number)
            moved = posted(connection, number)
        if as_json:
            print_json(_as_data(row, lines, invoices, moved))
        else:
            _print(row, lines, invoices, moved, language)


def _as_data(
    row: Row, lines: Sequence[Row], invoices: Sequence[Row], moved: Sequence[Transfer]
) -> dict[str, Any]:
    return {
        **_plain(row),
        "lines": [_line(line) for line in lines],
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


def _line(line: Row) -> dict[str, Any]:
    """Return a line with its amounts in yuan; prices may have more than two decimals."""
    prices = {
        name: None if line[name] is None else _yuan(line[name]) for name in ("price", "standard")
    }
    return {**line, **prices, **{name: format_yuan(line[name]) for name in _PARTS}}


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
    page.print(f"{_say(row['kind'], language)} {row['settlement_id']} · {_standing(row, language)}")
    shown = _plain(row)
    table = Table(show_header=False)
    for name in ("institution_id", "claim_no", "person_id", "scheme", "visit", "admitted"):
        table.add_row(name, visible(str(shown[name])))
    for name in ("discharged", "day", "settled_at", "episode", "payee", "rules", "actor"):
        if shown[name]:
            table.add_row(name, visible(str(shown[name])))
    for name, yuan in (*shown["amounts"].items(), *shown["funds"].items()):
        table.add_row(name, yuan)
    for name in ("hospital_pay", "account_pay", "cash_pay"):
        table.add_row(name, shown[name])
    page.print(table)
    _table(page, "lines", [_line(line) for line in lines], language)
    _table(page, "invoices", [{**i, "fen": format_yuan(i["fen"])} for i in invoices], language)
    entries = [
        {
            "debit": _named(t.debit, language),
            "credit": _named(t.credit, language),
            "amount": money(t.fen),
        }
        for t in moved
    ]
    _table(page, "posted", entries, language)


def _named(account: Account, language: Language) -> str:
    head, fund, party = account
    parts = (CHART[head].title.pick(language), fund and fund_title(fund, language), visible(party))
    return " · ".join(part for part in parts if part)


def _standing(row: Row, language: Language) -> str:
    if row["kind"] == "reversal":
        return _say("reverses", language, n=row["reverses"])
    if row["reversed_by"] is not None:
        return _say("reversed_by", language, n=row["reversed_by"])
    return _say("stands", language)


def _table(page: Any, title: str, rows: Sequence[Row], language: Language) -> None:
    """Print rows without the columns that say nothing."""
    if not rows:
        return
    names = [name for name in rows[0] if any(row[name] not in ("", None) for row in rows)]
    table = Table(title=_say(title, language), title_justify="left")
    for name in names:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*("" if row[name] is None else visible(str(row[name])) for name in names))
    page.print(table)


# --- many -----------------------------------------------------------------------------------------

_LISTED = (
    *("settlement_id", "kind", "settled_on", "institution_id", "claim_no", "person_id"),
    *("visit", "total", "fund_pay", "account_pay", "cash_pay"),
)


def list_(
    wanted: find.Wanted, limit: int, place: str | None, language: Language, *, as_json: bool
) -> None:
    """List settlements and reversals."""
    with opened(place) as database, database.transaction() as connection:
        rows = [_plain(row) for row in find.find(connection, wanted, limit)]
    if as_json:
        print_json(rows)
        return
    table = Table()
    for name in (*_LISTED, "reversed_by"):
        amount = name in _FEN
        table.add_column(name, justify="right" if amount else "left", overflow="fold")
    for row in rows:
        told = [str(row[name]) for name in _LISTED]
        other = row["reversed_by"] or row["reverses"] or ""
        table.add_row(*map(visible, told), str(other))
    page = console()
    page.print(table if rows else _say("none", language))


# --- why ------------------------------------------------------------------------------------------


def explain(number: int, how: How, *, full: bool) -> None:
    """Explain a settlement; leaves with the exit code."""
    with desk_exits(how.language, as_json=how.as_json):
        office = how.office()
        with opened(how.place) as database, database.transaction() as connection:
            settlement = recall(office, settlement_of(connection, number))
            taken_back = find.found(connection, number)["reversed_by"]
        explanation = Explainer(office.policy).explain(settlement)
        if how.as_json:
            print_json(explained(explanation) | {"reversed_by": taken_back})
            return
        page = console()
        if taken_back is not None:
            told = _say("reversed_by", how.language, n=taken_back)
            page.print(f"! {told}", style="yellow")
        print_waterfall(explanation, how.language, page, full=full)


def sheet(number: int, how: How, output: Path) -> None:
    """Write a settlement as a workbook; leaves with the exit code."""
    with desk_exits(how.language):
        check_targets([output], [])
        office = how.office()
        with opened(how.place) as database, database.transaction() as connection:
            row = settlement_of(connection, number)
            lines = [_line(line) for line in lines_of(connection, row)]
        settlement = recall(office, row)
        entries = [Entry(Item(settlement.claim), settlement)]
        sheets = [settlements_sheet(entries, office.policy)]
        if lines:
            sheets.append(_lines_sheet(lines))
        sheets.append(explanation_sheet(entries, office.policy, how.language))
        titles = columns_sheet([sheets[0], sheets[-1]], office.policy.region)
        write_files({output: [*sheets, titles]})
        console().print(str(output), soft_wrap=True)


def _lines_sheet(lines: Sequence[Row]) -> Sheet:
    columns: list[tuple[str, OutKind]] = [
        (name, "figure" if name in {*_PARTS, "price", "standard", "quantity"} else "text")
        for name in lines[0]
    ]
    rows: list[list[Cell]] = [
        [None if value is None else str(value) for value in line.values()] for line in lines
    ]
    return Sheet("lines", columns, rows)
