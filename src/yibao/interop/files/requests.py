"""Files of requests: a row per person in, what the rules of a procedure answer out.

Rows are answered as they are read and none is kept, so that a whole city fits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from operator import itemgetter
from pathlib import Path
from typing import Any

from yibao.errors import ClaimError, NotGiven, PolicyError
from yibao.interop.files.columns import ProcedureName, profile_columns, request_columns
from yibao.interop.files.encoding import Encoding
from yibao.interop.files.output import Cell, OutKind, Sheet
from yibao.interop.files.reasons import rule_of
from yibao.interop.files.results import LINE_COLUMNS, line_cells
from yibao.interop.files.rowreader import Fault, RowReader, Values
from yibao.interop.files.rows import Reject
from yibao.interop.files.tabular import check_columns, open_table
from yibao.policy.model import Region, Step, Text, Unit, Value
from yibao.policy.opspec import OPS, results
from yibao.policy.policy import Policy
from yibao.policy.program import Program
from yibao.policy.vocabulary import Procedure, vocabulary
from yibao.settlement.enrolment import AGES
from yibao.settlement.explain import Explainer, Quantity
from yibao.settlement.procedure import Office, Outcome, Prepared, Request

_PERIOD_AND_ITEM = Text("时段、险种和项目", "period, scheme and item")
_YEAR = Text("年度", "year")

Period = tuple[int, int]
"""First and last number of days, months or years, whichever a procedure counts by."""


def _day(day: date) -> int:
    """Return a number for a day; months have 31 each, so that they can be added."""
    return (day.year * 12 + day.month) * 31 + day.day


def _billed(values: Values) -> Period:
    """Return the days of a bill; one without months, such as a year's, is told by its first."""
    day: date = values["date"]
    if not values["months"]:
        return _day(day), _day(day)
    first = _day(day.replace(day=1))
    return first, first + values["months"] * 31 - 1


def _month(values: Values) -> Period:
    return (_day(values["date"].replace(day=1)),) * 2


def _year(values: Values) -> Period:
    return (values["date"].year,) * 2


_ONCE: Mapping[str, tuple[Text, Callable[[Values], object], Callable[[Values], Period]]] = {
    "contribution": (_PERIOD_AND_ITEM, itemgetter("scheme", "contribution_item"), _billed),
    "account_credit": (Text("月份", "month"), lambda _: None, _month),
    "account_withdrawal": (_YEAR, lambda _: None, _year),
    "account_interest": (_YEAR, lambda _: None, _year),
    "account_closing": (Text("文件", "file"), lambda _: None, lambda _: (0, 0)),
}
"""What a person has only one row of in a file; a second would bill or credit twice."""


@dataclass(slots=True, eq=False)
class Answer:
    """A row's values and what the rules answer. Not to be changed."""

    values: Values
    outcome: Outcome


@dataclass(slots=True)
class Answers:
    """The requests of files, answered while they are iterated, once.

    `totals` add up payers and other results in yuan, `rejects` are the rows without an answer.
    """

    policy: Policy
    procedure: ProcedureName
    files: tuple[Path, ...]
    encoding: Encoding | None = None
    rejects: list[Reject] = field(default_factory=list)
    totals: dict[str, int] = field(default_factory=dict)
    rows: int = 0
    answered: int = 0
    given: frozenset[str] = frozenset()

    def open(self) -> Iterator[Answer]:
        """Check the columns of the files; return their answers.

        Raises InputError when a file as a whole cannot be used, PackDefect when the rules pay more
        than there is.
        """
        columns = request_columns(self.procedure, self.policy.region)
        counts = {c.name for c in columns if c.kind == "count"}
        readers = []
        for file in self.files:
            table = open_table(file, self.procedure, self.encoding, counts)
            readers.append(RowReader(check_columns(table, columns), columns))
        self.given = frozenset().union(*(reader.given for reader in readers))
        return self._answers(readers)

    def _answers(self, readers: Iterable[RowReader]) -> Iterator[Answer]:
        counter = _Counter(self.policy, self.procedure, self.given)
        once = _Once(self.procedure)
        for reader in readers:
            for _, values, fault in reader.rows():
                self.rows += 1
                if values:
                    reader.require(values, fault)
                outcome = None if fault.errors else counter.answer(values, fault)
                if outcome is None or once.again(values, fault):
                    self.rejects.append(fault.reject())
                else:
                    self.answered += 1
                    yield Answer(values, outcome)


