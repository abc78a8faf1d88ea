"""Read applications: what each has come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction

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


def applications(
    connection: Connection, *, institution: str | None = None, month: date | None = None
) -> Sequence[Application]:
    """Return applications by month and institution; all, or those of an institution or a month."""
    rows = connection.execute(
        "SELECT application_id, institution_id, month, "
        "       CASE WHEN p.entry_id IS NOT NULL THEN 'paid' "
        "            WHEN a.entry_id IS NOT NULL THEN 'audited' ELSE 'applied' END, p.entry_id "
        "FROM clearing.application LEFT JOIN clearing.audit AS a USING (application_id) "
        "LEFT JOIN clearing.payment AS p USING (application_id) "
        "WHERE (%(institution)s::text IS NULL OR institution_id = %(institution)s) "
        "  AND (%(month)s::date IS NULL OR month = %(month)s) ORDER BY month, institution_id",
        {"institution": institution, "month": month},
    ).fetchall()
    return [
        Application(
            number,
            whose,
            of,
            state,
            _lines(connection, number),
            _deductions(connection, number),
            _deposits(connection, number),
            {} if entry is None else _paid(connection, entry, number),
        )
        for number, whose, of, state, entry in rows
    ]


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
