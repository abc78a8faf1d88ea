"""How large the body of a request may be."""

from __future__ import annotations

import re
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from yibao.api.guard.asked import ENDPOINTS
from yibao.api.problems import too_large
from yibao.api.routing import TooLarge

MAX_BODY = 1 << 20
"""Most bytes of a body where nothing else is said."""


class BodyLimit:
    """Refuses a body that says it is too large, and stops reading one that turns out to be.

    `larger` has the addresses whose bodies may be larger than MAX_BODY, and how large. Those below
    ENDPOINTS are told when they read the body: they answer in an envelope of their own.
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
        large = self._exceeds(scope, int(length))  # the server has seen to it that it is a number
        if large and not scope["path"].startswith(ENDPOINTS):
            await too_large(TooLarge(self._limit(scope)))(scope, receive, send)
            return
        read = 0

        async def counted() -> Message:
            nonlocal read
            if large:
                raise TooLarge(self._limit(scope))
            message = await receive()
            read += len(message.get("body", b""))
            if self._exceeds(scope, read):
                raise TooLarge(self._limit(scope))
            return message

        await self.app(scope, counted, send)

    def _exceeds(self, scope: Scope, size: int) -> bool:
        return size > MAX_BODY and size > self._limit(scope)

    def _limit(self, scope: Scope) -> int:
        path = scope["path"]
        return next((n for of, n in self.larger.items() if of.fullmatch(path)), MAX_BODY)
