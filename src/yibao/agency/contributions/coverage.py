"""Benefit periods that follow from payments, written into `enrolment.coverage`.

The months that money belongs to decide, not the day on which it came (`settlement.coverage`).
A bill is paid on the day on which all that the person and the employer owe of it has come; public
finance keeps nobody waiting. Cover stays within membership, and what was stated of it comes first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby, zip_longest
from typing import Any

from yibao.agency.contributions.paid import Paid, paid
from yibao.agency.enrolment import facts, periods
from yibao.agency.enrolment.audit import note
from yibao.agency.enrolment.periods import Period
from yibao.agency.enrolment.persons import Known, locked
from yibao.errors import NoRule
from yibao.policy.model import Value
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.coverage import (
    Ask,
    Payment,
    Question,
    Terms,
    first_day,
    last_day,
    month_of,
    months_of,
    spans_of,
)
from yibao.settlement.coverage_rules import rules_of
from yibao.settlement.procedure import Office
from yibao.store.database import Connection

_DAY = timedelta(days=1)
_NO_BONUS: Mapping[str, int] = {"rewarded_years": 0, "unclaimed_years": 0}
"""What only raises a ceiling, which is no part of a benefit period."""


def cover(connection: Connection, office: Office, person_id: str, *, actor: str) -> bool:
    """Write a person's benefit periods by what has been paid; return False when none changes.

    Raises Refusal for nobody, PolicyError where the rules do not answer.
    """
    person = locked(connection, person_id).person
    bills = paid(connection, person_id)
    extra = _large_expense(connection, person, bills, actor)
    memberships, stated = _bounds(connection, person)
    spans = _spans(office, person, bills, memberships)
    wanted = list(_clipped(spans, list(_to_months_end(memberships)), stated))
    held = [
        period
        for period in periods.read(connection, "enrolment.coverage", person.person_no)
        if period.says["reason"] != "stated"
    ]
    if held == wanted:
        return extra
    for period in held:
        if period not in wanted:
            where = {"reason": period.says["reason"]}
            number = person.person_no
            periods.cut(
                connection, "enrolment.coverage", number, period.first, period.last, where=where
            )
    for period in wanted:
        if period not in held:
            periods.hold(connection, "enrolment.coverage", person.person_no, period)
    told = [f"{p.first}..{p.last} {p.says['scheme']} {p.says['reason']}" for p in wanted]
    note(connection, actor, "cover", f"person:{person_id}", periods="; ".join(told))
    return True


def _payments(bills: Iterable[Paid], memberships: Sequence[Period]) -> Iterator[Payment]:
    """Yield the payments that paid bills are, each for the months that count for it."""
    basic = [bill for bill in bills if bill.item == "basic"]
    paid_by = {(bill.scheme, month) for bill in basic for month in _months(bill)}
    for bill in basic:
        facts_, months = _facts(bill.facts), []
        for month in _months(bill):
            held = _schemes(memberships, month)
            # Of two schemes that are paid for one month, that counts in which it began.
            if next((s for s in held if (s, month) in paid_by), None) == bill.scheme:
                months.append(month)
        for first, last in _runs(months):
            yield Payment(first, last, bill.paid_on, facts_, _NO_BONUS)


def _months(bill: Paid) -> range:
    return range(bill.first, bill.last + 1)


def _schemes(memberships: Sequence[Period], month: int) -> list[str]:
    """Return the schemes in which somebody is on some day of a month, in order of time."""
    begins, ends = first_day(month), last_day(month)
    return [
        m.says["scheme"]
        for m in memberships
        if m.first <= ends and (m.last is None or begins <= m.last)
    ]


def _runs(months: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield first and last of months that follow one another."""
    for _, run in groupby(enumerate(months), lambda pair: pair[1] - pair[0]):
        found = [month for _, month in run]
        yield found[0], found[-1]


def _facts(says: Mapping[str, Any]) -> dict[str, Value]:
    """Return the facts of a bill that the rules of coverage may look at."""
    words = vocabulary()
    known = words.known_to("coverage")
    return {
        name: frozenset(value) if words.attributes[name].kind == "set" else value
        for name, value in says.items()
        if name in known
    }


