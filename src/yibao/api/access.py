"""The access log: what kind of request, how it ended, how long it took; nothing personal.

Ids stand in paths and queries, so a line has the route as it was declared and nothing of either.
"""

from __future__ import annotations

import logging
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("yibao.access")


class AccessLog:
    """Writes a line for each request once its reply has been sent."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and watch for the status of its reply."""
        if scope["type"] != "http" or not log.isEnabledFor(logging.INFO):
            await self.app(scope, receive, send)
            return
        begun, status = perf_counter(), 0

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watch)
        finally:
            route = getattr(scope.get("route"), "path", "-")
            took = (perf_counter() - begun) * 1000
            log.info("%s %s %d %.1f ms", scope["method"], route, status, took)
