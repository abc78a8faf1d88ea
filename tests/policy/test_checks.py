"""Every static check: a pack that trips it, and the same pack without the fault."""

from collections.abc import Sequence
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
    bands,
    state,
    step,
    table,
)

from yibao.errors import PackErrors
from yibao.policy.checking import check
from yibao.policy.checking.finding import Finding
from yibao.policy.load import load_region, regions

PAY = step("pay", 10, "share", of="in_scope", rate="rate", to="pool_pay", layer="basic")
LEVELS = {"level": ["1", "2", "3"]}


def pack(folder: Path, **rules: Any) -> list[Finding]:
    """Check a region of one document that pays in_scope at `rate`, but for `rules`."""
    base: Rules = {
        "layers": [CITED | {"order": LAYERS}],
        "tables": {"rate": table("rate", "50%")},
        "steps": [PAY],
    }
    add_region(folder)
    add_document(folder, {**base, **rules})
    return check(load_region(folder))


def errors(findings: Sequence[Finding], name: str) -> list[str]:
    """Return what the errors of one check found; nothing else may be an error."""
    assert {f.check for f in findings if f.severity == "error"} <= {name}
    return [f.found for f in findings if f.severity == "error"]


def warnings(findings: Sequence[Finding]) -> list[str]:
    """Return what the warnings found; there may be no error."""
    assert not [f for f in findings if f.severity == "error"]
    return [f.found for f in findings]


def test_sound_pack_has_no_findings(tmp_path: Path) -> None:
    assert pack(tmp_path) == []


@pytest.mark.parametrize("region", regions())
def test_packs_that_ship_have_no_errors(region: str) -> None:
    assert [str(f) for f in check(load_region(region)) if f.severity == "error"] == []


def test_finding_names_file_line_found_and_expected(tmp_path: Path) -> None:
    rows = [{"level": "1", "value": "50%"}]
    (finding,) = pack(tmp_path, tables={"rate": table("rate", rows, LEVELS)})
    assert finding.file == tmp_path / "rules@2000-01-01" / "rules.yaml"
    assert finding.line == 1
    assert str(finding).endswith(
        "rules.yaml:1: error (coverage): found no row of rate for level=2|3, from 2000-01-01; "
        "expected a row for every key, or one that says why the figure is missing"
    )


# --- coverage -----------------------------------------------------------------------------------


def test_missing_row_covers_its_key(tmp_path: Path) -> None:
    rows = [{"level": ["1", "2"], "value": "50%"}, {"level": "3", "missing": "nobody knows"}]
    assert pack(tmp_path, tables={"rate": table("rate", rows, LEVELS)}) == []


def versions(*periods: tuple[str, str | None], **fields: Any) -> Rules:
    """Return a table whose provisions hold in these periods."""
    rates = table("rate", "50%", **fields)
    (provision,) = rates["provisions"]
    return rates | {"provisions": [provision | {"from": a, "to": b} for a, b in periods]}


def test_gap_in_time_is_named(tmp_path: Path) -> None:
    rates = versions(("2000-01-01", "2009-12-31"), ("2011-01-01", None))
    (found,) = errors(pack(tmp_path, tables={"rate": rates}), "coverage")
    assert found == "no row of rate for every key, 2010-01-01 to 2010-12-31"


def test_two_gaps_are_two_findings(tmp_path: Path) -> None:
    rates = versions(
        ("2000-01-01", "2000-12-31"), ("2002-01-01", "2002-12-31"), ("2004-01-01", None)
    )
    assert [f[-24:] for f in errors(pack(tmp_path, tables={"rate": rates}), "coverage")] == [
        "2001-01-01 to 2001-12-31",
        "2003-01-01 to 2003-12-31",
    ]


def test_table_may_end_for_all_keys(tmp_path: Path) -> None:
    assert pack(tmp_path, tables={"rate": versions(("2000-01-01", "2009-12-31"))}) == []


def test_gap_of_one_key_while_another_goes_on(tmp_path: Path) -> None:
    rates = table("rate", [{"level": "1", "value": "50%"}], {"level": ["1", "2"]})
    other = {"to": "2009-12-31", "rows": [{"level": "2", "value": "40%"}]}
    rates["provisions"].append(CITED | other)
    (found,) = errors(pack(tmp_path, tables={"rate": rates}), "coverage")
    assert found == "no row of rate for level=2, from 2010-01-01"


