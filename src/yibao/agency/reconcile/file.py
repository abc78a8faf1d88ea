"""Read what an institution has booked: one row for each settlement or refund."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from yibao.agency.reconcile.model import FLOWS, TITLES, Money, Row
from yibao.interop.files.columns import Column
from yibao.interop.files.encoding import Encoding
from yibao.interop.files.persons import place
from yibao.interop.files.rowreader import RowReader, cell_of
from yibao.interop.files.rows import Reject
from yibao.interop.files.tabular import check_columns, open_table
from yibao.policy.vocabulary import vocabulary
from yibao.text import Text


@dataclass(slots=True)
class Booked:
    """What an institution's files hold; `unread` are the numbers of the rows rejected."""

    rows: list[Row] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)


def columns() -> tuple[Column, ...]:
    """Return the columns of an institution's file."""
    return (
        Column("claim_no", "id", Text("结算编号", "Number"), Text("机构自编", "its own")),
        Column("person_id", "id", Text("人员编号", "Person")),
        Column(
            "kind",
            "code",
            Text("收退标志", "Settlement or refund"),
            absent="settle",
            codes=FLOWS,
        ),
        Column(
            "scheme",
            "code",
            Text("险种", "Insurance scheme"),
            Text("空为不比较", "empty: not compared"),
            absent="",
            codes=vocabulary().attributes["scheme"].codes,
        ),
        *(Column(name, "amount", title) for name, title in TITLES.items()),
        Column("settled_at", "time", Text("结算时刻", "When it was settled")),
    )


def read(files: Sequence[Path], encoding: Encoding | None = None) -> Booked:
    """Read an institution's files; raises InputError when one as a whole cannot be used.

    A refund's amounts are above zero, as those of the settlement that it takes back.
    """
    booked = Booked()
    expected = columns()
    for file in files:
        table = check_columns(open_table(file, "settlements", encoding), expected)
        reader = RowReader(table, expected)
        for record, values, fault in reader.rows():
            if values:
                reader.require(values, fault)
            if fault.errors:
                booked.rejects.append(fault.reject())
                booked.unread.add(cell_of(table.columns, record, "claim_no").strip())
                continue
            booked.rows.append(
                Row(
                    values["claim_no"],
                    values["kind"],
                    values["person_id"],
                    values["scheme"] or "",
                    values["settled_at"].date(),
                    Money(*(values[name] for name in TITLES)),
                    place(record),
                )
            )
    booked.unread.discard("")
    return booked
