"""What personal accounts pay: own and relatives' costs, a relative's contribution, withdrawal, end.

Whether an account may pay, and how much, is the rules' to say. Amounts are fen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Literal

from yibao.agency.accounts.freezing import not_frozen
from yibao.agency.accounts.movements import (
    BANK,
    Movement,
    account_of,
    before,
    holder_facts,
    latest,
    move,
    same,
)
from yibao.agency.contributions.payers import FROM_ACCOUNT
from yibao.agency.contributions.receipts import Receipt, receive
from yibao.agency.enrolment import periods
from yibao.agency.enrolment.audit import note
from yibao.agency.enrolment.periods import Period
from yibao.agency.enrolment.persons import Locked, find, locked, unknown
from yibao.agency.enrolment.refusal import Refusal
from yibao.ledger.chart import Account
from yibao.ledger.entries import Transfer
from yibao.ledger.funds import PERSONAL
from yibao.policy.model import Value
from yibao.settlement.procedure import Office, Outcome, Request
from yibao.store.database import Connection

Relation = Literal["spouse", "parent", "child", "near_relative", "other_relative"]
Closing = Literal["death", "moved", "moved_no_account", "emigrated"]
CONTRIBUTION = "resident_contribution"


def link(
    connection: Connection,
    holder_id: str,
    relative_id: str,
    relation: Relation,
    first: date,
    *,
    last: date | None = None,
    actor: str,
) -> bool:
    """Let a holder's account pay for a relative, who is the holder's `relation`.

    Return False when that stands there already. Raises Refusal.
    """
    holder = locked(connection, holder_id).person
    if find(connection, relative_id) is None:
        raise unknown(relative_id)
    period = Period(first, last, {"relative": relative_id, "relation": relation})
    made = periods.hold(connection, "accounts.family", holder.person_no, period, over=True)
    if made:
        detail = {"relative": relative_id, "relation": relation, "first": first, "last": last}
        note(connection, actor, "family-link", f"person:{holder_id}", **detail)
    return made


@dataclass(frozen=True, slots=True)
class Use:
    """What an account is asked to pay.

    use             a code of the vocabulary's `account_use`
    beneficiary_id  for whom; empty: the holder
    at              where; empty: nowhere that a register knows
    """

    holder_id: str
    reference: str
    day: date
    use: str
    charge: int
    beneficiary_id: str = ""
    at: str = ""
    at_designated: bool = False


def use(connection: Connection, office: Office, wanted: Use, *, actor: str) -> Movement:
    """Pay out of the bank as far as rules and balance go; what is left is `charge_left`.

    The same reference again changes nothing. Raises Refused where the rules refuse, Refusal for a
    reference that was used for something else.
    """
    holder, done = _begin(connection, wanted)
    if done is not None:
        return done
    outcome = _ask(connection, office, holder, wanted)
    return _pay(connection, holder, wanted, outcome.figure("account_drawn"), actor=actor)


def looked_up(connection: Connection, wanted: Use) -> Use:
    """Return a use with what the register says: whether it is at a designated institution."""
    visit = wanted.use if wanted.use in {"pharmacy", "inpatient"} else "outpatient"
    row = connection.execute(
        "SELECT %(at)s <> '' "
        "AND registry.agreement_refusal(%(at)s, %(day)s, %(visit)s, 'employee') IS NULL",
        {"at": wanted.at, "day": wanted.day, "visit": visit},
    ).fetchone()
    assert row is not None
    return replace(wanted, at_designated=row[0])


def pay_contribution(
    connection: Connection, office: Office, wanted: Use, *, actor: str
) -> Movement:
    """Pay what a relative owes of the residents' contributions; `charge` must be owed in full.

    Raises what `use` and `receive` raise. Who calls it renews the relative's coverage.
    """
    holder, done = _begin(connection, wanted)
    if done is not None:
        return done
    drawn = _ask(connection, office, holder, wanted).figure("account_drawn")
    made = _pay(connection, holder, wanted, drawn, actor=actor)
    if drawn:
        payer = wanted.beneficiary_id or wanted.holder_id
        receipt = Receipt(receipt_of(wanted.holder_id, wanted.reference), payer, wanted.day, drawn)
        receive(connection, receipt, actor=actor)
    return made


def receipt_of(holder_id: str, reference: str) -> str:
    """Return the reference of the receipt that an account's payment of a contribution makes."""
    return f"{FROM_ACCOUNT}{holder_id}:{reference}"


