"""What the desk asks the registers: who is insured, who may serve them, what an item is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from yibao.agency.desk.bill import AskedLine, Find, Item
from yibao.agency.desk.model import DeskError
from yibao.agency.desk.office import NOTHING, Facts, Registers, Told
from yibao.agency.enrolment.statuses import statuses, statuses_told
from yibao.registry import find
from yibao.settlement.lines import ItemClass
from yibao.settlement.model import Status
from yibao.store.database import Connection


def person_statuses(connection: Connection, person: str, *, told: Told = NOTHING) -> list[Status]:
    """Return when a person is insured and with which facts."""
    return statuses_told(person, told) if told else statuses(connection, person)


def institution_facts(
    connection: Connection,
    institution: str,
    day: date,
    visit: str,
    scheme: str,
    *,
    told: Told = NOTHING,
) -> Facts:
    """Return what rules may look at of an institution on a day.

    Raises DeskError where no agreement in force covers such a claim. Where there is no scheme,
    nobody is insured: that is refused later, and says more.
    """
    if told and told["claim"] == [visit, scheme]:
        found = told["institution"]
    else:
        asked = (institution, day, visit, scheme)
        row = connection.execute("SELECT registry.facts_for(%s, %s, %s, %s)", asked).fetchone()
        found = row and row[0]
    refusal = found["refusal"] if found else "no_agreement"
    if not found or (refusal is not None and scheme):
        raise DeskError(refusal, "institution_id", institution, find.REASONS[refusal].en)
    facts: Facts = found["facts"]
    return facts


REGISTERS = Registers(person_statuses, institution_facts)
"""The registers of the database."""


def catalogue(
    connection: Connection, institution_id: str, lines: Sequence[AskedLine], region: str = ""
) -> Find:
    """Return what finds the items of an institution's lines, each in the catalogue of its day.

    A line without a national code is found by the institution's own; where nobody has mapped that,
    the line is an error. A practitioner who may not practise there on that day is one too, and so
    is a line where there is no catalogue of its day: of its kind in our own, or any of another
    `region` ("": our own). Nobody could tell then what the fund pays, so nothing is guessed.
    """
    days = {line.served_on for line in lines}
    codes = {day: _codes(connection, institution_id, lines, day) for day in days}
    if region:
        items = {day: _items_of(connection, region, codes[day].values(), day) for day in days}
    else:
        items = {
            day: _our_items(connection, institution_id, codes[day].values(), day) for day in days
        }
    refusals: dict[tuple[date, str], str | None] = {}

    def look_up(line: AskedLine) -> Item:
        day = line.served_on
        key = codes[day].get((line.kind, line.code, line.local_code))
        if key is None:
            expected = f"a code mapped to the national catalogue on {day}"
            raise DeskError("mapped", "local_code", line.local_code, expected)
        if key[0] not in items[day].kinds:
            raise _no_catalogue(key[0], day, region)
        _check_practitioner(connection, institution_id, line, refusals)
        found = items[day].items.get(key) or _unpaid(key[1], "not_in_catalogue")
        return found if _approved(line, found) else _unpaid(found.code, "not_approved")

    return look_up


def _approved(line: AskedLine, item: Item) -> bool:
    """Tell whether the institution lets a line be paid, as far as that is for it to say."""
    return line.approval != "refused" and not (line.approval == "none" and item.restricted)


_Code = tuple[str, str]
"""Kind and national code."""


@dataclass(frozen=True, slots=True)
class _Items:
    """Items of a day by their codes, and the kinds of which there is a catalogue of that day."""

    items: Mapping[_Code, Item]
    kinds: Set[str]


def _no_catalogue(kind: str, day: date, region: str) -> DeskError:
    """Return the refusal of a line that no catalogue tells of, naming the register to import."""
    whose, where = (f" of {region}", f"{region} ") if region else ("", "")
    register = "regional_item" if region else kind
    return DeskError(
        "known_catalogue",
        "served_on",
        day.isoformat(),
        f"a day on which a catalogue{whose} is in force: `yibao registry import {register}`",
        f"当日没有{where}有效的目录，请先 yibao registry import {register}",
    )


def _unpaid(code: str, reason: str) -> Item:
    return Item(ItemClass.C, code=code, reason=reason)


def _our_items(
    connection: Connection, institution_id: str, codes: Collection[_Code], day: date
) -> _Items:
    asked = {kind for kind, _ in codes}
    found = find.items(connection, codes, day)
    kinds = {kind for kind, _ in found}
    if kinds < asked:
        kinds |= find.kinds_in_force(connection, asked - kinds, day)
    items = {key: _our_item(connection, institution_id, one, day) for key, one in found.items()}
    return _Items(items, kinds)


def _our_item(connection: Connection, institution_id: str, found: find.Item, day: date) -> Item:
    """Return an item of our catalogue, unpaid where this institution may not use it."""
    if found.kind == "preparation" or found.least_level != "none":
        rule = find.item_refusal(connection, found.kind, found.code, institution_id, day)
        if rule is not None:
            return _unpaid(found.code, rule)
    item = _item(found.code, found.item_class, found.first_self_pay, found.standard, found.tags)
    return replace(item, restricted=bool(found.restriction))


def _item(
    code: str, of_class: str, share: Fraction, standard: int | None, tags: Iterable[str]
) -> Item:
    """Return an item as lines are divided by it; outside the catalogue no share is the first."""
    item_class = ItemClass(of_class)
    rate = share if item_class is ItemClass.B else Fraction(0)
    limit = None if standard is None else Fraction(standard)
    return Item(item_class, rate, limit, frozenset(tags), code)


def _items_of(connection: Connection, region: str, codes: Iterable[_Code], day: date) -> _Items:
    """Return items of another region's catalogue, as it was imported."""
    pairs = list(dict.fromkeys(codes))
    rows = connection.execute(
        "SELECT kind, code, class, first_self_pay, standard, tags FROM registry.regional_item "
        "WHERE region = %s AND (kind, code) IN (SELECT * FROM unnest(%s::text[], %s::text[])) "
        "AND valid @> %s::date",
        (region, [kind for kind, _ in pairs], [code for _, code in pairs], day),
    ).fetchall()
    items = {
        (kind, code): _item(code, of_class, Fraction(share), standard, tags)
        for kind, code, of_class, share, standard, tags in rows
    }
    known = bool(items) or _has_catalogue(connection, region, day)
    return _Items(items, {kind for kind, _ in pairs} if known else frozenset())


