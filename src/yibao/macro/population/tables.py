"""Arrays of a block as Arrow tables, with the columns and codes of the files that are settled.

Money is decimal with two places made from whole fen; codes are dictionaries; ids are built from
their digits, without a Python string for each row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from yibao.macro.population import bills as bill
from yibao.macro.population.claims import Claims, is_reformed
from yibao.macro.population.claims import is_tcm as tcm_at
from yibao.macro.population.days import FAR, Days, Span
from yibao.macro.population.draft import OUTCOMES, TWO, VISITS
from yibao.macro.population.figures import Figures, Flags, Ints
from yibao.macro.population.people import People, tier_names

MONEY = pa.decimal128(16, 2)
RATE = pa.decimal128(5, 4)
PERSON_DIGITS, CLAIM_DIGITS = 9, 5
_LEVELS = ("none", "1", "2", "3")
_CATEGORIES = ("in_service", "retired", "adult", "student_child")
_SCHEMES = ("resident", "employee")
_EMPLOYMENT = ("employed", "retired", "not_employed", "student_child")


def persons_table(figures: Figures, span: Span, people: People, offset: int) -> pa.Table:
    """Return the persons file of a block: one row per person and period of one status."""
    person, first, last = _periods(figures, span, people)
    employed = people.employed(first, person)
    retired = employed & (first >= people.retire[person])
    child = ~employed & (first < people.adult[person])
    category = np.select([retired, employed, child], [1, 0, 3], 2)
    signed = people.contracted[person] >= 0
    insulin = people.onset[:, figures.diseases.index("diabetes")][person] <= first
    columns: dict[str, pa.Array] = {
        "person_id": ids(figures, offset + person + 1),
        "from": _dates(first),
        "to": _dates(last, last < FAR),
        "birth_date": _dates(people.birth[person]),
        "scheme": _codes(employed, _SCHEMES),
        "category": _codes(category, _CATEGORIES),
        "contribution_tier": _tiers(figures, people, person, employed, child),
        "identities": _relief(figures, people, person),
        "large_expense_paid": pa.array(employed & people.large_expense_paid[person]),
        "family_doctor_signed": pa.array(signed),
        "insured_two_years": pa.array(people.insured_two_years[person]),
        "registered_diseases": _registered(figures, people, person, first),
        "insulin_user": pa.array(people.insulin[person] & insulin),
        "chosen_institution": _named(people.chosen[person], _institutions(figures, "3")),
        "contracted_institution": _named(people.contracted[person], _institutions(figures, "1")),
    }
    return pa.table(columns)


def claims_table(figures: Figures, claims: Claims, offset: int) -> pa.Table:
    """Return the claims file of a block; a reversal leaves all but four columns empty."""
    real = claims.reverses == 0
    person = offset + claims.person.astype(np.int64) + 1
    amounts = claims.bills
    two = np.where(claims.visit == TWO, amounts.in_scope, 0)
    columns: dict[str, pa.Array] = {
        "claim_id": ids(figures, person, claims.number),
        "person_id": ids(figures, person),
        "visit": _codes(claims.visit, VISITS, real),
        "admitted_on": _dates(claims.admitted, real),
        "discharged_on": _dates(claims.discharged, real),
        "settled_at": pa.array(claims.settled * 1000, pa.timestamp("ms")),
        "total": _money(amounts.total, real),
        "out_of_catalogue": _money(amounts.out_of_catalogue, real),
        "over_limit": _money(amounts.over_limit, real),
        "first_self_pay": _money(amounts.first_self_pay, real),
        "in_scope": _money(amounts.in_scope, real),
        "in_scope_tcm": _money(np.minimum(claims.tcm, amounts.in_scope), real),
        "in_scope_two_disease": _money(two, real),
        "outcome": _codes(claims.outcome, OUTCOMES, real),
        "level": _codes(claims.level, _LEVELS, real),
        "primary_institution": _flags(claims.level == 1, real),
        "tcm_institution": _flags(tcm_at(claims.level, claims.institution), real),
        "reformed_public_hospital": _flags(is_reformed(claims.level, claims.institution), real),
        "prescriber_level": _codes(claims.prescriber, _LEVELS, real),
        "disease": _diseases(figures, claims, real),
        "institution_id": _institution(figures, claims, real),
        "episode": _masked(ids(figures, person, claims.episode), claims.episode > 0),
        "account_available": _money(claims.account, real),
        "reverses": _masked(ids(figures, person, claims.reverses), ~real),
    }
    return pa.table(columns)


def lines_table(figures: Figures, claims: Claims, offset: int) -> pa.Table:
    """Return the item lines of a block's claims: up to five for each, in the order of ITEMS."""
    amounts = np.stack(claims.bills.lines, axis=1)
    row, item = np.nonzero(amounts)
    person = offset + claims.person[row].astype(np.int64) + 1
    over = (claims.bills.over_limit[row] > 0) & (item == 2)
    drugs, services = (int(rate * 10_000) for rate in bill.rates(figures))
    own = np.array([0, 0, drugs, services, 0])[item]
    columns: dict[str, pa.Array] = {
        "claim_id": ids(figures, person, claims.number[row]),
        "line": pa.array((item + 1).astype(np.int8)),
        "item_kind": _named(item, [kind for kind, _ in bill.ITEMS]),
        "item_class": _named(item, [of for _, of in bill.ITEMS]),
        "price": _money(amounts[row, item]),
        "quantity": pa.array(np.ones(len(row), dtype=np.int32)),
        "first_self_pay": _decimal(own, RATE, np.ones(len(row), dtype=bool)),
        "standard": _money(claims.bills.standard[row], over),
    }
    return pa.table(columns)


