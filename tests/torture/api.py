"""Schemathesis on the whole OpenAPI document: whatever is sent, no 5xx and only declared replies.

Half of the cases are drawn from what the document allows, half from what it does not. What it
allows may still be refused, for one must be registered, insured …: that breaks no contract.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import databases
import requests
import schemathesis
from desks import register, status
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import positive_data_acceptance
from services import app_of, running

from torture.figures import Figure, How
from yibao.store.database import Database
from yibao.store.sight import EVERYTHING

CASES, SHORT = 100_000, 600
PERSONS = ("P1", "P2")


def figures(how: How) -> Iterator[Figure]:
    """Send cases to every operation, as many to each."""
    with databases.copy(how.url, "template") as url:
        with Database(url, sight=EVERYTHING) as database:
            register(database, *PERSONS, account=500_00)
        app = app_of(url, *map(status, PERSONS))
        loaded = schemathesis.openapi.from_dict(app.openapi())
        operations = [found.ok() for found in loaded.get_all_operations()]
        cases = (SHORT if how.quick else CASES) // len(operations) // 2 + 1
        sent, wrong = Counter[int](), Counter({"replies 5xx": 0, "breaks of the contract": 0})
        with running(app) as port, requests.Session() as session:
            call = partial(Case.call, base_url=f"http://127.0.0.1:{port}", session=session)
            for number, operation in enumerate(operations):
                for mode in GenerationMode:
                    told = tried(operation, mode, cases, how.seed + number, call)
                    sent.update(told.statuses)
                    wrong["breaks of the contract"] += len(told.breaks)
                    print(*told.breaks, sep="\n", end="\n" if told.breaks else "")
        wrong["replies 5xx"] = sum(count for code, count in sent.items() if code >= 500)
    codes = ", ".join(f"{count:,} × {code}" for code, count in sorted(sent.items()))
    yield Figure(
        f"cases of schemathesis on {len(operations)} operations ({codes})", sent.total(), wrong
    )


class Told:
    """What an operation answered: how often which status, and what of it broke the contract."""

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.breaks: list[str] = []


def tried(
    operation: Any, mode: GenerationMode, cases: int, start: int, call: Callable[[Any], Any]
) -> Told:
    """Send cases of one kind to an operation."""
    told = Told()

    def send(case: Any) -> None:
        reply = call(case)
        told.statuses[reply.status_code] += 1
        try:
            case.validate_response(reply, excluded_checks=[positive_data_acceptance])
        except (Failure, FailureGroup) as failure:
            told.breaks.append(f"{operation.label}: {failure}")

    strategy = operation.as_strategy(generation_mode=mode)
    run: Callable[[], None] = seed(start)(given(case=strategy)(send))
    drawn = settings(
        max_examples=cases,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    with suppress(Unsatisfiable):  # what has no parameter can be asked in one way only
        drawn(run)()
    return told
