"""What the desk asks of the registers, from the database: enrolment and the registry."""

from __future__ import annotations

from datetime import date

from yibao.agency.desk.model import DeskError
from yibao.agency.desk.office import Facts, Registers
from yibao.agency.enrolment.statuses import statuses
from yibao.registry.find import REASONS
from yibao.store.database import Connection

_FACTS = (
    *("level", "institution_class", "primary_institution"),
    *("tcm_institution", "reformed_public_hospital"),
)
"""The facts of a claim that the registry knows."""


def registers() -> Registers:
    """Return the registers of the database that a transaction is on."""
    return Registers(statuses, _institution)


def _institution(
    connection: Connection, institution_id: str, day: date, visit: str, scheme: str
) -> Facts:
    """Return the facts of an institution whose agreement covers a claim; raises DeskError.

    Where there is no scheme, nobody is insured: that is refused later, and says more. Recognised
    institutions of other regions have no agreement with us.
    """
    row = connection.execute(
        "SELECT CASE WHEN NOT EXISTS (SELECT FROM registry.recognition AS r "
        "  WHERE r.institution_id = i.institution_id AND r.valid @> %s::date) "
        "THEN registry.agreement_refusal(institution_id, %s, %s, %s) END, "
        f"{', '.join(_FACTS)} "
        "FROM registry.institution AS i WHERE institution_id = %s AND valid @> %s::date",
        (day, day, visit, scheme, institution_id, day),
    ).fetchone()
    refusal = "no_agreement" if row is None else row[0]
    if row is None or (refusal is not None and scheme):
        raise DeskError(refusal, "institution_id", institution_id, REASONS[refusal].en)
    return dict(zip(_FACTS, row[1:], strict=True))
