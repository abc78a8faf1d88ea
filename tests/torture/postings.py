"""The sum of all postings after many claims is 0, and every book agrees with the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from random import Random

import databases
from desks import ask, open_town, tianjin

from torture.figures import Figure, How
from torture.races import out_of_balance, settled
from yibao.agency.desk.load import Load, load
from yibao.agency.desk.office import Office
from yibao.agency.desk.recall import recall
from yibao.agency.desk.registers import REGISTERS
from yibao.agency.desk.reverse import settlement_of
from yibao.agency.reconcile.books import verify
from yibao.clock import CHINA
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.model import Claim
from yibao.store.database import Database
from yibao.store.sight import EVERYTHING

CLAIMS, SHORT = 1_000_000, 2_000
LOADS = 10
CLAIMS_OF_A_PERSON = 25
FIRST = date(2022, 1, 1)
DAYS = 730
ACCOUNT = 500_00


def figures(how: How) -> Iterator[Figure]:
    """Load claims of two years in ten loads, in the order of time."""
    number, random = SHORT if how.quick else CLAIMS, Random(how.seed)
    persons = [f"P{n}" for n in range(number // CLAIMS_OF_A_PERSON)]
    with databases.copy(how.url, "template") as url, Database(url, sight=EVERYTHING) as database:
        open_town(database, *persons, "model", account=ACCOUNT)
        office = Office(tianjin(), REGISTERS)
        models = [model(database, office, visit) for visit in ("inpatient", "outpatient")]
        for part in range(LOADS):
            claims = drawn(random, models, persons, part, number // LOADS)
            with database.transaction() as connection:
                load(connection, office, Load(f"part {part}", "x", claims), actor="torture")
        wrong = Counter({"fen out of balance": out_of_balance(database), "lost": number})
        with database.transaction() as connection:
            row = connection.execute(
                "SELECT count(*) FROM desk.settlement WHERE person_id <> 'model'"
            ).fetchone()
            wrong["lost"] -= row[0] if row else 0
        with database.transaction() as connection:
            wrong["disagreements of the books"] = len(verify(connection))
    yield Figure("claims settled and booked, in ten loads", number, wrong)


def model(database: Database, office: Office, visit: str) -> Claim:
    """Settle a bill at the desk and return its claim, from which others are made."""
    at = "H3" if visit == "inpatient" else "H1"
    made = settled(
        database, office, ask(f"model-{visit}", 1_00, "model", visit=visit, institution_id=at)
    )
    with database.transaction() as connection:
        return recall(office, settlement_of(connection, made.settlement_id)).claim


def drawn(
    random: Random, models: Sequence[Claim], persons: Sequence[str], part: int, number: int
) -> list[Claim]:
    """Draw claims of one part of the two years."""
    names, days = vocabulary().amounts, DAYS // LOADS
    claims = []
    for n in range(number):
        last = FIRST + timedelta(days=part * days + random.randrange(days))
        of = random.choice(models)
        stay = timedelta(days=random.randrange(1, 20)) if of is models[0] else timedelta()
        total = int(10 ** random.uniform(3, 7))
        outside = total // random.randrange(2, 20)
        amounts = {"total": total, "out_of_catalogue": outside, "in_scope": total - outside}
        claims.append(
            replace(
                of,
                claim_id=f"C{part}-{n}",
                person_id=random.choice(persons),
                admitted=last - stay,
                discharged=last,
                settled_at=datetime.combine(last, time(8 + random.randrange(12)), CHINA),
                amounts=tuple(amounts.get(name, 0) for name in names),
                account_available=random.choice((0, 0, 100_00)),
            )
        )
    return claims
