"""Input that lies person by person is settled as it is read, with the same result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from both_engines import assert_same, both, in_order, settle
from claim_files import tianjin
from parquet_city import typed, write

from yibao.bulk.job import Job, Options
from yibao.bulk.run import Run
from yibao.cli.sample import write_city
from yibao.settlement.columnar.engine import Engine

Pairs = tuple[list[Path], list[Path]]


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> tuple[pa.Table, pa.Table]:
    """Return persons and claims of a city, both person by person."""
    folder = tmp_path_factory.mktemp("city")
    persons, claims = map(typed, write_city(folder, "tianjin", 300, seed=6))
    by = [(name, "ascending") for name in ("person_id", "settled_at", "claim_id")]
    return persons, claims.sort_by(by)


def files(folder: Path, city: tuple[pa.Table, pa.Table], at: str = "TJ0000120") -> Pairs:
    """Write two pairs of files, divided at a person."""
    found: Pairs = ([], [])
    for table, name, to in zip(city, ("persons", "claims"), found, strict=True):
        low = pc.less(table.column("person_id"), at)
        for part, rows in (("b", table.filter(low)), ("a", table.filter(pc.invert(low)))):
            to.append(write(rows, folder / f"{name}-{part}.parquet"))
    return found


def run(pairs: Pairs, out: Path, options: Options) -> tuple[bool, bytes]:
    """Settle; return whether the files were found in order, and the bytes of the output."""
    job = Job(tianjin(), pairs[1], pairs[0], out, key="test")
    with Run(job, Engine(tianjin()), options) as one:
        one.partition()
        one.settle()
        streamed = one._pairs is not None
        for writer in one.writers:
            writer.publish()
    one.work.remove()
    return streamed, out.read_bytes()


@pytest.mark.parametrize("statistics", [True, False])
def test_the_year_to_close_is_known_beforehand(
    tmp_path: Path,
    city: tuple[pa.Table, pa.Table],
    statistics: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All would be settled a second time if it were not."""
    named = persons, claims = tmp_path / "persons.parquet", tmp_path / "claims.parquet"
    for table, file in zip(city, named, strict=True):
        pq.write_table(table, file, write_statistics=statistics)
    closed, settle = [], Run._settle

    def settled(self: Run, *args: Any) -> None:
        closed.append(args[-1])
        settle(self, *args)

    monkeypatch.setattr(Run, "_settle", settled)
    out, closing = tmp_path / "out.parquet", tmp_path / "closing.parquet"
    job = Job(tianjin(), [claims], [persons], out, closing=closing, key="test")
    with Run(job, Engine(tianjin()), Options()) as one:
        one.partition()
        one.settle()
    assert closed == [pc.max(city[1].column("discharged_on")).as_py().year + 1]


def test_the_same_as_the_desk(tmp_path: Path, city: tuple[pa.Table, pa.Table]) -> None:
    persons, claims = files(tmp_path, city)
    desk, bulk = both(tmp_path, claims, persons, "--closing", "CLOSING")
    assert_same(desk, bulk)
    persons_of = [row["person_id"] for row in bulk.files["out.csv"]]
    assert persons_of == sorted(persons_of)  # nothing was divided


def test_the_same_bytes_for_any_slice(tmp_path: Path, city: tuple[pa.Table, pa.Table]) -> None:
    pairs = files(tmp_path, city)
    streamed, first = run(pairs, tmp_path / "out.parquet", Options(threads=1))
    assert streamed
    for threads, block in ((2, 97), (4, 1), (2, 1000)):
        options = Options(threads=threads, block=block, buckets=5)
        assert run(pairs, tmp_path / "out.parquet", options) == (True, first)


def test_bad_rows_and_ties(tmp_path: Path, city: tuple[pa.Table, pa.Table]) -> None:
    persons, claims = city
    rows = claims.to_pylist()
    rows[3]["level"] = "9"
    rows[10] |= {"claim_id": rows[9]["claim_id"], "settled_at": rows[9]["settled_at"]}
    rows[20]["person_id"] = rows[20]["person_id"] + "X"
    people = persons.to_pylist()
    people[40]["category"] = "?"
    people[60]["from"] = None
    table = pa.Table.from_pylist(rows, claims.schema)
    people_table = pa.Table.from_pylist(people, persons.schema)
    pairs = files(tmp_path, (people_table, table.sort_by("person_id")))
    desk, bulk = both(tmp_path, pairs[1], pairs[0])
    assert desk.code == 1
    assert_same(desk, bulk)


@pytest.mark.parametrize("what", ["claims", "persons", "ranges", "shared", "blank"])
def test_what_is_not_in_order_is_divided(
    tmp_path: Path, city: tuple[pa.Table, pa.Table], what: str
) -> None:
    persons, claims = city
    pairs = files(tmp_path, city)
    if what == "claims":
        table = pq.read_table(pairs[1][1])
        mixed = pa.concat_tables([table.slice(40), table.slice(0, 40)])
        write(mixed, pairs[1][1])
    elif what == "persons":
        write(pq.read_table(pairs[0][1])[::-1], pairs[0][1])
    elif what == "ranges":
        pairs[1][0], moved = pairs[1][1], pairs[1][0]
        pairs[1][1] = write(
            pa.concat_tables([pq.read_table(moved).slice(5), claims.slice(len(claims) - 5)]),
            tmp_path / "moved.parquet",
        )
    else:
        rows = claims.to_pylist()
        rows[0]["claim_id"] = rows[-1]["claim_id"] if what == "shared" else " A1"
        pairs = files(tmp_path, (persons, pa.Table.from_pylist(rows, claims.schema)))
    assert not run(pairs, tmp_path / "out.parquet", Options(buckets=3))[0]
    (tmp_path / "out").mkdir()
    assert_same(*both(tmp_path / "out", pairs[1], pairs[0]))


def test_one_file_each(tmp_path: Path, city: tuple[pa.Table, pa.Table]) -> None:
    persons = write(city[0], tmp_path / "persons.parquet")
    claims = write(city[1], tmp_path / "claims.parquet")
    mixed = write(city[1].take(list(range(len(city[1])))[::-1]), tmp_path / "mixed.parquet")
    one = settle(tmp_path, "one", [claims], [persons], "--engine", "columnar")
    other = settle(tmp_path, "other", [mixed], [persons], "--engine", "columnar")
    assert in_order(one.files["out.csv"]) == in_order(other.files["out.csv"])
