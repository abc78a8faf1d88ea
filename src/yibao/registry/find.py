"""What the registers say of a day: for whoever settles, enrols or reviews.

Every function takes the day of the service. None: not in the register on that day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from random import Random
from types import MappingProxyType
from typing import Literal, LiteralString, get_args

from yibao.errors import Refused
from yibao.store.database import Connection
from yibao.text import Text

REASONS = MappingProxyType(
    {
        "no_agreement": Text(
            "当日没有有效的服务协议", "no agreement is in force with the institution on that day"
        ),
        "suspended": Text("服务协议当日处于暂停", "the agreement is suspended on that day"),
        "visit_not_covered": Text(
            "服务协议不含这一就医类别", "the agreement does not cover this type of visit"
        ),
        "scheme_not_covered": Text(
            "服务协议不含这一险种", "the agreement does not cover the scheme"
        ),
        "not_on_roster": Text("当日不在医保医师名录", "not on the roster on that day"),
        "roster_suspended": Text(
            "当日医保服务资格暂停或移出", "suspended or removed on the roster"
        ),
        "not_at_site": Text(
            "当日未在该机构登记执业", "not registered to practise at the institution on that day"
        ),
        "not_in_catalogue": Text("当日不在医保目录", "not in the catalogue on that day"),
        "level_too_low": Text(
            "该药品限更高级别机构使用", "only for institutions of a higher level"
        ),
        "no_approval": Text("制剂没有批准文号", "the preparation has no approval"),
        "not_approved_here": Text(
            "制剂未获准在该机构使用", "the preparation is not approved for this institution"
        ),
        "not_approved": Text(
            "医疗机构未确认符合限定支付范围", "the institution does not say that it may be paid"
        ),
        "unknown_disease": Text("当日没有这一病种", "no such disease on the list on that day"),
        "age": Text("不在该病种的年龄范围", "outside the ages of the disease"),
        "standard_pending": Text(
            "该病种待遇标准尚未公布", "the benefit for it has not been set yet"
        ),
    }
)
"""Why something is refused, by rule."""


# --- institutions ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Institution:
    """An institution on a day; the names are those of the claims' facts."""

    institution_id: str
    name: str
    kind: Literal["hospital", "pharmacy"]
    division: str
    level: str
    institution_class: str
    primary_institution: bool
    tcm_institution: bool
    reformed_public_hospital: bool
    private: bool


@dataclass(frozen=True, slots=True)
class Capacity:
    """Beds and dental chairs of an institution."""

    beds: int
    dental_chairs: int

    def excess(self, bed_days: int) -> int:
        """Return by how many the bed-days billed for one day exceed the beds."""
        return max(0, bed_days - self.beds)


def institution(connection: Connection, institution_id: str, day: date) -> Institution | None:
    """Return an institution."""
    row = connection.execute(
        "SELECT institution_id, name, kind, division, level, institution_class, "
        "primary_institution, tcm_institution, reformed_public_hospital, private "
        "FROM registry.institution WHERE institution_id = %s AND valid @> %s::date",
        (institution_id, day),
    ).fetchone()
    return None if row is None else Institution(*row)


def is_institution(connection: Connection, institution_id: str) -> bool:
    """Tell whether an institution is or was registered, on whatever day."""
    found = connection.execute(
        "SELECT 1 FROM registry.institution WHERE institution_id = %s LIMIT 1", (institution_id,)
    )
    return found.fetchone() is not None


def capacity(connection: Connection, institution_id: str, day: date) -> Capacity:
    """Return the beds and dental chairs of an institution, 0 where none is registered."""
    row = connection.execute(
        "SELECT coalesce(sum(beds), 0)::int, coalesce(sum(dental_chairs), 0)::int "
        "FROM registry.ward WHERE institution_id = %s AND valid @> %s::date",
        (institution_id, day),
    ).fetchone()
    assert row is not None
    return Capacity(*row)


def recognised(connection: Connection, institution_id: str, day: date) -> bool:
    """Tell whether an institution of another region counts as designated here."""
    return _exists(
        connection,
        "SELECT FROM registry.recognition WHERE institution_id = %s AND valid @> %s::date",
        (institution_id, day),
    )


def agreement_refusal(
    connection: Connection, institution_id: str, day: date, visit: str, scheme: str
) -> str | None:
    """Return the rule by which no agreement covers a claim, None where one does."""
    row = connection.execute(
        "SELECT registry.agreement_refusal(%s, %s, %s, %s)", (institution_id, day, visit, scheme)
    ).fetchone()
    assert row is not None
    refusal: str | None = row[0]
    return refusal


# --- practitioners --------------------------------------------------------------------------------


def practises_at(
    connection: Connection, practitioner_id: str, institution_id: str, day: date
) -> bool:
    """Tell whether a practitioner is registered at an institution."""
    return _exists(
        connection,
        "SELECT FROM registry.practice_site "
        "WHERE practitioner_id = %s AND institution_id = %s AND valid @> %s::date",
        (practitioner_id, institution_id, day),
    )


