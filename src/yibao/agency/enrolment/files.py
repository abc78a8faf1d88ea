"""The files of enrolment: their columns, and what each row does.

persons     who is registered, and enrolled where a scheme is given; households too
staff       who works where at which wage; registers and enrols whoever is new
identities  relief identities as other departments report them
elsewhere   enrolments that other regions or schemes report
employers   employers
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from yibao.agency.enrolment import facts, persons
from yibao.agency.enrolment.audit import note
from yibao.agency.enrolment.memberships import Enrolment, enrol, hire
from yibao.agency.enrolment.persons import RESIDENT_ID, Known, Person
from yibao.agency.enrolment.profile import Membership
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.enrolment.sealed import ELSEWHERE, index_of
from yibao.agency.imports import Write
from yibao.errors import CodeError
from yibao.interop.files.columns import Column
from yibao.interop.files.rowreader import Values
from yibao.masking import masked_name
from yibao.policy.model import Region
from yibao.policy.vocabulary import vocabulary
from yibao.registry import codes
from yibao.settlement.procedure import Office
from yibao.store.database import Connection
from yibao.store.vault import vault
from yibao.text import Text


@dataclass(frozen=True, slots=True)
class Job:
    """Who imports, and the rules of which policy are asked."""

    office: Office
    actor: str


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: its sheet's name, its columns, what writes a row."""

    name: str
    columns: Callable[[Region], Sequence[Column]]
    writer: Callable[[Job], Write]


_FIRST = Column("from", "date", Text("起日", "First day"))
_LAST = Column(
    "to", "date", Text("止日", "Last day"), Text("空为至今", "empty: until further notice"), ""
)
_IDENTITY = Column("identity_number", "id", Text("证件号码", "Identity number"))
_NAME = Column("name", "text", Text("姓名", "Name"))
_DIVISION = Column(
    "division",
    "id",
    Text("行政区划", "Division"),
    absent="",
    form=lambda c: c and codes.division(c),
)
IDENTITY_TYPES = {
    "resident_id": Text("居民身份证", "identity card"),
    "passport": Text("护照", "passport"),
    "permit_hk_mo": Text("港澳居民通行证", "permit of residents of Hong Kong and Macao"),
    "permit_tw": Text("台湾居民通行证", "permit of residents of Taiwan"),
    "other": Text("其他", "other"),
    "none": Text("暂无", "none yet"),
}
_EVERY = {
    "1": Text("按月", "monthly"),
    "3": Text("按季", "quarterly"),
    "12": Text("按年", "yearly"),
}


def _coded(name: str, region: Region, *, absent: str | None = "") -> Column:
    """Return the column of an attribute of the vocabulary."""
    attribute = vocabulary().attributes[name]
    found = attribute.codes
    if found is None:
        own = {c.code: c.title for c in region.codes.get(name, ())}
        found = {"none": Text("无", "none"), **own}
    return Column(name, "code", attribute.title, absent=absent, codes=found)


# --- persons --------------------------------------------------------------------------------------


def person_columns(region: Region) -> Sequence[Column]:
    """Return the columns of registration and enrolment."""
    sex = vocabulary().attributes["sex"]
    return (
        Column("person_id", "id", Text("人员编号", "Person"), unless="identity_number"),
        Column(
            "identity_type",
            "code",
            Text("证件类型", "Kind of identity document"),
            absent="resident_id",
            codes=IDENTITY_TYPES,
        ),
        Column(
            "identity_number",
            "id",
            Text("证件号码", "Identity number"),
            Text("证件类型为暂无时空着", "empty where there is none yet"),
            absent="",
        ),
        _NAME,
        Column("sex", "code", sex.title, absent="", codes=sex.codes),
        Column(
            "birth_date",
            "date",
            Text("出生日期", "Date of birth"),
            Text("身份证号码已含", "an identity card's number has it"),
            absent="",
        ),
        _DIVISION,
        Column("phone", "id", Text("电话", "Telephone"), absent=""),
        Column("household_id", "id", Text("家庭编号", "Household"), absent=""),
        _coded("scheme", region),
        _coded("category", region),
        _coded("contribution_tier", region, absent="none"),
        Column("from", "date", Text("参保起日", "First day of membership"), absent=""),
        _LAST,
        _coded("contributor", region, absent="none"),
        _coded("household_register", region, absent="local"),
        Column(
            "permit_until", "date", Text("居住证有效期止", "Residence permit valid to"), absent=""
        ),
        _coded("county", region, absent="none"),
        Column(
            "pays_every",
            "code",
            Text("缴费周期（月）", "Pays for months at once"),
            absent="1",
            codes=_EVERY,
        ),
        Column("newborn", "flag", Text("新生儿", "Newborn"), absent="false"),
        Column("pension", "amount", Text("月养老金", "Monthly pension"), absent=""),
        Column(
            "within_collection_period",
            "flag",
            Text("在集中参保期内", "Within the collection period"),
            absent="true",
        ),
    )


