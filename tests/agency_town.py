"""A town around the desk: institutions of each kind, a list of diseases, insured persons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from fractions import Fraction
from threading import Barrier
from typing import TypeVar

import pytest
from desks import BIRTH, status, tianjin

from yibao.agency.desk.bill import AskedLine, Item, bill_of
from yibao.agency.desk.model import Ask, Bill
from yibao.agency.desk.office import Office
from yibao.agency.desk.registers import REGISTERS
from yibao.agency.enrolment.persons import Person, register
from yibao.agency.enrolment.takeover import take_over
from yibao.errors import YibaoError
from yibao.policy.model import Value
from yibao.settlement.lines import ItemClass
from yibao.store.database import Connection, Database

T = TypeVar("T")

HOME, NEXT = "120101", "120102"
DISEASE = "diabetes"
DRUG = "XA10BA"
DOCTOR, OTHER_DOCTOR = "D1", "D2"

_TOWN = """
INSERT INTO registry.institution
  (institution_id, name, kind, division, level, primary_institution,
   reformed_public_hospital, valid)
VALUES
  ('H1', 'centre', 'hospital', '120101', '1', true, false, '[2010-01-01,)'),
  ('H1-next', 'centre', 'hospital', '120102', '1', true, false, '[2010-01-01,)'),
  ('H2', 'hospital', 'hospital', '120101', '2', false, true, '[2010-01-01,)'),
  ('H3', 'hospital', 'hospital', '120101', '3', false, false, '[2010-01-01,)'),
  ('H3-other', 'hospital', 'hospital', '120102', '3', false, false, '[2010-01-01,)'),
  ('P1', 'pharmacy', 'pharmacy', '120101', 'none', false, false, '[2010-01-01,)'),
  ('P2', 'pharmacy', 'pharmacy', '120101', 'none', false, false, '[2010-01-01,)'),
  ('E2', 'elsewhere', 'hospital', '130102', '2', false, true, '[2010-01-01,)');
INSERT INTO registry.agreement (institution_id, agreement_id, visits, schemes, valid)
SELECT institution_id, 'A-' || institution_id,
       '{outpatient,special_outpatient,chronic_outpatient,inpatient,pharmacy,emergency,'
       'emergency_observation}', '{employee,resident}', '[2010-01-01,)'
FROM registry.institution WHERE institution_id <> 'E2';
INSERT INTO registry.recognition (institution_id, valid) VALUES ('E2', '[2010-01-01,)');
INSERT INTO registry.disease (code, name, class, schemes, valid) VALUES
  ('diabetes', 'diabetes', 'none', '{employee,resident}', '[2010-01-01,)'),
  ('rare', 'a rare one', 'none', '{employee,resident}', '[2010-01-01,)');
INSERT INTO registry.appraisal_centre (institution_id, disease, role, valid) VALUES
  ('H3', 'diabetes', 'assessment', '[2010-01-01,)'),
  ('H3', 'rare', 'assessment', '[2010-01-01,)'),
  ('H3-other', 'diabetes', 're_examination', '[2010-01-01,)');
INSERT INTO registry.practitioner (practitioner_id, name, profession, roster_status, valid) VALUES
  ('D1', 'doctor', 'physician', 'listed', '[2010-01-01,)'),
  ('D2', 'doctor', 'physician', 'listed', '[2010-01-01,)');
INSERT INTO registry.practice_site (practitioner_id, institution_id, valid)
SELECT p, i, '[2010-01-01,)' FROM unnest('{D1,D2}'::text[]) AS p,
  unnest('{H1,H2,H3,H3-other}'::text[]) AS i;
"""


def build(database: Database, *persons: str, **facts: Value) -> None:
    """Build the town with persons who live in it and are insured."""
    with database.transaction() as connection:
        connection.execute(_TOWN.encode())
    insure(database, *persons, **facts)


def insure(
    database: Database, *persons: str, since: date = date(2015, 1, 1), **facts: Value
) -> None:
    with database.transaction() as connection:
        for person in persons:
            register(connection, Person(person, BIRTH, division=HOME), actor="test")
            held = replace(status(person, **facts), first=since)
            take_over(connection, held, actor="test")


def office() -> Office:
    return Office(tianjin(), REGISTERS)


def visit(claim_no: str, day: date, in_scope: int, person: str = "P1", **changes: object) -> Ask:
    """Return the bill of a visit on a day, all in scope, at the centre unless told otherwise."""
    values: dict[str, object] = {
        "institution_id": "H1",
        "claim_no": claim_no,
        "person_id": person,
        "visit": "outpatient",
        "admitted": day,
        "discharged": day,
        "bill": Bill({"total": in_scope, "in_scope": in_scope}),
    }
    return Ask(**{**values, **changes})  # type: ignore[arg-type]


def boxes(count: int, fen: int, day: date, code: str = DRUG) -> Bill:
    """Return a bill of boxes of a drug, each at so many fen, all in scope."""
    line = AskedLine("drug", code, Fraction(count), Fraction(fen), day)
    return bill_of([line], lambda _: Item(ItemClass.A), first=day, last=day)


def refused(database: Database, work: Callable[[Connection], object]) -> str:
    """Return by which rule something is refused."""
    with pytest.raises(YibaoError) as told, database.transaction() as connection:
        work(connection)
    return rule_of(told.value)


def rule_of(error: BaseException) -> str:
    return str(getattr(error, "rule", "") or getattr(error, "name", ""))


def at_once(database: Database, works: Sequence[Callable[[Connection], T]]) -> list[T | str]:
    """Run works in transactions that begin together; return what each gave or why it is refused."""
    start = Barrier(len(works))

    def run(work: Callable[[Connection], T]) -> T | str:
        start.wait()
        try:
            return database.run(work)
        except YibaoError as error:
            return rule_of(error)

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def count(database: Database, table: str) -> int:
    with database.transaction() as connection:
        row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
        assert row is not None
        return int(row[0])
