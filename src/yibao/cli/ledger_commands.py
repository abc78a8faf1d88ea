"""`yibao ledger`: what stands where, now or at an earlier instant, and whether it is right."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import typer

from yibao.cli.options import parse_amount, parse_date, parse_month, parse_time
from yibao.cli.sharing import At, sharing

ledger = typer.Typer(
    help="Trial balance, statements, a check of the books.",
    no_args_is_help=True,
)

First = Annotated[
    date | None,
    typer.Option("--from", metavar="DATE", parser=parse_date, help="The first day of the books."),
]
Last = Annotated[
    date | None,
    typer.Option("--to", metavar="DATE", parser=parse_date, help="The last day of the books."),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(ledger, name="ledger")


@ledger.command("trial-balance")
@sharing("json")
def trial_balance(
    at: At,
    *,
    known_at: Annotated[
        datetime | None,
        typer.Option(
            "--at",
            metavar="TIME",
            parser=parse_time,
            help="Only what had been recorded by then, such as 2026-03-31T18:00 (local time).",
        ),
    ] = None,
    month: Annotated[
        date | None,
        typer.Option(
            "--month", metavar="MONTH", parser=parse_month, help="Only what moved in 2026-03."
        ),
    ] = None,
    by_party: Annotated[
        bool, typer.Option("--by-party", help="A line for each person, institution, payer.")
    ] = False,
) -> None:
    """Print what stands under every head and fund. The balances add up to zero.

    \b
    Examples: yibao ledger trial-balance
              yibao ledger trial-balance --month 2026-03 --by-party
              yibao ledger trial-balance --at 2026-03-31T18:00 --json
    """
    from yibao.agency.clearing.model import end_of
    from yibao.cli import ledger_pages
    from yibao.ledger import balance

    first, last = (None, None) if month is None else (month, end_of(month))
    with at.transaction() as connection:
        lines = balance.trial_balance(
            connection, known_at=known_at, first=first, last=last, by_party=by_party
        )
    ledger_pages.trial_balance(lines, by_party=by_party, as_json=at.as_json, language=at.lang)


@ledger.command()
@sharing("json")
def account(
    at: At,
    head: Annotated[str, typer.Argument(metavar="HEAD", help="A head of the chart of accounts.")],
    of: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FUND] [PARTY]", help="Of which fund and whose, where the head has it."
        ),
    ] = None,
    *,
    first: First = None,
    last: Last = None,
) -> None:
    """Print an account's statement.

    It has every posting and the balance after it.

    \b
    Examples: yibao ledger account institution_payable resident.pool_pay H12010000001
              yibao ledger account account_balance personal_account P1 --from 2026-01-01
              yibao ledger account cash_collected H12010000001
              yibao ledger account cash_due
    """
    from yibao.cli import ledger_pages
    from yibao.ledger.statement import statement

    named = ledger_pages.account_of(head, of or [])
    with at.transaction() as connection:
        opening, postings = statement(connection, named, first, last)
    ledger_pages.statement(named, opening, postings, as_json=at.as_json, language=at.lang)


@ledger.command()
@sharing("json")
def bank(
    at: At,
    fund: Annotated[str, typer.Argument(metavar="FUND", help="Such as resident.pool_pay.")],
    balance: Annotated[
        int, typer.Argument(metavar="YUAN", parser=parse_amount, help="What the bank says.")
    ],
    *,
    last: Last = None,
) -> None:
    """Compare a bank's statement with the ledger.

    Each fund has an account of its own. Exit code 1 where the bank holds something else.

    \b
    Example: yibao ledger bank resident.pool_pay 1000000.00 --to 2026-03-31
    """
    from yibao.agency.reconcile import books
    from yibao.cli import ledger_pages

    ledger_pages.account_of("bank", [fund])
    with at.transaction() as connection:
        finding = books.bank_difference(connection, fund, balance, last)
    ledger_pages.found(["bank"], [finding] if finding else [], as_json=at.as_json, language=at.lang)


@ledger.command()
@sharing("json")
def verify(at: At) -> None:
    """Check the ledger against what it stands for.

    What desk, personal accounts and clearing say must stand in it; else the exit code is 1.

    \b
    Example: yibao ledger verify
    """
    from yibao.agency.reconcile import books
    from yibao.cli import ledger_pages

    with at.transaction() as connection:
        findings = books.verify(connection)
    ledger_pages.verified(findings, as_json=at.as_json, language=at.lang)
