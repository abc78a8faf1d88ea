"""Spark settles what a local run settles: row for row, bucketed or not, after kills and again."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from both_engines import Told, in_order, rows, settle
from claim_files import tianjin
from parquet_city import typed, write
from typer.testing import CliRunner

from yibao.bulk.job import Job
from yibao.bulk.spark import fragments, session, tasks
from yibao.bulk.spark.rules import OtherRules, Rules
from yibao.bulk.spark.run import SparkOptions, SparkRun
from yibao.bulk.spark.tasks import Common, keys_of_pair, settle_files, tied
from yibao.cli import app
from yibao.cli.sample import write_city
from yibao.interop.files.arrays.source import open_source
from yibao.interop.files.columns import claim_columns, person_columns

City = tuple[pa.Table, pa.Table]


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    """Persons and claims of a city, with two rows that must be rejected."""
    folder = tmp_path_factory.mktemp("city")
    persons, claims = map(typed, write_city(folder, "tianjin", 120, seed=5))
    bad = claims.slice(3, 2)
    names = {"claim_id": ["BAD1", "BAD2"], "person_id": ["NOBODY", claims["person_id"][4].as_py()]}
    names["level"] = ["1", "??"]
    for name, values in names.items():
        at = bad.schema.get_field_index(name)
        bad = bad.set_column(at, name, pa.array(values).cast(claims.schema.field(name).type))
    return persons, pa.concat_tables([claims.unify_dictionaries(), bad]).unify_dictionaries()


def buckets(folder: Path, city: City, count: int) -> tuple[list[Path], list[Path]]:
    """Write a city as pairs of files, by person."""
    folder.mkdir(exist_ok=True)
    found: tuple[list[Path], list[Path]] = ([], [])
    for kind, table, files in zip(("persons", "claims"), city, found, strict=True):
        own = [sum(p.encode()) % count for p in table["person_id"].to_pylist()]
        for n in range(count):
            part = table.filter(pa.array([bucket == n for bucket in own]))
            files.append(write(part, folder / f"{kind}-{n:05d}.parquet", 300))
    return found


def command(claims: Sequence[Path], persons: Sequence[Path], out: Path, *more: str) -> list[str]:
    """Return the arguments that settle files on Spark."""
    args = ["settle", *claims, "--policy", "tianjin", "-o", out, "--engine", "spark", "--json"]
    for file in persons:
        args += ["--persons", file]
    return [str(a) for a in (*args, "--lang", "en", *more)]


def on_spark(claims: Sequence[Path], persons: Sequence[Path], out: Path, *more: str) -> Told:
    """Settle files on Spark, and return the rows as CSV has them."""
    result = CliRunner().invoke(app, command(claims, persons, out, *more))
    assert result.exit_code in (0, 1), (result.stderr, result.exception)
    told = Told(result.exit_code, json.loads(result.stdout), stderr=result.stderr)
    for folder, name in ((out, "out.csv"), (out.with_name("states"), "states.csv")):
        if folder.exists():
            table = pa.concat_tables(pq.read_table(part) for part in sorted(folder.iterdir()))
            columns = [texts(table.column(n)) for n in table.column_names]
            told.files[name] = [
                dict(zip(table.column_names, row, strict=True))
                for row in zip(*columns, strict=True)
            ]
    for kind in ("rejects", "rejects.persons", "differences"):
        file = out.with_name(f"{out.name}.{kind}.csv")
        if file.exists():
            told.files[f"out.{kind}.csv"] = rows(file)
    return told


def texts(column: Any) -> list[str]:
    """Return cells as CSV has them."""
    return ["" if value is None else str(value) for value in column.to_pylist()]


def assert_same(local: Told, spark: Told) -> None:
    """Check that Spark told and wrote what a local run did, but for the order of rows."""
    assert local.code == spark.code
    assert local.files.keys() == spark.files.keys()
    for name, table in local.files.items():
        assert in_order(table) == in_order(spark.files[name]), name
    for summary in (local.summary, spark.summary):
        del summary["files"], summary["removed"]
    assert local.summary == spark.summary


@pytest.mark.usefixtures("spark")
def test_bucketed(tmp_path: Path, city: City) -> None:
    persons, claims = buckets(tmp_path, city, 3)
    local = settle(tmp_path, "local", claims, persons, "--engine", "columnar",
                   "--closing", "CLOSING")  # fmt: skip
    closing = ("--closing", str(tmp_path / "states"))
    spark = on_spark(claims, persons, tmp_path / "settled", *closing)
    assert "not divided again" in spark.stderr
    assert spark.stderr.splitlines()[-2:] == local.stderr.splitlines()[-2:]  # why rows are rejected
    assert sorted(f.name for f in (tmp_path / "settled").iterdir()) == [
        f"part-{n:05d}.parquet" for n in range(3)
    ]
    assert not (tmp_path / ".settled.work").exists()
    assert len(local.files["out.rejects.csv"]) == 2
    assert local.files["out.rejects.csv"] == spark.files["out.rejects.csv"]
    assert_same(local, spark)


@pytest.mark.usefixtures("spark")
def test_not_bucketed(tmp_path: Path, city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parquet and CSV in no order; two persons share a claim id, one reversal names no person."""
    persons, claims = city
    shared = claims.slice(0, 2)
    ids = claims["claim_id"].to_pylist()
    at = shared.schema.get_field_index("claim_id")
    shared = shared.set_column(at, "claim_id", pa.array([ids[400], ids[800]]))
    files = [
        write(claims.slice(0, 500), tmp_path / "a.parquet", 120),
        write(pa.concat_tables([claims.slice(500), shared]).unify_dictionaries(),
              tmp_path / "b.parquet"),
    ]  # fmt: skip
    people = [write(persons, tmp_path / "people.parquet")]
    local = settle(tmp_path, "local", files, people, "--engine", "columnar")
    monkeypatch.setattr("yibao.bulk.spark.run.rows_at_once", lambda memory: 400)
    spark = on_spark(files, people, tmp_path / "settled")
    assert "divided by person" in spark.stderr
    assert len(list((tmp_path / "settled").iterdir())) > 2
    assert_same(local, spark)


