"""The people of a block: what each draw promises, worked by hand or against its own table."""

from datetime import date

import numpy as np
import pytest

from yibao.macro.population.days import FAR, Span, day_of
from yibao.macro.population.employment import anniversary, month_start
from yibao.macro.population.figures import load
from yibao.macro.population.households import incomes
from yibao.macro.population.normal import distribution, quantile
from yibao.macro.population.people import People, draw_people

SPAN = Span(2019, 3)


@pytest.fixture(scope="module")
def people() -> People:
    rng = np.random.Generator(np.random.SFC64(5))
    return draw_people(load("tianjin"), SPAN, 60_000, 0.45, rng)


def test_days_are_counted_from_1970() -> None:
    assert day_of(1970, 1, 1) == 0
    assert day_of(2019, 1, 1) == 17_897
    assert (SPAN.start, SPAN.end) == (17_897, day_of(2021, 12, 31))
    assert len(SPAN.bounds) == 7  # three years of two halves, and the end


def test_the_normal_distribution_and_back() -> None:
    # 97.5 % of a standard normal variable lie below 1.959964
    assert distribution(np.array([0.0, 1.959964])) == pytest.approx([0.5, 0.975], abs=1e-6)
    shares = np.array([0.001, 0.5, 0.999])
    assert distribution(quantile(shares)) == pytest.approx(shares, abs=1e-7)


def test_each_fifth_has_its_published_income() -> None:
    rank = (np.arange(500_000) + 0.5) / 500_000
    income = incomes(load("jining"), rank)
    assert income.dtype == np.int64
    assert np.all(np.diff(income) >= 0)
    means = [part.mean() / 100 for part in np.array_split(income, 5)]
    # the last fifth has a tail that is cut
    assert means == pytest.approx([9215, 20442, 32195, 50220, 95055], rel=0.004)


def test_tianjins_mean_income_is_its_own() -> None:
    rank = (np.arange(500_000) + 0.5) / 500_000
    assert incomes(load("tianjin"), rank).mean() / 100 == pytest.approx(42_404, rel=0.004)


def test_households_have_an_adult_head_and_their_size(people: People) -> None:
    heads, counts = np.unique(people.household, return_counts=True)
    assert np.all(people.household_size[heads] == counts)
    assert np.all(people.household[heads] == heads)
    assert ((SPAN.start - people.birth[heads]) / 365.2425 >= 18).mean() > 0.9999
    assert counts.mean() == pytest.approx(2.397, rel=0.02)
    assert np.all(people.income == people.income[people.household])


def test_children_seldom_live_without_a_grown_up_of_age(people: People) -> None:
    age = (SPAN.start - people.birth) / 365.2425
    child = age < 18
    head = age[people.household[child]]
    assert np.mean((head >= 22) & (head < 55)) > 0.95


def test_prevalence_is_the_curve_given(people: People) -> None:
    figures = load("tianjin")
    at = figures.diseases.index("hypertension")
    age = (SPAN.start - people.birth) / 365.2425
    near = (age >= 56) & (age < 58)
    # half of 56 % or 58 % at the age of 57
    has = (people.onset[near, at] < SPAN.start).mean()
    assert has == pytest.approx(0.285, abs=4 * (0.285 * 0.715 / near.sum()) ** 0.5)
    assert np.all(people.onset >= people.birth[:, None])


def test_the_frail_fall_ill_and_die_more(people: People) -> None:
    frail = people.frail > 1
    ill = (people.onset < SPAN.start).any(axis=1)
    assert ill[frail].mean() > ill[~frail].mean() * 1.3
    died = people.death < FAR
    assert died[frail].mean() > died[~frail].mean()
    assert np.all(people.death[died] <= SPAN.end)
    assert np.all(people.death[died] >= SPAN.start)


def test_retirement_is_dated_on_the_month_after_the_birthday() -> None:
    births = [date(1959, 2, 28), date(1960, 2, 29), date(1959, 12, 31)]
    birth = np.array([day_of(d.year, d.month, d.day) for d in births], dtype=np.int32)
    reached = anniversary(birth, np.array([60, 59, 60]))
    assert [date.fromordinal(int(d) + 719_163) for d in reached] == [
        date(2019, 2, 28),
        date(2019, 3, 1),
        date(2019, 12, 31),
    ]
    months = month_start(reached)
    assert [date.fromordinal(int(d) + 719_163) for d in months] == [
        date(2019, 3, 1),
        date(2019, 4, 1),
        date(2020, 1, 1),
    ]


def test_employees_leave_and_come_at_half_years(people: People) -> None:
    for days in (people.entry, people.leave):
        changed = days[days < FAR]
        assert len(changed)
        assert set(changed) <= set(SPAN.bounds[1:-1])
    working = people.employed(SPAN.start)
    assert working.mean() == pytest.approx(0.5594, abs=0.01)
    assert not working[(SPAN.start - people.birth) / 365.2425 < 18].any()


def test_a_region_without_employees_has_none() -> None:
    rng = np.random.Generator(np.random.SFC64(5))
    people = draw_people(load("jining"), Span(2022, 2), 5_000, 0.4, rng)
    assert not people.employed(Span(2022, 2).end).any()


def test_relief_is_for_the_poor(people: People) -> None:
    relief = people.relief >= 0
    assert relief[people.decile == 1].mean() > 10 * relief[people.decile == 8].mean()
    assert np.all(people.tier[relief] == 0)
