"""Settle, take back, settle again, ten deep: each time the same figures, each time the same state.

Bills of a person who has others before and after it; some with money of the personal account.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any

import databases
from desks import ask, office, register, status

from torture.figures import Figure, How
from torture.races import out_of_balance, settled, taken_back
from yibao.agency.desk.model import Ask
from yibao.agency.desk.office import Office
from yibao.store.database import Database
from yibao.store.sight import EVERYTHING

CHAINS, SHORT, DEPTH = 200, 4, 10
ACCOUNT = 500_00

STATE = """
SELECT (SELECT jsonb_agg(jsonb_build_array(year, scheme, values, episodes - %(own)s::text[])
                         ORDER BY year, scheme)
        FROM desk.person_year WHERE person_id = %(person)s),
       (SELECT jsonb_agg(jsonb_build_array(year, given, values) ORDER BY year, given)
        FROM desk.opening WHERE person_id = %(person)s),
       (SELECT account_balance FROM enrolment.person_lock WHERE person_id = %(person)s),
       (SELECT jsonb_agg(jsonb_build_array(head, fund, party, fen) ORDER BY head, fund, party)
        FROM (SELECT head, fund, party, sum(fen) AS fen FROM ledger.posting
              JOIN ledger.account USING (account_id) GROUP BY 1, 2, 3) AS held WHERE fen <> 0)
"""


def figures(how: How) -> Iterator[Figure]:
    """Settle and take back in chains, each of a person of its own."""
    chains = SHORT if how.quick else CHAINS
    persons = [f"P{number}" for number in range(chains)]
    wrong = Counter({"states not restored": 0, "settled otherwise than before": 0})
    with (
        databases.copy(how.url, "template") as url,
        Database(url, sight=EVERYTHING, connections=1) as database,
    ):
        register(database, *persons, account=ACCOUNT)
        desk = office(*map(status, persons))
        for number, person in enumerate(persons):
            wrong.update(chain(database, desk, person, Random(how.seed + number)))
        wrong["fen out of balance"] = out_of_balance(database)
    yield Figure(f"settled again in chains of {DEPTH}", chains * DEPTH, wrong)


def chain(database: Database, desk: Office, person: str, random: Random) -> Counter[str]:
    """Settle what comes before, then settle and take back ten deep; return what is wrong."""
    for number in range(random.randrange(3)):
        settled(database, desk, draw(random, f"{person}-before-{number}", person))
    wrong: Counter[str] = Counter()
    bill = draw(random, "", person)
    own: list[str] = []
    with_it, without, memories = [], [], []
    for number in range(DEPTH + 1):
        made = settled(database, desk, replace(bill, claim_no=f"{person}-{number}"))
        memories.append((made.settlement.memory, made.settlement.account_pay))
        own.append(f"-{made.settlement_id}")
        with_it.append(state(database, person, own))
        taken_back(database, desk, made.settlement_id)
        without.append(state(database, person, own))
    wrong["states not restored"] = sum(
        one != found[0] for found in (with_it, without) for one in found[1:]
    )
    wrong["settled otherwise than before"] = sum(one != memories[0] for one in memories[1:])
    return wrong


def draw(random: Random, number: str, person: str) -> Ask:
    """Draw a bill of one of two years; some are parts of a longer stay."""
    last = random.choice((date(2022, 12, 28), date(2023, 6, 1)))
    stay = random.random() < 0.7
    return ask(
        number,
        random.choice((80_00, 700_00, 5_000_01, 60_000_07)),
        person,
        visit="inpatient" if stay else "outpatient",
        institution_id=random.choice(("H1", "H2", "H3")),
        admitted=last - timedelta(days=7) if stay else last,
        discharged=last,
        episode=random.choice(("", f"E{last.year}")) if stay else "",
        from_account=random.choice((0, 100_00)),
    )


def state(database: Database, person: str, own: list[str]) -> Any:
    """Return what is remembered and owed; not under which numbers a settlement was an episode."""
    with database.transaction() as connection:
        return connection.execute(STATE, {"person": person, "own": own}).fetchone()
