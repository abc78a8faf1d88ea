"""Files of applications, filings and prescriptions: rows land once, bad ones come back with why."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from agency_town import DISEASE, DOCTOR, DRUG, build, count
from typer.testing import CliRunner

from yibao.cli import app, exit_codes
from yibao.store.database import Database


@pytest.fixture
def town(database: Database) -> Database:
    build(database, "P1", "P2")
    return database


class Office:
    """Imports tables as a clerk does."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.folder = folder

    def imported(self, command: str, *rows: str, code: int = exit_codes.OK) -> dict[str, Any]:
        """Import rows, the first of which is the header; cells are separated by commas."""
        file = self.folder / "rows.csv"
        file.write_text("\n".join([*rows, ""]), encoding="utf-8")
        words = [*command.split(), str(file), "--database", self.database.url, "--json"]
        result = CliRunner().invoke(app, [*words, "--lang", "en", "--actor", "clerk"])
        assert result.exit_code == code, result.output
        found: dict[str, Any] = json.loads(result.stdout)
        return found

    def rejected(self, command: str, *rows: str) -> list[tuple[str, str]]:
        """Import rows of which some are refused; return column and rule of each."""
        told = self.imported(command, *rows, code=exit_codes.REJECTED)
        (file,) = told["files"]
        with Path(file).open(encoding="utf-8-sig", newline="") as opened:
            found = list(csv.DictReader(opened))
        assert told["rejected"] == len(found)
        return [(row["column"], row["rule"]) for row in found]


@pytest.fixture
def office(town: Database, tmp_path: Path) -> Office:
    return Office(town, tmp_path)


QUALIFY = "qualify import"
APPLICATIONS = "person_id,disease,applied_on,outcome,institution_id,on,from,to,reason"
GRANTED = f"P1,{DISEASE},2022-01-05,granted,H3,2022-01-10,2022-01-11,2023-01-10,"
REFUSED = f"P2,{DISEASE},2022-01-05,不通过,H3,2022-01-10,,,no"
OPEN = "P2,rare,2022-01-06,,,,,,"


def test_applications_land_with_their_decisions_and_a_second_time_nothing_changes(
    office: Office,
) -> None:
    rows = (APPLICATIONS, GRANTED, REFUSED, OPEN)
    first = office.imported(QUALIFY, *rows)
    assert (first["rows"], first["made"], first["rejected"]) == (3, 3, 0)
    before = count(office.database, "ops.audit")
    again = office.imported(QUALIFY, *rows)
    assert (again["made"], again["unchanged"]) == (0, 3)
    assert count(office.database, "ops.audit") == before
    with office.database.transaction() as connection:
        outcomes = connection.execute(
            "SELECT person_id, outcome FROM qualification.application "
            "LEFT JOIN qualification.decision USING (application_id) ORDER BY application_id"
        ).fetchall()
    assert outcomes == [("P1", "granted"), ("P2", "refused"), ("P2", None)]


def test_what_was_open_is_decided_by_a_later_file_and_not_decided_otherwise(office: Office) -> None:
    office.imported(QUALIFY, APPLICATIONS, OPEN)
    decided = "P2,rare,2022-01-06,granted,H3,2022-02-01,2022-02-02,,"
    assert office.imported(QUALIFY, APPLICATIONS, decided)["made"] == 1
    assert office.imported(QUALIFY, APPLICATIONS, OPEN)["unchanged"] == 1
    otherwise = decided.replace("granted", "refused").replace("2022-02-02", "")
    assert office.rejected(QUALIFY, APPLICATIONS, otherwise) == [("application", "decided")]


def test_bad_rows_of_applications_come_back_and_the_good_ones_land(office: Office) -> None:
    bad = {
        f"P9,{DISEASE},2022-01-05,,,,,,": ("person_id", "known_person"),
        "P1,none9,2022-01-05,,,,,,": ("disease", "unknown_disease"),
        "P1,rare,2022-02-30,,,,,,": ("applied_on", "date"),
        "P1,rare,2022-01-05,maybe,,,,,": ("outcome", "known_code"),
        "P1,rare,2022-01-05,granted,,2022-01-06,2022-01-07,,": ("institution_id", "required"),
        "P1,rare,2022-01-05,granted,H3,,2022-01-07,,": ("on", "required"),
        "P1,rare,2022-01-05,granted,H3,2022-01-06,,,": ("from", "from"),
        "P1,rare,2022-01-05,granted,H2,2022-01-06,2022-01-07,,": ("institution_id", "centre"),
        "P1,rare,2022-01-05,granted,H3,2022-01-04,2022-01-07,,": ("on", "assessed_after"),
        "P1,rare,2022-01-05,granted,H3,2022-01-06,2022-01-07,2022-01-06,": ("to", "period"),
        "P\x07,rare,2022-01-05,,,,,,": ("person_id", "control_character"),
        "P1,rare,2022-01-05,,,,,,=1+1": ("reason", "formula"),
        ",rare,2022-01-05,,,,,,": ("person_id", "required"),
    }
    assert office.rejected(QUALIFY, APPLICATIONS, GRANTED, *bad) == list(bad.values())
    assert count(office.database, "qualification.application") == 1


