"""1201, 5101, 5102, 1901: who is designated, who practises there, what codes there are."""

from typing import Any

import pytest
from centres import SCHEMA, Hospital

from yibao.store.database import Database


@pytest.fixture(scope="module", autouse=True)
def departments(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute(
            """
            INSERT INTO registry.department (institution_id, department, name, valid) VALUES
              ('H3', 'A03', '内科', '[2020-01-01,)'),
              ('H3', 'X', '特需', '[2020-01-01,2099-01-01)'),
              ('H1', 'A03', '内科', '[2020-01-01,)'),
              ('H3', 'A04', '外科', '[2020-01-01,2021-01-01)')
            """
        )


def test_institutions_by_kind_code_and_name(hospital: Hospital) -> None:
    def codes(**asked: Any) -> list[str]:
        told = hospital.ask("1201", {"medinsinfo": {"fixmedins_type": "1", **asked}})
        return [one["fixmedins_code"] for one in told["medinsinfo"]]

    assert {"H1", "H2", "H3"} <= set(codes())
    assert codes(fixmedins_code="H3") == ["H3"]
    assert codes(fixmedins_name="elsewhere") == ["E2"]
    assert codes(fixmedins_type="2") == ["P1", "P2"]
    assert codes(fixmedins_type="3") == []


def test_departments_are_ones_own(hospital: Hospital) -> None:
    body = {"data": {**hospital.message("5101", {}), "insuplc_admdvs": "120000"}}
    body["data"].pop("input")
    told = hospital.ask("5101", body)["feedetail"]
    assert [(one["hosp_dept_codg"], one["caty"]) for one in told] == [("A03", "A03"), ("X", "A69")]
    assert (told[0]["endtime"], told[1]["endtime"]) == (None, "2098-12-31 23:59:59")
    for short in ({}, {"data": {}}):  # the envelope, once, says who asks
        assert hospital.ask("5101", short)["feedetail"] == told


def test_practitioners_by_profession(hospital: Hospital) -> None:
    told = hospital.ask("5102", {"data": {"prac_psn_type": "1", "prac_psn_code": "D1"}})
    assert [(one["prac_psn_code"], one["hi_dr_flag"]) for one in told["feedetail"]] == [("D1", "1")]
    assert hospital.ask("5102", {"data": {"prac_psn_type": "2"}})["feedetail"] == []
    assert "执业人员分类" in hospital.refused("5102", {"data": {"prac_psn_type": "9"}})


ASKED = {"parent_value": "0", "admdvs": "120000", "date": "2026-03-01", "Vali_Flag": "1"}


def test_every_code_table_can_be_asked_for(hospital: Hospital) -> None:
    for name, table in SCHEMA.codes.items():
        if len(name) <= 30:
            told = hospital.ask("1901", {"data": {**ASKED, "type": name.upper()}})["list"]
            assert {one["value"]: one["label"] for one in told} == table.values
    assert "没有代码表“nothing”" in hospital.refused("1901", {"data": {**ASKED, "type": "nothing"}})