def run(spark: Any, files: tuple[list[Path], list[Path]], out: Path) -> SparkRun:
    """Return a run of bucketed files."""
    persons, claims = files
    rules = Rules.of("tianjin", None, "C")
    return SparkRun(spark, Job(tianjin(), claims, persons, out, key="t"), rules, SparkOptions())


def common(files: tuple[list[Path], list[Path]], folder: Path) -> Common:
    """Return what tasks need, without Spark."""
    region = tianjin().region
    kinds = claim_columns(region), person_columns(region)
    for name in ("settlements", "told"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return Common(
        Rules.of("tianjin", None, "C"),
        tuple(open_source(f, "claims", kinds[0], ("persons", kinds[1])) for f in files[1]),
        tuple(open_source(f, "persons", kinds[1], ("claims", kinds[0])) for f in files[0]),
        folder,
        {},
        None,
    )


def test_a_task_is_killed_and_tried_again(tmp_path: Path, city: City, spark: Any) -> None:
    files = buckets(tmp_path / "in", city, 2)
    killed, whole = (common(files, tmp_path / name) for name in ("killed", "whole"))
    marker = tmp_path / "died"

    def settle_or_die(part: int) -> None:
        write_part = tasks._write

        def deadly(target: Path, columns: Any, table: Any) -> None:
            write_part(target, columns, table)
            if part == 1 and not marker.exists():
                marker.touch()
                os.kill(os.getpid(), signal.SIGKILL)  # the rows are there, what they tell is not

        tasks._write = deadly
        try:
            assert settle_files(killed, part, [part], [part]) is None
        finally:
            tasks._write = write_part

    spark.sparkContext.parallelize(range(2), 2).foreach(settle_or_die)
    assert marker.exists()
    for part in range(2):
        settle_files(whole, part, [part], [part])
        found = [one.file("settlements", part).read_bytes() for one in (killed, whole)]
        assert found[0] == found[1]
        assert killed.file("told", part).exists()


def test_a_finished_part_is_kept(tmp_path: Path, city: City, spark: Any) -> None:
    files = buckets(tmp_path / "in", city, 2)
    out = tmp_path / "settled"
    with run(spark, files, out) as one:
        one.settle()
        first = one.totals.sums
    done = sorted((tmp_path / ".settled.work" / "parts" / "settlements").iterdir())
    before = [(file.stat().st_ino, file.stat().st_mtime_ns) for file in done]
    done[0].with_name(".left-by-a-killed-task.part").write_bytes(b"half")
    (tmp_path / ".settled.work" / "parts" / "told" / "part-00001.json").unlink()
    with run(spark, files, out) as one:
        assert one.work.resumed
        one.settle()
        assert one.totals.sums == first
        after = [(file.stat().st_ino, file.stat().st_mtime_ns) for file in done]
        assert after[0] == before[0]
        assert after[1] != before[1]  # what was not finished is done again
        (writer,) = one.writers
        writer.publish()
    assert [file.name for file in sorted(out.iterdir())] == [
        "part-00000.parquet",
        "part-00001.parquet",
    ]


def test_a_damaged_file(tmp_path: Path, city: City, spark: Any) -> None:
    """Cut off, it is refused before Spark begins; spoilt inside, by the task that meets that."""
    persons, claims = buckets(tmp_path, city, 2)
    whole = claims[1].read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[:300] + b"\xff" * 3000 + whole[3300:]):
        claims[1].write_bytes(damaged)
        result = CliRunner().invoke(app, command(claims, persons, tmp_path / "settled"))
        assert result.exit_code == 4, (result.stderr, result.exception)
        assert "claims-00001.parquet" in result.stderr
        assert "[readable]" in result.stderr
        assert not (tmp_path / "settled").exists()
        assert not (tmp_path / ".settled.work").exists()


