"""How large the body of a request may be."""

from __future__ import annotations

import re
from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from yibao.api.problems import problem

MAX_BODY = 1 << 20
"""Most bytes of a body where nothing else is said."""


class BodyLimit:
    """Refuses a body that says it is too large, and stops reading one that turns out to be.

    `larger` has the addresses whose bodies may be larger than MAX_BODY, and how large.
    """

    def __init__(self, app: ASGIApp, larger: Mapping[re.Pattern[str], int]) -> None:
        self.app = app
        self.larger = larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, counting what is read of its body."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        length = next((v for name, v in scope["headers"] if name == b"content-length"), b"0")
        if self._exceeds(scope, int(length)):  # the server has seen to it that it is a number
            await problem("body_size", self._told(scope))(scope, receive, send)
            return
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if self._exceeds(scope, read):
                raise HTTPException(413, self._told(scope))
            return message

        await self.app(scope, counted, send)

    def _exceeds(self, scope: Scope, size: int) -> bool:
        return size > MAX_BODY and size > self._limit(scope)

    def _limit(self, scope: Scope) -> int:
        path = scope["path"]
        return next((n for of, n in self.larger.items() if of.fullmatch(path)), MAX_BODY)

    def _told(self, scope: Scope) -> str:
        return f"a body has at most {self._limit(scope)} bytes here"
