"""Higher documents limit the figures of regions below them: hand-worked verdicts."""

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from small_pack import CITED, LAYERS, SAYS, Rules, add_document, add_region, step, table

from yibao.policy import words
from yibao.policy.checking import check
from yibao.policy.checking.conform import Comparison, conform
from yibao.policy.checking.finding import Finding
from yibao.policy.load import load_region
from yibao.policy.model import Region

TODAY = date(2020, 1, 1)


# --- packs ----------------------------------------------------------------------------------------


def line(root: Path, above: Rules, below: Rules, **city: Any) -> Region:
    """Write a province and a city, both with rules from 2009-02-23 on; load the city."""
    province = add_region(root / "province")
    said = json.loads((province / "region.yaml").read_text(encoding="utf-8"))
    province.joinpath("region.yaml").write_text(json.dumps(said | {"level": "province"}))
    add_document(province, above, "opinion", start="2009-02-23")
    folder = add_region(root / "city")
    folder.joinpath("region.yaml").write_text(json.dumps(said | {"parent": "province"}))
    add_document(folder, below, "measures", start="2009-02-23", **city)
    return load_region(folder)


def limit(name: str, measure: str, must_be: str, **fields: Any) -> Rules:
    """Return one limit; write `when_` and the like as they are."""
    return CITED | {"id": name, "measure": measure, "must_be": must_be} | fields


def measured(
    unit: str,
    rows: str | Sequence[Rules],
    measure: str,
    keys: Rules | None = None,
    scope: Rules | None = None,
    **provision: Any,
) -> Rules:
    """Return a table that holds a measure."""
    head = {"measure": measure} | ({"scope": scope} if scope else {})
    return table(unit, rows, keys, **provision) | head


def verdicts(found: Sequence[Comparison]) -> list[tuple[str, str, str]]:
    """Return limit, key and verdict of each comparison."""
    return [(c.limit.id, words.box(c.key), c.verdict) for c in found]


def errors(region: Region) -> list[Finding]:
    """Return the errors about limits."""
    return [f for f in check(region) if f.check == "limit"]


EMPLOYEE, RESIDENT = {"scheme": "employee"}, {"scheme": "resident"}


# --- Guangdong: floors of ratio and ceiling -------------------------------------------------------

GUANGDONG: Rules = {
    "limits": [
        limit("rate_floor", "inpatient_rate", "at_least", when=EMPLOYEE, value="80%"),
        limit("ceiling_floor", "yearly_fund_ceiling", "at_least", when=EMPLOYEE, value="100000.00"),
        limit("resident_rate", "inpatient_rate", "at_least", when=RESIDENT, value="55%"),
        limit("resident_cap", "yearly_fund_ceiling", "at_least", when=RESIDENT, value="60000.00"),
    ]
}


def guangdong_city(rate: str, ceiling: str, scope: Rules) -> Rules:
    return {
        "tables": {
            "pool_rate": measured("rate", rate, "inpatient_rate", scope=scope),
            "pool_ceiling": measured("yuan", ceiling, "yearly_fund_ceiling", scope=scope),
        }
    }


@pytest.mark.clause("C-GD-1.1b")
@pytest.mark.parametrize(
    ("rate", "ceiling", "expected"),
    [
        ("79%", "100000.00", ["breach", "pass"]),
        ("80%", "99999.00", ["pass", "breach"]),
        ("80%", "100000.00", ["pass", "pass"]),
        ("80%", "unlimited", ["pass", "pass"]),
    ],
)
def test_guangdong_employees(tmp_path: Path, rate: str, ceiling: str, expected: list[str]) -> None:
    region = line(tmp_path, GUANGDONG, guangdong_city(rate, ceiling, EMPLOYEE))
    assert [c.verdict for c in conform(region)] == expected
    assert len(errors(region)) == expected.count("breach")


@pytest.mark.clause("C-GD-1.1c")
@pytest.mark.parametrize(
    ("rate", "ceiling", "expected"),
    [
        ("55%", "60000.00", ["pass", "pass"]),
        ("54%", "60000.00", ["breach", "pass"]),
        ("55%", "59999.00", ["pass", "breach"]),
    ],
)
def test_guangdong_residents(tmp_path: Path, rate: str, ceiling: str, expected: list[str]) -> None:
    region = line(tmp_path, GUANGDONG, guangdong_city(rate, ceiling, RESIDENT))
    assert [c.verdict for c in conform(region)] == expected


def test_a_breach_is_an_error_at_the_figure(tmp_path: Path) -> None:
    region = line(tmp_path, GUANGDONG, guangdong_city("79%", "100000.00", EMPLOYEE))
    (told,) = errors(region)
    assert told.file == tmp_path / "city" / "measures@2009-02-23" / "rules.yaml"
    assert told.found == "pool_rate 79% for every key, from 2009-02-23"
    assert told.expected == "at least 80% (opinion 1: rate_floor), or a waiver"


