"""Read applications: what each has come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from fractions import Fraction
from typing import Any, Literal, LiteralString

from yibao.agency.clearing.model import (
    Application,
    Deduction,
    Deposit,
    Line,
    Paid,
    Rate,
    of_month,
    refusal,
)
from yibao.store.database import Connection

State = Literal["applied", "audited", "paid"]

_APPLICATIONS: LiteralString = """
    SELECT application_id, institution_id, month, state, paid_by FROM (
      SELECT application_id, institution_id, month, p.entry_id AS paid_by,
             CASE WHEN p.entry_id IS NOT NULL THEN 'paid'
                  WHEN a.entry_id IS NOT NULL THEN 'audited' ELSE 'applied' END AS state
      FROM clearing.application LEFT JOIN clearing.audit AS a USING (application_id)
      LEFT JOIN clearing.payment AS p USING (application_id)) AS found
"""


def applications(
    connection: Connection, *, institution: str | None = None, month: date | None = None
) -> Sequence[Application]:
    """Return applications by month and institution; all, or those of an institution or a month."""
    query = (
        _APPLICATIONS + "WHERE (%(institution)s::text IS NULL OR institution_id = %(institution)s) "
        "  AND (%(month)s::date IS NULL OR month = %(month)s) ORDER BY month, institution_id"
    )
    rows = connection.execute(query, {"institution": institution, "month": month}).fetchall()
    return [_whole(connection, row) for row in rows]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which applications: those of all that is given, with numbers after `after`."""

    institution_id: str | None = None
    month: date | None = None
    state: State | None = None
    after: int = 0


def page(connection: Connection, wanted: Wanted, limit: int) -> Sequence[Application]:
    """Return at most so many applications, by number."""
    query = (
        _APPLICATIONS + "WHERE application_id > %(after)s "
        "  AND (%(institution_id)s::text IS NULL OR institution_id = %(institution_id)s) "
        "  AND (%(month)s::date IS NULL OR month = %(month)s) "
        "  AND (%(state)s::text IS NULL OR state = %(state)s) "
        "ORDER BY application_id LIMIT %(limit)s"
    )
    rows = connection.execute(query, {**asdict(wanted), "limit": limit}).fetchall()
    return [_whole(connection, row) for row in rows]


def application(connection: Connection, institution: str, month: date) -> Application:
    """Return the application of an institution for a month; raises ClearingError."""
    found = applications(connection, institution=institution, month=month)
    if not found:
        raise refusal(
            "known_application",
            f"{institution} 没有申报 {of_month(month)}",
            f"{institution} has not applied for {of_month(month)}: see `yibao clearing list`",
        )
    return found[0]


def done_on(
    connection: Connection, found: Application, step: Literal["application", "audit", "payment"]
) -> date:
    """Return the day of the books on which an application was made, audited or paid."""
    row = connection.execute(
        f"SELECT on_day FROM clearing.{step} JOIN ledger.entry USING (entry_id) "
        "WHERE application_id = %s".encode(),
        (found.application_id,),
    ).fetchone()
    assert row is not None
    day: date = row[0]
    return day


def numbered(connection: Connection, number: int) -> Application:
    """Return the application of a number; raises ClearingError."""
    found = page(connection, Wanted(after=number - 1), 1)
    if not found or found[0].application_id != number:
        raise refusal("known_application", f"没有申报 {number}", f"no application {number}")
    return found[0]


def _whole(connection: Connection, row: tuple[Any, ...]) -> Application:
    number, whose, month, state, entry = row
    return Application(
        number,
        whose,
        month,
        state,
        _lines(connection, number),
        _deductions(connection, number),
        _deposits(connection, number),
        {} if entry is None else _paid(connection, entry, number),
    )


@dataclass(frozen=True, slots=True)
class Contested:
    """A deduction with what became of an appeal against it, None where there was none."""

    deduction_id: int
    application_id: int
    deduction: Deduction
    appeal: str | None
    upheld: bool | None
    decision: str | None


def deduction(connection: Connection, number: int) -> Contested:
    """Return a deduction by its number; raises ClearingError."""
    row = connection.execute(
        "SELECT application_id, fund, visit, fen, d.reason, settlement_id, a.reason, o.upheld, "
        "o.reason FROM clearing.deduction AS d LEFT JOIN clearing.appeal AS a USING (deduction_id) "
        "LEFT JOIN clearing.decision AS o USING (deduction_id) WHERE deduction_id = %s",
        (number,),
    ).fetchone()
    if row is None:
        raise refusal("known_deduction", f"没有扣款 {number}", f"there is no deduction {number}")
    return Contested(number, row[0], Deduction(*row[1:6]), *row[6:])


def _lines(connection: Connection, number: int) -> tuple[Line, ...]:
    rows = connection.execute(
        "SELECT fund, visit, claims, due FROM clearing.line WHERE application_id = %s "
        "ORDER BY fund, visit",
        (number,),
    )
    return tuple(Line(*row) for row in rows)


def _deductions(connection: Connection, number: int) -> tuple[tuple[int, Deduction], ...]:
    rows = connection.execute(
        "SELECT deduction_id, fund, visit, fen, reason, settlement_id FROM clearing.deduction "
        "WHERE application_id = %s ORDER BY 1",
        (number,),
    )
    return tuple((key, Deduction(*row)) for key, *row in rows)


def _deposits(connection: Connection, number: int) -> tuple[Deposit, ...]:
    rows = connection.execute(
        "SELECT fund, visit, base, rate, cite, fen FROM clearing.deposit "
        "WHERE application_id = %s ORDER BY 1, 2",
        (number,),
    )
    return tuple(
        Deposit(fund, visit, base, Rate(Fraction(rate), cite), fen)
        for fund, visit, base, rate, cite, fen in rows
    )


def net_by_fund(application: Application) -> Mapping[str, int]:
    """Return what is due less deductions and deposits, by fund."""
    net: dict[str, int] = {}
    for line in application.lines:
        net[line.fund] = net.get(line.fund, 0) + line.due
    for _, deduction in application.deductions:
        net[deduction.fund] -= deduction.fen
    for deposit in application.deposits:
        net[deposit.fund] -= deposit.fen
    return net


def _paid(connection: Connection, entry: int, number: int) -> Mapping[str, Paid]:
    """Return how a payment was made: its entry credits where the money went."""
    rows = connection.execute(
        "SELECT fund, head, -sum(p.fen)::bigint FROM ledger.posting AS p "
        "JOIN ledger.account USING (account_id) WHERE entry_id = %s GROUP BY 1, 2",
        (entry,),
    )
    moved = {(fund, head): fen for fund, head, fen in rows}
    funds = {fund for fund, _ in moved} | {line.fund for line in _lines(connection, number)}
    return {
        fund: Paid(
            -moved.get((fund, "institution_applied"), 0),
            max(0, moved.get((fund, "recoverable"), 0)),
            moved.get((fund, "working_capital"), 0),
            moved.get((fund, "bank"), 0),
        )
        for fund in sorted(funds)
    }
