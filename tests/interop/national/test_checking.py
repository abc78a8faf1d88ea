"""What a message may say, what is told of one that may not, and what its amounts must come to."""

import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yibao.errors import CannotRead
from yibao.interop.national import sample
from yibao.interop.national.check import check
from yibao.interop.national.conform import conform, read_recording
from yibao.interop.national.load import interface
from yibao.interop.national.model import Field, Node

SCHEMA = interface()
SAMPLES = Path(__file__).parents[4] / "shared" / "facts" / "nhsa" / "samples"

PRICE = Field("pric", "单价", "number", 16, 6)
AMOUNT = Field("amt", "金额", "number", 6, 2)
DAY = Field("day", "日期", "date")
TIME = Field("time", "时间", "datetime")
NAME = Field("name", "姓名", "text", 4)
SCHEME = Field("insutype", "险种类型", "code", 6, table="insutype")


def told(field: Field, value: Any) -> Any:
    """Return what a field's value is read as, or what is wrong with it."""
    found = check({"data": Node("data", {field.name: field})}, {"data": {field.name: value}}, CODES)
    return str(found.faults[0]) if found.faults else found.one("data").get(field.name)


CODES = SCHEMA.codes


@pytest.mark.parametrize(
    ("field", "value", "means"),
    [
        (AMOUNT, "12.50", Decimal("12.50")),
        (AMOUNT, Decimal("12.5"), Decimal("12.5")),
        (AMOUNT, 12, Decimal(12)),
        (AMOUNT, "-0.01", Decimal("-0.01")),
        (AMOUNT, "0012.500", Decimal("12.500")),
        (AMOUNT, Decimal("1.25e1"), Decimal("12.5")),  # a number of JSON is what it is worth
        (AMOUNT, Decimal("1e3"), Decimal(1000)),
        (AMOUNT, Decimal("0e-7"), Decimal(0)),
        (DAY, "2026-03-02", date(2026, 3, 2)),
        (DAY, "2026-03-02 23:59:59", date(2026, 3, 2)),
        (TIME, "2026-03-02 09:30:00", datetime.fromisoformat("2026-03-02 09:30:00")),
        (TIME, "2026-03-02", datetime.fromisoformat("2026-03-02")),
        (SCHEME, "310", "310"),
        (SCHEME, 310, "310"),
        (NAME, "王小二", "王小二"),
        (NAME, "王\u3000二", "王\u3000二"),
    ],
)
def test_what_is_unambiguous_is_taken(field: Field, value: Any, means: Any) -> None:
    assert told(field, value) == means


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        (AMOUNT, "12.505", "金额(data.amt)：应为数字，整数部分至多4位，小数至多2位，收到“12.505”"),
        (AMOUNT, "12345.00", "整数部分至多4位"),
        (AMOUNT, "1e3", "收到“1e3”"),
        (AMOUNT, True, "收到“True”"),
        (AMOUNT, "NaN", "收到“NaN”"),
        (AMOUNT, Decimal("1E+30"), "整数部分至多4位"),
        (AMOUNT, "１２", "收到“１２”"),
        (AMOUNT, Decimal("1e2000000000"), "收到“1E+2000000000”"),
        (AMOUNT, Decimal("1e999999999999999999"), "收到“1E+999999999999999999”"),
        (AMOUNT, Decimal("1e-999999999999999999"), "收到“1E-999999999999999999”"),
        (AMOUNT, Decimal("0e-999999999"), "收到“0E-999999999”"),
        (Field("n", "数", "number"), Decimal("-1e100000000"), "应为数字，收到“-1E+100000000”"),
        (AMOUNT, [], "收到“[]”"),
        (DAY, "2026-02-30", "应为yyyy-MM-dd的时间，收到“2026-02-30”"),
        (DAY, 20260302, "应为yyyy-MM-dd"),
        (TIME, "2026-03-02T09:30:00", "应为yyyy-MM-dd HH:mm:ss的时间"),
        (TIME, "2026-1-28  09:30:00", "应为yyyy-MM-dd HH:mm:ss的时间"),
        (TIME, "2026-03-02 ９:30:00", "应为yyyy-MM-dd HH:mm:ss的时间"),
        (DAY, "２０２６-03-02", "应为yyyy-MM-dd的时间"),
        (DAY, "2026-3-002", "应为yyyy-MM-dd的时间"),
        (NAME, "王\u2028二", "含有控制字符"),
        (NAME, "王\u200b二", "含有控制字符"),
        (SCHEME, "999", "应为代码表“险种类型”(insutype)中的代码，收到“999”"),
        (NAME, "王小二三四", "最长4个字符，收到5个"),
        (NAME, "王\u0000二", "含有控制字符"),
        (NAME, ["王"], "应为文本"),
        (NAME, "", "姓名(data.name)：必填"),
        (NAME, None, "姓名(data.name)：必填"),
    ],
)
def test_what_is_not_is_told_with_its_chinese_name(field: Field, value: Any, says: str) -> None:
    assert says in told(field, value)


