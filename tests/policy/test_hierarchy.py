"""Regions stand in a line: what a city inherits, and which parents it cannot have."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from small_pack import (
    CITED,
    LAYERS,
    SAYS,
    Rules,
    add_document,
    add_region,
    claim,
    make_book,
    step,
    table,
)

from yibao.errors import Defect, PackErrors
from yibao.policy.load import load_region
from yibao.policy.policy import Policy, load_policy

PAY = step("pay", 10, "share", of="in_scope", rate="rate", to="pool_pay", layer="basic")


def region(root: Path, name: str, level: str, parent: str | None = None) -> Path:
    """Write a region beside others; return its folder."""
    folder = add_region(root / name)
    file = folder / "region.yaml"
    head = json.loads(file.read_text(encoding="utf-8")) | {"level": level}
    file.write_text(json.dumps(head | ({"parent": parent} if parent else {})), encoding="utf-8")
    return folder


def rate(percent: str, **provision: Any) -> Rules:
    """Return rules that set the rate alone."""
    return {"tables": {"rate": table("rate", percent, **provision)}}


def line(root: Path) -> Path:
    """Write nation, province and city; the province pays 60 %. Return the city's folder."""
    nation = region(root, "nation", "national")
    add_document(nation, {"layers": [CITED | {"order": LAYERS}], "steps": [PAY]}, "law")
    province = region(root, "province", "province", "nation")
    add_document(province, rate("60%"), "provincial", start="2005-01-01")
    city = region(root, "city", "city", "province")
    add_document(city, {"results": {"x": SAYS}}, "municipal")
    return city


def paid(policy: Policy, day: str) -> int:
    """Return what 100 yuan on a day are paid, in yuan."""
    return make_book(policy).settle(claim("c", day, "100.00")).figure("pool_pay") // 100


def defects(folder: Path, **options: Any) -> tuple[Defect, ...]:
    with pytest.raises(PackErrors) as caught:
        load_region(folder, **options)
    return caught.value.defects


# --- what is inherited --------------------------------------------------------------------------


def test_a_city_inherits_steps_from_the_nation_and_figures_from_the_province(
    tmp_path: Path,
) -> None:
    city = load_policy(line(tmp_path))
    assert paid(city, "2010-01-01") == 60
    assert city.region.parents == ("province", "nation")
    of = {
        document.id: (document.region, document.authority.name)
        for document in city.region.documents
    }
    assert of == {
        "municipal": ("city", "city"),
        "provincial": ("province", "province"),
        "law": ("nation", "national"),
    }
    assert [document.id for document in city.region.own] == ["municipal"]


def test_the_higher_authority_wins_whatever_the_dates(tmp_path: Path) -> None:
    city = line(tmp_path)
    add_document(city, rate("50%"), "old", start="2001-01-01")
    add_document(city, rate("70%"), "new", start="2012-01-01")
    policy = load_policy(city)
    days = ("2004-12-31", "2005-01-01", "2012-01-01")
    assert [paid(policy, day) for day in days] == [50, 60, 60]


def test_a_guideline_yields_to_the_city(tmp_path: Path) -> None:
    city = line(tmp_path)
    add_document(tmp_path / "province", rate("65%", yields=True), "guideline", start="2005-01-01")
    alone = load_policy(tmp_path / "province", without=["provincial"])
    assert paid(alone, "2010-01-01") == 65
    add_document(city, rate("70%"), "new", start="2010-01-01")
    policy = load_policy(city, without=["provincial"])
    assert [paid(policy, day) for day in ("2009-12-31", "2010-01-01")] == [65, 70]


def test_an_inherited_document_may_be_left_out(tmp_path: Path) -> None:
    ids = {d.id for d in load_region(line(tmp_path), without=["provincial"]).documents}
    assert ids == {"municipal", "law"}


def test_an_overlay_is_the_citys_own(tmp_path: Path) -> None:
    city = line(tmp_path)
    overlay = add_document(tmp_path / "desk", rate("10%"), "reform", start="2004-01-01")
    found = load_region(city, overlays=[overlay])
    assert [document.id for document in found.own] == ["municipal", "reform"]
    assert paid(load_policy(city, overlays=[overlay]), "2004-06-01") == 10


