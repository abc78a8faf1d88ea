"""`yibao desk`: bills from files are settled once, shown, explained, taken back, corrected."""

import csv
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from agency_town import DOCTOR, DRUG, build, count
from openpyxl import Workbook, load_workbook
from typer.testing import CliRunner, Result

from yibao import clock
from yibao.agency.dispensing.prescriptions import ZONE, Item, Prescription, audit, issue
from yibao.agency.reconcile.books import verify
from yibao.cli import app, exit_codes
from yibao.store.database import Database

Row = Mapping[str, str]

OTHER, LUXURY = "XB01AC", "XC09AA"
BILL: Row = {
    "institution_id": "H1",
    "claim_no": "A1",
    "person_id": "P1",
    "visit": "outpatient",
    "date": "2022-03-01",
    "total": "1000.00",
    "out_of_catalogue": "100.00",
    "in_scope": "900.00",
}
STAY: Row = {
    "institution_id": "H3",
    "claim_no": "S1",
    "person_id": "P1",
    "visit": "inpatient",
    "admitted_on": "2022-03-01",
    "discharged_on": "2022-03-05",
    "total": "520.00",
}
LINE: Row = {
    "institution_id": "H3",
    "claim_no": "S1",
    "kind": "drug",
    "code": DRUG,
    "quantity": "4",
    "price": "100.00",
    "served_on": "2022-03-02",
}
LINES: Sequence[Row] = (
    LINE,
    {**LINE, "code": OTHER, "quantity": "0.5", "price": "200"},
    {**LINE, "code": LUXURY, "quantity": "1", "price": "20.00"},
)


