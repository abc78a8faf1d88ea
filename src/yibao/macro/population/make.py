"""Make a population: block by block, in as many threads as wanted, into a folder that is whole.

A block is `BLOCK` persons; it has a random generator of its own and makes one pair of persons and
claims files. So the bytes depend on the seed, the number of persons and the years, and not on
threads. Memory is that of the blocks in work. The folder is filled under a temporary name and
renamed when it is complete.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import shutil
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from yibao.interop.files.rows import OutputError
from yibao.macro.population import tables
from yibao.macro.population.calibrate import Scales, calibrate
from yibao.macro.population.claims import draw_claims
from yibao.macro.population.days import Span
from yibao.macro.population.draft import Block
from yibao.macro.population.figures import Figures
from yibao.macro.population.people import draw_people

BLOCK = 10_000
"""Persons of a block, and so of a pair of files."""

MOST_PERSONS = 100_000_000
FORMAT = 1
MANIFEST = "manifest.json"
PEOPLE = "people.parquet"
_BYTES = {"claim": 40, "line": 16, "person": 200}
"""Bytes on disk, roughly; to refuse what cannot fit before the work is done."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be made."""

    figures: Figures
    persons: int
    span: Span
    seed: int = 1
    lines: bool = False


@dataclass(frozen=True, slots=True)
class File:
    """A file of the population: its rows, and the digest of its bytes."""

    name: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, eq=False)
class _Made:
    files: list[File]
    people: pa.Table
    persons: int
    claims: int


def make(
    wanted: Wanted,
    folder: Path,
    threads: int = 1,
    told: Callable[[int, int], object] = lambda persons, claims: None,
) -> dict[str, Any]:
    """Make a population in a folder, which must not exist; return its manifest.

    `told` hears how many persons and claims each finished block has. Raises OutputError when the
    folder exists or cannot be written (no such parent, no permission, disk full); then nothing is
    left.
    """
    _check_place(folder, wanted)
    temporary = folder.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        temporary.mkdir()
        manifest = _fill(wanted, temporary, threads, told)
        os.rename(temporary, folder)
    except OSError as error:
        if error.errno == errno.ENOTEMPTY or folder.exists():
            raise _exists(folder) from None
        raise OutputError(folder, error.strerror or str(error)) from None
    finally:
        with suppress(OSError):
            shutil.rmtree(temporary)
    return manifest


def _check_place(folder: Path, wanted: Wanted) -> None:
    if folder.exists() or folder.is_symlink():
        raise _exists(folder)
    parent = folder.parent
    if not parent.is_dir():
        raise OutputError(folder, f"there is no folder {parent} / 没有这个文件夹")
    needed = expected_bytes(wanted)
    free = shutil.disk_usage(parent).free
    if needed > free:
        raise OutputError(
            folder,
            f"about {_gigabytes(needed)} GB are needed and {_gigabytes(free)} GB are free / "
            "磁盘空间不足",
        )


def _exists(folder: Path) -> OutputError:
    return OutputError(folder, "it exists already; name another or remove it / 已存在")


def _gigabytes(size: int) -> str:
    return f"{size / 2**30:.1f}"


def expected_bytes(wanted: Wanted) -> int:
    """Return roughly how much room the files take."""
    claims = 9 * wanted.span.years
    each = _BYTES["person"] + claims * (_BYTES["claim"] + (_BYTES["line"] * 4) * wanted.lines)
    return wanted.persons * each


# --- blocks ---------------------------------------------------------------------------------------


def _fill(
    wanted: Wanted, folder: Path, threads: int, told: Callable[[int, int], object]
) -> dict[str, Any]:
    scales = calibrate(wanted.figures, wanted.span)
    files: list[File] = []
    claims = 0
    writer: pq.ParquetWriter | None = None
    try:
        for block in _blocks(wanted, scales, folder, threads):
            if writer is None:
                writer = _writer(folder / PEOPLE, block.people.schema)
            writer.write_table(block.people)
            files += block.files
            claims += block.claims
            told(block.persons, block.claims)
    finally:
        if writer is not None:
            writer.close()
    files.append(_described(folder / PEOPLE, wanted.persons))
    manifest = _manifest(wanted, claims, files)
    text = json.dumps(manifest, ensure_ascii=False, indent=1) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    return manifest


def _blocks(wanted: Wanted, scales: Scales, folder: Path, threads: int) -> Iterator[_Made]:
    """Yield the blocks in their order; no more are in work than there are threads, and one."""
    waiting: deque[Future[_Made]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for number in range(-(-wanted.persons // BLOCK)):
                waiting.append(pool.submit(_block, wanted, scales, folder, number))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def _block(wanted: Wanted, scales: Scales, folder: Path, number: int) -> _Made:
    """Make one block and write its files."""
    figures, span = wanted.figures, wanted.span
    offset = number * BLOCK
    count = min(BLOCK, wanted.persons - offset)
    seeds = np.random.SeedSequence([wanted.seed, figures.region["number"], number])
    who, what = (np.random.Generator(np.random.SFC64(seed)) for seed in seeds.spawn(2))
    people = draw_people(figures, span, count, scales.relief, who)
    claims = draw_claims(Block(figures, span, people, scales, what))
    made = {
        "persons": tables.persons_table(figures, span, people, offset),
        "claims": tables.claims_table(figures, claims, offset),
    }
    if wanted.lines:
        made["lines"] = tables.lines_table(figures, claims, offset)
    files = [
        _written(folder / f"{name}-{number:05d}.parquet", table) for name, table in made.items()
    ]
    return _Made(files, tables.people_table(figures, span, people, offset), count, len(claims))


# --- files ----------------------------------------------------------------------------------------


def _writer(file: Path, schema: pa.Schema) -> pq.ParquetWriter:
    coded = [field.name for field in schema if pa.types.is_dictionary(field.type)]
    return pq.ParquetWriter(
        file,
        schema,
        compression="zstd",
        compression_level=1,
        use_dictionary=coded,
        write_statistics=False,
        store_decimal_as_integer=True,
    )


def _written(file: Path, table: pa.Table) -> File:
    with _writer(file, table.schema) as writer:
        writer.write_table(table, row_group_size=131_072)
    return _described(file, table.num_rows)


def _described(file: Path, rows: int) -> File:
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        os.fsync(stream.fileno())
    return File(file.name, rows, file.stat().st_size, digest)


def _manifest(wanted: Wanted, claims: int, files: list[File]) -> dict[str, Any]:
    from importlib.metadata import version

    return {
        "kind": "yibao synthetic population",
        "format": FORMAT,
        "versions": {name: version(name) for name in ("yibao", "numpy", "pyarrow")},
        "region": wanted.figures.name,
        "seed": wanted.seed,
        "first_year": wanted.span.first,
        "years": wanted.span.years,
        "persons": wanted.persons,
        "claims": claims,
        "lines": wanted.lines,
        "block": BLOCK,
        "files": [
            {"name": f.name, "rows": f.rows, "bytes": f.bytes, "sha256": f.sha256}
            for f in sorted(files, key=lambda f: f.name)
        ],
    }
