"""Parquet in and out: the same as the desk's, whatever the types, buckets and threads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from both_engines import assert_same, both, settle
from claim_files import tianjin
from parquet_city import typed, write
from typer.testing import CliRunner

from yibao.bulk.in_memory import load, settle_tables
from yibao.bulk.job import Job, Options
from yibao.bulk.run import Run
from yibao.cli import app
from yibao.cli.sample import write_city
from yibao.settlement.columnar.engine import Engine


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return persons and claims of a city as Parquet, the claims in no order."""
    folder = tmp_path_factory.mktemp("city")
    persons, claims = map(typed, write_city(folder, "tianjin", 300, seed=5))
    shuffled = claims.take(pa.array(np.random.default_rng(1).permutation(len(claims))))
    return write(persons, folder / "persons.parquet"), write(shuffled, folder / "claims.parquet")


def test_typed_columns(tmp_path: Path, city: tuple[Path, Path]) -> None:
    persons, claims = city
    assert_same(*both(tmp_path, [claims], [persons]))


def test_several_files(tmp_path: Path, city: tuple[Path, Path]) -> None:
    persons, claims = city
    table = pq.read_table(claims)
    parts = [
        write(table.slice(begin, 900), tmp_path / f"claims-{begin}.parquet")
        for begin in range(0, len(table), 900)
    ]
    one = settle(tmp_path, "one", [claims], [persons], "--engine", "columnar")
    many = settle(tmp_path, "many", list(reversed(parts)), [persons], "--engine", "columnar")
    assert one.files == many.files  # the order of rows too


def run(folder: Path, city: tuple[Path, Path], name: str, options: Options) -> bytes:
    """Settle a city and return the bytes of its settlements."""
    job = Job(tianjin(), [city[1]], [city[0]], folder / name, key="test")
    with Run(job, Engine(tianjin()), options) as one:
        one.partition()
        one.settle()
        (writer,) = one.writers
        writer.publish()
    one.work.remove()
    return (folder / name).read_bytes()


def test_the_same_bytes_for_any_division(tmp_path: Path, city: tuple[Path, Path]) -> None:
    for suffix in ("parquet", "csv", "csv.gz"):
        first = run(tmp_path, city, f"out.{suffix}", Options(threads=1, buckets=1))
        for threads, buckets, block in ((2, 7, 1000), (4, 64, 333)):
            options = Options(threads=threads, buckets=buckets, block=block)
            assert run(tmp_path, city, f"out.{suffix}", options) == first, (suffix, buckets)


def test_parquet_out_has_the_schema_of_the_desk(tmp_path: Path, city: tuple[Path, Path]) -> None:
    persons, claims = city
    for engine in ("desk", "columnar"):
        args = ["settle", claims, "--persons", persons, "--policy", "tianjin"]
        args += ["-o", tmp_path / f"{engine}.parquet", "--engine", engine]
        assert CliRunner().invoke(app, [str(a) for a in args]).exit_code == 0
    desk, bulk = (pq.read_table(tmp_path / f"{e}.parquet") for e in ("desk", "columnar"))
    assert desk.schema.equals(bulk.schema)
    by = [("claim_id", "ascending")]
    assert desk.sort_by(by).equals(bulk.sort_by(by))


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("total", pa.decimal128(12, 1)),
        ("total", pa.string()),
        ("settled_at", pa.string()),
        ("settled_at", pa.timestamp("ns")),
        ("settled_at", pa.timestamp("s")),
        ("admitted_on", pa.timestamp("ms")),
        ("admitted_on", pa.string()),
        ("claim_id", pa.large_string()),
        ("claim_id", pa.dictionary(pa.int32(), pa.string())),
        ("visit", pa.string()),
    ],
    ids=str,
)
def test_other_types(
    tmp_path: Path, city: tuple[Path, Path], column: str, kind: pa.DataType
) -> None:
    persons, claims = city
    table = pq.read_table(claims).slice(0, 300)
    at = table.schema.get_field_index(column)
    values = table.column(column)
    if pa.types.is_decimal(kind):
        yuan = values.cast(pa.string())
        kept = [f"{text.partition('.')[0]}.0" for text in yuan.to_pylist()]
        values = pa.array(kept).cast(kind)
    else:
        values = values.cast(kind)
    file = write(table.set_column(at, column, values), tmp_path / "claims.parquet")
    assert_same(*both(tmp_path, [file], [persons]))


