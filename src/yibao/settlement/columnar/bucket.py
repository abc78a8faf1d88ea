"""Make a bucket ready: the status, year and profile of each item, and of each person's year ends.

Enters: items and statuses. Leaves: `Prepared`, which holds no text and needs no policy any more
than the numbers of its profiles. May be settled many times, with other figures.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np

from yibao.policy.vocabulary import vocabulary
from yibao.settlement.columnar import prepare
from yibao.settlement.columnar.bodies import ANSWER_BITS, SEVERAL, SLOT_BITS
from yibao.settlement.columnar.data import NONE, Flags, Int8, Int32, Int64, Items, Opening, Statuses
from yibao.settlement.columnar.days import calendar, day_of, number_of
from yibao.settlement.columnar.prepare import Calendar, Insured
from yibao.settlement.columnar.profiles import Profiles
from yibao.settlement.columnar.programs import Programs
from yibao.settlement.columnar.shapes import Rows, Years

NEVER = np.iinfo(np.int16).max
"""`Years.begins` of a person without any status."""


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """Items whose profiles are known.

    `amounts` lists the addresses of the items' amounts, which `rows` refers to; `scheme` and `day`
    are those of `data.Result`, but for reversals; `episodes` and `ids` count what the loop must
    remember.
    """

    items: Items
    rows: Rows
    years: Years
    amounts: Int64
    scheme: Int8
    day: Int32
    episodes: int
    ids: int

    @property
    def persons(self) -> int:
        """How many persons there are."""
        return self.items.persons


def prepared(
    profiles: Profiles,
    programs: Programs,
    items: Items,
    statuses: Statuses,
    opening: Opening | None,
    closing_year: int | None,
) -> Prepared:
    """Prepare a bucket; new profiles are taken in."""
    policy = profiles.policy
    day = items.discharged if policy.region.stays_by == "discharge" else items.admitted
    insured = Insured(*(getattr(statuses, name) for name in Insured._fields))
    schemes = _schemes()
    begin = number_of(policy.calendar.days[0]) if policy.calendar.days else 0
    first, last = _days(items, statuses, day, begin, closing_year)
    days = calendar(policy.calendar.days, profiles.edges, first, last)
    begins = np.full(items.persons, NEVER, np.int16)
    base = _base(insured, days, begin, day, items, opening)
    prepare.first_years(insured, days, begin, base, begins)
    slot, profile = _claims(profiles, items, insured, day, days, base, schemes)
    closing = NONE if closing_year is None else closing_year - base
    years = max(int(slot.max(initial=0)) // len(schemes), closing) + 2
    year_end = _year_ends(profiles, items, insured, slot, begins, closing, days, base, years)
    episode = np.empty(len(items), np.int32)
    episodes = prepare.episode_rows(items.start, slot, items.episode, episode)
    ids = int(max(items.own_id.max(initial=NONE), items.reverses.max(initial=NONE))) + 1
    amounts = np.array([a.ctypes.data for a in (*items.amounts, items.account_available)], np.int64)
    late = items.settled_year - base > slot // len(schemes)
    plain, others = _plain(profiles, programs, items, slot, profile, episode, late)
    given = opening or _no_opening(items.persons, profiles)
    if closing_year is None:
        prepare.mark_simple(items.start, slot, begins, len(schemes), given.start, plain)
    rows = Rows(
        items.start, plain, plain.ctypes.data, others, slot, episode, items.own_id, items.reverses,
        amounts.ctypes.data,
    )  # fmt: skip
    ends = Years(
        base, years, len(schemes), begins, year_end,
        given.start, given.year, given.values, closing,
        np.arange(years * len(schemes)) // len(schemes),
    )  # fmt: skip
    scheme = np.where(slot == NONE, NONE, slot % len(schemes)).astype(np.int8)
    return Prepared(items, rows, ends, amounts, scheme, day, episodes, ids)


def _plain(
    profiles: Profiles,
    programs: Programs,
    items: Items,
    slot: Int32,
    row: Int32,
    episode: Int32,
    late: Flags,
) -> tuple[Int64, Int32]:
    """Return what the loop needs of each plain claim as one number, and what of the others."""
    claims = (items.facts != NONE) & (slot != NONE)
    plain = claims & (items.own_id == NONE) & (items.episode == NONE) & ~late
    held = np.append(_held(profiles.rows(), programs.held()), 0)[row]
    numbers: Int64 = slot.astype(np.int64) + 1 << SLOT_BITS | held
    others = np.flatnonzero(~plain)
    numbers[others] = -1 - np.arange(len(others))
    columns = (items.own_id, items.reverses, slot, row, episode, late)
    return numbers, np.stack([c[others].astype(np.int32) for c in columns], axis=1)


def _held(rows: Int32, answers: Int64) -> Int64:
    """Return what a claim holds of each row of answers: the answer if it is only one."""
    if len(rows) > 1 << ANSWER_BITS or len(answers) > 1 << ANSWER_BITS:
        raise ValueError(f"{len(rows)} rows, {len(answers)} answers: more than a claim can hold")
    last = rows[:, -1]
    same = ((rows == rows[:, -1:]) | (rows == NONE)).all(axis=1)
    several = SEVERAL << ANSWER_BITS | np.arange(len(rows))
    return np.where(same, np.append(answers, NONE)[last], several)


def _schemes() -> tuple[str, ...]:
    return tuple(vocabulary().attributes["scheme"].codes or ())


def _days(
    items: Items, statuses: Statuses, day: Int32, begin: int, closing_year: int | None
) -> tuple[int, int]:
    """Return the first and last day that is looked at: whole years, births included."""
    claims = day[items.facts != NONE]
    low = [begin, *_least(claims), *_least(statuses.birth)]
    high = [begin, *_most(claims), *_most(statuses.first), *_most(statuses.birth)]
    last_year = max(day_of(max(high)).year, closing_year or 0)
    first_year = day_of(min(low)).year
    return number_of(date(first_year, 1, 1)), number_of(date(last_year, 12, 31))


def _least(numbers: Int32) -> list[int]:
    return [int(numbers.min())] if len(numbers) else []


def _most(numbers: Int32) -> list[int]:
    return [int(numbers.max())] if len(numbers) else []


def _base(
    insured: Insured, days: Calendar, begin: int, day: Int32, items: Items, opening: Opening | None
) -> int:
    """Return the first year that matters to anybody of the bucket."""
    years = [day_of(least).year for least in _least(day[items.facts != NONE])]
    if len(insured.first):
        years.append(day_of(max(int(insured.first.min()), begin)).year)
    if opening is not None and len(opening.year):
        years.append(int(opening.year.min()))
    return min(years, default=day_of(begin).year)


def _no_opening(persons: int, profiles: Profiles) -> Opening:
    carried = sum(v.scope != "episode" for v in profiles.policy.region.state.values())
    none = np.zeros((0, carried), np.int64)
    return Opening(np.zeros(persons + 1, np.int64), np.zeros(0, np.int16), none)


def _claims(
    profiles: Profiles,
    items: Items,
    insured: Insured,
    day: Int32,
    days: Calendar,
    base: int,
    schemes: tuple[str, ...],
) -> tuple[Int32, Int32]:
    """Return the slot of each item, and the row of answers of its profile."""
    slot, profile = np.empty(len(items), np.int32), np.empty(len(items), np.int32)
    variants = _variants(profiles, items)
    place = [a.name for a in vocabulary().of("person") if a.kind != "number"].index("scheme")
    number = {scheme: n for n, scheme in enumerate(schemes)}
    of = [number.get(str(facts[place]), NONE) for facts in profiles.person_facts]
    scheme_of = np.array(of, np.int32)  # rows that were rejected left facts of no scheme

    def step(person: int) -> tuple[int, int]:
        return prepare.resolve(
            person, items.start, day, items.facts, items.derive, items.institution, variants,
            insured, scheme_of, len(schemes), base, days, profiles.table, profiles.count,
            profiles.limit, slot, profile,
        )  # fmt: skip

    _until_done(profiles, items.persons, _most_items(items.start), step)
    return slot, profiles.rows_of(profile)


def _most_items(start: Int64) -> int:
    return int(np.diff(start).max(initial=0))


def _until_done(
    profiles: Profiles, persons: int, most: int, step: Callable[[int], tuple[int, int]]
) -> None:
    """Run a step that stops when the table of profiles is full, until it is done."""
    person = 0
    while person < persons:
        profiles.grow(most + 1)
        person, count = step(person)
        profiles.take(count)


def _variants(profiles: Profiles, items: Items) -> Int32:
    """Return, for claim facts whose flags follow from the institution, the codes with them set."""
    facts, names = profiles.claim_facts, [a.name for a in vocabulary().of("claim")]
    flags = [names.index(n) for n in ("at_chosen_institution", "at_contracted_institution")]
    open_ = np.unique(items.facts[items.derive != 0])
    variants = np.full((int(open_.max(initial=-1)) + 1, 1 << len(flags)), NONE, np.int32)
    for code in open_.tolist():
        for bits in range(1 << len(flags)):
            own = list(facts[code])
            for n, at in enumerate(flags):
                own[at] = bool(own[at]) or bool(bits >> n & 1)
            variants[code, bits] = facts.code(tuple(own))
    return variants


def _year_ends(
    profiles: Profiles,
    items: Items,
    insured: Insured,
    slot: Int32,
    begins: np.ndarray[tuple[int], np.dtype[np.int16]],
    closing: int,
    days: Calendar,
    base: int,
    years: int,
) -> Int32:
    """Return the row of answers of each person's year ends, flat: person * years + year."""
    year_end = np.full(items.persons * years, NONE, np.int32)
    new_year = np.array([number_of(date(base + y, 1, 1)) for y in range(years + 1)], np.int64)

    def step(person: int) -> tuple[int, int]:
        return prepare.resolve_year_ends(
            person, items.start, slot, len(_schemes()), insured, begins, years, closing,
            new_year, days, profiles.table, profiles.count, profiles.limit, year_end,
        )  # fmt: skip

    _until_done(profiles, items.persons, years, step)
    return profiles.rows_of(year_end)