class _Once:
    """Finds the second row of a person for the same month, year, or months of an item."""

    def __init__(self, procedure: str) -> None:
        self._rule = _ONCE.get(procedure)
        self._met: dict[tuple[str, object], list[tuple[Period, Path, int]]] = {}

    def again(self, values: Values, fault: Fault) -> bool:
        """Tell whether there has been such a row, and add the error."""
        if self._rule is None:
            return False
        title, what, period = self._rule
        first, last = period(values)
        met = self._met.setdefault((values["person_id"], what(values)), [])
        for (start, end), file, row in met:
            if first <= end and start <= last:
                fault.add("person_id", "once", period=title, found=f"{file.name}:{row}")
                return True
        met.append(((first, last), fault.record.file, fault.record.row))
        return False


class _Counter:
    """Answers rows; what a profile's program is, is worked out once."""

    def __init__(self, policy: Policy, procedure: ProcedureName, given: frozenset[str]) -> None:
        self.office = Office(policy)
        self.calendar = policy.calendar
        self.procedure = procedure
        words = vocabulary()
        names = [c.name for c in profile_columns(procedure, policy.region)]
        self.facts = [name for name in names if name != "birth_date"]
        self.profile = itemgetter("scheme", *(name for name in self.facts if name in given))
        inputs = words.procedures[procedure].inputs
        self.inputs = tuple(name for name in inputs if name in given)
        self.looks_at_age = any(c.attribute in AGES for c in policy.region.conditions())
        self.ages: dict[tuple[date, date], tuple[int, ...]] = {}
        self.epochs: dict[date, int] = {}
        self.prepared: dict[tuple[Any, ...], tuple[Mapping[str, Value], Prepared]] = {}

    def answer(self, values: Values, fault: Fault) -> Outcome | None:
        """Return what the rules answer for a row, or None and why not in `fault`."""
        try:
            return self._answer(values)
        except NotGiven as error:
            column = "birth_date" if error.name in AGES else error.name
            fault.add(column, "fact_given", why=error.text)
        except PolicyError as error:
            fault.add("", rule_of(error), why=error.text)
        except ClaimError as error:
            fault.add(error.column, "settleable", error.value, why=str(error))
        return None

    def _answer(self, values: Values) -> Outcome:
        day: date = values["date"]
        birth: date | None = values["birth_date"]
        epoch = self.epochs.get(day)
        if epoch is None:
            epoch = self.epochs[day] = self.calendar.epoch(day)
        ages: tuple[int, ...] | None = ()
        if birth is not None and self.looks_at_age:
            ages = self.ages.get((birth, day))
            if ages is None:
                ages = self.ages[birth, day] = tuple(age(birth, day) for age in AGES.values())
        key = (epoch, ages, self.profile(values))
        known = self.prepared.get(key)
        amounts = {name: values[name] for name in self.inputs if values[name] is not None}
        if known is None:
            facts: Mapping[str, Value] = {
                name: values[name] for name in self.facts if values[name] is not None
            }
            request = Request(self.procedure, day, facts, amounts, birth)
            known = self.prepared[key] = facts, self.office.prepare(request)
        facts, prepared = known
        request = Request(self.procedure, day, facts, amounts, birth)
        return self.office.answer(prepared, request)


# --- what is written ------------------------------------------------------------------------------


def figures_of(procedure: Procedure, region: Region) -> dict[str, Unit]:
    """Return the payers and results that the region's rules can give, with their units."""
    steps = [step for step in region.steps if step.phase == procedure.name]
    written = {name for step in steps for name in results(step)}
    units = _units(procedure, steps, region)
    return {n: units[n] for n in (*procedure.payers, *procedure.gives) if n in written}


