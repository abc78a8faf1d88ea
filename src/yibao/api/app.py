"""The application: routers, errors, limits, and the OpenAPI document that describes them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from anyio import CapacityLimiter
from anyio.to_thread import current_default_thread_limiter
from fastapi import APIRouter, Depends, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts
from starlette.types import Scope

from yibao.agency.desk.office import Office, Registers
from yibao.api import (
    accounts,
    books,
    contributions,
    contributions_receipts,
    employers,
    health,
    identities,
    institutions,
    ledger,
    memberships,
    persons,
    problems,
    reconcile,
    requests,
    session,
)
from yibao.api.access import Served, Watch, line
from yibao.api.care.routers import ROUTERS as CARE
from yibao.api.clearing import months, years
from yibao.api.desk import bills, guests
from yibao.api.desk import routes as desk
from yibao.api.desk.bill import codes_of
from yibao.api.guard.allow import allowed, check_declared
from yibao.api.guard.asked import Asked
from yibao.api.guard.documented import tell_doors
from yibao.api.guard.principal import Identify
from yibao.api.guard.signed import Keys, Signed
from yibao.api.guard.tokens import Tokens
from yibao.api.limit import BodyLimit
from yibao.api.matching import duplicates, gaps
from yibao.api.metrics import counting
from yibao.api.national import endpoint as national
from yibao.api.national.record import Listener, Tell, is_spoken, recorder, write_line
from yibao.api.national.settings import CLOSED
from yibao.api.national.settings import Settings as National
from yibao.api.portable import portable
from yibao.api.registry import agreements, designations, entries
from yibao.api.service import Service
from yibao.api.traces import tracing
from yibao.policy.policy import Policy
from yibao.settlement.explain import Explainer
from yibao.settlement.procedure import Office as Procedures
from yibao.store.database import Database

ROUTERS: tuple[APIRouter, ...] = (
    *(bills.router, desk.router, guests.router),
    *(health.router, session.router, persons.router, institutions.router),
    *(requests.router, ledger.router, books.router),
    *(memberships.router, identities.router, employers.router, employers.households),
    *(months.router, years.router, reconcile.router),
    *(entries.router, agreements.router, designations.router, designations.places),
    *CARE,
    *(duplicates.router, gaps.router),
    *(contributions.router, contributions_receipts.router, accounts.router),
)
"""One for each part of the agency. They are tried in this order, so the busiest stands first."""

OTHER_PROTOCOLS: tuple[APIRouter, ...] = (national.router,)
"""What is spoken beside HTTP's own terms: OpenAPI does not tell of it, a specification does."""

CONNECTIONS = 8
"""Connections to the database of one process, and requests that it works on at a time."""

WAIT = 5.0
"""Seconds that a request waits for a connection before it is told to come again."""

_DESCRIPTION = """\
医保经办服务。金额为两位小数的人民币元文本；日期为 YYYY-MM-DD；时间未带时区者为北京时间。

Agency operations of social medical insurance. Amounts are yuan with two decimals as text, days are
YYYY-MM-DD, times without a zone are those of Beijing. A write needs an `Idempotency-Key`: the same
key and request get the same reply, to the byte, however often they are sent; a request that was
refused left no trace and may be put right and sent again. Errors are `application/problem+json`.
"""


def create_app(
    database_url: str,
    policy: Policy,
    registers: Registers,
    *,
    identify: Identify,
    signers: Keys | None = None,
    interface: National = CLOSED,
) -> FastAPI:
    """Return the application of a database whose schema is up to date; raises Undeclared.

    The database is opened when the application starts and closed when it stops. `identify` says
    who asks; requests of `signers` have to be signed. `interface` says how the national interface
    is spoken, if it is.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        current_default_thread_limiter().total_tokens = CONNECTIONS
        app.state.signing_in = CapacityLimiter(session.AT_ONCE)
        with Database(
            database_url, connections=CONNECTIONS, timeout=WAIT, generic=True
        ) as database:
            app.state.service = Service(
                database,
                Office(policy, registers),
                Explainer(policy),
                Procedures(policy),
                codes_of(policy.region),
                interface,
            )
            yield

    app = FastAPI(
        title="Yibao 医保",
        version=version("yibao"),
        description=_DESCRIPTION,
        lifespan=lifespan,
        dependencies=[Depends(allowed)],
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.tokens = identify if isinstance(identify, Tokens) else None
    for router in (*ROUTERS, *OTHER_PROTOCOLS):
        app.include_router(router)
    check_declared(_operations(app))
    problems.install(app)
    if signers:
        app.add_middleware(Signed, keys=signers)
    app.add_middleware(BodyLimit, larger={**bills.LARGER, **national.LARGER})
    if tells := _listening(interface):
        app.add_middleware(Listener, tells=tells)
    app.add_middleware(Asked, identify=identify)
    app.add_middleware(
        Watch, tells=[_other_line if interface.told else line, *counting(), *tracing()]
    )
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


def _listening(interface: National) -> list[Tell]:
    """Return who is told of each exchange with the national interface."""
    recording = [recorder(interface.record)] if interface.record else []
    return [*recording, write_line] if interface.told else recording


def _other_line(served: Served, scope: Scope) -> None:
    """Write a line to the access log of what is no exchange with the interface."""
    if not is_spoken(scope):
        line(served, scope)


def _operations(app: FastAPI) -> Iterator[str]:
    """Yield the operation of each route, or its path where it has none; but for the contract's."""
    for route in iter_route_contexts(app.routes):
        if route.path != app.openapi_url:
            yield getattr(route.original_route, "operation_id", None) or str(route.path)


def _openapi(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document, with the schema of problems that every route refers to."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        document["components"]["schemas"] |= problems.schemas()
        tell_doors(document)
        app.openapi_schema = portable(document)
    return app.openapi_schema
