"""Files into registers: good rows land, bad ones come back, the same file again changes nothing."""

from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from registry_data import DOCTOR, DRUG, HOSPITAL, PHARMACY, Bring

from yibao.interop.files.output import write_files
from yibao.interop.files.rows import InputError
from yibao.interop.files.schema import template
from yibao.registry.exporting import entries, sheet
from yibao.registry.importing import import_files
from yibao.registry.registers import REGISTERS
from yibao.store.database import Database

FULL = {
    "institution": [
        f"{HOSPITAL},甲医院,hospital,120101,3,none,false,true,false,true,91350100M000100Y43,2020-01-01,",
        f"{HOSPITAL},乙医院,hospital,120101,3,none,false,true,false,true,,2021-01-01,2021-12-31",
        f"{PHARMACY},药房,pharmacy,120101,none,none,false,false,false,false,,2020-01-01,",
    ],
    "department": [f"{HOSPITAL},A01,内科,2020-01-01,"],
    "ward": [f"{HOSPITAL},W1,一病区,100,4,2020-01-01,"],
    "practitioner": [f"{DOCTOR},张三,physician,suspended,L1,2020-01-01,"],
    "practice_site": [f"{DOCTOR},{HOSPITAL},A01,2020-01-01,2020-06-30"],
    "supplement_batch": ["B2,第二批,2021-12-31,2020-01-01,"],
    "drug": [
        f"{DRUG},阿莫西林,B,12.5%,10.05,盒,negotiated;two_disease,2,female,18,60,限二线,national,,2020-01-01,",
        "L1,增补药,A,,,,,none,any,,,,local,B2,2020-01-01,2021-12-31",
    ],
    "service": ["001101000010000,诊查费,A,,5.00,次,,none,any,,,,general,2020-01-01,"],
    "consumable": [f"C{'0' * 19},支架,B,20%,,个,imported_implant,none,any,,,,local,2020-01-01,"],
    "preparation": ["T1,院内制剂,A,,,,tcm,none,any,,,,津药制字1,2020-01-01,"],
    "herbal": ["H1,当归,A,,,,tcm,none,any,,,,local,津药饮1,2020-01-01,"],
    "regional_item": ["130100,drug,XA,药,B,10%,12.50,盒,tcm,2020-01-01,"],
    "preparation_site": [f"T1,{HOSPITAL},2020-01-01,"],
    "local_code": [f"{HOSPITAL},drug,0001,{DRUG},2020-01-01,"],
    "device": [f"06901234567892,C{'0' * 19},2020-01-01,"],
    "diagnosis": ["E11.900,2型糖尿病,2020-01-01,"],
    "procedure": ["36.0600,支架置入,2020-01-01,"],
    "morphology": ["M8140/3,腺癌,M814,腺瘤和腺癌,2020-01-01,"],
    "tcm_disease": ["A07.06.05,消渴病,A07,内科,A07.06,津液病类,2020-01-01,"],
    "tcm_syndrome": ["B03.02,气虚证,B03,虚证,B03.00,气,2020-01-01,"],
    "case_payment": ["DZ01,冠心病支架,36.0600,2020-01-01,", "DZ02,阑尾炎,,2020-01-01,"],
    "day_surgery": ["RJ01,冠脉支架日间,36.0600,2020-01-01,"],
    "disease": ["M1,糖尿病,B,employee;resident,E11,0,18,dm,2,false,2020-01-01,"],
    "appraisal_centre": [f"{HOSPITAL},M1,assessment,2020-01-01,"],
    "recognition": [f"{HOSPITAL},津医保,2020-01-01,"],
    "expert": [f"E1,李四,pharmacy,{HOSPITAL},2020-01-01,"],
    "quota": ["120101,hospital,10,2020-01-01,"],
    "step_limit": ["assess,30,2020-01-01,"],
    "setting": ["primary_full_catalogue,true,2020-01-01,"],
    "agreement": [f"{HOSPITAL},A1,inpatient;outpatient,employee,2020-01-01,2020-12-31"],
}


