"""13xx and 91xx: catalogues as files and by pages; files that are sent and fetched."""

import base64
import io
import json
import re
import zipfile
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from centres import ENTRY, SCHEMA, Hospital

from yibao.agency import files
from yibao.registry.importing import import_rows
from yibao.registry.registers import REGISTERS
from yibao.store.database import Database

DRUG_CODE = "XA10BAE001A001010100001"
DRUG = {"code": DRUG_CODE, "name": "二甲双胍", "class": "A", "unit": "盒", "from": "2020-01-01"}
ITEMS = {
    "drug": {**DRUG, "standard": "12.50", "restriction": "限二型"},
    "herbal": {**DRUG, "code": "T001"},
    "preparation": {**DRUG, "code": "Z001", "approval_number": "津药制字1"},
    "service": {**DRUG, "code": "S001", "review": "general"},
    "consumable": {**DRUG, "code": "C" + "0" * 19},
    "diagnosis": {"code": "I10.x00", "name": "高血压", "from": "2020-01-01"},
    "procedure": {"code": "47.0100", "name": "腹腔镜阑尾切除术", "from": "2020-01-01"},
    "morphology": {"code": "M8140/3", "name": "腺癌", "group_name": "腺瘤", "from": "2020-01-01"},
    "tcm_disease": {"code": "A07.01", "name": "消渴病", "group_name": "内科", "from": "2020-01-01"},
    "tcm_syndrome": {
        "code": "B03.02",
        "name": "气虚证",
        "subgroup_name": "气",
        "from": "2020-01-01",
    },
    "case_payment": {
        "code": "DZ01",
        "name": "阑尾炎",
        "procedure": "47.0100",
        "from": "2020-01-01",
    },
    "day_surgery": {
        "code": "RJ01",
        "name": "阑尾日间",
        "procedure": "47.0100",
        "from": "2020-01-01",
    },
}


@pytest.fixture(scope="module", autouse=True)
def items(database: Database) -> None:
    bring(database, ITEMS)


def bring(database: Database, rows: dict[str, dict[str, str]]) -> None:
    with database.transaction() as connection:
        for register, row in rows.items():
            done = import_rows(connection, REGISTERS[register], [row], actor="test")
            assert not done.rejects, [str(r) for r in done.rejects]


def download(hospital: Hospital, told: dict[str, Any]) -> list[list[str]]:
    """Fetch a catalogue file and return its rows."""
    asked = {"file_qury_no": told["file_qury_no"], "filename": told["filename"]}
    message = hospital.message("9102", {"fsDownloadIn": {**asked, "fixmedins_code": "plc"}})
    reply = hospital.client("POST", ENTRY, raw=json.dumps(message).encode())
    assert (reply.status, reply.headers["content-type"]) == (200, "application/octet-stream")
    with zipfile.ZipFile(io.BytesIO(reply.body)) as archive:
        assert archive.namelist() == [told["filename"].removesuffix(".zip")]
        content = archive.read(archive.namelist()[0]).decode()
    return [line.split("\t") for line in content.splitlines()]


@pytest.mark.clause("P25-3.11.1")
@pytest.mark.parametrize(
    ("infno", "code", "column", "name"),
    [
        ("1301", DRUG_CODE, "药品通用名", "二甲双胍"),
        ("1302", "T001", "单味药名称", "二甲双胍"),
        ("1303", "Z001", "批准文号", "津药制字1"),
        ("1305", "S001", "医疗服务项目名称", "二甲双胍"),
        ("1306", "C" + "0" * 19, "耗材名称", "二甲双胍"),
        ("1306A", "C" + "0" * 19, "耗材名称", "二甲双胍"),
        ("1307", "I10.x00", "诊断名称", "高血压"),
        ("1308", "47.0100", "手术操作名称", "腹腔镜阑尾切除术"),
        ("1309", "diabetes", "门慢门特病种名称", "diabetes"),
        ("1310", "DZ01", "限定手术操作代码", "47.0100"),
        ("1311", "RJ01", "手术操作代码", "47.0100"),
        ("1313", "M8140/3", "肿瘤/细胞类型", "腺瘤"),
        ("1314", "A07.01", "科别类目名称", "内科"),
        ("1315", "B03.02", "证候属性", "气"),
    ],
)
def test_a_catalogue_comes_as_a_file(
    hospital: Hospital, infno: str, code: str, column: str, name: str
) -> None:
    told = hospital.ask(infno, {"data": {"ver": "0"}})
    rows = download(hospital, told)
    assert told["data_cnt"] == len(rows) >= 1
    columns = SCHEMA.transactions[infno].columns
    assert {len(row) for row in rows} == {len(columns)}
    row = next(dict(zip(columns, row, strict=True)) for row in rows if code in row)
    assert (row[column], row["有效标志"]) == (name, "1")
    assert len(row["版本号"]) == 20


