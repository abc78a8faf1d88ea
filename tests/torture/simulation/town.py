"""Two persons, three clerks, and what the clerks ask of the desk: drawn from a seed."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random
from typing import Literal

from desks import ask, office, status

from yibao.agency.desk.correct import Corrected
from yibao.agency.desk.model import Ask, DeskError, Key, Replayed, Settled
from yibao.agency.desk.reverse import TakenBack
from yibao.agency.dispensing import door
from yibao.agency.filing import intake
from yibao.store.database import Connection, Database
from yibao.store.errors import StoreError

PERSONS = ("P1", "P2")
ACCOUNT = 300_00
OPERATIONS = 4
CALLER = "clerks"
LOST_REPLY = 0.15
"""How often a clerk does not get the reply to what was done, and asks again."""

DAYS = (date(2022, 12, 28), date(2023, 3, 1), date(2023, 12, 29))
"""Days on which stays end: in two years, so that late bills come and years are opened."""


@dataclass(frozen=True)
class Request:
    """What a clerk asks under a key; `target` is the number of the claim that is taken back."""

    key: str
    kind: Literal["settle", "reverse", "correct"]
    ask: Ask
    target: str = ""

    @property
    def digest(self) -> str:
        told = (self.kind, self.target, *(getattr(self.ask, name) for name in TOLD), self.amount)
        return hashlib.sha256(repr(told).encode()).hexdigest()

    @property
    def amount(self) -> int:
        return self.ask.bill.amounts["total"]

    def __str__(self) -> str:
        of = f" of {self.target}" if self.target else ""
        bill = f" {self.ask.claim_no} {self.ask.person_id} {self.amount}"
        return f"{self.key} {self.kind}{of}{bill if self.kind != 'reverse' else ''}"


Tell = Callable[[str], int]

TOLD = ("claim_no", "person_id", "visit", "institution_id", "discharged", "from_account", "episode")


@dataclass(frozen=True)
class Answer:
    """What a clerk was told; `rule` "": it was done.

    `first` is the step of the history at which this clerk asked first, `ended` that of the answer.
    """

    request: Request
    rule: str
    reply: str
    first: int
    ended: int


@dataclass
class Town:
    """What clerks know of each other: all that was asked, all that was answered."""

    asked: list[Request] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    settled: dict[str, int] = field(default_factory=dict)  # claim number: that of its settlement
    happened: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.office = office(*map(status, PERSONS))

    def draw(self, random: Random, name: str) -> Request:
        """Draw what a clerk asks next, under the key `name` unless it is another's."""
        what = random.choices(
            ("settle", "reverse", "correct", "again", "other body", "same number"),
            (5, 2, 1, 2, 1, 1),
        )[0]
        fresh = Request(name, "settle", draw_ask(random, f"C{name}"))
        if what in {"reverse", "correct"} and self.settled:
            fresh = replace(fresh, kind=what, target=random.choice(list(self.settled)))
        elif self.asked and what in {"again", "other body", "same number"}:
            other = random.choice(self.asked)
            if what == "again":
                fresh = other
            elif what == "other body":
                fresh = replace(fresh, key=other.key)
            else:
                at = {"claim_no": other.ask.claim_no, "institution_id": other.ask.institution_id}
                fresh = replace(fresh, ask=replace(fresh.ask, **at))
        self.happened[what] += 1
        self.asked.append(fresh)
        return fresh

    def clerk(self, database: Database, random: Random, name: str, tell: Tell) -> None:
        """Ask one thing after the other, each until it is answered; `tell` returns the step."""
        for number in range(OPERATIONS):
            request = self.draw(random, f"{name}{number}")
            first = tell(f"{name} asks {request}")
            while True:
                try:
                    rule, reply = self.send(database, request)
                except StoreError:
                    self.happened["outcomes unknown"] += 1
                    tell(f"{name} asks again")
                    continue
                ended = tell(f"{name} is told {rule or reply}")
                self.answers.append(Answer(request, rule, reply, first, ended))
                self.happened["refused" if rule else "done"] += 1
                self.happened[rule] += bool(rule)
                if random.random() >= LOST_REPLY:
                    break
                self.happened["replies lost"] += 1
                tell(f"{name} does not hear it and asks again")

    def send(self, database: Database, request: Request) -> tuple[str, str]:
        """Do what is asked as the service does; return by which rule it is refused, or its reply.

        Raises StoreError where the connection broke: whether it was done is not known then.
        """
        key = Key(CALLER, request.key, request.digest)
        told: list[str] = []

        def tell(done: Settled | TakenBack | Corrected) -> tuple[int, str]:
            told.append(reply_of(done))
            return 201, told[-1]

        def work(connection: Connection) -> object:
            own = {"actor": "clerk", "key": key, "tell": tell}
            if request.kind == "settle":
                return door.settle(connection, self.office, request.ask, intake.NO_PAPERS, **own)
            number = self.settled[request.target]
            if request.kind == "reverse":
                return intake.reverse(connection, self.office, number, **own)
            return door.correct(
                connection, self.office, number, request.ask, intake.NO_PAPERS, **own
            )

        try:
            done = database.run(work)
        except DeskError as refusal:
            return refusal.rule, ""
        reply = done.reply if isinstance(done, Replayed) else told[-1]
        if request.kind != "reverse":
            self.settled[request.ask.claim_no] = int(reply.split()[-3])
        self.happened["replayed"] += isinstance(done, Replayed)
        return "", reply


def draw_ask(random: Random, claim_no: str) -> Ask:
    """Draw a bill: a stay, perhaps a part of a longer one, or a visit."""
    stay = random.random() < 0.7
    last = random.choice(DAYS)
    return ask(
        claim_no,
        random.choice((80_00, 700_00, 5_000_01, 60_000_07, 300_000_00)),
        random.choice(PERSONS),
        visit="inpatient" if stay else "outpatient",
        institution_id=random.choice(("H1", "H2", "H3")),
        admitted=last - timedelta(days=7) if stay else last,
        discharged=last,
        episode=random.choice(("", "", f"E{last.year}")) if stay else "",
        from_account=random.choice((0, 50_00, 200_00)),
    )


def reply_of(done: Settled | TakenBack | Corrected) -> str:
    """Return what is answered, and kept under the key."""
    if isinstance(done, Corrected):
        return f"{reply_of(done.taken)} {reply_of(done.settled)}"
    if isinstance(done, TakenBack):
        return f"back {done.settlement_id} {done.account_balance}"
    return f"{done.settlement_id} {done.settlement.fund_pay} {done.account_balance}"
