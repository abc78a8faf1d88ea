"""The translation of programs into machine code: Python's own results, on 64-bit integers."""

import ctypes
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from yibao.money import half_up
from yibao.settlement import ops
from yibao.settlement.columnar.machine import compiled

NUMBERS = st.integers(-(10**9), 10**9)
POSITIVE = st.integers(1, 10**9)

TEXTS = {
    "arithmetic": "def arithmetic(x, y, z):\n    a = x - y * 3\n    return a + z\n",
    "divide": "def divide(x, y, z):\n    return x // z\n",
    "by_constant": "def by_constant(x, y, z):\n    return x // 200000\n",
    "choose": "def choose(x, y, z):\n    return x // y if y else 0 - z\n",
    "either": "def either(x, y, z):\n    return x or y\n",
    "extremes": "def extremes(x, y, z):\n    return min(x, y, z) * 3 + max(x, y)\n",
    "branches": (
        "def branches(x, y, z):\n    a = 1\n    if x < y:\n        a = 2\n        if y >= z:\n"
        "            return a * 10\n    if x == z:\n        return 7\n    return a\n"
    ),
    "loops": (
        "def loops(x, y, z):\n    n = 0\n    while n < 20:\n        k = n\n        while k > 15:\n"
        "            y = y + x\n            k = k - 1\n        if y > z:\n            return n\n"
        "        n = n + 1\n        x = x // 2 + k\n    return y\n"
    ),
    "bits": "def bits(x, y, z):\n    return (x >> 3) * 7 + (y & 1023) + (x & 0 - 8)\n",
    "cases": (
        "def cases(x, y, z):\n    a = y\n    match x & 3:\n        case 0:\n            a = z\n"
        "        case 2:\n            return 5\n        case _:\n            a = x\n"
        "    match y & 7:\n        case 5:\n            a = a + 1\n    return a\n"
    ),
    "downwards": "def downwards(x, y, z):\n    return x // (0 - z) + x // 7 + x // (0 - 7)\n",
    "operations": (
        "def operations(x, y, z):\n    a = within(x, y, z)\n    b = overlap(a, x, y, z)\n"
        "    c = half_up(at_least_zero(x), z)\n"
        "    return c + prorate(at_least_zero(y), b, z) + ordinal(x, y)\n"
    ),
}
SCOPE = {f.__name__: f for f in (half_up, ops.at_least_zero, ops.prorate, ops.within)} | {
    "overlap": ops.overlap,
    "ordinal": ops.ordinal,
}
MACHINE = compiled(TEXTS)


def python(name: str) -> Callable[..., int]:
    scope = dict(SCOPE)
    exec(TEXTS[name], scope)
    return scope[name]


def machine(name: str) -> Callable[..., int]:
    return ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * 3)(MACHINE[name])


@pytest.mark.parametrize("name", TEXTS)
@given(x=NUMBERS, y=NUMBERS, z=POSITIVE)
def test_machine_code_gives_what_python_gives(name: str, x: int, y: int, z: int) -> None:
    assert machine(name)(x, y, z) == python(name)(x, y, z)


def test_division_by_zero_on_the_way_not_taken_is_not_done() -> None:
    assert machine("choose")(5, 0, 3) == -3


def test_memory_is_read_and_written() -> None:
    text = (
        "def move(i, rows_at, out_at):\n"
        "    a = rows_at[1][i]\n    out_at[2] = a + out_at[0]\n    return a\n"
    )
    row = (ctypes.c_int64 * 3)(5, 6, 7)
    rows = (ctypes.c_int64 * 2)(0, ctypes.addressof(row))
    out = (ctypes.c_int64 * 3)(100, 0, 0)
    move = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * 3)(compiled({"move": text})["move"])
    assert move(2, ctypes.addressof(rows), ctypes.addressof(out)) == 7
    assert list(out) == [100, 0, 107]


@given(
    number=st.integers(-(2**63), 2**63 - 1),
    divisor=st.integers(-(2**63), 2**63 - 1).filter(bool) | st.sampled_from((1, -1, 3, 200_000)),
)
def test_numbers_are_divided_downwards_at_the_ends_of_64_bits(number: int, divisor: int) -> None:
    assume(-(2**63) <= number // divisor < 2**63)
    assert machine("divide")(number, 0, divisor) == number // divisor
    assert machine("by_constant")(number, 0, 0) == number // 200_000


def test_functions_that_others_call_are_written_into_them() -> None:
    inner = {"twice": "def twice(x):\n    return x + x\n"}
    outer = {"four_times": "def four_times(x):\n    return twice(twice(x))\n"}
    found = compiled(outer, inner)
    assert list(found) == ["four_times"]
    assert ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(found["four_times"])(-5) == -20


MOVE = """\
def move(i, end, wide_at: fixed, few_at: int32, bytes_at: int8):
    total = 0
    while i < end:
        total = total + few_at[i] * 3 - bytes_at[i] + wide_at[i]
        few_at[i] = wide_at[i]
        bytes_at[i] = few_at[i] + 1
        i = i + 1
    return total
"""
MOVE_AT = compiled({"move": MOVE})["move"]


@given(
    rows=st.lists(
        st.tuples(
            st.integers(-(2**60), 2**60), st.integers(-(2**31), 2**31 - 1), st.integers(-128, 127)
        ),
        max_size=5,
    )
)
def test_narrow_numbers_keep_their_sign_and_their_neighbours(
    rows: list[tuple[int, int, int]],
) -> None:
    """An array of ctypes keeps of a number what there is room for, as the machine does."""
    scope: dict[str, Any] = dict.fromkeys(("fixed", "int32", "int8"))
    exec(MOVE, scope)
    run = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * 5)(MOVE_AT)

    def arrays() -> list[Any]:
        kinds = (ctypes.c_int64, ctypes.c_int32, ctypes.c_int8)
        columns = zip(*rows, strict=True) if rows else ((), (), ())
        return [(k * (len(rows) + 1))(*c) for k, c in zip(kinds, columns, strict=True)]

    ours, theirs = arrays(), arrays()
    found = run(0, len(rows), *map(ctypes.addressof, ours))
    assert found == scope["move"](0, len(rows), *theirs)
    assert list(map(list, ours)) == list(map(list, theirs))


@pytest.mark.parametrize(
    "text",
    [
        "def f(x):\n    return x / 2\n",
        "def f(x):\n    return x ** 2\n",
        "def f(x):\n    while x:\n        x = 0\n    else:\n        x = 1\n    return x\n",
        "def f(x):\n    match x:\n        case 1 | 2:\n            return 1\n    return 0\n",
        "def f(x):\n    match x:\n        case 1 if x:\n            return 1\n    return 0\n",
        "def f(x):\n    while x:\n        break\n    return x\n",
        "def f(x):\n    for i in x:\n        x = i\n    return x\n",
        "def f(x_at: fixed):\n    x_at[0] = 1\n    return 0\n",
        "def f(x_at: int16):\n    return x_at[0]\n",
        "def f(x):\n    return 1.5\n",
        "def f(x):\n    return print(x)\n",
    ],
)
def test_anything_else_of_python_is_refused(text: str) -> None:
    with pytest.raises((NotImplementedError, KeyError)):
        compiled({"f": text})
