"""Bills on which money may have come: taken back, made anew, or given up from a month on.

Nothing in the documents says when contributions are given back, so this is the reading: what is
decided is when the reason came about, not when somebody applies. A year of the residents is given
back whole when the reason came about before its benefit period began, and not at all later; of the
employees, who pay by the month, each month that begins after it. The money is held for who paid it
(`contributions.held`): it pays the next bill, or is refunded on its own order.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from typing import Literal

from yibao.agency.contributions import bills
from yibao.agency.contributions.bills import Wanted, bill, unknown_bill
from yibao.agency.corrections.follow import followed
from yibao.agency.enrolment import periods
from yibao.agency.enrolment.persons import Known, locked
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.enrolment.sealed import identity_index
from yibao.settlement.coverage import first_day, month_of
from yibao.settlement.procedure import Office
from yibao.store.database import Connection

Because = Literal["death", "elsewhere", "other_scheme"]
"""Why months are given up; each must stand in the register."""


@dataclass(frozen=True, slots=True)
class Correction:
    """Which bill is corrected, on which day of the books, and why."""

    bill_id: int
    on_day: date
    reason: str


@dataclass(frozen=True, slots=True)
class _Bill:
    person_id: str
    scheme: str
    item: str
    first: int
    last: int

    @property
    def months(self) -> Iterable[int]:
        return range(self.first, self.last + 1)

    def wanted(self, last: int, billed_on: date) -> Wanted:
        return Wanted(self.person_id, self.first, last, billed_on, self.item, self.scheme)


def cancel(connection: Connection, office: Office, asked: Correction, *, actor: str) -> str:
    """Take a bill back, which can be made anew then; return whose it was, "" for a surcharge.

    What has come for it is held. Raises Refusal, also where claims or credits stand on it.
    """
    old = _find(connection, asked.bill_id)
    if not old.person_id:
        return _cancel(connection, asked, actor)
    with _following(connection, office, old, asked, actor):
        return _cancel(connection, asked, actor)


def again(connection: Connection, office: Office, asked: Correction, *, actor: str) -> list[int]:
    """Make a bill anew by what is known and by the rules now; return the numbers of the new ones.

    What has come pays for them; what is too much is held, what is too little is owed.
    """
    old = _of_person(connection, asked.bill_id)
    with _following(connection, office, old, asked, actor):
        _cancel(connection, asked, actor)
        return bill(connection, office, old.wanted(old.last, asked.on_day), actor=actor)


def give_up(
    connection: Connection,
    office: Office,
    asked: Correction,
    because: Because,
    since: date,
    *,
    actor: str,
) -> list[int]:
    """Give back the months of a bill from the day on which a reason came about; see the reading.

    Return the bills of the months that stay. Raises Refusal: the register does not bear the reason
    out, the benefit period had begun, no month is left to give back.
    """
    old = _of_person(connection, asked.bill_id)
    person = locked(connection, old.person_id).person
    _borne_out(connection, person, old, because, since)
    starts = since.day == 1 and because != "death"
    kept = min(month_of(since) - starts, old.last)
    if kept == old.last:
        raise Refusal(
            "months_left",
            f"{since} 之后没有已核定的月份",
            f"the bill has no month that begins after {since}",
            column="since",
        )
    if old.scheme == "resident" and kept >= old.first:
        raise Refusal(
            "period_begun",
            f"待遇享受期已于 {first_day(old.first)} 开始，{since} 才发生，不退",
            f"the benefit period began on {first_day(old.first)}, before {since}: "
            "nothing is given back",
            column="since",
        )
    with _following(connection, office, old, asked, actor):
        _cancel(connection, asked, actor)
        if kept < old.first:
            return []
        return bill(connection, office, old.wanted(kept, asked.on_day), actor=actor)


def _following(
    connection: Connection, office: Office, old: _Bill, asked: Correction, actor: str
) -> AbstractContextManager[None]:
    months = {old.person_id: old.months}
    return followed(connection, office, months, on_day=asked.on_day, actor=actor)


def _cancel(connection: Connection, asked: Correction, actor: str) -> str:
    return bills.cancel(
        connection, asked.bill_id, on_day=asked.on_day, reason=asked.reason, actor=actor
    )


def _find(connection: Connection, bill_id: int) -> _Bill:
    row = connection.execute(
        "SELECT coalesce(person_id, ''), scheme, item, lower(months), upper(months) - 1 "
        "FROM contributions.bill LEFT JOIN enrolment.person USING (person_no) WHERE bill_id = %s",
        (bill_id,),
    ).fetchone()
    if row is None:
        raise unknown_bill(bill_id)
    return _Bill(*row)


def _of_person(connection: Connection, bill_id: int) -> _Bill:
    found = _find(connection, bill_id)
    if not found.person_id:
        raise Refusal(
            "surcharge",
            f"{bill_id} 是滞纳金，只能撤销",
            f"{bill_id} is a surcharge: it can only be taken back",
            column="bill",
        )
    return found


def _borne_out(
    connection: Connection, person: Known, old: _Bill, because: Because, since: date
) -> None:
    """Refuse unless the register says what is given as the reason."""
    match because:
        case "death":
            there = person.died_on == since
        case "elsewhere":
            row = connection.execute(
                "SELECT FROM enrolment.elsewhere WHERE identity_index = %s "
                "AND daterange(first, last, '[]') @> %s::date",
                (identity_index(connection, person.identity_number), since),
            ).fetchone()
            there = row is not None
        case "other_scheme":
            held = periods.read(connection, "enrolment.membership", person.person_no)
            there = any(m.holds(since) and m.says["scheme"] != old.scheme for m in held)
    if not there:
        raise Refusal(
            "borne_out",
            f"登记中没有 {person.person_id} 于 {since} 的这一情况（{because}）",
            f"the register says nothing of {because} of {person.person_id} on {since}",
            column="since",
        )
