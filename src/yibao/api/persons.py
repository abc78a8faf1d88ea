"""Persons over HTTP: register, change, find, and when they are covered.

Identity numbers stand in bodies alone: never in an address, which others log. Replies mask names,
numbers and telephones; who needs them asks to unmask one person, which the audit log keeps.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any, Self

from fastapi import Query, Response
from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from yibao.agency.desk.model import DeskError
from yibao.agency.enrolment import persons
from yibao.agency.enrolment.audit import note
from yibao.agency.enrolment.persons import Known, Person
from yibao.agency.enrolment.statuses import statuses
from yibao.api.calls import CHANGES_ONE, MAKES, MAKES_OF_ONE, READS_ONE, All, One, Write
from yibao.api.fields import (
    Addressed,
    Day,
    Name,
    PersonId,
    Said,
    Strict,
    Told,
    code_of,
    example,
    no_formula,
)
from yibao.api.headers import IfMatch, require_match
from yibao.api.paging import MAX_PAGE, Cursor, Limit, cursor_after, cut, number_of
from yibao.api.problems import documented
from yibao.api.routing import Router
from yibao.clock import today
from yibao.masking import is_identity_number, masked_name, masked_number, masked_phone
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.model import Status
from yibao.store.database import Connection
from yibao.store.vault import vault

router = Router(prefix="/persons", tags=["persons"])

NameOfPerson = Annotated[
    str, Field(max_length=64, pattern=r"^[^\p{C}]*$"), AfterValidator(no_formula)
]
IdentityType = Annotated[
    str, Field(pattern="^(resident_id|passport|permit_hk_mo|permit_tw|other|none)$")
]
Sex = Annotated[str, Field(pattern="^(male|female)?$")]
Division = Annotated[str, Field(pattern="^([0-9]{6})?$")]
Phone = Annotated[str, Field(max_length=32, pattern=r"^[0-9+ ()-]*$")]


class NewPerson(Strict):
    """A person to be registered. A resident's number must agree with birth date and sex."""

    model_config = example(
        person_id="P-17",
        birth_date="1990-03-07",
        name="王芳",
        identity_type="resident_id",
        identity_number="110105199003070025",
    )

    person_id: Addressed
    birth_date: Day
    name: NameOfPerson = ""
    identity_type: IdentityType = "none"
    identity_number: Name | None = None
    sex: Sex = ""
    division: Division = ""
    phone: Phone = ""

    @model_validator(mode="after")
    def _number_of_a_type(self) -> Self:
        if (self.identity_type == "none") != (self.identity_number is None):
            raise PydanticCustomError(
                "identity_number", "identity_number: expected one unless identity_type is none"
            )
        given = {self.person_id, self.person_id.upper()}
        if self.identity_number in given or is_identity_number(self.person_id):
            raise PydanticCustomError(
                "person_id", "person_id: expected an id that is no identity number"
            )
        return self


class Registered(Told):
    """A person who is registered; `new` says whether by this request."""

    person_id: str
    new: bool


class NewParticulars(Strict):
    """What is to be changed; what is not named stays as it is."""

    model_config = example(phone="022-12345678", division="120101")

    name: NameOfPerson | None = None
    identity_type: IdentityType | None = None
    identity_number: Name | None = None
    sex: Sex | None = None
    division: Division | None = None
    phone: Phone | None = None

    @model_validator(mode="after")
    def _named(self) -> Self:
        empty = {n for n in self.model_fields_set - {"identity_number"} if not _given(self, n)}
        if not self.model_fields_set or empty:
            raise PydanticCustomError("missing", "expected some particulars, none of them null")
        return self


def _given(particulars: NewParticulars, name: str) -> bool:
    return getattr(particulars, name) is not None


class Reason(Strict):
    """Why somebody must be known by name and number."""

    model_config = example(reason="the card is compared at the window")

    reason: Said


class Listed(Told):
    """A person, in short; the name is masked."""

    person_id: str
    name: str
    birth_date: Day
    sex: str
    division: str


class PersonTold(Listed):
    """A person as registered, masked or not; `revision` is another when anything is another."""

    identity_type: str
    identity_number: str | None
    phone: str
    died_on: Day | None
    revision: str


class Persons(Told):
    """Persons as they were registered; `next` is the cursor of the page after, null at the end."""

    persons: Sequence[Listed]
    next: str | None


class Wanted(Strict):
    """Whom to find: by identity number, or by name and perhaps birth date."""

    model_config = example(name="王芳", birth_date="1990-03-07")

    identity_number: Name | None = None
    name: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\p{C}]*$")] | None = None
    birth_date: Day | None = None
    cursor: Annotated[str, Field(max_length=40, pattern=r"^[0-9A-Za-z_-]+$")] | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = 50

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.identity_number is None) == (self.name is None):
            raise PydanticCustomError("missing", "expected identity_number or name, one of them")
        return self


class Covered(Told):
    """What holds of a person through a period in which there are benefits."""

    first: Day
    last: Day | None
    facts: Mapping[str, str | bool | Sequence[str]]
    chosen_institution: str
    contracted_institution: str


class Coverage(Told):
    """The periods in which a person has benefits, in order."""

    person_id: str
    periods: Sequence[Covered]


def require(connection: Connection, person_id: str) -> Known:
    """Return a person who is registered; raises DeskError."""
    found = persons.find(connection, person_id)
    if found is None:
        raise DeskError("known_person_id", "person_id", person_id, "a person who is registered")
    return found


def told(connection: Connection, person: Known, *, masked: bool = True) -> PersonTold:
    """Return a person as a reply has it."""
    said = asdict(person)
    every = json.dumps(said, ensure_ascii=False, default=str)
    said["revision"] = vault(connection).index("revision", every)[:8].hex()
    return PersonTold.model_construct(
        **_said(said | (_masked(person) if masked else {}), PersonTold)
    )


