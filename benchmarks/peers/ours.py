"""The small benefit as a rule pack, by Yibao's scalar executor."""

from __future__ import annotations

from datetime import date, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np

from peers.benefit import Claims, Outcome
from peers.clock import Run
from peers.facts import facts
from yibao.policy.policy import Policy, load_policy
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.executor import Executor
from yibao.settlement.model import Claim, Settlement, Status, YearState

PACK = Path(__file__).with_name("pack")
DAY = date(2019, 7, 1)
BORN = date(1980, 1, 1)
PERSONS = tuple(
    facts("person", {"scheme": "employee", "category": category})
    for category in ("in_service", "retired")
)


def pack() -> Policy:
    """Return the pack of the small benefit."""
    return load_policy(PACK)


def prepare_scalar(claims: Claims) -> Run:
    """Return the scalar executor with the state of each person, over these claims."""
    executor = Executor(pack())
    kinds = [Status("p", DAY, None, BORN, held) for held in PERSONS]
    people = [kinds[category] for category in claims.category.tolist()]
    visits = [facts("claim", {"visit": "outpatient", "level": str(n)}) for n in (1, 2, 3)]
    at = datetime.combine(DAY, datetime.min.time())
    names = vocabulary().amounts
    stream = []
    for n, (level, fen) in enumerate(
        zip(claims.level.tolist(), claims.amount.tolist(), strict=True)
    ):
        amounts = tuple(fen if name in {"total", "in_scope"} else 0 for name in names)
        stream.append(Claim(f"c{n}", "p", DAY, DAY, at, visits[level], amounts))
    persons = [stream[begin:end] for begin, end in pairwise(claims.start.tolist())]

    def run() -> list[Settlement]:
        done = []
        for status, of_person in zip(people, persons, strict=True):
            state = YearState(executor.opening())
            done += [executor.settle(c, status, "employee", DAY, state) for c in of_person]
        return done

    run()  # bind the programs
    return run


def outcome(settlements: list[Settlement]) -> Outcome:
    """Return what settlements come to."""
    columns = (
        [s.figure("pool_pay") for s in settlements],
        [s.figure("serious_illness_pay") for s in settlements],
        [s.personal_pay for s in settlements],
    )
    return Outcome(*(np.array(column, np.int64) for column in columns))
