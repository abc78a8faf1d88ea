"""How applications are printed: lines, deductions, deposits, payment; amounts in yuan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from yibao.agency.clearing.model import Application, of_month, visits
from yibao.cli.ledger_pages import fund_title
from yibao.cli.options import Language
from yibao.cli.output import console, print_json
from yibao.cli.settle_report import money
from yibao.interop.files.rows import visible
from yibao.money import format_rate, format_yuan
from yibao.text import Text

__all__ = ["fund_title", "list_", "show"]

_STATES: Mapping[str, Text] = {
    "applied": Text("已申报", "applied"),
    "audited": Text("已审核", "audited"),
    "paid": Text("已拨付", "paid"),
}
_WORDS = {
    "number": Text("编号", "No."),
    "institution": Text("机构", "Institution"),
    "month": Text("月份", "Month"),
    "state": Text("状态", "State"),
    "fund": Text("基金", "Fund"),
    "visit": Text("就医类别", "Visit"),
    "claims": Text("笔数", "Bills"),
    "due": Text("申报", "Due"),
    "deducted": Text("扣款", "Deducted"),
    "withheld": Text("保证金", "Deposit"),
    "rate": Text("比例", "Rate"),
    "cite": Text("依据", "Laid down in"),
    "reason": Text("原因", "Reason"),
    "net": Text("应付", "Net"),
    "recovered": Text("抵回欠款", "Owed, taken off"),
    "offset": Text("抵周转金", "Working capital"),
    "bank": Text("银行拨付", "Bank"),
    "sum": Text("合计", "Sum"),
    "overdrawn": Text(
        "{fund}：总账中的银行存款低于零（{yuan} 元），请核对拨入资金是否已记账",
        "{fund}: its bank account in the ledger is below zero ({yuan} yuan): see whether all that "
        "came in has been booked",
    ),
}


def _table(language: Language, texts: Sequence[str], amounts: Sequence[str]) -> Table:
    made = Table()
    for key in texts:
        made.add_column(_WORDS[key].pick(language), overflow="fold")
    for key in amounts:
        made.add_column(_WORDS[key].pick(language), justify="right")
    return made


def list_(found: Sequence[Application], language: Language, *, as_json: bool) -> None:
    """Print applications, one a line."""
    if as_json:
        print_json({"applications": [_plain(one) for one in found]})
        return
    page = _table(
        language, ["month", "institution", "state"], ["due", "deducted", "withheld", "bank"]
    )
    for one in found:
        amounts = (one.due, one.deducted, one.withheld, _bank(one))
        state = _STATES[one.state].pick(language)
        page.add_row(of_month(one.month), visible(one.institution_id), state, *map(money, amounts))
    console().print(page)


def _bank(one: Application) -> int:
    return sum(paid.bank for paid in one.paid.values())


def show(
    one: Application,
    language: Language,
    *,
    as_json: bool,
    overdrawn: Mapping[str, int] | None = None,
) -> None:
    """Print an application; on stderr what is below zero in the bank, in fen by fund."""
    for fund, fen in (overdrawn or {}).items():
        told = _WORDS["overdrawn"].pick(language)
        told = told.format(fund=fund_title(fund, language), yuan=money(fen))
        console(stderr=True).print(f"! {told}", style="yellow", soft_wrap=True)
    if as_json:
        below = {fund: format_yuan(fen) for fund, fen in (overdrawn or {}).items()}
        print_json(_plain(one) | ({} if overdrawn is None else {"overdrawn": below}))
        return
    page = console()
    state = _STATES[one.state].pick(language)
    page.print(visible(f"{one.institution_id}  {of_month(one.month)}  {state}"), style="bold")
    page.print(_lines(one, language))
    if one.deductions:
        page.print(_deductions(one, language))
    if one.paid:
        page.print(_paid(one, language))


def _lines(one: Application, language: Language) -> Table:
    page = _table(language, ["fund", "visit"], ["claims", "due", "deducted", "rate", "withheld"])
    page.add_column(_WORDS["cite"].pick(language), overflow="fold")
    deposits = {(d.fund, d.visit): d for d in one.deposits}
    for line in one.lines:
        key = (line.fund, line.visit)
        off = sum(d.fen for _, d in one.deductions if (d.fund, d.visit) == key)
        held = deposits.get(key)
        page.add_row(
            fund_title(line.fund, language),
            visit_title(line.visit, language),
            f"{line.claims:,}",
            money(line.due),
            money(off),
            format_rate(held.rate.value) if held else "",
            money(held.fen) if held else "",
            visible(held.rate.cite) if held else "",
        )
    page.add_section()
    sums = (money(one.due), money(one.deducted), "", money(one.withheld), "")
    page.add_row(_WORDS["sum"].pick(language), "", "", *sums)
    return page


def visit_title(visit: str, language: Language) -> str:
    """Return what a type of visit is called."""
    found = visits().get(visit)
    return visit if found is None else found.pick(language)


def _deductions(one: Application, language: Language) -> Table:
    page = _table(language, ["number", "fund", "visit", "reason"], ["deducted"])
    for number, d in one.deductions:
        names = (fund_title(d.fund, language), visit_title(d.visit, language))
        page.add_row(str(number), *names, visible(d.reason), money(d.fen))
    return page


def _paid(one: Application, language: Language) -> Table:
    page = _table(language, ["fund"], ["net", "recovered", "offset", "bank"])
    for fund, paid in one.paid.items():
        amounts = (paid.net, paid.recovered, paid.offset, paid.bank)
        page.add_row(fund_title(fund, language), *map(money, amounts))
    page.add_section()
    sums = zip(*((p.net, p.recovered, p.offset, p.bank) for p in one.paid.values()), strict=True)
    page.add_row(_WORDS["sum"].pick(language), *map(money, map(sum, sums)))
    return page


def _plain(one: Application) -> dict[str, Any]:
    return {
        "application": one.application_id,
        "institution": one.institution_id,
        "month": of_month(one.month),
        "state": one.state,
        "due": format_yuan(one.due),
        "deducted": format_yuan(one.deducted),
        "withheld": format_yuan(one.withheld),
        "bank": format_yuan(_bank(one)),
        "lines": [line._asdict() | {"due": format_yuan(line.due)} for line in one.lines],
        "deductions": [
            {
                "deduction": number,
                "fund": d.fund,
                "visit": d.visit,
                "amount": format_yuan(d.fen),
                "reason": d.reason,
                "settlement": d.settlement_id,
            }
            for number, d in one.deductions
        ],
        "deposits": [
            {
                "fund": d.fund,
                "visit": d.visit,
                "base": format_yuan(d.base),
                "rate": format_rate(d.rate.value),
                "cite": d.rate.cite,
                "withheld": format_yuan(d.fen),
            }
            for d in one.deposits
        ],
        "paid": {
            fund: {
                "net": format_yuan(paid.net),
                "recovered": format_yuan(paid.recovered),
                "offset": format_yuan(paid.offset),
                "bank": format_yuan(paid.bank),
            }
            for fund, paid in one.paid.items()
        },
    }
