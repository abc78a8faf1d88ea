"""Limits, measures, waivers and lists of articles that are not right."""

from pathlib import Path
from typing import Any

import pytest
from small_pack import CITED, SAYS, Rules, add_document, add_region, table

from yibao.errors import Defect, PackErrors
from yibao.policy.articles import unlisted
from yibao.policy.load import load_region

LIMIT: Rules = CITED | {"id": "floor", "measure": "inpatient_rate", "must_be": "at_least"}


def defects(folder: Path, rules: Rules, **document: Any) -> tuple[Defect, ...]:
    add_document(add_region(folder), rules, "opinion", **document)
    with pytest.raises(PackErrors) as caught:
        load_region(folder)
    return caught.value.defects


def told(folder: Path, rules: Rules, **document: Any) -> tuple[str, str]:
    """Return what the only defect found and expected."""
    (defect,) = defects(folder, rules, **document)
    return defect.found, defect.expected


# --- limits ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "found", "expected"),
    [
        ({"measure": "inpatient_rat", "value": "80%"}, "'inpatient_rat'", "a measure"),
        ({}, "a limit with no figure", "one of: value"),
        (
            {"value": "80%", "share": "5%", "of": "average_wage"},
            "of, share, value",
            "one of: value",
        ),
        ({"share": "5%"}, "a limit with share", "share and of"),
        ({"share": "5", "of": "average_wage"}, "5", '"50%"'),
        ({"share": "5%", "of": "wage"}, "'wage'", "a measure"),
        ({"value": "80.00"}, "80.00", '"65%"'),
        ({"values": ["80%"]}, "must_be: at_least", "one_of with values"),
        ({"must_be": "one_of", "value": "80%"}, "must_be: one_of", "one_of with values"),
        ({"value": "80%", "when": {"schem": "employee"}}, "schem", "an attribute"),
        ({"value": "80%", "when": {"scheme": "staff"}}, "'staff'", "a code of scheme"),
    ],
)
def test_defect_of_a_limit(tmp_path: Path, fields: Rules, found: str, expected: str) -> None:
    said = told(tmp_path, {"limits": [LIMIT | fields]})
    assert found in said[0]
    assert expected in said[1]


# --- measures of tables ---------------------------------------------------------------------------


def rate(**head: Any) -> Rules:
    return {"tables": {"rate": table("rate", "80%") | head}}


@pytest.mark.parametrize(
    ("head", "found", "expected"),
    [
        ({"measure": "rate_of_stays"}, "'rate_of_stays'", "a measure of the vocabulary"),
        ({"measure": "average_wage"}, "average_wage in the unit rate", "the unit yuan"),
        ({"scope": {"scheme": "staff"}}, "'staff'", "a code of scheme"),
        (
            {
                "scope": {"scheme": "employee"},
                "keys": {"scheme": ["employee", "resident"]},
            },
            "scheme, which is a key of rate",
            "only what the keys do not say",
        ),
    ],
)
def test_defect_of_a_measured_table(tmp_path: Path, head: Rules, found: str, expected: str) -> None:
    said = told(tmp_path, rate(**head))
    assert found in said[0]
    assert expected in said[1]


# --- waivers --------------------------------------------------------------------------------------


def test_a_waiver_of_a_limit_that_does_not_exist(tmp_path: Path) -> None:
    waived = CITED | {"limit": "flor", "document": "opinion"}
    (defect,) = defects(tmp_path, {"limits": [LIMIT | {"value": "80%"}]}, waives=[waived])
    assert defect.file == tmp_path / "opinion@2000-01-01" / "document.yaml"
    assert defect.found == "a waiver of flor of opinion"
    assert defect.expected == "a limit that a document states; there are: floor of opinion"


def test_a_waiver_of_the_limit_of_another_document(tmp_path: Path) -> None:
    waived = CITED | {"limit": "floor", "document": "gone"}
    found, _ = told(tmp_path, {"limits": [LIMIT | {"value": "80%"}]}, waives=[waived])
    assert found == "a waiver of floor of gone"


# --- articles -------------------------------------------------------------------------------------

LISTED = ["一（一）", "一（二）", "三（九）", "三（十）", "四（十二）", "六", "主要指标表"]
LISTED += ["八（二十六）", "八（三十一）", "第三条"]


@pytest.mark.parametrize(
    "cite",
    [
        "一（一）",
        "三（九）（十）",
        "四（十二）、一（二）",
        "一（一）第4段",
        "一（一）全民参保、引导控费",
        "八（二十六）至（三十一）",
        "六第2款",
        "六（一）",
        "一、六",
        "主要指标表第1至3项",
        "第三条第二款",
        "一（一）（反面）",
    ],
)
def test_cites_that_are_listed(cite: str) -> None:
    assert unlisted(cite, LISTED) is None


@pytest.mark.parametrize(
    ("cite", "name"),
    [
        ("一（三）", "一（三）"),
        ("三（九）（十一）", "三（十一）"),
        ("四（十二）、一（三）", "一（三）"),
        ("八（二十六）至（三十二）", "八（三十二）"),
        ("二", "二"),
        ("一（一）、七", "七"),
        ("六十", "六十"),
        ("附则", "附则"),
        ("第三十条", "第三十条"),
    ],
)
def test_cites_that_are_not_listed(cite: str, name: str) -> None:
    assert unlisted(cite, LISTED) == name


ARTICLES = [{"article": name, "title": SAYS} for name in ("一（一）", "一（二）")]


def test_a_cite_of_an_article_that_the_document_does_not_list(tmp_path: Path) -> None:
    rules = {"tables": {"rate": table("rate", "80%", cite="一（三）")}}
    (defect,) = defects(tmp_path, rules, articles=ARTICLES)
    assert defect.file == tmp_path / "opinion@2000-01-01" / "rules.yaml"
    assert defect.found == "the article 一（三） in '一（三）'"
    assert "an article that the document lists; did you mean '一（" in defect.expected


def test_an_article_left_out_that_the_document_does_not_list(tmp_path: Path) -> None:
    left = [{"article": "二（一）", "left_to": "agency", "why": SAYS}]
    found, _ = told(tmp_path, {}, articles=ARTICLES, not_encoded=left)
    assert found == "the article 二（一） in '二（一）'"


def test_listed_articles_reach_the_model(tmp_path: Path) -> None:
    rules = {"tables": {"rate": table("rate", "80%", cite="一（二）第1款")}}
    add_document(add_region(tmp_path), rules, "opinion", articles=ARTICLES)
    (document,) = load_region(tmp_path).documents
    assert [article.number for article in document.articles] == ["一（一）", "一（二）"]
