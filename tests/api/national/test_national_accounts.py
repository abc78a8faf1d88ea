"""3201 to 3204: an institution's books against the centre's, and clearing asked for."""

import base64
import io
import json
import zipfile
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import agency_town
import pytest
from centres import ENTRY, Hospital

from yibao.agency.clearing.apply import apply
from yibao.agency.clearing.model import Act
from yibao.agency.desk.model import Settled
from yibao.agency.filing import intake
from yibao.clock import today
from yibao.interop.national.coding import yuan
from yibao.store.database import Database

TODAY = today()


def settle(database: Database, number: str, fen: int, **changes: Any) -> Settled:
    office = agency_town.office()
    ask = agency_town.visit(number, date(2023, 3, 1), fen, **changes)
    with database.transaction() as connection:
        done = intake.settle(connection, office, ask, actor="test")
    assert isinstance(done, Settled)
    return done


@pytest.fixture(scope="module")
def settled(database: Database) -> list[Settled]:
    """Two visits at H1 of which one is taken back, one at another."""
    made = [settle(database, f"A{n}", fen) for n, fen in ((1, 100_000), (2, 60_100))]
    settle(database, "A1", 5_000, institution_id="H2")
    with database.transaction() as connection:
        intake.reverse(connection, agency_town.office(), made[1].settlement_id, actor="test")
    return made


@pytest.fixture
def clinic(client: Any) -> Hospital:
    return Hospital(client, "H1")


def sums(settled: Sequence[Settled], rows: int, **changes: Any) -> dict[str, Any]:
    """Return the body of 3201 for settlements; money as the sums of theirs."""
    data = {
        "insutype": "390",
        "clr_type": "11",
        "setl_optins": "120000",
        "stmt_begndate": TODAY.isoformat(),
        "stmt_enddate": TODAY.isoformat(),
        "medfee_sumamt": str(yuan(sum(s.bill.amounts["total"] for s in settled))),
        "fund_pay_sumamt": str(yuan(sum(s.settlement.fund_pay for s in settled))),
        "acct_pay": 0,
        "fixmedins_setl_cnt": rows,
    }
    return {"data": {**data, **changes}}


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize(
    ("of", "rows", "flag"), [((0,), 3, ""), ((0, 1), 2, "0")], ids=["net", "settled"]
)
def test_equal_sums(
    clinic: Hospital, settled: list[Settled], of: Sequence[int], rows: int, flag: str
) -> None:
    body = sums([settled[at] for at in of], rows, refd_setl_flag=flag)
    told = clinic.ask("3201", body)["stmtinfo"]
    assert told == {"setl_optins": "120000", "stmt_rslt": "0", "stmt_rslt_dscr": None}


@pytest.mark.usefixtures("settled")
def test_sums_of_another_centre_are_not_held_against_ours(
    clinic: Hospital, settled: list[Settled]
) -> None:
    for other in ("440100", "110000", "000000", "NOPE"):
        told = clinic.refused("3201", sums(settled[:1], 3, setl_optins=other))
        assert f"(setl_optins)：本中心是120000，收到“{other}”" in told
    for ours in ("120100", "120000"):
        assert clinic.ask("3201", sums(settled[:1], 3, setl_optins=ours))
    told = clinic.refused("3202", details(clinic, [["x"]], setl_optins="440100"))
    assert "收到“440100”" in told


def test_refunds_lower_a_sum(clinic: Hospital, settled: list[Settled]) -> None:
    body = sums(settled[1:], 1, refd_setl_flag="1")
    data = body["data"]
    for name in ("medfee_sumamt", "fund_pay_sumamt"):
        data[name] = f"-{data[name]}"
    assert clinic.ask("3201", body)["stmtinfo"]["stmt_rslt"] == "0"


def test_unequal_sums_say_by_how_much(clinic: Hospital, settled: list[Settled]) -> None:
    body = sums(settled[:1], 4, medfee_sumamt="1061.00")
    told = clinic.ask("3201", body)["stmtinfo"]
    assert told["stmt_rslt"] == "1"
    assert "医疗费总额：机构1061.00，中心1000.00，差61.00" in told["stmt_rslt_dscr"]
    assert "笔数：机构4，中心3（结算2、退费1）" in told["stmt_rslt_dscr"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"clr_type": "12"}, "清算类别(clr_type)：本中心有11、13"),
        ({"insutype": "340"}, "险种(insutype)：本中心没有险种“340”"),
        ({"stmt_begndate": "2099-01-01"}, "对账结束日期(stmt_enddate)"),
        ({"medfee_sumamt": "1.001"}, "医疗费总额(data.medfee_sumamt)：应为数字"),
    ],
)
def test_what_cannot_be_compared_is_told(
    clinic: Hospital, change: dict[str, Any], told: str
) -> None:
    assert told in clinic.refused("3201", sums([], 0, **change))


# --- row by row ---------------------------------------------------------------------------------


def line(done: Settled, *, flag: str = "0", total: int = 0, person: str = "P1") -> list[str]:
    told = done.settlement
    fen = total or done.bill.amounts["total"]
    cells = (yuan(fen), yuan(told.fund_pay), yuan(told.account_pay))
    return [str(done.settlement_id), "1", person, *map(str, cells), flag]


