"""Limits that are numbers over HTTP: of prescriptions, and of how often a choice changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import Path, Response
from pydantic import Field

from yibao.agency import ceilings
from yibao.agency.ceilings import NAMES, Ceiling, Grade
from yibao.agency.enrolment.refusal import Refusal
from yibao.api.calls import MAKES_OF_ONE, READS_ONE, One, Write
from yibao.api.fields import Day, Name, Said, Strict, Told, Words, example, words
from yibao.api.headers import ETAG, NOT_MODIFIED
from yibao.api.problems import documented
from yibao.api.routing import Router
from yibao.store.database import Connection

router = Router(prefix="/limits", tags=["limits"])

LimitName = Annotated[Name, Path(description=f"{', '.join(NAMES)} / 限额名称")]


class NewLimit(Strict):
    """A number from a day on, and where it is laid down."""

    model_config = example(value=30, cite="notice 5", first="2023-01-01", grade="A")

    value: Annotated[int, Field(ge=0, lt=2**31)]
    cite: Said
    first: Day
    grade: Grade = Field("A", description="A the document itself … D unverified / 可信度")


class LimitPeriod(Told):
    """A number and the days on which it holds, both included; `source` is where it was read."""

    value: int
    first: Day
    last: Day | None
    cite: str
    grade: Grade
    source: str


class LimitTold(Told):
    """A limit in order of time; without a number on a day there is none on it."""

    limit: str
    title: Words
    values: Sequence[LimitPeriod]


class Limits(Told):
    """Every limit that there is."""

    limits: Sequence[LimitTold]


@router.get(
    "",
    operation_id="getLimits",
    summary="The limits of prescriptions and choices / 查询各项限额",
    response_model=Limits,
    responses={200: {"headers": ETAG}, **NOT_MODIFIED, **documented()},
)
def get_limits(read: One) -> Response:
    """Return all limits that are, were and will be in force, with an entity tag."""

    def work(connection: Connection) -> Limits:
        rows = ceilings.ceilings(connection)
        return Limits.model_construct(limits=[_told(name, rows) for name in NAMES])

    return read.one(work)


@router.get(
    "/{limit}",
    operation_id="getLimit",
    summary="A limit over time / 查询限额",
    response_model=LimitTold,
    responses=READS_ONE,
)
def get_limit(limit: LimitName, read: One) -> Response:
    """Return a limit with its entity tag."""
    name = _known(limit)
    return read.one(lambda connection: _told(name, ceilings.ceilings(connection)))


@router.post(
    "/{limit}/values",
    operation_id="setLimit",
    summary="Lay a limit down from a day on / 规定限额",
    status_code=201,
    response_model=LimitTold,
    responses=MAKES_OF_ONE,
)
def post_value(limit: LimitName, body: NewLimit, write: Write) -> Response:
    """Lay a limit down in place of what holds then; not before what is laid down already."""
    name = _known(limit)

    def work(connection: Connection) -> LimitTold:
        ceilings.set_ceiling(
            *(connection, name, body.value, body.cite, body.first),
            grade=body.grade,
            actor=write.actor,
        )
        return _told(name, ceilings.ceilings(connection))

    return write.once(body, work)


def _known(limit: str) -> ceilings.Name:
    if limit not in NAMES:
        there = ", ".join(NAMES)
        raise Refusal(
            "known_limit",
            f"没有限额 {limit}；可用：{there}",
            f"there is no limit {limit}; there are: {there}",
            column="limit",
        )
    return limit


def _told(name: ceilings.Name, rows: Sequence[Ceiling]) -> LimitTold:
    return LimitTold.model_construct(
        limit=name,
        title=words(NAMES[name]),
        values=[_period(row) for row in rows if row.name == name],
    )


def _period(row: Ceiling) -> LimitPeriod:
    says = {name: getattr(row, name) for name in LimitPeriod.model_fields}
    return LimitPeriod.model_construct(**says)
