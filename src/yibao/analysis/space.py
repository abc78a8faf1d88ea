"""What a day's rules can look at, cut into components that do not depend on each other.

Built on `policy.checking.selections`: conditions partition every attribute, and classifications
split worlds of such parts. Here all classifications are worked out beforehand, so that rules look
at *codes*: of a component every combination that a person or claim can have is listed once, and a
set of combinations is a bit mask. A change of status makes combinations of two sides, before and
after, in the one component that it touches.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple

from yibao.policy import words
from yibao.policy.checking.partition import Group
from yibao.policy.checking.selections import Parts, Space, World
from yibao.policy.consolidate import Consolidation
from yibao.policy.model import Among, Condition, Step, Value


class Open(Space):
    """Like `Space`, but a world that a classification does not cover drops out only when looked at.

    Its code there is the empty tuple.
    """

    def __init__(
        self, rules: Consolidation, steps: Sequence[Step], besides: Sequence[Condition]
    ) -> None:
        super().__init__(rules, steps, besides)
        tests = [*besides, *(c for step in steps for c in step.conditions)]
        tests += [c for p in self.provisions.values() for r in p.rows for c in r.conditions]
        self._dropped = False
        self._tests: dict[str, list[Condition]] = {}
        for test in dict.fromkeys(tests):
            self._tests.setdefault(test.attribute, []).append(test)

    def _known(self, world: World, name: str) -> Parts:
        if name in world or name in self._groups:
            return [world]
        version = self.provisions.get(name)
        if version is None:
            return []
        parts: Parts = []
        rest: Parts = [world]
        for row in version.rows:
            before, rest = rest, []
            for part in before:
                yes, no = self.where(part, row.conditions)
                parts += [{**match, name: (row.value,)} for match in yes]
                rest += no
        return [*parts, *({**part, name: ()} for part in rest)]

    def names(self, conditions: Iterable[Condition]) -> frozenset[str]:
        """Return what conditions look at: codes by name; of a set, whether the condition holds."""
        return frozenset(c.attribute if not isinstance(c, Among) else _flag(c) for c in conditions)

    def known(self, world: World, name: str, flags: Mapping[str, Among]) -> Parts:
        """Split a world until a classification, or the flag of a condition, has one code."""
        if name in world or name not in flags:
            return self._known(world, name)
        holds, fails = self.where(world, (flags[name],))
        return [
            *({**part, name: (True,)} for part in holds),
            *({**part, name: (False,)} for part in fails),
        ]

    def below(self, name: str, flags: Mapping[str, Among]) -> frozenset[str]:
        """Return every name that working out a name may look at, itself included."""
        if name in flags:
            return frozenset({name, *self.looked_at((flags[name],))})
        return self._below.get(name, frozenset({name}))

    def _split(self, world: World, condition: Condition) -> tuple[Parts, Parts]:
        if world.get(condition.attribute) == ():
            self._dropped = True
        return super()._split(world, condition)

    def matters(self, world: World, conditions: Sequence[Condition]) -> bool:
        """Tell whether conditions can hold in a world, or look at a code that nobody has there."""
        self._dropped = False
        return bool(self.where(world, conditions)[0]) or self._dropped

    @property
    def tests(self) -> list[Condition]:
        """Every condition that the axes are partitioned by."""
        return [test for some in self._tests.values() for test in some]

    def stands_for(self, attribute: str, value: Value) -> Value:
        """Return the value of the axis that stands for `value`: no condition tells them apart."""
        tests = self._tests.get(attribute, [])
        verdict = [test.holds(value) for test in tests]
        return next(
            one for one in self.axes[attribute] if [test.holds(one) for test in tests] == verdict
        )

    def groups(self, attribute: str) -> Sequence[Group]:
        """Return the groups of codes of a set attribute that conditions tell apart."""
        return self._groups[attribute]


_Key = tuple[tuple[tuple[str, tuple[Value, ...]], ...], ...]


def _flag(condition: Among) -> str:
    """Return the name for whether a condition on a set holds."""
    return words.condition(condition)


class Codes(NamedTuple):
    """One combination of a component: the codes by name on each side, and a world that has them.

    `changes` are the numbers of the changes that lead from the first side to the second.
    """

    sides: tuple[World, ...]
    worlds: tuple[World, ...]
    changes: frozenset[int]


@dataclass(frozen=True, slots=True, eq=False)
class Component:
    """Names that depend on each other, and every combination of their codes."""

    names: frozenset[str]
    codes: tuple[Codes, ...]
    merged: dict[tuple[int, frozenset[str]], int] = field(default_factory=dict)
    alike: dict[frozenset[str], Sequence[int]] = field(default_factory=dict)
    unlike: dict[frozenset[str], int] = field(default_factory=dict)

    def kinds(self, ahead: frozenset[str]) -> Sequence[int]:
        """Return for each combination the mask of those that nothing ahead tells from it."""
        found = self.alike.get(ahead)
        if found is None:
            names = sorted(ahead)
            kinds = [tuple(s[name] for s in codes.sides for name in names) for codes in self.codes]
            masks: dict[object, int] = {}
            for n, kind in enumerate(kinds):
                masks[kind] = masks.get(kind, 0) | 1 << n
            found = self.alike[ahead] = [masks[kind] for kind in kinds]
        return found

    @property
    def every(self) -> int:
        """The mask of all combinations."""
        return (1 << len(self.codes)) - 1

    def saturated(self, mask: int, ahead: frozenset[str]) -> int:
        """Return `mask` with all combinations that nothing ahead tells from one in it."""
        key = (mask, ahead)
        found = self.merged.get(key)
        if found is None:
            kinds, found, rest = self.kinds(ahead), 0, mask
            while rest:
                kind = kinds[(rest & -rest).bit_length() - 1]
                found |= kind
                rest &= ~kind
            self.merged[key] = found
        return found

    def different(self, ahead: frozenset[str]) -> int:
        """Return the mask of the combinations whose two sides differ in a name looked at ahead."""
        found = self.unlike.get(ahead)
        if found is None:
            found = sum(
                1 << n
                for n, codes in enumerate(self.codes)
                if any(codes.sides[0][name] != codes.sides[1][name] for name in ahead)
            )
            self.unlike[ahead] = found
        return found


class Change(NamedTuple):
    """A change on one axis of the space: its number, the axis, the values before and after."""

    number: int
    axis: str
    before: Value
    after: Value


class Cutting:
    """Cuts what conditions ask for within a world into components."""

    def __init__(self, space: Open, asked: Sequence[Condition], world: World) -> None:
        self.space = space
        self.world = world
        self._flags = {_flag(c): c for c in asked if isinstance(c, Among)}
        self._groups = self._linked(asked)
        self._whole: dict[frozenset[str], Component] = {}

    def components(self, changes: Sequence[Change] = ()) -> list[Component]:
        """Return the components; with changes, the one that they touch has two sides.

        There are none where the changes come to nothing.
        """
        found, touched = [], False
        for group in self._groups:
            inner = self._inner(group)
            own = [change for change in changes if change.axis in inner]
            touched = touched or bool(own)
            found.append(self._changed(group, own) if own else self._single(group))
        return found if touched or not changes else []

    def between(self, before: World, after: World) -> list[Component]:
        """Return the components, with two sides where they touch what is not the same on both."""
        found = []
        for group in self._groups:
            inside = self._inside(group)
            moved = [axis for axis in inside if before.get(axis) != after.get(axis)]
            sides = tuple({**inside, **{axis: w[axis] for axis in moved}} for w in (before, after))
            codes = self._combinations([(sides, frozenset())], group) if moved else ()
            found.append(Component(group, codes) if moved else self._single(group))
        return found

    def _inner(self, names: Iterable[str]) -> frozenset[str]:
        return frozenset().union(*(self.space.below(name, self._flags) for name in names))

    def _linked(self, asked: Sequence[Condition]) -> list[frozenset[str]]:
        """Group the names that conditions look at, those together that depend on one axis."""
        groups: list[tuple[frozenset[str], frozenset[str]]] = []
        for condition in asked:
            names = self.space.names((condition,))
            axes = frozenset(a for a in self._inner(names) if len(self.world.get(a, ())) > 1)
            apart = []
            for group in groups:
                if group[1] & axes or group[0] & names:
                    names, axes = names | group[0], axes | group[1]
                else:
                    apart.append(group)
            groups = [*apart, (names, axes)]
        return [names for names, _ in groups]

    def _single(self, group: frozenset[str]) -> Component:
        found = self._whole.get(group)
        if found is None:
            start = ((self._inside(group),), frozenset[int]())
            found = self._whole[group] = Component(group, self._combinations([start], group))
        return found

    def _changed(self, group: frozenset[str], changes: Sequence[Change]) -> Component:
        inside = self._inside(group)
        starts = []
        for change in changes:
            if {change.before, change.after} <= set(inside[change.axis]):
                pair = tuple({**inside, change.axis: (v,)} for v in (change.before, change.after))
                starts.append((pair, frozenset({change.number})))
        return Component(group, self._combinations(starts, group))

    def _inside(self, group: frozenset[str]) -> World:
        inner = self._inner(group)
        return {axis: values for axis, values in self.world.items() if axis in inner}

    def _combinations(
        self, starts: Sequence[tuple[tuple[World, ...], frozenset[int]]], names: frozenset[str]
    ) -> tuple[Codes, ...]:
        """List the combinations of codes of `names`, each with the first worlds found."""
        found: dict[_Key, Codes] = {}
        for start, numbers in starts:
            for sides in self._classified(start, names):
                for key, worlds in _spread(sides, sorted(names)):
                    other = found.get(key)
                    numbered = numbers | other.changes if other else numbers
                    kept = other.worlds if other else worlds
                    found[key] = Codes(tuple(dict(side) for side in key), kept, numbered)
        return tuple(found.values())

    def _classified(
        self, start: tuple[World, ...], names: frozenset[str]
    ) -> list[tuple[World, ...]]:
        """Split worlds until every name that is worked out has one code on each side."""
        parts = [start]
        named = [n for n in names if n in self.space.provisions or n in self._flags]
        named.sort(key=lambda name: (len(self.space.below(name, self._flags)), name))
        for n, name in enumerate(named):
            for side in range(len(start)):
                parts = [
                    _narrowed(part, side, known)
                    for part in parts
                    for known in self.space.known(part[side], name, self._flags)
                ]
            parts = _distinct(parts, names | self._inner(named[n + 1 :]))
        return parts


def _distinct(parts: Sequence[tuple[World, ...]], names: frozenset[str]) -> list[tuple[World, ...]]:
    """Keep one of those worlds that only differ in what is not among `names`."""
    found: dict[object, tuple[World, ...]] = {}
    for part in parts:
        key = tuple(tuple(sorted((n, v) for n, v in w.items() if n in names)) for w in part)
        found.setdefault(key, part)
    return list(found.values())


def _narrowed(part: tuple[World, ...], side: int, known: World) -> tuple[World, ...]:
    """Put `known` in place of one side; the others keep what they share with it."""
    before = part[side]
    cut = {name: values for name, values in known.items() if before.get(name) is not values}
    sides = []
    for n, world in enumerate(part):
        shared = {a: v for a, v in cut.items() if a in before and world.get(a) == before[a]}
        sides.append(known if n == side else {**world, **shared})
    return tuple(sides)


def _spread(
    sides: tuple[World, ...], names: Sequence[str]
) -> Iterator[tuple[_Key, tuple[World, ...]]]:
    """Yield each combination of single codes within worlds, with the worlds narrowed to it."""
    axes = [name for name in names if len(sides[0].get(name, ())) > 1]
    for values in product(*(sides[0][axis] for axis in axes)):
        chosen = {axis: (value,) for axis, value in zip(axes, values, strict=True)}
        worlds = tuple({**world, **chosen} for world in sides)
        codes = tuple(tuple((name, world.get(name, ())) for name in names) for world in worlds)
        yield codes, worlds
