"""Cancel a referral or a filing of remote care, once; what was settled under it stands."""

from __future__ import annotations

from typing import Literal

from psycopg import errors as pg

from yibao.agency.enrolment.audit import note
from yibao.agency.enrolment.persons import locked
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.filing.referrals import referral_of
from yibao.agency.filing.remote import remote_of
from yibao.store.database import Connection


def cancel(
    connection: Connection,
    kind: Literal["referral", "remote"],
    number: int,
    reason: str,
    *,
    actor: str,
) -> None:
    """Cancel a filing; raises Refusal where there is none or it was cancelled before."""
    if kind == "referral":
        person_id = referral_of(connection, number).referral.person_id
    else:
        person_id = remote_of(connection, number).remote.person_id
    locked(connection, person_id)
    try:
        with connection.transaction():
            connection.execute(
                "INSERT INTO filing.cancellation (kind, filing_id, reason) VALUES (%s, %s, %s)",
                (kind, number, reason),
            )
    except pg.UniqueViolation:
        raise Refusal(
            "cancelled",
            f"{number} 号已取消",
            f"{kind} {number} was cancelled before",
            column=kind,
        ) from None
    note(connection, actor, "cancel-filing", f"{kind}:{number}", reason=reason)
