"""Headers: idempotency keys, entity tags."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

from fastapi import Header, Request, Response
from pydantic import BaseModel, StringConstraints

from yibao.agency.desk.model import DeskError, Key

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        description="a text of one's own; the same key and request get the same reply, once done",
    ),
    StringConstraints(min_length=1, max_length=128, pattern=r"^[!-~]+$"),
]

IfNoneMatch = Annotated[
    str | None, Header(alias="If-None-Match", description="an ETag had before", max_length=200)
]

IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", description="only if it is still what was read", max_length=200),
]


def key_of(actor: str, key: str, request: Request, body: BaseModel | None) -> Key:
    """Return the idempotency key of a request, whatever the order and blanks of its body."""
    digest = hashlib.sha256(f"{request.method} {request.url.path}\n".encode())
    if body is not None:
        digest.update(body.model_dump_json().encode())
    return Key(actor, key, digest.hexdigest())


def tag_of(text: str) -> str:
    """Return the entity tag of a reply."""
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def tagged(text: str, if_none_match: str | None) -> Response:
    """Return a reply with its entity tag, or 304 without a body where the client has it."""
    tag = tag_of(text)
    if if_none_match is not None and _names(if_none_match, tag):
        return Response(status_code=304, headers={"ETag": tag})
    return as_json(text, headers={"ETag": tag})


def require_match(if_match: str | None, text: str) -> None:
    """Raise DeskError unless the client has seen what there is."""
    if if_match is not None and not _names(if_match, tag_of(text)):
        raise DeskError("unchanged", "If-Match", if_match, "the ETag of what there is now")


def _names(header: str, tag: str) -> bool:
    tags = {part.strip().removeprefix("W/") for part in header.split(",")}
    return "*" in tags or tag in tags


def as_json(text: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return a reply whose JSON is already text."""
    return Response(text, status, headers, "application/json")


ETAG: dict[str, Any] = {
    "ETag": {"description": "changes with the content", "schema": {"type": "string"}}
}
"""How a route declares the entity tag of its reply."""

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {
    304: {"description": "the client has it as it is / 未改变", "headers": ETAG}
}