def test_all_faults_are_told_each_with_its_row() -> None:
    node = Node("feedetail", {"pric": PRICE, "name": NAME}, many=True)
    rows = [{"pric": 1, "name": "甲"}, {"pric": "x"}, "?"]
    found = check({"feedetail": node}, {"feedetail": rows, "more": {}}, CODES)
    assert [str(f) for f in found.faults] == [
        "第2行 单价(feedetail.pric)：应为数字，整数部分至多10位，小数至多6位，收到“x”",
        "第2行 姓名(feedetail.name)：必填",
        "第3行 节点(feedetail)：应为对象",
    ]
    assert [str(f) for f in found.extra] == ["节点(more)：规范没有此节点"]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=True) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_nothing_that_is_sent_breaks_the_checker(message: Any) -> None:
    for infno in ("2204", "2207", "5204", "1301"):
        transaction = SCHEMA.transactions[infno]
        for nodes in (transaction.input, transaction.output):
            check(nodes, message, CODES)
            check(nodes, dict.fromkeys(nodes, message), CODES)


# --- recordings -----------------------------------------------------------------------------------

REPLY: dict[str, Any] = {
    "medfee_sumamt": 100,
    "fulamt_ownpay_amt": 10,
    "overlmt_selfpay": 0,
    "preselfpay_amt": 5,
    "inscp_scp_amt": 85,
}


def identities(**changed: int) -> list[str]:
    output = {"setlinfo": REPLY | changed}
    found = conform(SCHEMA, [{"infno": "2207", "reply": {"infcode": 0, "output": output}}])
    return [str(one.fault) for one in found if one.kind == "identity"]


def test_amounts_that_do_not_add_up_are_told_by_their_names() -> None:
    assert identities() == []
    assert identities(inscp_scp_amt=84) == [
        "医疗费总额(setlinfo.medfee_sumamt)：应等于"
        "全自费金额＋超限价自费费用＋先行自付金额＋符合政策范围金额，相差1"
    ]


def test_a_part_that_is_absent_says_nothing() -> None:
    output = {"setlinfo": {k: v for k, v in REPLY.items() if k != "preselfpay_amt"}}
    found = conform(SCHEMA, [{"infno": "2208", "reply": {"infcode": "0", "output": output}}])
    assert not [one for one in found if one.kind == "identity"]


def test_a_line_is_its_quantity_times_its_price_to_the_fen() -> None:
    def of(total: str) -> list[str]:
        row = {"det_item_fee_sumamt": total, "cnt": "3", "pric": "0.335"}
        exchange = {"request": {"infno": "2204", "input": {"feedetail": [row]}}}
        found = conform(SCHEMA, [exchange])
        return [str(one.fault) for one in found if one.kind == "identity"]

    assert of("1.01") == []
    assert "应等于数量×单价，相差-0.01" in of("1.00")[0]


@pytest.mark.parametrize(
    ("number", "right"),
    [
        ("H12019900002202603020930000001", True),
        ("abc", False),
        ("H12019900003202603020930000001", False),  # another institution's
        ("H12019900002202613020930000001", False),  # no month
        ("H120199000022026030209300000011", False),
        ("H12019900002２0260302093000000１", False),
    ],
)
def test_a_message_is_numbered_by_institution_time_and_digits(number: str, right: bool) -> None:
    asked = sample.request(SCHEMA, "1101") | {"msgid": number, "fixmedins_code": "H12019900002"}
    told = [str(one.fault) for one in conform(SCHEMA, [{"request": asked}])]
    says = "应为机构编号、时间(yyyyMMddHHmmss)和4位顺序号"
    assert any(says in one for one in told) != right
    assert bool(told) != right


def test_a_reply_alone_is_held_against_the_envelope() -> None:
    def of(**reply: Any) -> list[tuple[str, str]]:
        found = conform(SCHEMA, [{"reply": reply}])
        return [(one.side, str(one.fault)) for one in found]

    assert of(infcode=0, output={"anything": 1}) == []
    assert of(infcode="x")[0] == (
        "reply",
        "交易状态码(infcode)：应为数字，整数部分至多4位，小数至多0位，收到“x”",
    )
    assert of(infcode=-1, err_msg="未登记") == []
    assert of(infcode="-1", output={}) == [("reply", "错误信息(err_msg)：交易失败时应说明原因")]
    (fault,) = conform(SCHEMA, [{"request": {}}])
    assert "规范没有交易" in str(fault.fault)


def test_a_recording_that_cannot_be_read_is_told_by_line(tmp_path: Path) -> None:
    file = tmp_path / "traffic.jsonl"
    for text, says in (("{", ":1: no JSON"), ("\n[]", ":2: expected"), ("{}", ":1: expected")):
        file.write_text(text)
        with pytest.raises(CannotRead, match=says):
            list(read_recording(file))


@pytest.mark.shared
def test_messages_of_real_systems_keep_the_identities() -> None:
    if not SAMPLES.is_dir():
        pytest.skip("no ../shared/facts/nhsa/samples here")
    seen = 0
    for file in SAMPLES.glob("*_resp_*.json"):
        told = json.loads(file.read_text(), parse_float=Decimal)
        found = list(conform(SCHEMA, [{"infno": told["infno"], "reply": told["payload"]}]))
        assert not [str(one.fault) for one in found if one.kind == "identity"], file.name
        seen += 1
    assert seen == 9
