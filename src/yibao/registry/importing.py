"""Files of a register into the database: good rows land, the others come back with the reason.

One import is one transaction. The same file again changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from psycopg import sql

from yibao.interop.files.encoding import Encoding
from yibao.interop.files.rowreader import Fault, RowReader, Values
from yibao.interop.files.rows import Record, Reject, Table
from yibao.interop.files.tabular import check_columns, open_table
from yibao.registry.register import FIRST, LAST, Reference, Register, stored
from yibao.registry.registers import REGISTERS
from yibao.registry.versions import (
    ONE,
    Conflict,
    Key,
    Outcome,
    Version,
    load,
    names,
    place,
    save,
    table_of,
    where,
)
from yibao.store.audit import audit
from yibao.store.database import Connection
from yibao.text import Text

CHUNK = 10_000
"""Rows that are compared with the database at once."""


@dataclass(frozen=True, slots=True)
class Change:
    """What an import did to an entry: the content before and after, None where there is none."""

    outcome: Outcome
    key: Key
    first: date
    before: tuple[Any, ...] | None
    after: tuple[Any, ...] | None


@dataclass(slots=True)
class Imported:
    """What an import did: rows by outcome, every change, rows that did not land."""

    rows: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    changes: list[Change] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    notices: list[Text] = field(default_factory=list)


@dataclass(slots=True)
class _Row:
    values: Values
    fault: Fault
    key: Key
    version: Version


def import_files(
    connection: Connection,
    register: Register,
    files: Sequence[Path],
    *,
    actor: str,
    encoding: Encoding | None = None,
    release: date | None = None,
    correct: bool = False,
) -> Imported:
    """Bring files into a register; raises InputError when a file as a whole cannot be used.

    With `release` the files are all that holds from that day on: they have no period of their own,
    and what they lack ends on the day before. `correct` replaces content that began on the same
    day.
    """
    columns = register.columns if release else register.file_columns
    counts = {c.name for c in columns if c.kind == "count"}
    readers = []
    for file in files:
        table = open_table(file, register.name, encoding, counts)
        readers.append(RowReader(check_columns(table, columns), columns))
    done = _landed(connection, register, readers, release=release, correct=correct)
    done.rejects.sort(key=lambda r: (files.index(r.record.file), r.record.row))
    detail = {"files": [file.name for file in files], "rejected": len(done.rejects), **done.counts}
    if release:
        detail["release"] = release.isoformat()
    audit(connection, actor, "registry.import", register.name, detail)
    return done


TOLD = Path("rows")
"""Stands as file where rows did not come in one."""


def import_rows(
    connection: Connection,
    register: Register,
    rows: Sequence[Mapping[str, str]],
    *,
    actor: str,
    correct: bool = False,
) -> Imported:
    """Bring rows of text cells into a register, numbered from 0; their columns must be its own."""
    columns = register.file_columns
    names = tuple(c.name for c in columns)
    records = (
        Record(TOLD, at, [row.get(name, "") for name in names]) for at, row in enumerate(rows)
    )
    reader = RowReader(Table(TOLD, names, records), columns)
    done = _landed(connection, register, [reader], release=None, correct=correct)
    done.rejects.sort(key=lambda r: r.record.row)
    audit(connection, actor, "registry.import", register.name, {"rows": done.rows, **done.counts})
    return done


def _landed(
    connection: Connection,
    register: Register,
    readers: Iterable[RowReader],
    *,
    release: date | None,
    correct: bool,
) -> Imported:
    lock(connection, register)
    done = Imported()
    work = _Import(connection, register, release, correct, done)
    rows = (found for reader in readers for found in work.read(reader))
    while chunk := list(islice(rows, CHUNK)):
        work.land(chunk)
    if release:
        work.end_missing(release)
    return done


def lock(connection: Connection, register: Register) -> None:
    """Let one transaction at a time write a register's table."""
    connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (register.table,))


