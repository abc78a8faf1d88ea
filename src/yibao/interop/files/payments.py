"""The payments file: who paid when for which months; when that covers each person.

What comes out can be read as a persons file. A person with a bad row has no periods at all until
it is corrected: a missing payment would be taken for a gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from pathlib import Path

from yibao.errors import NotGiven, PolicyError
from yibao.interop.files.columns import payment_columns, person_columns
from yibao.interop.files.encoding import Encoding
from yibao.interop.files.output import Cell, OutKind, Sheet
from yibao.interop.files.persons import place
from yibao.interop.files.reasons import rule_of
from yibao.interop.files.rowreader import Fault, RowReader, Values
from yibao.interop.files.rows import Record, Reject
from yibao.interop.files.tabular import check_columns, open_table
from yibao.policy.model import Value
from yibao.policy.policy import Policy
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.coverage import (
    REASONS,
    YEAR,
    Ask,
    Payment,
    Question,
    Span,
    Terms,
    first_day,
    last_day,
    month_of,
    months_of,
    spans_of,
)
from yibao.settlement.coverage_rules import rules_of
from yibao.settlement.enrolment import AGES
from yibao.settlement.explain import Explainer
from yibao.settlement.procedure import Office

MAX_MONTHS = 600
"""The most months that one payment is for."""


@dataclass(slots=True)
class Person:
    """One person's payments, each with its row; afterwards the spans that they give."""

    person_id: str
    birth_date: date
    rows: list[tuple[Payment, Fault]] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)


@dataclass(slots=True)
class Covered:
    """What payments files hold: persons with their spans, and the rejected rows."""

    policy: Policy
    persons: list[Person] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    rows: int = 0
    given: frozenset[str] = frozenset()


def cover(policy: Policy, files: Iterable[Path], encoding: Encoding | None = None) -> Covered:
    """Read payments files and work out each person's spans.

    Raises InputError when a file as a whole cannot be used.
    """
    found, held, invalid = Covered(policy), dict[str, Person](), dict[str, str]()
    columns = payment_columns(policy.region)
    counts = {c.name for c in columns if c.kind == "count"}
    for file in files:
        table = open_table(file, "payments", encoding, counts)
        reader = RowReader(check_columns(table, columns), columns)
        found.given |= reader.given
        for record, values, fault in reader.rows():
            found.rows += 1
            payment = _payment(reader, values, fault) if values else None
            if payment is None:
                _reject(found, fault)
                invalid.setdefault(str(values.get("person_id") or ""), place(record))
            else:
                name, birth = values["person_id"], values["birth_date"]
                person = held.setdefault(name, Person(name, birth))
                if birth != person.birth_date:
                    first = person.rows[0][1].record
                    fault.add("birth_date", "one_birth_date", found=place(first))
                person.rows.append((payment, fault))
    office = Office(policy)
    for person in held.values():
        _check(person)
        if person.person_id not in invalid:
            _cover(person, office)
        bad = [fault for _, fault in person.rows if fault.errors]
        for _, fault in person.rows:
            if not fault.errors and (bad or person.person_id in invalid):
                at = invalid.get(person.person_id) or place(bad[0].record)
                fault.add("person_id", "person_rows_valid", found=at)
            if fault.errors:
                _reject(found, fault)
        if not any(fault.errors for _, fault in person.rows):
            found.persons.append(person)
    found.rejects.sort(key=lambda r: (str(r.record.file), r.record.row))
    return found


def _reject(found: Covered, fault: Fault) -> None:
    found.rejects.append(fault.reject())


def _payment(reader: RowReader, values: Values, fault: Fault) -> Payment | None:
    reader.require(values, fault)
    if fault.errors:
        return None
    first, last = month_of(values["first_month"]), month_of(values["last_month"])
    birth: date = values["birth_date"]
    if not first <= last < first + MAX_MONTHS:
        fault.add("last_month", "period_length", last=values["last_month"], limit=MAX_MONTHS)
    elif birth > last_day(first):
        fault.add("birth_date", "born_before", first=first_day(first))
    if fault.errors:
        return None
    words = vocabulary()
    procedure = words.procedures["coverage"]
    person = [a.name for a in words.of("person") if a.kind != "number"]
    names = [name for name in (*person, *procedure.facts) if values.get(name) is not None]
    return Payment(
        first=first,
        last=last,
        paid_on=values["paid_on"],
        facts={name: values[name] for name in names},
        amounts={n: values[n] for n in procedure.inputs if values.get(n) is not None},
        source=fault.record,
    )


def _check(person: Person) -> None:
    """Add an error to rows that contradict another of the same person."""
    names = [a.name for a in vocabulary().of("person")]
    met: dict[int, tuple[tuple[object, ...], Fault]] = {}
    for payment, fault in person.rows:
        facts = tuple(payment.facts.get(name) for name in names)
        for month in payment.months():
            held, other = met.setdefault(month, (facts, fault))
            if held != facts and not fault.errors:
                fault.add("first_month", "one_contribution", found=place(other.record))
                if not other.errors:
                    other.add("first_month", "one_contribution", found=place(fault.record))


