"""Referrals: a patient sent on from one institution to another; both stays are one episode.

Each of the two bills names the referral. Where a patient is sent on again, the next referral
follows the one before, and the episode goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg.types.range import DateRange

from yibao.agency.enrolment import periods
from yibao.agency.enrolment.audit import note
from yibao.agency.enrolment.persons import locked
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.enrolment.sealed import REFERRAL, numbers
from yibao.registry.find import institution
from yibao.store.database import Connection
from yibao.store.vault import Vault, vault


@dataclass(frozen=True, slots=True)
class Referral:
    """From where to where; who is admitted from `first` to `last`, inclusive, comes by it."""

    person_id: str
    from_institution: str
    to_institution: str
    first: date
    last: date
    reason: str
    follows: int | None = None


@dataclass(frozen=True, slots=True)
class Filed:
    """A referral as filed."""

    referral_id: int
    referral: Referral
    episode: str
    cancelled: bool


def refer(connection: Connection, referral: Referral, *, actor: str) -> Filed:
    """File a referral; raises Refusal where the persons or institutions do not fit together."""
    person_id = referral.person_id
    locked(connection, person_id)
    periods.ordered(referral.first, referral.last)
    _institutions(connection, referral)
    follows = referral.follows
    episode = None if follows is None else _followed(connection, referral).episode
    (number,) = numbers(connection, REFERRAL)
    connection.execute(
        "INSERT INTO filing.referral (referral_id, person_id, from_institution, to_institution, "
        "valid, follows, episode, reason) OVERRIDING SYSTEM VALUE "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (
            number,
            person_id,
            referral.from_institution,
            referral.to_institution,
            DateRange(referral.first, referral.last, "[]"),
            follows,
            episode,
            REFERRAL.seal(vault(connection), "reason", number, referral.reason),
        ),
    )
    says = {"person": person_id, "to": referral.to_institution}
    note(connection, actor, "refer", f"referral:{number}", **says)
    return referral_of(connection, number)


def _institutions(connection: Connection, referral: Referral) -> None:
    ends = {"from": referral.from_institution, "to": referral.to_institution}
    if len(set(ends.values())) == 1:
        raise Refusal(
            "two_institutions",
            "转出与转入是同一机构",
            "a referral is from one institution to another",
            column="to_institution",
        )
    for end, found in ends.items():
        if institution(connection, found, referral.first) is None:
            raise Refusal(
                "known_institution",
                f"{referral.first} 没有机构 {found}",
                f"there is no institution {found} on {referral.first}",
                column=f"{end}_institution",
            )


def _followed(connection: Connection, referral: Referral) -> Filed:
    assert referral.follows is not None
    before = referral_of(connection, referral.follows, column="follows")
    _of_person(before, referral.person_id)
    if before.cancelled or before.referral.to_institution != referral.from_institution:
        raise Refusal(
            "follows",
            f"{before.referral_id} 号转诊不是转入 {referral.from_institution} 或已取消",
            f"referral {before.referral_id} is cancelled or does not lead to "
            f"{referral.from_institution}",
            column="follows",
        )
    return before


def referral_of(connection: Connection, number: int, *, column: str = "referral") -> Filed:
    """Return a referral; raises Refusal, which names the column, where there is none."""
    rows = connection.execute(f"{_FILED} WHERE referral_id = %s", (number,)).fetchall()
    if not rows:
        raise Refusal(
            "known_referral",
            f"没有 {number} 号转诊",
            f"there is no referral {number}",
            column=column,
        )
    return _filed(vault(connection), rows[0])


def referrals(connection: Connection, person_id: str) -> list[Filed]:
    """Return the referrals of a person in the order in which they came, cancelled ones too."""
    rows = connection.execute(f"{_FILED} WHERE person_id = %s ORDER BY referral_id", (person_id,))
    safe = vault(connection)
    return [_filed(safe, row) for row in rows]


_FILED = """
SELECT referral_id, coalesce(episode, 'R' || referral_id),
       EXISTS (SELECT FROM filing.cancellation WHERE kind = 'referral' AND filing_id = referral_id),
       person_id, from_institution, to_institution, lower(valid), upper(valid) - 1, reason, follows
FROM filing.referral
"""


def _filed(safe: Vault, row: Sequence[Any]) -> Filed:
    number, episode, cancelled, *cells = row
    cells[-2] = REFERRAL.open(safe, "reason", number, cells[-2])
    return Filed(number, Referral(*cells), episode, cancelled)


@dataclass(frozen=True, slots=True)
class Link:
    """What a referral makes of a claim: the episode, and whether the patient came by it."""

    episode: str
    referred: bool


def link(
    connection: Connection, number: int, person_id: str, institution_id: str, admitted: date
) -> Link:
    """Return what a referral makes of a claim that names it.

    Raises Refusal: it is somebody else's, leads from and to other institutions, was cancelled, or
    the patient was admitted on another day.
    """
    filed = referral_of(connection, number)
    _of_person(filed, person_id)
    referral = filed.referral
    if filed.cancelled:
        raise Refusal(
            "cancelled",
            f"{number} 号转诊已取消",
            f"referral {number} was cancelled",
            column="referral",
        )
    if institution_id == referral.from_institution:
        return Link(filed.episode, referred=referral.follows is not None)
    if institution_id != referral.to_institution:
        raise Refusal(
            "referred_here",
            f"{number} 号转诊转入 {referral.to_institution}",
            f"referral {number} leads to {referral.to_institution}",
            column="referral",
        )
    if not referral.first <= admitted <= referral.last:
        raise Refusal(
            "admitted",
            f"{number} 号转诊的入院日为 {referral.first} 至 {referral.last}",
            f"referral {number} is for an admission from {referral.first} to {referral.last}",
            column="referral",
        )
    return Link(filed.episode, referred=True)


def _of_person(filed: Filed, person_id: str) -> None:
    if filed.referral.person_id != person_id:
        raise Refusal(
            "of_person",
            f"{filed.referral_id} 号转诊是另一人的",
            f"referral {filed.referral_id} is another person's",
            column="referral",
        )
