"""`yibao policy curve | compare | cliffs`: what rules do to a patient, exactly."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from yibao.cli.options import (
    AcceptGrade,
    AsJson,
    Lang,
    Overlays,
    RegionName,
    Without,
    default_language,
    parse_date,
)
from yibao.cli.policy_commands import policy

_LANGUAGE = default_language()

Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=CODE",
        help="What holds of the patient or the visit (visit=inpatient, birth_date=1950-03-01, "
        "identities=a+b); repeatable. Else the value for absent.",
    ),
]
BillOptions = Annotated[
    list[str] | None,
    typer.Option(
        "--bill",
        metavar="AMOUNT=SHARE",
        help="A part of the bill as a share (out_of_catalogue=10%) or as yuan (over_limit=200.00); "
        "repeatable. The rest is in scope.",
    ),
]
Opening = Annotated[
    list[str] | None,
    typer.Option(
        "--opening",
        metavar="STATE=VALUE",
        help="What the year has used before: yuan (outpatient_expense=1200.00) or a count "
        "(admissions=1); repeatable. Else nothing.",
    ),
]
Day = Annotated[
    date | None,
    typer.Option("--date", metavar="DATE", parser=parse_date, help="The day; else today."),
]
To = Annotated[str, typer.Option("--to", metavar="YUAN", help="The largest bill looked at.")]


def register(_: typer.Typer) -> None:
    """Add the commands to `yibao policy`."""
    policy.command("curve")(curve)
    policy.command("compare")(compare)
    policy.command("cliffs")(cliffs)


def curve(
    region: RegionName,
    *,
    settings: Settings = None,
    bill: BillOptions = None,
    opening: Opening = None,
    day: Day = None,
    to: To = "300000.00",
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Write .csv, .xlsx, .parquet, or .svg: a picture.",
        ),
    ] = None,
    overlay: Overlays = None,
    without: Without = None,
    accept_grade: AcceptGrade = "C",
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Show what each fund and the patient pay against the expense.

    Every breakpoint is computed, not sampled, and given with the figure that makes it and its
    article. The amounts there are those of a real settlement.

    \b
    Example: yibao policy curve tianjin --date 2019-07-01 --set scheme=resident --set category=adult
      --set contribution_tier=high --set visit=inpatient --set level=3 --set birth_date=1960-01-01
      --to 250000 -o curve.svg
    """
    from yibao.cli import analysis_pages
    from yibao.cli.policy_pages import Pack

    wanted = analysis_pages.Wanted(settings or [], bill or [], opening or [], to, accept_grade)
    pack = Pack(region, overlay or [], without or [])
    analysis_pages.curve(pack, day, wanted, output, as_json=as_json, language=lang)


def compare(
    a: Annotated[
        str,
        typer.Argument(metavar="A", help="A region or a pack's folder, or one at a day: A@DATE."),
    ],
    b: Annotated[str, typer.Argument(metavar="B", help="The other one.")],
    *,
    settings: Settings = None,
    bill: BillOptions = None,
    opening: Opening = None,
    day: Day = None,
    expense: Annotated[
        list[str] | None,
        typer.Option(
            "--expense",
            metavar="YUAN",
            help="Compare at this bill; repeatable. Else at breakpoints.",
        ),
    ] = None,
    to: To = "300000.00",
    overlay_a: Annotated[
        list[Path] | None,
        typer.Option("--overlay-a", metavar="DIR", help="A further document of A; repeatable."),
    ] = None,
    overlay_b: Annotated[
        list[Path] | None,
        typer.Option("--overlay-b", metavar="DIR", help="A further document of B; repeatable."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Write .csv, .xlsx or .parquet."),
    ] = None,
    accept_grade: AcceptGrade = "C",
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Compare one patient in two regions, or on two days.

    Told are the exact intervals of expense in which the patient pays less under A or under B.

    \b
    Example: yibao policy compare tianjin@2019-06-01 tianjin@2022-06-01 --accept-grade D
      --set scheme=resident --set category=adult --set contribution_tier=high --set visit=inpatient
      --set level=3 --set birth_date=1960-01-01 --expense 10000 --expense 100000
    """
    from yibao.cli import compare_pages
    from yibao.cli.analysis_pages import Wanted
    from yibao.cli.policy_pages import Pack

    wanted = Wanted(settings or [], bill or [], opening or [], to, accept_grade)
    packs = Pack(a, overlay_a or []), Pack(b, overlay_b or [])
    compare_pages.compare(packs, day, wanted, expense or [], output, as_json=as_json, language=lang)


def cliffs(
    region: RegionName,
    *,
    bill: BillOptions = None,
    day: Day = None,
    to: To = "1000000.00",
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Write .csv, .xlsx or .parquet."),
    ] = None,
    overlay: Overlays = None,
    without: Without = None,
    accept_grade: AcceptGrade = "C",
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """List where a fen more, or another status, costs a person.

    Looked at are all profiles that the rules can tell apart, and the end of the year: what a fen
    more in it costs in the next. A cliff that is the same in many
    profiles is one entry, with its size at the worst bill, the rules that differ, and an example.

    \b
    Example: yibao policy cliffs tianjin --date 2019-07-01
    """
    from yibao.cli import cliff_pages
    from yibao.cli.analysis_pages import Wanted
    from yibao.cli.policy_pages import Pack

    wanted = Wanted([], bill or [], [], to, accept_grade)
    pack = Pack(region, overlay or [], without or [])
    cliff_pages.cliffs(pack, day, wanted, output, as_json=as_json, language=lang)
