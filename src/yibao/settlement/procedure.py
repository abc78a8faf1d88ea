"""Procedures: what rules work out besides claims, such as a contribution bill or an account credit.

Enters: a policy and a `Request`. Leaves: an `Outcome`, whose memory an explanation reads as it
reads a settlement's. A procedure has no state: what it must know of the past comes in as facts and
amounts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from yibao.errors import ClaimError, PackDefect
from yibao.money import MAX_CLAIM, MAX_INPUT_COUNT, format_yuan
from yibao.policy import refusals
from yibao.policy.model import Value
from yibao.policy.opspec import REQUIRE
from yibao.policy.policy import Policy
from yibao.policy.program import Instruction, Program, Structure
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.enrolment import AGES
from yibao.settlement.generate import Run, runner

MONTHS = "months"
"""The input that says for how many months, from the day on, a bill is."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of the rules in force on `day`.

    `facts` are attributes of the person and of the procedure; those left out take the vocabulary's
    absent value, where it has one. `amounts` are the procedure's inputs: fen, or counts.
    """

    procedure: str
    day: date
    facts: Mapping[str, Value] = field(default_factory=dict)
    amounts: Mapping[str, int] = field(default_factory=dict)
    birth_date: date | None = None


@dataclass(slots=True, eq=False)
class Outcome:
    """What the rules answer. Not to be changed. `memory` holds every figure (policy.program)."""

    request: Request
    program: Program
    memory: list[int]

    def figure(self, name: str) -> int:
        """Return a figure by name, in fen or as a count; 0 for what no step gives."""
        procedure = vocabulary().procedures[self.request.procedure]
        slot = self.program.structure.final.get(name)
        if slot is None and (name in procedure.payers or name in procedure.gives):
            return 0
        return self.memory[self.program.structure.final[name]]

    @property
    def payers(self) -> Mapping[str, int]:
        """What each payer pays, in fen; payers whom no step names are left out."""
        return {name: self.memory[slot] for name, slot in self.program.structure.funds}

    @property
    def total(self) -> int:
        """What all payers pay together, in fen."""
        return sum(self.payers.values())


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """The program of a profile, what runs it, the amounts that it reads, what it requires."""

    program: Program
    run: Run
    needed: tuple[str, ...]
    requirements: tuple[Instruction, ...]


class Office:
    """Runs the procedures of a policy, keeping the programs of the profiles that it has met."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._programs: dict[tuple[object, ...], Program] = {}
        self._runners: dict[Structure, Run] = {}

    def run(self, request: Request) -> Outcome:
        """Answer a request.

        Raises ClaimError for an amount that is negative, too great or not the procedure's, for a
        birth after the day and for months that do not all come to the same, NotGiven for a fact or
        an amount that a rule needs and the request lacks, and what `prepare` raises.
        """
        return self.answer(self.prepare(request), request)

    def prepare(self, request: Request) -> Prepared:
        """Return the program that answers a request, and every other of the same profile.

        Its profile is the procedure, the period of the day, the facts and the ages. Raises NoRule
        when no step is in force for it, Refused when a rule says no, and MissingFigure,
        GradeRefused, Unclassified or NotGiven when a figure, a class or a fact is lacking.
        """
        program = self._program(request)
        structure = program.structure
        run = self._runners.get(structure)
        if run is None:
            run = self._runners[structure] = runner(structure)
        read = {slot for i in structure.instructions for slot in i.inputs()}
        needed = tuple(name for slot, name in enumerate(structure.amounts) if slot in read)
        requirements = tuple(i for i in structure.instructions if i.op == REQUIRE)
        return Prepared(program, run, needed, requirements)

    def answer(self, prepared: Prepared, request: Request) -> Outcome:
        """Answer a request with the program of its profile.

        Raises ClaimError and NotGiven, and Refused where what a rule requires does not hold.
        """
        _plausible(request)
        outcome = self._answer(prepared, request)
        if MONTHS in prepared.needed:
            self._check_months(outcome)
        return outcome

    def _check_months(self, outcome: Outcome) -> None:
        """Refuse months billed by the rules of the first where later ones come to another bill."""
        request = outcome.request
        for day in _changes(self.policy, request.day, request.amounts[MONTHS]):
            later = replace(request, day=day)
            if self._answer(self.prepare(later), later).payers != outcome.payers:
                raise ClaimError(
                    MONTHS,
                    str(request.amounts[MONTHS]),
                    "months of one rate",
                    f"months before {day}, from which other rules or figures hold: bill the months "
                    "from then on separately",
                )

    def _answer(self, prepared: Prepared, request: Request) -> Outcome:
        given, program = request.amounts, prepared.program
        for name in prepared.needed:
            if name not in given:
                raise refusals.amount_needed(request.procedure, name)
        amounts = [given.get(name, 0) for name in program.structure.amounts]
        outcome = Outcome(request, program, prepared.run([*amounts, *program.figures]))
        for requirement in prepared.requirements:
            if not outcome.memory[requirement.first_out]:
                raise refusals.refused(requirement.step)
        _check(outcome)
        return outcome

    def _program(self, request: Request) -> Program:
        policy, day = self.policy, request.day
        attributes = self._attributes(request)
        epoch = policy.calendar.epoch(day)
        key = (request.procedure, epoch, frozenset(attributes.items()))
        program = self._programs.get(key)
        if program is None:
            plan = policy.plan_of(epoch, day)
            program = self._programs[key] = plan.program(request.procedure, attributes, day)
        return program

    def _attributes(self, request: Request) -> dict[str, Value]:
        words = vocabulary()
        found: dict[str, Value] = {}
        for name in words.known_to(request.procedure):
            value = request.facts.get(name, words.attributes[name].absent)
            if value is not None:
                found[name] = value
        if request.birth_date is not None:
            found |= {name: age(request.birth_date, request.day) for name, age in AGES.items()}
        return found