def test_of_a_row_that_is_refused_nothing_stays(office: Office) -> None:
    row = "P1,rare,2022-01-05,granted,H2,2022-01-06,2022-01-07,,"
    office.rejected(QUALIFY, APPLICATIONS, row)
    assert count(office.database, "qualification.application") == 0


REFERRALS = "person_id,from_institution,to_institution,from,to,reason,follows"
REFERRAL = "P1,H1,H3,2022-03-05,2022-03-12,surgery,"
REMOTES = "person_id,category,division,filed_on,from,to,reason"
REMOTE = "P1,long_term_resident,1301,2022-03-05,2022-03-05,,"
CHOICES = "person_id,kind,institution_id,chosen_on,from,residence"
CHOICE = "P1,level_3,H3,2022-03-01,2022-03-02,"
CONTRACT = "P1,primary,H1-next,2022-03-01,2022-03-02,works there"


@pytest.mark.parametrize(
    ("kind", "rows", "table"),
    [
        ("referral", (REFERRALS, REFERRAL, REFERRAL.replace("P1", "P2")), "filing.referral"),
        ("remote", (REMOTES, REMOTE, REMOTE.replace("1301", "1302")), "filing.remote"),
        ("choice", (CHOICES, CHOICE, CONTRACT), "filing.choice"),
    ],
)
def test_filings_land_once(office: Office, kind: str, rows: tuple[str, ...], table: str) -> None:
    assert office.imported(f"filing import {kind}", *rows)["made"] == 2
    before = count(office.database, "ops.audit")
    assert office.imported(f"filing import {kind}", *rows)["unchanged"] == 2
    assert count(office.database, table) == 2
    assert count(office.database, "ops.audit") == before


def test_what_was_cancelled_is_not_filed_again_by_the_same_file(office: Office) -> None:
    office.imported("filing import remote", REMOTES, REMOTE)
    words = ["filing", "cancel", "remote", "1", "--reason", "moved back"]
    assert CliRunner().invoke(app, [*words, "--database", office.database.url]).exit_code == 0
    assert office.imported("filing import remote", REMOTES, REMOTE)["unchanged"] == 1


def test_choices_one_after_the_other_stand_when_the_file_comes_again(office: Office) -> None:
    later = "P1,level_3,H3-other,2022-04-30,2022-05-01,"
    assert office.imported("filing import choice", CHOICES, CHOICE, later)["made"] == 2
    assert office.imported("filing import choice", CHOICES, CHOICE, later)["unchanged"] == 2


def test_bad_rows_of_filings_come_back(office: Office) -> None:
    bad = {
        "P9,H1,H3,2022-03-05,2022-03-12,x,": ("person_id", "known_person"),
        "P1,H1,H3,2022-03-12,2022-03-05,x,": ("to", "period"),
        "P1,H1,H9,2022-03-05,2022-03-12,x,": ("to_institution", "known_institution"),
        "P1,H1,H1,2022-03-05,2022-03-12,x,": ("to_institution", "two_institutions"),
        "P1,H1,H3,2022-03-05,2022-03-12,x,999": ("follows", "known_referral"),
        "P1,H1,H3,2022-03-05,2022-03-12,,": ("reason", "required"),
    }
    assert office.rejected("filing import referral", REFERRALS, *bad) == list(bad.values())
    bad = {
        "P1,tourist,1301,2022-03-05,2022-03-05,,": ("category", "known_code"),
        "P1,referral,13011,2022-03-05,2022-03-05,,": ("division", "division"),
        "P1,referral,1301,2022-03-05,2022-03-04,,": ("from", "filed_before"),
        "P1,referral,1301,2022-03-05,2022-03-05,2022-03-01,": ("to", "period"),
    }
    assert office.rejected("filing import remote", REMOTES, *bad) == list(bad.values())
    bad = {
        "P1,any,H3,2022-03-01,2022-03-02,": ("kind", "known_code"),
        "P1,level_3,H2,2022-03-01,2022-03-02,": ("institution_id", "level_3"),
        "P1,level_3,H3,2022-03-01,2022-03-01,": ("from", "next_day"),
        "P1,primary,H1-next,2022-03-01,2022-03-02,": ("residence", "residence"),
    }
    assert office.rejected("filing import choice", CHOICES, *bad) == list(bad.values())


