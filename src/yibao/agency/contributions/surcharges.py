"""What lateness costs an employer: a share of what came late, for each day.

The law lays it on employers alone, so never on persons, households or public finance. A month is
late from the day after its last one (as `settlement.coverage` has it) to the day on which the money
came, at the rate in force on that day; what still has not come is charged when it does. A receipt
is charged once, its sum rounded half up to the fen once. A surcharge is a bill of the employer: it
is paid after all contributions, and waived by taking it back. Amounts are fen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import groupby
from typing import Any

from psycopg.types.json import Jsonb

from yibao.agency.contributions.locks import surcharges_alone
from yibao.agency.contributions.payers import SUBSIDIES, SURCHARGE, fund_for, owed
from yibao.agency.enrolment.audit import note
from yibao.agency.enrolment.refusal import Refusal
from yibao.ledger.chart import Account
from yibao.ledger.entries import Entry, Transfer, post
from yibao.money import format_rate, format_yuan, half_up
from yibao.policy.compile import Profile
from yibao.policy.policy import Policy
from yibao.settlement.coverage import last_day
from yibao.store.database import Connection

_SCHEME = "employee"
"""The scheme for which employers pay."""


@dataclass(frozen=True, slots=True)
class Late:
    """What a receipt paid of a month after its end; months are numbers."""

    month: int
    fen: int
    days: int


@dataclass(frozen=True, slots=True)
class Surcharge:
    """What an employer owes for a receipt that came late; `bill_id` 0 before it is charged."""

    reference: str
    payer: str
    received_on: date
    rate: Fraction
    cite: str
    late: Sequence[Late]
    bill_id: int = 0

    @property
    def fen(self) -> int:
        """The sum, rounded half up."""
        exact = sum((one.fen * one.days for one in self.late), 0) * self.rate
        return half_up(exact.numerator, exact.denominator)


def charge(
    connection: Connection, policy: Policy, until: date, *, payer: str = "", actor: str
) -> list[Surcharge]:
    """Charge what came late until a day, from one employer or all; return what is new.

    Two who charge at once take turns, and no receipt is taken back meanwhile.

    What is less than half a fen is not charged. Raises PolicyError where no rate is in force on
    the day of a receipt, Refusal where no document lays one down.
    """
    surcharges_alone(connection)
    made = []
    for number, surcharge in _late(connection, policy, until, payer):
        if surcharge.fen:
            made.append(_write(connection, number, surcharge, until, actor))
    return made


def _late(
    connection: Connection, policy: Policy, until: date, payer: str
) -> list[tuple[int, Surcharge]]:
    """Return the receipts that came late and were never charged, each with what it owes."""
    rows = connection.execute(
        """
        WITH late AS (
          SELECT r.receipt_id, reference, p.payer, received_on, upper(months) - 1 AS month, s.fen
          FROM contributions.receipt AS r JOIN contributions.standing_share AS s USING (receipt_id)
          JOIN contributions.part AS p USING (bill_id, name)
          JOIN contributions.bill AS b USING (bill_id)
          JOIN enrolment.employer ON employer_id = p.payer
          WHERE received_on <= %(until)s AND %(payer)s IN ('', p.payer)
            AND item = 'basic' AND NOT p.name = ANY(%(subsidies)s)
            AND received_on >= make_date((upper(months) / 12), upper(months) %% 12 + 1, 1)
            AND NOT EXISTS (SELECT FROM contributions.bill AS c WHERE c.receipt_id = r.receipt_id)
        )
        SELECT receipt_id, reference, payer, received_on, month, sum(fen)::bigint FROM late
        GROUP BY 1, 2, 3, 4, 5 ORDER BY receipt_id, month
        """,
        {"until": until, "payer": payer, "subsidies": sorted(SUBSIDIES)},
    ).fetchall()
    found = []
    for (number, *about), months in groupby(rows, lambda row: row[:4]):
        reference, owing, received_on = about
        late = [Late(month, fen, (received_on - last_day(month)).days) for *_, month, fen in months]
        rate, cite = rate_on(policy, received_on)
        found.append((number, Surcharge(reference, owing, received_on, rate, cite, late)))
    return found


def rate_on(policy: Policy, day: date) -> tuple[Fraction, str]:
    """Return the rate of a day of lateness in force on a day, and where it is laid down."""
    tables = policy.region.tables
    name = next((n for n, t in tables.items() if t.measure == "late_surcharge_rate"), None)
    if name is None:
        raise Refusal(
            "late_surcharge_rate",
            f"{policy.region.name.zh}的规则没有滞纳金比例",
            f"no document of {policy.region.name.en} lays down what lateness costs",
            column="policy",
        )
    plan = policy.plan(day)
    row = plan.row(name, Profile(plan, {}, "claim", day))
    assert isinstance(row.value, Fraction)
    return row.value, f"{row.origin.document.number} {row.origin.cite}"


def _write(
    connection: Connection, receipt: int, surcharge: Surcharge, on_day: date, actor: str
) -> Surcharge:
    fund = fund_for(_SCHEME, SURCHARGE)
    income = Account("surcharge_income", fund)
    subject = f"surcharge:{surcharge.reference}"
    transfers = [Transfer(owed(SURCHARGE, fund, surcharge.payer), income, surcharge.fen)]
    entry = post(connection, Entry(on_day, SURCHARGE, subject, actor, transfers))
    row = connection.execute(
        "INSERT INTO contributions.bill (household_id, scheme, item, months, day, billed_on, "
        "facts, amounts, gives, entry_id, receipt_id) "
        "VALUES ('', %s, %s, int4range(%s, %s, '[]'), %s, %s, %s, %s, %s, %s, %s) "
        "RETURNING bill_id",
        (
            *(_SCHEME, SURCHARGE, surcharge.late[0].month, surcharge.late[-1].month),
            *(surcharge.received_on, on_day, Jsonb(_facts(surcharge))),
            Jsonb({"late": [[one.month, one.fen, one.days] for one in surcharge.late]}),
            Jsonb({}),
            *(entry, receipt),
        ),
    ).fetchone()
    assert row is not None
    connection.execute(
        "INSERT INTO contributions.part (bill_id, name, payer, fen) VALUES (%s, %s, %s, %s)",
        (row[0], SURCHARGE, surcharge.payer, surcharge.fen),
    )
    told = {"bill": row[0], "receipt": surcharge.reference, "amount": format_yuan(surcharge.fen)}
    note(connection, actor, "surcharge", f"payer:{surcharge.payer}", **told)
    values = {name: getattr(surcharge, name) for name in Surcharge.__dataclass_fields__}
    return Surcharge(**{**values, "bill_id": row[0]})


def _facts(surcharge: Surcharge) -> Mapping[str, Any]:
    rate = format_rate(surcharge.rate)
    return {"receipt": surcharge.reference, "rate": rate, "cite": surcharge.cite}
