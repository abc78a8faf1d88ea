"""Tianjin's plan of 2019: a year of claims as a real mix, and the scalar executor on it.

The mix, by claims: 60 % outpatient and emergency visits, 25 % pharmacies, 5 % special diseases,
10 % stays, of which one in twelve continues the stay before it (a transfer). By persons: two thirds
employees (in service and retired, some without large-expense relief), one third residents of all
tiers and children, 7 % recipients of assistance of several classes; some sign with a family doctor,
some turn 70 within the year. Every person has one status all the year, nothing is reversed, and no
year came before. Amounts are mostly small; stays reach the ceilings of every layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

import numpy as np

from peers.benefit import Int8, Int64
from peers.clock import Run
from peers.facts import facts
from yibao.policy.model import Value
from yibao.policy.policy import Policy, load_policy
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.executor import Executor
from yibao.settlement.model import Claim, Facts, Settlement, Status, YearState

YEAR = 2019
NEW_YEAR = date(YEAR, 1, 1)

COLUMNS = (
    "deductible",
    "pool_pay",
    "large_expense_pay",
    "serious_illness_pay",
    "assistance_pay",
    "tilt_assistance_pay",
    "fund_pay",
    "personal_pay",
    "account_pay",
    "cash_pay",
)


@dataclass(frozen=True, slots=True)
class Person:
    """A kind of person, and how many in a thousand are of it."""

    share: int
    born: date
    facts: Facts


def _employee(share: int, category: str, born: date, *identities: str, **more: Value) -> Person:
    given: dict[str, Value] = {"scheme": "employee", "category": category}
    given |= {"large_expense_paid": True, "identities": frozenset(identities)} | more
    return Person(share, born, facts("person", given))


def _resident(share: int, tier: str, *identities: str, **more: Value) -> Person:
    child = tier == "student_child"
    given: dict[str, Value] = {"scheme": "resident", "contribution_tier": tier}
    given |= {"category": "student_child" if child else "adult"}
    given |= {"identities": frozenset(identities)} | more
    return Person(share, date(2008 if child else 1970, 3, 4), facts("person", given))


MIDDLE, OLD, OLDER, TURNING = (date(y, 7, 1) for y in (1979, 1955, 1940, 1949))
PERSONS = (
    _employee(330, "in_service", MIDDLE),
    _employee(60, "in_service", MIDDLE, family_doctor_signed=True),
    _employee(30, "in_service", MIDDLE, large_expense_paid=False),
    _employee(130, "retired", OLD),
    _employee(40, "retired", OLD, family_doctor_signed=True),
    _employee(60, "retired", OLDER),
    _employee(10, "retired", TURNING),
    _employee(10, "in_service", MIDDLE, "low_income_relief"),
    _resident(100, "low"),
    _resident(40, "middle"),
    _resident(60, "high"),
    _resident(20, "high", family_doctor_signed=True),
    _resident(50, "student_child"),
    _resident(25, "low", "subsistence_allowance"),
    _resident(10, "low", "destitute"),
    _resident(8, "high", "severely_disabled", "subsistence_allowance"),
    _resident(7, "student_child", "child_in_difficulty"),
    _resident(5, "middle", "martyr_dependant"),
    _resident(5, "middle", "veteran_disabled_7_10"),
)


@dataclass(frozen=True, slots=True)
class Visit:
    """A kind of claim: how many in a thousand are of it, and the median cost in yuan."""

    share: int
    yuan: float
    spread: float
    stay: bool
    facts: Facts


def _visit(share: int, yuan: float, visit: str, level: str, **more: Value) -> Visit:
    stay = visit == "inpatient"
    given: dict[str, Value] = {"visit": visit, "level": level} | more
    return Visit(share, yuan, 1.1 if stay else 0.9, stay, facts("claim", given))


VISITS = (
    _visit(200, 150, "outpatient", "1"),
    _visit(130, 220, "outpatient", "2"),
    _visit(90, 220, "outpatient", "2", reformed_public_hospital=True),
    _visit(140, 320, "outpatient", "3"),
    _visit(40, 400, "emergency", "3"),
    _visit(250, 120, "pharmacy", "none"),
    _visit(25, 900, "special_outpatient", "2"),
    _visit(25, 1500, "special_outpatient", "3"),
    _visit(20, 4500, "inpatient", "1"),
    _visit(35, 8000, "inpatient", "2"),
    _visit(45, 14000, "inpatient", "3"),
)


@dataclass(frozen=True, eq=False)
class Population:
    """A year of claims by person, in the order of time. n claims, P persons; money in fen.

    start      P+1: the claims of person p are the rows start[p] up to start[p + 1]
    person     P: number of the kind in PERSONS
    visit      n: number of the kind in VISITS
    day        n: day of the year 2019, of a stay the last; length: days of the stay before it
    episode    n: number of the chain of transfers, or -1
    available  n: balance of the personal account
    """

    start: Int64
    person: Int8
    visit: Int8
    day: Int64
    length: Int64
    episode: np.ndarray
    in_scope: Int64
    first_self_pay: Int64
    out_of_catalogue: Int64
    available: Int64

    def __len__(self) -> int:
        return len(self.visit)

    @cached_property
    def total(self) -> Int64:
        """The bills."""
        return self.in_scope + self.first_self_pay + self.out_of_catalogue

    @cached_property
    def persons(self) -> np.ndarray:
        """The person of each claim."""
        return np.repeat(np.arange(len(self.person)), np.diff(self.start))

    def amounts(self, name: str) -> Int64:
        """Return an amount of the vocabulary, by its name."""
        given = ("total", "in_scope", "first_self_pay", "out_of_catalogue")
        return getattr(self, name) if name in given else np.zeros(len(self), np.int64)

    def first(self, persons: int) -> Population:
        """Return the year of the first persons."""
        end = self.start[persons]
        columns = (self.visit, self.day, self.length, self.episode, self.in_scope)
        columns = (*columns, self.first_self_pay, self.out_of_catalogue, self.available)
        cut = [column[:end] for column in columns]
        return Population(self.start[: persons + 1], self.person[:persons], *cut)


def _shares(of: tuple[Person, ...] | tuple[Visit, ...]) -> np.ndarray:
    shares = np.array([one.share for one in of])
    assert shares.sum() == 1000, shares.sum()
    return shares / 1000


def make_population(persons: int, per_person: int, seed: int) -> Population:
    """Make a year of claims, `per_person` on average: some have few, the sick have many."""
    random = np.random.default_rng(seed)
    count = np.minimum(1 + random.negative_binomial(1.5, 1.5 / (per_person + 0.5), persons), 120)
    start = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    n = int(start[-1])
    person = random.choice(len(PERSONS), persons, p=_shares(PERSONS)).astype(np.int8)
    visit = random.choice(len(VISITS), n, p=_shares(VISITS)).astype(np.int8)
    owner = np.repeat(np.arange(persons), count)
    day = random.integers(0, 365, n)
    day = day[np.lexsort((day, owner))]
    stay = np.array([v.stay for v in VISITS])[visit]
    centre, spread = (np.array([getattr(v, f) for v in VISITS])[visit] for f in ("yuan", "spread"))
    fen = np.exp(random.normal(np.log(centre), spread)) * 100
    in_scope = np.clip(np.rint(fen), 1, 900_000_00).astype(np.int64)
    employee = np.array([p.facts[0] == "employee" for p in PERSONS])[person][owner]
    available = np.where(employee & ~stay, random.integers(0, 500_00, n), 0)
    return Population(
        start,
        person,
        visit,
        day,
        np.where(stay, np.minimum(day, random.integers(1, 15, n)), 0),
        _episodes(stay, owner, random),
        in_scope,
        in_scope * random.integers(0, 8, n) // 100,
        in_scope * random.integers(0, 5, n) // 100,
        available.astype(np.int64),
    )


def _episodes(stay: np.ndarray, owner: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Let one stay in twelve continue the stay of the person before it: they share a number."""
    episode = np.full(len(stay), -1, np.int32)
    rows = np.flatnonzero(stay)
    continues = np.zeros(len(rows), bool)
    continues[1:] = (owner[rows[1:]] == owner[rows[:-1]]) & (random.random(len(rows) - 1) < 1 / 12)
    number = (np.cumsum(~continues) - 1).astype(np.int32)
    chained = continues.copy()
    chained[:-1] |= continues[1:]
    episode[rows[chained]] = number[chained]
    return episode