def lines(name: str) -> list[str]:
    header = ",".join(c.name for c in REGISTERS[name].file_columns)
    return [header, *FULL[name]]


def everything(database: Database) -> dict[str, list[list[Any]]]:
    with database.transaction() as connection:
        return {name: list(entries(connection, r)) for name, r in REGISTERS.items()}


@pytest.mark.clause("T16-22c")
def test_every_register_takes_its_file_and_gives_it_back(
    bring: Bring, database: Database, tmp_path: Path
) -> None:
    assert FULL.keys() == REGISTERS.keys()
    for name in REGISTERS:
        done = bring(name, *lines(name))
        assert done.rows == len(FULL[name])
        assert done.counts["unchanged"] == 0
    held = everything(database)
    assert {len(rows) > 0 for rows in held.values()} == {True}
    for name in REGISTERS:
        assert dict(bring(name, *lines(name)).counts) == {"unchanged": len(FULL[name])}
    for name, register in REGISTERS.items():
        for suffix in ("csv", "xlsx", "parquet"):
            file = tmp_path / f"{name}.{suffix}"
            write_files({file: [sheet(register, held[name])]})
            with database.transaction() as connection:
                done = import_files(connection, register, [file], actor="test")
            assert (done.rejects, set(done.counts)) == ([], {"unchanged"}), (name, suffix)
    assert everything(database) == held


def test_a_template_has_the_columns_that_the_import_wants(
    bring: Bring, database: Database, tmp_path: Path
) -> None:
    for register in REGISTERS.values():
        file = tmp_path / f"{register.name}.xlsx"
        write_files({file: template(register.name, register.file_columns, "zh")})
        with database.transaction() as connection:
            assert import_files(connection, register, [file], actor="test").rows == 0


INSTITUTION = "institution_id,name,division,level,from,to"


def test_a_new_version_ends_the_one_before_on_the_day_before(
    bring: Bring, database: Database
) -> None:
    bring("institution", INSTITUTION, f"{HOSPITAL},甲,120101,2,2020-01-01,")
    done = bring("institution", INSTITUTION, f"{HOSPITAL},甲,120101,3,2021-07-01,")
    assert dict(done.counts) == {"changed": 1}
    with database.transaction() as connection:
        rows = list(entries(connection, REGISTERS["institution"]))
        former = connection.execute(
            "SELECT version -> 'level' FROM registry.former WHERE version ? 'institution_id'"
        ).fetchall()
        audited = connection.execute("SELECT actor, action, subject FROM ops.audit").fetchall()
    assert [(row[4], *row[-2:]) for row in rows] == [
        ("2", date(2020, 1, 1), date(2021, 6, 30)),
        ("3", date(2021, 7, 1), None),
    ]
    assert former == [("2",)]
    assert audited == [("test", "registry.import", "institution")] * 2


def test_other_content_of_the_same_day_is_an_error_unless_it_is_a_correction(
    bring: Bring, database: Database
) -> None:
    bring("institution", INSTITUTION, f"{HOSPITAL},甲,120101,2,2020-01-01,")
    wrong = (INSTITUTION, f"{HOSPITAL},乙,120101,3,2020-01-01,")
    done = bring("institution", *wrong, rejected=1)
    (error,) = done.rejects[0].errors
    assert (error.column, error.rule) == ("from", "version_differs")
    assert "name, level" in error.message.en
    assert dict(bring("institution", *wrong, correct=True).counts) == {"corrected": 1}
    assert dict(bring("institution", *wrong, correct=True).counts) == {"unchanged": 1}
    with database.transaction() as connection:
        assert [r[1] for r in entries(connection, REGISTERS["institution"])] == ["乙"]
        former = connection.execute(
            "SELECT version ->> 'name' FROM registry.former WHERE version ? 'institution_id'"
        ).fetchall()
    assert former == [("甲",)]


