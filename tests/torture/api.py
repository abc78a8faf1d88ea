"""Schemathesis on the whole OpenAPI document: whatever is sent, no 5xx and only declared replies.

Half of the cases are drawn from what the document allows, half from what it does not. What it
allows may still be refused, for one must be registered, insured …: that breaks no contract. So that
not all of it is refused, some of those cases name what is there (`known`). Who asks may do
everything; that nobody else is let in is tried wherever something is done.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import count
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

from torture.figures import Figure, How
from torture.known import Known
from yibao.api.app import create_app
from yibao.api.guard.principal import NotSignedIn, Principal
from yibao.api.guard.roles import AGENCY
from yibao.store.database import Database

CASES, SHORT = 100_000, 600
ROUNDS = 3
"""How often it is every operation's turn in the long version: later ones know more ids."""

PERSONS = ("P1", "P2")
TOKEN = "Bearer clerk"


def figures(how: How) -> Iterator[Figure]:
    """Send cases to every operation, as many to each."""
    with databases.copy(how.url, "template") as url:
        with Database(url) as database:
            register(database, *PERSONS, account=500_00)
        made = office(*map(status, PERSONS))
        app = create_app(url, made.policy, made.registers, identify=clerk)
        loaded = schemathesis.openapi.from_dict(app.openapi())
        # Else every other case that is not allowed were one of a wrong token.
        loaded.config.generation.update(with_security_parameters=False)
        operations = [found.ok() for found in loaded.get_all_operations()]
        wanted, rounds = (SHORT, 1) if how.quick else (CASES, ROUNDS)
        cases = wanted // len(operations) // 2 // rounds + 1
        told = Told(Known(how.seed))
        with running(app) as port, requests.Session() as session:
            call = partial(Case.call, base_url=f"http://127.0.0.1:{port}", session=session)
            kinds = [Kind(one, mode, call) for one in operations for mode in GenerationMode]
            for number in count():
                if told.statuses.total() >= wanted or number == 3 * rounds:
                    break
                for kind in kinds:
                    kind.send(told, cases, how.seed + number)
    codes = ", ".join(f"{number:,} × {code}" for code, number in sorted(told.statuses.items()))
    yield Figure(
        f"cases of schemathesis on {len(operations)} operations ({codes})",
        told.statuses.total(),
        {
            "replies 5xx": sum(n for code, n in told.statuses.items() if code >= 500),
            "breaks of the contract": told.breaks,
        },
    )


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


@dataclass
class Told:
    """What was answered: how often which status, and how often that broke the contract."""

    known: Known
    statuses: Counter[int] = field(default_factory=Counter)
    breaks: int = 0


class Kind:
    """Cases of one operation, that the document allows or that it does not."""

    def __init__(self, operation: Any, mode: GenerationMode, call: Callable[[Any], Any]) -> None:
        self.label, self.call = operation.label, call
        self.allowed = mode is GenerationMode.POSITIVE
        self.strategy = operation.as_strategy(generation_mode=mode, auth_storage=SIGNED_IN)

    def send(self, told: Told, cases: int, start: int) -> None:
        """Send so many cases, drawn from a seed, and note what is told."""

        def send(case: Any) -> None:
            if self.allowed:
                told.known.put(case.path_parameters, case.query, case.body)
            reply = self.call(case)
            told.statuses[reply.status_code] += 1
            if reply.status_code < 300 and reply.content:
                told.known.learn(reply.json())
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
