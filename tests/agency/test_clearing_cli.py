"""ledger, clearing and reconcile as a user calls them: texts, files and exit codes."""

import csv
import json
import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from booked import book, take_back
from openpyxl import load_workbook
from typer.testing import CliRunner, Result

from yibao.cli import app
from yibao.ledger.chart import Account
from yibao.ledger.entries import Entry, Transfer, post
from yibao.ledger.funds import PERSONAL
from yibao.store.database import Database

POOL = "resident.pool_pay"
DAY = date(2026, 3, 2)
CLERK, PAYER = ("--by", "clerk"), ("--by", "payer")
RATE = ("--deposit-rate", "1%", "--cite", "agreement 12")


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("YIBAO_DATABASE_URL", url)


@pytest.fixture
def books(database: Database) -> Database:
    with database.transaction() as c:
        c.execute(
            "INSERT INTO enrolment.person (person_id, identity_type, birth_date) "
            "VALUES ('P1', 'none', '1960-05-05')"
        )
        c.execute("UPDATE enrolment.person_lock SET account_balance = 10000")
        credit = Transfer(
            Account("account_credit", PERSONAL), Account("account_balance", PERSONAL, "P1"), 130_00
        )
        post(c, Entry(date(2026, 1, 1), "account_credit", "P1", "test", [credit]))
        book(c, "H1", "A1", DAY, {"pool_pay": 5_000_00}, account=30_00, cash=200_00)
        book(c, "H1", "A2", date(2026, 3, 9), {"pool_pay": 700_00}, visit="outpatient")
    return database


def call(*args: object, language: str = "en") -> Result:
    return CliRunner().invoke(app, [*map(str, args)], env={"YIBAO_LANG": language})


def told(*args: object) -> Any:
    result = call(*args, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


# --- ledger ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("books")
def test_the_trial_balance_is_printed_with_chinese_names_and_balances() -> None:
    result = call("ledger", "trial-balance", "--lang", "zh")
    assert result.exit_code == 0
    lines = [" ".join(line.replace("│", " ").split()) for line in result.stdout.splitlines()]
    assert "应付医疗机构款 城乡居民基本医疗保险统筹基金支付 0.00 5,700.00 5,700.00" in lines
    assert "个人账户余额 个人账户 30.00 130.00 100.00" in lines
    assert lines[-1] == "借贷平衡"


@pytest.mark.usefixtures("books")
def test_the_trial_balance_of_a_month_an_instant_and_by_party() -> None:
    march = told("ledger", "trial-balance", "--month", "2026-03", "--by-party")
    payable = [line for line in march["lines"] if line["head"] == "institution_payable"]
    assert {line["party"]: line["balance"] for line in payable if line["fund"] == POOL} == {
        "H1": "-5700.00"
    }
    assert march["sum"] == "0.00"
    assert told("ledger", "trial-balance", "--month", "2026-02")["lines"] == []
    assert told("ledger", "trial-balance", "--at", "2020-01-01")["lines"] == []
    assert told("ledger", "trial-balance", "--at", "2999-01-01T00:00")["lines"]


@pytest.mark.usefixtures("books")
def test_a_statement_runs_from_the_opening_balance_to_the_closing_one() -> None:
    account = ("ledger", "account", "institution_payable", POOL, "H1")
    found = told(*account, "--from", "2026-03-09")
    assert (found["opening"], found["closing"]) == ("-5000.00", "-5700.00")
    assert [(p["day"], p["amount"], p["balance"]) for p in found["postings"]] == [
        ("2026-03-09", "-700.00", "-5700.00")
    ]
    assert told(*account, "--to", "2026-03-02")["closing"] == "-5000.00"
    assert told("ledger", "account", "cash_collected", "H1")["closing"] == "-200.00"
    assert told("ledger", "account", "cash_due")["closing"] == "200.00"
    assert "Opening balance" in call(*account).stdout


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["account", "bnak", POOL], "did you mean bank?"),
        (["account", "bank"], "comes FUND"),
        (["account", "bank", "pool"], "no fund 'pool'"),
        (["account", "cash_due", "pool_pay"], "comes nothing"),
        (
            ["account", "institution_payable", POOL],
            "FUND PARTY (PARTY: institution)",
        ),
        (["trial-balance", "--month", "2026-13"], "not a month such as 2026-03"),
        (["trial-balance", "--at", "noon"], "not a time such as"),
    ],
)
def test_wrong_usage_says_what_is_expected(args: Sequence[str], said: str) -> None:
    result = call("ledger", *args)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.replace("│", " ").split())


