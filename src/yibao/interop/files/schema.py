"""The documented schema of the files that are read, and templates to fill in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from yibao.interop.files.columns import Column
from yibao.interop.files.output import Sheet
from yibao.policy.model import Text

KINDS = {
    "id": Text("编号", "id"),
    "text": Text("文字", "text"),
    "date": Text("日期 2017-03-01", "date 2017-03-01"),
    "time": Text("时刻 2017-03-01 09:30:00", "time 2017-03-01 09:30:00"),
    "month": Text("月份 2017-03", "month 2017-03"),
    "count": Text("个数", "count"),
    "amount": Text("金额（元，两位小数）", "amount (yuan, two decimals)"),
    "decimal": Text("小数，不带符号", "number without a sign"),
    "rate": Text("比例 12.5% 或 0.125", "rate 12.5% or 0.125"),
    "code": Text("代码", "code"),
    "flag": Text("是否 true/false", "flag true/false"),
    "set": Text("多个代码", "set of codes"),
}


def as_data(columns: Iterable[Column]) -> list[dict[str, Any]]:
    """Return the schema as plain data, both languages."""
    return [
        {
            "name": c.name,
            "kind": c.kind,
            "title": c.title._asdict(),
            "note": c.note._asdict(),
            "required": c.absent is None,
            "unless": c.unless or None,
            "absent": c.absent,
            "codes": None if c.codes is None else {k: t._asdict() for k, t in c.codes.items()},
        }
        for c in columns
    ]


def needed(column: Column, language: str) -> str:
    """Return in a few words whether a column must be there."""
    if column.unless:
        return Text(f"必填，除非有 {column.unless}", f"unless {column.unless}").pick(language)
    if column.absent is None:
        return Text("必填", "required").pick(language)
    if column.absent:
        return Text(f"可空 = {column.absent}", f"empty = {column.absent}").pick(language)
    return Text("可空", "optional").pick(language)


def template(name: str, columns: Sequence[Column], language: str) -> list[Sheet]:
    """Return an empty table with all columns; for Excel a second sheet explains them."""
    help_columns: list[tuple[str, Any]] = [
        (name, "text") for name in ("column", "title", "kind", "needed", "note", "codes")
    ]
    rows = [
        (
            c.name,
            c.title.pick(language),
            KINDS[c.kind].pick(language),
            needed(c, language),
            c.note.pick(language),
            "; ".join(f"{k} {t.pick(language)}" for k, t in (c.codes or {}).items()),
        )
        for c in columns
    ]
    return [Sheet(name, [(c.name, "text") for c in columns], ()), Sheet("help", help_columns, rows)]
