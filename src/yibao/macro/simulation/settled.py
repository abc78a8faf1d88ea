"""A population that the columnar engine settles: profiles resolved once, claims at will.

Enters: the engine's arrays of claims and statuses. Leaves: `Population`. An engine of other rules
gets the same numbers for the same facts, so that the arrays serve all.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np

from yibao.errors import CannotRead, PackDefect
from yibao.macro.simulation.exact import Flags, Int64
from yibao.macro.simulation.paid import Claims, Coded, Paid, People, check_years, chosen, of_years
from yibao.macro.simulation.rows import Values, replaced
from yibao.policy.opspec import results
from yibao.policy.policy import Policy
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.columnar.bucket import Prepared
from yibao.settlement.columnar.data import (
    NONE,
    NOT_INSURED,
    NOT_SETTLED,
    REVERSED,
    RULES_REFUSE,
    SETTLED,
    TAKEN_BACK,
    YEAR_END_REFUSES,
    Items,
    Result,
    Statuses,
)
from yibao.settlement.columnar.engine import Buffers, Engine
from yibao.text import Text

PERSONAL, ACCOUNT = "personal_pay", "account_pay"
_EPOCH = date(1970, 1, 1).toordinal()


def engine_for(policy: Policy) -> Engine:
    """Return an engine that tells what persons pay, and what each fund does that may ever pay."""
    written = {name for step in policy.region.steps for name in results(step)}
    funds = [name for name in vocabulary().funds if name in written]
    return Engine(policy, (*funds, PERSONAL, ACCOUNT))


class EnginePopulation:
    """A population in memory. `years` chooses whose claims are told of; all are settled."""

    def __init__(
        self,
        engine: Engine,
        items: Items,
        statuses: Statuses,
        people: Callable[[], People],
        years: Sequence[int] | None = None,
    ) -> None:
        """Settle once, to learn schemes and days; raises CannotRead for years without any."""
        self.policy = engine.policy
        self._engine, self._items, self._statuses = engine, items, statuses
        self._make_people = people
        self._ready = engine.prepare(items, statuses)
        self._other: tuple[Policy, Engine, Prepared] | None = None
        result = self._settle(engine, self._ready)
        self._all = _claims(engine, items, result)
        there = sorted({*np.unique(self._all.year[result.code <= REVERSED]).tolist()})
        if len(items) and not there:
            raise _nothing_settled(engine, result)
        self.years = list(years or there)
        check_years(self.years, there)
        keep = of_years(self._all, self.years)
        self._keep: Flags | None = None if keep.all() else keep
        self._base = self._paid(engine, result)

    @cached_property
    def claims(self) -> Claims:
        """What holds of each claim under any rules."""
        return self._all if self._keep is None else chosen(self._all, self._keep)

    @cached_property
    def people(self) -> People:
        """What is known of each person."""
        return self._make_people()

    def paid(self, policy: Policy, values: Values | None = None) -> Paid:
        """Settle every claim under a policy of the same region, perhaps with other values in rows.

        The policy asked for last is kept ready: with other values it is settled the fast way.
        """
        if policy is self.policy:
            return self.paid_with(values) if values else self._base
        if self._other is None or self._other[0] is not policy:
            self._other = (policy, *self._engine_of(policy))
        return self._with(*self._other, values or {}, None)

    def paid_with(self, values: Values, *, keep: bool = True) -> Paid:
        """Settle every claim with other values in some rows.

        Unless kept, the arrays are those of the next such call too: read them before it.
        """
        room = None if keep else self._room
        return self._with(self.policy, self._engine, self._ready, values, room)

    def _engine_of(self, policy: Policy) -> tuple[Engine, Prepared]:
        """Return an engine in which facts have the same numbers, and the items ready for it."""
        engine = engine_for(policy)
        for facts in self._engine.claim_facts:
            engine.claim_facts.code(facts)
        for facts in self._engine.person_facts:
            engine.person_facts.code(facts)
        return engine, engine.prepare(self._items, self._statuses)

    def _with(
        self,
        policy: Policy,
        engine: Engine,
        ready: Prepared,
        values: Values,
        room: Buffers | None,
    ) -> Paid:
        try:
            other = engine.with_rows(values.values()) if values else engine
            return self._paid(engine, self._settle(other, ready, room))
        except PackDefect:
            if not values:
                raise
        # a rate finer than the programs hold: they are made anew
        region = replaced(policy.region, values)
        fresh = self._engine_of(Policy(region, known=policy.known, accept=policy.accept))
        return self._paid(fresh[0], self._settle(*fresh))

    @cached_property
    def _room(self) -> Buffers:
        """Arrays to write results into again and again: new memory costs more than settling."""
        return self._engine.buffers(self._ready)

    @staticmethod
    def _settle(engine: Engine, ready: Prepared, room: Buffers | None = None) -> Result:
        return engine.settle_prepared(ready, threads=os.cpu_count() or 1, buffers=room)

    def _paid(self, engine: Engine, result: Result) -> Paid:
        sign = np.zeros(len(result.code), np.int8)
        sign[result.code == SETTLED] = 1
        sign[result.code == REVERSED] = -1
        if (result.code > _LAST_REFUSAL).any():
            raise PackDefect(
                "a claim is paid more than it costs, or an accumulator grows too large"
            )
        figures = result.figures
        keep = self._keep

        def part(values: Any) -> Any:
            return values if keep is None else values[keep]

        total, in_scope = self._bill(sign, result)
        funds = {n: part(figures[n]) for n in engine.wanted if n not in (PERSONAL, ACCOUNT)}
        return Paid(
            sign=part(sign),
            total=part(total),
            in_scope=part(in_scope),
            personal=part(figures[PERSONAL]),
            account=part(figures[ACCOUNT]),
            funds=funds,
        )

    def _bill(self, sign: Any, result: Result) -> tuple[Int64, Int64]:
        """Return the bill and its part in scope; the same arrays as long as the same is settled."""
        known = self.__dict__.get("_bills")
        if known is not None and np.array_equal(known[0], sign):
            return known[1], known[2]
        names = list(vocabulary().amounts)
        found = []
        for name in ("total", "in_scope"):
            values = self._items.amounts[names.index(name)]
            bill = np.where(sign > 0, values, 0)
            back = np.flatnonzero(sign < 0)
            bill[back] = -values[result.claim[back]]
            found.append(bill)
        if known is None:
            self.__dict__["_bills"] = (sign, *found)
        return found[0], found[1]


_LAST_REFUSAL = 7
_REASONS = {
    NOT_INSURED: "the person is not insured on the day",
    RULES_REFUSE: "the rules do not answer for it",
    YEAR_END_REFUSES: "the rules do not answer for the end of an earlier year",
}


def _nothing_settled(engine: Engine, result: Result) -> CannotRead:
    """Return the error of a population of which not one claim is settled, with the first reason."""
    row = int(np.flatnonzero(~np.isin(result.code, (NOT_SETTLED, TAKEN_BACK)))[0])
    told = _REASONS.get(int(result.code[row]), "its id is used twice")
    if result.code[row] == RULES_REFUSE and result.answer[row] != NONE:
        day = date.fromordinal(int(result.day[row]) + _EPOCH)
        told = str(engine.answers[int(result.answer[row])].decision.refusal(day, {}))
    region = engine.policy.region
    return CannotRead(
        f"the rules of {region.name.en} ({region.id}) settle none of the {len(result.code):,} "
        f"claims and reversals; the first: {told}. Are these rules those of the population? / "
        f"{region.name.zh}的规则一笔也不能结算，请核对地区和年份"
    )


def _claims(engine: Engine, items: Items, result: Result) -> Claims:
    """Return what holds of each item; of a reversal what holds of its claim."""
    facts = items.facts.copy()
    back = np.flatnonzero(result.code == REVERSED)
    facts[back] = items.facts[result.claim[back]]
    years = result.day.astype("M8[D]").astype("M8[Y]").astype(np.int64) + 1970
    schemes = vocabulary().attributes["scheme"].codes or {}
    names = [a.name for a in vocabulary().of("claim") if a.kind != "number"]
    return Claims(
        person=np.repeat(np.arange(items.persons, dtype=np.int32), np.diff(items.start)),
        year=years.astype(np.int16),
        scheme=_with_none(result.scheme.astype(np.int16), schemes),
        visit=_attribute(engine, facts, names, "visit"),
        level=_attribute(engine, facts, names, "level"),
    )


def _with_none(codes: Any, titles: Any) -> Coded:
    """Return codes of which NONE becomes one of its own."""
    own = [*titles, ""]
    codes = np.where(codes == NONE, len(titles), codes).astype(np.int16)
    return Coded(codes, own, [*titles.values(), Text("未参保", "not insured")])


def _attribute(engine: Engine, facts: Any, names: Sequence[str], name: str) -> Coded:
    titles = vocabulary().attributes[name].codes or {}
    place, order = names.index(name), list(titles)
    number = {value: at for at, value in enumerate(order)}
    known = [number.get(str(f[place]), len(order)) for f in engine.claim_facts]
    own = np.asarray([*known, len(order)], np.int16)  # NONE, -1, is the last
    return Coded(own[facts], [*order, ""], [*titles.values(), Text("不详", "unknown")])
