"""What stands with a settlement besides its row: lines, invoices, what was posted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from yibao.ledger.chart import Account
from yibao.ledger.entries import Transfer
from yibao.store.database import Connection

Row = Mapping[str, Any]


def lines_of(connection: Connection, row: Row) -> Sequence[Row]:
    """Return the lines of a settlement's row as they were priced, as JSON has them."""
    found = connection.execute(
        "SELECT to_jsonb(l) - '{settlement_id,settled_on}'::text[] FROM desk.line AS l "
        "WHERE (settlement_id, settled_on) = (%(settlement_id)s, %(settled_on)s) ORDER BY number",
        row,
    )
    return [line for (line,) in found]


def invoices_of(connection: Connection, number: int) -> Sequence[Row]:
    """Return the paper invoices behind a settlement."""
    found = connection.execute(
        "SELECT to_jsonb(i) - 'settlement_id' FROM desk.invoice AS i WHERE settlement_id = %s "
        "ORDER BY invoice_code, invoice_no",
        (number,),
    )
    return [invoice for (invoice,) in found]


def posted(connection: Connection, number: int) -> Sequence[Transfer]:
    """Return what a settlement or reversal has moved in the ledger."""
    found = connection.execute(
        "SELECT d.head, d.fund, d.party, c.head, c.fund, c.party, t.fen "
        "FROM ledger.entry AS e JOIN ledger.transfer AS t USING (entry_id, on_day) "
        "JOIN ledger.account AS d ON d.account_id = t.debit "
        "JOIN ledger.account AS c ON c.account_id = t.credit "
        "WHERE e.subject = %s ORDER BY entry_id, t.number",
        (f"settlement:{number}",),
    )
    return [Transfer(Account(*row[:3]), Account(*row[3:6]), row[6]) for row in found]
