"""`yibao accounts`: credits and interest, what accounts pay, their statements.

`quote`, which only says what the rules do, is in `procedure_commands`.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from yibao.cli.contributions_commands import Refused
from yibao.cli.how import Day, DayOrFirst, How, Reference, Why, Yuan, YuanOrAll, on
from yibao.cli.options import parse_amount, parse_date, parse_month

if TYPE_CHECKING:
    from yibao.agency.runs import Run

Holder = Annotated[str, typer.Argument(metavar="HOLDER", help="Whose account it is.")]

accounts = typer.Typer(
    help="Personal accounts: what comes in, what they pay, statements.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(accounts, name="accounts")


@on(accounts)
def credit(
    how: How,
    *,
    month: Annotated[
        date, typer.Option(metavar="MONTH", parser=parse_month, help="Such as 2022-09.")
    ],
    on_day: DayOrFirst = None,
    output: Refused = None,
) -> None:
    """Credit a month to all accounts.

    It must have been paid. Doing it again changes nothing.

    \b
    Example: yibao accounts credit --policy tianjin --month 2022-09
    """
    from yibao.cli import accounts_run, contributions_run

    def run() -> Run:
        return accounts_run.credit(how, month, on_day or month)

    contributions_run.over_all(how, run, output)


@on(accounts)
def interest(
    how: How,
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

    contributions_run.over_all(how, lambda: accounts_run.interest(how, year), output)


@on(accounts, rules=False)
def link(
    how: How,
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

    accounts_run.link(how, holder, relative, relation, first=first, last=last)


@on(accounts)
def use(
    how: How,
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
    at: Annotated[
        str,
        typer.Option(
            "--at", metavar="INSTITUTION", help="Where; whether it is designated is looked up."
        ),
    ] = "",
    reference: Reference,
    on_day: Day,
) -> None:
    """Pay from an account for the holder or a relative, as far as rules and balance go.

    \b
    Example: yibao accounts use P1 --policy guangdong --for vaccine --amount 80.00 --relative P2
               --reference V7 --on 2022-05-01
    """
    from yibao.agency.accounts.uses import Use
    from yibao.cli import accounts_run

    accounts_run.use(how, Use(holder, reference, on_day, purpose, amount, relative, at=at))


@on(accounts)
def pay(
    how: How,
    holder: Holder,
    *,
    relative: Annotated[str, typer.Option(metavar="RELATIVE", help="Whose contribution.")],
    amount: Yuan,
    reference: Reference,
    on_day: Day,
) -> None:
    """Pay a relative's contribution from an account.

    It is that to the residents' scheme.

    \b
    Example: yibao accounts pay P1 --policy guangdong --relative P2 --amount 320.00
               --reference A1 --on 2022-11-05
    """
    from yibao.agency.accounts.uses import CONTRIBUTION, Use
    from yibao.cli import accounts_run

    accounts_run.pay(how, Use(holder, reference, on_day, CONTRIBUTION, amount, relative))


@on(accounts)
def withdraw(
    how: How,
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
    on_day: Day,
) -> None:
    """Pay out what may be withdrawn after serious illness.

    That is once a year.

    \b
    Example: yibao accounts withdraw P1 --policy tianjin --inpatient 50000.00 --share 6000.00
               --on 2017-11-01
    """
    from yibao.cli import accounts_run

    accounts_run.withdraw(how, holder, inpatient, share, on_day)


@on(accounts)
def close(
    how: How,
    holder: Holder,
    *,
    reason: Annotated[
        Literal["death", "moved_no_account", "emigrated"], typer.Option(help="Why it is closed.")
    ],
    on_day: Day,
) -> None:
    """Empty an account, to the heirs or to the person.

    The rules say to whom. For a move to another region see `enrol move-out`.

    \b
    Example: yibao accounts close P1 --policy tianjin --reason death --on 2022-05-01
    """
    from yibao.cli import accounts_run

    accounts_run.close(how, holder, reason, on_day)


@on(accounts, rules=False)
def freeze(
    how: How,
    holder: Holder,
    *,
    reference: Reference,
    amount: YuanOrAll = None,
    reason: Why,
    on_day: Day,
) -> None:
    """Freeze money of an account: nothing can be paid from it.

    \b
    Example: yibao accounts freeze P1 --reference C-12 --on 2022-05-01 --reason "court order 12"
    """
    from yibao.agency.accounts.freezing import Freeze
    from yibao.cli import accounts_run

    accounts_run.freeze(how, holder, Freeze(reference, on_day, reason, amount or 0))


@on(accounts, rules=False)
def unfreeze(how: How, holder: Holder, *, reference: Reference, reason: Why, on_day: Day) -> None:
    """End a freeze.

    \b
    Example: yibao accounts unfreeze P1 --reference C-12 --on 2022-08-01 --reason "order 12 ended"
    """
    from yibao.cli import accounts_run

    accounts_run.unfreeze(how, holder, reference, reason, on_day)


@on(accounts, "take-back")
def take_back(
    how: How,
    holder: Holder,
    number: Annotated[int, typer.Argument(metavar="MOVEMENT", help="As `statement` has it.")],
    *,
    reason: Why,
    on_day: Day,
) -> None:
    """Take back a credit, an interest, a use or a withdrawal made by mistake.

    \b
    Example: yibao accounts take-back P1 31 --policy tianjin --on 2022-05-02 --reason "wrong person"
    """
    from yibao.cli import accounts_run

    accounts_run.take_back(how, holder, number, reason, on_day)


@on(accounts, rules=False)
def statement(
    how: How,
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

    accounts_run.statement(how, holder, output)
