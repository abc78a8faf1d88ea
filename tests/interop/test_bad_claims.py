"""Each kind of bad claim: row, column, value and rule are named, and the rest settles."""

from pathlib import Path

import pytest
from claim_files import (
    CLAIM,
    GOOD,
    PERSON,
    REVERSAL,
    Row,
    errors,
    places,
    settle,
    settled,
    tianjin,
    write,
)

from yibao.interop.files.rows import InputError
from yibao.interop.files.settling import settle_files

Change = dict[str, str]

OVERSIZED = {"total": "1000000000.01", "in_scope": "999999850.01"}

ONE_CELL = [
    ("third-decimal", {"total": "1000.005"}, "total", "two_decimals"),
    ("negative", {"total": "-1000.00"}, "total", "not_negative"),
    ("oversized", OVERSIZED, "total", "max_amount"),
    ("far-too-large", {"total": "9" * 30}, "total", "max_amount"),
    ("thousands-separator", {"total": "1,000.00"}, "total", "amount"),
    ("exponent", {"total": "1e3"}, "total", "amount"),
    ("full-width-digits", {"total": "１０００"}, "total", "amount"),
    ("currency-sign", {"total": "¥1000"}, "total", "amount"),
    ("not-a-number", {"total": "NaN"}, "total", "amount"),
    ("parts", {"in_scope": "849.99"}, "total", "parts_add_up"),
    ("portion", {"in_scope_tcm": "850.01"}, "in_scope_tcm", "portion_within"),
    ("unknown-visit", {"visit": "outpatiant"}, "visit", "known_code"),
    ("unknown-level", {"level": "4"}, "level", "known_code"),
    ("no-such-day", {"admitted_on": "2019-02-30"}, "admitted_on", "date"),
    ("week-date", {"admitted_on": "2019-W09-5"}, "admitted_on", "date"),
    (
        "discharged-first",
        {"admitted_on": "2019-03-02"},
        "discharged_on",
        "discharge_after_admission",
    ),
    ("no-such-time", {"settled_at": "2019-03-01 25:00"}, "settled_at", "time"),
    ("time-zone", {"settled_at": "2019-03-01T10:00:00+08:00"}, "settled_at", "time"),
    ("settled-first", {"settled_at": "2019-02-28"}, "settled_at", "settled_after_discharge"),
    ("unknown-person", {"person_id": "P9"}, "person_id", "known_person"),
    ("missing-visit", {"visit": ""}, "visit", "required"),
    ("missing-id", {"claim_id": " "}, "claim_id", "required"),
    ("formula", {"claim_id": "=1+1"}, "claim_id", "identifier"),
    ("nul", {"claim_id": "C\0"}, "claim_id", "control_character"),
    ("line-break", {"claim_id": "C\u2028D"}, "claim_id", "control_character"),
    ("zero-width", {"claim_id": "C\u200b"}, "claim_id", "control_character"),
    ("long-cell", {"claim_id": "C" * 257}, "claim_id", "cell_length"),
]


@pytest.mark.parametrize(
    ("change", "column", "rule"), [c[1:] for c in ONE_CELL], ids=[c[0] for c in ONE_CELL]
)
def test_one_bad_cell(tmp_path: Path, change: Change, column: str, rule: str) -> None:
    bad = {**CLAIM, **change}
    run = settle(tmp_path, [bad, GOOD])
    assert ("claims.csv", 2, column, bad[column], rule) in places(run)
    assert settled(run) == ["GOOD"]


def test_every_error_of_a_row_is_told(tmp_path: Path) -> None:
    run = settle(tmp_path, [{**CLAIM, "total": "-1", "level": "9", "visit": "?"}])
    assert {(column, rule) for _, _, column, _, rule in places(run)} == {
        ("visit", "known_code"),
        ("total", "not_negative"),
        ("level", "known_code"),
    }


