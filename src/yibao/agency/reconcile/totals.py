"""What the desk has settled at an institution in a period: sums, and row by row with its file."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from yibao.agency.reconcile.model import Flow, Money, Row
from yibao.store.database import Connection


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which settlements: of an institution's days, of some visits; "" for any scheme and flow."""

    institution_id: str
    first: date
    last: date
    visits: Collection[str]
    scheme: str = ""
    flow: Flow | str = ""


@dataclass(frozen=True, slots=True)
class Totals:
    """Settlements and refunds of a period, and their sums in fen; refunds lower them."""

    settlements: int
    refunds: int
    money: Money

    @property
    def rows(self) -> int:
        """How many there are of both."""
        return self.settlements + self.refunds


_WHERE = """
institution_id = %(institution)s AND payee = 'institution' AND visit = ANY(%(visits)s)
AND (%(scheme)s = '' OR scheme = %(scheme)s)
AND (%(kind)s = '' OR kind = %(kind)s)
"""
_KINDS: Mapping[str, str] = {"": "", "settle": "settlement", "refund": "reversal"}


def totals(connection: Connection, wanted: Wanted) -> Totals:
    """Return the sums of a period by the day of the books."""
    row = connection.execute(
        f"""
        SELECT count(*) FILTER (WHERE kind = 'settlement'),
               count(*) FILTER (WHERE kind = 'reversal'),
               coalesce(sum(sign * total), 0)::bigint, coalesce(sum(sign * fund_pay), 0)::bigint,
               coalesce(sum(sign * account_pay), 0)::bigint,
               coalesce(sum(sign * cash_pay), 0)::bigint
        FROM desk.settlement, LATERAL (SELECT CASE kind WHEN 'settlement' THEN 1 ELSE -1 END) AS s
          (sign)
        WHERE {_WHERE} AND settled_on BETWEEN %(first)s AND %(last)s
        """.encode(),
        _values(wanted),
    ).fetchone()
    assert row is not None
    settlements, refunds, *sums = row
    return Totals(settlements, refunds, Money(*sums))


def rows(
    connection: Connection, wanted: Wanted, numbers: Collection[int] = ()
) -> Mapping[str, tuple[Row, str]]:
    """Return the settlements of a period, and those of the numbers on any day, by their number.

    With each comes the institution's own number of it.
    """
    found = connection.execute(
        f"""
        SELECT settlement_id, kind, person_id, scheme, settled_on, total, fund_pay, account_pay,
               cash_pay, claim_no
        FROM desk.settlement
        WHERE {_WHERE} AND (settled_on BETWEEN %(first)s AND %(last)s
                            OR settlement_id = ANY(%(numbers)s))
        """.encode(),
        {**_values(wanted), "numbers": list(numbers)},
    )
    return {str(row[0]): (_row(row[:9]), row[9]) for row in found}


def _row(cells: Sequence[object]) -> Row:
    number, kind, person, scheme, day, *money = cells
    assert isinstance(day, date)
    flow: Flow = "settle" if kind == "settlement" else "refund"
    fen = [int(str(one)) for one in money]
    return Row(str(number), flow, str(person), str(scheme), day, Money(*fen), str(number))


def _values(wanted: Wanted) -> dict[str, object]:
    return {
        "institution": wanted.institution_id,
        "visits": list(wanted.visits),
        "scheme": wanted.scheme,
        "kind": _KINDS[wanted.flow],
        "first": wanted.first,
        "last": wanted.last,
    }
