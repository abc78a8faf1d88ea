"""Bearer tokens: whose one is, by our own users or by an identity provider."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from time import monotonic

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from yibao.agency.users import sessions
from yibao.api.guard.principal import NOBODY, NotSignedIn, Principal
from yibao.api.guard.rates import Rates, address_of
from yibao.api.guard.roles import ROLES
from yibao.api.service import service_of

BELIEVED = 30.0
"""Seconds for which a process believes what it found out of a token: so long does it go on to let
in somebody who was shut out meanwhile."""

MOST = 10_000
"""Tokens of which a process remembers whose they are."""

Find = Callable[[Request, str], tuple[Principal, float] | None]
"""Says whose a token is and for how many seconds yet; None: not one that it knows of."""


class Tokens:
    """Says who asks by the header Authorization. Used by one event loop alone."""

    def __init__(self, ways: Sequence[Find], rates: Rates) -> None:
        self.ways = ways
        self.rates = rates
        self._known: dict[str, tuple[Principal, float]] = {}

    async def __call__(self, request: Request) -> Principal:
        """Return whose token came with a request, NOBODY without one.

        Raises NotSignedIn, TooOften.
        """
        header = request.headers.get("authorization")
        found = self._known.get(header or "")
        if found is not None and monotonic() < found[1]:
            self.rates.known.take(found[0].name)
            return found[0]
        self.rates.strangers.take(address_of(request))
        if header is None:
            return NOBODY
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer":
            raise NotSignedIn("expected Authorization: Bearer and a token")
        principal, seconds = await run_in_threadpool(self._find, request, token)
        self._known.pop(header, None)
        if len(self._known) >= MOST:
            del self._known[next(iter(self._known))]  # the one found out longest ago
        self._known[header] = principal, monotonic() + min(seconds, BELIEVED)
        return principal

    def forget(self, request: Request) -> None:
        """Believe a token no longer; other processes do for a while."""
        self._known.pop(request.headers.get("authorization", ""), None)

    def try_password(self, request: Request) -> None:
        """Count a password that is tried from an address; raises TooOften."""
        self.rates.sign_in.take(address_of(request))

    def count(self, principal: Principal) -> None:
        """Count a request of somebody whom an endpoint found out itself; raises TooOften."""
        self.rates.known.take(principal.name)

    def count_stranger(self, request: Request) -> None:
        """Count a request of somebody whom an endpoint does not know; raises TooOften."""
        self.rates.strangers.take(address_of(request))

    def _find(self, request: Request, token: str) -> tuple[Principal, float]:
        for way in self.ways:
            if found := way(request, token):
                return found
        raise NotSignedIn("the token is not known here, or holds no more")


def of_user(request: Request, token: str) -> tuple[Principal, float] | None:
    """Say which of our own users has signed in with a token."""
    found = service_of(request).database.run(lambda connection: sessions.find(connection, token))
    if found is None:
        return None
    user, left = found.user, found.until - datetime.now(UTC)
    roles = frozenset(ROLES.keys() & set(user.roles))
    return Principal(user.name, roles, user.own), left.total_seconds()
