"""2601: "I do not know whether it went through" becomes "it is not"."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
import visit_town as town
from centres import ENTRY, Hospital
from services import Client
from visiting import Patient

from yibao.store.database import Database
from yibao.store.sight import EVERYTHING

RESIDENTS = tuple(f"R{n}" for n in range(1, 20))
_free = iter(RESIDENTS)


@pytest.fixture(scope="module")
def database(url: str) -> Iterator[Database]:
    with Database(url, sight=EVERYTHING) as database:
        town.build(database, *RESIDENTS)
        yield database


@pytest.fixture
def patient(client: Any) -> Patient:
    found = Patient(Hospital(client, "H2"), next(_free))
    found.register()
    found.describe()
    found.charge(found.line("1"))
    return found


def settling(patient: Patient) -> dict[str, Any]:
    """Return a message that settles; whether it was sent nobody knows."""
    tried = patient.presettle("100.00")["setlinfo"]
    names = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")
    stated = {name: str(tried[name]) for name in names}
    return patient.hospital.message("2207", {"data": patient.wanted("100.00", **stated)})


def reversing(patient: Patient, message: dict[str, Any], **more: str) -> dict[str, Any]:
    given = {"psn_no": patient.person, "omsgid": message["msgid"], "oinfno": message["infno"]}
    return {"data": {**given, **more}}


def standing(database: Database, person: str) -> int:
    with database.transaction() as connection:
        row = connection.execute(
            "SELECT count(*) FILTER (WHERE kind = 'settlement') "
            "- count(*) FILTER (WHERE kind = 'reversal') FROM desk.settlement WHERE person_id = %s",
            (person,),
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_what_went_through_is_taken_back(patient: Patient, database: Database) -> None:
    message = settling(patient)
    assert patient.hospital.send(message)["infcode"] == 0
    assert standing(database, patient.person) == 1
    patient.hospital.ask("2601", reversing(patient, message))
    assert standing(database, patient.person) == 0
    # the lines are free, and a new message settles them
    assert patient.hospital.send(settling(patient))["infcode"] == 0
    assert "已冲正" in patient.hospital.refused("2601", reversing(patient, message))


def test_what_did_not_go_through_never_will(patient: Patient, database: Database) -> None:
    message = settling(patient)
    patient.hospital.ask("2601", reversing(patient, message))
    patient.hospital.ask("2601", reversing(patient, message))  # asked again it is so still
    late = patient.hospital.send(message)
    assert late["infcode"] == -1
    assert "msgid" in late["err_msg"]
    assert standing(database, patient.person) == 0


def test_a_message_that_was_refused_did_not_go_through(
    patient: Patient, database: Database
) -> None:
    message = settling(patient)
    message["input"]["data"]["medfee_sumamt"] = "161.00"
    assert patient.hospital.send(message)["infcode"] == -1
    patient.hospital.ask("2601", reversing(patient, message))
    assert standing(database, patient.person) == 0


def test_the_number_of_a_message_is_its_institutions(patient: Patient, client: Any) -> None:
    message = settling(patient)
    assert patient.hospital.send(message)["infcode"] == 0
    Hospital(client, "H3").ask("2601", reversing(patient, message))  # theirs never came
    patient.hospital.ask("2601", reversing(patient, message))


@pytest.mark.parametrize("round_", range(4))
def test_message_and_reversal_at_once(
    round_: int, patient: Patient, database: Database, app: Any, client: Client
) -> None:
    """Whichever comes first: afterwards nothing stands, and both have an answer."""
    message = settling(patient)
    reversal = patient.hospital.message("2601", reversing(patient, message))
    start = Barrier(2)

    def send(given: dict[str, Any]) -> Any:
        start.wait()
        own = Client(client.port)
        reply = own("POST", ENTRY, raw=json.dumps(given).encode())
        own.close()
        return reply.json

    both = (message, reversal) if round_ % 2 else (reversal, message)
    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(send, both))
    replies = {one["infno"]: reply for one, reply in zip(both, told, strict=True)}
    assert replies["2601"]["infcode"] == 0, told
    assert standing(database, patient.person) == 0


def test_an_admission_is_withdrawn(client: Any, database: Database) -> None:
    patient = Patient(Hospital(client, "H3"), next(_free))
    message = patient.hospital.message("2401", patient.admission())
    assert patient.hospital.send(message)["infcode"] == 0
    patient.hospital.ask("2601", reversing(patient, message))
    patient.admit()  # as nobody is in hospital


def test_a_stay_is_settled_and_taken_back(client: Any, database: Database) -> None:
    patient = Patient(Hospital(client, "H3"), next(_free))
    patient.admit()
    line = patient.line("1", town.DRUG, "5000") | {"med_type": "21"}
    patient.charge(
        {n: v for n, v in line.items() if n not in {"chrg_bchno", "rx_circ_flag"}}, infno="2301"
    )
    patient.discharge()
    message = patient.hospital.message("2304", patient.of_stay("5000.00"))
    assert patient.hospital.send(message)["infcode"] == 0
    patient.hospital.ask("2601", reversing(patient, message))
    assert standing(database, patient.person) == 0
    patient.settle_stay("5000.00")
    back = {"data": {"setl_id": patient.setl_id, **patient.of}}
    undo = patient.hospital.message("2305", back)
    assert patient.hospital.send(undo)["infcode"] == 0
    told = patient.hospital.refused("2601", reversing(patient, undo))
    assert told == "原撤销交易已成功，原结算已不存在；需要时请重新结算"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"oinfno": "2204"}, "交易2204不能冲正"),
        ({"oinfno": "2401"}, "该报文不是原交易编号"),
        ({"psn_no": "R19"}, "本机构没有 R19 的"),
    ],
)
def test_a_reversal_must_say_what_the_message_was(
    patient: Patient, database: Database, changes: dict[str, str], told: str
) -> None:
    message = settling(patient)
    assert patient.hospital.send(message)["infcode"] == 0
    assert told in patient.hospital.refused("2601", reversing(patient, message, **changes))
    assert standing(database, patient.person) == 1


def test_a_reversal_is_not_of_itself(patient: Patient) -> None:
    message = patient.hospital.message("2601", {})
    body = reversing(patient, message, oinfno="2207")
    reply = patient.hospital.send({**message, "input": body})
    assert "不能是冲正报文自己" in reply["err_msg"]
