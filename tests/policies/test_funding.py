"""Funding of the packs that ships over many persons, or with figures that nobody has found.

What one bill shows is in the packs' cases; here are sums over persons, shares, and figures made up
in an overlay where the documents give only their change.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from yibao.errors import MissingFigure
from yibao.policy.policy import Policy, load_policy
from yibao.settlement.explain import Explainer
from yibao.settlement.procedure import Office, Outcome, Request

BIRTH = date(1980, 5, 1)
RESIDENT: Mapping[str, Any] = {
    "scheme": "resident",
    "category": "adult",
    "contribution_tier": "low",
}
STUDENT = {"category": "student_child"}
CITED = {"cite": "1", "says": {"zh": "例", "en": "an example"}, "grade": "C", "source": "made up"}


def overlay(folder: Path, first: str, table: str, rows: Iterable[Mapping[str, str]]) -> Path:
    """Write a document that sets one table from a day on."""
    path = folder / f"made-up@{first}"
    path.mkdir()
    text = {"zh": "例", "en": "an example"}
    head = {
        "title": text,
        "number": "made up",
        "issuer": text,
        "kind": "figures",
        "known": first,
        "effective": {"from": first, "to": f"{first[:4]}-12-31"},
    }
    rules = {"tables": {table: {"provisions": [CITED | {"rows": list(rows)}]}}}
    (path / "document.yaml").write_text(json.dumps(head), encoding="utf-8")
    (path / "rules.yaml").write_text(json.dumps(rules), encoding="utf-8")
    return path


def bill(policy: Policy, year: int, birth: date = BIRTH, **facts: Any) -> Outcome:
    """Return a resident's bill of an insurance year."""
    request = Request("contribution", date(year, 1, 1), RESIDENT | facts, {}, birth)
    return Office(policy).run(request)


@pytest.fixture(scope="module")
def tianjin() -> Policy:
    return load_policy("tianjin")


@pytest.mark.clause("T16-09b")
def test_finance_pays_the_tier_gap_of_everyone_raised(tianjin: Policy) -> None:
    """100 recipients in 2018: 100 × (1,270 − 1,010) = 26,000."""
    bills = [bill(tianjin, 2018, identities=frozenset({"subsistence_allowance"}))] * 100
    assert sum(b.figure("tier_subsidy") for b in bills) == 26_000_00


@pytest.mark.clause("T16-09b")
def test_the_tier_gap_is_in_whole_financing(tmp_path: Path) -> None:
    """With subsidies of 500 and 600 the gap of 2018 is (440+600) − (180+500) = 360."""
    rows = [
        {"band": "low", "value": "500.00"},
        {"band": "middle", "value": "600.00"},
    ]
    made_up = overlay(tmp_path, "2018-01-02", "resident_fiscal_subsidy", rows)
    policy = load_policy("tianjin", overlays=(made_up,))
    facts = RESIDENT | {"identities": frozenset({"subsistence_allowance"})}
    outcome = Office(policy).run(Request("contribution", date(2018, 1, 2), facts, {}, BIRTH))
    assert outcome.figure("tier_subsidy") == 360_00


@pytest.mark.clause("T21-1.2a")
def test_the_four_subsidies_of_2021_are_those_of_2020_and_30(tmp_path: Path) -> None:
    """Whatever those of 2020 were: S + 30 each, 120 for one person of each tier."""
    before = {"low": 700_00, "middle": 710_00, "high": 720_00, "student_child": 690_00}
    rows = [{"band": band, "value": f"{fen // 100}.00"} for band, fen in before.items()]
    made_up = overlay(tmp_path, "2021-01-01", "resident_fiscal_subsidy", rows)
    policy = load_policy("tianjin", overlays=(made_up,))
    after = {
        tier: bill(policy, 2021, contribution_tier=tier).figure("fiscal_subsidy") for tier in before
    }
    assert after == {tier: fen + 30_00 for tier, fen in before.items()}
    assert sum(after.values()) - sum(before.values()) == 120_00


