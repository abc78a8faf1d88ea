"""Tokens of the organisation's identity provider (OpenID Connect): signed JWTs, held against keys.

A file says whom to believe and which claims say what; see `Provider`. Nothing of a token decides
how it is checked: the algorithms are those of the file, none of which has a shared secret, and keys
come from where the file says, whatever a token says of where its own may be found.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from threading import Lock
from time import monotonic, time
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request as Fetch
from urllib.request import urlopen

from fastapi import Request
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from yibao.api.guard.principal import NotSignedIn, Principal, in_region
from yibao.api.guard.roles import OWN, ROLES
from yibao.api.routing import Twice, object_of
from yibao.api.service import service_of
from yibao.errors import CannotRead
from yibao.store.errors import StoreError

ALGORITHMS = frozenset({"RS256", "PS256", "ES256", "ES384", "EdDSA"})
"""What a token may be signed with: public keys alone."""

USUAL = ["RS256", "ES256"]
"""What it is signed with where the file does not say."""

LEEWAY = 30
"""Seconds by which the provider's clock may differ from ours."""

KEPT = 600.0
"""Seconds after which keys are fetched anew."""

AGAIN = 30.0
"""Seconds for which keys are not fetched anew, whatever keys are asked for or however it failed."""

LARGEST = 1 << 20
"""Most bytes of a set of keys."""

_SUBJECT = re.compile(r"[!-~]{1,120}")


@dataclass(frozen=True, slots=True)
class Provider:
    """Whom to believe, and which claims say what. Claims within others are joined by dots.

    issuer    has to be the token's `iss`, to the letter
    audience  has to be among its `aud`
    keys      a file with the provider's keys (JWKS), or an https address
    roles     the claim with our roles: a list, or text with blanks between
    own       the claim with the id of whose data are the bearer's own
    region    the claim with the region that the bearer works for; "": all work for ours
    """

    issuer: str
    audience: str
    keys: str
    roles: str = "roles"
    own: str = "yibao_id"
    region: str = ""
    algorithms: Collection[str] = tuple(USUAL)


def read_provider(file: Path) -> Provider:
    """Return what a file (TOML) says; raises CannotRead, which names what is wrong."""
    try:
        said = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CannotRead(f"{file}: {error}") from None
    names = {field.name for field in fields(Provider)}
    if strange := sorted(said.keys() - names):
        raise CannotRead(f"{file}: {strange[0]}: expected {', '.join(sorted(names))}")
    if missing := sorted({"issuer", "audience", "keys"} - said.keys()):
        raise CannotRead(f"{file}: {missing[0]} is missing / 缺少 {missing[0]}")
    algorithms = said.pop("algorithms", USUAL)
    if not isinstance(algorithms, list) or not algorithms or not ALGORITHMS.issuperset(algorithms):
        raise CannotRead(f"{file}: algorithms: expected some of {', '.join(sorted(ALGORITHMS))}")
    if other := sorted(name for name, value in said.items() if not isinstance(value, str)):
        raise CannotRead(f"{file}: {other[0]}: expected a text")
    if "://" not in said["keys"]:
        said["keys"] = str(file.parent / said["keys"])
        keys_at(said["keys"])
    elif not _is_safe(said["keys"]):
        raise CannotRead(f"{file}: keys: expected a file, or an address that begins with https://")
    return Provider(**said, algorithms=tuple(algorithms))


