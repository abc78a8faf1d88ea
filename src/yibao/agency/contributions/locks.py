"""Locks of receipts, so that what moves their money happens one after the other.

Who takes a receipt back locks it alone; who holds, uses or refunds money of it locks it together
with others of that kind, before reading how much there is.
"""

from __future__ import annotations

from yibao.store.database import Connection


def stays(connection: Connection, bill_id: int) -> None:
    """Let no receipt that pays a bill be taken back until the transaction ends."""
    connection.execute(
        "SELECT FROM contributions.receipt WHERE receipt_id IN "
        "(SELECT receipt_id FROM contributions.share WHERE bill_id = %s) "
        "ORDER BY receipt_id FOR KEY SHARE",
        (bill_id,),
    )


def surcharges_alone(connection: Connection) -> None:
    """Let nobody else charge surcharges or take a receipt back until the transaction ends."""
    connection.execute(f"SELECT pg_advisory_xact_lock({_SURCHARGES})")


def no_surcharges_meanwhile(connection: Connection) -> None:
    """Let nobody charge surcharges until the transaction ends."""
    connection.execute(f"SELECT pg_advisory_xact_lock_shared({_SURCHARGES})")


_SURCHARGES = "hashtextextended('contributions.surcharge', 0)"