def _units(procedure: Procedure, steps: Iterable[Step], region: Region) -> dict[str, Unit]:
    units: dict[str, Unit] = {name: amount.unit for name, amount in procedure.inputs.items()}
    for step in sorted(steps, key=lambda s: s.order):
        spec = OPS[step.op]
        unit: Unit = "yuan"
        if spec.writes != "same":
            unit = spec.writes
        else:
            same = next(field for field, wanted in spec.fields.items() if wanted == "same")
            operand = step.many(same)[0].partition("[")[0]
            unit = units[operand] if operand in units else region.tables[operand].unit
        units |= dict.fromkeys(results(step), unit)
    return units


def answers_sheet(answers: Answers, told: Iterable[Answer]) -> Sheet:
    """One row per answer: whose, the amounts that went in, who pays what, the other results."""
    procedure = vocabulary().procedures[answers.procedure]
    figures = figures_of(procedure, answers.policy.region)
    inputs = [name for name in procedure.inputs if name in answers.given]
    kinds: Mapping[str, OutKind] = {"yuan": "money", "count": "count", "rate": "figure"}
    sums = _summed(procedure)
    total: list[tuple[str, OutKind]] = [("total", "money")] if sums else []
    columns: list[tuple[str, OutKind]] = [
        ("person_id", "text"),
        ("group", "text"),
        ("date", "date"),
        ("scheme", "text"),
        *((name, kinds[procedure.inputs[name].unit]) for name in inputs),
        *((name, kinds[figures[name]]) for name in figures if name in procedure.payers),
        *total,
        *((name, kinds[figures[name]]) for name in figures if name in procedure.gives),
        ("documents", "long"),
    ]
    return Sheet(answers.procedure, columns, _rows(answers, told, inputs, figures, sums=sums))


def _summed(procedure: Procedure) -> bool:
    """Tell whether what all payers pay is to be shown: not where it is an input anyway."""
    return bool(procedure.payers) and procedure.whole is None


def _rows(
    answers: Answers,
    told: Iterable[Answer],
    inputs: list[str],
    figures: Mapping[str, Unit],
    *,
    sums: bool,
) -> Iterator[list[Cell]]:
    procedure = vocabulary().procedures[answers.procedure]
    explainer = Explainer(answers.policy)
    payers = [name for name in figures if name in procedure.payers]
    gives = [name for name in figures if name in procedure.gives]
    money = [name for name, unit in figures.items() if unit == "yuan"]
    answers.totals = totals = dict.fromkeys((*money, *(["total"] if sums else ())), 0)
    known: dict[Program, tuple[list[int | None], list[int | None], list[tuple[str, int]], str]] = {}
    head = itemgetter("person_id", "group", "date", "scheme", *inputs)
    for answer in told:
        memory, program = answer.outcome.memory, answer.outcome.program
        found = known.get(program)
        if found is None:
            final = program.structure.final
            used = explainer.account(answer.outcome).documents
            documents = ";".join(d.version for d in used)
            found = known[program] = (
                [final.get(name) for name in payers],
                [final.get(name) for name in gives],
                [(name, final[name]) for name in money if name in final],
                documents,
            )
        for name, slot in found[2]:
            totals[name] += memory[slot]
        paid = [0 if slot is None else memory[slot] for slot in found[0]]
        row = [*head(answer.values), *paid]
        if sums:
            total = sum(paid)
            totals["total"] += total
            row.append(total)
        row += [None if slot is None else memory[slot] for slot in found[1]]
        row.append(found[3])
        yield row


def explained_sheet(answers: Answers, told: Iterable[Answer], language: str) -> Sheet:
    """One row per step of each answer."""
    columns: list[tuple[str, OutKind]] = [("person_id", "text"), ("date", "date"), *LINE_COLUMNS]
    return Sheet("explanation", columns, _explained(answers, told, language))


def _explained(answers: Answers, told: Iterable[Answer], language: str) -> Iterator[list[Cell]]:
    explainer = Explainer(answers.policy)
    cited: dict[int, tuple[Quantity, str]] = {}
    for answer in told:
        who = answer.values["person_id"], answer.values["date"]
        for number, line in enumerate(explainer.account(answer.outcome).lines, 1):
            yield [*who, number, *line_cells(line, language, cited)]
