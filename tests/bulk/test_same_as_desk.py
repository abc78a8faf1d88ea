"""The columnar engine writes what the desk's writes: settlements, rejects, differences, states."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from both_engines import assert_same, both, rows
from claim_files import CLAIM, PERSON, REVERSAL, Row, write

from yibao.cli.sample import write_city
from yibao.cli.sample_city import CLAIM_COLUMNS


def claims_of(*changes: Row) -> list[Row]:
    """Return claims with ids A, B, … unless they say otherwise."""
    return [{**CLAIM, "claim_id": chr(65 + n), **change} for n, change in enumerate(changes)]


def check(folder: Path, claims: list[Row], persons: list[Row], *more: str | Path) -> list[Row]:
    """Settle with both engines, compare, and return the settlements."""
    files = write(folder / "claims.csv", claims), write(folder / "persons.csv", persons)
    desk, bulk = both(folder, [files[0]], [files[1]], *more)
    assert_same(desk, bulk)
    return list(bulk.files["out.csv"])


# --- cities ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("region", ["tianjin", "jining"])
def test_sample_city(tmp_path: Path, region: str) -> None:
    persons, claims = write_city(tmp_path / "city", region, 400)
    desk, bulk = both(tmp_path, [claims], [persons], "--closing", "CLOSING", policy=region)
    assert_same(desk, bulk)
    assert len(bulk.files["out.csv"]) > 1000
    assert len(bulk.files["states.csv"]) == 400


def test_city_with_many_reversals_late_claims_and_bad_rows(tmp_path: Path) -> None:
    draw = random.Random(7)
    persons, claims = write_city(tmp_path / "city", "tianjin", 120, seed=3)
    table = rows(claims)
    people = rows(persons)
    more: list[dict[str, str]] = []
    for n, row in enumerate(table):
        chance = draw.random()
        if chance < 0.1 and not row["reverses"]:
            more.append(
                dict.fromkeys(CLAIM_COLUMNS, "")
                | {
                    "claim_id": f"R{n}",
                    "person_id": draw.choice([row["person_id"], "", people[0]["person_id"]]),
                    "settled_at": f"{2 + int(row['settled_at'][:4]) // 1}-01-0{1 + n % 9} 08:00",
                    "reverses": draw.choice([row["claim_id"], row["claim_id"], "NOBODY"]),
                }
            )
        elif chance < 0.16:
            row["settled_at"] = "2026-05-05 10:00:00"  # late: years later
        elif chance < 0.19:
            row["claim_id"] = table[0]["claim_id"]  # an id that several persons share
        elif chance < 0.22:
            row["total"] = draw.choice(["1,000.00", "", "-5", "12.345", "9"])
        elif chance < 0.24:
            row["person_id"] = "NOBODY"
        elif chance < 0.26:
            row["level"] = draw.choice(["二级", "三级", "四级", " 2 "])
        elif chance < 0.28:
            row["visit"] = "门诊"
        elif chance < 0.30:
            more.append(dict(row))  # the same claim again
    for n, person in enumerate(people):
        if n % 17 == 0:
            person["category"] = "?"
        elif n % 19 == 0:
            more_person = {**person, "from": person["from"]}
            people.append(more_person)
            break
    claims = write(tmp_path / "claims.csv", [*table, *more])
    persons = write(tmp_path / "persons.csv", people)
    desk, bulk = both(tmp_path, [claims], [persons], "--closing", "CLOSING")
    assert desk.code == 1
    assert_same(desk, bulk)
    assert bulk.files["out.differences.csv"]


# --- single rows ----------------------------------------------------------------------------------


def test_one_claim(tmp_path: Path) -> None:
    (row,) = check(tmp_path, claims_of({}), [PERSON])
    assert (row["claim_id"], row["kind"], row["pool_pay"]) == ("A", "claim", "32.50")


@pytest.mark.parametrize(
    "change",
    [
        {"total": "1000"},
        {"total": "1000.0"},
        {"total": " 1000.00 "},
        {"total": "1000.000"},
        {"total": "１０００"},
        {"total": ""},
        {"total": "99999999999999999.00"},
        {"in_scope": "849.99"},
        {"in_scope_tcm": "850.01"},
        {"settled_at": "2019-03-01"},
        {"settled_at": "2019/3/1 9:30"},
        {"settled_at": "2019-03-01T10:00:00.5"},
        {"settled_at": "2019-02-28 10:00:00"},
        {"admitted_on": "2019-03-02"},
        {"admitted_on": "2019-02-29"},
        {"discharged_on": ""},
        {"visit": "门诊"},
        {"visit": "no such visit"},
        {"level": "2\x00"},
        {"claim_id": "-1"},
        {"claim_id": "编号一"},
        {"claim_id": ""},
        {"person_id": "NOBODY"},
        {"person_id": ""},
        {"admitted_on": "2018-12-31", "discharged_on": "2018-12-31"},
    ],
    ids=str,
)
def test_a_cell(tmp_path: Path, change: Row) -> None:
    check(tmp_path, claims_of({}, change, {"settled_at": "2019-12-31"}), [PERSON])


def test_an_id_that_comes_twice(tmp_path: Path) -> None:
    again = {"claim_id": "A", "settled_at": "2019-05-01"}
    table = check(tmp_path, claims_of({}, again, {"settled_at": "2019-06-01"}), [PERSON])
    assert [row["claim_id"] for row in table] == ["A", "C"]


def test_an_id_that_comes_twice_at_once(tmp_path: Path) -> None:
    """Which of two rows of one id and time is settled depends on their content alone."""
    again = {"claim_id": "A", "total": "2000.00", "in_scope": "1850.00"}
    for n, claims in enumerate(
        (claims_of({}, again), claims_of(again, {**CLAIM, "claim_id": "A"}))
    ):
        (tmp_path / str(n)).mkdir()
        (row,) = check(tmp_path / str(n), claims, [PERSON])
        assert row["total"] == "1000.00"


def test_an_id_that_two_persons_share(tmp_path: Path) -> None:
    other = {"claim_id": "A", "person_id": "P2", "settled_at": "2019-02-01 10:00:00"}
    early = {"admitted_on": "2019-02-01", "discharged_on": "2019-02-01"}
    claims = claims_of({}, {**other, **early}, {"settled_at": "2019-04-01"})
    table = check(tmp_path, claims, [PERSON, {**PERSON, "person_id": "P2"}])
    assert sorted((row["claim_id"], row["person_id"]) for row in table) == [
        ("A", "P2"),
        ("C", "P1"),
    ]


@pytest.mark.parametrize("person", ["P1", "", "P2", "NOBODY"])
@pytest.mark.parametrize("target", ["A", "B", "NONE"])
def test_a_reversal(tmp_path: Path, person: str, target: str) -> None:
    reversal = {**REVERSAL, "claim_id": "R", "person_id": person, "reverses": target}
    again = {**reversal, "claim_id": "R2", "settled_at": "2019-04-02"}
    late = {"settled_at": "2019-03-02 10:00:00"}
    claims = [*claims_of({}, {**late, "person_id": "P2"}, late), reversal, again]
    check(tmp_path, claims, [PERSON, {**PERSON, "person_id": "P2"}])


def test_a_reversal_with_other_cells(tmp_path: Path) -> None:
    reversal = {**REVERSAL, "claim_id": "R", "reverses": "A", "total": "1.00"}
    itself = {**REVERSAL, "claim_id": "S", "reverses": "S"}
    check(tmp_path, [*claims_of({}), reversal, itself], [PERSON])


# --- persons --------------------------------------------------------------------------------------


def test_two_statuses_in_a_year(tmp_path: Path) -> None:
    until = {**PERSON, "to": "2019-02-28"}
    then = {**PERSON, "from": "2019-03-01", "category": "retired", "birth_date": "1955-01-01"}
    before = {"admitted_on": "2019-02-02", "discharged_on": "2019-02-02"}
    table = check(tmp_path, claims_of(before, {}), [then, until])
    assert len(table) == 2


def test_statuses_that_overlap(tmp_path: Path) -> None:
    persons = [PERSON, {**PERSON, "from": "2019-02-01", "category": "retired"}]
    fine = {**PERSON, "person_id": "P2"}
    reversal = {**REVERSAL, "claim_id": "R", "person_id": "P1", "reverses": "A"}
    claims = [*claims_of({}, {"person_id": "P2"}), reversal]
    (row,) = check(tmp_path, claims, [*persons, fine])
    assert row["person_id"] == "P2"


def test_a_person_with_a_bad_row(tmp_path: Path) -> None:
    bad = {**PERSON, "from": "2018-01-01", "to": "2018-12-31", "category": "?"}
    worse = {**PERSON, "from": "2019-13-01", "person_id": "P2"}
    claims = claims_of({}, {"person_id": "P2"}, {"person_id": "P3", "total": "x"})
    assert not check(tmp_path, claims, [PERSON, bad, worse, {**PERSON, "person_id": "P3"}])


@pytest.mark.parametrize("scheme", ["", "zz", "一级"])
def test_a_person_of_no_scheme(tmp_path: Path, scheme: str) -> None:
    """The row and its person's claims are rejected; the others are settled."""
    claims = claims_of({}, {"person_id": "P2"})
    persons = [PERSON, {**PERSON, "person_id": "P2", "scheme": scheme}]
    (row,) = check(tmp_path, claims, persons)
    assert row["person_id"] == "P1"