def _has_catalogue(connection: Connection, region: str, day: date) -> bool:
    found = connection.execute(
        "SELECT FROM registry.regional_item WHERE region = %s AND valid @> %s::date LIMIT 1",
        (region, day),
    ).fetchone()
    return found is not None


def _codes(
    connection: Connection, institution_id: str, lines: Sequence[AskedLine], day: date
) -> Mapping[tuple[str, str, str], _Code]:
    """Return the national codes of the lines of a day; what nobody has mapped is left out."""
    own = [line for line in lines if line.served_on == day]
    codes = {(n.kind, n.code, n.local_code): (n.kind, n.code) for n in own if n.code}
    for kind in {line.kind for line in own if not line.code}:
        local = [line.local_code for line in own if line.kind == kind and not line.code]
        mapped = find.local_codes(connection, institution_id, kind, local, day).found
        codes |= {(kind, "", code): (kind, national) for code, national in mapped.items()}
    return codes


def _check_practitioner(
    connection: Connection,
    institution_id: str,
    line: AskedLine,
    known: dict[tuple[date, str], str | None],
) -> None:
    """Refuse a line of a practitioner who may not practise there on that day."""
    who = line.practitioner_id
    if not who:
        return
    key = (line.served_on, who)
    if key not in known:
        known[key] = find.practitioner_refusal(connection, who, institution_id, line.served_on)
    rule = known[key]
    if rule is not None:
        raise DeskError(rule, "practitioner_id", who, find.REASONS[rule].en)
