"""Care in another region: filed before, of effect at once, for a period and a place.

Without a filing such care is not settled at the institution; the person pays, and asks the agency.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from psycopg.types.range import DateRange

from yibao.agency.enrolment import periods
from yibao.agency.enrolment.audit import note
from yibao.agency.enrolment.persons import locked
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.enrolment.sealed import REMOTE, numbers
from yibao.store.database import Connection
from yibao.store.vault import Vault, vault
from yibao.text import Text

CATEGORIES = {
    "relocated_retiree": Text("异地安置退休人员", "retiree who has moved"),
    "long_term_resident": Text("异地长期居住人员", "long-term resident elsewhere"),
    "posted_worker": Text("常驻异地工作人员", "worker posted elsewhere"),
    "referral": Text("异地转诊人员", "patient referred out of the region"),
    "travel_emergency": Text("出差探亲旅游急诊", "emergency while travelling"),
    "account_card": Text("个人账户异地刷卡", "use of the personal account elsewhere"),
    "other": Text("其他备案人员", "other filed person"),
}
"""Kinds of filings."""

EMERGENCIES = frozenset({"emergency", "emergency_observation"})
"""Visits that a filing for an emergency while travelling covers."""


@dataclass(frozen=True, slots=True)
class Remote:
    """Who is treated where from when; `division`: the first 2, 4 or 6 digits of a place's code."""

    person_id: str
    category: str
    division: str
    first: date
    last: date | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Filed:
    """A filing of remote care as filed."""

    remote_id: int
    remote: Remote
    filed_at: datetime
    cancelled: bool


def file(connection: Connection, remote: Remote, on_day: date, *, actor: str) -> Filed:
    """File care elsewhere; raises Refusal.

    `on_day` is the day on which it is filed: nothing is filed for days before.
    """
    locked(connection, remote.person_id)
    periods.ordered(remote.first, remote.last)
    if remote.category not in CATEGORIES:
        raise Refusal(
            "category",
            f"备案类型应为 {'、'.join(CATEGORIES)}",
            f"a filing is one of {', '.join(CATEGORIES)}",
            column="category",
        )
    if len(remote.division) not in {2, 4, 6} or not remote.division.isdecimal():
        raise Refusal(
            "division",
            "就医地应为行政区划代码的前2、4或6位",
            "a place is the first 2, 4 or 6 digits of a division",
            column="division",
        )
    if remote.first < on_day:
        raise Refusal(
            "filed_before",
            f"备案日 {on_day}，不得早于该日生效",
            f"filed on {on_day}, and not for days before",
            column="from",
        )
    (number,) = numbers(connection, REMOTE)
    connection.execute(
        "INSERT INTO filing.remote (remote_id, person_id, category, division, valid, reason) "
        "OVERRIDING SYSTEM VALUE VALUES (%s, %s, %s, %s, %s, %s)",
        (
            number,
            remote.person_id,
            remote.category,
            remote.division,
            DateRange(remote.first, remote.last, "[]"),
            REMOTE.seal(vault(connection), "reason", number, remote.reason),
        ),
    )
    says = {"person": remote.person_id, "division": remote.division}
    note(connection, actor, "file-remote", f"remote:{number}", **says)
    return remote_of(connection, number)


def remote_of(connection: Connection, number: int) -> Filed:
    """Return a filing; raises Refusal where there is none."""
    rows = connection.execute(f"{_FILED} WHERE remote_id = %s", (number,)).fetchall()
    if not rows:
        raise Refusal(
            "known_remote", f"没有 {number} 号备案", f"there is no filing {number}", column="remote"
        )
    return _filed(vault(connection), rows[0])


def filings(connection: Connection, person_id: str) -> list[Filed]:
    """Return the filings of a person in the order in which they came, cancelled ones too."""
    rows = connection.execute(f"{_FILED} WHERE person_id = %s ORDER BY remote_id", (person_id,))
    safe = vault(connection)
    return [_filed(safe, row) for row in rows]


_FILED = """
SELECT remote_id, filed_at,
       EXISTS (SELECT FROM filing.cancellation WHERE kind = 'remote' AND filing_id = remote_id),
       person_id, category, division, lower(valid), upper(valid) - 1, reason
FROM filing.remote
"""


def _filed(safe: Vault, row: Sequence[Any]) -> Filed:
    number, filed_at, cancelled, *cells = row
    cells[-1] = REMOTE.open(safe, "reason", number, cells[-1])
    return Filed(number, Remote(*cells), filed_at, cancelled)


def covers(remote: Remote, division: str, day: date, visit: str) -> bool:
    """Tell whether a filing covers a visit at a place on the day of admission."""
    return (
        remote.first <= day
        and (remote.last is None or day <= remote.last)
        and division.startswith(remote.division)
        and (remote.category != "travel_emergency" or visit in EMERGENCIES)
    )


def require(connection: Connection, person_id: str, division: str, day: date, visit: str) -> Filed:
    """Return the filing that covers a visit elsewhere; raises Refusal where none does."""
    for filed in filings(connection, person_id):
        if not filed.cancelled and covers(filed.remote, division, day, visit):
            return filed
    raise Refusal(
        "not_filed",
        f"{day} 在 {division} 就医没有有效备案，不能直接结算；"
        "就医前办理 yibao filing remote，或手工报销",
        f"no filing covers care in {division} on {day}, so it is not settled there: file before "
        "care (yibao filing remote), or ask for a reimbursement",
        column="institution_id",
    )
