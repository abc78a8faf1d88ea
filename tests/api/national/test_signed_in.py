"""A centre that asks for the sign-in: whose number is taken, and what is told of others."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from centres import Hospital
from desks import tianjin
from services import Client, running

from yibao.agency.desk.registers import REGISTERS
from yibao.api.app import create_app
from yibao.api.guard.asked import trust_actor
from yibao.api.national import endpoint
from yibao.api.national.settings import Settings
from yibao.clock import today

ASKS = {"data": {"mdtrt_cert_type": "03", "mdtrt_cert_no": "P1", "psn_cert_type": "01"}}


def signing(operator: str = "0001") -> dict[str, Any]:
    return {"signIn": {"opter_no": operator, "mac": "00-0A", "ip": "10.0.0.1"}}


def sign_in(hospital: Hospital, operator: str = "0001") -> str:
    number: str = hospital.ask("9001", signing(operator))["signinoutb"]["sign_no"]
    return number


@pytest.fixture(scope="module")
def strict(url: str, database: Any) -> Iterator[Client]:
    assert database
    asking = Settings(sign_in="required")
    app = create_app(url, tianjin(), REGISTERS, identify=trust_actor, interface=asking)
    with running(app) as port:
        client = Client(port)
        yield client
        client.close()


@pytest.fixture
def asked(strict: Client) -> Hospital:
    return Hospital(strict)


def test_who_signed_in_may_speak_until_the_sign_out(asked: Hospital) -> None:
    number = sign_in(asked)
    assert asked.ask("1101", ASKS, sign_no=number)["baseinfo"]
    out = asked.message("9002", {"signOut": {"sign_no": number, "opter_no": "0001"}})
    out["sign_no"] = number
    reply = asked.send(out)
    assert reply["infcode"] == 0
    told = asked.refused("1101", ASKS, sign_no=number)
    assert f"签到编号 {number} 已签退，请重新签到[signed_in]" in told
    assert asked.send(out) == reply  # what was done gets its reply, signed in or not


@pytest.mark.parametrize("infno", ["1101", "2201", "2206", "9002", "9102"])
def test_nothing_but_the_sign_in_goes_without(asked: Hospital, infno: str) -> None:
    from yibao.interop.national.load import interface
    from yibao.interop.national.sample import request

    body = request(interface(), infno)["input"]
    told = asked.refused(infno, body)
    assert told == "交易签到流水号(sign_no)：本中心要求签到后办理，请先签到(9001)"


@pytest.mark.parametrize("number", ["S2026030200000000009", "S2", "x", "S20260302٠٠٠٠٠٠٠٠٠٠٩"])
def test_a_number_that_nobody_was_given_is_told(asked: Hospital, number: str) -> None:
    told = asked.refused("1101", ASKS, sign_no=number)
    assert f"签到编号 {number} 不存在，或不是该操作员在本机构的[signed_in]" in told


def test_a_number_is_its_institutions_and_its_operators(asked: Hospital, strict: Client) -> None:
    number = sign_in(asked)
    other = Hospital(strict, "P1")
    assert f"{number} 不存在" in other.refused("1101", ASKS, sign_no=number)
    assert f"{number} 不存在" in asked.refused("1101", ASKS, sign_no=number, opter="0002")
    assert asked.ask("1101", ASKS, sign_no=number)
    colleague = sign_in(asked, "0002")
    assert asked.ask("1101", ASKS, sign_no=colleague, opter="0002")


def test_a_number_holds_for_a_day(asked: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    number = sign_in(asked)
    monkeypatch.setattr(endpoint, "today", lambda: today() + timedelta(days=1))
    told = asked.refused("1101", ASKS, sign_no=number)
    assert f"签到编号 {number} 不是当日的，请重新签到[signed_in]" in told


def test_who_is_not_asked_may_leave_it_out(hospital: Hospital) -> None:
    assert hospital.ask("1101", ASKS)
    assert hospital.ask("1101", ASKS, sign_no="x")
