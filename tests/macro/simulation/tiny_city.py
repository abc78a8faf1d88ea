"""Tiny populations for tests of the simulation, written as lists."""

from collections.abc import Sequence
from datetime import date

import numpy as np

from yibao.macro.simulation.paid import Claims, Coded, Paid, People
from yibao.text import Text

_EPOCH = date(1970, 1, 1).toordinal()


def coded(values: Sequence[str], order: Sequence[str] = ()) -> Coded:
    names = list(dict.fromkeys([*order, *values]))
    codes = np.asarray([names.index(value) for value in values], np.int16)
    return Coded(codes, names, [Text(name, name) for name in names])


def claims(
    person: Sequence[int],
    *,
    year: Sequence[int] | None = None,
    scheme: Sequence[str] | None = None,
    visit: Sequence[str] | None = None,
    level: Sequence[str] | None = None,
) -> Claims:
    n = len(person)
    return Claims(
        np.asarray(person, np.int32),
        np.asarray(year or [2023] * n, np.int16),
        coded(scheme or ["employee"] * n),
        coded(visit or ["outpatient"] * n),
        coded(level or ["1"] * n),
    )


def paid(total: Sequence[int], personal: Sequence[int], *, sign: Sequence[int] = ()) -> Paid:
    """Return payments of which one fund bears all that the person does not."""
    bill, own = np.asarray(total, np.int64), np.asarray(personal, np.int64)
    signs = np.asarray(sign or [1] * len(bill), np.int8)
    return Paid(signs, bill, bill, own, np.zeros_like(own), {"pool_pay": bill - own})


def people(
    incomes: Sequence[int] | None,
    *,
    count: int = 0,
    household: Sequence[int] | None = None,
    born: Sequence[int] = (),
    schemes: Sequence[str] = (),
    deciles: Sequence[int] | None = None,
    identities: dict[str, Sequence[bool]] | None = None,
) -> People:
    n = count or len(incomes or ())
    births = [date(year, 6, 1).toordinal() - _EPOCH for year in (born or [1980] * n)]
    return People(
        [f"P{i}" for i in range(n)],
        np.asarray(births, np.int32),
        {"scheme": coded(schemes or ["employee"] * n)},
        {"identities": {k: np.asarray(v, bool) for k, v in (identities or {}).items()}},
        {},
        None if household is None else np.asarray(household, np.int64),
        None if incomes is None else np.asarray(incomes, np.int64),
        None if deciles is None else np.asarray(deciles, np.int8),
    )