def people_table(figures: Figures, span: Span, people: People, offset: int) -> pa.Table:
    """Return one row per person: what results are grouped by, as of the first day."""
    person = np.arange(len(people))
    employed = people.employed(span.start)
    retired = employed & (people.retire <= span.start)
    child = ~employed & (people.adult > span.start)
    category = np.select([retired, employed, child], [1, 0, 3], 2)
    employment = np.select([retired, employed, child], [1, 0, 3], 2)
    head = offset + people.household + 1
    chronic = people.onset <= span.end
    columns: dict[str, pa.Array] = {
        "person_id": ids(figures, offset + person + 1),
        "birth_date": _dates(people.birth),
        "sex": _codes(people.male, ("female", "male")),
        "household_id": _numbered(f"{figures.region['prefix']}H", head, PERSON_DIGITS),
        "household_size": pa.array(people.household_size.astype(np.int16)),
        "income": _money(people.income),
        "income_decile": pa.array(people.decile),
        "employment": _codes(employment, _EMPLOYMENT),
        "scheme": _codes(employed, _SCHEMES),
        "category": _codes(category, _CATEGORIES),
        "contribution_tier": _tiers(figures, people, person, employed, child),
        "identities": _relief(figures, people, person),
        "chronic_diseases": _sets(chronic, figures.diseases),
        "death_date": _dates(people.death, people.death < FAR),
    }
    for at, name in enumerate(figures.diseases):
        days = people.onset[:, at]
        columns[f"{name}_since"] = _dates(days, days <= span.end)
    return pa.table(columns)


# --- statuses -------------------------------------------------------------------------------------


def _periods(figures: Figures, span: Span, people: People) -> tuple[Ints, Days, Days]:
    """Return person, first and last day of each period in which a person's status is one.

    The last day of the last period is the day of death, or FAR.
    """
    end = np.minimum(people.death, span.end)
    begun = np.full(len(people), span.start, dtype=np.int32)
    events = [people.entry, people.leave]
    events.append(np.where(people.employed(people.retire), people.retire, FAR))
    events.append(np.where(people.employed(people.adult), FAR, people.adult))
    if figures.region["diseases"]:
        events += list(people.registered(figures.model["registration"]["days"]).T)
    valid = [np.where((day > span.start) & (day <= end), day, FAR) for day in events]
    days = np.sort(np.stack([begun, *valid], axis=1).astype(np.int32), axis=1)
    later = np.concatenate((days[:, 1:], np.full((len(people), 1), FAR, np.int32)), axis=1)
    kept = (days < FAR) & (days != later)
    last = np.where(later < FAR, later - 1, people.death[:, None])
    last = np.where(last >= span.end + 1, FAR, last).astype(np.int32)
    person, at = np.nonzero(kept)
    return person, days[person, at], last[person, at]


# --- columns --------------------------------------------------------------------------------------


def ids(figures: Figures, person: Any, claim: Any = None) -> pa.Array:
    """Return ids such as TJ000000001, or TJ000000001-00001 of a person's claim."""
    prefix = str(figures.region["prefix"])
    if claim is None:
        return _numbered(prefix, person, PERSON_DIGITS)
    return _numbered(prefix, person, PERSON_DIGITS, claim, CLAIM_DIGITS)


def _numbered(prefix: str, first: Any, digits: int, second: Any = None, more: int = 0) -> pa.Array:
    """Return texts of a prefix and one or two numbers with leading zeros, all equally long."""
    width = len(prefix) + digits + (1 + more if more else 0)
    first = np.asarray(first, dtype=np.int64)
    text = np.empty((len(first), width), dtype=np.uint8)
    text[:, : len(prefix)] = np.frombuffer(prefix.encode(), dtype=np.uint8)
    _write_digits(text[:, len(prefix) : len(prefix) + digits], first)
    if more:
        text[:, len(prefix) + digits] = ord("-")
        _write_digits(text[:, -more:], np.asarray(second, dtype=np.int64))
    offsets = np.arange(len(first) + 1, dtype=np.int32) * np.int32(width)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(text)]
    return pa.Array.from_buffers(pa.string(), len(first), buffers)


def _write_digits(text: npt.NDArray[np.uint8], numbers: Ints) -> None:
    width = text.shape[1]
    if len(numbers) and int(numbers.max()) >= 10**width:
        raise OverflowError(f"a number of more than {width} digits in an id")
    rest = numbers.astype(np.uint32)
    for at in range(width - 1, -1, -1):
        rest, digit = np.divmod(rest, np.uint32(10))
        text[:, at] = digit + 48


