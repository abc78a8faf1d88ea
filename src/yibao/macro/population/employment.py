"""Who is insured as an employee, and on which days that changes, by age, sex and income."""

from __future__ import annotations

import numpy as np

from yibao.macro.population.days import FAR, YEAR, Days, Span
from yibao.macro.population.figures import Figures, Flags, Floats, Ints, number, numbers
from yibao.macro.population.households import EXCESS
from yibao.macro.population.normal import distribution, quantile


class Work:
    """The chance of being insured as an employee by age and sex, solved from the census.

    The first day's shares are met: employees of all insured, active per retired.
    """

    def __init__(self, figures: Figures) -> None:
        told = figures.model["employment"]
        self.ages = np.array(told["ages"], dtype=np.float64)
        self.retirement = (told["retirement"]["male"], told["retirement"]["female"])
        self.leave = number(told["leave"])
        self.income = number(told["income"])
        active, retired = numbers(told["active"]), numbers(told["retired"])
        share = figures.value("employees").value
        ratio = figures.active_per_retired(figures.years.start).value
        mass = self._mass(figures, active, retired)
        self.active = active * share * ratio / (1 + ratio) / mass[0]
        self.retired = retired * share / (1 + ratio) / mass[1]
        if max(self.active.max(), self.retired.max()) > 1:
            raise ValueError(f"{figures.name}: the census has too few people for its employees")

    def _mass(self, figures: Figures, active: Floats, retired: Floats) -> tuple[float, float]:
        first, shares = figures.census()
        high = np.append(first[1:], first[-1] + 2 * EXCESS)
        working = resting = 0.0
        for group, (low, top) in enumerate(zip(first, high, strict=True)):
            ages = np.linspace(low, top, 41)[:-1] + (top - low) / 80
            for row, leaves in enumerate(self.retirement):
                works = np.interp(ages, self.ages, active) * ((ages >= 18) & (ages < leaves))
                rests = np.interp(ages, self.ages, retired) * (ages >= leaves)
                working += float(shares[row, group] * works.mean())
                resting += float(shares[row, group] * rests.mean())
        return working, resting

    def chance(self, age: Floats, male: Flags) -> Floats:
        """Return the chance of being an employee at an age."""
        leaves = np.where(male, *self.retirement)
        active = np.interp(age, self.ages, self.active) * (age >= 18)
        result: Floats = np.where(age < leaves, active, np.interp(age, self.ages, self.retired))
        return result


def employment(
    work: Work, age: Floats, male: Flags, rank: Floats, rng: np.random.Generator
) -> tuple[Floats, Flags]:
    """Return each person's threshold (an employee when below the chance), and who is one."""
    income = quantile(rank)
    own = rng.standard_normal(len(age))
    score = -work.income * income + np.sqrt(1 - work.income**2) * own
    threshold = distribution(score)
    return threshold, threshold < work.chance(age, male)


def changes(
    work: Work,
    span: Span,
    rng: np.random.Generator,
    *,
    birth: Days,
    male: Flags,
    employee: Flags,
    threshold: Floats,
) -> tuple[Days, Days, Days]:
    """Return the days of becoming an employee, of becoming a resident, and of retirement.

    Changes of the scheme are dated on the first day of a half-year.
    """
    count = len(birth)
    retire = anniversary(birth, np.where(male, *work.retirement)) + np.int32(1)
    retire = month_start(retire)
    entry = np.full(count, FAR, dtype=np.int32)
    leave = np.full(count, FAR, dtype=np.int32)
    level = np.interp(40.0, work.ages, work.active)
    back = work.leave * level / (1 - level)
    for bound in span.bounds[1:-1]:
        age = (bound - birth) / YEAR
        chance = work.chance(age, male)
        draw = rng.random(count)
        working = (age >= 30) & (age < 50)
        gone = employee & (draw < work.leave) & working
        gone |= employee & (bound >= retire) & (threshold >= chance) & (retire > span.start)
        came = ~employee & (((age < 30) & (threshold < chance)) | (working & (draw < back)))
        leave[gone & (leave == FAR)] = bound
        entry[came & (entry == FAR)] = bound
    # Who leaves the scheme on retiring is never retired in it.
    never = (leave < FAR) & (leave >= retire)
    return entry, leave, np.where(never, FAR, retire).astype(np.int32)


def adult_days(figures: Figures, birth: Days, age: Floats, rng: np.random.Generator) -> Days:
    """Return 1 September of the year in which people turn 18, or 22 where they study."""
    studies = rng.random(len(birth)) < number(figures.model["students"]["share"])
    turned = birth.astype("M8[D]").astype("M8[Y]") + np.where(studies, 22, 18).astype("m8[Y]")
    september = turned.astype("M8[M]") + np.timedelta64(8, "M")
    days: Days = september.astype("M8[D]").astype(np.int32)
    return days


def anniversary(birth: Days, years: Ints) -> Days:
    """Return the day on which so many years are completed (29 February: 1 March)."""
    day = birth.astype("M8[D]")
    month = day.astype("M8[M]")
    later = (month + (years * 12).astype("m8[M]")).astype("M8[D]") + (day - month)
    result: Days = later.astype(np.int32)
    return result


def month_start(days: Days) -> Days:
    """Return the first day of the month after each day."""
    month = days.astype("M8[D]").astype("M8[M]") + np.timedelta64(1, "M")
    result: Days = month.astype("M8[D]").astype(np.int32)
    return result
