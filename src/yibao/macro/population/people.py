"""Draw the people of a block: who they are, how they live together, when they fall ill and die.

All arrays have one entry per person. Days are counted from 1970-01-01, as in Arrow's date32; `FAR`
is a day that never comes. Income is fen a year; it is drawn with floats and rounded to whole fen
once, here. The same generator gives the same people.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from yibao.macro.population.figures import Figures, Floats, Ints, fen, number, numbers
from yibao.macro.population.normal import distribution, quantile

Days = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
Small = npt.NDArray[np.int8]

FAR = np.int32(2**30)
YEAR = 365.2425
_EPOCH = date(1970, 1, 1).toordinal()
_OLDEST = 104.0
_EXCESS = 4.5
"""Mean years above the last census group's first age; nobody is older than `_OLDEST`."""


@dataclass(frozen=True, slots=True)
class Span:
    """The years that are made, and the half-years in which people use care."""

    first: int
    years: int

    @property
    def start(self) -> int:
        """The first day."""
        return day_of(self.first, 1, 1)

    @property
    def end(self) -> int:
        """The last day."""
        return day_of(self.first + self.years, 1, 1) - 1

    @property
    def bounds(self) -> Ints:
        """The first days of all half-years, and the day after the last."""
        days = [
            day_of(self.first + year, month, 1) for year in range(self.years) for month in (1, 7)
        ]
        return np.array([*days, self.end + 1], dtype=np.int64)


@dataclass(slots=True, eq=False)
class People:
    """The people of a block.

    employee    insured as an employee on the first day
    entry       day on which a resident becomes an employee
    leave       day on which an employee becomes a resident
    retire      day from which an employee is retired
    adult       day from which a resident is no student or child
    death       last day of life
    onset       n x diseases: first day of each disease
    relief      number of the relief identity, -1 for none
    contracted, chosen   number of the institution among those of level 1 and 3, -1 for none
    frail       standard normal: the part of frailty that lasts
    """

    birth: Days
    male: Flags
    household: Ints
    household_size: Ints
    income: Ints
    decile: Small
    employee: Flags
    entry: Days
    leave: Days
    retire: Days
    adult: Days
    death: Days
    onset: npt.NDArray[np.int32]
    registers: Flags
    tier: Small
    relief: Small
    insulin: Flags
    large_expense_paid: Flags
    insured_two_years: Flags
    contracted: npt.NDArray[np.int32]
    chosen: npt.NDArray[np.int32]
    frail: Floats

    def __len__(self) -> int:
        return len(self.birth)

    def employed(self, day: int | Ints | Days, rows: Any = slice(None)) -> Flags:
        """Tell who is insured as an employee on a day, retired or not; of `rows` of people."""
        stays = self.employee[rows] & (day < self.leave[rows])
        result: Flags = stays | (day >= self.entry[rows])
        return result

    def registered(self, delay: int) -> npt.NDArray[np.int32]:
        """Return the day from which each disease is registered, FAR for those who do not."""
        days = np.where(self.registers[:, None] & (self.onset < FAR), self.onset + delay, FAR)
        return days.astype(np.int32)


def day_of(year: int, month: int, day: int) -> int:
    """Return a calendar day as a number."""
    return date(year, month, day).toordinal() - _EPOCH


def draw_people(
    figures: Figures, span: Span, count: int, relief_level: float, rng: np.random.Generator
) -> People:
    """Draw `count` people as of the first day of the span."""
    age, male = _ages(figures, count, rng)
    birth = (span.start - 1 - np.floor(age * YEAR)).astype(np.int32)
    household, size = _households(figures, age, rng)
    rank = _per_household(household, rng.random(count))
    income = _incomes(figures, rank)
    decile = np.minimum(rank * 10, 9).astype(np.int8) + np.int8(1)
    frail = rng.standard_normal(count)
    work = _Work(figures)
    threshold, employee = _employment(work, age, male, rank, rng)
    entry, leave, retire = _changes(
        work, span, rng, birth=birth, male=male, employee=employee, threshold=threshold
    )
    adult = _adult_days(figures, birth, age, rng)
    share = relief_level * numbers(figures.model["relief"]["deciles"])[decile - 1]
    share = share * np.where(employee, number(figures.model["relief"]["employees"]), 1.0)
    needy = _per_household(household, rng.random(count)) < share
    kinds = numbers(list(figures.region["relief"].values()))
    kind = _pick(kinds, _per_household(household, rng.random(count)))
    relief = np.where(needy, kind, -1).astype(np.int8)
    flags = figures.model["flags"]
    return People(
        birth=birth,
        male=male,
        household=household,
        household_size=size,
        income=income,
        decile=decile,
        employee=employee,
        entry=entry,
        leave=leave,
        retire=retire,
        adult=adult,
        death=_deaths(figures, span, rng, birth=birth, male=male, frail=frail),
        onset=_onsets(figures, birth, male, frail, rng),
        registers=rng.random(count) < number(figures.model["registration"]["share"]),
        tier=np.where(relief >= 0, 0, _pick(_tiers(figures), rng.random(count))).astype(np.int8),
        relief=relief,
        insulin=rng.random(count) < number(flags["insulin"]),
        large_expense_paid=rng.random(count) < number(flags["large_expense_paid"]),
        insured_two_years=rng.random(count) < number(flags["insured_two_years"]),
        contracted=_institutions(figures, "contracted", "1", count, rng),
        chosen=_institutions(figures, "chosen", "3", count, rng),
        frail=frail,
    )


