"""The institutions of a person's choice: one of level 3, and a contracted primary one.

A choice holds from the next day at the earliest until another one takes its place.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from yibao.agency.enrolment import facts
from yibao.agency.enrolment.persons import locked
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.filing.places import locality
from yibao.registry.find import Institution, institution
from yibao.store.database import Connection


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

    `on_day` is the day on which it is chosen. Raises Refusal: another level, not from a later day.
    """
    chosen = _known(connection, institution_id, first)
    if chosen.level != "3":
        raise Refusal(
            "level_3",
            f"{institution_id} 不是三级医院",
            f"{institution_id} is no hospital of level 3",
            column="institution_id",
        )
    attribute: Attribute = "chosen_institution"
    return _hold(connection, person_id, attribute, chosen, first=first, on_day=on_day, actor=actor)


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
    attribute: Attribute = "contracted_institution"
    return _hold(
        connection,
        person_id,
        attribute,
        chosen,
        first=first,
        on_day=on_day,
        actor=actor,
        residence=residence,
    )


Attribute = Literal["chosen_institution", "contracted_institution"]


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
    attribute: Attribute,
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
    return facts.hold(
        connection,
        person_id,
        attribute,
        chosen.institution_id,
        first,
        source=f"residence: {residence}" if residence else "choice",
        actor=actor,
    )
