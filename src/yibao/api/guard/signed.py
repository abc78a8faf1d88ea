"""Requests that have to be signed: those of principals whose SM2 keys a file names.

    X-Signature: sm2 1795862400 5f2a…        when it was signed (seconds since 1970), r and s in hex

Signed are, joined by line feeds, the method, the target as sent, the Idempotency-Key ("" where
there is none), that time and the SM3 of the body in hex. So nothing of a write can be changed on
its way, and who repeats it gets the reply that it got.
"""

from __future__ import annotations

import re
import time
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from yibao.api.guard.principal import NotSignedIn, principal_of
from yibao.api.guard.sm2 import PublicKey, public_key, sm3, verify
from yibao.api.problems import refused, too_large
from yibao.api.routing import TooLarge
from yibao.errors import CannotRead

HOLDS = 300
"""Seconds before and after its time in which a signature holds."""

_HEADER = re.compile(r"sm2 ([0-9]{1,12}) ([0-9a-fA-F]{128})")

Keys = Mapping[str, Sequence[PublicKey]]
"""The keys of principals by name; any of them will do, so that one can be changed."""


def read_keys(file: Path) -> Keys:
    """Return the keys of a file (TOML), a table `keys` by name; raises CannotRead."""
    try:
        said = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CannotRead(f"{file}: {error}") from None
    table = said.pop("keys", None)
    if said or not isinstance(table, dict) or not table:
        raise CannotRead(f"{file}: expected one table, [keys], with keys by name")
    found = {}
    for name, given in table.items():
        try:
            found[name] = [public_key(one) for one in (given if type(given) is list else [given])]
        except (ValueError, TypeError) as error:
            raise CannotRead(f"{file}: keys.{name}: {error}") from None
        if not found[name]:
            raise CannotRead(f"{file}: keys.{name}: expected a key")
    return found


class Signed:
    """Lets a request of somebody who has keys pass if it is signed by one; stands behind who asks
    and how large a body may be."""

    def __init__(self, app: ASGIApp, keys: Keys) -> None:
        self.app = app
        self.keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, with the body that was looked at."""
        keys = self.keys.get(principal_of(scope).name) if scope["type"] == "http" else None
        if keys is None:
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            body = await request.body()
            await run_in_threadpool(check, request, body, keys)
        except TooLarge as error:
            await too_large(error)(scope, receive, send)
        except NotSignedIn as error:
            await refused(request, error)(scope, receive, send)
        else:
            await self.app(scope, _again(body, receive), send)


def check(request: Request, body: bytes, keys: Sequence[PublicKey]) -> None:
    """Raise NotSignedIn unless a request is signed by one of the keys, and not long ago."""
    header = _HEADER.fullmatch(request.headers.get("x-signature", ""))
    if header is None:
        raise NotSignedIn("X-Signature: expected sm2, a time and a signature / 缺少签名")
    at, signature = int(header[1]), bytes.fromhex(header[2])
    if abs(time.time() - at) > HOLDS:
        raise NotSignedIn("X-Signature: its time is not now / 签名时间不符")
    message = text(request, body, at)
    if not any(verify(key, message, signature) for key in keys):
        raise NotSignedIn("X-Signature: it is not that of this request / 签名不符")


def text(request: Request, body: bytes, at: int) -> bytes:
    """Return what is signed of a request."""
    target = request.scope["raw_path"].decode("latin-1")
    if query := request.scope["query_string"].decode("latin-1"):
        target = f"{target}?{query}"
    key = request.headers.get("idempotency-key", "")
    return "\n".join([request.method, target, key, str(at), sm3(body).hex()]).encode("latin-1")


def _again(body: bytes, receive: Receive) -> Receive:
    """Return what gives a body once more, and then what comes."""
    told = False

    async def give() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return give
