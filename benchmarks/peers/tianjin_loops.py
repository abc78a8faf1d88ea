"""Hand-written loops of Tianjin's plan of 2019, beside the engine.

They get each claim's profile as the number of a row of figures, as the engine does after
`prepare`. The rows are read off the programs of the scalar executor; what is done with them is
written by hand.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

from peers import native
from peers.benefit import Int64
from peers.clock import Run
from peers.tianjin import COLUMNS, NEW_YEAR, PERSONS, VISITS, Population
from yibao.money import UNLIMITED
from yibao.policy.policy import Policy
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.executor import Executor
from yibao.settlement.model import Claim, Status, YearState

SEGMENTS = (date(2019, 1, 1), date(2019, 6, 1), date(2019, 7, 1))
"""First days between which a person's rules do not change: a new epoch, then a 70th birthday."""
NOT_PAYABLE, OUTPATIENT, SPECIAL, INPATIENT = range(4)
EPISODES = 64
"""Most episodes of one person that the hand-written loops make room for."""


class Fields(NamedTuple):
    """A row of figures, in the order of the struct in tianjin.c."""

    kind: int
    deductible: int = 0
    ceiling: int = 0
    rate: int = 0
    recipient: int = 0
    aid_rate: int = 0
    aid_limit: int = 0
    resident: int = 0
    later_deductible: int = 0
    third_deductible: int = 0
    first_band: int = 0
    second_rate: int = 0
    large_ceiling: int = 0
    large_rate: int = 0
    serious_start: int = 0
    serious_edge_1: int = 0
    serious_edge_2: int = 0
    serious_edge_3: int = 0
    serious_rate_1: int = 0
    serious_rate_2: int = 0
    serious_rate_3: int = 0
    aid_band: int = 0
    aid_top: int = 0
    aid_rate_1: int = 0
    aid_rate_2: int = 0
    again_start: int = 0
    again_rate: int = 0
    again_limit: int = 0


# --- rows of figures ------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Prepared:
    """What the hand-written loops take: the rows of figures, and each claim's row."""

    rows: Int64
    profile: np.ndarray
    population: Population
    denominator: int
    out: tuple[Int64, ...]

    def columns(self) -> dict[str, Int64]:
        """Return the output by name."""
        return dict(zip(COLUMNS, self.out, strict=True))


def prepare(population: Population, rules: Policy) -> Prepared:
    """Look up the figures of every profile of these claims."""
    shape = (len(SEGMENTS), len(PERSONS), len(VISITS))
    executor = Executor(rules)
    cube = [_fields(executor, *index) for index in np.ndindex(*shape)]
    rows, number = np.unique(np.array(cube, np.int64), axis=0, return_inverse=True)
    firsts = [(first - NEW_YEAR).days for first in SEGMENTS]
    segment = np.searchsorted(firsts, population.day, side="right") - 1
    kind = population.person[population.persons]
    profile = number.reshape(shape)[segment, kind, population.visit].astype(np.int32)
    out = tuple(np.zeros(len(population), np.int64) for _ in COLUMNS)
    return Prepared(np.ascontiguousarray(rows), profile, population, rules.denominator, out)


def _fields(executor: Executor, segment: int, person: int, visit: int) -> Fields:
    """Return the row of a profile, from the programs that run for the first three admissions."""
    found = [_figures(executor, segment, person, visit, before) for before in range(3)]
    names, first = found[0]
    steps = set(names)
    common = {
        "recipient": int(bool(steps & {"outpatient_assistance_pay", "inpatient_assistance_pay"})),
        "resident": int(PERSONS[person].facts[0] == "resident"),
    }
    if "outpatient_deductible_borne" in steps:
        (rate,) = (first[n] for n in first if n in _OUTPATIENT_RATES)
        return Fields(
            OUTPATIENT,
            first["outpatient_deductible"],
            first["outpatient_ceiling"],
            rate,
            aid_rate=first.get("outpatient_assistance_rate", 0),
            aid_limit=first.get("outpatient_assistance_limit", 0),
            **common,
        )
    if "after_deductible" not in steps:
        return Fields(NOT_PAYABLE)
    special = "special_outpatient_deductible_borne" in steps
    standard = "special_outpatient_deductible" if special else "inpatient_deductible"
    later = {} if special else _later(found[1][1], found[2][1])
    return Fields(
        SPECIAL if special else INPATIENT,
        first[standard],
        **common,
        **_bands(first),
        **later,
        **{field: first.get(name, 0) for field, name in _LAYERS.items()},
    )


