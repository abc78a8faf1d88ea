"""The institutions of a person's choice: one of level 3, and a contracted primary one.

A choice holds from the next day at the earliest until another one takes its place. How often it may
change within a calendar year is a limit that somebody lays down; without one, as often as one will.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from yibao.agency.ceilings import CHOICES, ChoiceName, ceiling
from yibao.agency.enrolment import facts, periods
from yibao.agency.enrolment.audit import note
from yibao.agency.enrolment.periods import Period
from yibao.agency.enrolment.persons import locked
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.enrolment.sealed import CHOICE, numbers
from yibao.agency.filing.places import locality
from yibao.registry.find import Institution, institution
from yibao.store.database import Connection
from yibao.store.vault import Vault, vault

Kind = Literal["level_3", "primary"]

_FACTS: dict[Kind, str] = {
    "level_3": "chosen_institution",
    "primary": "contracted_institution",
}
_LIMITS: dict[Kind, ChoiceName] = {"level_3": "level_3_changes", "primary": "primary_changes"}


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen on which day from which on; `former` is whose place it takes, "" for none."""

    choice_id: int
    person_id: str
    kind: Kind
    institution_id: str
    on_day: date
    first: date
    residence: str
    former: str
    cancelled: bool


def choose(
    connection: Connection,
    kind: Kind,
    person_id: str,
    institution_id: str,
    *,
    first: date,
    on_day: date,
    residence: str = "",
    actor: str,
) -> bool:
    """Choose an institution of a kind, as the two functions below do."""
    asked = (connection, person_id, institution_id)
    if kind == "level_3":
        return choose_level_3(*asked, first=first, on_day=on_day, actor=actor)
    return contract(*asked, first=first, on_day=on_day, residence=residence, actor=actor)


def choose_level_3(
    connection: Connection,
    person_id: str,
    institution_id: str,
    *,
    first: date,
    on_day: date,
    actor: str,
) -> bool:
    """Choose the hospital of level 3 for outpatient care; False when it is chosen already.

    `on_day` is the day on which it is chosen. Raises Refusal: another level, not from a later day,
    a change more than the limit.
    """
    chosen = _known(connection, institution_id, first)
    if chosen.level != "3":
        raise Refusal(
            "level_3",
            f"{institution_id} 不是三级医院",
            f"{institution_id} is no hospital of level 3",
            column="institution_id",
        )
    return _hold(connection, person_id, "level_3", chosen, first=first, on_day=on_day, actor=actor)


def contract(
    connection: Connection,
    person_id: str,
    institution_id: str,
    *,
    first: date,
    on_day: date,
    residence: str = "",
    actor: str,
) -> bool:
    """Contract with a primary institution; False when that stands there already.

    In another county of the city it takes a reason of residence; outside the city there is none.
    Raises Refusal.
    """
    person = locked(connection, person_id).person
    chosen = _known(connection, institution_id, first)
    if not chosen.primary_institution:
        raise Refusal(
            "primary",
            f"{institution_id} 不是基层医疗卫生机构",
            f"{institution_id} is no primary institution",
            column="institution_id",
        )
    where = locality(person.division, chosen.division)
    if where == "elsewhere":
        raise Refusal(
            "in_city",
            f"{institution_id} 不在本统筹区",
            f"{institution_id} is outside the city of enrolment",
            column="institution_id",
        )
    if where == "same_city" and not residence:
        raise Refusal(
            "residence",
            "在参保县以外签约须写明居住原因",
            "to contract outside the county of enrolment takes a reason of residence",
            column="residence",
        )
    return _hold(
        connection,
        person_id,
        "primary",
        chosen,
        first=first,
        on_day=on_day,
        actor=actor,
        residence=residence,
    )


def choices(connection: Connection, person_id: str) -> list[Choice]:
    """Return what a person has chosen, in the order in which it came."""
    rows = connection.execute(f"{_CHOICES} WHERE person_id = %s ORDER BY choice_id", (person_id,))
    safe = vault(connection)
    return [_choice(safe, row) for row in rows]


