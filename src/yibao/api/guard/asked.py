"""Finds out who asks when a request comes, before its body is read."""

from __future__ import annotations

import re

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from yibao.api.guard.principal import NOBODY, Identify, NotSignedIn, Principal
from yibao.api.guard.roles import AGENCY
from yibao.api.problems import Fault, Faulty, problem, refused
from yibao.errors import YibaoError
from yibao.store.sight import NOTHING, see

ACTOR = re.compile("[0-9A-Za-z][!-~]{0,63}")
"""How a name is written: it stands in the audit log and in headers."""

ENDPOINTS = "/fsi/"
"""Below it, who asks stands in the body: endpoints find it out, and count who asks how often."""

OF_STRANGERS = 4096
"""Most bytes of a body that is read of nobody we know; signing in takes some hundred."""

SIGNING_IN = "/session"
"""Where nobody has a token yet."""

_TOO_LARGE = f"a body has at most {OF_STRANGERS} bytes here, told by Content-Length"


class Asked:
    """Keeps with each request who asks; answers itself where what is said of that does not hold."""

    def __init__(self, app: ASGIApp, identify: Identify) -> None:
        self.app = app
        self.identify = identify

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its principal; nothing of its body has been read."""
        see(NOTHING)  # not what the request before on this connection was let see
        if scope["type"] == "http" and scope["path"].startswith(ENDPOINTS):
            scope["yibao.principal"] = NOBODY
        elif scope["type"] == "http":
            request = Request(scope)
            try:
                principal = await self.identify(request)
                if principal is NOBODY and _brings_much(scope):
                    if scope["path"] == SIGNING_IN:
                        await problem("body_size", _TOO_LARGE)(scope, receive, send)
                        return
                    raise NotSignedIn("a token is needed: Authorization: Bearer …")
                scope["yibao.principal"] = principal
            except YibaoError as error:
                await refused(request, error)(scope, receive, send)
                return
        await self.app(scope, receive, send)


def _brings_much(scope: Scope) -> bool:
    """Whether a body is, or may be, larger than what nobody needs to sign in for."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) > OF_STRANGERS  # the server has seen to it that it is a number
        if name == b"transfer-encoding":
            return True
    return False


async def trust_actor(request: Request) -> Principal:
    """Believe what the header X-Actor says, and let whoever says it do all that the agency may.

    For tests, and for a service that nobody else can reach.
    """
    name = request.headers.get("x-actor")
    if name is None:
        return NOBODY
    if not ACTOR.fullmatch(name):
        expected = "a name of 1 to 64 letters, digits and signs"
        raise Faulty([Fault(field="X-Actor", rule="pattern", detail=expected)])
    return Principal(name, AGENCY)
