"""How large the body of a request may be."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from yibao.api.problems import problem

MAX_BODY = 1 << 20
"""Most bytes of a request's body: a bill of ten thousand lines has fewer."""

_TOO_LARGE = f"a body has at most {MAX_BODY} bytes"


class BodyLimit:
    """Refuses a body that says it is too large, and stops reading one that turns out to be."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, counting what is read of its body."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        length = next((v for name, v in scope["headers"] if name == b"content-length"), b"0")
        if int(length) > MAX_BODY:  # the server has seen to it that it is a number
            await problem("body_size", _TOO_LARGE)(scope, receive, send)
            return
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > MAX_BODY:
                raise HTTPException(413, _TOO_LARGE)
            return message

        await self.app(scope, counted, send)
