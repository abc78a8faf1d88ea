"""Which rows of a table a wish such as "the deductible in service = 500.00" means.

The wish must mean whole rows: a row that also serves persons or visits outside it would have to be
divided, which is what an overlay does. So such a wish is refused with the row's place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from yibao.errors import MoneyError, NotGiven
from yibao.money import MAX_CLAIM, UNLIMITED, parse_rate, parse_yuan
from yibao.policy import words
from yibao.policy.amendment import key_words
from yibao.policy.checking.points import answer, axes_of, points
from yibao.policy.consolidate import Calendar, Consolidation
from yibao.policy.model import Number, Region, Row, Table, Unit, Value
from yibao.policy.source import did_you_mean
from yibao.text import Text

Conditions = Mapping[str, Any]
"""Key -> a code, several codes, or for numbers {"from": 60, "below": 70}."""


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """Rows of a table that together are one parameter; `where` is when they answer, in words."""

    table: Table
    rows: tuple[Row, ...]
    where: Text

    @property
    def values(self) -> tuple[str, ...]:
        """The values that they have, as a pack writes them."""
        found = dict.fromkeys(
            words.figure(row.value, self.table.unit) for row in self.rows if row.value is not None
        )
        return tuple(found)


def wrong(name: str, zh: str, en: str) -> NotGiven:
    """Return the refusal of a wish that does not fit the rules."""
    return NotGiven(name, Text(zh, en))


def table_named(region: Region, name: str) -> Table:
    """Return a table; raises NotGiven with the nearest name."""
    if name not in region.tables:
        near = did_you_mean(str(name), region.tables)
        raise wrong(name, f"没有参数表{name!r}{near}", f"there is no table {name!r}{near}")
    return region.tables[name]


def choose(region: Region, name: str, conditions: Conditions, years: Sequence[int]) -> Chosen:
    """Return the rows of a table that answer under some conditions in some years.

    Raises NotGiven for an unknown table or key, where no row answers, where a row answers outside
    the conditions too, and where a figure is missing.
    """
    table = table_named(region, name)
    wanted = {key: _tests(table, key, codes) for key, codes in _keyed(conditions).items()}
    inside: dict[int, Row] = {}
    outside: dict[int, Row] = {}
    for rules in _states(region, years):
        rows = rules.rows(table)
        for point in points(table):
            row = answer(rows, point)
            if row is not None:
                hits = all(point[key] in codes for key, codes in wanted.items())
                (inside if hits else outside)[id(row)] = row
    if not inside:
        told = f"{dict(conditions)}, {min(years)}–{max(years)}"
        raise wrong(name, f"{name}没有符合{told}的行", f"no row of {name} answers for {told}")
    for key, row in inside.items():
        at = f"{row.origin.file}:{row.origin.line} ({words.conditions(row.conditions)})"
        if key in outside:
            raise wrong(
                name,
                f"{name}：{at}也适用于条件以外的情形；请放宽条件，或写成一个文件夹（overlay）",
                f"{name}: {at} also serves what the conditions leave out; widen them, or write the "
                "change as an overlay",
            )
        if row.value is None:
            raise wrong(name, f"{name}：{at}缺少数值", f"{name}: {at} has no value to change")
    box = {k: tuple(v for v in axes_of(table)[k] if v in codes) for k, codes in wanted.items()}
    where = key_words(region, table, box) if box else Text("全部情形", "every case")
    return Chosen(table, tuple(inside.values()), where)


def _keyed(conditions: object) -> Conditions:
    """Return conditions that are keys with codes; raises NotGiven for what is not."""
    if isinstance(conditions, Mapping):
        return conditions
    example = "{'category': 'in_service'}"
    raise wrong(
        "conditions",
        f"条件{conditions!r}应写成键与代码，例如{example}",
        f"conditions {conditions!r}: expected keys with codes, such as {example}",
    )


def _states(region: Region, years: Sequence[int]) -> list[Consolidation]:
    """Return the rules of every period that touches the years."""
    calendar = Calendar(region)
    first, last = date(min(years), 1, 1), date(max(years), 12, 31)
    days = [first, *(day for day in calendar.days if first < day <= last)]
    return [Consolidation(region, day) for day in days if day.year in years or day == first]


def _tests(table: Table, key: str, codes: Any) -> frozenset[Value]:
    """Return the values of a key's axis that a condition allows."""
    axes = axes_of(table)
    if key not in axes:
        known = ", ".join(axes) or "—"
        raise wrong(
            key,
            f"{table.name}没有键{key!r}；有：{known}",
            f"{table.name} has no key {key!r}; it has: {known}",
        )
    axis = axes[key]
    if isinstance(codes, Mapping):
        first, below = codes.get("from"), codes.get("below")
        unknown = sorted(set(codes) - {"from", "below"})
        edges = [edge for edge in (first, below) if edge is not None]
        if unknown or not edges or any(edge not in axis for edge in edges):
            told = ", ".join(map(words.code, axis))
            raise wrong(
                key,
                f"{key}：{dict(codes)}；from、below须为{told}之一",
                f"{key}: {dict(codes)}; expected from and below among {told}",
            )
        return frozenset(
            value
            for value in axis
            if isinstance(value, int)
            and (first is None or value >= first)
            and (below is None or value < below)
        )
    listed = codes if isinstance(codes, list | tuple | set | frozenset) else [codes]
    named = {words.code(value): value for value in axis}
    asked = [words.code(code) for code in listed]
    lacking = [code for code in asked if code not in named]
    if lacking or not asked:
        told = ", ".join(named)
        raise wrong(
            key,
            f"{key}没有{'、'.join(lacking) or '任何代码'}；有：{told}",
            f"{key} has no {', '.join(lacking) or 'code given'}; it has: {told}",
        )
    return frozenset(named[code] for code in asked)


def value_of(text: object, unit: Unit) -> Number:
    """Return the number of a figure as a pack writes it: "500.00", "65%", "3", "unlimited".

    Raises NotGiven for anything else; a float is no exact amount, and says so.
    """
    if not isinstance(text, str):
        found = f"{type(text).__name__} {text}"
        raise wrong(
            str(text),
            f'{found}：数值应按规则包的写法给出文本，如"500.00"、"65%"、"3"',
            f'{found}: expected a text as a pack writes it, such as "500.00", "65%" or "3"',
        )
    try:
        if unit == "yuan":
            fen = UNLIMITED if text == "unlimited" else parse_yuan(text)
            if fen > MAX_CLAIM and fen != UNLIMITED:
                raise MoneyError(f"{text!r} is above {MAX_CLAIM // 100} yuan")
            return fen
        if unit == "rate":
            rate = parse_rate(text)
            if rate > 1:
                raise MoneyError(f"{text!r} is more than 100%")
            return rate
        if text.isascii() and text.isdigit() and len(text) < 7:
            return int(text)
    except MoneyError as error:
        raise wrong(text, f"{text!r}不是合法数值：{error}", str(error)) from None
    raise wrong(text, f"{text!r}不是计数", f"{text!r} is not a count such as 3")


Values = Mapping[int, tuple[Row, Number]]
"""Rows with new values, by the row's identity: rows are never equal by chance."""


def replaced(region: Region, values: Values) -> Region:
    """Return the region with other values in some rows."""
    tables = {
        name: table
        if not any(id(row) in values for row in table.rows)
        else replace(
            table,
            rows=tuple(
                replace(row, value=values[id(row)][1]) if id(row) in values else row
                for row in table.rows
            ),
        )
        for name, table in region.tables.items()
    }
    return replace(region, tables=tables)
