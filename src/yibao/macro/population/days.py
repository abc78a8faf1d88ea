"""Days, and the years that are made. Days are counted from 1970-01-01, as in Arrow's date32."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from yibao.macro.population.figures import Ints

Days = npt.NDArray[np.int32]

FAR = np.int32(2**30)
"""A day that never comes."""

YEAR = 365.2425
_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Span:
    """The years that are made, and the half-years in which people use care."""

    first: int
    years: int

    @property
    def start(self) -> int:
        """The first day."""
        return day_of(self.first, 1, 1)

    @property
    def end(self) -> int:
        """The last day."""
        return day_of(self.first + self.years, 1, 1) - 1

    @property
    def bounds(self) -> Ints:
        """The first days of all half-years, and the day after the last."""
        days = [
            day_of(self.first + year, month, 1) for year in range(self.years) for month in (1, 7)
        ]
        return np.array([*days, self.end + 1], dtype=np.int64)


def day_of(year: int, month: int, day: int) -> int:
    """Return a calendar day as a number."""
    return date(year, month, day).toordinal() - _EPOCH