def test_number_keys_are_lower_bounds_and_rows_add_edges(tmp_path: Path) -> None:
    keys = {"age": [0, 70]}
    whole = [{"age": {"below": 70}, "value": "50%"}, {"age": {"from": 70}, "value": "60%"}]
    assert pack(tmp_path / "whole", tables={"rate": table("rate", whole, keys)}) == []
    torn = [{"age": {"below": 70}, "value": "50%"}, {"age": {"from": 80}, "value": "60%"}]
    found = errors(pack(tmp_path / "torn", tables={"rate": table("rate", torn, keys)}), "coverage")
    assert found == ["no row of rate for age=70, from 2000-01-01"]


def test_row_that_no_declared_key_reaches(tmp_path: Path) -> None:
    rows = [{"age": {"from": 18}, "value": "50%"}, {"age": {"below": 18}, "value": "40%"}]
    found = warnings(pack(tmp_path, tables={"rate": table("rate", rows, {"age": [18]})}))
    assert found == ["the row age ..17 of rate"]


def refused(folder: Path, **rules: Any) -> tuple[str, str]:
    """Return what the only defect of a pack that does not load found and expected."""
    with pytest.raises(PackErrors) as caught:
        pack(folder, **rules)
    (defect,) = caught.value.defects
    return defect.found, defect.expected


def test_code_that_the_table_does_not_have(tmp_path: Path) -> None:
    rows = [{"level": ["1", "2", "3"], "value": "50%"}, {"level": "none", "value": "40%"}]
    found, expected = refused(tmp_path, tables={"rate": table("rate", rows, LEVELS)})
    assert found.startswith("'none'")
    assert expected.startswith("a code of level in rate: 1, 2, 3")


# --- overlaps -----------------------------------------------------------------------------------


def test_two_rows_for_one_key(tmp_path: Path) -> None:
    rows = [{"level": ["1", "2"], "value": "50%"}, {"level": ["2", "3"], "value": "40%"}]
    found, expected = refused(tmp_path, tables={"rate": table("rate", rows, LEVELS)})
    assert found.startswith("two rows of rate for level=2, from 2000-01-01 (also rules 1")
    assert expected == "one row for a key at a time"


def test_two_versions_of_a_step(tmp_path: Path) -> None:
    findings = pack(tmp_path / "two", steps=[PAY, PAY | {"valid": {"from": "2010-01-01"}}])
    assert any(f.found.startswith("the step pay twice, from 2010-01-01") for f in findings)
    first, second = {"to": "2009-12-31"}, {"from": "2010-01-01"}
    steps = [PAY | {"valid": first}, PAY | {"valid": second, "when": {"visit": "inpatient"}}]
    assert pack(tmp_path / "in turn", steps=steps) == []


def test_documents_of_one_rank_overlap(tmp_path: Path) -> None:
    add_document(tmp_path, {"tables": {"rate": table("rate", "40%")}}, "other")
    found, expected = refused(tmp_path)
    assert found.startswith("two rows of rate for every key, from 2000-01-01")
    assert expected == "one row for a key at a time, or `over: [other]` in rules"


def test_steps_and_classifications_of_one_rank(tmp_path: Path) -> None:
    add_document(tmp_path / "steps", {"steps": [PAY | {"order": 11}]}, "other")
    assert refused(tmp_path / "steps")[0].startswith("the step pay twice, from 2000-01-01")
    add_document(tmp_path / "classes", {"classifications": CARE}, "other")
    found, expected = refused(tmp_path / "classes", classifications=CARE)
    assert found.startswith("the classification care twice, from 2000-01-01")
    assert expected == "one version at a time, or `over: [other]` in rules"


def test_later_document_does_not_overlap(tmp_path: Path) -> None:
    rules = {"tables": {"rate": table("rate", "40%")}}
    add_document(tmp_path, rules, "other", start="2010-01-01")
    assert pack(tmp_path) == []


# --- names, units, reachability -----------------------------------------------------------------


def test_unknown_name_in_a_step_that_only_some_claims_run(tmp_path: Path) -> None:
    more = step("more", 20, "add", terms=["nonsense"], to="x", when={"visit": "pharmacy"})
    (found,) = errors(pack(tmp_path, steps=[PAY, more]), "names and units")
    assert found == "step more: the name 'nonsense'"


def test_wrong_unit(tmp_path: Path) -> None:
    pay = PAY | {"of": "rate"}
    (found,) = errors(pack(tmp_path, steps=[pay]), "names and units")
    assert found == "step pay: of: rate in rate"


