"""`yibao contributions` and `yibao accounts`: bills, receipts, arrears; credits and interest.

`contribution` and `account` answer what the rules say; these write it into the books.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from yibao.cli.agency_run import Actor, Rejects
from yibao.cli.db_commands import Place
from yibao.cli.options import AcceptGrade, AsJson, Lang, Overlays, default_language, parse_date
from yibao.cli.settle_commands import EncodingName, PolicyName

if TYPE_CHECKING:
    from yibao.agency.runs import Run

_LANGUAGE = default_language()

Month = Annotated[str | None, typer.Option(metavar="MONTH", help="Such as 2022-09.")]
Year = Annotated[int | None, typer.Option(metavar="YEAR", min=1990, max=2100, help="Such as 2022.")]
On = Annotated[
    date | None,
    typer.Option(
        "--on", metavar="DATE", parser=parse_date, help="The day of the books; else the first."
    ),
]
Refused = Annotated[
    Path | None, typer.Option("-o", "--output", help="Write who was refused, and why.")
]

contributions = typer.Typer(help="Bill contributions, enter receipts.", no_args_is_help=True)
accounts = typer.Typer(help="Credit personal accounts, pay from them.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(contributions, name="contributions")
    app.add_typer(accounts, name="accounts")


@contributions.command()
def bill(
    *,
    policy: PolicyName,
    month: Month = None,
    year: Year = None,
    scheme: Annotated[
        Literal["resident", "employee"], typer.Option(help="With --year: whom to bill.")
    ] = "resident",
    item: Annotated[
        Literal["basic", "large_expense"], typer.Option(help="With --year: what for.")
    ] = "basic",
    on: On = None,
    output: Refused = None,
    overlay: Overlays = None,
    accept_grade: AcceptGrade = "C",
    actor: Actor = None,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Bill a month of all employees, a year of all residents.

    Doing it again changes nothing.

    \b
    Example: yibao contributions bill --policy tianjin --month 2022-09
             yibao contributions bill --policy tianjin --year 2022
    """
    from yibao.cli import contributions_run

    def run(how: contributions_run.How) -> Run:
        return contributions_run.bill(how, month, year, scheme, item)

    how = contributions_run.How(
        policy, overlay or [], accept_grade, on, actor, database, lang, as_json
    )
    contributions_run.over_all(how, run, output)


@contributions.command()
def receive(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="The bank's: .csv, .parquet or .xlsx.")
    ],
    *,
    policy: PolicyName,
    rejects: Rejects = None,
    encoding: EncodingName = None,
    overlay: Overlays = None,
    accept_grade: AcceptGrade = "C",
    actor: Actor = None,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Enter receipts of the bank.

    The oldest months are paid first, and cover follows.

    Columns: reference, payer (a person, an employer, household:ID, finance …), received_on, amount.

    \b
    Example: yibao contributions receive bank-2022-09.csv --policy tianjin
    """
    from yibao.cli import contributions_run

    how = contributions_run.How(
        policy, overlay or [], accept_grade, None, actor, database, lang, as_json
    )
    contributions_run.receive(files, rejects, encoding, how)


@contributions.command()
def arrears(
    *,
    day: Annotated[
        date, typer.Option("--date", metavar="DATE", parser=parse_date, help="Owed by this day.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help=".csv, .parquet or .xlsx.")],
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """List what is owed for months begun by a day.

    \b
    Example: yibao contributions arrears --date 2022-12-31 -o arrears.xlsx
    """
    from yibao.cli import contributions_run

    contributions_run.arrears(day, output, database, lang, as_json=as_json)


@contributions.command()
def cancel(
    number: Annotated[int, typer.Argument(metavar="BILL", help="As `enrol show` has it.")],
    *,
    policy: PolicyName,
    reason: Annotated[str, typer.Option(help="Why, for the audit.")],
    on: Annotated[
        date, typer.Option("--on", metavar="DATE", parser=parse_date, help="The day of the books.")
    ],
    overlay: Overlays = None,
    accept_grade: AcceptGrade = "C",
    actor: Actor = None,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Take back a bill on which nothing has come.

    It can be made anew then.

    \b
    Example: yibao contributions cancel 17 --policy tianjin --on 2022-09-02 --reason "wrong wage"
    """
    from yibao.cli import contributions_run

    how = contributions_run.How(
        policy, overlay or [], accept_grade, on, actor, database, lang, as_json
    )
    contributions_run.cancel(number, reason, how)


