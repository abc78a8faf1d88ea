"""Take a settlement back, once: money, account and state are as they would be without it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from yibao.agency.desk.model import DeskError, Key, Replayed
from yibao.agency.desk.office import Office
from yibao.agency.desk.postings import transfers_of
from yibao.agency.desk.settle import Opened, already_reversed, open_person, request_row, write
from yibao.agency.desk.state import opening_rows, record_of, values_of, year_row
from yibao.ledger.entries import Transfer
from yibao.settlement.book import Book
from yibao.settlement.enrolment import Enrolment
from yibao.settlement.executor import own_episode
from yibao.store.database import Connection

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class TakenBack:
    """A reversal as booked: its own number, and the row of the settlement that it takes back."""

    settlement_id: int
    settlement: Row
    account_balance: int


Tell = Callable[[TakenBack], tuple[int, str]]


def settlement_of(connection: Connection, number: int) -> Row:
    """Return a settlement's row as JSON has it; raises DeskError where there is none."""
    found = connection.execute(
        "SELECT to_jsonb(s) FROM desk.settlement AS s WHERE settlement_id = %s", (number,)
    ).fetchone()
    if found is None or found[0]["kind"] != "settlement":
        raise DeskError("known_settlement", "settlement_id", str(number), "a settlement")
    row: Row = found[0]
    return row


def reverse(
    connection: Connection,
    office: Office,
    number: int,
    *,
    actor: str,
    key: Key | None = None,
    tell: Tell | None = None,
) -> TakenBack | Replayed:
    """Take a settlement back; with a `key`, `tell` says what to answer and to keep under it.

    Raises DeskError for a settlement that is not there or was taken back before.
    """
    row = settlement_of(connection, number)  # it never changes, so it may be read before the lock
    opened = open_person(connection, row["person_id"], key)
    if isinstance(opened, Replayed):
        return opened
    if is_reversed(connection, number):
        raise already_reversed(number)
    balance = opened["account_balance"] + row["account_pay"]
    taken = TakenBack(opened["settlement_id"], row, balance)
    document = _document(connection, office, row, opened, actor)
    if row["account_pay"]:
        document["account_balance"] = balance
    if key is not None:
        assert tell is not None
        document["request"] = request_row(key, *tell(taken))
    write(connection, document)
    return taken


def is_reversed(connection: Connection, number: int) -> bool:
    """Tell whether a settlement was taken back."""
    found = connection.execute(
        "SELECT FROM desk.reversed WHERE settlement_id = %s", (number,)
    ).fetchone()
    return found is not None


def _document(
    connection: Connection, office: Office, row: Row, opened: Opened, actor: str
) -> dict[str, Any]:
    person, scheme, year = row["person_id"], row["scheme"], int(row["day"][:4])
    record = record_of(office.names, opened["years"], opened["openings"])
    before = opening_rows(office.names, person, record)
    book = Book(office.policy, Enrolment(), executor=office.executor, records={person: record})
    book.take_back(
        person,
        (scheme, year),
        row["episode"] or own_episode(str(row["settlement_id"])),
        values_of(office.names.all, row["added"]),
        shared=_shares_episode(connection, row),
    )
    back = [Transfer(t.credit, t.debit, t.fen) for t in transfers_of(row)]
    state = record.years[scheme, year]
    document: dict[str, Any] = {
        "settlement": {
            **row,
            "settlement_id": opened["settlement_id"],
            "settled_on": opened["now"][:10],
            "settled_at": opened["now"],
            "kind": "reversal",
            "reverses": row["settlement_id"],
            "entry_id": opened["entry_id"],
            "actor": actor,
        },
        "transfers": office.transfer_rows(connection, back),
        "years": [year_row(office.names, person, scheme, year, state)],
    }
    openings = opening_rows(office.names, person, record)
    if openings != before:
        document["openings"] = openings
    return document


def _shares_episode(connection: Connection, row: Row) -> bool:
    """Tell whether another standing claim of the same year bears the episode's admission.

    It may be of another institution: the database looks at everybody's.
    """
    if not row["episode"]:
        return False
    found = connection.execute(
        "SELECT desk.shares_episode(%(settlement_id)s, %(person_id)s, %(episode)s, %(scheme)s, "
        "%(day)s::date)",
        row,
    ).fetchone()
    return found == (True,)
