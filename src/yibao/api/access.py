"""What is told of each request once its reply has been sent: what kind it was, how it ended.

Nothing personal: ids stand in paths, queries and bodies, so what is told has the route and the
operation as they were declared, and nothing of what came.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from time import perf_counter

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("yibao.access")

GONE = 499
"""The status, of ours alone, of a request whose sender left before all of it had come."""


@dataclass(frozen=True, slots=True)
class Served:
    """A request that was answered; route and operation are "-" where there is none such."""

    method: str
    route: str
    operation: str
    status: int
    seconds: float


Tell = Callable[[Served, Scope], None]
"""Tells of a request; of the scope it may pass on what is not personal alone."""


class Watch:
    """Tells of each request once its reply has been sent."""

    def __init__(self, app: ASGIApp, tells: Sequence[Tell]) -> None:
        self.app = app
        self.tells = tells

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and watch for the status of its reply."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun, status = perf_counter(), 500

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except ClientDisconnect:
            status = GONE  # there is nobody to answer, and nothing of ours went wrong
        finally:
            route = scope.get("route")
            served = Served(
                scope["method"],
                getattr(route, "path", "-"),
                getattr(route, "operation_id", None) or "-",
                status,
                perf_counter() - begun,
            )
            for tell in self.tells:
                tell(served, scope)


def line(served: Served, _: Scope) -> None:
    """Write a line to the access log."""
    if log.isEnabledFor(logging.INFO):
        took = served.seconds * 1000
        text = "%s %s %d %.1f ms"
        told = {"served": asdict(served)}
        log.info(text, served.method, served.route, served.status, took, extra=told)
