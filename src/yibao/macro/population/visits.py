"""Draw visits, purchases and stays: who goes where on which day, and what that costs on average."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from yibao.macro.population.days import Days
from yibao.macro.population.draft import (
    EMERGENCY,
    INPATIENT,
    OBSERVATION,
    OUTPATIENT,
    PHARMACY,
    TWO,
    VISITS,
    Block,
    Draft,
)
from yibao.macro.population.figures import Figures, Flags, Floats, Ints, Small, number, numbers
from yibao.macro.population.need import (
    CHRONIC,
    KINDS,
    PURCHASE,
    RESIDENT,
    STAY,
    TWO_DISEASE,
    VISIT,
    frailty,
    need,
)
from yibao.macro.population.people import People

_SPELLS = 4
"""Most spells of illness that a person's visits of a half-year fall into."""


def draw_visits(block: Block) -> Draft:
    """Draw visits, purchases and stays, half-year by half-year."""
    figures, people, rng = block.figures, block.people, block.rng
    frail = frailty(figures, people, block.span.years, rng)
    parts = [_half(block, half, frail[half // 2]) for half in range(2 * block.span.years)]
    person, half, kind, day, mean, employee = (
        np.concatenate(part) for part in zip(*parts, strict=True)
    )
    count = len(person)
    told = figures.model["visits"]
    visit = _visit_codes(figures)[kind]
    urgent = (kind == VISIT) & (rng.random(count) < number(told["emergency"]))
    visit[urgent] = EMERGENCY
    outcome = np.zeros(count, dtype=np.int8)
    if figures.region["observation"]:
        visit[urgent & (rng.random(count) < number(told["observation_home"]))] = OBSERVATION
    level = _levels(figures, kind, employee, rng)
    level[urgent] = np.maximum(level[urgent], 2)
    mean[urgent] *= number(figures.model["costs"]["emergency"])
    admitted = _admitted(block, person, kind, employee, day)
    return Draft(
        person=person,
        half=half,
        kind=kind,
        visit=visit,
        employee=employee,
        admitted=admitted,
        discharged=day,
        second=seconds(count, rng),
        level=level,
        institution=institutions(figures, people, person, level, rng),
        outcome=outcome,
        mean=mean,
        after=np.full(count, -1, dtype=np.int64),
    )


def _visit_codes(figures: Figures) -> Small:
    codes = np.zeros(KINDS, dtype=np.int8)
    codes[VISIT], codes[PURCHASE], codes[STAY] = OUTPATIENT, PHARMACY, INPATIENT
    codes[TWO_DISEASE], codes[CHRONIC] = TWO, VISITS.index(figures.chronic_visit)
    return codes


def _half(block: Block, half: int, frail: Floats) -> tuple[Any, ...]:
    """Draw the visits of a half-year: person, half, kind, day, mean cost, scheme."""
    span, people, scales, rng = block.span, block.people, block.scales, block.rng
    wanted = need(block.figures, span, people, half, frail)
    first, after = (int(day) for day in span.bounds[half : half + 2])
    length = np.clip(people.death + 1 - first, 1, after - first).astype(np.int64)
    spells = rng.random((len(people), _SPELLS), dtype=np.float32)
    persons, kinds = [np.zeros(0, dtype=np.int32)], [np.zeros(0, dtype=np.int8)]
    days, means = [np.zeros(0, dtype=np.int32)], [np.zeros(0)]
    for kind in range(KINDS):
        rate = wanted.rates[kind] * scales.rates[half // 2][wanted.group, kind]
        if not rate.any():
            continue
        counts = rng.poisson(rate)
        person = np.repeat(np.arange(len(people), dtype=np.int32), counts)
        offset = _offsets(block, kind, counts, spells, length)
        persons.append(person)
        kinds.append(np.full(len(person), kind, dtype=np.int8))
        days.append((first + offset).astype(np.int32))
        mean = wanted.cost * scales.costs[half // 2][wanted.group, kind]
        means.append(mean[person])
    person = np.concatenate(persons)
    employee = wanted.group[person] != RESIDENT
    halves = np.full(len(person), half, dtype=np.int8)
    columns = (np.concatenate(kinds), np.concatenate(days), np.concatenate(means))
    return (person, halves, *columns, employee)


def _offsets(
    block: Block, kind: int, counts: Ints, spells: npt.NDArray[np.float32], length: Ints
) -> Ints:
    """Return how far into the half-year each visit is; `counts` and `length` are by person.

    Visits come in spells that all kinds of care share; special and chronic care is spread evenly.
    """
    rng = block.rng
    person = np.repeat(np.arange(len(counts)), counts)
    span = length[person]
    if kind in {CHRONIC, TWO_DISEASE}:
        return np.floor(rng.random(len(person)) * span).astype(np.int64)
    told = block.figures.model["clustering"]
    used = np.clip(-(-counts // int(told["visits"])), 1, _SPELLS)[person]
    which = (rng.random(len(person), dtype=np.float32) * used).astype(np.int64)
    start = spells[person, which] * span
    later = number(told["days"]) * rng.standard_exponential(len(person), dtype=np.float32)
    return np.floor(start + later).astype(np.int64) % span


def _admitted(
    block: Block,
    person: npt.NDArray[np.int32],
    kind: Small,
    employee: Flags,
    discharged: Days,
) -> Days:
    """Return the day of admission; a visit has the day itself."""
    admitted = discharged.copy()
    stays = np.flatnonzero(kind == STAY)
    days = stay_days(block.figures, employee[stays], block.rng)
    admitted[stays] = np.maximum(discharged[stays] - days, block.people.birth[person[stays]])
    return admitted


def stay_days(figures: Figures, employee: Flags, rng: np.random.Generator) -> Ints:
    told = [figures.by_scheme("stay_days", scheme) for scheme in ("resident", "employee")]
    mean = np.array([figure.value for figure in told if figure is not None])
    by = number(figures.model["costs"]["stay_days"])
    draw = np.exp(by * rng.standard_normal(len(employee)) - by * by / 2)
    days: Ints = np.maximum(np.rint(mean[employee.astype(int)] * draw), 1).astype(np.int64)
    return days


def seconds(count: int, rng: np.random.Generator) -> npt.NDArray[np.int32]:
    """Draw moments between eight and half past five."""
    return (28_800 + rng.random(count) * 34_200).astype(np.int32)


# --- where ----------------------------------------------------------------------------------------


def _levels(figures: Figures, kind: Small, employee: Flags, rng: np.random.Generator) -> Small:
    """Draw the level of the institution; purchases have none, and two-disease drugs level 1, 2."""
    shares = _level_shares(figures)
    low, middle = (shares[employee.astype(int), kind, at] for at in (0, 1))
    draw = rng.random(len(kind), dtype=np.float32)
    level = np.where(draw < low, 1, np.where(draw < low + middle, 2, 3)).astype(np.int8)
    level[kind == PURCHASE] = 0
    level[kind == TWO_DISEASE] = np.minimum(level[kind == TWO_DISEASE], 2)
    return level


def _level_shares(figures: Figures) -> Floats:
    """Return the shares of levels 1, 2, 3 by scheme (resident, employee) and kind."""
    names = {VISIT: "outpatient", TWO_DISEASE: "outpatient", CHRONIC: "chronic", STAY: "inpatient"}
    shares = np.zeros((2, KINDS, 3))
    for at, scheme in enumerate(("resident", "employee")):
        for kind, name in names.items():
            two = numbers(figures.region["levels"][name][scheme])
            shares[at, kind] = [*two, 1 - two.sum()]
    return shares


def level_costs(figures: Figures, draft: Draft) -> Floats:
    """Return the cost at a level over that of all levels, for each claim.

    Of stays the ratio of level 3 is published and that of level 1 assumed; level 2 follows. Among
    visits there are emergencies, which are dearer and never at level 1.
    """
    told = figures.model["costs"]
    shares = _level_shares(figures)
    factors = np.ones((2, KINDS, 4))
    relative = numbers(told["visit_levels"])
    urgent = number(figures.model["visits"]["emergency"])
    for at, scheme in enumerate(("resident", "employee")):
        for kind in (VISIT, CHRONIC, TWO_DISEASE):
            one, two, three = shares[at, kind]
            mean = relative @ (one, two, three)
            if kind == VISIT:
                dear = number(told["emergency"]) * (relative @ (0, one + two, three))
                mean += urgent * (dear - mean)
            if kind == TWO_DISEASE:
                mean = relative @ (one, two + three, 0)
            factors[at, kind, 1:] = relative / mean if mean else 1.0
        top = figures.by_scheme("tertiary_over_all", scheme)
        assert top is not None
        low, (one, two, three) = number(told["level_1"][scheme]), shares[at, STAY]
        if two:
            factors[at, STAY, 1:] = low, (1 - one * low - three * top.value) / two, top.value
    result: Floats = factors[draft.employee.astype(int), draft.kind, draft.level]
    return result


def institutions(
    figures: Figures,
    people: People,
    person: npt.NDArray[np.int32],
    level: Small,
    rng: np.random.Generator,
) -> npt.NDArray[np.int32]:
    """Draw the institution among those of its level; mostly the one signed with or chosen."""
    told = figures.region["institutions"]
    sizes = np.array([told["pharmacy"], told["1"], told["2"], told["3"]])
    drawn = (rng.random(len(person)) * sizes[level]).astype(np.int32)
    own = np.where(level == 1, people.contracted[person], -1)
    own = np.where(level == 3, people.chosen[person], own)
    share = number(figures.model["visits"]["own_institution"])
    at_own = (own >= 0) & (rng.random(len(person), dtype=np.float32) < share)
    return np.where(at_own, own, drawn).astype(np.int32)
