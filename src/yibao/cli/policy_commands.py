"""`yibao policy …`: what the rules are, whether they hold, what changed, what is covered."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from yibao.cli import exit_codes
from yibao.cli.options import (
    AcceptGrade,
    AsJson,
    Known,
    Lang,
    Overlays,
    RegionName,
    RegionNames,
    Without,
    default_language,
    parse_date,
)

_LANGUAGE = default_language()

policy = typer.Typer(
    name="policy",
    help="List, show, check and compare the rules of regions.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.add_typer(policy)
    app.command("exit-codes")(codes)


def codes(*, as_json: AsJson = False, lang: Lang = _LANGUAGE) -> None:
    """Print the table of exit codes.

    \b
    Example: yibao exit-codes
    """
    from yibao.cli.output import print_json

    table = {code: words[lang == "en"] for code, words in exit_codes.TABLE.items()}
    if as_json:
        print_json(table)
    else:
        for code, words in table.items():
            typer.echo(f"{code:>3}  {words}")


@policy.command("list")
def list_(*, as_json: AsJson = False, lang: Lang = _LANGUAGE) -> None:
    """List the regions that ship, with their documents.

    \b
    Example: yibao policy list
    """
    from yibao.cli import policy_pages

    policy_pages.list_(as_json=as_json, language=lang)


@policy.command()
def show(
    region: RegionName,
    *,
    day: Annotated[
        date | None,
        typer.Option("--date", metavar="DATE", parser=parse_date, help="The day; else today."),
    ] = None,
    known: Known = None,
    table: Annotated[
        str | None, typer.Option("--table", metavar="NAME", help="Only this table.")
    ] = None,
    overlay: Overlays = None,
    without: Without = None,
    accept_grade: AcceptGrade = "C",
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Show the rules in force on a day.

    Printed are each figure with the document that won, the steps and the layers. Figures of a
    grade that would be refused are marked with "!".

    \b
    Example: yibao policy show tianjin --date 2019-07-01 --table outpatient_deductible
    """
    from yibao.cli import policy_pages

    policy_pages.show(
        policy_pages.Pack(region, overlay or [], without or []),
        day,
        known=known,
        table=table,
        accept=accept_grade,
        as_json=as_json,
        language=lang,
    )


@policy.command()
def check(
    regions: RegionNames = None,
    *,
    as_of: Annotated[
        date | None,
        typer.Option(
            "--as-of",
            metavar="DATE",
            parser=parse_date,
            help="Warn of what ends within 90 days of this day; else of today.",
        ),
    ] = None,
    overlay: Overlays = None,
    without: Without = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Check packs without settling anything.

    All that can be known beforehand is checked; the exit code is 1 on errors.

    \b
    Example: yibao policy check tianjin --as-of 2021-06-01
    """
    from yibao.cli import policy_pages

    policy_pages.check(
        [policy_pages.Pack(r, overlay or [], without or []) for r in regions or []],
        as_of,
        as_json=as_json,
        language=lang,
    )


@policy.command()
def diff(
    region: RegionName,
    more: Annotated[
        list[str],
        typer.Argument(
            metavar="[REGION2] DATE [DATE2]",
            help="Two days; one day; or a second region and a day.",
        ),
    ],
    *,
    day: Annotated[
        date | None,
        typer.Option("--date", metavar="DATE", parser=parse_date, help="The day, if not given so."),
    ] = None,
    overlay: Overlays = None,
    without: Without = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Say what changed between two days or regions, in sentences.

    With one day, the rules with --overlay (or --without a document) are compared with those
    without. Of two regions or folders the second takes --overlay.

    \b
    Example: yibao policy diff tianjin 2021-12-31 2022-01-01
             yibao policy diff tianjin 2025-01-01 --overlay reform@2025-01-01
             yibao policy diff tianjin jining 2022-03-01
    """
    from yibao.cli import diff_pages
    from yibao.cli.policy_pages import Pack

    pack = Pack(region, overlay or [], without or [])
    diff_pages.diff(pack, more, day, as_json=as_json, language=lang)


@policy.command()
def cases(
    regions: RegionNames = None,
    *,
    overlay: Annotated[
        list[Path] | None,
        typer.Option("--overlay", metavar="DIR", help="Run the cases of this overlay; repeatable."),
    ] = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Settle the worked examples beside the rules.

    There is no tolerance; the exit code is 1 when a figure differs.

    \b
    Example: yibao policy cases tianjin
    """
    from yibao.cli import case_pages

    case_pages.cases(regions or [], overlay or [], as_json=as_json, language=lang)


@policy.command()
def coverage(
    *,
    clauses: Annotated[
        Path, typer.Option("--clauses", metavar="FILE", help="The inventory of clauses (YAML).")
    ],
    tests: Annotated[
        Path | None,
        typer.Option("--tests", metavar="DIR", help="Read @pytest.mark.clause marks below here."),
    ] = None,
    region: Annotated[
        list[str] | None, typer.Option("--region", help="Only clauses of this region; repeatable.")
    ] = None,
    subsystem: Annotated[
        list[str] | None, typer.Option("--subsystem", help="Only this subsystem; repeatable.")
    ] = None,
    tier: Annotated[
        list[str] | None, typer.Option("--tier", help="Only this tier; repeatable.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit code 1 when a selected clause is not covered.")
    ] = False,
    summary: Annotated[
        bool, typer.Option("--summary", help="Print the shares only, not each clause.")
    ] = False,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Tell which clauses have a case or a test, and their share.

    The shares are told by region, tier (core, platform, context) and subsystem. The clauses are
    those of an inventory; marks in tests are read from their source.

    \b
    Example: yibao policy coverage --clauses docs/clauses.yaml --tests tests --tier core
             yibao policy coverage --clauses docs/clauses.yaml --tests tests --summary
    """
    from yibao.cli import case_pages

    wanted = {"region": region or [], "subsystem": subsystem or [], "tier": tier or []}
    case_pages.coverage(
        clauses, tests, wanted, strict=strict, summary=summary, as_json=as_json, language=lang
    )
