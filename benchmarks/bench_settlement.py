"""Scalar settlement on Tianjin's full plan: microseconds a claim, best of several rounds.

    ./run bench                 all benchmarks
    .venv/bin/python benchmarks/bench_settlement.py --claims 20000 --rounds 7

Measured side by side in one run: the executor with state, the book (persons, years, history), the
book with explanation lines and with their full text; in processor time. Figures go to
docs/performance.md by hand, with machine and versions.
"""

from __future__ import annotations

import argparse
import gc
import platform
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime

from yibao.policy.model import Value
from yibao.policy.policy import load_policy
from yibao.policy.vocabulary import AttributeOf, vocabulary
from yibao.settlement.book import Book
from yibao.settlement.enrolment import Enrolment
from yibao.settlement.explain import Explainer
from yibao.settlement.model import Claim, Facts, Status, YearState

DAY = date(2019, 3, 1)
BORN = date(1970, 1, 1)
PERSONS = 500
KINDS = [
    ("employee", "outpatient", "2"),
    ("employee", "pharmacy", "none"),
    ("employee", "special_outpatient", "3"),
    ("employee", "inpatient", "3"),
    ("resident", "outpatient", "1"),
    ("resident", "special_outpatient", "2"),
    ("resident", "inpatient", "3"),
]


def facts(of: AttributeOf, given: dict[str, Value]) -> Facts:
    """Return the facts of a person or claim in the vocabulary's order."""
    values = {
        a.name: given.get(a.name, a.absent) for a in vocabulary().of(of) if a.kind != "number"
    }
    assert all(value is not None for value in values.values()), values
    return tuple(value for value in values.values() if value is not None)


def person(name: str, scheme: str) -> Status:
    """Return a person insured all along: an employee in service or an adult resident."""
    category = "in_service" if scheme == "employee" else "adult"
    tier = "none" if scheme == "employee" else "high"
    given: dict[str, Value] = {
        "scheme": scheme,
        "category": category,
        "contribution_tier": tier,
        "large_expense_paid": scheme == "employee",
    }
    return Status(name, date(2019, 1, 1), None, BORN, facts("person", given))


def claims(count: int) -> Iterator[tuple[str, Claim]]:
    """Yield claims of all kinds in turn, spread over the persons, with amounts that bite."""
    of_kind = {
        (visit, level): facts("claim", {"visit": visit, "level": level})
        for _, visit, level in KINDS
    }
    at = datetime(2019, 3, 1)  # noqa: DTZ001
    for n in range(count):
        scheme, visit, level = KINDS[n % len(KINDS)]
        fen = 30_000 + n * 7919 % 400_000
        amounts = tuple(fen if a in {"total", "in_scope"} else 0 for a in vocabulary().amounts)
        name = f"{scheme}-{n // len(KINDS) % PERSONS}"
        yield scheme, Claim(f"c{n}", name, DAY, DAY, at, of_kind[visit, level], amounts)


def best(rounds: int, work: Callable[[], float]) -> float:
    """Return the smallest time of several rounds: the one that the machine disturbed least."""
    return min(work() for _ in range(rounds))


def clock(work: Callable[[], object]) -> float:
    """Return the processor seconds that `work` takes, without garbage collection."""
    gc.collect()
    gc.disable()
    begin = time.process_time()
    kept = work()
    seconds = time.process_time() - begin
    del kept  # freeing what was made is not part of making it
    gc.enable()
    return seconds


def settlement_rows(count: int, rounds: int) -> Iterator[tuple[str, float, str]]:
    """Yield (what, microseconds a claim, target)."""
    policy = load_policy("tianjin", accept="D")
    schemes = ("employee", "resident")
    people = {f"{s}-{n}": person(f"{s}-{n}", s) for s in schemes for n in range(PERSONS)}
    enrolment = Enrolment(people.values())
    stream = list(claims(count))
    executor = Book(policy, enrolment).executor
    explainer = Explainer(policy)

    def run_executor() -> list[object]:
        state = {name: YearState(executor.opening()) for name in people}
        return [
            executor.settle(c, people[c.person_id], s, DAY, state[c.person_id]) for s, c in stream
        ]

    def run_book() -> list[object]:
        book = Book(policy, enrolment, executor=executor)
        return [book.settle(c) for _, c in stream]

    def with_lines() -> None:
        book = Book(policy, enrolment, executor=executor)
        for _, c in stream:
            lines = explainer.explain(book.settle(c)).lines
            assert lines

    def with_text() -> None:
        book = Book(policy, enrolment, executor=executor)
        for _, c in stream[: count // 20]:
            for line in explainer.explain(book.settle(c)).lines:
                assert line.formula

    run_executor()  # bind the programs
    micro = 1e6 / count
    yield "executor, with state", best(rounds, lambda: clock(run_executor)) * micro, "<= 10"
    yield "book: persons, years, history", best(rounds, lambda: clock(run_book)) * micro, "<= 10"
    yield "book, with lines", best(rounds, lambda: clock(with_lines)) * micro, "<= 30"
    book = Book(policy, enrolment, executor=executor)
    for _, claim in stream:
        book.settle(claim)

    def close_years() -> list[object]:
        return [book.close_year(name, DAY.year) for name in people]

    closing = best(rounds, lambda: clock(close_years)) * 1e6 / len(people)
    yield "closing one person's year", closing, ""
    yield "book, with the lines' text", best(rounds, lambda: clock(with_text)) * micro * 20, ""


def main() -> None:
    """Print the figures as a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--claims", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    print(f"Python {platform.python_version()}, {platform.machine()}, {platform.system()}")
    for what, value, target in settlement_rows(given.claims, given.rounds):
        print(f"{what:34} {value:8.2f} us   {target}")


if __name__ == "__main__":
    main()
