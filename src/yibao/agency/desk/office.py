"""The desk's office: the rules that it settles by, with what it need not work out twice."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from yibao.agency.desk.model import Ask
from yibao.agency.desk.state import Names
from yibao.ledger.accounts import Numbers
from yibao.ledger.entries import Transfer
from yibao.policy.model import Value
from yibao.policy.policy import Policy
from yibao.settlement.executor import Executor
from yibao.settlement.model import Status
from yibao.store.database import Connection

Facts = Mapping[str, Value]

Told = Mapping[str, Any]
"""What the registers told when the person was locked (SQL `desk.registers`)."""

NOTHING: Told = {}
"""Nobody asked them then."""


class Statuses(Protocol):
    """Returns when a person is insured and with which facts."""

    def __call__(self, connection: Connection, person: str, *, told: Told) -> list[Status]: ...


class InstitutionFacts(Protocol):
    """Returns what rules may look at of an institution on a day, for a visit under a scheme."""

    def __call__(
        self,
        connection: Connection,
        institution: str,
        day: date,
        visit: str,
        scheme: str,
        *,
        told: Told,
    ) -> Facts: ...


@dataclass(frozen=True, slots=True)
class Registers:
    """What the desk asks of the registers, within its own transaction.

    `statuses` are those of a person; `institution` gives the facts of an institution that rules may
    look at, or raises DeskError where it has no agreement for such a claim on that day. What was
    told is not asked again.
    """

    statuses: Statuses
    institution: InstitutionFacts


class Office:
    """A policy with its programs, the registers, and the numbers of accounts met so far."""

    def __init__(self, policy: Policy, registers: Registers) -> None:
        self.policy = policy
        self.registers = registers
        self.executor = Executor(policy)
        self.names = Names({name: value.scope for name, value in policy.region.state.items()})
        self.rules = rules_digest(policy)
        self._accounts = Numbers()

    def day(self, ask: Ask) -> date:
        """Return the day that chooses the rules, the status and the year of a bill."""
        return ask.discharged if self.policy.region.stays_by == "discharge" else ask.admitted

    def transfer_rows(
        self, connection: Connection, transfers: list[Transfer]
    ) -> list[dict[str, int]]:
        """Return transfers as rows of the ledger."""
        known = self._accounts.of(connection, (a for t in transfers for a in (t.debit, t.credit)))
        return [
            {"number": n, "debit": known[t.debit], "credit": known[t.credit], "fen": t.fen}
            for n, t in enumerate(transfers, 1)
        ]


def rules_digest(policy: Policy) -> str:
    """Return a short digest of the texts of a policy's documents: which rules settled a claim."""
    digest = hashlib.sha256()
    for document in sorted(policy.region.documents, key=lambda d: (d.region, d.folder.name)):
        for file in sorted(document.folder.glob("*.yaml")):
            digest.update(f"{document.region}/{document.folder.name}/{file.name}\n".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