def test_result_that_not_every_claim_has_by_then(tmp_path: Path) -> None:
    half = step(
        "half", 5, "share", of="in_scope", rate="rate", to="half", when={"visit": "pharmacy"}
    )
    pay = step("pay", 10, "add", terms=["half"], to="pool_pay", layer="basic")
    found = errors(pack(tmp_path / "sometimes", steps=[half, pay]), "names and units")
    assert found == ["step pay: the name 'half'"]
    only = pay | {"when": {"visit": "pharmacy"}}
    assert pack(tmp_path / "together", steps=[half, only]) == []


CARE: Rules = {
    "care": {
        "title": SAYS,
        "codes": {"a": SAYS, "b": SAYS, "c": SAYS},
        "provisions": [
            CITED
            | {"rows": [{"visit": "pharmacy", "value": "a"}, {"visit": "inpatient", "value": "b"}]}
        ],
    }
}


@pytest.mark.parametrize(
    ("when", "reason"),
    [
        ({"care": "c"}, "no row of care in force gives c"),
        ({"care": "a", "visit": "inpatient"}, "no person and claim fulfil its conditions together"),
        (
            {"identities": {"any_of": ["destitute"], "none_of": ["destitute", "veteran"]}},
            "no person and claim fulfil its conditions together",
        ),
        (
            {"identities": {"two_of": ["destitute"]}},
            "no person and claim fulfil its conditions together",
        ),
    ],
)
def test_unreachable_step(tmp_path: Path, when: Rules, reason: str) -> None:
    pay = PAY | {"when": {"care": "a"}}
    never = step("never", 20, "add", terms=["total"], to="x", when=when)
    findings = pack(tmp_path, classifications=CARE, steps=[pay, never])
    (found,) = errors(findings, "unreachable")
    assert found.endswith(reason)


@pytest.mark.parametrize(
    "when",
    [
        {"care": "a", "visit": "pharmacy"},
        {"identities": {"any_of": ["destitute"], "none_of": ["veteran"]}},
        {"identities": {"two_of": ["destitute", "veteran"]}},
        {"identities": {"all_of": ["destitute", "veteran"]}, "age": {"from": 60, "below": 70}},
    ],
)
def test_reachable_step(tmp_path: Path, when: Rules) -> None:
    sometimes = step("sometimes", 20, "add", terms=["total"], to="x", when=when)
    pay = PAY | {"when": {"care": "a"}}
    assert pack(tmp_path, classifications=CARE, steps=[pay, sometimes]) == []


def test_step_that_another_version_always_beats(tmp_path: Path) -> None:
    higher = {"steps": [PAY | {"when": {"visit": "inpatient"}}]}
    add_document(tmp_path, higher, "province", authority="province")
    (found,) = errors(pack(tmp_path), "unreachable")
    assert found == "step pay (when always): it is never in force"


def test_classification_that_depends_on_itself(tmp_path: Path) -> None:
    rows = [{"care": "b", "value": "a"}, {"visit": "inpatient", "value": "b"}]
    care = {"care": CARE["care"] | {"provisions": [CITED | {"rows": rows}]}}
    findings = pack(tmp_path, classifications=care, steps=[PAY | {"when": {"care": "a"}}])
    assert "the classification care depends on itself" in errors(findings, "unreachable")


# --- phases, layers -----------------------------------------------------------------------------


YEAR_END = step("keep", 10, "set", value="used", into="used", phase="year_end")
COUNT = step("count", 20, "accumulate", amount="in_scope", into="used")


@pytest.mark.parametrize(
    ("more", "name"),
    [
        (YEAR_END | {"when": {"level": "1"}}, "level"),
        (YEAR_END | {"when": {"care": "a"}}, "visit"),
        (YEAR_END | {"value": "total"}, "total"),
        (YEAR_END | {"value": "by_level"}, "level"),
        (COUNT | {"id": "odd", "when": {"full_year": True}}, "full_year"),
    ],
)
def test_phase_uses_what_it_cannot_know(tmp_path: Path, more: Rules, name: str) -> None:
    by_level = table("yuan", [{"value": "1.00"}], LEVELS)
    findings = pack(
        tmp_path,
        state=state("used"),
        tables={"rate": table("rate", "50%"), "by_level": by_level},
        classifications=CARE,
        steps=[PAY, COUNT, more],
    )
    assert [f for f in findings if f.check == "phase" and f.found.endswith(f"uses {name}")]


def test_phase_uses_what_it_knows(tmp_path: Path) -> None:
    closing = YEAR_END | {"when": {"full_year": True, "category": "adult"}}
    assert pack(tmp_path, state=state("used"), steps=[PAY, COUNT, closing]) == []


