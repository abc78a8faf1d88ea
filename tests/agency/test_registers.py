"""The desk on the real registers: agreements, institutions and catalogues of the day of service."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from yibao.agency.desk.bill import AskedLine, BadLines, bill_of
from yibao.agency.desk.model import DeskError
from yibao.agency.desk.registers import catalogue, institution_facts
from yibao.store.database import Database

HOSPITAL = "H12010100001"
ROWS = f"""
INSERT INTO registry.institution
  (institution_id, name, kind, division, level, tcm_institution, valid)
VALUES ('{HOSPITAL}', '一院', 'hospital', '120101', '2', true, '[2020-01-01,2023-01-01)'),
       ('{HOSPITAL}', '一院', 'hospital', '120101', '3', true, '[2023-01-01,)');
INSERT INTO registry.item
  (kind, code, name, class, first_self_pay, standard, tags, least_level, valid)
VALUES ('drug', 'XA', 'a', 'A', 0, NULL, '{{}}', 'none', '[2020-01-01,2023-03-05)'),
       ('drug', 'XB', 'b', 'B', 0.1, 2000, '{{tcm}}', 'none', '[2020-01-01,)'),
       ('drug', 'XL', 'l', 'A', 0, NULL, '{{}}', '3', '[2020-01-01,)');
INSERT INTO registry.local_code (institution_id, kind, local_code, code, valid)
VALUES ('{HOSPITAL}', 'drug', 'L1', 'XB', '[2020-01-01,2023-03-05)');
INSERT INTO registry.practitioner (practitioner_id, name, profession, roster_status, valid)
VALUES ('D120101000001', '甲', 'physician', 'listed', '[2020-01-01,)');
INSERT INTO registry.practice_site (practitioner_id, institution_id, valid)
VALUES ('D120101000001', '{HOSPITAL}', '[2023-03-01,)');
"""


@pytest.fixture
def registers(database: Database) -> Database:
    with database.transaction() as connection:
        connection.execute(ROWS)
    return database


def line(code: str = "", day: int = 4, local: str = "", month: int = 3, who: str = "") -> AskedLine:
    one, day_ = Fraction(1), date(2023, month, day)
    return AskedLine("drug", code, one, Fraction(100_00), day_, local, who)


def priced(database: Database, *lines: AskedLine, first: date = date(2022, 1, 1)) -> dict[str, int]:
    with database.transaction() as connection:
        find = catalogue(connection, HOSPITAL, lines)
        return dict(bill_of(lines, find, first=first, last=date(2023, 12, 31)).amounts)


def test_lines_are_priced_by_the_catalogue_of_their_day(registers: Database) -> None:
    # XB: 20.00 is the standard, of which 10 % is the person's.
    found = priced(registers, line("XA", 4), line("XA", 5), line(local="L1"), line("XB", 5))
    assert found["in_scope"] == 100_00 + 2 * 18_00
    assert found["out_of_catalogue"] == 100_00
    assert (found["over_limit"], found["first_self_pay"]) == (2 * 80_00, 2 * 2_00)
    assert found["in_scope_tcm"] == found["class_b"] == 2 * 18_00


def test_where_there_is_no_catalogue_of_the_kind_and_day_nothing_is_settled(
    registers: Database,
) -> None:
    tube = replace(line("C1"), kind="consumable")
    early = replace(line("XB"), served_on=date(2019, 12, 31))
    for one, kind in ((tube, "consumable"), (early, "drug")):
        with pytest.raises(BadLines) as told:
            priced(registers, line("XA"), one, first=date(2019, 1, 1))
        ((number, error),) = told.value.problems
        assert isinstance(error, DeskError)
        assert (number, error.rule, error.column) == (2, "known_catalogue", "served_on")
        assert all(f"registry import {kind}" in text for text in (error.expected, error.zh))
    assert priced(registers, line("X?"))["out_of_catalogue"] == 100_00
    with registers.transaction() as connection:
        connection.execute(
            "INSERT INTO registry.item (kind, code, name, class, first_self_pay, valid) "
            "VALUES ('consumable', 'C2', 'c', 'A', 0, '[2020-01-01,)')"
        )
    assert priced(registers, tube)["out_of_catalogue"] == 100_00


@pytest.mark.clause("T16-22b")
def test_a_code_that_is_not_mapped_on_that_day_stops_the_bill(registers: Database) -> None:
    with pytest.raises(BadLines, match="line 2: local_code = 'L1'"):
        priced(registers, line(local="L1", day=4), line(local="L1", day=5))


def test_an_item_for_higher_levels_is_outside_the_catalogue_below_them(registers: Database) -> None:
    assert priced(registers, line("XL", 1, month=1))["in_scope"] == 100_00
    early = AskedLine("drug", "XL", Fraction(1), Fraction(100_00), date(2022, 12, 31))
    assert priced(registers, early)["out_of_catalogue"] == 100_00


@pytest.mark.clause("T16-03f")
def test_who_may_not_practise_there_on_that_day_prescribes_nothing(registers: Database) -> None:
    who = "D120101000001"
    priced(registers, line("XA", 1, who=who))
    with pytest.raises(BadLines, match="practise at the institution on that day"):
        priced(registers, line("XA", 28, month=2, who=who))
    with pytest.raises(BadLines, match="not on the roster"):
        priced(registers, line("XA", 1, who="D120101000002"))


def test_facts_of_an_institution_are_those_of_the_day(registers: Database) -> None:
    with registers.transaction() as connection:
        connection.execute(
            "INSERT INTO registry.agreement (agreement_id, institution_id, valid, visits, schemes) "
            f"VALUES ('A1', '{HOSPITAL}', '[2022-01-01,2024-01-01)', '{{inpatient}}', "
            "'{resident}')"
        )
    with registers.transaction() as connection:
        levels = [
            institution_facts(connection, HOSPITAL, day, "inpatient", "resident")["level"]
            for day in (date(2022, 12, 31), date(2023, 1, 1))
        ]
    assert levels == ["2", "3"]


@pytest.mark.parametrize(
    ("day", "visit", "scheme", "rule"),
    [
        (date(2023, 12, 31), "outpatient", "resident", "visit_not_covered"),
        (date(2023, 12, 31), "inpatient", "employee", "scheme_not_covered"),
        (date(2024, 1, 1), "inpatient", "resident", "no_agreement"),
    ],
)
def test_without_an_agreement_for_it_nothing_is_settled(
    registers: Database, day: date, visit: str, scheme: str, rule: str
) -> None:
    test_facts_of_an_institution_are_those_of_the_day(registers)
    with pytest.raises(DeskError) as told, registers.transaction() as connection:
        institution_facts(connection, HOSPITAL, day, visit, scheme)
    assert told.value.rule == rule