def _begin(connection: Connection, wanted: Use) -> tuple[Locked, Movement | None]:
    holder = locked(connection, wanted.holder_id)
    done = latest(connection, wanted.holder_id, "use", wanted.reference)
    if done is not None and done.taken_back:
        raise Refusal(
            "taken_back",
            f"业务号 {wanted.reference} 已撤销，重新支付请用新的业务号",
            f"{wanted.reference} was taken back; to pay anew, give another reference",
            column="reference",
        )
    if done is not None:
        told = dict(done.detail)
        del told["charge_left"]
        same(Movement(**{**asdict(done), "detail": told}), asdict(wanted), wanted.reference)
    return holder, done


def _ask(connection: Connection, office: Office, holder: Locked, wanted: Use) -> Outcome:
    facts: dict[str, Value] = {
        **holder_facts(connection, holder.person, wanted.day),
        "account_use": wanted.use,
        "beneficiary": _relation(connection, holder, wanted),
        "at_designated": wanted.at_designated,
    }
    amounts = {"charge": wanted.charge, "account_balance": holder.balance}
    birth = holder.person.birth_date
    return office.run(Request("account_use", wanted.day, facts, amounts, birth))


def _relation(connection: Connection, holder: Locked, wanted: Use) -> str:
    """Return what the beneficiary is to the holder; without a link on the day: unrelated."""
    if wanted.beneficiary_id in {"", wanted.holder_id}:
        return "self"
    links = periods.read(
        connection,
        "accounts.family",
        holder.person.person_no,
        {"relative": wanted.beneficiary_id},
    )
    return next((p.says["relation"] for p in links if p.holds(wanted.day)), "unrelated")


def _pay(
    connection: Connection, holder: Locked, wanted: Use, drawn: int, *, actor: str
) -> Movement:
    transfers = [Transfer(account_of(wanted.holder_id), BANK, drawn)] if drawn else []
    return move(
        connection,
        holder,
        "use",
        wanted.reference,
        on_day=wanted.day,
        transfers=transfers,
        detail={**asdict(wanted), "charge_left": wanted.charge - drawn},
        actor=actor,
    )


def withdraw(
    connection: Connection,
    office: Office,
    person_id: str,
    day: date,
    *,
    inpatient_expense: int,
    personal_share: int,
    actor: str,
) -> Movement:
    """Pay out at once what may be withdrawn after a year of serious illness, on application.

    `inpatient_expense` and `personal_share` are the person's of the year so far. Raises Refused
    below the threshold and for a second time in the year.
    """
    holder = locked(connection, person_id)
    year = str(day.year)
    facts: dict[str, Value] = {
        **holder_facts(connection, holder.person, day),
        "withdrawn_this_year": before(connection, person_id, "withdrawal", year) is not None,
    }
    amounts = {
        "account_balance": holder.balance,
        "year_inpatient_expense": inpatient_expense,
        "year_personal_share": personal_share,
    }
    birth = holder.person.birth_date
    outcome = office.run(Request("account_withdrawal", day, facts, amounts, birth))
    out = outcome.figure("withdrawn")
    return move(
        connection,
        holder,
        "withdrawal",
        year,
        on_day=day,
        transfers=[Transfer(account_of(person_id), BANK, out)] if out else [],
        detail=amounts,
        actor=actor,
    )


def close(
    connection: Connection,
    office: Office,
    person_id: str,
    day: date,
    reason: Closing,
    *,
    region: str = "",
    actor: str,
) -> Movement:
    """Empty an account for a reason: to the heirs, to the new region, to the person.

    Doing it again for the same reason on the same day changes nothing. Raises PolicyError, and
    Refusal while money of it is frozen.
    """
    holder = locked(connection, person_id)
    period = f"{reason}:{day}"
    done = before(connection, person_id, "closing", period)
    if done is not None:
        return done
    not_frozen(connection, person_id)
    facts: dict[str, Value] = {
        **holder_facts(connection, holder.person, day),
        "closing_reason": reason,
    }
    amounts = {"account_balance": holder.balance}
    birth = holder.person.birth_date
    outcome = office.run(Request("account_closing", day, facts, amounts, birth))
    return move(
        connection,
        holder,
        "closing",
        period,
        on_day=day,
        transfers=[
            Transfer(account_of(person_id), _heir(name, region), fen)
            for name, fen in outcome.payers.items()
            if fen
        ],
        detail=dict(outcome.payers),
        actor=actor,
    )


def _heir(name: str, region: str) -> Account:
    if name == "balance_to_new_region":
        return Account("region_payable", PERSONAL, region)
    return _PAID_OUT[name]


_PAID_OUT: Mapping[str, Account] = {"balance_to_heirs": BANK, "balance_paid_out": BANK}
