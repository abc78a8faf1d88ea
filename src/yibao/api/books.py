"""The books over HTTP: whether the ledger agrees with what it stands for, and with the bank."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import Path, Query, Response

from yibao.agency.reconcile import books
from yibao.api.calls import READS_ONE, All, One
from yibao.api.fields import Amount, Day, Told, Words, Yuan, words
from yibao.api.ledger import FundName
from yibao.api.problems import documented
from yibao.api.routing import Router
from yibao.store.database import Connection

router = Router(prefix="/ledger", tags=["ledger"])


class Check(Told):
    """What is checked."""

    check: str
    says: Words


class Finding(Told):
    """What does not agree: by which check, of what, and what either side says."""

    check: str
    what: str
    expected: Yuan
    ledger: Yuan


class Verification(Told):
    """Every check of the books, and what does not agree."""

    agrees: bool
    checks: Sequence[Check]
    findings: Sequence[Finding]


class Bank(Told):
    """A fund's bank account: what the bank says and what the ledger does."""

    fund: str
    bank: Yuan
    ledger: Yuan
    difference: Yuan


@router.get(
    "/verification",
    operation_id="verifyLedger",
    summary="Check the ledger against what it stands for / 账务核验",
    response_model=Verification,
    responses=documented(),
)
def get_verification(every: All) -> Response:
    """Run every check at one instant; `findings` is empty where all agree."""

    def work(connection: Connection) -> Verification:
        findings = books.verify(connection)
        return Verification(
            agrees=not findings,
            checks=[
                Check(check=name, says=words(says)) for name, (says, _) in books.CHECKS.items()
            ],
            findings=[_finding(one) for one in findings],
        )

    return every.all(work)


@router.get(
    "/banks/{fund}",
    operation_id="compareBank",
    summary="A fund's bank account in the ledger, against what the bank says / 银行对账",
    response_model=Bank,
    responses=READS_ONE,
)
def get_bank(
    fund: Annotated[FundName, Path(description="a fund / 基金")],
    one: One,
    says: Annotated[Amount, Query(description="what the bank says / 银行余额")],
    last: Annotated[Day | None, Query(description="day of the statement / 对账单日期")] = None,
) -> Response:
    """Compare; what belongs to later days is left out."""

    def work(connection: Connection) -> Bank:
        found = books.bank_difference(connection, fund, says, last)
        ledger = says if found is None else found.ledger
        return Bank(fund=fund, bank=says, ledger=ledger, difference=ledger - says)

    return one.one(work)


def _finding(one: books.Finding) -> Finding:
    return Finding(check=one.check, what=one.what, expected=one.expected, ledger=one.ledger)
