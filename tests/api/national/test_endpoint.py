"""The entry of the national interface: whatever is sent, an envelope comes back."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from centres import ENTRY, SCHEMA, Hospital, faults
from services import Client

SIGN_IN = {"signIn": {"opter_no": "0001", "mac": "00-0A", "ip": "10.0.0.1"}}


def test_an_operator_signs_in_and_out(hospital: Hospital) -> None:
    made = hospital.ask("9001", SIGN_IN)["signinoutb"]
    assert re.fullmatch(r"S[0-9]{19}", made["sign_no"])
    out = {"signOut": {"sign_no": made["sign_no"], "opter_no": "0001"}}
    assert hospital.ask("9002", out)["sign_time"] == made["sign_time"]
    assert "已签退[signed_in]" in hospital.refused("9002", out)


@pytest.mark.parametrize("number", ["S2026030200000000009", "S2", "x", "S20260302٠٠٠٠٠٠٠٠٠٠٩"])
def test_only_who_signed_in_signs_out(hospital: Hospital, number: str) -> None:
    told = hospital.refused("9002", {"signOut": {"sign_no": number, "opter_no": "0001"}})
    assert f"签到编号 {number} 不存在" in told


def test_another_institution_does_not_sign_an_operator_out(
    hospital: Hospital, pharmacy: Hospital
) -> None:
    number = hospital.ask("9001", SIGN_IN)["signinoutb"]["sign_no"]
    out = {"signOut": {"sign_no": number, "opter_no": "0001"}}
    assert number in pharmacy.refused("9002", out)
    assert number in hospital.refused("9002", {"signOut": {**out["signOut"], "opter_no": "0002"}})
    assert hospital.ask("9002", out)


def test_the_same_message_gets_the_same_reply_to_the_byte(hospital: Hospital) -> None:
    message = hospital.message("9001", SIGN_IN)
    raw = json.dumps(message).encode()
    first = hospital.client("POST", ENTRY, raw=raw).body
    assert hospital.client("POST", ENTRY, raw=raw).body == first
    turned = json.dumps(dict(reversed(message.items())), indent=1).encode()
    assert hospital.client("POST", ENTRY, raw=turned).body == first


def test_the_same_message_at_once_is_done_once(hospital: Hospital, client: Client) -> None:
    raw = json.dumps(hospital.message("9001", SIGN_IN)).encode()
    clients = [Client(client.port) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda one: one("POST", ENTRY, raw=raw).body, clients))
    for one in clients:
        one.close()
    assert len(set(told)) == 1
    assert json.loads(told[0])["infcode"] == 0


def test_a_number_stands_for_one_message(hospital: Hospital, pharmacy: Hospital) -> None:
    message = hospital.message("9001", SIGN_IN)
    assert hospital.send(message)["infcode"] == 0
    other = {**message, "opter": "0002"}
    assert hospital.send(other)["err_msg"] == "发送方报文ID(msgid)已用于另一内容不同的报文"
    theirs = pharmacy.message("9001", SIGN_IN, msgid=message["msgid"])
    assert pharmacy.send(theirs)["infcode"] == 0


def test_a_refused_message_may_be_put_right_and_sent_again(hospital: Hospital) -> None:
    message = hospital.message("9001", {"signIn": {**SIGN_IN["signIn"], "mac": ""}})
    assert hospital.send(message)["err_msg"] == "签到MAC地址(signIn.mac)：必填"
    assert hospital.send({**message, "input": SIGN_IN})["infcode"] == 0


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"", "报文不是JSON"),
        (b"{", "报文不是JSON"),
        (b"\xff{}", "报文应为UTF-8编码的JSON"),
        (b"[]", "报文应为JSON对象"),
        (b"[" * 100_000, "报文不是JSON"),
        (b'{"infno": NaN}', "报文不是JSON"),
        (b'{"infno": 1e999999999999999999999}', "报文不是JSON"),
        (b'{"infno": "1101", "infno": "9001"}', "字段 infno 在同一对象中出现多次"),
        (b'{"infno": "1101", "msgid": "\\ud800"}', "发送方报文ID(msgid)：含有控制字符"),
        (b"{}", "交易编号(infno)：必填"),
    ],
)
def test_what_is_no_message_is_told(hospital: Hospital, raw: bytes, told: str) -> None:
    reply = hospital.send(raw)
    assert reply["infcode"] == -1
    assert told in reply["err_msg"]


def test_every_reply_has_its_number_and_times(hospital: Hospital) -> None:
    for reply in (hospital.send(hospital.message("9001", SIGN_IN)), hospital.send(b"")):
        assert re.fullmatch(r"120000[0-9]{24}", reply["inf_refmsgid"])
        assert re.fullmatch(r"[0-9]{17}", reply["refmsg_time"])
        assert reply["refmsg_time"] <= reply["respond_time"]
        assert faults("9001", reply) == []


@pytest.mark.parametrize(
    ("envelope", "told"),
    [
        ({"infno": "1234"}, "交易报文不正确：未知交易编号“1234”"),
        ({"fixmedins_code": "H9"}, "定点医药机构编号(fixmedins_code)：没有登记或已终止定点“H9”"),
        ({"inf_time": "\ud800"}, "交易时间(inf_time)：应为yyyy-MM-dd HH:mm:ss的时间，收到“?”"),
        ({"input": []}, "交易输入(input)：应为对象"),
        ({"input": {}}, "节点(signIn)：缺少此节点"),
        ({"infver": "1" * 7}, "接口版本号(infver)：最长6个字符，收到7个"),
    ],
)
def test_a_wrong_envelope_is_told_by_its_field(
    hospital: Hospital, envelope: dict[str, Any], told: str
) -> None:
    reply = hospital.send({**hospital.message("9001", SIGN_IN), **envelope})
    assert reply["infcode"] == -1
    assert told in reply["err_msg"]


def test_every_fault_is_told_if_not_in_err_msg_then_in_warn_msg(hospital: Hospital) -> None:
    """A vendor's first message lacks most of the envelope: all of it is told at once."""
    required = [f for f in SCHEMA.request.fields.values() if f.required]
    reply = hospital.send(b'{"infno": "9001"}')
    assert faults("9001", reply) == []
    assert re.search("；另有[0-9]+处，见warn_msg$", reply["err_msg"])
    shown = reply["err_msg"].count("必填")
    assert shown + int(re.findall("另有([0-9]+)处", reply["err_msg"])[0]) == len(required) - 1
    for field in required:
        assert (f"{field.zh}({field.name})：必填" in reply["warn_msg"]) is (field.name != "infno")


def test_more_faults_than_there_is_room_for_are_counted(hospital: Hospital) -> None:
    body = {"feedetail": [{"feedetl_sn": str(n)} for n in range(500)]}
    reply = hospital.send(hospital.message("2204", body))
    assert faults("2204", reply) == []
    assert len(reply["warn_msg"]) <= 2000
    told = re.search("；另有([0-9]+)处$", reply["warn_msg"])
    assert told is not None
    required = sum(
        f.required for f in SCHEMA.transactions["2204"].input["feedetail"].fields.values()
    )
    assert reply["warn_msg"].count("：必填") + int(told[1]) == 500 * (required - 1)