PRESCRIPTION_IMPORT = "prescription import"
PRESCRIPTIONS = (
    "institution_id,number,person_id,practitioner_id,issued_at,items,days,long_term,disease,"
    "pharmacist_id,approved,reason"
)
PRESCRIPTION = f"H1,R1,P1,{DOCTOR},2022-03-01 09:30,drug:{DRUG}=3;drug:X2=0.5,60,是,{DISEASE},,,"


def test_prescriptions_land_once_and_are_audited_when_the_file_says_so(office: Office) -> None:
    assert office.imported(PRESCRIPTION_IMPORT, PRESCRIPTIONS, PRESCRIPTION)["made"] == 1
    audited = PRESCRIPTION.removesuffix(",,,") + ",Y1,true,"
    assert office.imported(PRESCRIPTION_IMPORT, PRESCRIPTIONS, audited)["made"] == 1
    assert office.imported(PRESCRIPTION_IMPORT, PRESCRIPTIONS, audited)["unchanged"] == 1
    assert office.imported(PRESCRIPTION_IMPORT, PRESCRIPTIONS, PRESCRIPTION)["unchanged"] == 1
    otherwise = audited.replace("true", "false")
    told = office.rejected(PRESCRIPTION_IMPORT, PRESCRIPTIONS, otherwise)
    assert told == [("prescription", "audited")]
    assert count(office.database, "dispensing.prescribed") == 2


def test_bad_rows_of_prescriptions_come_back(office: Office) -> None:
    office.imported(PRESCRIPTION_IMPORT, PRESCRIPTIONS, PRESCRIPTION)
    other = PRESCRIPTION.replace("R1", "R2")
    bad = {
        PRESCRIPTION.replace("60", "59"): ("number", "number_used"),
        other.replace("P1", "P9"): ("person_id", "known_person"),
        other.replace(DOCTOR, "D9"): ("practitioner_id", "not_on_roster"),
        other.replace(";drug:X2=0.5", ";X2"): ("items", "code_form"),
        other.replace(";drug:X2=0.5", ";pill:X2=1"): ("items", "items"),
        other.replace(";drug:X2=0.5", f";drug:{DRUG}=1"): ("items", "items"),
        other.replace("=0.5", "=0"): ("items", "items"),
        other.replace("=0.5", "=-1"): ("items", "code_form"),
        other.replace("60", "0"): ("days", "days"),
        other.replace("60", "85"): ("days", "over_supply"),
        other.replace("09:30", "25:30"): ("issued_at", "time"),
        other.replace(DISEASE, "none9"): ("disease", "unknown_disease"),
        other.removesuffix(",,,") + ",,true,": ("pharmacist_id", "required"),
    }
    assert office.rejected(PRESCRIPTION_IMPORT, PRESCRIPTIONS, *bad) == list(bad.values())
    assert count(office.database, "dispensing.prescription") == 1


def test_rejects_that_are_put_right_can_be_imported_as_they_are(
    office: Office, tmp_path: Path
) -> None:
    told = office.imported(
        QUALIFY, APPLICATIONS, GRANTED.replace("H3", "H2"), code=exit_codes.REJECTED
    )
    rejects = Path(told["files"][0])
    mended = tmp_path / "mended.csv"
    mended.write_text(rejects.read_text("utf-8-sig").replace("H2", "H3"), encoding="utf-8")
    words = ["qualify", "import", str(mended), "--database", office.database.url, "--json"]
    result = CliRunner().invoke(app, words)
    assert (result.exit_code, json.loads(result.stdout)["made"]) == (exit_codes.OK, 1)


@pytest.mark.parametrize(
    "command",
    [
        "qualify template",
        "filing template referral",
        "filing template remote",
        "filing template choice",
        "prescription template",
    ],
)
def test_a_template_has_the_columns_and_is_accepted(
    office: Office, command: str, tmp_path: Path
) -> None:
    for suffix in ("csv", "xlsx"):
        file = tmp_path / f"empty.{suffix}"
        assert CliRunner().invoke(app, [*command.split(), "-o", str(file)]).exit_code == 0
        words = [*command.replace("template", "import").split(), str(file), "--json"]
        result = CliRunner().invoke(app, [*words, "--database", office.database.url])
        assert result.exit_code == exit_codes.OK, result.output
        assert json.loads(result.stdout)["rows"] == 0
