"""What was booked, as arrays: the rows of the settlements file, and sums over them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from functools import cache
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from yibao.bulk.bucket import Bucket
from yibao.bulk.order import exact_order_of, sums_by
from yibao.bulk.partition import AMOUNT
from yibao.interop.files.arrays.columns import day_number, day_of, hash_texts
from yibao.interop.files.results import settlement_figures
from yibao.policy.model import Region
from yibao.policy.program import Program
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.batch import CLOSING, Entry
from yibao.settlement.columnar.data import REVERSED, Result
from yibao.settlement.indicators import INSURANCE_LAYERS
from yibao.settlement.model import Reversal

Int64 = npt.NDArray[np.int64]

CLAIM, REVERSAL = 0, 1
KINDS = ("claim", "reversal")


class Names:
    """Texts that repeat, numbered as they are met; several threads may use it."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self.texts: list[str] = list(texts)
        self._codes = {text: code for code, text in enumerate(self.texts)}
        self._lock = Lock()

    def code(self, text: str) -> int:
        """Return the number of a text."""
        code = self._codes.get(text)
        if code is None:
            with self._lock:
                code = self._codes.get(text)
                if code is None:
                    code = len(self.texts)
                    self.texts.append(text)
                    self._codes[text] = code
        return code

    def codes(self, texts: Iterable[str]) -> npt.NDArray[np.int32]:
        """Return the numbers of texts."""
        return np.array([self.code(text) for text in texts], np.int32)


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """What the numbers in `Booked` mean, for a whole run."""

    region: Region
    schemes: Sequence[str]
    visits: Names = field(default_factory=Names)
    documents: Names = field(default_factory=Names)

    def documents_of(self, program: Program) -> int:
        """Return the number of the documents that a program rests on."""
        used = program.documents
        return self.documents.code(
            ";".join(d.version for d in self.region.documents if d.id in used)
        )


@dataclass(frozen=True, slots=True, eq=False)
class Booked:
    """Rows of the settlements file, in order: texts as Arrow texts, money in fen by column.

    `sign` is 1 for a claim, -1 for a reversal; `assisted` says that assistance could pay.
    """

    claim_id: Any
    reverses: Any
    person_id: Any
    sign: npt.NDArray[np.int8]
    scheme: npt.NDArray[np.int8]
    visit: npt.NDArray[np.int32]
    day: npt.NDArray[np.int32]
    settled_at: Int64
    money: Mapping[str, Int64]
    documents: npt.NDArray[np.int32]
    assisted: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.sign)

    def take(self, at: Int64) -> Booked:
        """Return some of the rows."""
        where = pa.array(at)
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return Booked(
            **{
                name: value[at] if isinstance(value, np.ndarray) else value.take(where)
                for name, value in values.items()
                if name != "money"
            },
            money={name: fen[at] for name, fen in self.money.items()},
        )


