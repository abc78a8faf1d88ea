"""What routes are called with: a write with who asks and a key, a read with a tag had before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Response
from pydantic import BaseModel

from yibao.agency.desk.model import Key
from yibao.api.guard.allow import Asking
from yibao.api.guard.principal import Principal
from yibao.api.headers import (
    ETAG,
    NOT_MODIFIED,
    IdempotencyKey,
    IfNoneMatch,
    as_json,
    key_of,
    tag_of,
    tagged,
)
from yibao.api.once import once
from yibao.api.problems import documented
from yibao.api.service import Service, service_of
from yibao.store.database import Connection

Tell = Callable[[Connection], BaseModel]
"""Does or reads something and says what to answer."""


@dataclass(frozen=True, slots=True)
class Writing:
    """A write that somebody asks for under a key."""

    request: Request
    principal: Principal
    key: str

    @property
    def actor(self) -> str:
        """Who asks, for the audit log."""
        return self.principal.name

    @property
    def service(self) -> Service:
        """What the application stands for."""
        return service_of(self.request)

    def own(self, body: BaseModel | None) -> Key:
        """Return the key as it stands for what this request asks."""
        return key_of(self.actor, self.key, self.request, body)

    def once(self, body: BaseModel | None, work: Tell, status: int = 201) -> Response:
        """Do it, or give back what was answered before; a change (200) has its new ETag."""
        made = once(
            self.service.database,
            self.own(body),
            lambda connection: (status, work(connection).model_dump_json()),
        )
        if status == 200:
            made.headers["ETag"] = tag_of(bytes(made.body).decode())
        return made


@dataclass(frozen=True, slots=True)
class Reading:
    """A read, by a client that perhaps has what there is."""

    request: Request
    had: str | None

    @property
    def service(self) -> Service:
        """What the application stands for."""
        return service_of(self.request)

    def one(self, work: Tell) -> Response:
        """Answer what there is, with its entity tag, or 304."""
        return tagged(self.service.database.run(work).model_dump_json(), self.had)

    def all(self, work: Tell) -> Response:
        """Answer a page or a sum: what has no entity tag."""
        return as_json(self.service.database.run(work).model_dump_json())


async def _writing(request: Request, principal: Asking, key: IdempotencyKey) -> Writing:
    return Writing(request, principal, key)


async def _one(request: Request, if_none_match: IfNoneMatch = None) -> Reading:
    return Reading(request, if_none_match)


async def _all(request: Request) -> Reading:
    return Reading(request, None)


Write = Annotated[Writing, Depends(_writing)]
One = Annotated[Reading, Depends(_one)]
"""A read of one thing, which has an entity tag."""
All = Annotated[Reading, Depends(_all)]
"""A read of a page, a sum, a search."""

MAKES = documented(400, 409, 413)
"""What a write may answer that makes something new."""

MAKES_OF_ONE = documented(400, 404, 409, 413)
"""What a write may answer that makes something of what stands in its path."""

ACTS_ON_ONE = documented(400, 404, 409, 412, 413)
"""What a write may answer that needs what stands in its path to be as it was read."""

CHANGES_ONE = {200: {"headers": ETAG}, **ACTS_ON_ONE}
"""What a change may answer of what stands in its path."""

READS_ONE = {200: {"headers": ETAG}, **NOT_MODIFIED, **documented(404)}
"""What a read may answer of what stands in its path."""
