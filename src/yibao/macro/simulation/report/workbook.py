"""A study as an Excel workbook: a sheet for the comparison of reforms, one for each reform.

Money is a number with two decimals, written as its digits and not through a float; text that came
from a pack can not become a formula.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, BinaryIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

from yibao.interop.files.rows import visible
from yibao.macro.simulation.report.content import Section, content
from yibao.macro.simulation.report.show import rounded
from yibao.macro.simulation.report.table import Cell, Column, Kind, Of, Table
from yibao.macro.simulation.study import Study
from yibao.text import Text

_FORMATS: dict[Kind, tuple[int, str]] = {
    "money": (2, "#,##0.00"),
    "change": (2, "+#,##0.00;[Red]-#,##0.00;0.00"),
    "count": (0, "#,##0"),
    "count_change": (0, "+#,##0;-#,##0;0"),
    "share": (6, "0.00%"),
    "growth": (6, "+0.00%;-0.00%;0.00%"),
    "points": (6, '+General" pp";-General" pp";0" pp"'),
    "index": (6, "0.0000"),
    "text": (0, "0"),
}
"""Decimals that are written, and how Excel shows them."""

_HEAD = PatternFill("solid", fgColor="F2EFE6")
_RULE = Border(bottom=Side(style="thin", color="DCD8CD"))


def write_workbook(stream: BinaryIO, study: Study, language: str = "zh") -> None:
    """Write the workbook of a study."""
    whole = content(study)
    book = Workbook(write_only=True)
    write_sheet(book, Text("各方案对照", "Overview").pick(language), language, [
        whole.title.pick(language),
        " · ".join(text.pick(language) for text in whole.head),
        whole.side_by_side,
        *(text.pick(language) for text in whole.assumptions),
    ])  # fmt: skip
    for number, section in enumerate(whole.sections, 1):
        title = Text(f"方案{number}", f"Reform {number}").pick(language)  # the whole stands within
        write_sheet(book, title, language, list(_parts(section, language)))
    book.save(stream)


def _parts(section: Section, language: str) -> Iterator[str | Table]:
    yield section.outcome.reform.title.pick(language)
    for told in section.outcome.reform.told:
        group, text = told.group.pick(language), told.text.pick(language)
        days = f"{told.first} – {told.last}"
        yield Text(f"{group}：{text}（{days}）", f"{group}: {text} ({days})").pick(language)
    for notice in section.notices:
        yield notice.pick(language)
    yield from section.tables


def write_sheet(book: Any, title: str, language: str, parts: Sequence[str | Table]) -> None:
    """Add a sheet of texts and tables, one below the other; its first part and column stay."""
    page = book.create_sheet(title)
    page.freeze_panes = "B2"
    page.sheet_view.showGridLines = False
    page.column_dimensions["A"].width = 38
    for letter in "BCDEFGHIJKLMN":
        page.column_dimensions[letter].width = 17
    try:
        for at, part in enumerate(parts):
            if isinstance(part, Table):
                _table(page, part, language)
            else:
                page.append([_text(page, part, Font(bold=at == 0, size=14 if at == 0 else 11))])
    finally:
        page.close()


def _table(page: Any, table: Table, language: str) -> None:
    page.append([])
    page.append([_text(page, table.title.pick(language), Font(bold=True, size=12))])
    page.append([_head(page, column, language) for column in table.columns])
    for number, row in enumerate(table.rows):
        font = Font(bold=number in table.strong)
        pairs = zip(row, table.columns, strict=True)
        page.append([_cell(page, value, column.kind, language, font) for value, column in pairs])
    if table.note is not None:
        page.append([_text(page, table.note.pick(language), Font(italic=True, color="56606A"))])


def _head(page: Any, column: Column, language: str) -> Any:
    made = _text(page, column.title.pick(language), Font(bold=True))
    made.fill, made.border = _HEAD, _RULE
    made.alignment = Alignment(wrap_text=True, vertical="bottom")
    return made


def _text(page: Any, text: str, font: Font) -> Any:
    made = WriteOnlyCell(page, visible(text))
    made.data_type = "s"  # text, whatever it begins with
    made.font = font
    return made


def _cell(page: Any, value: Cell, kind: Kind, language: str, font: Font) -> Any:
    if isinstance(value, Of):
        return _cell(page, value.value, value.kind, language, font)
    if value is None:
        return None
    if isinstance(value, Text):
        return _text(page, value.pick(language), font)
    if isinstance(value, str):
        return _text(page, value, font)
    places, shown = _FORMATS[kind]
    scale = Fraction(1, 100) if kind in ("money", "change") else 100 if kind == "points" else 1
    exact = Fraction(value) * scale
    digits = rounded(exact, places).replace(",", "").replace("−", "-")
    made = WriteOnlyCell(page, 0)
    made.value = Decimal(digits)  # written as its digits, not as a float
    made.number_format, made.font = shown, font
    return made
