"""Pairs of records that may be one person, exactly and by likeness, with the reasons."""

from __future__ import annotations

import importlib.util
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from yibao.agency.matching.likeness import (
    AS_IF,
    BLOCKS,
    COMPARISONS,
    DUPLICATES,
    THRESHOLD,
    Comparison,
)
from yibao.agency.matching.records import HERE, Period, Record, initials, sound
from yibao.errors import CannotRead
from yibao.text import Text

Kind = Literal["enrolled_twice", "same_number", "two_documents", "alike"]

KINDS: Mapping[Kind, Text] = {
    "enrolled_twice": Text("重复参保", "enrolled twice on the same days"),
    "same_number": Text("同一证件号码两次登记", "one number registered twice"),
    "two_documents": Text("两种证件登记", "registered under two kinds of document"),
    "alike": Text("相似", "alike"),
}
"""The kinds of pairs, the gravest first."""

MODULES = ("splink", "duckdb")


class MatchingMissing(CannotRead):
    """What finds near-duplicates is not installed."""


@dataclass(frozen=True, slots=True)
class Reason:
    """What two records have in common in a field, or not."""

    field: str
    level: str
    says: Text


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records that may be one person; `left.key` is the smaller.

    `probability` is that of the model, None where the number alone says it.
    """

    kind: Kind
    left: Record
    right: Record
    reasons: tuple[Reason, ...]
    probability: float | None = None

    @property
    def keys(self) -> tuple[str, str]:
        """By what the pair is known."""
        return self.left.key, self.right.key


def missing() -> str:
    """Return what has to be installed before records can be compared by likeness, or nothing."""
    absent = [name for name in MODULES if importlib.util.find_spec(name) is None]
    if not absent:
        return ""
    return (
        f"{' and '.join(absent)} not installed: `pip install 'yibao[match]'`, or leave near-"
        "duplicates out with --exact / 未安装 Splink、DuckDB，可用 --exact 只查完全重复"
    )


# --- exact ----------------------------------------------------------------------------------------


def exact(records: Iterable[Record], *, across: bool) -> list[Pair]:
    """Return the pairs that share an identity number, in order.

    `across`: only of one of ours and one of others', and only who is enrolled twice on some day:
    one who has moved is in two registers and in one scheme.
    """
    by_number: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        if record.number:
            by_number[record.number].append(record)
    found = [
        pair
        for same in by_number.values()
        for left, right in _two_of(same)
        if (pair := _exact(left, right, across=across)) is not None
    ]
    return sorted(found, key=_order)


def _two_of(records: Sequence[Record]) -> Iterator[tuple[Record, Record]]:
    ordered = sorted(records, key=lambda record: record.key)
    for at, left in enumerate(ordered):
        for right in ordered[at + 1 :]:
            yield left, right


def _exact(left: Record, right: Record, *, across: bool) -> Pair | None:
    if across and (left.source == HERE) == (right.source == HERE):
        return None
    number = Reason("number", "same", Text("证件号码相同", "the same number"))
    both = overlap(left.periods, right.periods)
    if both is not None:
        first, last = both
        until = last or "…"
        days = Text(f"{first} 至 {until} 均参保", f"both enrolled from {first} to {until}")
        return Pair("enrolled_twice", left, right, (number, Reason("days", "overlap", days)))
    return None if across else Pair("same_number", left, right, (number,))


def overlap(one: Iterable[Period], other: Iterable[Period]) -> tuple[date, date | None] | None:
    """Return the first days that are in a period of each, None when there are none."""
    shared = [
        (max(a.first, b.first), _earlier(a.last, b.last))
        for a in one
        for b in other
        if (a.last is None or b.first <= a.last) and (b.last is None or a.first <= b.last)
    ]
    return min(shared, default=None, key=lambda days: days[0])


def _earlier(one: date | None, other: date | None) -> date | None:
    if one is None or other is None:
        return one or other
    return min(one, other)


# --- alike ----------------------------------------------------------------------------------------


def alike(records: Sequence[Record], *, across: bool, threshold: float = THRESHOLD) -> list[Pair]:
    """Return the pairs whose probability of being one person is at least `threshold`, in order.

    `across`: only of one of ours and one of others'. Everything stays in memory. Raises
    MatchingMissing.
    """
    if why := missing():
        raise MatchingMissing(why)
    by_key = {record.key: record for record in records if record.name}
    if len(by_key) < 2:
        return []
    found = []
    for row in _scored(list(by_key.values()), threshold, across=across):
        left, right = sorted((by_key[row["key_l"]], by_key[row["key_r"]]), key=lambda r: r.key)
        reasons = tuple(_reasons(row))
        kind: Kind = "alike"
        if left.document != right.document and _same_person_on_paper(reasons):
            kind = "two_documents"
        found.append(Pair(kind, left, right, reasons, round(row["match_probability"], 4)))
    return sorted(found, key=_order)


def _same_person_on_paper(reasons: Iterable[Reason]) -> bool:
    same = {reason.field for reason in reasons if reason.level == "same"}
    return {"name", "birth_date", "sex"} <= same


def _scored(records: Sequence[Record], threshold: float, *, across: bool) -> list[dict[str, Any]]:
    import duckdb
    from splink import DuckDBAPI, Linker, SettingsCreator

    # Nothing of a person may be left on a disk.
    with duckdb.connect(":memory:", config={"temp_directory": ""}) as connection:
        api = DuckDBAPI(connection)
        settings = SettingsCreator.from_path_or_dict(_settings(len(records), across=across))
        linker = Linker(api.register(_table(records)), settings, log_level=None)
        linker.table_management.register_term_frequency_lookup(
            api.register(_names(records)), "name"
        )
        scored = linker.inference.predict(
            threshold_match_probability=threshold, warning_mode="never"
        )
        rows: list[dict[str, Any]] = scored.as_record_list()
        return rows


def _names(records: Sequence[Record]) -> Any:
    """Return which share of the records each name has."""
    import pyarrow as pa

    names = Counter(record.name for record in records)
    of = max(len(records), AS_IF)
    return pa.table({"name": list(names), "tf_name": [count / of for count in names.values()]})


def _table(records: Sequence[Record]) -> Any:
    import pyarrow as pa

    def texts(values: Iterable[str]) -> Any:
        return pa.array([value or None for value in values], pa.string())

    return pa.table(
        {
            "key": texts(r.key for r in records),
            "source": pa.array([r.source for r in records], pa.string()),
            "name": texts(r.name for r in records),
            "initials": texts(initials(r.name) for r in records),
            "born": texts(r.birth_date.isoformat() for r in records),
            "sex": texts(r.sex for r in records),
            "document": texts(r.document for r in records),
            "number": texts(r.number for r in records),
            "sound": pa.array([sound(r.number) for r in records]),
            "phone": texts(r.phone for r in records),
            "division": texts(r.division for r in records),
        }
    )


def _settings(records: int, *, across: bool) -> dict[str, Any]:
    between = f" AND (l.source = '{HERE}') <> (r.source = '{HERE}')" if across else ""
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "key",
        "probability_two_random_records_match": 2 * DUPLICATES / max(records, AS_IF),
        "comparisons": [_comparison(comparison) for comparison in COMPARISONS],
        "blocking_rules_to_generate_predictions": [
            {"blocking_rule": rule + between} for rule in BLOCKS
        ],
        "retain_matching_columns": True,  # with the level of each field
        "retain_intermediate_calculation_columns": False,
    }


def _comparison(comparison: Comparison) -> dict[str, Any]:
    absent = {
        "sql_condition": comparison.absent,
        "label_for_charts": "absent",
        "is_null_level": True,
    }
    levels = [
        {
            "sql_condition": level.when,
            "label_for_charts": level.name,
            "m_probability": level.m,
            "u_probability": level.u,
            **({"tf_adjustment_column": level.common} if level.common else {}),
        }
        for level in comparison.levels
    ]
    return {"output_column_name": comparison.field, "comparison_levels": [absent, *levels]}


def _reasons(row: Mapping[str, Any]) -> Iterator[Reason]:
    """Yield a reason for each field that could be compared; levels are counted from the last."""
    for comparison in COMPARISONS:
        level = row[f"gamma_{comparison.field}"]
        if level >= 0:
            found = comparison.levels[len(comparison.levels) - 1 - level]
            yield Reason(comparison.field, found.name, found.says)


# --- both -----------------------------------------------------------------------------------------


def merged(one: Iterable[Pair], other: Iterable[Pair]) -> list[Pair]:
    """Return both kinds of pairs, each pair once, as the exact one says it."""
    by_keys = {pair.keys: pair for pair in (*other, *one)}
    return sorted(by_keys.values(), key=_order)


def _order(pair: Pair) -> tuple[int, float, tuple[str, str]]:
    likely = 1.0 if pair.probability is None else pair.probability
    return list(KINDS).index(pair.kind), -likely, pair.keys
