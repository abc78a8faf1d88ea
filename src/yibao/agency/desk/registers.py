"""What the desk asks the registers: who is insured, who may serve them, what an item is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


def catalogue(connection: Connection, institution_id: str, lines: Sequence[AskedLine]) -> Find:
    """Return what finds the items of an institution's lines, each in the catalogue of its day.

    A line without a national code is found by the institution's own; where nobody has mapped that,
    the line is an error. A practitioner who may not practise there on that day is one too.
    """
    days = {line.served_on for line in lines}
    codes = {day: _codes(connection, institution_id, lines, day) for day in days}
    items = {day: find.items(connection, codes[day].values(), day) for day in days}
    refusals: dict[tuple[date, str], str | None] = {}

    def look_up(line: AskedLine) -> Item | str:
        day = line.served_on
        key = codes[day].get((line.kind, line.code, line.local_code))
        if key is None:
            expected = f"a code mapped to the national catalogue on {day}"
            raise DeskError("mapped", "local_code", line.local_code, expected)
        _check_practitioner(connection, institution_id, line, refusals)
        found = items[day].get(key)
        if found is None:
            return "not_in_catalogue"
        rule = _special(connection, found, institution_id, day)
        return rule or Item(
            ItemClass(found.item_class),
            found.first_self_pay,
            None if found.standard is None else Fraction(found.standard),
            found.tags,
        )

    return look_up


_Code = tuple[str, str]
"""Kind and national code."""


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


def _special(
    connection: Connection, found: find.Item, institution_id: str, day: date
) -> str | None:
    """Return why an item of the catalogue is not payable at this institution, None where it is."""
    if found.kind != "preparation" and found.least_level == "none":
        return None
    return find.item_refusal(connection, found.kind, found.code, institution_id, day)
