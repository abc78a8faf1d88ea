"""The interval analysis: sound on the packs that ship, and an error where int64 is not enough."""

from pathlib import Path
from random import Random
from typing import Any

import pytest
from small_pack import CITED, LAYERS, add_document, add_region, state, step, table

from yibao.money import MAX_CLAIM, MAX_STATE
from yibao.policy.checking import check
from yibao.policy.checking.bounds import INT64, MAX_COUNT, analyse
from yibao.policy.checking.reach import reach
from yibao.policy.compile import build
from yibao.policy.load import load_region, regions
from yibao.policy.model import Region
from yibao.settlement.generate import runner

SHIPPED = {region.id: region for region in map(load_region, regions())}
STRUCTURES = [(r, structure) for r in SHIPPED.values() for structure in reach(r).structures]


@pytest.mark.parametrize("seed", range(20))
def test_no_run_of_a_shipped_structure_leaves_its_bounds(seed: int) -> None:
    """Memory starts at its bounds, at zero and anywhere between; no slot may end outside."""
    random = Random(seed)
    for region, structure in STRUCTURES:
        bounds = analyse(region, structure).bounds
        assert max(bounds) < INT64
        first = structure.first_figure + len(structure.figures)
        memory = [random.choice((0, bound, random.randint(0, bound))) for bound in bounds[:first]]
        memory = runner(structure)(memory)
        over = [structure.names[n] for n, v in enumerate(memory) if not 0 <= v <= bounds[n]]
        assert over == []


def one_step(folder: Path, **rules: Any) -> Region:
    """Load a region of one document."""
    add_region(folder)
    add_document(folder, {"layers": [CITED | {"order": LAYERS}]} | rules)
    return load_region(folder)


def overflowing(region: Region) -> list[tuple[str, str]]:
    """Return what the overflow check found: the step and what it was to stay below."""
    return [(f.found, f.expected) for f in check(region) if f.check == "overflow"]


def test_amount_times_amount_is_refused_with_step_and_bound(tmp_path: Path) -> None:
    part = step("part", 10, "prorate", of="total", part="in_scope", whole="total", to="x")
    (found,) = overflowing(one_step(tmp_path, steps=[part]))
    bound = 2 * MAX_CLAIM**2 + MAX_CLAIM
    assert found == (
        f"step part: prorate may reach {bound}",
        f"every intermediate value below {2**63}",
    )


def test_bounded_amount_times_amount_is_proven(tmp_path: Path) -> None:
    figures = {"standard": table("yuan", "1000.00")}
    bear = step("bear", 10, "deductible", of="in_scope", standard="standard", met="used", to="d")
    part = step("part", 20, "prorate", of="d", part="in_scope", whole="total", to="x")
    region = one_step(tmp_path, tables=figures, state=state("used"), steps=[bear, part])
    assert overflowing(region) == []


@pytest.mark.parametrize(("decimals", "refused"), [(1, False), (6, True)])
def test_denominator_of_rates_counts(tmp_path: Path, decimals: int, refused: bool) -> None:
    """A share of MAX_STATE is 10**13 x numerator; half_up doubles it."""
    rate = "99." + "9" * (decimals - 1) + "7" + "%"
    pay = step("pay", 10, "share", of="used", rate="rate", to="x")
    region = one_step(
        tmp_path, tables={"rate": table("rate", rate)}, state=state("used"), steps=[pay]
    )
    assert bool(overflowing(region)) == refused


def test_bounds_of_memory_follow_the_operations(tmp_path: Path) -> None:
    steps = [
        step("a", 10, "add", terms=["in_scope", "used"], to="sum"),
        step("b", 20, "cap", of="sum", limit="limit", used="used", to="capped"),
        step("c", 30, "subtract", from_="sum", less=["capped"], to="rest"),
        step("d", 40, "ordinal", total="stays", own="own"),
        step("e", 50, "at_most", value="used", limit="limit", to="flag"),
        step("f", 60, "keep", of="capped", if_="flag", to="kept"),
        step(
            "g",
            70,
            "bands",
            of="rest",
            start=["used"],
            to="paid",
            round="slice",
            segments=[
                {"to": "limit", "rate": "rate"},
                {"to": "unlimited", "rate": "rate"},
            ],
        ),
    ]
    region = one_step(
        tmp_path,
        tables={
            "limit": table("yuan", "2000.00"),
            "unlimited": table("yuan", "unlimited"),
            "rate": table("rate", "50%"),
        },
        state=state("used") | state("stays", unit="count") | state("own", unit="count"),
        steps=steps,
    )
    structure = build(region, "claim", region.steps, 100)
    bounds, overflows = analyse(region, structure)
    assert overflows == []
    found = {name: bounds[slot] for name, slot in structure.final.items()}
    both = MAX_CLAIM + MAX_STATE
    expected = {
        "sum": both,
        "capped": 200_000,
        "rest": both,
        "own": MAX_COUNT + 1,
        "flag": 1,
        "kept": 200_000,
        "paid/1": 200_000,
        "paid": both // 2 + 2,
    }
    assert {name: found[name] for name in expected} == expected