class _Import:
    """One import: what it has met, and the steps that a chunk of rows goes through."""

    def __init__(
        self,
        connection: Connection,
        register: Register,
        release: date | None,
        correct: bool,
        done: Imported,
    ) -> None:
        self.connection = connection
        self.register = register
        self.content = register.content
        self.release = release
        self.correct = correct
        self.done = done
        self.met: dict[Key, list[tuple[date, date | None, str]]] = {}

    # --- reading ------------------------------------------------------------------------------

    def read(self, reader: RowReader) -> Iterator[_Row]:
        """Yield the rows that are right by themselves and among those before them."""
        for _, values, fault in reader.rows():
            self.done.rows += 1
            row = self._row(reader, values, fault) if values else None
            if row is None or fault.errors:
                self.done.rejects.append(fault.reject())
            else:
                yield row

    def _row(self, reader: RowReader, values: Values, fault: Fault) -> _Row | None:
        reader.require(values, fault)
        if fault.errors:
            return None
        if self.release:
            values |= {FIRST.name: self.release, LAST.name: None}
        if values[LAST.name] == date.max:  # 9999-12-31, as many systems write "no end"
            values[LAST.name] = None
        first, last = values[FIRST.name], values[LAST.name]
        if last is not None and last < first:
            fault.add(LAST.name, "period", first=first)
        for check in self.register.checks:
            check(values, fault)
        key = tuple(values[name] for name in self.register.key)
        if not fault.errors:
            self._meet(key, first, last, fault)
        content = tuple(stored(values[name]) for name in self.content)
        return _Row(values, fault, key, Version(first, last, content))

    def _meet(self, key: Key, first: date, last: date | None, fault: Fault) -> None:
        """Add an error where an earlier row says something of the same days."""
        met = self.met.setdefault(key, [])
        for start, end, at in met:
            if start == first:
                fault.add(FIRST.name, "unique_version", str(first), found=at)
            elif _reaches(start, end, first) or _reaches(first, last, start):
                fault.add(FIRST.name, "version_overlap", str(first), found=at)
        if not fault.errors:
            met.append((first, last, f"{fault.record.file.name}:{fault.record.row}"))

    # --- landing ------------------------------------------------------------------------------

    def land(self, rows: Sequence[_Row]) -> None:
        """Write what a chunk of rows changes."""
        for reference in self.register.references:
            self._refer(reference, [row for row in rows if not row.fault.errors])
        if self.register.owned:
            self._own(self.register.owned, rows)
        good = [row for row in rows if not row.fault.errors]
        before = load(self.connection, self.register, (row.key for row in good))
        after = dict(before)
        for row in sorted(good, key=lambda row: row.version.first):
            after[row.key] = self._place(row, after[row.key])
        save(self.connection, self.register, before, after)
        self.done.rejects += [row.fault.reject() for row in rows if row.fault.errors]

    def _place(self, row: _Row, held: list[Version]) -> list[Version]:
        new = row.version
        current = next((v for v in held if v.holds_on(new.first)), None)
        try:
            outcome, versions = place(held, new, correct=self.correct)
        except Conflict as conflict:
            self._contradicted(row, conflict)
            return held
        if self.register.by_acts and outcome not in {"added", "unchanged"}:
            row.fault.add(FIRST.name, "by_acts", str(new.first))
            return held
        self.done.counts[outcome] += 1
        if outcome != "unchanged":
            before = current.content if current else None
            after = None if outcome == "ended" else new.content
            self.done.changes.append(Change(outcome, row.key, new.first, before, after))
        return versions

    def _contradicted(self, row: _Row, conflict: Conflict) -> None:
        other = conflict.other
        pairs = zip(self.content, row.version.content, other.content, strict=True)
        differing = ", ".join(name for name, mine, theirs in pairs if mine != theirs)
        found = f"{other.first} – {other.last or ''}"
        row.fault.add(
            FIRST.name,
            conflict.rule,
            str(row.version.first),
            columns=differing,
            found=found,
        )

    def _refer(self, reference: Reference, rows: Sequence[_Row]) -> None:
        """Add an error to each row that names what is not in force on its first day."""
        own = list(reference.columns)
        asked = [row for row in rows if all(row.values[name] for name in own)]
        if not asked:
            return
        wanted = [sql.Identifier(f"wanted_{at}") for at in range(len(own))]
        same = [
            sql.SQL("t.{} = {}").format(sql.Identifier(theirs), mine)
            for mine, theirs in zip(wanted, reference.columns.values(), strict=True)
        ]
        same += [
            sql.SQL("t.{} = {}").format(sql.Identifier(column), sql.Literal(value))
            for column, value in reference.fixed.items()
        ]
        query = sql.SQL(
            "SELECT number FROM unnest({}, %s::date[]) WITH ORDINALITY AS w({}, day, number) "
            "WHERE NOT EXISTS (SELECT FROM {} t WHERE {} AND t.valid @> day)"
        ).format(
            sql.SQL(", ").join([sql.SQL("%s::text[]")] * len(own)),
            sql.SQL(", ").join(wanted),
            sql.Identifier(*reference.table.split(".")),
            sql.SQL(" AND ").join(same),
        )
        columns = [[row.values[name] for row in asked] for name in own]
        days = [row.version.first for row in asked]
        title = next(r.title for r in REGISTERS.values() if r.table == reference.table)
        for (number,) in self.connection.execute(query, [*columns, days]):
            row = asked[number - 1]
            row.fault.add(own[-1], "known_reference", title=title, day=row.version.first)

    def _own(self, column: str, rows: Sequence[_Row]) -> None:
        """Add an error to each row whose `owned` belongs to another entry."""
        query = sql.SQL("SELECT DISTINCT {}, {} FROM {} WHERE {} = ANY(%s)").format(
            sql.Identifier(column),
            sql.Identifier(self.register.key[0]),
            table_of(self.register),
            sql.Identifier(column),
        )
        owners: dict[str, str] = dict(
            self.connection.execute(query, ([row.values[column] for row in rows],)).fetchall()
        )
        for row in rows:
            owner = owners.setdefault(row.values[column], row.key[0])
            if owner != row.key[0]:
                row.fault.add(column, "owned", found=owner)

    # --- releases -----------------------------------------------------------------------------

    def end_missing(self, release: date) -> None:
        """End what a release lacks, on the day before it; not while rows of it are rejected."""
        if self.done.rejects:
            self.done.notices.append(
                Text(
                    "有行被退回，未终止目录中缺少的条目；改正后请再次导入全部文件",
                    "rows were rejected, so nothing that the release lacks was ended: correct them "
                    "and import all files again",
                )
            )
            return
        in_force = self._in_force(release)
        missing = [
            key for *key, first in in_force if tuple(key) not in self.met and first < release
        ]
        before = load(self.connection, self.register, map(tuple, missing))
        after = {key: [_ended(v, release) for v in held] for key, held in before.items()}
        save(self.connection, self.register, before, after)
        for key, held in before.items():
            current = next(v for v in held if v.holds_on(release))
            self.done.counts["ended"] += 1
            self.done.changes.append(Change("ended", key, release, current.content, None))
        begun = [key for *key, first in in_force if tuple(key) not in self.met and first == release]
        if begun:
            some = ", ".join("/".join(key) for key in begun[:5])
            self.done.notices.append(
                Text(
                    f"{len(begun)} 条是同一版目录先前导入的，这次的文件没有，仍然有效：{some}",
                    f"{len(begun)} entries came with an earlier import of this release and are not "
                    f"in these files; they stay in force: {some}",
                )
            )

    def _in_force(self, release: date) -> list[tuple[Any, ...]]:
        """Return the entries of the national list in force on a day, with their first days."""
        national = [sql.SQL("source = 'national'")] if "source" in self.content else []
        query = sql.SQL("SELECT {}, lower(valid) FROM {} WHERE {}").format(
            names(self.register.key),
            table_of(self.register),
            where(self.register, sql.SQL("valid @> %s::date"), *national),
        )
        return self.connection.execute(query, (release,)).fetchall()


def _ended(version: Version, release: date) -> Version:
    """Return a version that ends before a release where it would go on."""
    return replace(version, last=release - ONE) if version.holds_on(release) else version


def _reaches(first: date, last: date | None, day: date) -> bool:
    """Tell whether a row's own end lies at or behind a later day."""
    return last is not None and first < day <= last
