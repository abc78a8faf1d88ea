"""Changes as sentences: read off the documents by hand, and small packs where every word counts."""

from datetime import date
from pathlib import Path

import pytest
from small_pack import CITED, LAYERS, SAYS, Rules, add_document, add_region, step, table

from yibao.policy.amendment import GROUPS, Sentence, sentences
from yibao.policy.compare import difference
from yibao.policy.consolidate import Consolidation
from yibao.policy.load import load_region

DAY = date(2010, 6, 1)
PAY = step("pay", 10, "share", of="in_scope", rate="rate", to="pool_pay", layer="basic")


def compared(before: Consolidation, after: Consolidation) -> tuple[Sentence, ...]:
    """Return the sentences between two states."""
    return sentences(before, after, difference(before, after))


def english(found: tuple[Sentence, ...]) -> list[tuple[str, str]]:
    """Return group and English text of each sentence."""
    return [(sentence.group, sentence.text.en) for sentence in found]


def make(folder: Path, rate: Rules, **more: object) -> Path:
    """Write a region that pays at a rate from 2000."""
    rules: Rules = {"layers": [CITED | {"order": LAYERS}], "tables": {"rate": rate}, "steps": [PAY]}
    add_document(add_region(folder), rules | more)
    return folder


# --- Tianjin's change from 2021 to 2022 -----------------------------------------------------------


@pytest.fixture(scope="module")
def tianjin() -> dict[str, Sentence]:
    """Every sentence of the night of 31 December 2021, by its English words."""
    region = load_region("tianjin")
    days = (Consolidation(region, day) for day in (date(2021, 12, 31), date(2022, 1, 1)))
    return {sentence.text.en: sentence for sentence in compared(*days)}


@pytest.mark.clause("T21-2.1a", "T21-2.1b")
@pytest.mark.parametrize(
    ("group", "begins", "change"),
    [
        # 500 to 600: +100, a fifth of 500
        ("deductibles", "Outpatient deductible (adult resident or student or child)",
         "500.00 yuan → 600.00 yuan (+100.00, +20%), from 2022-01-01"),
        # not signed with a family doctor, level 1: 50 to 55; level 2: 50 to 55
        ("rates", "Residents' outpatient rate (level 1, high, not “", "50% → 55% (+5 points)"),
        ("rates", "Residents' outpatient rate (level 2, high)", "50% → 55% (+5 points)"),
        # signed, low tier, level 1: 55 falls to 50
        ("rates", "Residents' outpatient rate (level 1, low, Signed with", "55% → 50% (−5 points)"),
        ("rates", "Residents' outpatient rate (level 3, low)", "→ 45%, from 2022-01-01"),
        ("rates", "Points added by the serious-illness tilt (", "0% → 5% (+5 points)"),
        ("ceilings", "Residents' serious-illness ceiling", "300000.00 yuan → unlimited, from"),
        ("contributions", "Residents' contribution a year (high)",
         # 910 to 950: +40, which is 4.4 % (4.395…) of 910
         "910.00 yuan → 950.00 yuan (+40.00, +4.4%)"),
        ("covered", "New rule: A pharmacy purchase without an external prescription is not payable",
         "from 2022-01-01"),
        ("classes", "Benefit tier, changed: From 2022 there are two tiers", "until then"),
        ("calculation", "No longer: After years within the deductible", "until 2021-12-31"),
    ],
)  # fmt: skip
def test_tianjin_2022(tianjin: dict[str, Sentence], group: str, begins: str, change: str) -> None:
    found = [s for text, s in tianjin.items() if text.startswith(begins) and change in text]
    assert [s.group for s in found] == [group], [t for t in tianjin if t.startswith(begins[:20])]


def test_tianjin_in_chinese_with_both_documents(tianjin: dict[str, Sentence]) -> None:
    (found,) = [s for s in tianjin.values() if s.text.zh.startswith("门诊起付标准（")]
    assert found.text.zh == (
        "门诊起付标准（成年居民、学生儿童）：500.00元 → 600.00元（+100.00，+20%），"
        "自2022-01-01起，"
        "依据征求意见稿，无文号 二（一）（原依据天津居民基础参数（非文件原文） §2 门诊）"
    )
    assert found.before is not None
    assert found.after is not None
    assert (found.before.document, found.after.document) == (
        "resident-base",
        "2021-resident-notice",
    )


def test_groups_come_in_the_order_of_the_list(tianjin: dict[str, Sentence]) -> None:
    groups = list(dict.fromkeys(s.group for s in tianjin.values()))
    assert groups == [group for group in GROUPS if group in groups]


# --- overlays, regions, forms ---------------------------------------------------------------------


