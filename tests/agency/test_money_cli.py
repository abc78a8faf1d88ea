"""The bank's files with errors of every kind, and the commands that put money right."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from tests.agency.registered import ACTOR, EMPLOYEE, RESIDENT, billed, enrolled
from tests.agency.test_files import call, data, rows, write
from yibao.agency.enrolment.memberships import employ
from yibao.agency.enrolment.persons import employer
from yibao.ledger.balance import trial_balance
from yibao.policy.policy import load_policy
from yibao.settlement.procedure import Office
from yibao.store.database import Database

HEAD = "reference,payer,received_on,amount"
TIANJIN = ("--policy", "tianjin", "--json")


@pytest.fixture
def place(url: str, database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A town with an employer of one, who owes 625.00 of March 2022, and a household of 320.00."""
    monkeypatch.setenv("YIBAO_DATABASE_URL", url)
    monkeypatch.setenv("YIBAO_LANG", "en")
    office = Office(load_policy("tianjin"))
    with database.transaction() as connection:
        employer(connection, "U1", "甲公司", "enterprise", "120101", actor=ACTOR)
        enrolled(connection, "P1", "2022-03-01", **EMPLOYEE)
        employ(connection, "P1", "U1", date(2022, 3, 1), wage=5000_00, actor=ACTOR)
        billed(connection, office, "P1", "2022-03")
        enrolled(connection, "R1", household_id="H9", **RESIDENT)
        billed(connection, office, "R1", "2022-01", "2022-12", on=date(2021, 11, 1))
    yield database
    with database.transaction() as connection:
        assert sum(line.balance for line in trial_balance(connection)) == 0


BAD = {
    "unknown payer": ("B10,U7,2022-03-05,1.00", "known_payer"),
    "more than is owed": ("B11,U1,2022-03-05,625.01", "owed"),
    "negative": ("B12,U1,2022-03-05,-1.00", "not_negative"),
    "nothing": ("B13,U1,2022-03-05,0.00", "above_zero"),
    "too large": ("B14,U1,2022-03-05,1000000000000.00", "max_amount"),
    "third decimal": ("B15,U1,2022-03-05,1.001", "two_decimals"),
    "no amount": ("B16,U1,2022-03-05,", "required"),
    "no number": ("B17,U1,2022-03-05,abc", "amount"),
    "formula": ("=1+1,U1,2022-03-05,1.00", "identifier"),
    "formula in the payer": ("B18,=cmd|x,2022-03-05,1.00", "identifier"),
    "no such day": ("B19,U1,2022-02-30,1.00", "date"),
    "no reference": (",U1,2022-03-05,1.00", "required"),
    "no payer": ("B20,,2022-03-05,1.00", "required"),
    "too many cells": ("B21,U1,2022-03-05,1.00,2.00", "cells"),
    "the reference of another amount": ("B1,U1,2022-03-05,400.01", "reference_taken"),
    "the reference of another payer": ("B1,household:H9,2022-03-05,400.00", "reference_taken"),
}


