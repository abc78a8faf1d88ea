"""What is compared of a person, from our register or from a file of another region.

Names and numbers are brought to one form first, so that what differs only in writing does not
differ: blanks and middle dots in a name, small letters, an identity number of 15 digits.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any

from yibao.agency.enrolment.sealed import ELSEWHERE, PERSON, index_of
from yibao.errors import CodeError
from yibao.interop.files.columns import Column
from yibao.interop.files.rowreader import RowReader
from yibao.interop.files.rows import Reject
from yibao.masking import is_identity_number
from yibao.policy.vocabulary import vocabulary
from yibao.registry import codes
from yibao.store.database import Connection
from yibao.store.vault import Vault, vault
from yibao.text import Text

HERE = ""
"""The source of our own records."""


@dataclass(frozen=True, slots=True)
class Period:
    """An enrolment, `last` None meaning until further notice."""

    scheme: str
    first: date
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """A person as somebody has them registered.

    `key` tells records apart and is what decisions name: `person:P1` of ours, `130100:…` of
    another region's, by a blind number. `number` is the identity number in its form of today, ""
    where there is none.
    """

    key: str
    source: str
    name: str
    birth_date: date
    sex: str = ""
    document: str = "resident_id"
    number: str = ""
    division: str = ""
    phone: str = ""
    periods: tuple[Period, ...] = ()


# --- one form -------------------------------------------------------------------------------------

_OLD = re.compile(r"[1-9][0-9]{14}")
_DROPPED = re.compile(r"[\s·•・‧.\-']+")


def one_form(name: str) -> str:
    """Return a name without blanks, middle dots and the width of its letters."""
    return _DROPPED.sub("", unicodedata.normalize("NFKC", name)).upper()


def today_number(number: str) -> str:
    """Return an identity number as it is written today.

    One of 15 digits (until 2013) lacks the century, which was the twentieth for all of them but
    the centenarians', and the check character: both follow, so that this is exact.
    """
    number = number.strip().upper()
    if _OLD.fullmatch(number) is None:
        return number
    digits = f"{number[:6]}19{number[6:]}"
    return digits + codes.identity_check(digits)


def sound(number: str) -> bool:
    """Tell whether a number keeps to the standard, its check character included."""
    try:
        codes.identity_number(number)
    except CodeError:
        return False
    return True


# Where the syllables of each initial begin among the 3,755 common characters of GB 2312, which
# stand there in the order of their sounds; after the last come the rare ones, by radical.
_INITIALS = (
    *((0xB0A1, "A"), (0xB0C5, "B"), (0xB2C1, "C"), (0xB4EE, "D"), (0xB6EA, "E"), (0xB7A2, "F")),
    *((0xB8C1, "G"), (0xB9FE, "H"), (0xBBF7, "J"), (0xBFA6, "K"), (0xC0AC, "L"), (0xC2E8, "M")),
    *((0xC4C3, "N"), (0xC5B6, "O"), (0xC5BE, "P"), (0xC6DA, "Q"), (0xC8BB, "R"), (0xC8F6, "S")),
    *((0xCBFA, "T"), (0xCDDA, "W"), (0xCEF4, "X"), (0xD1B9, "Y"), (0xD4D1, "Z"), (0xD8A1, "")),
)
_STARTS = [start for start, _ in _INITIALS]


def initials(name: str) -> str:
    """Return with which letters the syllables of a name begin: WXM of 王小明 and of 王晓明.

    A rare character, whose sound is not known, and a letter stand for themselves.
    """
    return "".join(map(_initial, name))


@lru_cache(maxsize=16_384)
def _initial(character: str) -> str:
    try:
        at = int.from_bytes(character.encode("gb2312"), "big")
    except UnicodeEncodeError:
        return character
    index = bisect_right(_STARTS, at) - 1
    return (_INITIALS[index][1] if index >= 0 else "") or character


# --- ours -----------------------------------------------------------------------------------------


def ours(connection: Connection) -> list[Record]:
    """Return everybody registered here and alive, with their memberships."""
    rows = connection.execute(
        """
        SELECT person_id, name, birth_date, sex, identity_type, coalesce(identity_number, ''),
               division, phone, held.periods
        FROM enrolment.person AS p
        LEFT JOIN (
          SELECT person_no,
                 array_agg(scheme ORDER BY valid) || array_agg(lower(valid)::text ORDER BY valid)
                 || array_agg(coalesce((upper(valid) - 1)::text, '') ORDER BY valid) AS periods
          FROM enrolment.membership WHERE upper_inf(known) GROUP BY person_no
        ) AS held USING (person_no)
        WHERE died_on IS NULL
        """
    )
    safe = vault(connection)

    def record(person: str, *row: Any) -> Record:
        name, born, sex, document, number, division, phone, periods = row
        return Record(
            key=f"person:{person}",
            source=HERE,
            name=one_form(PERSON.open(safe, "name", person, name)),
            birth_date=born,
            sex=sex,
            document=document,
            number=today_number(PERSON.open(safe, "identity_number", person, number)),
            division=division,
            phone=PERSON.open(safe, "phone", person, phone).strip(),
            periods=_periods(periods),
        )

    return [record(*row) for row in rows]


def key_of(safe: Vault, region: str, number: str) -> str:
    """Return the key of another region's record that is known by an identity number.

    It is blind: decisions name it, and whoever reads them needs not know the number.
    """
    return f"{region}:{index_of(safe, number).hex()}"


def blind_key(safe: Vault, key: str) -> str:
    """Return a key as it is kept: without the identity number, where somebody named it so."""
    region, _, number = key.partition(":")
    return key_of(safe, region, number) if is_identity_number(number) else key


def _periods(told: list[str] | None) -> tuple[Period, ...]:
    if not told:
        return ()
    n, day = len(told) // 3, date.fromisoformat
    return tuple(
        Period(scheme, day(first), day(last) if last else None)
        for scheme, first, last in zip(told[:n], told[n : 2 * n], told[2 * n :], strict=True)
    )


def reported(connection: Connection) -> list[Record]:
    """Return the enrolments that other regions have reported by number, without particulars."""
    rows = connection.execute(
        "SELECT region, identity_index, identity_number, scheme, first, last "
        "FROM enrolment.elsewhere"
    )
    safe = vault(connection)
    found: dict[tuple[str, str], list[Period]] = {}
    for region, index, sealed, *period in rows:
        number = today_number(ELSEWHERE.open(safe, "identity_number", index, sealed))
        found.setdefault((region, number), []).append(Period(*period))
    return [
        Record(
            key_of(safe, region, number), region, "", date.min, number=number, periods=tuple(held)
        )
        for (region, number), held in found.items()
    ]


# --- theirs ---------------------------------------------------------------------------------------


def columns() -> tuple[Column, ...]:
    """Return the columns of another region's file: one row per person and enrolment."""
    words = vocabulary().attributes
    return (
        Column("region", "id", Text("参保地", "Region")),
        Column(
            "record_id",
            "id",
            Text("对方人员编号", "Their id of the person"),
            Text("没有证件号码时必填", "needed where there is no identity number"),
            absent="",
        ),
        Column("name", "text", Text("姓名", "Name"), absent=""),
        Column("sex", "code", words["sex"].title, absent="", codes=words["sex"].codes),
        Column("birth_date", "date", Text("出生日期", "Date of birth"), absent=""),
        Column(
            "identity_type",
            "text",
            Text("证件类型", "Kind of identity document"),
            Text("空为居民身份证", "empty: identity card (resident_id)"),
            absent="resident_id",
        ),
        Column("identity_number", "id", Text("证件号码", "Identity number"), absent=""),
        Column("division", "id", Text("行政区划", "Division"), absent=""),
        Column("phone", "id", Text("电话", "Telephone"), absent=""),
        Column("scheme", "text", words["scheme"].title, absent=""),
        Column("from", "date", Text("参保起日", "First day of membership"), absent=""),
        Column("to", "date", Text("参保止日", "Last day of membership"), absent=""),
    )


