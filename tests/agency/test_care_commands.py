"""The commands around the desk: what clerks type, what they are told, with which exit code."""

import json
import re
from typing import Any

import pytest
from agency_town import DISEASE, DOCTOR, DRUG, build
from typer.testing import CliRunner

from yibao.cli import app, exit_codes
from yibao.store.database import Database


@pytest.fixture
def town(database: Database) -> Database:
    build(database, "P1", "P2")
    return database


def told(town: Database, *args: object, code: int = exit_codes.OK) -> Any:
    words = [str(a) for a in args]
    result = CliRunner().invoke(app, [*words, "--database", town.url, "--json", "--lang", "en"])
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def refused(town: Database, *args: object) -> str:
    return str(told(town, *args, code=exit_codes.REFUSED)["error"]["message"])


def shown(town: Database, *args: object, language: str = "zh") -> str:
    result = CliRunner().invoke(app, [*map(str, args), "--database", town.url, "--lang", language])
    assert result.exit_code == exit_codes.OK, result.output
    return result.stdout


def registered(town: Database) -> int:
    number = int(
        told(town, "qualify", "apply", "P1", DISEASE, "--date", "2022-01-05")["application"]
    )
    grant = ("--date", "2022-01-10", "--grant", "--from", "2022-01-11", "--to", "2023-01-10")
    assert told(town, "qualify", "assess", number, "--at", "H3", *grant)["made"]
    return number


def test_a_disease_is_registered_looked_at_again_and_ended(town: Database) -> None:
    number = registered(town)
    assert told(town, "qualify", "show", "P1") == {
        "person": "P1",
        "registrations": [{"disease": DISEASE, "from": "2022-01-11", "to": "2023-01-10"}],
        "applications": [
            {
                "application": number,
                "disease": DISEASE,
                "date": "2022-01-05",
                "outcome": "granted",
                "decided": "2022-01-10",
            }
        ],
    }
    assert "结论=通过" in shown(town, "qualify", "show", "P1")
    assert "outcome=granted" in shown(town, "qualify", "show", "P1", language="en")
    again = ("qualify", "re-examine", "P1", DISEASE, "--date", "2022-06-01", "--confirm")
    assert refused(town, *again, "--at", "H3").startswith("H3 is no centre for re_examination")
    assert told(town, *again, "--at", "H3-other")["confirmed"]
    sites = ("qualify", "sites", "P1", DISEASE, "H1", f"H2@{DOCTOR}", "--from", "2022-02-01")
    assert told(town, *sites)["sites"] == 2
    told(town, "qualify", "revoke", "P1", DISEASE, "--from", "2022-07-01", "--reason", "moved")
    assert told(town, "qualify", "show", "P1")["registrations"][0]["to"] == "2022-06-30"


def test_an_application_may_be_withdrawn_and_made_again(town: Database) -> None:
    apply = ("qualify", "apply", "P1", DISEASE, "--date", "2022-01-05")
    number = told(town, *apply)["application"]
    assert f"application {number}" in refused(town, *apply)
    assert told(town, "qualify", "withdraw", number, "--date", "2022-01-06")["made"]
    assert told(town, *apply)["application"] > number


def test_referrals_and_filings_are_made_shown_and_cancelled(town: Database) -> None:
    ends = ("--from-institution", "H1", "--to-institution", "H3", "--reason", "surgery")
    days = ("--from", "2022-03-05", "--to", "2022-03-12")
    referral = told(town, "filing", "refer", "P1", *ends, *days)["referral"]
    place = ("--category", "long_term_resident", "--division", "1301")
    filed = ("--date", "2022-03-05", "--from", "2022-03-05")
    remote = told(town, "filing", "remote", "P1", *place, *filed)["remote"]
    told(town, "filing", "cancel", "remote", remote, "--reason", "moved back")
    page = shown(town, "filing", "show", "P1")
    assert "类别=异地长期居住人员" in page
    assert not re.search("[a-z_]{4,}", page), "a Chinese page without codes"
    found = told(town, "filing", "show", "P1")
    assert [(r["referral"], r["cancelled"]) for r in found["referrals"]] == [(referral, False)]
    assert [(r["remote"], r["to"], r["cancelled"]) for r in found["remote"]] == [
        (remote, None, True)
    ]


def test_institutions_are_chosen_from_the_next_day(town: Database) -> None:
    day = ("--date", "2022-03-01")
    chosen = told(town, "filing", "choose", "P1", "H3", *day, "--from", "2022-03-02")
    assert chosen == {"person": "P1", "chosen": "H3", "from": "2022-03-02", "made": True}
    assert "the day after" in refused(
        town, "filing", "choose", "P1", "H3-other", *day, "--from", "2022-03-01"
    )
    contract = ("filing", "contract", "P1", "H1-next", *day, "--from", "2022-03-02")
    assert "residence" in refused(town, *contract)
    assert told(town, *contract, "--residence", "works there")["made"]


