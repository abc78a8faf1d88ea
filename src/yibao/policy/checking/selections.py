"""Which selections of steps can a claim run? Found without running one.

Every attribute's values are partitioned by the conditions that look at it; one value stands for
each part. A `World` says which parts are still open; a condition splits it in two, and a
classification's rows, first match first, split it until each part has its code. So only
combinations are met that a claim can have, and none is met twice. Worlds in which a classification
covers nobody drop out: such a claim is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from yibao.errors import NoRule
from yibao.policy.checking.partition import Group, partition
from yibao.policy.consolidate import Consolidation
from yibao.policy.model import Among, ClassProvision, Condition, Step, Value
from yibao.policy.opspec import REFUSE

World = Mapping[str, tuple[Value, ...]]
Parts = list[World]
Selection = tuple[int, ...]
"""Numbers of the steps chosen, in order."""


class Space:
    """The attributes and classifications in force on a day, and how conditions split them.

    The conditions are those of `steps` and of classifications, and any that are given besides. A
    classification that depends on itself is left out, so that nothing can look at it.
    """

    def __init__(
        self, rules: Consolidation, steps: Sequence[Step], besides: Iterable[Condition] = ()
    ) -> None:
        self.provisions = versions(rules)
        for name in circular(self.provisions):
            del self.provisions[name]
        tests = [*besides, *(c for step in steps for c in step.conditions)]
        tests += [c for p in self.provisions.values() for r in p.rows for c in r.conditions]
        self.axes, self._groups = partition(rules.region, tests)
        self._below = {name: self._reach(name) for name in self.provisions}

    def _reach(self, name: str) -> frozenset[str]:
        """Return the axes that working out a classification may look at, itself included."""
        names = reach(self.provisions, name) & self.provisions.keys()
        rows = [row for other in names for row in self.provisions[other].rows]
        return names.union(*(self.looked_at(row.conditions) for row in rows))

    def looked_at(self, conditions: Iterable[Condition]) -> set[str]:
        """Return the axes and classifications that conditions look at."""
        found: set[str] = set()
        for condition in conditions:
            found.update(g.axis for g in self._named(condition))
            if not isinstance(condition, Among):
                found.add(condition.attribute)
        return found

    def _named(self, condition: Condition) -> list[Group]:
        """Return the groups of codes that a condition on a set names."""
        if not isinstance(condition, Among):
            return []
        named = condition.any_of | condition.all_of | condition.none_of | condition.two_of
        return [g for g in self._groups[condition.attribute] if g.codes <= named]

    def world(self) -> World:
        """Return the world in which nothing is known."""
        return dict(self.axes)

    def restrict(self, world: World, names: Iterable[str]) -> World:
        """Return a world without what no condition on `names` will look at."""
        wanted: set[str] = set()
        for name in names:
            wanted |= {name} if name in world else self._below.get(name, frozenset({name}))
        return {name: values for name, values in world.items() if name in wanted}

    def where(
        self, world: World, conditions: Sequence[Condition]
    ) -> tuple[list[World], list[World]]:
        """Split a world into the parts where all conditions hold and where one does not."""
        holds, fails = [world], []
        for condition in conditions:
            before, holds = holds, []
            for part in before:
                for known in self._known(part, condition.attribute):
                    yes, no = self._split(known, condition)
                    holds += yes
                    fails += no
        return holds, fails

    def _known(self, world: World, name: str) -> list[World]:
        """Split a world until the classification `name` has one code in each part."""
        if name in world or name in self._groups:
            return [world]
        version = self.provisions.get(name)
        if version is None:
            return []
        parts: list[World] = []
        rest = [world]
        for row in version.rows:
            before, rest = rest, []
            for part in before:
                yes, no = self.where(part, row.conditions)
                parts += [{**match, name: (row.value,)} for match in yes]
                rest += no
        return parts

    def _split(self, world: World, condition: Condition) -> tuple[Parts, Parts]:
        if isinstance(condition, Among):
            return _split_set(world, condition, self._named(condition))
        values = world[condition.attribute]
        yes = tuple(value for value in values if condition.holds(value))
        no = tuple(value for value in values if not condition.holds(value))
        return _part(world, condition.attribute, yes), _part(world, condition.attribute, no)


def _part(world: World, axis: str, values: tuple[Value, ...]) -> Parts:
    return [{**world, axis: values}] if values else []


def _split_set(world: World, condition: Among, groups: Sequence[Group]) -> tuple[Parts, Parts]:
    """Split group by group, until what is held decides the condition in each part."""
    yes: Parts = []
    no: Parts = []
    ahead: Parts = [world]
    while ahead:
        part = ahead.pop()
        verdict = _decided(condition, [(g.codes, _counts(part, g)) for g in groups])
        if verdict is None:
            group = next(g for g in groups if len(part[g.axis]) > 1)
            first, *rest = part[group.axis]
            ahead += _part(part, group.axis, (first,)) + _part(part, group.axis, tuple(rest))
        else:
            (yes if verdict else no).append(part)
    return yes, no


def _counts(world: World, group: Group) -> tuple[int, int]:
    counts = [value for value in world[group.axis] if isinstance(value, int)]
    return min(counts), max(counts)


def _decided(
    condition: Among, held: Sequence[tuple[frozenset[str], tuple[int, int]]]
) -> bool | None:
    """Tell whether a condition holds, given the least and the most held of each group."""

    def count(codes: frozenset[str]) -> tuple[int, int]:
        of = [counts for group, counts in held if group <= codes]
        return sum(least for least, _ in of), sum(most for _, most in of)

    asked = [(count(condition.all_of), len(condition.all_of))]
    asked += [(count(condition.any_of), 1)] if condition.any_of else []
    asked += [(count(condition.two_of), 2)] if condition.two_of else []
    least_barred, most_barred = count(condition.none_of)
    if least_barred or any(most < wanted for (_, most), wanted in asked):
        return False
    sure = not most_barred and all(least >= wanted for (least, _), wanted in asked)
    return True if sure else None


def versions(rules: Consolidation) -> dict[str, ClassProvision]:
    """Return the version of each classification that is in force."""
    found = {}
    for name, classification in rules.region.classifications.items():
        with suppress(NoRule):
            found[name] = rules.provision(classification)
    return found


def reach(provisions: Mapping[str, ClassProvision], name: str) -> frozenset[str]:
    """Return `name` and every name that working it out may look at."""
    found: set[str] = set()
    ahead = [name]
    while ahead:
        one = ahead.pop()
        if one not in found:
            found.add(one)
            ahead += looked_at(provisions, one)
    return frozenset(found)


def looked_at(provisions: Mapping[str, ClassProvision], name: str) -> set[str]:
    """Return the names in the conditions of a classification's rows; none for an attribute."""
    version = provisions.get(name)
    return set() if version is None else {c.attribute for r in version.rows for c in r.conditions}


