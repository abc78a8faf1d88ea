"""Only the rows that decide about one claim are read, and it comes out as when all are."""

import csv
import gzip
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from claim_files import CLAIM, PERSON, REVERSAL, Row, tianjin, write

from yibao.cli.settle_run import needed
from yibao.interop.files.arrays.one_claim import rows_of_claim
from yibao.interop.files.results import cell
from yibao.interop.files.settling import Run, settle_files

OTHERS = 200


def claim(number: str, person: str, month: int, **more: str) -> Row:
    day = f"2019-{month:02}-05"
    days = {"admitted_on": day, "discharged_on": day, "settled_at": f"{day} 10:00:00"}
    return {**CLAIM, **days, "claim_id": number, "person_id": person, **more}


def reversal(number: str, of: str, month: int, person: str = "") -> Row:
    when = {"settled_at": f"2019-{month:02}-20 10:00:00"}
    return {**REVERSAL, **when, "claim_id": number, "reverses": of, "person_id": person}


CLAIMS = (
    *(claim(f"X{n}", "Q", 1 + n % 12) for n in range(OTHERS)),
    claim("C3", "P1", 3),
    claim("C1", " P1\u3000", 1),
    claim("C2", "P1", 2),
    claim("C4", "P1", 4, level="9"),
    claim("C5", '"P1', 4),
    reversal("R2", "C2", 5),
    reversal("R3", "C3", 6, "P1"),
    claim("C6", "P1", 7),
    claim("S", "P2", 1),  # shares its id with one of P1
    claim("S", "P1", 8),
    claim("T", "P3", 1, in_scope="1.00"),  # shares its id too, and is rejected
    claim("T", "P1", 9),
    reversal("R7", "C7", 11, "P4"),  # names another person than its claim
    claim("C7", "P1", 10),
    claim("C8", "P1", 12),
    claim("N", "nobody", 12),
    claim("B", "bad", 12),
)
PERSONS = (
    *({**PERSON, "person_id": person} for person in ("Q", "P1", "P2", "P3", "P4", '"P1')),
    {**PERSON, "person_id": "bad", "scheme": "none"},
    {**PERSON, "person_id": "unread", "scheme": "none"},
)


def as_gzip(file: Path, rows: Sequence[Row]) -> Path:
    packed = file.with_suffix(".csv.gz")
    packed.write_bytes(gzip.compress(write(file, rows).read_bytes()))
    return packed


def as_gb18030(file: Path, rows: Sequence[Row]) -> Path:
    text = write(file, rows).read_text(encoding="utf-8").replace("claim_id", "结算编号", 1)
    file.write_text(text, encoding="gb18030")
    return file


def quoted(file: Path, rows: Sequence[Row]) -> Path:
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(rows)
    return file


def as_parquet(file: Path, rows: Sequence[Row]) -> Path:
    table = pa.table({name: [row[name] or None for row in rows] for name in rows[0]})
    target = file.with_suffix(".parquet")
    pq.write_table(table, target, row_group_size=40)
    return target


def outcome(run: Run, claim_id: str) -> object:
    entries = [e for e in run.batch.entries if e.item.what.claim_id == claim_id]
    rejects = [r.errors for r in run.rejects if cell(r, "claim_id") == claim_id]
    return [(e.sign, e.settlement.claim, e.settlement.memory) for e in entries], rejects


@pytest.mark.parametrize("kind", [write, as_gzip, as_gb18030, quoted, as_parquet])
def test_the_outcome_is_that_of_all_rows(
    tmp_path: Path, kind: Callable[[Path, Sequence[Row]], Path]
) -> None:
    half = len(CLAIMS) - 9
    claims = [kind(tmp_path / "a.csv", CLAIMS[:half]), kind(tmp_path / "b.csv", CLAIMS[half:])]
    persons = [kind(tmp_path / "p.csv", PERSONS)]
    settle = partial(settle_files, tianjin(), claims, persons)
    asked = {row["claim_id"]: None for row in CLAIMS[OTHERS - 1 :]}
    for claim_id in asked:
        whole = settle(select=partial(needed, claim_id))
        open_file = rows_of_claim(claim_id, tianjin().region, claims, persons)
        narrow = settle(select=partial(needed, claim_id), open_file=open_file)
        assert outcome(narrow, claim_id) == outcome(whole, claim_id) != ([], [])
        if not claim_id.startswith("X"):
            assert narrow.claims.rows < 20


def test_only_the_persons_rows_are_read(tmp_path: Path) -> None:
    claims = [write(tmp_path / "claims.csv", CLAIMS)]
    persons = [write(tmp_path / "persons.csv", PERSONS)]
    for claim_id, rows in (("B", (1, 1)), ("N", (1, 0)), ("nothing", (0, 0))):
        open_file = rows_of_claim(claim_id, tianjin().region, claims, persons)
        run = settle_files(tianjin(), claims, persons, open_file=open_file)
        assert (run.claims.rows, run.persons.rows) == rows
