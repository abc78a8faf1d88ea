"""Each operation against values worked by hand. Amounts here are fen, rates are per mille."""

from types import SimpleNamespace
from typing import Any

import pytest

from yibao.money import UNLIMITED
from yibao.policy.opspec import OPS, REFUSE
from yibao.policy.program import Instruction
from yibao.settlement import generate, ops

DENOMINATOR = 1000


def run(op: str, options: dict[str, str] | None = None, **operands: int | list[int]) -> list[int]:
    """Run one operation on operands given by value; return what it appends to memory."""
    memory: list[int] = []
    args: dict[str, int | tuple[int, ...]] = {}
    for field, value in operands.items():
        values = value if isinstance(value, list) else [value]
        slots = tuple(range(len(memory), len(memory) + len(values)))
        memory += values
        args[field.rstrip("_")] = slots if isinstance(value, list) else slots[0]
    before = list(memory)
    step: Any = SimpleNamespace(id="step", operands=options or {})
    edges = operands.get("edges")
    count = len(edges) + 3 if isinstance(edges, list) else 2 if op == "ordinal" else 1
    outs = tuple(f"out{n}" for n in range(count))
    memory = generate.compiled([Instruction(step, op, args, outs, len(memory))], DENOMINATOR)(
        memory
    )
    assert memory[: len(before)] == before, "an operation only appends"
    return memory[len(before) :]


def test_every_operation_has_a_meaning_and_every_meaning_an_operation() -> None:
    assert generate._STATEMENTS.keys() == OPS.keys() - {REFUSE}


# --- arithmetic ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("terms", "total"),
    [([5], 5), ([5, 7], 12), ([0, 0], 0), ([1, 2, 4], 7), ([1, 2, 4, 8, 16], 31)],
)
def test_add(terms: list[int], total: int) -> None:
    assert run("add", terms=terms) == [total]


@pytest.mark.parametrize(
    ("source", "less", "rest"),
    [(10, [3], 7), (10, [3, 4], 3), (10, [10], 0), (10, [11], 0), (10, [6, 6], 0), (0, [0], 0)],
)
def test_subtract_stops_at_zero(source: int, less: list[int], rest: int) -> None:
    assert run("subtract", from_=source, less=less) == [rest]


def test_subtract_stops_at_zero_once_at_the_end() -> None:
    """10 - 12 - 5 is below zero as a whole; no later term brings it back."""
    assert run("subtract", from_=10, less=[12, 5]) == [0]


@pytest.mark.parametrize(
    ("terms", "low", "high"), [([4], 4, 4), ([4, 9], 4, 9), ([9, 4, 7], 4, 9), ([5, 5], 5, 5)]
)
def test_least_and_greatest(terms: list[int], low: int, high: int) -> None:
    assert run("least", terms=terms) == [low]
    assert run("greatest", terms=terms) == [high]


# --- share and prorate --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "rate", "part"),
    [
        (10_000, 650, 6_500),
        (150, 850, 128),  # 127.5: an exact half goes up
        (1, 500, 1),  # 0.5
        (1, 499, 0),  # 0.499
        (3, 500, 2),  # 1.5
        (5, 500, 3),  # 2.5, not to the even neighbour
        (5_178_000, 112, 579_936),  # 51,780 yuan x 11.2 %
        (9_999, 1000, 9_999),  # 100 % is the whole
        (9_999, 0, 0),
        (0, 650, 0),
        (6_821_220_800, 1000, 6_821_220_800),
    ],
)
def test_share(amount: int, rate: int, part: int) -> None:
    assert run("share", of=amount, rate=rate) == [part]


@pytest.mark.parametrize(
    ("amount", "part", "whole", "result"),
    [
        (100, 1, 3, 33),  # 33.33
        (200, 1, 3, 67),  # 66.67
        (1, 1, 2, 1),  # 0.5
        (100, 0, 7, 0),
        (100, 7, 7, 100),
        (100, 0, 0, 0),  # nothing of nothing
        (100, 5, 0, 0),  # a part of nothing
    ],
)
def test_prorate(amount: int, part: int, whole: int, result: int) -> None:
    assert run("prorate", of=amount, part=part, whole=whole) == [result]


