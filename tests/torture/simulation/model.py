"""What must be true after any history: that it is some serial one, and every answer true of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from desks import status, tianjin

from torture.simulation.town import ACCOUNT, CALLER, PERSONS, Answer, Request, Town
from yibao.agency.desk.recall import recall
from yibao.agency.desk.state import opening_rows, year_row
from yibao.agency.reconcile.books import verify
from yibao.ledger.balance import balance, trial_balance
from yibao.ledger.chart import Account
from yibao.ledger.funds import PERSONAL
from yibao.settlement.book import Book
from yibao.settlement.enrolment import Enrolment
from yibao.settlement.model import Reversal
from yibao.store.database import Connection, Database

Row = Mapping[str, Any]


def wrong(database: Database, town: Town) -> list[str]:
    """Return everything that is wrong after a history: nothing, or a line for each."""
    with database.transaction() as connection:
        rows = [row for (row,) in connection.execute(ROWS)]
        done = dict(kept(connection, town))
        found = [*answers(connection, town, done), *effects(rows, done), *order(town, rows)]
        if not found:  # else the serial history has no beginning
            for person in PERSONS:
                found += serial(
                    connection, town, done, [r for r in rows if r["person_id"] == person]
                )
        found += ledger(connection, rows)
    with database.transaction() as connection:
        found += [f"books: {finding}" for finding in verify(connection)]
    return found


ROWS = "SELECT to_jsonb(s) FROM desk.settlement AS s ORDER BY settlement_id"


def kept(connection: Connection, town: Town) -> Iterator[tuple[str, Request]]:
    """Yield for each key the request that was done under it."""
    asked = {(request.key, request.digest): request for request in town.asked}
    for key, digest in connection.execute(
        "SELECT key, encode(digest, 'hex') FROM ops.request WHERE caller = %s ORDER BY 1", (CALLER,)
    ):
        yield key, asked[key, digest]


def answers(connection: Connection, town: Town, done: Mapping[str, Request]) -> Iterator[str]:
    """Hold what clerks were told against what is kept under the keys."""
    replies = dict(
        connection.execute("SELECT key, reply FROM ops.request WHERE caller = %s", (CALLER,))
    )
    taken = {request.target for request in done.values() if request.kind != "settle"}
    numbers = {r.ask.claim_no: key for key, r in done.items() if r.kind != "reverse"}
    for answer in town.answers:
        request, own = answer.request, done.get(answer.request.key)
        same = own is not None and own.digest == request.digest
        true = {
            "": same and replies[request.key] == answer.reply,
            "key_used": own is not None and not same,
            "reversed": request.target in taken and not same,
            "claim_no_used": numbers.get(request.ask.claim_no, request.key) != request.key,
        }
        if not true.get(answer.rule, False):
            yield f"{request} was told {answer.rule or answer.reply}; kept is {own}"
    for key in done.keys() - {a.request.key for a in town.answers if not a.rule}:
        yield f"{key} was done and nobody was told"


def effects(rows: list[Row], done: Mapping[str, Request]) -> Iterator[str]:
    """Hold what was written against what was asked under the keys: each once, nothing else."""
    expected: Counter[tuple[str, str]] = Counter()
    for request in done.values():
        if request.kind != "reverse":
            expected["settlement", request.ask.claim_no] += 1
        if request.kind != "settle":
            expected["reversal", request.target] += 1
    found = Counter((row["kind"], row["claim_no"]) for row in rows)
    for one in (expected - found).elements():
        yield f"lost: {' '.join(one)}"
    for one in (found - expected).elements():
        yield f"too much: {' '.join(one)}"


def order(town: Town, rows: list[Row]) -> Iterator[str]:
    """What was asked after another was answered comes after it, for one person."""
    at = {row["claim_no"]: row["settlement_id"] for row in rows if row["kind"] == "settlement"}
    made = [a for a in town.answers if not a.rule and a.request.kind == "settle"]
    for one in made:
        for other in made:
            a, b = one.request.ask, other.request.ask
            later = a.person_id == b.person_id and one.ended < first_asked(made, other)
            if later and at.get(a.claim_no, 0) > at.get(b.claim_no, 0):
                yield f"{b.claim_no} stands before {a.claim_no}, which was answered earlier"


def first_asked(made: list[Answer], answer: Answer) -> int:
    """Return the step at which what was answered was first asked."""
    return min(a.first for a in made if a.request == answer.request)


def serial(
    connection: Connection, town: Town, done: Mapping[str, Request], rows: list[Row]
) -> Iterator[str]:
    """Do a person's history again, one after the other, and compare every figure to the fen."""
    if not rows:
        return
    person = rows[0]["person_id"]
    book = Book(tianjin(), Enrolment([status(person)]))
    asked = {r.ask.claim_no: r.ask for r in done.values() if r.kind != "reverse"}
    account = ACCOUNT
    for row in rows:
        if row["kind"] == "reversal":
            number, at = str(row["settlement_id"]), datetime.fromisoformat(row["settled_at"])
            book.reverse(Reversal(number, str(row["reverses"]), at))
            account += row["account_pay"]
            continue
        ask = asked[row["claim_no"]]
        claim = recall(town.office, row).claim
        made = book.settle(replace(claim, account_available=min(ask.from_account, account)))
        account -= made.account_pay
        one = (ask.bill.amounts["total"], made.memory, made.account_pay, made.cash_pay)
        other = (row["total"], row["memory"], row["account_pay"], row["cash_pay"])
        if one != other:
            yield f"{person} {ask.claim_no}: one after the other {one}, found {other}"
    yield from states(connection, town, book, person, account)


def states(
    connection: Connection, town: Town, book: Book, person: str, account: int
) -> Iterator[str]:
    """Compare what is remembered of a person with what a serial history leaves."""
    names, record = town.office.names, book._record(person)
    years = [year_row(names, person, *key, state) for key, state in record.years.items()]
    openings = opening_rows(names, person, record)
    for table, expected in (("person_year", years), ("opening", openings)):
        asked = f"SELECT to_jsonb(t) FROM desk.{table} AS t WHERE person_id = %s"
        found = [row for (row,) in connection.execute(asked.encode(), (person,))]
        if in_order(found) != in_order(expected):
            yield f"{person} {table}: one after the other {expected}, found {found}"
    row = connection.execute(
        "SELECT account_balance FROM enrolment.person_lock WHERE person_id = %s", (person,)
    ).fetchone()
    booked = -balance(connection, Account("account_balance", PERSONAL, person))
    if row != (account,) or booked != account:
        yield f"{person}: an account of {account} fen, found {row}, in the ledger {booked}"


def in_order(rows: Sequence[Row]) -> list[str]:
    """Return rows as texts that are equal where the rows are."""
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


def ledger(connection: Connection, rows: list[Row]) -> Iterator[str]:
    """The ledger balances; each settlement has its entry and its line of the audit log, once."""
    gap = sum(line.balance for line in trial_balance(connection))
    if gap:
        yield f"the ledger is {gap} fen out of balance"
    for table in ("ledger.entry", "ops.audit"):
        subjects = Counter(
            subject
            for (subject,) in connection.execute(
                f"SELECT subject FROM {table} WHERE subject LIKE 'settlement:%'".encode()
            )
        )
        expected = Counter(f"settlement:{row['settlement_id']}" for row in rows)
        if subjects != expected:
            yield f"{table}: {subjects - expected} too much, {expected - subjects} lost"
