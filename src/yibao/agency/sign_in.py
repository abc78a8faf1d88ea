"""Operators of institutions sign in before their day's work and out after it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from yibao.agency.enrolment.refusal import Refusal
from yibao.clock import CHINA
from yibao.store.database import Connection


@dataclass(frozen=True, slots=True)
class SignedIn:
    """When somebody signed in, and the number that says so."""

    number: str
    at: datetime


def sign_in(
    connection: Connection, institution_id: str, operator: str, *, mac: str, address: str
) -> SignedIn:
    """Sign an operator in, on the machine that they work at."""
    row = connection.execute(
        "INSERT INTO ops.sign_in (institution_id, operator, mac, address) "
        "VALUES (%s, %s, %s, %s) RETURNING number, signed_in_at",
        (institution_id, operator, mac, address),
    ).fetchone()
    assert row is not None
    number, at = row
    local = at.astimezone(CHINA)
    return SignedIn(f"S{local:%Y%m%d}{number:012d}", local)


def sign_out(connection: Connection, institution_id: str, number: str, operator: str) -> datetime:
    """Sign an operator out; raises Refusal where nobody is signed in under the number."""
    digits = number[9:] if number.startswith("S") and number[9:].isascii() else ""
    row = connection.execute(
        "UPDATE ops.sign_in SET signed_out_at = clock_timestamp() "
        "WHERE (number, institution_id, operator) = (%s, %s, %s) AND signed_out_at IS NULL "
        "RETURNING signed_in_at, signed_out_at",
        (int(digits) if digits.isdigit() and len(digits) == 12 else 0, institution_id, operator),
    ).fetchone()
    if row is None or not number.startswith(f"S{row[0].astimezone(CHINA):%Y%m%d}"):
        raise Refusal(
            "signed_in",
            f"签到编号 {number} 不存在，不是该操作员的，或已签退",
            f"nobody of that name is signed in under {number}",
            column="number",
        )
    at: datetime = row[1].astimezone(CHINA)
    return at
