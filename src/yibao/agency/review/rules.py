"""Rules of use, from what the catalogues say of an item: for whom it is.

Each says of each order one of three: it breaks the rule, it keeps to it, or the rule cannot tell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from yibao.settlement.enrolment import age_on
from yibao.store.database import Connection
from yibao.text import Text

Verdict = Literal["broken", "kept", "not_evaluated"]


@dataclass(frozen=True, slots=True)
class Patient:
    """Whom an order is for; `sex` "": not told."""

    patient_id: str
    sex: Literal["male", "female", ""]
    birth_date: date


@dataclass(frozen=True, slots=True)
class Order:
    """What is ordered: the institution's number of it, a national code, fen in all."""

    number: str
    code: str
    day: date
    fen: int


@dataclass(frozen=True, slots=True)
class Limits:
    """For whom an item is, as the catalogue of a day says: ages in completed years."""

    sex: Literal["any", "male", "female"]
    age_from: int | None
    age_below: int | None


Rule = Callable[[Patient, Order, Limits], Verdict]


def _sex(patient: Patient, _: Order, limits: Limits) -> Verdict:
    if limits.sex == "any":
        return "kept"
    if not patient.sex:
        return "not_evaluated"
    return "kept" if patient.sex == limits.sex else "broken"


def _age(patient: Patient, order: Order, limits: Limits) -> Verdict:
    age = age_on(patient.birth_date, order.day)
    old_enough = limits.age_from is None or age >= limits.age_from
    return (
        "kept" if old_enough and (limits.age_below is None or age < limits.age_below) else "broken"
    )


RULES: Mapping[str, tuple[Text, Rule]] = {
    "sex": (Text("限性别用药或项目", "only for one sex"), _sex),
    "age": (Text("限年龄用药或项目", "only for some ages"), _age),
}
"""The rules that there are, by name."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule says of orders: those that break it, or that it cannot tell of, and why."""

    rule: str
    verdict: Literal["broken", "not_evaluated"]
    orders: Sequence[Order]
    why: Text


def review(
    connection: Connection, patient: Patient, orders: Sequence[Order], wanted: Sequence[str] = ()
) -> list[Finding]:
    """Return what rules find in orders; all rules where none is named.

    A rule that there is not, and an item that no catalogue has, are findings that say so.
    """
    names = list(dict.fromkeys(wanted)) or list(RULES)
    limits = _limits(connection, orders)
    found = [_unknown_rule(name, orders) for name in names if name not in RULES]
    for name in (name for name in names if name in RULES):
        found += _found(name, patient, orders, limits)
    return found


def _found(
    name: str, patient: Patient, orders: Sequence[Order], limits: Mapping[tuple[str, date], Limits]
) -> list[Finding]:
    title, rule = RULES[name]
    by: dict[Verdict, list[Order]] = {"broken": [], "kept": [], "not_evaluated": []}
    unknown: list[Order] = []
    for order in orders:
        held = limits.get((order.code, order.day))
        if held is None:
            unknown.append(order)
        else:
            by[rule(patient, order, held)].append(order)
    no_item = Text("当日目录中没有此项目，未评估", "no catalogue has the item: not evaluated")
    no_fact = Text("缺少患者信息，未评估", "the patient's facts are lacking: not evaluated")
    told = (
        Finding(name, "broken", by["broken"], title),
        Finding(name, "not_evaluated", unknown, no_item),
        Finding(name, "not_evaluated", by["not_evaluated"], no_fact),
    )
    return [one for one in told if one.orders]


def _unknown_rule(name: str, orders: Sequence[Order]) -> Finding:
    why = Text("本中心没有此规则，未评估", "there is no such rule: not evaluated")
    return Finding(name, "not_evaluated", orders, why)


def _limits(connection: Connection, orders: Sequence[Order]) -> Mapping[tuple[str, date], Limits]:
    """Return what the catalogues say of items, by code and day."""
    rows = connection.execute(
        "SELECT DISTINCT ON (asked.code, asked.day) asked.code, asked.day, sex, age_from, "
        "age_below "
        "FROM unnest(%s::text[], %s::date[]) AS asked (code, day) JOIN registry.item AS i "
        "ON i.code = asked.code AND i.valid @> asked.day ORDER BY asked.code, asked.day, kind",
        ([one.code for one in orders], [one.day for one in orders]),
    )
    return {(code, on): Limits(*cells) for code, on, *cells in rows}
