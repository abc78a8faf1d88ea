"""Cancel what was filed, once; what was settled under it stands."""

from __future__ import annotations

from typing import Literal

from psycopg import errors as pg

from yibao.agency.enrolment.audit import note
from yibao.agency.enrolment.persons import locked
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.enrolment.sealed import CANCELLATION
from yibao.agency.filing.choices import choice_of, undo
from yibao.agency.filing.referrals import referral_of
from yibao.agency.filing.remote import remote_of
from yibao.store.database import Connection
from yibao.store.vault import vault

Kind = Literal["referral", "remote", "choice"]


def cancel(connection: Connection, kind: Kind, number: int, reason: str, *, actor: str) -> None:
    """Cancel a filing; raises Refusal where there is none or it was cancelled before.

    A choice that is cancelled was none: what it took the place of goes on, and it is no change. Why
    it was cancelled may tell more of the person than the audit log should: it is sealed, here.
    """
    locked(connection, _person(connection, kind, number))
    sealed = CANCELLATION.seal(vault(connection), "reason", f"{kind} {number}", reason)
    try:
        with connection.transaction():
            connection.execute(
                "INSERT INTO filing.cancellation (kind, filing_id, reason) VALUES (%s, %s, %s)",
                (kind, number, sealed),
            )
    except pg.UniqueViolation:
        raise Refusal(
            "cancelled",
            f"{number} 号已取消",
            f"{kind} {number} was cancelled before",
            column=kind,
        ) from None
    if kind == "choice":
        undo(connection, choice_of(connection, number))
    note(connection, actor, "cancel-filing", f"{kind}:{number}")


def _person(connection: Connection, kind: Kind, number: int) -> str:
    match kind:
        case "referral":
            return referral_of(connection, number).referral.person_id
        case "remote":
            return remote_of(connection, number).remote.person_id
        case "choice":
            return choice_of(connection, number).person_id
