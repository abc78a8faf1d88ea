"""Persons: register, change, find, lock. Who seems to be registered twice is told, not guessed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from psycopg import errors as pg
from psycopg import sql
from psycopg.rows import class_row

from yibao.agency.enrolment.audit import note
from yibao.agency.enrolment.refusal import Refusal
from yibao.errors import CodeError
from yibao.registry import codes
from yibao.store.database import Connection

RESIDENT_ID = "resident_id"
"""The identity type whose number has a check character, a birth date and a sex."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person as registered. `identity_number` None: has none yet, such as a newborn."""

    person_id: str
    birth_date: date
    name: str = ""
    identity_type: str = "none"
    identity_number: str | None = None
    sex: str = ""
    division: str = ""
    phone: str = ""
    died_on: date | None = None


@dataclass(frozen=True, slots=True)
class Known(Person):
    """A registered person with the number under which other tables know it."""

    person_no: int = 0


@dataclass(frozen=True, slots=True)
class Locked:
    """A person whose row is locked until the transaction ends; `balance` in fen."""

    person: Known
    balance: int


_COLUMNS = (
    "person_no, person_id, birth_date, name, identity_type, identity_number, sex, division, "
    "phone, died_on"
)


def register(connection: Connection, person: Person, *, actor: str) -> bool:
    """Register a person; return False when it is registered just so already.

    Raises Refusal: the id is another person's, the identity number is wrong or somebody's.
    """
    person = checked(person)
    known = find(connection, person.person_id)
    if known is None:
        _one_payer(connection, person.person_id, "employer", "person_id")
    if known is not None:
        if _same(known, person):
            return False
        raise Refusal(
            "person_id_taken",
            f"人员编号 {person.person_id} 已登记为另一人或内容不同；更正请用变更",
            f"{person.person_id} is registered with other particulars; change them instead",
        )
    if person.identity_number is not None:
        _not_anothers(connection, person)
    made = connection.execute(
        "INSERT INTO enrolment.person (person_id, birth_date, name, identity_type, "
        "identity_number, sex, division, phone, died_on) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        tuple(getattr(person, name) for name in Person.__dataclass_fields__),
    )
    if not made.rowcount:  # somebody was faster; now one sees whom they registered
        return register(connection, person, actor=actor)
    note(connection, actor, "register", f"person:{person.person_id}", name=person.name)
    return True


def change(connection: Connection, person_id: str, *, actor: str, **new: Any) -> bool:
    """Change particulars of a person; return False when nothing changes.

    A birth date follows from the identity number or stays. What they were is in the audit.
    Raises Refusal.
    """
    old = locked(connection, person_id).person
    made = {name: getattr(old, name) for name in Person.__dataclass_fields__} | new
    person = checked(Person(**made))
    if _same(old, person):
        return False
    if person.birth_date != old.birth_date:
        raise Refusal(
            "birth_date_stays",
            f"证件号码的出生日期 {person.birth_date} 与登记的 {old.birth_date} 不同",
            f"the number says born on {person.birth_date}, registered is {old.birth_date}",
            column="identity_number",
        )
    if person.identity_number not in {None, old.identity_number}:
        _not_anothers(connection, person)
    fields = Person.__dataclass_fields__
    names = [n for n in fields if getattr(person, n) != getattr(old, n)]
    query = sql.SQL("UPDATE enrolment.person SET {} WHERE person_no = %s").format(
        sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(n)) for n in names)
    )
    try:
        with connection.transaction():
            connection.execute(query, (*(getattr(person, n) for n in names), old.person_no))
    except pg.UniqueViolation:
        _not_anothers(connection, person)
    before = {name: getattr(old, name) for name in names}
    note(connection, actor, "change", f"person:{person_id}", before=before)
    return True


def checked(person: Person) -> Person:
    """Return a person whose particulars agree with the identity number; raises Refusal.

    What the number says and the person leaves out (sex) is filled in.
    """
    if (person.identity_type == "none") != (person.identity_number is None):
        raise Refusal(
            "identity_given",
            "证件类型与有无证件号码不符",
            "the kind of identity document and its number do not agree: one is there alone",
            column="identity_number",
        )
    if person.identity_type != RESIDENT_ID:
        return person
    try:
        told = codes.identity_number(person.identity_number or "")
    except CodeError as error:
        raise Refusal(
            "identity_number", error.text.zh, error.text.en, column="identity_number"
        ) from None
    for name, says in (("birth_date", told.birth_date), ("sex", told.sex)):
        if getattr(person, name) not in {"", says}:
            raise Refusal(
                "agrees_with_identity",
                f"与证件号码（{says}）不一致",
                f"does not agree with the identity number, which says {says}",
                column=name,
            )
    return Person(
        person_id=person.person_id,
        birth_date=person.birth_date,
        name=person.name,
        identity_type=person.identity_type,
        identity_number=told.number,
        sex=told.sex,
        division=person.division,
        phone=person.phone,
        died_on=person.died_on,
    )


def _one_payer(connection: Connection, id_: str, other: str, column: str) -> None:
    """Refuse an id under which a bill could be owed by two: a person's and an employer's."""
    found = connection.execute(
        sql.SQL("SELECT FROM {} WHERE {} = %s").format(
            sql.Identifier("enrolment", other), sql.Identifier(f"{other}_id")
        ),
        (id_,),
    ).fetchone()
    if found is not None or ":" in id_ or id_ == "finance":
        raise Refusal(
            "one_payer",
            f"编号 {id_} 已作他用，或含冒号",
            f"{id_} stands for another payer, or has a colon in it",
            column=column,
        )


