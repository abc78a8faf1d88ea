"""contribution and account as a user calls them: options, files, texts and exit codes."""

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner, Result

from tests.procedure_pack import make_pack
from yibao.cli import app

EMPLOYEE = ("--set", "scheme=employee", "--set", "category=in_service")
RESIDENT = ("--set", "scheme=resident", "--set", "category=adult")
DAY = ("--date", "2022-03-01")


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_pack(tmp_path_factory.mktemp("packs") / "city")


def call(*args: str | Path) -> Result:
    return CliRunner().invoke(app, [str(a) for a in args])


def write(file: Path, text: str) -> Path:
    file.write_text(text, encoding="utf-8")
    return file


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


# --- one person -----------------------------------------------------------------------------------


def quote(pack: Path, *args: str, language: str = "en") -> Result:
    return call("contributions", "quote", "--policy", pack, "--lang", language, *args)


def test_a_bill_is_printed_with_payers_total_steps_and_articles(pack: Path) -> None:
    result = quote(pack, *DAY, *EMPLOYEE, "--set", "wage=8000.00", "--set", "months=3")
    assert result.exit_code == 0
    told = " ".join(result.stdout.split())
    assert "8000.00 × 10% = 800.00" in told
    assert "800.00 × 3 = 2400.00 [The employer]" in told
    assert "The person 480.00" in told
    assert "Total 2880.00" in told
    assert "Monthly contribution base 8000.00" in told
    assert "rules · 1" in told


def test_the_same_in_chinese_with_chinese_names(pack: Path) -> None:
    given = ["险种=职工基本医疗保险", "人员类别=在职", "申报月缴费工资=2000", "缴费月数=1"]
    result = quote(pack, *DAY, *(x for g in given for x in ("--set", g)), language="zh")
    assert result.exit_code == 0
    told = " ".join(result.stdout.split())
    assert "max(2000.00, 3000.00) = 3000.00" in told
    assert "单位缴费 300.00" in told
    assert "合计 360.00" in told


def test_a_bill_as_json(pack: Path) -> None:
    result = quote(pack, *DAY, *EMPLOYEE, "--set", "wage=8000", "--set", "months=1", "--json")
    data = json.loads(result.stdout)
    assert data["payers"] == {"personal_contribution": "160.00", "employer_contribution": "800.00"}
    assert (data["total"], data["results"]) == ("960.00", {"contribution_base": "8000.00"})
    assert data["steps"][1]["formula"] == "8000.00 × 10% = 800.00"


@pytest.mark.clause("P25-3.2.2b")
def test_by_month_by_quarter_or_by_year_the_total_is_the_same(pack: Path) -> None:
    def total(months: int) -> str:
        options = (*DAY, *EMPLOYEE, "--set", "wage=15000", "--set", f"months={months}", "--json")
        return str(json.loads(quote(pack, *options).stdout)["payers"]["personal_contribution"])

    # 2 % of 15,000 are 300 a month: 12 × 300 = 4 × 900 = 1 × 3,600.
    assert (total(1), total(3), total(12)) == ("300.00", "900.00", "3600.00")


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["--set", "schem=resident"], "did you mean scheme?"),
        (["--set", "schem=resident"], "there are: birth_date, scheme, category"),
        (["--set", "scheme=residnt"], "did you mean resident?; expected: employee, resident"),
        (["--set", "wage"], "no = in it"),
        (["--set", "wage=1.234"], "two decimals"),
        (["--set", "wage=-1"], "cannot be negative"),
        (["--set", "months=1.5"], "not a count"),
        (["--set", "months=99999"], "above the largest count"),
        (["--set", "newborn=maybe"], "expected true/false"),
        (["--set", "wage="], "must be filled"),
        (["--set", "wage=1", "--set", "wage=2"], "twice"),
        (["-o", "x.csv"], "cannot be used without a FILE"),
    ],
)
def test_a_wrong_option_is_named(pack: Path, args: list[str], told: str) -> None:
    result = quote(pack, *DAY, *args)
    assert result.exit_code == 2
    assert told in " ".join(result.stderr.split())


def test_without_date_or_file_nothing_is_asked(pack: Path) -> None:
    result = quote(pack, *EMPLOYEE)
    assert result.exit_code == 2
    assert "--date" in result.stderr


