"""Bills: what a person's months cost and who owes it, by the rules of a policy.

A month of an item is billed once in a scheme: again, it changes nothing, and the database forbids
two. Whoever goes to another scheme within a paid year owes that scheme's months too.
Months are numbered year * 12 + month - 1 (`settlement.coverage.month_of`). Amounts are fen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from psycopg.types.json import Jsonb

from yibao.agency.contributions.held import allocate, release
from yibao.agency.contributions.paid import months_paid
from yibao.agency.contributions.payers import billed, fund_for, payer_of
from yibao.agency.enrolment import periods
from yibao.agency.enrolment.audit import note, plain
from yibao.agency.enrolment.persons import Known, locked
from yibao.agency.enrolment.profile import Profile, bill_facts, on_day
from yibao.agency.enrolment.refusal import Refusal
from yibao.errors import ClaimError
from yibao.ledger.entries import Entry, post, reverse
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.coverage import YEAR, first_day, last_day
from yibao.settlement.procedure import MONTHS, Office, Outcome, Request
from yibao.store.database import Connection

BASIC = "basic"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to bill: an item, for the months `first` to `last`, made on a day.

    `scheme` says in which, where somebody changes it within the months.
    """

    person_id: str
    first: int
    last: int
    billed_on: date
    item: str = BASIC
    scheme: str = ""


def bill(connection: Connection, office: Office, wanted: Wanted, *, actor: str) -> list[int]:
    """Make the bill of a person's months; return the numbers of those made, none when it is there.

    Money that is held for a payer pays it at once.
    Where rules change within the months each is billed by itself. Raises Refusal: not enrolled, or
    some of the months are billed and some are not; PolicyError and ClaimError where the rules do
    not answer.
    """
    person = locked(connection, wanted.person_id).person
    profile = on_day(connection, person, _day(connection, person, wanted))
    if _there(connection, profile, wanted):
        return []
    months = wanted.last - wanted.first + 1
    try:
        outcome = office.run(_request(connection, profile, wanted))
    except ClaimError as error:
        if error.column != MONTHS or months == 1:
            raise
        return [
            number
            for month in range(wanted.first, wanted.last + 1)
            for number in bill(
                connection,
                office,
                replace(wanted, first=month, last=month),
                actor=actor,
            )
        ]
    return [_write(connection, profile, wanted, outcome, actor)]


def _there(connection: Connection, profile: Profile, wanted: Wanted) -> bool:
    """Tell whether all the months are billed in this scheme; refuse where some are."""
    rows = connection.execute(
        "SELECT lower(months), upper(months) - 1 FROM contributions.bill "
        "WHERE person_no = %s AND scheme = %s AND item = %s AND cancelled_by IS NULL "
        "AND months && int4range(%s, %s, '[]')",
        (
            *(profile.person.person_no, profile.membership.scheme, wanted.item),
            *(wanted.first, wanted.last),
        ),
    )
    found = {month for first, last in rows for month in range(first, last + 1)}
    lacking = [m for m in range(wanted.first, wanted.last + 1) if m not in found]
    if found and lacking:
        raise Refusal(
            "billed_once",
            f"部分月份已核定，{first_day(lacking[0]):%Y-%m} 等 {len(lacking)} 个月还没有",
            f"some of the months are billed; {len(lacking)} from {first_day(lacking[0]):%Y-%m} "
            "on are not: bill those alone",
        )
    return bool(found)


def _day(connection: Connection, person: Known, wanted: Wanted) -> date:
    """Return the day whose facts and rules hold: the first of the months on which one is enrolled.

    For who begins work within the first month it is the day on which that begins.
    """
    begins, ends = first_day(wanted.first), last_day(wanted.first)
    number = person.person_no
    for period in periods.read(connection, "enrolment.membership", number):
        if period.first > last_day(wanted.last) or (period.last or begins) < begins:
            continue
        if wanted.scheme not in {"", period.says["scheme"]}:
            continue
        day = max(period.first, begins)
        if period.says["contributor"] == "none":
            work = periods.read(connection, "enrolment.employment", number)
            if not any(w.holds(day) for w in work):
                return min((w.first for w in work if day < w.first <= ends), default=day)
        return day
    return begins


def _request(connection: Connection, profile: Profile, wanted: Wanted) -> Request:
    facts = {**bill_facts(profile), "contribution_item": wanted.item}
    amounts = {MONTHS: wanted.last - wanted.first + 1}
    if profile.wage is not None:
        amounts["wage"] = profile.wage
    if profile.membership.category == "retired":
        years = months_paid(connection, profile.person.person_id) // YEAR
        amounts |= {"contribution_years": years, "actual_years": years}
    return Request("contribution", profile.day, facts, amounts, profile.person.birth_date)


