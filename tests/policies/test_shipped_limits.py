"""The limits that shipped documents set, against figures of cities that do not ship.

Each figure is a table of one document, below the province or beside the city's own documents. The
verdicts are those that the requirement list works out.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from small_pack import SAYS, add_document, add_region, table

from yibao.policy.checking import check
from yibao.policy.checking.conform import Comparison, conform
from yibao.policy.load import load_region
from yibao.policy.model import Region

Figures = dict[str, Any]

EMPLOYEE = {"scheme": "employee"}
RESIDENT = {"scheme": "resident"}


def measured(measure: str, value: str, scope: dict[str, Any]) -> Figures:
    """Return a table that holds one figure of a measure."""
    unit = "rate" if value.endswith("%") else "yuan"
    return table(unit, value) | {"measure": measure, "scope": scope}


def restated(row: dict[str, str]) -> Figures:
    """Return one more row for a table that a shipped document declares."""
    return {"provisions": [{"cite": "1", "says": SAYS, "rows": [row]}]}


def city_below(province: str, root: Path, figures: Figures, **document: Any) -> Region:
    """Load a city of a shipped province whose one document sets these tables."""
    folder = add_region(root / "city")
    head = json.loads((folder / "region.yaml").read_text(encoding="utf-8"))
    (folder / "region.yaml").write_text(json.dumps(head | {"parent": province}), encoding="utf-8")
    add_document(folder, {"tables": figures}, "city-rules", start="2018-01-01", **document)
    return load_region(folder)


def verdicts(region: Region, limit: str) -> list[str]:
    """Return what is said of the figures that the city itself sets, by one limit."""

    def told(one: Comparison) -> bool:
        ours = one.row is not None and one.row.origin.document.id in ("city-rules", "figures")
        return ours and one.limit.id == limit

    return [one.verdict for one in conform(region) if told(one)]


# --- Guangdong: floors ----------------------------------------------------------------------------


@pytest.mark.clause("C-GD-1.1b")
@pytest.mark.parametrize(
    ("limit", "measure", "value", "verdict"),
    [
        ("employee_inpatient_rate_floor", "inpatient_rate", "79%", "breach"),
        ("employee_inpatient_rate_floor", "inpatient_rate", "80%", "pass"),
        ("employee_special_rate_floor", "special_outpatient_rate", "79.9%", "breach"),
        ("employee_special_rate_floor", "special_outpatient_rate", "80%", "pass"),
        ("employee_ceiling_floor", "yearly_fund_ceiling", "99999.00", "breach"),
        ("employee_ceiling_floor", "yearly_fund_ceiling", "99999.99", "breach"),
        ("employee_ceiling_floor", "yearly_fund_ceiling", "100000.00", "pass"),
        ("employee_ceiling_floor", "yearly_fund_ceiling", "unlimited", "pass"),
    ],
)
def test_guangdong_floor_for_employees(
    tmp_path: Path, limit: str, measure: str, value: str, verdict: str
) -> None:
    city = city_below("guangdong", tmp_path, {"ours": measured(measure, value, EMPLOYEE)})
    assert verdicts(city, limit) == [verdict]


@pytest.mark.clause("C-GD-1.1c")
@pytest.mark.parametrize(
    ("limit", "measure", "value", "verdict"),
    [
        ("resident_inpatient_rate_floor", "inpatient_rate", "54%", "breach"),
        ("resident_inpatient_rate_floor", "inpatient_rate", "55%", "pass"),
        ("resident_special_rate_floor", "special_outpatient_rate", "54%", "breach"),
        ("resident_special_rate_floor", "special_outpatient_rate", "55%", "pass"),
        ("resident_ceiling_floor", "yearly_fund_ceiling", "59999.00", "breach"),
        ("resident_ceiling_floor", "yearly_fund_ceiling", "60000.00", "pass"),
    ],
)
def test_guangdong_floor_for_residents(
    tmp_path: Path, limit: str, measure: str, value: str, verdict: str
) -> None:
    city = city_below("guangdong", tmp_path, {"ours": measured(measure, value, RESIDENT)})
    assert verdicts(city, limit) == [verdict]
    assert any(f.severity == "error" for f in check(city)) == (verdict == "breach")


@pytest.mark.clause("C-GD-1.1b")
def test_the_residents_floor_is_not_the_employees(tmp_path: Path) -> None:
    city = city_below("guangdong", tmp_path, {"ours": measured("inpatient_rate", "60%", RESIDENT)})
    assert verdicts(city, "employee_inpatient_rate_floor") == []
    assert verdicts(city, "resident_inpatient_rate_floor") == ["pass"]


@pytest.mark.clause("C-GD-1.1b")
def test_an_approved_exception_to_a_floor_in_principle(tmp_path: Path) -> None:
    waiver = {
        "limit": "employee_inpatient_rate_floor",
        "document": "guangdong-2009-opinion",
        "cite": "1",
        "says": SAYS,
    }
    ours = {"ours": measured("inpatient_rate", "79%", EMPLOYEE)}
    city = city_below("guangdong", tmp_path, ours, waives=[waiver])
    assert verdicts(city, "employee_inpatient_rate_floor") == ["waived"]


# --- Shanxi: one table, a ceiling and a financing that only rise ----------------------------------


@pytest.mark.clause("C-SX-2.1")
@pytest.mark.parametrize(("deductible", "broken"), [("500.00", True), ("400.00", False)])
def test_a_city_of_shanxi_keeps_the_table_of_the_province(
    tmp_path: Path, deductible: str, broken: bool
) -> None:
    """The province says 400 for a county's class-2 hospital."""
    own = restated({"institution_class": "class_2_county", "value": deductible})
    city = city_below("shanxi", tmp_path, {"inpatient_deductible": own})
    assert any(one.overrides and one.verdict == "breach" for one in conform(city)) == broken
    assert any(finding.severity == "error" for finding in check(city)) == broken


