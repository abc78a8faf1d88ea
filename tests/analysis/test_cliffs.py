"""Cliffs in small packs, worked by hand; every profile of a pack is found."""

from datetime import date, datetime, time
from pathlib import Path

import pytest
from small_pack import Rules, make_policy, state, step, table

from yibao.analysis.bill import Bill
from yibao.analysis.changes import changes
from yibao.analysis.cliff import Cliff, falls, worst
from yibao.analysis.cliffs import cliffs
from yibao.analysis.patient import Given, asked
from yibao.analysis.piecewise import Builder
from yibao.analysis.profiles import Explorer, State, Walk
from yibao.analysis.space import Change
from yibao.analysis.witness import person
from yibao.policy.model import Grade
from yibao.policy.policy import Policy, load_policy
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.executor import Executor
from yibao.settlement.model import Claim, Status, YearState

DAY = date(2010, 6, 1)
TOP = 1_000_000


def found(folder: Path, *steps: Rules, **tables: Rules) -> list[Cliff]:
    rules: Rules = {"steps": list(steps), "tables": tables, "state": state("used")}
    return cliffs(make_policy(folder, rules), DAY, Bill(), TOP).found


def test_a_bill_above_a_limit_that_is_not_paid_at_all(tmp_path: Path) -> None:
    """Up to 100.00 yuan half is paid, above it nothing: one fen more costs 50.00."""
    (cliff,) = found(
        tmp_path,
        step("small", 10, "at_most", value="in_scope", limit="limit", to="small"),
        step("half", 20, "share", of="in_scope", rate="rate", to="half"),
        step("pay", 30, "keep", of="half", if_="small", to="pool_pay", layer="basic"),
        limit=table("yuan", "100.00"),
        rate=table("rate", "50%"),
    )
    assert (cliff.size, cliff.example.expenses) == (50_00, (100_00, 100_01))
    assert cliff.joined == ("small",)


def test_roundings_are_no_cliff(tmp_path: Path) -> None:
    """A third of what two roundings leave goes up and down by a fen: nobody is worse off for it."""
    assert not found(
        tmp_path,
        step("part", 10, "share", of="in_scope", rate="third", to="part"),
        step("rest", 20, "subtract", from_="in_scope", less=["part"], to="rest"),
        step("more", 30, "share", of="rest", rate="third", to="more"),
        step("pay", 40, "subtract", from_="rest", less=["more"], to="pool_pay", layer="basic"),
        third=table("rate", "33.3%"),
    )


def test_a_status_that_costs(tmp_path: Path) -> None:
    """In the middle tier a bill is paid 60 %, in the high one 50 %; up to 10000: 1000 more."""
    keys = {"contribution_tier": ["low", "middle", "high"]}
    rates = [("low", "50%"), ("middle", "60%"), ("high", "50%")]
    rows = [{"contribution_tier": tier, "value": rate} for tier, rate in rates]
    (cliff,) = found(
        tmp_path,
        step(
            "pay", 10, "share", of="in_scope", rate="rate", to="pool_pay",
            layer="basic", when={"scheme": "resident"},
        ),
        step("none", 5, "exclude", of="in_scope", to="in_scope", when={"scheme": "employee"}),
        rate=table("rate", rows, keys),
    )  # fmt: skip
    assert [c.after for c in cliff.changes] == ["high"]
    assert (cliff.size, cliff.grows, cliff.first) == (1000_00, True, 0)
    assert cliff.rows[0].operand == "rate"


def test_a_figure_that_is_missing_is_counted(tmp_path: Path) -> None:
    rows = [{"level": ["1", "2"], "value": "50%"}, {"level": "3", "missing": "nobody knows"}]
    rules: Rules = {
        "steps": [step("pay", 10, "share", of="in_scope", rate="rate", to="pool_pay")],
        "tables": {"rate": table("rate", rows, {"level": ["1", "2", "3"]})},
        "state": {},
    }
    result = cliffs(make_policy(tmp_path, rules), DAY, Bill(), TOP)
    assert result.refused["rate"] > 0
    assert not result.found


