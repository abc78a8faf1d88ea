"""`yibao desk explain`, `yibao desk sheet`: why a settlement is as it is, from what was kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from yibao.agency.desk import find
from yibao.agency.desk.recall import recall
from yibao.agency.desk.reverse import settlement_of
from yibao.agency.desk.standing import lines_of
from yibao.cli.desk_look import PARTS, line_data, say
from yibao.cli.desk_office import desk_exits
from yibao.cli.desk_office import office as desk_office
from yibao.cli.desk_pages import BILL, with_bills
from yibao.cli.output import console, print_json
from yibao.cli.sharing import At
from yibao.cli.targets import check_targets
from yibao.cli.waterfall import print_waterfall
from yibao.interop.files.output import Cell, OutKind, Sheet, write_files
from yibao.interop.files.results import columns_sheet, explanation_sheet, settlements_sheet
from yibao.settlement.batch import Entry, Item
from yibao.settlement.explain import Explainer
from yibao.settlement.explain_data import as_json as explained

Row = Mapping[str, Any]


def explain(number: int, at: At, *, full: bool) -> None:
    """Explain a settlement; leaves with the exit code."""
    with desk_exits(at.lang, as_json=at.as_json):
        office = desk_office(at)
        with at.opened(reads=True) as database, database.transaction() as connection:
            settlement = recall(office, settlement_of(connection, number))
            taken_back = find.found(connection, number)["reversed_by"]
        explanation = Explainer(office.policy).explain(settlement)
        if at.as_json:
            print_json(explained(explanation) | {"reversed_by": taken_back})
            return
        page = console()
        if taken_back is not None:
            told = say("reversed_by", at.lang, n=taken_back)
            page.print(f"! {told}", style="yellow")
        print_waterfall(explanation, at.lang, page, full=full)


def sheet(number: int, at: At, output: Path) -> None:
    """Write a settlement as a workbook; leaves with the exit code."""
    with desk_exits(at.lang):
        check_targets([output], [])
        office = desk_office(at)
        with at.opened(reads=True) as database, database.transaction() as connection:
            row = settlement_of(connection, number)
            lines = [line_data(line) for line in lines_of(connection, row)]
        settlement = recall(office, row)
        entries = [Entry(Item(settlement.claim), settlement)]
        own = [str(row[name]) for name in BILL]
        sheets = [with_bills(settlements_sheet(entries, office.policy), [own])]
        if lines:
            sheets.append(_lines_sheet(lines))
        sheets.append(explanation_sheet(entries, office.policy, at.lang))
        titles = columns_sheet([sheets[0], sheets[-1]], office.policy.region)
        write_files({output: [*sheets, titles]})
        console().print(str(output), soft_wrap=True)


_FIRST = (
    *("number", "item_kind", "code", "local_code", "item_class", "served_on"),
    *("quantity", "price", "standard", "rate", *PARTS, "reason", "practitioner_id"),
)
"""The columns of a line, in the order in which people read it."""

_FIGURES = frozenset({*PARTS, "number", "quantity", "price", "standard", "rate"})


def _cell(name: str, value: object) -> str:
    """Return a cell; a figure with one decimal gets two, with which a sheet takes it as number."""
    text = str(value)
    return f"{text}0" if name in _FIGURES and text[-2:-1] == "." else text


def _lines_sheet(lines: Sequence[Row]) -> Sheet:
    names = [*_FIRST, *(name for name in lines[0] if name not in _FIRST)]
    columns: list[tuple[str, OutKind]] = [
        (name, "figure" if name in _FIGURES else "text") for name in names
    ]
    rows: list[list[Cell]] = [
        [None if line[name] is None else _cell(name, line[name]) for name in names]
        for line in lines
    ]
    return Sheet("lines", columns, rows)
