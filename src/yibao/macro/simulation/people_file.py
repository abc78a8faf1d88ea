"""people.parquet: what is known of each person besides the insurance status.

Columns: person_id and birth_date; and, where the population has them, sex, household_id, income
(yuan a year and head), income_decile, employment, scheme, category, contribution_tier, identities
and chronic_diseases (several, separated by semicolons).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from yibao.errors import CannotRead
from yibao.interop.files.rows import shorten, visible
from yibao.macro.simulation.exact import Flags, Int64
from yibao.macro.simulation.paid import NOBODY, Coded, People
from yibao.policy.vocabulary import vocabulary
from yibao.text import Text

PEOPLE = "people.parquet"
"""The name of the file in a population's folder."""

_CODES = ("scheme", "category", "contribution_tier", "sex", "employment")
_SETS = ("identities", "chronic_diseases")
_TITLES: Mapping[str, Text] = {
    "hypertension": Text("高血压", "hypertension"),
    "diabetes": Text("糖尿病", "diabetes"),
    "coronary_disease": Text("冠心病", "coronary heart disease"),
    "stroke": Text("脑梗塞", "stroke"),
    "lung_disease": Text("慢性阻塞性肺疾病", "chronic obstructive pulmonary disease"),
    "rheumatism": Text("类风湿性关节炎", "rheumatoid arthritis"),
    "cancer": Text("恶性肿瘤", "cancer"),
    "kidney_failure": Text("尿毒症", "kidney failure"),
    "male": Text("男", "male"),
    "female": Text("女", "female"),
    "employed": Text("在业", "employed"),
    "not_employed": Text("未在业", "not employed"),
    "retired": Text("退休", "retired"),
    "student_child": Text("学生儿童", "student or child"),
}
"""Titles of codes that are not in the vocabulary; one without a title is shown, made visible."""

_MOST_CODES = 1_000
"""A column with more different texts than this holds no codes: each is a row of every report."""


def read_people(file: Path, ids: pa.Array) -> People:
    """Read what is known of persons, in the order of `ids`.

    Raises CannotRead for a file that is not Parquet, a column of another type, a person who stands
    in it twice or not at all.
    """
    try:
        table = pq.read_table(file)
    except (OSError, pa.ArrowException) as error:
        told = str(error).splitlines()[0]
        raise CannotRead(f"{file}: {told} / 无法读取") from None
    reader = _Reader(file, table)
    at = reader.positions(ids)
    codes = {name: reader.coded(name).take(at) for name in _CODES if name in reader}
    sets, titles = {}, {}
    for name in _SETS:
        if name in reader:
            sets[name], titles[name] = reader.members(name, at)
    return People(
        ids=ids,
        birth=reader.days("birth_date")[at],
        codes={name: reader.with_titles(name, taken) for name, taken in codes.items()},
        sets=sets,
        titles=titles,
        household=reader.households(at),
        income=reader.fen("income")[at] if "income" in reader else None,
        decile=reader.deciles(at),
    )


