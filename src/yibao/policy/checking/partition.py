"""Partition the values of attributes by the conditions that look at them.

Two values that no condition tells apart are one part; one value stands for each part. A set falls
into groups of codes that every condition names together: of each group it matters how many codes
are held, so each group is an axis of its own, whose values are such numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from yibao.policy.model import Among, Between, Condition, Region, Value
from yibao.policy.vocabulary import Attribute, vocabulary


class Group(NamedTuple):
    """Codes of a set attribute that no condition tells apart, and the axis that counts them."""

    axis: str
    codes: frozenset[str]


class Partition(NamedTuple):
    """The parts of each axis, by a value that stands for each; the groups of each set attribute."""

    axes: Mapping[str, tuple[Value, ...]]
    groups: Mapping[str, tuple[Group, ...]]


def partition(region: Region, conditions: Iterable[Condition]) -> Partition:
    """Partition all attributes and state attributes of a region."""
    tests: dict[str, list[Condition]] = {}
    for condition in dict.fromkeys(conditions):
        tests.setdefault(condition.attribute, []).append(condition)
    axes: dict[str, tuple[Value, ...]] = {}
    groups: dict[str, tuple[Group, ...]] = {}
    for name, attribute in vocabulary().attributes.items():
        looks = tests.get(name, [])
        if attribute.kind == "set":
            among = [test for test in looks if isinstance(test, Among)]
            groups[name] = _groups(name, among)
            axes |= {group.axis: _sizes(group, among) for group in groups[name]}
        else:
            axes[name] = _representatives(_values(region, attribute, looks), looks)
    for name, state in region.state_attributes.items():
        axes[name] = _representatives(state.codes(), tests.get(name, []))
    return Partition({k: v for k, v in axes.items() if k not in region.classifications}, groups)


def _representatives(values: Iterable[Value], tests: Sequence[Condition]) -> tuple[Value, ...]:
    parts: dict[tuple[bool, ...], Value] = {}
    for value in values:
        parts.setdefault(tuple(test.holds(value) for test in tests), value)
    return tuple(parts.values())


def _values(region: Region, attribute: Attribute, tests: Sequence[Condition]) -> tuple[Value, ...]:
    """Return values of an attribute among which every part has one."""
    if attribute.kind == "flag":
        return (False, True)
    if attribute.kind == "number":
        between = [test for test in tests if isinstance(test, Between)]
        edges = {edge for t in between for edge in (t.first, t.below) if edge is not None}
        return tuple(sorted({0, *edges}))
    if attribute.codes is not None:
        return tuple(attribute.codes)
    return ("none", *(code.code for code in region.codes.get(attribute.name, ())))


def _groups(name: str, tests: Sequence[Among]) -> tuple[Group, ...]:
    named = [codes for t in tests for codes in (t.any_of, t.all_of, t.none_of, t.two_of)]
    alike: dict[tuple[bool, ...], set[str]] = {}
    for code in sorted(frozenset().union(*named)):
        alike.setdefault(tuple(code in codes for codes in named), set()).add(code)
    return tuple(Group(f"{name}/{n}", frozenset(g)) for n, g in enumerate(alike.values()))


def _sizes(group: Group, tests: Sequence[Among]) -> tuple[int, ...]:
    """Return the numbers of codes held that a condition can tell apart: none, one, two, all."""
    sizes = {0, 1}
    if any(group.codes & test.two_of for test in tests):
        sizes.add(2)
    if any(group.codes & test.all_of for test in tests):
        sizes.add(len(group.codes))
    return tuple(sorted(size for size in sizes if size <= len(group.codes)))