# --- deductible and cap -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "limit", "used", "fits"),
    [
        (300, 500, 0, 300),
        (300, 500, 200, 300),  # just fits
        (300, 500, 201, 299),
        (300, 500, 499, 1),
        (300, 500, 500, 0),
        (300, 500, 900, 0),  # more used than the limit, as after a limit was lowered
        (0, 500, 0, 0),
        (300, 0, 0, 0),
        (300, UNLIMITED, 10**13, 300),
    ],
)
def test_deductible_and_cap_give_what_still_fits(
    amount: int, limit: int, used: int, fits: int
) -> None:
    assert run("deductible", of=amount, standard=limit, met=used) == [fits]
    assert run("cap", of=amount, limit=limit, used=used) == [fits]
    assert ops.within(amount, limit, used) == fits


def test_which_operand_is_which() -> None:
    """700 of 1,000 asked, 600 the limit, 200 used."""
    assert run("cap", used=200, limit=600, of=700) == [400]
    assert run("deductible", met=200, standard=600, of=700) == [400]


# --- bands --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "low", "high", "length"),
    [
        (0, 10, 0, 10, 10),
        (2, 5, 0, 10, 3),
        (0, 10, 2, 5, 3),
        (0, 5, 5, 10, 0),  # they touch
        (0, 6, 5, 10, 1),
        (9, 20, 5, 10, 1),
        (10, 20, 5, 10, 0),
        (11, 20, 5, 10, 0),
        (0, 4, 5, 10, 0),
        (5, 5, 0, 10, 0),
    ],
)
def test_overlap(start: int, end: int, low: int, high: int, length: int) -> None:
    assert ops.overlap(start, end, low, high) == length


def test_bands_pay_each_slice_at_its_rate() -> None:
    """1-1.5-2 thousand at 50, 60 and 70 %: 500 + 900 + 350; nothing lies beyond."""
    got = run("bands", of=3_000, start=[0], edges=[1_000, 2_500, 5_000], rates=[500, 600, 700])
    assert got == [1_000, 1_500, 500, 1_750_000, 0, 500 + 900 + 350]


def test_bands_on_an_absolute_scale_start_at_what_was_used() -> None:
    """From 800 used and a deductible of 100, 700 more reach to 1,600: 100 at 50 %, 600 at 60 %."""
    got = run("bands", of=700, start=[800, 100], edges=[1_000, 5_000], rates=[500, 600])
    assert got == [100, 600, 410_000, 0, 50 + 360]


def test_bands_on_the_excess_start_at_zero() -> None:
    """The same 700 counted from zero: all of it lies in the first band."""
    got = run("bands", of=700, start=[0], edges=[1_000, 5_000], rates=[500, 600])
    assert got == [700, 0, 350_000, 0, 350]


def test_nothing_is_paid_below_over() -> None:
    """12,000 of the first 30,000 are deductible: 18,000 at 60 %, 10,000 at 65 %."""
    got = run(
        "bands", of=40_000, start=[0], over=[12_000], edges=[30_000, 100_000], rates=[600, 650]
    )
    assert got == [18_000, 10_000, 17_300_000, 0, 10_800 + 6_500]


def test_over_above_the_first_edge_empties_the_first_band() -> None:
    got = run("bands", of=100, start=[0], over=[50], edges=[40, 80], rates=[500, 600])
    assert got == [0, 30, 18_000, 20, 18]


def test_an_amount_wholly_below_over_gets_nothing_and_nothing_is_beyond() -> None:
    got = run("bands", of=100, start=[0], over=[200], edges=[400], rates=[500])
    assert got == [0, 0, 0, 0]


def test_over_above_the_last_edge_leaves_only_what_is_beyond() -> None:
    got = run("bands", of=100, start=[0], over=[50], edges=[40], rates=[500])
    assert got == [0, 0, 50, 0]


@pytest.mark.parametrize(
    ("start", "amount", "beyond"),
    [(0, 40, 0), (0, 41, 1), (0, 100, 60), (30, 20, 10), (40, 20, 20), (70, 20, 20)],
)
def test_what_lies_above_the_last_band_is_beyond(start: int, amount: int, beyond: int) -> None:
    *_, found, _ = run("bands", of=amount, start=[start], edges=[40], rates=[500])
    assert found == beyond