BAD = {
    "institution": [
        ("H1201010000,甲,120101,3,2020-01-01,", "institution_id", "code_form"),
        (f"{HOSPITAL},=1+1,120101,3,2020-01-01,", "name", "formula"),
        (f"{HOSPITAL},甲,990101,3,2020-01-01,", "division", "code_form"),
        (f"{HOSPITAL},甲,120101,4,2020-01-01,", "level", "known_code"),
        (f"{HOSPITAL},甲,120101,3,2020-02-30,", "from", "date"),
        (f"{HOSPITAL},甲,120101,3,,", "from", "required"),
        (f"{HOSPITAL},,120101,3,2020-01-01,", "name", "required"),
        (f"{HOSPITAL},甲,120101,3,2020-01-01,2019-12-31", "to", "period"),
        (f"{HOSPITAL},甲,120101,3", "", "cells"),
        (f"{HOSPITAL},甲\x07,120101,3,2020-01-01,", "name", "control_character"),
        (f"{PHARMACY},药房,120101,3,2020-01-01,", "level", "pharmacy_level"),
    ],
    "ward": [
        (f"{HOSPITAL},W1,病区,-1,0,2020-01-01,", "beds", "count"),
        (f"{HOSPITAL},W1,病区,99999,0,2020-01-01,", "beds", "max_count"),
        ("H12010199999,W1,病区,1,0,2020-01-01,", "institution_id", "known_reference"),
        (f"{HOSPITAL},W1,病区,1,0,2009-12-31,", "institution_id", "known_reference"),
    ],
    "practitioner": [
        (f"{DOCTOR},张三,nurse,listed,,2020-01-01,", "profession", "kind_of_code"),
        ("X120101000001,张三,,listed,,2020-01-01,", "practitioner_id", "code_form"),
    ],
    "drug": [
        (f"{DRUG},药,B,,,,,none,any,,,,national,,2020-01-01,", "first_self_pay", "required"),
        (f"{DRUG},药,A,20%,,,,none,any,,,,national,,2020-01-01,", "first_self_pay", "class_share"),
        (f"{DRUG},药,B,20,,,,none,any,,,,national,,2020-01-01,", "first_self_pay", "rate"),
        (f"{DRUG},药,A,,-1.00,,,none,any,,,,national,,2020-01-01,", "standard", "not_negative"),
        (f"{DRUG},药,A,,1.005,,,none,any,,,,national,,2020-01-01,", "standard", "two_decimals"),
        (f"{DRUG},药,A,,9999999999999.00,,,none,any,,,,national,,2020-01-01,", "standard",
         "max_amount"),
        (f"{DRUG},药,A,,,,unheard,none,any,,,,national,,2020-01-01,", "tags", "known_code"),
        (f"{DRUG},药,A,,,,,none,any,18,18,,national,,2020-01-01,", "age_below", "age_order"),
        ("SHORT,药,A,,,,,none,any,,,,national,,2020-01-01,", "code", "code_form"),
        (f"{DRUG},药,A,,,,,none,any,,,,national,B2,2020-01-01,", "batch", "local_only"),
        ("L1,药,A,,,,,none,any,,,,local,B9,2020-01-01,2020-12-31", "batch", "known_reference"),
    ],
    "diagnosis": [("E1,糖尿病,2020-01-01,", "code", "code_form")],
    "procedure": [("A6.06,支架,2020-01-01,", "code", "code_form")],
    "quota": [("120101,hospital,,2020-01-01,", "places", "required")],
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
@pytest.mark.usefixtures("institutions")
def test_bad_rows_come_back_with_where_and_why_and_good_ones_land(bring: Bring, name: str) -> None:
    header = INSTITUTION if name == "institution" else lines(name)[0]
    good = {
        "institution": "H12010100009,丁,120101,3,2020-01-01,",
        "drug": lines("drug")[1],
    }.get(name, lines(name)[-1])
    done = bring(name, header, good, *(line for line, _, _ in BAD[name]), rejected=len(BAD[name]))
    assert dict(done.counts) == {"added": 1}
    told = sorted((e.row, e.column, e.rule) for r in done.rejects for e in r.errors)
    assert told == [(n, column, rule) for n, (_, column, rule) in enumerate(BAD[name], 3)]


def test_rows_of_one_file_that_speak_of_the_same_days(bring: Bring) -> None:
    done = bring(
        "institution",
        INSTITUTION,
        f"{HOSPITAL},甲,120101,3,2020-01-01,2020-12-31",
        f"{HOSPITAL},乙,120101,3,2020-01-01,",
        f"{HOSPITAL},丙,120101,3,2020-12-31,",
        f"{HOSPITAL},丁,120101,3,2021-01-01,",
        rejected=2,
    )
    assert [(e.row, e.rule) for r in done.rejects for e in r.errors] == [
        (3, "unique_version"),
        (4, "version_overlap"),
    ]


def test_the_last_day_of_the_calendar_means_no_end(bring: Bring, database: Database) -> None:
    rows = (INSTITUTION, f"{HOSPITAL},甲,120101,3,2021-01-01,9999-12-31")
    assert dict(bring("institution", *rows).counts) == {"added": 1}
    assert dict(bring("institution", *rows).counts) == {"unchanged": 1}
    with database.transaction() as connection:
        assert [r[-1] for r in entries(connection, REGISTERS["institution"])] == [None]


def test_an_end_within_a_later_version_is_an_error(bring: Bring) -> None:
    bring("institution", INSTITUTION, f"{HOSPITAL},甲,120101,3,2021-01-01,")
    done = bring(
        "institution", INSTITUTION, f"{HOSPITAL},乙,120101,3,2020-01-01,2021-06-30", rejected=1
    )
    assert [e.rule for e in done.rejects[0].errors] == ["version_overlap"]
    assert "2021-01-01" in done.rejects[0].errors[0].message.en


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"institution_id,name,from\n", "required_column"),
        (b"institution_id,name,division,from,colour\n", "known_column"),
        (b"\xff\xfei\x00n\x00", "utf16"),
        (b"", "not_empty"),
    ],
)
def test_a_file_that_cannot_be_used_changes_nothing(
    database: Database, tmp_path: Path, content: bytes, rule: str
) -> None:
    file = tmp_path / "institution.csv"
    file.write_bytes(content)
    with pytest.raises(InputError) as caught, database.transaction() as connection:
        import_files(connection, REGISTERS["institution"], [file], actor="test")
    assert rule in {p.rule for p in caught.value.problems}
    with database.transaction() as connection:
        assert connection.execute("SELECT count(*) FROM ops.audit").fetchone() == (0,)


