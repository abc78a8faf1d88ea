"""Bills, benefit periods and accounts asked for what cannot be, or would come to a wrong sum."""

import csv
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from small_pack import make_policy, step, table
from typer.testing import CliRunner, Result

from tests.procedure_pack import make_pack
from yibao.cli import app
from yibao.errors import ClaimError, MissingFigure
from yibao.policy.policy import Policy
from yibao.settlement.coverage import Payment, Question, Terms, month_of, months_of
from yibao.settlement.procedure import Office, Request

STAFF = {"scheme": "employee", "category": "in_service"}


def call(*args: str | Path) -> Result:
    return CliRunner().invoke(app, [str(a) for a in args])


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


# --- who is not born yet --------------------------------------------------------------------------


@pytest.mark.parametrize("birth", ["2999-01-01", "2022-03-02"])
def test_nobody_is_billed_or_credited_before_birth(tmp_path: Path, birth: str) -> None:
    pack = make_pack(tmp_path / "city")
    settings = ("scheme=resident", "category=adult", "contribution_tier=low", f"birth_date={birth}")
    options = [x for setting in settings for x in ("--set", setting)]
    result = call(
        *("contributions", "quote", "--policy", pack, "--date", "2022-03-01", *options, "--json")
    )
    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"]["kind"] == "ClaimError"
    assert f"birth_date = '{birth}': a day not after 2022-03-01" in result.stderr


def test_a_row_of_who_is_not_born_is_rejected_whatever_came_before(tmp_path: Path) -> None:
    """The rules here look at no age of an employee, so both rows have one program."""
    file = tmp_path / "c.csv"
    head = "person_id,date,birth_date,scheme,category,credit_base\n"
    good = "A,2022-03-01,1980-01-01,employee,in_service,10000.00\n"
    file.write_text(head + good + good.replace("A", "B").replace("1980", "2980"), "utf-8")
    out = tmp_path / "out.csv"
    result = call(
        "accounts", "quote", "credit", file, "--policy", make_pack(tmp_path / "city"), "-o", out
    )
    assert result.exit_code == 1
    assert [r["person_id"] for r in rows(out)] == ["A"]
    (rejected,) = rows(tmp_path / "out.rejects.csv")
    assert (rejected["person_id"], rejected["column"]) == ("B", "birth_date")


# --- months that are not alike --------------------------------------------------------------------


def changing(folder: Path, later: str | None = "400.00", day: str = "2022-04-01") -> Policy:
    """300 a month; from a day on 400, or a figure that is missing."""
    due: dict[str, Any] = table("yuan", "300.00")
    row: dict[str, Any] = {"missing": "?"} if later is None else {"value": later}
    due["provisions"] += [due["provisions"][0] | {"from": day, "rows": [row]}]
    steps = [
        step(
            *("pay", 10, "times"),
            phase="contribution",
            of="due",
            count="months",
            to="personal_contribution",
        )
    ]
    return make_policy(folder, {"tables": {"due": due}, "steps": steps})


def bill(policy: Policy, day: str, months: int) -> int:
    request = Request("contribution", date.fromisoformat(day), STAFF, {"months": months})
    return Office(policy).run(request).total


def test_a_bill_ends_where_a_month_would_cost_another_sum(tmp_path: Path) -> None:
    """January to March cost 300 each, April 400: a bill of four at 300 would be 100 too low."""
    policy = changing(tmp_path)
    assert bill(policy, "2022-01-01", 3) == 900_00
    assert bill(policy, "2022-04-01", 10_000) == 4_000_000_00
    with pytest.raises(ClaimError, match="months before 2022-04-01"):
        bill(policy, "2022-01-01", 4)
    with pytest.raises(ClaimError, match="months before 2022-04-01"):
        bill(policy, "2022-03-31", 2)


def test_a_month_is_billed_by_the_rules_of_its_first_day(tmp_path: Path) -> None:
    policy = changing(tmp_path, day="2022-04-02")
    assert bill(policy, "2022-01-01", 4) == 1_200_00
    with pytest.raises(ClaimError, match="months before 2022-05-01"):
        bill(policy, "2022-01-01", 5)


def test_a_figure_that_is_missing_later_is_not_taken_from_before(tmp_path: Path) -> None:
    with pytest.raises(MissingFigure, match="2022-04-01"):
        bill(changing(tmp_path, None), "2022-01-01", 4)


def test_rules_that_change_without_another_sum_stop_no_bill(tmp_path: Path) -> None:
    assert bill(changing(tmp_path, "300.00"), "2022-01-01", 12) == 3_600_00


def test_months_that_overlap_are_billed_once(tmp_path: Path) -> None:
    file = tmp_path / "bills.csv"
    text = "person_id,date,scheme,category,wage,months\n"
    for day, months in (("2022-01-01", 3), ("2022-03-15", 1), ("2021-12-01", 2), ("2022-04-01", 1)):
        text += f"A,{day},employee,in_service,8000.00,{months}\n"
    file.write_text(text, "utf-8")
    pack, out = make_pack(tmp_path / "city"), tmp_path / "out.csv"
    result = call("contributions", "quote", file, "--policy", pack, "-o", out, "--lang", "en")
    assert result.exit_code == 1
    assert [r["date"] for r in rows(out)] == ["2022-01-01", "2022-04-01"]
    told = [(r["row"], r["rule"]) for r in rows(tmp_path / "out.rejects.csv")]
    assert told == [("3", "once"), ("4", "once")]
    assert "the same period, scheme and item: bills.csv:2" in result.stderr


# --- benefit periods ------------------------------------------------------------------------------


def test_a_payment_with_the_day_for_never_is_answered_in_time() -> None:
    """9999-12-31 is what many systems write for an empty day: 95,000 months of gap, often."""
    asked: list[Question] = []

    def ask(question: Question) -> Terms:
        asked.append(question)
        return Terms()

    first = month_of(date(2000, 1, 1))
    for _ in range(50):
        months_of([Payment(first, first + 599, date(9999, 12, 31))], ask)
    assert len(asked) == 50 * 600
    assert {q.repaired_months for q in asked} == {600}


# --- outputs --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "clash"),
    [
        (("contributions", "quote"), "out.explanation.csv"),
        (("contributions", "coverage"), "out.periods.csv"),
    ],
)
def test_rejected_rows_do_not_replace_another_table(
    tmp_path: Path, command: tuple[str, str], clash: str
) -> None:
    file = tmp_path / "in.csv"
    file.write_text("person_id\n", "utf-8")
    more = ("--rejects", tmp_path / clash, "-o", tmp_path / "out.csv")
    result = call(*command, file, "--policy", "tianjin", *more)
    assert result.exit_code == 2
    assert "written twice" in result.stderr
