"""The ledger over HTTP: sums, accounts and their statements, entries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

from fastapi import Path, Query, Response
from pydantic import Field

from yibao.agency.desk.model import DeskError
from yibao.api.calls import READS_ONE, All, One
from yibao.api.fields import (
    MAX_INTEGER,
    Day,
    Instant,
    NameOrNone,
    Told,
    Words,
    Yuan,
    either,
    number_in_path,
    words,
)
from yibao.api.paging import KeyCursor, Limit, cursor_at, cut, key_at
from yibao.api.problems import documented
from yibao.api.routing import Router
from yibao.ledger.balance import Line, accounts, of_account, trial_balance
from yibao.ledger.chart import CHART, Account
from yibao.ledger.entries import find
from yibao.ledger.funds import funds
from yibao.ledger.statement import Place, page
from yibao.store.database import Connection

router = Router(prefix="/ledger", tags=["ledger"])

HeadName = Annotated[str, Field(pattern=f"^({'|'.join(CHART)})$")]
FundName = Annotated[str, Field(pattern=f"^({either(funds())})$")]
Head = Annotated[HeadName, Path(description="a head of the chart / 科目")]
Fund = Annotated[
    str,
    Query(
        pattern=f"^({either(funds())})?$",
        description="a fund, or empty where the head has none / 基金",
    ),
]
KnownAt = Annotated[
    Instant | None, Query(description="only what was recorded by then / 截至此刻已记录的")
]
First = Annotated[Day | None, Query(description="belonging to days from / 归属日起")]
Last = Annotated[Day | None, Query(description="belonging to days to / 归属日止")]
Party = Annotated[
    NameOrNone, Query(description="an institution, a person …, or empty / 单位或个人")
]


class Balance(Told):
    """What moved in an account, or in all accounts of a head and fund; debits are positive."""

    head: str
    title: Words
    fund: str
    party: str
    debits: Yuan
    credits: Yuan
    balance: Yuan


class TrialBalance(Told):
    """Every head and fund that ever moved; `difference` is 0.00 or there is a defect."""

    lines: Sequence[Balance]
    debits: Yuan
    credits: Yuan
    difference: Yuan


class Accounts(Told):
    """Accounts with their balances; `next` is the cursor of the page after, null at the end."""

    accounts: Sequence[Balance]
    next: str | None


class Posted(Told):
    """One posting as its account sees it: a debit is above zero, a credit below."""

    entry_id: int
    on_day: Day
    recorded_at: datetime
    kind: str
    subject: str
    actor: str
    amount: Yuan
    balance: Yuan = Field(description="after it / 此后余额")


class Statement(Told):
    """A page of an account's statement, from what stood before it to what stands after it."""

    opening: Yuan
    postings: Sequence[Posted]
    closing: Yuan
    next: str | None


class Whose(Told):
    """An account."""

    head: str
    fund: str
    party: str


class Moved(Told):
    """Yuan from one account to another."""

    debit: Whose
    credit: Whose
    amount: Yuan


class Entry(Told):
    """What happened on a day, and what it moved."""

    entry_id: int
    on_day: Day
    recorded_at: datetime
    kind: str
    subject: str
    actor: str
    reverses: int | None
    reversed_by: int | None
    transfers: Sequence[Moved]


_OF_ENTRY = [name for name in Entry.model_fields if name != "transfers"]


@router.get(
    "/trial-balance",
    operation_id="getTrialBalance",
    summary="The trial balance, now or as it was known at an instant / 试算平衡表",
    response_model=TrialBalance,
    responses=documented(),
)
def get_trial_balance(
    every: All,
    known_at: KnownAt = None,
    first: First = None,
    last: Last = None,
) -> Response:
    """Return the sums of all accounts by head and fund."""

    def work(connection: Connection) -> TrialBalance:
        lines = trial_balance(connection, known_at=known_at, first=first, last=last)
        return TrialBalance(
            lines=[_told(line) for line in lines],
            debits=sum(line.debits for line in lines),
            credits=sum(line.credits for line in lines),
            difference=sum(line.balance for line in lines),
        )

    return every.all(work)


@router.get(
    "/accounts/{head}",
    operation_id="getAccount",
    summary="The balance of one account / 账户余额",
    response_model=Balance,
    responses=READS_ONE,
)
def get_account(one: One, head: Head, fund: Fund = "", party: Party = "") -> Response:
    """Return what moved in an account and its balance."""
    return one.one(lambda c: _told(_opened(c, Account(head, fund, party))))


