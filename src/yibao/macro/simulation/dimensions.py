"""The groups by which gains and losses are told: of persons, and of the places where they went.

A dimension that is `exclusive` puts every person-year into one group, so its groups add up to the
whole; identities and diseases do not: a person may have several.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from yibao.macro.simulation.exact import Flags
from yibao.macro.simulation.paid import Coded, People, Units
from yibao.policy.vocabulary import vocabulary
from yibao.text import Text

AGES = (0, 18, 45, 60, 70, 80)
"""Lower ends of the age bands, in completed years on 31 December."""

TITLES = {
    "age": Text("年龄组（年末周岁）", "Age on 31 December"),
    "sex": Text("性别", "Sex"),
    "employment": Text("就业状况", "Employment"),
    "decile": Text("收入十等分组（1最低）", "Income decile (1 the poorest)"),
    "chronic_diseases": Text("慢性病", "Chronic diseases"),
    "level": Text("医疗机构级别", "Level of the institution"),
    "visit": Text("就医类别", "Visit type"),
}
_NONE = Text("无", "none")


@dataclass(frozen=True, slots=True)
class Group:
    """Some of the person-years: its code, title and who belongs to it."""

    code: str
    title: Text
    members: Flags


@dataclass(frozen=True, slots=True)
class Dimension:
    """A way to divide the person-years."""

    name: str
    title: Text
    exclusive: bool
    groups: tuple[Group, ...]


def title_of(name: str) -> Text:
    """Return the title of an attribute of persons or claims."""
    known = vocabulary().attributes.get(name)
    return TITLES.get(name) or (known.title if known else Text(name, name))


def dimensions(people: People, units: Units) -> Iterator[Dimension]:
    """Yield every dimension that the data allow; groups without members are left out."""
    for name, coded in people.codes.items():
        groups = _coded(coded, units)
        if len(groups) > 1 or name == "scheme":
            yield Dimension(name, title_of(name), True, groups)
    yield Dimension("age", TITLES["age"], True, _ages(people, units))
    if people.decile is not None:
        deciles = people.decile[units.person]
        tenths = [
            Group(str(n), Text(f"第{n}组", f"decile {n}"), deciles == n) for n in range(1, 11)
        ]
        yield Dimension("decile", TITLES["decile"], True, _peopled(tenths))
    for name, members in people.sets.items():
        titles = people.titles.get(name, {})
        groups = _peopled(
            Group(code, titles.get(code, Text(code, code)), has[units.person])
            for code, has in members.items()
        )
        if groups:
            anything = np.logical_or.reduce([group.members for group in groups])
            rest = Group("none", _NONE, ~anything)
            yield Dimension(name, title_of(name), False, _peopled([*groups, rest]))


def _peopled(groups: Iterator[Group] | list[Group]) -> tuple[Group, ...]:
    return tuple(group for group in groups if group.members.any())


def _coded(coded: Coded, units: Units) -> tuple[Group, ...]:
    codes = coded.codes[units.person]
    pairs = enumerate(zip(coded.values, coded.titles, strict=True))
    return _peopled([Group(value, title, codes == n) for n, (value, title) in pairs])


def _ages(people: People, units: Units) -> tuple[Group, ...]:
    born = people.birth.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    ages = units.year - born[units.person]
    found = []
    for first, below in zip(AGES, (*AGES[1:], None), strict=True):
        members = ages >= first if below is None else (ages >= first) & (ages < below)
        zh, en = (f"{first}岁以上", f"{first} and over") if below is None else ("", "")
        title = (
            Text(zh or f"{first}–{below - 1}岁", en or f"{first}–{below - 1}") if below else None
        )
        found.append(Group(f"{first}", title or Text(zh, en), members))
    unborn = ages < 0
    found.append(Group("unborn", Text("当年尚未出生", "not yet born"), unborn))
    return _peopled(found)
