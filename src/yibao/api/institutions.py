"""Institutions over HTTP: what the register says of one on a day."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from yibao.agency.desk.model import DeskError
from yibao.api.calls import today
from yibao.api.fields import Day, Name, Told
from yibao.api.headers import ETAG, NOT_MODIFIED, IfNoneMatch, tagged
from yibao.api.problems import documented
from yibao.api.service import service_of
from yibao.registry.find import Capacity, Institution, capacity, institution
from yibao.store.database import Connection

router = APIRouter(prefix="/institutions", tags=["institutions"])


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
    responses={200: {"headers": ETAG}, **NOT_MODIFIED, **documented(404)},
)
def get_institution(
    institution_id: Annotated[Name, Path(description="institution_id / 机构编号")],
    request: Request,
    day: Annotated[Day | None, Query(description="the day asked for / 日期")] = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Return what the register says, with an entity tag."""
    on = day or today()

    def work(connection: Connection) -> tuple[Institution | None, Capacity]:
        return institution(connection, institution_id, on), capacity(connection, institution_id, on)

    found, beds = service_of(request).database.run(work)
    if found is None:
        expected = f"an institution that is registered on {on}"
        raise DeskError("known_institution", "institution_id", institution_id, expected)
    told = InstitutionTold.model_construct(
        **{name: getattr(found, name) for name in Institution.__dataclass_fields__},
        day=on,
        beds=beds.beds,
        dental_chairs=beds.dental_chairs,
    )
    return tagged(told.model_dump_json(), if_none_match)