REFUSALS = [
    (["--set", "household_register=elsewhere"], 6, "refused: an example (rules 1)", "不予办理：例"),
    ([], 2, "wage (Monthly wage declared) must be given", "需要给出“申报月缴费工资”（wage）"),
]


@pytest.mark.parametrize(("args", "code", "english", "chinese"), REFUSALS)
def test_a_refusal_and_a_missing_amount_are_told_apart(
    pack: Path, args: list[str], code: int, english: str, chinese: str
) -> None:
    for language, told in (("en", english), ("zh", chinese)):
        result = quote(pack, *DAY, *EMPLOYEE, *args, language=language)
        assert (result.exit_code, result.stdout) == (code, "")
        assert told in result.stderr
    error = json.loads(quote(pack, *DAY, *EMPLOYEE, *args, "--json").stdout)["error"]
    assert error["exit_code"] == code
    assert error["message"] == quote(pack, *DAY, *EMPLOYEE, *args).stderr.rstrip("\n")


def test_a_missing_birth_date_and_a_missing_figure_are_named(pack: Path) -> None:
    result = quote(pack, *DAY, *RESIDENT)
    assert result.exit_code == 2
    assert "give birth_date" in result.stderr
    born = ("--set", "birth_date=1980-01-01")
    result = quote(pack, *DAY, *RESIDENT, *born, "--set", "contribution_tier=middle")
    assert result.exit_code == 1
    assert "the figure subsidy" in result.stderr
    result = quote(pack, *DAY, *RESIDENT, *born, "--set", "contribution_tier=low")
    assert result.exit_code == 0


def account(pack: Path, command: str, *given: str) -> dict[str, Any]:
    options = [x for g in given for x in ("--set", g)]
    result = call(
        "accounts", "quote", command, "--policy", pack, *DAY, *EMPLOYEE, *options, "--json"
    )
    assert result.exit_code == 0, result.stderr
    data: dict[str, Any] = json.loads(result.stdout)
    return data["payers"] | data["results"]


def test_every_account_command_is_a_procedure(pack: Path) -> None:
    credit = account(pack, "credit", "credit_base=10000.00")
    assert credit == {
        "account_credit": "200.00",
        "account_transfer": "140.00",
        "account_kept": "60.00",
    }
    use = account(pack, "use", "account_use=outpatient", "charge=200", "account_balance=150")
    assert use == {"account_drawn": "150.00", "charge_left": "50.00", "account_left": "0.00"}
    drawn = account(pack, "withdraw", "account_balance=8200", "year_inpatient_expense=50000.00")
    assert drawn == {"withdrawable": "1", "withdrawn": "8200.00"}
    short = account(pack, "withdraw", "account_balance=8200", "year_inpatient_expense=49999.99")
    assert short == {"withdrawable": "0", "withdrawn": "0.00"}
    interest = account(pack, "interest", "carried_balance=1000")
    assert interest == {"account_interest": "15.00"}
    heirs = account(pack, "close", "closing_reason=death", "account_balance=42.00")
    assert heirs == {"balance_to_heirs": "42.00"}


def test_a_use_that_is_not_allowed_is_refused(pack: Path) -> None:
    options = ("--set", "account_use=cosmetic", "--set", "charge=1", "--set", "account_balance=9")
    result = call("accounts", "quote", "use", "--policy", pack, *DAY, *EMPLOYEE, *options)
    assert result.exit_code == 6


# --- many -----------------------------------------------------------------------------------------

BILLS = """person_id,group,date,scheme,category,wage,months,birth_date,contribution_tier
A,E1,2022-03-01,employee,in_service,8000.00,3,,
B,H1,2022-03-01,居民,adult,,,2004-03-01,low
C,H1,2022-03-01,resident,adult,,,2004-03-02,low
"""


def bills(pack: Path, folder: Path, text: str, *more: str | Path, out: str = "out.csv") -> Result:
    file = write(folder / "bills.csv", text)
    head = ("contributions", "quote", file, "--policy", pack, "-o", folder / out, "--lang", "en")
    return call(*head, *more)


