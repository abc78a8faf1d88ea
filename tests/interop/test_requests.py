"""Files of requests and payments: what a row gives is what the rules give when asked for it."""

import csv
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.procedure_pack import make_pack
from yibao.interop.files import cells
from yibao.interop.files.requests import Answers, answers_sheet, figures_of
from yibao.money import MAX_INPUT_COUNT, format_yuan
from yibao.policy.policy import Policy, load_policy
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.procedure import Office, Request


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    return load_policy(make_pack(tmp_path_factory.mktemp("packs") / "city"))


# --- cells ----------------------------------------------------------------------------------------


@given(st.dates(date(1900, 1, 1), date(2999, 12, 31)))
def test_months_are_read_back_in_every_form(day: date) -> None:
    first = day.replace(day=1)
    for text in (f"{day:%Y-%m}", f"{day:%Y%m}", f"{day.year}/{day.month}"):
        assert cells.month(text) == first


@given(st.text(max_size=8))
def test_months_never_guess(text: str) -> None:
    try:
        found = cells.month(text)
    except cells.BadCell:
        return
    assert text.replace("-", "").replace("/", "").isdigit()
    assert text.startswith(str(found.year))


@pytest.mark.parametrize(
    "text", ["2022-13", "202200", "2022", "22-01", "2022-1", "2022.01", "1899-12"]
)
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(cells.BadCell):
        cells.month(text)


@given(st.integers(0, MAX_INPUT_COUNT))
def test_counts_are_read_back(number: int) -> None:
    assert cells.count(str(number)) == number


@pytest.mark.parametrize(
    ("text", "rule"), [("-1", "count"), ("1.0", "count"), ("٣", "count"), ("10001", "max_count")]
)
def test_what_is_no_count_is_refused(text: str, rule: str) -> None:
    with pytest.raises(cells.BadCell) as caught:
        cells.count(text)
    assert caught.value.rule == rule


# --- rows -----------------------------------------------------------------------------------------

ROW = st.fixed_dictionaries(
    {
        "day": st.dates(date(2021, 1, 1), date(2023, 12, 31)),
        "wage": st.integers(0, 50_000_00),
        "months": st.integers(1, 12),
        "birth": st.dates(date(1940, 1, 1), date(2020, 12, 31)),
        "resident": st.booleans(),
    }
)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ROW, min_size=1, max_size=8))
def test_a_file_gives_what_each_request_gives(
    policy: Policy, tmp_path: Path, drawn: list[dict[str, object]]
) -> None:
    """One row after the other, whatever profiles they share, equals one request at a time."""
    file = tmp_path / "bills.csv"
    names = ("person_id", "date", "birth_date", "scheme", "category", "contribution_tier")
    office, expected = Office(policy), []
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([*names, "wage", "months"])
        for n, row in enumerate(drawn):
            scheme = "resident" if row["resident"] else "employee"
            facts = {"scheme": scheme, "category": "adult", "contribution_tier": "low"}
            amounts = {"wage": row["wage"], "months": row["months"]}
            writer.writerow(
                [
                    f"P{n}",
                    row["day"],
                    row["birth"],
                    *facts.values(),
                    format_yuan(row["wage"]),
                    row["months"],
                ]
            )
            request = Request("contribution", row["day"], facts, amounts, row["birth"])
            outcome = office.run(request)
            expected.append((f"P{n}", outcome.payers, outcome.memory))
    answers = Answers(policy, "contribution", (file,))
    found = [(a.values["person_id"], a.outcome.payers, a.outcome.memory) for a in answers.open()]
    assert found == expected
    assert answers.rejects == []


def test_totals_are_the_sums_of_the_rows(policy: Policy, tmp_path: Path) -> None:
    file = tmp_path / "credits.csv"
    rows = "".join(f"P{n},2022-03-01,employee,in_service,{n}.07\n" for n in range(500))
    file.write_text("person_id,date,scheme,category,credit_base\n" + rows)
    answers = Answers(policy, "account_credit", (file,))
    sheet = answers_sheet(answers, answers.open())
    written = list(sheet.rows)
    names = [name for name, _ in sheet.columns]
    for name, total in answers.totals.items():
        assert total == sum(row[names.index(name)] for row in written)
    assert (answers.rows, answers.answered) == (500, 500)


def test_every_result_has_its_unit(policy: Policy) -> None:
    procedures = vocabulary().procedures
    assert figures_of(procedures["account_withdrawal"], policy.region) == {
        "withdrawable": "count",
        "withdrawn": "yuan",
    }
    assert figures_of(procedures["coverage"], policy.region) == {
        "waiting_months": "count",
        "covers_back": "count",
    }


def test_parquet_may_hold_counts_as_integers_and_money_as_decimals(
    policy: Policy, tmp_path: Path
) -> None:
    table = pa.table(
        {
            "person_id": ["A"],
            "date": pa.array([date(2022, 3, 1)], pa.date32()),
            "scheme": ["employee"],
            "category": ["in_service"],
            "wage": pa.array(["8000.00"]).cast(pa.decimal128(16, 2)),
            "months": pa.array([3], pa.int64()),
        }
    )
    pq.write_table(table, tmp_path / "bills.parquet")
    (answer,) = Answers(policy, "contribution", (tmp_path / "bills.parquet",)).open()
    assert answer.outcome.total == 2880_00


def test_a_damaged_row_costs_itself_only(policy: Policy, tmp_path: Path) -> None:
    file = tmp_path / "credits.csv"
    good = b"A,2022-03-01,employee,in_service,10000.00\n"
    file.write_bytes(b"person_id,date,scheme,category,credit_base\n\xff\xfe,,,,\nX,1\n" + good)
    answers = Answers(policy, "account_credit", (file,))
    assert [a.values["person_id"] for a in answers.open()] == ["A"]
    assert [r.errors[0].rule for r in answers.rejects] == ["encoding", "cells"]
