"""Outcome indicators of the five-year plan on settled claims, as exact rationals.

What counts, where the plan leaves it open: a reimbursement ratio counts every insurance layer but
not medical assistance (P25-K04, K05); "self-pay" is what lies outside the catalogue, not the
person's share (P25-K06, K07); "about" means within one percentage point.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, Literal

from yibao.errors import Defect, MoneyError, PackErrors
from yibao.policy.figures import number, written
from yibao.policy.model import Text, Unit
from yibao.policy.source import Path_, Source, read
from yibao.policy.validate import validate
from yibao.policy.vocabulary import POLICIES, vocabulary
from yibao.settlement.model import Settlement, Status

INSURANCE_LAYERS = frozenset({"basic", "large_expense", "serious_illness"})
"""The layers that are insurance; assistance and supplements are not."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """A part of a whole, in fen or in counts. `value` is None when there is no whole."""

    part: int
    whole: int

    @property
    def value(self) -> Fraction | None:
        """The exact ratio."""
        return Fraction(self.part, self.whole) if self.whole else None


# --- on settlements -------------------------------------------------------------------------------


def reimbursement(settlements: Iterable[Settlement], scheme: str) -> Ratio:
    """Return what insurance pays of in-scope inpatient expense, in fen (P25-K04, P25-K05)."""
    chosen = _inpatient(settlements, scheme)
    return Ratio(sum(map(insurance_pay, chosen)), sum(s.figure("in_scope") for s in chosen))


def self_pay(settlements: Iterable[Settlement], scheme: str) -> Ratio:
    """Return what lies outside the catalogue of inpatient expense, in fen (P25-K06, P25-K07)."""
    chosen = _inpatient(settlements, scheme)
    return Ratio(sum(s.figure("out_of_catalogue") for s in chosen), sum(s.total for s in chosen))


def assistance(settlements: Iterable[Settlement]) -> Ratio:
    """Return what assistance pays of what insurance leaves of in-scope expense, in fen (P25-K08).

    Counted are inpatient and special-disease claims to which assistance applied. The second round
    of assistance is not part of it.
    """
    chosen = [
        s
        for s in settlements
        if _visit(s) in {"inpatient", "special_outpatient"} and "assistance_pay" in s.funds
    ]
    left = sum(s.figure("in_scope") - insurance_pay(s) for s in chosen)
    return Ratio(sum(s.funds["assistance_pay"] for s in chosen), left)


def insurance_pay(settlement: Settlement) -> int:
    """Return what all insurance layers pay, in fen."""
    funds = vocabulary().funds
    return sum(
        fen for name, fen in settlement.funds.items() if funds[name].layer in INSURANCE_LAYERS
    )


def of_claims(settlements: Iterable[Settlement]) -> Mapping[str, Ratio]:
    """Return every indicator that settled claims can give, by the id of its target."""
    settlements = list(settlements)
    return {
        "P25-K04": reimbursement(settlements, "employee"),
        "P25-K05": reimbursement(settlements, "resident"),
        "P25-K06": self_pay(settlements, "employee"),
        "P25-K07": self_pay(settlements, "resident"),
        "P25-K08": assistance(settlements),
    }


def _inpatient(settlements: Iterable[Settlement], scheme: str) -> list[Settlement]:
    return [s for s in settlements if s.scheme == scheme and _visit(s) == "inpatient"]


def _visit(settlement: Settlement) -> str:
    return str(settlement.claim.facts[_visit_index()])


@cache
def _visit_index() -> int:
    return [a.name for a in vocabulary().of("claim")].index("visit")


# --- on totals ------------------------------------------------------------------------------------


def direct_settlement(
    *, direct_cost: int, cost: int, direct_cases: int, cases: int
) -> tuple[Ratio, Ratio]:
    """Return the rate of direct settlement by cost (fen) and by case.

    Of care in other provinces for P25-K13: the plan does not say which, and its target is compared
    with the one by cost. Of all care for C-JX06-1.4.
    """
    return Ratio(direct_cost, cost), Ratio(direct_cases, cases)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of those who should be reached are, and the task list: who is not."""

    ratio: Ratio
    tasks: tuple[str, ...]


