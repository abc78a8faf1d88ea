"""SIGKILL of the service before and after each exchange of a request with the database.

Bills are settled, taken back, corrected and reimbursed; at each of them the process that serves is
killed at one step, on a real database, while two others settle bills of other persons. Whoever got
no reply sends the request again under its key: then it is done, once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, count
from typing import Any

import databases
import psycopg
from desks import register
from services import bill

from torture.figures import Figure, How
from torture.mortal import Bystander, Caller, Service, at_work, serving
from yibao.store.database import Database
from yibao.store.sight import EVERYTHING

KILLS = 1_000
VICTIM, OTHERS = "P1", ("P2", "P3")
ACCOUNT = 10_000_000_00
FROM_ACCOUNT = 10_00

SETTLED = Counter(settled=1, entries=1, audits=1, keys=1, admissions=1, balance=-FROM_ACCOUNT)
TAKEN = Counter(reversed=1, entries=1, audits=1, keys=1, admissions=-1, balance=FROM_ACCOUNT)
EFFECTS = {
    "settle": SETTLED,
    "reverse": TAKEN,
    "correct": Counter(settled=1, reversed=1, entries=2, audits=2, keys=1),
    "reimburse": Counter(settled=1, entries=1, audits=1, keys=1, admissions=1),
}
"""What each request adds to what there is, once it is done."""

WRONG = ("lost", "done by half", "duplicated", "unbalanced", "done other than by the commit")

KEPT = """
WITH own AS (SELECT * FROM desk.settlement WHERE person_id = %(person)s)
SELECT (SELECT count(*) FROM own WHERE kind = 'settlement') AS settled,
       (SELECT count(*) FROM desk.reversed JOIN own USING (settlement_id)) AS reversed,
       (SELECT count(*) FROM ledger.entry AS e WHERE EXISTS (SELECT FROM own
        WHERE e.subject = 'settlement:' || settlement_id)) AS entries,
       (SELECT count(*) FROM ops.audit AS a WHERE EXISTS (SELECT FROM own
        WHERE a.subject = 'settlement:' || settlement_id)) AS audits,
       (SELECT count(*) FROM ops.request WHERE caller = %(person)s) AS keys,
       (SELECT account_balance FROM enrolment.person_lock
        WHERE person_id = %(person)s) AS balance,
       (SELECT coalesce(sum((values->>'admissions')::int), 0) FROM desk.person_year
        WHERE person_id = %(person)s)::int AS admissions
"""
UNBALANCED = "SELECT coalesce(sum(fen), 0) <> 0 FROM ledger.posting"


@dataclass(frozen=True)
class Death:
    """A kill: at which step of what, and what is wrong after it."""

    what: str
    wish: str
    wrong: Counter[str]


def figures(how: How) -> Iterator[Figure]:
    """Kill once at each step of each request, or until it was done a thousand times."""
    with databases.copy(how.url, "template") as url:
        with Database(url, sight=EVERYTHING) as database:
            register(database, VICTIM, *OTHERS, account=ACCOUNT)
        with serving(url, VICTIM, *OTHERS) as service:
            yield figure(service, url, 1 if how.quick else KILLS)


def figure(service: Service, url: str, wanted: int) -> Figure:
    """Kill so many times at least, and each step of each request as often as any other."""
    others = [Bystander(service, p, bill("", "500.00", visit="outpatient")) for p in OTHERS]
    deaths: list[Death] = []
    with psycopg.connect(url, autocommit=True) as connection:
        with at_work(others):
            while len(deaths) < wanted:
                deaths += sweep(service, connection)
        wrong = Counter(dict.fromkeys(WRONG, 0))
        for death in deaths:
            wrong.update(death.wrong)
        for one in others:
            wrong["lost"] += one.lost()
            found = kept(connection, one.person)["settled"]
            wrong["duplicated"] += abs(found - len(one.acknowledged))
        wrong["unbalanced"] += unbalanced(connection)
    steps = len({(death.what, death.wish) for death in deaths})
    beside = sum(len(one.acknowledged) for one in others)
    what = f"SIGKILL of the service, at {steps} steps of {', '.join(EFFECTS)}"
    return Figure(f"{what}, while {beside:,} bills of others are settled", len(deaths), wrong)


numbers = count(1)


def sweep(service: Service, connection: psycopg.Connection[Any]) -> Iterator[Death]:
    """Kill at every step of every kind of request, once each."""
    for what in EFFECTS:
        for wish in chain(["reply"], (str(sign * step) for step in count(1) for sign in (1, -1))):
            death = kill(service, connection, what, wish)
            if death is None:
                break  # there are not so many steps
            yield death


def kill(
    service: Service, connection: psycopg.Connection[Any], what: str, wish: str
) -> Death | None:
    """Send a request that kills the service at a step, then again; None: no such step."""
    number = next(numbers)
    target, body = request(service, what, number)
    headers = {"X_Actor": VICTIM, "Idempotency_Key": f"{what}-{number}"}
    before = kept(connection)
    while True:
        reply = service.ask("POST", target, body, **headers, X_Die=wish)
        if reply is None or reply.status != 503:
            break
    if reply is not None:
        return None
    committed = service.died() in {"reply", "after _commit_gen"}
    after, done = kept(connection), Counter(before)
    done.update(EFFECTS[what])
    wrong = Counter({"done by half": int(after not in (before, done))})
    wrong["done other than by the commit"] = int((after == done) != committed)
    first, second = (service.answered("POST", target, body, **headers) for _ in range(2))
    same = (first.status, first.body) == (201, second.body)
    wrong.update(compare(done, kept(connection)))
    wrong["lost"] += not same
    wrong["unbalanced"] += unbalanced(connection)
    return Death(what, wish, wrong)


def request(service: Caller, what: str, number: int) -> tuple[str, Any]:
    """Return address and body of a request; what it takes back is settled first."""
    body: Any = bill(f"A{number}", "1000.00", from_account="10.00")
    if what == "settle":
        return "/desk/settlements", body
    if what == "reimburse":
        del body["from_account"]
        invoice = {"code": "12002", "number": f"{number:08}", "amount": "1000.00"}
        return "/desk/reimbursements", {**body, "invoices": [invoice]}
    first = {**body, "claim_no": f"B{number}"}
    named = {"X_Actor": VICTIM, "Idempotency_Key": f"first-{number}"}
    made = service.answered("POST", "/desk/settlements", first, **named)
    assert made.status == 201, made.body
    target = f"/desk/settlements/{made.json['settlement_id']}"
    return (f"{target}/reversal", None) if what == "reverse" else (f"{target}/correction", body)


def kept(connection: psycopg.Connection[Any], person: str = VICTIM) -> Counter[str]:
    """Return how much there is of a person: settlements, entries, keys …, the account."""
    with connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
        row = cursor.execute(KEPT, {"person": person}).fetchone()
    assert row is not None
    return Counter(row)


def unbalanced(connection: psycopg.Connection[Any]) -> bool:
    """Tell whether the postings of the ledger do not add up to 0."""
    row = connection.execute(UNBALANCED).fetchone()
    return row != (False,)


def compare(expected: Counter[str], found: Counter[str]) -> Counter[str]:
    """Return what is lost, what there is twice, and whether the account is another."""
    counted = expected.keys() - {"balance", "admissions"}
    return Counter(
        {
            "lost": sum(found[name] < expected[name] for name in counted),
            "duplicated": sum(found[name] > expected[name] for name in counted),
            "unbalanced": any(found[n] != expected[n] for n in ("balance", "admissions")),
        }
    )
