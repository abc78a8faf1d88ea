"""Populations as they are written: the same bytes, whole or absent, and fit to be settled."""

import errno
import json
import shutil
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from yibao.errors import CannotWrite
from yibao.interop.files.columns import columns
from yibao.interop.files.settling import settle_files
from yibao.macro.population import make as making
from yibao.macro.population import people
from yibao.macro.population.calibrate import calibrate
from yibao.macro.population.days import Span
from yibao.macro.population.figures import load
from yibao.macro.population.make import Wanted, make
from yibao.policy.policy import load_policy
from yibao.settlement.lines import ItemClass, ItemLine, header

pytestmark = pytest.mark.usefixtures("small")


def wanted(region: str = "tianjin", persons: int = 1_200, years: int = 1, **more: Any) -> Wanted:
    figures = load(region)
    return Wanted(figures, persons, Span(figures.years.start, years), **more)


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def rows(folder: Path, name: str) -> list[dict[str, Any]]:
    return [
        r for f in sorted(folder.glob(f"{name}*.parquet")) for r in pq.read_table(f).to_pylist()
    ]


def test_bytes_depend_on_the_seed_and_not_on_threads(tmp_path: Path) -> None:
    for name, threads, seed in (("a", 1, 1), ("b", 3, 1), ("c", 1, 2)):
        make(wanted(lines=True, seed=seed), tmp_path / name, threads)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    one, other = contents(tmp_path / "a"), contents(tmp_path / "c")
    assert set(one) == set(other)
    assert not any(one[name] == other[name] for name in one)


def test_the_first_blocks_of_more_people_are_the_same(tmp_path: Path) -> None:
    make(wanted(persons=1_000), tmp_path / "few")
    make(wanted(persons=1_500), tmp_path / "more")
    few, more = contents(tmp_path / "few"), contents(tmp_path / "more")
    for number in (0, 1):
        for name in ("persons", "claims"):
            assert few[f"{name}-{number:05d}.parquet"] == more[f"{name}-{number:05d}.parquet"]