def tier_names(figures: Figures) -> list[str]:
    """Return the contribution tiers of adult residents."""
    return [name for name in figures.region["tiers"] if name != "student"]


def _tiers(figures: Figures) -> Floats:
    return numbers([figures.region["tiers"][name] for name in tier_names(figures)])


def _pick(shares: Floats, draws: Floats) -> Ints:
    """Return the position in `shares` that each uniform draw falls on."""
    found = np.searchsorted(np.cumsum(shares), draws, side="right")
    return np.minimum(found, len(shares) - 1)


def _per_household(household: Ints, draws: Floats) -> Floats:
    """Return the draw of the household's first member for all its members."""
    return draws[household]


# --- ages and households --------------------------------------------------------------------------


def _ages(figures: Figures, count: int, rng: np.random.Generator) -> tuple[Floats, Flags]:
    """Draw exact ages and sexes from the census; within a group all ages are alike."""
    first, shares = figures.census()
    cell = _pick(shares.ravel(), rng.random(count))
    group = cell % len(first)
    low = first[group].astype(np.float64)
    width = np.append(np.diff(first), 0)[group]
    within = rng.random(count)
    old = np.minimum(low - _EXCESS * np.log1p(-within), _OLDEST)
    return np.where(width > 0, low + within * width, old), cell < len(first)


def _sizes(figures: Figures) -> Floats:
    """Return the shares of household sizes 1, 2, …: geometric from two on, with the mean given."""
    told = figures.region["households"]
    single, most = number(told["single"]), int(figures.model["households"]["most"])
    mean = (number(told["mean"]) - single) / (1 - single)
    sizes = np.arange(2, most + 1)
    low, high = 1e-9, 1.0
    for _ in range(60):
        ratio = (low + high) / 2
        weights = ratio ** (sizes - 2)
        low, high = (ratio, high) if (weights @ sizes) / weights.sum() < mean else (low, ratio)
    return np.concatenate(([single], (1 - single) * weights / weights.sum()))