def of_result(
    bucket: Bucket, result: Result, answers: Sequence[Any], engine: Any, words: Words
) -> Booked:
    """Return what the engine booked."""
    claims = bucket.claims
    rows = np.flatnonzero(result.code <= REVERSED)
    everything = len(rows) == len(claims)
    back = np.flatnonzero(result.code[rows] == REVERSED)
    where = pa.array(rows)

    def texts(name: str) -> Any:
        return claims[name] if everything else claims[name].take(where)

    def values(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return column if everything else column[rows]

    money: dict[str, Int64] = {}
    zero = np.zeros(len(rows), np.int64)
    taken = result.claim[rows[back]]
    for name in settlement_figures():
        own = claims.arrays.get(AMOUNT + name)
        if name in result.figures:
            money[name] = values(result.figures[name])
        elif own is not None:
            found = values(own)
            if len(back):
                found = found.copy()
                found[back] = -own[taken]
            money[name] = found
        elif name in vocabulary().amounts:
            money[name] = zero
    money["cash_pay"] = money["personal_pay"] - money["account_pay"]
    if "total" in result.figures:  # a step restates the bill: it says nothing of what was paid
        money["fund_pay"] = sum((money[name] for name in vocabulary().funds), zero)
    else:
        money["fund_pay"] = money["total"] - money["personal_pay"]
    sign = np.ones(len(rows), np.int8)
    sign[back] = -1
    facts = values(claims["facts"])
    if len(back):
        facts = facts.copy()
        facts[back] = claims["facts"][taken]
    answer = values(result.answer)
    programs = _by_answer(answer, answers, words)
    return Booked(
        claim_id=texts("claim_id"),
        reverses=texts("reverses"),
        person_id=texts("person_id"),
        sign=sign,
        scheme=values(result.scheme),
        visit=_visits(facts, engine.claim_facts, words)[facts],
        day=values(result.day),
        settled_at=values(claims["settled_at"]),
        money={name: money[name] for name in settlement_figures()},
        documents=programs[0][answer],
        assisted=programs[1][answer],
    )


def _visits(facts: npt.NDArray[np.int32], known: Any, words: Words) -> npt.NDArray[np.int32]:
    """Return the number of the visit type by number of facts."""
    at = [a.name for a in vocabulary().of("claim")].index("visit")
    found = np.zeros(int(facts.max(initial=0)) + 1, np.int32)
    for code in np.flatnonzero(np.bincount(facts)).tolist():
        found[code] = words.visits.code(str(known[code][at]))
    return found


def _by_answer(
    answer: npt.NDArray[np.int32], answers: Sequence[Any], words: Words
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
    """Return the number of the documents, and whether assistance could pay, by answer."""
    size = int(answer.max(initial=0)) + 1
    documents, assisted = np.zeros(size, np.int32), np.zeros(size, np.bool_)
    for code in np.flatnonzero(np.bincount(answer)).tolist():
        found = answers[code]
        documents[code] = words.documents.code(found.documents)
        assisted[code] = _assists(found.program)
    return documents, assisted


def _assists(program: Program) -> bool:
    return any(name == "assistance_pay" for name, _ in program.structure.funds)


def of_entries(entries: Sequence[Entry], words: Words) -> Booked:
    """Return what the scalar book booked."""
    settlements = [entry.settlement for entry in entries]
    what = [entry.item.what for entry in entries]
    visit = [a.name for a in vocabulary().of("claim")].index("visit")
    sign = np.array([entry.sign for entry in entries], np.int8)

    def texts(found: Iterable[str]) -> Any:
        return pa.array(list(found), pa.string())

    def figures(name: str) -> Int64:
        return np.array([e.sign * _paid(e, name) for e in entries], np.int64)

    return Booked(
        claim_id=texts(w.claim_id for w in what),
        reverses=texts(w.reverses if isinstance(w, Reversal) else "" for w in what),
        person_id=texts(s.claim.person_id for s in settlements),
        sign=sign,
        scheme=np.array([words.schemes.index(s.scheme) for s in settlements], np.int8),
        visit=words.visits.codes(str(s.claim.facts[visit]) for s in settlements),
        day=np.array([day_number(s.day) for s in settlements], np.int32),
        settled_at=np.array([_microseconds(w.settled_at) for w in what], np.int64),
        money={name: figures(name) for name in settlement_figures()},
        documents=np.array([words.documents_of(s.program) for s in settlements], np.int32),
        assisted=np.array([_assists(s.program) for s in settlements], np.bool_),
    )


def _paid(entry: Entry, name: str) -> int:
    settlement = entry.settlement
    if name == "deductible" and name not in settlement.program.structure.final:
        return 0
    return settlement.figure(name)


def _microseconds(moment: Any) -> int:
    return int(np.datetime64(moment, "us").astype(np.int64))


def merged(one: Booked, other: Booked, *, by_id: bool = False) -> Booked:
    """Return two lots of rows as one, in order."""
    if not len(other):
        return one

    def texts(name: str) -> Any:
        return pa.concat_arrays([getattr(one, name), getattr(other, name)])

    def arrays(name: str) -> Any:
        return np.concatenate([getattr(one, name), getattr(other, name)])

    both = Booked(
        **{name: texts(name) for name in ("claim_id", "reverses", "person_id")},
        **{name: arrays(name) for name in _PLAIN},
        money={name: np.concatenate([one.money[name], other.money[name]]) for name in one.money},
    )
    person, place = both.person_id, np.arange(len(both))
    hashes = np.zeros(len(both), np.uint64) if by_id else hash_texts(person)
    keys = (hashes, person, both.settled_at, both.claim_id, place)
    return both.take(exact_order_of(*keys))


_PLAIN = ("sign", "scheme", "visit", "day", "settled_at", "documents", "assisted")


# --- sums -----------------------------------------------------------------------------------------


@dataclass(slots=True)
class Sums:
    """Running sums over everything booked; reversals subtract.

    `counts` by (scheme, sign), `fen` by (scheme, figure), `years` standing claims by year,
    `ratios` parts and wholes of indicators by their ids, `stays` standing inpatient claims.
    """

    counts: Counter[tuple[str, int]] = field(default_factory=Counter)
    fen: Counter[tuple[str, str]] = field(default_factory=Counter)
    years: Counter[int] = field(default_factory=Counter)
    parts: Counter[str] = field(default_factory=Counter)
    wholes: Counter[str] = field(default_factory=Counter)
    stays: int = 0
    last_year: int | None = None

    def add(self, booked: Booked, words: Words) -> None:
        """Add rows."""
        if not len(booked):
            return
        group, groups = _groups(booked, words)
        for sign in (1, -1):
            counts = np.bincount(group[booked.sign == sign], minlength=len(groups)).tolist()
            for of, count in zip(groups, counts, strict=True):
                self.counts[of.scheme, sign] += count
                self.stays += sign * count if of.visit == "inpatient" else 0
        for name in _summed():
            fen = booked.money[name]
            if fen.any():  # most funds paid nothing
                sums = sums_by(group, fen, len(groups))
                for of, found in zip(groups, sums, strict=True):
                    self._add(of, name, found)
        low, high = int(booked.day.min()), int(booked.day.max())
        first, last = day_of(low).year, day_of(high).year
        self.last_year = max(last, self.last_year or last)
        for year in range(first, last + 1):
            begin, end = (day_number(date(year, *day)) for day in ((1, 1), (12, 31)))
            within = (booked.day >= begin) & (booked.day <= end)
            self.years[year] += int(booked.sign[within].sum(dtype=np.int64))

    def merge(self, other: Sums) -> None:
        """Add other sums."""
        for name in ("counts", "fen", "years", "parts", "wholes"):
            getattr(self, name).update(getattr(other, name))
        self.stays += other.stays
        years = [year for year in (self.last_year, other.last_year) if year is not None]
        self.last_year = max(years, default=None)

    def _add(self, group: _Group, name: str, fen: int) -> None:
        """Add what claims of a group come to in one column of money."""
        self.fen[group.scheme, name] += fen
        insurance = name in _insurance()
        if group.visit == "inpatient" and group.scheme in _INDICATORS:
            paid, beside = _INDICATORS[group.scheme]
            self.parts[paid] += fen if insurance else 0
            self.wholes[paid] += fen if name == "in_scope" else 0
            self.parts[beside] += fen if name == "out_of_catalogue" else 0
            self.wholes[beside] += fen if name == "total" else 0
        if group.visit in _HELPED and group.assisted:
            self.parts[_ASSISTANCE] += fen if name == "assistance_pay" else 0
            self.wholes[_ASSISTANCE] += fen * ((name == "in_scope") - insurance)


@cache
def _summed() -> tuple[str, ...]:
    names = ("total", "in_scope", "out_of_catalogue", *vocabulary().funds, *CLOSING)
    return tuple(dict.fromkeys(names))


@cache
def _insurance() -> frozenset[str]:
    """Return the funds that are insurance."""
    return frozenset(n for n, f in vocabulary().funds.items() if f.layer in INSURANCE_LAYERS)


_INDICATORS = {"employee": ("P25-K04", "P25-K06"), "resident": ("P25-K05", "P25-K07")}
_ASSISTANCE = "P25-K08"
_HELPED = ("inpatient", "special_outpatient")


@dataclass(frozen=True, slots=True)
class _Group:
    """Claims that every sum has or lacks together."""

    scheme: str
    visit: str
    assisted: bool


def _groups(booked: Booked, words: Words) -> tuple[npt.NDArray[np.int32], Sequence[_Group]]:
    """Return the number of each row's group, and what the numbers mean."""
    visits = words.visits.texts[: int(booked.visit.max()) + 1]
    group = (booked.scheme * np.int32(len(visits)) + booked.visit) * 2 + booked.assisted
    return group, [
        _Group(scheme, visit, assisted)
        for scheme in words.schemes
        for visit in visits
        for assisted in (False, True)
    ]
