"""2201 to 2208: whole visits through the entry, to the fen as `yibao settle` has them."""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import visit_town as town
from centres import SCHEMA, Hospital
from claim_figures import RESIDENT, WORKER, figures
from desks import tianjin
from visiting import CERTIFICATE, Patient, proc

from yibao.interop.national import care
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.sources import name_of
from yibao.store.database import Database
from yibao.store.sight import EVERYTHING

EMPLOYEE = {"scheme": "employee", "category": "in_service", "contribution_tier": "none"}
RESIDENTS = tuple(f"R{n}" for n in range(1, 30))
WORKERS = tuple(f"W{n}" for n in range(1, 5))


@pytest.fixture(scope="module")
def database(url: str) -> Iterator[Database]:
    with Database(url, sight=EVERYTHING) as database:
        town.build(database, *RESIDENTS)
        town.town.insure(database, *WORKERS, large_expense_paid=True, **EMPLOYEE)
        with database.transaction() as connection:
            town.credit(connection, 500_00, *WORKERS)
        yield database


@pytest.fixture
def hospital(client: Any) -> Hospital:
    return Hospital(client, "H2")


_free = iter(RESIDENTS)
_free_workers = iter(WORKERS)


@pytest.fixture
def patient(hospital: Hospital) -> Patient:
    """Somebody whom no other test has met, with a described visit of three lines."""
    return visiting(hospital, next(_free))


def visiting(hospital: Hospital, person: str, *more: str) -> Patient:
    found = Patient(hospital, person, *more)
    found.register()
    found.describe()
    return found


LINES = (("1", town.DRUG, "333.3333", "3"), ("2", town.COSTLY, "25", "10"), ("3", "XC99", "10"))
TOTAL = "1260.00"


def charged(patient: Patient) -> list[dict[str, Any]]:
    return patient.charge(*(patient.line(*one) for one in LINES))


AMOUNTS = {
    "total": "1260.00",
    "out_of_catalogue": "10.00",
    "over_limit": "50.00",
    "first_self_pay": "20.00",
    "in_scope": "1180.00",
}


def fen(amount: Any) -> int:
    return int(Decimal(amount) * 100)


# --- the whole of it ------------------------------------------------------------------------------


def test_a_whole_visit_of_a_resident(patient: Patient, tmp_path: Path) -> None:
    lines = charged(patient)
    assert [line["det_item_fee_sumamt"] for line in lines] == [1000, 250, 10]
    costly = lines[1]
    assert {name: costly[name] for name in ("overlmt_amt", "preselfpay_amt", "inscp_scp_amt")} == {
        "overlmt_amt": 50,
        "preselfpay_amt": 20,
        "inscp_scp_amt": 180,
    }
    assert [line["chrgitm_lv"] for line in lines] == ["01", "02", "03"]
    assert [line["pric_uplmt_amt"] for line in lines] == [999999, 20, 999999]
    assert lines[1]["selfpay_prop"] == Decimal("0.1")
    tried = patient.presettle(TOTAL)
    assert tried["setlinfo"]["setl_time"] is None
    assert tried["setlinfo"]["setl_id"] is None
    done = patient.settle(TOTAL, tried)
    expected = figures(tmp_path, RESIDENT, "outpatient", "2", **AMOUNTS)
    info = done["setlinfo"]
    assert fen(info["medfee_sumamt"]) == expected.total
    assert fen(info["fund_pay_sumamt"]) == expected.fund_pay > 0
    assert fen(info["hifp_pay"]) == expected.figure("pool_pay")
    assert fen(info["psn_cash_pay"]) == expected.cash_pay
    assert fen(info["act_pay_dedc"]) == expected.figure("deductible")
    moved = {"setl_id", "setl_time", "medins_setl_id"}
    assert {n: v for n, v in info.items() if n not in moved} == {
        n: v for n, v in tried["setlinfo"].items() if n not in moved
    }
    assert (info["psn_type"], info["insutype"], info["med_type"]) == ("15", "390", "11")
    # who pays how much, each with the arithmetic behind it
    (pool,) = done["setldetail"]
    assert (pool["fund_pay_type"], fen(pool["fund_payamt"])) == ("390100", expected.fund_pay)
    steps = proc(done, "390100")
    assert any(f"= {info['hifp_pay']}" in step["formula"] for step in steps), steps
    assert all(step["polItemName"] for step in steps)
    documents = [f"{name_of(document).zh} " for document in tianjin().region.documents]
    for step in steps:  # the document and its article
        (named,) = {name for name in documents if step["cite"].startswith(name)}
        assert step["cite"].removeprefix(named)


