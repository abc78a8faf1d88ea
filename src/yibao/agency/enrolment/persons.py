"""Persons: register, change, find, lock. Who seems to be registered twice is told, not guessed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from psycopg import errors as pg
from psycopg import sql
from psycopg.rows import dict_row

from yibao.agency.enrolment.audit import note
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.enrolment.sealed import PERSON, identity_index, index_of, name_index
from yibao.errors import CodeError
from yibao.masking import is_identity_number, masked_id
from yibao.registry import codes
from yibao.store.database import Connection
from yibao.store.vault import Vault, vault

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

    Raises Refusal: the id is another person's or an identity number, which would show whom every
    row is about; the identity number is wrong or somebody's.
    """
    person = checked(person)
    if is_identity_number(person.person_id):
        raise Refusal(
            "person_id_blind",
            "人员编号不得是证件号码",
            "an identity number must not serve as the id of a person",
        )
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
    cells = _cells(vault(connection), person)
    made = connection.execute(
        sql.SQL("INSERT INTO enrolment.person ({}) VALUES ({}) ON CONFLICT DO NOTHING").format(
            sql.SQL(", ").join(map(sql.Identifier, cells)),
            sql.SQL(", ").join(map(sql.Placeholder, cells)),
        ),
        cells,
    )
    if not made.rowcount:  # somebody was faster; now one sees whom they registered
        return register(connection, person, actor=actor)
    note(connection, actor, "register", f"person:{person.person_id}")
    return True


def new_id(connection: Connection) -> str:
    """Return an id that nobody has, for whoever brings none."""
    row = connection.execute("SELECT enrolment.new_person_id()").fetchone()
    assert row is not None
    return str(row[0])


def change(connection: Connection, person_id: str, *, actor: str, **new: Any) -> bool:
    """Change particulars of a person; return False when nothing changes.

    A birth date follows from the identity number or stays. What they were is in the audit, sealed
    where it is sealed here (`former`). Raises Refusal.
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
    safe = vault(connection)
    cells = _cells(safe, person)
    columns = [column for name in names for column in (name, *_INDEX_OF.get(name, ()))]
    query = sql.SQL("UPDATE enrolment.person SET {} WHERE person_no = %(person_no)s").format(
        sql.SQL(", ").join(
            sql.SQL("{} = {}").format(sql.Identifier(c), sql.Placeholder(c)) for c in columns
        )
    )
    try:
        with connection.transaction():
            connection.execute(query, {**cells, "person_no": old.person_no})
    except pg.UniqueViolation:
        _not_anothers(connection, person)
    subject = f"person:{person_id}"
    before = {name: getattr(old, name) for name in names}
    hidden = {name: before.pop(name) for name in PERSON.columns if name in before}
    if hidden:
        before["sealed"] = safe.token_of(hidden, f"ops.audit.detail:{subject}")
    note(connection, actor, "change", subject, **before)
    return True


@dataclass(frozen=True, slots=True)
class Former:
    """What particulars of a person were until somebody changed them."""

    until: datetime
    actor: str
    before: Mapping[str, Any]


def former(connection: Connection, person_id: str) -> list[Former]:
    """Return what particulars of a person were before each change, the first first."""
    safe, subject = vault(connection), f"person:{person_id}"
    rows = connection.execute(
        "SELECT at, actor, detail FROM ops.audit WHERE action = 'change' AND subject = %s "
        "ORDER BY at, audit_id",
        (subject,),
    )
    return [Former(at, actor, _former(safe, subject, detail)) for at, actor, detail in rows]


def _former(safe: Vault, subject: str, detail: dict[str, Any]) -> dict[str, Any]:
    token = detail.pop("sealed", None)
    hidden = json.loads(safe.untoken(token, f"ops.audit.detail:{subject}")) if token else {}
    return detail | hidden


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
    return _one(connection, "identity_index = %s", identity_index(connection, number))


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
        for name in ("birth_date", "division")
        if getattr(wanted, name) is not None
    ]
    named = None
    if wanted.name is not None:
        named = name_index(vault(connection), wanted.name)
        tests.append("name_index = %(named)s AND name_index <> ''")  # what there is an index of
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
    given = {**asdict(wanted), "named": named, "limit": limit}
    with connection.cursor(row_factory=dict_row) as cursor:
        return list(_known(connection, cursor.execute(query.encode(), given).fetchall()))


def _one(connection: Connection, where: str, value: str | bytes | None) -> Known | None:
    query = f"SELECT {_COLUMNS} FROM enrolment.person WHERE {where}"
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(query.encode(), (value,)).fetchall()
    return next(_known(connection, rows), None)


def _known(connection: Connection, rows: Iterable[dict[str, Any]]) -> Iterator[Known]:
    """Yield persons of rows, opened."""
    safe = vault(connection)
    for row in rows:
        for name in PERSON.columns:
            if row[name] is not None:
                row[name] = PERSON.open(safe, name, row["person_id"], row[name])
        yield Known(**row)


_INDEX_OF = {"identity_number": ("identity_index",), "name": ("name_index",)}


def _cells(safe: Vault, person: Person) -> dict[str, Any]:
    """Return the columns of a person's row, sealed and indexed."""
    cells: dict[str, Any] = asdict(person)
    for name in PERSON.columns:
        if cells[name] is not None:
            cells[name] = PERSON.seal(safe, name, person.person_id, cells[name])
    number = person.identity_number
    cells["identity_index"] = None if number is None else index_of(safe, number)
    cells["name_index"] = name_index(safe, person.name)
    return cells


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
        "known_person",
        f"没有登记 {masked_id(person_id)} 这个人",
        f"there is no person {masked_id(person_id)}",
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
        "SELECT (array_agg(name ORDER BY person_id))[1], birth_date, "
        "array_agg(person_id ORDER BY person_id) FROM enrolment.person "
        "WHERE name_index <> '' GROUP BY name_index, birth_date HAVING count(*) > 1"
    )
    safe = vault(connection)
    found = [Twins(PERSON.open(safe, "name", own[0], name), born, own) for name, born, own in rows]
    return sorted(found, key=lambda twins: (twins.name, twins.birth_date))


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
