"""Who is not insured of those who should be: a population file compared with the register.

missing    never enrolled here, and nowhere else as far as is reported
lapsed     enrolled or insured before, and not on the day
duplicate  insured here and, as others report, elsewhere on the day
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from itertools import islice
from typing import Literal

from yibao.agency.enrolment.sealed import index_of
from yibao.interop.files.columns import Column
from yibao.interop.files.rowreader import RowReader
from yibao.interop.files.rows import Reject
from yibao.store.database import Connection
from yibao.store.vault import vault
from yibao.text import Text

State = Literal["insured", "elsewhere", "missing", "lapsed", "duplicate"]
GAPS: frozenset[State] = frozenset({"missing", "lapsed", "duplicate"})
AT_ONCE = 2_000

COLUMNS = (
    Column("identity_number", "id", Text("证件号码", "Identity number")),
    Column("name", "text", Text("姓名", "Name"), absent=""),
    Column("division", "id", Text("行政区划", "Division"), absent=""),
    Column("street", "text", Text("街道", "Street or township"), absent=""),
    Column(
        "group",
        "text",
        Text("人群", "Group"),
        Text("如职工、学生、其他", "such as worker, student, other"),
        absent="",
    ),
)


@dataclass(frozen=True, slots=True)
class Resident:
    """A person of a population file."""

    identity_number: str
    name: str = ""
    division: str = ""
    group: str = ""
    street: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What the register says of a resident on the day.

    `since` is the first day without insurance of whoever lapsed, `elsewhere` where others report
    them to be enrolled.
    """

    resident: Resident
    state: State
    person_id: str = ""
    since: date | None = None
    elsewhere: str = ""


@dataclass(slots=True)
class Score:
    """Residents by state; shares are of all residents."""

    states: Counter[State] = field(default_factory=Counter)

    @property
    def persons(self) -> int:
        """All residents."""
        return self.states.total()

    @property
    def insured(self) -> int:
        """Those who are insured here, once each."""
        return self.states["insured"] + self.states["duplicate"]

    def share(self, number: int) -> Fraction:
        """Return a number's share of all residents, 0 where there are none."""
        return Fraction(number, self.persons or 1)


def compare(connection: Connection, population: Iterable[Resident], day: date) -> Iterator[Found]:
    """Yield what the register says of each resident on a day."""
    safe = vault(connection)
    waiting = iter(population)
    while batch := list(islice(waiting, AT_ONCE)):
        indexes = [index_of(safe, resident.identity_number) for resident in batch]
        known = _known(connection, indexes, day)
        for resident, index in zip(batch, indexes, strict=True):
            yield _found(resident, known[index])


_Row = tuple[bytes, str | None, bool, date | None, bool, str | None]


def _known(connection: Connection, indexes: list[bytes], day: date) -> Mapping[bytes, _Row]:
    rows = connection.execute(
        """
        SELECT n, person_id,
               EXISTS (SELECT FROM enrolment.coverage AS c WHERE c.person_no = p.person_no
                       AND upper_inf(known) AND valid @> %(day)s::date),
               (SELECT max(upper(valid)) FROM enrolment.coverage AS c
                WHERE c.person_no = p.person_no AND upper_inf(known) AND upper(valid) <= %(day)s),
               EXISTS (SELECT FROM enrolment.membership AS m WHERE m.person_no = p.person_no
                       AND upper_inf(known) AND lower(valid) <= %(day)s),
               (SELECT string_agg(region || ' ' || scheme, '; ' ORDER BY first)
                FROM enrolment.elsewhere AS e WHERE e.identity_index = n
                AND daterange(first, last, '[]') @> %(day)s::date)
        FROM unnest(%(indexes)s::bytea[]) AS n
        LEFT JOIN enrolment.person AS p ON p.identity_index = n
        """,
        {"day": day, "indexes": indexes},
    )
    return {row[0]: row for row in rows}


def _found(resident: Resident, known: _Row) -> Found:
    _, person, covered, since, member, elsewhere = known
    state: State
    if covered:
        state, since = "duplicate" if elsewhere else "insured", None
    elif elsewhere:
        state = "elsewhere"
    else:
        state = "lapsed" if member or since else "missing"
    return Found(resident, state, person or "", since, elsewhere or "")


def residents(readers: Iterable[RowReader], rejects: list[Reject]) -> Iterator[Resident]:
    """Yield the residents of population files; a second row of a number is rejected."""
    met: set[str] = set()
    for reader in readers:
        for _, values, fault in reader.rows():
            if values:
                reader.require(values, fault)
            number = str(values.get("identity_number", "")).upper()
            if not fault.errors and number in met:
                what = Text("文件", "file")
                fault.add("identity_number", "once", period=what, found=number)
            if fault.errors:
                rejects.append(fault.reject())
                continue
            met.add(number)
            yield Resident(**{name: values[name] for name in Resident.__dataclass_fields__})


def scores(found: Iterable[Found], by: Literal["division", "group"]) -> Mapping[str, Score]:
    """Count residents by district or group; all of them stand under "all"."""
    counted: dict[str, Score] = {"all": Score()}
    for one in found:
        counted["all"].states[one.state] += 1
        counted.setdefault(getattr(one.resident, by), Score()).states[one.state] += 1
    return counted
