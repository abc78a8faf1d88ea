"""HTTP to a centre: one request, one reply within a time, and every failure as one error.

There is no proxy and no redirection between: a message is for the centre alone.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import (
    HTTPConnection,
    HTTPException,
    HTTPResponse,
    HTTPSConnection,
    IncompleteRead,
)
from io import BufferedReader, RawIOBase
from socket import socket
from time import monotonic
from typing import Any, cast
from urllib.parse import urlsplit

from yibao.errors import CannotRead
from yibao.interop.files.rows import visible
from yibao.text import Text

MAX_REPLY = 64 << 20
"""Bytes of a reply that are read: a download of a catalogue's page has some megabytes."""

NOT_SENT = Text("报文未发出", "the message was not sent")
REFUSED = Text("中心未受理", "the message was not accepted")
UNKNOWN = Text(
    "报文已发出，是否办成未知：请查询，或原样重发",
    "the message was sent and nobody knows whether it was done: ask, or send the same again",
)


class NoAnswer(CannotRead):
    """A centre that did not answer, or not with a message; it says whether the message was sent."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: a status, the kind of what is in it, and that."""

    status: int
    kind: str
    body: bytes


def post(url: str, body: bytes, headers: Mapping[str, str], seconds: float) -> Reply:
    """Return what an address answers; raises NoAnswer, also where it is not whole in that time."""
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=seconds)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    end = monotonic() + seconds
    sent = False
    try:
        with _no_signal():
            connection.connect()
            connection.sock.settimeout(_left(end))
            connection.request("POST", path, body, {**headers, "Connection": "close"})
        sent = True
        reply = HTTPResponse(cast(socket, _Until(connection.sock, end)), method="POST")
        reply.begin()
        text = reply.read(MAX_REPLY + 1)
        if len(text) > MAX_REPLY:
            raise HTTPException(f"a reply of more than {MAX_REPLY >> 20} MiB")
        if reply.length:
            raise IncompleteRead(text, reply.length)
    except (OSError, HTTPException, ValueError) as error:
        raise _no_answer(url, error, UNKNOWN if sent else NOT_SENT, seconds) from None
    finally:
        connection.close()
    return Reply(reply.status, reply.headers.get_content_type(), text)


def _no_answer(url: str, error: Exception, known: Text, seconds: float) -> NoAnswer:
    """Return what is told of a failure of the transport, and of the message."""
    match error:
        case TimeoutError():
            why = Text("中心没有及时应答", f"no whole reply within {seconds:g} s")
        case IncompleteRead():
            why = Text("应答中断", "the reply was cut off")
        case OSError():
            why = Text("中心没有应答", visible(error.strerror or str(error)))
        case HTTPException():
            why = Text("应答不合HTTP", f"no HTTP reply: {visible(str(error)[:100])}")
        case _:
            why = Text("无法发送", visible(str(error)[:100]))
    return NoAnswer(f"{url}: {why.en}; {known.en} / {why.zh}，{known.zh}")


@contextmanager
def _no_signal() -> Iterator[None]:
    """Let a server that takes no more be an error: the command line would end by the signal."""
    pipe = {signal.SIGPIPE}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, pipe)
    try:
        yield
    finally:
        if pipe & signal.sigpending():
            signal.sigwait(pipe)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Until(RawIOBase):
    """What comes through a socket until a time: a read has what is left, not all of it anew."""

    def __init__(self, through: socket, end: float) -> None:
        self.through = through
        self.end = end

    def makefile(self, _: str) -> BufferedReader:
        """Return what a response is read from."""
        return BufferedReader(self)

    def readable(self) -> bool:
        """Tell that it is for reading."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what has come; raises TimeoutError."""
        self.through.settimeout(_left(self.end))
        return self.through.recv_into(buffer)


def _left(end: float) -> float:
    """Return the seconds that are left until a time; raises TimeoutError where there are none."""
    left = end - monotonic()
    if left <= 0:
        raise TimeoutError
    return left