def test_a_visit_of_an_employee_who_pays_from_the_account(
    hospital: Hospital, tmp_path: Path
) -> None:
    worker = visiting(hospital, next(_free_workers), "310", "2019-03-01")
    charged(worker)
    done = worker.settle(TOTAL, worker.presettle(TOTAL, acct_used_flag="1"), acct_used_flag="1")
    info = done["setlinfo"]
    expected = figures(
        *(tmp_path, WORKER, "outpatient", "2"),
        **AMOUNTS,
        admitted_on="2019-03-01",
        discharged_on="2019-03-01",
        account_available="500.00",
    )
    assert fen(info["fund_pay_sumamt"]) == expected.fund_pay
    assert fen(info["acct_pay"]) == expected.account_pay == 500_00
    assert fen(info["psn_cash_pay"]) == expected.cash_pay
    assert info["balc"] == 0
    paid = {d["fund_pay_type"]: d["fund_payamt"] for d in done["setldetail"]}
    assert paid["310200"] == 500
    back = worker.take_back()
    assert back["setlinfo"]["balc"] == 500
    assert back["setlinfo"]["acct_pay"] == -500


def test_a_settlement_taken_back_comes_with_the_same_sums_below_zero(patient: Patient) -> None:
    charged(patient)
    done = patient.settle(TOTAL, patient.presettle(TOTAL))
    back = patient.take_back()
    sums = [
        *(care.SUMS),
        *("medfee_sumamt", "fund_pay_sumamt", "psn_part_amt", "psn_cash_pay", "inscp_scp_amt"),
    ]
    for name in sums:
        assert back["setlinfo"][name] == -done["setlinfo"][name]
    assert [d["fund_payamt"] for d in back["setldetail"]] == [
        -d["fund_payamt"] for d in done["setldetail"]
    ]
    assert back["setlinfo"]["setl_id"] != patient.setl_id
    # and again: the lines are free, the number of the message is new
    again = patient.settle(TOTAL, patient.presettle(TOTAL))
    assert again["setlinfo"]["fund_pay_sumamt"] == done["setlinfo"]["fund_pay_sumamt"]
    patient.take_back()
    told = patient.hospital.refused("2208", {"data": {"setl_id": patient.setl_id, **patient.of}})
    assert "已冲正" in told


def test_a_settlement_is_taken_back_whatever_became_of_the_cover(
    patient: Patient, database: Database
) -> None:
    charged(patient)
    patient.settle(TOTAL, patient.presettle(TOTAL))
    with database.transaction() as connection:
        connection.execute(
            "UPDATE enrolment.coverage SET known = tstzrange(lower(known), clock_timestamp()) "
            "WHERE person_no = (SELECT person_no FROM enrolment.person WHERE person_id = %s)",
            (patient.person,),
        )
    assert "没有该险种的待遇" in str(benefits_of(patient))
    assert patient.take_back()["setlinfo"]["psn_type"] == "15"


def benefits_of(patient: Patient) -> Any:
    given = {"fixmedins_code": "H2", "med_type": "11", "begntime": "2022-03-01 09:00:00"}
    return patient.hospital.ask(
        "2001", {"data": {"psn_no": patient.person, "insutype": "390", **given}}
    )


def test_two_batches_of_one_visit(patient: Patient) -> None:
    first = patient.line("1")
    second = patient.line("2", town.VISIT, "12", chrg_bchno="B2")
    patient.charge(first, second)
    patient.settle("100.00", patient.presettle("100.00"))
    tried = patient.presettle("12.00", chrg_bchno="B2")
    done = patient.settle("12.00", tried, chrg_bchno="B2")
    assert done["setlinfo"]["medfee_sumamt"] == 12
    assert patient.hospital.refused("2206", {"data": patient.wanted("100.00")}) == (
        "收费批次号(data.chrg_bchno)：批次 B1 没有未结算的费用明细，请核对或先上传明细[charged]"
    )


