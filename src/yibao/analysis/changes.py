"""Changes of status that a person takes for a gain, or that time brings: data, with titles.

A cliff is looked for at each: does the person then pay more of some bill? What a document never
looks at makes no difference, so the list may name more than a region knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from yibao.analysis.space import Open
from yibao.policy.checking.selections import World
from yibao.policy.model import Region, Text, Value
from yibao.policy.vocabulary import vocabulary

Kind = Literal["gained", "chosen", "time"]

KINDS = {
    "gained": Text("取得身份或条件", "a status gained"),
    "chosen": Text("本人选择", "a choice of the person"),
    "time": Text("随时间发生", "brought by time"),
}

CODES: tuple[tuple[str, str, str, Kind], ...] = (
    ("contribution_tier", "low", "middle", "chosen"),
    ("contribution_tier", "middle", "high", "chosen"),
    ("contribution_tier", "low", "high", "chosen"),
    ("category", "in_service", "retired", "time"),
    ("category", "student_child", "adult", "time"),
    ("level", "3", "2", "chosen"),
    ("level", "2", "1", "chosen"),
    ("level", "3", "1", "chosen"),
    ("locality", "elsewhere", "same_city", "chosen"),
    ("locality", "same_city", "same_county", "chosen"),
)
"""Attribute, code before, code after: the better tier, the graded way of seeking care."""

FLAGS: tuple[tuple[str, Kind], ...] = (
    ("large_expense_paid", "chosen"),
    ("family_doctor_signed", "chosen"),
    ("insured_two_years", "time"),
    ("insulin_user", "gained"),
    ("disease_registered", "gained"),
    ("primary_institution", "chosen"),
    ("at_chosen_institution", "chosen"),
    ("at_contracted_institution", "chosen"),
    ("referred", "chosen"),
)
"""Flags that a person would want to be true."""

SETS: tuple[tuple[str, Kind], ...] = (("identities", "gained"), ("registered_diseases", "gained"))
"""Sets of which a person may gain a further code."""

AGES: tuple[str, ...] = ("age", "age_on_1_january")
"""Ages pass every edge that a rule knows."""

SCHEMES: tuple[Mapping[str, tuple[str, ...]], ...] = (
    {
        "scheme": ("employee",),
        "category": ("in_service", "retired"),
        "contribution_tier": ("none",),
    },
    {"scheme": ("resident",), "category": ("adult", "student_child")},
)
"""What goes together: no other combination of these is a person."""


@dataclass(frozen=True, slots=True)
class StatusChange:
    """One change on one axis of the rules' space, from one value to another.

    `names` are the codes that it stands for where no rule tells them apart.
    """

    kind: Kind
    attribute: str
    axis: str
    before: Value
    after: Value
    names: tuple[Text, ...]
    title: Text


def changes(region: Region, space: Open) -> list[StatusChange]:
    """Return every change that some rule of a region can notice."""
    found = [*_codes(space), *_flags(space), *_sets(space), *_ages(space), *_state(region, space)]
    return [change for change in found if change.before != change.after]


def worlds(space: Open) -> Iterator[World]:
    """Yield a world for each scheme and visit, without combinations that are no person."""
    everything = space.world()
    for scheme in SCHEMES:
        world = dict(everything)
        for name, codes in scheme.items():
            wanted = {space.stands_for(name, code) for code in codes}
            world[name] = tuple(value for value in everything[name] if value in wanted)
        for visit in everything["visit"]:
            yield {**world, "visit": (visit,)}


def _codes(space: Open) -> Iterator[StatusChange]:
    for name, before, after, kind in CODES:
        attribute = vocabulary().attributes[name]
        codes = attribute.codes or {}
        old, new = codes[before], codes[after]
        text = Text(
            f"{attribute.title.zh}：{old.zh}→{new.zh}", f"{attribute.title.en}: {old.en} → {new.en}"
        )
        if before in space.axes[name] or after in space.axes[name]:
            one, other = (space.stands_for(name, code) for code in (before, after))
            yield StatusChange(kind, name, name, one, other, (new,), text)


def _flags(space: Open) -> Iterator[StatusChange]:
    for name, kind in FLAGS:
        if len(space.axes[name]) > 1:
            title = vocabulary().attributes[name].title
            text = Text(f"{title.zh}：否→是", f"{title.en}: no → yes")
            yield StatusChange(kind, name, name, False, True, (title,), text)


def _sets(space: Open) -> Iterator[StatusChange]:
    for name, kind in SETS:
        attribute = vocabulary().attributes[name]
        codes = attribute.codes or {}
        for group in space.groups(name):
            names = tuple(codes.get(c, Text(c, c)) for c in sorted(group.codes))
            text = Text(
                f"{attribute.title.zh}增加：{'、'.join(n.zh for n in names)}",
                f"{attribute.title.en} gained: {', '.join(n.en for n in names)}",
            )
            sizes = space.axes[group.axis]
            for less, more in pairwise(sizes):
                yield StatusChange(kind, name, group.axis, less, more, names, text)


def _ages(space: Open) -> Iterator[StatusChange]:
    for name in AGES:
        title = vocabulary().attributes[name].title
        edges = space.axes[name]
        for young, old in pairwise(edges):
            text = Text(f"{title.zh}满{old}岁", f"{title.en} reaches {old}")
            yield StatusChange("time", name, name, young, old, (), text)


def _state(region: Region, space: Open) -> Iterator[StatusChange]:
    for name, state in region.state_attributes.items():
        codes = space.axes[name]
        for less, more in pairwise(codes):
            text = Text(f"{state.title.zh}：{less}→{more}", f"{state.title.en}: {less} → {more}")
            yield StatusChange("time", name, name, less, more, (), text)
