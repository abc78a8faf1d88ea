"""Which institutions settle directly, and how much: `yibao desk connections`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from rich.table import Table

from yibao.agency.desk.connections import Connected, connections, shares
from yibao.cli.options import Language
from yibao.cli.output import console, print_json
from yibao.cli.settle_report import money, percent
from yibao.cli.sharing import At
from yibao.interop.files.rows import visible
from yibao.money import format_yuan
from yibao.settlement.indicators import Ratio
from yibao.text import Text

_WORDS: Mapping[str, Text] = {
    "institution": Text("机构", "Institution"),
    "since": Text("联网结算起", "Connected since"),
    "direct": Text("直接结算（人次）", "Settled directly"),
    "on_paper": Text("手工报销（人次）", "On paper"),
    "by_bill": Text("直接结算率（人次）", "Share of bills"),
    "by_cost": Text("直接结算率（费用）", "Share of expense"),
    "total": Text("费用合计", "Expense"),
    "sum": Text("合计 {n} 家", "{n} institutions"),
    "none": Text("没有", "none"),
}

_COLUMNS = ("institution", "since", "direct", "on_paper", "total", "by_bill", "by_cost")


def connected(first: date, last: date, at: At) -> None:
    """Print the institutions with their shares, then the share of all."""
    with at.opened() as database, database.transaction() as connection:
        found = connections(connection, first, last)
    if at.as_json:
        print_json({"institutions": [_as_data(one) for one in found], "all": _shares(found)})
    elif not found:
        console().print(_WORDS["none"].pick(at.lang))
    else:
        console().print(_table(found, at.lang))


def _as_data(one: Connected) -> Mapping[str, object]:
    since = None if one.since is None else str(one.since)
    return {"institution_id": one.institution_id, "since": since, **_shares([one])}


def _shares(of: Sequence[Connected]) -> Mapping[str, object]:
    cost, bills = shares(of)
    return {
        "bills": bills.whole,
        "direct": bills.part,
        "total": format_yuan(cost.whole),
        "direct_total": format_yuan(cost.part),
        "by_bill": _text(bills),
        "by_cost": _text(cost),
    }


def _text(ratio: Ratio) -> str:
    """Return a ratio with one decimal; nothing where nothing was treated."""
    return percent(ratio) if ratio.whole else ""


def _table(found: Sequence[Connected], language: Language) -> Table:
    table = Table()
    for name in _COLUMNS:
        right = name not in {"institution", "since"}
        title = _WORDS[name].pick(language)
        table.add_column(title, justify="right" if right else "left", overflow="fold")
    for one in found:
        since = "" if one.since is None else str(one.since)
        table.add_row(visible(one.institution_id), since, *_cells([one]))
    table.add_section()
    table.add_row(_WORDS["sum"].pick(language).format(n=len(found)), "", *_cells(found))
    return table


def _cells(of: Sequence[Connected]) -> tuple[str, ...]:
    cost, bills = shares(of)
    on_paper = bills.whole - bills.part
    return (str(bills.part), str(on_paper), money(cost.whole), _text(bills), _text(cost))
