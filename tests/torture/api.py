"""Schemathesis on the whole OpenAPI document: whatever is sent, no 5xx and only declared replies.

Half of the cases are drawn from what the document allows, half from what it does not. What it
allows may still be refused, for one must be registered, insured …: that breaks no contract. So that
not all of it is refused, some of those cases name what is there (`known`). Who asks may do
everything; that nobody else is let in is tried wherever something is done.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from typing import Any

import databases
import requests
import schemathesis
from desks import office, register, status
from fastapi import Request
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.auths import AuthStorage
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import positive_data_acceptance
from services import running

from torture.figures import Figure, How, quiet
from torture.known import Known
from yibao.api.app import create_app
from yibao.api.guard.principal import NotSignedIn, Principal
from yibao.api.guard.roles import AGENCY
from yibao.store.database import Database
from yibao.store.sight import EVERYTHING

CASES, SHORT = 100_000, 600
ROUNDS, WORKERS = 5, 2
"""The long version: how often it is every operation's turn, for later ones know more ids; and how
many processes have a share of the operations each, with a service and a database of its own."""

SLOW = 120.0
"""Seconds after which a reply is given up; a machine on which much is going on is no fault."""

PERSONS = ("P1", "P2")
TOKEN = "Bearer clerk"


def figures(how: How) -> Iterator[Figure]:
    """Send cases to every operation, as many to each."""
    wanted, rounds, of = (SHORT, 1, 1) if how.quick else (CASES, ROUNDS, WORKERS)
    with ExitStack() as stack:
        copies = [stack.enter_context(databases.copy(how.url, "template")) for _ in range(of)]
        shares = [Share(url, how.seed, wanted, rounds, n, of) for n, url in enumerate(copies)]
        if of == 1:
            told = [sent(share) for share in shares]
        else:
            with ProcessPoolExecutor(of, get_context("spawn"), initializer=quiet) as pool:
                told = list(pool.map(sent, shares))
    statuses = sum((one.statuses for one in told), Counter[int]())
    codes = ", ".join(f"{number:,} × {code}" for code, number in sorted(statuses.items()))
    yield Figure(
        f"cases of schemathesis on {sum(one.operations for one in told)} operations ({codes})",
        statuses.total(),
        {
            "replies 5xx": sum(number for code, number in statuses.items() if code >= 500),
            "breaks of the contract": sum(one.breaks for one in told),
        },
    )


@dataclass(frozen=True)
class Share:
    """The operations of which one process asks, and how many cases there are of all."""

    url: str
    seed: int
    wanted: int
    rounds: int
    number: int
    of: int


@dataclass
class Told:
    """What was answered: how often which status, and how often that broke the contract."""

    operations: int
    statuses: Counter[int] = field(default_factory=Counter)
    breaks: int = 0


def sent(share: Share) -> Told:
    """Send a share of the cases to a service on a database of its own."""
    with Database(share.url, sight=EVERYTHING) as database:
        register(database, *PERSONS, account=500_00)
    made = office(*map(status, PERSONS))
    app = create_app(share.url, made.policy, made.registers, identify=clerk)
    loaded = schemathesis.openapi.from_dict(app.openapi())
    # Else every other case that is not allowed were one of a wrong token.
    loaded.config.generation.update(with_security_parameters=False)
    # What is not valid may be too large besides, and is refused before it is looked at.
    rejection = loaded.config.checks.negative_data_rejection
    rejection.expected_statuses = [*rejection.expected_statuses, "413"]
    operations = [found.ok() for found in loaded.get_all_operations()]
    cases = share.wanted // len(operations) // 2 // share.rounds + 1
    operations = operations[share.number :: share.of]
    told, known = Told(len(operations)), Known(share.seed)
    with running(app) as port, requests.Session() as session, few_collections():
        call = partial(
            Case.call, base_url=f"http://127.0.0.1:{port}", session=session, timeout=SLOW
        )
        kinds = [Kind(one, mode, call) for one in operations for mode in GenerationMode]
        # More rounds than `rounds`, for some operations can be asked in one way only.
        for number in range(2 * share.rounds):
            for kind in kinds:
                if told.statuses.total() * share.of < share.wanted:
                    kind.send(told, known, cases, share.seed + number)
            if share.of > 1:
                print(f"api: share {share.number}, round {number}: {told}", flush=True)
    return told


@contextmanager
def few_collections() -> Iterator[None]:
    """Let Python look seldom for what is garbage: a quarter of the time, for nothing."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


async def clerk(request: Request) -> Principal:
    """Know one token alone: that of somebody who may do everything."""
    if request.headers.get("authorization") == TOKEN:
        return Principal("clerk", AGENCY)
    raise NotSignedIn("a token is needed: Authorization: Bearer …")


class SignedIn:
    """Signs each case in, and lets schemathesis know that it did."""

    def get(self, *_: Any) -> str:
        """Return what stands in the header."""
        return TOKEN

    def set(self, case: Any, token: str, _: Any) -> None:
        """Put it there."""
        case.headers["Authorization"] = token


SIGNED_IN: AuthStorage[str] = AuthStorage()
SIGNED_IN()(SignedIn)


class Kind:
    """Cases of one operation, that the document allows or that it does not."""

    def __init__(self, operation: Any, mode: GenerationMode, call: Callable[[Any], Any]) -> None:
        self.label, self.call = operation.label, call
        self.allowed = mode is GenerationMode.POSITIVE
        self.strategy = operation.as_strategy(generation_mode=mode, auth_storage=SIGNED_IN)

    def send(self, told: Told, known: Known, cases: int, start: int) -> None:
        """Send so many cases, drawn from a seed, and note what is told."""

        def send(case: Any) -> None:
            if self.allowed:
                known.put_in_path(case.path_parameters)
                known.put(case.query, case.body)
            reply = self.call(case)
            told.statuses[reply.status_code] += 1
            if reply.status_code < 300 and reply.content:
                known.learn(reply.json())
            try:
                case.validate_response(reply, excluded_checks=[positive_data_acceptance])
            except (Failure, FailureGroup) as failure:
                told.breaks += 1
                print(f"{self.label}: {failure}", flush=True)

        run: Callable[[], None] = seed(f"{start} {self.label} {self.allowed}")(
            given(case=self.strategy)(send)
        )
        drawn = settings(
            max_examples=cases,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        with suppress(Unsatisfiable):  # what has no parameter can be asked in one way only
            drawn(run)()
