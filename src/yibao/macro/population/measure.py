"""Measure a population that was written: from its files alone, never from what was intended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from yibao.macro.population import reading
from yibao.macro.population.days import Span, day_of
from yibao.macro.population.figures import Figures, Ints, load, numbers
from yibao.macro.population.make import MANIFEST
from yibao.macro.population.measure_claims import check_lines, measure_claims
from yibao.macro.population.measured import Measured
from yibao.macro.population.reading import NO_DAY, Table, code_is


def measure(
    folder: Path, told: Callable[[int], object] = lambda persons: None
) -> tuple[Figures, Mapping[str, Any], Measured]:
    """Measure a population; raises InputError when a file cannot be read.

    `told` hears how many persons have been measured since it was last called.
    """
    manifest = reading.read_manifest(folder)
    figures = load(manifest["region"])
    span = Span(int(manifest["first_year"]), int(manifest["years"]))
    result = Measured(span, cost=[[] for _ in range(span.years)])
    _files(folder, manifest, result)
    people = reading.read_people(folder)
    last = ""
    for name in _names(manifest, "persons"):
        persons = reading.read_table(folder / name, reading.PERSONS)
        claims = reading.read_table(folder / name.replace("persons", "claims"), reading.CLAIMS)
        unique = measure_claims(persons, claims, result)
        _people(figures, next(people, None), unique, result)
        if manifest.get("lines"):
            lines = reading.read_table(folder / name.replace("persons", "lines"), reading.LINES)
            check_lines(claims, lines, result)
        least, most = pc.min_max(unique).as_py().values() if len(unique) else (last, last)
        result.check("persons_once", least <= last)
        last = most
        told(len(unique))
    result.check("people_agree", sum(1 for _ in people))
    return figures, manifest, result


def _names(manifest: Mapping[str, Any], what: str) -> list[str]:
    return sorted(f["name"] for f in manifest["files"] if f["name"].startswith(f"{what}-"))


def _files(folder: Path, manifest: Mapping[str, Any], result: Measured) -> None:
    changed = [f for f in manifest["files"] if reading.digest(folder / f["name"]) != f["sha256"]]
    there = {file.name for file in folder.iterdir()} - {MANIFEST}
    more = there - {f["name"] for f in manifest["files"]}
    result.check("files_unchanged", len(changed) + len(more))


def concentration(result: Measured) -> tuple[list[float], list[float]]:
    """Return the share of cost of the highest tenth in each year, and how many of it return."""
    yearly = [np.concatenate(parts) for parts in result.cost if parts]
    tenth = max(result.persons // 10, 1)
    shares, again = [], []
    before: Ints | None = None
    for cost in yearly:
        top = np.argsort(-cost, kind="stable")[:tenth]
        shares.append(float(cost[top].sum() / max(int(cost.sum()), 1)))
        if before is not None:
            again.append(len(np.intersect1d(before, top)) / tenth)
        before = top
    return shares, again


# --- people ---------------------------------------------------------------------------------------


def _people(figures: Figures, people: Table | None, unique: pa.Array, result: Measured) -> None:
    """Measure a block's people, who are to be those of its persons file."""
    if people is None:
        result.check("people_agree", 1)
        return
    result.check("people_agree", not people.texts["person_id"].equals(unique))
    first, _ = figures.census()
    birth, male = people.arrays["birth_date"], code_is(people, "sex", ["male"])
    age = ages(birth, result.span.first)
    group = np.searchsorted(first, age, side="right") - 1
    result.persons += people.rows
    by_sex = [np.bincount(group[male == sex], None, len(first)) for sex in (True, False)]
    result.ages = result.ages + np.array(by_sex, dtype=np.float64)
    one = np.ones(people.rows)
    for name, inside in (
        ("age_0_14", age < 15),
        ("age_60", age >= 60),
        ("age_65", age >= 65),
        ("women", ~male),
    ):
        result.add(name, inside, one)
    size = people.arrays["household_size"].astype(np.float64)
    result.add("household_size", one, 1 / size)
    result.add("household_single", size == 1, 1 / size)
    members = pc.value_counts(people.texts["household_id"]).field("counts").to_numpy()
    many = int(max(members.max(initial=0), size.max(initial=0))) + 1
    told = np.bincount(people.arrays["household_size"], minlength=many)
    result.check("household_sizes", np.abs(told - np.bincount(members, members, many)).sum())
    income = people.arrays["income"]
    result.add("income", income / 100, one)
    result.incomes.append(income)
    _deaths(figures, people, result)


def ages(birth: Ints, year: int) -> Ints:
    """Return the completed years of age on 1 January."""
    born = birth.astype("M8[D]").astype("M8[Y]").astype(np.int64) + 1970
    january = (birth.astype("M8[D]") - birth.astype("M8[D]").astype("M8[Y]")).astype(np.int64) == 0
    result: Ints = year - born - 1 + january
    return result


def _deaths(figures: Figures, people: Table, result: Measured) -> None:
    """Compare deaths with those that the table of mortality lets expect, year by year."""
    table = figures.national["mortality"]
    rates = np.stack([numbers(table["female"]), numbers(table["male"])])
    male = code_is(people, "sex", ["male"]).astype(int)
    died = people.arrays["death_date"]
    expected = np.zeros(people.rows)
    for year in range(result.span.first, result.span.first + result.span.years):
        begin, end = day_of(year, 1, 1), day_of(year + 1, 1, 1)
        age = np.maximum((begin + 182 - people.arrays["birth_date"]) / 365.2425, 0)
        group = np.searchsorted(np.array(table["ages"]), age, side="right") - 1
        lived = np.where(died == NO_DAY, 1.0, np.clip((died - begin) / (end - begin), 0, 1))
        expected += rates[male, group] * lived
    result.add("deaths", died != NO_DAY, expected)
