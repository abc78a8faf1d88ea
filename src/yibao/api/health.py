"""Whether the service lives, and whether it can work."""

from __future__ import annotations

from typing import Literal

from fastapi import Request, Response

from yibao.api.fields import Told
from yibao.api.headers import as_json
from yibao.api.problems import documented
from yibao.api.routing import Router
from yibao.api.service import service_of

router = Router(prefix="/health", tags=["health"])


class Alive(Told):
    """The service answers."""

    status: Literal["alive"]


class Ready(Told):
    """The service answers and so does its database."""

    status: Literal["ready"]
    region: str
    rules: str


@router.get(
    "/live",
    operation_id="isAlive",
    summary="Whether the service answers / 服务是否存活",
    response_model=Alive,
    responses=documented(),
)
async def live() -> Response:
    """Answer without the database."""
    return as_json(Alive(status="alive").model_dump_json())


@router.get(
    "/ready",
    operation_id="isReady",
    summary="Whether the database answers too / 服务是否可用",
    response_model=Ready,
    responses=documented(),
)
def ready(request: Request) -> Response:
    """Ask the database for nothing; 503 where it does not answer."""
    service = service_of(request)
    service.database.run(lambda connection: connection.execute("SELECT"))
    policy = service.office.policy
    told = Ready(status="ready", region=policy.region.id, rules=service.office.rules)
    return as_json(told.model_dump_json())
