"""`yibao key`: the keys of the database: which there are, a newer one."""

from __future__ import annotations

from typing import Annotated

import typer

from yibao.cli.options import parse_text
from yibao.cli.sharing import At, sharing

key = typer.Typer(
    help="The keys that seal who people are.",
    no_args_is_help=True,
)

SuiteName = Annotated[
    str | None,
    typer.Option(
        "--suite",
        parser=parse_text,
        metavar="SUITE",
        help="aes-256-gcm or sm4-gcm; else that of the newest key.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(key, name="key")


@key.command("list")
@sharing("json")
def list_(at: At) -> None:
    """List the keys, and how many values are sealed with each.

    One with which nothing is sealed may be taken out of the file; but backups need it.

    \b
    Example: yibao key list
    """
    from yibao.cli import key_run

    key_run.list_(at)


@key.command()
@sharing("actor", "json")
def rotate(at: At, *, suite: SuiteName = None) -> None:
    """Make a newer key, and seal with it what is sealed with others.

    Others may work meanwhile. Where it breaks off, `yibao key reseal` goes on.

    \b
    Examples: yibao key rotate
              yibao key rotate --suite sm4-gcm
    """
    from yibao.cli import key_run

    key_run.rotate(at, suite)


@key.command()
@sharing("actor", "json")
def reseal(at: At) -> None:
    """Seal with the newest key what is sealed with others, as after a rotation that broke off.

    \b
    Example: yibao key reseal
    """
    from yibao.cli import key_run

    key_run.reseal(at)
