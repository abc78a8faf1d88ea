"""25xx and 53xx: what is filed for a person, cancelled, and told; 33xx: codes that are mapped."""

from datetime import date, timedelta
from typing import Any

import agency_town
import pytest
from centres import Hospital

from yibao.clock import today
from yibao.store.database import Database

TODAY = today()
PERSONS = tuple(f"F{n}" for n in range(1, 20))


@pytest.fixture(scope="module", autouse=True)
def persons(database: Database) -> None:
    agency_town.insure(database, *PERSONS)


_free = iter(PERSONS)


@pytest.fixture
def person() -> str:
    return next(_free)


def day(days: int = 0) -> str:
    return (TODAY + timedelta(days=days)).isoformat()


def number(told: dict[str, Any]) -> str:
    return str(told["result"]["trt_dcla_detl_sn"])


# --- referrals ----------------------------------------------------------------------------------


def referral(person: str, **changes: Any) -> dict[str, Any]:
    said = {
        "psn_no": person,
        "diag_code": "I10",
        "diag_name": "高血压",
        "refl_type": "1",
        "reflin_medins_no": "H2",
        "reflin_medins_name": "二院",
        "mdtrtarea_admdvs": "120100",
        "refl_date": day(),
        "refl_rea": "病情需要",
        "refl_opnn": "同意",
        "enddate": day(7),
    }
    return {"refmedin": {**said, **changes}}


def test_a_referral_is_filed_told_and_cancelled(hospital: Hospital, person: str) -> None:
    filed = number(hospital.ask("2501", referral(person)))
    asked = {"data": {"psn_no": person, "begntime": day(), "endtime": day(1)}}
    (told,) = hospital.ask("5304", asked)["refmedin"]
    assert (told["reflin_medins_no"], told["begndate"], told["enddate"]) == ("H2", day(), day(7))
    assert told["refl_rea"] == "病情需要"
    cancel = {"data": {"trt_dcla_detl_sn": filed, "psn_no": person, "memo": "误报"}}
    assert "不是本机构为此人" in Hospital(hospital.client, "H2").refused("2502", cancel)
    hospital.ask("2502", cancel)
    assert "[cancelled]" in hospital.refused("2502", cancel)
    assert hospital.ask("5304", asked)["refmedin"] == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"enddate": ""}, "结束日期(enddate)：必填"),
        ({"reflin_medins_no": "H3"}, "[two_institutions]"),
        ({"reflin_medins_no": "H9"}, "[known_institution]"),
        ({"psn_no": "nobody"}, "[known_person]"),
        ({"hosp_agre_refl_flag": "0"}, "医院未同意"),
        ({"enddate": day(-1)}, "[period]"),
    ],
)
def test_a_referral_that_cannot_be_is_told(
    hospital: Hospital, changes: dict[str, Any], told: str
) -> None:
    assert told in hospital.refused("2501", referral("P1", **changes))


# --- special diseases ---------------------------------------------------------------------------


def found(person: str, **changes: Any) -> dict[str, Any]:
    said = {
        "psn_no": person,
        "insutype": "390",
        "opsp_dise_code": "diabetes",
        "opsp_dise_name": "糖尿病",
        "insu_optins": "120100",
        "ide_fixmedins_no": "H3",
        "ide_fixmedins_name": "三院",
        "hosp_ide_date": day(),
        "diag_dr_codg": "D1",
        "diag_dr_name": "医生",
        "begndate": day(),
        "enddate": day(365),
    }
    return {"data": {**said, **changes}}


def test_a_disease_is_registered_told_and_revoked(hospital: Hospital, person: str) -> None:
    filed = number(hospital.ask("2503", found(person)))
    asked = {"data": {"psn_no": person}}
    (told,) = hospital.ask("5301", asked)["feedetail"]
    assert (told["opsp_dise_code"], told["begndate"], told["enddate"]) == (
        *("diabetes", day(), day(365)),
    )
    cancel = {"data": {"trt_dcla_detl_sn": filed, "psn_no": person, "memo": "误报"}}
    hospital.ask("2504", cancel)
    assert hospital.ask("5301", asked)["feedetail"] == []
    assert "[registered]" in hospital.refused("2504", cancel)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"ide_fixmedins_no": "H2"}, "应由鉴定机构自己上传"),
        ({"opsp_dise_code": "none"}, "[unknown_disease]"),
        ({"begndate": day(9), "enddate": day(8)}, "[period]"),
    ],
)
def test_a_finding_that_cannot_be_is_told(
    hospital: Hospital, changes: dict[str, Any], told: str
) -> None:
    assert told in hospital.refused("2503", found("P2", **changes))


def test_who_is_no_centre_does_not_register(client: Any) -> None:
    other = Hospital(client, "H2")
    assert "[centre]" in other.refused("2503", found("P2", ide_fixmedins_no="H2"))


# --- chosen institutions ------------------------------------------------------------------------


def choice(person: str, code: str, **changes: Any) -> dict[str, Any]:
    said = {
        "psn_no": person,
        "biz_appy_type": "03",
        "begndate": day(1),
        "fix_srt_no": "1",
        "fixmedins_code": code,
        "fixmedins_name": "医院",
    }
    return {"data": {**said, **changes}}


