"""The amounts of bills: parts that add up, by the rules of settlement.lines."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from yibao.macro.population import bills as bill
from yibao.macro.population.bills import divide, draw_totals, half_up
from yibao.macro.population.figures import load
from yibao.macro.population.need import CHRONIC, PURCHASE, STAY, TWO_DISEASE, VISIT
from yibao.money import half_up as exact_half_up
from yibao.settlement.lines import ItemClass, ItemLine, Split, header

KINDS = np.array([VISIT, CHRONIC, PURCHASE, STAY, TWO_DISEASE], dtype=np.int8)


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.Generator(np.random.SFC64(seed))


@given(st.integers(0, 10**11), st.integers(0, 10_000))
def test_half_up_is_that_of_money(amount: int, share: int) -> None:
    rate = Fraction(share, 10_000)
    found = half_up(np.array([amount], dtype=np.int64), rate)[0]
    assert found == exact_half_up(amount * rate.numerator, rate.denominator)


@given(st.integers(0, 2**32), st.sampled_from(["tianjin", "jining"]))
def test_lines_divide_as_the_bill(seed: int, region: str) -> None:
    figures, draws = load(region), rng(seed)
    total = draws.integers(1, 5_000_000, len(KINDS))
    made = divide(figures, total, KINDS, np.ones(len(KINDS), dtype=bool), draws)
    drugs, services = bill.rates(figures)
    for at in range(len(KINDS)):
        amounts = [int(line[at]) for line in made.lines]
        lines = [
            ItemLine(
                Fraction(amount),
                Fraction(1),
                ItemClass(of),
                drugs if (kind, of) == ("drug", "B") else services if of == "B" else Fraction(0),
                Fraction(int(made.standard[at]))
                if (kind, of) == ("drug", "B") and made.over_limit[at]
                else None,
            )
            for amount, (kind, of) in zip(amounts, bill.ITEMS, strict=True)
        ]
        assert header(lines) == Split(
            int(made.out_of_catalogue[at]),
            int(made.over_limit[at]),
            int(made.first_self_pay[at]),
            int(made.in_scope[at]),
        )
        assert sum(amounts) == total[at]
        assert min(amounts) >= 0


def test_totals_have_their_mean_and_a_heavy_tail() -> None:
    count = 400_000
    mean = np.full(count, 1_000_000.0)
    stays = draw_totals(load("tianjin"), mean, np.full(count, STAY, dtype=np.int8), rng())
    assert stays.dtype == np.int64
    error = stays.std() / count**0.5
    assert abs(stays.mean() - 1_000_000) < 4 * error + 5_000
    # Of a log-normal spread of 0.85 alone a millionth is above 40 times the mean.
    visits = draw_totals(load("tianjin"), mean, np.full(count, VISIT, dtype=np.int8), rng())
    assert (stays > 40_000_000).sum() > 5 > (visits > 40_000_000).sum()


def test_no_bill_is_below_or_above_the_bounds() -> None:
    kinds = np.array([VISIT, STAY], dtype=np.int8)
    found = draw_totals(load("tianjin"), np.array([1e-6, 1e15]), kinds, rng())
    assert list(found) == [300, 300_000_000]
