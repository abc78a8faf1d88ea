"""How requests are signed for a gateway, either way of those that provinces are known to use.

The first signs the headers, not the body: Base64 of HMAC-SHA1 over `name=value&…` of the others,
sorted. The second signs the body: HMAC-SM3 in hexadecimal digits. See docs/interface.md.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import time
from typing import Literal

Scheme = Literal["hmac-sha1", "hmac-sm3"]

SIGNED = ("_api_name", "_api_version", "_api_timestamp", "_api_access_key")
"""The headers that are signed."""

SIGNATURE = "_api_signature"
VERSION = "1.0.0"


def of_headers(secret: bytes, headers: Mapping[str, str]) -> str:
    """Return the signature of the headers that are signed."""
    signed = "&".join(f"{name}={headers[name]}" for name in sorted(SIGNED))
    return base64.b64encode(hmac.digest(secret, signed.encode(), "sha1")).decode()


def of_body(secret: bytes, body: bytes) -> str:
    """Return the signature of a body."""
    return hmac.new(secret, body, "sm3").hexdigest()


def has_digest(scheme: str) -> bool:
    """Tell whether this machine's library has the digest of a scheme."""
    return scheme.removeprefix("hmac-") in hashlib.algorithms_available


@dataclass(frozen=True, slots=True)
class Signing:
    """Whose key signs, and how."""

    access_key: str
    secret: bytes = field(repr=False)
    scheme: Scheme = "hmac-sha1"

    def headers(self, body: bytes, url: str) -> dict[str, str]:
        """Return the headers that sign a request; its time is now, in milliseconds."""
        if self.scheme == "hmac-sm3":
            return {"x-ca-key": self.access_key, "x-ca-signature": of_body(self.secret, body)}
        headers = {
            "_api_name": url.rstrip("/").rpartition("/")[2],
            "_api_version": VERSION,
            "_api_timestamp": str(int(time() * 1000)),
            "_api_access_key": self.access_key,
        }
        return {**headers, SIGNATURE: of_headers(self.secret, headers)}
