"""What `yibao simulate` prints: the headline of each reform, or of a search."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table as Grid

from yibao.cli.options import Language
from yibao.macro.simulation.report import searched
from yibao.macro.simulation.report.content import content
from yibao.macro.simulation.report.table import Table, cell
from yibao.macro.simulation.search.find import Found
from yibao.macro.simulation.search.trials import Bench
from yibao.macro.simulation.study import Study


def print_study(study: Study, language: Language, page: Console) -> None:
    """Print the headline and the main tables of every reform."""
    whole = content(study)
    page.print(whole.title.pick(language), style="bold", markup=False)
    page.print(" · ".join(text.pick(language) for text in whole.head), markup=False)
    for section in whole.sections:
        page.print()
        page.print(section.outcome.reform.title.pick(language), style="bold", markup=False)
        for told in section.outcome.reform.told:
            page.print(f"  · {told.text.pick(language)}", markup=False)
        for notice in section.notices:
            page.print(f"  ! {notice.pick(language)}", style="yellow", markup=False)
        for title, figure, more in section.cards:
            told_figure = f"{figure.pick(language)}  ({more.pick(language)})"
            page.print(f"  {title.pick(language)}: {told_figure}", markup=False)
        print_table(section.tables[0], language, page)
    if len(whole.sections) > 1:
        print_table(whole.side_by_side, language, page)


def print_search(bench: Bench, found: Found, language: Language, page: Console) -> None:
    """Print the setting found, its targets and the frontier."""
    for line in searched.verdict(bench, found)[1:]:
        page.print(line.pick(language), style="bold", markup=False)
    for table in searched.tables(bench, found):
        print_table(table, language, page)


def print_table(table: Table, language: Language, page: Console) -> None:
    """Print a table."""
    from rich.box import SIMPLE
    from rich.text import Text as Styled

    grid = Grid(title=table.title.pick(language), title_justify="left", box=SIMPLE)
    for column in table.columns:
        justify = "left" if column.kind == "text" else "right"
        grid.add_column(column.title.pick(language), justify=justify)  # type: ignore[arg-type]
    for row in table.rows:
        pairs = zip(row, table.columns, strict=True)
        grid.add_row(*(Styled(cell(value, column.kind, language)) for value, column in pairs))
    page.print(grid)