def test_everything_is_undone_and_the_visit_withdrawn(patient: Patient, database: Database) -> None:
    charged(patient)
    patient.settle(TOTAL, patient.presettle(TOTAL))
    out = {"data": {**patient.of, "ipt_otp_no": "x"}}
    assert "请先撤销结算" in patient.hospital.refused("2202", out)
    patient.take_back()
    assert "请先撤销明细" in patient.hospital.refused("2202", out)
    patient.hospital.ask("2205", {"data": {**patient.of, "chrg_bchno": "B1"}})
    patient.hospital.ask("2202", out)
    told = patient.hospital.refused("2204", {"feedetail": [patient.line("9")]})
    assert told == "就诊ID(feedetail.mdtrt_id)：就诊已撤销，不能上传费用明细[visit_state]"


def test_the_same_message_settles_once(patient: Patient) -> None:
    charged(patient)
    tried = patient.presettle(TOTAL)["setlinfo"]
    names = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")
    body = {"data": patient.wanted(TOTAL, **{name: str(tried[name]) for name in names})}
    message = patient.hospital.message("2207", body)
    first = patient.hospital.send(message)
    assert first["infcode"] == 0
    assert patient.hospital.send(message) == first
    assert first["output"]["setlinfo"]["medins_setl_id"] == message["msgid"]


def test_a_pre_settlement_leaves_nothing(patient: Patient, database: Database) -> None:
    charged(patient)
    counted = ("desk.settlement", "ops.request", "ops.audit", "visits.settled")
    before = [town.town.count(database, table) for table in counted]
    patient.presettle(TOTAL)
    assert [town.town.count(database, table) for table in counted] == before


# --- lines ----------------------------------------------------------------------------------------


def test_numbers_of_lines_may_be_texts_and_numbers(patient: Patient) -> None:
    found = patient.charge(patient.line("yp570"), patient.line("7") | {"feedetl_sn": 8})
    assert [line["feedetl_sn"] for line in found] == ["yp570", "8"]


def test_a_restricted_drug_is_paid_where_it_was_approved(patient: Patient) -> None:
    found = patient.charge(
        patient.line("1", town.RESTRICTED, hosp_appr_flag="0"),
        patient.line("2", town.RESTRICTED, hosp_appr_flag="1"),
        patient.line("3", town.DRUG, hosp_appr_flag="2"),
    )
    assert [line["inscp_scp_amt"] for line in found] == [0, 95, 0]
    assert [line["lmt_used_flag"] for line in found] == ["1", "0", "1"]
    assert found[0]["memo"] == "医疗机构未确认符合限定支付范围"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            {"det_item_fee_sumamt": "99.99"},
            "第1行 明细项目费用总额(feedetail.det_item_fee_sumamt)：收到“99.99”，"
            "数量乘单价为100.00[lines_agree]",
        ),
        ({"cnt": "0", "det_item_fee_sumamt": "0"}, "第1行 数量(feedetail.cnt)：不能为0"),
        ({"cnt": "-1", "det_item_fee_sumamt": "-100"}, "原费用流水号"),
        (
            {"fee_ocur_time": "2022-02-28 23:59:59"},
            "第1行 费用发生时间(feedetail.fee_ocur_time)：收到“2022-02-28 23:59:59”，"
            "服务日期应在就诊期间 2022-03-01 至 ",
        ),
        (
            {"bilg_dr_codg": "D9"},
            "第1行 开单医生编码(feedetail.bilg_dr_codg)：收到“D9”，当日不在医保医师名录，请核对",
        ),
        ({"pric": "x"}, "第1行 单价(feedetail.pric)：应为数字"),
    ],
)
def test_a_line_that_is_wrong_is_told_with_its_row(
    hospital: Hospital, line: dict[str, str], told: str
) -> None:
    patient = visiting(hospital, SHARED)
    assert told in hospital.refused("2204", {"feedetail": [patient.line("1") | line]})


SHARED = RESIDENTS[-1]


def test_every_line_that_is_wrong_is_told(hospital: Hospital) -> None:
    patient = visiting(hospital, SHARED)
    lines = [patient.line(str(n)) for n in range(1, 5)]
    lines[0]["bilg_dr_codg"] = "D9"
    lines[2]["det_item_fee_sumamt"] = "99.99"
    lines[3] |= {"bilg_dr_codg": "D8", "det_item_fee_sumamt": "99.98"}
    reply = hospital.send(hospital.message("2204", {"feedetail": lines}))
    told = reply["err_msg"] + reply["warn_msg"]
    for row, value in ((1, "D9"), (3, "99.99"), (4, "D8"), (4, "99.98")):
        assert re.search(f"第{row}行 [^；]*收到“{value}”", told), told
    assert "第2行" not in told
    for line in lines:
        line["cnt"] = "0"
    told = hospital.refused("2204", {"feedetail": lines})
    assert all(f"第{row}行 数量(feedetail.cnt)：不能为0" in told for row in range(1, 5))
    assert "费用明细 1、2 在本次就诊中已上传" in hospital.refused(
        "2204", {"feedetail": [patient.line(n) for n in ("1", "1", "2", "2", "3")]}
    )