def compare(clinic: Hospital, rows: Sequence[Sequence[str]]) -> dict[str, tuple[str, str]]:
    """Send a file and return of each settlement the result and why."""
    told = clinic.ask("3202", details(clinic, rows))["fileinfo"]
    body = {"file_qury_no": told["file_qury_no"], "filename": told["filename"]}
    message = clinic.message("9102", {"fsDownloadIn": {**body, "fixmedins_code": "H1"}})
    content = clinic.client("POST", ENTRY, raw=json.dumps(message).encode()).body
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        text = archive.read(archive.namelist()[0]).decode()
    found = [made.split("\t") for made in text.splitlines()]
    return {cells[2]: (cells[4], cells[6]) for cells in found}


def details(clinic: Hospital, rows: Sequence[Sequence[str]], **changes: Any) -> dict[str, Any]:
    raw = "".join("\t".join(row) + "\n" for row in rows).encode()
    body = {"in": base64.b64encode(raw).decode(), "filename": "a.txt", "fixmedins_code": "H1"}
    sent = clinic.ask("9101", {"fsUploadIn": body})
    data = {
        "setl_optins": "120000",
        "file_qury_no": sent["file_qury_no"],
        "clr_type": "11",
        "stmt_begndate": TODAY.isoformat(),
        "stmt_enddate": TODAY.isoformat(),
        "medfee_sumamt": str(sum(Decimal(row[3]) for row in rows if len(row) > 3)),
        "fund_pay_sumamt": str(sum(Decimal(row[4]) for row in rows if len(row) > 4)),
        "cash_payamt": 0,
        "fixmedins_setl_cnt": len(rows),
    }
    return {"data": {**data, **changes}}


def test_rows_that_differ_say_why(clinic: Hospital, settled: list[Settled]) -> None:
    one, two = settled
    refund = str(two.settlement_id + 2)
    stranger = ["999999", "1", "P2", "5.00", "1.00", "0", "0"]
    told = compare(clinic, [line(one), line(two, total=60_200), stranger])
    assert told[str(one.settlement_id)] == ("0", "null")
    result, why = told[str(two.settlement_id)]
    assert (result, why.partition("：")[0]) == ("1", "金额不符")
    assert "总额中心601.00机构602.00" in why
    assert told["999999"] == ("1", "单边缺失：中心没有")
    assert told[refund][0] == "1"
    assert "机构没有" in told[refund][1]


def test_another_person_is_told(clinic: Hospital, settled: list[Settled]) -> None:
    told = compare(clinic, [line(settled[0], person="P2")])
    assert told[str(settled[0].settlement_id)] == ("1", "人员不符：人员编号中心P1机构P2")


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([["1", "2"]], "明细文件第1行：应有7列，有2列"),
        ([["1", "1", "P1", "5", "1", "0.001", "0"]], "明细文件第1行 个人账户支出(acct_pay)"),
        ([["", "1", "P1", "5", "1", "0", "0"]], "明细文件第1行 结算ID(setl_id)：必填"),
        ([["1", "1", "P1", "5", "1", "0", "7"]], "明细文件第1行 退费结算标志(refd_setl_flag)"),
    ],
)
def test_a_file_that_cannot_be_read_is_told(
    clinic: Hospital, rows: list[list[str]], told: str
) -> None:
    assert told in clinic.refused("3202", details(clinic, rows))


def test_a_file_is_what_was_told_of_it(clinic: Hospital, settled: list[Settled]) -> None:
    rows = [line(settled[0])]
    body = details(clinic, rows, medfee_sumamt="1.00")
    assert "报文为1.00，文件合计1000.00" in clinic.refused("3202", body)
    assert "文件有1笔" in clinic.refused("3202", details(clinic, rows, fixmedins_setl_cnt=2))
    assert "[known_file]" in clinic.refused("3202", details(clinic, rows, file_qury_no="x"))


# --- clearing -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("settled")
def test_clearing_is_asked_for_once_and_taken_back(clinic: Hospital, database: Database) -> None:
    month = f"{TODAY:%Y%m}"
    body = {"data": {"clr_type": "11", "setlym": month, "medfee_sumamt": "1000.00", "psntime": 1}}
    assert "应为1000.00，申请为1.00[sums]" in clinic.refused(
        "3203", {"data": {**body["data"], "medfee_sumamt": "1.00"}}
    )
    number = clinic.ask("3203", body)["result"]["clr_appy_evt_id"]
    assert "[asked_for]" in clinic.refused("3203", body)
    assert "[known_request]" in Hospital(clinic.client, "H2").refused(
        "3204", {"data": {"clr_appy_evt_id": number}}
    )
    clinic.ask("3204", {"data": {"clr_appy_evt_id": number}})
    assert "[known_request]" in clinic.refused("3204", {"data": {"clr_appy_evt_id": number}})
    again = clinic.ask("3203", body)["result"]["clr_appy_evt_id"]
    with database.transaction() as connection:
        act = Act("agency", date(TODAY.year + 1, TODAY.month, 28))
        apply(connection, "H1", TODAY.replace(day=1), act, early=True)
    assert "[applied_for]" in clinic.refused("3204", {"data": {"clr_appy_evt_id": again}})


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"clr_type": "11"}, "清算年月(setlym)：与开始日期(begndate)至少填一个"),
        ({"clr_type": "11", "setlym": "209913"}, "清算年月(setlym)：应为yyyyMM，收到“209913”"),
        ({"clr_type": "13", "begndate": "2099-02-03"}, "2099-02 没有此类结算[nothing_due]"),
    ],
)
def test_clearing_that_cannot_be_is_told(clinic: Hospital, data: dict[str, Any], told: str) -> None:
    assert told in clinic.refused("3203", {"data": data})