# --- without Spark --------------------------------------------------------------------------------


def test_pairs_that_share_a_person_or_an_id_are_tied(tmp_path: Path, city: City) -> None:
    persons, claims = city
    split = buckets(tmp_path / "in", (persons, claims), 3)

    def tied_pairs(files: tuple[list[Path], list[Path]]) -> set[int]:
        shared = common(files, tmp_path / "work")
        keyed = [one for n in range(3) for one in keys_of_pair(shared, (n, n, n), 4)]
        return {o for r in range(4) for o in tied(found for own, found in keyed if own == r)}

    assert tied_pairs(split) == set()
    one = pq.read_table(split[1][2])
    write(pa.concat_tables([pq.read_table(split[1][0]), one.slice(0, 1)]), split[1][0])
    assert tied_pairs(split) == {0, 2}


def test_ids_with_blanks_go_where_their_person_goes() -> None:
    column = pa.array(["P1", " P1 ", "P1\u3000", "P2", "-bad", None])
    assert fragments.clean_ids(column).to_pylist() == ["P1", "P1", "P1", "P2", "", ""]


def test_csv_rows_are_the_same_after_a_cut(tmp_path: Path, city: City) -> None:
    file = tmp_path / "claims.csv"
    lines = (write_city(tmp_path, "tianjin", 5, seed=2)[1]).read_text().splitlines()
    file.write_text("\n".join([*lines, "cut,off", '"open']) + "\n")
    region = tianjin().region
    kinds = claim_columns(region), person_columns(region)
    source = open_source(file, "claims", kinds[0], ("persons", kinds[1]))
    (block,) = source.blocks(1 << 20)
    none = pa.array([], pa.uint64()).to_numpy()
    parts: dict[int, list[bytes]] = {}
    for bucket, data in fragments.cut(source, block, 4, none):
        parts.setdefault(bucket, []).append(data)
    assert len(parts) > 1
    found = {
        row: tuple(one.record(file, at).cells)
        for own in parts.values()
        for one in [fragments.unpacked(file, own)]
        for at, row in enumerate(one.rows.tolist())
    }
    wanted = {r: tuple(block.record(file, at).cells) for at, r in enumerate(block.rows.tolist())}
    assert found == wanted
    damaged = [r for own in parts.values() for r in fragments.unpacked(file, own).damaged]
    assert sorted(r.row for r in damaged) == sorted(r.row for r in block.damaged)
    assert {r.problem for r in damaged} == {r.problem for r in block.damaged}
    assert damaged


def test_other_rules_on_a_machine_are_refused() -> None:
    rules = Rules("tianjin", None, "C", (), "of another version")
    with pytest.raises(OtherRules, match="same version"):
        rules.load()


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        (["--explain"], "yibao explain"),
        (["-o", "out.xlsx"], "name a folder"),
        (["-o", "out.csv"], "name a folder"),
        (["--conf", "memory=4g"], "spark.NAME=VALUE"),
        (["--engine", "columnar", "--master", "yarn"], "--engine spark"),
    ],
    ids=str,
)
def test_what_does_not_go_with_spark(
    tmp_path: Path, city: City, more: list[str], wanted: str
) -> None:
    persons, claims = buckets(tmp_path, city, 1)
    args = [str(tmp_path / a) if a.startswith("out") else a for a in more]
    result = CliRunner().invoke(app, [*command(claims, persons, tmp_path / "settled"), *args])
    assert result.exit_code == 2, result.stderr
    assert wanted in " ".join(result.stderr.replace("│", " ").split())


@pytest.mark.parametrize("absent", ["pyspark", "java"])
def test_what_is_missing_is_said(
    tmp_path: Path, city: City, monkeypatch: pytest.MonkeyPatch, absent: str
) -> None:
    persons, claims = buckets(tmp_path, city, 1)
    if absent == "pyspark":
        monkeypatch.setattr(session, "MODULES", ("no_such_module",))
    else:
        monkeypatch.setattr(session, "MODULES", ())
        monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    result = CliRunner().invoke(app, command(claims, persons, tmp_path / "settled"))
    assert result.exit_code == 2, result.stderr
    said = " ".join(result.stderr.replace("│", " ").split())
    assert "./run spark" in said
    assert ("Java" in said) == (absent == "java")
