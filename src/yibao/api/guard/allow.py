"""The one dependency: each request is held against the table before anything is done for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from yibao.api.guard.owners import OWNERS, owners
from yibao.api.guard.principal import NOBODY, NotAllowed, NotSignedIn, Principal, principal_of
from yibao.api.guard.roles import AGENCY, ROLES, SIGHTS
from yibao.api.guard.table import TABLE, Row
from yibao.api.service import service_of
from yibao.errors import YibaoError
from yibao.store.sight import EVERYTHING, NOTHING, Sight, see
from yibao.text import Text


class Undeclared(YibaoError):
    """A route of which the table does not say who may use it, or a row that no route has."""


def check_declared(operations: Iterable[str]) -> None:
    """Raise Undeclared unless the operations are those of the table, one for one."""
    found = set(operations)
    if strange := sorted(found - TABLE.keys()):
        raise Undeclared(f"routes that api/guard/table.py does not have: {', '.join(strange)}")
    if gone := sorted(TABLE.keys() - found):
        raise Undeclared(f"rows of api/guard/table.py without a route: {', '.join(gone)}")


async def allowed(request: Request) -> Principal:
    """Return who asks; raises NotSignedIn, NotAllowed where they may not do this.

    It runs before fields are looked at, so that who may not do something learns nothing of it.
    Whoever is let in with their own alone sees nobody else's rows in the database either.
    """
    see(NOTHING)
    principal, operation = principal_of(request.scope), request.scope["route"].operation_id
    row = TABLE[operation]
    if row.door in {"anybody", "endpoint"}:
        return principal
    if principal is NOBODY:
        raise NotSignedIn("a token is needed: Authorization: Bearer …")
    if row.door == "signed_in":
        return principal
    if roles := row.roles & principal.roles:
        see(EVERYTHING if roles & AGENCY else _own_sight(principal, min(roles)))
        return principal
    for role in principal.roles & row.own.keys():
        see(_own_sight(principal, role))  # whose a thing is is looked up so, too
        if await _is_own(request, row, role, principal.own.get(role, "")):
            return principal
    see(NOTHING)
    raise NotAllowed(_told(principal, operation, row))


Asking = Annotated[Principal, Depends(allowed)]
"""Who asks, and may."""


def operations_of(principal: Principal) -> dict[str, Literal["all", "own"]]:
    """Return the operations that somebody may do: with all there is, or with their own alone."""
    found: dict[str, Literal["all", "own"]] = {}
    for operation, row in TABLE.items():
        if row.door in {"anybody", "signed_in"} or row.roles & principal.roles:
            found[operation] = "all"
        elif any(principal.own.get(role) for role in principal.roles & row.own.keys()):
            found[operation] = "own"
    return found


def _own_sight(principal: Principal, role: str) -> Sight:
    """Return what somebody sees by a role whose data are its own, whatever the table says."""
    return Sight(SIGHTS[role], principal.own.get(role, ""))


async def _is_own(request: Request, row: Row, role: str, own: str) -> bool:
    """Whether the id that is a principal's own stands wherever it has to."""
    if not own:
        return False
    for place in row.own[role]:
        if not await _stands(request, place, role, own):
            return False
    return True


async def _stands(request: Request, place: str, role: str, own: str) -> bool:
    match place.split("."):
        case "path", name:
            return bool(request.path_params[name] == own)
        case "query", name:
            return request.query_params.get(name) == own
        case "body", name:
            body = await _body(request)
            return isinstance(body, dict) and body.get(name) == own
        case _:
            owner = OWNERS[place]
            named = request.path_params[owner.path]
            database = service_of(request).database
            found = await run_in_threadpool(
                database.run, lambda connection: owners(connection, owner, role, named)
            )
            return own in found


async def _body(request: Request) -> Any:
    """Return the body as the route will read it; what is no JSON is nobody's.

    It has been read already, with the same parser, where it is JSON and says so.
    """
    try:
        return await request.json()
    except (ValueError, RecursionError):
        return None


def _told(principal: Principal, operation: str, row: Row) -> Text:
    """Say who may, and where one's own has to stand; nothing of what was asked."""
    if narrow := sorted(principal.roles & row.own.keys()):
        role = ROLES[narrow[0]]
        return Text(
            f"{operation}：{role.title.zh}只能办理自己的（{role.own}）",
            f"{operation}: {narrow[0]}: only with its own {role.own}",
        )
    may = sorted({*row.roles, *row.own})
    return Text(
        f"{operation}：须为{'、'.join(ROLES[role].title.zh for role in may)}",
        f"{operation}: one of {', '.join(may)}",
    )