def _masked(person: Known) -> dict[str, Any]:
    number = person.identity_number
    return {
        "name": masked_name(person.name),
        "identity_number": None if number is None else masked_number(number),
        "phone": masked_phone(person.phone),
    }


def _said(said: Mapping[str, Any], model: type[Told]) -> dict[str, Any]:
    return {name: said[name] for name in model.model_fields}


@router.post(
    "",
    operation_id="registerPerson",
    summary="Register a person / 登记人员",
    status_code=201,
    response_model=Registered,
    responses=MAKES,
)
def post_person(body: NewPerson, write: Write) -> Response:
    """Register a person; one who is registered just so stays so."""

    def work(connection: Connection) -> Registered:
        new = persons.register(connection, Person(**dict(body)), actor=write.actor)
        return Registered(person_id=body.person_id, new=new)

    return write.once(body, work)


@router.get(
    "/{person_id}",
    operation_id="getPerson",
    summary="A person as registered / 查询人员",
    response_model=PersonTold,
    responses=READS_ONE,
)
def get_person(person_id: PersonId, one: One) -> Response:
    """Return a person with an entity tag."""
    return one.one(lambda c: told(c, require(c, person_id)))


@router.post(
    "/{person_id}/unmasked",
    operation_id="unmaskPerson",
    summary="A person as registered, nothing masked; the audit log keeps who asked / 查看完整信息",
    status_code=201,
    response_model=PersonTold,
    responses=MAKES_OF_ONE,
)
def post_unmasked(person_id: PersonId, body: Reason, write: Write) -> Response:
    """Return who somebody is, and write down who wanted to know, and why."""

    def work(connection: Connection) -> PersonTold:
        found = require(connection, person_id)
        note(connection, write.actor, "unmask", f"person:{person_id}", reason=body.reason)
        return told(connection, found, masked=False)

    return write.once(body, work)


@router.patch(
    "/{person_id}",
    operation_id="changePerson",
    summary="Change particulars of a person who has been read / 变更人员信息",
    response_model=PersonTold,
    responses=CHANGES_ONE,
)
def patch_person(
    person_id: PersonId, body: NewParticulars, write: Write, if_match: IfMatch
) -> Response:
    """Change what is named; what it was is in the audit. The id and the birth date stay."""
    new = {name: getattr(body, name) for name in body.model_fields_set}

    def work(connection: Connection) -> PersonTold:
        require(connection, person_id)
        seen = persons.locked(connection, person_id).person
        require_match(if_match, told(connection, seen).model_dump_json())
        persons.change(connection, person_id, actor=write.actor, **new)
        return told(connection, require(connection, person_id))

    return write.once(body, work, status=200)


@router.get(
    "",
    operation_id="listPersons",
    summary="Persons as they were registered / 人员列表",
    response_model=Persons,
    responses=documented(),
)
def list_persons(
    every: All,
    *,
    division: Annotated[str | None, Query(pattern="^[0-9]{6}$")] = None,
    scheme: Annotated[str | None, code_of("scheme"), Query()] = None,
    household_id: Annotated[Name | None, Query()] = None,
    day: Annotated[Day | None, Query(description="of the membership; else today / 日期")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return a page of persons; with a scheme or household, of its members on a day."""
    wanted = persons.Wanted(
        after=number_of(cursor),
        division=division,
        scheme=scheme,
        household_id=household_id,
        day=day or today(),
    )
    return every.all(lambda c: _page(c, wanted, limit))


@router.post(
    "/look-ups",
    operation_id="findPersons",
    summary="Find persons by identity number or name; nothing is written / 查找人员",
    response_model=Persons,
    responses=documented(400, 413),
)
def find_persons(body: Wanted, every: All) -> Response:
    """Find by what must not stand in an address."""
    after = number_of(body.cursor)

    def work(connection: Connection) -> Persons:
        if body.name is not None:
            wanted = persons.Wanted(after=after, name=body.name, birth_date=body.birth_date)
            return _page(connection, wanted, body.limit)
        found = persons.find_by_identity(connection, body.identity_number or "")
        born = body.birth_date in {None, found.birth_date} if found else False
        rows = [found] if found is not None and born else []
        return _persons(rows, None)

    return every.all(work)


def _page(connection: Connection, wanted: persons.Wanted, limit: int) -> Persons:
    found = persons.page(connection, wanted, limit + 1)
    return _persons(*cut(found, limit, lambda person: cursor_after(person.person_no)))


def _persons(found: Sequence[Known], after: str | None) -> Persons:
    listed = [
        Listed.model_construct(**_said(asdict(person) | _masked(person), Listed))
        for person in found
    ]
    return Persons.model_construct(persons=listed, next=after)


@router.get(
    "/{person_id}/coverage",
    operation_id="getCoverage",
    summary="When a person has benefits, and as whom / 待遇享受期",
    response_model=Coverage,
    responses=READS_ONE,
)
def get_coverage(person_id: PersonId, one: One) -> Response:
    """Return the periods of a person's coverage, with an entity tag."""

    def work(connection: Connection) -> Coverage:
        require(connection, person_id)
        periods = [_covered(status) for status in statuses(connection, person_id)]
        return Coverage.model_construct(person_id=person_id, periods=periods)

    return one.one(work)


def _covered(status: Status) -> Covered:
    names = [a.name for a in vocabulary().of("person") if a.kind != "number"]
    facts = zip(names, status.facts, strict=True)
    return Covered.model_construct(
        first=status.first,
        last=status.last,
        facts={n: sorted(v) if isinstance(v, frozenset) else v for n, v in facts},
        chosen_institution=status.chosen_institution,
        contracted_institution=status.contracted_institution,
    )
