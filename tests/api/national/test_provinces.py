"""The visit and the stay under each province's profile: more is asked, the same is paid."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import visit_town as town
from centres import Hospital, faults
from desks import tianjin
from fastapi import FastAPI
from services import Client, running
from visiting import Patient, diagnosis

from yibao.agency.desk.registers import REGISTERS
from yibao.agency.enrolment.persons import change
from yibao.agency.files import MAX_FILE
from yibao.api.app import create_app
from yibao.api.guard.asked import trust_actor
from yibao.api.national.endpoint import answer
from yibao.api.national.handlers import HANDLERS
from yibao.api.national.settings import Settings
from yibao.interop.national import sample
from yibao.interop.national.load import interface, profiles
from yibao.interop.national.model import Node
from yibao.registry.codes import identity_check
from yibao.store.database import Database
from yibao.store.sight import EVERYTHING

NAMES = ("core", *profiles())
HOME = {"insuplc_admdvs": "120100", "mdtrtarea_admvs": "120100"}
ILL = {"dise_codg": "I10.x00", "dise_name": "高血压"}


CORE = interface()


class Provincial(Hospital):
    """A system of a province: it says what the profile requires, and no more than that.

    What it adds it knows from 1101; what the core alone requires it leaves out.
    """

    def __init__(self, client: Client, profile: str) -> None:
        super().__init__(client, "H2", interface(profile))
        self.known: dict[str, Any] = {}

    def message(self, infno: str, body: Any, **envelope: Any) -> dict[str, Any]:
        nodes, core = (one.transactions[infno].input for one in (self.schema, CORE))
        made = {n: self._asked(nodes[n], core[n], rows) for n, rows in body.items()}
        return super().message(infno, made, **{**HOME, "sign_no": self.sign_no, **envelope})

    @property
    def sign_no(self) -> Any:
        return self.known.get("sign_no")

    def _asked(self, node: Node, core: Node, rows: Any) -> Any:
        if isinstance(rows, list):
            return [self._asked(node, core, row) for row in rows]
        asked = {f.name for f in node.fields.values() if f.required}
        dropped = {f.name for f in core.fields.values() if f.required} - asked
        added = {name: self.known[name] for name in asked - rows.keys() if name in self.known}
        return {**{name: rows[name] for name in rows if name not in dropped}, **added}

    def meet(self, person: str) -> None:
        """Sign in and ask who somebody is, and answer what a register would of a new patient."""
        signing = {"signIn": {"opter_no": "0001", "mac": "00-0A", "ip": "10.0.0.1"}}
        made = self.ask("9001", signing)["signinoutb"]
        who = {"mdtrt_cert_type": "03", "mdtrt_cert_no": person, "psn_cert_type": "99"}
        self.known = {**made, "certno": "无", "psn_name": "未登记"}  # as the patient says
        told = self.ask("1101", {"data": who})
        base, insured = told["baseinfo"], told["insuinfo"][0]
        self.known = {
            **HOME,
            **ILL,
            **{name: base[name] for name in ("psn_no", "psn_cert_type", "certno", "psn_name")},
            "cert_type": base["psn_cert_type"],
            "psn_type": insured["psn_type"],
            "sign_no": made["sign_no"],
        }


class ProvincialPatient(Patient):
    """A patient of such a system, which tells its visit wherever the profile asks for it."""

    hospital: Provincial

    def register(self, **more: Any) -> dict[str, Any]:
        told = super().register(**more)
        self.hospital.known["mdtrt_id"] = self.visit
        return told

    def admit(self, **more: Any) -> None:
        super().admit(**more)
        self.hospital.known["mdtrt_id"] = self.visit


@pytest.fixture(scope="module")
def database(url: str) -> Iterator[Database]:
    with Database(url, sight=EVERYTHING) as database:
        town.build(database, *(f"{stage}-{name}" for stage in ("V", "S", "M") for name in NAMES))
        yield database


@pytest.fixture(scope="module")
def centre(url: str, database: Database) -> Iterator[Callable[[str], Provincial]]:
    """Return the system of a province, before a centre that speaks as it does."""
    assert database
    opened: list[tuple[Any, Client]] = []

    def of(name: str) -> Provincial:
        profile = "" if name == "core" else name
        speaks = Settings(profile=profile, sign_in="required")
        app = create_app(url, tianjin(), REGISTERS, identify=trust_actor, interface=speaks)
        run = running(app)
        client = Client(run.__enter__())
        opened.append((run, client))
        return Provincial(client, profile)

    yield of
    for run, client in opened:
        client.close()
        run.__exit__(None, None, None)


TOTAL = "2250.00"
SUMS = ("medfee_sumamt", "inscp_scp_amt", "fund_pay_sumamt", "psn_cash_pay", "hifp_pay")


def sums(told: dict[str, Any]) -> dict[str, Any]:
    return {name: told["setlinfo"][name] for name in SUMS}


def visit(hospital: Provincial, person: str) -> dict[str, Any]:
    """Play an outpatient visit from the sign-in to the sign-out; nothing of it stays."""
    hospital.meet(person)
    patient = ProvincialPatient(hospital, person)
    patient.register()
    patient.describe()
    patient.charge(
        patient.line("1", town.DRUG, "333.3333", "6"), patient.line("2", town.COSTLY, "25", "10")
    )
    tried = patient.presettle(TOTAL)
    done = patient.settle(TOTAL, tried)
    assert sums(done) == sums(tried)
    day = {"begntime": f"{patient.day} 00:00:00", "endtime": f"{patient.day} 23:59:59"}
    seen = hospital.ask("5201", {"data": {"psn_no": person, "med_type": "11", **day}})
    assert [row["mdtrt_id"] for row in seen["mdtrtinfo"]] == [patient.visit]
    patient.take_back()
    hospital.ask("2205", {"data": {"chrg_bchno": "0000", **patient.of}})
    hospital.ask("2202", {"data": {**patient.of, "ipt_otp_no": "OP1"}})
    leave(hospital)
    return sums(done)


def stay(hospital: Provincial, person: str) -> dict[str, Any]:
    """Play a stay from the admission to its settlement, and back."""
    hospital.meet(person)
    patient = ProvincialPatient(hospital, person)
    patient.admit()
    given = patient.line("1", town.DRUG, "1500", "12") | {"med_type": "21"}
    patient.charge(
        {n: v for n, v in given.items() if n not in {"chrg_bchno", "rx_circ_flag"}}, infno="2301"
    )
    patient.discharge()
    parts = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt")
    hospital.known |= {**dict.fromkeys(parts, "0"), "inscp_scp_amt": "18000.00"}
    tried = hospital.ask("2303", patient.of_stay("18000.00"))
    done = patient.settle_stay("18000.00")
    assert sums(done) == sums(tried)
    patient.take_back("2305")
    hospital.ask("2405", {"data": patient.of})
    hospital.ask("2302", {"data": [{"feedetl_sn": "0000", **patient.of}]})
    hospital.ask("2404", {"data": patient.of})
    leave(hospital)
    return sums(done)


def leave(hospital: Provincial) -> None:
    hospital.ask("9002", {"signOut": {"sign_no": hospital.sign_no, "opter_no": "0001"}})


@pytest.fixture(scope="module")
def paid(centre: Callable[[str], Provincial]) -> dict[str, Any]:
    core = centre("core")
    return {"V": visit(core, "V-core"), "S": stay(core, "S-core")}


@pytest.mark.clause("P25-3.11.2a")
@pytest.mark.parametrize("name", profiles())
def test_a_visit_and_a_stay_go_as_they_do_under_the_core(
    centre: Callable[[str], Provincial], paid: dict[str, Any], name: str
) -> None:
    hospital = centre(name)
    assert visit(hospital, f"V-{name}") == paid["V"]
    assert stay(hospital, f"S-{name}") == paid["S"]
    assert paid["V"]["fund_pay_sumamt"] > 0
    assert paid["S"]["fund_pay_sumamt"] > 0


# --- what else a profile changes ------------------------------------------------------------------


def changed(name: str) -> Iterator[str]:
    """Yield the transactions that are answered and have other fields under a profile."""
    for infno in sorted(HANDLERS):
        if interface(name).transactions[infno] != CORE.transactions[infno]:
            yield infno


@pytest.mark.parametrize(
    ("name", "infno"), [(name, infno) for name in profiles() for infno in changed(name)]
)
def test_samples_of_a_profile_are_answered(
    app: FastAPI, client: Client, name: str, infno: str
) -> None:
    assert client
    schema = interface(name)
    service = replace(app.state.service, national=Settings(profile=name))
    for everything in (False, True):
        body = sample.message(schema, schema.transactions[infno].input, everything=everything)
        message = Hospital(client).message(infno, body)
        told = answer(service, json.dumps(message, default=str).encode())
        assert isinstance(told, str)
        reply = json.loads(told, parse_float=Decimal)
        assert faults(infno, reply, schema) == []
        assert "缺陷" not in str(reply["err_msg"]), reply
        assert "数据库" not in str(reply["err_msg"]), reply


def test_hunan_asks_more_of_a_mapping(
    centre: Callable[[str], Provincial], database: Database
) -> None:
    with database.transaction() as connection:
        connection.execute(
            "INSERT INTO registry.local_code (institution_id, kind, local_code, code, valid) "
            "VALUES ('H2', 'drug', 'L1', %s, '[2026-01-01,2099-12-31]')",
            (town.DRUG,),
        )
    hospital = centre("hunan")
    hospital.meet("M-hunan")
    page = {"updt_time": "2000-01-01", "page_num": 1, "page_size": 10}
    (one,) = hospital.ask("1317", {"data": page})["data"]
    assert (one["fixmedins_code"], one["medins_list_codg"]) == ("H2", "L1")
    assert (one["med_list_codg"], one["enddate"]) == (town.DRUG, "2099-12-31")
    leave(hospital)


def test_hunan_sends_a_picture_of_the_prescription(centre: Callable[[str], Provincial]) -> None:
    hospital = centre("hunan")
    hospital.meet("M-hunan")
    patient = ProvincialPatient(hospital, "M-hunan")
    patient.register()
    told = {**patient.of, "med_type": "11", "begntime": f"{patient.day} 09:05:00"}
    picture = {"rxIn": base64.b64encode(b"%PDF-1.7").decode(), "rxfilename": "rx.pdf"}
    hospital.ask("2203A", {"mdtrtinfo": {**told, **picture}, "diseinfo": [diagnosis()]})
    big = {**picture, "rxIn": base64.b64encode(bytes(MAX_FILE + 1)).decode()}
    body = {"mdtrtinfo": {**told, **big}, "diseinfo": [diagnosis()]}
    assert f"最多{MAX_FILE}字节" in hospital.refused("2203A", body)
    leave(hospital)


NUMBER = "12010119600505123"


def test_hunan_tells_who_comes_and_it_has_to_be_the_person(
    centre: Callable[[str], Provincial], database: Database
) -> None:
    number = NUMBER + identity_check(NUMBER)
    new = {"name": "张三", "identity_type": "resident_id", "identity_number": number}
    with database.transaction() as connection:
        change(connection, "M-core", actor="test", **new)
    hospital = centre("hunan")
    hospital.meet("M-hunan")
    hospital.known |= {"certno": number, "psn_name": "张三"}
    patient = ProvincialPatient(hospital, "M-core")
    for said, told in (
        ({"certno": "110101199001011237"}, "证件号码(certno)：与登记的不一致"),
        ({"psn_name": "李四"}, "人员姓名(psn_name)：与登记的不一致"),
        ({"mdtrt_cert_type": "02", "mdtrt_cert_no": "X"}, "(mdtrt_cert_no)：不是该人员的证件号码"),
    ):
        with pytest.raises(AssertionError) as refused:
            patient.register(**said)
        assert told in str(refused.value)
    patient.register()
    leave(hospital)
