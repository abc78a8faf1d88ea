"""Contracts with a family doctor: one of a person for each year, with the fee, in fen.

Public and private institutions alike may offer it: what counts is an agreement that covers it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from psycopg import errors as pg

from yibao.agency.enrolment import facts
from yibao.agency.enrolment.audit import note
from yibao.agency.enrolment.persons import locked
from yibao.agency.enrolment.refusal import Refusal
from yibao.registry.find import REASONS, practises_at
from yibao.store.database import Connection

ATTRIBUTE = "family_doctor_signed"


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract from a day to the end of its year."""

    institution_id: str
    practitioner_id: str
    first: date
    fee: int

    @property
    def last(self) -> date:
        """The last day of the year."""
        return self.first.replace(month=12, day=31)


def sign(connection: Connection, person_id: str, contract: Contract, *, actor: str) -> None:
    """Sign a contract; the person counts as signed from its first day to the end of the year.

    Raises Refusal: not insured or no agreement for it on that day, a practitioner who does not
    practise there, a fee below zero, a contract in that year.
    """
    person = locked(connection, person_id).person
    day = contract.first
    row = connection.execute(
        "SELECT registry.agreement_refusal(%s, %s, 'family_doctor', scheme) "
        "FROM enrolment.coverage "
        "WHERE person_no = %s AND upper_inf(known) AND valid @> %s::date",
        (contract.institution_id, day, person.person_no, day),
    ).fetchone()
    if row is None:
        raise Refusal("insured", f"{day} 未参保", f"not insured on {day}", column="from")
    if row[0] is not None:
        told = REASONS[row[0]]
        raise Refusal(row[0], told.zh, told.en, column="institution_id")
    if not practises_at(connection, contract.practitioner_id, contract.institution_id, day):
        raise Refusal(
            "not_at_site",
            f"{contract.practitioner_id} 当日未在 {contract.institution_id} 登记执业",
            f"{contract.practitioner_id} does not practise at {contract.institution_id} on {day}",
            column="practitioner_id",
        )
    if contract.fee < 0:
        raise Refusal("fee", "签约费不应小于零", "a fee of zero or more", column="fee")
    _write(connection, person_id, contract)
    facts.hold(
        connection,
        person_id,
        ATTRIBUTE,
        facts.TRUE,
        day,
        last=contract.last,
        source=f"contract:{contract.institution_id}",
        actor=actor,
    )
    note(
        connection,
        actor,
        "family-doctor",
        f"person:{person_id}",
        institution=contract.institution_id,
        practitioner=contract.practitioner_id,
        fee=contract.fee,
        first=day,
    )


def contracts(connection: Connection, person_id: str) -> list[Contract]:
    """Return the contracts of a person, the earliest first."""
    rows = connection.execute(
        "SELECT institution_id, practitioner_id, first, fee FROM filing.family_doctor "
        "WHERE person_id = %s ORDER BY first",
        (person_id,),
    )
    return [Contract(*row) for row in rows]


def _write(connection: Connection, person_id: str, contract: Contract) -> None:
    try:
        with connection.transaction():
            connection.execute(
                "INSERT INTO filing.family_doctor "
                "(person_id, year, institution_id, practitioner_id, first, fee) "
                "VALUES (%s, %s, %s, %s, %s, %s)",
                (
                    person_id,
                    contract.first.year,
                    contract.institution_id,
                    contract.practitioner_id,
                    contract.first,
                    contract.fee,
                ),
            )
    except pg.UniqueViolation:
        raise Refusal(
            "one_a_year",
            f"{person_id} 在 {contract.first.year} 年已签约",
            f"{person_id} has a contract in {contract.first.year}",
            column="from",
        ) from None
