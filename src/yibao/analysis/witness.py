"""From a world to one patient in it: a person who could stand at the counter.

Enters: the boxes of a world, one value of each axis standing for many. Leaves: attributes that
agree with each other (codes held, the age on two days, the registered disease), a birth date, and
the opening state; None where no person fits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import product

from yibao.analysis.patient import Given
from yibao.analysis.space import Open
from yibao.policy.checking.selections import World
from yibao.policy.model import Region, Value
from yibao.policy.vocabulary import Attribute, vocabulary
from yibao.settlement.enrolment import AGES

OLDEST = 110
ADULT = 45
LIKELY = {"student_child": 17, "retired": 65}
"""Completed years of the person in an example, by category."""


def person(
    region: Region, space: Open, world: World, day: date, like: Given | None = None
) -> Given | None:
    """Return a patient of a world on `day`, or None where its parts contradict each other.

    The age is likely for the category, or as near as can be to that of the patient `like`.
    """
    birth = like.birth_date if like is not None else None
    if birth is None or not _born_then(space, world, birth, day):
        category = str(world.get("category", ("adult",))[0])
        likely = AGES["age"](birth, day) if birth else LIKELY.get(category, ADULT)
        birth = _birth(space, world, day, likely)
    if birth is None:
        return None
    held = {name: world.get(name, values) for name, values in space.axes.items()}
    for disease, registered in product(
        held.get("disease", ("none",)), held.get("disease_registered", (False, True))
    ):
        found = _codes(region, space, held, str(disease), bool(registered))
        if found is not None:
            return Given({**found, "disease": disease}, birth, opening(region, held))
    return None


def _codes(
    region: Region, space: Open, held: World, disease: str, registered: bool
) -> dict[str, Value] | None:
    found: dict[str, Value] = {}
    for attribute in vocabulary().attributes.values():
        if attribute.of not in {"person", "claim"} or attribute.name in AGES:
            continue
        if attribute.kind == "set":
            wanted = {disease: registered} if attribute.name == "registered_diseases" else {}
            codes = _set(space, held, attribute, wanted)
            if codes is None:
                return None
            found[attribute.name] = codes
        elif attribute.name in held:
            found[attribute.name] = _likely(space, attribute, held[attribute.name])
    return None if disease == "none" and registered else found


def _likely(space: Open, attribute: Attribute, values: Sequence[Value]) -> Value:
    """Return the value for absent where the world has one like it, else its first."""
    absent = attribute.absent
    if absent is not None and space.stands_for(attribute.name, absent) in values:
        return absent
    return values[0]


def _set(
    space: Open, held: World, attribute: Attribute, wanted: Mapping[str, bool]
) -> frozenset[str] | None:
    """Return codes held: of each group as many as the world says, with or without those wanted."""
    chosen = {code for code, with_it in wanted.items() if with_it and code != "none"}
    for group in space.groups(attribute.name):
        count = held[group.axis][0]
        assert isinstance(count, int)
        here = chosen & group.codes
        others = [c for c in sorted(group.codes) if c not in wanted]
        if len(here) > count or len(here) + len(others) < count:
            return None
        chosen |= set(others[: count - len(here)])
    return frozenset(chosen)


def _birth(space: Open, world: World, day: date, likely: int) -> date | None:
    """Return a birth date whose ages lie in the parts of the world."""
    for years in sorted(range(OLDEST), key=lambda n: abs(n - likely)):
        # born on 1 January, or later in the year: the two ages are the same or differ by one
        for birth in (date(day.year - years, 1, 1), _born(years, day)):
            if _born_then(space, world, birth, day):
                return birth
    return None


def _born_then(space: Open, world: World, birth: date, day: date) -> bool:
    """Tell whether the ages of who was born that day lie in the parts of the world."""
    ages = {name: age(birth, day) for name, age in AGES.items()}
    return min(ages.values()) >= 0 and all(_fits(space, world, n, a) for n, a in ages.items())


def _born(years: int, day: date) -> date:
    """Return a birth date `years` before `day`, whose owner was a year younger on 1 January."""
    first = date(day.year - years, 1, 2)
    return max(first, date(day.year - years, day.month, min(day.day, 28)) - timedelta(days=1))


def _fits(space: Open, world: World, name: str, years: int) -> bool:
    """Tell whether an age lies in the part that an axis of a world is narrowed to."""
    edges = space.axes.get(name, (0,))
    part = max(edge for edge in edges if isinstance(edge, int) and edge <= years)
    return part in world.get(name, edges)


def opening(region: Region, held: World) -> dict[str, int]:
    """Return the state in which the state attributes have the codes of a world."""
    values: dict[str, int] = {}
    for name, state in region.state_attributes.items():
        number = int(str(held[name][0]))
        values[state.counter] = number if state.within is None else number - 1
    return values
