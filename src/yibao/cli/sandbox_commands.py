"""`yibao sandbox`: a centre for the vendors of hospital systems, on a laptop."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from yibao.cli.interface_commands import Profile, SandboxOf
from yibao.cli.options import AsJson, Lang, default_language

_LANGUAGE = default_language()


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(epilog="Example: yibao sandbox --record traffic.jsonl")(sandbox)


def sandbox(
    *,
    region: SandboxOf = "tianjin",
    folder: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep the sandbox here; else it is thrown away."),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on.")] = 8000,
    record: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Add every exchange to a file that can be replayed."),
    ] = None,
    profile: Profile = "",
    sign_in: Annotated[
        Literal["optional", "required"],
        typer.Option(help="Whether messages need the sign_no of a sign-in (9001) of the day."),
    ] = "optional",
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Start a centre of the national interface to test with.

    It has made-up institutions, items and persons, says whom there is to treat and where to send
    messages, and runs until it is stopped.
    """
    from yibao.cli import sandbox_run

    wanted = sandbox_run.Wanted(region, folder, port, record, profile, sign_in)
    sandbox_run.run(wanted, as_json=as_json, language=lang)
