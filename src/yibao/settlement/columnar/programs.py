"""The answers that the rules give, numbered, with their programs' bodies and figures as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from yibao.errors import PackDefect, PackErrors
from yibao.policy.checking.bounds import analyse
from yibao.policy.model import Number, Region, Row
from yibao.policy.program import Program, Structure
from yibao.settlement.columnar.bodies import (
    ANSWER_BITS,
    SEVERAL,
    Layout,
    bare,
    changed,
    claim_body,
    move_bodies,
    plain_body,
    run_body,
    year_end_body,
)
from yibao.settlement.columnar.data import NONE, Flags, Int64
from yibao.settlement.columnar.decisions import Decision
from yibao.settlement.columnar.machine import compiled

DENOMINATOR = 100_000
"""What rates are numerators over, so that a reform with finer rates needs no other program.

A structure for which that could leave int64 keeps the region's own denominator.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """One answer: a decision, its program's bare text, its first figure.

    `plain_program` is the number of its program among those for plain claims, 0 for none.
    `documents` are the versions of those that it rests on, joined with semicolons.
    """

    decision: Decision
    text: str
    plain_program: int
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
        self._plain: dict[str, bool] = {}
        self._written = NONE
        self._loops: Mapping[str, int] = {}
        self.wrong: dict[int, PackErrors] = {}
        self._known: dict[object, int] = {}
        self._texts: dict[Structure, tuple[str, int, int]] = {}
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
            return Answer(decision, "", 0, 0, "")
        year_end = decision.phase == "year_end"
        text, number, scale = self._text(program.structure, year_end=year_end)
        first = len(self._rows)
        self._rows += program.rows
        rates = program.structure.first_figure
        units = program.structure.units[rates : rates + len(program.rows)]
        self._scales += [scale if unit == "rate" else 1 for unit in units]
        used = program.documents
        documents = ";".join(d.version for d in self.region.documents if d.id in used)
        return Answer(decision, text, number, first, documents)

    def _text(self, structure: Structure, *, year_end: bool) -> tuple[str, int, int]:
        """Return a structure's bare text, its number for plain claims, and what rates are over."""
        found = self._texts.get(structure)
        if found is None:
            fitting = self._fitting(structure)
            if year_end:
                text, number = year_end_body(fitting, self.layout), 0
            else:
                text = claim_body(fitting, self.layout)
                number = self._plain_program(bare(plain_body(fitting, self.layout)), structure)
            found = self._texts[structure] = bare(text), number, fitting.denominator
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

    def addresses(self) -> Int64:
        """Return where each answer's program is in memory, 0 where there is none; compiles."""
        wanted = [a.text for a in self.answers]
        fresh = dict.fromkeys(text for text in wanted if text and text not in self._machine)
        names = {f"program_{n}": text for n, text in enumerate(fresh)}
        if names:
            found = compiled(names)
            self._machine |= {text: found[name] for name, text in names.items()}
        return np.array([self._machine.get(text, 0) for text in wanted], np.int64)

    def loops(self, combinations: int) -> Mapping[str, int]:
        """Return the addresses of what settles runs of plain claims (`run`) and moves values.

        They are compiled anew, with all programs written into `run`, when there are new ones.
        """
        if self._written != len(self._plain):
            inner = {f"plain_{n}": text for n, text in enumerate(self._plain, 1)}
            run = run_body(self.layout, combinations, list(self._plain.values()))
            self._loops = compiled({"run": run} | move_bodies(self.layout), inner)
            self._written = len(self._plain)
        return self._loops

    def held(self) -> Int64:
        """Return each answer as a plain claim has it: the number of its program, then its own."""
        program = np.array([a.plain_program for a in self.answers], np.int64)
        return program << ANSWER_BITS | np.arange(len(self.answers))

    def _plain_program(self, text: str, structure: Structure) -> int:
        """Return the number of a program for plain claims, a new one if it was not met before."""
        self._plain.setdefault(text, self._stirs(structure))
        number = list(self._plain).index(text) + 1
        if number >= SEVERAL:
            raise ValueError(f"{number} programs: more than a plain claim's number can hold")
        return number

    def _stirs(self, structure: Structure) -> bool:
        """Tell whether a program changes a state value that rules look at."""
        watched = {k for counter, within, _ in self.layout.counters for k in (counter, within)}
        return any(k in watched for k, _ in changed(structure))

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
