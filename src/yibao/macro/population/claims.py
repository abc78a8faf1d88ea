"""Draw the claims of a block: who goes where on which day, and what it costs.

Claims lie person by person, then by the moment of settlement; a reversal is a row of its own. Days
are counted from 1970-01-01, moments are seconds of the day, amounts fen.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from yibao.macro.population.bills import Bills, divide, draw_totals
from yibao.macro.population.calibrate import Scales
from yibao.macro.population.figures import Figures, Floats, Ints, fen, number, numbers
from yibao.macro.population.need import (
    CHRONIC,
    KINDS,
    PURCHASE,
    RESIDENT,
    STAY,
    TWO_DISEASE,
    TWO_DISEASES,
    VISIT,
    frailty,
    need,
    special_weights,
)
from yibao.macro.population.people import Days, Flags, People, Small, Span

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
_SPELLS = 4
"""Most spells of illness that a person's visits of a half-year fall into."""


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


@dataclass(frozen=True, slots=True, eq=False)
class Claims:
    """The claims of a block in their order. n rows.

    number    n: of the person's claims, from 1
    reverses  n: number of the person's claim that the row takes back, 0 for a claim
    episode   n: number of the person's claim that began the episode, 0 for none
    disease   n: number of the model's disease, -1 for none
    The rest as in `Draft`; the amounts of a reversal are 0.
    """

    person: npt.NDArray[np.int32]
    number: npt.NDArray[np.int32]
    reverses: npt.NDArray[np.int32]
    episode: npt.NDArray[np.int32]
    visit: Small
    admitted: Days
    discharged: Days
    settled: Ints
    level: Small
    institution: npt.NDArray[np.int32]
    outcome: Small
    prescriber: Small
    disease: Small
    bills: Bills
    tcm: Ints
    account: Ints

    def __len__(self) -> int:
        return len(self.person)


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """What the claims of a block are drawn from."""

    figures: Figures
    span: Span
    people: People
    scales: Scales
    rng: np.random.Generator


def draw_claims(block: Block) -> Claims:
    """Draw all claims of a block's people."""
    figures, rng = block.figures, block.rng
    draft = _with_observations(block, _with_transfers(block, _visits(block)))
    total = draw_totals(figures, draft.mean * _level_costs(figures, draft), draft.kind, rng)
    bills = divide(figures, total, draft.kind, draft.employee, rng)
    return _in_order(block, draft, bills)


# --- visits ---------------------------------------------------------------------------------------


def _visits(block: Block) -> Draft:
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
        second=_seconds(count, rng),
        level=level,
        institution=_institutions(figures, people, person, level, rng),
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


def _level_costs(figures: Figures, draft: Draft) -> Floats:
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