def theirs(safe: Vault, readers: Iterable[RowReader], rejects: list[Reject]) -> Iterator[Record]:
    """Yield the persons of another region's files; rows that tell too little are rejected.

    A number that does not keep to the standard is not refused: that is what is looked for.
    """
    for reader in readers:
        for _, values, fault in reader.rows():
            if values:
                reader.require(values, fault)
            if not fault.errors:
                number = today_number(values["identity_number"])
                born = values["birth_date"] or _born(number)
                if not number and not values["record_id"]:
                    fault.add("record_id", "required")
                if born is None:
                    fault.add("birth_date", "required")
            if fault.errors:
                rejects.append(fault.reject())
                continue
            assert born is not None
            first = values["from"]
            yield Record(
                key=key_of(safe, values["region"], number)
                if number
                else f"{values['region']}:{values['record_id']}",
                source=values["region"],
                name=one_form(values["name"]),
                birth_date=born,
                sex=values["sex"] or "",
                document=values["identity_type"],
                number=number,
                division=values["division"],
                phone=values["phone"],
                periods=(Period(values["scheme"], first, values["to"]),) if first else (),
            )


def combined(records: Iterable[Record]) -> list[Record]:
    """Return each record once, with the periods of all its rows."""
    found: dict[str, Record] = {}
    for record in records:
        known = found.get(record.key)
        held = () if known is None else known.periods
        found[record.key] = replace(known or record, periods=(*held, *record.periods))
    return list(found.values())


def _born(number: str) -> date | None:
    try:
        return codes.identity_number(number).birth_date
    except CodeError:
        return None