def test_verify_says_which_check_fails_and_by_how_much(books: Database) -> None:
    assert call("ledger", "verify").exit_code == 0
    with books.transaction() as c:
        c.execute("UPDATE enrolment.person_lock SET account_balance = 10061")
    result = call("ledger", "verify", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["findings"] == [
        {"check": "personal_account", "of": "P1", "expected": "100.61", "ledger": "100.00"}
    ]
    assert "✗" in call("ledger", "verify").stdout


@pytest.mark.clause("J21-7.3b")
def test_a_bank_statement_is_compared_with_the_ledger(database: Database) -> None:
    with database.transaction() as c:
        income = Transfer(
            Account("bank", POOL),
            Account("subsidy_income", POOL),
            999_000_00,
        )
        post(c, Entry(DAY, "receipt", "x", "test", [income]))
    assert told("ledger", "bank", POOL, "999000.00")["findings"] == []
    off = call("ledger", "bank", POOL, "1000000.00", "--json")
    assert off.exit_code == 1
    assert json.loads(off.stdout)["findings"] == [
        {
            "check": "bank",
            "of": POOL,
            "expected": "1000000.00",
            "ledger": "999000.00",
        }
    ]
    assert "-1,000.00" in call("ledger", "bank", POOL, "1000000.00").stdout
    assert told("ledger", "bank", POOL, "0", "--to", "2026-03-01")["findings"] == []


# --- clearing -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("books")
def test_a_month_goes_from_application_to_payment(tmp_path: Path) -> None:
    file = tmp_path / "deductions.csv"
    file.write_text(
        "基金,就医类别,扣款金额,扣款原因,结算编号\n城乡居民基本医疗保险统筹基金支付,住院,100.00,重复收费,A1\n",
        encoding="utf-8",
    )
    month = ("H1", "2026-03")
    assert told("clearing", "apply", *month, *CLERK)["due"] == "5730.00"
    audited = told("clearing", "audit", *month, *CLERK, *RATE, "--deductions", file)
    assert (audited["deducted"], audited["withheld"]) == ("100.00", "56.00")
    assert audited["deposits"][0]["cite"] == "agreement 12"
    same = call("clearing", "pay", *month, *CLERK)
    assert (same.exit_code, "somebody else must pay it" in same.stderr) == (6, True)
    paid = call("clearing", "pay", *month, *PAYER, "--json")
    assert json.loads(paid.stdout)["bank"] == "5574.00"
    assert json.loads(paid.stdout)["overdrawn"] == {
        "personal_account": "-30.00",
        "resident.pool_pay": "-5544.00",
    }
    assert "its bank account in the ledger is below zero (-5,544.00 yuan)" in paid.stderr
    twice = call("clearing", "pay", *month, *PAYER, language="zh")
    said = re.compile(r"H1 2026-03 已于 20\d\d-\d\d-\d\d 拨付，未再次拨付")
    assert (twice.exit_code, bool(said.fullmatch(twice.stderr.strip()))) == (6, True)
    for again in (("audit", *month, *CLERK, *RATE), ("apply", *month, *CLERK)):
        assert re.search(r"on 20\d\d-\d\d-\d\d.* not.* again", call("clearing", *again).stderr)
    assert [a["state"] for a in told("clearing", "list")["applications"]] == ["paid"]
    page = call("clearing", "show", *month, "--lang", "zh").stdout
    for text in (
        "已拨付",
        "城乡居民基本医疗保险统筹基金支付",
        "重复收费",
        "5,574.00",
        "agreement 12",
    ):
        assert text in page
    assert call("ledger", "verify").exit_code == 0
    number = told("clearing", "show", *month)["deductions"][0]["deduction"]
    assert call("clearing", "appeal", number, "--reason", "r", *CLERK).exit_code == 0
    given = call("clearing", "decide", number, "--give-back", "--reason", "r", *PAYER)
    assert "comes with the next application" in given.stdout


@pytest.mark.usefixtures("books")
def test_an_audit_with_a_wrong_row_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "deductions.csv"
    file.write_text(
        "fund,visit,amount,reason,claim_no\nresident.pool_pay,inpatient,0.00,x,\npool,inpatient,1.005,,A1\n",
        encoding="utf-8",
    )
    month = ("H1", "2026-03")
    told("clearing", "apply", *month, *CLERK)
    result = call("clearing", "audit", *month, *CLERK, *RATE, "--deductions", file)
    assert result.exit_code == 1
    for rule in ("required", "known_code", "two_decimals"):
        assert f"[{rule}]" in result.stderr
    file.write_text("fund,visit,amount,reason,claim_no\nresident.pool_pay,inpatient,1,x,A9\n")
    result = call("clearing", "audit", *month, *CLERK, *RATE, "--deductions", file)
    assert (result.exit_code, "no bill of the number A9" in result.stderr) == (6, True)
    missing = call("clearing", "audit", *month, *CLERK, *RATE, "--deductions", tmp_path / "no.csv")
    assert missing.exit_code == 4
    assert told("clearing", "show", *month)["state"] == "applied"


@pytest.mark.usefixtures("books")
def test_no_deposit_rate_is_taken_that_nobody_gave() -> None:
    month = ("H1", "2026-03")
    told("clearing", "apply", *month, *CLERK)
    audit = ("clearing", "audit", *month, *CLERK)
    for args in ((), ("--deposit-rate", "1%"), ("--policy", "jining", *RATE)):
        assert call(*audit, *args).exit_code == 2
    nothing = call(*audit, "--policy", "tianjin")
    assert (nothing.exit_code, "Give it, and where" in nothing.stderr) == (6, True)
    lapsed = call(*audit, "--policy", "jining")  # the notice ended in August 2024
    assert (lapsed.exit_code, "deposit_rate" in lapsed.stderr) == (1, True)
    assert call(*audit, "--deposit-rate", "101%", "--cite", "x").exit_code == 2
    assert told(*audit, "--deposit-rate", "0%", "--cite", "none agreed")["withheld"] == "0.00"


def test_a_year_with_an_institution(books: Database) -> None:
    with books.transaction() as c:
        book(c, "H1", "B1", date(2025, 6, 1), {"pool_pay": 1_200_00})
        income = Transfer(
            Account("bank", POOL),
            Account("subsidy_income", POOL),
            500,
        )
        post(c, Entry(date(2025, 1, 1), "receipt", "x", "test", [income]))
    laid_down = ("--months", 1, "--cite", "agreement 13")
    found = told("clearing", "advance", "H1", 2026, *laid_down, *CLERK)
    assert found == {"funds": {POOL: "100.00"}}
    assert call("clearing", "advance", "H1", 2026, *CLERK).exit_code == 2
    month, day = ("H1", "2026-12"), ("--day", "2027-01-04")
    early = call("clearing", "apply", *month, *CLERK, "--day", "2026-12-31", "--early")
    assert early.exit_code == 6
    told("clearing", "apply", *month, *CLERK, *day, "--early")
    told("clearing", "audit", *month, *CLERK, *day, *RATE)
    paid = told("clearing", "pay", *month, *PAYER, *day)["paid"][POOL]
    assert (paid["net"], paid["offset"], paid["bank"]) == ("6831.00", "100.00", "6731.00")
    assert call("clearing", "repay", "H1", 2026, *CLERK, *day).exit_code == 6  # nothing is left
    release = ("clearing", "release", "H1", 2026, "--reason", "90 points", *CLERK, *day)
    assert told(*release, "--rate", "90%") == {"funds": {POOL: "62.10"}}
    aside = (
        "clearing",
        "set-aside",
        POOL,
        2025,
        "--rate",
        "50%",
        "--cite",
        "m",
        *CLERK,
    )
    assert told(*aside) == {"funds": {POOL: "2.50"}}
    draw = ("clearing", "draw", POOL, "1.00", "--reason", "deficit", *CLERK)
    assert told(*draw) == {"funds": {POOL: "1.50"}}
    for wrong in ((*aside[:-3], " ", *CLERK), (*draw[:-2], "--by", " "), (*draw[:-3], "", *CLERK)):
        assert call(*wrong).exit_code == 2
    assert call("clearing", "draw", POOL, "1.005", "--reason", "x", *CLERK).exit_code == 2
    assert call("clearing", "draw", "pool", "1", "--reason", "x", *CLERK).exit_code == 2
    assert call("ledger", "verify").exit_code == 0


@pytest.mark.parametrize("text", ["", " ", "H\x01", "H\ud800"])
def test_ids_that_nobody_can_read_are_refused(text: str, tmp_path: Path) -> None:
    for args in (
        ("clearing", "apply", text, "2026-03", *CLERK),
        ("clearing", "apply", "H1", "2026-03", "--by", text),
        ("clearing", "region-return", text, *CLERK),
        ("clearing", "list", "--institution", text),
        ("reconcile", text, tmp_path / "x.csv", "--day", "2026-03-01"),
        ("ledger", "account", "cash_collected", text),
    ):
        assert call(*args).exit_code == 2
    for number in (0, 2**63):
        assert call("clearing", "appeal", number, "--reason", "r", *CLERK).exit_code == 2


@pytest.mark.usefixtures("books")
def test_clearing_with_a_region() -> None:
    told("clearing", "region-advance", "130000", POOL, "100.00", *CLERK)
    month = ("clearing", "region-clear", "130000", "2026-03", POOL)
    assert told(*month, "93.00", *CLERK) == {
        "due": "93.00",
        "from_reserve": "0.00",
        "from_surplus": "93.00",
        "offset": "93.00",
        "bank": "0.00",
    }
    assert call(*month, "93.00", *CLERK).exit_code == 6
    back = call("clearing", "region-return", "130000", *CLERK)
    assert (back.exit_code, "7.00" in back.stdout) == (0, True)
    assert "From the reserve" in call(*month[:3], "2026-04", POOL, 1, *CLERK).stdout
    assert call("clearing", "region-advance", "130000", "pool", "1", *CLERK).exit_code == 2
    assert call("ledger", "verify").exit_code == 0


# --- reconcile ------------------------------------------------------------------------------------

HEADER = [
    "claim_no",
    "person_id",
    "kind",
    "scheme",
    "total",
    "fund_pay",
    "account_pay",
    "cash_pay",
    "settled_at",
]


def write(file: Path, *rows: Sequence[object]) -> Path:
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([HEADER, *rows])
    return file


def line(number: str, fund: str, *, kind: str = "settle", day: str = "2026-08-08") -> list[str]:
    return [number, "P1", kind, "resident", fund, fund, "0.00", "0.00", f"{day} 10:00:00"]


@pytest.fixture
def week(database: Database, tmp_path: Path) -> Path:
    """Give the file of six days at whose end a hospital has 171,239.20 and the desk 171,178.20.

    A visit of 25.00 was taken back at the desk alone, and a stay was charged 36.00 more.
    """
    rows = []
    with database.transaction() as c:
        for n in range(100):
            day = date(2026, 8, 8 + n % 6)
            fen = 1_710_00 + n
            book(c, "H1", f"A{n}", day, {"pool_pay": fen})
            rows.append(line(f"A{n}", f"{fen // 100}.{fen % 100:02}", day=str(day)))
        book(c, "H1", "B1", date(2026, 8, 9), {"pool_pay": 128_70})
        rows.append(line("B1", "164.70", day="2026-08-09"))
        refunded = book(c, "H1", "B2", date(2026, 8, 10), {"pool_pay": 25_00})
        take_back(c, refunded, date(2026, 8, 12))
        rows.append(line("B2", "25.00", day="2026-08-10"))
    return write(tmp_path / "week.csv", *rows)


DAYS = ("--from", "2026-08-08", "--to", "2026-08-13")


def test_sixty_one_yuan_are_explained_to_the_fen(week: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.xlsx"
    result = call("reconcile", "H1", week, *DAYS, "-o", out, "--json")
    assert result.exit_code == 1
    with_file, with_ledger = json.loads(result.stdout)["comparisons"]
    assert [sums["fund_pay"] for sums in with_file["sums"]] == ["171178.20", "171239.20"]
    assert with_file["gap"]["fund_pay"] == "-61.00"
    assert [(p["flow"], p["rows"], p["gap"]["fund_pay"]) for p in with_file["parts"]] == [
        ("refund", [1, 0], "-25.00"),
        ("settle", [102, 102], "-36.00"),
    ]
    assert [
        (d["class"], d["claim_no"], d["lacking"], d["effect"]["fund_pay"])
        for d in with_file["differences"]
    ] == [
        ("amount", "B1", None, "-36.00"),
        ("reversed_on_one_side", "B2", "institution", "-25.00"),
    ]
    assert with_ledger["differences"] == []
    sheet = load_workbook(out)["differences"]
    header, *rows = sheet.iter_rows(values_only=True)
    at = header.index("effect_fund_pay")
    assert [(row[1], row[5], row[at]) for row in rows] == [
        ("金额不符", "B1", -36),
        ("单边冲正", "B2", -25),
    ]


def test_the_table_tells_classes_and_what_differs(week: Path) -> None:
    page = call("reconcile", "H1", week, *DAYS, "--lang", "zh").stdout
    for text in ("171,178.20", "171,239.20", "-61.00", "单边冲正", "医疗机构没有", "week.csv:102"):
        assert text in page
    assert "基金支付 128.70 / 164.70" in page
    for title in (
        "医保中心与医疗机构：合计",
        "医保中心与总账：合计",
        "差额的原因",
        "差额 = 医保中心减",
    ):
        assert page.count(title) == 1


def test_a_file_of_other_days_does_not_agree(week: Path, tmp_path: Path) -> None:
    other = call("reconcile", "H1", week, "--day", "2026-08-20")
    assert other.exit_code == 1
    assert "102 rows of the file are of other days" in other.stdout
    assert "no rows to compare" in other.stdout
    assert "agrees" not in other.stdout
    part = call("reconcile", "H1", week, "--day", "2026-08-08", "--json")
    assert (part.exit_code, json.loads(part.stdout)["agrees"]) == (1, False)
    quiet = call("reconcile", "H1", write(tmp_path / "none.csv"), "--day", "2026-08-20")
    assert quiet.exit_code == 0


def test_rows_that_cannot_be_read_go_to_a_rejects_file(books: Database, tmp_path: Path) -> None:
    bad = write(
        tmp_path / "day.csv",
        ["A1", "P1", "settle", "", "x", "5000.00", "30.00", "200.00", "2026-03-02 09:30"],
    )
    out = tmp_path / "out.csv"
    result = call("reconcile", "H1", bad, "--day", "2026-03-02", "-o", out)
    assert result.exit_code == 1
    assert "1 not compared" in result.stdout
    assert "[amount]" in result.stderr
    assert (tmp_path / "out.rejects.csv").exists()
    good = write(
        tmp_path / "day.csv",
        ["A1", "P1", "settle", "", "5230", "5000.00", "30.00", "200.00", "2026-03-02 09:30"],
    )
    assert call("reconcile", "H1", good, "--day", "2026-03-02", "-o", out).exit_code == 0
    assert not (tmp_path / "out.rejects.csv").exists()
    assert len(out.read_text().splitlines()) == 1


def test_wrong_usage_of_reconcile(tmp_path: Path) -> None:
    file = write(tmp_path / "day.csv")
    for args in (
        (),
        ("--from", "2026-03-01"),
        ("--day", "2026-03-01", "--from", "2026-03-01", "--to", "2026-03-01"),
        ("--from", "2026-03-02", "--to", "2026-03-01"),
        ("--day", "2026-03-01", "-o", file),
    ):
        assert call("reconcile", "H1", file, *args).exit_code == 2
    day = ("--day", "2026-03-01")
    assert call("reconcile", "H1", tmp_path / "none.csv", *day).exit_code == 4
    assert call("reconcile", "H1", file, *day, "-o", tmp_path / "out.txt").exit_code == 5
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    assert call("reconcile", "H1", tmp_path / "x.csv", *day).exit_code == 4
