"""One changed byte in the audit log is found, wherever it is; so is a row that is gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import databases
import psycopg
from desks import ask, office, register, status

from torture.figures import Figure, How
from torture.races import settled, taken_back
from yibao.store.audit import heads, verify
from yibao.store.database import Database
from yibao.store.sight import EVERYTHING

CHANGES, SHORT = 2_000, 60
BILLS = 40
PERSONS = ("P1", "P2", "P3")

TEXTS = ("actor", "action", "subject")
CHANGE = {
    **{name: f"{name} = overlay({name} placing chr(%(code)s) from %(at)s for 1)" for name in TEXTS},
    "detail": "detail = jsonb_set(detail, '{changed}', to_jsonb(%(code)s::int))",
    "at": "at = at + interval '1 microsecond'",
    "hash": "hash = set_byte(hash, %(at)s - 1, get_byte(hash, %(at)s - 1) # 1)",
}
"""How one byte of a column is changed; a settlement's subject has more than ten of them."""


def figures(how: How) -> Iterator[Figure]:
    """Write a log by settling and taking back, then change one thing after the other in it."""
    random = Random(how.seed)
    with databases.copy(how.url, "template") as url, Database(url, sight=EVERYTHING) as database:
        register(database, *PERSONS, account=100_00)
        desk = office(*map(status, PERSONS))
        for number in range(BILLS):
            made = settled(database, desk, ask(f"A{number}", 500_00, random.choice(PERSONS)))
            if random.random() < 0.3:
                taken_back(database, desk, made.settlement_id)
        with psycopg.connect(url) as owner:
            yield changes(owner, random, SHORT if how.quick else CHANGES)


def changes(owner: psycopg.Connection[Any], random: Random, number: int) -> Figure:
    """Change a byte or take away a row, look, and put it back."""
    noted = heads(owner)
    wrong = Counter({"not found": 0, "false alarms": len(verify(owner, noted).broken)})
    ids = [one for (one,) in owner.execute("SELECT audit_id FROM ops.audit ORDER BY 1")]
    for _ in range(number):
        one = random.choice(ids)
        with owner.transaction(force_rollback=True):
            owner.execute("ALTER TABLE ops.audit DISABLE TRIGGER ALL")
            spoil(owner, random, one)
            wrong["not found"] += not verify(owner, noted).broken
    wrong["false alarms"] += len(verify(owner, noted).broken)
    what = f"bytes changed and rows taken away in an audit log of {len(ids)} rows"
    return Figure(what, number, wrong)


def spoil(owner: psycopg.Connection[Any], random: Random, row: int) -> None:
    """Change one byte of a row, or take it away."""
    column = random.choice([*CHANGE, "row"])
    query = "DELETE FROM ops.audit" if column == "row" else f"UPDATE ops.audit SET {CHANGE[column]}"
    given = {"id": row, "at": random.randrange(1, 9), "code": random.choice((0x21, 0x7E, 0x4E2D))}
    owner.execute(f"{query} WHERE audit_id = %(id)s".encode(), given)
