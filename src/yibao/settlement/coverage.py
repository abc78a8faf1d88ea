"""Benefit periods from contributions: which months are covered, and why the others are not.

Enters: a person's payments, and what the rules say when they are asked (`coverage_rules`).
Leaves: `Span`s of days, one after the other without a hole from the first month that money belongs
to until the last.

Status follows the months that money belongs to, not the day on which it arrived. A month is paid in
time when its money came by its last day; its cover is the whole month. Money that came later is
paid in arrears, and the rules say whether it buys cover. A gap is counted by what had come when it
ended, so a later payment takes no cover away in any month that has begun.
"""

from __future__ import annotations

from bisect import bisect_left
from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Literal

from yibao.policy.model import Text, Value
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.procedure import Outcome

Reason = Literal["in_time", "covered_back", "waiting", "not_covered_back", "no_rule", "unpaid"]

REASONS: Mapping[Reason, Text] = {
    "in_time": Text("按期缴费，享受待遇", "paid in time: covered"),
    "covered_back": Text("补缴，追溯享受待遇", "paid in arrears: covered"),
    "waiting": Text("待遇等待期", "waiting period: not covered"),
    "not_covered_back": Text("补缴，不追溯待遇", "paid in arrears: not covered"),
    "no_rule": Text(
        "补缴，没有规定是否追溯，不计享受待遇",
        "paid in arrears, and no rule says whether that covers: not counted as covered",
    ),
    "unpaid": Text("未缴费", "not paid: not covered"),
}
_BACK: Mapping[bool | None, Reason] = {
    True: "covered_back",
    False: "not_covered_back",
    None: "no_rule",
}
COVERED = frozenset({"in_time", "covered_back"})
YEAR = 12
"""Months."""


def month_of(day: date) -> int:
    """Return the number of a day's month; the next month has the next number."""
    return day.year * YEAR + day.month - 1