def _is_safe(address: str) -> bool:
    """Whether nobody between us and an address can answer in its place."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in {"127.0.0.1", "::1", "localhost"}
    )


def keys_at(place: str) -> KeySet:
    """Return the keys of a file or an address; raises CannotRead."""
    try:
        if "://" in place:
            with urlopen(Fetch(place, headers={"Accept": "application/json"}), timeout=5) as reply:
                text = reply.read(LARGEST)
        else:
            text = Path(place).read_bytes()
        return KeySet.import_key_set(json.loads(text))
    except (OSError, ValueError, KeyError, TypeError, JoseError) as error:
        raise CannotRead(f"{place}: no set of keys (JWKS): {error}") from None


class Keys:
    """The provider's keys, fetched anew when they are old or when one is asked for that is new."""

    def __init__(self, place: str) -> None:
        self.place = place
        self._keys: KeySet | None = None
        self._fetched = self._tried = -KEPT
        self._one = Lock()

    def get(self, *, newer: bool = False) -> KeySet:
        """Return the keys; those that are kept where fetching fails. Raises StoreError."""
        with self._one:
            now = monotonic()
            if (newer or now > self._fetched + KEPT) and now > self._tried + AGAIN:
                self._tried = now
                try:
                    self._keys, self._fetched = keys_at(self.place), now
                except CannotRead as error:
                    if self._keys is None:
                        raise StoreError(str(error)) from None
            if self._keys is None:
                raise StoreError("the keys of the identity provider cannot be had")
            return self._keys


class _Strict(json.JSONDecoder):
    """Reads claims as requests are read: no name twice in an object, no NaN; raises Twice."""

    def __init__(self) -> None:
        super().__init__(object_pairs_hook=object_of, parse_constant=_no_number)


def _no_number(constant: str) -> None:
    raise ValueError(constant)


class Oidc:
    """Says whose a provider's token is."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.keys = Keys(provider.keys)
        self._registry = jwt.JWTClaimsRegistry(
            leeway=LEEWAY,
            iss={"essential": True, "value": provider.issuer},
            aud={"essential": True, "value": provider.audience},
            exp={"essential": True},
            sub={"essential": True},
        )

    def __call__(self, request: Request, token: str) -> tuple[Principal, float] | None:
        """Return whose a token is and for how many seconds yet; None: it is no JWT.

        Raises NotSignedIn, and StoreError where keys cannot be had.
        """
        if token.count(".") != 2:
            return None
        try:
            claims = self._claims(token)
            self._registry.validate(claims)
            principal = self._principal(claims)
            seconds = claims["exp"] - time()
        except (JoseError, Twice, ValueError, TypeError, ArithmeticError, RecursionError) as error:
            raise NotSignedIn(f"the token does not hold: {type(error).__name__}") from None
        if self.provider.region:
            of = service_of(request).office.policy.region
            home = _at(claims, self.provider.region)
            principal = in_region(principal, str(home), of.id, of.parents)
        return principal, seconds

    def _claims(self, token: str) -> dict[str, Any]:
        """Return what a token says whose signature is right; a key that is new is fetched."""
        allowed = list(self.provider.algorithms)
        try:
            return jwt.decode(token, self.keys.get(), allowed, decoder_cls=_Strict).claims
        except InvalidKeyIdError:
            newer = self.keys.get(newer=True)
            return jwt.decode(token, newer, allowed, decoder_cls=_Strict).claims

    def _principal(self, claims: Mapping[str, Any]) -> Principal:
        subject = claims["sub"]
        if not isinstance(subject, str) or not _SUBJECT.fullmatch(subject):
            raise NotSignedIn("sub: expected 1 to 120 letters, digits and signs")
        said = _at(claims, self.provider.roles)
        if not isinstance(said, list | str | None):
            raise NotSignedIn("roles: expected a list, or text with blanks between")
        roles = ROLES.keys() & set(said.split() if isinstance(said, str) else said or ())
        own = _at(claims, self.provider.own)
        narrow = sorted(roles & OWN)
        if len(narrow) > 1 or (narrow and not (isinstance(own, str) and own)):
            raise NotSignedIn("one role at most whose data are its own, with an id of which")
        return Principal(f"oidc:{subject}", frozenset(roles), dict.fromkeys(narrow, own))


def _at(claims: Mapping[str, Any], path: str) -> Any:
    """Return a claim within others, None where there is none."""
    found: Any = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found