def _write(
    connection: Connection, profile: Profile, wanted: Wanted, outcome: Outcome, actor: str
) -> int:
    parts = [
        (name, payer_of(name, profile), fen) for name, fen in outcome.payers.items() if fen > 0
    ]
    given = outcome.program.structure.final
    names = vocabulary().procedures["contribution"].gives
    gives = {name: outcome.figure(name) for name in names if name in given}
    person, member = profile.person, profile.membership
    first, last = first_day(wanted.first), first_day(wanted.last)
    subject = f"person:{person.person_id}:{wanted.item}:{first:%Y-%m}"
    fund = fund_for(member.scheme, wanted.item)
    entry = post(
        connection,
        Entry(
            on_day=wanted.billed_on,
            kind="bill",
            subject=subject,
            actor=actor,
            transfers=[billed(name, fund, payer, fen) for name, payer, fen in parts],
        ),
    )
    row = connection.execute(
        "INSERT INTO contributions.bill (person_no, household_id, scheme, item, months, day, "
        "billed_on, facts, amounts, gives, entry_id) "
        "VALUES (%s, %s, %s, %s, int4range(%s, %s, '[]'), %s, %s, %s, %s, %s, %s) "
        "RETURNING bill_id",
        (
            *(person.person_no, member.household_id, member.scheme, wanted.item),
            *(wanted.first, wanted.last, profile.day, wanted.billed_on),
            Jsonb(plain(outcome.request.facts)),
            Jsonb(dict(outcome.request.amounts)),
            Jsonb(gives),
            entry,
        ),
    ).fetchone()
    assert row is not None
    number = int(row[0])
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO contributions.part (bill_id, name, payer, fen) VALUES (%s, %s, %s, %s)",
            [(number, *part) for part in parts],
        )
    allocate(connection, number, on_day=wanted.billed_on, actor=actor)
    detail = {"bill": number, "months": f"{first:%Y-%m}..{last:%Y-%m}", "fen": outcome.total}
    note(connection, actor, "bill", f"person:{person.person_id}", **detail)
    return number


def cancel(connection: Connection, bill_id: int, *, on_day: date, reason: str, actor: str) -> str:
    """Take a bill back, so that it can be made anew; return whose it was, "" for a surcharge.

    What has come for it is held for who paid it. Raises Refusal: no such bill, taken back before.
    Who calls it sees to what followed (`agency.corrections`).
    """
    row = connection.execute(
        "SELECT coalesce(person_id, ''), entry_id FROM contributions.bill "
        "LEFT JOIN enrolment.person USING (person_no) WHERE bill_id = %s",
        (bill_id,),
    ).fetchone()
    if row is None:
        raise unknown_bill(bill_id)
    person_id, entry = row
    if person_id:
        locked(connection, person_id)
    state = connection.execute(
        "SELECT cancelled_by FROM contributions.bill WHERE bill_id = %s FOR UPDATE", (bill_id,)
    ).fetchone()
    if state != (None,):
        raise Refusal("cancelled_once", "已经撤销过", "it has been taken back before")
    by = reverse(connection, entry, on_day=on_day, subject=f"bill:{bill_id}", actor=actor)
    # A statement of its own: it sees what came while this one waited for the bill.
    release(connection, bill_id, on_day=on_day, actor=actor)
    connection.execute(
        "UPDATE contributions.bill SET cancelled_by = %s WHERE bill_id = %s", (by, bill_id)
    )
    subject = f"person:{person_id}" if person_id else f"bill:{bill_id}"
    note(connection, actor, "cancel-bill", subject, bill=bill_id, reason=reason)
    return str(person_id)


def unknown_bill(bill_id: int) -> Refusal:
    """Return the refusal of a number that is no bill's."""
    return Refusal(
        "known_bill", f"没有 {bill_id} 号核定", f"there is no bill {bill_id}", column="bill"
    )


@dataclass(frozen=True, slots=True)
class Part:
    """What one payer owes of a bill, and what has come of it, in fen."""

    name: str
    payer: str
    fen: int
    received: int


@dataclass(frozen=True, slots=True)
class Bill:
    """A bill as it stands; `first` and `last` are days."""

    bill_id: int
    person_id: str
    scheme: str
    item: str
    first: date
    last: date
    gives: Mapping[str, Any]
    parts: Sequence[Part]


def bills_of(connection: Connection, person_id: str) -> list[Bill]:
    """Return a person's standing bills in order of time."""
    rows = connection.execute(
        "SELECT bill_id, person_id, scheme, item, lower(months), upper(months) - 1, gives, "
        "(SELECT coalesce(jsonb_agg(to_jsonb(p) - 'bill_id' ORDER BY p.name), '[]') "
        "FROM contributions.part AS p WHERE p.bill_id = bill.bill_id) "
        "FROM contributions.bill JOIN enrolment.person USING (person_no) "
        "WHERE person_id = %s AND cancelled_by IS NULL ORDER BY months, bill_id",
        (person_id,),
    )
    return [_bill(row) for row in rows]


def _bill(row: tuple[Any, ...]) -> Bill:
    number, person, scheme, item, first, last, gives, parts = row
    days = first_day(first), last_day(last)
    return Bill(number, person, scheme, item, *days, gives, [Part(**part) for part in parts])
