"""Whom rows are about: which columns are sealed, as what, and how their rows are found.

A sealed value belongs to its row: it is sealed as of column and row, so one that was put into
another row does not open. Where a row is known by a number that the database gives it, the number
is drawn first (`numbers`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

from yibao.store.database import Connection
from yibao.store.vault import Vault, vault


@dataclass(frozen=True, slots=True)
class Sealed:
    """A table with sealed columns, and the expression that tells whose they are.

    `at_once` is how many rows are sealed anew in one transaction.
    """

    table: LiteralString
    columns: Sequence[str]
    owner: LiteralString
    at_once: int = 500

    def about(self, column: str, owner: str | bytes | int) -> str:
        """Return what a value is of."""
        told = owner.hex() if isinstance(owner, bytes) else owner
        return f"{self.table}.{column}:{told}"

    def seal(self, safe: Vault, column: str, owner: str | bytes | int, text: str) -> bytes:
        """Return a value sealed."""
        return safe.seal(text, self.about(column, owner))

    def open(self, safe: Vault, column: str, owner: str | bytes | int, box: bytes) -> str:
        """Return what a value says; raises StoreError."""
        return safe.open(box, self.about(column, owner))

    def seal_told(self, safe: Vault, owner: int, told: Mapping[str, Any]) -> bytes:
        """Return the column `says` sealed: what JSON knows, no bytes for nothing."""
        return self.seal(safe, SAYS, owner, json.dumps(told, ensure_ascii=False) if told else "")

    def open_told(self, safe: Vault, owner: int, box: bytes) -> dict[str, Any]:
        """Return what the column `says` says; raises StoreError."""
        text = self.open(safe, SAYS, owner, box)
        told: dict[str, Any] = json.loads(text) if text else {}
        return told


SAYS = "says"

PERSON = Sealed("enrolment.person", ("identity_number", "name", "phone"), "person_id")
ELSEWHERE = Sealed("enrolment.elsewhere", ("identity_number",), "identity_index")
GAP = Sealed("matching.gap", ("identity_number", "name"), "identity_index")

VISIT = Sealed("visits.visit", (SAYS,), "visit_id")
FEE = Sealed("visits.fee", (SAYS,), "fee_id")
ACCIDENT = Sealed("filing.accident", ("place", "cause", SAYS), "accident_id")
MOVEMENT = Sealed("stock.movement", (SAYS,), "movement_id")
LIST = Sealed("desk.settlement_list", (SAYS,), "list_id")
FILE = Sealed("ops.file", ("name", "content"), "number", at_once=8)

REFERRAL = Sealed("filing.referral", ("reason",), "referral_id")
REMOTE = Sealed("filing.remote", ("reason",), "remote_id")
CANCELLATION = Sealed("filing.cancellation", ("reason",), "kind || ' ' || filing_id")
AUDITED = Sealed("dispensing.audited", ("reason",), "prescription_id")
DELIVERY = Sealed("dispensing.delivery", ("stable", "immobile", "address"), "delivery_id")
STEP = Sealed("dispensing.delivery_step", ("told_by",), "delivery_id || ' ' || step")
CHOICE = Sealed("filing.choice", ("residence",), "choice_id")
DECISION = Sealed("qualification.decision", ("reason",), "application_id")
REVIEW = Sealed("qualification.review", ("reason",), "review_id")
ANSWER = Sealed("review.answer", ("reason",), "answer_id")
PAIR = Sealed("matching.decision", ("reason",), "decision_id")
GAP_STEP = Sealed("matching.gap_step", ("note", "proof"), "step_id")

TABLES = (
    *(PERSON, ELSEWHERE, GAP, VISIT, FEE, ACCIDENT, MOVEMENT, LIST, FILE),
    *(REFERRAL, REMOTE, CANCELLATION, AUDITED, DELIVERY, STEP, CHOICE),
    *(DECISION, REVIEW, ANSWER, PAIR, GAP_STEP),
)


def numbers(connection: Connection, table: Sealed, count: int = 1) -> list[int]:
    """Return numbers for rows that are yet to be written, so that they can be sealed as theirs.

    They are written with OVERRIDING SYSTEM VALUE.
    """
    rows = connection.execute(
        "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
        (table.table, table.owner, count),
    ).fetchall()
    return [number for (number,) in rows]


def identity_index(connection: Connection, number: str | None) -> bytes | None:
    """Return the blind index of an identity number, None of none; raises StoreError."""
    return None if number is None else index_of(vault(connection), number)


def index_of(safe: Vault, number: str) -> bytes:
    """Return the blind index of an identity number."""
    return safe.index("identity", number.upper())


def name_index(safe: Vault, name: str) -> bytes:
    """Return the blind index of a name, no bytes for none."""
    return safe.index("name", name) if name else b""