def _opened(connection: Connection, account: Account) -> Line:
    line = of_account(connection, account)
    if line is None:
        raise DeskError("known_account", "head", "/".join(account), "an account that was opened")
    return line


@router.get(
    "/accounts",
    operation_id="listAccounts",
    summary="Accounts with their balances, by head, fund and party / 账户列表",
    response_model=Accounts,
    responses=documented(),
)
def list_accounts(
    every: All,
    *,
    head: Annotated[HeadName | None, Query(description="of a head / 科目")] = None,
    fund: Annotated[FundName | None, Query(description="of a fund / 基金")] = None,
    party: Annotated[NameOrNone | None, Query(description="of a party / 单位或个人")] = None,
    known_at: KnownAt = None,
    first: First = None,
    last: Last = None,
    cursor: KeyCursor = None,
    limit: Limit = 50,
) -> Response:
    """Return a page of the trial balance by party."""
    at = key_at(cursor, 3)
    after = None if at is None else Account(*at)

    def work(connection: Connection) -> Accounts:
        found = accounts(
            *(connection, limit + 1),
            after=after,
            head=head,
            fund=fund,
            party=party,
            known_at=known_at,
            first=first,
            last=last,
        )
        rows, following = cut(found, limit, lambda line: cursor_at(line.account))
        return Accounts(accounts=[_told(row) for row in rows], next=following)

    return every.all(work)


@router.get(
    "/accounts/{head}/postings",
    operation_id="getStatement",
    summary="The statement of an account, page by page / 账户明细",
    response_model=Statement,
    responses=documented(404),
)
def get_statement(
    every: All,
    head: Head,
    *,
    fund: Fund = "",
    party: Party = "",
    first: First = None,
    last: Last = None,
    cursor: KeyCursor = None,
    limit: Limit = 50,
) -> Response:
    """Return postings by day and entry, each with the balance after it."""
    account, after = Account(head, fund, party), _place(cursor)

    def work(connection: Connection) -> Statement:
        _opened(connection, account)
        opening, found = page(connection, account, limit + 1, after=after, first=first, last=last)
        rows, following = cut(found, limit, lambda row: cursor_at([str(p) for p in row[0]]))
        return Statement.model_construct(
            opening=opening,
            postings=[
                Posted.model_construct(
                    entry_id=p.entry_id,
                    on_day=p.on_day,
                    recorded_at=p.recorded_at,
                    kind=p.kind,
                    subject=p.subject,
                    actor=p.actor,
                    amount=p.fen,
                    balance=p.balance,
                )
                for _, p in rows
            ],
            closing=rows[-1][1].balance if rows else opening,
            next=following,
        )

    return every.all(work)


def _place(cursor: str | None) -> Place | None:
    key = key_at(cursor, 3)
    if key is None:
        return None
    try:
        day, entry, number = date.fromisoformat(key[0]), int(key[1]), int(key[2])
    except ValueError:
        day, entry, number = date.min, -1, -1
    if not (0 <= entry <= MAX_INTEGER and 0 <= number <= MAX_NUMBER):
        raise DeskError("request", "cursor", str(cursor), "the `next` of an earlier page")
    return day, entry, number


MAX_NUMBER = 2**15 - 1
"""Most transfers of an entry."""


@router.get(
    "/entries/{entry_id}",
    operation_id="getEntry",
    summary="An entry by its number, with what it moved / 查询分录",
    response_model=Entry,
    responses=READS_ONE,
)
def get_entry(
    entry_id: Annotated[int, number_in_path("entry_id / 分录编号")],
    one: One,
) -> Response:
    """Return an entry; what it takes back and what took it back are named."""

    def work(connection: Connection) -> Entry:
        found = find(connection, entry_id)
        if found is None:
            raise DeskError("known_entry", "entry_id", str(entry_id), "an entry that was written")
        said = {name: getattr(found, name) for name in _OF_ENTRY}
        moved = [
            Moved(
                debit=Whose(**t.debit._asdict()), credit=Whose(**t.credit._asdict()), amount=t.fen
            )
            for t in found.transfers
        ]
        return Entry.model_construct(**said, transfers=moved)

    return one.one(work)


def _told(line: Line) -> Balance:
    return Balance(
        head=line.account.head,
        title=words(CHART[line.account.head].title),
        fund=line.account.fund,
        party=line.account.party,
        debits=line.debits,
        credits=line.credits,
        balance=line.balance,
    )