@pytest.mark.clause("T16-07a")
def test_step_after_its_layers_turn(tmp_path: Path) -> None:
    late = step("late", 30, "add", terms=["total"], to="x", layer="basic")
    relief = step("relief", 20, "add", terms=["total"], to="y", layer="assistance")
    (found,) = errors(pack(tmp_path / "wrong", steps=[PAY, relief, late]), "layers")
    assert found == "step late (basic) after relief (assistance)"
    assert pack(tmp_path / "right", steps=[PAY, relief | {"order": 40}, late]) == []


def test_layer_that_the_order_lacks(tmp_path: Path) -> None:
    relief = step("relief", 20, "add", terms=["total"], to="y", layer="tilt_assistance")
    (found,) = errors(pack(tmp_path, steps=[PAY, relief]), "layers")
    assert found == "step relief in the layer tilt_assistance"


@pytest.mark.parametrize("layer", [{"layer": "assistance"}, {}])
def test_fund_paid_from_another_layer_or_none(tmp_path: Path, layer: Rules) -> None:
    pay = {k: v for k, v in PAY.items() if k != "layer"} | layer
    (found,) = errors(pack(tmp_path, steps=[pay]), "layers")
    assert found == f"step pay of layer {layer.get('layer')} writes pool_pay"


# --- use and expiry -----------------------------------------------------------------------------


def test_what_nothing_uses(tmp_path: Path) -> None:
    spare = {"spare_counter": {"title": SAYS, "value_of": "idle", "max": 2}}
    found = warnings(
        pack(
            tmp_path,
            tables={"rate": table("rate", "50%"), "spare": bands("rate", "10%")},
            classifications=CARE,
            state=state("idle", unit="count") | state("lost"),
            state_attributes=spare,
        )
    )
    assert sorted(found) == [
        "the classification care, which nothing uses",
        "the state attribute spare_counter, which nothing uses",
        "the state value lost, which nothing uses",
        "the table spare, which nothing uses",
    ]


def ending(folder: Path, **document: Any) -> Path:
    """Write a region whose only document ends on 2009-12-31."""
    add_region(folder)
    rules = {"layers": [CITED | {"order": LAYERS}], "steps": [PAY]}
    rules["tables"] = {"rate": table("rate", "50%")}
    add_document(folder, rules, end="2009-12-31", **document)
    return folder


def test_document_that_ends_soon_without_successor(tmp_path: Path) -> None:
    region = load_region(ending(tmp_path))
    (finding,) = check(region, as_of=date(2009, 12, 1))
    assert (finding.severity, finding.check) == ("warning", "expiry")
    assert finding.found == "the end of rules on 2009-12-31, 30 days after 2009-12-01"
    assert finding.expected == "a successor or an extension for rate, pay"
    assert check(region, as_of=date(2009, 10, 2)) != []
    assert check(region, as_of=date(2009, 10, 1)) == []
    assert check(region, as_of=date(2010, 1, 1)) == []


def test_only_what_the_successor_leaves_out_expires(tmp_path: Path) -> None:
    rules = {"tables": {"rate": table("rate", "40%")}}
    add_document(ending(tmp_path), rules, "next", start="2010-01-01")
    (finding,) = check(load_region(tmp_path), as_of=date(2009, 12, 1))
    assert finding.expected == "a successor or an extension for pay"


def test_repeal_is_no_expiry(tmp_path: Path) -> None:
    repeal = CITED | {"document": "rules", "from": "2009-06-01"}
    add_document(ending(tmp_path), {}, "repeal", start="2009-06-01", repeals=[repeal])
    assert check(load_region(tmp_path), as_of=date(2009, 5, 1)) == []


# --- constraints --------------------------------------------------------------------------------


def constrained(folder: Path, unit: str, values: Sequence[str], must_be: str) -> list[str]:
    """Check levels 1 to 3 with these values: level 1 must be above or below the others."""
    rows = [{"level": str(n), "value": v} for n, v in enumerate(values, 1)]
    figure = {"rate": table("rate", "50%"), "figure": table(unit, rows, LEVELS)}
    demand = {"id": "demand", "table": "figure", "key": "level", "code": "1", "must_be": must_be}
    use = step("use", 20, "least", terms=["figure"], to="x")
    constraints = [CITED | demand | {"than": [str(n) for n in range(2, len(values) + 1)]}]
    findings = pack(folder, tables=figure, steps=[PAY, use], constraints=constraints)
    assert {f.check for f in findings} <= {"constraint", "coverage"}
    return [f"{f.found}; {f.expected}" for f in findings if f.check == "constraint"]


