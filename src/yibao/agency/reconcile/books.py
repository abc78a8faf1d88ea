"""Verify that the books agree with what they stand for: every fen of the desk is in the ledger.

Each check is one query that gives what should stand somewhere and does; it returns what differs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from yibao.agency.clearing import region
from yibao.agency.reconcile.day import CLEARING_ENTRIES
from yibao.store.database import Connection, see_one_instant
from yibao.text import Text


@dataclass(frozen=True, slots=True)
class Finding:
    """What does not agree: by which check, of what, and the fen of either side."""

    check: str
    what: str
    expected: int
    ledger: int


CHECKS: Mapping[str, tuple[Text, str]] = {
    "balance": (
        Text("借贷合计为零", "the balances of all accounts add up to zero"),
        """
        SELECT 'all accounts', 0, coalesce(sum(fen), 0)::bigint FROM ledger.posting
        """,
    ),
    "personal_account": (
        Text("个人账户余额与总账一致", "each personal account holds what the ledger says"),
        """
        SELECT person_id, coalesce(account_balance, 0), coalesce(-b.fen, 0)::bigint
        FROM enrolment.person_lock FULL JOIN (
          SELECT party AS person_id, sum(fen) AS fen
          FROM ledger.posting JOIN ledger.account USING (account_id)
          WHERE head = 'account_balance' GROUP BY party) AS b USING (person_id)
        """,
    ),
    "benefit_expense": (
        Text("各基金待遇支出与业务一致", "each fund's benefits are what the desk settled"),
        """
        SELECT fund, coalesce(d.fen, 0)::bigint, coalesce(l.fen, 0)::bigint
        FROM (SELECT ledger.fund_of(scheme, key) AS fund,
                     sum(CASE kind WHEN 'settlement' THEN 1 ELSE -1 END * value::bigint) AS fen
              FROM desk.settlement, jsonb_each_text(funds) GROUP BY 1) AS d
        FULL JOIN (SELECT fund, sum(fen) AS fen
                   FROM ledger.posting JOIN ledger.account USING (account_id)
                   JOIN ledger.entry AS e USING (entry_id, on_day)
                   WHERE head = 'benefit_expense' AND e.kind <> %(region)s
                   GROUP BY fund) AS l USING (fund)
        """,
    ),
    "institution": (
        Text("各机构各基金应付与业务一致", "each fund owes each institution what the desk settled"),
        """
        SELECT institution_id || ' ' || fund, coalesce(d.fen, 0)::bigint,
               coalesce(l.fen, 0)::bigint
        FROM (SELECT institution_id, fund, sum(fen) AS fen FROM clearing.owed
              GROUP BY 1, 2) AS d
        FULL JOIN (SELECT party AS institution_id, fund, -sum(fen) AS fen
                   FROM ledger.posting JOIN ledger.account USING (account_id)
                   JOIN ledger.entry AS e USING (entry_id, on_day)
                   WHERE head = 'institution_payable' AND e.kind <> ALL(%(clearing)s)
                   GROUP BY 1, 2) AS l USING (institution_id, fund)
        """,
    ),
    "cash": (
        Text("机构收取现金与业务一致", "institutions have collected the cash that the desk says"),
        """
        SELECT institution_id, coalesce(d.fen, 0)::bigint, coalesce(l.fen, 0)::bigint
        FROM (SELECT institution_id, sum(CASE kind WHEN 'settlement' THEN 1 ELSE -1 END
                                         * cash_pay) AS fen
              FROM desk.settlement GROUP BY 1) AS d
        FULL JOIN (SELECT party AS institution_id, -sum(fen) AS fen
                   FROM ledger.posting JOIN ledger.account USING (account_id)
                   WHERE head = 'cash_collected' GROUP BY 1) AS l USING (institution_id)
        """,
    ),
    "not_applied_for": (
        Text("应付机构款等于尚未申报的结算", "what is payable is what has not been applied for"),
        """
        SELECT institution_id || ' ' || fund, coalesce(d.fen, 0)::bigint,
               coalesce(l.fen, 0)::bigint
        FROM (SELECT institution_id, fund, sum(fen) AS fen FROM (
                SELECT institution_id, fund, fen FROM clearing.open
                UNION ALL
                SELECT institution_id, fund, fen FROM clearing.deduction
                JOIN clearing.application USING (application_id)
                JOIN clearing.decision AS o USING (deduction_id)
                LEFT JOIN clearing.given_back AS g USING (deduction_id)
                WHERE NOT o.upheld AND g.deduction_id IS NULL) AS open
              GROUP BY 1, 2) AS d
        FULL JOIN (SELECT party AS institution_id, fund, -sum(fen) AS fen
                   FROM ledger.posting JOIN ledger.account USING (account_id)
                   WHERE head = 'institution_payable' GROUP BY 1, 2) AS l
        USING (institution_id, fund)
        """,
    ),
    "not_paid": (
        Text(
            "已申报待拨付款与申报单一致", "what was applied for and not paid stands in the ledger"
        ),
        """
        SELECT institution_id || ' ' || fund, coalesce(d.fen, 0)::bigint,
               coalesce(l.fen, 0)::bigint
        FROM (SELECT institution_id, fund, sum(fen) AS fen FROM (
                SELECT application_id, fund, due AS fen FROM clearing.line
                UNION ALL SELECT application_id, fund, -fen FROM clearing.deduction
                UNION ALL SELECT application_id, fund, -fen FROM clearing.deposit) AS part
              JOIN clearing.application USING (application_id)
              LEFT JOIN clearing.payment AS p USING (application_id)
              WHERE p.entry_id IS NULL GROUP BY 1, 2) AS d
        FULL JOIN (SELECT party AS institution_id, fund, -sum(fen) AS fen
                   FROM ledger.posting JOIN ledger.account USING (account_id)
                   WHERE head = 'institution_applied' GROUP BY 1, 2) AS l
        USING (institution_id, fund)
        """,
    ),
    "received": (
        Text("各核定到账与分摊一致", "what has come for each bill is what receipts pay of it"),
        """
        SELECT 'bill ' || bill_id || ' ' || name, coalesce(s.fen, 0)::bigint, received
        FROM contributions.part JOIN contributions.bill USING (bill_id)
        LEFT JOIN (SELECT bill_id, name, sum(fen) AS fen FROM contributions.standing_share
                   GROUP BY 1, 2) AS s USING (bill_id, name)
        WHERE cancelled_by IS NULL
        """,
    ),
    "receipt": (
        Text(
            "每笔到账等于已抵缴、暂存与已退之和，已撤销的为零",
            "each receipt pays, is held or was refunded in full, or was taken back and is not",
        ),
        """
        SELECT 'receipt ' || reference, CASE WHEN t.receipt_id IS NULL THEN r.fen ELSE 0 END,
               coalesce(m.fen, 0)::bigint
        FROM contributions.receipt AS r LEFT JOIN contributions.taken_back AS t USING (receipt_id)
        LEFT JOIN (SELECT receipt_id, sum(fen) AS fen FROM (
                     SELECT receipt_id, fen FROM contributions.standing_share
                     UNION ALL SELECT receipt_id, fen FROM contributions.held
                     UNION ALL SELECT receipt_id, fen FROM contributions.refunded) AS part
                   GROUP BY 1) AS m USING (receipt_id)
        """,
    ),
    "held": (
        Text("暂存款与总账一致", "what is held for each payer stands in the ledger"),
        """
        SELECT payer || ' ' || fund, coalesce(d.fen, 0)::bigint, coalesce(l.fen, 0)::bigint
        FROM (SELECT payer, fund, sum(fen) AS fen FROM contributions.held GROUP BY 1, 2) AS d
        FULL JOIN (SELECT party AS payer, fund, -sum(fen) AS fen
                   FROM ledger.posting JOIN ledger.account USING (account_id)
                   WHERE head = 'contributions_held' GROUP BY 1, 2) AS l USING (payer, fund)
        """,
    ),
    "surcharge": (
        Text("已撤销的到账没有滞纳金", "no surcharge stands on a receipt that was taken back"),
        """
        SELECT 'bill ' || bill_id, 0, fen
        FROM contributions.bill JOIN contributions.taken_back USING (receipt_id)
        JOIN contributions.part USING (bill_id) WHERE cancelled_by IS NULL
        """,
    ),
}
"""Each check: what it says, and the query of (what, expected, found in the ledger)."""


def bank_difference(
    connection: Connection, fund: str, statement: int, last: date | None = None
) -> Finding | None:
    """Return how a bank's statement of a fund's account differs from the ledger, if it does.

    `last` is the day of the statement; in the ledger what belongs to later days is left out.
    """
    row = connection.execute(
        "SELECT coalesce(sum(fen), 0)::bigint FROM ledger.posting "
        "JOIN ledger.account USING (account_id) WHERE (head, fund) = ('bank', %(fund)s) "
        "AND (%(last)s::date IS NULL OR on_day <= %(last)s)",
        {"fund": fund, "last": last},
    ).fetchone()
    assert row is not None
    return None if row[0] == statement else Finding("bank", fund, statement, int(row[0]))


def verify(connection: Connection) -> Sequence[Finding]:
    """Run every check at one instant; return what does not agree."""
    see_one_instant(connection)
    parameters = {"clearing": list(CLEARING_ENTRIES), "region": region.ENTRY}
    return [
        Finding(check, *row)
        for check, (_, query) in CHECKS.items()
        for row in connection.execute(
            f"SELECT * FROM ({query}) AS c(what, expected, found) "
            "WHERE expected <> found ORDER BY what",
            parameters,
        )
    ]
