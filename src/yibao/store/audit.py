"""The audit log: who did what to what, written in the transaction that does it.

Its rows are chained by hashes in lanes (migration 0018). What the chains cannot show is a log whose
last rows were cut off, or that was written anew from some row on: against that stand heads, the
last row of each lane, noted now and then where whoever rules the database cannot write.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from psycopg.types.json import Jsonb

from yibao.errors import CannotRead
from yibao.store.database import Connection
from yibao.text import Text


def audit(
    connection: Connection, actor: str, action: str, subject: str, detail: Mapping[str, Any]
) -> None:
    """Write down who did what to what; `detail` is what JSON knows."""
    connection.execute(
        "INSERT INTO ops.audit (actor, action, subject, detail) VALUES (%s, %s, %s, %s)",
        (actor, action, subject, Jsonb(detail)),
    )


class Head(NamedTuple):
    """The last row of a lane, as it is or as it was noted; `hash` in hexadecimal digits."""

    lane: int
    number: int
    hash: str


@dataclass(frozen=True, slots=True)
class Broken:
    """Rows of a lane, from the first to the last number, that are not what was written."""

    lane: int
    first: int
    last: int
    text: Text


@dataclass(frozen=True, slots=True)
class Verified:
    """How many rows were looked at, where the chains end, and what is wrong."""

    rows: int
    heads: Sequence[Head]
    broken: Sequence[Broken]


class Row(NamedTuple):
    """A row of the log, as it is hashed; its time in seconds since 1970, as far as PostgreSQL knows
    times: further than Python does."""

    lane: int
    number: int
    audit_id: int
    seconds: str
    actor: str
    action: str
    subject: str
    detail: str
    hash: bytes


_COLUMNS = (
    "lane, number, audit_id, extract(epoch FROM at)::text, "
    "actor, action, subject, detail::text, hash"
)


def heads(connection: Connection) -> list[Head]:
    """Return where each lane ends."""
    rows = connection.execute(
        "SELECT DISTINCT ON (lane) lane, number, encode(hash, 'hex') FROM ops.audit "
        "ORDER BY lane, number DESC"
    )
    return [Head(*row) for row in rows]


def verify(connection: Connection, noted: Collection[Head] = ()) -> Verified:
    """Work out every hash anew, and look for the heads that were `noted` before.

    The log is read as it is at one instant, in a stream.
    """
    query = f"SELECT {_COLUMNS} FROM ops.audit ORDER BY lane, number, audit_id"
    ends: list[Head] = []
    broken: list[Broken] = []
    wanted = {(head.lane, head.number) for head in noted}
    passed: set[Head] = set()
    count = 0
    with connection.cursor("audit_log") as cursor:
        cursor.itersize = 10_000
        cursor.execute(query.encode())
        for lane, rows in groupby(map(Row._make, cursor), key=lambda row: row.lane):
            head = Head(lane, 0, "")
            for head, wrong in _walk(rows):
                count += 1
                broken += wrong
                if (head.lane, head.number) in wanted:
                    passed.add(head)
            ends.append(head)
    broken += _against(noted, passed, {head.lane: head.number for head in ends})
    return Verified(count, ends, _joined(broken))


def read_heads(file: Path) -> list[Head]:
    """Read heads that were noted, a line each: lane, number, hash. Raises CannotRead.

    Several notes may stand behind one another; lines that begin with # say something to people.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CannotRead(f"{file}: {error}") from None
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        told = re.fullmatch(r"(\d{1,5}) (\d{1,18}) ([0-9a-f]{64})", line.strip())
        if told is None:
            raise CannotRead(
                f"{file}: line {number} is no head: expected lane, number and 64 hexadecimal "
                "digits, as `yibao audit heads` prints them / 不是链头"
            )
        found.append(Head(int(told[1]), int(told[2]), told[3]))
    return found


def digest(before: bytes, row: Row) -> bytes:
    """Return the hash that a row should have behind another's (migration 0018 says of what)."""
    lengths = [len(text.encode()) for text in row[4:7]]
    lines = (row.lane, row.number, row.audit_id, row.seconds, *lengths, "".join(row[4:8]))
    return sha256(before + "\n".join(map(str, lines)).encode()).digest()


_CHANGED = Text("内容与哈希不符，已被改动", "not what was written: the hash is another")
_GAP = Text("缺失", "missing")
_TWICE = Text("编号重复", "there twice")
_CUT = Text("缺失：留存的链头之后被截去", "missing: noted as a head before, cut off since")
_OTHER = Text("与留存的链头不符，已被重写", "another than the head that was noted: written anew")


def _walk(rows: Iterable[Row]) -> Iterator[tuple[Head, list[Broken]]]:
    """Yield each row of a lane as a head, with what is wrong there.

    A row is held to the hash that the row before it says it has, so one changed row is one finding.
    Behind a gap nobody knows it, and the row that stands there is held to the next one only.
    """
    number, before = 0, b""
    for row in rows:
        wrong = []
        if row.number == number:
            wrong.append(Broken(row.lane, number, number, _TWICE))
        elif row.number != number + 1:
            wrong.append(Broken(row.lane, number + 1, row.number - 1, _GAP))
        elif digest(before, row) != row.hash:
            wrong.append(Broken(row.lane, row.number, row.number, _CHANGED))
        number, before = row.number, row.hash
        yield Head(row.lane, number, row.hash.hex()), wrong


def _against(
    noted: Iterable[Head], passed: Collection[Head], ends: Mapping[int, int]
) -> Iterator[Broken]:
    """Yield what noted heads say is wrong, but for gaps, which the chains show themselves."""
    cut: dict[int, int] = {}
    known = {(head.lane, head.number) for head in passed}
    for head in sorted(set(noted)):
        lane, number, _ = head
        if number > ends.get(lane, 0):
            cut[lane] = number
        elif (lane, number) in known and head not in passed:
            yield Broken(lane, number, number, _OTHER)
    for lane, number in cut.items():
        yield Broken(lane, ends.get(lane, 0) + 1, number, _CUT)


def _joined(broken: Iterable[Broken]) -> list[Broken]:
    """Return findings with neighbours of one kind as one."""
    joined: list[Broken] = []
    for one in broken:
        before = joined[-1] if joined else None
        if before and (before.lane, before.last + 1, before.text) == (
            one.lane,
            one.first,
            one.text,
        ):
            joined[-1] = replace(before, last=one.last)
        else:
            joined.append(one)
    return joined
