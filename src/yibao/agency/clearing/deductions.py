"""Read an audit's deductions: all of a file, or none where a row of it is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from yibao.agency.clearing.model import Deduction, refusal, visits
from yibao.interop.files.columns import Column
from yibao.interop.files.encoding import Encoding
from yibao.interop.files.rowreader import RowReader
from yibao.interop.files.rows import Reject
from yibao.interop.files.tabular import check_columns, open_table
from yibao.ledger.funds import PERSONAL, funds
from yibao.store.database import Connection
from yibao.text import Text

Told = tuple[Deduction, str]
"""A deduction, and the institution's number of the bill that it is of, or ""."""


def columns() -> tuple[Column, ...]:
    """Return the columns of a file of deductions."""
    pools = {fund: title for fund, title in funds().items() if fund != PERSONAL}
    return (
        Column("fund", "code", Text("基金", "Fund"), codes=pools),
        Column("visit", "code", Text("就医类别", "Visit"), codes=visits()),
        Column("amount", "amount", Text("扣款金额", "Deducted")),
        Column("reason", "text", Text("扣款原因", "Reason")),
        Column("claim_no", "id", Text("结算编号", "Number of the bill"), absent=""),
    )


def read(file: Path, encoding: Encoding | None = None) -> tuple[list[Told], list[Reject]]:
    """Read a file; return its deductions and the rows that are wrong. Raises InputError."""
    expected = columns()
    table = check_columns(open_table(file, "deductions", encoding), expected)
    reader = RowReader(table, expected)
    told: list[Told] = []
    rejects: list[Reject] = []
    for _, values, fault in reader.rows():
        if values:
            reader.require(values, fault)
        if values.get("amount") == 0:
            fault.add("amount", "required")
        if fault.errors:
            rejects.append(fault.reject())
            continue
        made = Deduction(values["fund"], values["visit"], values["amount"], values["reason"])
        told.append((made, values["claim_no"]))
    return told, rejects


def with_bills(
    connection: Connection, institution: str, told: Sequence[Told]
) -> Sequence[Deduction]:
    """Return deductions with the settlements that they are of; raises ClearingError."""
    rows = connection.execute(
        "SELECT claim_no, settlement_id FROM desk.claim_no "
        "WHERE institution_id = %s AND claim_no = ANY(%s)",
        (institution, [number for _, number in told if number]),
    )
    bills: dict[str, int] = dict(rows.fetchall())
    for _, number in told:
        if number and number not in bills:
            raise refusal(
                "bill_there",
                f"{institution} 没有编号为 {number} 的结算",
                f"{institution} has no bill of the number {number}",
            )
    return [one._replace(settlement_id=bills.get(number)) for one, number in told]
