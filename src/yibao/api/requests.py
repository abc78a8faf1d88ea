"""What became of a request whose reply was lost: ask by its idempotency key."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Request, Response
from pydantic import StringConstraints

from yibao.agency.desk.model import DeskError
from yibao.api.guard.allow import Asking
from yibao.api.headers import as_json
from yibao.api.once import look
from yibao.api.problems import documented
from yibao.api.routing import Router
from yibao.api.service import service_of

router = Router(prefix="/requests", tags=["requests"])


@router.get(
    "/{key}",
    operation_id="getRequest",
    summary="The reply that a request with a key got; 404: it was not done / 按幂等键查询结果",
    responses={
        200: {"description": "the reply of a request that was done, to the byte"},
        201: {
            "description": "the reply of a request that made something, to the byte",
            "content": {"application/json": {"schema": {}}},
        },
        **documented(404),
    },
)
def get_request(
    key: Annotated[str, Path(), StringConstraints(max_length=128, pattern=r"^[!-~]+$")],
    principal: Asking,
    request: Request,
) -> Response:
    """Return what stands under a key; one may also just send the request again."""
    kept = service_of(request).database.run(
        lambda connection: look(connection, principal.name, key)
    )
    if kept is None:
        raise DeskError("known_request", "key", key, "a key under which something was done")
    return as_json(kept.reply, kept.status)