class _Reader:
    """Columns of the file, checked."""

    def __init__(self, file: Path, table: pa.Table) -> None:
        self._file = file
        self._table = table

    def __contains__(self, name: str) -> bool:
        return name in self._table.column_names

    def column(self, name: str) -> Any:
        """Return a column as one array; raises CannotRead when it is not there."""
        if name not in self:
            has = ", ".join(self._table.column_names)
            raise CannotRead(f"{self._file}: no column {name!r}; it has: {has} / 缺少列")
        chunks = self._table[name]
        if pa.types.is_dictionary(chunks.type):  # each chunk may have a dictionary of its own
            chunks = chunks.cast(chunks.type.value_type)
        return chunks.combine_chunks()

    def wrong(self, name: str, found: Any, expected: str) -> CannotRead:
        """Return the error of a column of the wrong type or content."""
        return CannotRead(f"{self._file}: {name} is {found}; expected {expected} / 列的内容不对")

    def positions(self, ids: pa.Array) -> Int64:
        """Return the row of each person."""
        own = self.column("person_id").cast(pa.string())
        if pc.count_distinct(own).as_py() != len(own):
            raise self.wrong("person_id", "not unique", "each person once")
        at = pc.index_in(ids.cast(pa.string()), value_set=own)
        if at.null_count:
            missing = ids[pc.index(pc.is_null(at), True).as_py()]
            raise CannotRead(f"{self._file}: no row for person {missing.as_py()!r} / 缺少此人")
        found: Int64 = at.to_numpy().astype(np.int64)
        return found

    def days(self, name: str) -> Any:
        """Return days since 1970-01-01."""
        column = self.column(name)
        if not pa.types.is_date32(column.type) or column.null_count:
            raise self.wrong(name, column.type, "a date in every row")
        return column.cast(pa.int32()).to_numpy()

    def fen(self, name: str) -> Int64:
        """Return amounts in fen from decimals of yuan."""
        column = self.column(name)
        if not pa.types.is_decimal(column.type) or column.type.scale > 2 or column.null_count:
            raise self.wrong(name, column.type, "yuan as decimals with two places in every row")
        try:  # fen are the unscaled digits of a decimal with two places
            digits = column.cast(pa.decimal128(18, 2)).view(pa.decimal128(18, 0))
        except pa.ArrowInvalid:
            raise self.wrong(name, "too large", "amounts below 10^16 yuan") from None
        found: Int64 = digits.cast(pa.int64()).to_numpy()
        if (found < 0).any():
            raise self.wrong(name, "negative", "no negative amount")
        return found

    def households(self, at: Int64) -> Int64 | None:
        """Return the number of each person's household."""
        if "household_id" not in self:
            return None
        encoded = self.column("household_id").cast(pa.string()).dictionary_encode()
        codes: Int64 = pc.fill_null(encoded.indices, NOBODY).to_numpy().astype(np.int64)
        return codes[at]

    def deciles(self, at: Int64) -> Any:
        """Return income deciles 1 … 10."""
        if "income_decile" not in self:
            return None
        column = self.column("income_decile")
        if not pa.types.is_integer(column.type) or column.null_count:
            raise self.wrong("income_decile", column.type, "whole numbers in every row")
        found = column.to_numpy()
        if len(found) and not (found.min() >= 1 and found.max() <= 10):
            raise self.wrong("income_decile", f"{found.min()} to {found.max()}", "1 to 10")
        return found.astype(np.int8)[at]

    def coded(self, name: str) -> _Taken:
        """Return texts as codes; an empty cell is the text "none"."""
        column = self.column(name)
        if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
            raise self.wrong(name, column.type, "text")
        column = pc.fill_null(column, "none")
        encoded = column.dictionary_encode()
        values = encoded.dictionary.to_pylist()
        if len(values) > _MOST_CODES:
            found = f"{len(values):,} different texts"
            raise self.wrong(name, found, f"codes, at most {_MOST_CODES:,}")
        return _Taken(encoded.indices.to_numpy(), values)

    def members(self, name: str, at: Int64) -> tuple[dict[str, Flags], dict[str, Text]]:
        """Return who has each code of a set, and the codes' titles."""
        taken = self.coded(name)
        parts = [[p for p in text.split(";") if p and p != "none"] for text in taken.values]
        names = sorted({part for some in parts for part in some})
        has = {
            code: np.asarray([code in some for some in parts], bool)[taken.codes][at]
            for code in names
        }
        return has, {code: _title(name, code) for code in names}

    def with_titles(self, name: str, taken: _Taken) -> Coded:
        """Return codes in the vocabulary's order, with titles."""
        known = vocabulary().attributes.get(name)
        order = [*((known.codes or {}) if known else {})]
        order += sorted(set(taken.values) - set(order))
        place = np.asarray([order.index(value) for value in taken.values], np.int16)
        return Coded(place[taken.codes], order, [_title(name, code) for code in order])


class _Taken:
    """Codes with the texts that they stand for, in the order in which these were met."""

    def __init__(self, codes: Any, values: Sequence[str]) -> None:
        self.codes = codes
        self.values = values

    def take(self, at: Int64) -> _Taken:
        """Return the same for other rows."""
        return _Taken(self.codes[at], self.values)


def _title(attribute: str, code: str) -> Text:
    known = vocabulary().attributes.get(attribute)
    titles = (known.codes or {}) if known else {}
    shown = shorten(visible(code))
    return titles.get(code) or _TITLES.get(code, Text(shown, shown))