def test_messages_are_in_both_languages(tmp_path: Path) -> None:
    (error,) = errors(settle(tmp_path, [{**CLAIM, "visit": "outpatiant"}]))
    assert error.message.zh.startswith("没有这个代码，是不是 outpatient？")
    assert error.message.en.startswith("no such code; did you mean outpatient?")
    assert error.say("en").startswith(f"{tmp_path}/claims.csv:2 visit = 'outpatiant': ")


def test_amounts_at_their_limits_are_good(tmp_path: Path) -> None:
    most = {"total": "1000000000.00", "in_scope": "999999850.00", "in_scope_tcm": "999999850.00"}
    none = dict.fromkeys(("total", "out_of_catalogue", "first_self_pay", "in_scope"), "0")
    run = settle(tmp_path, [{**CLAIM, **most}, {**CLAIM, **none, "claim_id": "C2"}])
    assert settled(run) == ["C1", "C2"]


# --- among other rows -----------------------------------------------------------------------------


def test_date_outside_the_pack(tmp_path: Path) -> None:
    old = {"admitted_on": "2012-03-01", "discharged_on": "2012-03-01", "settled_at": "2012-03-01"}
    run = settle(tmp_path, [{**CLAIM, **old}, GOOD], [{**PERSON, "from": "2010-01-01"}])
    assert places(run) == [("claims.csv", 2, "discharged_on", "2012-03-01", "rule_in_force")]
    assert settled(run) == ["GOOD"]


def test_missing_figure_is_named(tmp_path: Path) -> None:
    run = settle(tmp_path, [{**CLAIM, "visit": "two_disease"}, GOOD])
    (error,) = errors(run)
    assert error.rule == "figure_known"
    assert "two_disease_rate" in error.message.zh
    assert "two_disease_rate" in error.message.en


def test_person_not_insured_on_the_day(tmp_path: Path) -> None:
    run = settle(tmp_path, [CLAIM], [{**PERSON, "to": "2019-02-28"}])
    assert places(run) == [("claims.csv", 2, "person_id", "P1", "insured_on_day")]


def test_duplicate_claim_id_in_one_file(tmp_path: Path) -> None:
    run = settle(tmp_path, [{**CLAIM, "settled_at": "2019-03-02"}, CLAIM])
    assert places(run) == [("claims.csv", 2, "claim_id", "C1", "unique_claim_id")]
    assert "claims.csv:3" in errors(run)[0].message.en
    assert settled(run) == ["C1"]


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_duplicate_claim_id_across_files(tmp_path: Path, order: tuple[str, str]) -> None:
    """The earlier one is settled, whichever file comes first."""
    rows: dict[str, Row] = {"a": CLAIM, "b": {**CLAIM, "settled_at": "2019-03-02"}}
    files = [write(tmp_path / f"{name}.csv", [rows[name]]) for name in order]
    run = settle_files(tianjin(), files, [write(tmp_path / "persons.csv", [PERSON])])
    assert places(run) == [("b.csv", 2, "claim_id", "C1", "unique_claim_id")]
    assert settled(run) == ["C1"]


def test_equal_time_and_id_do_not_depend_on_file_order(tmp_path: Path) -> None:
    dear = {**CLAIM, "total": "2000.00", "in_scope": "1850.00"}
    runs = [settle(tmp_path, rows) for rows in ([CLAIM, dear], [dear, CLAIM])]
    one, other = ([e.settlement.total for e in run.batch.entries] for run in runs)
    assert one == other == [100_000]


# --- reversals ------------------------------------------------------------------------------------


def reversal(**cells: str) -> Row:
    return {**REVERSAL, **cells}


