"""`yibao population …`: make a synthetic population; see how near it is to what is published."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yibao.cli.options import AsJson, Lang, default_language

_LANGUAGE = default_language()

population = typer.Typer(
    name="population",
    help="Make synthetic populations and measure them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.add_typer(population)


@population.command()
def make(
    *,
    region: Annotated[str, typer.Option("--region", help="tianjin or jining.")] = "tianjin",
    persons: Annotated[
        int, typer.Option("--persons", metavar="N", help="How many persons, at most 100,000,000.")
    ] = 100_000,
    years: Annotated[
        int | None, typer.Option("--years", metavar="N", help="How many years; else all there are.")
    ] = None,
    first_year: Annotated[
        int | None, typer.Option("--first-year", metavar="YEAR", help="Else the region's first.")
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", help="Another seed, other people.")
    ] = 1,
    lines: Annotated[
        bool, typer.Option("--lines", help="Write the item lines of the bills too.")
    ] = False,
    threads: Annotated[
        int | None, typer.Option("--threads", metavar="N", help="Else one for each processor.")
    ] = None,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="The folder, which must be new.")
    ] = Path("population"),
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Make a synthetic population: people, their insurance, and every claim of some years.

    The folder holds Parquet files that `yibao settle` reads as they are, people.parquet with what
    results are grouped by, and manifest.json. The same seed, persons and years give the same bytes
    with any number of threads. Nobody in it exists.

    \b
    Example: yibao population make --region tianjin --persons 1000000 --years 3 -o city
    """
    from yibao.cli import population_pages

    asked = population_pages.Asked(region, persons, first_year, years, seed, lines, threads)
    population_pages.make(asked, output, as_json=as_json, language=lang)


@population.command()
def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that `make` wrote.")],
    *,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="A page with pictures (.html), or the table (.csv, .parquet, .xlsx); repeatable.",
        ),
    ] = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Measure a population against the published figures: target, achieved, tolerance, verdict.

    All is computed from the files. The exit code is 1 when a target is missed, a check of the files
    fails, or a file is not what the manifest says.

    \b
    Example: yibao population report city -o city.html
    """
    from yibao.cli import population_pages

    population_pages.report(folder, output or [], as_json=as_json, language=lang)