def test_what_a_reform_changes_is_told_with_its_document(tmp_path: Path) -> None:
    rows = [{"age": {"below": 60}, "value": "50%"}, {"age": {"from": 60}, "value": "60%"}]
    folder = make(tmp_path / "city", table("rate", rows, {"age": [0, 60]}))
    newer = [{"age": {"from": 70}, "value": "62.5%"}]
    overlay = add_document(
        tmp_path,
        {"tables": {"rate": table("rate", newer, {"age": [0, 60]})}},
        "reform",
        start="2010-01-01",
    )
    before = Consolidation(load_region(folder), DAY)
    after = Consolidation(load_region(folder, overlays=[overlay]), DAY)
    assert english(compared(before, after)) == [
        (
            "rates",
            "an example (age ≥70): 60% → 62.5% (+2.5 points), from 2010-01-01 by reform 1 "
            "(until then rules 1)",
        )
    ]
    assert compared(before, before) == ()


def test_two_regions_whose_tables_have_other_keys(tmp_path: Path) -> None:
    """One pays half everywhere, the other 40 % at level 3: only level 3 differs."""
    one = make(tmp_path / "one", table("rate", "50%"))
    rows = [{"level": ["1", "2"], "value": "50%"}, {"level": "3", "value": "40%"}]
    other = make(tmp_path / "other", table("rate", rows, {"level": ["1", "2", "3"]}))
    there, back = (Consolidation(load_region(folder), DAY) for folder in (one, other))
    assert [t.partition(", from")[0] for _, t in english(compared(there, back))] == [
        "an example (level 3): 50% → 40% (−10 points)"
    ]
    assert [t.partition(", from")[0] for _, t in english(compared(back, there))] == [
        "an example (level 3): 40% → 50% (+10 points)"
    ]


def test_figures_that_come_go_or_are_missing(tmp_path: Path) -> None:
    one = make(tmp_path / "one", table("rate", "50%"), constraints=[])
    two = make(tmp_path / "two", table("rate", [{"missing": "not found"}]))
    before, after = (Consolidation(load_region(folder), DAY) for folder in (one, two))
    ((_, text),) = english(compared(before, after))
    assert text.startswith(
        "an example: 50% → figure missing (not found), from 2000-01-01 by rules 1"
    )
    ((_, text),) = english(compared(Consolidation(before.region, date(1999, 1, 1)), before))[:1]
    assert text.startswith("an example: no rule → 50%, from 2000-01-01 by rules 1")


def test_layers_and_a_step_that_is_replaced(tmp_path: Path) -> None:
    one = make(tmp_path / "one", table("rate", "50%"))
    other = add_region(tmp_path / "other")
    order = ["basic", "assistance", "serious_illness", "supplement"]
    rules: Rules = {"layers": [CITED | {"order": order}], "tables": {"rate": table("rate", "50%")}}
    add_document(other, rules | {"steps": [PAY | {"when": {"visit": "inpatient"}, "says": SAYS}]})
    found = english(compared(*(Consolidation(load_region(f), DAY) for f in (one, other))))
    assert [group for group, _ in found] == ["layers", "calculation"]
    assert found[0][1].startswith("was basic insurance → serious-illness insurance")
    assert found[1][1].startswith(
        "Changed: an example, from 2000-01-01 by rules 1 (until then rules 1)"
    )


def test_yuan_falls_and_per_cents_are_rounded_half_up(tmp_path: Path) -> None:
    """From 300 to 100: −200, two thirds, 66.7 %; from nothing there is no per cent."""
    figures = (("300.00", "100.00"), ("0.00", "5.00"))
    told = []
    for n, pair in enumerate(figures):
        days = [
            Consolidation(
                load_region(make(tmp_path / f"{n}{i}", table("rate", "50%"), **_cap(value))), DAY
            )
            for i, value in enumerate(pair)
        ]
        told += [(group, text.partition(", from")[0]) for group, text in english(compared(*days))]
    assert told == [
        ("ceilings", "an example: 300.00 yuan → 100.00 yuan (−200.00, −66.7%)"),
        ("ceilings", "an example: 0.00 yuan → 5.00 yuan (+5.00)"),
    ]


def _cap(value: str) -> Rules:
    """Return a yearly limit beside the rate."""
    tables = {"rate": table("rate", "50%"), "most": table("yuan", value)}
    capped = step("cap", 20, "cap", of="in_scope", limit="most", used="paid", to="x", layer="basic")
    state = {"paid": {"title": SAYS, "unit": "yuan", "scope": "year"}}
    return {"tables": tables, "steps": [PAY, capped], "state": state}