@pytest.mark.clause("T16-03a")
def test_primary_outpatient_rate_is_strictly_highest(tmp_path: Path) -> None:
    assert constrained(tmp_path / "a", "rate", ["75%", "65%", "55%"], "above") == []
    (found,) = constrained(tmp_path / "b", "rate", ["65%", "65%"], "above")
    assert found == (
        "figure 65% for level=1, from 2000-01-01; above 65% (rules 1): demand of rules 1"
    )


@pytest.mark.clause("T16-03b")
def test_primary_inpatient_deductible_is_strictly_lowest(tmp_path: Path) -> None:
    assert constrained(tmp_path / "a", "yuan", ["500.00", "1100.00", "1700.00"], "below") == []
    (found,) = constrained(tmp_path / "b", "yuan", ["1100.00", "1100.00"], "below")
    assert found.startswith("figure 1100.00 for level=1, from 2000-01-01; below 1100.00")


@pytest.mark.clause("T16-03a", "T16-03b")
@pytest.mark.parametrize(
    ("name", "rows", "constraint"),
    [
        (
            "employee_outpatient_rate",
            {"level": "1", "value": "65%"},
            "primary_outpatient_rate_high",
        ),
        (
            "inpatient_deductible",
            {"level": "1", "value": "1100.00"},
            "primary_inpatient_deductible",
        ),
    ],
)
def test_tianjin_rejects_a_version_that_levels_out(
    tmp_path: Path, name: str, rows: Rules, constraint: str
) -> None:
    change = {"tables": {name: {"provisions": [CITED | {"rows": [rows]}]}}}
    overlay = add_document(tmp_path, change, "levelled", start="2018-01-01", end="2018-12-31")
    findings = check(load_region("tianjin", overlays=[overlay]))
    broken = [f for f in findings if f.check == "constraint"]
    assert broken
    assert all(f.file == overlay / "rules.yaml" and constraint in f.expected for f in broken)


@pytest.mark.clause("P25-3.1.3a")
@pytest.mark.parametrize(("tilted", "breaks"), [("55%", False), ("50%", False), ("49%", True)])
def test_tilt_is_never_worse_than_ordinary(tmp_path: Path, tilted: str, breaks: bool) -> None:
    keys = {"category": ["adult", "student_child"], "band": ["1"]}
    rows = [{"category": "adult", "value": "50%"}, {"category": "student_child", "value": tilted}]
    demand = {"id": "tilt", "table": "tilt", "key": "category", "code": "student_child"}
    findings = pack(
        tmp_path,
        tables={"rate": table("rate", "50%"), "tilt": table("rate", rows, keys)},
        steps=[PAY, step("use", 20, "share", of="in_scope", rate="tilt[1]", to="x")],
        constraints=[CITED | demand | {"must_be": "at_least", "than": ["adult"]}],
    )
    assert bool(errors(findings, "constraint")) == breaks


@pytest.mark.clause("P25-3.1.3a")
def test_tianjin_rejects_a_tilt_worse_than_ordinary(tmp_path: Path) -> None:
    rows = [{"tilt": "ordinary", "value": "10%"}]
    change = {"tables": {"serious_illness_uplift": {"provisions": [CITED | {"rows": rows}]}}}
    overlay = add_document(tmp_path, change, "reform", start="2023-01-01", end="2023-12-31")
    findings = check(load_region("tianjin", overlays=[overlay]))
    (broken,) = [f for f in findings if f.check == "constraint"]
    assert broken.found.startswith("serious_illness_uplift 5% for tilt=tilted")
    assert broken.expected.startswith("at least 10%")


@pytest.mark.clause("T21-3d")
@pytest.mark.parametrize(("later", "breaks"), [("60%", False), ("50%", False), ("49.9%", True)])
def test_new_version_not_lower_than_the_one_before(
    tmp_path: Path, later: str, breaks: bool
) -> None:
    change = {"tables": {"rate": table("rate", later)}}
    add_document(tmp_path, change, "amendment", start="2010-01-01")
    demand = {"id": "not_lower", "table": "rate", "must_be": "at_least", "than": "before"}
    found = errors(pack(tmp_path, constraints=[CITED | demand]), "constraint")
    assert found == ([f"rate {later} for every key, from 2010-01-01"] if breaks else [])


def test_constraint_binds_only_while_in_force(tmp_path: Path) -> None:
    change = {"tables": {"rate": table("rate", "40%")}}
    add_document(tmp_path, change, "amendment", start="2010-01-01")
    demand = {"id": "not_lower", "table": "rate", "must_be": "at_least", "than": "before"}
    assert pack(tmp_path, constraints=[CITED | demand | {"to": "2009-12-31"}]) == []
