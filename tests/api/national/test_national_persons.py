"""1101: a person is found by voucher; insurances and identities as they stand on the day."""

from datetime import date
from decimal import Decimal
from typing import Any

import agency_town
import pytest
from centres import Hospital

from yibao.agency.enrolment import facts, memberships
from yibao.agency.enrolment.persons import Person, employer, register
from yibao.agency.enrolment.profile import Membership
from yibao.store.database import Database

NUMBER = "120101199001011239"


def voucher(number: str, kind: str = "02", **more: Any) -> dict[str, Any]:
    return {
        "data": {"mdtrt_cert_type": kind, "mdtrt_cert_no": number, "psn_cert_type": "01", **more}
    }


@pytest.fixture(scope="module")
def worker(database: Database) -> None:
    """An employee whose months are not paid yet, with an allowance since 2024."""
    with database.transaction() as connection:
        person = Person("W1", date(1990, 1, 1), "王五", "resident_id", NUMBER)
        register(connection, person, actor="test")
        employer(connection, "E1", "示例公司", "enterprise", "", actor="test")
        member = Membership("employee", "in_service")
        enrolled = memberships.Enrolment("W1", member, date(2025, 1, 1))
        memberships.enrol(connection, enrolled, actor="test")
        memberships.employ(connection, "W1", "E1", date(2025, 1, 1), wage=500000, actor="test")
        says = ("W1", "identities", "subsistence_allowance", date(2024, 1, 1))
        facts.hold(connection, *says, source="civil affairs", actor="test")
        connection.execute(
            "UPDATE enrolment.person_lock SET account_balance = 12345 WHERE person_id = 'W1'"
        )


@pytest.mark.usefixtures("worker")
def test_a_person_with_insurances_and_identities(hospital: Hospital) -> None:
    told = hospital.ask("1101", voucher(NUMBER, psn_name="王五", begntime="2026-03-02 00:00:00"))
    assert told["baseinfo"] == {
        "psn_no": "W1",
        "psn_cert_type": "01",
        "certno": NUMBER,
        "psn_name": "王五",
        "gend": "1",
        "brdy": "1990-01-01",
        "age": 36,
    }
    assert told["insuinfo"] == [
        {
            "balc": Decimal("123.45"),
            "insutype": "310",
            "psn_type": "11",
            "psn_insu_stas": "2",
            "psn_insu_date": "2025-01-01",
            "paus_insu_date": None,
            "cvlserv_flag": "0",
            "insuplc_admdvs": "120000",
            "emp_name": "示例公司",
        }
    ]
    assert told["idetinfo"] == [
        {
            "psn_idet_type": "2303",
            "memo": "低保对象",
            "begntime": "2024-01-01 00:00:00",
            "endtime": None,
        }
    ]


def test_who_is_covered_is_insured(hospital: Hospital) -> None:
    told = hospital.ask("1101", voucher("P1", "03"))
    insured = told["insuinfo"][0]
    assert (insured["insutype"], insured["psn_insu_stas"]) == ("390", "1")
    assert insured["psn_insu_date"] == "2015-01-01"


def test_nobody_is_insured_before_it_began(hospital: Hospital) -> None:
    assert hospital.ask("1101", voucher("P1", "03", begntime="2014-12-31"))["insuinfo"] == []


def test_what_ended_is_told_as_ended(hospital: Hospital, database: Database) -> None:
    agency_town.insure(database, "P3")
    with database.transaction() as connection:
        memberships.end(connection, "P3", date(2025, 6, 30), actor="test", reason="test")
    insured = hospital.ask("1101", voucher("P3", "03"))["insuinfo"][0]
    assert (insured["psn_insu_stas"], insured["paus_insu_date"]) == ("4", "2025-06-30")


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    ("given", "told"),
    [
        (voucher("110101199001011237"), "人员信息不存在"),
        (voucher("W1"), "人员信息不存在"),  # a person's number is no identity document's
        (voucher(NUMBER, psn_name="王六"), "人员姓名(psn_name)：与登记的不一致"),
        (voucher("W1", "03", certno="110101199001011237"), "证件号码(certno)：与登记的不一致"),
    ],
)
def test_a_voucher_that_does_not_agree_is_refused(
    hospital: Hospital, given: dict[str, Any], told: str
) -> None:
    assert told in hospital.refused("1101", given)


def test_a_query_is_not_kept(hospital: Hospital, database: Database) -> None:
    message = hospital.message("1101", voucher("P1", "03"))
    assert hospital.send(message)["infcode"] == hospital.send(message)["infcode"] == 0
    assert agency_town.count(database, "ops.request") == 0
