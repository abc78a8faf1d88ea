"""A vendor's recording with one thing wrong at a time: each is found, by its Chinese name."""

import json
from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from yibao.cli import app
from yibao.interop.national.conform import conform, read_recording
from yibao.interop.national.load import interface

EXAMPLES = Path(__file__).parents[3] / "examples" / "national"
GOOD = list(read_recording(EXAMPLES / "outpatient.jsonl"))
STAY = list(read_recording(EXAMPLES / "inpatient.jsonl"))
Messages = dict[str, Any]
Break = Callable[[Messages, Messages], Any]
"""Does one thing wrong to the request's input or the reply's output of an exchange."""


def asked(node: str, **fields: Any) -> Break:
    return lambda request, _: request["input"][node].update(fields)


def line(**fields: Any) -> Break:
    return lambda request, _: request["input"]["feedetail"][1].update(fields)


def told(**fields: Any) -> Break:
    return lambda _, reply: reply["output"]["setlinfo"].update(fields)


def more(name: str, by: str) -> Break:
    """Return what makes an amount of a settlement another one."""

    def broken(_: Messages, reply: Messages) -> None:
        info = reply["output"]["setlinfo"]
        info[name] = Decimal(info[name]) + Decimal(by)

    return broken


FAULTS: list[tuple[str, Break, str, str]] = [
    # a request's fields
    ("2201", asked("data", insutype=None), "fault", "险种类型(data.insutype)：必填"),
    (
        "2201",
        asked("data", psn_no="9" * 31),
        "fault",
        "人员编号(data.psn_no)：最长30个字符，收到31个",
    ),
    (
        "2201",
        asked("data", begntime="2026/03/02"),
        "fault",
        "开始时间(data.begntime)：应为yyyy-MM-dd",
    ),
    (
        "2203",
        asked("mdtrtinfo", med_type="7777"),
        "fault",
        "医疗类别(mdtrtinfo.med_type)：应为代码表",
    ),
    (
        "2201",
        asked("data", dept_name="内\u0007科"),
        "fault",
        "科室名称(data.dept_name)：含有控制字符",
    ),
    ("2206", asked("data", medfee_sumamt="943.205"), "fault", "小数至多2位，收到“943.205”"),
    (
        "2206",
        asked("data", medfee_sumamt="九百"),
        "fault",
        "医疗费总额(data.medfee_sumamt)：应为数字",
    ),
    (
        "2206",
        asked("data", psn_setlway={"a": 1}),
        "fault",
        "个人结算方式(data.psn_setlway)：应为文本",
    ),
    ("2206", asked("data", mycode="1"), "extra", "字段(data.mycode)：规范没有此字段"),
    # its nodes and the envelope
    ("2203", lambda q, _: q["input"].pop("diseinfo"), "fault", "节点(diseinfo)：缺少此节点"),
    ("2203", lambda q, _: q["input"].update(x={}), "extra", "节点(x)：规范没有此节点"),
    ("2204", lambda q, _: q["input"].update(feedetail="x"), "fault", "节点(feedetail)：应为"),
    ("2204", lambda q, _: q.pop("opter"), "fault", "经办人(opter)：必填"),
    ("2204", lambda q, _: q.update(msgid="M" * 31), "fault", "发送方报文ID(msgid)：最长30个字符"),
    ("2204", lambda q, _: q.update(infno="2299"), "fault", "规范没有交易“2299”"),
    # rows of a list
    ("2204", line(cnt="x"), "fault", "第2行 数量(feedetail.cnt)：应为数字"),
    ("2204", line(det_item_fee_sumamt="260.01"), "identity", "应等于数量×单价，相差0.01"),
    # a reply
    ("2207", told(setl_id=None), "fault", "结算ID(setlinfo.setl_id)：必填"),
    ("2207", told(fund="1"), "extra", "字段(setlinfo.fund)：规范没有此字段"),
    ("2207", more("inscp_scp_amt", "-1"), "identity", "医疗费总额(setlinfo.medfee_sumamt)：应等于"),
    (
        "2207",
        more("hifp_pay", "0.01"),
        "identity",
        "基金支付总额(setlinfo.fund_pay_sumamt)：应等于",
    ),
    (
        "2207",
        more("psn_part_amt", "1"),
        "identity",
        "个人负担总金额(setlinfo.psn_part_amt)：应等于",
    ),
    ("2207", more("hosp_part_amt", "1"), "identity", "医疗费总额(setlinfo.medfee_sumamt)：应等于"),
    (
        "2207",
        lambda _, reply: reply["output"]["setldetail"].pop(),
        "identity",
        "基金支付金额(setldetail.fund_payamt)：各行合计应等于",
    ),
    (
        "2204",
        lambda _, reply: reply["output"]["result"][0].update(overlmt_amt=1),
        "identity",
        "明细项目费用总额(result.det_item_fee_sumamt)：应等于",
    ),
    (
        "2204",
        lambda _, reply: reply.update(infcode="done"),
        "fault",
        "交易状态码(infcode)：应为数字",
    ),
]


