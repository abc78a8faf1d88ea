"""What is told of in resources: settlements with what stands around them, and how it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Insured:
    """A person as far as resources tell; `identity_number` "" is none."""

    person_id: str
    name: str = ""
    sex: str = ""
    birth_date: date | None = None
    identity_type: str = "none"
    identity_number: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Booked:
    """A settlement or reversal to be told of, in fen.

    `row` is one of desk.settlement as JSON has it, with `reversed_by` (None: it stands); `lines`
    are its own, numbers with decimals as texts (price in fen of one); `span` is the membership that
    it rests on, None where that is not known; `notes` say how it was worked out.
    """

    row: Row
    person: Insured
    lines: Sequence[Row] = ()
    span: tuple[date, date | None] | None = None
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Manner:
    """How resources are written: for which region's centre, in which language, names in full."""

    region: str = ""
    language: str = "zh"
    unmask: bool = False
