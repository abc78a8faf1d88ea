"""`yibao policy new`: begin a region, or a document that changes one."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import typer

from yibao.cli.options import AsJson, Lang, default_language, parse_date
from yibao.cli.policy_commands import policy

_LANGUAGE = default_language()


def register(_: typer.Typer) -> None:
    """The command stands among those of `yibao policy`, which are registered already."""


@policy.command()
def new(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            help="Folder to write: a region, or DOCUMENT@DATE for a document that changes one.",
        ),
    ],
    *,
    name_zh: Annotated[str, typer.Option(help="The region's name in Chinese.")] = "",
    name_en: Annotated[str, typer.Option(help="The region's name in English.")] = "",
    level: Annotated[
        Literal["national", "province", "city"], typer.Option(help="The region's level.")
    ] = "city",
    division: Annotated[str, typer.Option(metavar="DIGITS", help="Six digits of GB/T 2260.")] = "",
    parent: Annotated[
        str, typer.Option(metavar="REGION", help="The region above, if its rules hold here too.")
    ] = "",
    scheme: Annotated[
        list[str] | None,
        typer.Option(help="employee or resident; repeatable. Else the residents'."),
    ] = None,
    parts: Annotated[
        str,
        typer.Option(
            "--with",
            metavar="PARTS",
            help="What the rules hold, with commas: outpatient, inpatient, serious-illness,"
            " contribution.",
        ),
    ] = "outpatient,inpatient",
    document: Annotated[
        str, typer.Option(metavar="ID", help="A short id of the document, such as 2023-notice.")
    ] = "",
    first: Annotated[
        date | None,
        typer.Option(
            "--from", metavar="DATE", parser=parse_date, help="First day of the document in force."
        ),
    ] = None,
    known: Annotated[
        date | None,
        typer.Option(
            "--known", metavar="DATE", parser=parse_date, help="The day it was published."
        ),
    ] = None,
    number: Annotated[str, typer.Option(help="The document's number, as printed.")] = "",
    title_zh: Annotated[str, typer.Option(help="Its title in Chinese.")] = "",
    title_en: Annotated[str, typer.Option(help="Its title in English.")] = "",
    issuer_zh: Annotated[str, typer.Option(help="Who issued it, in Chinese.")] = "",
    issuer_en: Annotated[str, typer.Option(help="Who issued it, in English.")] = "",
    kind: Annotated[
        Literal["policy", "draft", "figures", "decision"],
        typer.Option(help="What the document is; `figures` for figures from other sources."),
    ] = "policy",
    of: Annotated[
        str, typer.Option("--of", metavar="REGION", help="The region that a document changes.")
    ] = "",
    table: Annotated[
        list[str] | None,
        typer.Option("--table", metavar="NAME", help="A table that it changes; repeatable."),
    ] = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Begin a rule pack: a region, or a document that changes one.

    What is written passes `policy check` and `policy cases` at once. It holds no invented figure:
    each place that only the document can fill says TODO, and the check lists them by file and line.
    On a terminal, what is left out is asked for.

    \b
    Example: yibao policy new mycity --name-zh 某市 --name-en "My City" --document 2023-notice
               --from 2023-01-01 --with inpatient
    Example: yibao policy new mycity/2024-notice@2024-01-01 --table resident_inpatient_rate
    Example: yibao policy new reform@2025-01-01 --of tianjin --table outpatient_deductible
    """
    from yibao.cli import new_pages

    asked = new_pages.Asked(
        folder=folder,
        name=(name_zh, name_en),
        level=level,
        division=division,
        parent=parent,
        schemes=tuple(scheme or ()),
        parts=parts,
        document=document,
        first=first,
        known=known,
        number=number,
        title=(title_zh, title_en),
        issuer=(issuer_zh, issuer_en),
        kind=kind,
        of=of,
        tables=tuple(table or ()),
    )
    new_pages.new(asked, as_json=as_json, language=lang)