def test_a_batch_gives_a_row_per_person_and_totals_per_payer(pack: Path, tmp_path: Path) -> None:
    result = bills(pack, tmp_path, BILLS.replace("居民", "resident"))
    assert result.exit_code == 0, result.stderr
    told = [(r["person_id"], r["group"], r["total"]) for r in rows(tmp_path / "out.csv")]
    assert told == [("A", "E1", "2880.00"), ("B", "H1", "900.00"), ("C", "H1", "680.00")]
    first = rows(tmp_path / "out.csv")[0]
    assert (first["wage"], first["months"]) == ("8000.00", "3")
    assert (first["employer_contribution"], first["fiscal_subsidy"]) == ("2400.00", "0.00")
    assert (first["contribution_base"], first["documents"]) == ("8000.00", "rules@2000-01-01")
    told = " ".join(result.stdout.split())
    for line in ("The employer │ 2,400.00", "The person │ 900.00", "Total │ 4,460.00"):
        assert line in told
    assert not (tmp_path / "out.rejects.csv").exists()


def test_bad_rows_are_named_and_kept_and_the_others_answered(pack: Path, tmp_path: Path) -> None:
    text = BILLS + (
        "D,,2022-03-01,employee,in_service,12.345,1,,\n"
        "E,,2022-03-01,employee,in_service,,1,,\n"
        "A,,2022-03-01,employee,in_service,1.00,1,,\n"
        "F,,2022-03-01,resident,adult,,,1990-01-01,high\n"
        "G,,,resident,adult,,,1990-01-01,low\n"
        "H,,2022-03-01,resident,adult,,,,low\n"
    )
    result = bills(pack, tmp_path, text)
    assert result.exit_code == 1
    assert [r["person_id"] for r in rows(tmp_path / "out.csv")] == ["A", "C"]
    found = [
        (r["person_id"], r["row"], r["column"], r["value"], r["rule"])
        for r in rows(tmp_path / "out.rejects.csv")
    ]
    assert found == [
        ("B", "3", "scheme", "居民", "known_code"),
        ("D", "5", "wage", "12.345", "two_decimals"),
        ("E", "6", "wage", "", "fact_given"),
        ("A", "7", "person_id", "A", "once"),
        ("F", "8", "", "", "figure_known"),
        ("G", "9", "date", "", "required"),
        ("H", "10", "birth_date", "", "fact_given"),
    ]
    assert "bills.csv:3 scheme = '居民': no such code" in result.stderr


def test_corrected_rejects_are_read_as_they_are(pack: Path, tmp_path: Path) -> None:
    bills(pack, tmp_path, BILLS)
    rejects = (tmp_path / "out.rejects.csv").read_text(encoding="utf-8")
    again = write(tmp_path / "again.csv", rejects.replace("居民,adult", "resident,adult"))
    result = call("contributions", "quote", again, "--policy", pack, "-o", tmp_path / "new.csv")
    assert result.exit_code == 0, result.stderr
    assert [r["total"] for r in rows(tmp_path / "new.csv")] == ["900.00"]


def test_a_refused_row_says_why_and_rejects_of_an_earlier_run_go(
    pack: Path, tmp_path: Path
) -> None:
    head = "person_id,date,scheme,category,account_balance,year_inpatient_expense,"
    head += "withdrawn_this_year\n"
    one = "A,2022-03-01,employee,in_service,8200.00,50000.00,"
    for flag, code in (("true", 1), ("false", 0)):
        file = write(tmp_path / "w.csv", head + one + flag + "\n")
        result = call(
            *(
                "accounts",
                "quote",
                "withdraw",
                file,
                "--policy",
                pack,
                "-o",
                tmp_path / "out.csv",
                "--json",
            )
        )
        assert result.exit_code == code
        data = json.loads(result.stdout)
        assert data["rejected_by_rule"] == ({"refused": 1} if code else {})
        assert (tmp_path / "out.rejects.csv").exists() == bool(code)
    assert data["removed"] == [str(tmp_path / "out.rejects.csv")]
    assert data["sums"]["withdrawn"] == "8200.00"


def test_a_month_is_credited_once_to_a_person(pack: Path, tmp_path: Path) -> None:
    text = "person_id,date,scheme,category,credit_base\n"
    text += "".join(
        f"A,{day},employee,in_service,10000.00\n"
        for day in ("2022-03-01", "2022-03-31", "2022-04-01")
    )
    file = write(tmp_path / "c.csv", text)
    result = call(
        *(
            "accounts",
            "quote",
            "credit",
            file,
            "--policy",
            pack,
            "-o",
            tmp_path / "out.csv",
            "--lang",
            "en",
        )
    )
    assert result.exit_code == 1
    assert [r["date"] for r in rows(tmp_path / "out.csv")] == ["2022-03-01", "2022-04-01"]
    assert "the same month: c.csv:2" in result.stderr