def test_the_manifest_says_what_there_is(tmp_path: Path) -> None:
    heard: list[int] = []
    returned = make(wanted(), tmp_path / "city", told=lambda persons, _: heard.append(persons))
    manifest = json.loads((tmp_path / "city" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest == returned
    assert heard == [500, 500, 200]
    assert (manifest["region"], manifest["persons"], manifest["seed"]) == ("tianjin", 1_200, 1)
    assert (manifest["first_year"], manifest["years"]) == (2019, 1)
    names = {file["name"]: file["rows"] for file in manifest["files"]}
    assert {*names, "manifest.json"} == set(contents(tmp_path / "city"))
    assert names["people.parquet"] == 1_200
    claims = sum(count for name, count in names.items() if name.startswith("claims"))
    assert claims == manifest["claims"] == len(rows(tmp_path / "city", "claims"))


class Case(NamedTuple):
    region: str
    years: int
    grade: str


@pytest.mark.parametrize("case", [Case("tianjin", 3, "C"), Case("jining", 2, "D")])
def test_every_claim_settles(tmp_path: Path, case: Case) -> None:
    folder = tmp_path / "city"
    make(wanted(case.region, 600, case.years), folder)
    policy = load_policy(case.region, accept=case.grade)
    claims, persons = (sorted(folder.glob(f"{n}-*.parquet")) for n in ("claims", "persons"))
    run = settle_files(policy, claims, persons)
    assert [e for r in (*run.rejects, *run.persons.rejects) for e in r.errors] == []
    assert len(run.batch.entries) == len(rows(folder, "claims")) > 1_000
    paid = sum(entry.settlement.fund_pay for entry in run.batch.entries)
    assert paid > 0


@pytest.mark.parametrize("region", ["tianjin", "jining"])
def test_columns_are_those_of_the_schema(tmp_path: Path, region: str) -> None:
    folder = tmp_path / "city"
    make(wanted(region, 300), folder)
    of = load_policy(region).region
    for what in ("persons", "claims"):
        expected = {c.name: c for c in columns(what, of)}  # type: ignore[arg-type]
        schema = pq.read_schema(folder / f"{what}-00000.parquet")
        assert set(schema.names) <= set(expected)
        for field in schema:
            kind = expected[field.name].kind
            if kind == "amount":
                assert field.type == pa.decimal128(16, 2)
            elif kind in {"code", "set"}:
                assert pa.types.is_dictionary(field.type), field.name
            elif kind == "date":
                assert field.type == pa.date32()
            elif kind == "flag":
                assert field.type == pa.bool_()


def test_rows_lie_by_person_and_moment_and_ids_are_unique(tmp_path: Path) -> None:
    folder = tmp_path / "city"
    make(wanted(years=2), folder)
    claims = rows(folder, "claims")
    keys = [(c["person_id"], c["settled_at"], c["claim_id"]) for c in claims]
    assert keys == sorted(keys)
    assert len({c["claim_id"] for c in claims}) == len(claims)
    reversals = [c for c in claims if c["reverses"]]
    assert reversals
    by_id = {c["claim_id"]: c for c in claims}
    for reversal in reversals:
        assert by_id[reversal["reverses"]]["settled_at"] < reversal["settled_at"]
        given = {name for name, value in reversal.items() if value is not None}
        assert given == {"claim_id", "person_id", "settled_at", "reverses"}
    for claim in claims:
        if not claim["reverses"]:
            assert claim["admitted_on"] <= claim["discharged_on"] <= claim["settled_at"].date()


def test_episodes_hold_observations_and_transfers(tmp_path: Path) -> None:
    make(wanted(persons=4_000, years=3), tmp_path / "city")
    claims = [c for c in rows(tmp_path / "city", "claims") if c["episode"]]
    chains = [list(g) for _, g in groupby(sorted(claims, key=_chain), key=lambda c: c["episode"])]
    kinds = {tuple(c["visit"] for c in chain) for chain in chains}
    assert ("emergency_observation", "inpatient") in kinds
    assert ("inpatient", "inpatient") in kinds
    for chain in chains:
        assert len(chain) > 1
        assert len({c["person_id"] for c in chain}) == 1
        assert chain[0]["claim_id"] == chain[0]["episode"]
        for before, after in pairwise(chain):
            assert before["discharged_on"] == after["admitted_on"]
        assert [c["outcome"] for c in chain if c["visit"] == "emergency_observation"] in (
            [],
            ["admitted"],
        )


def _chain(claim: dict[str, Any]) -> tuple[Any, ...]:
    return claim["episode"], claim["discharged_on"], claim["settled_at"]


def test_item_lines_divide_as_their_claims(tmp_path: Path) -> None:
    make(wanted(persons=500, lines=True), tmp_path / "city")
    lines = rows(tmp_path / "city", "lines")
    claims = {c["claim_id"]: c for c in rows(tmp_path / "city", "claims") if not c["reverses"]}
    seen = 0
    for claim_id, group in groupby(lines, key=lambda line: line["claim_id"]):
        split = header(
            ItemLine(
                Fraction(line["price"] * 100),
                Fraction(line["quantity"]),
                ItemClass(line["item_class"]),
                Fraction(line["first_self_pay"]),
                None if line["standard"] is None else Fraction(line["standard"] * 100),
            )
            for line in group
        )
        claim = claims[claim_id]
        for name in ("total", "out_of_catalogue", "over_limit", "first_self_pay", "in_scope"):
            assert Decimal(getattr(split, name)) == claim[name] * 100, (claim_id, name)
        seen += 1
    assert seen == len(claims)


def test_statuses_change_within_the_year_and_end_with_death(tmp_path: Path) -> None:
    make(wanted(persons=3_000, years=3), tmp_path / "city")
    people = {p["person_id"]: p for p in rows(tmp_path / "city", "people")}
    changes = set()
    for person, group in groupby(rows(tmp_path / "city", "persons"), key=lambda r: r["person_id"]):
        periods = list(group)
        assert periods[0]["from"].isoformat() == "2019-01-01"
        assert periods[-1]["to"] == people[person]["death_date"]
        for before, after in pairwise(periods):
            assert (after["from"] - before["to"]).days == 1
            changes.add((before["category"], after["category"]))
    assert {
        ("in_service", "retired"),
        ("student_child", "adult"),
        ("adult", "in_service"),
        ("in_service", "adult"),
    } <= changes


@pytest.mark.parametrize("region", ["tianjin", "jining"])
def test_people_are_as_on_the_first_day(tmp_path: Path, region: str) -> None:
    make(wanted(region, 1_500), tmp_path / "city")
    first: dict[str, Any] = {}
    for row in rows(tmp_path / "city", "persons"):
        first.setdefault(row["person_id"], row)
    people = rows(tmp_path / "city", "people")
    assert [p["person_id"] for p in people] == list(first)
    for person in people:
        status = first[person["person_id"]]
        for name in ("birth_date", "scheme", "category", "contribution_tier", "identities"):
            assert person[name] == status[name], name
        assert 1 <= person["income_decile"] <= 10
        begun = {name[:-6] for name, day in person.items() if name.endswith("_since") and day}
        assert begun == set(filter(None, person["chronic_diseases"].split(";")))


def test_jinings_chronically_ill_register_before_they_claim(tmp_path: Path) -> None:
    make(wanted("jining", 2_000, 2), tmp_path / "city")
    first: dict[tuple[str, str], Any] = {}
    for row in rows(tmp_path / "city", "persons"):
        for code in filter(None, row["registered_diseases"].split(";")):
            first.setdefault((row["person_id"], code), row["from"])
    claims = [c for c in rows(tmp_path / "city", "claims") if c["disease"] not in {None, "none"}]
    assert {c["visit"] for c in claims} == {"chronic_outpatient", "two_disease"}
    for claim in claims:
        assert first[claim["person_id"], claim["disease"]] <= claim["discharged_on"]
    two = {c["disease"] for c in claims if c["visit"] == "two_disease"}
    assert two == {"hypertension", "diabetes"}


@pytest.mark.parametrize("persons", [1, 2, 7])
def test_very_few_people(tmp_path: Path, persons: int) -> None:
    for seed in range(12):
        folder = tmp_path / f"{seed}"
        made = make(wanted(persons=persons, years=3, seed=seed), folder)
        assert len(rows(folder, "people")) == persons
        assert made["claims"] == len(rows(folder, "claims"))


def test_people_who_die_at_once_have_no_claims_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def at_once(*_: Any, birth: Any, **__: Any) -> Any:
        return np.full(len(birth), Span(2019, 3).start + 3, dtype=np.int32)

    figures = wanted().figures
    make(wanted(persons=40), tmp_path / "before")  # so that the pilot is the usual one
    calibrate(figures, Span(2019, 3))
    monkeypatch.setattr(people, "deaths", at_once)
    make(wanted(persons=40, years=3), tmp_path / "city")
    assert {r["to"].isoformat() for r in rows(tmp_path / "city", "persons")} == {"2019-01-04"}
    last = [c["discharged_on"].isoformat() for c in rows(tmp_path / "city", "claims")]
    assert all(day <= "2019-01-04" for day in last)


# --- what may go wrong ----------------------------------------------------------------------------


def nothing_is_left(parent: Path) -> bool:
    return list(parent.iterdir()) == []


def test_an_existing_folder_is_not_touched(tmp_path: Path) -> None:
    folder = tmp_path / "city"
    folder.mkdir()
    (folder / "mine").write_text("mine", encoding="utf-8")
    with pytest.raises(CannotWrite, match="exists already"):
        make(wanted(), folder)
    assert [file.name for file in folder.iterdir()] == ["mine"]
    assert list(tmp_path.iterdir()) == [folder]


def test_a_missing_parent_is_told(tmp_path: Path) -> None:
    with pytest.raises(CannotWrite, match="there is no folder"):
        make(wanted(), tmp_path / "none" / "city")


def test_a_disk_too_small_is_told_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=10)
    monkeypatch.setattr(making.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(CannotWrite, match="GB are needed"):
        make(wanted(), tmp_path / "city")
    assert nothing_is_left(tmp_path)


@pytest.mark.parametrize("threads", [1, 3])
def test_a_disk_that_fills_up_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    written: Callable[..., Any] = making._written

    def full(file: Path, table: Any) -> Any:
        if file.name == "claims-00001.parquet":
            raise OSError(errno.ENOSPC, "No space left on device")
        return written(file, table)

    monkeypatch.setattr(making, "_written", full)
    with pytest.raises(CannotWrite, match="No space left"):
        make(wanted(), tmp_path / "city", threads)
    assert nothing_is_left(tmp_path)


def test_a_stop_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    def stop(persons: int, claims: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(wanted(), tmp_path / "city", 2, stop)
    assert nothing_is_left(tmp_path)
