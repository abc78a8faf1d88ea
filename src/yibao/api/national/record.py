"""Listening to what is said: each exchange with the interface, as soon as it is over.

For sandboxes: messages hold persons' data, a recording holds whole messages, and a line of the log
has what a refusal says.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from time import perf_counter
from typing import Any

import simplejson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from yibao.interop.national.load import interface

log = logging.getLogger("yibao.national")

_PATHS = "/fsi/"
"""Where all addresses of the interface lie."""


Tell = Callable[[bytes, bytes, float], None]
"""Is told a request, its reply, and how many seconds it took."""


def is_spoken(scope: Scope) -> bool:
    """Tell whether a request is one of the interface."""
    return scope["type"] == "http" and str(scope["path"]).startswith(_PATHS)


class Listener:
    """Tells of each exchange."""

    def __init__(self, app: ASGIApp, tells: Sequence[Tell]) -> None:
        self.app = app
        self.tells = tells

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and keep both sides of it."""
        if not is_spoken(scope):
            await self.app(scope, receive, send)
            return
        asked, told, begun = bytearray(), bytearray(), perf_counter()

        async def heard() -> Message:
            message = await receive()
            asked.extend(message.get("body", b""))
            return message

        async def said(message: Message) -> None:
            told.extend(message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, heard, said)
        finally:
            for tell in self.tells:
                tell(bytes(asked), bytes(told), perf_counter() - begun)


def recorder(file: Path) -> Tell:
    """Return what adds exchanges to a file of JSON lines that `yibao client replay` plays again."""
    lock = Lock()

    def add(asked: bytes, told: bytes, _: float) -> None:
        exchange = {"request": _read(asked), "reply": _read(told)}
        line = simplejson.dumps(exchange, ensure_ascii=False, use_decimal=True)
        try:
            with lock:
                append(file, line.encode(errors="replace") + b"\n")
        except OSError as error:  # who asked has the reply all the same
            log.error("%s: not recorded: %s", file, error.strerror)

    return add


def write_line(asked: bytes, told: bytes, seconds: float) -> None:
    """Write to the log which transaction was asked for, and what came of it."""
    request, reply = _read(asked), _read(told)
    infno = str(request.get("infno", "?"))[:6] if isinstance(request, dict) else "?"
    found = interface().transactions.get(infno)
    name = f"{infno} {found.zh}" if found else infno
    log.info("%s → %s  %.0f ms", name, _result(reply), seconds * 1000)


def _result(reply: Any) -> str:
    if not isinstance(reply, dict):
        return "文件"  # 9102 answers with one, without an envelope
    if "infcode" not in reply:
        return str(reply.get("message"))
    return f"{reply['infcode']} {reply.get('err_msg') or ''}".rstrip()


def append(file: Path, line: bytes) -> None:
    """Add a line to a file, all of it or, where the disk is full, nothing; raises OSError."""
    with file.open("ab", buffering=0) as stream:
        end = stream.tell()
        try:
            rest = memoryview(line)
            while rest:
                rest = rest[stream.write(rest) :]
        except OSError:
            stream.truncate(end)  # or the next line would go on in the midst of this one
            raise


def _read(body: bytes) -> Any:
    """Return a message exactly; what is no JSON, as text."""
    try:
        return simplejson.loads(body.decode(), use_decimal=True)
    except (ValueError, ArithmeticError, RecursionError):
        return body.decode(errors="replace")
