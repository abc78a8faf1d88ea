"""An institution maps its own codes to national ones, and ends a mapping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from yibao.errors import Refused
from yibao.registry.importing import Imported, import_rows
from yibao.registry.registers import REGISTERS
from yibao.store.database import Connection
from yibao.text import Text

REGISTER = REGISTERS["local_code"]


@dataclass(frozen=True, slots=True)
class Mapped:
    """A code of an institution's own that stands for a national one from a day to a day."""

    institution_id: str
    kind: str
    local_code: str
    code: str
    first: date
    last: date | None = None


def bring(connection: Connection, mapped: Sequence[Mapped], *, actor: str) -> Imported:
    """Map codes; what was said of the same day before is replaced. What cannot be is a reject."""
    return import_rows(
        connection, REGISTER, [_row(one) for one in mapped], actor=actor, correct=True
    )


def end(connection: Connection, mapped: Mapped, day: date, *, actor: str) -> None:
    """End a mapping before a day, or with its first day where it begins no earlier.

    Raises Refused where the institution has none such in force on the day.
    """
    row = connection.execute(
        "SELECT lower(valid) FROM registry.local_code WHERE (institution_id, kind, local_code, "
        "code) = (%s, %s, %s, %s) AND (upper_inf(valid) OR upper(valid) > %s::date) "
        "ORDER BY lower(valid) LIMIT 1",
        (mapped.institution_id, mapped.kind, mapped.local_code, mapped.code, day),
    ).fetchone()
    if row is None:
        raise Refused(
            "known_mapping",
            Text(
                f"没有 {mapped.local_code} 对照 {mapped.code} 的有效记录",
                f"{mapped.local_code} is not mapped to {mapped.code}",
            ),
        )
    first: date = row[0]
    last = max(first, day - timedelta(days=1))
    ended = Mapped(mapped.institution_id, mapped.kind, mapped.local_code, mapped.code, first, last)
    done = import_rows(connection, REGISTER, [_row(ended)], actor=actor)
    assert not done.rejects, done.rejects


def _row(one: Mapped) -> Mapping[str, str]:
    return {
        "institution_id": one.institution_id,
        "kind": one.kind,
        "local_code": one.local_code,
        "code": one.code,
        "from": one.first.isoformat(),
        "to": "" if one.last is None else one.last.isoformat(),
    }
