"""Read the files of a population back, one block at a time, without trusting them.

Enters: a folder. Leaves: its manifest, and for each pair of files the arrays that the report
measures. Raises InputError for what cannot be read, or is not what a population has; what can be
read and is merely wrong is counted by the report.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from yibao.interop.files.rows import InputError
from yibao.interop.files.rules import reason
from yibao.macro.population import figures as cited
from yibao.macro.population.figures import Ints
from yibao.macro.population.make import FORMAT, MANIFEST, PEOPLE
from yibao.text import Text

Column = npt.NDArray[Any]

_KINDS: Mapping[str, str] = {
    "id": "string",
    "code": "dictionary of strings",
    "day": "date32",
    "time": "timestamp without a zone",
    "money": "decimal with two places",
    "flag": "bool",
    "count": "integer",
}
PERSONS = {
    "person_id": "id",
    "from": "day",
    "to": "day",
    "scheme": "code",
    "category": "code",
    "identities": "code",
}
CLAIMS = {
    "claim_id": "id",
    "person_id": "id",
    "visit": "code",
    "admitted_on": "day",
    "discharged_on": "day",
    "settled_at": "time",
    "total": "money",
    "out_of_catalogue": "money",
    "over_limit": "money",
    "first_self_pay": "money",
    "in_scope": "money",
    "in_scope_tcm": "money",
    "in_scope_two_disease": "money",
    "level": "code",
    "account_available": "money",
    "reverses": "id",
}
LINES = {
    "claim_id": "id",
    "item_class": "code",
    "price": "money",
    "first_self_pay": "rate",
    "standard": "money",
}
PEOPLE_COLUMNS = {
    "person_id": "id",
    "birth_date": "day",
    "sex": "code",
    "household_id": "id",
    "household_size": "count",
    "income": "money",
    "income_decile": "count",
    "death_date": "day",
}
NO_DAY = np.iinfo(np.int32).min
"""Stands for an empty date."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A file that was read: its columns as arrays; ids and codes also as Arrow arrays."""

    file: Path
    rows: int
    arrays: Mapping[str, Column]
    texts: Mapping[str, pa.Array]


def read_manifest(folder: Path) -> Mapping[str, Any]:
    """Return the manifest of a population; raises InputError when there is none, or another's."""
    file = folder / MANIFEST
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise failed(file, error) from None
    except (ValueError, RecursionError) as error:  # among them bytes that are not UTF-8
        raise unreadable(file, f"it is not JSON: {error}") from None
    if not _is_manifest(manifest):
        why = Text("不是本版本的人群清单", "not the manifest of a population of this version")
        raise InputError.of(file, "readable", reason("readable", why=why))
    if manifest["region"] not in cited.names():
        raise unreadable(file, f"the region {manifest['region']!r} has no figures")
    has, first, years = (
        cited.load(manifest["region"]).years,
        manifest["first_year"],
        manifest["years"],
    )
    if first not in has or years < 1 or first + years > has.stop:
        raise unreadable(file, f"there are no figures for {years} years from {first}")
    if not any(told["name"].startswith("persons-") for told in manifest["files"]):
        raise unreadable(file, "it names no persons file")
    result: Mapping[str, Any] = manifest
    return result


def _is_manifest(manifest: Any) -> bool:
    """Tell whether a manifest has what is read of it; names are those of files of the folder."""
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        return False
    whole = isinstance(manifest.get("lines", False), bool) and all(
        type(manifest.get(name)) is int for name in ("first_year", "years", "persons")
    )
    files = manifest.get("files")
    return (
        whole
        and isinstance(manifest.get("region"), str)
        and isinstance(files, list)
        and all(
            isinstance(told, dict)
            and isinstance(told.get("sha256"), str)
            and re.fullmatch(r"[a-z]+(-[0-9]+)?\.parquet", str(told.get("name"))) is not None
            for told in files
        )
    )


def unreadable(file: Path, why: str) -> InputError:
    """Return the error of a file that cannot be read."""
    return InputError.of(file, "readable", reason("readable", why=why))


def failed(file: Path, error: Exception) -> InputError:
    """Return the error of a file that is not there, cannot be opened, or is damaged."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        why = Text(
            "没有这个文件；应为 `yibao population make` 写出的完整文件夹",
            "no such file; expected a whole folder as `yibao population make` writes it",
        )
        return InputError.of(file, "readable", reason("readable", why=why))
    why_not = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return unreadable(file, " ".join(why_not.split()))


def digest(file: Path) -> str:
    """Return the digest of a file's bytes, empty when it is not there."""
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""


