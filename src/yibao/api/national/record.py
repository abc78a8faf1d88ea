"""A recording of what was said: every exchange with the interface, as soon as it is over.

For sandboxes: messages hold persons' data, and a recording holds whole messages.
"""

from __future__ import annotations

import logging
from pathlib import Path
from threading import Lock
from typing import Any

import simplejson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("yibao.national")

_PATHS = "/fsi/"
"""Where all addresses of the interface lie."""


class Recorder:
    """Adds each exchange to a file of JSON lines that `yibao client replay` plays again."""

    def __init__(self, app: ASGIApp, file: Path) -> None:
        self.app = app
        self.file = file
        self.lock = Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and keep both sides of it."""
        if scope["type"] != "http" or not scope["path"].startswith(_PATHS):
            await self.app(scope, receive, send)
            return
        asked, told = bytearray(), bytearray()

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
            self._add(bytes(asked), bytes(told))

    def _add(self, asked: bytes, told: bytes) -> None:
        exchange = {"request": _read(asked), "reply": _read(told)}
        line = simplejson.dumps(exchange, ensure_ascii=False, use_decimal=True)
        try:
            with self.lock:
                append(self.file, line.encode(errors="replace") + b"\n")
        except OSError as error:  # who asked has the reply all the same
            log.error("%s: not recorded: %s", self.file, error.strerror)


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