def _institutions(
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
    days = _stay_days(block.figures, employee[stays], block.rng)
    admitted[stays] = np.maximum(discharged[stays] - days, block.people.birth[person[stays]])
    return admitted


def _stay_days(figures: Figures, employee: Flags, rng: np.random.Generator) -> Ints:
    told = [figures.by_scheme("stay_days", scheme) for scheme in ("resident", "employee")]
    mean = np.array([figure.value for figure in told if figure is not None])
    by = number(figures.model["costs"]["stay_days"])
    draw = np.exp(by * rng.standard_normal(len(employee)) - by * by / 2)
    days: Ints = np.maximum(np.rint(mean[employee.astype(int)] * draw), 1).astype(np.int64)
    return days


def _seconds(count: int, rng: np.random.Generator) -> npt.NDArray[np.int32]:
    """Draw moments between eight and half past five."""
    return (28_800 + rng.random(count) * 34_200).astype(np.int32)


# --- episodes -------------------------------------------------------------------------------------


def _with_transfers(block: Block, draft: Draft) -> Draft:
    """Let some stays at levels 1 and 2 be followed by one at level 3, in one episode."""
    figures, people, rng = block.figures, block.people, block.rng
    stays = np.flatnonzero(draft.kind == STAY)
    below = stays[draft.level[stays] < 3]
    share = number(figures.model["visits"]["transfers"]) * len(stays) / max(len(below), 1)
    chosen = below[rng.random(len(below)) < share]
    days = _stay_days(figures, draft.employee[chosen], rng)
    until = np.minimum(people.death[draft.person[chosen]], block.span.end)
    kept = draft.discharged[chosen] + days <= until
    chosen, days = chosen[kept], days[kept]
    more = draft.take(chosen)
    more.admitted = draft.discharged[chosen]
    more.discharged = (more.admitted + days).astype(np.int32)
    more.level = np.full(len(chosen), 3, dtype=np.int8)
    more.second = _seconds(len(chosen), rng)
    more.institution = _institutions(figures, people, more.person, more.level, rng)
    more.after = chosen
    return draft.add(more)


def _with_observations(block: Block, draft: Draft) -> Draft:
    """Put an emergency observation before some stays, in one episode with them."""
    figures, rng = block.figures, block.rng
    if not figures.region["observation"]:
        return draft
    # A stay may have begun before the first day; its observation is then not among the claims.
    begun = draft.admitted >= block.span.start
    stays = np.flatnonzero((draft.kind == STAY) & (draft.after < 0) & begun)
    share = number(figures.model["visits"]["observation"])
    chosen = stays[rng.random(len(stays)) < share]
    more = draft.take(chosen)
    more.kind = np.full(len(chosen), VISIT, dtype=np.int8)
    more.visit = np.full(len(chosen), OBSERVATION, dtype=np.int8)
    more.outcome = np.ones(len(chosen), dtype=np.int8)
    more.discharged = more.admitted
    more.second = _seconds(len(chosen), rng)
    group = np.where(more.employee, 1, RESIDENT)
    visit, stay = (block.scales.costs[more.half // 2, group, kind] for kind in (VISIT, STAY))
    more.mean = more.mean * visit / stay * number(figures.model["visits"]["observation_cost"])
    draft.after[chosen] = len(draft) + np.arange(len(chosen))
    return draft.add(more)


# --- in order -------------------------------------------------------------------------------------


def _in_order(block: Block, draft: Draft, bills: Bills) -> Claims:
    """Add the reversals, sort by person and moment, and number each person's claims."""
    figures, rng = block.figures, block.rng
    count = len(draft)
    settled = draft.discharged.astype(np.int64) * 86_400 + draft.second
    taken = rng.random(count) < number(figures.model["visits"]["reversals"])
    back = np.flatnonzero(taken)
    when = draft.discharged[back] + 1 + (rng.random(len(back)) * 20).astype(np.int64)
    back, when = back[when <= block.span.end], when[when <= block.span.end]
    moment = when * 86_400 + _seconds(len(back), rng)
    person = np.concatenate((draft.person, draft.person[back]))
    settled = np.concatenate((settled, moment))
    key = (person.astype(np.int64) << 36) + settled
    order = np.argsort(key, kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    source = np.concatenate((np.arange(count), back))[order]
    reversal = order >= count
    person = person[order]
    starts = np.searchsorted(person, np.arange(len(block.people)))
    numbers_of = (np.arange(len(order)) - starts[person] + 1).astype(np.int32)
    first = _episode_starts(draft)

    def number_of(rows: Ints) -> npt.NDArray[np.int32]:
        return np.where(rows >= 0, numbers_of[place[rows]], 0).astype(np.int32)

    def claim(column: Any) -> Any:
        return np.where(reversal, np.zeros(1, column.dtype), column[source])

    sorted_bills = Bills(
        total=claim(bills.total),
        out_of_catalogue=claim(bills.out_of_catalogue),
        over_limit=claim(bills.over_limit),
        first_self_pay=claim(bills.first_self_pay),
        in_scope=claim(bills.in_scope),
        lines=tuple(claim(line) for line in bills.lines),
        standard=claim(bills.standard),
    )
    visit, level, institution = claim(draft.visit), claim(draft.level), claim(draft.institution)
    return Claims(
        person=person,
        number=numbers_of,
        reverses=np.where(reversal, number_of(source), 0).astype(np.int32),
        episode=claim(number_of(first)),
        visit=visit,
        admitted=draft.admitted[source],
        discharged=draft.discharged[source],
        settled=settled[order],
        level=level,
        institution=institution,
        outcome=claim(draft.outcome),
        prescriber=_prescribers(figures, visit, reversal, rng),
        disease=_diseases(block, draft, source, reversal),
        bills=sorted_bills,
        tcm=_tcm(figures, sorted_bills.in_scope, is_tcm(level, institution), rng),
        account=_accounts(block, draft, source, reversal),
    )


def _episode_starts(draft: Draft) -> Ints:
    """Return for each row the row that began its episode, -1 where there is none."""
    first = draft.after.copy()
    linked = np.flatnonzero(first >= 0)
    earlier = first[first[linked]]
    first[linked] = np.where(earlier >= 0, earlier, first[linked])
    first[first[linked]] = first[linked]
    return first


def is_tcm(level: Any, institution: Any) -> Flags:
    """Tell which institutions are of traditional Chinese medicine: some of levels 2 and 3."""
    result: Flags = (level >= 2) & (institution % 9 == 4)
    return result


def is_reformed(level: Any, institution: Any) -> Flags:
    """Tell which institutions are public hospitals under the reform: most of levels 2 and 3."""
    result: Flags = (level >= 2) & (institution % 5 != 3)
    return result


def _prescribers(
    figures: Figures, visit: Small, reversal: Flags, rng: np.random.Generator
) -> Small:
    """Draw the level of the prescriber of what is bought at a pharmacy, 0 where there is none."""
    draw = rng.random(len(visit), dtype=np.float32)
    share = number(figures.model["visits"]["prescribed"])
    level = np.minimum(1 + draw / share * 3, 3).astype(np.int8)
    bought = (visit == PHARMACY) & ~reversal & (draw < share)
    return np.where(bought, level, np.int8(0)).astype(np.int8)


def _diseases(block: Block, draft: Draft, source: Ints, reversal: Flags) -> Small:
    """Draw the disease that a chronic or two-disease visit is for among those registered then."""
    figures, rng = block.figures, block.rng
    disease = np.full(len(source), -1, dtype=np.int8)
    if not figures.region["diseases"]:
        return disease
    days = block.people.registered(figures.model["registration"]["days"])
    two = np.array([float(name in TWO_DISEASES) for name in figures.diseases])
    for kind, weights in ((CHRONIC, special_weights(figures)), (TWO_DISEASE, two)):
        rows = np.flatnonzero((draft.kind[source] == kind) & ~reversal)
        of = source[rows]
        begun = days[draft.person[of]] <= block.span.bounds[draft.half[of]][:, None]
        sums = np.cumsum(begun * weights, axis=1)
        draw = rng.random(len(rows)) * sums[:, -1]
        disease[rows] = (sums <= draw[:, None]).sum(axis=1)
    return disease


def _tcm(figures: Figures, in_scope: Ints, at_tcm: Flags, rng: np.random.Generator) -> Ints:
    """Draw how much of in-scope expense is Chinese medicine, in whole fen."""
    share = 2 * number(figures.model["bills"]["tcm"]) * rng.random(len(in_scope))
    return np.where(at_tcm, np.rint(in_scope * share), 0).astype(np.int64)


def _accounts(block: Block, draft: Draft, source: Ints, reversal: Flags) -> Ints:
    """Draw what employees have in their account: a year's balance that is drawn down, in fen."""
    told = block.figures.model["accounts"]
    drawn = np.exp(
        number(told["spread"]) * block.rng.standard_normal((len(block.people), block.span.years))
    ) * fen(told["median"])
    half = draft.half[source]
    begun = block.span.bounds[half - half % 2]
    left = np.maximum(1 - 0.8 * (draft.discharged[source] - begun) / 366, 0)
    balance = drawn[draft.person[source], half // 2] * left
    has = draft.employee[source] & ~reversal
    return np.where(has, np.rint(balance), 0).astype(np.int64)