def test_excel_has_the_steps_on_a_sheet_and_parquet_has_exact_money(
    pack: Path, tmp_path: Path
) -> None:
    text = BILLS.replace("居民", "resident")
    assert bills(pack, tmp_path, text, "--explain", out="out.xlsx").exit_code == 0
    book = load_workbook(tmp_path / "out.xlsx", read_only=True)
    assert book.sheetnames == ["contribution", "explanation"]
    steps = [r[4].value for r in book["explanation"].iter_rows(min_row=2) if r[0].value == "C"]
    assert steps == ["year", "help"]
    assert bills(pack, tmp_path, text, out="out.parquet").exit_code == 0
    table = pq.read_table(tmp_path / "out.parquet")
    assert table.schema.field("total").type == pa.decimal128(18, 2)
    assert [str(v) for v in table["total"].to_pylist()] == ["2880.00", "900.00", "680.00"]


def test_steps_in_a_file_beside_a_csv(pack: Path, tmp_path: Path) -> None:
    assert bills(pack, tmp_path, BILLS.replace("居民", "resident"), "--explain").exit_code == 0
    steps = [r for r in rows(tmp_path / "out.explanation.csv") if r["person_id"] == "A"]
    assert [s["result"] for s in steps][-1] == "personal_contribution"
    assert steps[-1]["formula"] == "160.00 × 3 = 480.00"


@pytest.mark.parametrize(
    ("args", "code", "told"),
    [
        (["--set", "wage=1"], 2, "cannot be used with a FILE"),
        (["--date", "2022-01-01"], 2, "cannot be used with a FILE"),
        (["--rejects", "OUT"], 2, "written twice"),
        (["--rejects", "IN"], 2, "is an input file"),
        (["--rejects", "/nowhere/x.csv"], 5, "no folder"),
        (["--rejects", "x.txt"], 5, "unknown file type"),
    ],
)
def test_options_that_do_not_fit(
    pack: Path, tmp_path: Path, args: list[str], code: int, told: str
) -> None:
    names = {"OUT": str(tmp_path / "out.csv"), "IN": str(tmp_path / "bills.csv")}
    result = bills(pack, tmp_path, BILLS, *(names.get(a, a) for a in args))
    assert result.exit_code == code
    assert told in " ".join(result.stderr.split())
    assert not (tmp_path / "out.csv").exists()


def test_files_that_cannot_be_used(pack: Path, tmp_path: Path) -> None:
    for text, told in (("", "empty"), ("person_id,date,wages\n", "did you mean wage?")):
        result = bills(pack, tmp_path, text)
        assert result.exit_code == 4
        assert told in result.stderr
    result = call(
        *("contributions", "quote", tmp_path / "no.csv", "--policy", pack),
        *("-o", tmp_path / "out.csv", "--lang", "en"),
    )
    assert (result.exit_code, "no such file" in result.stderr) == (4, True)
    assert not (tmp_path / "out.csv").exists()