def test_a_refusal_speaks_of_the_claims_own_person(tmp_path: Path) -> None:
    """Ages that no rule tells apart share a decision, but not the words."""
    resident = {**PERSON, "scheme": "resident", "category": "adult", "contribution_tier": "none"}
    persons = [
        {**resident, "person_id": f"P{n}", "birth_date": f"{year}-04-12"}
        for n, year in enumerate((1986, 1950, 1953))
    ]
    stay = {"visit": "inpatient", "level": "3"}
    assert not check(
        tmp_path, claims_of(*({**stay, "person_id": f"P{n}"} for n in range(3))), persons
    )
    told = (tmp_path / "bulk" / "out.rejects.csv").read_text(encoding="utf-8")
    assert all(f"={age}" in told for age in (32, 68, 65))


def test_flags_from_the_institution(tmp_path: Path) -> None:
    person = {**PERSON, "chosen_institution": "H3", "contracted_institution": "H1"}
    columns = {"institution_id": "", "at_chosen_institution": ""}
    changes: list[Row] = [
        {**columns, "institution_id": "H3", "level": "3"},
        {**columns, "institution_id": "H3", "level": "3", "at_chosen_institution": "true"},
        {**columns, "institution_id": "H3", "level": "3", "at_chosen_institution": "false"},
        {**columns, "institution_id": "H1", "level": "1", "at_chosen_institution": "是"},
        {**columns, "level": "3", "at_chosen_institution": "1"},
    ]
    table = check(tmp_path, claims_of(*changes), [person])
    assert len(table) == 3


