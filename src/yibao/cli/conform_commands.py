"""`yibao policy conform`: what higher documents demand of a region, and whether it keeps it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from yibao.cli.options import (
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


def register(_: typer.Typer) -> None:
    """Add the command to `yibao policy`."""
    policy.command("conform")(conform)


def conform(
    region: RegionName,
    *,
    day: Annotated[
        date | None,
        typer.Option(
            "--date", metavar="DATE", parser=parse_date, help="Only this day; else every period."
        ),
    ] = None,
    overlay: Overlays = None,
    without: Without = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Write the table: .csv, .parquet or .xlsx."),
    ] = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Compare a region's figures with the limits of higher documents.

    Each row is a limit, the region's figure and a verdict: pass, breach, waived, departs (from a
    guideline), no figure. The exit code is 1 when there is a breach that nobody waived.

    \b
    Example: yibao policy conform tianjin --date 2022-01-01 -o conform.xlsx
    """
    from yibao.cli import conform_pages
    from yibao.cli.policy_pages import Pack

    pack = Pack(region, overlay or [], without or [])
    conform_pages.conform(pack, day, output=output, as_json=as_json, language=lang)
