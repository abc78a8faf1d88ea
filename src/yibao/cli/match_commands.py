"""`yibao enrol duplicates`, `decide`, `decisions`, `followup`: doubtful pairs, and gaps."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import typer

from yibao.cli.agency_run import Rejects
from yibao.cli.enrol_commands import Files, enrol
from yibao.cli.options import Why, parse_date
from yibao.cli.settle_commands import EncodingName
from yibao.cli.sharing import At, sharing

_STATES = ("open", "called", "visited", "elsewhere", "exempt", "enrolled")

Output = Annotated[
    Path | None, typer.Option("-o", "--output", help="All of them: .csv, .parquet or .xlsx.")
]
Key = Annotated[
    str, typer.Argument(metavar="KEY", help="person:ID of ours, REGION:NUMBER of others'.")
]
Number = Annotated[str, typer.Argument(metavar="NUMBER", help="The identity number.")]
Today = Annotated[
    date | None,
    typer.Option(
        "--date",
        metavar="DATE",
        parser=parse_date,
        help="Who has cover then is closed; else today.",
    ),
]


def _parse_state(text: str) -> str:
    if text not in _STATES:
        raise typer.BadParameter(f"{text!r} is none of {', '.join(_STATES)}")
    return text


followup = typer.Typer(
    help="Follow gaps of insurance until they are resolved.",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Add the commands to `yibao enrol`."""
    enrol.add_typer(followup, name="followup")


@enrol.command()
@sharing("json")
def duplicates(
    at: At,
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE]…", help="What another region or the province has."),
    ] = None,
    *,
    exact: Annotated[
        bool, typer.Option("--exact", help="Only by identity number, without likeness.")
    ] = False,
    threshold: Annotated[
        float | None,
        typer.Option(min=0.01, max=1, help="The least probability that is shown; else 0.5."),
    ] = None,
    output: Output = None,
    rejects: Rejects = None,
    encoding: EncodingName = None,
) -> None:
    """Find who may be registered or enrolled twice.

    Without FILE in our register, and by number with what other regions have reported. With FILE
    between it and our register. FILE has the columns region, name, birth_date, identity_number, and
    if wanted record_id, sex, identity_type, division, phone, scheme, from, to.

    Pairs are shown with the reasons, those decided before are left out; nothing is merged.

    \b
    Example: yibao enrol duplicates province.xlsx -o pairs.xlsx
    """
    from yibao.cli import match_run

    how = match_run.Search(
        files=files or [],
        exact=exact,
        threshold=threshold,
        output=output,
        rejects=rejects,
        encoding=encoding,
    )
    match_run.duplicates(at, how)


@enrol.command()
@sharing("actor", "json")
def decide(
    at: At,
    one: Key,
    other: Key,
    *,
    same: Annotated[bool, typer.Option("--same/--different", help="One person, or two persons.")],
    last: Annotated[
        date | None,
        typer.Option(
            metavar="DATE", parser=parse_date, help="With --same: the last day of what OTHER has."
        ),
    ] = None,
    take_number: Annotated[
        bool, typer.Option("--take-number", help="The first gets the identity number of the other.")
    ] = False,
    reason: Why,
) -> None:
    """Decide whether two records are one person.

    With --same the first is kept; membership, employment and cover of the other end, and what is
    left to do (refunds, balances) is listed. With --different the pair is not shown again.

    \b
    Example: yibao enrol decide person:P1 person:P7 --same --last 2022-08-31 --reason "ids seen"
    """
    from yibao.cli import match_run

    if same != (last is not None) or (take_number and not same):
        raise typer.BadParameter(
            "--same needs --last, --different takes neither --last nor --take-number / 选项不配"
        )
    match_run.decide(at, one, other, last, take_number=take_number, reason=reason)


@enrol.command()
@sharing("json")
def decisions(
    at: At,
    key: Annotated[str | None, typer.Argument(metavar="[KEY]", help="Only of this record.")] = None,
) -> None:
    """Show what was decided about pairs, and what is left to do.

    \b
    Example: yibao enrol decisions person:P1
    """
    from yibao.cli import match_run

    match_run.decisions(at, key)


@followup.command()
@sharing("actor", "json")
def take(
    at: At,
    files: Files,
    *,
    day: Annotated[
        date, typer.Option("--date", metavar="DATE", parser=parse_date, help="The day compared.")
    ],
    rejects: Rejects = None,
    encoding: EncodingName = None,
) -> None:
    """Take in the gaps that a population file shows.

    FILE is that of `enrol gaps`, street included. A newer file adds gaps, closes those of who is
    insured now and keeps what was done about the others.

    \b
    Example: yibao enrol followup take population.csv --date 2022-06-30
    """
    from yibao.cli import followup_run

    followup_run.take(at, followup_run.Files(files, rejects, encoding), day)


@followup.command("list")
@sharing("actor", "json")
def list_(
    at: At,
    *,
    state: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STATE",
            parser=_parse_state,
            help="Only open, called, visited, elsewhere, exempt or enrolled; repeatable. "
            "Else the first three.",
        ),
    ] = None,
    division: Annotated[str, typer.Option(help="Of this division, or the begin of its code.")] = "",
    street: Annotated[str, typer.Option(help="Of this street.")] = "",
    counted_by: Annotated[
        Literal["division", "street"], typer.Option("--by", help="What gaps are counted by.")
    ] = "division",
    day: Today = None,
    output: Output = None,
) -> None:
    """Count gaps by state, and list them for those who go and see.

    The list has empty columns for the result; filled in, `followup import` reads it.

    \b
    Example: yibao enrol followup list --by street --division 120101 -o grid.xlsx
    """
    from yibao.cli import followup_run

    wanted = followup_run.Wanted(state or [], division, street, counted_by, day, output)
    followup_run.list_(at, wanted)


@followup.command("set")
@sharing("actor", "json")
def set_(
    at: At,
    number: Number,
    state: Annotated[
        Literal["open", "called", "visited", "elsewhere", "exempt"],
        typer.Argument(metavar="STATE", help="open, called, visited, elsewhere or exempt."),
    ],
    *,
    on: Annotated[date, typer.Option(metavar="DATE", parser=parse_date, help="The day on which.")],
    note: Annotated[str, typer.Option(help="What was found.")] = "",
    proof: Annotated[str, typer.Option(help="Proof of being insured elsewhere.")] = "",
) -> None:
    """Write down what was done about a gap.

    \b
    Example: yibao enrol followup set 120101198005010018 visited --on 2022-07-03
               --note "enrols in September"
    """
    from yibao.agency.matching.followup import Step
    from yibao.cli import followup_run

    followup_run.set_(at, number, Step(state, on, note, proof))


@followup.command("import")
@sharing("actor", "json")
def import_(
    at: At,
    files: Files,
    *,
    rejects: Rejects = None,
    encoding: EncodingName = None,
) -> None:
    """Import the lists that grid workers bring back.

    Rows without a result change nothing; those that are refused go to a rejects file with the
    reason.

    \b
    Example: yibao enrol followup import grid.xlsx
    """
    from yibao.cli import followup_run

    followup_run.import_files(at, followup_run.Files(files, rejects, encoding))