def test_no_claims_at_all(tmp_path: Path) -> None:
    file = tmp_path / "claims.csv"
    file.write_text(",".join(CLAIM) + "\n")
    persons = write(tmp_path / "persons.csv", [PERSON])
    assert_same(*both(tmp_path, [file], [persons]))


def test_damaged_lines_quotes_and_blank_lines(tmp_path: Path) -> None:
    file = write(tmp_path / "claims.csv", claims_of({}, {}, {}, {}))
    head, first, second, third, fourth = file.read_text().splitlines()
    quoted = ",".join(f'"{cell}"' for cell in second.split(","))
    lines = [head, first, "", quoted, "," * third.count(","), third + ",1", '"' + fourth]
    file.write_bytes("\r\n".join(lines).encode() + b"\n\xff\xfe\n")
    persons = write(tmp_path / "persons.csv", [PERSON])
    desk, bulk = both(tmp_path, [file], [persons])
    assert_same(desk, bulk)
    assert len(desk.files["out.csv"]) == 2


def test_gb18030(tmp_path: Path) -> None:
    file = write(tmp_path / "claims.csv", claims_of({"visit": "门诊"}, {"visit": "急诊"}))
    file.write_bytes(file.read_text().encode("gb18030"))
    persons = write(tmp_path / "persons.csv", [PERSON])
    desk, bulk = both(tmp_path, [file], [persons])
    assert_same(desk, bulk)
    assert len(bulk.files["out.csv"]) == 2
