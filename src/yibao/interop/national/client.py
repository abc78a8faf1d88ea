"""A client of a centre: one message there, one reply back, numbers exact both ways."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import simplejson

from yibao.interop.files.rows import visible
from yibao.interop.national.jsontext import parse
from yibao.interop.national.signing import Signing
from yibao.interop.national.transport import NOT_SENT, REFUSED, UNKNOWN, NoAnswer, post

ENTRY = "http://127.0.0.1:8000/fsi/api/rsfComIfsService/callService"
"""The entry of a centre that runs on this machine."""

_FILE = "application/octet-stream"
"""How a reply is called that is a file, without an envelope."""

_NOT_TAKEN = range(300, 500)
"""Statuses of a server that says that it did nothing."""

Message = Mapping[str, Any]
Send = Callable[[Message], dict[str, Any]]
Fetch = Callable[[Message], dict[str, Any] | bytes]


@dataclass(frozen=True, slots=True)
class Centre:
    """Where a centre is, how its gateway wants messages signed, how soon its reply is to be whole.

    Raises ValueError for an address that is none of HTTP.
    """

    url: str = ENTRY
    timeout: float = 30
    signing: Signing | None = None

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
    told = fetch(centre, message)
    if isinstance(told, bytes):
        raise NoAnswer(f"{centre.url}: the reply is a file / 应答是文件")
    return told


def fetch(centre: Centre, message: Message) -> dict[str, Any] | bytes:
    """Return a centre's reply, or the file that is one (9102); raises NoAnswer as `send` does."""
    try:
        body = simplejson.dumps(message, ensure_ascii=False, use_decimal=True).encode()
    except UnicodeEncodeError as error:
        raise NoAnswer(f"{error}; {NOT_SENT.en} / {NOT_SENT.zh}") from None
    headers = {"Content-Type": "application/json; charset=utf-8"}
    if centre.signing is not None:
        headers |= centre.signing.headers(body, centre.url)
    reply = post(centre.url, body, headers, centre.timeout)
    if reply.status != HTTPStatus.OK:
        says = visible(reply.body[:500].decode(errors="replace").strip())
        known = REFUSED if reply.status in _NOT_TAKEN else UNKNOWN
        raise NoAnswer(f"{centre.url}: HTTP {reply.status}: {says}; {known.en} / {known.zh}")
    if reply.kind == _FILE:
        return reply.body
    try:
        told = parse(reply.body)
        if not isinstance(told, dict):
            raise ValueError("no message / 应答不是报文")
    except ValueError as error:
        raise NoAnswer(f"{centre.url}: the reply is {error}; {UNKNOWN.en} / {UNKNOWN.zh}") from None
    return told


_MACHINE = {"mac": "00-00-00-00-00-00", "ip": "127.0.0.1"}


def signed_in(send: Fetch, message: Message, at: datetime) -> dict[str, Any] | bytes:
    """Return the reply to a message whose operator is signed in before it and out after it.

    What refuses the sign-in is the reply. Raises what `send` raises, but for the sign-out: the
    message has its reply by then.
    """
    who = {"opter_no": message.get("opter", "")}
    told = send(_besides(message, "9001", {"signIn": {**who, **_MACHINE}}, at))
    if isinstance(told, bytes) or str(told.get("infcode")) != "0":
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