def test_a_row_in_no_encoding_comes_back(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "institution.csv"
    good = f"{HOSPITAL},甲,120101,2020-01-01\n".encode()
    file.write_bytes(b"institution_id,name,division,from\nH1,\xff\xff\xff,1,2\n" + good)
    with database.transaction() as connection:
        done = import_files(connection, REGISTERS["institution"], [file], actor="test")
    assert [e.rule for r in done.rejects for e in r.errors] == ["encoding"]
    assert dict(done.counts) == {"added": 1}


def test_gb18030_and_chinese_titles_are_read(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "institution.csv"
    text = f"定点机构代码,名称,行政区划,生效日期\n{HOSPITAL},天津市第一医院,120101,2020/1/1\n"
    file.write_bytes(text.encode("gb18030"))
    with database.transaction() as connection:
        done = import_files(connection, REGISTERS["institution"], [file], actor="test")
        assert dict(done.counts) == {"added": 1}


def test_overlap_is_impossible_whatever_the_code_does(bring: Bring, database: Database) -> None:
    bring("institution", INSTITUTION, f"{HOSPITAL},甲,120101,3,2020-01-01,2020-12-31")
    insert = (
        "INSERT INTO registry.institution (institution_id, name, kind, division, valid) "
        "VALUES (%s, '乙', 'hospital', '120101', daterange(%s, NULL))"
    )
    with pytest.raises(psycopg.errors.ExclusionViolation), database.transaction() as connection:
        connection.execute(insert, (HOSPITAL, date(2020, 12, 31)))
    with database.transaction() as connection:
        connection.execute(insert, (HOSPITAL, date(2021, 1, 1)))
    with pytest.raises(psycopg.errors.InsufficientPrivilege), database.transaction() as connection:
        connection.execute("DELETE FROM registry.institution")
