"""What was asked before and during care, what was found, and what the institution did about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from psycopg.types.json import Jsonb

from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.enrolment.sealed import ANSWER, numbers
from yibao.agency.review.rules import Finding
from yibao.store.database import Connection
from yibao.store.vault import vault

Stage = Literal["before", "during"]


def keep(
    connection: Connection,
    institution_id: str,
    stage: Stage,
    patient_id: str,
    findings: Sequence[Finding],
) -> list[int]:
    """Write findings down; return a number for each."""
    made = []
    for one in findings:
        row = connection.execute(
            "INSERT INTO review.finding (institution_id, stage, patient_id, rule, verdict, orders) "
            "VALUES (%s, %s, %s, %s, %s, %s) RETURNING finding_id",
            (
                *(institution_id, stage, patient_id, one.rule, one.verdict),
                Jsonb([{"number": o.number, "code": o.code, "fen": o.fen} for o in one.orders]),
            ),
        ).fetchone()
        assert row is not None
        made.append(int(row[0]))
    return made


def answer(
    connection: Connection, institution_id: str, finding: int, did: str, reason: str
) -> None:
    """Write down what an institution did about a finding; raises Refusal where it has none such."""
    row = connection.execute(
        "SELECT FROM review.finding WHERE (finding_id, institution_id) = (%s, %s)",
        (finding, institution_id),
    ).fetchone()
    if row is None:
        raise Refusal(
            "known_finding",
            f"没有违规标识 {finding}",
            f"there is no finding {finding}",
            column="finding",
        )
    (number,) = numbers(connection, ANSWER)
    connection.execute(
        "INSERT INTO review.answer (answer_id, finding_id, did, reason) OVERRIDING SYSTEM VALUE "
        "VALUES (%s, %s, %s, %s)",
        (number, finding, did, ANSWER.seal(vault(connection), "reason", number, reason)),
    )