def _spans(
    office: Office, person: Known, bills: Iterable[Paid], memberships: Sequence[Period]
) -> Iterator[Period]:
    payments = list(_payments(bills, memberships))
    months = months_of(payments, _asking(rules_of(office, person.birth_date)))
    for span in spans_of(months, person.birth_date):
        payment = span.months[0].payment
        if span.covered and payment is not None:
            names = ("scheme", "category", "contribution_tier")
            says = {name: payment.facts[name] for name in names}
            yield Period(span.first, span.last, says | {"reason": span.reason})


def _asking(ask: Ask) -> Ask:
    """Ask the rules; where none of coverage is in force there is no wait and no cover back."""

    def asked(question: Question) -> Terms:
        try:
            return ask(question)
        except NoRule:
            return Terms()

    return asked


def _bounds(connection: Connection, person: Known) -> tuple[list[Period], list[Period]]:
    """Return the periods of membership, and those of stated coverage."""
    number = person.person_no
    return (
        periods.read(connection, "enrolment.membership", number),
        periods.read(connection, "enrolment.coverage", number, {"reason": "stated"}),
    )


def _clipped(
    spans: Iterable[Period], within: Sequence[Period], without: Sequence[Period]
) -> Iterator[Period]:
    """Yield the parts of spans that lie within some periods and outside others, joined."""
    before: Period | None = None
    for span in spans:
        for piece in _within(span, within):
            for rest in _outside(piece, without):
                if before is not None and _continues(before, rest):
                    before = Period(before.first, rest.last, rest.says)
                    continue
                if before is not None:
                    yield before
                before = rest
    if before is not None:
        yield before


def _to_months_end(memberships: Sequence[Period]) -> Iterator[Period]:
    """Yield memberships, one that another scheme follows at once lasting until the month's end.

    A paid month is covered whole; the next scheme begins to cover with its own months.
    """
    for one, other in zip_longest(memberships, memberships[1:]):
        last = one.last
        follows = last is not None and other is not None and last + _DAY == other.first
        if follows and last is not None and one.says["scheme"] != other.says["scheme"]:
            last = last_day(month_of(last))
        yield Period(one.first, last, one.says)


def _within(span: Period, bounds: Sequence[Period]) -> Iterator[Period]:
    for bound in bounds:
        if bound.says["scheme"] != span.says["scheme"]:
            continue
        first = max(span.first, bound.first)
        last = span.last if bound.last is None else min(span.last or bound.last, bound.last)
        if last is None or first <= last:
            yield Period(first, last, span.says)


def _outside(span: Period, bounds: Sequence[Period]) -> Iterator[Period]:
    first = span.first
    for bound in bounds:
        if span.last is not None and bound.first > span.last:
            break
        if bound.last is not None and bound.last < first:
            continue
        if first < bound.first:
            yield Period(first, bound.first - _DAY, span.says)
        if bound.last is None:
            return
        first = bound.last + _DAY
    if span.last is None or first <= span.last:
        yield Period(first, span.last, span.says)


def _continues(one: Period, other: Period) -> bool:
    return one.last is not None and one.last + _DAY == other.first and one.says == other.says


def _large_expense(
    connection: Connection, person: Known, bills: Iterable[Paid], actor: str
) -> bool:
    """Write for which years the large-expense contribution stands as paid."""
    years = {first_day(bill.first).year for bill in bills if bill.item == "large_expense"}
    number, where = person.person_no, {"attribute": "large_expense_paid", "source": "payments"}
    there = periods.read(connection, "enrolment.fact", number, where)
    made = False
    for year in sorted(years - {held.first.year for held in there}):
        made |= facts.hold(
            connection,
            person.person_id,
            "large_expense_paid",
            facts.TRUE,
            date(year, 1, 1),
            last=date(year, 12, 31),
            source="payments",
            actor=actor,
        )
    for held in there:
        if held.first.year not in years:
            periods.cut(connection, "enrolment.fact", number, held.first, held.last, where=where)
            note(connection, actor, "end-fact", f"person:{person.person_id}", **where)
            made = True
    return made