def test_an_unlimited_last_band_leaves_nothing_beyond() -> None:
    got = run("bands", of=10**11, start=[10**13], edges=[1_000, UNLIMITED], rates=[500, 700])
    assert got == [0, 10**11, 7 * 10**13, 0, 7 * 10**10]


def test_an_edge_that_falls_back_pays_no_slice_twice() -> None:
    """A later edge below an earlier one (an older table beside a newer) makes an empty band."""
    got = run("bands", of=100, start=[0], edges=[60, 40, 80], rates=[500, 900, 600])
    assert got == [60, 0, 20, 42_000, 20, 42]


def test_uplift_adds_points_and_stops_at_the_whole() -> None:
    """60 + 10 and 95 + 10 points: 70 % and 100 %, not 105 %."""
    got = run("bands", of=200, start=[0], edges=[100, 200], rates=[600, 950], uplift=[100])
    assert got == [100, 100, 170_000, 0, 70 + 100]


def test_uplift_that_reaches_the_whole_exactly() -> None:
    got = run("bands", of=100, start=[0], edges=[100], rates=[950], uplift=[50])
    assert got == [100, 100_000, 0, 100]


def test_an_uplift_of_nothing_changes_nothing() -> None:
    got = run("bands", of=100, start=[0], edges=[100], rates=[650], uplift=[0])
    assert got == [100, 65_000, 0, 65]


@pytest.mark.parametrize(("options", "pay"), [({}, 2), ({"round": "total"}, 2)])
def test_rounding_the_total(options: dict[str, str], pay: int) -> None:
    """Three slices of one fen at 50 %: 1.5, rounded once, is 2."""
    got = run("bands", options, of=3, start=[0], edges=[1, 2, 3], rates=[500, 500, 500])
    assert got == [1, 1, 1, 1_500, 0, pay]


def test_rounding_each_slice() -> None:
    """The same slices rounded one by one: 1 + 1 + 1."""
    got = run("bands", {"round": "slice"}, of=3, start=[0], edges=[1, 2, 3], rates=[500] * 3)
    assert got == [1, 1, 1, 1_500, 0, 3]


def test_rounding_each_slice_may_give_less() -> None:
    """0.4 + 0.4 is 0.8: 1 as a total, 0 slice by slice."""
    slices = {"of": 2, "start": [0], "edges": [1, 2], "rates": [400, 400]}
    assert run("bands", {"round": "total"}, **slices)[-1] == 1
    assert run("bands", {"round": "slice"}, **slices)[-1] == 0


# --- the rest -----------------------------------------------------------------------------------


def test_exclude_pays_nothing_of_anything() -> None:
    assert run("exclude", of=12_345) == [0]


def test_accumulate_adds_to_the_state() -> None:
    assert run("accumulate", amount=300, into=500) == [800]


@pytest.mark.parametrize(
    ("total", "own", "number", "after"),
    [
        (0, 0, 1, 1),  # the first admission
        (1, 0, 2, 2),
        (2, 1, 1, 2),  # the episode has its number already: nothing is counted
        (2, 2, 2, 2),
        (0, 3, 3, 3),  # after a reversal of earlier ones
    ],
)
def test_ordinal_numbers_an_admission_once(total: int, own: int, number: int, after: int) -> None:
    assert run("ordinal", total=total, own=own) == [number, after]


@pytest.mark.parametrize(("value", "limit", "flag"), [(4, 5, 1), (5, 5, 1), (6, 5, 0)])
def test_at_most_includes_the_limit(value: int, limit: int, flag: int) -> None:
    assert run("at_most", value=value, limit=limit) == [flag]


@pytest.mark.parametrize(("flag", "kept"), [(0, 0), (1, 700), (2, 700)])
def test_keep(flag: int, kept: int) -> None:
    assert run("keep", of=700, if_=flag) == [kept]


def test_set() -> None:
    assert run("set", value=42, into=7) == [42]


def test_times_multiplies_an_amount_by_a_count() -> None:
    assert run("times", of=320_00, count=12) == [3840_00]
    assert run("times", of=320_00, count=0) == [0]
