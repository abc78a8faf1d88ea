"""`yibao audit`: whether the log of who did what is what was written."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yibao.cli.sharing import At, sharing

audit = typer.Typer(
    help="Check the log of who did what; note where it ends.",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(audit, name="audit")


@audit.command()
@sharing("json")
def verify(
    at: At,
    *,
    heads: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Heads as `yibao audit heads` printed them before."),
    ] = None,
) -> None:
    """Check the audit log.

    Every hash is worked out anew: a row that was changed, taken away or put in shows, and the exit
    code is 1. That rows were cut off at the end, or all written anew, shows only by heads that were
    noted before.

    \b
    Examples: yibao audit verify
              yibao audit verify --heads /mnt/elsewhere/heads.txt
    """
    from yibao.cli import audit_pages
    from yibao.store import audit as log

    noted = log.read_heads(heads) if heads else []
    with at.transaction() as connection:
        found = log.verify(connection, noted)
    audit_pages.verified(found, len(noted), as_json=at.as_json, language=at.lang)


@audit.command()
@sharing("json")
def heads(at: At) -> None:
    """Print where each chain of the audit log ends.

    Keep it where whoever rules the database cannot write: each day's behind the other's, say.

    \b
    Example: yibao audit heads >> /mnt/elsewhere/heads.txt
    """
    from yibao.cli import audit_pages
    from yibao.store import audit as log

    with at.transaction() as connection:
        found = log.heads(connection)
    audit_pages.heads(found, as_json=at.as_json)
