"""2101 to 2103: purchases at a pharmacy, with and without a prescription from elsewhere."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import visit_town as town
from centres import Hospital
from claim_figures import WORKER, figures
from visiting import CERTIFICATE, Patient, diagnosis

from yibao.agency.dispensing.prescriptions import Item, Prescription, audit, issue
from yibao.clock import CHINA
from yibao.store.database import Database
from yibao.store.sight import EVERYTHING

WORKERS = tuple(f"W{n}" for n in range(1, 8))
DAY = "2019-03-01"


@pytest.fixture(scope="module")
def database(url: str) -> Iterator[Database]:
    with Database(url, sight=EVERYTHING) as database:
        employee = {"scheme": "employee", "category": "in_service", "contribution_tier": "none"}
        town.build(database, *WORKERS, large_expense_paid=True, **employee)
        with database.transaction() as connection:
            town.credit(connection, 300_00, *WORKERS)
            connection.execute(
                "INSERT INTO registry.practitioner (practitioner_id, name, profession, "
                "roster_status, valid) VALUES ('PH1', 'p', 'pharmacist', 'listed', '[2010-01-01,)')"
            )
            connection.execute(
                "INSERT INTO registry.practice_site (practitioner_id, institution_id, valid) "
                "VALUES ('PH1', 'H2', '[2010-01-01,)'), ('PH1', 'P1', '[2010-01-01,)')"
            )
        yield database


_free = iter(WORKERS)


@pytest.fixture
def person() -> str:
    return next(_free)


def purchase(person: str, *lines: dict[str, str], total: str, **more: str) -> dict[str, Any]:
    """Return what is bought: lines, and at first no codes that tell boxes apart."""
    info = {
        "psn_no": person,
        **CERTIFICATE,
        "psn_cert_type": "99",
        "certno": "无",
        "psn_type": "11",
        "psn_name": "未登记",
        "begntime": f"{DAY} 10:00:00",
        "medfee_sumamt": total,
        "insutype": "310",
        "acct_used_flag": "1",
        "med_type": "41",
        **more,
    }
    return {"druginfo": info, "drugdetail": [line(n, **one) for n, one in enumerate(lines, 1)]}


def line(number: int, code: str = town.DRUG, price: str = "20", cnt: str = "1", **more: str) -> Any:
    total = Decimal(price) * Decimal(cnt)
    return {
        "feedetl_sn": str(number),
        "rx_circ_flag": "0",
        "fee_ocur_time": f"{DAY} 10:00:00",
        "med_list_codg": code,
        "medins_list_codg": "own",
        "det_item_fee_sumamt": str(total),
        "cnt": cnt,
        "pric": price,
        **more,
    }


BOX = "81234567890123456789"


def traced(body: dict[str, Any], *more: dict[str, str]) -> dict[str, Any]:
    """Return a purchase with the codes of its boxes, which its settlement has to tell."""
    box = {"feedetl_sn": "1", "drug_trac_codg": BOX, "trdn_flag": "1"}
    return {**body, "durg_trac_info": [box, *({**box, **one} for one in more)]}


def fen(amount: Any) -> int:
    return int(Decimal(amount) * 100)


def test_a_purchase_settled_and_taken_back(
    pharmacy: Hospital, person: str, tmp_path: Path, database: Database
) -> None:
    body = purchase(person, {"price": "300", "cnt": "4"}, {"code": town.COSTLY}, total="1220.00")
    tried = pharmacy.ask("2101", body)
    assert town.town.count(database, "visits.visit") == 0
    done = pharmacy.ask("2102", traced(body))
    expected = figures(
        *(tmp_path, WORKER, "pharmacy", "none"),
        total="1220.00",
        out_of_catalogue="0.00",
        over_limit="0.00",
        first_self_pay="2.00",
        in_scope="1218.00",
        class_b="18.00",
        account_available="300.00",
        admitted_on=DAY,
        discharged_on=DAY,
    )
    info = done["setlinfo"]
    for one in (info, tried["setlinfo"]):
        assert fen(one["fund_pay_sumamt"]) == expected.fund_pay > 0
        assert fen(one["acct_pay"]) == expected.account_pay == 300_00
        assert fen(one["psn_cash_pay"]) == expected.cash_pay
    assert [cut["preselfpay_amt"] for cut in done["detlcutinfo"]] == [0, 2]
    back = {"data": {"setl_id": info["setl_id"], "mdtrt_id": info["mdtrt_id"], "psn_no": person}}
    undone = pharmacy.ask("2103", back)
    assert undone["setlinfo"]["acct_pay"] == -300
    assert undone["setlinfo"]["balc"] == 300
    assert "已冲正" in pharmacy.refused("2103", back)


def prescribed(database: Database, person: str) -> int:
    """Issue a prescription of two boxes at the level-2 hospital, approved by its pharmacist."""
    at = datetime(2019, 3, 1, 9, tzinfo=CHINA)
    with database.transaction() as connection:
        items = (Item("drug", town.DRUG, Fraction(2)),)
        wanted = Prescription("H2", f"RX-{person}", person, "D1", at, items, days=3)
        number = issue(connection, wanted, actor="test")
        audit(connection, number, "PH1", approved=True, actor="test")
    return number


def test_a_prescription_from_elsewhere_is_filled_once(
    pharmacy: Hospital, person: str, database: Database
) -> None:
    number = str(prescribed(database, person))
    boxes = {"cnt": "2", "rx_circ_flag": "1", "rxno": number}
    body = purchase(person, boxes, total="40.00")
    pharmacy.ask("2101", body)
    pharmacy.ask("2102", traced(body))
    assert f"{number} 号处方已配药" in pharmacy.refused("2102", traced(body))
    with database.transaction() as connection:
        row = connection.execute(
            "SELECT claim_facts->>'prescriber_level' FROM desk.settlement WHERE person_id = %s",
            (person,),
        ).fetchone()
    assert row == ("2",)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([{"rx_circ_flag": "1"}], "处方号(drugdetail.rxno)"),
        ([{"rx_circ_flag": "1", "rxno": "R-7"}], "处方号(drugdetail.rxno)"),
        ([{"rx_circ_flag": "1", "rxno": "7"}, {}], "处方号(drugdetail.rxno)"),
        ([{"rx_circ_flag": "1", "rxno": "999"}, {"rx_circ_flag": "1", "rxno": "999"}], "999"),
    ],
)
def test_a_prescription_must_be_told_whole(
    pharmacy: Hospital, lines: list[dict[str, str]], told: str
) -> None:
    total = f"{20 * len(lines)}.00"
    assert told in pharmacy.refused("2101", purchase(WORKERS[-1], *lines, total=total))


def test_the_lines_must_come_to_the_total(pharmacy: Hospital, database: Database) -> None:
    before = town.town.count(database, "visits.visit")
    body = traced(purchase(WORKERS[-1], {}, total="81.00"))
    assert "相差61.00" in pharmacy.refused("2102", body)
    assert town.town.count(database, "visits.visit") == before


def test_a_purchase_that_nobody_knows_of_is_reversed(pharmacy: Hospital, person: str) -> None:
    message = pharmacy.message("2102", traced(purchase(person, {}, total="20.00")))
    reversal = {"psn_no": person, "omsgid": message["msgid"], "oinfno": "2102"}
    assert pharmacy.send(message)["infcode"] == 0
    pharmacy.ask("2601", {"data": reversal})
    tried = pharmacy.ask("2101", purchase(person, {}, total="20.00"))
    assert tried["setlinfo"]["balc"] == 280  # of 300.00, as before


@pytest.mark.parametrize(
    ("box", "told"), [({"feedetl_sn": "7"}, "不在本次结算中"), ({}, "追溯码重复")]
)
def test_boxes_are_of_lines_that_are_settled(
    pharmacy: Hospital, database: Database, box: dict[str, str], told: str
) -> None:
    body = purchase(WORKERS[-1], {}, total="20.00")
    before = town.town.count(database, "visits.box")
    assert told in pharmacy.refused("2102", traced(body, box))
    assert town.town.count(database, "visits.box") == before


def test_boxes_are_kept(pharmacy: Hospital, database: Database) -> None:
    body = traced(purchase(WORKERS[-1], {}, total="20.00"), {"drug_trac_codg": "9"})
    number = pharmacy.ask("2102", body)["setlinfo"]["setl_id"]
    with database.transaction() as connection:
        rows = connection.execute(
            "SELECT number, trace_code, opened FROM visits.box WHERE settlement_id = %s "
            "ORDER BY trace_code",
            (int(number),),
        ).fetchall()
    assert rows == [("1", BOX, True), ("1", "9", True)]


def test_a_pharmacy_gives_nothing_back_line_by_line(pharmacy: Hospital) -> None:
    body = purchase(WORKERS[-1], {"cnt": "-1"}, total="-20.00")
    assert "第1行 数量(drugdetail.cnt)" in pharmacy.refused("2101", body)


# --- a visit at a pharmacy ------------------------------------------------------------------------


def at_pharmacy(hospital: Hospital, person: str, **more: Any) -> Patient:
    found = Patient(hospital, person, "310", DAY)
    found.register()
    told = {**found.of, "med_type": "41", "begntime": f"{DAY} 09:05:00", **more}
    hospital.ask("2203A", {"mdtrtinfo": told, "diseinfo": [diagnosis()]})
    return found


def test_a_visit_to_a_pharmacy_is_settled_as_the_purchase_would_be(
    pharmacy: Hospital, person: str
) -> None:
    bought = pharmacy.ask("2101", purchase(person, {"price": "300", "cnt": "4"}, total="1200.00"))
    patient = at_pharmacy(pharmacy, person)
    patient.charge(patient.line("1", price="300", cnt="4", bilg_dr_codg="PH1"))
    wanted = {**patient.wanted("1200.00"), "med_type": "41", "acct_used_flag": "1"}
    tried = pharmacy.ask("2206A", {"data": wanted})["setlinfo"]
    box = {"feedetl_sn": "1", "drug_trac_codg": BOX, "trdn_flag": "1", "min_prcunt_type": "1"}
    names = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")
    wanted |= {name: str(tried[name]) for name in names}
    done = pharmacy.ask("2207A", {"data": wanted, "drug_trac_info": [box]})["setlinfo"]
    for name in ("fund_pay_sumamt", "acct_pay", "psn_cash_pay", "inscp_scp_amt"):
        assert bought["setlinfo"][name] == tried[name] == done[name] > 0, name
    patient.setl_id = done["setl_id"]
    assert patient.take_back()["setlinfo"]["balc"] == 300