def practitioner_refusal(
    connection: Connection, practitioner_id: str, institution_id: str, day: date
) -> str | None:
    """Return the rule by which a practitioner's line is refused there, None where it is not."""
    row = connection.execute(
        "SELECT roster_status FROM registry.practitioner "
        "WHERE practitioner_id = %s AND valid @> %s::date",
        (practitioner_id, day),
    ).fetchone()
    if row is None:
        return "not_on_roster"
    if row[0] != "listed":
        return "roster_suspended"
    if not practises_at(connection, practitioner_id, institution_id, day):
        return "not_at_site"
    return None


# --- catalogues -----------------------------------------------------------------------------------

ItemKind = Literal["drug", "service", "consumable", "preparation", "herbal"]


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a catalogue on a day; `standard` is fen a unit, None: no limit."""

    kind: ItemKind
    code: str
    name: str
    item_class: Literal["A", "B", "C"]
    standard: int | None
    unit: str
    least_level: str
    sex: Literal["any", "male", "female"]
    age_from: int | None
    age_below: int | None
    restriction: str
    approval_number: str
    source: Literal["national", "local"]
    batch: str
    first_self_pay: Fraction
    tags: frozenset[str]


def items(
    connection: Connection, wanted: Iterable[tuple[str, str]], day: date
) -> dict[tuple[str, str], Item]:
    """Return the items of (kind, code) that are in a catalogue."""
    pairs = list(dict.fromkeys(wanted))
    rows = connection.execute(
        "SELECT kind, code, name, class, standard, unit, least_level, sex, age_from, age_below, "
        "restriction, approval_number, source, batch, first_self_pay, tags FROM registry.item "
        "WHERE (kind, code) IN (SELECT * FROM unnest(%s::text[], %s::text[])) "
        "AND valid @> %s::date",
        ([kind for kind, _ in pairs], [code for _, code in pairs], day),
    )
    found = (Item(*[*cells, Fraction(share), frozenset(tags)]) for *cells, share, tags in rows)
    return {(one.kind, one.code): one for one in found}


def kinds_of(connection: Connection, codes: Iterable[str], day: date) -> dict[str, ItemKind]:
    """Return of which catalogue items are, by their codes; those in none are left out.

    Where two catalogues have a code, the first by name has it.
    """
    rows = connection.execute(
        "SELECT DISTINCT ON (code) code, kind FROM registry.item "
        "WHERE kind = ANY(%s) AND code = ANY(%s) AND valid @> %s::date ORDER BY code, kind",
        (list(get_args(ItemKind)), sorted(set(codes)), day),
    )
    return dict(rows.fetchall())


def kinds_in_force(connection: Connection, kinds: Iterable[str], day: date) -> frozenset[str]:
    """Return which of some kinds have a catalogue: an item of theirs that is in it."""
    rows = connection.execute(
        "SELECT kind FROM unnest(%s::text[]) AS asked (kind) WHERE EXISTS "
        "(SELECT FROM registry.item WHERE item.kind = asked.kind AND valid @> %s::date)",
        (sorted(set(kinds)), day),
    )
    return frozenset(kind for (kind,) in rows)


def item(connection: Connection, kind: str, code: str, day: date) -> Item | None:
    """Return an item of a catalogue."""
    return items(connection, [(kind, code)], day).get((kind, code))


def item_refusal(
    connection: Connection, kind: str, code: str, institution_id: str, day: date
) -> str | None:
    """Return the rule by which an item is not payable at an institution, None where it is."""
    found = item(connection, kind, code, day)
    if found is None:
        return "not_in_catalogue"
    if kind == "preparation":
        if not found.approval_number:
            return "no_approval"
        if not _approved_at(connection, code, institution_id, day):
            return "not_approved_here"
    if found.least_level != "none" and not _level_suffices(connection, found, institution_id, day):
        return "level_too_low"
    return None


def _approved_at(connection: Connection, code: str, institution_id: str, day: date) -> bool:
    return _exists(
        connection,
        "SELECT FROM registry.preparation_site "
        "WHERE code = %s AND institution_id = %s AND valid @> %s::date",
        (code, institution_id, day),
    )


_LEVELS = ("none", "1", "2", "3")


def _level_suffices(connection: Connection, found: Item, institution_id: str, day: date) -> bool:
    where = institution(connection, institution_id, day)
    if where is None:
        return False
    if where.primary_institution and found.kind == "drug" and _whole_list(connection, day):
        return True
    return _LEVELS.index(where.level) >= _LEVELS.index(found.least_level)


def _whole_list(connection: Connection, day: date) -> bool:
    """Tell whether primary institutions may use the whole drug list."""
    return _exists(
        connection,
        "SELECT FROM registry.setting "
        "WHERE name = 'primary_full_catalogue' AND value AND valid @> %s::date",
        (day,),
    )


# --- codes ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mapped:
    """Codes of lines: what each maps to, and those without a mapping, line by line."""

    found: Mapping[str, str]
    missing: tuple[str, ...]
    lines: int

    @property
    def share(self) -> Fraction:
        """The share of lines that have a national code; 1 where there are no lines."""
        return Fraction(self.lines - len(self.missing), self.lines) if self.lines else Fraction(1)


def local_code(
    connection: Connection, institution_id: str, kind: str, code: str, day: date
) -> str | None:
    """Return the national code of an institution's own code."""
    return local_codes(connection, institution_id, kind, [code], day).found.get(code)


