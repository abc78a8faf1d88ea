"""2401 to 2405 and 2301 to 2305: whole stays through the entry, to the fen."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import visit_town as town
from centres import Hospital
from claim_figures import RESIDENT, WORKER, figures
from visiting import Patient, proc

from yibao.agency.visits import visit
from yibao.agency.visits.visit import Of, Visit
from yibao.store.database import Database
from yibao.store.sight import EVERYTHING

RESIDENTS = tuple(f"R{n}" for n in range(1, 20))
WORKERS = ("W1", "W2")
_free = iter(RESIDENTS)


@pytest.fixture(scope="module")
def database(url: str) -> Iterator[Database]:
    with Database(url, sight=EVERYTHING) as database:
        town.build(database, *RESIDENTS)
        town.town.insure(
            database,
            *WORKERS,
            scheme="employee",
            category="in_service",
            contribution_tier="none",
            large_expense_paid=True,
        )
        yield database


@pytest.fixture
def patient(hospital: Hospital) -> Patient:
    """Somebody whom no other test has met, admitted and charged for twelve boxes and seven days."""
    found = Patient(hospital, next(_free))
    found.admit()
    found.charge(*lines(found), infno="2301")
    return found


def lines(patient: Patient) -> list[dict[str, Any]]:
    return [
        of_stay(patient, "1", town.DRUG, "1500", "12"),
        of_stay(patient, "2", town.BED, "60", "7"),
        of_stay(patient, "3", town.TUBE, "800"),
    ]


def of_stay(patient: Patient, *line: str, **more: Any) -> dict[str, Any]:
    """Return a line as 2301 has it: no batch, but its kind of care."""
    given = patient.line(*line) | {"med_type": "21"} | more
    return {n: v for n, v in given.items() if n not in {"chrg_bchno", "rx_circ_flag"}}


TOTAL = "19220.00"
AMOUNTS = {
    "total": TOTAL,
    "out_of_catalogue": "0.00",
    "over_limit": "370.00",
    "first_self_pay": "100.00",
    "in_scope": "18750.00",
    "class_b": "400.00",
    "imported_implant": "400.00",
}
STAY = {"discharged_on": "2022-03-08", "settled_at": "2022-03-09 10:00:00"}


def fen(amount: Any) -> int:
    return int(Decimal(amount) * 100)


def test_a_whole_stay_of_a_resident(patient: Patient, tmp_path: Path) -> None:
    stay = patient.of_stay(TOTAL)
    until = {"data": {**stay["data"], "dscgTime": "2022-03-08"}}
    early = patient.hospital.ask("2303", until)["setlinfo"]
    assert patient.hospital.refused("2304", stay) == (
        "就诊ID(data.mdtrt_id)：就诊尚在进行，不能结算[visit_state]"
    )
    patient.discharge()
    tried = patient.hospital.ask("2303", stay)["setlinfo"]
    assert early["fund_pay_sumamt"] == tried["fund_pay_sumamt"]
    done = patient.settle_stay(TOTAL)
    info = done["setlinfo"]
    expected = figures(tmp_path, RESIDENT, "inpatient", "3", **AMOUNTS, **STAY)
    assert fen(info["fund_pay_sumamt"]) == expected.fund_pay > 0
    assert fen(info["hifp_pay"]) == expected.figure("pool_pay")
    assert fen(info["act_pay_dedc"]) == expected.figure("deductible") > 0
    assert fen(info["psn_cash_pay"]) == expected.cash_pay
    assert info["hifp_pay"] == tried["hifp_pay"]
    assert (info["clr_type"], info["med_type"]) == ("21", "21")
    shared = fen(info["inscp_scp_amt"]) - fen(info["act_pay_dedc"])
    assert round(shared * info["pool_prop_selfpay"]) == expected.figure("pool_pay")
    assert any(f"= {info['hifp_pay']}" in step["formula"] for step in proc(done, "390100"))


def test_a_dear_stay_of_an_employee_who_reaches_a_second_fund(
    hospital: Hospital, tmp_path: Path
) -> None:
    worker = Patient(hospital, "W1", "310")
    worker.admit()
    worker.charge(of_stay(worker, "1", town.DRUG, "400000"), infno="2301")
    worker.discharge()
    done = worker.settle_stay("400000.00")
    expected = figures(
        *(tmp_path, WORKER, "inpatient", "3"),
        total="400000.00",
        in_scope="400000.00",
        out_of_catalogue="0.00",
        first_self_pay="0.00",
        over_limit="0.00",
        **STAY,
    )
    info = done["setlinfo"]
    assert fen(info["hifp_pay"]) == expected.figure("pool_pay")
    assert fen(info["hifob_pay"]) == expected.figure("large_expense_pay") > 0
    paid = {d["fund_pay_type"]: fen(d["fund_payamt"]) for d in done["setldetail"]}
    assert paid["330100"] == expected.figure("large_expense_pay")
    assert any(f"= {info['hifob_pay']}" in s["formula"] for s in proc(done, "330100"))
    assert len(proc(done, "310100")) > 1


def test_everything_of_a_stay_is_undone(patient: Patient) -> None:
    patient.discharge()
    done = patient.settle_stay(TOTAL)
    of = {"data": patient.of}
    assert "已出院结算，不能撤销出院" in patient.hospital.refused("2405", of)
    back = patient.take_back("2305")
    assert back["setlinfo"]["medfee_sumamt"] == -done["setlinfo"]["medfee_sumamt"]
    patient.hospital.ask("2405", of)
    assert "请先撤销明细" in patient.hospital.refused("2404", of)
    gone = {"data": [{"feedetl_sn": "1", **patient.of}, {"feedetl_sn": "2", **patient.of}]}
    patient.hospital.ask("2302", gone)
    patient.hospital.ask("2302", {"data": [{"feedetl_sn": "0000", **patient.of}]})
    patient.hospital.ask("2404", of)
    assert "已撤销" in patient.hospital.refused("2402", patient.leaving())
    anew = Patient(patient.hospital, patient.person)
    anew.admit()  # and somebody may come again


def test_what_is_given_back_is_settled_as_what_is_left(patient: Patient) -> None:
    back = of_stay(patient, "9", town.DRUG, "1500", "-2", init_feedetl_sn="1")
    (told,) = patient.charge(back, infno="2301")
    assert (told["det_item_fee_sumamt"], told["inscp_scp_amt"], told["cnt"]) == (-3000, -3000, -2)
    patient.discharge()
    assert "相差3000.00" in patient.hospital.refused("2304", patient.of_stay(TOTAL))
    done = patient.settle_stay("16220.00")
    assert done["setlinfo"]["medfee_sumamt"] == 16220


def test_a_stay_is_settled_in_between(patient: Patient, hospital: Hospital) -> None:
    first = patient.settle_stay(TOTAL, mid_setl_flag="1", dscgTime="2022-03-04")
    patient.charge(of_stay(patient, "4", town.DRUG, "2000"), infno="2301")
    patient.discharge()
    last = patient.settle_stay("2000.00")
    once = Patient(hospital, next(_free))
    once.admit()
    more = of_stay(once, "4", town.DRUG, "2000")
    once.charge(*lines(once), more, infno="2301")
    once.discharge()
    whole = once.settle_stay("21220.00")
    paid = [s["setlinfo"]["fund_pay_sumamt"] for s in (first, last)]
    assert sum(paid) == whole["setlinfo"]["fund_pay_sumamt"]


def test_nobody_is_admitted_twice(patient: Patient) -> None:
    again = Patient(patient.hospital, patient.person)
    told = patient.hospital.refused("2401", again.admission())
    assert told == f"人员编号(mdtrtinfo.psn_no)：{patient.person} 正在住院，未办出院[in_hospital]"


def test_a_stay_is_changed_until_it_is_settled(patient: Patient, database: Database) -> None:
    change = patient.admission(med_type="22")
    change["adminfo"] = change.pop("mdtrtinfo") | patient.of | {"ipt_otp_no": "x"}
    del change["adminfo"]["ipt_no"], change["adminfo"]["insutype"]
    patient.hospital.ask("2403", change)
    found = held(database, patient)
    assert (found.facts, found.says["med_type"]) == ({"injury": "accident"}, "22")
    late = {**change, "adminfo": {**change["adminfo"], "endtime": "2022-03-08 10:00:00"}}
    assert "出院办理(2402)" in patient.hospital.refused("2403", late)
    patient.discharge()
    patient.hospital.ask("2403", late)
    done = patient.settle_stay(TOTAL)
    assert (done["setlinfo"]["med_type"], done["setlinfo"]["clr_type"]) == ("22", "21")
    assert "已出院结算" in patient.hospital.refused("2403", late)


def test_what_is_known_of_a_birth_is_told_at_the_discharge(
    hospital: Hospital, database: Database
) -> None:
    mother = Patient(hospital, next(_free))
    mother.admit()
    mother.discharge(matn_type="3", geso_val="39")
    assert facts_of(database, mother) == {"delivery": "caesarean", "pregnancy": "from_28_weeks"}
    hospital.ask("2405", {"data": mother.of})
    assert facts_of(database, mother) == {}
    mother.discharge(matn_type="1")  # what was told by mistake is not left over
    assert facts_of(database, mother) == {"delivery": "natural"}


def test_who_died_under_observation_and_who_did_not(hospital: Hospital, database: Database) -> None:
    patient = Patient(hospital, next(_free))
    patient.admit(med_type="24")
    patient.discharge(dscg_way="5")
    assert facts_of(database, patient) == {"outcome": "death"}
    hospital.ask("2405", {"data": patient.of})
    patient.discharge(dscg_way="1")
    assert facts_of(database, patient) == {"outcome": "admitted"}


def facts_of(database: Database, patient: Patient) -> Any:
    return held(database, patient).facts


def held(database: Database, patient: Patient) -> Visit:
    of = Of(int(patient.visit), patient.hospital.code, patient.person)
    with database.transaction() as connection:
        return visit.held(connection, of)


def test_nothing_of_the_person_is_written_down_with_a_visit(
    hospital: Hospital, database: Database
) -> None:
    person = Patient(hospital, next(_free))
    person.admit(coner_name="张伟", tel="13800000000", mdtrt_cert_no="SECRET1")
    says = json.dumps(held(database, person).says, ensure_ascii=False)
    assert "高血压" in says
    assert not any(secret in says for secret in ("张伟", "13800000000", "SECRET1"))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"begntime": "2999-01-01 00:00:00"}, "未到"),
        ({"insutype": "390"}, "没有该险种的待遇"),
        ({"med_type": "2102"}, "未开通"),
        ({"psn_no": "nobody"}, "没有登记 nobody"),
    ],
)
def test_an_admission_that_does_not_fit(
    hospital: Hospital, changes: dict[str, str], told: str
) -> None:
    assert told in hospital.refused("2401", Patient(hospital, "W2", "310").admission(**changes))
