"""How functions are compiled by Numba, and how these call programs by their address."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

_F = TypeVar("_F", bound=Callable[..., Any])
_njit: Any = numba.njit
_intrinsic: Any = intrinsic
_PLAIN = {"nogil": True, "error_model": "numpy", "cache": True}
_LOOP = _PLAIN | {"_nrt": False}
"""Nothing is allocated in the loop, so no references are counted: that is ten times faster."""


_SOURCES = sorted(Path(__file__).parent.glob("*.py"))
_STAMP = sha256(b"".join(path.read_bytes() for path in _SOURCES)).hexdigest()
"""Numba keeps what it compiled as long as the function's own file is the same. But functions are
written into those of other files, and so are constants: the stamp is of all of the package."""


def _stamped(function: Any) -> Any:
    function._cache._cache_file._source_stamp = _STAMP
    return function


def compiled(function: _F) -> _F:
    """Have a function compiled when it is first called; it may not allocate memory."""
    return cast(_F, _stamped(_njit(**_LOOP)(function)))


def inlined(function: _F) -> _F:
    """Have a function that every claim runs written into its caller: a call passes sixty arrays."""
    return cast(_F, _stamped(_njit(**_LOOP, forceinline=True)(function)))


def _call(count: int) -> tuple[Any, Callable[..., Any]]:
    """Return what Numba needs to call an address with so many integers."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(ir.IntType(64), [ir.IntType(64)] * count)
        function = builder.inttoptr(arguments[0], kind.as_pointer())
        return builder.call(function, arguments[1:])

    return types.int64(types.int64, *[types.int64] * count), generate


@_intrinsic
def _run_claim(  # type: ignore[no-untyped-def]
    typing, address, i, amounts_at, state_at, episodes_at, given_at, figures_at
):
    return _call(6)


@_intrinsic
def _run_plain(  # type: ignore[no-untyped-def]
    typing, address, i, end, first, items_at, amounts_at, state_at, given_at, rows_at, figures_at,
    answers_at, codes_at,
):  # fmt: skip
    return _call(11)


@_intrinsic
def _run_year_end(typing, address, values_at, given_at, opened_at):  # type: ignore[no-untyped-def]
    return _call(3)


@_intrinsic
def _run_one(typing, address, at):  # type: ignore[no-untyped-def]
    return _call(1)


@_intrinsic
def _run_two(typing, address, source_at, target_at):  # type: ignore[no-untyped-def]
    return _call(2)


run_claim: Callable[[int, int, int, int, int, int, int], int] = _run_claim
"""Run a claim's program at an address; see `bodies.claim_body`."""

run_plain: Callable[..., int] = _run_plain
"""Settle plain claims of one slot by the function at an address; see `bodies.run_body`."""

run_year_end: Callable[[int, int, int, int], int] = _run_year_end
"""Run a year-end program at an address; see `bodies.year_end_body`."""

run_clear: Callable[[int, int], int] = _run_one
"""Run a function that writes carried values; see `bodies.move_bodies`."""

run_move: Callable[[int, int, int], int] = _run_two
"""Run a function that reads and writes carried values; see `bodies.move_bodies`."""

run_add_up: Callable[[int, int, int, int], int] = _run_year_end
"""Run the function that adds what a slot added; see `bodies.move_bodies`."""
