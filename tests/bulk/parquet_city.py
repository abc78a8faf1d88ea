"""A made-up city as Parquet, with the types that other systems write."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

MONEY = (
    *("total", "out_of_catalogue", "over_limit", "first_self_pay", "in_scope"),
    *("in_scope_tcm", "in_scope_two_disease", "account_available"),
)
DAYS = ("admitted_on", "discharged_on", "from", "to", "birth_date")


def typed(file: Path) -> pa.Table:
    """Return a CSV file with dates, times and decimals; what is empty is null."""
    names = file.read_text(encoding="utf-8-sig").partition("\n")[0].split(",")
    kinds = {name: pa.string() for name in names}
    options = pyarrow.csv.ConvertOptions(column_types=kinds, strings_can_be_null=True)
    table = pyarrow.csv.read_csv(file, convert_options=options)
    for at, name in enumerate(names):
        column = table.column(name)
        if name in MONEY:
            column = column.cast(pa.decimal128(16, 2))
        elif name in DAYS:
            column = column.cast(pa.date32())
        elif name == "settled_at":
            column = pc.strptime(column, "%Y-%m-%d %H:%M:%S", "us")
        elif name in {"visit", "level", "scheme", "category"}:
            column = column.dictionary_encode()
        table = table.set_column(at, name, column)
    return table


def write(table: pa.Table, file: Path, rows: int = 700) -> Path:
    """Write a table with small row groups."""
    pq.write_table(table, file, row_group_size=rows)
    return file