def _households(figures: Figures, age: Floats, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Return for each person the number of the household's head, and the household's size.

    Heads are adults. Children live with heads between 22 and 55 as far as there is room.
    """
    count = len(age)
    shares = _sizes(figures)
    sizes = 1 + _pick(shares, rng.random(count))
    ends = np.cumsum(sizes)
    households = int(np.searchsorted(ends, count)) + 1
    sizes = sizes[:households]
    sizes[-1] -= ends[households - 1] - count
    order = np.argsort(rng.random(count) + np.where(age >= 18, 0, 2), kind="stable")
    heads = order[:households]
    rest = order[households:]
    rest = rest[np.argsort(np.where(age[rest] < 18, 0, 1), kind="stable")]
    slots = np.repeat(np.arange(households), sizes - 1)
    of_head = age[heads][slots]
    family = (of_head >= 22) & (of_head < 55) & (sizes[slots] > 2)
    slots = slots[np.argsort(np.where(family, 0, 1) + rng.random(len(slots)), kind="stable")]
    number_of = np.empty(count, dtype=np.int64)
    number_of[heads] = np.arange(households)
    number_of[rest] = slots
    return heads[number_of], sizes[number_of]


# --- income ---------------------------------------------------------------------------------------


def _incomes(figures: Figures, rank: Floats) -> Ints:
    """Return income per head in fen, by rank; within each fifth the mean is the published one."""
    means = np.array([fen(t) for t in figures.national["income_quintiles"]["means"]], dtype=float)
    if "mean_income" in figures.region:
        means *= figures.value("mean_income").value * 100 / means.mean()
    bounds = np.concatenate(([means[0] * 0.35], np.sqrt(means[:-1] * means[1:])))
    fifth = np.minimum(rank * 5, 4).astype(np.int64)
    within = rank * 5 - fifth
    low, mean = bounds[fifth], means[fifth]
    span = np.append(np.diff(bounds), 1.0)[fifth]
    inner = low + span * within ** (span / (mean - low) - 1)
    top = low * (1 - within) ** (-(mean - low) / mean)
    drawn = np.where(fifth < 4, inner, np.minimum(top, low * 60))
    result: Ints = np.rint(drawn).astype(np.int64)
    return result


# --- employment -----------------------------------------------------------------------------------


class _Work:
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
        high = np.append(first[1:], first[-1] + 2 * _EXCESS)
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


def _employment(
    work: _Work, age: Floats, male: Flags, rank: Floats, rng: np.random.Generator
) -> tuple[Floats, Flags]:
    """Return each person's threshold (an employee when below the chance), and who is one."""
    income = quantile(rank)
    own = rng.standard_normal(len(age))
    score = -work.income * income + np.sqrt(1 - work.income**2) * own
    threshold = distribution(score)
    return threshold, threshold < work.chance(age, male)


def _changes(
    work: _Work,
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
    retire = _anniversary(birth, np.where(male, *work.retirement)) + np.int32(1)
    retire = _month_start(retire)
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


def _adult_days(figures: Figures, birth: Days, age: Floats, rng: np.random.Generator) -> Days:
    """Return 1 September of the year in which people turn 18, or 22 where they study."""
    studies = rng.random(len(birth)) < number(figures.model["students"]["share"])
    turned = birth.astype("M8[D]").astype("M8[Y]") + np.where(studies, 22, 18).astype("m8[Y]")
    september = turned.astype("M8[M]") + np.timedelta64(8, "M")
    days: Days = september.astype("M8[D]").astype(np.int32)
    return days


def _anniversary(birth: Days, years: Ints) -> Days:
    """Return the day on which so many years are completed (29 February: 1 March)."""
    day = birth.astype("M8[D]")
    month = day.astype("M8[M]")
    later = (month + (years * 12).astype("m8[M]")).astype("M8[D]") + (day - month)
    result: Days = later.astype(np.int32)
    return result


def _month_start(days: Days) -> Days:
    """Return the first day of the month after each day."""
    month = days.astype("M8[D]").astype("M8[M]") + np.timedelta64(1, "M")
    result: Days = month.astype("M8[D]").astype(np.int32)
    return result


# --- illness and death ----------------------------------------------------------------------------


def _onsets(
    figures: Figures, birth: Days, male: Flags, frail: Floats, rng: np.random.Generator
) -> npt.NDArray[np.int32]:
    """Draw the day of onset of each disease: prevalence by age is the logistic curve given.

    Who is to have a disease at some age, and when, follows from one uniform number: a person has
    it once the prevalence at the person's age exceeds that number.
    """
    lasting = 0.4
    onset = np.full((len(birth), len(figures.diseases)), FAR, dtype=np.int32)
    for at, told in enumerate(figures.model["diseases"].values()):
        most = np.where(male, number(told["male"]), number(told["female"]))
        own = rng.standard_normal(len(birth))
        draw = distribution(-lasting * frail + np.sqrt(1 - lasting**2) * own)
        has = draw < most
        odds = np.where(has, draw / np.where(has, most - draw, 1.0), 1.0)
        age = told["age"] + told["width"] * np.log(np.maximum(odds, 1e-12))
        has &= (age >= 0) & (age < _OLDEST + 10)
        onset[has, at] = birth[has] + np.floor(age[has] * YEAR).astype(np.int32)
    return onset


def _deaths(
    figures: Figures,
    span: Span,
    rng: np.random.Generator,
    *,
    birth: Days,
    male: Flags,
    frail: Floats,
) -> Days:
    """Draw the last day of life, half-year by half-year, FAR for those who survive the span."""
    table = figures.national["mortality"]
    ages = np.array(table["ages"])
    rates = np.stack([numbers(table["female"]), numbers(table["male"])])
    power = number(figures.model["frailty"]["deaths"])
    relative = np.exp(power * frail - power**2 / 2)
    death = np.full(len(birth), FAR, dtype=np.int32)
    for first, after in zip(span.bounds[:-1], span.bounds[1:], strict=True):
        age = np.maximum(((first + after) / 2 - birth) / YEAR, 0)
        group = np.searchsorted(ages, age, side="right") - 1
        risk = rates[male.astype(int), group] * relative * (after - first) / YEAR
        dies = (rng.random(len(birth)) < -np.expm1(-risk)) & (death == FAR)
        when = first + np.floor(rng.random(len(birth)) * (after - first))
        death[dies] = when[dies].astype(np.int32)
    return death


def _institutions(
    figures: Figures, share: str, level: str, count: int, rng: np.random.Generator
) -> npt.NDArray[np.int32]:
    """Draw the institution that people have signed with or chosen, -1 for none."""
    number_of = figures.region["institutions"][level]
    has = rng.random(count) < number(figures.region[share])
    return np.where(has, rng.integers(0, number_of, count), -1).astype(np.int32)
