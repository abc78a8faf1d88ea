"""The calibration report: each published target beside what the files have, and a verdict.

A target is met when the distance is at most the tolerance and three sampling errors: in a small
population chance alone moves figures, in a large one only the tolerance counts. Checks of the files
have the target 0 and no tolerance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from yibao.macro.population.figures import Figure, Figures, fen, number
from yibao.macro.population.measure import concentration, measure
from yibao.macro.population.measured import Measured
from yibao.text import Text

Rule = Literal["about", "at_least"]
Unit = Literal["share", "ratio", "yuan", "number", "count"]
SIGMAS = 3.0
"""So many sampling errors are left to chance."""

_CLUSTERED = 3.0
"""Members of a household share what is drawn for it: the variance of such figures is larger."""


@dataclass(frozen=True, slots=True)
class Row:
    """One target: what was published, what the files have, and whether that is near enough.

    Shares are fractions of one, amounts yuan. `tolerance` and `error` are in the unit of the row.
    """

    topic: str
    name: str
    title: Text
    unit: Unit
    rule: Rule
    target: float
    achieved: float
    tolerance: float
    error: float
    grade: str
    source: str
    scope: str

    @property
    def met(self) -> bool:
        """Whether the target is met; what could not be measured is not."""
        slack = self.tolerance + SIGMAS * self.error
        if self.rule == "at_least":
            return bool(self.achieved >= self.target - slack)
        return bool(abs(self.achieved - self.target) <= slack)


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """The report of a population: its rows, checks (name and failures), and what was assumed."""

    folder: Path
    manifest: Mapping[str, Any]
    figures: Figures
    measured: Measured
    rows: Sequence[Row]
    checks: Mapping[str, int]
    shares: Sequence[float]
    again: Sequence[float]

    @property
    def missed(self) -> list[Row]:
        """The targets that are not met."""
        return [row for row in self.rows if not row.met]

    @property
    def failed(self) -> list[str]:
        """The checks that failed."""
        return [name for name, failures in self.checks.items() if failures]

    @property
    def passed(self) -> bool:
        """Whether every target is met and no check failed."""
        return not self.missed and not self.failed

    @property
    def assumptions(self) -> list[tuple[str, Text]]:
        """What was assumed: the parts of the model file with their notes."""
        return [
            (name, Text(**part["note"]))
            for name, part in self.figures.model.items()
            if "note" in part
        ] + [("diseases", DISEASES), ("model", LIMITS)]


DISEASES = Text(
    "慢性病患病率按年龄、性别的曲线（未找到公布数）",
    "prevalence of chronic diseases by age and sex (no published figure was found)",
)
LIMITS = Text(
    "封闭人群（无出生、迁入迁出），不含异地就医；门诊目录外比例、机构级别分布为假定",
    "a closed cohort (no births, no moves), no care outside the city; shares of hospital levels "
    "and of visits outside the catalogue",
)

CHECKS: Mapping[str, Text] = {
    "files_unchanged": Text("文件与清单一致", "files are those of the manifest"),
    "people_agree": Text(
        "人员名单与参保文件一致", "people and persons files name the same persons"
    ),
    "persons_once": Text("每人只在一个文件", "each person is in one file"),
    "household_sizes": Text("家庭规模与成员数一致", "household sizes agree with their members"),
    "periods_apart": Text("参保时段不重叠", "periods of a person do not overlap"),
    "claims_have_person": Text("结算的人员存在", "claims name a person of their file"),
    "claims_once": Text("结算编号唯一", "ids of claims are unique"),
    "claims_in_order": Text("按人员、时刻排序", "claims lie by person and moment"),
    "parts_add_up": Text("各部分之和等于总额", "parts add up to the total"),
    "dates_right": Text("日期先后正确", "days are in order and within the years"),
    "insured_on_day": Text("出院日在保", "insured on the day of discharge"),
    "reversals_right": Text(
        "冲正指向本人更早的结算", "reversals name an earlier claim of the person"
    ),
    "lines_agree": Text("明细与结算金额一致", "item lines divide as their claims"),
}


def report(folder: Path, told: Callable[[int], object] = lambda persons: None) -> Report:
    """Measure a population and compare it; raises InputError when a file cannot be read."""
    figures, manifest, measured = measure(folder, told)
    shares, again = concentration(measured)
    rows = [
        *_people(figures, measured),
        *_insurance(figures, measured),
        *_use(figures, measured),
        *_stays(figures, measured),
        *_concentration(figures, measured, shares, again),
    ]
    return Report(folder, manifest, figures, measured, rows, measured.failed, shares, again)


# --- rows -----------------------------------------------------------------------------------------


def _row(
    where: tuple[str, str],
    title: tuple[str, str],
    unit: Unit,
    figure: Figure,
    achieved: tuple[float, float],
    *,
    absolute: float = 0.0,
    relative: float = 0.0,
    clustered: bool = False,
) -> Row:
    error = achieved[1] * (_CLUSTERED**0.5 if clustered else 1.0)
    tolerance = absolute + relative * figure.value
    told = (figure.value, achieved[0], tolerance, error)
    about = (figure.grade, figure.source, figure.scope)
    return Row(*where, Text(*title), unit, "about", *told, *about)


def _people(figures: Figures, measured: Measured) -> Iterator[Row]:
    first, census = figures.census()
    source = figures.region["census"]["source"]
    by_age = census.sum(axis=0)
    sums = {name: found.ratio() for name, found in measured.sums.items()}
    for name, title, share in (
        ("age_0_14", ("0至14岁占比", "Aged 0 to 14"), by_age[first < 15].sum()),
        ("age_60", ("60岁及以上占比", "Aged 60 and over"), by_age[first >= 60].sum()),
        ("age_65", ("65岁及以上占比", "Aged 65 and over"), by_age[first >= 65].sum()),
        ("women", ("女性占比", "Women"), census[1].sum()),
    ):
        figure = figures.figure(float(share), source)
        yield _row(("people", name), title, "share", figure, sums[name], absolute=0.003)
    count = max(measured.persons, 1)
    gaps = np.abs(measured.ages / count - census)
    worst = np.unravel_index(np.argmax(gaps), gaps.shape)
    error = float(np.sqrt(census[worst] * (1 - census[worst]) / count))
    title = ("年龄性别组（38组）最大偏差", "Largest gap of the 38 groups by age and sex")
    figure = figures.figure(0.0, source)
    # Of 38 groups the worst is looked at: chance alone makes a wider gap than of one.
    gap = float(gaps.max()), error * 4 / SIGMAS
    yield _row(("people", "age_sex_gap"), title, "share", figure, gap, absolute=0.002)
    told = figures.region["households"]
    mean = figures.figure(number(told["mean"]), told["source"], told["grade"])
    title = ("家庭户规模（人）", "Persons a household")
    yield _row(
        ("people", "household_size"), title, "ratio", mean, sums["household_size"], relative=0.02
    )
    single = figures.figure(number(told["single"]), told["source"], told["grade"])
    title = ("一人户占比", "Households of one person")
    found = sums["household_single"]
    yield _row(("people", "household_single"), title, "share", single, found, absolute=0.01)
    title = ("死亡人数与生命表之比", "Deaths over those expected")
    table = figures.national["mortality"]["source"]
    expected = figures.figure(1.0, table)
    yield _row(("people", "deaths"), title, "ratio", expected, sums["deaths"], relative=0.05)
    yield from _income(figures, measured, sums["income"])


def _income(figures: Figures, measured: Measured, mean: tuple[float, float]) -> Iterator[Row]:
    told = figures.national["income_quintiles"]
    means = np.array([fen(text) / 100 for text in told["means"]])
    cited = told["source"], told["grade"]
    if "mean_income" in figures.region:
        target = figures.value("mean_income")
    else:
        target = figures.figure(float(means.mean()), *cited)
    title = ("人均可支配收入（元）", "Disposable income per head (yuan)")
    yield _row(("people", "income"), title, "yuan", target, mean, relative=0.02, clustered=True)
    error = 0.3 / (max(measured.persons, 1) / _CLUSTERED) ** 0.5
    found = measured.income_shares()
    for at, name, title in (
        (0, "income_lowest", ("最低五分之一收入占比", "Income share of the lowest fifth")),
        (4, "income_highest", ("最高五分之一收入占比", "Income share of the highest fifth")),
    ):
        share = figures.figure(float(means[at] / means.sum()), *cited)
        achieved = float(found[at]), error
        yield _row(("people", name), title, "share", share, achieved, absolute=0.005)


def _insurance(figures: Figures, measured: Measured) -> Iterator[Row]:
    sums = {name: found.ratio() for name, found in measured.sums.items()}
    employees = figures.value("employees")
    if employees.value:
        title = ("职工参保占比（首日）", "Insured as employees (first day)")
        yield _row(
            ("insurance", "employees"), title, "share", employees, sums["employees"], absolute=0.005
        )
        title = ("在职退休比（首日）", "Active per retired employee (first day)")
        ratio = figures.active_per_retired(figures.years.start)
        found = sums["active_per_retired"]
        yield _row(("insurance", "active_per_retired"), title, "ratio", ratio, found, relative=0.03)
    title = ("受医疗救助资助的居民占比（首日）", "Residents with a relief identity (first day)")
    yield _row(
        ("insurance", "assisted_residents"),
        title,
        "share",
        figures.value("assisted_residents"),
        sums["assisted_residents"],
        absolute=0.005,
        clustered=True,
    )


_USE: tuple[tuple[str, str, tuple[str, str], tuple[str, str]], ...] = (
    (
        "admissions",
        "yuan_per_admission",
        ("住院人次/人", "Admissions a head"),
        ("次均住院费用（元）", "Yuan a stay"),
    ),
    (
        "visits",
        "yuan_per_visit",
        ("普通门急诊人次/人", "Outpatient visits a head"),
        ("次均门急诊费用（元）", "Yuan an outpatient visit"),
    ),
    (
        "chronic_visits",
        "yuan_per_chronic_visit",
        ("门诊慢特病人次/人", "Chronic and special visits a head"),
        ("次均慢特病费用（元）", "Yuan a chronic or special visit"),
    ),
    (
        "purchases",
        "",
        ("药店购药人次/人", "Pharmacy purchases a head"),
        ("次均购药费用（元）", "Yuan a purchase"),
    ),
)
_SCHEMES = {"employee": ("职工", "employees"), "resident": ("居民", "residents")}


def _schemes(figures: Figures) -> list[str]:
    return ["employee", "resident"] if figures.value("employees").value else ["resident"]


def _use(figures: Figures, measured: Measured) -> Iterator[Row]:
    span = measured.span
    for name, price, times_title, money_title in _USE:
        if name == "purchases" and not figures.region["pharmacies"]:
            continue
        for scheme in _schemes(figures):
            for year in range(span.first, span.first + span.years):
                times, money = _published(figures, name, price, scheme, year)
                key = f"{name}:{scheme}:{year}"
                who = _SCHEMES[scheme]
                yield _row(
                    ("use", key),
                    (f"{year}年{who[0]}{times_title[0]}", f"{times_title[1]}, {who[1]} {year}"),
                    "number",
                    times,
                    measured.sums[key].ratio(),
                    relative=0.03,
                )
                yield _row(
                    ("use", f"yuan:{key}"),
                    (f"{year}年{who[0]}{money_title[0]}", f"{money_title[1]}, {who[1]} {year}"),
                    "yuan",
                    money,
                    measured.sums[f"yuan:{key}"].ratio(),
                    relative=0.03,
                )


def _published(
    figures: Figures, name: str, price: str, scheme: str, year: int
) -> tuple[Figure, Figure]:
    """Return visits a head and yuan a visit, as published."""
    if name == "purchases":
        times, money = figures.purchases(scheme)
    else:
        times = figures.use(year, scheme, name)
        money = figures.use(year, scheme, price)
    head = times.value / 100 if name == "admissions" else times.value
    return replace(times, value=head), replace(money, value=money.value / 100)


def _stays(figures: Figures, measured: Measured) -> Iterator[Row]:
    for scheme in _schemes(figures):
        zh, en = _SCHEMES[scheme]
        for name, title, unit, limit in (
            ("stay_days", (f"{zh}平均住院日", f"Days a stay, {en}"), "number", 0.03),
            (
                "tertiary_over_all",
                (f"{zh}三级与全部次均住院费用之比", f"Cost of a stay at level 3 over all, {en}"),
                "ratio",
                0.03,
            ),
            (
                "out_of_catalogue",
                (f"{zh}住院目录外费用占比", f"Cost of stays outside the catalogue, {en}"),
                "share",
                0.03,
            ),
        ):
            figure = figures.by_scheme(name, scheme)
            if figure is not None:
                found = measured.sums[f"{name}:{scheme}"].ratio()
                unit_: Any = unit
                yield _row(
                    ("stays", f"{name}:{scheme}"), title, unit_, figure, found, relative=limit
                )
    if "employee" in _schemes(figures):
        title = ("退休与在职人均医疗费之比", "Cost per head, retired over active")
        figure = figures.value("retired_over_active")
        found = measured.sums["retired_over_active"].ratio()
        yield _row(("stays", "retired_over_active"), title, "ratio", figure, found, relative=0.05)


def _concentration(
    figures: Figures, measured: Measured, shares: Sequence[float], again: Sequence[float]
) -> Iterator[Row]:
    half, third = figures.value("top_tenth_share"), figures.value("top_tenth_again")
    tenth = max(measured.persons // 10, 1)
    for at, share in enumerate(shares):
        year = measured.span.first + at
        title = Text(
            f"{year}年费用最高十分之一人的费用占比（至少）",
            f"Cost of the highest tenth of persons {year} (at least)",
        )
        told = half.value, share, 0.0, 0.0, half.grade, half.source, half.scope
        yield Row("concentration", f"top_tenth:{year}", title, "share", "at_least", *told)
    for at, share in enumerate(again):
        year = measured.span.first + at
        chance = (share * (1 - share) / tenth) ** 0.5
        yield _row(
            ("concentration", f"again:{year}"),
            (f"{year}年最高十分之一次年仍在其中", f"Highest tenth of {year} again the year after"),
            "share",
            third,
            (share, chance),
            absolute=0.04,
        )
