"""Who asks: a person, an institution, a clerk, another system; or nobody that we know."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from fastapi import Request
from starlette.types import Scope

from yibao.api.guard.roles import ROLES
from yibao.errors import YibaoError
from yibao.text import Text


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. The audit log keeps the name, and idempotency keys are of a name.

    `own` has for a role whose data are its own the id that is its own: `{"institution": "H3"}`.
    """

    name: str
    roles: frozenset[str] = frozenset()
    own: Mapping[str, str] = field(default_factory=dict)


NOBODY = Principal("")
"""Who says nothing of themselves."""

Identify = Callable[[Request], Awaitable[Principal]]
"""Says who asks, by the headers alone: NOBODY who says nothing. Raises NotSignedIn, TooOften."""


class NotSignedIn(YibaoError):
    """Nobody says who asks, or what is said does not hold (any more)."""

    rule = "signed_in"


class NotAllowed(YibaoError):
    """Who asks may not do this, or not with what is another's; `text` says who may."""

    rule = "allowed"

    def __init__(self, text: Text) -> None:
        self.text = text
        super().__init__(text.en)


def in_region(principal: Principal, home: str, region: str, above: tuple[str, ...]) -> Principal:
    """Return who somebody of the region `home` is in a region: there, some roles are not theirs.

    `above` are the regions above it. Who comes from one of them keeps the roles that look down;
    who comes from anywhere else has none.
    """
    if home == region:
        return principal
    kept = {r for r in principal.roles if home in above and ROLES[r].looks_down}
    return Principal(principal.name, frozenset(kept), principal.own)


def principal_of(scope: Scope) -> Principal:
    """Return who asks, as was found out when the request came."""
    found: Principal = scope["yibao.principal"]
    return found
