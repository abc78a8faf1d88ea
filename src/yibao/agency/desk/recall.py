"""A settlement as it was made, read back from its row: nothing is computed again.

Its program follows from what rules could look at (the facts kept, the state before it); its figures
are the memory kept. So it can be explained for as long as its rules are at hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal

from yibao.agency.desk.model import DeskError
from yibao.agency.desk.office import Office
from yibao.policy.model import Value
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.model import Claim, Facts, Settlement, Status


def recall(office: Office, row: Mapping[str, Any]) -> Settlement:
    """Return the settlement of a row of desk.settlement (see `reverse.settlement_of`).

    Raises DeskError where it was settled by other rules than the office's.
    """
    if row["rules"] != office.rules:
        expected = f"a settlement by the rules loaded, {office.rules}"
        raise DeskError("same_rules", "rules", row["rules"], expected)
    day = date.fromisoformat(row["day"])
    claim = _claim(row)
    status = _status(row, day)
    first = len(claim.amounts)
    before = row["memory"][first : first + len(office.names.all)]
    program = office.executor.program(status, claim.facts, day, before)
    personal = row["account_pay"] + row["cash_pay"]
    return Settlement(
        claim, day, row["scheme"], program, row["memory"], personal, row["account_pay"]
    )


def _claim(row: Mapping[str, Any]) -> Claim:
    return Claim(
        claim_id=str(row["settlement_id"]),
        person_id=row["person_id"],
        admitted=date.fromisoformat(row["admitted"]),
        discharged=date.fromisoformat(row["discharged"]),
        settled_at=datetime.fromisoformat(row["settled_at"]),
        facts=_facts("claim", row["claim_facts"]),
        amounts=tuple(row["amounts"].get(name, 0) for name in vocabulary().amounts),
        episode=row["episode"],
        account_available=row["account_pay"],
        institution_id=row["institution_id"],
    )


def _status(row: Mapping[str, Any], day: date) -> Status:
    """Return a status of the day with what rules could look at."""
    known = row["person_facts"]
    birth = date.fromisoformat(known["birth_date"])
    return Status(row["person_id"], day, day, birth, _facts("person", known))


def _facts(of: Literal["person", "claim"], told: Mapping[str, Any]) -> Facts:
    """Return facts in the vocabulary's order; those that said nothing were not kept."""
    found: list[Value] = []
    for attribute in vocabulary().of(of):
        if attribute.kind != "number":
            value = told.get(attribute.name, attribute.absent)
            assert value is not None, attribute.name
            found.append(frozenset(value) if attribute.kind == "set" else value)
    return tuple(found)
