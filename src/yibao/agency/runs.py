"""Runs over many persons, such as a month's bills: each by itself, the refused are told of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from yibao.agency.imports import AT_ONCE, told
from yibao.errors import ClaimError, PolicyError
from yibao.store.database import Connection, Database
from yibao.text import Text


class Failure(NamedTuple):
    """Why a person was left out: the rule, and the reason."""

    person_id: str
    rule: str
    why: Text


@dataclass(slots=True)
class Run:
    """What a run did: persons for whom something was made, or was there before, or was refused.

    `left_out` counts those to whom it does not apply, by rule.
    """

    made: int = 0
    unchanged: int = 0
    failures: list[Failure] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


def run(
    database: Database,
    persons: Iterable[str],
    work: Callable[[Connection, str], bool],
    *,
    not_applying: frozenset[str] = frozenset(),
) -> Run:
    """Do something for persons, `not_applying` being rules that leave out rather than fail."""
    found, waiting = Run(), iter(persons)
    while batch := list(islice(waiting, AT_ONCE)):

        def batched(connection: Connection, batch: Sequence[str] = batch) -> list[bool | Failure]:
            with connection.transaction():  # else each person would be one by itself
                return [_one(connection, work, person) for person in batch]

        for done in database.run(batched):
            if not isinstance(done, Failure):
                found.made += done
                found.unchanged += not done
            elif done.rule in not_applying:
                found.left_out[done.rule] += 1
            else:
                found.failures.append(done)
    return found


def _one(
    connection: Connection, work: Callable[[Connection, str], bool], person: str
) -> bool | Failure:
    try:
        with connection.transaction():
            return work(connection, person)
    except (PolicyError, ClaimError) as error:
        _, rule, why = told(error)
        # What a rule of the policy refuses is told by its step.
        name = error.name if isinstance(error, PolicyError) and rule == "refused" else rule
        return Failure(person, name, why)
