"""`yibao simulate`: what reforms cost and change on a whole population; search for settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yibao.cli.options import AcceptGrade, AsJson, Lang, Overlays, default_language

_LANGUAGE = default_language()

PolicyName = Annotated[
    str,
    typer.Option("--policy", metavar="REGION", help="A region, or the folder of a pack."),
]
PopulationFolder = Annotated[
    Path,
    typer.Option(
        "--population",
        metavar="DIR",
        help="Folder with persons*, claims* (parquet or csv) and people.parquet.",
    ),
]
Years = Annotated[
    list[int] | None,
    typer.Option("--year", metavar="YEAR", help="Count only this year; repeatable. Else all."),
]
Outputs = Annotated[
    list[Path] | None,
    typer.Option("-o", "--output", metavar="FILE", help=".html, .xlsx or .json; repeatable."),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(invoke_without_command=True, no_args_is_help=True)
    group.callback()(simulate)
    group.command("search")(search)
    app.add_typer(group, name="simulate")


def simulate(
    ctx: typer.Context,
    *,
    policy: Annotated[
        str | None,
        typer.Option("--policy", metavar="REGION", help="A region, or the folder of a pack."),
    ] = None,
    reform: Annotated[
        list[Path] | None,
        typer.Option(
            "--reform", metavar="DIR", help="A reform: a document folder (overlay); repeatable."
        ),
    ] = None,
    population: Annotated[
        Path | None,
        typer.Option(
            "--population",
            metavar="DIR",
            help="Folder with persons*, claims* (parquet or csv) and people.parquet.",
        ),
    ] = None,
    output: Outputs = None,
    year: Years = None,
    overlay: Overlays = None,
    line: Annotated[
        list[str] | None,
        typer.Option(
            "--line", metavar="YUAN", help="A poverty line, yuan a head and year; repeatable."
        ),
    ] = None,
    subsistence: Annotated[
        str | None,
        typer.Option(
            "--subsistence",
            metavar="YUAN",
            help="What capacity to pay leaves out, yuan a head and year. Else 40 % of the median.",
        ),
    ] = None,
    elasticity: Annotated[
        list[str] | None,
        typer.Option(
            "--elasticity",
            metavar="KIND=LOW,CENTRAL,HIGH",
            help="Arc elasticities to the own price, such as outpatient=-0.2,-0.37,-0.55.",
        ),
    ] = None,
    draws: Annotated[
        int,
        typer.Option("--draws", min=0, max=100_000, help="Bootstrap draws; 0: no intervals."),
    ] = 1000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the bootstrap.")] = 1,
    marginal: Annotated[
        bool,
        typer.Option("--marginal/--no-marginal", help="Settle each changed figure alone too."),
    ] = True,
    accept_grade: AcceptGrade = "C",
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Try reforms on a whole population: every claim settled again, to the fen.

    Told are the cost by fund, who pays less and who more, hardship, fairness, and what behaviour
    could make of it. `yibao simulate search` looks for figures that meet targets.

    \b
    Example: yibao simulate --policy tianjin --population city --year 2020
      --reform examples/reforms/tianjin-employee-outpatient-deductible@2019-01-01
      -o report.html -o report.xlsx
    """
    if ctx.invoked_subcommand is not None:
        return
    if policy is None or population is None or not reform:
        lacking = [
            name
            for name, value in (
                ("--policy", policy), ("--reform", reform), ("--population", population)
            )
            if not value
        ]  # fmt: skip
        raise typer.BadParameter(f"{', '.join(lacking)} must be given / 缺少必需的选项")
    from yibao.cli import simulate_run

    given = simulate_run.Given(policy, population, year or [], overlay or [], accept_grade, lang)
    asked = simulate_run.Asked(
        reform, line or [], subsistence, elasticity or [], draws, seed, marginal
    )
    simulate_run.reforms(given, asked, output or [], as_json=as_json)


def search(
    *,
    policy: PolicyName,
    population: PopulationFolder,
    targets: Annotated[
        Path,
        typer.Option("--targets", metavar="FILE", help="Parameters and targets (YAML)."),
    ],
    output: Outputs = None,
    year: Years = None,
    overlay: Overlays = None,
    most: Annotated[
        int,
        typer.Option("--most", min=1, max=1_000_000, help="How many settings may be settled."),
    ] = 400,
    accept_grade: AcceptGrade = "C",
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Find settings of figures that meet targets, and the frontier of what they trade off.

    Every setting tried is a settlement of all claims. Where there are no more settings than --most,
    all are tried; else the search follows what improves, and says that there may be better ones.

    \b
    Example: yibao simulate search --policy tianjin --population city
      --targets examples/reforms/search.yaml -o frontier.html
    """
    from yibao.cli import simulate_run

    given = simulate_run.Given(policy, population, year or [], overlay or [], accept_grade, lang)
    simulate_run.search(given, targets, most, output or [], as_json=as_json)
