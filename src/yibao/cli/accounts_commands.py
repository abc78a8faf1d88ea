"""`yibao accounts`: credits and interest, what accounts pay, their statements.

`quote`, which only says what the rules do, is in `procedure_commands`.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from yibao.cli.contributions_commands import Refused
from yibao.cli.options import (
    BookDay,
    BookDayOrFirst,
    Reference,
    Why,
    Yuan,
    YuanOrAll,
    parse_amount,
    parse_date,
    parse_month,
)
from yibao.cli.sharing import At, sharing

if TYPE_CHECKING:
    from yibao.agency.runs import Run

Holder = Annotated[str, typer.Argument(metavar="HOLDER", help="Whose account it is.")]

accounts = typer.Typer(help="Personal accounts: credits, uses, statements.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(accounts, name="accounts")


@accounts.command()
@sharing("rules", "actor", "json")
def credit(
    at: At,
    *,
    month: Annotated[
        date, typer.Option(metavar="MONTH", parser=parse_month, help="Such as 2022-09.")
    ],
    on_day: BookDayOrFirst = None,
    output: Refused = None,
) -> None:
    """Credit a month to all accounts.

    It must have been paid. Doing it again changes nothing.

    \b
    Example: yibao accounts credit --policy tianjin --month 2022-09
    """
    from yibao.cli import accounts_run, contributions_run

    def run() -> Run:
        return accounts_run.credit(at, month, on_day or month)

    contributions_run.over_all(at, run, output)


@accounts.command()
@sharing("rules", "actor", "json")
def interest(
    at: At,
    *,
    year: Annotated[int, typer.Option(metavar="YEAR", min=1990, max=2100)],
    output: Refused = None,
) -> None:
    """Credit a year's interest to all accounts.

    Doing it again changes nothing.

    \b
    Example: yibao accounts interest --policy tianjin --year 2022
    """
    from yibao.cli import accounts_run, contributions_run

    contributions_run.over_all(at, lambda: accounts_run.interest(at, year), output)


@accounts.command()
@sharing("actor", "json")
def link(
    at: At,
    holder: Holder,
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
) -> None:
    """Let an account pay for a relative.

    The rules still say what for.

    \b
    Example: yibao accounts link P1 P2 --relation parent --from 2022-01-01
    """
    from yibao.cli import accounts_run

    accounts_run.link(at, holder, relative, relation, first=first, last=last)


@accounts.command()
@sharing("rules", "actor", "json")
def use(
    at: At,
    holder: Holder,
    *,
    purpose: Annotated[
        str,
        typer.Option("--for", metavar="USE", help="A code of account_use, such as vaccine."),
    ],
    amount: Yuan,
    relative: Annotated[
        str, typer.Option(metavar="RELATIVE", help="For whom, else the holder.")
    ] = "",
    where: Annotated[
        str,
        typer.Option(
            "--at", metavar="INSTITUTION", help="Where; whether it is designated is looked up."
        ),
    ] = "",
    reference: Reference,
    on_day: BookDay,
) -> None:
    """Pay from an account for the holder or a relative, as far as rules and balance go.

    \b
    Example: yibao accounts use P1 --policy guangdong --for vaccine --amount 80.00 --relative P2
               --reference V7 --on 2022-05-01
    """
    from yibao.agency.accounts.uses import Use
    from yibao.cli import accounts_run

    accounts_run.use(at, Use(holder, reference, on_day, purpose, amount, relative, at=where))


@accounts.command()
@sharing("rules", "actor", "json")
def pay(
    at: At,
    holder: Holder,
    *,
    relative: Annotated[str, typer.Option(metavar="RELATIVE", help="Whose contribution.")],
    amount: Yuan,
    reference: Reference,
    on_day: BookDay,
) -> None:
    """Pay a relative's contribution from an account.

    It is that to the residents' scheme.

    \b
    Example: yibao accounts pay P1 --policy guangdong --relative P2 --amount 320.00
               --reference A1 --on 2022-11-05
    """
    from yibao.agency.accounts.uses import CONTRIBUTION, Use
    from yibao.cli import accounts_run

    accounts_run.pay(at, Use(holder, reference, on_day, CONTRIBUTION, amount, relative))


@accounts.command()
@sharing("rules", "actor", "json")
def withdraw(
    at: At,
    holder: Holder,
    *,
    inpatient: Annotated[
        int,
        typer.Option(
            metavar="YUAN", parser=parse_amount, help="Inpatient expense of the year so far."
        ),
    ],
    share: Annotated[
        int,
        typer.Option(
            metavar="YUAN", parser=parse_amount, help="The person's own share of the year."
        ),
    ],
    on_day: BookDay,
) -> None:
    """Pay out what may be withdrawn after serious illness.

    That is once a year.

    \b
    Example: yibao accounts withdraw P1 --policy tianjin --inpatient 50000.00 --share 6000.00
               --on 2017-11-01
    """
    from yibao.cli import accounts_run

    accounts_run.withdraw(at, holder, inpatient, share, on_day)


@accounts.command()
@sharing("rules", "actor", "json")
def close(
    at: At,
    holder: Holder,
    *,
    reason: Annotated[
        Literal["death", "moved_no_account", "emigrated"], typer.Option(help="Why it is closed.")
    ],
    on_day: BookDay,
) -> None:
    """Empty an account, to the heirs or to the person.

    The rules say to whom. For a move to another region see `enrol move-out`.

    \b
    Example: yibao accounts close P1 --policy tianjin --reason death --on 2022-05-01
    """
    from yibao.cli import accounts_run

    accounts_run.close(at, holder, reason, on_day)


@accounts.command()
@sharing("actor", "json")
def freeze(
    at: At,
    holder: Holder,
    *,
    reference: Reference,
    amount: YuanOrAll = None,
    reason: Why,
    on_day: BookDay,
) -> None:
    """Freeze money of an account: nothing can be paid from it.

    \b
    Example: yibao accounts freeze P1 --reference C-12 --on 2022-05-01 --reason "court order 12"
    """
    from yibao.agency.accounts.freezing import Freeze
    from yibao.cli import accounts_run

    accounts_run.freeze(at, holder, Freeze(reference, on_day, reason, amount or 0))


@accounts.command()
@sharing("actor", "json")
def unfreeze(at: At, holder: Holder, *, reference: Reference, reason: Why, on_day: BookDay) -> None:
    """End a freeze.

    \b
    Example: yibao accounts unfreeze P1 --reference C-12 --on 2022-08-01 --reason "order 12 ended"
    """
    from yibao.cli import accounts_run

    accounts_run.unfreeze(at, holder, reference, reason, on_day)


@accounts.command("take-back")
@sharing("rules", "actor", "json")
def take_back(
    at: At,
    holder: Holder,
    number: Annotated[int, typer.Argument(metavar="MOVEMENT", help="As `statement` has it.")],
    *,
    reason: Why,
    on_day: BookDay,
) -> None:
    """Take back a credit, an interest, a use or a withdrawal made by mistake.

    \b
    Example: yibao accounts take-back P1 31 --policy tianjin --on 2022-05-02 --reason "wrong person"
    """
    from yibao.cli import accounts_run

    accounts_run.take_back(at, holder, number, reason, on_day)


@accounts.command()
@sharing("actor", "json")
def statement(
    at: At,
    holder: Holder,
    *,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="A file: .csv, .parquet or .xlsx.")
    ] = None,
) -> None:
    """List every movement of an account, the desk's too.

    \b
    Example: yibao accounts statement P1
    """
    from yibao.cli import accounts_run

    accounts_run.statement(at, holder, output)
