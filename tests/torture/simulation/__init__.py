"""A deterministic simulation of the desk: interleaved clerks, faults and a clock, from a seed.

./run torture simulation                    1,000 histories
./run torture simulation --seed 7 --trace   history 7, step by step; it is always the same
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import databases
import psycopg
from desks import register

from torture import moved_clock
from torture.figures import Figure, How
from torture.simulation.defects import DEFECTS
from torture.simulation.interleave import Scheduler, Stuck, interposed
from torture.simulation.model import wrong
from torture.simulation.town import ACCOUNT, PERSONS, Town
from yibao.store.database import Database
from yibao.store.sight import EVERYTHING

HISTORIES, SHORT = 1_000, 12
CLERKS = "ABC"
START = datetime(2024, 1, 1, tzinfo=ZoneInfo("Asia/Shanghai"))
"""The turn of a year: what is settled belongs to the one or the other."""

TOLD = ("done", "refused", "replayed", "outcomes unknown", "replies lost", "waits", "faults")
"""What is told of many histories."""

FAULTS = 6
"""Most faults in one history, so that it ends."""

FAULTY = 0.06
"""How often a step is a fault."""


@dataclass
class History:
    """What happened, step by step, and what was wrong after it."""

    seed: int
    trace: list[str]
    wrong: list[str]
    happened: Counter[str] = field(default_factory=Counter)


def figures(how: How) -> Iterator[Figure]:
    """Play histories; some of them twice; and some with a defect that is to be found."""
    with prepared(how.url) as template:
        if how.trace:
            history = play(how.url, template, how.seed)
            print("\n".join([*history.trace, *history.wrong]))
            yield Figure(f"history {how.seed}", 1, {"wrong": len(history.wrong)})
            return
        yield figure(how, template)
        yield twice(how, template)
        for name in DEFECTS:
            yield found(how, template, name)


def figure(how: How, template: str) -> Figure:
    """Play histories, each from a seed of its own; tell those after which something was wrong."""
    happened: Counter[str] = Counter()
    bad, number = 0, SHORT if how.quick else HISTORIES
    for seed in range(how.seed, how.seed + number):
        history = play(how.url, template, seed)
        happened.update(history.happened)
        if history.wrong:
            bad += 1
            print("\n".join([f"./run torture simulation --seed {seed} --trace", *history.wrong]))
    told = ", ".join(f"{happened[name]:,} {name}" for name in TOLD)
    return Figure(f"histories of three clerks: {told}", number, {"with anything wrong": bad})


def twice(how: How, template: str) -> Figure:
    """Play histories twice: the same seed is the same history."""
    number = SHORT // 4 if how.quick else HISTORIES // 20
    other = 0
    for seed in range(how.seed, how.seed + number):
        one, two = (play(how.url, template, seed) for _ in range(2))
        other += one.trace != two.trace
    return Figure("histories played twice", number, {"that were others": other})


def found(how: How, template: str, name: str, most: int = 60) -> Figure:
    """Plant a defect; look for a seed that shows it, and whether it shows it again."""
    for tried, seed in enumerate(range(how.seed, how.seed + most), 1):
        history = play(how.url, template, seed, name)
        if history.wrong:
            again = play(how.url, template, seed, name)
            same = (again.trace, again.wrong) == (history.trace, history.wrong)
            what = f"histories until the planted defect {name} was found (seed {seed}), then again"
            return Figure(what, tried, {"other histories from the same seed": not same})
    return Figure(f"histories with the planted defect {name}", most, {"not found": 1})


@contextmanager
def prepared(url: str) -> Iterator[str]:
    """Yield the name of a database with the town before anything happened, to be copied."""
    with databases.copy(url, "template") as made:
        with Database(made, sight=EVERYTHING) as database:
            register(database, *PERSONS, account=ACCOUNT)
        moved_clock.install(made)
        yield made.partition("?")[0].rpartition("/")[2]


def play(url: str, template: str, seed: int, defect: str = "") -> History:
    """Play the history of a seed on a database of its own."""
    with ExitStack() as stack:
        own = stack.enter_context(databases.copy(url, template))
        planted: AbstractContextManager[None] = DEFECTS[defect](own) if defect else nullcontext()
        stack.enter_context(planted)
        address = moved_clock.moved(own)
        monitor = stack.enter_context(psycopg.connect(own, autocommit=True))
        town, scheduler = Town(), Scheduler(monitor)
        pools = [
            stack.enter_context(Database(address, sight=EVERYTHING, connections=1)) for _ in CLERKS
        ]
        history = History(seed, scheduler.trace, [])
        with interposed():
            try:
                Play(seed, scheduler, town, monitor).run(pools)
            except Stuck as stuck:
                history.wrong.append(str(stuck))
            finally:
                scheduler.close()
        failures = [f"{t.name}: {t.failure!r}" for t in scheduler.tasks if t.failure]
        history.wrong += failures
        if not history.wrong:
            history.wrong += wrong(
                stack.enter_context(Database(address, sight=EVERYTHING, connections=1)), town
            )
        town.happened["waits"] = sum(line.endswith(" waits") for line in history.trace)
        history.happened = town.happened
        return history


class Play:
    """The seed's choices: who goes on, which fault comes, how the clock moves."""

    def __init__(
        self, seed: int, scheduler: Scheduler, town: Town, monitor: psycopg.Connection[Any]
    ) -> None:
        self.random = Random(seed)
        self.seed, self.scheduler, self.town, self.monitor = seed, scheduler, town, monitor
        self.faults = 0

    def run(self, pools: list[Database]) -> None:
        """Let the clerks work until all are done."""
        self.set_clock(timedelta())
        for name, pool in zip(CLERKS, pools, strict=True):
            self.scheduler.add(name, self.clerk(name, pool))
        while tasks := self.scheduler.stopped():
            if self.faults < FAULTS and self.random.random() < FAULTY:
                self.fault()
            else:
                self.scheduler.go(self.random.choice(tasks))
        if self.scheduler.blocked():
            raise Stuck("\n".join(self.scheduler.trace))

    def clerk(self, name: str, pool: Database) -> Callable[[], None]:
        random = Random(f"{self.seed} {name}")
        return lambda: self.town.clerk(pool, random, name, self.scheduler.tell)

    def fault(self) -> None:
        """Let something go wrong, or the clock move."""
        self.faults += 1
        scheduler, random = self.scheduler, self.random
        ahead = [task for task in scheduler.stopped() if task.state == "before"]
        blocked = scheduler.blocked()
        kinds = ["clock", "terminated"] + ["cut before", "cut after"] * bool(ahead)
        kind = random.choice(kinds + ["gone", "terminated while it waits"] * bool(blocked))
        self.town.happened.update([kind, "faults"])
        if kind == "clock":
            self.set_clock(timedelta(minutes=random.randrange(-24 * 60, 24 * 60)))
        elif kind == "terminated":
            scheduler.terminate(random.choice(scheduler.stopped()))
        elif kind == "terminated while it waits":
            scheduler.terminate(random.choice(blocked))
        elif kind == "gone":
            scheduler.abandon(random.choice(blocked))
        else:
            scheduler.go(random.choice(ahead), kind)

    def set_clock(self, by: timedelta) -> None:
        moved_clock.set_clock(self.monitor, START + by)
        self.scheduler.tell(f"it is {START + by:%Y-%m-%d %H:%M}")