def first_day(month: int) -> date:
    """Return the first day of a month."""
    return date(month // YEAR, month % YEAR + 1, 1)


def last_day(month: int) -> date:
    """Return the last day of a month."""
    first = first_day(month)
    return first.replace(day=monthrange(first.year, first.month)[1])


@dataclass(frozen=True, slots=True, eq=False)
class Payment:
    """Money that came on `paid_on` for the months `first` to `last`.

    `facts` and `amounts` are those of a `coverage` request, without what follows from payments:
    gaps and years.
    """

    first: int
    last: int
    paid_on: date
    facts: Mapping[str, Value] = field(default_factory=dict)
    amounts: Mapping[str, int] = field(default_factory=dict)
    source: object = None

    def months(self) -> range:
        """Return the months that the money belongs to."""
        return range(self.first, self.last + 1)

    def in_time(self, month: int) -> bool:
        """Tell whether the money had come by the month's end."""
        return self.paid_on <= last_day(month)


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What the rules are asked about a payment's months from `month` on.

    gap_months        months just before that were not paid in time; for arrears, until they were
                      paid or payment was resumed
    repaired_months   how many of them have been paid in arrears
    continuous_months months before that, or before the gap, paid without a hole; arrears if covered
    """

    payment: Payment
    month: int
    gap_months: int = 0
    repaired_months: int = 0
    continuous_months: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """What the rules answer; `ceiling_bonus` is in fen.

    Where they say nothing there is no wait and no bonus. `covers_back` None: no rule says whether
    arrears are covered.
    """

    waiting_months: int = 0
    covers_back: bool | None = None
    ceiling_bonus: int = 0
    serious_illness_cover: bool = False
    outcome: Outcome | None = None


Ask = Callable[[Question], Terms]


@dataclass(frozen=True, slots=True, eq=False)
class Month:
    """One month, and why it is covered or not.

    `waits_until` is the last month of a wait, `waits_by` what the rules said when it began.
    """

    number: int
    reason: Reason
    payment: Payment | None = None
    question: Question | None = None
    terms: Terms | None = None
    waits_until: int | None = None
    waits_by: Terms | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """Days that have the same reason, facts of the person and bonus; `months` are all of them."""

    first: date
    last: date
    months: tuple[Month, ...]

    @property
    def reason(self) -> Reason:
        """Why these days are covered or not."""
        return self.months[0].reason

    @property
    def covered(self) -> bool:
        """Whether the person has benefits on these days."""
        return self.reason in COVERED


def months_of(payments: Iterable[Payment], ask: Ask) -> list[Month]:
    """Return every month from the first that money belongs to until the last, in order.

    Of two payments for one month the earlier counts. The rules are asked at the first month that a
    payment pays in time, and at each month in arrears. A waiting period begins where insurance
    begins: at the first month paid in time, at the first after a gap, and with a payment made
    outside the yearly collection period.
    """
    paid = _paid(payments)
    if not paid:
        return []
    walk = _Walk(paid, ask)
    return [walk.month(number) for number in range(min(paid), max(paid) + 1)]


def _paid(payments: Iterable[Payment]) -> dict[int, Payment]:
    """Return the payment that counts for each month, whatever the order in which they are given."""
    paid: dict[int, Payment] = {}
    for payment in sorted(payments, key=_key):
        for month in payment.months():
            paid.setdefault(month, payment)
    return paid


def _key(payment: Payment) -> tuple[object, ...]:
    facts = sorted((name, _written(value)) for name, value in payment.facts.items())
    return payment.paid_on, payment.first, payment.last, facts, sorted(payment.amounts.items())


def _written(value: Value) -> str:
    return ";".join(sorted(value)) if isinstance(value, frozenset) else str(value)


class _Walk:
    """Goes through the months in order, remembering what the rules are asked about."""

    def __init__(self, paid: Mapping[int, Payment], ask: Ask) -> None:
        self.paid = paid
        self.ask = ask
        self.months = sorted(paid)
        in_time = [m for m in self.months if paid[m].in_time(m)]
        self.later = iter(in_time)
        self.resumes = next(self.later, None)
        self.last_in_time: int | None = None
        self.continuous = 0
        self.before_gap = 0
        self.waits_until: int | None = None
        self.waits_by: Terms | None = None
        self.before: Month | None = None

    def month(self, number: int) -> Month:
        payment = self.paid.get(number)
        if payment is None:
            self.continuous = 0
            found = Month(number, "unpaid")
        elif number == self.resumes:
            found = self._in_time(number, payment)
            self.last_in_time, self.resumes = number, next(self.later, None)
            self.continuous += 1
            self.before_gap = self.continuous
        else:
            found = self._in_arrears(number, payment)
            back = found.terms is not None and found.terms.covers_back
            self.continuous = self.continuous + 1 if back else 0
        self.before = found
        return found

    def _in_time(self, number: int, payment: Payment) -> Month:
        before, begins = self.before, self.last_in_time is None
        if before is not None and before.payment is payment and self.last_in_time == number - 1:
            question, terms = before.question, before.terms
        else:
            by = max(payment.paid_on, last_day(number - 1))  # what comes later changes nothing
            question = self._question(number, payment, number, by)
            terms = self.ask(question)
            outside = payment.facts.get("within_collection_period") is False
            if terms.waiting_months and (begins or question.gap_months or outside):
                until = number + terms.waiting_months - 1
                if self.waits_until is None or until > self.waits_until:
                    self.waits_until, self.waits_by = until, terms
        return self._told(number, "in_time", payment, question, terms)

    def _in_arrears(self, number: int, payment: Payment) -> Month:
        came = month_of(payment.paid_on)
        end = came if self.resumes is None else min(came, self.resumes)
        question = self._question(number, payment, end, payment.paid_on)
        terms = self.ask(question)
        reason = _BACK[terms.covers_back]
        return self._told(number, reason, payment, question, terms)

    def _question(self, number: int, payment: Payment, end: int, by: date) -> Question:
        """Ask about a gap that goes to the month before `end`, by what had been paid `by` a day."""
        if self.last_in_time is None:
            start = min(m for m, other in self.paid.items() if other.paid_on <= by)
        else:
            start = self.last_in_time + 1
        paid_up = max(0, bisect_left(self.months, end) - bisect_left(self.months, start))
        return Question(payment, number, max(0, end - start), paid_up, self.before_gap)

    def _told(
        self,
        number: int,
        reason: Reason,
        payment: Payment,
        question: Question | None,
        terms: Terms | None,
    ) -> Month:
        if self.waits_until is None or number > self.waits_until:
            return Month(number, reason, payment, question, terms)
        told = self.waits_until, self.waits_by
        return Month(number, "waiting", payment, question, terms, *told)


# --- spans ----------------------------------------------------------------------------------------


def spans_of(months: Sequence[Month], birth_date: date | None = None) -> list[Span]:
    """Return months merged where nothing changes; cover does not begin before birth."""
    found = [Span(first_day(g[0].number), last_day(g[-1].number), g) for g in _runs(months)]
    if birth_date is None:
        return found
    return [
        Span(max(span.first, birth_date), span.last, span.months)
        for span in found
        if span.last >= birth_date
    ]


def _runs(months: Sequence[Month]) -> Iterator[tuple[Month, ...]]:
    for _, run in groupby(months, _same):
        yield tuple(run)


def _same(month: Month) -> tuple[object, ...]:
    facts = month.payment.facts if month.payment is not None else {}
    person = tuple(facts.get(a.name) for a in vocabulary().of("person"))
    terms = month.terms or Terms()
    gives = terms.ceiling_bonus, terms.serious_illness_cover
    return month.reason, month.waits_until, person, gives
