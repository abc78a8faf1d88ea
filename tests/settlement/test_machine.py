"""The translation of programs into machine code: Python's own results, on 64-bit integers."""

import ctypes
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yibao.money import half_up
from yibao.settlement import ops
from yibao.settlement.columnar.machine import compiled

NUMBERS = st.integers(-(10**9), 10**9)
POSITIVE = st.integers(1, 10**9)

TEXTS = {
    "arithmetic": "def arithmetic(x, y, z):\n    a = x - y * 3\n    return a + z\n",
    "divide": "def divide(x, y, z):\n    return x // z\n",
    "choose": "def choose(x, y, z):\n    return x // y if y else 0 - z\n",
    "either": "def either(x, y, z):\n    return x or y\n",
    "extremes": "def extremes(x, y, z):\n    return min(x, y, z) * 3 + max(x, y)\n",
    "branches": (
        "def branches(x, y, z):\n    a = 1\n    if x < y:\n        a = 2\n        if y >= z:\n"
        "            return a * 10\n    if x == z:\n        return 7\n    return a\n"
    ),
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


@pytest.mark.parametrize(
    "text",
    [
        "def f(x):\n    return x / 2\n",
        "def f(x):\n    return x ** 2\n",
        "def f(x):\n    while x:\n        x = 0\n    return x\n",
        "def f(x):\n    return 1.5\n",
        "def f(x):\n    return print(x)\n",
    ],
)
def test_anything_else_of_python_is_refused(text: str) -> None:
    with pytest.raises((NotImplementedError, KeyError)):
        compiled({"f": text})
