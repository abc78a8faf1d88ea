"""Compile the rules in force on a day into programs: a plan.

A profile is everything that a rule may look at, taken together. Each profile is resolved once:
which steps it runs, and the row of integers that its tables give. After that a claim costs a
dictionary look-up and its arithmetic.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction
from functools import cached_property
from math import lcm

from yibao.errors import Defect, PackErrors
from yibao.policy import refusals
from yibao.policy.consolidate import Consolidation, matches
from yibao.policy.model import (
    Between,
    Classification,
    Grade,
    Phase,
    Region,
    Row,
    Step,
    Table,
    Unit,
    Value,
)
from yibao.policy.names import BAND
from yibao.policy.opspec import OPS, PAID, REFUSE, results
from yibao.policy.program import Instruction, Program, Structure
from yibao.policy.source import did_you_mean
from yibao.policy.vocabulary import vocabulary

_OPERAND = re.compile(r"([a-z][a-z0-9_]*)(?:\[([a-z0-9_]+)\])?")


def denominator(region: Region) -> int:
    """Return the smallest number over which every rate of the region is a whole numerator."""
    rates = (
        row.value.denominator
        for table in region.tables.values()
        if table.unit == "rate"
        for row in table.rows
        if isinstance(row.value, Fraction | int)
    )
    return lcm(100, *rates)


class Plan:
    """The rules of a region between two changes, ready to give each profile its program."""

    def __init__(
        self,
        region: Region,
        day: date,
        *,
        known: date | None = None,
        accept: Grade = Grade.C,
        denominator: int,
    ) -> None:
        self.region = region
        self.rules = Consolidation(region, day, known)
        self.accept = accept
        self.denominator = denominator
        self._structures: dict[tuple[Phase, tuple[int, ...]], Structure] = {}

    @cached_property
    def looked_at(self) -> frozenset[str]:
        """The attributes that some rule looks at."""
        return frozenset(condition.attribute for condition in self.region.conditions())

    @cached_property
    def breakpoints(self) -> Mapping[str, tuple[int, ...]]:
        """For each number attribute, the values at which some rule changes its answer."""
        found: dict[str, set[int]] = {}
        for condition in self.region.conditions():
            if isinstance(condition, Between):
                edges = {e for e in (condition.first, condition.below) if e is not None}
                found.setdefault(condition.attribute, set()).update(edges)
        return {name: tuple(sorted(edges)) for name, edges in found.items()}

    def program(
        self, phase: Phase, attributes: Mapping[str, Value], day: date | None = None
    ) -> Program:
        """Return the program for a profile; `day` is the claim's, for the words of a refusal.

        Raises NoRule when nothing is in force for it, Unclassified, MissingFigure or GradeRefused,
        each naming what is lacking.
        """
        profile = Profile(self, attributes, phase, day)
        steps = self.rules.steps
        chosen = tuple(
            i
            for i, step in enumerate(steps)
            if step.phase == phase and matches(step.conditions, profile.look)
        )
        if phase != "year_end" and not chosen:
            raise refusals.no_rule(self.region, profile.day, phase, attributes)
        refusing = next((steps[i] for i in chosen if steps[i].op == REFUSE), None)
        if refusing is not None:
            raise refusals.refused(refusing)
        structure = self._structures.get((phase, chosen))
        if structure is None:
            structure = build(self.region, phase, [steps[i] for i in chosen], self.denominator)
            self._structures[phase, chosen] = structure
        rows = tuple(self.row(operand, profile) for operand in structure.figures)
        figures = tuple(self._integer(row) for row in rows)
        return Program(structure, figures, rows, attributes)

    def row(self, operand: str, profile: Profile) -> Row:
        """Return the table row that answers an operand for a profile."""
        table, band = table_of(self.region, operand)
        assert table is not None
        row = self.rules.row(table, profile.banded(band))
        if row is None or row.value is None:
            key = {name: profile.banded(band)(name) for name in table.keys}
            raise refusals.missing_figure(table, row, profile.day, key)
        if row.origin.grade < self.accept:
            raise refusals.grade_refused(table, row, profile.day, self.accept)
        return row

    def _integer(self, row: Row) -> int:
        value = row.value
        assert value is not None
        if isinstance(value, Fraction):
            return value.numerator * (self.denominator // value.denominator)
        return value


class Profile:
    """Attribute values, with classifications worked out once, when a rule asks for them."""

    def __init__(
        self,
        plan: Plan,
        attributes: Mapping[str, Value],
        phase: Phase = "claim",
        day: date | None = None,
    ) -> None:
        self._plan = plan
        self._attributes = attributes
        self._phase = phase
        self.day = day or plan.rules.day
        self._open: list[str] = []
        self._classes: dict[str, Value] = {}

    def look(self, name: str) -> Value:
        """Return the value of an attribute or classification."""
        classification = self._plan.region.classifications.get(name)
        if classification is None:
            if name not in self._attributes:
                raise refusals.unseen(name, self._phase)
            return self._attributes[name]
        if name not in self._classes:
            self._classes[name] = self._classify(classification)
        return self._classes[name]

    def banded(self, band: str | None) -> _Look:
        """Return the look-up with the number of the band that an operand asks for."""
        return _Look(self, band)

    def _classify(self, classification: Classification) -> Value:
        name = classification.name
        if name in self._open:
            raise refusals.circular(classification)
        self._open.append(name)
        rows = self._plan.rules.provision(classification, self.day).rows
        try:
            row = next((row for row in rows if matches(row.conditions, self.look)), None)
        finally:
            self._open.pop()
        if row is not None:
            return row.value
        asked = {c.attribute: self.look(c.attribute) for row in rows for c in row.conditions}
        raise refusals.unclassified(classification, self.day, asked)


class _Look:
    __slots__ = ("_band", "_profile")

    def __init__(self, profile: Profile, band: str | None) -> None:
        self._profile = profile
        self._band = band

    def __call__(self, name: str) -> Value:
        if name == BAND and self._band is not None:
            return self._band
        return self._profile.look(name)


def table_of(region: Region, operand: str) -> tuple[Table | None, str | None]:
    """Split an operand such as ``serious_illness_rate[2]`` into its table and band."""
    match = _OPERAND.fullmatch(operand)
    assert match is not None
    return region.tables.get(match[1]), match[2]


# --- structures ---------------------------------------------------------------------------------


def build(region: Region, phase: Phase, steps: Iterable[Step], denominator: int) -> Structure:
    """Bind the operands of steps to memory slots; raises PackErrors on a wrong name or unit.

    Steps that refuse compute nothing and are left out.
    """
    computing = tuple(step for step in steps if step.op != REFUSE)
    return _Builder(region, phase).build(computing, denominator)


class _Builder:
    """Binds the steps of a phase. Only claims and year ends have state."""

    def __init__(self, region: Region, phase: Phase) -> None:
        self.region = region
        words = vocabulary()
        inputs = words.inputs(phase)
        self.amounts = tuple(inputs)
        state = {} if phase in words.procedures else region.state
        self.state = tuple(state)
        self.names: list[str] = [*self.amounts, *self.state]
        self.units: list[Unit] = [amount.unit for amount in inputs.values()]
        self.units += [value.unit for value in state.values()]
        self.env = {name: slot for slot, name in enumerate(self.names)}
        self.figures: list[str] = []
        self.payers = words.payers(phase)
        self.defects: list[Defect] = []

    def build(self, steps: tuple[Step, ...], denominator: int) -> Structure:
        self._figures(steps)
        instructions = tuple(self._instruction(step) for step in steps)
        if self.defects:
            raise PackErrors(self.defects)
        return Structure(
            amounts=self.amounts,
            state=self.state,
            figures=tuple(self.figures),
            instructions=instructions,
            final=dict(self.env),
            units=tuple(self.units),
            names=tuple(self.names),
            funds=tuple((payer, self.env[payer]) for payer in self.payers if payer in self.env),
            state_after=tuple(self.env[name] for name in self.state),
            denominator=denominator,
        )

    def _figures(self, steps: tuple[Step, ...]) -> None:
        """Give a slot to each table operand that no earlier step has written."""
        written: set[str] = set(self.env)
        for step in steps:
            for field in OPS[step.op].fields:
                for name in self._operands(step, field):
                    if name not in written:
                        self._figure(step, name)
                        written.add(name)
            written.update(results(step))

    def _operands(self, step: Step, field: str) -> list[str]:
        """Return the operands of a field; PAID stands for every fund written so far."""
        found: list[str] = []
        for name in step.many(field):
            funds = name == PAID and isinstance(step.operands[field], tuple)
            found += [payer for payer in self.payers if payer in self.env] if funds else [name]
        return found

    def _figure(self, step: Step, name: str) -> None:
        table, band = table_of(self.region, name)
        if table is None:
            given = {result for other in self.region.steps for result in results(other)}
            if name in given:
                expected = f"a step before it, for the same claims, that writes {name}"
            else:
                known = [*self.env, *self.region.tables, *self.region.state, *given]
                expected = "an earlier result, an amount, a state or a table"
                expected += did_you_mean(name, known)
                if name == "unlimited":
                    expected = "a table's name; the table may say `value: unlimited`"
            self._defect(step, f"the name {name!r}", expected)
            return
        if (BAND in table.keys) != (band is not None):
            self._defect(step, name, "a band in brackets if, and only if, the table has bands")
        elif band is not None and band not in table.keys[BAND]:
            self._defect(step, name, f"a band of {table.name}: {table.keys[BAND]}")
        self.env[name] = len(self.names)
        self.names.append(name)
        self.units.append(table.unit)
        self.figures.append(name)

    def _instruction(self, step: Step) -> Instruction:
        args: dict[str, int | tuple[int, ...]] = {}
        unit: Unit | None = None
        for field, wanted in OPS[step.op].fields.items():
            if field not in step.operands:
                continue
            names = self._operands(step, field)
            slots = tuple(self.env[name] for name in names if name in self.env)
            for name, slot in zip(names, slots, strict=False):
                found = self.units[slot]
                if wanted == "same":
                    unit = unit or found
                if found != (unit if wanted == "same" else wanted):
                    self._defect(step, f"{field}: {name} in {found}", f"{unit or wanted}")
            args[field] = (
                slots if isinstance(step.operands[field], tuple) else slots[0] if slots else 0
            )
        outs = self._outs(step)
        first_out = len(self.names)
        spec = OPS[step.op]
        result = (unit or "yuan") if spec.writes == "same" else spec.writes
        for name in outs:
            if name in self.state and self.region.state[name].unit != result:
                self._defect(step, f"{name} written in {result}", self.region.state[name].unit)
            self.env[name] = len(self.names)
            self.names.append(name)
            self.units.append(result)
        return Instruction(step, step.op, args, outs, first_out)

    def _outs(self, step: Step) -> tuple[str, ...]:
        for field in OPS[step.op].writes_state:
            if step.one(field) not in self.state:
                self._defect(step, f"{field}: {step.one(field)}", "a state value")
        if step.op != "bands":
            return results(step)
        to = step.one("to")
        slices = tuple(f"{to}/{n + 1}" for n in range(len(step.many("edges"))))
        beyond = step.one("beyond") if "beyond" in step.operands else f"{to}/beyond"
        return (*slices, f"{to}/exact", beyond, to)

    def _defect(self, step: Step, found: str, expected: str) -> None:
        self.defects.append(
            Defect(step.origin.file, step.origin.line, f"step {step.id}: {found}", expected)
        )