def circular(provisions: Mapping[str, ClassProvision]) -> list[str]:
    """Return the classifications that depend on themselves."""
    return [
        name
        for name in provisions
        if any(name in reach(provisions, other) for other in looked_at(provisions, name))
    ]


def selections(rules: Consolidation, steps: Sequence[Step]) -> set[Selection]:
    """Return every selection of `steps` that some person and claim can run.

    Where a step refuses, nothing after it matters: the selection ends with it.
    """
    space = Space(rules, steps)
    looked = [space.looked_at(step.conditions) for step in steps]
    refused: set[Selection] = set()
    found: dict[_Key, tuple[Selection, World]] = {}
    _put(found, (), space.world())
    for n, step in enumerate(steps):
        before, found = found, {}
        ahead = frozenset().union(*looked[n + 1 :])
        for chosen, world in before.values():
            holds, fails = space.where(world, step.conditions)
            if step.op == REFUSE:
                refused.update([(*chosen, n)] if holds else [])
                holds = []
            for part in holds:
                _put(found, (*chosen, n), space.restrict(part, ahead))
            for part in fails:
                _put(found, chosen, space.restrict(part, ahead))
    return refused.union(chosen for chosen, _ in found.values())


_Key = tuple[Selection, tuple[tuple[str, tuple[Value, ...]], ...]]


def _put(found: dict[_Key, tuple[Selection, World]], chosen: Selection, world: World) -> None:
    found[chosen, tuple(sorted(world.items()))] = (chosen, world)