def test_a_file_has_what_the_register_says_and_null_elsewhere(hospital: Hospital) -> None:
    rows = download(hospital, hospital.ask("1301", {"data": {"ver": "0"}}))
    row = next(r for r in rows if DRUG_CODE in r)
    told = dict(zip(SCHEMA.transactions["1301"].columns, row, strict=True))
    assert told["限制使用范围"] == "限二型"
    assert (told["限制使用标志"], told["国家医保药品目录甲乙类标识"]) == ("1", "A")
    assert (told["生效时间"], told["失效时间"]) == ("2020-01-01", "null")


def test_who_has_a_version_gets_what_came_after(hospital: Hospital, database: Database) -> None:
    columns = SCHEMA.transactions["1301"].columns
    had = [r[columns.index("版本号")] for r in download(hospital, ask_drugs(hospital, "0"))]
    assert ask_drugs(hospital, max(had))["data_cnt"] == 0
    bring(database, {"drug": {**DRUG, "code": "XB01" + "0" * 19, "name": "阿司匹林"}})
    bring(database, {"drug": {**DRUG, "from": "2026-01-01", "name": "二甲双胍片"}})
    told = {
        (row[0], row[columns.index("药品通用名")], row[columns.index("失效时间")])
        for row in download(hospital, ask_drugs(hospital, max(had)))
    }
    # The version before has ended, so it comes again with its last day.
    assert told == {
        ("XB01" + "0" * 19, "阿司匹林", "null"),
        (DRUG_CODE, "二甲双胍", "2025-12-31"),
        (DRUG_CODE, "二甲双胍片", "null"),
    }


def ask_drugs(hospital: Hospital, version: str) -> dict[str, Any]:
    made: dict[str, Any] = hospital.ask("1301", {"data": {"ver": version}})
    return made


def test_a_file_is_made_once_for_all(hospital: Hospital, pharmacy: Hospital) -> None:
    first = hospital.ask("1305", {"data": {"ver": "0"}})
    assert pharmacy.ask("1305", {"data": {"ver": "0"}}) == first


@pytest.mark.parametrize("version", ["x", "-1", "1.0", "٣"])
def test_a_version_that_is_none_is_told(hospital: Hospital, version: str) -> None:
    assert "版本号(ver)" in hospital.refused("1301", {"data": {"ver": version}})


# --- queries ------------------------------------------------------------------------------------

PAGE = {"updt_time": "2000-01-01", "page_num": 1, "page_size": 100, "query_date": "2024-01-01"}


def test_items_are_told_by_pages(hospital: Hospital) -> None:
    found = hospital.ask("1312", {"data": PAGE})["data"]
    assert {row["list_type"] for row in found} >= {"101", "102", "103", "201", "301"}
    pages = [
        hospital.ask("1312", {"data": {**PAGE, "page_num": n, "page_size": 2}})["data"]
        for n in range(1, 5)
    ]
    assert [row for page in pages for row in page] == found
    one = hospital.ask("1312", {"data": {**PAGE, "list_type": "101", "hilist_name": "双胍"}})
    assert [r["hilist_code"] for r in one["data"]] == [DRUG_CODE]
    assert (one["data"][0]["chrgitm_lv"], one["data"][0]["lmt_used_flag"]) == ("01", "1")


def test_limits_and_first_self_pay(hospital: Hospital) -> None:
    drug = {**PAGE, "hilist_code": DRUG_CODE}
    limit = hospital.ask("1318", {"data": drug})["data"]
    assert [row["hilist_pric_uplmt_amt"] for row in limit] == [Decimal("12.50")]
    assert hospital.ask("1318", {"data": {**PAGE, "hilist_code": "S001"}})["data"] == []
    share = hospital.ask("1319", {"data": drug})["data"]
    assert [row["selfpay_prop"] for row in share] == [0]
    assert hospital.ask("1316", {"data": drug})["data"][0]["med_list_codg"] == DRUG_CODE


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"page_num": 0}, "当前页数(page_num)从1起"),
        ({"page_size": 1001}, "1至1000"),
        ({"list_type": "999"}, "目录类别(list_type)：没有“999”"),
        ({"updt_time": "2026"}, "更新时间(data.updt_time)"),
    ],
)
def test_a_page_that_cannot_be_is_told(
    hospital: Hospital, change: dict[str, Any], told: str
) -> None:
    assert told in hospital.refused("1312", {"data": {**PAGE, **change}})


