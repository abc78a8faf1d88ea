"""Measure and check the claims of a pair of files, and their item lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from yibao.macro.population import reading
from yibao.macro.population.days import day_of
from yibao.macro.population.figures import Ints
from yibao.macro.population.measured import Measured
from yibao.macro.population.reading import NO_DAY, Table, code_is

SCHEMES = ("employee", "resident")
CARE: Mapping[str, tuple[str, ...]] = {
    "visits": ("outpatient", "emergency", "two_disease", "emergency_observation"),
    "chronic_visits": ("special_outpatient", "chronic_outpatient"),
    "purchases": ("pharmacy",),
    "admissions": ("inpatient",),
}
"""What counts as what in the published figures."""


def measure_claims(persons: Table, claims: Table, result: Measured) -> pa.Array:
    """Measure a pair of files; return its persons."""
    unique = pc.unique(persons.texts["person_id"])
    count = len(unique)
    statuses = _statuses(persons, unique, result)
    owner = reading.positions(claims.texts["person_id"], unique)
    result.check("claims_have_person", (owner < 0).sum())
    result.claims += claims.rows
    _order(claims, owner, result)
    _first_day(persons, statuses, count, result)
    real = pc.is_null(claims.texts["reverses"]).to_numpy(zero_copy_only=False)
    _bills(claims, real, result)
    _dates(claims, real, result)
    net = real & ~_taken_back(claims, owner, real, result)
    rows = np.flatnonzero(net & (owner >= 0))
    rows = rows[np.argsort(owner[rows], kind="stable")]
    day = claims.arrays["discharged_on"][rows].astype(np.int64)
    status = statuses.at(owner[rows], day)
    result.check("insured_on_day", (status < 0).sum())
    _use(_Net(claims, rows, owner[rows], status, count), statuses, result)
    return unique


# --- statuses -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Statuses:
    """The rows of a persons file: whose they are, from when to when, and what holds."""

    person: Ints
    first: Ints
    last: Ints
    employee: npt.NDArray[np.bool_]
    retired: npt.NDArray[np.bool_]

    def at(self, person: Ints, day: Any) -> Ints:
        """Return the row that holds of each person on a day, -1 where none does."""
        key = (self.person << 24) + self.first + 10**6
        found = np.searchsorted(key, (person << 24) + day + 10**6, side="right") - 1
        found = np.maximum(found, 0)
        holds = (self.person[found] == person) & (self.first[found] <= day)
        return np.where(holds & (day <= self.last[found]), found, -1)


def _statuses(persons: Table, unique: pa.Array, result: Measured) -> _Statuses:
    person = reading.positions(persons.texts["person_id"], unique)
    first = persons.arrays["from"].astype(np.int64)
    last = persons.arrays["to"].astype(np.int64)
    last = np.where(last == NO_DAY, 10**6, last)
    same = person[1:] == person[:-1]
    wrong = (np.diff(person) < 0) | (same & (first[1:] <= last[:-1]))
    result.check("periods_apart", int(wrong.sum()) + int((last < first).sum()))
    order = np.lexsort((first, person))
    employee = code_is(persons, "scheme", ["employee"])
    retired = code_is(persons, "category", ["retired"])
    return _Statuses(person[order], first[order], last[order], employee[order], retired[order])


def _first_day(persons: Table, statuses: _Statuses, count: int, result: Measured) -> None:
    """Count schemes, retired and assisted on the first day."""
    rows = statuses.at(np.arange(count), result.span.start)
    rows = rows[rows >= 0]
    employee, retired = statuses.employee[rows], statuses.retired[rows]
    one = np.ones(len(rows))
    result.add("employees", employee, one)
    result.add("active_per_retired", employee & ~retired, employee & retired)
    identities = persons.texts["identities"].dictionary.to_pylist()
    poor = np.array([bool(name) for name in [*identities, ""]])[persons.arrays["identities"]]
    result.add("assisted_residents", poor[rows] & ~employee, ~employee)


# --- checks ---------------------------------------------------------------------------------------


def _order(claims: Table, owner: Ints, result: Measured) -> None:
    """Check that ids are unique and rows lie by person, moment, id."""
    ids, settled = claims.texts["claim_id"], claims.arrays["settled_at"]
    result.check("claims_once", claims.rows - len(pc.unique(ids)))
    if claims.rows < 2:
        return
    later = pc.greater(ids[1:], ids[:-1]).to_numpy(zero_copy_only=False)
    same = owner[1:] == owner[:-1]
    ahead = (settled[1:] > settled[:-1]) | ((settled[1:] == settled[:-1]) & later)
    result.check("claims_in_order", ((owner[1:] < owner[:-1]) | (same & ~ahead)).sum())


def _bills(claims: Table, real: npt.NDArray[np.bool_], result: Measured) -> None:
    a = claims.arrays
    parts = a["out_of_catalogue"] + a["over_limit"] + a["first_self_pay"] + a["in_scope"]
    wrong = (parts != a["total"]) | (a["total"] <= 0)
    for part in ("out_of_catalogue", "over_limit", "first_self_pay", "in_scope"):
        wrong |= a[part] < 0
    wrong |= a["account_available"] < 0
    for part in ("in_scope_tcm", "in_scope_two_disease"):
        wrong |= a[part] > a["in_scope"]
    result.check("parts_add_up", (wrong & real).sum())


def _dates(claims: Table, real: npt.NDArray[np.bool_], result: Measured) -> None:
    admitted, discharged = claims.arrays["admitted_on"], claims.arrays["discharged_on"]
    settled = claims.arrays["settled_at"] // 86_400
    span = result.span
    wrong = (discharged < admitted) | (settled < discharged)
    wrong |= (discharged < span.start) | (discharged > span.end)
    result.check("dates_right", (wrong & real).sum())


def _taken_back(
    claims: Table, owner: Ints, real: npt.NDArray[np.bool_], result: Measured
) -> npt.NDArray[np.bool_]:
    """Tell which claims a reversal takes back; count reversals of nothing."""
    rows = np.flatnonzero(~real)
    of = reading.positions(claims.texts["reverses"].take(pa.array(rows)), claims.texts["claim_id"])
    found = of[of >= 0]
    right = (of >= 0) & (owner[of] == owner[rows])
    right &= claims.arrays["settled_at"][of] < claims.arrays["settled_at"][rows]
    result.check("reversals_right", (~right).sum() + len(found) - len(np.unique(found)))
    taken = np.zeros(claims.rows, dtype=bool)
    taken[found] = True
    return taken


def check_lines(claims: Table, lines: Table, result: Measured) -> None:
    """Check that the lines of each claim divide as the claim does (see settlement.lines)."""
    owner = reading.positions(lines.texts["claim_id"], claims.texts["claim_id"])
    price, standard = lines.arrays["price"], lines.arrays["standard"]
    outside = code_is(lines, "item_class", ["C"])
    payable = np.where(standard > 0, np.minimum(price, standard), price)
    own = (2 * payable * lines.arrays["first_self_pay"] + 10_000) // 20_000
    order = np.argsort(owner, kind="stable")

    def summed(amount: Ints) -> Ints:
        return per_person(owner[order], amount[order], claims.rows)

    wrong = np.zeros(claims.rows, dtype=bool)
    zero = np.zeros(lines.rows, dtype=np.int64)
    for name, amount in (
        ("total", price),
        ("out_of_catalogue", np.where(outside, price, zero)),
        ("over_limit", np.where(outside, zero, price - payable)),
        ("first_self_pay", np.where(outside, zero, own)),
    ):
        wrong |= summed(amount) != claims.arrays[name]
    result.check("lines_agree", int(wrong.sum()) + int((owner < 0).sum()))


# --- use ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Net:
    """The claims that stand, person by person: rows of the file, owners, rows of their status."""

    claims: Table
    rows: Ints
    person: Ints
    status: Ints
    count: int

    def column(self, name: str) -> Ints:
        """Return a column of the claims."""
        result: Ints = self.claims.arrays[name][self.rows].astype(np.int64)
        return result

    def of(self, name: str, codes: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Tell which claims have one of some codes."""
        result: npt.NDArray[np.bool_] = code_is(self.claims, name, codes)[self.rows]
        return result

    def totals(self, chosen: npt.NDArray[np.bool_], amount: Ints | None = None) -> Ints:
        """Return each person's sum of an amount over chosen claims; without one how many."""
        person = self.person[chosen]
        one = np.ones(len(person), dtype=np.int64)
        return per_person(person, one if amount is None else amount[chosen], self.count)


