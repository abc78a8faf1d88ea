"""31xx: orders against rules of use, of which each has three answers; 4101: settlement lists."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import visit_town as town
from centres import SCHEMA, Hospital
from visiting import Patient

from yibao.agency.enrolment.sealed import LIST
from yibao.interop.national import sample
from yibao.store.database import Database
from yibao.store.sight import EVERYTHING
from yibao.store.vault import vault

RESIDENTS = ("R1", "R2", "R3")


@pytest.fixture(scope="module")
def database(url: str) -> Iterator[Database]:
    with Database(url, sight=EVERYTHING) as database:
        town.build(database, *RESIDENTS)
        with database.transaction() as connection:
            connection.execute(
                """
                INSERT INTO registry.item (kind, code, name, class, first_self_pay, sex, age_from,
                                           age_below, valid) VALUES
                  ('drug', 'WOMEN', 'w', 'A', 0, 'female', NULL, NULL, '[2015-01-01,)'),
                  ('drug', 'CHILD', 'c', 'A', 0, 'any', NULL, 14, '[2015-01-01,)'),
                  ('drug', 'ADULT', 'a', 'A', 0, 'any', 18, NULL, '[2015-01-01,)')
                """
            )
        yield database


@pytest.fixture
def hospital(client: Any) -> Hospital:
    return Hospital(client, "H2")


def question(*codes: str, infno: str = "3101", gend: str = "1", **more: Any) -> dict[str, Any]:
    """Return a question about orders for a man born in 2000."""
    made = sample.message(SCHEMA, SCHEMA.transactions[infno].input, everything=False)
    patient = made["data"]["patient_dtos"][0]
    patient |= {"patn_id": "X1", "gend": gend, "brdy": "2000-01-01", "curr_mdtrt_id": "M1"}
    encounter = patient["fsi_encounter_dtos"][0]
    order = encounter["fsi_order_dtos"][0]
    encounter["fsi_order_dtos"] = [
        order
        | {"rx_id": f"O{at}", "hilist_code": code, "sumamt": "12.50"}
        | {"drord_begn_date": "2026-03-02 08:00:00"}
        for at, code in enumerate(codes, 1)
    ]
    made["data"] |= more
    return made


def found(told: dict[str, Any]) -> list[tuple[str, str, list[str]]]:
    return [
        (one["rule_id"], one["sev_deg"], [d["rx_id"] for d in one["judge_result_detail_dtos"]])
        for one in told["result"]
    ]


@pytest.mark.parametrize("infno", ["3101", "3102"])
def test_orders_that_break_a_rule_are_told_with_their_amounts(
    hospital: Hospital, infno: str
) -> None:
    told = hospital.ask(infno, question("WOMEN", "CHILD", "ADULT", "CHILD", infno=infno))
    assert found(told) == [("sex", "1", ["O1"]), ("age", "1", ["O2", "O4"])]
    assert [one["vola_amt"] for one in told["result"]] == [Decimal("12.50"), Decimal("25.00")]


def test_no_row_means_that_all_rules_had_an_answer(hospital: Hospital) -> None:
    assert hospital.ask("3101", question("ADULT"))["result"] == []


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (question("NONE"), [("sex", "0", ["O1"]), ("age", "0", ["O1"])]),
        (question("WOMEN", gend="9"), [("sex", "0", ["O1"])]),
        (question("ADULT", rule_ids=["dose"]), [("dose", "0", ["O1"])]),
        (question("WOMEN", rule_ids=["age"]), []),
    ],
    ids=["no such item", "sex not told", "no such rule", "another rule"],
)
def test_what_cannot_be_told_is_never_passed_off_as_no_finding(
    hospital: Hospital, asked: dict[str, Any], expected: list[tuple[str, str, list[str]]]
) -> None:
    told = hospital.ask("3101", asked)
    assert found(told) == expected
    assert all("未评估" in one["vola_cont"] for one in told["result"])
    assert {one["vola_amt_stas"] for one in told["result"]} <= {"0"}


def test_what_came_of_a_finding_is_kept(hospital: Hospital, database: Database) -> None:
    told = hospital.ask("3101", question("WOMEN"))
    number = told["result"][0]["jr_id"]
    body = {
        "data": {"warn_type": "1", "warns": [{"warn_rslt_id": number, "dspo_way": "1"}]},
    }
    assert "[known_finding]" in Hospital(hospital.client, "H3").refused("3103", body)
    hospital.ask("3103", body)
    with database.transaction() as connection:
        kept = connection.execute(
            "SELECT did FROM review.answer WHERE finding_id = %s", (int(number),)
        ).fetchall()
    assert kept == [("1",)]


def test_rules_are_named_in_texts(hospital: Hospital) -> None:
    assert "规则标识集合(rule_ids)" in hospital.refused("3101", question("WOMEN", rule_ids=[{}]))


# --- settlement lists ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def settled(client: Any, database: Database) -> Patient:
    patient = Patient(Hospital(client, "H2"), "R1")
    patient.register()
    patient.describe()
    patient.charge(patient.line("1", town.DRUG, "100", "10"))
    patient.settle("1000.00", patient.presettle("1000.00"))
    return patient


def summary(patient: Patient, **changes: Any) -> dict[str, Any]:
    """Return the list of a settlement as it was settled."""
    stands = patient.hospital.ask("5203", {"data": {**patient.of, "setl_id": patient.setl_id}})
    info = stands["setlinfo"]
    made = sample.message(SCHEMA, SCHEMA.transactions["4101"].input, everything=False)
    made["setlinfo"] |= {
        **patient.of,
        "setl_id": patient.setl_id,
        "setl_begn_date": info["begndate"],
        "setl_end_date": info["enddate"],
        "psn_cashpay": str(info["cash_payamt"]),
        "acct_pay": str(info["acct_pay"]),
        "psn_name": "张三",
        **changes,
    }
    made["payinfo"] = [
        {"fund_pay_type": d["fund_pay_type"], "fund_payamt": str(d["fund_payamt"])}
        for d in stands["setldetail"]
    ]
    made["iteminfo"] = [{"med_chrgitm": "09", "amt": "1000.00"}]
    return made


def test_a_list_that_says_what_was_settled_is_kept(settled: Patient, database: Database) -> None:
    told = settled.hospital.ask("4101", summary(settled))["data"]["setl_list_id"]
    with database.transaction() as connection:
        row = connection.execute(
            "SELECT list_id, says FROM desk.settlement_list WHERE list_id = %s", (int(told),)
        ).fetchone()
        assert row is not None
        (kept,) = LIST.open_told(vault(connection), *row)["setlinfo"]
    assert kept["setl_id"] == settled.setl_id
    assert "psn_name" not in kept


def test_a_list_that_says_otherwise_is_refused(settled: Patient, client: Any) -> None:
    hospital = settled.hospital
    more = summary(settled)
    more["payinfo"].append({"fund_pay_type": "390200", "fund_payamt": "61.00"})
    assert "基金支付合计应为" in hospital.refused("4101", more)
    less = summary(settled)
    less["iteminfo"][0]["amt"] = "939.00"
    assert "各项费用合计应为1000.00，清单为939.00[sums]" in hospital.refused("4101", less)
    assert "个人现金支付应为" in hospital.refused("4101", summary(settled, psn_cashpay="1"))
    assert "[days]" in hospital.refused("4101", summary(settled, setl_end_date="2022-03-02"))
    other = Hospital(client, "H3")
    assert "[known_settlement]" in other.refused("4101", summary(settled))
