"""What a handler of a transaction is given, and how it refuses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from yibao.agency.desk.model import Key
from yibao.api.service import Service
from yibao.clock import today
from yibao.errors import YibaoError
from yibao.interop.national.check import Checked, Row
from yibao.interop.national.model import Transaction
from yibao.interop.national.rows import text
from yibao.registry.find import Institution
from yibao.store.database import Connection

Output = Mapping[str, Any] | Sequence[Any] | None
"""What comes back of a transaction, by node; values as `values.written` takes them."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A file that comes back as it is, without an envelope; only of what reads."""

    content: bytes
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Exchange:
    """A request that has been checked, within the transaction of the database that answers it.

    `key` is of the message: whoever needs an idempotency key of its own below takes `key_of`.
    """

    service: Service
    connection: Connection
    transaction: Transaction
    envelope: Row
    input: Checked
    institution: Institution
    key: Key

    @property
    def actor(self) -> str:
        """Who asks, for the audit: the institution and its operator."""
        return f"{self.institution.institution_id}:{text(self.envelope, 'opter')}"

    @property
    def today(self) -> date:
        """The day that it is in China."""
        return today()

    @property
    def division(self) -> str:
        """The division of the region whose centre this is."""
        return self.service.office.policy.region.division

    def row(self, node: str = "data") -> Row:
        """Return the values of a node that is no list; nothing where it was left out."""
        return self.input.one(node)

    def rows(self, node: str) -> Sequence[Row]:
        """Return the values of a node that is a list."""
        return self.input.rows.get(node, ())

    def key_of(self, part: str) -> Key:
        """Return an idempotency key for a part of what the message asks."""
        return Key(self.key.caller, f"{self.key.key} {part}", self.key.digest)


Handler = Callable[[Exchange], Output | Stream]


class Failed(YibaoError):
    """What a transaction is answered with where it is not done: each thing that is wrong.

    For what only the interface can get wrong; everything else is refused below, in its own terms.
    """

    def __init__(self, *parts: str) -> None:
        self.parts = parts
        super().__init__("；".join(parts))
