"""Whom rows are about: which columns are sealed, as what, and how their rows are found.

A sealed value belongs to its row: it is sealed as of column and row, so one that was put into
another row does not open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from yibao.store.database import Connection
from yibao.store.vault import Vault, vault


@dataclass(frozen=True, slots=True)
class Sealed:
    """A table with sealed columns, and the column that tells whose they are."""

    table: str
    columns: Sequence[str]
    owner: str

    def about(self, column: str, owner: str | bytes) -> str:
        """Return what a value is of."""
        told = owner.hex() if isinstance(owner, bytes) else owner
        return f"{self.table}.{column}:{told}"

    def seal(self, safe: Vault, column: str, owner: str | bytes, text: str) -> bytes:
        """Return a value sealed."""
        return safe.seal(text, self.about(column, owner))

    def open(self, safe: Vault, column: str, owner: str | bytes, box: bytes) -> str:
        """Return what a value says; raises StoreError."""
        return safe.open(box, self.about(column, owner))


PERSON = Sealed("enrolment.person", ("identity_number", "name", "phone"), "person_id")
ELSEWHERE = Sealed("enrolment.elsewhere", ("identity_number",), "identity_index")
GAP = Sealed("matching.gap", ("identity_number", "name"), "identity_index")
TABLES = (PERSON, ELSEWHERE, GAP)


def identity_index(connection: Connection, number: str | None) -> bytes | None:
    """Return the blind index of an identity number, None of none; raises StoreError."""
    return None if number is None else index_of(vault(connection), number)


def index_of(safe: Vault, number: str) -> bytes:
    """Return the blind index of an identity number."""
    return safe.index("identity", number.upper())


def name_index(safe: Vault, name: str) -> bytes:
    """Return the blind index of a name, no bytes for none."""
    return safe.index("name", name) if name else b""
