"""`yibao interface`: the national interface's specification, and recordings held against it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yibao.cli.options import AsJson, Lang, default_language

_LANGUAGE = default_language()

interface = typer.Typer(
    help="The national interface: fields, codes, checks.",
    no_args_is_help=True,
)

Profile = Annotated[
    str, typer.Option("--profile", metavar="NAME", help="A province's profile over the core.")
]


def _region(given: str) -> str:
    from yibao.cli.sample_centre import DIVISIONS

    if given not in DIVISIONS:
        raise typer.BadParameter(f"{given!r}: there are sandboxes of {', '.join(DIVISIONS)}")
    return given


SandboxOf = Annotated[
    str,
    typer.Option(
        "--region", metavar="REGION", callback=_region, help="Whose sandbox: tianjin or jining."
    ),
]
Infno = Annotated[str, typer.Argument(metavar="INFNO", help="A transaction, such as 2207.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(interface, name="interface")


@interface.command("list")
def list_transactions(
    *, profile: Profile = "", as_json: AsJson = False, lang: Lang = _LANGUAGE
) -> None:
    """List the transactions, by group.

    \b
    Example: yibao interface list
    """
    from yibao.cli import interface_pages as pages

    pages.transactions(pages.schema(profile, as_json=as_json), as_json=as_json, language=lang)


@interface.command()
def show(
    infno: Annotated[
        str,
        typer.Argument(metavar="INFNO", help="A transaction, such as 2207; or `envelope`."),
    ],
    *,
    profile: Profile = "",
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Show every field of a transaction: its name, what it holds, whether it must be there.

    `envelope` is what surrounds the input of every request and the output of every reply.

    \b
    Examples: yibao interface show 2207
              yibao interface show envelope
              yibao interface show 2201 --profile hunan
    """
    from yibao.cli import interface_pages as pages

    found = pages.schema(profile, as_json=as_json)
    if infno == "envelope":
        pages.envelope(found, as_json=as_json, language=lang)
    else:
        pages.transaction(pages.transaction_of(found, infno), as_json=as_json, language=lang)


@interface.command()
def codes(
    table: Annotated[
        str | None, typer.Argument(metavar="[TABLE]", help="Such as med_type; or a field.")
    ] = None,
    *,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Print the code tables, or the codes of one.

    \b
    Examples: yibao interface codes
              yibao interface codes insutype
    """
    from yibao.cli import interface_pages as pages

    pages.codes(pages.schema("", as_json=as_json), table, as_json=as_json, language=lang)


@interface.command()
def sample(
    infno: Infno,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="With every field, not only those required.")
    ] = False,
    region: SandboxOf = "tianjin",
    profile: Profile = "",
) -> None:
    """Print a request whose fields all hold something that fits, with a number of its own.

    Institution, person and physician are those of `yibao sandbox`.

    \b
    Examples: yibao interface sample 2207 --all
              yibao interface sample 1101 | yibao client send -
    """
    from yibao.cli import interface_pages as pages

    found = pages.schema(profile, as_json=False)
    infno = pages.transaction_of(found, infno).infno
    pages.sample(found, infno, region, everything=everything)


@interface.command()
def check(
    recording: Annotated[
        Path, typer.Argument(metavar="FILE", help='JSON lines: {"request": …, "reply": …}')
    ],
    *,
    profile: Profile = "",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Findings as CSV, Excel or Parquet.")
    ] = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Hold recorded exchanges against the specification.

    Told are fields that are missing or unknown, wrong lengths, types and codes, and amounts that do
    not add up. The exit code is 1 if there are any but unknown fields.

    \b
    Examples: yibao interface check traffic.jsonl
              yibao interface check traffic.jsonl --profile hunan -o findings.xlsx
    """
    from yibao.cli import interface_pages as pages

    found = pages.schema(profile, as_json=as_json)
    pages.check(found, recording, output, as_json=as_json, language=lang)
