"""Rule packs that are damaged, or written to break the loader."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from claim_files import write
from small_pack import (
    CITED,
    LAYERS,
    SAYS,
    add_document,
    add_region,
    make_policy,
    state,
    step,
    table,
)
from typer.testing import CliRunner

from yibao.cli import app
from yibao.errors import PackErrors
from yibao.policy.checking import check
from yibao.policy.load import load_region
from yibao.settlement.cases import CaseRunner

RULES: dict[str, Any] = {
    "layers": [CITED | {"order": LAYERS}],
    "tables": {"rate": table("rate", "50%")},
    "steps": [
        step("pay", 10, "share", of="in_scope", rate="rate", to="pool_pay", layer="basic"),
    ],
}


def found(folder: Path) -> str:
    """Load a region that must not load; return what was found."""
    with pytest.raises(PackErrors) as caught:
        load_region(folder)
    return str(caught.value)


def pack(folder: Path, **document: Any) -> Path:
    add_document(add_region(folder), RULES, **document)
    return folder


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: " + "[" * 10_000 + "]" * 10_000, "levels"),
        ("a: " + "[" * 10_000, "levels"),
        ("\n".join(" " * n + "a:" for n in range(3_000)), "levels"),
        ("a: " + "9" * 5_000, "a number of 5000 digits"),
        ("layers: []\n---\nlayers: []\n", ":2: found a second document"),
    ],
)
def test_yaml_that_would_end_the_loader_or_lose_a_part(
    tmp_path: Path, text: str, told: str
) -> None:
    pack(tmp_path)
    (tmp_path / "rules@2000-01-01" / "more.yaml").write_text(text, encoding="utf-8")
    assert told in found(tmp_path)


ACT = CITED | {"document": "rules"}


@pytest.mark.parametrize(
    "document",
    [
        {"known": "2021-02-30"},
        {"end": "2021-02-30"},
        {"end": "9999-12-31"},
        {"start": "0001-01-01"},
        {"repeals": [ACT | {"from": "0001-01-01"}]},
        {"repeals": [ACT | {"from": "2021-02-30"}]},
        {"extends": [ACT | {"to": "9999-12-31"}]},
    ],
)
def test_days_that_do_not_exist_or_leave_no_day_beyond(
    tmp_path: Path, document: dict[str, Any]
) -> None:
    assert "expected a day that exists" in found(pack(tmp_path, **document))


def test_a_state_attribute_of_a_million_codes_is_refused(tmp_path: Path) -> None:
    looked = {"n": {"title": SAYS, "value_of": "count", "max": 10**6}}
    with pytest.raises(PackErrors, match="maximum of 1000"):
        make_policy(
            tmp_path, {"state": state("count", unit="count"), "state_attributes": looked} | RULES
        )


@pytest.mark.parametrize(
    "attribute", [{"value_of": "nothing"}, {"ordinal_of": "count", "within": "nothing"}]
)
def test_a_state_attribute_of_no_state_value_is_refused(
    tmp_path: Path, attribute: dict[str, str]
) -> None:
    looked = {"n": {"title": SAYS, "max": 3} | attribute}
    with pytest.raises(PackErrors, match="'nothing'; expected a state value: count"):
        make_policy(
            tmp_path, {"state": state("count", unit="count"), "state_attributes": looked} | RULES
        )


@pytest.mark.parametrize(
    "event",
    [
        {"date": "2020-01-01", "person": {"birth_date": "?"}, "expect": {"pool_pay": "0.00"}},
        {"date": "2020-01-01", "admitted": "2020-13-01", "expect": {"pool_pay": "0.00"}},
    ],
)
def test_a_case_with_a_wrong_value_fails_and_does_not_end_the_run(
    tmp_path: Path, event: dict[str, Any]
) -> None:
    case = {"id": "x", "title": SAYS, "events": [event]}
    facts = {"person": {"scheme": "resident", "category": "adult"}, "claim": {"visit": "inpatient"}}
    file = pack(tmp_path) / "rules@2000-01-01" / "cases.yaml"
    file.write_text(json.dumps({"defaults": facts, "cases": [case]}), encoding="utf-8")
    (verdict,) = CaseRunner(tmp_path).run_all()
    assert len(verdict.failures) == 1


def test_a_case_on_a_day_that_does_not_exist_is_told_of_by_that_day(tmp_path: Path) -> None:
    event = {"date": "2020-02-30", "expect": {"pool_pay": "0.00"}}
    case = {"id": "x", "title": SAYS, "events": [event]}
    file = pack(tmp_path) / "rules@2000-01-01" / "cases.yaml"
    file.write_text(json.dumps({"cases": [case]}), encoding="utf-8")
    with pytest.raises(PackErrors, match=r'found "2020-02-30" at cases\.x\.events\.1\.date'):
        list(CaseRunner(tmp_path).run_all())


def test_a_pack_that_does_not_compile_ends_the_run_instead_of_rejecting_claims(
    tmp_path: Path,
) -> None:
    wrong = {**RULES["steps"][0], "rate": "no_such_table"}
    add_document(add_region(tmp_path / "pack"), RULES | {"steps": [wrong]})
    person = {"person_id": "P", "from": "2019-01-01", "birth_date": "1980-01-01"}
    person |= {"scheme": "resident", "category": "adult", "contribution_tier": "high"}
    claim = {"claim_id": "C", "person_id": "P", "visit": "outpatient", "date": "2019-02-01"}
    claim |= {"settled_at": "2019-02-01", "total": "1.00", "in_scope": "1.00", "level": "1"}
    files = write(tmp_path / "c.csv", [claim]), write(tmp_path / "p.csv", [person])
    args = ["settle", files[0], "--persons", files[1], "--policy", tmp_path / "pack"]
    result = CliRunner().invoke(app, [str(a) for a in (*args, "-o", tmp_path / "out.csv")])
    assert result.exit_code == 3
    assert "no_such_table" in result.stderr
    assert not (tmp_path / "out.csv").exists()


# --- tables of any size ---------------------------------------------------------------------------


def test_a_table_of_thousands_of_rows_loads_and_is_checked(tmp_path: Path) -> None:
    """Asked at every point, 3,600 rows for 3,600 points took minutes at every load."""
    ages = list(range(60))
    rows = [
        {"age": {"from": a, "below": a + 1}, "age_on_1_january": {"from": b, "below": b + 1}}
        | {"value": "50%"}
        for a in ages[:-1]
        for b in ages[:-1]
    ]
    keys = {"age": ages, "age_on_1_january": ages}
    rules = RULES | {"tables": {"rate": table("rate", rows, keys)}}
    region = load_region(add_document(add_region(tmp_path), rules).parent)
    gaps = [f for f in check(region, date(2020, 1, 1)) if f.check == "coverage"]
    assert [f.severity for f in gaps] == ["error"]
    assert "no row of rate for age_on_1_january=59; age=59, " in gaps[0].found


def test_rows_for_one_key_are_told_once_each(tmp_path: Path) -> None:
    rows = [{"level": str(n % 2 + 1), "value": "50%"} for n in range(2_000)]
    rules = RULES | {"tables": {"rate": table("rate", rows, {"level": ["1", "2"]})}}
    add_document(add_region(tmp_path), rules)
    with pytest.raises(PackErrors) as caught:
        load_region(tmp_path)
    assert len(caught.value.defects) == 1_998


def test_keys_whose_combinations_nobody_can_look_at_are_refused(tmp_path: Path) -> None:
    keys = {"age": list(range(1_000)), "age_on_1_january": list(range(1_000))}
    rules = RULES | {"tables": {"rate": table("rate", [{"value": "50%"}], keys)}}
    add_document(add_region(tmp_path), rules)
    assert "rate with 1000000 combinations of its keys" in found(tmp_path)


# --- what would get lost --------------------------------------------------------------------------


NAMED = "which is a table and an amount or state value too"


def test_a_table_that_an_amount_or_a_state_value_hides_is_refused(tmp_path: Path) -> None:
    """An operand `wage` of a bill is the request's wage: the table would never be asked."""
    five = {"op": "add", "terms": ["five"], "to": "x"}
    for folder, name, more in (
        ("amount", "in_scope", {}),
        ("input", "wage", {"phase": "contribution", "to": "personal_contribution"}),
        ("state", "used", {}),
    ):
        steps = [step("one", 10, **five | {"terms": [name]} | more)]
        rules = {"tables": {name: table("yuan", "5.00")}, "steps": steps, "state": state("used")}
        add_document(add_region(tmp_path / folder), rules)
        assert f"step one: {name}, {NAMED}" in found(tmp_path / folder)
    steps = [step("one", 10, "add", terms=["in_scope"], to="pool_pay", layer="basic")]
    add_document(
        add_region(tmp_path / "other"),
        RULES | {"tables": {"wage": table("yuan", "5.00")}, "steps": steps},
    )
    assert load_region(tmp_path / "other").tables.keys() == {"wage"}


