"""Which rows a wish means, and what cannot be wished."""

import pytest

from yibao.errors import NotGiven
from yibao.macro.simulation.rows import choose, replaced, value_of
from yibao.money import UNLIMITED
from yibao.policy.policy import Policy, load_policy


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy("tianjin")


def test_a_wish_means_the_rows_in_force_in_its_years(policy: Policy) -> None:
    """Over 2019 and 2020 two provisions say what is borne in service."""
    one = choose(policy.region, "outpatient_deductible", {"category": "in_service"}, [2019])
    both = choose(
        policy.region, "outpatient_deductible", {"category": ["in_service"]}, [2019, 2020]
    )
    assert one.values == both.values == ("800.00",)
    assert (len(one.rows), len(both.rows)) == (1, 2)


def test_ages_are_ranges_of_the_tables_own_edges(policy: Policy) -> None:
    old = {"category": "retired", "age": {"from": 70}}
    assert choose(policy.region, "outpatient_deductible", old, [2019]).values == ("650.00",)
    young = {"category": "retired", "age": {"below": 70}}
    assert choose(policy.region, "outpatient_deductible", young, [2019]).values == ("700.00",)


def test_no_condition_means_every_row(policy: Policy) -> None:
    found = choose(policy.region, "outpatient_deductible", {}, [2019])
    assert set(found.values) == {"800.00", "700.00", "650.00", "500.00"}


@pytest.mark.parametrize(
    ("table", "conditions", "told"),
    [
        ("outpatient_deductibel", {}, "did you mean 'outpatient_deductible'"),
        ("outpatient_deductible", {"level": "1"}, "it has: category, age"),
        ("outpatient_deductible", {"category": "soldier"}, "it has: in_service, retired"),
        ("outpatient_deductible", {"category": []}, "no code given"),
        ("outpatient_deductible", {"age": {"from": 65}}, "among 0, 70"),
        ("outpatient_deductible", {"age": {"above": 65}}, "expected from and below"),
        ("outpatient_deductible", {"category": "in_service", "age": 70}, "widen them"),
        ("pharmacy_rate", {"scheme": "employee"}, "no row of pharmacy_rate answers"),
    ],
)
def test_a_wish_that_does_not_fit_is_refused(
    policy: Policy, table: str, conditions: dict[str, object], told: str
) -> None:
    years = [2010] if table == "pharmacy_rate" else [2019]
    with pytest.raises(NotGiven, match=told):
        choose(policy.region, table, conditions, years)


def test_a_missing_figure_cannot_be_changed(policy: Policy) -> None:
    with pytest.raises(NotGiven, match="no value to change"):
        choose(policy.region, "outpatient_ceiling", {"scheme": "employee"}, [2022])


def test_values_are_those_that_a_pack_may_write() -> None:
    assert value_of("500.00", "yuan") == 50_000
    assert value_of("unlimited", "yuan") == UNLIMITED
    assert value_of("62.5%", "rate") * 8 == 5
    assert value_of("3", "count") == 3
    for text, unit in (("1e3", "yuan"), ("-1", "yuan"), ("0.65", "rate"), ("3.5", "count")):
        with pytest.raises(NotGiven):
            value_of(text, unit)
    with pytest.raises(NotGiven, match="above"):
        value_of("10000000000.00", "yuan")


def test_a_replaced_row_changes_nothing_else(policy: Policy) -> None:
    found = choose(policy.region, "outpatient_deductible", {"category": "in_service"}, [2019])
    region = replaced(policy.region, {id(row): (row, 50_000) for row in found.rows})
    old, new = (r.tables["outpatient_deductible"].rows for r in (policy.region, region))
    assert [o.value for o, n in zip(old, new, strict=True) if o != n] == [80_000]
    assert region.tables["pharmacy_rate"] is policy.region.tables["pharmacy_rate"]