def choice_of(connection: Connection, number: int) -> Choice:
    """Return a choice; raises Refusal where there is none."""
    row = connection.execute(f"{_CHOICES} WHERE choice_id = %s", (number,)).fetchone()
    if row is None:
        raise Refusal(
            "known_choice", f"没有 {number} 号选择", f"there is no choice {number}", column="choice"
        )
    return _choice(vault(connection), row)


def _choice(safe: Vault, row: Sequence[Any]) -> Choice:
    cells = list(row)
    cells[6] = CHOICE.open(safe, "residence", cells[0], cells[6])
    return Choice(*cells)


_CHOICES = """
SELECT choice_id, person_id, c.kind, institution_id, on_day, first, residence, former,
       EXISTS (SELECT FROM filing.cancellation AS x
               WHERE x.kind = 'choice' AND filing_id = choice_id)
FROM filing.choice AS c
"""


def undo(connection: Connection, choice: Choice) -> None:
    """Let what a choice took the place of go on, as if it had not been made.

    The person must be locked. Of its days a later choice has taken, those stay that one's.
    """
    number = locked(connection, choice.person_id).person.person_no
    held = periods.read(connection, "enrolment.fact", number, {"attribute": _FACTS[choice.kind]})
    mine = [p for p in held if (p.first, p.says["value"]) == (choice.first, choice.institution_id)]
    for period in mine:
        days, where = (period.first, period.last), dict(period.says)
        periods.cut(connection, "enrolment.fact", number, *days, where=where)
        before = [p for p in held if p.holds(choice.first - timedelta(days=1))]
        if choice.former:
            says = before[0].says if before else {**where, "value": choice.former}
            periods.hold(connection, "enrolment.fact", number, Period(*days, says))


def _known(connection: Connection, institution_id: str, day: date) -> Institution:
    found = institution(connection, institution_id, day)
    if found is None:
        raise Refusal(
            "known_institution",
            f"{day} 没有机构 {institution_id}",
            f"there is no institution {institution_id} on {day}",
            column="institution_id",
        )
    return found


def _hold(
    connection: Connection,
    person_id: str,
    kind: Kind,
    chosen: Institution,
    *,
    first: date,
    on_day: date,
    actor: str,
    residence: str = "",
) -> bool:
    if first <= on_day:
        raise Refusal(
            "next_day",
            f"最早从 {on_day} 的次日生效",
            f"holds from the day after {on_day} at the earliest",
            column="from",
        )
    number = locked(connection, person_id).person.person_no
    where = {"attribute": _FACTS[kind]}
    held = periods.read(connection, "enrolment.fact", number, where)
    former = next((p.says["value"] for p in held if p.holds(first)), "")
    if former not in {"", chosen.institution_id}:
        _within_limit(connection, person_id, kind, on_day)
    made = facts.hold(
        connection,
        person_id,
        _FACTS[kind],
        chosen.institution_id,
        first,
        source="residence" if residence else "choice",
        actor=actor,
    )
    if made:
        (choice,) = numbers(connection, CHOICE)
        sealed = CHOICE.seal(vault(connection), "residence", choice, residence)
        connection.execute(
            "INSERT INTO filing.choice (choice_id, person_id, kind, institution_id, on_day, first, "
            "residence, former) OVERRIDING SYSTEM VALUE VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            (choice, person_id, kind, chosen.institution_id, on_day, first, sealed, former),
        )
        says = {"person": person_id, "institution": chosen.institution_id, "first": first}
        note(connection, actor, "choose", f"choice:{choice}", **says)
    return made


def _within_limit(connection: Connection, person_id: str, kind: Kind, day: date) -> None:
    """Refuse a change where as many as are laid down were made in the year of a day."""
    name = _LIMITS[kind]
    most = ceiling(connection, name, day)
    if most is None:
        return
    changed = [
        c
        for c in choices(connection, person_id)
        if (c.kind, c.on_day.year, c.cancelled) == (kind, day.year, False)
        and c.former not in {"", c.institution_id}
    ]
    if len(changed) >= most.value:
        title, cited = CHOICES[name], most.cited
        raise Refusal(
            name,
            f"{title.zh}以 {most.value} 次为限（{cited.zh}），{day.year} 年已有 {len(changed)} 次",
            f"{title.en}: {most.value} at most ({cited.en}), {len(changed)} made in {day.year}",
            column="institution_id",
        )
