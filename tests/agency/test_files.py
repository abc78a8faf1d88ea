"""Files of enrolment and of the bank as clerks import them: bad rows, twice, in Excel."""

import csv
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from typer.testing import CliRunner, Result

from tests.agency.registered import identity
from yibao.agency.contributions.bills import Wanted, bill
from yibao.agency.enrolment.persons import find_by_identity
from yibao.agency.enrolment.statuses import statuses
from yibao.cli import app
from yibao.ledger.balance import trial_balance
from yibao.policy.policy import load_policy
from yibao.settlement.coverage import month_of
from yibao.settlement.procedure import Office
from yibao.store.database import Database

A, B, C = (identity(date(1980, 5, 1), n) for n in (101, 102, 103))
CHILD = identity(date(2012, 3, 1), 104)
WRONG = A[:17] + ("0" if A[17] != "0" else "1")


@pytest.fixture
def place(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Let every command find the database."""
    monkeypatch.setenv("YIBAO_DATABASE_URL", url)
    monkeypatch.setenv("YIBAO_LANG", "en")
    return url  # type: ignore[return-value]


def call(*args: str | Path) -> Result:
    return CliRunner().invoke(app, [str(a) for a in args])


def data(result: Result, code: int = 0) -> Any:
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def id_of(number: str) -> str:
    """Return the id that was made for who brought none."""
    found: str = data(call("enrol", "find", number, "--json"))["person_id"]
    return found


def write(file: Path, *lines: str, encoding: str = "utf-8") -> Path:
    file.write_bytes("\n".join((*lines, "")).encode(encoding))
    return file


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def load(kind: str, file: Path, *args: str | Path, policy: str = "tianjin") -> Result:
    return call("enrol", "import", kind, file, "--policy", policy, "--json", *args)


HOUSEHOLDS = (
    "person_id,identity_number,name,household_id,scheme,category,contribution_tier,from",
    f"P1,{A},甲,H1,resident,adult,low,2022-01-01",
    f"P2,{B},乙,H1,居民,成年居民,高档,2022-01-01",
    f",{CHILD},丙,H1,resident,student_child,student_child,2022-01-01",
)


def test_households_are_registered_and_enrolled_and_again_nothing_changes(
    place: str, tmp_path: Path
) -> None:
    file = write(tmp_path / "households.csv", *HOUSEHOLDS)
    told = data(load("persons", file), 1)
    assert (told["rows"], told["made"], told["rejected"]) == (3, 2, 1)
    (bad,) = rows(tmp_path / "households.rejects.csv")
    assert (bad["row"], bad["column"], bad["rule"]) == ("3", "scheme", "known_code")
    bad["scheme"] = "城乡居民基本医疗保险"
    fixed = write(
        tmp_path / "fixed.csv", ",".join(bad), ",".join(f'"{cell}"' for cell in bad.values())
    )
    assert data(load("persons", fixed))["made"] == 1
    good = write(
        tmp_path / "households.csv", *(line.replace("居民,", "resident,", 1) for line in HOUSEHOLDS)
    )
    again = data(load("persons", good))
    assert (again["made"], again["unchanged"], again["removed"]) == (
        0,
        3,
        [str(tmp_path / "households.rejects.csv")],
    )


BAD_ROWS = {
    "checksum": (
        f"P9,{A[:17]}{'0' if A[17] != '0' else '1'},甲,resident,adult,low,2022-01-01",
        "identity_number",
    ),
    "15 digits": ("P9,120101800501101,甲,resident,adult,low,2022-01-01", "identity_number"),
    "formula": (f"P9,{A},=1+1,resident,adult,low,2022-01-01", "formula"),
    "unknown code": (f"P9,{A},甲,resident,adlt,low,2022-01-01", "known_code"),
    "no such day": (f"P9,{A},甲,resident,adult,low,2022-02-30", "date"),
    "no name": (f"P9,{A},,resident,adult,low,2022-01-01", "required"),
    "no first day": (f"P9,{A},甲,resident,adult,low,", "required"),
    "no such tier": (f"P9,{A},甲,resident,adult,middle,2022-01-01", "refused"),
    "before birth": (f"P9,{A},甲,resident,adult,low,1980-01-01", "born_before"),
    "too few cells": (f"P9,{A},甲,resident", "cells"),
    "too long": (f"P9,{A},{'甲' * 300},resident,adult,low,2022-01-01", "cell_length"),
    "control": (f"P9,{A},甲\x07,resident,adult,low,2022-01-01", "control_character"),
}


def test_errors_of_every_kind_are_told_by_row_and_the_good_row_lands(
    place: str, tmp_path: Path
) -> None:
    head = "person_id,identity_number,name,scheme,category,contribution_tier,from"
    lines = [line for line, _ in BAD_ROWS.values()]
    good = f"P2,{B},乙,resident,adult,low,2022-01-01"
    overlapping = f"P2,{B},乙,employee,in_service,none,2022-06-01"
    taken = f"P3,{B},丙,resident,adult,low,2022-01-01"
    file = write(tmp_path / "bad.csv", head, *lines, good, overlapping, taken)
    told = data(load("persons", file), 1)
    assert (told["made"], told["rejected"]) == (1, len(lines) + 2)
    found = rows(tmp_path / "bad.rejects.csv")
    wanted = [rule for _, rule in BAD_ROWS.values()]
    assert [row["rule"] for row in found] == [*wanted, "overlap", "identity_taken"]
    assert [row["row"] for row in found[:3]] == ["2", "3", "4"]
    again = data(load("persons", file), 1)
    assert (again["made"], again["unchanged"], again["rejected"]) == (0, 1, len(lines) + 2)


@pytest.mark.parametrize(
    ("kind", "head", "rule"),
    [
        ("staff", "employer_id,identity_number,name,from", "required_column"),
        ("persons", "person_id,identity_number,name,colour", "known_column"),
        ("persons", "person_id,identity_number,name,name", "unique_column"),
        ("takeover", "person_id,from", "required_column"),
    ],
)
def test_a_file_with_wrong_columns_is_not_begun(
    place: str, tmp_path: Path, kind: str, head: str, rule: str
) -> None:
    file = write(tmp_path / "f.csv", head, ",".join("x" for _ in head.split(",")))
    result = load(kind, file)
    assert result.exit_code == 4
    assert json.loads(result.stdout)["error"]["problems"][0]["rule"] == rule
    assert data(call("enrol", "twins", "--json")) == []


def test_a_file_in_gb18030_is_read_and_one_in_neither_is_not(place: str, tmp_path: Path) -> None:
    lines = ("person_id,identity_number,name", f"P1,{A},张三丰和他的师兄弟们")
    file = write(tmp_path / "gb.csv", *lines, encoding="gb18030")
    assert data(load("persons", file, "--encoding", "gb18030"))["made"] == 1
    broken = write(tmp_path / "broken.csv", *lines, encoding="utf-16")
    assert load("persons", broken).exit_code == 4


def test_staff_is_imported_from_excel_and_leaves(place: str, tmp_path: Path) -> None:
    employers = write(
        tmp_path / "employers.csv", "employer_id,name,kind,division", "U1,甲公司,企业,120101"
    )
    assert data(load("employers", employers))["made"] == 1
    assert data(load("employers", employers))["unchanged"] == 1
    assert (
        call(
            "enrol", "template", "staff", "--policy", "tianjin", "-o", tmp_path / "t.xlsx"
        ).exit_code
        == 0
    )
    assert load_workbook(tmp_path / "t.xlsx").sheetnames == ["staff", "help"]

    def staff(name: str, *lines: tuple[Any, ...]) -> Path:
        book = Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.append(["单位编号", "证件号码", "姓名", "申报月缴费工资", "起日", "止日"])
        for line in lines:
            sheet.append(line)
        book.save(tmp_path / name)
        return tmp_path / name

    first = staff(
        "staff.xlsx",
        ("U1", A, "甲", "5000", date(2022, 9, 1), None),
        ("U1", B, "乙", "6000.50", date(2022, 9, 1), None),
        ("U2", C, "丙", "5000", date(2022, 9, 1), None),
        ("U1", CHILD, "丁", "-1", date(2022, 9, 1), None),
    )
    told = data(load("staff", first), 1)
    assert (told["made"], told["rejected_by_rule"]) == (2, {"known_employer": 1, "not_negative": 1})
    later = staff(
        "later.xlsx",
        ("U1", A, "甲", "7000", date(2022, 11, 1), None),
        ("U1", B, "乙", "6000.50", date(2022, 9, 1), date(2022, 10, 31)),
        ("U1", B, "别人", "6000.50", date(2022, 9, 1), None),
    )
    told = data(load("staff", later), 1)
    assert (told["made"], told["rejected_by_rule"]) == (2, {"same_name": 1})
    for file in (first, later):  # in whatever order: nothing changes
        assert data(load("staff", file), 1)["made"] == 0
    shown = data(call("enrol", "show", id_of(A), "--json"))
    assert [(e["from"], e["to"], e["wage"]) for e in map(with_last, shown["employment"])] == [
        ("2022-09-01", "2022-10-31", "5000.00"),
        ("2022-11-01", None, "7000.00"),
    ]
    shown = data(call("enrol", "show", id_of(B), "--json"))
    assert [e["to"] for e in shown["employment"]] == ["2022-10-31"]


def with_last(row: dict[str, Any]) -> dict[str, Any]:
    return {"to": None, **row}


@pytest.mark.clause("C-IMPL-1.3a")
def test_a_feed_of_identities_tells_whom_it_does_not_match(
    place: str, database: Database, tmp_path: Path
) -> None:
    """100 reported, 98 matched: two are on the exception list, one by number, one by name."""
    numbers = [identity(date(1970, 1, 1), n) for n in range(1, 100)]
    head = "person_id,identity_number,name"
    known = [f"P{n},{number},甲{n}" for n, number in enumerate(numbers)]
    data(load("persons", write(tmp_path / "known.csv", head, *known)))
    stranger = identity(date(1970, 1, 1), 500)
    feed = [f"{number},甲{n},低保对象,2022-03-01,,民政" for n, number in enumerate(numbers)]
    feed[98] = f"{numbers[98]},乙,低保对象,2022-03-01,,民政"
    feed.append(f"{stranger},丙,低保对象,2022-03-01,,民政")
    file = write(tmp_path / "feed.csv", "identity_number,name,identity,from,to,source", *feed)
    told = data(load("identities", file), 1)
    assert (told["rows"], told["made"]) == (100, 98)
    assert told["rejected_by_rule"] == {"same_name": 1, "known_person": 1}
    assert data(load("identities", file), 1)["unchanged"] == 98
    with database.transaction() as connection:
        person = find_by_identity(connection, numbers[0])
        assert person is not None
        fact = connection.execute(
            "SELECT value, lower(valid)::text, source FROM enrolment.fact WHERE person_no = %s",
            (person.person_no,),
        ).fetchall()
    assert fact == [("subsistence_allowance", "2022-03-01", "民政")]


def test_a_register_is_taken_over_as_settle_reads_it(
    place: str, database: Database, tmp_path: Path
) -> None:
    file = Path("examples/tianjin/persons.csv")
    rejects = ("--rejects", tmp_path / "rejects.csv")
    told = data(load("takeover", file, *rejects))
    assert told["made"] == told["rows"]
    assert data(load("takeover", file, *rejects))["made"] == 0
    with database.transaction() as connection:
        assert [str(s.first) for s in statuses(connection, "E2")] == ["2019-01-01", "2019-07-01"]


# --- contributions --------------------------------------------------------------------------------


def test_a_towns_year_from_bills_to_cover(place: str, database: Database, tmp_path: Path) -> None:
    head, one, two, child = HOUSEHOLDS
    two = two.replace("居民,成年居民", "resident,adult")
    data(load("persons", write(tmp_path / "households.csv", head, one, two, child)))
    args = ("contributions", "bill", "--policy", "tianjin", "--year", "2022", "--json")
    on = ("--on", "2021-11-01")
    assert data(call(*args, *on))["made"] == 3
    before = data(
        call("contributions", "arrears", "--date", "2022-01-31", "-o", tmp_path / "a.csv", "--json")
    )
    # 320 + 950 + 320 of the persons; 580 + 1,100 + 580 of public finance.
    assert (before["owed"], before["owed_by_public_finance"]) == ("3850.00", "2260.00")
    assert data(call(*args, *on))["unchanged"] == 3
    bank = write(
        tmp_path / "bank.csv",
        "reference,payer,received_on,amount",
        "B1,household:H1,2021-11-12,1270.00",
        "B2,finance,2022-03-01,2260.00",
        "B3,P9,2022-03-01,10.00",
        "B4,household:H1,2022-03-01,1000000000000.00",
        "B1,household:H1,2021-11-12,1270.01",
    )
    receive = ("contributions", "receive", bank, "--policy", "tianjin", "--json")
    told = data(call(*receive), 1)
    assert (told["made"], told["rejected_by_rule"]) == (
        2,
        {"known_payer": 1, "max_amount": 1, "reference_taken": 1},
    )
    assert data(call(*receive), 1)["made"] == 0
    data(
        call("contributions", "arrears", "--date", "2022-12-31", "-o", tmp_path / "a.csv", "--json")
    )
    owed = rows(tmp_path / "a.csv")
    child = id_of(CHILD)  # who has to wait: what comes is divided in the order of ids
    assert [(row["payer"], row["owed"]) for row in owed] == [(child, "320.00")]
    with database.transaction() as connection:
        covered = [bool(statuses(connection, name)) for name in ("P1", "P2", child)]
        assert sum(line.balance for line in trial_balance(connection)) == 0
    assert covered == [True, True, False]


def test_a_months_bills_and_credits(place: str, tmp_path: Path) -> None:
    data(
        load(
            "employers",
            write(tmp_path / "e.csv", "employer_id,name,kind", "U1,甲公司,enterprise"),
        )
    )
    lines = [f"U1,{A},甲,5000,2022-09-01", f"U1,{B},乙,30000,2022-09-15"]
    staff = write(tmp_path / "s.csv", "employer_id,identity_number,name,wage,from", *lines)
    data(load("staff", staff))
    flexible = "person_id,identity_number,name,scheme,category,from,contributor,pays_every"
    file = write(
        tmp_path / "f.csv", flexible, f"F1,{C},丙,employee,in_service,2022-08-01,flexible,3"
    )
    data(load("persons", file))
    bill = ("contributions", "bill", "--policy", "tianjin", "--month", "2022-09", "--json")
    # The flexibly employed person pays by the quarter from August on, so not in September.
    assert data(call(*bill))["made"] == 2
    bank = write(
        tmp_path / "b.csv", "reference,payer,received_on,amount", "B1,U1,2022-09-20,3429.25"
    )
    data(call("contributions", "receive", bank, "--policy", "tianjin", "--json"))
    credit = ("accounts", "credit", "--policy", "tianjin", "--month", "2022-09", "--json")
    told = data(call(*credit))
    assert (told["made"], told["refused"]) == (1, 0)  # B is enrolled on the 1st by no one
    assert data(call(*credit))["unchanged"] == 1
    shown = data(call("enrol", "show", id_of(A), "--json"))
    assert (shown["account_balance"], shown["months_paid"]) == ("100.00", 1)
    assert [(c["from"], c["to"]) for c in shown["cover"]] == [("2022-09-01", "2022-09-30")]
    interest = ("accounts", "interest", "--policy", "tianjin", "--year", "2022", "--json")
    assert data(call(*interest))["made"] == 1
    number = shown["bills"][0]["bill"]
    cancel = ("contributions", "cancel", str(number), "--policy", "tianjin", "--on", "2022-09-30")
    assert call(*cancel, "--reason", "x").exit_code == 0
    assert call(*cancel, "--reason", "x").exit_code == 6
    after = data(call("enrol", "show", id_of(A), "--json"))
    assert (after["bills"], after["cover"]) == ([], [])


@pytest.mark.parametrize(
    ("args", "code", "told"),
    [
        (("contributions", "bill", "--policy", "tianjin"), 2, "--month or --year"),
        (("contributions", "bill", "--policy", "tianjin", "--month", "2022-13"), 2, "not a month"),
        (("contributions", "bill", "--policy", "nowhere", "--month", "2022-01"), 2, "no policy"),
        (("enrol", "show", "P9"), 6, "there is no person P9"),
        (("enrol", "end", "P9", "--last", "2022-01-01", "--reason", "x"), 6, "no person P9"),
    ],
)
def test_wrong_usage_and_refusals_have_exit_codes(
    place: str, args: tuple[str, ...], code: int, told: str
) -> None:
    result = call(*args)
    assert result.exit_code == code
    assert told in " ".join(result.stderr.split())


def test_without_a_database_the_command_says_what_to_do(tmp_path: Path) -> None:
    result = call("enrol", "twins", "--database", tmp_path / "none")
    assert result.exit_code == 1
    assert "yibao db init" in result.stderr


def test_a_person_moves_with_years_and_account(place: str, tmp_path: Path) -> None:
    data(
        load(
            "persons",
            write(
                tmp_path / "p.csv",
                "person_id,identity_number,name,scheme,category,from,contributor",
                f"P1,{A},甲,employee,in_service,2022-01-01,flexible",
            ),
        )
    )
    slip = write(tmp_path / "in.json", '{"person_id": "X7", "reference": "S1", "months": 63,')
    args = ("enrol", "move-in", slip, "--person", "P1", "--from", "110100", "--on", "2022-02-01")
    assert call(*args).exit_code == 4
    for months in ('"63"', "-1", "1.5"):
        write(slip, f'{{"reference": "S1", "months": {months}, "balance": "500.00"}}')
        assert call(*args).exit_code == 4
    write(slip, '{"person_id": "X7", "reference": "S1", "months": 63, "balance": "500.00"}')
    assert data(call(*args, "--json"))["changed"]
    assert not data(call(*args, "--json"))["changed"]
    out = ("enrol", "move-out", "P1", "--policy", "tianjin", "--to", "130100", "--last")
    for _ in range(2):
        result = call(*out, "2022-08-31", "--reference", "S2", "-o", tmp_path / "out.json")
        assert result.exit_code == 0, result.output
        assert json.loads((tmp_path / "out.json").read_text("utf-8")) == {
            "person_id": "P1",
            "reference": "S2",
            "last_day": "2022-08-31",
            "months": 63,
            "balance": "500.00",
        }
    shown = data(call("enrol", "show", "P1", "--json"))
    assert (shown["account_balance"], shown["months_paid"]) == ("0.00", 0)


def test_an_account_pays_a_relative_on_the_command_line(
    place: str, database: Database, tmp_path: Path
) -> None:
    data(load("persons", write(tmp_path / "p.csv", *HOUSEHOLDS[:2]), policy="guangdong"))
    other = "person_id,identity_number,name,scheme,category,from"
    holder = write(tmp_path / "h.csv", other, f"P5,{C},丁,employee,in_service,2022-01-01")
    data(load("persons", holder, policy="guangdong"))
    slip = write(tmp_path / "in.json", '{"reference": "S1", "months": 0, "balance": "500.00"}')
    moved = ("--person", "P5", "--from", "110100", "--on", "2022-01-05")
    assert call("enrol", "move-in", slip, *moved).exit_code == 0
    months = (month_of(date(2022, 1, 1)), month_of(date(2022, 12, 1)))
    year = Wanted("P1", *months, date(2022, 1, 5))
    with database.transaction() as connection:  # Guangdong's documents name no contribution
        assert bill(connection, Office(load_policy("tianjin")), year, actor="test")
    pay = (
        *("accounts", "pay", "P5", "--policy", "guangdong", "--relative", "P1"),
        *("--reference", "A1", "--on", "2022-01-06", "--json", "--amount"),
    )
    assert data(call(*pay, "320.00"), 6)["error"]["kind"] == "Refused"
    link = ("accounts", "link", "P5", "P1", "--relation", "parent", "--from", "2022-01-01")
    assert call(*link).exit_code == 0
    assert data(call(*pay, "320.00"))["balance"] == "180.00"
    assert data(call(*pay, "320.00"))["balance"] == "180.00"
    assert data(call(*pay, "100.00"), 6)["error"]["kind"] == "Refusal"
    assert data(call(*pay, "abc"), 2)["error"]["kind"] == "BadParameter"


def test_death_ends_all_and_the_account_goes_to_the_heirs(place: str, tmp_path: Path) -> None:
    other = "person_id,identity_number,name,scheme,category,from"
    file = write(tmp_path / "h.csv", other, f"P5,{C},丁,employee,in_service,2022-01-01")
    data(load("persons", file))
    slip = write(tmp_path / "in.json", '{"reference": "S1", "months": 0, "balance": "500.00"}')
    moved = ("--person", "P5", "--from", "110100", "--on", "2022-01-05")
    assert call("enrol", "move-in", slip, *moved).exit_code == 0
    rules = ("--policy", "tianjin", "--on", "2022-05-01", "--json")
    spent = ("--inpatient", "49999.99", "--share", "10.00")
    assert call("accounts", "withdraw", "P5", *rules, *spent).exit_code in {1, 6}
    end = ("enrol", "end", "P5", "--last", "2022-05-01", "--reason", "death", "--died", "--json")
    assert data(call(*end))["changed"]
    assert not data(call(*end))["changed"]
    assert call(*end, "--resumes", "2022-06-01").exit_code == 2
    told = data(call("accounts", "close", "P5", "--reason", "death", *rules))
    assert (told["paid"], told["balance"]) == ("500.00", "0.00")
    late = write(tmp_path / "l.csv", other, f"P5,{C},丁,employee,in_service,2022-06-01")
    assert data(load("persons", late), 1)["rejected"] == 1


def test_a_membership_ends_is_shown_and_resumes(place: str, tmp_path: Path) -> None:
    load("persons", write(tmp_path / "households.csv", *HOUSEHOLDS))
    ended = call("enrol", "end", "P1", "--last", "2022-08-31", "--reason", "abroad", "--json")
    assert data(ended) == {"person_id": "P1", "changed": True}
    again = ("enrol", "resume", "P1", "--from", "2023-01-01", "--policy", "tianjin", "--json")
    assert data(call(*again))["changed"] is True
    assert data(call(*again))["changed"] is False
    held = data(call("enrol", "show", "P1", "--json"))["membership"]
    assert [(p["from"], p["to"]) for p in held] == [
        ("2022-01-01", "2022-08-31"),
        ("2023-01-01", None),
    ]
    early = call("enrol", "resume", "P1", "--from", "2021-01-01", "--policy", "tianjin")
    assert early.exit_code == 6
    assert data(call("enrol", "late", "--since", "2022-01-01", "--json")) == []


def test_a_person_moves_out_and_in_by_a_slip(place: str, tmp_path: Path) -> None:
    load("persons", write(tmp_path / "households.csv", *HOUSEHOLDS))
    slip = tmp_path / "slip.json"
    out = ("--policy", "tianjin", "--to", "130100", "--reference", "S1", "--last", "2022-08-31")
    assert call("enrol", "move-out", "P1", *out, "-o", slip).exit_code == 0
    assert json.loads(slip.read_text())["last_day"] == "2022-08-31"
    back = ("enrol", "move-in", slip, "--from", "130100", "--on", "2022-10-09", "--json")
    assert data(call(*back)) == {"person_id": "P1", "changed": True}
    assert data(call(*back))["changed"] is False