@pytest.mark.clause("T21-1.2a")
def test_without_those_of_2020_there_is_none_of_2021(tianjin: Policy) -> None:
    with pytest.raises(MissingFigure) as error:
        bill(tianjin, 2021)
    assert error.value.name == "resident_fiscal_subsidy"
    assert "2020年度四个档次的补助没有查到" in error.value.text.zh


@pytest.mark.clause("T21-1.2c")
def test_the_subsidies_of_2022_and_their_later_change(tianjin: Policy, tmp_path: Path) -> None:
    """10 high, 20 low and 30 students: 40,000; with the low subsidy at 610 it is 1,500 more."""

    def claim(policy: Policy) -> int:
        high = bill(policy, 2022, contribution_tier="high").figure("fiscal_subsidy")
        low = bill(policy, 2022).figure("fiscal_subsidy")
        student = bill(policy, 2022, date(2010, 9, 1), **STUDENT).figure("fiscal_subsidy")
        return 10 * high + 20 * low + 30 * student

    provisional = claim(tianjin)
    assert provisional == 40_000_00
    rows = [{"band": "low", "value": "610.00"}]
    made_up = overlay(tmp_path, "2022-01-01", "resident_fiscal_subsidy", rows)
    settled = claim(load_policy("tianjin", overlays=(made_up,)))
    assert settled - provisional == 1_500_00


@pytest.mark.clause("P25-3.2.3b")
def test_what_share_of_financing_persons_pay(tianjin: Policy) -> None:
    """In 2022 320 of 900 (35.6 %) in the low tier and 950 of 2,050 (46.3 %) in the high one."""
    low, high = bill(tianjin, 2022), bill(tianjin, 2022, contribution_tier="high")
    assert (low.total, high.total) == (900_00, 2_050_00)
    shares = [Fraction(b.figure("personal_contribution"), b.total) for b in (low, high)]
    assert [round(share * 1000) for share in shares] == [356, 463]


@pytest.mark.clause("T21-1.1b")
def test_a_bill_names_the_article_that_sets_it(tianjin: Policy) -> None:
    account = Explainer(tianjin).account(bill(tianjin, 2022))
    lines = {line.step: line for line in account.lines}
    source = lines["low_tier_standard"].operands[0].source
    assert source is not None
    assert (source.document, source.cite) == ("2021-resident-notice", "一（一）")
    assert source.by == "运行决定2021-1"


@pytest.mark.clause("T16-17a")
@pytest.mark.parametrize("base", [1, 3_001_25, 5_000_01, 22_434_00])
def test_nothing_is_lost_between_bank_and_account(tianjin: Policy, base: int) -> None:
    """Transfer and rest add up to the credit, and the transfer is its 70 % rounded half up."""
    facts = {"scheme": "employee", "category": "in_service", "contributor": "employer_staff"}
    day = date(2017, 3, 1)
    outcome = Office(tianjin).run(
        Request("account_credit", day, facts, {"credit_base": base}, BIRTH)
    )
    credit, sent, kept = (
        outcome.figure(name) for name in ("account_credit", "account_transfer", "account_kept")
    )
    assert sent + kept == credit
    assert sent == (credit * 70 + 50) // 100


@pytest.mark.clause("P25-3.2.2b", "T21-7d")
@pytest.mark.parametrize(("months", "times"), [(1, 12), (3, 4), (12, 1)])
def test_paying_by_month_quarter_or_year_costs_the_same(
    tianjin: Policy, months: int, times: int
) -> None:
    facts = {"scheme": "employee", "category": "in_service", "contributor": "flexible"}
    request = Request("contribution", date(2021, 8, 1), facts, {"months": months}, BIRTH)
    assert times * Office(tianjin).run(request).figure("personal_contribution") == 3_772_80
