"""The columnar executor gives what the scalar one gives, item by item, to the fen."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from functools import cache
from pathlib import Path
from random import Random

import pytest
from columnar_items import Encoded
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_pack import Rules, make_policy, state, step, table
from strategies import History, World, built, design, histories, shipped

from yibao.errors import ClaimError, PackDefect, PackErrors, PolicyError
from yibao.money import MAX_STATE
from yibao.policy.load import regions
from yibao.policy.model import Value
from yibao.policy.policy import Policy, load_policy
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.batch import Batch, Item, in_order, settle_all
from yibao.settlement.book import Book
from yibao.settlement.columnar.data import (
    ID_USED,
    NOT_INSURED,
    NOT_SETTLED,
    OVERPAID,
    REVERSED,
    RULES_REFUSE,
    SETTLED,
    TAKEN_BACK,
    TOO_LARGE,
    YEAR_END_REFUSES,
    Result,
)
from yibao.settlement.columnar.engine import Engine
from yibao.settlement.executor import Executor
from yibao.settlement.model import Claim, Reversal, Status

ROOT = Path(__file__).parents[2]

Opening = Mapping[tuple[str, int], Mapping[str, int]]

_CODES = {
    "unique claim id": {ID_USED},
    "insured on the day of service": {NOT_INSURED},
    "reversal of a settled claim": {NOT_SETTLED},
    "one reversal of a claim": {TAKEN_BACK},
}


@cache
def engine_of(world: World) -> Engine:
    """Return one engine for a world: what it has learned of profiles serves all examples."""
    return Engine(world.policy)


@dataclass(frozen=True)
class Both:
    """The same items through both executors."""

    world: World
    items: Sequence[Item]
    encoded: Encoded
    engine: Engine
    result: Result
    book: Book
    batch: Batch


def both(
    world: World,
    statuses: Sequence[Status],
    whats: Sequence[Claim | Reversal],
    opening: Opening | None = None,
    threads: int = 1,
) -> Both:
    """Settle items through both executors, and close the year after their last."""
    items = in_order(Item(what) for what in whats)
    engine = engine_of(world)
    encoded = Encoded(engine, statuses, items)
    closing = max(w.discharged.year for w in whats if isinstance(w, Claim)) + 1
    given = None
    if opening is not None:
        carried = [n for n, v in world.policy.region.state.items() if v.scope != "episode"]
        given = encoded.opening(opening, carried)
    result = engine.settle(encoded.items, encoded.statuses, given, closing, threads)
    history = History(world, tuple(statuses), ())
    book = Book(world.policy, history.enrolment, opening, executor=world.executor)
    return Both(world, items, encoded, engine, result, book, settle_all(book, items))


def assert_same(run: Both, closing: bool = True) -> None:
    """Compare every item, figure by figure, every refusal, and every closing state."""
    entries = {id(e.item): e for e in run.batch.entries}
    refused = {id(r.item): r.error for r in run.batch.rejections}
    result, engine = run.result, run.engine
    figures = {name: column.tolist() for name, column in result.figures.items()}
    codes, answers = result.code.tolist(), result.answer.tolist()
    for row, at in enumerate(run.encoded.order):
        item = run.items[at]
        entry = entries.get(id(item))
        if entry is None:
            error = refused[id(item)]
            if isinstance(error, ClaimError):
                assert codes[row] in _CODES[error.rule], (item, error)
            else:
                assert codes[row] in {RULES_REFUSE, YEAR_END_REFUSES}, (item, error)
                assert type(engine.answers[answers[row]].decision.error) is type(error)
            assert not any(column[row] for column in figures.values())
            continue
        settlement = entry.settlement
        assert codes[row] == (SETTLED if entry.sign > 0 else REVERSED), item
        assert engine.schemes[result.scheme[row]] == settlement.scheme
        final = settlement.program.structure.final
        for name, column in figures.items():
            known = name != "deductible" or name in final
            expected = settlement.figure(name) if known else 0
            assert column[row] == entry.sign * expected, (name, item)
        program = engine.answers[answers[row]].program
        assert program is not None
        assert program.documents == settlement.program.documents
    assert_replays(run)
    if closing:
        assert_closing(run)


def assert_replays(run: Both) -> None:
    """Whoever has a difference in the book is marked for it."""
    place = {person: p for p, person in enumerate(run.encoded.persons)}
    for difference in run.batch.differences:
        assert run.result.replay[place[difference.settlement.claim.person_id]]


def assert_closing(run: Both) -> None:
    """Each person would enter the next year with the same state."""
    year = max(i.what.discharged.year for i in run.items if isinstance(i.what, Claim)) + 1
    for place, person in enumerate(run.encoded.persons):
        statuses = run.book.enrolment.statuses(person)
        if statuses and max(statuses[0].first, run.world.policy.calendar.days[0]).year < year:
            expected = None
            with suppress(PolicyError):
                expected = run.book.opening(person, year)
            assert run.result.closed[place] == (expected is not None)
            if expected is not None:
                assert run.result.closing[place].tolist() == expected, person


# --- small histories, drawn by hypothesis -----------------------------------------------------


@st.composite
def troubled(draw: st.DrawFn, name: str) -> tuple[History, list[Claim | Reversal]]:
    """Draw a history whose claims are taken back, come late, or come twice."""
    history = draw(histories(name, people=2, most=8, years=3))
    whats: list[Claim | Reversal] = []
    for claim in history.claims:
        late = timedelta(days=draw(st.sampled_from([0, 0, 0, 1, 30, 400])))
        whats.append(replace(claim, settled_at=claim.settled_at + late))
    for number, claim in enumerate(history.claims):
        after = timedelta(days=draw(st.sampled_from([1, 20, 300])))
        match draw(st.sampled_from(["", "", "reverse", "reverse", "twice", "again", "unknown"])):
            case "reverse":
                whats.append(Reversal(f"r{number}", claim.claim_id, claim.settled_at + after))
            case "twice":
                whats.append(Reversal(f"r{number}", claim.claim_id, claim.settled_at + after))
                whats.append(Reversal(f"s{number}", claim.claim_id, claim.settled_at + 2 * after))
            case "again":
                whats.append(replace(claim, settled_at=claim.settled_at + after))
            case "unknown":
                whats.append(Reversal(f"r{number}", "nobody", claim.settled_at + after))
    return history, whats


@pytest.mark.parametrize("name", ["tianjin", "jining", "random"])
@settings(
    max_examples=settings().max_examples // 2,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data())
def test_any_history_is_settled_as_by_the_book(name: str, data: st.DataObject) -> None:
    history, whats = data.draw(troubled(name))
    names = [n for n, v in history.world.policy.region.state.items() if v.scope == "year"]
    opening: Opening | None = None
    if data.draw(st.booleans()):
        year = history.claims[0].discharged.year
        values = data.draw(st.lists(st.integers(0, 2), min_size=len(names), max_size=len(names)))
        counts = {n for n, v in history.world.policy.region.state.items() if v.unit == "count"}
        opening = {
            ("p0", year): {
                n: v if n in counts else v * 300_00 for n, v in zip(names, values, strict=True)
            }
        }
    assert_same(both(history.world, history.statuses, whats, opening))


# --- many claims ------------------------------------------------------------------------------

_PERSON = [a for a in vocabulary().of("person") if a.kind != "number"]
_CLAIM = vocabulary().of("claim")
_AMOUNTS = tuple(vocabulary().amounts)


def _facts(words: Sequence[object], given: Mapping[str, Value]) -> tuple[Value, ...]:
    return tuple(given.get(a.name, a.absent) for a in words)  # type: ignore[attr-defined]


Visits = Sequence[tuple[Value, ...]]


def _first(world: World) -> date:
    """Return the first day of claims: years in which most rules answer."""
    answered = {"tianjin": 2018, "jining": 2021}.get(world.policy.region.id, 0)
    return date(max(answered, world.first.year), 1, 1)


def random_city(
    world: World, persons: int, seed: int
) -> tuple[list[Status], list[Claim | Reversal]]:
    """Make up persons with changes of status, and years of claims, some taken back or late."""
    rng = Random(seed)
    first = _first(world)
    visits = [_visit(rng, world) for _ in range(60)]
    statuses: list[Status] = []
    whats: list[Claim | Reversal] = []
    for number in range(persons):
        person = f"p{number:06d}"
        statuses += _statuses(rng, world, person, first)
        for _ in range(rng.randint(0, 24)):
            claim = _claim(rng, world, f"c{len(whats):08d}", person, visits)
            whats.append(claim)
            if rng.random() < 0.06:
                at = claim.settled_at + timedelta(days=rng.randint(0, 200))
                whats.append(Reversal(f"c{len(whats):08d}", claim.claim_id, at))
    return statuses, whats


def _statuses(rng: Random, world: World, person: str, first: date) -> list[Status]:
    begin = first - timedelta(days=rng.choice([0, 1, 500, 1500]))
    birth = date(rng.randint(1930, 2015), rng.randint(1, 12), rng.randint(1, 28))
    made = [Status(person, begin, None, birth, _person(rng, world))]
    while rng.random() < 0.25:
        change = first + timedelta(days=rng.randint(30 * len(made), 400 * len(made)))
        if change <= made[-1].first:
            break
        gap = rng.choice([0, 0, 40])
        made[-1] = replace(made[-1], last=change - timedelta(days=1))
        made.append(Status(person, change + timedelta(days=gap), None, birth, _person(rng, world)))
    return made


def _person(rng: Random, world: World) -> tuple[Value, ...]:
    scheme = rng.choice(["employee", "resident"])
    category = {"employee": ["in_service", "retired"], "resident": ["adult", "student_child"]}
    given: dict[str, Value] = {
        "scheme": scheme,
        "category": rng.choice(category[scheme]),
        "contribution_tier": "none" if scheme == "employee" else rng.choice(["low", "high"]),
        "large_expense_paid": rng.random() < 0.8,
        "severe_disability": rng.random() < 0.5,
    }
    if rng.random() < 0.2:
        given["identities"] = frozenset({rng.choice(["destitute", "subsistence_allowance"])})
    if world.diseases and rng.random() < 0.4:
        given["registered_diseases"] = frozenset(rng.sample(world.diseases, 2))
    return _facts(_PERSON, given)


_PRODUCTS = ["maternity_outpatient", "maternity_inpatient", "long_term_care"]
"""What only some regions pay, and others refuse."""
_ORDINARY = sorted({*(vocabulary().attributes["visit"].codes or ())} - {*_PRODUCTS})


def _visit(rng: Random, world: World) -> tuple[Value, ...]:
    visit = rng.choice(_PRODUCTS if rng.random() < 0.1 else _ORDINARY)
    given: dict[str, Value] = {
        "visit": visit,
        "level": rng.choice(["1", "2", "3"]),
        "prescriber_level": rng.choice(["1", "2", "3"]),
        "outcome": rng.choice(["home", "admitted"]),
        "at_contracted_institution": rng.random() < 0.7,
        "at_chosen_institution": rng.random() < 0.7,
        "injury": rng.choice(["none"] * 17 + ["accident"] * 2 + ["self_harm"]),
        "care_setting": rng.choice(["institution", "home"]),
        "delivery": rng.choice(["natural", "caesarean"]),
        "pregnancy": rng.choice(["below_12_weeks", "from_28_weeks"]),
    }
    if world.diseases and visit == "chronic_outpatient":
        given["disease"] = rng.choice(world.diseases)
    return _facts(_CLAIM, given)


def _claim(rng: Random, world: World, claim_id: str, person: str, visits: Visits) -> Claim:
    first = _first(world)
    day = first + timedelta(days=rng.randint(0, 1100))
    nights = rng.choice([0, 0, 0, 3, 20])
    late = rng.choice([0] * 30 + [3, 60, 500])
    in_scope = rng.choice([rng.randint(0, 300_00), rng.randint(0, 50_000_00), _near(rng, world)])
    outside = rng.choice([0, rng.randint(0, 5_000_00)])
    given = {"total": in_scope + outside, "out_of_catalogue": outside, "in_scope": in_scope}
    given["in_scope_tcm"] = given["in_scope_two_disease"] = in_scope // 2
    return Claim(
        claim_id,
        person,
        day - timedelta(days=nights),
        day,
        _moment(day + timedelta(days=late), rng),
        rng.choice(visits),
        tuple(given.get(name, 0) for name in _AMOUNTS),
        rng.choice(["", "", "", "", "E", "F"]),
        rng.choice([0, 50_00, 10_000_00]),
    )


def _near(rng: Random, world: World) -> int:
    return max(0, rng.choice(world.edges or (0,)) + rng.randint(-1, 1)) % 100_000_000


def _moment(day: date, rng: Random) -> datetime:
    return datetime.combine(day, time(rng.randint(8, 17), rng.randint(0, 59)))


CITY = 40_000
"""About so many claims in each city of the large comparison: 27 cities, more than a million."""

CITIES = [("tianjin", n) for n in range(6)] + [("jining", n) for n in range(4)]
CITIES += [(f"random {n}", n) for n in range(17)]


@pytest.mark.parametrize(("name", "seed"), CITIES)
def test_a_city_is_settled_as_by_the_book(name: str, seed: int) -> None:
    """All 27 cities have more than a million items."""
    world = built(design(seed)) if name.startswith("random") else shipped(name)
    statuses, whats = random_city(world, CITY // 12, seed)
    assert len(whats) > 39_000
    run = both(world, statuses, whats, threads=1 + seed % 3)
    assert_same(run)
    assert len(run.batch.entries) > 9_000


PACKS = [*regions(), *sorted((ROOT / "examples" / "packs").glob("*/"))]


@pytest.mark.parametrize("pack", PACKS, ids=str)
def test_every_pack_of_the_repository_runs_on_it(pack: str | Path) -> None:
    world = shipped(pack) if pack in {"tianjin", "jining"} else at(pack)
    statuses, whats = random_city(world, 150, 7)
    assert_same(both(world, statuses, whats))


@cache
def at(pack: str | Path, *overlays: Path) -> World:
    """Return the world of a pack, from its first document on."""
    policy = load_policy(pack, accept="D", overlays=overlays)
    first = min((d.first for d in policy.region.own), default=date(2010, 1, 1))
    return World(policy, (), first, date(2030, 1, 1), Executor(policy))


def test_products_after_the_public_layers_are_settled_as_by_the_book() -> None:
    """The examples laid over Tianjin, in years in which all of them are in force."""
    products = sorted((ROOT / "examples" / "overlays").glob("tianjin-*@2022-01-01"))
    assert len(products) == 4
    world = replace(at("tianjin", *products), first=date(2021, 1, 1))
    statuses, whats = random_city(world, 300, 11)
    run = both(world, statuses, whats)
    assert_same(run)
    paid = {name for e in run.batch.entries for name, fen in e.settlement.funds.items() if fen}
    assert {"accident_pay", "care_pay", "mutual_aid_pay", "charity_pay"} <= paid


# --- other figures, other engines -------------------------------------------------------------


def test_other_figures_need_no_other_programs() -> None:
    """An engine with another deductible settles as the pack that says so."""
    world = built(replace(design(3), deductible=100_00))
    other = built(replace(design(3), deductible=250_00))
    statuses, whats = random_city(world, 300, 3)
    (row,) = world.policy.region.tables["standard"].rows
    run = both(world, statuses, whats)
    changed = engine_of(world).with_rows([(row, 250_00)])
    result = changed.settle(run.encoded.items, run.encoded.statuses, closing_year=2020)
    expected = both(other, statuses, whats)
    for name, column in result.figures.items():
        assert column.tolist() == expected.result.figures[name].tolist(), name
    assert result.figures["pool_pay"].tolist() != run.result.figures["pool_pay"].tolist()
    again = engine_of(world).settle(run.encoded.items, run.encoded.statuses)
    assert again.figures["pool_pay"].tolist() == run.result.figures["pool_pay"].tolist()


def test_a_rate_finer_than_the_programs_can_hold_is_refused() -> None:
    world = built(design(3))
    (row,) = world.policy.region.tables["points"].rows
    engine = engine_of(world).with_rows([(row, Fraction(1, 3))])
    statuses, whats = random_city(world, 5, 3)
    encoded = Encoded(engine, statuses, in_order(Item(what) for what in whats))
    with pytest.raises(PackDefect, match="1/3"):
        engine.settle(encoded.items, encoded.statuses)


def test_any_number_of_threads_gives_the_same() -> None:
    world = shipped("tianjin")
    statuses, whats = random_city(world, 200, 11)
    runs = [both(world, statuses, whats, threads=n) for n in (1, 2, 7, 1000)]
    for run in runs[1:]:
        assert run.result.code.tolist() == runs[0].result.code.tolist()
        for name, column in run.result.figures.items():
            assert column.tolist() == runs[0].result.figures[name].tolist()


def test_funds_that_pay_more_than_the_bill_are_found(tmp_path: Path) -> None:
    rules: Rules = {
        "tables": {"rate": table("rate", "51%")},
        "steps": [
            step("pay", 1, "share", of="in_scope", rate="rate", to="pool_pay"),
            step("again", 2, "share", of="in_scope", rate="rate", to="assistance_pay"),
        ],
    }
    assert settle_one(make_policy(tmp_path, rules)).code.tolist() == [OVERPAID]


def test_an_accumulator_that_grows_too_large_is_found(tmp_path: Path) -> None:
    rules: Rules = {
        "state": state("used"),
        "steps": [step("use", 1, "accumulate", amount="in_scope", into="used")],
    }
    policy = make_policy(tmp_path, rules)
    opening = {("p", 2020): {"used": MAX_STATE}}
    assert settle_one(policy, opening).code.tolist() == [TOO_LARGE]
    opening = {("p", 2020): {"used": MAX_STATE - 100_00}}
    assert settle_one(policy, opening).code.tolist() == [SETTLED]


def settle_one(policy: Policy, opening: Opening | None = None) -> Result:
    """Settle a claim of 100 yuan in 2020."""
    engine = Engine(policy)
    person = _facts(_PERSON, {"scheme": "resident", "category": "adult"})
    day = date(2020, 5, 1)
    status = Status("p", date(2020, 1, 1), None, date(1980, 1, 1), person)
    bill = tuple(100_00 if name in {"total", "in_scope"} else 0 for name in _AMOUNTS)
    visit = _facts(_CLAIM, {"visit": "inpatient", "level": "1"})
    claim = Claim("c", "p", day, day, datetime.combine(day, time(12)), visit, bill)
    encoded = Encoded(engine, [status], [Item(claim)])
    given = encoded.opening(opening, list(policy.region.state)) if opening else None
    return engine.settle(encoded.items, encoded.statuses, given)


def test_rules_that_are_wrong_are_told_when_a_claim_meets_them(tmp_path: Path) -> None:
    """A step that reads what no step before it writes: the scalar executor raises the same."""
    rules: Rules = {"steps": [step("pay", 1, "least", terms=["in_scope", "typo"], to="pool_pay")]}
    with pytest.raises(PackErrors, match="typo"):
        settle_one(make_policy(tmp_path, rules))


def test_persons_without_any_item_or_status_are_settled_too() -> None:
    """No profile at all: nobody is insured, or nothing was claimed."""
    engine = Engine(shipped("tianjin").policy)
    encoded = Encoded(engine, [], [])
    result = engine.settle(encoded.items, encoded.statuses, closing_year=2020)
    assert len(result.code) == 0
