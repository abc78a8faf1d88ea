"""Overlays that are not what their author meant: no change, or an address that is not there."""

from pathlib import Path
from typing import Any

import pytest
from small_pack import CITED, LAYERS, Rules, add_document, add_region, state, step, table

from yibao.errors import Defect, PackErrors
from yibao.policy.load import load_region

PAY = step("pay", 10, "share", of="in_scope", rate="rate", to="pool_pay", layer="basic")
KEYS = {"level": ["1", "2"]}
ROWS: list[Rules] = [{"level": "1", "value": "50%"}, {"level": "2", "value": "40%"}]


def base(root: Path) -> Path:
    """Write a region that pays by level from 2000 to 2019."""
    folder = add_region(root / "city")
    rules: Rules = {"layers": [CITED | {"order": LAYERS}], "steps": [PAY]}
    rules["tables"] = {"rate": table("rate", ROWS, KEYS)}
    add_document(folder, rules, "base", end="2019-12-31")
    return folder


def rows(*stated: Rules, **provision: Any) -> Rules:
    return {"tables": {"rate": {"provisions": [CITED | provision | {"rows": list(stated)}]}}}


def overlay(root: Path, rules: Rules, name: str = "reform", **document: Any) -> Path:
    return add_document(root / "desk", rules, name, start="2010-01-01", **document)


def told(folder: Path, *overlays: Path, **options: Any) -> Defect:
    with pytest.raises(PackErrors) as caught:
        load_region(folder, overlays=overlays, **options)
    (defect,) = caught.value.defects
    return defect


# --- that change nothing --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rules",
    [
        rows({"level": "1", "value": "50%"}),
        rows({"value": "50%", "level": "1"}, {"level": "2", "value": "40%"}),
        {"steps": [PAY]},
        {"layers": [CITED | {"order": LAYERS}]},
        {},
    ],
)
def test_an_overlay_that_restates_what_is_in_force(tmp_path: Path, rules: Rules) -> None:
    folder, same = base(tmp_path), overlay(tmp_path, rules, end="2019-12-31")
    defect = told(folder, same)
    assert defect.file == same / "document.yaml"
    assert defect.found == "the overlay reform, which changes nothing"
    assert defect.expected == "a figure, step or classification, in force on some day, that differs"


def test_an_overlay_that_no_document_activates(tmp_path: Path) -> None:
    draft = overlay(tmp_path, rows({"level": "1", "value": "60%"}), kind="draft")
    assert told(base(tmp_path), draft).found == "the overlay reform, which changes nothing"


def test_an_overlay_that_a_higher_document_outranks(tmp_path: Path) -> None:
    folder = base(tmp_path)
    law = rows({"level": "1", "value": "70%"})
    add_document(folder, law, "law", authority="province")
    cut = overlay(tmp_path, rows({"level": "1", "value": "60%"}))
    assert told(folder, cut).found == "the overlay reform, which changes nothing"


@pytest.mark.parametrize(
    "rules",
    [
        rows({"level": "1", "value": "60%"}),
        rows({"level": "1", "value": "50%"}, {"level": "2", "value": "41%"}),
        {"steps": [PAY | {"when": {"visit": "inpatient"}}]},
        {"state": state("spent")},
        {"layers": [CITED | {"order": LAYERS[::-1]}]},
    ],
)
def test_an_overlay_that_changes_something(tmp_path: Path, rules: Rules) -> None:
    folder, reform = base(tmp_path), overlay(tmp_path, rules, end="2019-12-31")
    assert load_region(folder, overlays=[reform]).own[-1].id == "reform"


def test_an_overlay_that_goes_on_where_the_rules_end(tmp_path: Path) -> None:
    same = overlay(tmp_path, rows({"level": "1", "value": "50%"}))
    assert load_region(base(tmp_path), overlays=[same])


def test_an_overlay_that_only_repeals(tmp_path: Path) -> None:
    act = CITED | {"document": "base", "from": "2010-01-01"}
    assert load_region(base(tmp_path), overlays=[overlay(tmp_path, {}, repeals=[act])])


def test_of_two_overlays_the_one_that_changes_nothing_is_named(tmp_path: Path) -> None:
    rise = overlay(tmp_path, rows({"level": "1", "value": "60%"}), "rise")
    same = overlay(tmp_path, rows({"level": "2", "value": "40%"}, to="2019-12-31"), "same")
    assert told(base(tmp_path), rise, same).found == "the overlay same, which changes nothing"


def test_an_overlay_that_is_left_out_need_not_change_anything(tmp_path: Path) -> None:
    same = overlay(tmp_path, rows({"level": "1", "value": "50%"}), end="2019-12-31")
    assert load_region(base(tmp_path), overlays=[same], without=["reform"])


# --- that address what is not there ---------------------------------------------------------------


def test_a_row_that_the_table_does_not_have(tmp_path: Path) -> None:
    reform = overlay(tmp_path, rows({"level": "3", "value": "60%"}))
    defect = told(base(tmp_path), reform)
    assert defect.file == reform / "rules.yaml"
    assert defect.found == "'3'"
    assert defect.expected == "a code of level in rate: 1, 2"


def test_a_key_that_the_table_does_not_have(tmp_path: Path) -> None:
    reform = overlay(tmp_path, rows({"scheme": "resident", "value": "60%"}))
    assert told(base(tmp_path), reform).found == "the key scheme"


def test_a_table_that_the_region_does_not_have(tmp_path: Path) -> None:
    reform = {"tables": {"rates": rows({"value": "60%"})["tables"]["rate"]}}
    defect = told(base(tmp_path), overlay(tmp_path, reform))
    assert defect.found == "rates, which no document declares"
    assert "did you mean 'rate'?" in defect.expected
    assert defect.expected.endswith("a new one declares its title and its unit")


def test_a_classification_that_the_region_does_not_have(tmp_path: Path) -> None:
    care = {"classifications": {"care": {"provisions": [CITED | {"rows": [{"value": "a"}]}]}}}
    assert told(base(tmp_path), overlay(tmp_path, care)).found == (
        "care, which no document declares"
    )


def test_an_act_on_a_provision_that_is_not_there(tmp_path: Path) -> None:
    act = CITED | {"document": "base", "provisions": ["ratte"], "from": "2010-01-01"}
    defect = told(base(tmp_path), overlay(tmp_path, {}, repeals=[act]))
    assert defect.found == "an act on 'ratte', which base does not have"
    assert "did you mean 'rate'?" in defect.expected
