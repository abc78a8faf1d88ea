"""What the desk asks of the registers, answered by enrolment and registry."""

from __future__ import annotations

from datetime import date

from yibao.agency.desk.model import DeskError
from yibao.agency.desk.office import Facts, Registers
from yibao.agency.enrolment.statuses import statuses
from yibao.registry import find
from yibao.store.database import Connection


def institution_facts(
    connection: Connection, institution_id: str, day: date, visit: str, scheme: str
) -> Facts:
    """Return what rules may look at of an institution; raises DeskError without an agreement.

    An institution of another region, which has none with us, must be recognised here.
    """
    found = find.institution(connection, institution_id, day)
    if found is None:
        raise DeskError("known_institution", "institution_id", institution_id, f"one of {day}")
    rule = find.agreement_refusal(connection, institution_id, day, visit, scheme)
    if rule is not None and not find.recognised(connection, institution_id, day):
        raise DeskError(rule, "institution_id", institution_id, find.REASONS[rule].en)
    return {
        "level": found.level,
        "institution_class": found.institution_class,
        "primary_institution": found.primary_institution,
        "tcm_institution": found.tcm_institution,
        "reformed_public_hospital": found.reformed_public_hospital,
    }


REGISTERS = Registers(statuses, institution_facts)
"""The registers of this database."""
