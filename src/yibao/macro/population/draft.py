"""Claims in the making: what they are drawn from, and their columns before they have an order."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from yibao.macro.population.calibrate import Scales
from yibao.macro.population.days import Days, Span
from yibao.macro.population.figures import Figures, Flags, Floats, Ints, Small
from yibao.macro.population.people import People

VISITS = (
    "outpatient",
    "emergency",
    "pharmacy",
    "special_outpatient",
    "chronic_outpatient",
    "two_disease",
    "inpatient",
    "emergency_observation",
)
OUTPATIENT, EMERGENCY, PHARMACY, SPECIAL, CHRONIC_VISIT, TWO, INPATIENT, OBSERVATION = range(8)
OUTCOMES = ("home", "admitted")


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """What the claims of a block are drawn from."""

    figures: Figures
    span: Span
    people: People
    scales: Scales
    rng: np.random.Generator


@dataclass(slots=True, eq=False)
class Draft:
    """Claims in the making, in no order. `after` is the row that a transfer or stay follows."""

    person: npt.NDArray[np.int32]
    half: Small
    kind: Small
    visit: Small
    employee: Flags
    admitted: Days
    discharged: Days
    second: npt.NDArray[np.int32]
    level: Small
    institution: npt.NDArray[np.int32]
    outcome: Small
    mean: Floats
    after: Ints

    def __len__(self) -> int:
        return len(self.person)

    def take(self, rows: Any) -> Draft:
        """Return some rows."""
        return Draft(*(getattr(self, field.name)[rows] for field in fields(self)))

    def add(self, more: Draft) -> Draft:
        """Return the rows of both."""
        pairs = ((getattr(self, f.name), getattr(more, f.name)) for f in fields(self))
        return Draft(*(np.concatenate(pair) for pair in pairs))