def _decimal(scaled: Any, kind: pa.DataType, valid: Flags) -> pa.Array:
    """Return decimals from their digits as integers; where not `valid` there is none."""
    words = np.zeros((len(scaled), 2), dtype=np.int64)
    words[:, 0] = scaled
    buffers = [_bits(valid), pa.py_buffer(words)]
    return pa.Array.from_buffers(kind, len(scaled), buffers)


def _money(amount: Any, valid: Flags | None = None) -> pa.Array:
    """Return an amount in yuan from fen, which are never negative."""
    return _decimal(amount, MONEY, np.ones(len(amount), dtype=bool) if valid is None else valid)


def _bits(valid: Flags) -> pa.Buffer | None:
    if valid.all():
        return None
    return pa.py_buffer(np.packbits(valid, bitorder="little"))


def _masked(texts: pa.Array, valid: Flags) -> pa.Array:
    """Return texts, none where not `valid`."""
    _, offsets, data = texts.buffers()
    if valid.all():
        return texts
    lengths = np.where(valid, np.diff(np.frombuffer(offsets, np.int32)), 0)
    width = int(lengths.max(initial=0))
    kept = np.frombuffer(data, np.uint8).reshape(len(texts), -1)[valid] if width else data
    ends = np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)
    buffers = [_bits(valid), pa.py_buffer(ends), pa.py_buffer(np.ascontiguousarray(kept))]
    return pa.Array.from_buffers(pa.string(), len(texts), buffers)


def _dates(days: Any, valid: Flags | None = None) -> pa.Array:
    mask = None if valid is None else ~valid
    return pa.array(np.asarray(days, dtype=np.int32), pa.int32(), mask=mask).cast(pa.date32())


def _codes(positions: Any, codes: Sequence[str], valid: Flags | None = None) -> pa.DictionaryArray:
    mask = None if valid is None else ~valid
    width = np.int8 if len(codes) < 128 else np.int16
    indices = pa.array(np.asarray(positions).astype(width), mask=mask)
    return pa.DictionaryArray.from_arrays(indices, pa.array(codes, pa.string()))


def _flags(values: Flags, valid: Flags) -> pa.Array:
    return pa.array(values, mask=~valid)


def _named(positions: Any, names: Sequence[str]) -> pa.DictionaryArray:
    """Return names by position, none where it is -1."""
    known, where = _distinct(names)
    return _codes(where[np.maximum(positions, 0)], known, positions >= 0)


def _distinct(names: Sequence[str]) -> tuple[list[str], Ints]:
    """Return each name once, and where among them each of the names is.

    PyArrow writes a dictionary with a code twice as plain text, and its bytes vary from run to run.
    """
    known = list(dict.fromkeys(names))
    return known, np.array([known.index(name) for name in names])


def _sets(members: Flags, names: Sequence[str]) -> pa.DictionaryArray:
    """Return sets as texts such as "a;b", one row for each row of `members`."""
    bits = 1 << np.arange(len(names))
    mask, where = np.unique(members @ bits, return_inverse=True)
    texts = [";".join(n for b, n in zip(bits, names, strict=True) if m & b) for m in mask]
    return _codes(where, texts)


def _institutions(figures: Figures, level: str) -> list[str]:
    """Return the ids of a level's institutions; "pharmacy" is a level of its own."""
    mark = "P" if level == "pharmacy" else level
    count = figures.region["institutions"][level]
    return [f"{figures.region['prefix']}{mark}-{at + 1:04d}" for at in range(count)]


def _institution(figures: Figures, claims: Claims, valid: Flags) -> pa.DictionaryArray:
    groups = [_institutions(figures, level) for level in ("pharmacy", "1", "2", "3")]
    starts = np.cumsum([0, *map(len, groups)])[:-1]
    names = [name for group in groups for name in group]
    return _codes(starts[claims.level] + claims.institution, names, valid)


def _tiers(
    figures: Figures, people: People, person: Ints, employed: Flags, child: Flags
) -> pa.DictionaryArray:
    names = ["none", figures.region["tiers"]["student"], *tier_names(figures)]
    at = np.where(employed, 0, np.where(child, 1, 2 + people.tier[person].astype(np.int64)))
    return _named(at, names)


def _relief(figures: Figures, people: People, person: Ints) -> pa.DictionaryArray:
    return _codes(people.relief[person].astype(np.int64) + 1, ["", *figures.region["relief"]])


def _registered(figures: Figures, people: People, person: Ints, first: Days) -> pa.DictionaryArray:
    codes: Mapping[str, str] = figures.region["diseases"]
    if not codes:
        return _codes(np.zeros(len(person)), [""])
    days = people.registered(figures.model["registration"]["days"])[person]
    at = [figures.diseases.index(name) for name in codes]
    return _sets(days[:, at] <= first[:, None], list(codes.values()))


def _diseases(figures: Figures, claims: Claims, valid: Flags) -> pa.DictionaryArray:
    codes = figures.region["diseases"]
    names = ["none", *(codes.get(name, "none") for name in figures.diseases)]
    known, where = _distinct(names)
    return _codes(where[claims.disease.astype(np.int64) + 1], known, valid)