def broken(infno: str, fault: Break) -> list[Messages]:
    """Return the recorded visit with one thing wrong in the exchange of a transaction."""
    exchanges = deepcopy(GOOD)
    (one,) = [e for e in exchanges if e["request"]["infno"] == infno]
    fault(one["request"], one["reply"])
    return exchanges


def test_what_is_right_is_not_complained_of() -> None:
    assert list(conform(interface(), GOOD)) == list(conform(interface(), STAY)) == []


@pytest.mark.clause("P25-3.11.2a")
@pytest.mark.parametrize(("infno", "fault", "kind", "says"), FAULTS)
def test_one_thing_wrong_is_found_where_it_is(
    infno: str, fault: Break, kind: str, says: str
) -> None:
    found = list(conform(interface(), broken(infno, fault)))
    assert found, says
    at = next(n for n, e in enumerate(GOOD, 1) if e["request"]["infno"] == infno)
    assert {one.exchange for one in found} == {at}
    assert kind in {one.kind for one in found}
    assert [one for one in found if one.kind == kind and says in str(one.fault)], list(
        map(str, found)
    )


def test_a_pharmacys_lines_add_up_too() -> None:
    sold = {"det_item_fee_sumamt": "10.00", "cnt": "3", "pric": "3"}
    cut = {"det_item_fee_sumamt": 10, "fulamt_ownpay_amt": 0, "overlmt_amt": 0}
    parts = {"preselfpay_amt": 1, "inscp_scp_amt": 8}
    exchange = {
        "request": {"infno": "2102", "input": {"drugdetail": [sold]}},
        "reply": {"infcode": 0, "output": {"detlcutinfo": [{**cut, **parts}]}},
    }
    found = [str(f.fault) for f in conform(interface(), [exchange]) if f.kind == "identity"]
    assert found == [
        "第1行 明细项目费用总额(drugdetail.det_item_fee_sumamt)：应等于数量×单价，相差1.00",
        "明细项目费用总额(detlcutinfo.det_item_fee_sumamt)：应等于"
        "全自费金额＋超限价金额＋先行自付金额＋符合政策范围金额，相差1",
    ]


def test_the_command_tells_them_all(tmp_path: Path) -> None:
    file = tmp_path / "traffic.jsonl"
    chosen = FAULTS[::3]
    with file.open("w", encoding="utf-8") as stream:
        for infno, fault, *_ in chosen:
            for one in broken(infno, fault):
                stream.write(json.dumps(one, default=str) + "\n")
    run = CliRunner().invoke(app, ["interface", "check", str(file), "--json"])
    assert run.exit_code == 1, run.output
    told_of = json.loads(run.output)
    assert told_of["exchanges"] == len(chosen) * len(GOOD)
    findings = "\n".join(one["finding"] for one in told_of["findings"])
    assert [says for *_, says in chosen if says not in findings] == []