@accounts.command()
def credit(
    *,
    policy: PolicyName,
    month: Annotated[str, typer.Option(metavar="MONTH", help="Such as 2022-09.")],
    on: On = None,
    output: Refused = None,
    overlay: Overlays = None,
    accept_grade: AcceptGrade = "C",
    actor: Actor = None,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Credit a month to all accounts.

    It must have been paid. Doing it again changes nothing.

    \b
    Example: yibao accounts credit --policy tianjin --month 2022-09
    """
    from yibao.cli import contributions_run

    how = contributions_run.How(
        policy, overlay or [], accept_grade, on, actor, database, lang, as_json
    )
    contributions_run.over_all(how, lambda h: contributions_run.credit(h, month), output)


@accounts.command()
def interest(
    *,
    policy: PolicyName,
    year: Annotated[int, typer.Option(metavar="YEAR", min=1990, max=2100)],
    output: Refused = None,
    overlay: Overlays = None,
    accept_grade: AcceptGrade = "C",
    actor: Actor = None,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Credit a year's interest to all accounts.

    Doing it again changes nothing.

    \b
    Example: yibao accounts interest --policy tianjin --year 2022
    """
    from yibao.cli import contributions_run

    how = contributions_run.How(
        policy, overlay or [], accept_grade, None, actor, database, lang, as_json
    )
    contributions_run.over_all(how, lambda h: contributions_run.interest(h, year), output)


@accounts.command()
def link(
    holder: Annotated[str, typer.Argument(metavar="HOLDER", help="Whose account it is.")],
    relative: Annotated[str, typer.Argument(metavar="RELATIVE", help="For whom it may pay.")],
    *,
    relation: Annotated[
        Literal["spouse", "parent", "child", "near_relative", "other_relative"],
        typer.Option(help="What the relative is to the holder."),
    ],
    first: Annotated[
        date, typer.Option("--from", metavar="DATE", parser=parse_date, help="The first day.")
    ],
    last: Annotated[
        date | None, typer.Option("--to", metavar="DATE", parser=parse_date, help="The last day.")
    ] = None,
    actor: Actor = None,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Let an account pay for a relative.

    The rules still say what for.

    \b
    Example: yibao accounts link P1 P2 --relation parent --from 2022-01-01
    """
    from yibao.cli import contributions_run

    contributions_run.link(
        holder,
        relative,
        relation=relation,
        first=first,
        last=last,
        actor=actor,
        place=database,
        language=lang,
        as_json=as_json,
    )


@accounts.command()
def pay(
    holder: Annotated[str, typer.Argument(metavar="HOLDER", help="Whose account pays.")],
    *,
    policy: PolicyName,
    relative: Annotated[str, typer.Option(metavar="RELATIVE", help="Whose contribution.")],
    amount: Annotated[str, typer.Option(metavar="YUAN", help="How much, such as 320.00.")],
    reference: Annotated[str, typer.Option(help="A number of its own: it happens once.")],
    on: Annotated[
        date, typer.Option("--on", metavar="DATE", parser=parse_date, help="The day of the books.")
    ],
    overlay: Overlays = None,
    accept_grade: AcceptGrade = "C",
    actor: Actor = None,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Pay a relative's contribution from an account.

    It is that to the residents' scheme.

    \b
    Example: yibao accounts pay P1 --policy guangdong --relative P2 --amount 320.00
               --reference A1 --on 2022-11-05
    """
    from yibao.cli import contributions_run

    how = contributions_run.How(
        policy, overlay or [], accept_grade, on, actor, database, lang, as_json
    )
    contributions_run.pay(holder, relative, amount, reference, how)


@accounts.command()
def withdraw(
    holder: Annotated[str, typer.Argument(metavar="HOLDER", help="Who applies for it.")],
    *,
    policy: PolicyName,
    inpatient: Annotated[
        str, typer.Option(metavar="YUAN", help="Inpatient expense of the year so far.")
    ],
    share: Annotated[str, typer.Option(metavar="YUAN", help="The person's own share of the year.")],
    on: Annotated[
        date, typer.Option("--on", metavar="DATE", parser=parse_date, help="The day of the books.")
    ],
    overlay: Overlays = None,
    accept_grade: AcceptGrade = "C",
    actor: Actor = None,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Pay out what may be withdrawn after serious illness.

    That is once a year.

    \b
    Example: yibao accounts withdraw P1 --policy tianjin --inpatient 50000.00 --share 6000.00
               --on 2017-11-01
    """
    from yibao.cli import contributions_run

    how = contributions_run.How(
        policy, overlay or [], accept_grade, on, actor, database, lang, as_json
    )
    contributions_run.withdraw(holder, inpatient, share, how)


@accounts.command()
def close(
    holder: Annotated[str, typer.Argument(metavar="HOLDER", help="Whose account it is.")],
    *,
    policy: PolicyName,
    reason: Annotated[
        Literal["death", "moved_no_account", "emigrated"], typer.Option(help="Why it is closed.")
    ],
    on: Annotated[
        date, typer.Option("--on", metavar="DATE", parser=parse_date, help="The day of the books.")
    ],
    overlay: Overlays = None,
    accept_grade: AcceptGrade = "C",
    actor: Actor = None,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Empty an account, to the heirs or to the person.

    The rules say to whom. For a move to another region see `enrol move-out`.

    \b
    Example: yibao accounts close P1 --policy tianjin --reason death --on 2022-05-01
    """
    from yibao.cli import contributions_run

    how = contributions_run.How(
        policy, overlay or [], accept_grade, on, actor, database, lang, as_json
    )
    contributions_run.close(holder, reason, how)