def read_table(file: Path, columns: Mapping[str, str]) -> Table:
    """Read some columns of a file; raises InputError with every column that is not as expected."""
    try:
        with pq.ParquetFile(file) as source:
            schema = source.schema_arrow
            _check(file, schema, columns)
            table = source.read(list(columns)).combine_chunks()
    except (OSError, pa.ArrowException) as error:
        raise failed(file, error) from None
    return _table(file, table, columns)


def read_people(folder: Path) -> Iterator[Table]:
    """Read the file of people, one row group after the other: one for each block."""
    file = folder / PEOPLE
    try:
        with pq.ParquetFile(file) as source:
            _check(file, source.schema_arrow, PEOPLE_COLUMNS)
            for group in range(source.num_row_groups):
                yield _table(
                    file, source.read_row_group(group, list(PEOPLE_COLUMNS)), PEOPLE_COLUMNS
                )
    except (OSError, pa.ArrowException) as error:
        raise failed(file, error) from None


def _table(file: Path, table: pa.Table, columns: Mapping[str, str]) -> Table:
    chunks = {name: _one(table.column(name)) for name in columns}
    arrays = {name: _array(chunks[name], kind) for name, kind in columns.items()}
    texts = {name: chunks[name] for name, kind in columns.items() if kind in {"id", "code"}}
    return Table(file, table.num_rows, arrays, texts)


def _check(file: Path, schema: pa.Schema, columns: Mapping[str, str]) -> None:
    for name, kind in columns.items():
        if name not in schema.names:
            raise unreadable(file, f"there is no column {name}")
        if not _is(schema.field(name).type, kind):
            found, wanted = schema.field(name).type, _KINDS.get(kind, "decimal with four places")
            raise unreadable(file, f"the column {name} is {found}; expected {wanted}")


def _is(kind: Any, wanted: str) -> bool:
    t = pa.types
    checks = {
        "id": t.is_string(kind),
        "code": t.is_dictionary(kind) and t.is_string(kind.value_type),
        "day": t.is_date32(kind),
        "time": t.is_timestamp(kind) and kind.tz is None,
        "money": t.is_decimal128(kind) and kind.scale == 2,
        "rate": t.is_decimal128(kind) and kind.scale == 4,
        "flag": t.is_boolean(kind),
        "count": t.is_integer(kind),
    }
    return bool(checks[wanted])


def _one(column: pa.ChunkedArray) -> pa.Array:
    if column.num_chunks == 1:
        return column.chunk(0)
    return (
        pa.concat_arrays(column.unify_dictionaries().chunks)
        if column.num_chunks
        else pa.array([], column.type)
    )


def _array(column: pa.Array, kind: str) -> Column:
    """Return a column as numbers: fen, days, positions of codes; nothing is 0, NO_DAY or -1."""
    result: Column
    match kind:
        case "id":
            result = np.zeros(0)
        case "code":
            result = column.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        case "day":
            result = column.cast(pa.int32()).fill_null(NO_DAY).to_numpy(zero_copy_only=False)
        case "time":
            seconds = column.cast(pa.timestamp("s"), safe=False).cast(pa.int64())
            result = seconds.to_numpy(zero_copy_only=False)
        case "money" | "rate":
            result = _fen(column)
        case _:
            result = column.to_numpy(zero_copy_only=False)
    return result


def _fen(column: pa.Array) -> Ints:
    """Return the digits of decimals as integers, 0 where there is none."""
    valid, data = column.buffers()
    words = np.frombuffer(data, dtype=np.int64).reshape(-1, 2)
    digits = words[column.offset : column.offset + len(column), 0]
    if valid is None:
        return digits
    return np.where(column.is_valid().to_numpy(zero_copy_only=False), digits, 0)


def code_is(table: Table, column: str, codes: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Tell which rows have one of some codes."""
    names = table.texts[column].dictionary.to_pylist()
    wanted = np.array([name in codes for name in [*names, None]])
    return wanted[table.arrays[column]]


def positions(texts: pa.Array, among: pa.Array) -> Ints:
    """Return where each text stands among others, -1 where it does not."""
    found = pc.index_in(texts, value_set=among)
    result: Ints = found.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return result