# --- Shanxi: one table for the province, a guideline that may rise --------------------------------


def shanxi(**deductible: Any) -> Rules:
    keys = {"level": ["1", "2"]}
    rows = [{"level": "1", "value": "100.00"}, {"level": "2", "value": "400.00"}]
    return {
        "tables": {
            "inpatient_deductible": table("yuan", rows, keys),
            "ceiling": measured("yuan", "70000.00", "yearly_fund_ceiling", yields=True),
        },
        "limits": [limit("ceiling_floor", "yearly_fund_ceiling", "at_least", value="70000.00")],
    }


def city_rows(name: str, *rows: Rules, **provision: Any) -> Rules:
    return {"tables": {name: {"provisions": [CITED | provision | {"rows": list(rows)}]}}}


@pytest.mark.clause("C-SX-2.1")
@pytest.mark.parametrize(
    ("figure", "verdict"), [("500.00", "breach"), ("400.00", "pass"), ("300.00", "breach")]
)
def test_shanxi_cities_cannot_set_the_deductible_otherwise(
    tmp_path: Path, figure: str, verdict: str
) -> None:
    rows = city_rows("inpatient_deductible", {"level": "2", "value": figure})
    region = line(tmp_path, shanxi(), rows)
    found = [c for c in conform(region) if c.overrides]
    assert verdicts(found) == [("inpatient_deductible", "level=2", verdict)]
    assert [f.expected for f in errors(region)] == (
        ["exactly 400.00 (opinion 1: inpatient_deductible), or no figure at all"]
        if verdict == "breach"
        else []
    )


@pytest.mark.clause("C-SX-2.3")
@pytest.mark.parametrize(
    ("figure", "verdict"), [("65000.00", "breach"), ("80000.00", "pass"), ("70000.00", "pass")]
)
def test_shanxi_cities_may_raise_the_ceiling_only(
    tmp_path: Path, figure: str, verdict: str
) -> None:
    region = line(tmp_path, shanxi(), city_rows("ceiling", {"value": figure}))
    ours = [c for c in conform(region) if c.row and c.row.origin.document.id == "measures"]
    assert verdicts(ours) == [("ceiling_floor", "every key", verdict)]


def test_a_figure_that_the_province_replaced_is_no_breach(tmp_path: Path) -> None:
    rows = city_rows(
        "inpatient_deductible", {"level": "2", "value": "500.00"}, **{"from": "2001-01-01"}
    )
    assert conform(line(tmp_path, shanxi(), rows))[-1].limit.id == "ceiling_floor"


# --- what is required -----------------------------------------------------------------------------


def one(root: Path, rule: Rules, rows: str | Sequence[Rules], **more: Any) -> list[Comparison]:
    """Compare one table of serious_illness_start, half of whose base is 21,202 yuan."""
    tables = {
        "start": measured("yuan", rows, "serious_illness_start"),
        "income": measured("yuan", "42404.00", "disposable_income"),
    } | more
    return conform(line(root, {"limits": [rule]}, {"tables": tables}))


HALF = limit(
    "half", "serious_illness_start", "at_most", share="50%", of="disposable_income", strength="must"
)


@pytest.mark.parametrize(
    ("figure", "verdict"), [("21202.00", "pass"), ("21202.01", "breach"), ("unlimited", "breach")]
)
def test_a_share_of_another_figure(tmp_path: Path, figure: str, verdict: str) -> None:
    (found,) = one(tmp_path, HALF, figure)
    assert (found.required, found.verdict) == ((2120200,), verdict)


def test_an_exact_share_is_not_rounded(tmp_path: Path) -> None:
    """Half of 424.05 yuan is 212.025: 212.02 keeps below it, 212.03 does not."""
    base = measured("yuan", "424.05", "disposable_income")
    for figure, verdict in (("212.02", "pass"), ("212.03", "breach")):
        (found,) = one(tmp_path / figure, HALF, figure, income=base)
        assert found.verdict == verdict
        assert str(found.required[0]) == "42405/2"


def test_a_base_that_is_not_known_leaves_nothing_to_compare(tmp_path: Path) -> None:
    base = measured("yuan", [{"missing": "not published"}], "disposable_income")
    (found,) = one(tmp_path, HALF, "1.00", income=base)
    assert (found.required, found.verdict) == ((), "no_figure")


def test_a_measure_that_the_region_does_not_hold(tmp_path: Path) -> None:
    rule = limit("floor", "assistance_rate", "at_least", value="70%")
    (found,) = one(tmp_path, rule, "1.00")
    assert (found.table, found.row, found.verdict) == (None, None, "no_figure")
    assert found.period == (date(2009, 2, 23), None)