# --- the scalar executor --------------------------------------------------------------------------


def policy() -> Policy:
    """Return Tianjin's policy; some of its figures are of grade D."""
    return load_policy("tianjin", accept="D")


def statuses(population: Population) -> list[Status]:
    """Return the status of each person, all the year."""
    return [
        Status(f"p{n}", NEW_YEAR, None, PERSONS[kind].born, PERSONS[kind].facts)
        for n, kind in enumerate(population.person.tolist())
    ]


def claims(population: Population) -> list[Claim]:
    """Return the claims as the scalar executor takes them."""
    columns = [population.amounts(name).tolist() for name in vocabulary().amounts]
    rows = zip(
        population.persons.tolist(),
        population.visit.tolist(),
        population.day.tolist(),
        population.length.tolist(),
        population.episode.tolist(),
        population.available.tolist(),
        zip(*columns, strict=True),
        strict=True,
    )
    made = []
    for n, (person, visit, day, length, episode, available, amounts) in enumerate(rows):
        last = NEW_YEAR + timedelta(day)
        made.append(
            Claim(
                f"c{n}",
                f"p{person}",
                last - timedelta(length),
                last,
                datetime.combine(last, datetime.min.time()),
                VISITS[visit].facts,
                amounts,
                "" if episode < 0 else f"e{episode}",
                available,
            )
        )
    return made


def prepare_scalar(population: Population, rules: Policy) -> Run:
    """Return the scalar executor with the state of each person, over these claims."""
    executor = Executor(rules)
    people = {s.person_id: s for s in statuses(population)}
    scheme = {s.person_id: str(s.facts[0]) for s in people.values()}
    stream = [(c, people[c.person_id], scheme[c.person_id]) for c in claims(population)]

    def run() -> list[Settlement]:
        state = {name: YearState(executor.opening()) for name in people}
        return [
            executor.settle(c, status, of, c.discharged, state[c.person_id])
            for c, status, of in stream
        ]

    run()  # bind the programs
    return run


def columns_of(settlements: list[Settlement]) -> dict[str, Int64]:
    """Return the figures of settlements as columns; one that no step writes is zero."""
    found: dict[str, list[int]] = {name: [] for name in COLUMNS}
    for settlement in settlements:
        for name, column in found.items():
            try:
                column.append(settlement.figure(name))
            except KeyError:
                column.append(0)
    return {name: np.array(column, np.int64) for name, column in found.items()}
