"""52xx, 5303, 90100: what stands of a person's visits, settlements, years and contributions."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import visit_town as town
from centres import Hospital
from visiting import Patient

from yibao.store.database import Database
from yibao.store.sight import EVERYTHING

RESIDENTS = tuple(f"R{n}" for n in range(1, 12))
_free = iter(RESIDENTS)
TIME = {"begntime": "2022-01-01", "endtime": "2022-12-31"}


@pytest.fixture(scope="module")
def database(url: str) -> Iterator[Database]:
    with Database(url, sight=EVERYTHING) as database:
        town.build(database, *RESIDENTS)
        yield database


@pytest.fixture
def hospital(client: Any) -> Hospital:
    return Hospital(client, "H2")


@pytest.fixture
def patient(hospital: Hospital) -> Patient:
    """Somebody whom no other test has met, with a visit that is settled."""
    found = Patient(hospital, next(_free))
    found.register()
    found.describe()
    found.charge(
        found.line("1", town.DRUG, "333.3333", "3"), found.line("2", town.COSTLY, "25", "10")
    )
    found.settle("1250.00", found.presettle("1250.00"))
    return found


def asked(patient: Patient, **more: Any) -> dict[str, Any]:
    return {"data": {**patient.of, "setl_id": patient.setl_id, **more}}


def test_a_visit_stands_as_it_was_told(patient: Patient) -> None:
    body = {"data": {"psn_no": patient.person, "med_type": "11", **TIME}}
    (told,) = patient.hospital.ask("5201", body)["mdtrtinfo"]
    assert (told["mdtrt_id"], told["insutype"], told["psn_type"]) == (patient.visit, "390", "15")
    assert (told["begntime"], told["inhosp_stas"]) == ("2022-03-01 09:05:00", "0")
    for changes in ({"med_type": "41"}, {"mdtrt_id": "0"}, {"begntime": "2022-03-02"}):
        left = patient.hospital.ask("5201", {"data": {**body["data"], **changes}})
        assert left["mdtrtinfo"] == []


def test_visits_and_what_is_theirs_are_ones_own(patient: Patient, client: Any) -> None:
    other = Hospital(client, "H3")
    body = {"data": {"psn_no": patient.person, "med_type": "11", **TIME}}
    assert other.ask("5201", body)["mdtrtinfo"] == []
    for infno in ("5202", "5203", "5204"):
        told = other.refused(infno, {"data": {**asked(patient)["data"]}})
        assert f"本机构没有 {patient.person} 的 {patient.visit} 号就诊" in told


def test_diagnoses(patient: Patient) -> None:
    (told,) = patient.hospital.ask("5202", {"data": patient.of})["diseinfo"]
    assert (told["diag_code"], told["inout_diag_type"], told["diag_type"]) == ("I10.x00", "1", "1")


def test_a_settlement_is_told_as_it_was_made(patient: Patient) -> None:
    made = {"medfee_sumamt": Decimal("1250.00"), "refd_setl_flag": "0", "year": "2022"}
    told = patient.hospital.ask("5203", asked(patient))
    info = told["setlinfo"]
    assert {name: info[name] for name in made} == made
    assert info["psn_pay"] == info["cash_payamt"] + info["acct_pay"]
    assert info["fund_pay_sumamt"] == sum(d["fund_payamt"] for d in told["setldetail"])
    patient.take_back()
    assert patient.hospital.ask("5203", asked(patient))["setlinfo"]["refd_setl_flag"] == "1"


def test_a_settlement_of_another_visit_is_not_told(patient: Patient) -> None:
    for number in ("0", "x", "999999"):
        told = patient.hospital.refused("5203", asked(patient, setl_id=number))
        assert f"本次就诊没有结算“{number}”" in told


def test_lines_add_up_to_the_settlement(patient: Patient) -> None:
    told = patient.hospital.ask("5204", asked(patient))
    assert [one["feedetl_sn"] for one in told] == ["1", "2"]
    assert sum(one["det_item_fee_sumamt"] for one in told) == Decimal("1250.00")
    assert {one["hilist_name"] for one in told} == {"a", "b"}


def test_sums_of_a_year(patient: Patient) -> None:
    (expense,) = [
        one["cum"]
        for one in patient.hospital.ask("5206", {"data": {"psn_no": patient.person}})["cuminfo"]
        if one["cum_type_code"] == "OTP_EXP"
    ]
    assert expense == patient.hospital.ask("5203", asked(patient))["setlinfo"]["inscp_scp_amt"]
    other = {"data": {"psn_no": patient.person, "cum_ym": "202103"}}
    assert patient.hospital.ask("5206", other)["cuminfo"] == []


def test_who_is_in_hospital_is_told_until_discharged(hospital: Hospital) -> None:
    patient = Patient(hospital, next(_free))
    patient.admit()
    body = {"data": {"psn_no": patient.person, **TIME}}
    (told,) = hospital.ask("5303", body)["data"]
    assert (told["mdtrt_id"], told["begndate"]) == (patient.visit, "2022-03-01")
    assert patient.visit in {
        one["mdtrt_id"] for one in hospital.ask("5303", {"data": TIME})["data"]
    }
    patient.discharge()
    assert hospital.ask("5303", body)["data"] == []


def test_drugs_for_registered_diseases(hospital: Hospital) -> None:
    person = next(_free)
    body = {"data": {"psn_no": person, "begntime": "2022-01-01"}}
    assert hospital.ask("5205", body)["feedetail"] == []
    assert "[known_person]" in hospital.refused("5205", {"data": {**body["data"], "psn_no": "X"}})


def test_contributions_that_were_paid(hospital: Hospital, database: Database) -> None:
    person = next(_free)
    body = {"data": {"psn_no": person}}
    assert hospital.ask("90100", body) == []
    with database.transaction() as connection:
        connection.execute(
            """
            INSERT INTO contributions.bill (person_no, household_id, scheme, item, months, day,
                                            billed_on, facts, amounts, gives, entry_id)
            SELECT person_no, '', 'resident', 'basic', int4range(2026 * 12, 2027 * 12),
                   '2025-12-01', '2025-12-01', '{}', '{}', '{}', 0
            FROM enrolment.person WHERE person_id = %s
            """,
            (person,),
        )
    (told,) = hospital.ask("90100", body)
    assert (told["accrym_begn"], told["accrym_end"]) == ("202601", "202612")
    assert (told["poolarea_no"], told["insutype"]) == ("120000", "390")