def test_times_of_another_figure(tmp_path: Path) -> None:
    rule = limit(
        "six", "yearly_fund_ceiling", "at_least", times=6, of="average_wage", strength="should"
    )
    tables = {
        "wage": measured("yuan", "50000.00", "average_wage"),
        "cap": measured("yuan", "299999.99", "yearly_fund_ceiling"),
    }
    region = line(tmp_path, {"limits": [rule]}, {"tables": tables})
    (found,) = conform(region)
    assert (found.required, found.verdict) == ((30_000_000,), "departs")
    (told,) = [f for f in check(region) if f.check == "guideline"]
    assert told.severity == "warning"
    assert told.expected == "at least 300000.00 (opinion 1: six)"


@pytest.mark.parametrize(("figure", "verdict"), [("6%", "pass"), ("7%", "breach")])
def test_one_of(tmp_path: Path, figure: str, verdict: str) -> None:
    rule = limit("set", "employer_contribution_rate", "one_of", values=["6%", "8%"])
    tables = {"rate": measured("rate", figure, "employer_contribution_rate")}
    (found,) = conform(line(tmp_path, {"limits": [rule]}, {"tables": tables}))
    assert found.verdict == verdict


# --- whom a limit concerns ------------------------------------------------------------------------

FLOOR = limit("floor", "inpatient_rate", "at_least", when=EMPLOYEE, value="80%")


def test_scope_keeps_the_residents_out(tmp_path: Path) -> None:
    tables = {
        "theirs": measured("rate", "80%", "inpatient_rate", scope=EMPLOYEE),
        "ours": measured("rate", "50%", "inpatient_rate", scope=RESIDENT),
    }
    found = conform(line(tmp_path, {"limits": [FLOOR]}, {"tables": tables}))
    assert [(c.table.name if c.table else "", c.verdict) for c in found] == [("theirs", "pass")]


def test_keys_keep_the_residents_out(tmp_path: Path) -> None:
    rows = [{"scheme": "employee", "value": "75%"}, {"scheme": "resident", "value": "50%"}]
    keys = {"scheme": ["employee", "resident"]}
    tables = {"rate": measured("rate", rows, "inpatient_rate", keys)}
    found = conform(line(tmp_path, {"limits": [FLOOR]}, {"tables": tables}))
    assert verdicts(found) == [("floor", "scheme=employee", "breach")]


def test_what_nobody_mentions_is_open(tmp_path: Path) -> None:
    """A figure for everyone is an employee's too: better a breach too many than one unseen."""
    tables = {"rate": measured("rate", "50%", "inpatient_rate")}
    found = conform(line(tmp_path, {"limits": [FLOOR]}, {"tables": tables}))
    assert verdicts(found) == [("floor", "every key", "breach")]


def relief(order: Sequence[Rules]) -> Rules:
    """Return a classification and an uplift by it."""
    codes = {"ordinary": SAYS, "tilted": SAYS}
    keys = {"tilt": ["ordinary", "tilted"]}
    rows = [{"tilt": "ordinary", "value": "0%"}, {"tilt": "tilted", "value": "4%"}]
    return {
        "classifications": {
            "tilt": {
                "title": SAYS,
                "codes": codes,
                "provisions": [CITED | {"rows": list(order)}],
            }
        },
        "tables": {"uplift": measured("rate", rows, "serious_illness_uplift", keys)},
    }


POOR = {"identities": {"any_of": ["subsistence_allowance", "destitute"]}}
FIVE = limit("five", "serious_illness_uplift", "at_least", when=POOR, value="5%")


def test_a_limit_on_identities_finds_the_code_that_they_lead_to(tmp_path: Path) -> None:
    rows = [POOR | {"value": "tilted"}, {"value": "ordinary"}]
    found = conform(line(tmp_path, {"limits": [FIVE]}, relief(rows)))
    assert verdicts(found) == [("five", "tilt=tilted", "breach")]


def test_an_identity_that_the_region_forgot_is_found(tmp_path: Path) -> None:
    """The destitute are not among the tilted, so the ordinary figure is theirs."""
    some = {"identities": {"any_of": ["subsistence_allowance"]}}
    rows = [some | {"value": "tilted"}, {"value": "ordinary"}]
    found = conform(line(tmp_path, {"limits": [FIVE]}, relief(rows)))
    assert sorted(verdicts(found)) == [
        ("five", "tilt=ordinary", "breach"),
        ("five", "tilt=tilted", "breach"),
    ]


