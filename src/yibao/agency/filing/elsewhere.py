"""Settlements between regions: the treating place's prices, the insured place's benefits.

Who is insured here and treated elsewhere: the other region pays its institution, and is owed what
the funds and the account pay. Who is insured elsewhere and treated here: our region pays, and the
other one owes it. The clearing pays what is owed, month by month.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from psycopg import errors as pg
from psycopg.types.json import Jsonb

from yibao.agency.desk.model import Ask, Settled
from yibao.agency.desk.postings import shares
from yibao.agency.desk.reverse import TakenBack
from yibao.agency.enrolment.audit import note
from yibao.agency.enrolment.refusal import Refusal
from yibao.ledger.chart import PERSONAL, Account
from yibao.ledger.entries import AlreadyReversed, Entry, Transfer, post, reverse
from yibao.policy.vocabulary import vocabulary
from yibao.store.database import Connection


def owe(connection: Connection, settled: Settled, ask: Ask, region: str, *, actor: str) -> None:
    """Owe to a region, and not to its institution, what has just been settled."""
    settlement = settled.settlement
    paid = {**shares(settlement)["funds"], PERSONAL: settlement.account_pay}
    transfers = [
        Transfer(
            Account("institution_payable", fund, ask.institution_id),
            Account("region_payable", fund, region),
            fen,
        )
        for fund, fen in paid.items()
        if fen
    ]
    on_day = settlement.claim.settled_at.date()
    subject = f"settlement:{settled.settlement_id}"
    entry = post(connection, Entry(on_day, "settled_elsewhere", subject, actor, transfers))
    connection.execute(
        "INSERT INTO filing.settled_elsewhere (settlement_id, region, entry_id) "
        "VALUES (%s, %s, %s)",
        (settled.settlement_id, region, entry),
    )


def take_back(connection: Connection, number: int, taken: TakenBack, *, actor: str) -> None:
    """Owe to no region what has just been taken back."""
    row = connection.execute(
        "SELECT e.entry_id, s.settled_on FROM filing.settled_elsewhere AS e, desk.settlement AS s "
        "WHERE e.settlement_id = %s AND s.settlement_id = %s "
        "AND EXISTS (SELECT FROM ledger.transfer AS t WHERE t.entry_id = e.entry_id)",
        (number, taken.settlement_id),
    ).fetchone()
    if row is not None:
        subject = f"settlement:{taken.settlement_id}"
        reverse(connection, row[0], on_day=row[1], subject=subject, actor=actor)


@dataclass(frozen=True, slots=True, eq=False)
class Guest:
    """A settlement that another region reports: its own number, and what its funds pay, in fen."""

    region: str
    reference: str
    institution_id: str
    claim_no: str
    on_day: date
    funds: Mapping[str, int]


def record_guest(connection: Connection, guest: Guest, *, actor: str) -> bool:
    """Pay an institution of ours for another region; False when just that was recorded before.

    Raises Refusal: a fund that there is not, nothing to pay, a number used for something else.
    """
    funds = {fund: fen for fund, fen in guest.funds.items() if fen}
    known = vocabulary().funds
    if not funds or any(f not in known or fen < 0 for f, fen in funds.items()):
        raise Refusal(
            "funds",
            f"基金应为 {'、'.join(known)}，金额大于零",
            f"funds are among {', '.join(known)}, with amounts above zero",
            column="funds",
        )
    transfers = [
        Transfer(
            Account("region_receivable", fund, guest.region),
            Account("institution_payable", fund, guest.institution_id),
            fen,
        )
        for fund, fen in funds.items()
    ]
    subject = f"guest:{guest.region}:{guest.reference}"
    try:
        with connection.transaction():
            entry = post(connection, Entry(guest.on_day, "guest", subject, actor, transfers))
            connection.execute(
                "INSERT INTO filing.guest (region, reference, institution_id, claim_no, on_day, "
                "funds, entry_id) VALUES (%s, %s, %s, %s, %s, %s, %s)",
                (
                    guest.region,
                    guest.reference,
                    guest.institution_id,
                    guest.claim_no,
                    guest.on_day,
                    Jsonb(funds),
                    entry,
                ),
            )
    except pg.UniqueViolation:
        if _is_recorded(connection, guest, funds):
            return False
        raise Refusal(
            "reference_used",
            f"{guest.region} 的 {guest.reference} 或 {guest.claim_no} 号已用于另一笔结算",
            f"{guest.reference} of {guest.region} or {guest.claim_no} is another settlement",
            column="reference",
        ) from None
    note(connection, actor, "guest", subject, institution=guest.institution_id)
    return True


def _is_recorded(connection: Connection, guest: Guest, funds: Mapping[str, int]) -> bool:
    row = connection.execute(
        "SELECT (institution_id, claim_no, on_day, funds) = (%s, %s, %s::date, %s::jsonb) "
        "FROM filing.guest WHERE (region, reference) = (%s, %s)",
        (
            *(guest.institution_id, guest.claim_no, guest.on_day, Jsonb(dict(funds))),
            *(guest.region, guest.reference),
        ),
    ).fetchone()
    return row is not None and bool(row[0])


def take_guest_back(
    connection: Connection, region: str, reference: str, on_day: date, *, actor: str
) -> None:
    """Take back what another region has taken back, once; raises Refusal."""
    row = connection.execute(
        "SELECT entry_id FROM filing.guest WHERE (region, reference) = (%s, %s)",
        (region, reference),
    ).fetchone()
    subject = f"guest:{region}:{reference}"
    if row is None:
        raise Refusal(
            "known_guest",
            f"没有 {region} 的 {reference} 号结算",
            f"there is no settlement {reference} of {region}",
            column="reference",
        )
    try:
        with connection.transaction():
            reverse(connection, row[0], on_day=on_day, subject=subject, actor=actor)
    except AlreadyReversed:
        raise Refusal(
            "reversed",
            f"{region} 的 {reference} 号结算已撤销",
            f"settlement {reference} of {region} was taken back before",
            column="reference",
        ) from None
    note(connection, actor, "guest-taken-back", subject)
