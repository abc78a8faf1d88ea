"""A client of a centre: one message there, one reply back, numbers exact both ways."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
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
from urllib.parse import urlsplit, urlunsplit

import simplejson

from yibao.errors import CannotRead
from yibao.interop.files.rows import visible
from yibao.interop.national.jsontext import parse
from yibao.text import Text

ENTRY = "http://127.0.0.1:8000/fsi/api/rsfComIfsService/callService"
"""The entry of a centre that runs on this machine."""

MAX_REPLY = 64 << 20
"""Bytes of a reply that are read: a download of a catalogue's page has some megabytes."""

Message = Mapping[str, Any]
Send = Callable[[Message], dict[str, Any]]


class NoAnswer(CannotRead):
    """A centre that did not answer, or not with a message; it says whether the message was sent."""


@dataclass(frozen=True, slots=True)
class Centre:
    """Where a centre is, and within how many seconds its whole reply has to be there.

    Raises ValueError for an address that is none of HTTP.
    """

    url: str = ENTRY
    timeout: float = 30

    def __post_init__(self) -> None:
        """Refuse what would be read from elsewhere than a server, such as a file."""
        if not (re.fullmatch(r"[!-~]+", self.url) and _is_server(self.url)):
            raise ValueError(f"{self.url!r}: expected an address such as {ENTRY} / 应为HTTP地址")


def _is_server(url: str) -> bool:
    """Tell whether an address is one of HTTP, without a password: errors show it."""
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
    except ValueError:  # of a port, or of an address in brackets
        return False
    return named and parts.scheme in {"http", "https"}


def send(centre: Centre, message: Message) -> dict[str, Any]:
    """Return a centre's reply to a message; raises NoAnswer, whatever the reason.

    Where it was sent, nobody knows after a NoAnswer whether the centre did what was asked: ask it
    (5201, 2601) or send the same message again.
    """
    status, text = _exchanged(centre, message)
    if status != HTTPStatus.OK:
        says = visible(text[:500].decode(errors="replace").strip())
        known = _REFUSED if status in _NOT_TAKEN else _UNKNOWN
        raise NoAnswer(f"{centre.url}: HTTP {status}: {says}; {known.en} / {known.zh}")
    try:
        told = parse(text)
        if not isinstance(told, dict):
            raise ValueError("no message / 应答不是报文")
    except ValueError as error:
        known = f"{_UNKNOWN.en} / {_UNKNOWN.zh}"
        raise NoAnswer(f"{centre.url}: the reply is {error}; {known}") from None
    return told


# --- the transport --------------------------------------------------------------------------------

_HEADERS = {"Content-Type": "application/json; charset=utf-8", "Connection": "close"}
_NOT_TAKEN = range(300, 500)
"""Statuses of a server that says that it did nothing; a redirection is not followed."""

_NOT_SENT = Text("报文未发出", "the message was not sent")
_REFUSED = Text("中心未受理", "the message was not accepted")
_UNKNOWN = Text(
    "报文已发出，是否办成未知：请查询，或原样重发",
    "the message was sent and nobody knows whether it was done: ask, or send the same again",
)


def _exchanged(centre: Centre, message: Message) -> tuple[int, bytes]:
    """Return the status and the body of what answers a message; raises NoAnswer."""
    parts = urlsplit(centre.url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=centre.timeout)
    path = urlunsplit(("", "", parts.path or "/", parts.query, ""))
    end = monotonic() + centre.timeout
    sent = False
    try:
        body = simplejson.dumps(message, ensure_ascii=False, use_decimal=True).encode()
        connection.request("POST", path, body, _HEADERS)
        sent = True
        reply = HTTPResponse(cast(socket, _Until(connection.sock, end)), method="POST")
        reply.begin()
        text = reply.read(MAX_REPLY + 1)
        if len(text) > MAX_REPLY:
            raise HTTPException(f"a reply of more than {MAX_REPLY >> 20} MiB")
        if reply.length:
            raise IncompleteRead(text, reply.length)
    except (OSError, HTTPException, ValueError, RecursionError) as error:
        raise _no_answer(centre, error, _UNKNOWN if sent else _NOT_SENT) from None
    finally:
        connection.close()
    return reply.status, text


def _no_answer(centre: Centre, error: Exception, known: Text) -> NoAnswer:
    """Return what is told of a failure of the transport, and of the message."""
    match error:
        case TimeoutError():
            why = Text("中心没有及时应答", f"no whole reply within {centre.timeout:g} s")
        case IncompleteRead():
            why = Text("应答中断", "the reply was cut off")
        case OSError():
            why = Text("中心没有应答", visible(error.strerror or str(error)))
        case HTTPException():
            why = Text("应答不合HTTP", f"no HTTP reply: {visible(str(error)[:100])}")
        case _:
            why = Text("报文或地址有误", visible(str(error)[:100]))
    return NoAnswer(f"{centre.url}: {why.en}; {known.en} / {why.zh}，{known.zh}")


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
        left = self.end - monotonic()
        if left <= 0:
            raise TimeoutError
        self.through.settimeout(left)
        return self.through.recv_into(buffer)


# --- the sign-in ----------------------------------------------------------------------------------

_MACHINE = {"mac": "00-00-00-00-00-00", "ip": "127.0.0.1"}


def signed_in(send: Send, message: Message, at: datetime) -> dict[str, Any]:
    """Return the reply to a message whose operator is signed in before it and out after it.

    What refuses the sign-in is the reply. Raises what `send` raises, but for the sign-out: the
    message has its reply by then.
    """
    who = {"opter_no": message.get("opter", "")}
    told = send(_besides(message, "9001", {"signIn": {**who, **_MACHINE}}, at))
    if str(told.get("infcode")) != "0":
        return told
    try:
        number = told["output"]["signinoutb"]["sign_no"]
    except (KeyError, TypeError):
        raise NoAnswer("9001: the reply has no sign_no / 签到应答没有sign_no") from None
    signed = {**message, "sign_no": number}
    reply = send(signed)
    out = {"signOut": {**who, "sign_no": number}}
    with suppress(NoAnswer):
        send(_besides(signed, "9002", out, at + timedelta(milliseconds=1)))
    return reply


def _besides(message: Message, infno: str, body: Any, at: datetime) -> dict[str, Any]:
    """Return another message of the same sender, with a number of its own."""
    return {**message, "infno": infno, **numbered(message, at), "input": body}


def numbered(message: Message, at: datetime) -> dict[str, str]:
    """Return the number and the time of a message that its institution sends at a time.

    The number ends in four digits of the second's fraction: who plays a recording again at once
    would otherwise use numbers twice. An exchange takes longer than a tenth of a millisecond.
    """
    institution = str(message.get("fixmedins_code", ""))[:12]
    return {
        "msgid": f"{institution}{at:%Y%m%d%H%M%S}{at.microsecond // 100:04d}",
        "inf_time": f"{at:%Y-%m-%d %H:%M:%S}",
    }