def test_ages_between_two_bounds(tmp_path: Path) -> None:
    rows = [
        {"age": {"below": 60}, "value": "50%"},
        {"age": {"from": 60}, "value": "80%"},
    ]
    tables = {"rate": measured("rate", rows, "inpatient_rate", {"age": [0]})}
    old = limit("old", "inpatient_rate", "at_least", when={"age": {"from": 60}}, value="80%")
    young = limit("young", "inpatient_rate", "at_least", when={"age": {"below": 70}}, value="50%")
    found = conform(line(tmp_path, {"limits": [old, young]}, {"tables": tables}))
    assert verdicts(found) == [
        ("old", "age=60", "pass"),
        ("young", "age=0", "pass"),
        ("young", "age=60", "pass"),
    ]


def test_bands(tmp_path: Path) -> None:
    rows = [{"band": "1", "value": "50%"}, {"band": "2", "value": "60%"}]
    tables = {"rate": measured("rate", rows, "serious_illness_rate", {"band": ["1", "2"]})}
    rule = limit("sixty", "serious_illness_rate", "at_least", value="60%")
    first = limit("first", "serious_illness_rate", "at_least", when={"band": "2"}, value="70%")
    found = conform(line(tmp_path, {"limits": [rule, first]}, {"tables": tables}))
    assert verdicts(found) == [
        ("sixty", "band=1", "breach"),
        ("sixty", "band=2", "pass"),
        ("first", "band=2", "breach"),
    ]


# --- time -----------------------------------------------------------------------------------------


def test_limits_measure_only_while_they_hold(tmp_path: Path) -> None:
    """The figure rises in 2015; the limit holds from 2012 to 2018."""
    provisions = [
        CITED | {"to": "2014-12-31", "rows": [{"value": "70%"}]},
        CITED | {"from": "2015-01-01", "rows": [{"value": "90%"}]},
    ]
    rate = {"title": SAYS, "unit": "rate", "measure": "inpatient_rate", "provisions": provisions}
    rule = FLOOR | {"from": "2012-01-01", "to": "2018-12-31"}
    region = line(tmp_path, {"limits": [rule]}, {"tables": {"rate": rate}})
    assert [(c.period, c.verdict) for c in conform(region)] == [
        ((date(2012, 1, 1), date(2014, 12, 31)), "breach"),
        ((date(2015, 1, 1), date(2018, 12, 31)), "pass"),
    ]
    assert [c.verdict for c in conform(region, date(2016, 1, 1))] == ["pass"]
    assert conform(region, date(2019, 1, 1)) == []


def test_a_later_limit_of_one_id_replaces_the_earlier(tmp_path: Path) -> None:
    later = FLOOR | {"from": "2015-01-01", "value": "90%"}
    rate = {"rate": measured("rate", "85%", "inpatient_rate")}
    region = line(tmp_path, {"limits": [FLOOR, later]}, {"tables": rate})
    assert [(c.period.first.year, c.verdict) for c in conform(region, TODAY)] == [(2015, "breach")]


# --- waivers --------------------------------------------------------------------------------------


def waiver(**fields: Any) -> Rules:
    return CITED | {"limit": "floor", "document": "opinion"} | fields


def test_a_waiver_with_its_days(tmp_path: Path) -> None:
    rate = {"tables": {"rate": measured("rate", "75%", "inpatient_rate")}}
    granted = waiver(**{"from": "2011-01-01", "to": "2012-12-31"})
    region = line(tmp_path, {"limits": [FLOOR]}, rate, waives=[granted])
    found = conform(region)
    by_year = [(c.period.first.year, c.verdict) for c in found if c.row]
    assert by_year == [(2009, "breach"), (2013, "breach"), (2011, "waived")]
    (waived,) = [c for c in found if c.verdict == "waived"]
    assert waived.grant is not None
    assert waived.grant.document.id == "measures"
    assert [f.found for f in errors(region)] == [
        "rate 75% for every key, 2009-02-23 to 2010-12-31",
        "rate 75% for every key, from 2013-01-01",
    ]


# --- reforms --------------------------------------------------------------------------------------


def test_a_reform_that_breaks_a_floor(tmp_path: Path) -> None:
    rules: Rules = {
        "layers": [CITED | {"order": LAYERS}],
        "tables": {"rate": measured("rate", "85%", "inpatient_rate")},
        "steps": [
            step("pay", 1, "share", of="in_scope", rate="rate", to="pool_pay", layer="basic")
        ],
    }
    assert errors(line(tmp_path, {"limits": [FLOOR]}, rules)) == []
    cut = city_rows("rate", {"value": "79.9%"})
    overlay = add_document(tmp_path / "desk", cut, "cut", start="2020-01-01")
    region = load_region(tmp_path / "city", overlays=[overlay])
    (told,) = errors(region)
    assert told.file == overlay / "rules.yaml"
    assert told.found == "rate 79.9% for every key, from 2020-01-01"