@pytest.mark.parametrize(
    ("infno", "hospital_", "told"),
    [("2201", "H2", "医师编码(data.atddr_no)"), ("2401", "H3", "主治医生编码(mdtrtinfo.atddr_no)")],
)
def test_who_may_not_order_anything_is_told_of_before_the_visit(
    client: Any, database: Database, infno: str, hospital_: str, told: str
) -> None:
    with database.transaction() as connection:
        connection.execute(
            "INSERT INTO registry.practitioner (practitioner_id, name, profession, roster_status, "
            "valid) VALUES ('D7', 'a', 'physician', 'listed', '[2010-01-01,)'), "
            "('D8', 'b', 'physician', 'suspended', '[2010-01-01,)') ON CONFLICT DO NOTHING"
        )
    patient = Patient(Hospital(client, hospital_), SHARED)
    whys = {
        "D7": "当日未在该机构登记执业",
        "D8": "当日医保服务资格暂停或移出",
        "D9": "当日不在医保医师名录",
    }
    for who, why in whys.items():
        body = patient.admission(atddr_no=who)
        if infno == "2201":
            names = SCHEMA.transactions[infno].input["data"].fields.keys()
            given = {n: v for n, v in body["mdtrtinfo"].items() if n in names}
            outpatient = {"ipt_otp_no": "1", "dr_name": "x", "dept_code": "03", "dept_name": "内科"}
            body = {"data": {**given, **outpatient, "caty": "A03"}}
        assert f"{told}：收到“{who}”，{why}" in patient.hospital.refused(infno, body)


def test_what_is_not_described_says_how_to(hospital: Hospital) -> None:
    patient = Patient(hospital, SHARED)
    patient.register()
    patient.charge(patient.line("1"))
    assert hospital.refused("2206", {"data": patient.wanted("100.00")}) == (
        "医疗类别(data.med_type)：尚未上传就诊信息，医疗类别未知，请先上传就诊信息(2203)[described]"
    )


def test_a_settlement_that_is_taken_back_twice_is_told_by_its_number(patient: Patient) -> None:
    patient.charge(patient.line("1"))
    patient.settle("100.00", patient.presettle("100.00"))
    patient.take_back()
    back = {"data": {"setl_id": patient.setl_id, **patient.of}}
    assert patient.hospital.refused("2208", back) == (
        f"结算ID(data.setl_id)：收到“{patient.setl_id}”，已冲正[reversed]"
    )


def test_a_sum_that_is_not_that_of_the_lines_is_told_by_its_field(patient: Patient) -> None:
    patient.charge(patient.line("1"))
    wanted = patient.wanted("100.00", **dict.fromkeys(SUMS, "0"), inscp_scp_amt="99.00")
    assert patient.hospital.refused("2207", {"data": wanted}) == (
        "符合政策范围金额(data.inscp_scp_amt)：报文为99.00，明细合计为100.00，相差-1.00[lines_agree]"
    )


SUMS = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt")


def test_lines_of_two_visits_are_not_taken_together(hospital: Hospital) -> None:
    one, other = visiting(hospital, SHARED), visiting(hospital, SHARED)
    told = hospital.refused("2204", {"feedetail": [one.line("1"), other.line("2")]})
    assert "同一就诊" in told