def _persons(job: Job) -> Write:
    def write(connection: Connection, values: Values) -> bool:
        person = _person(connection, values)
        made = persons.register(connection, person, actor=job.actor)
        if not values["scheme"]:
            return made
        if values["from"] is None or not values["category"]:
            column = "category" if values["from"] else "from"
            raise Refusal("required", "参保须填写", "needed to enrol", column=column)
        wanted = Enrolment(person.person_id, _membership(values), values["from"], values["to"])
        return enrol(connection, wanted, actor=job.actor, office=job.office) or made

    return write


def _person(connection: Connection, values: Values) -> Person:
    """Return the person of a row; what the identity number says need not be filled.

    Without an id it is the one under whom the number is registered, else a new one's.
    """
    number, kind = values["identity_number"] or None, values["identity_type"]
    born: date | None = values["birth_date"]
    if born is None and kind == RESIDENT_ID:
        born = _told(number or "").birth_date
    if born is None:
        raise Refusal("required", "不能为空", "the cell must be filled", column="birth_date")
    if not (values["person_id"] or number) or (number is None) != (kind == "none"):
        raise Refusal(
            "required",
            "证件号码和证件类型不符，或人员编号为空",
            "identity number and its kind do not agree, or there is no id",
            column="identity_number",
        )
    known = None if values["person_id"] else persons.find_by_identity(connection, number or "")
    return Person(
        person_id=values["person_id"] or (known and known.person_id) or persons.new_id(connection),
        birth_date=born,
        name=values["name"],
        identity_type=kind,
        identity_number=number,
        sex=values["sex"] or "",
        division=values["division"],
        phone=values["phone"],
    )


def _told(number: str) -> codes.IdentityNumber:
    try:
        return codes.identity_number(number)
    except CodeError as error:
        raise Refusal(
            "identity_number", error.text.zh, error.text.en, column="identity_number"
        ) from None


def _membership(values: Values) -> Membership:
    return Membership(
        scheme=values["scheme"],
        category=values["category"],
        contribution_tier=values["contribution_tier"],
        contributor=values["contributor"],
        household_id=values["household_id"],
        household_register=values["household_register"],
        permit_until=values["permit_until"],
        county=values["county"],
        pays_every=int(values["pays_every"]),
        newborn=values["newborn"],
        pension=values["pension"],
        within_collection_period=values["within_collection_period"],
    )


# --- staff ----------------------------------------------------------------------------------------


def staff_columns(_: Region) -> Sequence[Column]:
    """Return the columns of an employer's staff."""
    return (
        Column("employer_id", "id", Text("单位编号", "Employer")),
        Column(
            "person_id",
            "id",
            Text("人员编号", "Person"),
            Text("空着则由系统给新参保人编号", "of who is new; empty: an id is made"),
            absent="",
        ),
        _IDENTITY,
        _NAME,
        _DIVISION,
        Column("wage", "amount", Text("申报月缴费工资", "Monthly wage declared")),
        Column("from", "date", Text("起日", "First day of the work, or of this wage")),
        _LAST,
    )


