"""Whom does a limit concern? Is there a person and claim to whom a figure and a limit both apply?

Enters: a region. Leaves: for a limit and a point of a table, yes or no. Classifications are worked
out as on the day; what neither the table nor the limit mentions is open.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import cast

from yibao.policy.checking.points import Point, axes_of
from yibao.policy.checking.selections import Space, versions
from yibao.policy.consolidate import Consolidation
from yibao.policy.model import Among, Between, Condition, Limit, OneOf, Region, Table, Value
from yibao.policy.names import BAND
from yibao.policy.vocabulary import vocabulary


class Concern:
    """Answers for all limits and tables of one region."""

    def __init__(self, region: Region) -> None:
        self._region = region
        self._measured = [t for t in region.tables.values() if t.measure is not None]
        self._keys = {table.name: _key_tests(table) for table in self._measured}
        self._spaces: dict[tuple[int, ...], Space] = {}
        self._days: dict[date, Space] = {}
        self._known: dict[tuple[int, str, tuple[Value, ...], int], bool] = {}

    def applies(self, limit: Limit, table: Table, point: Point, day: date) -> bool:
        """Tell whether a limit concerns the figure at a point of a table, under a day's rules."""
        space = self._space(day)
        known = (id(limit), table.name, tuple(point.values()), id(space))
        if known not in self._known:
            self._known[known] = self._concerns(limit, table, point, space)
        return self._known[known]

    def _concerns(self, limit: Limit, table: Table, point: Point, space: Space) -> bool:
        tests = [*table.scope, *limit.conditions]
        tests += [self._keys[table.name][key, value] for key, value in point.items() if key != BAND]
        bands = [test for test in tests if test.attribute == BAND]
        if BAND in point and not all(test.holds(point[BAND]) for test in bands):
            return False
        tests = [test for test in tests if test.attribute != BAND]
        world = space.restrict(space.world(), space.looked_at(tests))
        holds, _ = space.where(world, tests)
        return bool(holds)

    def _space(self, day: date) -> Space:
        """Return the space of a day; days with the same classifications share one."""
        if day not in self._days:
            rules = Consolidation(self._region, day)
            held = tuple(id(row) for v in versions(rules).values() for row in v.rows)
            if held not in self._spaces:
                self._spaces[held] = Space(rules, (), self._tests())
            self._days[day] = self._spaces[held]
        return self._days[day]

    def _tests(self) -> list[Condition]:
        tests = [test for limit in self._region.limits for test in limit.conditions]
        tests += [test for table in self._measured for test in table.scope]
        return tests + [test for keys in self._keys.values() for test in keys.values()]


def _key_tests(table: Table) -> dict[tuple[str, Value], Condition]:
    """Return, for each value of each key, the condition that is true where the row is looked up."""
    return {
        (key, value): _key_test(key, value, values)
        for key, values in axes_of(table).items()
        for value in values
        if key != BAND
    }


def _key_test(key: str, value: Value, values: Iterable[Value]) -> Condition:
    if isinstance(value, frozenset):
        return Among(key, value, frozenset(), frozenset(), frozenset())
    known = vocabulary().attributes.get(key)
    if known is not None and known.kind == "number":
        bounds = sorted(cast(Iterable[int], values))
        above = next((bound for bound in bounds if bound > cast(int, value)), None)
        return Between(key, cast(int, value), above)
    return OneOf(key, frozenset({cast("str | bool", value)}))
