"""Read Parquet: text, decimals of at most two places, dates, times, booleans; nothing inexact."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from yibao.interop.files.rows import InputError, Record, RowError, Table
from yibao.interop.files.rules import reason
from yibao.policy.model import Text


def read_parquet(file: Path, counts: Collection[str] = ()) -> Table:
    """Open a Parquet file as a table; raises InputError as `open_parquet`."""
    source = open_parquet(file, counts)
    return Table(file, tuple(source.schema_arrow.names), _records(file, source), 0)


def open_parquet(file: Path, counts: Collection[str] = (), texts: Sequence[str] = ()) -> Any:
    """Open a Parquet file; raises InputError when it is damaged or a column's type is not exact.

    Integers are accepted in the columns `counts` only: elsewhere they could be fen or yuan. Columns
    named in `texts` are read as dictionaries of texts where they are text.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        source = pq.ParquetFile(file, read_dictionary=list(texts), pre_buffer=False)
        schema = source.schema_arrow
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        raise unreadable(file, error) from None
    check_types(file, schema, counts)
    return source


def check_types(file: Path, schema: Any, counts: Collection[str] = ()) -> None:
    """Raise InputError with every column whose type is not exact."""
    import pyarrow as pa

    problems = [
        RowError(file, 1, f.name, str(f.type), "column_type", _inexact(f.name, str(f.type)))
        for f in schema
        if not (_exact(f.type) or (f.name in counts and pa.types.is_integer(f.type)))
    ]
    if problems:
        raise InputError(problems)


def _inexact(name: str, kind: str) -> Text:
    at = f"t.schema.get_field_index({name!r})"
    cast = f"t = t.set_column({at}, {name!r}, t[{name!r}].cast(pyarrow.decimal128(16, 2)))"
    return reason("column_type", found=kind, cast=cast)


def _exact(kind: Any) -> bool:
    import pyarrow.types as t

    if t.is_dictionary(kind):
        return _exact(kind.value_type)
    if t.is_decimal(kind):
        return 0 <= int(kind.scale) <= 2
    if t.is_timestamp(kind):
        return kind.tz is None
    return bool(
        t.is_string(kind)
        or t.is_large_string(kind)
        or t.is_string_view(kind)
        or t.is_boolean(kind)
        or t.is_date32(kind)
        or t.is_null(kind)
    )


def _records(file: Path, source: Any) -> Iterator[Record]:
    import pyarrow as pa

    number = 0
    try:
        for batch in source.iter_batches(batch_size=65_536):
            columns = [cell_texts(column) for column in batch.columns]
            for cells in zip(*columns, strict=True):
                number += 1
                yield Record(file, number, cells)
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        raise unreadable(file, error) from None


def cell_texts(column: Any) -> list[str]:
    """Return the cells of an Arrow column as texts."""
    import pyarrow as pa
    import pyarrow.types as t

    if t.is_dictionary(column.type):
        column = column.dictionary_decode()
    if not (t.is_string(column.type) or t.is_large_string(column.type)):
        column = column.cast(pa.string())
    texts: list[str] = column.fill_null("").to_pylist()
    return texts


def unreadable(file: Path, error: Exception) -> InputError:
    """Return the error of a file that is damaged, or that the system does not let read."""
    why: str | Text = " ".join(str(error).split())
    if isinstance(error, OSError) and error.strerror:
        why = error.strerror
    elif isinstance(error, UnicodeDecodeError):
        why = Text("其中的文字不是 UTF-8", f"a text in it is not UTF-8 ({why})")
    else:
        why = Text(
            "不是完整的 Parquet 文件，可能传输中断；请重新取得",
            f"it is no whole Parquet file, perhaps cut off in transfer; fetch it anew ({why})",
        )
    return InputError.of(file, "readable", reason("readable", why=why))