def local_codes(
    connection: Connection, institution_id: str, kind: str, codes: Sequence[str], day: date
) -> Mapped:
    """Return the national codes of an institution's own codes, given line by line."""
    rows = connection.execute(
        "SELECT local_code, code FROM registry.local_code "
        "WHERE institution_id = %s AND kind = %s AND local_code = ANY(%s) AND valid @> %s::date",
        (institution_id, kind, list(codes), day),
    )
    return _mapped(codes, dict(rows.fetchall()))


def devices(connection: Connection, identifiers: Sequence[str], day: date) -> Mapped:
    """Return the consumables of device identifiers (UDI), given line by line."""
    rows = connection.execute(
        "SELECT device_identifier, code FROM registry.device "
        "WHERE device_identifier = ANY(%s) AND valid @> %s::date",
        (list(identifiers), day),
    )
    return _mapped(identifiers, dict(rows.fetchall()))


def _mapped(codes: Sequence[str], found: Mapping[str, str]) -> Mapped:
    return Mapped(found, tuple(code for code in codes if code not in found), len(codes))


# --- diseases -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Disease:
    """A chronic or special disease of outpatients on a day."""

    code: str
    name: str
    disease_class: Literal["none", "A", "B"]
    age_from: int | None
    age_below: int | None
    overlap_group: str
    specificity: int
    standard_set: bool
    schemes: frozenset[str]

    def admits(self, birth_date: date, day: date) -> bool:
        """Tell whether a person's age on a day, in completed years, is within its ages."""
        age = (
            day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))
        )
        return (self.age_from or 0) <= age and (self.age_below is None or age < self.age_below)

    def overlaps(self, other: Disease) -> bool:
        """Tell whether a person's registration for both is one too many."""
        return self.code != other.code and self.overlap_group == other.overlap_group != ""


def diseases(connection: Connection, day: date, scheme: str | None = None) -> list[Disease]:
    """Return the list of diseases, those of one scheme where given, in order of their codes."""
    rows = connection.execute(
        "SELECT code, name, class, age_from, age_below, overlap_group, specificity, standard_set, "
        "schemes FROM registry.disease WHERE valid @> %s::date "
        "AND (%s::text IS NULL OR %s = ANY(schemes)) ORDER BY code",
        (day, scheme, scheme),
    )
    return [Disease(*[*cells, frozenset(schemes)]) for *cells, schemes in rows]


def disease(connection: Connection, code: str, day: date) -> Disease | None:
    """Return a disease of the list."""
    return next((d for d in diseases(connection, day) if d.code == code), None)


def disease_refusal(
    connection: Connection, code: str, scheme: str | None, birth_date: date, day: date
) -> str | None:
    """Return the rule by which a person has no benefit for a disease, None where it may have.

    Whoever is not insured then has no scheme, and is not asked for one.
    """
    found = disease(connection, code, day)
    if found is None:
        return "unknown_disease"
    if scheme is not None and scheme not in found.schemes:
        return "scheme_not_covered"
    if not found.admits(birth_date, day):
        return "age"
    return None if found.standard_set else "standard_pending"


def counting(diseases: Iterable[Disease]) -> list[Disease]:
    """Return those that count: of several that overlap the most specific."""
    chosen: dict[str, Disease] = {}
    for one in diseases:
        key = one.overlap_group or f"={one.code}"
        chosen[key] = max(chosen.get(key, one), one, key=lambda d: d.specificity)
    return list(chosen.values())


def is_centre(
    connection: Connection,
    institution_id: str,
    disease: str,
    role: Literal["assessment", "re_examination"],
    day: date,
) -> bool:
    """Tell whether an institution may assess or re-examine a disease."""
    return _exists(
        connection,
        "SELECT FROM registry.appraisal_centre "
        "WHERE institution_id = %s AND disease = %s AND role = %s AND valid @> %s::date",
        (institution_id, disease, role, day),
    )


# --- experts --------------------------------------------------------------------------------------


def draw_experts(
    connection: Connection, field: str, number: int, concerned: str, day: date, *, seed: int
) -> list[str]:
    """Draw experts of a field by lot, none of the institution concerned.

    The same seed over the same register draws the same, so a draw can be shown to be fair. Raises
    Refused where there are too few.
    """
    rows = connection.execute(
        "SELECT expert_id FROM registry.expert WHERE field = %s AND institution_id <> %s "
        "AND valid @> %s::date ORDER BY expert_id",
        (field, concerned, day),
    )
    free = [expert_id for (expert_id,) in rows]
    if len(free) < number:
        raise Refused(
            "too_few_experts",
            Text(
                f"可抽取的专家只有 {len(free)} 位，需要 {number} 位",
                f"{len(free)} experts may be drawn, {number} are wanted",
            ),
        )
    return Random(seed).sample(free, number)


def _exists(connection: Connection, query: LiteralString, values: tuple[object, ...]) -> bool:
    return connection.execute(query, values).fetchone() is not None
