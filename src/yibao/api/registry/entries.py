"""The routes of registers: what there are, an entry on a day, its versions, pages, new versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Annotated, Any

from fastapi import Path, Query, Response
from pydantic import ConfigDict, Field, StringConstraints

from yibao.agency.desk.model import DeskError
from yibao.api.calls import MAKES_OF_ONE, READS_ONE, All, One, Write
from yibao.api.fields import Day, Strict, Told, Words, example, words
from yibao.api.headers import as_json
from yibao.api.paging import KeyCursor, Limit, cursor_at, cut, key_at
from yibao.api.problems import MAX_FAULTS, Fault, Faulty, documented
from yibao.api.routing import Router
from yibao.clock import today
from yibao.interop.files import cells
from yibao.interop.files.columns import Column
from yibao.money import format_rate, format_yuan
from yibao.registry import reading
from yibao.registry.importing import Imported, import_rows
from yibao.registry.register import FIRST, Register
from yibao.registry.registers import REGISTERS
from yibao.store.database import Connection

router = Router(prefix="/registry", tags=["registry"])

MAX_ROWS = 500
"""Most rows of one request."""

RegisterName = Annotated[
    str, Path(pattern=f"^({'|'.join(REGISTERS)})$", description="a register / 目录")
]
EntryKey = Annotated[
    str,
    Path(
        max_length=300,
        pattern=r"^[^\p{C}]+$",
        description="the key; its parts, if there are several, with commas between / 关键字",
        examples=["H12010100001", "H12010100001,W1"],
    ),
]
OnDay = Annotated[Day | None, Query(description="the day asked for; else today / 日期")]
Text = Annotated[str, StringConstraints(max_length=2_000)]
Value = str | int | bool | Sequence[str] | None


class ColumnTold(Told):
    """A column: how its values are written, and the codes that it may have."""

    name: str
    title: Words
    kind: str = Field(description="id, text, date, amount, rate, count, code, flag or set")
    needed: bool
    codes: Mapping[str, Words] | None


class RegisterTold(Told):
    """A register: entries are told apart by the columns of its key."""

    register_: str = Field(alias="register")
    title: Words
    key: Sequence[str]
    columns: Sequence[ColumnTold]

    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True)


class Registers(Told):
    """Every register, in the order of filling them."""

    registers: Sequence[RegisterTold]


class Entry(Told):
    """What holds of an entry from `first` to `last`; amounts are yuan, rates percentages."""

    values: Mapping[str, Value]
    first: Day
    last: Day | None


class Versions(Told):
    """All that has held of an entry, in order of time."""

    versions: Sequence[Entry]


class Entries(Told):
    """Entries by key; `next` is the cursor of the page after, null at the end."""

    entries: Sequence[Entry]
    next: str | None


class NewVersions(Strict):
    """Rows as a file of the register has them: from that day on, this holds. All or none land."""

    model_config = example(
        rows=[
            {
                "institution_id": "H12010100001",
                "kind": "drug",
                "local_code": "D-17",
                "code": "XA10BAE050A001010100001",
                "from": "2026-01-01",
            }
        ]
    )

    rows: Annotated[list[dict[str, Text]], Field(min_length=1, max_length=MAX_ROWS)]
    correct: bool = Field(False, description="replace what was wrong of the same day / 更正")


class Landed(Told):
    """What rows did: how many were new, changed, ended, corrected, or there already."""

    added: int
    changed: int
    ended: int
    corrected: int
    unchanged: int


def _register(register: Register) -> RegisterTold:
    return RegisterTold(
        register=register.name,
        title=words(register.title),
        key=register.key,
        columns=[
            ColumnTold(
                name=column.name,
                title=words(column.title),
                kind=column.kind,
                needed=column.absent is None,
                codes=_codes(column),
            )
            for column in register.file_columns
        ],
    )


def _codes(column: Column) -> Mapping[str, Words] | None:
    if column.codes is None:
        return None
    return {code: words(title) for code, title in column.codes.items()}


def _entry(register: Register, found: reading.Entry) -> Entry:
    values = {c.name: _value(c, found.values[c.name]) for c in register.columns}
    return Entry.model_construct(values=values, first=found.first, last=found.last)


def _value(column: Column, value: Any) -> Value:
    if value is None:
        return None
    match column.kind:
        case "amount":
            return format_yuan(value)
        case "rate":
            return format_rate(Fraction(value))
        case "date":
            return str(value)
        case "set":
            return sorted(value)
    return value  # type: ignore[no-any-return]


def _read(column: Column, text: str, field: str) -> Any:
    """Return what a text says in a column; raises DeskError where it breaks a rule of it."""
    try:
        cell = cells.clean(text, column.longest)
        if cell:
            return cells.parser(column)(cell)
    except cells.BadCell as bad:
        raise DeskError(bad.rule, field, text[:64], bad.message.en) from None
    raise DeskError("required", field, "", f"a value of {column.name}")


def key_of(register: Register, text: str) -> tuple[str, ...]:
    """Return an entry's key from an address; raises DeskError where a part is not of its form."""
    parts = text.split(",", register.keys - 1)
    if len(parts) != register.keys:
        raise DeskError("required", "key", "", ",".join(register.key))
    return tuple(
        str(_read(column, part, "key"))
        for column, part in zip(register.columns, parts, strict=False)
    )