def _use(net: _Net, statuses: _Statuses, result: Measured) -> None:
    """Add up the use of care by year and scheme."""
    total = net.column("total")
    years = net.column("discharged_on").astype("M8[D]").astype("M8[Y]").astype(np.int64) + 1970
    employee = statuses.employee[net.status] & (net.status >= 0)
    retired = statuses.retired[net.status] & employee
    care = {name: net.of("visit", codes) for name, codes in CARE.items()}
    published = employee & ~care["purchases"]
    for at in range(result.span.years):
        year = result.span.first + at
        now = years == year
        result.cost[at].append(net.totals(now, total))
        end = statuses.at(np.arange(net.count), day_of(year + 1, 1, 1) - 1)
        insured, works = end >= 0, (end >= 0) & statuses.employee[end]
        rests = works & statuses.retired[end]
        for scheme in SCHEMES:
            heads = works if scheme == "employee" else insured & ~works
            mine = now & (employee == (scheme == "employee"))
            for name, of in care.items():
                times, money = net.totals(mine & of), net.totals(mine & of, total)
                result.add(f"{name}:{scheme}:{year}", times, heads)
                result.add(f"yuan:{name}:{scheme}:{year}", money / 100, times)
        old, active = (net.totals(now & published & (retired == r), total) for r in (True, False))
        result.add("retired_over_active", old / 100, rests, active / 100, works & ~rests)
    _stays(net, care["admissions"], employee, result)


def _stays(
    net: _Net,
    stays: npt.NDArray[np.bool_],
    employee: npt.NDArray[np.bool_],
    result: Measured,
) -> None:
    top, total, outside = (
        net.of("level", ["3"]),
        net.column("total"),
        net.column("out_of_catalogue"),
    )
    days = net.column("discharged_on") - net.column("admitted_on")
    for scheme in SCHEMES:
        mine = stays & (employee == (scheme == "employee"))
        times, money = net.totals(mine), net.totals(mine, total) / 100
        high = mine & top
        result.add(f"stay_days:{scheme}", net.totals(mine, days), times)
        columns = (net.totals(high, total) / 100, net.totals(high), money, times)
        result.add(f"tertiary_over_all:{scheme}", *columns)
        result.add(f"out_of_catalogue:{scheme}", net.totals(mine, outside) / 100, money)


def per_person(person: Ints, amount: Ints, count: int) -> Ints:
    """Return the sums of amounts by person, exactly; `person` ascends."""
    sums = np.concatenate(([0], np.cumsum(amount, dtype=np.int64)))
    edges = np.searchsorted(person, np.arange(count + 1))
    result: Ints = sums[edges[1:]] - sums[edges[:-1]]
    return result