_OUTPATIENT_RATES = {"employee_outpatient_rate", "resident_outpatient_rate", "pharmacy_rate"}
_LAYERS = {
    "large_ceiling": "large_expense_ceiling",
    "large_rate": "large_expense_rate",
    "serious_start": "serious_illness_start",
    "serious_edge_1": "serious_illness_band[1]",
    "serious_edge_2": "serious_illness_band[2]",
    "serious_edge_3": "serious_illness_ceiling",
    "serious_rate_1": "serious_illness_rate[1]",
    "serious_rate_2": "serious_illness_rate[2]",
    "serious_rate_3": "serious_illness_rate[3]",
    "aid_band": "assistance_first_band",
    "aid_top": "assistance_top",
    "aid_rate_1": "inpatient_assistance_rate[1]",
    "aid_rate_2": "inpatient_assistance_rate[2]",
    "again_start": "second_round_start",
    "again_rate": "second_round_rate",
    "again_limit": "second_round_limit",
}


def _bands(figures: dict[str, int]) -> dict[str, int]:
    """Return the pool's bands: two of an employee, one of a resident."""
    assert not figures.get("serious_illness_uplift", 0), "the loops know no uplift"
    if "pool_ceiling" in figures:
        return {
            "first_band": figures["pool_first_band"],
            "ceiling": figures["pool_ceiling"],
            "rate": figures["employee_inpatient_rate[1]"],
            "second_rate": figures["employee_inpatient_rate[2]"],
        }
    (rate,) = (figures[n] for n in figures if n in _RESIDENT_RATES)
    ceiling = figures["resident_inpatient_ceiling"]
    return {"first_band": ceiling, "ceiling": ceiling, "rate": rate}


_RESIDENT_RATES = {"resident_inpatient_rate", "resident_special_outpatient_rate"}


def _later(second: dict[str, int], third: dict[str, int]) -> dict[str, int]:
    return {
        "later_deductible": second["inpatient_deductible"],
        "third_deductible": third["inpatient_deductible"],
    }


def _figures(
    executor: Executor, segment: int, person: int, visit: int, admissions: int
) -> tuple[list[str], dict[str, int]]:
    """Return the steps that a profile runs after some admissions, and the figures by name."""
    day = SEGMENTS[segment]
    kind = PERSONS[person]
    status = Status("p", NEW_YEAR, None, kind.born, kind.facts)
    nothing = (0,) * len(vocabulary().amounts)
    at = datetime.combine(day, datetime.min.time())
    claim = Claim("c", "p", day, day, at, VISITS[visit].facts, nothing)
    state = YearState(executor.opening())
    state.values[list(executor.policy.region.state).index("admissions")] = admissions
    program = executor.settle(claim, status, str(kind.facts[0]), day, state).program
    structure = program.structure
    assert max(program.figures, default=0) <= UNLIMITED
    steps = [instruction.step.id for instruction in structure.instructions]
    return steps, dict(zip(structure.figures, program.figures, strict=True))


# --- loops ----------------------------------------------------------------------------------------


def prepare_c(prepared: Prepared) -> Run:
    """Return the C loop; raises Skipped where there is no compiler."""
    macros = {"BASE": prepared.denominator}
    library = native.compiled(Path(__file__).with_name("tianjin.c"), macros)
    library.fields.restype = ctypes.c_int64
    assert library.fields() == prepared.rows.shape[1] == len(Fields._fields)
    of = prepared.population
    inputs = (of.start, prepared.rows, prepared.profile, of.total, of.in_scope, of.available)
    arguments = [native.pointer(a) for a in (*inputs, of.episode, *prepared.out)]
    persons = ctypes.c_int64(len(of.person))

    def run() -> dict[str, Int64]:
        library.settle(persons, *arguments)
        return prepared.columns()

    return run


def prepare_numba(prepared: Prepared) -> Run:
    """Return the Numba loop, compiled."""
    from peers import tianjin_numba

    loop = tianjin_numba.make(prepared.denominator)
    of = prepared.population
    columns = (prepared.profile, of.total, of.in_scope, of.available, of.episode)

    def run() -> dict[str, Int64]:
        loop(of.start, prepared.rows, columns, prepared.out)
        return prepared.columns()

    run()
    return run
