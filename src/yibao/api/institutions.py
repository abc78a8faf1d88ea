"""Institutions over HTTP: what the register says of one, what is covered there, its own codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import Path, Query, Response
from pydantic import Field

from yibao.agency.desk.model import DeskError
from yibao.api.calls import READS_ONE, All, One
from yibao.api.fields import Day, Name, Strict, Told, Words, code_of, example, words
from yibao.api.problems import documented
from yibao.api.routing import Router
from yibao.clock import today
from yibao.interop.files.bills import ITEM_KINDS
from yibao.registry.find import (
    REASONS,
    Institution,
    agreement_refusal,
    capacity,
    institution,
    local_codes,
)
from yibao.store.database import Connection

router = Router(prefix="/institutions", tags=["institutions"])

InstitutionId = Annotated[Name, Path(description="institution_id / 机构编号")]


class InstitutionTold(Told):
    """An institution as it is registered on a day."""

    institution_id: str
    day: Day
    name: str
    kind: str
    division: str
    level: str
    institution_class: str
    primary_institution: bool
    tcm_institution: bool
    reformed_public_hospital: bool
    private: bool
    beds: int
    dental_chairs: int


@router.get(
    "/{institution_id}",
    operation_id="getInstitution",
    summary="An institution on a day, today unless given / 查询医药机构",
    response_model=InstitutionTold,
    responses=READS_ONE,
)
def get_institution(
    institution_id: InstitutionId,
    one: One,
    day: Annotated[Day | None, Query(description="the day asked for / 日期")] = None,
) -> Response:
    """Return what the register says, with an entity tag."""
    on = day or today()

    def work(connection: Connection) -> InstitutionTold:
        found = institution(connection, institution_id, on)
        if found is None:
            expected = f"an institution that is registered on {on}"
            raise DeskError("known_institution", "institution_id", institution_id, expected)
        beds = capacity(connection, institution_id, on)
        return InstitutionTold.model_construct(
            **{name: getattr(found, name) for name in Institution.__dataclass_fields__},
            day=on,
            beds=beds.beds,
            dental_chairs=beds.dental_chairs,
        )

    return one.one(work)


class Cover(Told):
    """Whether an agreement covers a claim; `refusal` is the rule that it would break, or null."""

    covers: bool
    refusal: str | None
    says: Words | None


@router.get(
    "/{institution_id}/cover",
    operation_id="getCover",
    summary="Whether an agreement covers a claim on a day / 协议是否覆盖",
    response_model=Cover,
    responses=READS_ONE,
)
def get_cover(
    institution_id: InstitutionId,
    one: One,
    visit: Annotated[str, code_of("visit"), Query()],
    scheme: Annotated[str, code_of("scheme"), Query()],
    day: Annotated[Day | None, Query(description="else today / 日期")] = None,
) -> Response:
    """Ask as the desk does."""

    def work(connection: Connection) -> Cover:
        asked = (institution_id, day or today(), visit, scheme)
        refusal = agreement_refusal(connection, *asked)
        says = None if refusal is None else words(REASONS[refusal])
        return Cover(covers=refusal is None, refusal=refusal, says=says)

    return one.one(work)


class LocalCodes(Strict):
    """Codes of an institution's own, line by line."""

    model_config = example(kind="drug", codes=["D-17"], day="2026-03-01")

    kind: Annotated[str, Field(pattern=f"^({'|'.join(ITEM_KINDS)})$")]
    codes: Annotated[list[Name], Field(min_length=1, max_length=10_000)]
    day: Day | None = None


class MappedCodes(Told):
    """National codes by local code; `missing` has a line for each that has none."""

    found: Mapping[str, str]
    missing: Sequence[str]
    lines: int


@router.post(
    "/{institution_id}/code-mappings",
    operation_id="mapCodes",
    summary="National codes of an institution's own; nothing is written / 目录对照",
    response_model=MappedCodes,
    responses=documented(400, 404, 413),
)
def map_codes(institution_id: InstitutionId, body: LocalCodes, every: All) -> Response:
    """Map codes; the mapping itself is the register `local_code`."""

    def work(connection: Connection) -> MappedCodes:
        day = body.day or today()
        found = local_codes(connection, institution_id, body.kind, body.codes, day)
        return MappedCodes.model_construct(
            found=found.found, missing=found.missing, lines=found.lines
        )

    return every.all(work)
