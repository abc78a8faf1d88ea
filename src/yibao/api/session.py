"""Signing in and out, and who one is: for users who are known here by a password."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Literal

from anyio import CapacityLimiter, to_thread
from fastapi import Request, Response
from pydantic import Field

from yibao.agency.users import sessions
from yibao.agency.users.passwords import LONGEST
from yibao.agency.users.users import NAME
from yibao.api.fields import Instant, Strict, Told, example
from yibao.api.guard.allow import Asking, operations_of
from yibao.api.guard.tokens import Tokens
from yibao.api.headers import as_json
from yibao.api.problems import documented
from yibao.api.routing import Router
from yibao.api.service import service_of

router = Router(prefix="/session", tags=["session"])

AT_ONCE = 2
"""Passwords that a process works on at a time; each takes 64 MiB and a tenth of a second."""

Password = Annotated[str, Field(min_length=1, max_length=LONGEST)]


class SignIn(Strict):
    """Who signs in."""

    model_config = example(name="wang", password="a-long-password")

    name: Annotated[str, Field(max_length=64, pattern=f"^{NAME}$")]
    password: Password


class SignedIn(Told):
    """A token, to be sent as `Authorization: Bearer …`, and until when it holds."""

    token: str
    until: Instant


class Who(Told):
    """Who one is: the name that the audit log keeps, and what one may do.

    `own` has by role the id that is one's own; `operations` has by `operationId` whether one may
    do it with `all` there is or with one's `own` alone.
    """

    name: str
    roles: Sequence[str]
    own: Mapping[str, str]
    operations: Mapping[str, Literal["all", "own"]]


class NewPassword(Strict):
    """Another password for the one that one has."""

    model_config = example(old="a-long-password", new="another-long-password")

    old: Password
    new: Password


@router.post(
    "",
    operation_id="signIn",
    summary="Sign in with a password; the token holds for an hour / 登录",
    status_code=201,
    response_model=SignedIn,
    responses=documented(400, 413),
)
async def post_session(body: SignIn, request: Request) -> Response:
    """Return a token; whether it is the name or the password that is wrong is not told."""
    limiter = _counted(request)
    database = service_of(request).database
    token, session = await to_thread.run_sync(
        sessions.sign_in, database, body.name, body.password, limiter=limiter
    )
    told = SignedIn.model_construct(token=token, until=session.until)
    return as_json(told.model_dump_json(), 201, {"Cache-Control": "no-store"})


@router.get(
    "",
    operation_id="getSession",
    summary="Who one is and what one may do / 当前用户",
    response_model=Who,
    responses=documented(),
)
async def get_session(principal: Asking) -> Response:
    """Return what the service knows of who asks."""
    told = Who(
        name=principal.name,
        roles=sorted(principal.roles),
        own=principal.own,
        operations=operations_of(principal),
    )
    return as_json(told.model_dump_json())


@router.delete(
    "",
    operation_id="signOut",
    summary="End what a token stands for / 退出登录",
    status_code=204,
    responses=documented(),
)
def delete_session(request: Request) -> Response:
    """Sign out; a token of an identity provider is that provider's to end."""
    token = request.headers.get("authorization", "").partition(" ")[2]
    service_of(request).database.run(lambda connection: sessions.sign_out(connection, token))
    _forget(request)
    return Response(status_code=204)


@router.put(
    "/password",
    operation_id="changePassword",
    summary="Give oneself another password; one has to sign in anew / 修改口令",
    status_code=204,
    responses=documented(400, 413),
)
async def put_password(body: NewPassword, principal: Asking, request: Request) -> Response:
    """Change the password of who knows it."""
    limiter = _counted(request)
    database = service_of(request).database
    change = partial(sessions.change_password, database, principal.name)
    await to_thread.run_sync(change, body.old, body.new, limiter=limiter)
    _forget(request)
    return Response(status_code=204)


def _counted(request: Request) -> CapacityLimiter:
    """Count a password that is tried, and return where to work on it; raises TooOften."""
    if tokens := _tokens(request):
        tokens.try_password(request)
    limiter: CapacityLimiter = request.app.state.signing_in
    return limiter


def _forget(request: Request) -> None:
    """Believe the token that came with a request no longer."""
    if tokens := _tokens(request):
        tokens.forget(request)


def _tokens(request: Request) -> Tokens | None:
    """Return what knows tokens, None where nobody needs one."""
    found: Tokens | None = request.app.state.tokens
    return found
