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
from visiting import CERTIFICATE, Patient

from yibao.agency.desk.model import Key
from yibao.api.national.handlers.reversal import UNDO
from yibao.api.once import keep
from yibao.store.database import Database
from yibao.store.sight import EVERYTHING

RESIDENTS = tuple(f"R{n}" for n in range(1, 30))
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


SIGN_IN = {"signIn": {"opter_no": "0001", "mac": "00-0A", "ip": "10.0.0.1"}}


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


def test_what_was_undone_is_not_answered_as_if_it_stood(
    patient: Patient, database: Database
) -> None:
    """A late retry of what 2601 undid gets no number of a settlement that is gone."""
    message = settling(patient)
    first = patient.hospital.send(message)
    assert patient.hospital.send(message) == first  # a retry before it was undone
    patient.hospital.ask("2601", reversing(patient, message))
    for late in (message, {**message, "opter": "0002"}):
        told = patient.hospital.send(late)
        assert (told["infcode"], told["output"]) == (-1, None)
        assert "msgid)：该报文已被2601冲正" in told["err_msg"]
    assert standing(database, patient.person) == 0
    other = Hospital(patient.hospital.client, "H3").message("9001", SIGN_IN, msgid=message["msgid"])
    assert patient.hospital.send(other)["infcode"] == 0  # the number is its institution's


def test_an_admission_that_was_undone_is_not_answered_either(client: Any) -> None:
    patient = Patient(Hospital(client, "H3"), next(_free))
    message = patient.hospital.message("2401", patient.admission())
    assert patient.hospital.send(message)["infcode"] == 0
    patient.hospital.ask("2601", reversing(patient, message))
    assert "该报文已被2601冲正" in patient.hospital.send(message)["err_msg"]


def test_what_did_not_go_through_never_will(patient: Patient, database: Database) -> None:
    message = settling(patient)
    patient.hospital.ask("2601", reversing(patient, message))
    patient.hospital.ask("2601", reversing(patient, message))  # asked again it is so still
    late = patient.hospital.send(message)
    assert late["infcode"] == -1
    assert "msgid)：该报文已被2601冲正" in late["err_msg"]
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


# --- what the message was -------------------------------------------------------------------------

SHOPPER, OUT, IN, ADMITTED = "R20", "R21", "R22", "R23"


def purchase(person: str) -> dict[str, Any]:
    line = Patient(Hospital(None, "P1"), person).line("1", price="20")  # type: ignore[arg-type]
    info = {
        "psn_no": person,
        **CERTIFICATE,
        "psn_cert_type": "99",
        "certno": "无",
        "psn_type": "11",
        "psn_name": "未登记",
        "begntime": "2022-03-01 10:00:00",
        "medfee_sumamt": "20.00",
        "insutype": "390",
        "acct_used_flag": "0",
        "med_type": "41",
    }
    box = {"feedetl_sn": "1", "drug_trac_codg": "81234567890123456789", "trdn_flag": "1"}
    names = (
        {*line}
        - {"mdtrt_id", "psn_no", "chrg_bchno", "hosp_appr_flag"}
        - {n for n in line if n.startswith("bilg")}
    )
    detail = {name: line[name] for name in names}
    return {"druginfo": info, "drugdetail": [detail], "durg_trac_info": [box]}


Done = tuple[Hospital, str, dict[str, Any]]
"""A message that was done, by whom, and of which person."""


def did(hospital: Hospital, person: str, infno: str, body: dict[str, Any]) -> tuple[Done, Any]:
    message = hospital.message(infno, body)
    reply = hospital.send(message)
    assert reply["infcode"] == 0, reply
    return (hospital, person, message), reply["output"]


@pytest.fixture(scope="module")
def done(client: Any, database: Database) -> dict[str, Done]:
    """Return a message of each transaction that 2601 is asked to undo; what was settled stands."""
    found: dict[str, Done] = {}

    def settle(hospital: Hospital, person: str, infno: str, back: str, body: Any) -> None:
        """Settle, take back, and settle again, so that there is one of each and one stands."""
        _, output = did(hospital, person, infno, body)
        info = output["setlinfo"]
        of = {name: str(info[name]) for name in ("setl_id", "mdtrt_id")}
        found[back], _ = did(hospital, person, back, {"data": {**of, "psn_no": person}})
        found[infno], _ = did(hospital, person, infno, body)

    settle(Hospital(client, "P1"), SHOPPER, "2102", "2103", purchase(SHOPPER))
    for infno in ("2207", "2207A"):
        patient = Patient(Hospital(client, "H2"), OUT)
        patient.register()
        patient.describe()
        patient.charge(patient.line("1"))
        settle(patient.hospital, OUT, infno, "2208", settling(patient)["input"])
    stay = Patient(Hospital(client, "H3"), IN)
    stay.admit()
    line = stay.line("1", town.DRUG, "5000") | {"med_type": "21"}
    stay.charge(
        {n: v for n, v in line.items() if n not in {"chrg_bchno", "rx_circ_flag"}}, infno="2301"
    )
    stay.discharge()
    settle(stay.hospital, IN, "2304", "2305", stay.of_stay("5000.00"))
    admitted = Patient(Hospital(client, "H3"), ADMITTED)
    found["2401"], _ = did(admitted.hospital, ADMITTED, "2401", admitted.admission())
    return found


def test_a_message_is_of_one_transaction(done: dict[str, Done], database: Database) -> None:
    """Whoever names another than the one that the message was undoes nothing of it."""
    assert done.keys() == UNDO.keys()
    persons = (SHOPPER, OUT, IN)
    before = [standing(database, person) for person in persons]
    assert before == [1, 2, 1]
    for infno, (hospital, person, message) in done.items():
        for other in UNDO.keys() - {infno}:
            given = {"psn_no": person, "omsgid": message["msgid"], "oinfno": other}
            told = hospital.refused("2601", {"data": given})
            assert "不是原交易编号(oinfno)" in told, (infno, other, told)
    assert [standing(database, person) for person in persons] == before
    for infno, (hospital, person, message) in done.items():
        given = {"psn_no": person, "omsgid": message["msgid"], "oinfno": infno}
        reply = hospital.send(hospital.message("2601", {"data": given}))
        undone = infno in {"2102", "2207", "2207A", "2304", "2401"}
        assert (reply["infcode"] == 0) is undone, (infno, reply)
        assert undone or "原撤销交易已成功" in reply["err_msg"]
    assert [standing(database, person) for person in persons] == [0, 0, 0]


def test_a_message_of_a_transaction_that_settles_nothing_is_none_to_undo(patient: Patient) -> None:
    message = patient.hospital.message("9001", SIGN_IN)
    assert patient.hospital.send(message)["infcode"] == 0
    for infno in UNDO:
        told = patient.hospital.refused("2601", reversing(patient, message, oinfno=infno))
        assert "不是原交易编号(oinfno)" in told


def test_what_was_kept_without_its_transaction_is_not_guessed_at(
    patient: Patient, database: Database
) -> None:
    message = settling(patient)
    made = patient.hospital.send(message)
    info = {name: made["output"]["setlinfo"][name] for name in ("mdtrt_id", "setl_id")}
    kept = json.dumps({"infcode": 0, "output": {"setlinfo": info}})
    with database.transaction() as connection:
        keep(connection, Key("interface H2", "BEFORE", "00"), 200, kept)
    told = patient.hospital.refused("2601", reversing(patient, {**message, "msgid": "BEFORE"}))
    assert "未留交易编号" in told
    assert standing(database, patient.person) == 1
