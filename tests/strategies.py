"""Random rule packs, persons and claims for the property tests.

A `World` is a policy with what is needed to draw under it: the sums at which its rules change. The
worlds are the packs that ship (Tianjin, Jining) and small packs drawn at random from a `Design`,
which a test may read to know, without the engine, what the pack says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import strategies as st
from small_pack import Rules, bands, make_policy, state, step, table

from yibao.money import UNLIMITED, format_yuan
from yibao.policy.model import Grade, Value
from yibao.policy.policy import Policy, load_policy
from yibao.policy.vocabulary import Attribute, vocabulary
from yibao.settlement.enrolment import Enrolment
from yibao.settlement.executor import Executor
from yibao.settlement.model import Claim, Status

SERIOUS = "serious_illness_pay"
SHIPPED = ("tianjin", "jining")
TO_A_MILLION = 100_000_000
"""Random amounts stay below a million yuan, in fen; whatever bites in a pack bites below it."""


@dataclass(frozen=True, eq=False)
class World:
    """A policy and what to draw under it."""

    policy: Policy
    edges: tuple[int, ...]
    first: date
    last: date
    executor: Executor
    diseases: tuple[str, ...] = ()
    design: "Design | None" = None


# --- packs that ship ----------------------------------------------------------------------------


@cache
def shipped(region: str, overlays: tuple[Path, ...] = ()) -> World:
    """Return the world of a region that ships, with all figures that it has."""
    policy = load_policy(region, accept=Grade.D, overlays=overlays)
    tables = policy.region.tables.values()
    yuan = {row.value for t in tables if t.unit == "yuan" for row in t.rows}
    edges = sorted(v for v in yuan if isinstance(v, int) and 0 < v < UNLIMITED)
    own = [s.origin for s in policy.region.steps if s.origin.document.region == region]
    first = min(origin.first for origin in own if origin.first is not None)
    last = policy.calendar.days[-1] + timedelta(days=365)
    diseases = tuple(c.code for c in policy.region.codes.get("disease", ()))
    return World(policy, tuple(edges), first, last, Executor(policy), diseases)


# --- packs drawn at random ----------------------------------------------------------------------


@dataclass(frozen=True)
class Design:
    """What a random pack says. Sums are fen, rates whole per cent, None means there is none."""

    deductible: int
    per_stay: bool
    edges: tuple[int, ...]
    rates: tuple[int, ...]
    on_excess: bool
    rounded: str
    uplift: int
    ceiling: int | None
    serious_from: int | None
    serious_rate: int
    assistance_rate: int | None

    def rules(self) -> Rules:
        """Return the rules file of the pack."""
        met = "stay_deductible" if self.per_stay else "year_deductible"
        counted = "year_excess" if self.on_excess else "year_expense"
        start = [counted] if self.on_excess else [counted, "borne"]
        count = len(self.rates)
        segments = [{"to": f"edge[{n}]", "rate": f"rate[{n}]"} for n in range(1, count + 1)]
        steps = [
            step("d", 10, "deductible", of="in_scope", standard="standard", met=met, to="borne"),
            step("d_year", 11, "accumulate", amount="borne", into="year_deductible"),
            step("d_stay", 12, "accumulate", amount="borne", into="stay_deductible"),
            step("rest", 13, "subtract", from_="in_scope", less=["borne"], to="rest"),
            step(
                "bands", 14, "bands",
                of="rest", start=start, segments=segments, uplift="points",
                round=self.rounded, to="benefit", beyond="beyond",
            ),
            step("expense", 15, "accumulate", amount="in_scope", into="year_expense"),
            step("excess", 16, "accumulate", amount="rest", into="year_excess"),
            step("room", 17, "add", terms=["ceiling", "last_year"], to="room"),
            step("pool", 18, "cap", of="benefit", limit="room", used="year_pool", to="pool_pay"),
            step("pool_year", 19, "accumulate", amount="pool_pay", into="year_pool"),
            step("burden", 20, "subtract", from_="in_scope", less=["pool_pay"], to="burden"),
            step("number", 40, "ordinal", total="stays", own="stay_number"),
            step("carry", 50, "set", phase="year_end", value="year_pool", into="last_year"),
        ]  # fmt: skip
        tables = {
            "standard": table("yuan", format_yuan(self.deductible)),
            "edge": bands("yuan", *map(format_yuan, self.edges), "unlimited"),
            "rate": bands("rate", *(f"{rate}%" for rate in self.rates)),
            "points": table("rate", f"{self.uplift}%"),
            "ceiling": table("yuan", _yuan(self.ceiling)),
        }
        if self.serious_from is not None:
            tables["threshold"] = table("yuan", format_yuan(self.serious_from))
            tables["serious_rate"] = table("rate", f"{self.serious_rate}%")
            steps += [
                step(
                    "first", 21, "deductible",
                    of="burden", standard="threshold", met="year_burden", to="first",
                ),
                step("above", 22, "subtract", from_="burden", less=["first"], to="above"),
                step("pay_2", 23, "share", of="above", rate="serious_rate", to=SERIOUS),
                step("burden_year", 24, "accumulate", amount="burden", into="year_burden"),
                step("burden_2", 25, "subtract", from_="burden", less=[SERIOUS], to="burden"),
            ]  # fmt: skip
        if self.assistance_rate is not None:
            tables["assistance_rate"] = table("rate", f"{self.assistance_rate}%")
            steps.append(
                step("help", 30, "share", of="burden", rate="assistance_rate", to="assistance_pay")
            )
        return {"state": _STATE, "tables": tables, "steps": steps}


_STATE = (
    state("year_deductible", "year_expense", "year_excess", "year_pool", "year_burden", "last_year")
    | state("stays", unit="count")
    | state("stay_deductible", scope="episode")
    | state("stay_number", scope="episode", unit="count")
)


def _yuan(fen: int | None) -> str:
    return "unlimited" if fen is None else format_yuan(fen)


@cache
def sums(top: int = TO_A_MILLION) -> st.SearchStrategy[int]:
    """Draw fen: often small or round, sometimes anything up to `top`."""
    return st.integers(0, 300) | st.sampled_from(range(0, 1_000_001, 100_00)) | st.integers(0, top)


def _maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


@cache
def design(seed: int) -> Design:
    """Return the random pack of a number: packs are costly to load, so tests share them."""
    rng = Random(seed)

    def fen(top: int) -> int:
        return rng.choice([rng.randint(0, 300), rng.randint(0, 100) * 100_00, rng.randint(0, top)])

    edges = tuple(sorted({fen(10_000_000) for _ in range(rng.randint(0, 2))}))
    return Design(
        deductible=fen(1_000_000),
        per_stay=rng.random() < 0.5,
        edges=edges,
        rates=tuple(rng.randint(0, 100) for _ in range(len(edges) + 1)),
        on_excess=rng.random() < 0.5,
        rounded=rng.choice(["total", "slice"]),
        uplift=rng.choice([0, 0, 5, 30]),
        ceiling=rng.choice([None, fen(10_000_000)]),
        serious_from=rng.choice([None, fen(5_000_000)]),
        serious_rate=rng.randint(0, 100),
        assistance_rate=rng.choice([None, rng.randint(0, 100)]),
    )


PACKS = 200
"""How many random packs there are."""


@cache
def built(design: Design) -> World:
    """Write a design as a pack and load it."""
    with TemporaryDirectory(prefix="yibao-pack-") as folder:
        policy = make_policy(Path(folder), design.rules())
    marks = (design.deductible, *design.edges, design.ceiling, design.serious_from)
    edges = tuple(mark for mark in marks if mark)
    first, last = date(2016, 1, 1), date(2019, 12, 31)
    return World(policy, edges, first, last, Executor(policy), design=design)


def worlds(name: str) -> st.SearchStrategy[World]:
    """Draw a world: one of those that ship by name, or "random"."""
    if name in SHIPPED:
        return st.just(name).map(shipped)
    return st.integers(0, PACKS - 1).map(design).map(built)


# --- persons and claims -------------------------------------------------------------------------
#
# Strategies are cached: hypothesis spends more on making them than on drawing.

_CATEGORIES = {"employee": ["in_service", "retired"], "resident": ["adult", "student_child"]}
_TIERS = ["none", "low", "middle", "high", "student_child"]
_PERSON = tuple(a for a in vocabulary().of("person") if a.kind != "number")
_CLAIM = vocabulary().of("claim")
_FLAGS = [a.name for a in _CLAIM if a.kind == "flag"]
_AMOUNTS = tuple(vocabulary().amounts)


@dataclass(frozen=True)
class History:
    """One person or two, and their claims in the order in which they are settled."""

    world: World
    statuses: tuple[Status, ...]
    claims: tuple[Claim, ...]

    @property
    def enrolment(self) -> Enrolment:
        """The persons as an enrolment."""
        return Enrolment(self.statuses)


def _codes(attribute: str) -> list[str]:
    codes = vocabulary().attributes[attribute].codes
    assert codes is not None
    return sorted(codes)


_VISITS = [v for v in _codes("visit") if not v.startswith(("maternity", "long_term_care"))]
"""Without those that only some regions pay and others refuse."""


def _facts(words: Sequence[Attribute], given: Mapping[str, Value]) -> tuple[Value, ...]:
    return tuple(given.get(a.name, a.absent) for a in words)  # type: ignore[misc]


@cache
def person_facts(world: World) -> st.SearchStrategy[tuple[Value, ...]]:
    """Draw what holds of a person for a while."""
    fields: dict[str, st.SearchStrategy[Any]] = {
        "scheme": st.sampled_from(sorted(_CATEGORIES)),
        "first_category": st.booleans(),
        "contribution_tier": st.sampled_from(_TIERS),
        "identities": st.frozensets(st.sampled_from(_codes("identities")), max_size=2),
        "large_expense_paid": st.booleans(),
    }
    if world.diseases:
        fields["registered_diseases"] = st.frozensets(st.sampled_from(world.diseases), max_size=2)

    def facts(given: dict[str, Any]) -> tuple[Value, ...]:
        given["category"] = _CATEGORIES[given["scheme"]][given.pop("first_category")]
        if given["scheme"] == "employee":
            given["contribution_tier"] = "none"
        return _facts(_PERSON, given)

    return st.fixed_dictionaries(fields).map(facts)


@cache
def persons(world: World, person_id: str) -> st.SearchStrategy[tuple[Status, ...]]:
    """Draw a person: one status, or two with a change on some day."""
    begin = world.first - timedelta(days=400)

    def statuses(
        drawn: tuple[date, date | None, tuple[Value, ...], tuple[Value, ...]],
    ) -> tuple[Status, ...]:
        birth, change, facts, later = drawn
        status = Status(person_id, begin, None, birth, facts)
        if change is None:
            return (status,)
        before = replace(status, last=change - timedelta(days=1))
        return (before, replace(status, first=change, facts=later))

    facts = person_facts(world)
    births = st.dates(date(1930, 1, 1), date(2012, 12, 31))
    changes = _maybe(st.dates(world.first + timedelta(days=1), world.last))
    return st.tuples(births, changes, facts, facts).map(statuses)


@cache
def amounts(world: World) -> st.SearchStrategy[int]:
    """Draw fen: anything, with a liking for the sums at which a rule of the world changes."""
    near = {edge + n for edge in world.edges for n in (-1, 0, 1)}
    near = {fen for fen in near if 0 <= fen <= TO_A_MILLION}
    return sums() | st.sampled_from(sorted(near)) if near else sums()


@cache
def bills(world: World) -> st.SearchStrategy[tuple[int, ...]]:
    """Draw the amounts of a claim: parts that add up, portions that lie within."""
    other = st.just(0) | st.integers(0, 1_000_000)
    parts = ("out_of_catalogue", "over_limit", "first_self_pay")
    portions = ("in_scope_tcm", "in_scope_two_disease")

    def bill(drawn: tuple[int, tuple[int, ...], tuple[int, ...]]) -> tuple[int, ...]:
        in_scope, rest, thirds = drawn
        given = {"in_scope": in_scope} | dict(zip(parts, rest, strict=True))
        given["total"] = sum(given.values())
        shares = [in_scope * n // 3 for n in thirds]
        given |= dict(zip(portions, shares, strict=True))
        return tuple(given.get(name, 0) for name in _AMOUNTS)

    third = st.sampled_from([0, 1, 3])
    return st.tuples(amounts(world), st.tuples(other, other, other), st.tuples(third, third)).map(
        bill
    )


@cache
def visits(world: World) -> st.SearchStrategy[tuple[Value, ...]]:
    """Draw the facts of a claim."""
    fields: dict[str, st.SearchStrategy[Any]] = {
        "visit": st.sampled_from(_VISITS),
        "level": st.sampled_from(["1", "2", "3"]),
        "prescriber_level": st.sampled_from(["none", "1", "2", "3"]),
        "outcome": st.sampled_from(["home", "admitted", "death"]),
        "flags": st.frozensets(st.sampled_from(_FLAGS), max_size=3),
        "disease": st.sampled_from(world.diseases or ("none",)),
    }

    def facts(given: dict[str, Any]) -> tuple[Value, ...]:
        if given["visit"] != "chronic_outpatient":
            del given["disease"]
        return _facts(_CLAIM, given | dict.fromkeys(given.pop("flags"), True))

    return st.fixed_dictionaries(fields).map(facts)


@cache
def claims(world: World, people: int, years: int) -> st.SearchStrategy[tuple[int, Claim]]:
    """Draw a claim of one of `people` persons, with the number of its day within some years."""

    def claim(drawn: tuple[Any, ...]) -> tuple[int, Claim]:
        offset, nights, person, bill, facts, episode, account = drawn
        day = world.first + timedelta(days=offset)
        admitted = day - timedelta(days=nights)
        at = datetime.combine(day, time(12))
        return offset, Claim("", f"p{person}", admitted, day, at, facts, bill, episode, account)

    return st.tuples(
        st.integers(0, 365 * years),
        st.integers(0, 40),
        st.integers(0, people - 1),
        bills(world),
        visits(world),
        st.sampled_from(["", "", "E", "F"]),
        sums(1_000_000),
    ).map(claim)


@st.composite
def histories(
    draw: st.DrawFn, name: str, people: int = 1, most: int = 5, years: int = 2
) -> History:
    """Draw a world, persons and their claims within a few years, in order."""
    world = draw(worlds(name))
    statuses = tuple(s for n in range(people) for s in draw(persons(world, f"p{n}")))
    shift = timedelta(days=draw(st.integers(0, (world.last - world.first).days - 365 * years)))
    drawn = draw(st.lists(claims(world, people, years), min_size=1, max_size=most))
    drawn.sort(key=lambda pair: pair[0])
    return History(world, statuses, tuple(_moved(n, c, shift) for n, (_, c) in enumerate(drawn)))


def _moved(number: int, claim: Claim, shift: timedelta) -> Claim:
    return replace(
        claim,
        claim_id=f"c{number}",
        admitted=claim.admitted + shift,
        discharged=claim.discharged + shift,
        settled_at=claim.settled_at + shift,
    )
