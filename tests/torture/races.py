"""Many at once at the desk: whatever comes at one time is as if it had come one after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from random import Random
from threading import Barrier
from typing import TypeVar

import databases
from desks import ask, office, register, status, tianjin

from torture.figures import Figure, How
from yibao.agency.desk.model import Ask, DeskError, Settled
from yibao.agency.desk.office import Office
from yibao.agency.desk.reverse import reverse
from yibao.agency.desk.settle import settle
from yibao.ledger.balance import trial_balance
from yibao.settlement.book import Book
from yibao.settlement.enrolment import Enrolment
from yibao.store.database import Database
from yibao.store.sight import EVERYTHING

T = TypeVar("T")

CLAIMS, PERSONS, RACES = 64, 20, 500
ROUNDS = 20


def figures(how: How) -> Iterator[Figure]:
    """Let bills of one person come at once, and settlements be taken back by two at once."""
    rounds = 1 if how.quick else ROUNDS
    for tried in (claims, reversals):
        with (
            databases.copy(how.url, "template") as url,
            Database(url, sight=EVERYTHING, connections=16) as database,
        ):
            yield tried(database, Random(how.seed), rounds)


def claims(database: Database, random: Random, rounds: int) -> Figure:
    """Settle bills of one person at three hospitals at once; each figure is that of some order."""
    wrong = Counter({"not settled": 0, "other figures than one after the other": 0})
    for number in range(rounds):
        person = f"P{number}"
        register(database, person)
        desk = office(status(person))
        asked = [draw(random, f"{person}-{n}", person) for n in range(CLAIMS)]
        works = [partial(settled, database, desk, one) for one in asked]
        found = [f for f in at_once(works) if isinstance(f, Settled)]
        book = Book(tianjin(), Enrolment([status(person)]))
        in_order = sorted(found, key=lambda f: f.settlement_id)
        serial = [book.settle(f.settlement.claim) for f in in_order]
        wrong["not settled"] += CLAIMS - len(found)
        wrong["other figures than one after the other"] += sum(
            one.memory != f.settlement.memory for one, f in zip(serial, in_order, strict=True)
        )
    wrong["fen out of balance"] = out_of_balance(database)
    what = f"bills of one person at three hospitals, {CLAIMS} at once"
    return Figure(what, rounds * CLAIMS, wrong)


def draw(random: Random, number: str, person: str) -> Ask:
    """Draw the bill of a stay."""
    fen = random.randrange(100_00, 20_000_00)
    return ask(number, fen, person, institution_id=random.choice(("H1", "H2", "H3")))


def reversals(database: Database, _: Random, rounds: int) -> Figure:
    """Take each of many settlements back twice at once: one of the two does it."""
    persons = [f"R{n}" for n in range(PERSONS)]
    register(database, *persons)
    desk = office(*map(status, persons))
    visit = {"visit": "outpatient", "institution_id": "H1"}
    wrong = Counter({"taken back twice or not": 0, "refused for another reason": 0})
    for number in range(rounds):
        made = [
            settled(database, desk, ask(f"{number}-{n}", 500_00 + n, persons[n % PERSONS], **visit))
            for n in range(RACES)
        ]
        works = [partial(taken_back, database, desk, one.settlement_id) for one in made]
        found = at_once([work for work in works for _ in range(2)])
        wrong["taken back twice or not"] += abs(RACES - found.count(True))
        rules = Counter(f.rule for f in found if isinstance(f, DeskError))
        wrong["refused for another reason"] += rules.total() - rules["reversed"]
        wrong["taken back twice or not"] += abs((number + 1) * RACES - count(database))
    wrong["years not as before"] = changed(database)
    wrong["fen out of balance"] = out_of_balance(database)
    return Figure("reversals, each raced by another", rounds * RACES, wrong)


def settled(database: Database, desk: Office, one: Ask) -> Settled:
    """Settle a bill in a transaction of its own."""
    with database.transaction() as connection:
        made = settle(connection, desk, one, actor="t")
    assert isinstance(made, Settled)
    return made


def taken_back(database: Database, desk: Office, number: int) -> bool:
    """Take a settlement back in a transaction of its own."""
    with database.transaction() as connection:
        reverse(connection, desk, number, actor="t")
    return True


def at_once(works: Sequence[Callable[[], T]], workers: int = 16) -> list[T | DeskError]:
    """Run works in threads that begin together; return what each gave or raised."""
    start = Barrier(min(workers, len(works)))

    def run(number: int) -> T | DeskError:
        if number < start.parties:
            start.wait()
        try:
            return works[number]()
        except DeskError as error:
            return error

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(run, range(len(works))))


def count(database: Database, table: str = "desk.reversed") -> int:
    """Return how many rows a table has."""
    with database.transaction() as connection:
        row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
        assert row is not None
        return int(row[0])


def changed(database: Database) -> int:
    """Return how many persons' years are not as they were opened."""
    query = "desk.person_year AS y JOIN desk.opening AS o USING (person_id, year)"
    return count(database, f"{query} WHERE y.values <> o.values")


def out_of_balance(database: Database) -> int:
    """Return by how many fen the ledger is out of balance."""
    with database.transaction() as connection:
        return abs(sum(line.balance for line in trial_balance(connection)))
