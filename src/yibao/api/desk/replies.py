"""From what the desk did to what a reply says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from yibao.agency.desk.model import Ask
from yibao.agency.desk.model import Bill as AskedBill
from yibao.agency.desk.model import Settled as Made
from yibao.agency.desk.postings import shares
from yibao.api.desk.models import Bill, Booked, PreSettled, Settled


def ask_of(bill: Bill) -> Ask:
    """Return what the desk is asked by a request."""
    return Ask(
        institution_id=bill.institution_id,
        claim_no=bill.claim_no,
        person_id=bill.person_id,
        visit=bill.visit,
        admitted=bill.admitted_on,
        discharged=bill.discharged_on,
        bill=AskedBill(bill.amounts),
        facts=bill.facts,
        episode=bill.episode,
        from_account=bill.from_account,
    )


def presettled(bill: Bill, made: Made) -> str:
    """Return the reply to a pre-settlement."""
    return PreSettled.model_construct(**_standing(bill, made)).model_dump_json()


def settled(bill: Bill, made: Made) -> str:
    """Return the reply to a settlement."""
    return Settled.model_construct(
        settlement_id=made.settlement_id,
        settled_at=made.settlement.claim.settled_at,
        **_standing(bill, made),
    ).model_dump_json()


def _standing(bill: Bill, made: Made) -> dict[str, Any]:
    found = made.settlement
    return {
        "claim_no": bill.claim_no,
        "institution_id": bill.institution_id,
        "person_id": bill.person_id,
        "scheme": found.scheme,
        "visit": bill.visit,
        "admitted_on": bill.admitted_on,
        "discharged_on": bill.discharged_on,
        "day": found.day,
        "amounts": bill.amounts,
        "total": found.total,
        "in_scope": found.figure("in_scope"),
        **shares(found),
        "account_balance": made.account_balance,
    }


_SAME = (
    *("settlement_id", "claim_no", "institution_id", "person_id", "scheme", "visit", "amounts"),
    *("total", "in_scope", "funds", "fund_pay", "hospital_pay", "account_pay", "cash_pay"),
    *("kind", "reverses", "reversed_by", "episode", "rules"),
)


def booked(row: Mapping[str, Any]) -> Booked:
    """Return a row of the books (see `desk.find`) as a reply has it."""
    return Booked.model_construct(
        **{name: row[name] for name in _SAME},
        admitted_on=date.fromisoformat(row["admitted"]),
        discharged_on=date.fromisoformat(row["discharged"]),
        day=date.fromisoformat(row["day"]),
        settled_on=date.fromisoformat(row["settled_on"]),
        settled_at=datetime.fromisoformat(row["settled_at"]),
    )
