"""The calibration report: computed from the files, able to fail, never fooled by a manifest."""

import json
import re
import shutil
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from yibao.errors import CannotRead
from yibao.macro.population import make as making
from yibao.macro.population import report as reporting
from yibao.macro.population.days import Span, day_of
from yibao.macro.population.figures import load
from yibao.macro.population.make import Wanted, make
from yibao.macro.population.measure import ages
from yibao.macro.population.measure_claims import per_person
from yibao.macro.population.measured import Sums
from yibao.macro.population.picture import pictures
from yibao.macro.population.reading import digest
from yibao.macro.population.report import CHECKS, Row, report
from yibao.text import Text

YEARS = 2


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("population") / "city"
    wanted = Wanted(load("tianjin"), 30_000, Span(2019, YEARS), seed=3, lines=True)
    make(wanted, folder, 2)
    return folder


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small population of three blocks, to be changed."""
    folder = tmp_path_factory.mktemp("population") / "town"
    wanted = Wanted(load("tianjin"), 3_000, Span(2019, YEARS), seed=1, lines=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(making, "BLOCK", 1_000)
        make(wanted, folder, 2)
    return folder


@pytest.fixture
def copy(town: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(town, tmp_path / "town"))


def test_the_town_is_right_before_it_is_changed(town: Path) -> None:
    found = report(town)
    assert [(r.name, r.target, r.achieved) for r in found.missed] == []
    assert found.failed == []


# --- sums, worked by hand -------------------------------------------------------------------------


def test_a_ratio_has_its_sampling_error() -> None:
    sums = Sums.of(2)
    sums.add([np.array([1, 2]), np.array([1, 1])])
    sums.add([np.array([3]), np.array([2])])
    # 6 / 4; residuals y - 1.5 x: -0.5, 0.5, 0; their squares 0.5, root over 4
    assert sums.ratio() == pytest.approx((1.5, 0.5**0.5 / 4))


def test_a_ratio_of_ratios_and_of_nothing() -> None:
    sums = Sums.of(4)
    sums.add([np.array([6.0]), np.array([2.0]), np.array([3.0]), np.array([3.0])])
    assert sums.ratio()[0] == pytest.approx(3.0)  # (6 / 2) / (3 / 3)
    empty = Sums.of(2)
    assert np.isnan(empty.ratio()[0])
    empty.add([np.array([0.0]), np.array([4.0])])
    assert empty.ratio() == (0.0, 0.0)


def test_sums_by_person_are_exact() -> None:
    person = np.array([0, 0, 2])
    amount = np.array([2**53, 1, 5])
    assert list(per_person(person, amount, 4)) == [2**53 + 1, 0, 5, 0]


@pytest.mark.parametrize(
    ("born", "age"),
    [((1959, 1, 1), 60), ((1959, 1, 2), 59), ((2018, 12, 31), 0), ((2019, 1, 1), 0)],
)
def test_ages_on_new_years_day(born: tuple[int, int, int], age: int) -> None:
    assert list(ages(np.array([day_of(*born)]), 2019)) == [age]


@pytest.mark.parametrize(
    ("rule", "achieved", "met"),
    [
        ("about", 1.0, True),
        ("about", 1.079, True),  # 0.05 + 3 x 0.01
        ("about", 1.09, False),
        ("about", 0.91, False),
        ("about", float("nan"), False),
        ("at_least", 5.0, True),
        ("at_least", 0.93, True),
        ("at_least", 0.91, False),
    ],
)
def test_a_verdict(rule: Any, achieved: float, met: bool) -> None:
    row = Row(
        "t", "n", Text("", ""), "share", rule, 1.0, achieved, 0.05, 0.01, "A", "here", "nation"
    )
    assert row.met is met


# --- a population that is as it should be ---------------------------------------------------------


def test_all_targets_are_met_and_all_checks_pass(city: Path) -> None:
    found = report(city)
    assert [(r.name, r.target, r.achieved) for r in found.missed] == []
    assert found.failed == []
    assert found.passed
    assert set(found.checks) == set(CHECKS)
    assert len(found.rows) > 50
    assert all(row.source and row.grade in "ABCD" for row in found.rows)
    assert {row.topic for row in found.rows} == {
        "people",
        "insurance",
        "use",
        "stays",
        "concentration",
    }


def test_figures_are_those_of_the_files(city: Path) -> None:
    """Count a few of them again, another way."""
    found = {row.name: row for row in report(city).rows}
    claims = pa.concat_tables(pq.read_table(f) for f in sorted(city.glob("claims-*")))
    taken = pc.is_in(claims["claim_id"], value_set=claims["reverses"].combine_chunks())
    claims = claims.filter(pc.invert(taken)).filter(
        pc.is_null(claims["reverses"].filter(pc.invert(taken)))
    )
    persons = pa.concat_tables(pq.read_table(f) for f in sorted(city.glob("persons-*"))).to_pylist()
    end = date(2019, 12, 31)
    employees = [
        p["person_id"]
        for p in persons
        if p["scheme"] == "employee" and p["from"] <= end and (p["to"] is None or end <= p["to"])
    ]
    assert len(employees) == len(set(employees))
    scheme: dict[str, list[dict[str, Any]]] = {}
    for p in persons:
        scheme.setdefault(p["person_id"], []).append(p)
    stays = [
        c
        for c in claims.filter(pc.equal(claims["visit"].cast(pa.string()), "inpatient")).to_pylist()
        if c["discharged_on"].year == 2019 and _scheme(scheme[c["person_id"]], c) == "employee"
    ]
    row = found["admissions:employee:2019"]
    assert row.achieved == pytest.approx(len(stays) / len(employees))
    cost = found["yuan:admissions:employee:2019"]
    assert cost.achieved == pytest.approx(float(sum(c["total"] for c in stays)) / len(stays))


def _scheme(periods: list[dict[str, Any]], claim: dict[str, Any]) -> str:
    day = claim["discharged_on"]
    return next(
        str(p["scheme"])
        for p in periods
        if p["from"] <= day and (p["to"] is None or day <= p["to"])
    )


def test_pictures_are_whole_and_in_both_languages(city: Path) -> None:
    found = report(city)
    for language in ("zh", "en"):
        for picture in pictures(found, language):
            assert picture.startswith("<svg")
            assert picture.rstrip().endswith("</svg>")
            assert re.search(r"=\"[^\"]*(nan|inf)", picture) is None
    english = "".join(pictures(found, "en"))
    assert not re.search("[\u4e00-\u9fff]", english)


# --- a population that was changed ----------------------------------------------------------------


def rewritten(folder: Path, name: str, change: Callable[[pa.Table], pa.Table]) -> None:
    """Change a file, and make the manifest agree, as somebody would who wants to deceive."""
    file = folder / name
    with pq.ParquetFile(file) as source:
        table = source.read()
    groups = 1_000 if name == "people.parquet" else None
    pq.write_table(change(table), file, row_group_size=groups)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    for told in manifest["files"]:
        if told["name"] == name:
            told["sha256"] = digest(file)
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def with_column(table: pa.Table, name: str, column: Any) -> pa.Table:
    at = table.schema.get_field_index(name)
    return table.set_column(at, name, column)


def with_cell(name: str, row: int, value: Any) -> Callable[[pa.Table], pa.Table]:
    def change(table: pa.Table) -> pa.Table:
        column = table[name]
        kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        cells = column.cast(kind).to_pylist()
        cells[row] = value
        array = pa.array(cells, kind)
        made = array.dictionary_encode() if pa.types.is_dictionary(column.type) else array
        return with_column(table, name, made)

    return change


def doubled(table: pa.Table) -> pa.Table:
    for name in ("total", "out_of_catalogue", "over_limit", "first_self_pay", "in_scope"):
        twice = pc.multiply(table[name], pa.scalar(Decimal(2))).cast(pa.decimal128(16, 2))
        table = with_column(table, name, twice)
    return table


def test_dearer_claims_miss_their_targets(copy: Path) -> None:
    for file in sorted(copy.glob("claims-*")):
        rewritten(copy, file.name, doubled)
    found = report(copy)
    missed = {row.name for row in found.missed}
    assert "yuan:admissions:employee:2019" in missed
    assert "yuan:visits:resident:2020" in missed
    assert "admissions:employee:2019" not in missed
    assert found.failed == ["lines_agree"]  # the item lines were not doubled
    assert not found.passed


def test_lost_claims_miss_their_targets(copy: Path) -> None:
    def fewer(table: pa.Table) -> pa.Table:
        keep = pc.not_equal(table["visit"].cast(pa.string()).fill_null(""), "inpatient")
        return table.filter(keep)

    for file in sorted(copy.glob("claims-*")):
        rewritten(copy, file.name, fewer)
    missed = {row.name for row in report(copy).missed}
    assert "admissions:employee:2019" in missed
    assert "stay_days:employee" in missed  # nothing can be measured: that is not met


def test_other_people_miss_their_targets(copy: Path) -> None:
    def men(table: pa.Table) -> pa.Table:
        return with_column(table, "sex", pa.array(["male"] * len(table)).dictionary_encode())

    rewritten(copy, "people.parquet", men)
    missed = {row.name for row in report(copy).missed}
    assert {"women", "age_sex_gap"} <= missed


def first_reversal(copy: Path) -> int:
    with pq.ParquetFile(copy / "claims-00000.parquet") as source:
        reverses = source.read(["reverses"])["reverses"].to_pylist()
    return next(at for at, name in enumerate(reverses) if name)


CLAIMS, PERSONS = "claims-00000.parquet", "persons-00000.parquet"


@pytest.mark.parametrize(
    ("check", "name", "cell"),
    [
        ("parts_add_up", CLAIMS, ("total", 3, Decimal("9.99"))),
        ("parts_add_up", CLAIMS, ("in_scope_tcm", 3, Decimal("99999999.00"))),
        ("claims_once", CLAIMS, ("claim_id", 1, "TJ000000001-00001")),
        ("claims_have_person", CLAIMS, ("person_id", 3, "TJ999999999")),
        ("dates_right", CLAIMS, ("discharged_on", 3, np.datetime64("2031-01-01").astype(object))),
        ("insured_on_day", PERSONS, ("to", 0, np.datetime64("2019-01-01").astype(object))),
        ("periods_apart", PERSONS, ("to", 0, np.datetime64("2018-01-01").astype(object))),
        ("people_agree", PERSONS, ("person_id", 0, "TJ000000000")),
        ("persons_once", PERSONS, ("person_id", 0, "TJ000001001")),
        ("household_sizes", "people.parquet", ("household_size", 0, 17)),
        ("lines_agree", "lines-00000.parquet", ("price", 0, Decimal("9999.99"))),
    ],
)
def test_each_check_can_fail(copy: Path, check: str, name: str, cell: Any) -> None:
    rewritten(copy, name, with_cell(*cell))
    assert check in report(copy).failed


def test_claims_in_another_order_are_found(copy: Path) -> None:
    rewritten(copy, CLAIMS, lambda table: table.take(pa.array(range(len(table))[::-1])))
    assert report(copy).failed == ["claims_in_order"]


def test_a_reversal_of_nothing_is_found(copy: Path) -> None:
    row = first_reversal(copy)
    rewritten(copy, CLAIMS, with_cell("reverses", row, "TJ000000001-99999"))
    assert "reversals_right" in report(copy).failed


def test_people_too_few_or_too_many_are_found(copy: Path) -> None:
    rewritten(copy, "people.parquet", lambda table: table.slice(1))
    assert "people_agree" in report(copy).failed


def test_a_changed_byte_is_found(copy: Path) -> None:
    file = copy / "people.parquet"
    data = bytearray(file.read_bytes())
    data[-20] ^= 1  # within the text that says who wrote the file
    file.write_bytes(data)
    try:
        found = report(copy)
    except CannotRead:
        return  # no longer Parquet
    assert "files_unchanged" in found.failed


def test_a_file_too_many_is_found(copy: Path) -> None:
    (copy / "claims-99999.parquet").write_bytes(b"")
    assert report(copy).failed == ["files_unchanged"]


# --- a population that cannot be read -------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "[" * 100_000, '{"format": 2}', '{"format": 1, "region": "x"}']
)
def test_another_manifest(copy: Path, text: str) -> None:
    (copy / "manifest.json").write_text(text, encoding="utf-8")
    with pytest.raises(CannotRead, match=r"manifest\.json"):
        report(copy)


@pytest.mark.parametrize("name", ["manifest.json", "people.parquet", "claims-00001.parquet"])
def test_a_file_that_is_not_there(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(CannotRead, match=rf"{name}.*no such file; expected a whole folder") as it:
        report(copy)
    assert "Errno" not in str(it.value)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"years": 9}, "no figures for 9 years from 2019"),
        ({"first_year": 1999}, "no figures for 2 years from 1999"),
        ({"years": "2"}, "not the manifest"),
        ({"files": [{"name": "../claims-00000.parquet", "sha256": ""}]}, "not the manifest"),
        ({"files": None}, "not the manifest"),
        ({"region": None}, "not the manifest"),
        ({"lines": "no"}, "not the manifest"),
        ({"files": []}, "names no persons file"),
    ],
)
def test_a_manifest_that_cannot_be(copy: Path, change: dict[str, Any], told: str) -> None:
    manifest = json.loads((copy / "manifest.json").read_text(encoding="utf-8"))
    (copy / "manifest.json").write_text(json.dumps(manifest | change), encoding="utf-8")
    with pytest.raises(CannotRead, match=told):
        report(copy)


def test_a_region_without_figures(copy: Path) -> None:
    manifest = json.loads((copy / "manifest.json").read_text(encoding="utf-8"))
    (copy / "manifest.json").write_text(json.dumps(manifest | {"region": "../tianjin"}), "utf-8")
    with pytest.raises(CannotRead, match="has no figures"):
        report(copy)


def test_a_truncated_file(copy: Path) -> None:
    file = copy / CLAIMS
    file.write_bytes(file.read_bytes()[:-1000])
    with pytest.raises(CannotRead, match="claims-00000"):
        report(copy)


def test_a_missing_file(copy: Path) -> None:
    (copy / CLAIMS).unlink()
    with pytest.raises(CannotRead, match="claims-00000"):
        report(copy)


@pytest.mark.parametrize(
    ("column", "array", "told"),
    [
        ("total", pa.float64(), "the column total is double"),
        ("total", pa.decimal128(18, 3), "the column total is decimal"),
        ("settled_at", pa.string(), "the column settled_at is string"),
        ("claim_id", None, "there is no column claim_id"),
    ],
)
def test_a_column_of_another_type(copy: Path, column: str, array: Any, told: str) -> None:
    def change(table: pa.Table) -> pa.Table:
        if array is None:
            return table.drop_columns(column)
        return with_column(table, column, table[column].cast(array))

    rewritten(copy, CLAIMS, change)
    with pytest.raises(CannotRead, match=re.escape(told)):
        report(copy)


def test_every_check_has_a_title() -> None:
    assert all(title.zh and title.en for title in reporting.CHECKS.values())
