"""How a service speaks the national interface; a file of YAML says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from yibao.api.national.gateway import MINUTES, Gateway, Key, can
from yibao.errors import CannotRead, PackErrors
from yibao.interop.national.load import profiles
from yibao.policy.source import read

TRANSPORTS = frozenset({"entry", "services"})
"""One entry that dispatches on `infno`, and a path for each service."""

SignIn = Literal["optional", "required"]
"""Whether messages need the number that a sign-in of the day gave out."""


@dataclass(frozen=True, slots=True)
class Settings:
    """`profile` is a province's, over the national core ("": none); no gateway: nobody signs.

    `record` is a file to which every exchange is added (None: nothing is recorded); `told` puts
    the number, the name and the result of each into the log, instead of its path and status.
    """

    profile: str = ""
    transports: frozenset[str] = TRANSPORTS
    gateway: Gateway | None = None
    sign_in: SignIn = "optional"
    record: Path | None = None
    told: bool = False


PLAIN = Settings()
"""The national core, as it stands, for whoever reaches the service."""

CLOSED = Settings(transports=frozenset())
"""Not spoken at all."""


def load(file: Path) -> Settings:
    """Return the settings of a file; raises CannotRead for what is wrong with it.

    profile: hunan
    transports: [entry, services]
    sign_in: required
    gateway:
      scheme: hmac-sha1
      minutes: 30
      keys:
        AK1: {secret: …, institutions: [H12010100001]}
    """
    try:
        told = read(file).data
    except PackErrors as error:
        raise CannotRead(str(error)) from None
    data = _object(file, "", told, {"profile", "transports", "sign_in", "gateway"})
    profile = data.get("profile") or ""
    if profile and profile not in profiles():
        raise _wrong(file, "profile", profile, f"one of {', '.join(profiles())}")
    transports = data.get("transports", sorted(TRANSPORTS))
    known = isinstance(transports, list) and all(t in sorted(TRANSPORTS) for t in transports)
    if not known or not transports:
        raise _wrong(file, "transports", transports, f"a list of {', '.join(sorted(TRANSPORTS))}")
    sign_in = data.get("sign_in", "optional")
    if sign_in not in get_args(SignIn):
        raise _wrong(file, "sign_in", sign_in, " or ".join(get_args(SignIn)))
    asked = data.get("gateway")
    gateway = None if asked is None else _gateway(file, asked)
    return Settings(profile, frozenset(transports), gateway, sign_in)


def _gateway(file: Path, told: Any) -> Gateway:
    data = _object(file, "gateway", told, {"scheme", "minutes", "keys"})
    scheme, minutes = data.get("scheme"), data.get("minutes", MINUTES)
    if not isinstance(scheme, str) or not can(scheme):
        raise _wrong(file, "gateway.scheme", scheme, "hmac-sha1 or hmac-sm3")
    if not isinstance(minutes, int) or isinstance(minutes, bool) or not 1 <= minutes <= 1440:
        raise _wrong(file, "gateway.minutes", minutes, "a number from 1 to 1440")
    keys = data.get("keys")
    if not isinstance(keys, dict) or not keys:
        raise _wrong(file, "gateway.keys", type(keys).__name__, "keys by their names")
    return Gateway(scheme, {str(n): _key(file, n, one) for n, one in keys.items()}, minutes)  # type: ignore[arg-type]


def _key(file: Path, name: str, told: Any) -> Key:
    at = f"gateway.keys.{name}"
    data = _object(file, at, told, {"secret", "institutions"})
    secret, institutions = data.get("secret"), data.get("institutions")
    if not isinstance(secret, str) or len(secret) < 16:
        raise _wrong(file, f"{at}.secret", "…", "a text of at least 16 characters")
    if not isinstance(institutions, list) or not all(isinstance(i, str) for i in institutions):
        raise _wrong(file, f"{at}.institutions", institutions, "a list of institutions' codes")
    return Key(secret.encode(), frozenset(institutions))


def _object(file: Path, at: str, told: Any, names: set[str]) -> Mapping[str, Any]:
    if not isinstance(told, dict) or not told.keys() <= names:
        more = sorted(map(str, told.keys() - names)) if isinstance(told, dict) else told
        raise _wrong(file, at or "file", more, f"only {', '.join(sorted(names))}")
    return told


def _wrong(file: Path, at: str, found: object, expected: str) -> CannotRead:
    return CannotRead(f"{file}: {at}: found {found}; expected {expected} / 设置有误")
