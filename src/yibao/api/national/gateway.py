"""The gateway before the centre: whose key signed a request, and for which institutions.

Two kinds are known. One (HMAC-SHA1) signs its headers `_api_…` but the signature, by name, as
`name=value&…`; their time may differ from ours by some minutes. It does not sign the body, so a
message is safe from others only by TLS, and from being done twice by its `msgid`. The other
(HMAC-SM3) signs the body, as hexadecimal digits, under the institution's own code.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import time

from yibao.errors import YibaoError
from yibao.interop.national.signing import (
    SIGNATURE,
    SIGNED,
    Scheme,
    has_digest,
    of_body,
    of_headers,
)

Headers = Mapping[str, str]

MINUTES = 30
"""By how much a request's time may differ from ours, unless told otherwise."""


class NotAdmitted(YibaoError):
    """A request that the gateway does not let through; its text is what it answers."""


@dataclass(frozen=True, slots=True)
class Key:
    """A secret, and the institutions that may speak under it."""

    secret: bytes
    institutions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Speaker:
    """Whose key signed a request, and for which institutions it may speak."""

    name: str
    institutions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Gateway:
    """How requests are signed, by which keys; `minutes` is for those that say when they were."""

    scheme: Scheme
    keys: Mapping[str, Key]
    minutes: int = MINUTES

    def hears(self, headers: Headers) -> bool:
        """Tell whether the body of a request is read: not where the headers alone turn it away."""
        try:
            _LOOKS[self.scheme](self, headers)
        except NotAdmitted:
            return False
        return True

    def admit(self, headers: Headers, body: bytes) -> Speaker:
        """Return who speaks, and for whom; raises NotAdmitted."""
        return _SCHEMES[self.scheme](self, headers, body)


def _sha1(gateway: Gateway, headers: Headers, _: bytes = b"") -> Speaker:
    if any(not headers.get(name) for name in (*SIGNED, SIGNATURE)):
        raise NotAdmitted("缺少服务网关的请求头!")
    stamp = headers["_api_timestamp"]
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) == 13):
        raise NotAdmitted("签名时间戳超时!")
    if abs(time() * 1000 - int(stamp)) > gateway.minutes * 60_000:
        raise NotAdmitted("签名时间戳超时!")
    name = headers["_api_access_key"]
    key = _key(gateway, name)
    made = of_headers(key.secret, headers)
    return _same(made, headers[SIGNATURE], Speaker(name, key.institutions))


def _sm3_of(gateway: Gateway, headers: Headers) -> tuple[Key, Speaker]:
    name = headers.get("x-ca-key")
    if not name or not headers.get("x-ca-signature"):
        raise NotAdmitted("缺少服务网关的请求头!")
    key = _key(gateway, name)
    return key, Speaker(name, key.institutions)


def _sm3(gateway: Gateway, headers: Headers, body: bytes) -> Speaker:
    key, speaker = _sm3_of(gateway, headers)
    made = of_body(key.secret, body)
    return _same(made, headers["x-ca-signature"].lower(), speaker)


def _key(gateway: Gateway, name: str) -> Key:
    key = gateway.keys.get(name)
    if key is None:
        raise NotAdmitted("非法用户!")
    return key


def _same(made: str, given: str, speaker: Speaker) -> Speaker:
    if not hmac.compare_digest(made.encode(), given.encode(errors="replace")):
        raise NotAdmitted("签名不一致!")
    return speaker


_SCHEMES: Mapping[Scheme, Callable[[Gateway, Headers, bytes], Speaker]] = {
    "hmac-sha1": _sha1,
    "hmac-sm3": _sm3,
}
_LOOKS: Mapping[Scheme, Callable[[Gateway, Headers], object]] = {
    "hmac-sha1": _sha1,
    "hmac-sm3": _sm3_of,
}
"""What the headers alone have to hold."""


def can(scheme: str) -> bool:
    """Tell whether a scheme is known, and this machine's library has its digest."""
    return scheme in _SCHEMES and has_digest(scheme)