def test_a_file_needs_somewhere_to_go(pack: Path, tmp_path: Path) -> None:
    file = write(tmp_path / "b.csv", BILLS)
    result = call("contributions", "quote", file, "--policy", pack)
    assert (result.exit_code, "-o" in result.stderr) == (2, True)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_leaves_nothing(
    pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("yibao.interop.files.output.os.fsync", full)
    result = bills(pack, tmp_path, BILLS)
    assert result.exit_code == 5
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bills.csv"]


# --- schema ---------------------------------------------------------------------------------------


def test_the_schema_of_every_file_is_printed_and_its_template_is_read(
    pack: Path, tmp_path: Path
) -> None:
    kinds = ("contribution", "account_credit", "account_use", "account_withdrawal")
    for what in (*kinds, "account_interest", "account_closing", "payments"):
        result = call("schema", what, "--policy", pack, "--json")
        names = [c["name"] for c in json.loads(result.stdout)]
        assert names[0] == "person_id"
        template = tmp_path / f"{what}.xlsx"
        assert call("schema", what, "--policy", pack, "--template", template).exit_code == 0
        assert load_workbook(template).sheetnames == [what, "help"]
    names = [
        c["name"] for c in json.loads(call("schema", "payments", "--policy", pack, "--json").stdout)
    ]
    assert {"first_month", "last_month", "paid_on"} <= {*names}
    assert "gap_months" not in names


# --- benefit periods ------------------------------------------------------------------------------

PAYMENTS = """person_id,first_month,last_month,paid_on,birth_date,scheme,category,contributor
A,2017-03,2017-03,2017-03-20,1980-01-01,employee,in_service,employer_staff
A,201704,2017-04,2017-04-20,1980-01-01,employee,in_service,none
B,2021-01,2021-04,2021-01-05,1990-01-01,employee,in_service,flexible
B,2021-05,2021-06,2021-06-04,1990-01-01,employee,in_service,flexible
C,2022-01,2022-12,2021-11-11,2004-03-01,resident,adult,
"""


def cover(pack: Path, folder: Path, text: str, out: str = "statuses.csv") -> Result:
    file = write(folder / "payments.csv", text)
    head = ("contributions", "coverage", file, "--policy", pack, "-o", folder / out)
    return call(*head, "--lang", "en")


@pytest.mark.clause("T16-11b")
def test_payments_become_a_persons_file(pack: Path, tmp_path: Path) -> None:
    result = cover(pack, tmp_path, PAYMENTS)
    assert result.exit_code == 0, result.stderr
    found = [
        (r["person_id"], r["from"], r["to"], r["scheme"]) for r in rows(tmp_path / "statuses.csv")
    ]
    assert found == [
        ("A", "2017-03-01", "2017-04-30", "employee"),
        ("B", "2021-01-01", "2021-06-30", "employee"),
        ("C", "2022-01-01", "2022-12-31", "resident"),
    ]
    periods = [
        (r["person_id"], r["from"], r["reason"]) for r in rows(tmp_path / "statuses.periods.csv")
    ]
    assert periods[1:4] == [
        ("B", "2021-01-01", "in_time"),
        ("B", "2021-05-01", "covered_back"),
        ("B", "2021-06-01", "in_time"),
    ]
    back = rows(tmp_path / "statuses.periods.csv")[2]
    assert back["rules"] == "an example (rules 1)"
    assert (back["payments"], back["gap_months"]) == ("payments.csv:5", "1")


def test_the_statuses_are_read_by_settle(pack: Path, tmp_path: Path) -> None:
    from yibao.interop.files.persons import read_persons
    from yibao.policy.load import load_region

    cover(pack, tmp_path, PAYMENTS)
    persons = read_persons([tmp_path / "statuses.csv"], load_region(pack))
    assert (persons.rejects, persons.rows) == ([], 3)


def test_a_person_with_a_bad_payment_has_no_periods(pack: Path, tmp_path: Path) -> None:
    bad = (
        "A,2017-05,2017-13,2017-05-20,1980-01-01,employee,in_service,none\n"
        "D,2022-01,2022-02,2022-01-01,1980-01-01,employee,in_service,none\n"
        "D,2022-02,2022-03,2022-02-01,1980-01-01,resident,adult,none\n"
        "E,2022-03,2022-02,2022-01-01,1980-01-01,employee,in_service,none\n"
        "F,2022-03,2022-03,2022-01-01,2022-04-01,resident,adult,none\n"
        "G,2022-03,2022-03,2022-01-01,1980-01-01,employee,in_service,none\n"
        "G,2022-04,2022-04,2022-01-01,1981-01-01,employee,in_service,none\n"
        "K,1900-01,2999-12,2022-01-01,1890-01-01,employee,in_service,none\n"
    )
    result = cover(pack, tmp_path, PAYMENTS + bad)
    assert result.exit_code == 1
    assert {r["person_id"] for r in rows(tmp_path / "statuses.csv")} == {"B", "C"}
    found = [(r["person_id"], r["row"], r["rule"]) for r in rows(tmp_path / "statuses.rejects.csv")]
    assert found == [
        ("A", "2", "person_rows_valid"),
        ("A", "3", "person_rows_valid"),
        ("A", "7", "month"),
        ("D", "8", "one_contribution"),
        ("D", "9", "one_contribution"),
        ("E", "10", "period_length"),
        ("F", "11", "born_before"),
        ("G", "12", "person_rows_valid"),
        ("G", "13", "one_birth_date"),
        ("K", "14", "period_length"),
    ]


def test_a_wait_is_told_with_its_end_and_its_article(pack: Path, tmp_path: Path) -> None:
    text = PAYMENTS + "C,2023-06,2023-12,2023-06-02,2004-03-01,resident,adult,\n"
    assert cover(pack, tmp_path, text, "out.xlsx").exit_code == 0
    book = load_workbook(tmp_path / "out.xlsx", read_only=True)
    assert book.sheetnames == ["persons", "periods"]
    sheet = [[cell.value for cell in row] for row in book["periods"].iter_rows()]
    told = [dict(zip(sheet[0], row, strict=True)) for row in sheet[1:]]
    wait = next(r for r in told if r["reason"] == "waiting")
    assert (str(wait["from"])[:10], str(wait["waits_until"])[:10]) == ("2023-06-01", "2023-11-30")
    assert (wait["gap_months"], wait["rules"]) == (5, "an example (rules 1)")


# --- the examples that ship -----------------------------------------------------------------------

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "tianjin"


def test_the_examples_of_tianjin_give_what_the_guide_shows(tmp_path: Path) -> None:
    def run(*command: str, name: str, code: int = 0) -> list[dict[str, str]]:
        out = tmp_path / name
        result = call(*command, EXAMPLES / name, "--policy", "tianjin", "-o", out)
        assert result.exit_code == code, result.stderr
        return rows(out)

    bills = run("contributions", "quote", name="contributions.csv", code=1)
    totals = [(r["person_id"], r["total"]) for r in bills]
    assert totals[:4] == [("E1", "625.00"), ("E3", "550.00"), ("E4", "2804.25"), ("E5", "1211.52")]
    assert totals[4:] == [("R3", "2050.00"), ("R4", "900.00"), ("R5", "900.00"), ("R6", "900.00")]
    (credit, second, retired) = run("accounts", "quote", "credit", name="credits.csv")
    # 7,333.33: 2 % are 146.67 and 0.8 % 58.67, of the sum 70 % are 143.738.
    parts = ("account_credit", "account_transfer", "account_kept")
    assert [second[part] for part in parts] == ["205.34", "143.74", "61.60"]
    assert (credit["account_credit"], retired["account_credit"]) == ("140.00", "50.00")
    covered = run("contributions", "coverage", name="payments.csv")
    assert [(r["person_id"], r["from"], r["to"]) for r in covered] == [
        ("R3", "2022-01-01", "2023-12-31"),
        ("R4", "2022-01-01", "2022-12-31"),
        ("R4", "2024-09-01", "2024-12-31"),
        ("R8", "2022-11-15", "2023-12-31"),
    ]


@pytest.mark.clause("T16-17a")
def test_the_monthly_transfer_begins_in_october_2016() -> None:
    def month(day: str) -> dict[str, Any]:
        base = ("--set", "credit_base=5000.00", "--set", "birth_date=1980-01-01")
        result = call(
            *(
                "accounts",
                "quote",
                "credit",
                "--policy",
                "tianjin",
                "--date",
                day,
                *EMPLOYEE,
                *base,
                "--json",
            )
        )
        found: dict[str, Any] = json.loads(result.stdout)["results"]
        return found

    assert "account_transfer" not in month("2016-09-01")
    october = month("2016-10-01")
    assert (october["account_credit"], october["account_transfer"]) == ("140.00", "98.00")
    assert october["account_kept"] == "42.00"


@pytest.mark.clause("T16-18")
def test_withdrawal_from_50000_on_and_once_a_year() -> None:
    def withdraw(expense: str, *more: str) -> Result:
        given = ["account_balance=8200", f"year_inpatient_expense={expense}", *more]
        given.append("year_personal_share=6000")
        options = [x for g in given for x in ("--set", g)]
        head = ("accounts", "quote", "withdraw", "--policy", "tianjin", "--date", "2017-11-01")
        return call(*head, *EMPLOYEE, *options, "--json")

    allowed = json.loads(withdraw("50000.00").stdout)["results"]
    assert (allowed["withdrawn"], allowed["account_left"]) == ("6000.00", "2200.00")
    short = withdraw("49999.99")
    assert short.exit_code == 6
    assert "未达到标准" in json.loads(short.stdout)["error"]["message"]
    assert withdraw("50000.00", "withdrawn_this_year=true").exit_code == 6
