"""The answers that the rules give, numbered, with their programs' bodies and figures as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from yibao.errors import PackDefect, PackErrors
from yibao.policy.checking.bounds import analyse
from yibao.policy.model import Number, Region, Row
from yibao.policy.program import Program, Structure
from yibao.settlement.columnar.bodies import Layout, changed, claim_body, plain_body, year_end_body
from yibao.settlement.columnar.data import Flags, Int64
from yibao.settlement.columnar.decisions import Decision
from yibao.settlement.columnar.machine import compiled

DENOMINATOR = 100_000
"""What rates are numerators over, so that a reform with finer rates needs no other program.

A structure for which that could leave int64 keeps the region's own denominator.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """One answer: a decision, its program's text (also for plain claims), its first figure.

    `documents` are the versions of those that it rests on, joined with semicolons.
    """

    decision: Decision
    text: str
    plain: str
    first: int
    documents: str

    @property
    def year_end(self) -> bool:
        """Whether it answers for the end of a year rather than for a claim."""
        return self.decision.phase == "year_end"

    @property
    def program(self) -> Program | None:
        """The program, None where the rules refuse."""
        return self.decision.program


class Programs:
    """All answers met so far, under one layout. Grows; not safe for threads by itself.

    `wrong` has the answers that say that the rules themselves are wrong.
    """

    def __init__(self, region: Region, layout: Layout) -> None:
        self.region = region
        self.layout = layout
        self.answers: list[Answer] = []
        self._machine: dict[str, int] = {}
        self.wrong: dict[int, PackErrors] = {}
        self._known: dict[object, int] = {}
        self._texts: dict[Structure, tuple[str, str, int]] = {}
        self._rows: list[Row] = []
        self._scales: list[int] = []

    def enter(self, decision: Decision) -> int:
        """Return the number of a decision's answer; the same program has one number."""
        program = decision.program
        if program is None:
            key: object = id(decision)
        else:
            steps = tuple(id(i.step) for i in program.structure.instructions)
            key = (decision.phase, steps, tuple(map(id, program.rows)))
        number = self._known.get(key)
        if number is None:
            number = self._known[key] = len(self.answers)
            self.answers.append(self._answer(decision))
            if isinstance(decision.error, PackErrors):
                self.wrong[number] = decision.error
        return number

    def _answer(self, decision: Decision) -> Answer:
        program = decision.program
        if program is None:
            return Answer(decision, "", "", 0, "")
        year_end = decision.phase == "year_end"
        text, plain, scale = self._text(program.structure, year_end=year_end)
        first = len(self._rows)
        self._rows += program.rows
        rates = program.structure.first_figure
        units = program.structure.units[rates : rates + len(program.rows)]
        self._scales += [scale if unit == "rate" else 1 for unit in units]
        used = program.documents
        documents = ";".join(d.version for d in self.region.documents if d.id in used)
        return Answer(decision, text, plain, first, documents)

    def _text(self, structure: Structure, *, year_end: bool) -> tuple[str, str, int]:
        """Return a structure's text, the one for plain claims, and the denominator of its rates."""
        found = self._texts.get(structure)
        if found is None:
            fitting = self._fitting(structure)
            if year_end:
                texts = year_end_body(fitting, self.layout), ""
            else:
                texts = claim_body(fitting, self.layout), plain_body(fitting, self.layout)
            found = (*texts, fitting.denominator)
            self._texts[structure] = found
        return found

    def _fitting(self, structure: Structure) -> Structure:
        """Return the structure over a denominator with which no product can leave int64."""
        wide = replace(structure, denominator=DENOMINATOR)
        if not DENOMINATOR % structure.denominator and not analyse(self.region, wide).overflows:
            return wide
        for overflow in analyse(self.region, structure).overflows:
            step = overflow.instruction.step.id
            raise PackDefect(f"step {step}: an amount could grow beyond 64 bits")
        return structure

    # --- arrays -------------------------------------------------------------------------------

    def addresses(self) -> tuple[Int64, Int64]:
        """Return where each answer's programs are in memory, 0 where there is none; compiles."""
        wanted = {text for a in self.answers for text in (a.text, a.plain) if text}
        names = {f"program_{n}": t for n, t in enumerate(sorted(wanted - self._machine.keys()))}
        if names:
            found = compiled(names)
            self._machine |= {text: found[name] for name, text in names.items()}
        return (
            np.array([self._machine.get(a.text, 0) for a in self.answers], np.int64),
            np.array([self._machine.get(a.plain, 0) for a in self.answers], np.int64),
        )

    def stirring(self) -> Flags:
        """Return which answers change a state value that rules look at."""
        watched = {k for counter, within, _ in self.layout.counters for k in (counter, within)}
        return np.array(
            [
                a.program is not None and any(k in watched for k, _ in changed(a.program.structure))
                for a in self.answers
            ],
            np.bool_,
        )

    def first_figures(self) -> Int64:
        """Return where the figures of each answer begin among all figures."""
        return np.array([a.first for a in self.answers], np.int64)

    def numbering(self) -> Flags:
        """Return which answers number the admission."""
        return np.array(
            [a.program is not None and a.program.structure.numbers_admission for a in self.answers],
            np.bool_,
        )

    def figures(self, changes: Mapping[int, Number]) -> Int64:
        """Return all figures, one after the other; `changes` has new ones by the id of the row."""
        found = [
            _integer(changes.get(id(row), row.value), scale)
            for row, scale in zip(self._rows, self._scales, strict=True)
        ]
        return np.array([*found, 0], np.int64)


def _integer(value: Number | None, scale: int) -> int:
    """Return a figure as the programs read it: fen, a count, or a numerator over `scale`."""
    assert value is not None
    whole = value * scale
    if whole.denominator != 1:
        raise PackDefect(f"a rate of {value} is finer than the programs can hold")
    return int(whole)
