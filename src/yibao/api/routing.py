"""Routers whose routes read a body as JSON in which no field stands twice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from yibao.text import Text


class Twice(HTTPException):
    """A body with a field that stands twice in an object: which of the two is meant is not said."""

    def __init__(self, name: str) -> None:
        shown = name[:64].encode(errors="backslashreplace").decode()
        self.field = shown
        self.text = Text(
            f"字段 {shown} 在同一对象中出现多次，只应有一个",
            f"the field {shown} stands more than once in an object: give it once",
        )
        super().__init__(400, self.text.en)


class TooLarge(HTTPException):
    """A body with more bytes than may be."""

    def __init__(self, limit: int) -> None:
        self.text = Text(f"报文最多 {limit} 字节", f"a body has at most {limit} bytes here")
        super().__init__(413, self.text.en)


def object_of(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON; raises Twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Twice(Counter(name for name, _ in pairs).most_common(1)[0][0])
    return found


class _Asked(Request):
    """A request whose body is read strictly."""

    async def json(self) -> Any:
        """Return what the body holds; raises Twice, JSONDecodeError."""
        return json.loads(await self.body(), object_pairs_hook=object_of)


class _Route(APIRoute):
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            return await handle(_Asked(request.scope, request.receive))

        return strictly


class Router(APIRouter):
    """The router of a part of the agency."""

    def __init__(self, *, prefix: str, tags: Sequence[str]) -> None:
        super().__init__(prefix=prefix, tags=list(tags), route_class=_Route)