def _same(known: Known, person: Person) -> bool:
    return all(getattr(known, n) == getattr(person, n) for n in Person.__dataclass_fields__)


def _not_anothers(connection: Connection, person: Person) -> None:
    assert person.identity_number is not None
    other = find_by_identity(connection, person.identity_number)
    if other is not None and other.person_id != person.person_id:
        raise Refusal(
            "identity_taken",
            f"证件号码已登记在 {other.person_id} 名下",
            f"the identity number is that of {other.person_id}",
            column="identity_number",
        )


# --- finding --------------------------------------------------------------------------------------


def find(connection: Connection, person_id: str) -> Known | None:
    """Return a person by id."""
    return _one(connection, "person_id = %s", person_id)


def find_by_identity(connection: Connection, number: str) -> Known | None:
    """Return a person by identity number."""
    return _one(connection, "identity_number = %s", number.upper())


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which persons: those of all that is given, with numbers after `after`.

    `scheme` and `household_id` are those of a membership on `day`.
    """

    after: int = 0
    name: str | None = None
    birth_date: date | None = None
    division: str | None = None
    scheme: str | None = None
    household_id: str | None = None
    day: date | None = None


def page(connection: Connection, wanted: Wanted, limit: int) -> list[Known]:
    """Return at most so many persons, in the order in which they were registered."""
    tests = ["person_no > %(after)s"]
    tests += [
        f"{name} = %({name})s"
        for name in ("name", "birth_date", "division")
        if getattr(wanted, name) is not None
    ]
    if wanted.name is not None:
        tests.append("name <> ''")  # what there is an index of
    member = [n for n in ("scheme", "household_id") if getattr(wanted, n) is not None]
    if member:  # household_id <> '' is what there is an index of
        tests.append(
            "EXISTS (SELECT FROM enrolment.membership AS m WHERE m.person_no = p.person_no "
            "AND upper_inf(known) AND valid @> %(day)s::date AND "
            + " AND ".join(f"m.{name} = %({name})s AND m.{name} <> ''" for name in member)
            + ")"
        )
    query = (
        f"SELECT {_COLUMNS} FROM enrolment.person AS p WHERE {' AND '.join(tests)} "
        "ORDER BY person_no LIMIT %(limit)s"
    )
    with connection.cursor(row_factory=class_row(Known)) as cursor:
        return cursor.execute(query.encode(), {**asdict(wanted), "limit": limit}).fetchall()


def _one(connection: Connection, where: str, value: str) -> Known | None:
    with connection.cursor(row_factory=class_row(Known)) as cursor:
        query = f"SELECT {_COLUMNS} FROM enrolment.person WHERE {where}"
        return cursor.execute(query.encode(), (value,)).fetchone()


def locked(connection: Connection, person_id: str) -> Locked:
    """Lock a person until the transaction ends; raises Refusal when there is none."""
    row = connection.execute(
        "SELECT account_balance FROM enrolment.person_lock WHERE person_id = %s FOR NO KEY UPDATE",
        (person_id,),
    ).fetchone()
    person = None if row is None else find(connection, person_id)
    if row is None or person is None:
        raise unknown(person_id)
    return Locked(person, int(row[0]))


def unknown(person_id: str) -> Refusal:
    """Return the refusal of an id that is nobody's."""
    return Refusal(
        "known_person", f"没有登记 {person_id} 这个人", f"there is no person {person_id}"
    )


@dataclass(frozen=True, slots=True)
class Twins:
    """Persons of one name and birth date, who may be one."""

    name: str
    birth_date: date
    persons: Sequence[str]


def twins(connection: Connection) -> list[Twins]:
    """Return who seems to be registered twice: one name and birth date, under two ids."""
    rows = connection.execute(
        "SELECT name, birth_date, array_agg(person_id ORDER BY person_id) FROM enrolment.person "
        "WHERE name <> '' GROUP BY name, birth_date HAVING count(*) > 1 ORDER BY name, birth_date"
    )
    return [Twins(*row) for row in rows]


def employer(
    connection: Connection, employer_id: str, name: str, kind: str, division: str, *, actor: str
) -> bool:
    """Register an employer or change it; return False when it is there just so."""
    row = connection.execute(
        "SELECT name, kind, division FROM enrolment.employer WHERE employer_id = %s FOR UPDATE",
        (employer_id,),
    ).fetchone()
    if row == (name, kind, division):
        return False
    _one_payer(connection, employer_id, "person", "employer_id")
    try:
        with connection.transaction():
            connection.execute(
                "INSERT INTO enrolment.employer VALUES (%s, %s, %s, %s) "
                "ON CONFLICT (employer_id) DO UPDATE SET name = EXCLUDED.name, "
                "kind = EXCLUDED.kind, division = EXCLUDED.division",
                (employer_id, name, kind, division),
            )
    except pg.CheckViolation:
        raise Refusal(
            "division",
            "行政区划代码应为 6 位数字",
            "a division has six digits",
            column="division",
        ) from None
    note(connection, actor, "employer", f"employer:{employer_id}", before=row)
    return True
