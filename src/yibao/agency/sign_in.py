"""Operators of institutions sign in before their day's work and out after it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

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
    return SignedIn(_number(number, at), at.astimezone(CHINA))


def check_signed_in(
    connection: Connection, institution_id: str, number: str, operator: str, day: date
) -> None:
    """Raise Refusal unless a number says that an operator signed in on a day and has not left."""
    row = connection.execute(
        "SELECT signed_in_at, signed_out_at FROM ops.sign_in "
        "WHERE (number, institution_id, operator) = (%s, %s, %s)",
        (_serial(number), institution_id, operator),
    ).fetchone()
    if row is None or not _is_of(number, row[0]):
        raise _refusal(
            f"签到编号 {number} 不存在，或不是该操作员在本机构的",
            f"nobody of that name was given {number} at the institution",
        )
    signed_in_at, signed_out_at = row
    if signed_out_at is not None:
        raise _refusal(f"签到编号 {number} 已签退，请重新签到", f"{number} has signed out")
    if signed_in_at.astimezone(CHINA).date() != day:
        raise _refusal(f"签到编号 {number} 不是当日的，请重新签到", f"{number} is of another day")


def sign_out(connection: Connection, institution_id: str, number: str, operator: str) -> datetime:
    """Sign an operator out; raises Refusal where nobody is signed in under the number."""
    row = connection.execute(
        "UPDATE ops.sign_in SET signed_out_at = clock_timestamp() "
        "WHERE (number, institution_id, operator) = (%s, %s, %s) AND signed_out_at IS NULL "
        "RETURNING signed_in_at, signed_out_at",
        (_serial(number), institution_id, operator),
    ).fetchone()
    if row is None or not _is_of(number, row[0]):
        raise _refusal(
            f"签到编号 {number} 不存在，不是该操作员的，或已签退",
            f"nobody of that name is signed in under {number}",
        )
    at: datetime = row[1].astimezone(CHINA)
    return at


def _number(serial: int, signed_in_at: datetime) -> str:
    """Return the number that says who signed in: its day, and which one it is.

    A province has room for twenty characters.
    """
    return f"S{signed_in_at.astimezone(CHINA):%Y%m%d}{serial:011d}"


def _serial(number: str) -> int:
    """Return which one a number is, 0 for what cannot be one."""
    digits = number[9:] if number.isascii() else ""
    return int(digits) if digits.isdigit() and len(digits) == 11 else 0


def _is_of(number: str, signed_in_at: datetime) -> bool:
    return number == _number(_serial(number), signed_in_at)


def _refusal(zh: str, en: str) -> Refusal:
    return Refusal("signed_in", zh, en, column="number")