def test_a_prescription_is_issued_audited_ordered_and_sent(town: Database) -> None:
    registered(town)
    issue = (
        "prescription",
        "issue",
        "P1",
        "--at",
        "H1",
        "--number",
        "R1",
        "--practitioner",
        DOCTOR,
    )
    what = ("--item", f"drug:{DRUG}=3", "--days", "60", "--disease", DISEASE)
    time = ("--time", "2022-03-01T09:30")
    assert "at most 7 days" in refused(town, *issue, *what, *time)
    number = told(town, *issue, *what, *time, "--long-term")["prescription"]
    told(town, "prescription", "audit", number, "--pharmacist", "Y1", "--approve")
    why = ("--stable", "two years", "--immobile", "bedridden", "--address", "1 First Street")
    order = ("prescription", "order", number, "--at", "H1", "--channel", "web", *time, *why)
    made = told(town, *order)["order"]
    assert told(town, "prescription", "show", number)["taken"]
    later = ("--time", "2022-03-01T15:00")
    told(town, "prescription", "dispatch", made, *later, "--carrier", "van 7")
    told(town, "prescription", "cancel-order", made, *later, "--reason", "nobody at home")
    found = told(town, "prescription", "show", number)
    assert (found["taken"], found["approved"]) == (False, True)
    assert found["issued_at"] == "2022-03-01T09:30:00+08:00"
    assert found["items"] == [{"kind": "drug", "code": DRUG, "quantity": "3"}]


def test_limits_are_shown_with_their_cites_and_set_from_a_day_on(town: Database) -> None:
    def limits() -> dict[str, Any]:
        rows = told(town, "prescription", "limits")["limits"]
        return {row["name"]: row for row in rows if row["to"] is None}

    assert limits()["prescription_hours"]["value"] == 72
    assert "第十八条" in limits()["prescription_hours"]["cite"]
    setting = ("prescription", "set-limit", "prescription_days", 30)
    told(town, *setting, "--cite", "notice 5", "--from", "2023-01-01")
    assert (limits()["prescription_days"]["value"], limits()["prescription_days"]["cite"]) == (
        30,
        "notice 5",
    )


@pytest.mark.parametrize("item", ["drug", "drug:X", "drug:X=", "drug:X=-1", ":X=1", "drug:=1"])
def test_an_item_that_cannot_be_read_is_wrong_usage(town: Database, item: str) -> None:
    issue = (
        "prescription",
        "issue",
        "P1",
        "--at",
        "H1",
        "--number",
        "R1",
        "--practitioner",
        DOCTOR,
    )
    rest = ("--days", "7", "--time", "2022-03-01T09:30", "--item", item)
    told(town, *issue, *rest, code=exit_codes.USAGE)


def test_who_reads_the_limits_sees_which_are_unverified(town: Database) -> None:
    rows = {r["name"]: r for r in told(town, "prescription", "limits")["limits"]}
    assert {name: (r["grade"], r["status"]) for name, r in rows.items()} == {
        "prescription_hours": ("D", "unverified"),
        "prescription_days": ("B", ""),
        "long_prescription_days": ("D", "unverified"),
    }
    assert shown(town, "prescription", "limits").count("未核实") >= 2


def test_a_mistake_is_cancelled_and_changes_of_a_choice_are_limited(town: Database) -> None:
    number = told(town, "qualify", "apply", "P1", DISEASE, "--date", "2022-01-05")["application"]
    cancel = ("qualify", "cancel", number, "--date", "2022-01-06", "--reason", "another person")
    assert told(town, *cancel)["outcome"] == "cancelled"
    assert told(town, "filing", "limits") == {"limits": []}
    told(town, *("filing", "set-limit", "level_3_changes", 0, "--cite", "notice 5"), *FROM)
    (limit,) = told(town, "filing", "limits")["limits"]
    assert (limit["value"], limit["grade"], limit["cite"]) == (0, "A", "notice 5")
    told(town, "filing", "choose", "P1", "H3", "--date", "2022-03-01", "--from", "2022-03-02")
    days = ("--date", "2022-03-01", "--from", "2022-03-05")
    assert "0 at most (notice 5)" in refused(town, "filing", "choose", "P1", "H3-other", *days)
    (choice,) = told(town, "filing", "show", "P1")["choices"]
    told(town, "filing", "cancel", "choice", choice["choice"], "--reason", "a mistake")
    assert told(town, "filing", "choose", "P1", "H3-other", *days)["made"]


FROM = ("--from", "2022-01-01")


@pytest.mark.parametrize("wrong", ["", " ", "a\tb", "a\u202eb"])
def test_texts_that_cannot_be_seen_are_wrong_usage(town: Database, wrong: str) -> None:
    for words in (
        ("qualify", "apply", wrong, DISEASE, "--date", "2022-01-05"),
        ("qualify", "revoke", "P1", DISEASE, *FROM, "--reason", wrong),
        ("filing", "choose", "P1", wrong, "--date", "2022-01-05", *FROM),
        ("prescription", "dispatch", 1, "--time", "2022-03-01T09:30", "--carrier", wrong),
    ):
        told(town, *words, code=exit_codes.USAGE)


@pytest.mark.parametrize("time", ["", "soon", "2022-02-30T09:30", "9999-12-31T23:59"])
def test_a_time_that_there_is_not_is_wrong_usage(town: Database, time: str) -> None:
    words = ("prescription", "dispatch", 1, "--time", time, "--carrier", "van 7")
    told(town, *words, code=exit_codes.USAGE)
