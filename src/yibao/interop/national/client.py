"""A client of a centre: one message there, one reply back, numbers exact both ways."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import simplejson

from yibao.errors import CannotRead
from yibao.interop.national.signing import Signing

ENTRY = "http://127.0.0.1:8000/fsi/api/rsfComIfsService/callService"
"""The entry of a centre that runs on this machine."""

_FILE = "application/octet-stream"
"""How a reply is called that is a file, without an envelope."""

MAX_REPLY = 64 << 20
"""Bytes of a reply that are read: a download of a catalogue's page has some megabytes."""

Message = Mapping[str, Any]
Send = Callable[[Message], dict[str, Any]]
Fetch = Callable[[Message], dict[str, Any] | bytes]


class NoAnswer(CannotRead):
    """A centre that did not answer, or not with a message."""


@dataclass(frozen=True, slots=True)
class Centre:
    """Where a centre is, how many seconds it is given to answer, how its gateway wants it signed.

    Raises ValueError for an address that is none of HTTP.
    """

    url: str = ENTRY
    timeout: float = 30
    signing: Signing | None = None

    def __post_init__(self) -> None:
        """Refuse what would be read from elsewhere than a server, such as a file."""
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{self.url!r}: expected an address such as {ENTRY} / 应为HTTP地址")


def send(centre: Centre, message: Message) -> dict[str, Any]:
    """Return a centre's reply to a message; raises NoAnswer, whatever the reason.

    After NoAnswer nobody knows whether the centre did what was asked: ask it (5201, 2601) or send
    the same message again.
    """
    told = fetch(centre, message)
    if isinstance(told, bytes):
        raise NoAnswer(f"{centre.url}: the reply is a file / 应答是文件")
    return told


def fetch(centre: Centre, message: Message) -> dict[str, Any] | bytes:
    """Return a centre's reply, or the file that is one (9102); raises NoAnswer as `send` does."""
    body = simplejson.dumps(message, ensure_ascii=False, use_decimal=True).encode()
    headers = {"Content-Type": "application/json; charset=utf-8"}
    if centre.signing is not None:
        headers |= centre.signing.headers(body, centre.url)
    request = Request(centre.url, body, headers, method="POST")
    try:
        with urlopen(request, timeout=centre.timeout) as reply:
            text, kind = reply.read(MAX_REPLY + 1), reply.headers.get_content_type()
    except HTTPError as error:
        says = error.read(500).decode(errors="replace").strip()
        raise NoAnswer(f"{centre.url}: HTTP {error.code}: {says} / 中心未受理") from None
    except (URLError, OSError) as error:
        reason = getattr(error, "reason", error)
        raise NoAnswer(f"{centre.url}: {reason} / 中心没有应答") from None
    if len(text) > MAX_REPLY:
        raise NoAnswer(f"{centre.url}: a reply of more than {MAX_REPLY >> 20} MiB / 应答过大")
    if kind == _FILE:
        return bytes(text)
    try:
        told = simplejson.loads(text, use_decimal=True)
    except ValueError:
        raise NoAnswer(f"{centre.url}: the reply is no JSON / 应答不是JSON") from None
    if not isinstance(told, dict):
        raise NoAnswer(f"{centre.url}: the reply is no message / 应答不是报文")
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
    number = told["output"]["signinoutb"]["sign_no"]
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
