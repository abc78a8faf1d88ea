"""`yibao enrol`: register and enrol persons, from files or one by one; find gaps."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import typer

from yibao.cli.agency_run import Rejects
from yibao.cli.options import Lang, PersonId, Unmask, default_language, parse_date, parse_text
from yibao.cli.settle_commands import EncodingName, PolicyName
from yibao.cli.sharing import At, sharing

_LANGUAGE = default_language()

KindName = Literal["persons", "staff", "identities", "elsewhere", "employers", "takeover"]
Kind = Annotated[
    KindName,
    typer.Argument(
        metavar="KIND",
        help="persons (register and enrol), staff (of employers), identities (of other "
        "departments), elsewhere (enrolments elsewhere), employers, or takeover (a persons file "
        "of `settle`).",
    ),
]
Files = Annotated[
    list[Path], typer.Argument(metavar="FILE…", help=".csv, .csv.gz, .parquet or .xlsx.")
]

enrol = typer.Typer(help="Register and enrol persons, end it, find gaps.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(enrol, name="enrol")


@enrol.command("import")
@sharing("rules", "actor", "json")
def import_(
    at: At,
    kind: Kind,
    files: Files,
    *,
    rejects: Rejects = None,
    encoding: EncodingName = None,
) -> None:
    """Import files of persons, staff, identities ….

    The good rows land. Rows that are refused go to a rejects file with the reason; corrected there,
    it can be imported as it is. Importing a file again changes nothing.

    \b
    Example: yibao enrol import persons households.xlsx --policy tianjin
    """
    from yibao.cli import enrol_run

    enrol_run.import_files(at, kind, files, rejects, encoding)


@enrol.command()
def template(
    kind: Kind,
    *,
    policy: PolicyName,
    output: Annotated[Path, typer.Option("-o", "--output", help=".xlsx or .csv.")],
    lang: Lang = _LANGUAGE,
) -> None:
    """Write an empty table to fill in.

    In Excel a second sheet explains the columns.

    \b
    Example: yibao enrol template staff --policy tianjin -o staff.xlsx
    """
    from yibao.cli import enrol_run

    enrol_run.template(kind, policy, output, lang)


@enrol.command()
@sharing("actor", "json")
def show(at: At, person: PersonId, *, unmask: Unmask = False) -> None:
    """Show a person: particulars, membership, cover, bills, account.

    \b
    Example: yibao enrol show P1 --json
    """
    from yibao.cli import enrol_run

    enrol_run.show(at, person, unmask=unmask)


@enrol.command()
@sharing("actor", "json")
def find(
    at: At,
    number: Annotated[
        str | None,
        typer.Argument(
            metavar="[NUMBER]", parser=parse_text, help="The identity number; else it is asked for."
        ),
    ] = None,
    *,
    unmask: Unmask = False,
) -> None:
    """Find a person by identity number.

    A number that is typed as an answer stays out of the shell's history.

    \b
    Example: yibao enrol find
    """
    from yibao.cli import enrol_run

    given = number or typer.prompt("证件号码 / identity number", hide_input=True, err=True)
    enrol_run.find(at, given, unmask=unmask)


@enrol.command()
@sharing("actor", "json")
def end(
    at: At,
    person: PersonId,
    *,
    last: Annotated[
        date, typer.Option(metavar="DATE", parser=parse_date, help="The last day of it.")
    ],
    reason: Annotated[str, typer.Option(help="Why, for the audit.")],
    resumes: Annotated[
        date | None,
        typer.Option(metavar="DATE", parser=parse_date, help="A pause: it goes on from this day."),
    ] = None,
    died: Annotated[bool, typer.Option("--died", help="The person died on that day.")] = False,
) -> None:
    """End or pause a membership, with employment and cover.

    The account stays: see `accounts close`.

    \b
    Example: yibao enrol end P1 --last 2022-08-31 --reason "moved away"
    """
    from yibao.cli import enrol_run

    if died and resumes is not None:
        raise typer.BadParameter("--died and --resumes exclude each other / 不能同用")
    enrol_run.end(at, person, last=last, reason=reason, resumes=resumes, died=died)


@enrol.command()
@sharing("actor", "json")
def resume(
    at: At,
    person: PersonId,
    *,
    first: Annotated[
        date, typer.Option("--from", metavar="DATE", parser=parse_date, help="First day of it.")
    ],
    policy: PolicyName,
) -> None:
    """Let a membership go on as it was when it ended.

    What was stated of cover goes on too; an employment is for the employer to report.

    \b
    Example: yibao enrol resume P1 --from 2023-01-01 --policy tianjin
    """
    from yibao.cli import enrol_run

    enrol_run.resume(at, person, first, policy)


@enrol.command()
@sharing("json")
def gaps(
    at: At,
    files: Files,
    *,
    day: Annotated[
        date, typer.Option("--date", metavar="DATE", parser=parse_date, help="The day compared.")
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Who has a gap: .csv, .parquet or .xlsx.")
    ],
    counted_by: Annotated[
        Literal["division", "group"], typer.Option("--by", help="What residents are counted by.")
    ] = "division",
    rejects: Rejects = None,
    encoding: EncodingName = None,
) -> None:
    """Find who is not insured, or twice, of a population.

    They were never enrolled, have lapsed, or are insured elsewhere too.

    The file has the columns identity_number, and if wanted name, division, group.

    \b
    Example: yibao enrol gaps population.csv --date 2022-06-30 -o gaps.xlsx
    """
    from yibao.cli import enrol_run

    enrol_run.gaps(
        at, files, day=day, output=output, by=counted_by, rejects=rejects, encoding=encoding
    )


@enrol.command()
@sharing("json")
def twins(at: At) -> None:
    """List who seems to be registered twice.

    That is one name and date of birth under two ids.

    \b
    Example: yibao enrol twins
    """
    from yibao.cli import enrol_run

    enrol_run.twins(at)


@enrol.command()
@sharing("json")
def late(
    at: At,
    *,
    since: Annotated[
        date, typer.Option(metavar="DATE", parser=parse_date, help="What has come in since.")
    ],
) -> None:
    """List identities that were reported late.

    They began to hold before they were known.

    What was settled in between may have to be settled anew.

    \b
    Example: yibao enrol late --since 2022-03-01
    """
    from yibao.cli import enrol_run

    enrol_run.late(at, since)


@enrol.command("move-out")
@sharing("actor")
def move_out(
    at: At,
    person: PersonId,
    *,
    policy: PolicyName,
    to: Annotated[str, typer.Option(metavar="REGION", help="Where the person moves to.")],
    reference: Annotated[str, typer.Option(help="The number of the slip.")],
    last: Annotated[
        date, typer.Option(metavar="DATE", parser=parse_date, help="The last day here.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="The slip, as JSON.")],
) -> None:
    """Let a person move to another region.

    Years of contribution and the account go along, what is here ends.

    \b
    Example: yibao enrol move-out P1 --policy tianjin --to 130100 --reference S1
               --last 2022-08-31 -o slip.json
    """
    from yibao.cli import moves_run

    moves_run.out(
        at, person, policy=policy, region=to, reference=reference, last=last, output=output
    )


@enrol.command("move-in")
@sharing("actor", "json")
def move_in(
    at: At,
    slip: Annotated[Path, typer.Argument(metavar="SLIP", help="As the other region wrote it.")],
    *,
    person: Annotated[str, typer.Option(help="The id here, if it is another.")] = "",
    origin: Annotated[str, typer.Option("--from", metavar="REGION", help="Where from.")],
    on: Annotated[
        date, typer.Option("--on", metavar="DATE", parser=parse_date, help="The day of the books.")
    ],
) -> None:
    """Take in the years and the account of who moved here.

    The person must be registered.

    \b
    Example: yibao enrol move-in slip.json --from 120100 --on 2022-09-05
    """
    from yibao.cli import moves_run

    moves_run.in_(at, slip, person=person, region=origin, on=on)