def _changes(policy: Policy, day: date, months: int) -> Iterator[date]:
    """Yield the first day of each month, of so many from `day` on, that begins with new rules."""
    calendar = policy.calendar
    for change in calendar.days[calendar.epoch(day) :]:
        first = change
        if change.day > 1:
            first = (change.replace(day=1) + timedelta(days=31)).replace(day=1)
        if (first.year - day.year) * 12 + first.month - day.month >= months:
            return
        yield first


def _plausible(request: Request) -> None:
    """Refuse the unborn, amounts for which exactness is not proven, names unknown here."""
    birth = request.birth_date
    if birth is not None and birth > request.day:
        raise ClaimError("birth_date", str(birth), "born", f"a day not after {request.day}")
    inputs = vocabulary().inputs(request.procedure)
    for name, value in request.amounts.items():
        if name not in inputs:
            known = ", ".join(inputs)
            raise ClaimError(name, str(value), "input of the procedure", f"one of {known}")
        most = MAX_CLAIM if inputs[name].unit == "yuan" else MAX_INPUT_COUNT
        if not 0 <= value <= most:
            written, limit = (
                (format_yuan(value), format_yuan(most))
                if inputs[name].unit == "yuan"
                else (str(value), str(most))
            )
            raise ClaimError(name, written, "plausible amount", f"from 0 to {limit}")


def _check(outcome: Outcome) -> None:
    """Stop when payers do not add up, or more is spent than the account holds: a pack's defect."""
    request = outcome.request
    procedure = vocabulary().procedures[request.procedure]
    if procedure.whole is not None:
        whole = request.amounts.get(procedure.whole, 0)
        if outcome.total != whole:
            found = f"{format_yuan(outcome.total)} yuan of {format_yuan(whole)}"
            raise PackDefect(f"{procedure.name}: the payers pay {found}")
    spent = sum(map(outcome.figure, procedure.spends))
    if procedure.spends and spent > request.amounts.get("account_balance", 0):
        raise PackDefect(f"{procedure.name}: the account pays more than it holds")