def test_the_good_rows_of_a_banks_file_land_once_and_the_others_are_told(
    place: Database, tmp_path: Path
) -> None:
    lines = [line for line, _ in BAD.values()]
    good = ("B1,U1,2022-03-05,400.00", "B2,household:H9,2022-03-05,320.00")
    same = "B1,U1,2022-03-05,400.00"
    file = write(tmp_path / "bank.csv", HEAD, *good, *lines, same)
    told = data(call("contributions", "receive", file, *TIANJIN), 1)
    assert (told["made"], told["unchanged"], told["rejected"]) == (2, 1, len(lines))
    found = rows(tmp_path / "bank.rejects.csv")
    wanted = [(str(at), rule) for at, (_, rule) in enumerate(BAD.values(), 4)]
    assert [(row["row"], row["rule"]) for row in found] == wanted
    # What looks like a formula is none in the file of rejects either.
    assert not any(cell.startswith(("=", "+", "@")) for row in found for cell in row.values())
    again = data(call("contributions", "receive", file, *TIANJIN), 1)
    assert (again["made"], again["unchanged"]) == (0, 3)
    with place.transaction() as connection:
        sums = connection.execute(
            "SELECT count(*)::int, sum(fen)::int FROM contributions.receipt"
        ).fetchone()
    assert sums == (2, 720_00)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("reference,payer,received_on\nB1,U1,2022-03-05\n", "required_column"),
        (f"{HEAD},colour\nB1,U1,2022-03-05,1.00,red\n", "known_column"),
        (f"{HEAD},amount\nB1,U1,2022-03-05,1.00,1.00\n", "unique_column"),
    ],
)
def test_a_banks_file_with_wrong_columns_is_not_begun(
    place: Database, tmp_path: Path, content: str, rule: str
) -> None:
    file = write(tmp_path / "bank.csv", content)
    told = data(call("contributions", "receive", file, *TIANJIN), 4)
    assert told["error"]["problems"][0]["rule"] == rule


def test_a_banks_file_in_a_wrong_encoding_is_not_begun(place: Database, tmp_path: Path) -> None:
    file = write(tmp_path / "bank.csv", HEAD, "B1,U1,2022-03-05,1.00", encoding="utf-16")
    assert call("contributions", "receive", file, *TIANJIN).exit_code == 4


def test_money_is_put_right_on_the_command_line(place: Database, tmp_path: Path) -> None:
    def do(*args: str, code: int = 0, policy: bool = True) -> dict[str, str]:
        found: dict[str, str] = data(call(*args, *(TIANJIN if policy else ("--json",))), code)
        return found

    file = write(tmp_path / "bank.csv", HEAD, "B1,U1,2022-04-10,625.00")
    do("contributions", "receive", str(file))
    charged = do("contributions", "surcharge", "--date", "2022-04-30")
    assert charged["amount"] == "3.13"
    do("accounts", "credit", "--month", "2022-03")
    on = ("--on", "2022-05-02", "--reason", "wrong file")
    order = ("accounts", "freeze", "P1", "--reference", "C1", "--amount", "40.00", *on)
    assert do(*order, policy=False)["balance"] == "60.00"
    told = do("accounts", "statement", "P1", policy=False)
    assert (told["balance"], told["frozen"], len(told["lines"])) == ("60.00", "40.00", 2)
    back = ("contributions", "take-back", "B1", *on)
    assert "60.00" in do(*back, code=6)["error"]["message"]  # type: ignore[index]
    do("accounts", "unfreeze", "P1", "--reference", "C1", *on, policy=False)
    assert do(*back)["persons"] == ["P1"]
    assert do("accounts", "statement", "P1", policy=False)["balance"] == "0.00"
    out = tmp_path / "statement.csv"
    do("accounts", "statement", "P1", "-o", str(out), policy=False)
    assert [row["balance"] for row in rows(out)] == ["100.00", "60.00", "100.00", "0.00"]
    file = write(tmp_path / "right.csv", HEAD, "B2,U1,2022-03-05,625.00")
    do("contributions", "receive", str(file))
    do("contributions", "rebill", "1", *on)
    do("contributions", "cancel", "4", *on)
    assert (
        do(
            "contributions",
            "give-up",
            "4",
            "--because",
            "death",
            "--since",
            "2022-03-01",
            *on,
            code=6,
        )["error"]["kind"]
        == "Refusal"
    )  # type: ignore[index]
    refund = ("contributions", "refund", "U1", "--reference", "T1", *on)
    assert do(*refund, policy=False)["refunded"] == "625.00"
    assert do(*refund, policy=False)["refunded"] == "0.00"
    use = ("accounts", "use", "P1", "--amount", "1.00", "--reference", "V1", "--on", "2022-05-02")
    assert call(*use, "--for", "vacine", *TIANJIN).exit_code == 2
    assert call(*use, "--for", "cosmetic", *TIANJIN).exit_code == 6