def test_a_classification_named_as_an_attribute_is_refused(tmp_path: Path) -> None:
    provision = CITED | {"rows": [{"value": "a"}]}
    level = {"title": SAYS, "codes": {"a": SAYS}, "provisions": [provision]}
    add_document(add_region(tmp_path), RULES | {"classifications": {"level": level}})
    assert "classification level, named as an attribute" in found(tmp_path)


def paid_over(folder: Path, *steps: dict[str, Any]) -> list[str]:
    add_document(add_region(folder), RULES | {"steps": list(steps)})
    return [f.found for f in check(load_region(folder)) if f.check == "paid over"]


def test_a_payment_that_another_replaces_is_an_error(tmp_path: Path) -> None:
    """Of two shares of 50 % to one fund only the second would count."""
    share = {"of": "in_scope", "rate": "rate", "layer": "basic"}
    one = step("one", 10, "share", to="pool_pay", **share)
    other = step("other", 20, "share", to="pool_pay", **share)
    told = "step other: pool_pay, which step one has paid and nothing reads"
    assert paid_over(tmp_path / "a", one, other) == [told]
    both = step("both", 30, "add", terms=["pool_pay", "half"], to="pool_pay", layer="basic")
    half = step("half", 20, "share", of="in_scope", rate="rate", to="half")
    assert paid_over(tmp_path / "b", one, half, both) == []
    apart = ({"when": {"level": "1"}}, {"when": {"level": ["2", "3"]}})
    assert paid_over(tmp_path / "c", one | apart[0], other | apart[1]) == []


def test_a_payer_of_a_bill_who_pays_twice_is_an_error(tmp_path: Path) -> None:
    phase = {"phase": "contribution", "op": "add", "terms": ["wage"]}
    steps = [step(name, 10, **phase, to="personal_contribution") for name in ("one", "two")]
    assert len(paid_over(tmp_path, *steps)) == 1