def _cover(person: Person, office: Office) -> None:
    """Ask the rules; where they do not answer, that is an error of the payment's row."""
    if any(fault.errors for _, fault in person.rows):
        return
    asked = _Asking(rules_of(office, person.birth_date))
    try:
        months = months_of([payment for payment, _ in person.rows], asked)
    except PolicyError as error:
        question = asked.last
        assert question is not None
        fault = next(f for payment, f in person.rows if payment is question.payment)
        column = error.name if isinstance(error, NotGiven) else ""
        column = "birth_date" if column in AGES else column
        fault.add(column, rule_of(error), why=error.text)
        return
    person.spans = spans_of(months, person.birth_date)


class _Asking:
    """Asks the rules and remembers what was asked last."""

    def __init__(self, ask: Ask) -> None:
        self.ask = ask
        self.last: Question | None = None

    def __call__(self, question: Question) -> Terms:
        self.last = question
        return self.ask(question)


# --- what is written ------------------------------------------------------------------------------


def statuses_sheet(covered: Covered) -> Sheet:
    """One row per person and period in which nothing changes, as the persons file has them."""
    words = [a for a in vocabulary().of("person") if a.kind != "number"]
    names = [a.name for a in words if a.name in covered.given]
    kinds: dict[str, OutKind] = {"from": "date", "to": "date", "birth_date": "date"}
    columns = ["person_id", "from", "to", "birth_date", *names]
    known = {c.name for c in person_columns(covered.policy.region)}
    assert known.issuperset(columns)
    typed = [(name, kinds.get(name, "text")) for name in columns]
    return Sheet("persons", typed, _statuses(covered, names))


def _statuses(covered: Covered, names: Sequence[str]) -> Iterator[list[Cell]]:
    for person in covered.persons:
        for cells, spans in groupby(person.spans, lambda span: _cells(span, names)):
            held = list(spans)
            if cells is not None:
                yield [person.person_id, held[0].first, held[-1].last, person.birth_date, *cells]


def _cells(span: Span, names: Sequence[str]) -> tuple[str, ...] | None:
    """Return the facts of a covered span as cells, None where the span is not covered."""
    payment = span.months[0].payment
    if payment is None or not span.covered:
        return None
    return tuple(_cell(payment.facts.get(name)) for name in names)


def _cell(value: Value | None) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, frozenset):
        return ";".join(sorted(value))
    return "" if value is None else str(value)


def periods_sheet(covered: Covered, language: str) -> Sheet:
    """One row per span, covered or not, with its reason and the rules behind it."""
    columns: list[tuple[str, OutKind]] = [
        ("person_id", "text"),
        ("from", "date"),
        ("to", "date"),
        ("scheme", "text"),
        ("covered", "text"),
        ("reason", "text"),
        ("says", "long"),
        ("waits_until", "date"),
        ("gap_months", "count"),
        ("continuous_years", "count"),
        ("ceiling_bonus", "money"),
        ("serious_illness_cover", "text"),
        ("payments", "long"),
        ("rules", "long"),
    ]
    return Sheet("periods", columns, _periods(covered, language))


def _periods(covered: Covered, language: str) -> Iterator[list[Cell]]:
    explainer = Explainer(covered.policy)
    for person in covered.persons:
        for span in person.spans:
            month = span.months[0]
            payment, terms = month.payment, month.terms
            until = None if month.waits_until is None else last_day(month.waits_until)
            row: list[Cell] = [person.person_id, span.first, span.last]
            row += ["" if payment is None else str(payment.facts["scheme"])]
            row += ["true" if span.covered else "false", span.reason]
            row += [REASONS[span.reason].pick(language), until]
            question = month.question
            row += (
                [None, None]
                if question is None
                else [
                    question.gap_months,
                    question.continuous_months // YEAR,
                ]
            )
            if terms is None or not span.covered:
                row += [None, None]
            else:
                row += [terms.ceiling_bonus, "true" if terms.serious_illness_cover else "false"]
            row += ["; ".join(_places(span))]
            row += [_because(explainer, span, language)]
            yield row


def _places(span: Span) -> Iterator[str]:
    """Yield the rows of the payments that paid for a span."""
    sources = [m.payment.source for m in span.months if m.payment is not None]
    for record in dict.fromkeys(sources):
        assert isinstance(record, Record)
        yield place(record)


def _because(explainer: Explainer, span: Span, language: str) -> str:
    """Return what the rules say of a span, each with its article."""
    told = []
    for month in span.months:
        terms = month.waits_by if span.reason == "waiting" else month.terms
        if terms is None or terms.outcome is None:
            continue
        wanted = {"waiting": "waiting_months", "in_time": "ceiling_bonus"}
        name = wanted.get(span.reason, "covers_back")
        for line in explainer.account(terms.outcome).lines:
            if name in line.instruction.outs:
                source = f"{line.source.number} {line.source.cite}"
                told.append(f"{line.says.pick(language)} ({source})")
    return "; ".join(dict.fromkeys(told))
