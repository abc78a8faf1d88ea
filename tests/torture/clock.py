"""A clock that jumps, at turns of the calendar: the figures are those of a serial book.

Stays end on a leap day, at the end of a year and across it, and are settled before and after
midnight, by a clock that is moved a day forward and back between any two requests.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random

import databases
import psycopg
from desks import ask, office, register, status, tianjin

from torture import moved_clock
from torture.figures import Figure, How
from torture.races import out_of_balance
from yibao.agency.desk.model import Ask, DeskError, Key, Replayed, Settled
from yibao.agency.desk.office import Office
from yibao.agency.desk.recall import recall
from yibao.agency.desk.reverse import reverse, settlement_of
from yibao.agency.desk.settle import settle
from yibao.clock import CHINA
from yibao.settlement.book import Book
from yibao.settlement.enrolment import Enrolment
from yibao.settlement.model import Reversal
from yibao.store.database import Database
from yibao.store.sight import EVERYTHING

BILLS, SHORT = 5_000, 60
OF_A_PERSON = 10

TURNS = (
    datetime(2019, 12, 31, 23, 59, 59, tzinfo=CHINA),
    datetime(2020, 1, 1, 0, 0, 0, tzinfo=CHINA),
    datetime(2020, 2, 29, 12, tzinfo=CHINA),
    datetime(2020, 3, 1, 0, 0, 0, tzinfo=CHINA),
    datetime(2020, 12, 31, 23, 59, 59, tzinfo=CHINA),
)
JUMPS = (timedelta(days=-1), timedelta(0), timedelta(0), timedelta(seconds=1), timedelta(days=1))
ENDS = (date(2019, 12, 31), date(2020, 1, 1), date(2020, 1, 8), date(2020, 2, 29), date(2020, 3, 1))
LENGTHS = (0, 1, 12, 366)
WRONG = (
    "other figures than a serial book",
    "booked on another day than the clock's",
    "replies not repeated after the clock moved",
    "settled before the stay has ended",
)


def figures(how: How) -> Iterator[Figure]:
    """Settle bills by clocks at turns of the calendar, moved a day either way."""
    bills = SHORT if how.quick else BILLS
    persons = [f"P{n}" for n in range(bills // OF_A_PERSON)]
    wrong = Counter(dict.fromkeys(WRONG, 0))
    with databases.copy(how.url, "template") as url:
        with Database(url, sight=EVERYTHING) as database:
            register(database, *persons)
        address = moved_clock.install(url)
        with (
            Database(address, sight=EVERYTHING) as database,
            psycopg.connect(url, autocommit=True) as clock,
        ):
            desk = office(*map(status, persons))
            for number, person in enumerate(persons):
                wrong.update(one_person(database, clock, desk, person, Random(how.seed + number)))
            wrong["fen out of balance"] = out_of_balance(database)
    yield Figure("bills settled at turns of the calendar, by a clock that jumps", bills, wrong)


def one_person(
    database: Database, clock: psycopg.Connection, desk: Office, person: str, random: Random
) -> Counter[str]:
    """Settle bills of a person, take some back; return what is wrong."""
    wrong: Counter[str] = Counter()
    book = Book(tianjin(), Enrolment([status(person)]))
    for number in range(OF_A_PERSON):
        bill = draw(random, f"{person}-{number}", person)
        at = random.choice(TURNS) + random.choice(JUMPS)
        moved_clock.set_clock(clock, at)
        if bill.discharged > at.date():
            wrong["settled before the stay has ended"] += not refused(database, desk, bill)
            at = datetime.combine(bill.discharged, at.timetz())
            moved_clock.set_clock(clock, at)
        number_of, told = done(database, desk, bill)
        with database.transaction() as connection:
            row = settlement_of(connection, number_of)
            made = recall(desk, row)
        wrong["booked on another day than the clock's"] += row["settled_on"] != f"{at:%Y-%m-%d}"
        serial = book.settle(replace(made.claim, account_available=0))
        wrong["other figures than a serial book"] += serial.memory != made.memory
        moved_clock.set_clock(clock, at + random.choice(JUMPS))
        again = done(database, desk, bill)
        wrong["replies not repeated after the clock moved"] += again != (number_of, told)
        if random.random() < 0.3:
            with database.transaction() as connection:
                taken = reverse(connection, desk, number_of, actor="t")
            assert not isinstance(taken, Replayed)
            book.reverse(Reversal(str(taken.settlement_id), str(number_of), at))
    return wrong


def draw(random: Random, number: str, person: str) -> Ask:
    """Draw the bill of a stay that ends at a turn of the calendar."""
    last, fen = random.choice(ENDS), random.randrange(100_00, 60_000_00)
    first = last - timedelta(days=random.choice(LENGTHS))
    return ask(number, fen, person, admitted=first, discharged=last)


def refused(database: Database, desk: Office, bill: Ask) -> bool:
    """Tell whether a bill is refused for its days."""
    try:
        done(database, desk, bill)
    except DeskError as error:
        return error.rule == "days"
    return False


def done(database: Database, desk: Office, bill: Ask) -> tuple[int, str]:
    """Settle a bill under its number as key; return the settlement's number and the reply."""
    key = Key("t", bill.claim_no, "00" * 32)

    def tell(made: Settled) -> tuple[int, str]:
        return 201, f"{made.settlement_id} {made.settlement.fund_pay}"

    with database.transaction() as connection:
        made = settle(connection, desk, bill, actor="t", key=key, tell=tell)
    reply = made.reply if isinstance(made, Replayed) else tell(made)[1]
    return int(reply.split()[0]), reply