@pytest.mark.clause("C-SX-2.3")
@pytest.mark.parametrize(
    ("ceiling", "verdict"),
    [("65000.00", "breach"), ("69999.99", "breach"), ("70000.00", "pass"), ("80000.00", "pass")],
)
def test_a_city_of_shanxi_may_only_raise_the_ceiling(
    tmp_path: Path, ceiling: str, verdict: str
) -> None:
    city = city_below("shanxi", tmp_path, {"inpatient_ceiling": restated({"value": ceiling})})
    assert verdicts(city, "resident_ceiling_floor") == [verdict]


@pytest.mark.clause("C-SX-1a")
@pytest.mark.parametrize(
    ("financing", "verdict"), [("90.00", "breach"), ("100.00", "pass"), ("120.00", "pass")]
)
def test_a_city_of_shanxi_may_only_raise_the_financing(
    tmp_path: Path, financing: str, verdict: str
) -> None:
    own = restated({"value": financing})
    city = city_below("shanxi", tmp_path, {"outpatient_pool_financing": own})
    assert verdicts(city, "outpatient_pool_financing_floor") == [verdict]


# --- cities: figures of an overlay, against the city's own demands --------------------------------


def with_figures(region: str, root: Path, figures: Figures, start: str) -> Region:
    """Load a shipped region with one more document that sets these tables."""
    overlay = add_document(root, {"tables": figures}, "figures", start=start, known="2026-01-01")
    return load_region(region, overlays=[overlay])


@pytest.mark.clause("C-HA-2.2")
@pytest.mark.parametrize(("standard", "verdict"), [("149.00", "breach"), ("150.00", "pass")])
def test_another_county_of_huaian(tmp_path: Path, standard: str, verdict: str) -> None:
    figures = {"financing_standard": restated({"county": "other_county", "value": standard})}
    region = with_figures("huaian", tmp_path, figures, "2007-07-01")
    assert verdicts(region, "financing_floor") == [verdict]


@pytest.mark.clause("C-HA-2.2")
def test_the_three_districts_of_huaian_finance_200() -> None:
    found = [c for c in conform(load_region("huaian")) if c.verdict == "pass"]
    assert [c.row.value for c in found if c.row] == [200_00]


@pytest.mark.clause("C-IMPL-1.1e")
@pytest.mark.parametrize(("rate", "verdict"), [("64%", "breach"), ("65%", "pass")])
def test_chronic_rate_of_the_unnamed_city_by_2025(tmp_path: Path, rate: str, verdict: str) -> None:
    figures = {"chronic_rate": restated({"value": rate})}
    region = with_figures("unnamed_city", tmp_path, figures, "2024-01-01")
    (found,) = [c for c in conform(region) if c.limit.id == "chronic_rate_by_2025"]
    assert found.verdict == verdict
    assert found.period.first.isoformat() == "2025-01-01"


@pytest.mark.clause("C-IMPL-1.1d")
@pytest.mark.parametrize(
    ("quota", "verdict"), [("400.00", "departs"), ("449.99", "departs"), ("450.00", "pass")]
)
def test_outpatient_quota_of_the_unnamed_city_by_2025(
    tmp_path: Path, quota: str, verdict: str
) -> None:
    """Half as much again as 300 is 450; "about" makes a lower quota a departure, not a breach."""
    figures = {
        "outpatient_limit_base": restated({"value": "300.00"}),
        "outpatient_limit": restated({"value": quota}),
    }
    region = with_figures("unnamed_city", tmp_path, figures, "2025-01-01")
    (found,) = [c for c in conform(region) if c.limit.id == "outpatient_quota_by_2025"]
    assert found.verdict == verdict
    assert found.required == (450_00,)


@pytest.mark.clause("C-HA-2.3")
@pytest.mark.parametrize(("later", "broken"), [("140.00", True), ("180.00", False)])
def test_financing_of_huaian_is_not_lowered(tmp_path: Path, later: str, broken: bool) -> None:
    """150 in 2008; 180 in 2009 is accepted, 140 is not."""
    overlays = [
        add_document(
            tmp_path,
            {"tables": {"financing_standard": restated({"county": "other_county", "value": v})}},
            name,
            start=start,
        )
        for name, start, v in [("first", "2008-01-01", "150.00"), ("later", "2009-01-01", later)]
    ]
    found = check(load_region("huaian", overlays=overlays))
    assert any(f.check == "constraint" for f in found) == broken