def test_inexact_types_are_refused(tmp_path: Path, city: tuple[Path, Path]) -> None:
    persons, claims = city
    table = pq.read_table(claims)
    at = table.schema.get_field_index("total")
    floats = table.set_column(at, "total", table.column("total").cast(pa.float64()))
    file = write(floats, tmp_path / "claims.parquet")
    refused(tmp_path, [file, "--persons", persons], "column_type")


def test_damaged_files_are_refused(tmp_path: Path, city: tuple[Path, Path]) -> None:
    persons, claims = city
    whole = claims.read_bytes()
    cut, spoilt = tmp_path / "cut.parquet", tmp_path / "spoilt.parquet"
    cut.write_bytes(whole[: len(whole) // 2])
    spoilt.write_bytes(whole[:2000] + b"\xff" * 3000 + whole[5000:])
    refused(tmp_path, [cut, "--persons", persons], "readable")
    refused(tmp_path, [spoilt, "--persons", persons], "readable")
    refused(tmp_path, [persons, "--persons", persons], "kind_of_file")


def refused(folder: Path, files: list[Path | str], rule: str) -> None:
    """Check that the run ends with an input error and writes nothing."""
    out = folder / "out.parquet"
    args = ["settle", *files, "--policy", "tianjin", "-o", out, "--engine", "columnar"]
    result = CliRunner().invoke(app, [str(a) for a in args])
    assert result.exit_code == 4, result.stderr
    assert rule in result.stderr
    assert not out.exists()
    assert not (folder / ".out.parquet.work").exists()


def test_empty_file(tmp_path: Path, city: tuple[Path, Path]) -> None:
    persons, claims = city
    file = write(pq.read_table(claims).slice(0, 0), tmp_path / "claims.parquet")
    assert_same(*both(tmp_path, [file], [persons], "--closing", "CLOSING"))


# --- in memory ------------------------------------------------------------------------------------


def test_tables_in_tables_out(tmp_path: Path, city: tuple[Path, Path]) -> None:
    persons, claims = city
    table = pq.read_table(claims)
    bad = table.slice(0, 1).set_column(
        table.schema.get_field_index("person_id"), "person_id", pa.array(["NOBODY"])
    )
    bad = bad.set_column(0, "claim_id", pa.array(["BAD"]))
    table = pa.concat_tables([table, bad])
    file = write(table, tmp_path / "claims.parquet")
    told = settle(tmp_path, "out", [file], [persons], "--engine", "columnar")
    settled = settle_tables(tianjin(), pq.read_table(persons), table, closing_year=2021)
    ids = [row["claim_id"] for row in told.files["out.csv"]]
    assert settled.settlements.column("claim_id").to_pylist() == ids
    (reject,) = settled.rejects.to_pylist()
    assert (reject["claim_id"], reject["rule"]) == ("BAD", "known_person")
    assert len(settled.closing) == 300
    assert settled.person_rejects.num_rows == 0


def test_a_population_in_memory(city: tuple[Path, Path]) -> None:
    engine = Engine(tianjin())
    population = load(tianjin(), engine, [city[0]], [city[1]])
    assert (population.left_out, population.rejects) == (0, 0)
    assert len(population.persons) == population.items.persons == 300
    result = engine.settle(population.items, population.statuses)
    table = settle_tables(tianjin(), pq.read_table(city[0]), pq.read_table(city[1])).settlements
    assert int(result.figures["pool_pay"].sum()) == int(
        sum(table.column("pool_pay").to_pylist()) * 100
    )
    visits = {engine.claim_facts[code][0] for code in set(population.items.facts.tolist()) - {-1}}
    assert "inpatient" in visits
