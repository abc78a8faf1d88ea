"""Products join what a region rules: layers beside its own, kinds of care ahead of its own."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from small_pack import CITED, SAYS, Rules, add_document, add_region, claim, make_book, step, table

from yibao.errors import Defect, PackErrors
from yibao.policy.checking import check
from yibao.policy.load import load_region
from yibao.policy.policy import Policy, load_policy

BASIC = step("basic", 10, "share", of="in_scope", rate="half", to="pool_pay", layer="basic")
TITLES = {"old": SAYS, "new": SAYS}


def kinds(*rows: Rules, start: str = "2000-01-01", **provision: Any) -> Rules:
    return {"provisions": [CITED | {"from": start, "rows": list(rows)} | provision]}


def city(root: Path) -> Path:
    """Write a region that pays half, and from 2010 on orders care and layers anew."""
    folder = add_region(root / "city")
    care = {"title": SAYS, "codes": TITLES} | kinds({"value": "old"})
    rules: Rules = {"layers": [CITED | {"order": ["basic"]}], "classifications": {"care": care}}
    rules["tables"] = {"half": table("rate", "50%")}
    rules["steps"] = [BASIC | {"when": {"care": ["old", "new"]}}]
    add_document(folder, rules, "base")
    anew = {"care": kinds({"value": "new"}, start="2010-01-01")}
    order = [CITED | {"order": ["basic", "assistance"]}]
    add_document(folder, {"layers": order, "classifications": anew}, "anew", start="2010-01-01")
    return folder


def product(root: Path, name: str = "product", start: str = "2005-01-01", **rules: Any) -> Path:
    """Write a product: an emergency is a kind of care of its own, paid after all other layers."""
    care = kinds({"visit": "emergency", "value": "accident"}, start=start, ahead=True)
    pay = step("gift", 90, "share", of="in_scope", rate="gift", to="supplement_pay")
    made: Rules = {
        "layers": [CITED | {"last": ["supplement"]}],
        "classifications": {"care": {"codes": {"accident": SAYS}} | care},
        "tables": {"gift": table("rate", "80%")},
        "steps": [pay | {"layer": "supplement", "when": {"care": "accident"}}],
    }
    return add_document(root / "desk", made | rules, name, start=start)


def paid(policy: Policy, day: str, visit: str) -> dict[str, int]:
    found = make_book(policy).settle(claim("c", day, "100.00", visit=visit))
    return {name: fen for name, fen in found.funds.items() if fen}


def defect(folder: Path, *overlays: Path) -> Defect:
    with pytest.raises(PackErrors) as caught:
        load_region(folder, overlays=overlays)
    return caught.value.defects[0]


@pytest.mark.parametrize("day", ["2006-01-01", "2011-01-01"])
def test_a_product_goes_on_when_the_region_rules_anew(tmp_path: Path, day: str) -> None:
    policy = load_policy(city(tmp_path), overlays=[product(tmp_path)])
    assert paid(policy, day, "inpatient") == {"pool_pay": 50_00}
    assert paid(policy, day, "emergency") == {"supplement_pay": 80_00}
    assert [f for f in check(policy.region) if f.severity == "error"] == []


def test_before_a_product_begins_there_is_none(tmp_path: Path) -> None:
    policy = load_policy(city(tmp_path), overlays=[product(tmp_path)])
    assert paid(policy, "2004-12-31", "emergency") == {"pool_pay": 50_00}


def test_layers_join_before_and_after_the_order_in_force(tmp_path: Path) -> None:
    first = product(tmp_path)
    both = {"layers": [CITED | {"first": ["hospital_relief"]}, CITED | {"last": ["supplement"]}]}
    other = add_document(tmp_path / "desk", both, "other", start="2006-01-01")
    policy = load_policy(city(tmp_path), overlays=[first, other])
    day = policy.calendar.days[-1]
    layers = policy.plan(day).rules.layers
    assert layers is not None
    assert layers.order == ("hospital_relief", "basic", "assistance", "supplement")


@pytest.mark.parametrize("names", [["supplement", "charity"], ["charity", "supplement"]])
def test_layers_that_join_at_one_end_have_one_order(tmp_path: Path, names: list[str]) -> None:
    joining = [
        add_document(tmp_path / "desk", {"layers": [CITED | {"last": [name]}]}, name)
        for name in names
    ]
    layers = load_policy(city(tmp_path), overlays=joining).plan(date(2006, 1, 1)).rules.layers
    assert layers is not None
    assert layers.order == ("basic", "supplement", "charity")


def test_rows_ahead_of_one_another_that_nothing_puts_in_order(tmp_path: Path) -> None:
    one, other = product(tmp_path), tmp_path / "other"
    care = kinds({"visit": "emergency", "value": "gift"}, start="2005-01-01", ahead=True)
    rules = {"classifications": {"care": {"codes": {"gift": SAYS}} | care}}
    second = add_document(other, rules, "second", start="2005-01-01")
    told = defect(city(tmp_path), one, second)
    assert told.found.startswith("rows ahead of care twice")
    assert "`over: [product]` in second" in told.expected


def test_the_rows_of_the_later_product_are_asked_first(tmp_path: Path) -> None:
    care = kinds({"visit": "emergency", "value": "old"}, start="2008-01-01", ahead=True)
    later = add_document(
        tmp_path / "desk", {"classifications": {"care": care}}, "later", start="2008-01-01"
    )
    policy = load_policy(city(tmp_path), overlays=[product(tmp_path), later])
    assert paid(policy, "2007-12-31", "emergency") == {"supplement_pay": 80_00}
    assert paid(policy, "2008-01-01", "emergency") == {"pool_pay": 50_00}


def test_a_code_that_the_region_has_keeps_its_name(tmp_path: Path) -> None:
    care = kinds({"visit": "emergency", "value": "old"}, start="2008-01-01", ahead=True)
    other = {"zh": "另一个", "en": "another"}
    rules = {"classifications": {"care": {"codes": {"old": other}} | care}}
    overlay = add_document(tmp_path / "desk", rules, "renames", start="2008-01-01")
    assert defect(city(tmp_path), overlay).found == "another declaration"


def test_rows_ahead_of_nothing(tmp_path: Path) -> None:
    folder = add_region(tmp_path / "bare")
    add_document(folder, {"layers": [CITED | {"order": ["basic"]}]}, "base")
    assert "care" in defect(folder, product(tmp_path)).found


@pytest.mark.parametrize("fields", [{}, {"order": ["basic"], "last": ["supplement"]}])
def test_layers_say_one_place(tmp_path: Path, fields: Rules) -> None:
    folder = add_region(tmp_path / "city")
    add_document(folder, {"layers": [CITED | fields]}, "base")
    assert defect(folder).file.name == "rules.yaml"


LEFT = step("left", 80, "subtract", from_="in_scope", less=["paid_so_far"], to="left")
TAKE = step("take", 90, "add", terms=["left"], to="supplement_pay") | {"layer": "supplement"}


def test_what_is_left_is_known_whoever_pays_before(tmp_path: Path) -> None:
    rules = {"layers": [CITED | {"last": ["supplement"]}], "steps": [LEFT, TAKE]}
    gift = add_document(tmp_path / "desk", rules, "gift", start="2005-01-01")
    alone = load_policy(city(tmp_path), overlays=[gift])
    assert paid(alone, "2006-01-01", "inpatient") == {"pool_pay": 50_00, "supplement_pay": 50_00}
    unpaid = kinds({"visit": "emergency", "value": "unpaid"}, start="2005-01-01", ahead=True)
    kind = {"classifications": {"care": {"codes": {"unpaid": SAYS}} | unpaid}}
    nobody = add_document(tmp_path / "desk", kind, "nobody", start="2005-01-01")
    both = load_policy(tmp_path / "city", overlays=[nobody, gift])
    assert paid(both, "2006-01-01", "emergency") == {"supplement_pay": 100_00}


def test_funds_paid_so_far_stand_in_a_list_alone(tmp_path: Path) -> None:
    wrong = LEFT | {"from": "paid_so_far", "less": ["in_scope"]}
    rules = {"layers": [CITED | {"last": ["supplement"]}], "steps": [wrong, TAKE]}
    gift = add_document(tmp_path / "desk", rules, "gift", start="2005-01-01")
    found = check(load_region(city(tmp_path), overlays=[gift]))
    assert any("paid_so_far" in f.found for f in found if f.severity == "error")