def test_all_lines_are_withdrawn_at_once(patient: Patient) -> None:
    charged(patient)
    patient.hospital.ask("2205", {"data": {**patient.of, "chrg_bchno": "0000"}})
    assert "没有未结算" in patient.hospital.refused("2206", {"data": patient.wanted(TOTAL)})
    charged(patient)  # under the same numbers, as systems do


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"medfee_sumamt": "1321.00"}, "相差61.00"),
        ({"insutype": "310"}, "参保险种为城乡居民基本医疗保险"),
        ({"insutype": "410"}, "险种类型(insutype)"),
        (
            {"med_type": "13"},
            "医疗类别(data.med_type)：收到“13”，医疗类别与上传的就诊信息不同，请改填",
        ),
        ({"med_type": "2102"}, "医疗类别(med_type)：本中心未开通“2102”"),
        ({"med_type": "2102"}, "没有规则规定个人如何负担"),
        ({"psn_setlway": "02"}, "只按项目结算"),
        ({"psn_setlway": "02"}, "没有规则规定按定额结算(02)的定额是多少"),
        ({"acct_used_flag": "2"}, "共济人"),
        ({"chrg_bchno": "B9"}, "收费批次号(data.chrg_bchno)：批次 B9 没有未结算的费用明细"),
        ({"mdtrt_id": "99999999"}, "号就诊"),
        ({"mdtrt_id": "x"}, "号就诊"),
        ({"psn_no": "R2"}, "号就诊"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(
    hospital: Hospital, changes: dict[str, str], told: str
) -> None:
    patient = visiting(hospital, SHARED)
    charged(patient)
    assert told in hospital.refused("2206", {"data": patient.wanted(TOTAL, **changes)})


def test_another_hospital_sees_nothing_of_a_visit(patient: Patient, client: Any) -> None:
    charged(patient)
    other = Hospital(client, "H3")
    assert "本机构没有" in other.refused("2206", {"data": patient.wanted(TOTAL)})


def test_an_identity_document_must_be_the_persons(hospital: Hospital, database: Database) -> None:
    from yibao.agency.enrolment.persons import Person, register
    from yibao.agency.enrolment.takeover import take_over

    number = "120101199001011239"
    with database.transaction() as connection:
        born = date(1990, 1, 1)
        register(connection, Person("I1", born, "王五", "resident_id", number), actor="test")
        from dataclasses import replace

        from desks import status

        take_over(connection, replace(status("I1"), birth_date=born), actor="test")
    document = {"mdtrt_cert_type": "02", "mdtrt_cert_no": number}
    Patient(hospital, "I1").register(**document)
    with pytest.raises(AssertionError, match="不是该人员的证件号码"):
        Patient(hospital, "I1").register(**document | {"mdtrt_cert_no": "110101199001011237"})


def test_a_special_disease_needs_its_code(hospital: Hospital, database: Database) -> None:
    patient = Patient(hospital, SHARED)
    patient.register()
    told = {**patient.of, "med_type": "140201", "begntime": "2022-03-01 09:05:00"}
    body = {"mdtrtinfo": told, "diseinfo": []}
    assert "门诊慢特病必填" in hospital.refused("2203", body)
    told["dise_codg"] = "nothing"
    assert "没有这个代码" in hospital.refused("2203", body)


def test_every_fund_of_ours_has_its_place_in_a_reply() -> None:
    assert care.PAYERS.keys() == {*vocabulary().funds, "personal_account"}
    assert {p.sum for p in care.PAYERS.values()} <= {*care.SUMS, "hosp_part_amt", "acct_pay"}
    visits = vocabulary().attributes["visit"].codes or {}
    assert {one.visit for one in care.CARE.values()} <= visits.keys()


def test_codes_are_those_of_the_interface() -> None:
    from centres import SCHEMA

    codes = {name: set(table.values) for name, table in SCHEMA.codes.items()}
    assert care.CARE.keys() <= codes["med_type"]
    paid = {code for p in care.PAYERS.values() for code in (p.employee, p.resident)}
    assert paid <= codes["fund_pay_type"]
    assert CERTIFICATE["mdtrt_cert_type"] in codes["mdtrt_cert_type"]


# --- benefits -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "flag", "told"),
    [
        ({}, "1", None),
        ({"begntime": "2014-12-31 00:00:00"}, "0", "2014-12-31 没有该险种的待遇"),
        ({"insutype": "310"}, "0", "2022-03-01 没有该险种的待遇"),
        ({"fixmedins_code": "E2"}, "0", "当日没有有效的服务协议"),
        ({"med_type": "52"}, "0", "服务协议不含这一就医类别"),
    ],
)
def test_benefits(hospital: Hospital, changes: dict[str, str], flag: str, told: str | None) -> None:
    given = {
        "psn_no": SHARED,
        "insutype": "390",
        "fixmedins_code": "H2",
        "med_type": "11",
        "begntime": "2022-03-01 09:00:00",
        **changes,
    }
    (found,) = hospital.ask("2001", {"data": given})["trtinfo"]
    assert (found["trt_enjymnt_flag"], found["trt_chk_rslt"]) == (flag, told)
