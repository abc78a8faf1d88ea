"""`yibao policy curve | compare | cliffs`: figures by hand, files, and what bad input is told."""

import csv
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from yibao.cli import app, exit_codes

PERSON = {
    "scheme": "resident",
    "category": "adult",
    "contribution_tier": "high",
    "visit": "inpatient",
    "level": "3",
    "birth_date": "1960-01-01",
}


def yibao(*args: str | Path, code: int = 0, lang: str = "en") -> str:
    """Run a command; return standard output, or standard error where it must fail."""
    env = {"YIBAO_LANG": lang}
    result = CliRunner().invoke(app, ["policy", *(str(a) for a in args)], env=env)
    assert result.exit_code == code, result.output
    return result.stdout if code in (0, 1) else result.stderr


def data(*args: str | Path, code: int = 0) -> Any:
    """Run a command with --json; return what it printed."""
    return json.loads(yibao(*args, "--json", code=code))


def settings(**more: str) -> list[str]:
    """Return the options for a patient."""
    return [word for n, v in (PERSON | more).items() for word in ("--set", f"{n}={v}")]


CURVE = ("curve", "tianjin", "--date", "2019-07-01", *settings(), "--to", "450000")


def test_curve_of_a_resident_at_level_3_in_2019() -> None:
    """500 deductible, 70 % to 180000, serious illness on the burden above 20000 in three bands.

    The burden passes 20000 where 500 + 30 % x (x - 500) = 20000: at 65500.
    """
    found = data(*CURVE)
    points = [(p["expense"], p["personal_pay"], p["rate_to_next"]) for p in found["points"]]
    assert points == [
        ("0.00", "0.00", "0%"),
        ("500.00", "500.00", "70%"),
        ("65500.00", "20000.00", "85%"),
        ("180000.00", "37175.00", "50%"),
        ("225650.00", "60000.00", "60%"),
        ("325650.00", "100000.00", "70%"),
        ("425650.00", "130000.00", "0%"),
        ("450000.00", "154350.00", "0%"),
    ]
    (cause,) = found["points"][2]["causes"]
    assert (cause["operand"], cause["value"]) == ("serious_illness_start", "20000.00")
    assert cause["figure"]["number"] == "津政发〔2016〕17号"
    assert cause["figure"]["cite"] == "二（五）"


def test_curve_is_printed_in_both_languages() -> None:
    assert "Residents' serious-illness start 20000.00 (津政发〔2016〕17号 二（五）)" in yibao(
        *CURVE
    )
    assert "个人负担" in yibao(*CURVE, lang="zh")
    assert "within 2.70 fen of the line" in yibao(*CURVE)


def test_curve_as_csv_and_as_a_picture(tmp_path: Path) -> None:
    table, picture = tmp_path / "curve.csv", tmp_path / "curve.svg"
    yibao(*CURVE, "-o", table)
    with table.open(encoding="utf-8-sig") as lines:
        rows = list(csv.DictReader(lines))
    assert [row["breakpoint_fen"] for row in rows][:3] == ["", "50000", "6550000"]
    assert rows[2]["pool_pay"] == "45500.00"
    assert rows[2]["figure_article"] == "津政发〔2016〕17号 二（五）"
    yibao(*CURVE, "-o", picture, lang="zh")
    tree = ElementTree.fromstring(picture.read_text(encoding="utf-8"))
    texts = ["".join(node.itertext()) for node in tree.iter() if node.tag.endswith("text")]
    assert "个人负担" in texts
    assert any(text.startswith("2  65500.00  ") for text in texts)
    assert len([node for node in tree.iter() if node.tag.endswith("polygon")]) == 3


def test_an_opening_state_moves_the_curve() -> None:
    """With 300 of the deductible borne, 200 are left; with 180000 used the ceiling is reached."""
    begin = data(*CURVE, "--opening", "joint_deductible_met=300.00")
    assert begin["points"][1]["expense"] == "200.00"
    spent = data(*CURVE, "--opening", "inpatient_expense=180000.00")
    assert [p["funds"]["pool_pay"] for p in spent["points"]] == ["0.00"] * len(spent["points"])


def test_a_share_of_the_bill_outside_the_catalogue() -> None:
    """A tenth is not payable: the deductible is passed at 500 / 90 %, between 555.55 and 555.56."""
    found = data(*CURVE, "--bill", "out_of_catalogue=10%")
    assert [p["expense"] for p in found["points"]][1:3] == ["555.55", "555.56"]
    assert found["points"][1]["breakpoint_fen"] == "500000/9"
    assert found["points"][2]["rate_to_next"] == "63%"


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--set", "visti=inpatient"], "did you mean 'visit'?"),
        (["--set", "level=3", "--set", "level=2"], "level is given twice"),
        (["--set", "level=9"], "one of: none, 1, 2, 3"),
        (["--set", "admission=2"], "--opening admissions="),
        (["--set", "referred=maybe"], "true or false"),
        (["--set", "level"], "NAME=VALUE"),
        (["--bill", "in_scope=10%"], "one of the amounts"),
        (["--bill", "out_of_catalogue=ten"], "a share such as 10%"),
        (["--opening", "nothing=1"], "a state value of tianjin"),
        (["--opening", "admissions=1.5"], "a count such as 1"),
        (["--to", "0"], "above 0"),
        (["--to", "1e6"], "not an amount in yuan"),
    ],
)
def test_what_is_wrong_is_said(more: list[str], told: str) -> None:
    args = ("curve", "tianjin", "--date", "2019-07-01", "--set", "scheme=resident", *more)
    text = yibao(*args, code=exit_codes.USAGE)
    assert told in " ".join(text.replace("│", " ").split())


