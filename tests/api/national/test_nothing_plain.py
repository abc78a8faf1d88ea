"""What institutions tell of persons over the national interface stands nowhere in the database."""

import base64
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import visit_town as town
from centres import SCHEMA, Hospital
from dumps import dumped, read_in
from visiting import Patient

from yibao.agency.enrolment.persons import Person, change, register
from yibao.interop.national import sample
from yibao.registry.codes import identity_check
from yibao.store.database import Database
from yibao.store.sight import EVERYTHING

WHO, AGENT = (
    digits + identity_check(digits) for digits in ("12010119800501301", "12010119850501302")
)
NAME, CARER = "欧阳无双", "诸葛未央"
PHONES = "13812345678", "13987654321"


@pytest.fixture(scope="module")
def database(url: str) -> Iterator[Database]:
    with Database(url, sight=EVERYTHING) as database:
        town.build(database, "R1", "P1")
        with database.transaction() as connection:
            change(
                *(connection, "R1"),
                identity_type="passport",
                identity_number="E98765432",
                name=NAME,
                phone=PHONES[0],
                actor="test",
            )
            born = Person("R9", date(1980, 5, 1), NAME, "resident_id", WHO, phone=PHONES[0])
            register(connection, born, actor="test")
        yield database


def today() -> str:
    return date.today().isoformat()  # noqa: DTZ011


@pytest.mark.clause("P25-3.11.4b")
def test_nothing_of_whom_it_is_about_stands_in_the_database(
    client: Any, database: Database
) -> None:
    hospital, pharmacy = Hospital(client, "H3"), Hospital(client, "P1")
    told = f"{CARER}{PHONES[1]}"
    patient = Patient(hospital, "R1")
    agent = {"coner_name": CARER, "tel": PHONES[1]}
    patient.admit(**agent, mdtrt_cert_no="E98765432")
    patient.charge(patient.line("1", med_type="21", memo=told), infno="2301")
    patient.discharge()
    patient.settle_stay("100.00")
    accident = {
        "dcla_souc": "01",
        "psn_no": "R1",
        "psn_cert_type": "03",
        "certno": "E98765432",
        "psn_name": NAME,
        "insu_admdvs": "120100",
        "chk_pay_flag": "0",
        "begndate": today(),
        "trum_time": f"{today()} 08:00:00",
        "trum_site": f"{CARER}家门口",
        "trum_rea": f"被{CARER}撞伤",
        "addr": f"{CARER}家",
        "tel": PHONES[0],
        "agnter_name": CARER,
        "agnter_cert_type": "01",
        "agnter_certno": AGENT,
        "agnter_tel": PHONES[1],
        "memo": told,
    }
    hospital.ask("2507", {"data": accident})
    content = base64.b64encode(f"{NAME},{WHO}".encode()).decode()
    file = {"in": content, "filename": f"{NAME}.zip", "fixmedins_code": "H3"}
    hospital.ask("9101", {"fsUploadIn": file})
    moved = sample.message(SCHEMA, SCHEMA.transactions["3505"].input, everything=False)
    moved["selinfo"] |= {"memo": told, "psn_name": NAME, "certno": WHO, "psn_no": "R9"}
    moved["selinfo"] |= {"fixmedins_bchno": "B1", "sel_retn_cnt": "1", "expy_end": "2099-01-01"}
    pharmacy.ask("3505", moved)
    voucher = {"mdtrt_cert_type": "02", "mdtrt_cert_no": WHO, "psn_cert_type": "01"}
    known = hospital.ask("1101", {"data": voucher})
    assert known["baseinfo"]["psn_name"] == NAME
    dump = dumped(database.url)
    assert "file-accident" in dump
    secrets = (WHO, AGENT, NAME, CARER, *PHONES, "E98765432")
    assert read_in(dump, secrets) == []