def _staff(job: Job) -> Write:
    def write(connection: Connection, values: Values) -> bool:
        told = _told(values["identity_number"])
        person = persons.find_by_identity(connection, told.number)
        if person is None:
            person_id = values["person_id"] or persons.new_id(connection)
            given = Person(
                *(person_id, told.birth_date, values["name"], RESIDENT_ID, told.number),
                division=values["division"],
            )
            persons.register(connection, given, actor=job.actor)
        else:
            _named(person, values["name"])
            person_id = person.person_id
        return hire(
            connection,
            person_id,
            values["employer_id"],
            values["from"],
            wage=values["wage"],
            last=values["to"],
            actor=job.actor,
            office=job.office,
        )

    return write


def _named(person: Known, name: str) -> None:
    if person.name not in {"", name}:
        raise Refusal(
            "same_name",
            f"证件号码登记的姓名是 {masked_name(person.name)}",
            f"the identity number is registered under the name {masked_name(person.name)}",
            column="name",
        )


# --- what others report ---------------------------------------------------------------------------


def identity_columns(region: Region) -> Sequence[Column]:
    """Return the columns of a feed of relief identities."""
    words = vocabulary().attributes["identities"]
    return (
        _IDENTITY,
        _NAME,
        Column("identity", "code", words.title, codes=words.codes),
        _FIRST,
        _LAST,
        Column("source", "text", Text("来源部门", "Department")),
    )


def _identities(job: Job) -> Write:
    def write(connection: Connection, values: Values) -> bool:
        person = persons.find_by_identity(connection, values["identity_number"])
        if person is None:
            raise Refusal(
                "known_person",
                "没有登记这个证件号码",
                "nobody is registered under this identity number",
                column="identity_number",
            )
        _named(person, values["name"])
        return facts.hold(
            connection,
            *(person.person_id, "identities", values["identity"], values["from"]),
            last=values["to"],
            source=values["source"],
            actor=job.actor,
        )

    return write


def elsewhere_columns(region: Region) -> Sequence[Column]:
    """Return the columns of a report of enrolments in other regions and schemes."""
    return (
        _IDENTITY,
        Column("region", "id", Text("参保地", "Region")),
        _coded("scheme", region, absent=None),
        _FIRST,
        _LAST,
    )


def _elsewhere(job: Job) -> Write:
    def write(connection: Connection, values: Values) -> bool:
        first, last = values["from"], values["to"]
        if last is not None and last < first:
            raise Refusal("period", f"止日早于 {first}", f"ends before {first}", column="to")
        safe = vault(connection)
        number = values["identity_number"].upper()
        index = index_of(safe, number)
        key = (index, values["region"], values["scheme"], first)
        row = connection.execute(
            "SELECT last FROM enrolment.elsewhere WHERE (identity_index, region, scheme, first) "
            "= (%s, %s, %s, %s) FOR UPDATE",
            key,
        ).fetchone()
        if row == (last,):
            return False
        connection.execute(
            "INSERT INTO enrolment.elsewhere "
            "(identity_index, region, scheme, first, last, identity_number) "
            "VALUES (%s, %s, %s, %s, %s, %s) "
            "ON CONFLICT (identity_index, region, scheme, first) "
            "DO UPDATE SET last = EXCLUDED.last",
            (*key, last, ELSEWHERE.seal(safe, "identity_number", index, number)),
        )
        detail = {"region": values["region"], "scheme": values["scheme"], "first": first}
        note(connection, job.actor, "elsewhere", f"identity:{index.hex()}", **detail, last=last)
        return True

    return write


def employer_columns(region: Region) -> Sequence[Column]:
    """Return the columns of employers."""
    kind = vocabulary().attributes["employer_kind"]
    return (
        Column("employer_id", "id", Text("单位编号", "Employer")),
        Column("name", "text", Text("单位名称", "Name")),
        Column("kind", "code", kind.title, codes=kind.codes),
        _DIVISION,
    )


def _employers(job: Job) -> Write:
    def write(connection: Connection, values: Values) -> bool:
        names = ("employer_id", "name", "kind", "division")
        return persons.employer(connection, *(values[n] for n in names), actor=job.actor)

    return write


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("persons", person_columns, _persons),
        Kind("staff", staff_columns, _staff),
        Kind("identities", identity_columns, _identities),
        Kind("elsewhere", elsewhere_columns, _elsewhere),
        Kind("employers", employer_columns, _employers),
    )
}