def test_what_a_rule_looks_at_must_be_given() -> None:
    args = ("curve", "tianjin", "--date", "2019-07-01", "--set", "scheme=resident")
    text = " ".join(yibao(*args, code=exit_codes.USAGE).replace("│", " ").split())
    assert "a rule looks at it; give visit= and one of: outpatient, emergency" in text


def test_a_refusal_names_the_figure() -> None:
    args = ("curve", "jining", "--date", "2022-01-01", *settings(visit="two_disease"))
    told = CliRunner().invoke(app, ["policy", *args]).output
    assert "jining" in told or "two_disease" in told or "参数" in told


COMPARE = ("compare", "tianjin@2019-06-01", "tianjin@2022-06-01", *settings())


def test_compare_two_years_by_hand() -> None:
    """2019: 500 + 30 % of 9500 = 3350; 2022: 500 + 25 % of 9500 = 2875."""
    found = data(*COMPARE, "--accept-grade", "D", "--expense", "10000")
    (row,) = found["rows"]
    assert (row["a"]["personal_pay"], row["b"]["personal_pay"]) == ("3350.00", "2875.00")
    assert row["less_under_b"] == "475.00"
    assert found["intervals_fen"] == [
        {"from": "0", "to": "50000", "better": "same"},
        {"from": "50000", "to": "30000000", "better": "b"},
    ]


def test_compare_two_regions_gives_the_exact_crossing(tmp_path: Path) -> None:
    """Jining 2022 pays 55 % above 1000, and 60 % of the burden above 14000: 20000 leaves 9550.

    At 180000 Tianjin leaves 37175 and half of what follows, Jining 41020 and 18 %: they meet
    3845 / 32 % = 12015.625 yuan further on.
    """
    target = tmp_path / "both.csv"
    args = ("compare", "tianjin@2019-06-01", "jining@2022-06-01", *settings())
    text = yibao(*args, "--accept-grade", "D", "-o", target)
    assert "better under A" in text
    assert "better under B" in text
    with target.open(encoding="utf-8-sig") as lines:
        rows = list(csv.DictReader(lines))
    assert {"a_pool_pay", "b_pool_pay", "less_under_b"} <= rows[0].keys()
    found = data(*args, "--accept-grade", "D", "--expense", "20000")
    assert found["rows"][0]["b"]["personal_pay"] == "9550.00"
    assert [i["to"] for i in found["intervals_fen"]] == ["50000", "38403125/2", "30000000"]


def test_compare_tells_what_is_wrong() -> None:
    told = yibao("compare", "tianjin@2019", "jining", *settings(), code=exit_codes.USAGE)
    assert "a day such as 2019-06-01" in told
    told = yibao(*COMPARE, "--expense", "400000", code=exit_codes.USAGE)
    assert "300000.00" in told


def test_cliffs_find_the_relief_recipient_who_paid_for_the_high_tier(tmp_path: Path) -> None:
    """A recipient of assistance in the high tier falls to the middle one by 三（九）.

    At level 1 and 80000 yuan, at a second admission without a deductible, the pool pays 75 %
    instead of 80 %: 4000 less. Assistance bears 60 % of it, so that the person pays 1600 more.
    """
    target = tmp_path / "cliffs.csv"
    found = data("cliffs", "tianjin", "--date", "2019-07-01", "-o", target)
    cliff = next(
        c
        for c in found["cliffs"]
        if c["attribute"] == "identities"
        and [code["after"]["code"] for code in c["classes"]] == ["middle"]
        and "inpatient" in c["in_common"]["visit"]
    )
    assert cliff["size"] == "1600.00"
    assert cliff["expenses"] == ["80000.00", "80000.00"]
    (code,) = cliff["classes"]
    assert (code["name"], code["after"]["document"]) == ("benefit_tier", "2016-opinion")
    assert (code["before"]["code"], code["after"]["cite"]) == ("high", "三（九）")
    (rate,) = cliff["figures"]
    assert (rate["before"]["value"], rate["after"]["value"]) == ("4/5", "3/4")
    assert [one["personal_pay"] for one in cliff["example"]] == ["6400.00", "8000.00"]
    assert found["refused"]
    with target.open(encoding="utf-8-sig") as lines:
        rows = [row["kind"] for row in csv.DictReader(lines)]
    assert len(rows) == len(found["cliffs"]) + len(found["year_end"]["cliffs"])
    assert rows.count("year_end") == 4
    same = yibao("curve", "tianjin", "--date", "2019-07-01", "--to", "80000", *_words(cliff))
    assert "6400.00" in same


def test_cliffs_of_a_region_without_rules_for_claims() -> None:
    told = CliRunner().invoke(app, ["policy", "cliffs", "tianjin", "--date", "2000-01-01"])
    assert told.exit_code == exit_codes.FINDINGS
    assert "no rule of Tianjin (tianjin) is in force on 2000-01-01" in told.stderr


def _words(cliff: Any) -> list[str]:
    return [word for part in cliff["example"][0]["patient"] for word in part.split(" ")]
