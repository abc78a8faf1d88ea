"""Settlements between regions: the treating place's prices, the insured place's benefits.

Who is insured here and treated elsewhere: the other region pays its institution, and is owed what
the funds and the account pay. Who is insured elsewhere and treated here: our region pays, and the
other one owes it. The clearing pays what is owed, month by month.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from psycopg import errors as pg
from psycopg.types.json import Jsonb

from yibao.agency.desk.model import Ask, Settled
from yibao.agency.desk.postings import shares
from yibao.agency.desk.reverse import TakenBack
from yibao.agency.enrolment.audit import note
from yibao.agency.enrolment.refusal import Refusal
from yibao.ledger.chart import Account
from yibao.ledger.entries import AlreadyReversed, Entry, Transfer, post, reverse
from yibao.ledger.funds import PERSONAL, fund_of, funds
from yibao.registry.find import institution
from yibao.store.database import Connection


def owe(connection: Connection, settled: Settled, ask: Ask, region: str, *, actor: str) -> None:
    """Owe to a region, and not to its institution, what has just been settled."""
    settlement = settled.settlement
    scheme = settlement.scheme
    paid = {fund_of(scheme, payer): fen for payer, fen in shares(settlement)["funds"].items()}
    paid[PERSONAL] = settlement.account_pay
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
    """A settlement that another region reports: its own number, and what its funds pay, in fen.

    `funds` are the ledger's, since the scheme's fund over there owes it.
    """

    region: str
    reference: str
    institution_id: str
    claim_no: str
    on_day: date
    funds: Mapping[str, int]


def record_guest(connection: Connection, guest: Guest, *, actor: str) -> bool:
    """Pay an institution of ours for another region; False when just that was recorded before.

    Raises Refusal: an institution that is not of our register, a fund that there is not, nothing to
    pay, a number used for something else.
    """
    if institution(connection, guest.institution_id, guest.on_day) is None:
        raise Refusal(
            "our_institution",
            f"{guest.on_day} 没有机构 {guest.institution_id}",
            f"there is no institution {guest.institution_id} on {guest.on_day}",
            column="institution_id",
        )
    paid, known = {fund: fen for fund, fen in guest.funds.items() if fen}, funds()
    if not paid or any(f not in known or fen < 0 for f, fen in paid.items()):
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
        for fund, fen in paid.items()
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
                    Jsonb(paid),
                    entry,
                ),
            )
    except pg.UniqueViolation:
        if _is_recorded(connection, guest, paid):
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
    kept = guest_of(connection, region, reference)
    subject = f"guest:{region}:{reference}"
    try:
        with connection.transaction():
            reverse(connection, kept.entry_id, on_day=on_day, subject=subject, actor=actor)
    except AlreadyReversed:
        raise Refusal(
            "reversed",
            f"{region} 的 {reference} 号结算已撤销",
            f"settlement {reference} of {region} was taken back before",
            column="reference",
        ) from None
    note(connection, actor, "guest-taken-back", subject)


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """A guest's settlement as recorded, with its entry, and the day on which it was taken back."""

    entry_id: int
    guest: Guest
    taken_back_on: date | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which guests: of which region, treated where, on which days, after which entry."""

    region: str | None = None
    institution_id: str | None = None
    first: date | None = None
    last: date | None = None
    after: int = 0


_KEPT = """
SELECT g.entry_id, region, reference, institution_id, claim_no, g.on_day, funds, e.on_day
FROM filing.guest AS g LEFT JOIN ledger.reversed AS r ON r.entry_id = g.entry_id
LEFT JOIN ledger.entry AS e ON e.entry_id = r.by_entry
"""

_CONDITIONS = {
    "region": "region = %(region)s",
    "institution_id": "institution_id = %(institution_id)s",
    "first": "g.on_day >= %(first)s",
    "last": "g.on_day <= %(last)s",
    "after": "g.entry_id > %(after)s",
}


def guest_of(connection: Connection, region: str, reference: str) -> Kept:
    """Return a settlement by the other region's number; raises Refusal where there is none."""
    row = connection.execute(
        f"{_KEPT} WHERE (region, reference) = (%s, %s)", (region, reference)
    ).fetchone()
    if row is None:
        raise Refusal(
            "known_guest",
            f"没有 {region} 的 {reference} 号结算",
            f"there is no settlement {reference} of {region}",
            column="reference",
        )
    return _kept(row)


def guests(connection: Connection, wanted: Wanted, limit: int) -> list[Kept]:
    """Return guests' settlements in the order in which they were recorded, at most `limit`."""
    given = {name: value for name, value in asdict(wanted).items() if value is not None}
    where = " AND ".join(_CONDITIONS[name] for name in given)
    rows = connection.execute(
        f"{_KEPT} WHERE {where} ORDER BY g.entry_id LIMIT %(limit)s".encode(),
        {**given, "limit": limit},
    )
    return [_kept(row) for row in rows]


def _kept(row: Sequence[Any]) -> Kept:
    entry, *cells, taken = row
    return Kept(entry, Guest(*cells), taken)