def test_where_a_loss_is_worst() -> None:
    built = Builder(100)
    built.add(0, -10, 1)
    built.add(40, 30, -1)
    loss = built.done(0)
    assert worst(loss) == (40, 10, False)
    assert list(falls(loss)) == [(40, 100)]
    built = Builder(100)
    built.add(0, -1, 0)
    assert worst(built.done(0)) is None


@pytest.mark.parametrize(("region", "year"), [("tianjin", 2019), ("jining", 2022)])
def test_profiles_have_the_program_that_the_compiler_gives(region: str, year: int) -> None:
    """Each world found, as one person, compiles to the very steps and rows that were worked out."""
    policy = load_policy(region, accept=Grade.D)
    day = date(year, 7, 1)
    explorer = Explorer(policy.plan(day))
    checked = 0
    for ground in explorer.grounds():
        walk = Walk(explorer, ground)
        for state_ in walk.states():
            checked += _as_compiled(policy, day, explorer, walk, state_)
    assert checked > 100


def _as_compiled(policy: Policy, day: date, explorer: Explorer, walk: Walk, state_: State) -> bool:
    given = person(policy.region, explorer.space, walk.world(state_, 0), day)
    if given is None or None in state_.rows[0] or any(r.value is None for r in state_.rows[0]):
        return False
    if not state_.steps[0]:
        return False
    program = policy.plan(day).program("claim", asked(policy, day, given), day)
    steps = [explorer.steps[n].id for n in state_.steps[0]]
    assert [i.step.id for i in program.structure.instructions] == steps
    assert all(a is b for a, b in zip(program.rows, state_.rows[0], strict=True))
    return True


def test_examples_are_what_claims_settle_to() -> None:
    """The executor of claims gives both sides of every example of Tianjin, to the fen."""
    policy = load_policy("tianjin")
    day = date(2019, 7, 1)
    result = cliffs(policy, day, Bill(), 100_000_000)
    assert len(result.found) > 5
    for cliff in result.found:
        example = cliff.example
        for given, x, personal in zip(
            (example.before, example.after), example.expenses, example.personal, strict=True
        ):
            assert settled(policy, day, given, x) == personal


def settled(policy: Policy, day: date, given: Given, x: int) -> int:
    """Settle a bill as a claim of an enrolled person; return what is left to the person."""
    words = vocabulary()
    facts = {
        of: tuple(
            given.attributes.get(a.name, a.absent) for a in words.of(of) if a.kind != "number"
        )
        for of in ("person", "claim")
    }
    assert given.birth_date is not None
    insured = Status("p", day.replace(month=1), None, given.birth_date, facts["person"])
    at = datetime.combine(day, time(12))
    claim = Claim("c", "p", day, day, at, facts["claim"], tuple(Bill().amounts(x)))
    executor = Executor(policy)
    names = list(policy.region.state)[: len(executor.opening())]
    year = YearState([given.opening.get(name, 0) for name in names])
    scheme = str(given.attributes["scheme"])
    return executor.settle(claim, insured, scheme, day, year).personal_pay


def test_pairs_agree_with_singles() -> None:
    """Each side of a change is a program that some single profile has as well."""
    policy = load_policy("tianjin", accept=Grade.D)
    explorer = Explorer(policy.plan(date(2022, 7, 1)))
    found_changes = changes(policy.region, explorer.space)
    some = [
        Change(n, c.axis, c.before, c.after)
        for n, c in enumerate(found_changes)
        if c.attribute == "identities"
    ]
    for ground in explorer.grounds():
        alone = {(s.steps[0], tuple(map(id, s.rows[0]))) for s in Walk(explorer, ground).states()}
        for pair in Walk(explorer, ground, some).states():
            for side in (0, 1):
                assert (pair.steps[side], tuple(map(id, pair.rows[side]))) in alone