def test_institutions_are_chosen_told_and_cancelled(hospital: Hospital, person: str) -> None:
    first = number(hospital.ask("2505", choice(person, "H3")))
    number(hospital.ask("2505", choice(person, "H1")))
    asked = {"data": {"psn_no": person, "biz_appy_type": "03"}}
    told = hospital.ask("5302", asked)["psnfixmedin"]
    assert [(one["fixmedins_code"], one["begndate"]) for one in told] == [
        *(("H3", day(1)), ("H1", day(1))),
    ]
    assert "已是此人的定点机构" in hospital.refused("2505", choice(person, "H3"))
    cancel = {"data": {"trt_dcla_detl_sn": first, "psn_no": person, "memo": "误报"}}
    hospital.ask("2506", cancel)
    assert "[cancelled]" in hospital.refused("2506", cancel)
    (left,) = hospital.ask("5302", asked)["psnfixmedin"]
    assert left["fixmedins_code"] == "H1"


@pytest.mark.parametrize(
    ("code", "changes", "told"),
    [
        ("H3", {"biz_appy_type": "02"}, "本中心受理03"),
        ("H2", {}, "[level_3]"),
        ("H9", {}, "[known_institution]"),
        ("H1-next", {}, "[residence]"),
    ],
)
def test_a_choice_that_cannot_be_is_told(
    hospital: Hospital, code: str, changes: dict[str, Any], told: str
) -> None:
    assert told in hospital.refused("2505", choice("P1", code, **changes))


@pytest.mark.parametrize("infno", ["2502", "2504", "2506"])
@pytest.mark.parametrize("told", ["X1", "R", "Rx", "R99999999999999999999", "1", "R٣"])
def test_a_number_that_is_no_filings_is_told(hospital: Hospital, infno: str, told: str) -> None:
    body = {"data": {"trt_dcla_detl_sn": told, "psn_no": "P1", "memo": "x"}}
    assert f"没有“{told}”" in hospital.refused(infno, body)


def test_an_accident_is_filed(hospital: Hospital, person: str) -> None:
    said = {
        "dcla_souc": "01",
        "psn_no": person,
        "psn_cert_type": "01",
        "certno": "无",
        "psn_name": "张三",
        "insu_admdvs": "120100",
        "chk_pay_flag": "0",
        "begndate": day(),
        "trum_time": f"{day()} 08:00:00",
        "trum_site": "路口",
        "trum_rea": "摔伤",
    }
    assert number(hospital.ask("2507", {"data": said})).startswith("A")
    assert "[period]" in hospital.refused("2507", {"data": {**said, "enddate": day(-1)}})


# --- codes --------------------------------------------------------------------------------------

OWN = "H12010100001"


@pytest.fixture
def coded(client: Any, database: Database) -> Hospital:
    with database.transaction() as connection:
        connection.execute(
            "INSERT INTO registry.institution (institution_id, name, kind, division, level, valid) "
            "SELECT 'H12010100001', 'own', 'hospital', '120101', '2', '[2010-01-01,)' "
            "WHERE NOT EXISTS (SELECT FROM registry.institution "
            "WHERE institution_id = 'H12010100001')"
        )
        connection.execute(
            "INSERT INTO registry.item (kind, code, name, class, first_self_pay, valid) "
            "SELECT 'drug', 'XA1', '药', 'A', 0, '[2010-01-01,)' "
            "WHERE NOT EXISTS (SELECT FROM registry.item WHERE code = 'XA1')"
        )
    return Hospital(client, OWN)


def mapping(local: str, code: str = "XA1", **changes: Any) -> dict[str, Any]:
    said = {
        "fixmedins_hilist_id": local,
        "fixmedins_hilist_name": "本院药",
        "list_type": "101",
        "med_list_codg": code,
        "begndate": "2026-01-01",
        "enddate": "2099-12-31",
    }
    return {**said, **changes}


def mapped(hospital: Hospital, local: str, on: date = TODAY) -> list[str]:
    asked = {
        "updt_time": "2000-01-01",
        "page_num": 1,
        "page_size": 10,
        "medins_list_codg": local,
        "query_date": on.isoformat(),
    }
    return [one["med_list_codg"] for one in hospital.ask("1317", {"data": asked})["data"]]


def test_codes_are_mapped_and_the_mapping_ends(coded: Hospital, hospital: Hospital) -> None:
    coded.ask("3301", {"data": [mapping("L1"), mapping("L2")]})
    coded.ask("3301", {"data": [mapping("L1")]})  # said again, it does nothing
    assert mapped(coded, "L1") == ["XA1"]
    assert mapped(hospital, "L1") == []
    end = {"fixmedins_code": OWN, **{k: mapping("L1")[k] for k in ("list_type", "med_list_codg")}}
    coded.ask("3302", {"data": {**end, "fixmedins_hilist_id": "L1"}})
    assert mapped(coded, "L1") == []
    assert mapped(coded, "L1", TODAY - timedelta(days=1)) == ["XA1"]
    assert "[known_mapping]" in coded.refused(
        "3302", {"data": {**end, "fixmedins_hilist_id": "L1"}}
    )


def test_a_mapping_that_cannot_be_is_told_by_its_row(coded: Hospital) -> None:
    told = coded.refused("3301", {"data": [mapping("L8"), mapping("L9", "XNONE")]})
    assert told.startswith("第2行 ")
    assert mapped(coded, "L8") == []
    assert "第1行 目录类别" in coded.refused("3301", {"data": [mapping("L8", list_type="301x")]})
