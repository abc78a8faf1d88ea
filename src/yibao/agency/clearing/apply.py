"""An institution applies for a month: for all that the desk has booked by its last day.

Guests of other regions count as what the desk booked; what another region pays does not.
Each settlement and reversal is held by one application. So what was booked after a month had been
applied for, or given back on appeal, falls into the next one, and nothing is paid twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from yibao.agency.clearing.model import (
    Act,
    Application,
    Line,
    end_of,
    lock,
    log,
    move,
    of_month,
    refusal,
)
from yibao.agency.clearing.read import application, done_on
from yibao.clock import today
from yibao.ledger.chart import Account
from yibao.ledger.entries import Entry, post
from yibao.money import format_yuan
from yibao.store.database import Connection


def apply(
    connection: Connection, institution: str, month: date, act: Act, *, early: bool = False
) -> Application:
    """Apply for a month; return the application. `early`: the agency closes it before its end.

    Raises ClearingError for an institution that nobody knows, for a month that is not over, unless
    closed early, that was applied for or that lies before one that was, where nothing is due, and
    where desk and ledger differ.
    """
    lock(connection, "institution", institution)
    _check_over(month, act, early=early)
    _check_turn(connection, institution, month)
    held, lines = _open(connection, institution, end_of(month))
    if not held:
        _check_known(connection, institution)
        raise refusal(
            "nothing_due",
            f"{institution} 到 {end_of(month)} 没有待申报的结算",
            f"nothing that {institution} had settled by {end_of(month)} is still to be applied "
            "for: check its id and the month",
        )
    entry = post(connection, _entry(institution, month, lines, act))
    row = connection.execute(
        "INSERT INTO clearing.application (institution_id, month, entry_id, actor) "
        "VALUES (%s, %s, %s, %s) RETURNING application_id",
        (institution, month, entry, act.actor),
    ).fetchone()
    assert row is not None
    number = int(row[0])
    _write(connection, number, held, lines)
    detail = {"month": of_month(month)} | ({"early": True} if early else {})
    log(connection, act.actor, "apply", f"application:{number}", **detail)
    return application(connection, institution, month)


def _check_known(connection: Connection, institution: str) -> None:
    """Refuse an institution that no register has and nobody ever settled at."""
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM registry.institution WHERE institution_id = %(id)s) "
        "OR EXISTS (SELECT FROM desk.settlement WHERE institution_id = %(id)s)",
        {"id": institution},
    ).fetchone()
    assert row is not None
    if not row[0]:
        raise refusal(
            "known_institution",
            f"没有机构 {institution}",
            f"no institution {institution} is known: check its id",
        )


def _check_over(month: date, act: Act, *, early: bool) -> None:
    """Refuse a month that is not over, on the day of the books and, but for `early`, today."""
    day = act.day if early else min(act.day, today())
    if day <= end_of(month):
        raise refusal(
            "month_over",
            f"{of_month(month)} 到 {day} 尚未结束；提前申报须注明 early",
            f"the month {of_month(month)} is not over on {day}: to close it before its end, with "
            "a later day of the books, say so (early)",
        )


def _check_turn(connection: Connection, institution: str, month: date) -> None:
    row = connection.execute(
        "SELECT max(month) FROM clearing.application WHERE institution_id = %s AND month >= %s",
        (institution, month),
    ).fetchone()
    latest = row[0] if row else None
    if latest is not None:
        day = done_on(connection, application(connection, institution, latest), "application")
        raise refusal(
            "applied_for",
            f"{institution} 已于 {day} 申报至 {of_month(latest)}，未再次申报；以后发生的并入下月",
            f"{institution} applied for months up to {of_month(latest)} on {day}; it has not "
            "applied again, and what came later belongs to the next month",
        )


class _Open(NamedTuple):
    """What no application holds: its numbers, by the table of what will; and its lines."""

    held: Mapping[str, list[int]]
    lines: list[Line]


def _open(connection: Connection, institution: str, last: date) -> _Open:
    """Return settlements, guests and given-back deductions that no application holds.

    One statement sees one instant; at that instant all that is open must be what the ledger owes.
    """
    row = connection.execute(
        """
        WITH owed AS (
          SELECT * FROM clearing.open WHERE institution_id = %(institution)s
        ), bill AS (
          SELECT * FROM clearing.open_bill
          WHERE institution_id = %(institution)s AND settled_on <= %(last)s
        ), given_back AS (
          SELECT d.deduction_id, d.fund, d.visit, d.fen
          FROM clearing.deduction AS d JOIN clearing.application USING (application_id)
          JOIN clearing.decision AS o USING (deduction_id)
          LEFT JOIN clearing.given_back AS g USING (deduction_id)
          WHERE institution_id = %(institution)s AND NOT o.upheld AND g.deduction_id IS NULL
        ), line AS (
          SELECT fund, visit, sum(fen) AS due,
                 count(DISTINCT settlement_id) + count(DISTINCT guest_entry) AS claims FROM (
            SELECT settlement_id, guest_entry, fund, visit, fen FROM owed
            WHERE settled_on <= %(last)s
            UNION ALL SELECT NULL, NULL, fund, visit, fen FROM given_back
          ) AS all_due GROUP BY fund, visit
        ), ledger AS (
          SELECT fund, -sum(fen) AS fen FROM ledger.posting JOIN ledger.account USING (account_id)
          WHERE head = 'institution_payable' AND party = %(institution)s GROUP BY fund
        ), desk AS (
          SELECT fund, sum(fen) AS fen FROM (
            SELECT fund, fen FROM owed UNION ALL SELECT fund, fen FROM given_back
          ) AS all_open GROUP BY fund
        )
        SELECT
          (SELECT array_agg(settlement_id) FROM bill WHERE settlement_id IS NOT NULL),
          (SELECT array_agg(guest_entry) FROM bill WHERE guest_entry IS NOT NULL),
          (SELECT array_agg(deduction_id) FROM given_back),
          (SELECT jsonb_agg(jsonb_build_array(fund, visit, claims, due) ORDER BY fund, visit)
           FROM line),
          (SELECT jsonb_agg(jsonb_build_array(fund, coalesce(l.fen, 0), coalesce(d.fen, 0)))
           FROM ledger AS l FULL JOIN desk AS d USING (fund)
           WHERE coalesce(l.fen, 0) <> coalesce(d.fen, 0))
        """,
        {"institution": institution, "last": last},
    ).fetchone()
    assert row is not None
    settlements, guests, given_back, lines, differing = row
    if differing:
        fund, ledger, desk = differing[0]
        raise refusal(
            "books_agree",
            f"{institution} 基金 {fund}：总账应付 {format_yuan(ledger)}，业务应付 "
            f"{format_yuan(desk)}；请先运行 yibao ledger verify",
            f"{institution}, fund {fund}: the ledger owes {format_yuan(ledger)} yuan, the desk "
            f"{format_yuan(desk)}; see `yibao ledger verify`",
        )
    held = {"claim": settlements, "guest_claim": guests, "given_back": given_back}
    return _Open(
        {table: numbers for table, numbers in held.items() if numbers},
        [Line(*line) for line in lines or []],
    )


def _entry(institution: str, month: date, lines: list[Line], act: Act) -> Entry:
    due: dict[str, int] = {}
    for line in lines:
        due[line.fund] = due.get(line.fund, 0) + line.due
    transfers = [
        transfer
        for fund, fen in due.items()
        for transfer in move(
            Account("institution_payable", fund, institution),
            Account("institution_applied", fund, institution),
            fen,
        )
    ]
    subject = f"clearing:{institution}:{of_month(month)}"
    return Entry(act.day, "clearing_applied", subject, act.actor, transfers)


def _write(
    connection: Connection, number: int, held: Mapping[str, list[int]], lines: list[Line]
) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO clearing.line VALUES (%s, %s, %s, %s, %s)",
            [(number, *line) for line in lines],
        )
    for table, numbers in held.items():
        connection.execute(
            f"INSERT INTO clearing.{table} SELECT unnest(%s::bigint[]), %s".encode(),
            (numbers, number),
        )
