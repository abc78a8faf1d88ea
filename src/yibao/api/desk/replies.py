"""From what the desk did to what a reply says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from yibao.agency.desk.correct import Corrected as Replaced
from yibao.agency.desk.model import Ask, Invoice
from yibao.agency.desk.model import Bill as AskedBill
from yibao.agency.desk.model import Settled as Made
from yibao.agency.desk.postings import shares
from yibao.agency.desk.reverse import TakenBack as Taken
from yibao.agency.dispensing.door import Filled, Handed, Received
from yibao.agency.filing.intake import Papers
from yibao.api.desk.lines import asked, line_told
from yibao.api.desk.models import (
    Bill,
    Booked,
    Care,
    Corrected,
    PreSettled,
    Reimbursement,
    Settled,
    TakenBack,
)
from yibao.clock import CHINA


def asked_of(care: Care) -> tuple[Ask, Papers, Handed]:
    """Return what the desk is asked by a request: lines are among its papers."""
    invoices = care.invoices if isinstance(care, Reimbursement) else ()
    ask = Ask(
        institution_id=care.institution_id,
        claim_no=care.claim_no,
        person_id=care.person_id,
        visit=care.visit,
        admitted=care.admitted_on,
        discharged=care.discharged_on,
        bill=AskedBill(care.amounts or {}),
        facts=care.facts,
        episode=care.episode,
        from_account=care.from_account if isinstance(care, Bill) else 0,
        invoices=tuple(Invoice(i.code, i.number, i.amount) for i in invoices),
    )
    papers = Papers(care.referral, care.practitioner_id, asked(care.lines or ()))
    return ask, papers, _handed(care) if isinstance(care, Bill) else None


def _handed(bill: Bill) -> Handed:
    if bill.prescription is not None:
        return Filled(bill.prescription.number, bill.prescription.at)
    if bill.delivery is not None:
        return Received(bill.delivery.number, bill.delivery.at, bill.delivery.signed_by)
    return None


def presettled(care: Care, made: Made) -> str:
    """Return the reply to a pre-settlement."""
    return PreSettled.model_construct(**_standing(care, made)).model_dump_json()


def settled(care: Care, made: Made) -> str:
    """Return the reply to a settlement."""
    return _settled(care, made).model_dump_json()


def taken_back(number: int, taken: Taken) -> str:
    """Return the reply to a reversal of settlement `number`."""
    return _taken(number, taken).model_dump_json()


def corrected(number: int, care: Care, done: Replaced) -> str:
    """Return the reply to a correction of settlement `number`."""
    both = Corrected.model_construct(
        taken_back=_taken(number, done.taken), settled=_settled(care, done.settled)
    )
    return both.model_dump_json()


def _settled(care: Care, made: Made) -> Settled:
    return Settled.model_construct(
        settlement_id=made.settlement_id,
        settled_at=made.settlement.claim.settled_at.replace(tzinfo=CHINA),
        **_standing(care, made),
    )


def _taken(number: int, taken: Taken) -> TakenBack:
    return TakenBack.model_construct(
        settlement_id=taken.settlement_id,
        reverses=number,
        account_balance=taken.account_balance,
    )


def _standing(care: Care, made: Made) -> dict[str, Any]:
    found = made.settlement
    return {
        "claim_no": care.claim_no,
        "institution_id": care.institution_id,
        "person_id": care.person_id,
        "scheme": found.scheme,
        "visit": care.visit,
        "admitted_on": care.admitted_on,
        "discharged_on": care.discharged_on,
        "day": found.day,
        "amounts": made.bill.amounts,
        "total": found.total,
        "in_scope": found.figure("in_scope"),
        **shares(found),
        "account_balance": made.account_balance,
        "lines": [line_told(row) for row in made.bill.lines],
    }


_SAME = (
    *("settlement_id", "claim_no", "institution_id", "person_id", "scheme", "visit", "amounts"),
    *("total", "in_scope", "funds", "fund_pay", "hospital_pay", "account_pay", "cash_pay"),
    *("kind", "reverses", "reversed_by", "payee", "episode", "rules"),
)


def booked(row: Mapping[str, Any]) -> Booked:
    """Return a row of the books (see `desk.find`) as a reply has it."""
    return Booked.model_construct(
        **{name: row[name] for name in _SAME},
        admitted_on=date.fromisoformat(row["admitted"]),
        discharged_on=date.fromisoformat(row["discharged"]),
        day=date.fromisoformat(row["day"]),
        settled_on=date.fromisoformat(row["settled_on"]),
        settled_at=datetime.fromisoformat(row["settled_at"]).replace(tzinfo=CHINA),
    )


def stands(row: Mapping[str, Any]) -> str:
    """Return a row of the books as the text of a reply."""
    return booked(row).model_dump_json()