@pytest.fixture
def town(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    build(database, "P1", "P2")
    with database.transaction() as connection:
        connection.execute(
            "INSERT INTO registry.item (kind, code, name, class, first_self_pay, standard, valid) "
            "VALUES ('drug', %s, 'a', 'A', 0, 9000, '[2010-01-01,)'), "
            "       ('drug', %s, 'b', 'B', 0.1, NULL, '[2010-01-01,)'), "
            "       ('drug', %s, 'c', 'C', 1, NULL, '[2010-01-01,)')",
            (DRUG, OTHER, LUXURY),
        )
    monkeypatch.setenv("YIBAO_DATABASE_URL", database.url)
    monkeypatch.setenv("YIBAO_LANG", "en")
    return database


def call(*args: object) -> Result:
    policy = () if args[1] in {"show", "list", "connections"} else ("--policy", "tianjin")
    return CliRunner().invoke(app, [*map(str, args), *policy])


def told(*args: object, code: int = exit_codes.OK) -> Any:
    result = call(*args, "--json")
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def write(file: Path, *rows: Row) -> Path:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return file


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def rules(file: Path) -> list[tuple[str, str]]:
    return [(row["column"], row["rule"]) for row in rows(file)]


def agree(database: Database) -> None:
    """The desk, the ledger and what is owed say the same."""
    with database.transaction() as connection:
        assert not verify(connection)


# --- settling -------------------------------------------------------------------------------------


def test_bills_are_settled_by_day_whatever_their_order_in_the_file(
    town: Database, tmp_path: Path
) -> None:
    late = {**BILL, "claim_no": "A2", "date": "2022-03-09"}
    file = write(tmp_path / "bills.csv", late, BILL)
    done = told("desk", "settle", file, "-o", tmp_path / "settled.csv")
    assert (done["rows"], done["made"], done["unchanged"], done["rejected"]) == (2, 2, 0, 0)
    first, second = rows(tmp_path / "settled.csv")
    assert (first["claim_no"], first["deductible"]) == ("A1", "600.00")
    assert (second["claim_no"], second["deductible"]) == ("A2", "0.00")
    assert [s["fund_pay"] for s in done["settlements"]] == [first["fund_pay"], second["fund_pay"]]
    agree(town)


def test_what_it_settles_is_what_pre_settling_said_and_that_writes_nothing(
    town: Database, tmp_path: Path
) -> None:
    bills = [BILL, {**BILL, "claim_no": "A2"}, STAY]
    file, lines = write(tmp_path / "bills.csv", *bills), write(tmp_path / "lines.csv", *LINES)
    before = told("desk", "pre-settle", file, "--lines", lines)
    assert (before["would"], before["rejected"]) == (3, 0)
    assert count(town, "desk.settlement") == count(town, "ops.request") == 0
    after = told("desk", "settle", file, "--lines", lines)
    for one, other in zip(before["settlements"], after["settlements"], strict=True):
        assert one["settlement_id"] is None
        assert {**one, "settlement_id": 0} == {**other, "settlement_id": 0}


def test_the_same_file_again_changes_nothing_and_another_content_is_refused(
    town: Database, tmp_path: Path
) -> None:
    file = write(tmp_path / "bills.csv", BILL)
    number = told("desk", "settle", file)["settlements"][0]["settlement_id"]
    again = told("desk", "settle", file, "--actor", "another", "-o", tmp_path / "out.csv")
    assert (again["made"], again["unchanged"]) == (0, 1)
    assert again["settlements"][0]["settlement_id"] == number
    assert rows(tmp_path / "out.csv")[0]["claim_id"] == str(number)
    said_otherwise = {
        **BILL,
        "admitted_on": BILL["date"],
        "discharged_on": BILL["date"],
        "date": "",
    }
    assert told("desk", "settle", write(file, said_otherwise))["unchanged"] == 1
    other = {**BILL, "in_scope": "800.00", "out_of_catalogue": "200.00"}
    told("desk", "settle", write(file, other), code=exit_codes.REJECTED)
    assert rules(tmp_path / "bills.rejects.csv") == [("claim_no", "claim_no_used")]
    assert count(town, "desk.settlement") == 1
    told("desk", "settle", write(file, {**BILL, "institution_id": "H2"}))  # its own numbers
    assert not (tmp_path / "bills.rejects.csv").exists()


def test_a_bill_is_settled_by_its_lines_which_must_come_to_what_it_states(
    town: Database, tmp_path: Path
) -> None:
    file, lines = write(tmp_path / "bills.csv", STAY), write(tmp_path / "lines.csv", *LINES)
    number = told("desk", "settle", file, "--lines", lines)["settlements"][0]["settlement_id"]
    shown = told("desk", "show", number)
    assert shown["amounts"] == {
        "total": "520.00",
        "out_of_catalogue": "20.00",
        "over_limit": "40.00",
        "first_self_pay": "10.00",
        "in_scope": "450.00",
        "class_b": "90.00",
    }
    assert [line["price"] for line in shown["lines"]] == ["100.00", "200.00", "20.00"]
    wrong = write(file, {**STAY, "claim_no": "S2", "total": "521.00"})
    write(lines, *({**line, "claim_no": "S2"} for line in LINES))
    told("desk", "settle", wrong, "--lines", lines, code=exit_codes.REJECTED)
    assert rules(tmp_path / "bills.rejects.csv") == [("total", "lines_agree")]
    write(wrong, {**STAY, "claim_no": "S2", "in_scope": "451.00"})
    told("desk", "settle", wrong, "--lines", lines, code=exit_codes.REJECTED)
    assert rules(tmp_path / "bills.rejects.csv") == [("in_scope", "lines_agree")]


def test_every_wrong_line_is_told_its_bill_is_refused_as_a_whole_and_others_land(
    town: Database, tmp_path: Path
) -> None:
    bad = [
        {**LINE, "served_on": "2022-03-09"},
        {**LINE, "code": "", "local_code": "nobody-knows"},
        {**LINE, "practitioner_id": "D9"},
        {**LINE, "quantity": "1000000", "price": "1000000"},
    ]
    good = [{**line, "claim_no": "S2"} for line in LINES]
    file = write(tmp_path / "bills.csv", {**STAY, "total": "1.00"}, {**STAY, "claim_no": "S2"})
    lines = write(tmp_path / "lines.csv", LINE, *bad, *good)
    done = told("desk", "settle", file, "--lines", lines, code=exit_codes.REJECTED)
    assert (done["made"], done["rejected"]) == (1, 1)
    assert rules(tmp_path / "bills.rejects.csv") == [("claim_no", "parts_valid")]
    refused = tmp_path / "bills.rejects.lines.csv"
    assert rules(refused) == [
        ("claim_no", "bill_refused"),
        ("served_on", "served_on"),
        ("local_code", "mapped"),
        ("practitioner_id", "not_on_roster"),
        ("price", "settleable"),
    ]
    # What was refused is corrected in the rejects files, and settled from there as it is.
    write(tmp_path / "b.csv", {**rows(tmp_path / "bills.rejects.csv")[0], "total": "520.00"})
    kept = rows(refused)[0]
    write(tmp_path / "l.csv", *({**kept, **line} for line in LINES))
    assert told("desk", "settle", tmp_path / "b.csv", "--lines", tmp_path / "l.csv")["made"] == 1
    agree(town)


def test_lines_that_cannot_be_read_or_belong_to_no_bill_are_told_too(
    town: Database, tmp_path: Path
) -> None:
    bad = [
        {**LINE, "quantity": "-1"},
        {**LINE, "price": "1,000"},
        {**LINE, "code": "", "price": "1.00001"},
        {**LINE, "claim_no": "nobody's"},
        {**LINE, "kind": "drugs"},
    ]
    file, lines = write(tmp_path / "bills.csv", STAY, BILL), write(tmp_path / "lines.csv", *bad)
    done = told("desk", "settle", file, "--lines", lines, code=exit_codes.REJECTED)
    assert (done["made"], done["rejected"]) == (1, 1)
    found = [(row["column"], row["rule"]) for row in rows(tmp_path / "bills.rejects.lines.csv")]
    assert found == [
        ("quantity", "decimal"),
        ("price", "decimal"),
        ("price", "decimal"),
        ("claim_no", "known_bill"),
        ("kind", "known_code"),
    ]
    assert "code: " in rows(tmp_path / "bills.rejects.lines.csv")[2]["reason"]


def test_bills_and_lines_may_be_sheets_of_one_workbook(town: Database, tmp_path: Path) -> None:
    book = Workbook()
    book.remove(book.active)  # type: ignore[arg-type]
    for name, table in (("bills", [STAY, {**BILL, "visit": "门诊"}]), ("lines", LINES)):
        sheet = book.create_sheet(name)
        columns = list(dict.fromkeys(key for row in table for key in row))
        sheet.append(columns)
        for row in table:
            sheet.append([row.get(key) for key in columns])
    file = tmp_path / "bills.xlsx"
    book.save(file)
    assert told("desk", "settle", file, "--lines", file)["made"] == 2


def test_one_person_who_is_refused_stops_nobody(town: Database, tmp_path: Path) -> None:
    strange = [
        {**BILL, "claim_no": "A2", "person_id": "nobody"},
        {**BILL, "claim_no": "A3", "date": "2999-01-01"},
        {**BILL, "claim_no": "A4", "institution_id": "E9"},
        {**BILL, "claim_no": "A5", "date": "2010-03-01"},
        {**BILL, "claim_no": "A6", "level": "3"},
        {**BILL, "claim_no": "A7", "referral": "99"},
        {**BILL, "claim_no": "A8", "prescription": "99", "filled_at": "2022-03-01 09:00"},
    ]
    done = told(
        "desk", "settle", write(tmp_path / "b.csv", *strange, BILL), code=exit_codes.REJECTED
    )
    assert (done["made"], done["rejected"]) == (1, 7)
    assert rules(tmp_path / "b.rejects.csv") == [
        ("person_id", "known_person"),
        ("discharged_on", "days"),
        ("institution_id", "no_agreement"),
        ("person_id", "insured_on_day"),
        ("level", "asked_fact"),
        ("referral", "known_referral"),
        ("prescription", "known_prescription"),
    ]


def test_a_prescription_is_filled_once(town: Database, tmp_path: Path) -> None:
    with town.transaction() as connection:
        issued = datetime(2022, 3, 1, 9, tzinfo=ZONE)
        items = (Item("drug", DRUG, Fraction(3)),)
        prescription = Prescription("H2", "R1", "P1", DOCTOR, issued, items, days=7)
        number = issue(connection, prescription, actor="test")
        audit(connection, number, "Y1", approved=True, actor="test")
    bill = {
        **BILL,
        **dict.fromkeys(("out_of_catalogue", "in_scope"), ""),
        "institution_id": "P1",
        "visit": "pharmacy",
        "total": "200.00",
        "prescription": str(number),
        "filled_at": "2022-03-01 10:00",
    }
    line = {**LINE, "institution_id": "P1", "claim_no": "A1", "quantity": "2", "served_on": ""}
    file, lines = write(tmp_path / "b.csv", bill), write(tmp_path / "l.csv", line)
    assert told("desk", "settle", file, "--lines", lines)["made"] == 1
    assert count(town, "dispensing.dispensed") == 1
    assert told("desk", "settle", file, "--lines", lines)["unchanged"] == 1
    write(file, {**bill, "claim_no": "A2", "filled_at": ""})
    write(lines, {**line, "claim_no": "A2"})
    told("desk", "settle", file, "--lines", lines, code=exit_codes.REJECTED)
    assert rules(tmp_path / "b.rejects.csv") == [("filled_at", "required")]
    write(file, {**bill, "claim_no": "A2"})
    told("desk", "settle", file, "--lines", lines, code=exit_codes.REJECTED)
    assert rules(tmp_path / "b.rejects.csv") == [("prescription", "dispensed")]


@pytest.mark.parametrize("what", ["bills", "lines", "invoices"])
def test_the_columns_of_each_file_are_told_and_its_template_is_a_file_of_nothing(
    town: Database, tmp_path: Path, what: str
) -> None:
    names = {column["name"] for column in told("schema", what)}
    assert {"institution_id", "claim_no"} < names
    template = tmp_path / "template.csv"
    assert call("schema", what, "--template", template).exit_code == exit_codes.OK
    assert set(template.read_text(encoding="utf-8-sig").strip().split(",")) == names
    if what == "bills":
        assert told("desk", "settle", template)["rows"] == 0


def test_a_chinese_reader_sees_classes_and_reasons_in_words(
    town: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")  # no cell is folded
    unknown = {**LINE, "code": "XZ99ZAA001A001000000009", "quantity": "1", "price": "10.00"}
    file = write(tmp_path / "bills.csv", {**STAY, "total": "530.00"})
    lines = write(tmp_path / "lines.csv", *LINES, unknown)
    number = told("desk", "settle", file, "--lines", lines)["settlements"][0]["settlement_id"]
    page = call("desk", "show", number, "--lang", "zh").stdout
    assert [word in page for word in ("甲", "乙", "丙", "当日不在", "not_in", "T1")] == [
        *(True, True, True, True),
        *(False, False),
    ]


# --- what stands ----------------------------------------------------------------------------------


@pytest.fixture
def settled(town: Database, tmp_path: Path) -> int:
    file = write(tmp_path / "first.csv", BILL)
    return int(told("desk", "settle", file)["settlements"][0]["settlement_id"])


def test_a_settlement_is_shown_listed_explained_and_written_as_a_sheet(
    settled: int, tmp_path: Path
) -> None:
    shown = told("desk", "show", settled)
    assert (shown["total"], shown["reversed_by"]) == ("1000.00", None)
    assert {p["debit"] for p in shown["posted"]} == {
        "benefit_expense/resident.pool_pay",
        "cash_due",
    }
    explained = told("desk", "explain", settled)
    assert explained["funds"]["pool_pay"] == shown["funds"]["pool_pay"]
    assert all(step["source"]["cite"] for step in explained["steps"])
    for query in (("--person", "P1"), ("--institution", "H1"), ("--from", "2020-01-01")):
        assert [row["settlement_id"] for row in told("desk", "list", *query)] == [settled]
    assert told("desk", "list", "--person", "P2") == []
    assert call("desk", "list").exit_code == exit_codes.USAGE
    turned = call("desk", "list", "--from", "2022-03-02", "--to", "2022-03-01")
    assert (turned.exit_code, "is before --from" in turned.output) == (exit_codes.USAGE, True)
    for command in ("show", "explain"):
        assert "600.00" in call("desk", command, settled).stdout or command == "show"
        assert told("desk", command, 999, code=exit_codes.REFUSED)["error"]["kind"] == "Refused"
    assert call("desk", "sheet", settled, "-o", tmp_path / "s.xlsx").exit_code == exit_codes.OK
    assert load_workbook(tmp_path / "s.xlsx").sheetnames == [
        *("settlements", "explanation", "columns"),
    ]
    header, values = load_workbook(tmp_path / "s.xlsx")["settlements"].values
    assert (header[:2], values[:2]) == (("institution_id", "claim_no"), ("H1", "A1"))


def test_the_lines_of_a_sheet_come_in_the_order_in_which_they_are_read(
    town: Database, tmp_path: Path
) -> None:
    bills, lines = write(tmp_path / "bills.csv", STAY), write(tmp_path / "lines.csv", *LINES)
    done = told("desk", "settle", bills, "--lines", lines)
    number = done["settlements"][0]["settlement_id"]
    assert call("desk", "sheet", number, "-o", tmp_path / "s.xlsx").exit_code == exit_codes.OK
    header, *values = load_workbook(tmp_path / "s.xlsx")["lines"].values
    assert header[:5] == ("number", "item_kind", "code", "local_code", "item_class")
    assert sorted(header) == sorted(set(header))
    at = [header.index(name) for name in ("number", "rate")]
    assert [[row[n] for n in at] for row in values] == [[1, 0], [2, 0.1], [3, 0]]


def test_settlements_are_taken_back_once_by_number_or_by_file(
    town: Database, settled: int, tmp_path: Path
) -> None:
    assert [one["settlement_id"] for one in told("desk", "reverse", settled)["made"]] == [settled]
    told("desk", "reverse", settled, code=exit_codes.REFUSED)
    other = write(tmp_path / "second.csv", {**BILL, "claim_no": "A2"})
    number = told("desk", "settle", other)["settlements"][0]["settlement_id"]
    file = write(
        tmp_path / "wrong.csv", *({"settlement_id": str(n)} for n in (settled, number, 999))
    )
    done = told("desk", "reverse", "--file", file, code=exit_codes.REJECTED)
    assert (done["made"], done["rejected"]) == (1, 2)
    assert [rule for _, rule in rules(tmp_path / "wrong.rejects.csv")] == [
        "reversed",
        "known_settlement",
    ]
    again = told("desk", "reverse", "--file", file, code=exit_codes.REJECTED)
    assert (again["made"], again["unchanged"]) == (0, 1)
    assert call("desk", "reverse").exit_code == exit_codes.USAGE
    agree(town)


def test_a_bill_that_was_taken_back_is_not_told_as_standing_when_it_is_sent_again(
    town: Database, settled: int, tmp_path: Path
) -> None:
    told("desk", "reverse", settled)
    both = write(tmp_path / "both.csv", BILL, {**BILL, "claim_no": "A2"})
    out = tmp_path / "out.csv"
    again = told("desk", "settle", both, "-o", out)
    assert (again["made"], again["unchanged"], again["taken_back"]) == (1, 1, 1)
    assert [one["taken_back"] for one in again["settlements"]] == [True, False]
    assert [row["claim_no"] for row in rows(out)] == ["A2"]
    for command in ("settle", "pre-settle"):
        done = call("desk", command, both)
        assert done.exit_code == exit_codes.OK
        assert "1 of those there already were taken back" in done.stderr
        assert "A1" in done.stderr
        assert "A1" not in done.stdout


def test_a_bill_takes_the_place_of_another_or_nothing_changes(
    town: Database, settled: int, tmp_path: Path
) -> None:
    for_other = {**BILL, "claim_no": "A1-corrected", "person_id": "P2"}
    file = write(tmp_path / "c.csv", {**for_other, "claim_no": "A1"})
    told("desk", "correct", settled, file, code=exit_codes.REJECTED)  # the number is used
    assert told("desk", "show", settled)["reversed_by"] is None
    corrected = told("desk", "correct", settled, write(file, for_other))
    assert told("desk", "show", settled)["reversed_by"] is not None
    assert told("desk", "show", corrected["settlement_id"])["person_id"] == "P2"
    again = told("desk", "correct", settled, file)
    assert (again["again"], again["settlement_id"]) == (True, corrected["settlement_id"])
    two = write(tmp_path / "two.csv", BILL, STAY)
    assert call("desk", "correct", settled, two).exit_code == exit_codes.USAGE
    agree(town)


# --- paper invoices -------------------------------------------------------------------------------


def test_paper_invoices_add_up_to_the_bill_and_are_paid_once(
    town: Database, tmp_path: Path
) -> None:
    paper = {**BILL, "institution_id": "far-away", "level": "3", "locality": "elsewhere"}
    key = {name: paper[name] for name in ("institution_id", "claim_no")}
    slips = [
        {**key, "invoice_code": "033", "invoice_no": str(n), "amount": amount}
        for n, amount in enumerate(("600.00", "400.00"))
    ]
    file, invoices = write(tmp_path / "p.csv", paper), write(tmp_path / "i.csv", slips[0])
    how = ("desk", "reimburse", file, "--invoices", invoices)
    told(*how, code=exit_codes.REJECTED)
    assert rules(tmp_path / "p.rejects.csv") == [("invoices", "invoiced")]
    assert rules(tmp_path / "p.rejects.invoices.csv") == [("claim_no", "bill_refused")]
    write(invoices, *slips)
    done = told(*how)
    shown = told("desk", "show", done["settlements"][0]["settlement_id"])
    assert (shown["payee"], len(shown["invoices"])) == ("person", 2)
    assert told(*how)["unchanged"] == 1
    write(file, {**paper, "claim_no": "A9"})
    write(invoices, *({**slip, "claim_no": "A9"} for slip in slips))
    told(*how, code=exit_codes.REJECTED)
    assert rules(tmp_path / "p.rejects.csv") == [("invoices", "invoice_used")]
    agree(town)


# --- connections ----------------------------------------------------------------------------------


@pytest.mark.clause("C-JX06-1.4")
def test_the_share_of_what_is_settled_directly_is_told_by_institution_and_in_all(
    town: Database, tmp_path: Path
) -> None:
    """Settled directly: four of 200 at H1; on paper: one of 200 there. 800 of 1,000 is 80.0 %."""
    today = clock.today()
    cover = ("desk", "connections", "--from", today, "--to", today)
    assert "none" in call(*cover).stdout
    small = {**BILL, "total": "200.00", "out_of_catalogue": "0.00", "in_scope": "200.00"}
    bills = [{**small, "claim_no": f"A{n}"} for n in range(5)]
    done = told("desk", "settle", write(tmp_path / "bills.csv", *bills))
    told("desk", "reverse", done["settlements"][0]["settlement_id"])  # does not count
    paper = {**small, "claim_no": "P1"}
    slip = {"institution_id": "H1", "claim_no": "P1", "invoice_code": "1", "invoice_no": "1"}
    invoices = write(tmp_path / "i.csv", {**slip, "amount": "200.00"})
    told("desk", "reimburse", write(tmp_path / "p.csv", paper), "--invoices", invoices)
    shares = {"bills": 5, "direct": 4, "total": "1000.00", "direct_total": "800.00"}
    expected = {**shares, "by_bill": "80.0%", "by_cost": "80.0%"}
    found = told(*cover)
    assert found["all"] == expected
    assert found["institutions"] == [{"institution_id": "H1", "since": str(today), **expected}]
    assert "80.0%" in call(*cover).stdout
    earlier = today - timedelta(1)
    assert told("desk", "connections", "--from", earlier, "--to", earlier)["institutions"] == []
    later = today + timedelta(1)
    (still,) = told("desk", "connections", "--from", later, "--to", later)["institutions"]
    assert (still["since"], still["bills"], still["by_bill"]) == (str(today), 0, "")
    assert call("desk", "connections", "--from", later, "--to", today).exit_code == exit_codes.USAGE