@router.get(
    "",
    operation_id="listRegisters",
    summary="The registers, with their columns and codes / 目录种类",
    response_model=Registers,
    responses=documented(),
)
def list_registers() -> Response:
    """Return what registers there are."""
    told = Registers(registers=[_register(register) for register in REGISTERS.values()])
    return as_json(told.model_dump_json())


@router.get(
    "/{register}",
    operation_id="listEntries",
    summary="The entries of a register that are in force on a day / 目录条目列表",
    response_model=Entries,
    responses=documented(404),
)
def list_entries(
    register: RegisterName,
    every: All,
    *,
    day: OnDay = None,
    where: Annotated[
        Sequence[Annotated[str, StringConstraints(max_length=300)]],
        Query(max_length=8, description="column:value, such as division:120101 / 条件"),
    ] = (),
    cursor: KeyCursor = None,
    limit: Limit = 50,
) -> Response:
    """Return a page of entries by key, of those that meet every condition."""
    of = REGISTERS[register]
    filters = _filters(of, where)
    after = key_at(cursor, of.keys)

    def work(connection: Connection) -> Entries:
        found = reading.page(
            connection, of, day or today(), limit + 1, filters=filters, after=after
        )
        rows, following = cut(
            found, limit, lambda row: cursor_at([row.values[name] for name in of.key])
        )
        return Entries.model_construct(entries=[_entry(of, row) for row in rows], next=following)

    return every.all(work)


def _filters(register: Register, where: Sequence[str]) -> Mapping[str, Any]:
    columns = {column.name: column for column in register.columns}
    filters: dict[str, Any] = {}
    for condition in where:
        name, _, text = condition.partition(":")
        if name not in columns:
            raise DeskError("known_column", "where", name[:64], ", ".join(columns))
        filters[name] = _read(columns[name], text, f"where.{name}")
    return filters


@router.get(
    "/{register}/{key}",
    operation_id="getEntryOfRegister",
    summary="What holds of an entry on a day / 查询目录条目",
    response_model=Entry,
    responses=READS_ONE,
)
def get_entry(register: RegisterName, key: EntryKey, one: One, day: OnDay = None) -> Response:
    """Return an entry as it is on a day, with an entity tag."""
    of, on = REGISTERS[register], day or today()
    asked = key_of(of, key)

    def work(connection: Connection) -> Entry:
        found = reading.entry(connection, of, asked, on)
        if found is None:
            raise DeskError("known_version", "key", key, f"an entry that is in force on {on}")
        return _entry(of, found)

    return one.one(work)


@router.get(
    "/{register}/{key}/versions",
    operation_id="getVersions",
    summary="All that has held of an entry / 目录条目的各版本",
    response_model=Versions,
    responses=READS_ONE,
)
def get_versions(register: RegisterName, key: EntryKey, one: One) -> Response:
    """Return every version of an entry, with an entity tag."""
    of = REGISTERS[register]
    asked = key_of(of, key)

    def work(connection: Connection) -> Versions:
        found = reading.versions(connection, of, asked)
        if not found:
            raise DeskError("known_version", "key", key, "an entry that was registered")
        return Versions.model_construct(versions=[_entry(of, one) for one in found])

    return one.one(work)


@router.post(
    "/{register}/versions",
    operation_id="registerVersions",
    summary="Rows of a register: from a day on, this holds; all or none land / 登记目录条目",
    status_code=201,
    response_model=Landed,
    responses=MAKES_OF_ONE,
)
def post_versions(register: RegisterName, body: NewVersions, write: Write) -> Response:
    """Write rows as an import does; where one is wrong, each fault is told and none lands."""
    of = REGISTERS[register]
    columns = {column.name for column in of.file_columns}
    for at, row in enumerate(body.rows):
        if strange := sorted(row.keys() - columns):
            raise DeskError("known_column", f"rows.{at}", strange[0][:64], ", ".join(columns))

    def work(connection: Connection) -> Landed:
        done = import_rows(connection, of, body.rows, actor=write.actor, correct=body.correct)
        if done.rejects:
            raise _refused(done)
        return Landed(**{name: done.counts[name] for name in Landed.model_fields})

    return write.once(body, work)


def _refused(done: Imported) -> Faulty:
    faults = [
        Fault(
            field=f"rows.{error.row}.{error.column or FIRST.name}",
            rule=error.rule,
            detail=error.message.en,
        )
        for reject in done.rejects
        for error in reject.errors
    ]
    return Faulty(faults[:MAX_FAULTS], "rows")