def test_days_before_the_province_ruled_have_no_figure(tmp_path: Path) -> None:
    found = load_region(line(tmp_path))
    assert not any(
        row.origin.in_force(date(2004, 12, 31), None) for row in found.tables["rate"].rows
    )


# --- parents that cannot be ---------------------------------------------------------------------


def test_a_missing_parent(tmp_path: Path) -> None:
    city = region(tmp_path, "city", "city", "provinz")
    region(tmp_path, "province", "province")
    (told,) = defects(city)
    assert told.file == city / "region.yaml"
    assert told.found == "no region 'provinz'"
    assert "did you mean 'province'?" in told.expected


def test_parents_in_a_circle(tmp_path: Path) -> None:
    """Levels must rise, so a circle is told where it first does not."""
    one = region(tmp_path, "one", "city", "two")
    region(tmp_path, "two", "province", "one")
    (told,) = defects(one)
    assert told.file == tmp_path / "two" / "region.yaml"
    assert told.found == "the circle one → two → one"


def test_a_region_that_is_its_own_parent(tmp_path: Path) -> None:
    (told,) = defects(region(tmp_path, "one", "city", "one"))
    assert told.found == "the circle one → one"


def test_a_parent_of_the_same_level(tmp_path: Path) -> None:
    city = region(tmp_path, "city", "city", "other")
    region(tmp_path, "other", "city")
    (told,) = defects(city)
    assert (told.found, told.expected) == ("the parent other of level city", "a level above city")


def test_line_of_the_parent(tmp_path: Path) -> None:
    city = region(tmp_path, "city", "city")
    text = '{\n"parent": "gone",' + (city / "region.yaml").read_text(encoding="utf-8")[1:]
    (city / "region.yaml").write_text(text, encoding="utf-8")
    assert [told.line for told in defects(city)] == [2]


def test_declarations_must_agree(tmp_path: Path) -> None:
    city = line(tmp_path)
    other = {"tables": {"rate": table("yuan", "5.00")}}
    add_document(city, other, "clash", start="2006-01-01")
    assert any(told.found == "another declaration" for told in defects(city))


def test_one_id_in_two_regions(tmp_path: Path) -> None:
    city = line(tmp_path)
    add_document(city, rate("60%"), "law", start="2006-01-01")
    assert any("the document law, which city has too" in told.found for told in defects(city))


def test_a_city_cannot_repeal_what_stands_above_it(tmp_path: Path) -> None:
    city = line(tmp_path)
    repeal = CITED | {"document": "provincial", "from": "2010-01-01"}
    add_document(city, {}, "coup", start="2010-01-01", repeals=[repeal])
    (told,) = defects(city)
    assert told.found == "an act on provincial, a document of province"
    assert told.expected == "an act on a document of city itself"


# --- acts and precedence ------------------------------------------------------------------------


def test_an_act_on_a_provision_that_no_document_has(tmp_path: Path) -> None:
    folder = add_region(tmp_path)
    add_document(folder, rate("60%"), "base")
    repeal = CITED | {"document": "base", "provisions": ["rates"], "from": "2010-01-01"}
    later = add_document(folder, {}, "later", start="2010-01-01", repeals=[repeal])
    (told,) = defects(folder)
    assert told.file == later / "document.yaml"
    assert told.found == "an act on 'rates', which base does not have"
    assert "did you mean 'rate'?" in told.expected


def test_stated_precedence_decides_between_documents_of_one_day(tmp_path: Path) -> None:
    rules = rate("60%") | {"layers": [CITED | {"order": LAYERS}], "steps": [PAY]}
    folder = add_region(tmp_path)
    add_document(folder, rules, "first")
    add_document(folder, rate("70%"), "second", over=["first"])
    assert paid(load_policy(folder), "2010-01-01") == 70


def test_precedence_in_a_circle(tmp_path: Path) -> None:
    folder = add_region(tmp_path)
    add_document(folder, rate("60%"), "first", over=["second"])
    add_document(folder, rate("70%"), "second", over=["first"])
    assert "in a circle: first, second" in defects(folder)[0].found


def test_precedence_over_an_unknown_document(tmp_path: Path) -> None:
    folder = add_region(tmp_path)
    add_document(folder, rate("60%"), "first", over=["secnd"])
    add_document(folder, rate("70%"), "second")
    (told,) = defects(folder)
    assert (told.found, told.expected) == (
        "over 'secnd'",
        "a document of the region; did you mean 'second'?",
    )
