"""Yibao's columnar engine on both plans."""

from __future__ import annotations

from datetime import date

import numpy as np

from peers import ours, tianjin
from peers.benefit import Claims, Int64, Outcome
from peers.clock import Run
from peers.facts import facts
from peers.tianjin import Population
from yibao.policy.policy import Policy
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.columnar.data import FOREVER, NONE, Items, Result, Statuses
from yibao.settlement.columnar.engine import Engine


def prepare(claims: Claims) -> Run:
    """Return the engine on the pack of the small benefit, over these claims."""
    engine = Engine(ours.pack(), ("pool_pay", "serious_illness_pay", "personal_pay"))
    visits = [facts("claim", {"visit": "outpatient", "level": str(n)}) for n in (1, 2, 3)]
    visit = np.array([engine.claim_facts.code(v) for v in visits], np.int32)
    person = np.array([engine.person_facts.code(held) for held in ours.PERSONS], np.int32)
    day = np.full(len(claims), day_number(ours.DAY), np.int32)
    given = {"total": claims.amount, "in_scope": claims.amount}
    ready = engine.prepare(
        _items(claims.start, day, visit[claims.level], given),
        _statuses(
            person[claims.category], ours.DAY, np.full(2, day_number(ours.BORN))[claims.category]
        ),
    )
    buffers = engine.buffers(ready)

    def run() -> Outcome:
        return Outcome(*engine.settle_prepared(ready, buffers=buffers).figures.values())

    assert not np.any(engine.settle_prepared(ready).code)
    return run


def prepare_plan(population: Population, rules: Policy) -> Run:
    """Return the engine on Tianjin's plan, with every figure that a settlement is told by."""
    engine = Engine(rules)
    visit = np.array([engine.claim_facts.code(v.facts) for v in tianjin.VISITS], np.int32)
    person = np.array([engine.person_facts.code(p.facts) for p in tianjin.PERSONS], np.int32)
    born = np.array([day_number(p.born) for p in tianjin.PERSONS], np.int32)
    last = (day_number(tianjin.NEW_YEAR) + population.day).astype(np.int32)
    given = {name: population.amounts(name) for name in vocabulary().amounts}
    ready = engine.prepare(
        _items(
            population.start,
            last,
            visit[population.visit],
            given,
            first=(last - population.length).astype(np.int32),
            episode=population.episode,
            available=population.available,
        ),
        _statuses(person[population.person], tianjin.NEW_YEAR, born[population.person]),
    )
    buffers = engine.buffers(ready)

    def run() -> Result:
        return engine.settle_prepared(ready, buffers=buffers)

    assert not np.any(run().code)
    return run


def day_number(day: date) -> int:
    """Return the days since 1970-01-01."""
    return (day - date(1970, 1, 1)).days


def _items(
    start: Int64,
    last: np.ndarray,
    codes: np.ndarray,
    given: dict[str, Int64],
    *,
    first: np.ndarray | None = None,
    episode: np.ndarray | None = None,
    available: Int64 | None = None,
) -> Items:
    """Return claims as items; what is left out is zero, or NONE."""
    n = len(codes)
    zeros, none = np.zeros(n, np.int64), np.full(n, NONE, np.int32)
    return Items(
        start=start,
        admitted=last if first is None else first,
        discharged=last,
        settled_year=np.full(n, tianjin.YEAR, np.int16),
        facts=codes,
        derive=np.zeros(n, np.int8),
        institution=none,
        amounts=tuple(given.get(name, zeros) for name in vocabulary().amounts),
        account_available=zeros if available is None else available,
        episode=none if episode is None else episode,
        own_id=none,
        reverses=none,
    )


def _statuses(codes: np.ndarray, first: date, born: np.ndarray) -> Statuses:
    """Return one status a person, from `first` on."""
    persons = len(codes)
    none = np.full(persons, NONE, np.int32)
    return Statuses(
        start=np.arange(persons + 1, dtype=np.int64),
        first=np.full(persons, day_number(first), np.int32),
        last=np.full(persons, FOREVER, np.int32),
        birth=born.astype(np.int32),
        facts=codes,
        chosen=none,
        contracted=none,
    )