ETHNIC = {"updt_time": "2000-01-01", "page_num": 1, "page_size": 100}


def test_drugs_of_ethnic_traditions_are_those_that_are_tagged_so(
    hospital: Hospital, database: Database
) -> None:
    assert hospital.ask("1304", {"data": ETHNIC})["data"] == []
    tagged = {**DRUG, "code": "ZA01" + "0" * 19, "name": "七味红花殊胜丸", "tags": "ethnic"}
    bring(database, {"drug": tagged})
    (one,) = hospital.ask("1304", {"data": ETHNIC})["data"]
    assert (one["med_list_codg"], one["drug_genname"]) == (tagged["code"], tagged["name"])
    assert (one["min_prcunt"], one["vali_flag"], len(one["ver"])) == ("盒", "1", 20)
    for found, asked in (
        (1, {"med_list_codg": tagged["code"], "drug_genname": "红花", "vali_flag": "1"}),
        *((0, asked) for asked in ({"med_list_codg": DRUG_CODE}, {"drug_genname": "双胍"})),
        *((0, asked) for asked in ({"vali_flag": "0"}, {"updt_time": "2999-01-01"})),
        (0, {"page_num": 2}),
    ):
        assert len(hospital.ask("1304", {"data": {**ETHNIC, **asked}})["data"]) == found, asked


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"tcmherb_name": "红花"}, "中草药名称(tcmherb_name)：目录没有登记此项，不能按它查询"),
        ({"drug_genname": "红花", "drug_prodname": "丸"}, "各名称查询条件应相同"),
        ({"page_size": 1001}, "1至1000"),
    ],
)
def test_drugs_are_not_found_by_what_nobody_registered(
    hospital: Hospital, asked: dict[str, Any], told: str
) -> None:
    assert told in hospital.refused("1304", {"data": {**ETHNIC, **asked}})


# --- files --------------------------------------------------------------------------------------


def upload(hospital: Hospital, content: Any, name: str = "a.zip") -> dict[str, Any]:
    body = {"in": content, "filename": name, "fixmedins_code": hospital.code}
    return {"fsUploadIn": body}


def fetch(hospital: Hospital, number: str, name: str = "a.zip") -> Any:
    body = {"file_qury_no": number, "filename": name, "fixmedins_code": hospital.code}
    message = hospital.message("9102", {"fsDownloadIn": body})
    return hospital.client("POST", ENTRY, raw=json.dumps(message).encode())


@pytest.mark.parametrize("sent", [[0, 255, -1, 65], base64.b64encode(b"\x00\xff\xffA").decode()])
def test_a_file_that_is_sent_can_be_fetched(
    hospital: Hospital, pharmacy: Hospital, sent: Any
) -> None:
    told = hospital.ask("9101", upload(hospital, sent))
    assert told["dld_endtime"] > date.today().isoformat()  # noqa: DTZ011
    assert fetch(hospital, told["file_qury_no"]).body == b"\x00\xff\xffA"
    for other in (
        fetch(pharmacy, told["file_qury_no"]),
        fetch(hospital, told["file_qury_no"], "b"),
    ):
        assert other.json["infcode"] == -1
        assert "[known_file]" in other.json["err_msg"]


@pytest.mark.parametrize("sent", [None, "", [], "=", [256], [True], {"a": 1}, 7])
def test_what_is_no_file_is_told(hospital: Hospital, sent: Any) -> None:
    assert "文件数据" in hospital.refused("9101", upload(hospital, sent))


def test_a_file_is_its_senders(hospital: Hospital) -> None:
    body = {"fsUploadIn": {"in": "YQ==", "filename": "a", "fixmedins_code": "P1"}}
    assert "医药机构编号" in hospital.refused("9101", body)


def test_no_more_is_kept_of_an_institution_than_its_room(
    hospital: Hospital,
    pharmacy: Hospital,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def send(who: Hospital, size: int) -> dict[str, Any]:
        return upload(who, base64.b64encode(bytes(size)).decode())

    with database.transaction() as connection:
        row = connection.execute(
            "SELECT coalesce(sum(octet_length(content)), 0)::bigint FROM ops.file "
            "WHERE institution_id = %s",
            (hospital.code,),
        ).fetchone()
    assert row is not None
    monkeypatch.setattr(files, "MOST", row[0] + 1000)
    hospital.ask("9101", send(hospital, 600))
    told = hospital.refused("9101", send(hospital, 600))
    assert re.search(r"至多 \d+ 字节，已有 \d+，又收到 600；每个文件保留 30 天\[file_room\]", told)
    pharmacy.ask("9101", send(pharmacy, 600))
    hospital.ask("9101", send(hospital, 300))  # smaller than what is left