@pytest.mark.parametrize(
    ("row", "column", "rule"),
    [
        (reversal(claim_id="R1", reverses="C9"), "reverses", "reversal_known"),
        (reversal(claim_id="R1", reverses="R1"), "reverses", "reversal_not_itself"),
        (reversal(claim_id="C1", reverses="C1"), "reverses", "reversal_not_itself"),
        (reversal(claim_id="R1", reverses="C1", total="1000.00"), "total", "empty"),
        (reversal(claim_id="R1", reverses="C1", person_id="P2"), "person_id", "reversal_person"),
        (reversal(claim_id="R1", reverses="C1", settled_at=""), "settled_at", "required"),
        (
            reversal(claim_id="R1", reverses="C1", settled_at="2019-01-02"),
            "reverses",
            "reversal_known",
        ),
    ],
    ids=["unknown", "itself", "itself-as-claim", "amount", "person", "time", "before-its-claim"],
)
def test_bad_reversal(tmp_path: Path, row: Row, column: str, rule: str) -> None:
    run = settle(tmp_path, [CLAIM, row, GOOD])
    assert places(run) == [("claims.csv", 3, column, row[column], rule)]
    assert settled(run) == ["C1", "GOOD"]


def test_reversal_twice(tmp_path: Path) -> None:
    again = reversal(claim_id="R2", reverses="C1", settled_at="2019-04-02")
    run = settle(tmp_path, [CLAIM, reversal(claim_id="R1", reverses="C1"), again, GOOD])
    assert places(run) == [("claims.csv", 4, "reverses", "C1", "reversal_once")]
    assert settled(run) == ["C1", "R1", "GOOD"]


def test_reversal_of_a_rejected_claim(tmp_path: Path) -> None:
    run = settle(tmp_path, [{**CLAIM, "level": "9"}, reversal(claim_id="R1", reverses="C1")])
    assert [rule for *_, rule in places(run)] == ["known_code", "reversal_known"]


# --- dates ----------------------------------------------------------------------------------------


def test_one_date_stands_for_both(tmp_path: Path) -> None:
    row = {k: v for k, v in CLAIM.items() if k not in {"admitted_on", "discharged_on"}}
    run = settle(tmp_path, [{**row, "date": "2019/3/1"}])
    (entry,) = run.batch.entries
    claim = entry.settlement.claim
    assert claim.admitted == claim.discharged == entry.settlement.day
    assert str(claim.discharged) == "2019-03-01"


def test_a_date_beside_the_others_is_an_error(tmp_path: Path) -> None:
    run = settle(tmp_path, [{**CLAIM, "date": "2019-03-01"}])
    assert {rule for *_, rule in places(run)} == {"one_date"}


def test_a_missing_day_is_an_error(tmp_path: Path) -> None:
    run = settle(tmp_path, [{**CLAIM, "discharged_on": ""}])
    assert ("claims.csv", 2, "discharged_on", "", "required") in places(run)


# --- the chosen institution -----------------------------------------------------------------------

HOSPITAL = {"institution_id": "H3-01", "level": "3"}


@pytest.mark.parametrize(
    ("cells", "chosen", "at"),
    [
        (HOSPITAL, "H3-01", True),
        (HOSPITAL, "H3-02", False),
        (HOSPITAL, "", False),
        ({**HOSPITAL, "institution_id": ""}, "H3-01", False),
        ({**HOSPITAL, "at_chosen_institution": "是"}, "H3-01", True),
        ({**HOSPITAL, "at_chosen_institution": ""}, "H3-01", True),
    ],
)
def test_chosen_institution(tmp_path: Path, cells: Change, chosen: str, at: bool) -> None:
    from yibao.policy.vocabulary import vocabulary

    run = settle(tmp_path, [{**CLAIM, **cells}], [{**PERSON, "chosen_institution": chosen}])
    names = [a.name for a in vocabulary().of("claim")]
    (entry,) = run.batch.entries
    assert entry.settlement.claim.facts[names.index("at_chosen_institution")] is at


def test_a_contradicting_flag_is_an_error(tmp_path: Path) -> None:
    row = {**CLAIM, **HOSPITAL, "at_chosen_institution": "true"}
    run = settle(tmp_path, [row], [{**PERSON, "chosen_institution": "H3-02"}])
    assert places(run) == [
        ("claims.csv", 2, "at_chosen_institution", "true", "agrees_with_persons")
    ]


