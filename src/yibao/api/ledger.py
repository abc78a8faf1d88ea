"""The ledger over HTTP: the trial balance and the balance of an account."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from yibao.agency.desk.model import DeskError
from yibao.api.fields import Day, Instant, NameOrNone, Told, Words, Yuan, words
from yibao.api.headers import as_json
from yibao.api.problems import documented
from yibao.api.service import service_of
from yibao.ledger.balance import Line, of_account, trial_balance
from yibao.ledger.chart import CHART, PERSONAL, Account
from yibao.policy.vocabulary import vocabulary

router = APIRouter(prefix="/ledger", tags=["ledger"])

Head = Annotated[str, Path(pattern=f"^({'|'.join(CHART)})$", description="a head of the chart")]
Fund = Annotated[
    str,
    Query(
        pattern=f"^({'|'.join((*vocabulary().funds, PERSONAL))})?$",
        description="a fund, or empty where the head has none / 基金",
    ),
]
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


@router.get(
    "/trial-balance",
    operation_id="getTrialBalance",
    summary="The trial balance, now or as it was known at an instant / 试算平衡表",
    response_model=TrialBalance,
    responses=documented(),
)
def get_trial_balance(
    request: Request,
    known_at: Annotated[
        Instant | None, Query(description="only what was recorded by then / 截至此刻已记录的")
    ] = None,
    first: Annotated[Day | None, Query(description="belonging to days from / 归属日起")] = None,
    last: Annotated[Day | None, Query(description="belonging to days to / 归属日止")] = None,
) -> Response:
    """Return the sums of all accounts by head and fund."""
    lines = service_of(request).database.run(
        lambda connection: trial_balance(connection, known_at=known_at, first=first, last=last)
    )
    told = TrialBalance(
        lines=[_told(line) for line in lines],
        debits=sum(line.debits for line in lines),
        credits=sum(line.credits for line in lines),
        difference=sum(line.balance for line in lines),
    )
    return as_json(told.model_dump_json())


@router.get(
    "/accounts/{head}",
    operation_id="getAccount",
    summary="The balance of one account / 账户余额",
    response_model=Balance,
    responses=documented(404),
)
def get_account(request: Request, head: Head, fund: Fund = "", party: Party = "") -> Response:
    """Return what moved in an account and its balance."""
    account = Account(head, fund, party)
    line = service_of(request).database.run(lambda connection: of_account(connection, account))
    if line is None:
        raise DeskError("known_account", "head", "/".join(account), "an account that was opened")
    return as_json(_told(line).model_dump_json())


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