def insured(statuses: Iterable[Status], day: date) -> frozenset[str]:
    """Return who is insured on a day, at year end for P25-K01.

    The statuses may come from several schemes: a person in two of them is one person.
    """
    return frozenset(status.person_id for status in statuses if status.holds(day))


def enrolment(population: Set[str], reached: Set[str]) -> Coverage:
    """Return how many of a population are insured, and who is not (T16-01a, C-JX04-1.2)."""
    return Coverage(
        Ratio(len(population & reached), len(population)), tuple(sorted(population - reached))
    )


def two_disease_coverage(
    diagnosed: Set[str], with_drug_benefit: Set[str], with_health_record: Set[str]
) -> Coverage:
    """Return how many two-disease patients have both drug benefit and record (T21-2.2b)."""
    return enrolment(diagnosed, with_drug_benefit & with_health_record)


# --- targets --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Target:
    """What a document wants of an indicator. Rates and counts are exact.

    In `targets.yaml` `unit` is rate (the default) or count. `at_least` and `at_most` are met by the
    target itself, `about` within `tolerance`. `baseline` is what the document starts from, if it
    says so. A target that is not `binding` is only aimed at.
    """

    id: str
    cite: str
    title: Text
    baseline: Fraction | None
    target: Fraction
    comparator: Literal["at_least", "at_most", "about", "equal"]
    tolerance: Fraction
    binding: bool

    def met_by(self, value: Fraction) -> bool:
        """Tell whether a value meets the target; nothing is rounded before the comparison."""
        if self.comparator == "at_least":
            return value >= self.target
        if self.comparator == "at_most":
            return value <= self.target
        return abs(value - self.target) <= self.tolerance


@dataclass(frozen=True, slots=True)
class Deadline:
    """By when something has to have begun everywhere: on a day earlier than `before`."""

    id: str
    cite: str
    title: Text
    before: date

    def late(self, begun: Mapping[str, date | None]) -> tuple[str, ...]:
        """Return the places that began too late, or have not begun, in their order."""
        return tuple(sorted(p for p, day in begun.items() if day is None or day >= self.before))


@cache
def targets(region: str) -> Mapping[str, Target]:
    """Return a region's targets by clause id; none where its documents set none."""
    return _of(region)[0]


@cache
def deadlines(region: str) -> Mapping[str, Deadline]:
    """Return a region's deadlines by clause id; none where its documents set none."""
    return _of(region)[1]


def _of(region: str) -> tuple[Mapping[str, Target], Mapping[str, Deadline]]:
    file = POLICIES / region / "targets.yaml"
    return read_targets(file) if file.is_file() else ({}, {})


def read_targets(file: Path) -> tuple[Mapping[str, Target], Mapping[str, Deadline]]:
    """Read the targets and deadlines of a file, by id; raises PackErrors with every defect."""
    source = read(file)
    defects = validate(source, "targets")
    if defects:
        raise PackErrors(defects)
    wanted: dict[str, Target] = {}
    due: dict[str, Deadline] = {}
    for i, data in enumerate(source.data["targets"]):
        path: Path_ = ("targets", i)
        if data["id"] in wanted:
            defects.append(source.defect(path, f"the target {data['id']} twice", "each id once"))
        wanted[data["id"]] = _target(source, path, data, defects)
    for i, data in enumerate(source.data.get("deadlines", ())):
        if data["id"] in due:
            found = f"the deadline {data['id']} twice"
            defects.append(source.defect(("deadlines", i), found, "each id once"))
        before = date.fromisoformat(data["before"])
        due[data["id"]] = Deadline(data["id"], data["cite"], Text(**data["title"]), before)
    if defects:
        raise PackErrors(defects)
    return wanted, due


def _target(source: Source, path: Path_, data: Mapping[str, Any], defects: list[Defect]) -> Target:
    unit: Unit = data.get("unit", "rate")

    def exact(field: str) -> Fraction:
        try:
            return Fraction(number(unit, data[field]))
        except MoneyError as error:
            defects.append(source.defect((*path, field), str(error), written(unit, data[field])))
            return Fraction(0)

    return Target(
        id=data["id"],
        cite=data["cite"],
        title=Text(**data["title"]),
        baseline=exact("baseline") if "baseline" in data else None,
        target=exact("target"),
        comparator=data["comparator"],
        tolerance=exact("tolerance") if "tolerance" in data else Fraction(0),
        binding=data["binding"],
    )
