"""What follows from payments, worked out anew after a correction: cover and account credits.

A claim that was settled stands on the cover of its day. Where a correction would change that, it is
refused and says which claims stand in the way: they are taken back at the desk first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date

from yibao.agency.accounts.credits import renew
from yibao.agency.contributions.coverage import cover
from yibao.agency.enrolment.persons import locked
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.enrolment.statuses import statuses
from yibao.settlement.coverage import first_day
from yibao.settlement.model import Facts, Status
from yibao.settlement.procedure import Office
from yibao.store.database import Connection

_NAMED = 5
"""Most claims that a refusal names."""


@contextmanager
def followed(
    connection: Connection,
    office: Office,
    months: Mapping[str, Iterable[int]],
    *,
    on_day: date,
    actor: str,
) -> Iterator[None]:
    """Lock persons, let what is inside change what they have paid, then renew what followed.

    `months` are those of each person that change. Raises Refusal, PolicyError.
    """
    before = {}
    for person in sorted(months):
        locked(connection, person)
        before[person] = statuses(connection, person)
    yield
    for person, held in before.items():
        if cover(connection, office, person, actor=actor):
            _claims_stand(connection, person, held, statuses(connection, person))
        for month in sorted(months[person]):
            renew(connection, office, person, first_day(month), on_day=on_day, actor=actor)


def _claims_stand(
    connection: Connection, person_id: str, before: Sequence[Status], now: Sequence[Status]
) -> None:
    """Refuse when claims were settled on cover that is not there any more."""
    rows = connection.execute(
        "SELECT day, institution_id, claim_no FROM desk.settlement AS s "
        "WHERE person_id = %s AND kind = 'settlement' AND NOT EXISTS "
        "(SELECT FROM desk.reversed AS r WHERE r.settlement_id = s.settlement_id) "
        "ORDER BY settlement_id",
        (person_id,),
    )
    lost = [
        f"{institution}/{claim}"
        for day, institution, claim in rows
        if _at(before, day) not in {None, _at(now, day)}
    ]
    if lost:
        more = "…" if len(lost) > _NAMED else ""
        names = ", ".join(lost[:_NAMED]) + more
        raise Refusal(
            "claims_settled",
            f"{person_id} 在因此失去或改变待遇的日子已结算 {len(lost)} 笔，先冲正：{names}",
            f"{len(lost)} claims of {person_id} were settled on cover that this would take away; "
            f"take them back first: {names}",
        )


def _at(held: Sequence[Status], day: date) -> Facts | None:
    """Return with which facts somebody is covered on a day."""
    return next((status.facts for status in held if status.holds(day)), None)
