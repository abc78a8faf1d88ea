"""What a handler of a transaction is given, and how it refuses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from yibao.api.service import Service
from yibao.errors import YibaoError
from yibao.interop.national.check import Checked, Row
from yibao.interop.national.model import Transaction
from yibao.store.database import Connection

Output = Mapping[str, Any] | list[Any] | None
"""What comes back of a transaction, by node; values are written as `values.written` has it."""


@dataclass(frozen=True, slots=True, eq=False)
class Exchange:
    """A request that has been checked, within the transaction of the database that answers it."""

    service: Service
    connection: Connection
    transaction: Transaction
    envelope: Row
    input: Checked

    @property
    def institution(self) -> str:
        """Who asks: the institution's national code."""
        return str(self.envelope["fixmedins_code"])

    @property
    def actor(self) -> str:
        """Who asks, for the audit."""
        return f"{self.institution}:{self.envelope['opter']}"

    def row(self, node: str = "data") -> Row:
        """Return the values of a node that is no list."""
        return self.input.one(node)


Handler = Callable[[Exchange], Output]


class Failed(YibaoError):
    """What a transaction is answered with where it is not done: the text of `err_msg`."""
