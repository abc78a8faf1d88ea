"""Days as numbers: since 1970-01-01, and packed as (year, month, day) for comparing ages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from yibao.settlement.columnar.data import Int32, Int64
from yibao.settlement.columnar.prepare import YEAR_BITS, Calendar

_EPOCH = date(1970, 1, 1)


def number_of(day: date) -> int:
    """Return the days since 1970-01-01."""
    return (day - _EPOCH).days


def day_of(number: int) -> date:
    """Return the date of a number of days since 1970-01-01."""
    return _EPOCH + timedelta(days=number)


def packed(first: int, last: int) -> Int32:
    """Return the packed dates of the days from `first` to `last`."""
    days = np.arange(first, last + 1, dtype=np.int64).astype("datetime64[D]")
    years, months = days.astype("datetime64[Y]"), days.astype("datetime64[M]")
    year = years.astype(np.int64) + 1970
    month = (months - years.astype("datetime64[M]")).astype(np.int64) + 1
    day = (days - months.astype("datetime64[D]")).astype(np.int64) + 1
    found: Int32 = (year << YEAR_BITS | month << 5 | day).astype(np.int32)
    return found


def calendar(
    changes: Sequence[date], edges: tuple[Int64, Int64], first: int, last: int
) -> Calendar:
    """Return the calendar of the days from `first` to `last`; rules change on `changes`."""
    numbers = np.array([number_of(day) for day in changes], np.int64)
    days = np.arange(first, last + 1, dtype=np.int64)
    epoch = np.searchsorted(numbers, days, side="right").astype(np.int32)
    return Calendar(first, packed(first, last), epoch, *edges)
