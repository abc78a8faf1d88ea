"""One column of a batch in, numbers out, and for each cell whether it is certainly right.

Cells of closed kinds (codes, flags, sets, dates) repeat, so each different one is read once, by the
reader of single cells; cells of open kinds (ids, times, amounts) are read by loops.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.types as t

from yibao.interop.files import cells
from yibao.interop.files.arrays import kernels
from yibao.interop.files.arrays.kernels import CERTAIN, EMPTY, UNCERTAIN
from yibao.interop.files.columns import Column

Array = npt.NDArray[Any]
Said = npt.NDArray[np.int8]

_EPOCH = date(1970, 1, 1).toordinal()
FIRST_DAY = date.min.toordinal() - _EPOCH
LAST_DAY = date.max.toordinal() - _EPOCH
NO_DAY = np.iinfo(np.int32).min
"""Stands where no day is."""

_DAY_US = 86_400_000_000


def day_number(day: date) -> int:
    """Return the days since 1970-01-01."""
    return day.toordinal() - _EPOCH


def day_of(number: int) -> date:
    """Return the day with a number."""
    return date.fromordinal(number + _EPOCH)


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """A column as read: numbers or texts, and EMPTY, CERTAIN or UNCERTAIN for each cell."""

    values: Any
    said: Said

    @property
    def filled(self) -> npt.NDArray[np.bool_]:
        """Which cells are certainly right and not empty."""
        found: npt.NDArray[np.bool_] = self.said == CERTAIN
        return found


def buffers(texts: Any) -> tuple[Array, Array]:
    """Return the offsets and bytes of an Arrow text array; a null is an empty text."""
    _, offsets, data = texts.buffers()
    begin = texts.offset
    found = np.frombuffer(offsets, np.int32)[begin : begin + len(texts) + 1]
    if data is None or data.size == 0:
        return found, np.zeros(1, np.uint8)
    return found, np.frombuffer(data, np.uint8)


def as_texts(column: Any) -> Any:
    """Return a column as plain Arrow texts, with empty texts for nulls."""
    if t.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if not t.is_string(column.type):
        column = column.cast(pa.string())
    return column.fill_null("") if column.null_count else column


def hash_texts(texts: Any) -> npt.NDArray[np.uint64]:
    """Return the hash of each text."""
    out = np.empty(len(texts), np.uint64)
    if len(texts):
        kernels.hashes(*buffers(texts), out)
    return out


def read_ids(column: Any) -> Cells:
    """Read ids; the values are texts."""
    texts = as_texts(column)
    said = np.zeros(len(texts), np.int8)
    if len(texts):
        kernels.identifiers(*buffers(texts), said)
    return Cells(texts, said)


def read_times(column: Any) -> Cells:
    """Read times as microseconds since 1970-01-01."""
    kind, count = column.type, len(column)
    said = np.full(count, CERTAIN, np.int8)
    if t.is_date32(kind):
        days = _numbers(column, np.int32)
        said[(days < FIRST_DAY) | (days > LAST_DAY)] = UNCERTAIN
        values = days.astype(np.int64) * _DAY_US
    elif t.is_timestamp(kind) and kind.tz is None:
        values, said = _stamps(column, kind.unit)
    elif _is_text(kind):
        texts = as_texts(column)
        values = np.empty(count, np.int64)
        if count:
            kernels.times(*buffers(texts), values, said)
        return Cells(values, said)
    else:
        return _unread(column, np.int64)
    return Cells(values, _with_nulls(column, said))


def _stamps(column: Any, unit: str) -> tuple[Array, Said]:
    numbers = _numbers(column.cast(pa.int64()), np.int64)
    per_second = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}[unit]
    seconds = numbers // per_second
    good = (seconds >= FIRST_DAY * 86_400) & (seconds < (LAST_DAY + 1) * 86_400)
    if unit == "ns":
        good &= numbers % 1_000 == 0
        return numbers // 1_000, _said(good)
    values = np.where(good, numbers, 0) * (1_000_000 // per_second)
    return values, _said(good)


def _said(good: npt.NDArray[np.bool_]) -> Said:
    """Return CERTAIN for what is good, UNCERTAIN for the rest."""
    return np.int8(UNCERTAIN) - good.view(np.int8)


def _midnights(times: Cells) -> Cells:
    days, rest = np.divmod(times.values, _DAY_US)
    times.said[(times.said == CERTAIN) & (rest != 0)] = UNCERTAIN
    return Cells(days.astype(np.int32), times.said)


def read_amounts(column: Any) -> Cells:
    """Read yuan as fen."""
    kind, count = column.type, len(column)
    values, said = np.empty(count, np.int64), np.empty(count, np.int8)
    if t.is_decimal(kind) and kind.bit_width <= 128:
        if kind.bit_width < 128:
            column = column.cast(pa.decimal128(kind.precision, kind.scale))
        words = np.frombuffer(column.buffers()[1], np.int64)[2 * column.offset :]
        kernels.decimals(words, 10 ** (2 - kind.scale), values, said)
        said = _with_nulls(column, said)
        if column.null_count:
            values[said == EMPTY] = 0
        return Cells(values, said)
    if _is_text(kind):
        texts = as_texts(column)
        if count:
            kernels.amounts(*buffers(texts), values, said)
        return Cells(values, said)
    return _unread(column, np.int64)


def _is_text(kind: Any) -> bool:
    if t.is_dictionary(kind):
        kind = kind.value_type
    return bool(t.is_string(kind) or t.is_large_string(kind) or t.is_string_view(kind))


def _unread(column: Any, kind: Any) -> Cells:
    """Return a column of a type that has no loop: what is filled is uncertain."""
    said = np.full(len(column), UNCERTAIN, np.int8)
    return Cells(np.zeros(len(column), kind), _with_nulls(column, said))


def _with_nulls(column: Any, said: Said) -> Said:
    if column.null_count:
        said[np.asarray(column.is_null())] = EMPTY
    return said


def _numbers(column: Any, kind: Any) -> Array:
    """Return the numbers of an Arrow array; what stands at nulls has no meaning."""
    data = column.buffers()[1]
    return np.frombuffer(data, kind)[column.offset : column.offset + len(column)]


class Closed:
    """A column of a closed kind over all its batches: `values[code]` is what a code means.

    Code 0 is the empty cell.
    """

    def __init__(self, column: Column) -> None:
        self.values: list[Any] = [cells.absent_value(column)]
        self._parse = cells.parser(column)
        self._codes: dict[str, int] = {"": 0}
        self._by_value: dict[Any, int] = {}
        self._is_date = column.kind == "date"

    def read(self, column: Any) -> Cells:
        """Read a batch; the values are codes, of a date days."""
        kind = column.type
        if self._is_date and t.is_date32(kind):
            days = _numbers(column, np.int32)
            good = (days >= FIRST_DAY) & (days <= LAST_DAY)
            return Cells(days, _with_nulls(column, _said(good)))
        if self._is_date and t.is_timestamp(kind) and kind.tz is None:
            return _midnights(read_times(column))
        if t.is_boolean(kind):
            column = column.cast(pa.string())
        elif t.is_null(kind):
            return Cells(np.zeros(len(column), np.int32), np.zeros(len(column), np.int8))
        elif not _is_text(kind):
            return _unread(column, np.int32)
        if not t.is_dictionary(column.type):
            column = column.dictionary_encode()
        return self._look_up(column)

    def _look_up(self, column: Any) -> Cells:
        texts = column.dictionary.cast(pa.string()).fill_null("").to_pylist()
        codes = np.array([*(self._code(text) for text in texts), 0], np.int32)
        indices = column.indices
        if column.null_count:
            indices = indices.fill_null(len(texts))
        found, said = np.empty(len(column), np.int32), np.empty(len(column), np.int8)
        kernels.look_up(indices.to_numpy(), codes, found, said)
        if not self._is_date:
            return Cells(found, said)
        days = np.array(
            [day_number(day) if isinstance(day, date) else NO_DAY for day in self.values], np.int32
        )
        return Cells(days[np.maximum(found, 0)], said)

    def _code(self, text: str) -> int:
        """Return the code of a cell, -1 for one that is wrong."""
        code = self._codes.get(text)
        if code is None:
            code = self._codes[text] = self._new_code(text)
        return code

    def _new_code(self, text: str) -> int:
        try:
            cell = cells.clean(text)
            if not cell:
                return 0
            value = self._parse(cell)
        except cells.BadCell:
            return -1
        code = self._by_value.get(value)
        if code is None:
            code = self._by_value[value] = len(self.values)
            self.values.append(value)
        return code