def test_the_status_of_the_day_decides(tmp_path: Path) -> None:
    """The hospital chosen until June is not the one chosen from July."""
    first = {**PERSON, "to": "2019-06-30", "chosen_institution": "H3-01"}
    then = {**PERSON, "from": "2019-07-01", "chosen_institution": "H3-02"}
    row = {**CLAIM, **HOSPITAL, "at_chosen_institution": "true"}
    july = {"admitted_on": "2019-07-01", "discharged_on": "2019-07-01", "settled_at": "2019-07-01"}
    run = settle(tmp_path, [row, {**row, **july, "claim_id": "C2"}], [first, then])
    assert settled(run) == ["C1"]
    assert places(run)[0][4] == "agrees_with_persons"


# --- persons --------------------------------------------------------------------------------------

BAD_PERSONS = [
    ("ends-first", {"to": "2018-12-31"}, "to", "period"),
    ("unborn", {"birth_date": "2019-01-02"}, "birth_date", "born_before"),
    ("no-such-day", {"birth_date": "1975-02-29"}, "birth_date", "date"),
    ("unknown-category", {"category": "retiree"}, "category", "known_code"),
    ("no-scheme", {"scheme": ""}, "scheme", "required"),
    ("unknown-identity", {"identities": "veteran;nobody"}, "identities", "known_code"),
    ("not-a-flag", {"large_expense_paid": "maybe"}, "large_expense_paid", "flag"),
]


@pytest.mark.parametrize(
    ("change", "column", "rule"), [c[1:] for c in BAD_PERSONS], ids=[c[0] for c in BAD_PERSONS]
)
def test_bad_person(tmp_path: Path, change: Change, column: str, rule: str) -> None:
    bad, other = {**PERSON, **change}, {**PERSON, **dict.fromkeys(change, ""), "person_id": "P2"}
    good = {**other, **{k: PERSON[k] for k in change if k in PERSON}}
    run = settle(tmp_path, [CLAIM, {**GOOD, "person_id": "P2"}], [bad, good])
    found = [(e.row, e.column, e.rule) for r in run.persons.rejects for e in r.errors]
    assert found == [(2, column, rule)]
    assert places(run) == [("claims.csv", 2, "person_id", "P1", "person_rows_valid")]
    assert settled(run) == ["GOOD"]


@pytest.mark.parametrize("first", ["2019-06-30", "2019-01-01", "2018-01-01"])
def test_two_overlapping_statuses(tmp_path: Path, first: str) -> None:
    """Neither of the two is believed; the person's claims wait."""
    one = {**PERSON, "to": "2019-06-30"}
    other = {**PERSON, "from": first, "category": "retired"}
    run = settle(tmp_path, [CLAIM], [one, other])
    found = [(e.row, e.column, e.rule) for r in run.persons.rejects for e in r.errors]
    assert found == [(2, "from", "one_status"), (3, "from", "one_status")]
    assert places(run) == [("claims.csv", 2, "person_id", "P1", "person_rows_valid")]


def test_statuses_that_meet_do_not_overlap(tmp_path: Path) -> None:
    one = {**PERSON, "to": "2019-06-30"}
    run = settle(tmp_path, [CLAIM], [{**PERSON, "from": "2019-07-01"}, one])
    assert not run.persons.rejects
    assert settled(run) == ["C1"]


def test_sets_and_flags(tmp_path: Path) -> None:
    from yibao.policy.vocabulary import vocabulary

    cells = {"identities": " veteran | severely_disabled;veteran ", "large_expense_paid": "否"}
    run = settle(tmp_path, [CLAIM], [{**PERSON, **cells}])
    names = [a.name for a in vocabulary().of("person") if a.kind != "number"]
    (status,) = run.persons.enrolment.statuses("P1")
    facts = dict(zip(names, status.facts, strict=True))
    assert facts["identities"] == {"veteran", "severely_disabled"}
    assert facts["large_expense_paid"] is False


def test_no_good_row_at_all(tmp_path: Path) -> None:
    run = settle(tmp_path, [{**CLAIM, "level": "9"}])
    assert not run.batch.entries
    assert run.last_year is None


def test_a_missing_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        settle_files(tianjin(), [tmp_path / "none.csv"], [write(tmp_path / "p.csv", [PERSON])])
