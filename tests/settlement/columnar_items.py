"""Claims and statuses as the arrays that the columnar executor takes, made one by one."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time

import numpy as np

from yibao.policy.vocabulary import vocabulary
from yibao.settlement.batch import Item
from yibao.settlement.columnar.data import FOREVER, NONE, UNKNOWN, Items, Opening, Statuses
from yibao.settlement.columnar.days import number_of
from yibao.settlement.columnar.engine import Engine
from yibao.settlement.model import Claim, Reversal, Status

_AMOUNTS = tuple(vocabulary().amounts)
_DAY = date(2000, 1, 1)
_NO_CLAIM = Claim("", "", _DAY, _DAY, datetime.combine(_DAY, time()), (), (0,) * len(_AMOUNTS))
"""Stands in the columns of a reversal."""


class Encoded:
    """Arrays, with the persons in their order and, for each row, its place in the sequence."""

    def __init__(self, engine: Engine, statuses: Iterable[Status], items: Sequence[Item]) -> None:
        owners = {i.what.claim_id: i.what.person_id for i in items if isinstance(i.what, Claim)}
        held: dict[str, list[Status]] = {}
        for status in statuses:
            held.setdefault(status.person_id, []).append(status)
        own: dict[str, list[int]] = {}
        for at, item in enumerate(items):
            what = item.what
            person = what.person_id if isinstance(what, Claim) else owners.get(what.reverses, "")
            own.setdefault(person, []).append(at)
        self.persons = sorted(held.keys() | own.keys())
        self.order = [at for person in self.persons for at in own.get(person, ())]
        self.statuses = _statuses(engine, [held.get(p, []) for p in self.persons])
        start = _starts([len(own.get(p, ())) for p in self.persons])
        self.items = _items(engine, start, [items[at].what for at in self.order])

    def opening(
        self, given: Mapping[tuple[str, int], Mapping[str, int]], names: Sequence[str]
    ) -> Opening:
        """Return opening values as arrays; `names` are the carried state values."""
        rows = [
            (place, year, [values.get(name, 0) for name in names])
            for place, person in enumerate(self.persons)
            for (of, year), values in sorted(given.items())
            if of == person
        ]
        counts = np.bincount([r[0] for r in rows], minlength=len(self.persons)).tolist()
        values = np.array([r[2] for r in rows], np.int64).reshape(len(rows), len(names))
        return Opening(_starts(counts), np.array([r[1] for r in rows], np.int16), values)


def _starts(counts: Sequence[int]) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]).astype(np.int64)


def _statuses(engine: Engine, held: Sequence[Sequence[Status]]) -> Statuses:
    rows = [s for own in held for s in sorted(own, key=lambda s: s.first)]
    return Statuses(
        start=_starts([len(own) for own in held]),
        first=np.array([number_of(s.first) for s in rows], np.int32),
        last=np.array([FOREVER if s.last is None else number_of(s.last) for s in rows], np.int32),
        birth=np.array([number_of(s.birth_date) for s in rows], np.int32),
        facts=np.array([engine.person_facts.code(s.facts) for s in rows], np.int32),
        chosen=np.full(len(rows), NONE, np.int32),
        contracted=np.full(len(rows), NONE, np.int32),
    )


def _items(engine: Engine, start: np.ndarray, rows: Sequence[Claim | Reversal]) -> Items:
    named = {w.reverses for w in rows if isinstance(w, Reversal)}
    met = Counter(w.claim_id for w in rows)
    numbered = [one for one, times in met.items() if times > 1 or one in named]
    numbers = {one: n for n, one in enumerate(numbered)}
    episodes: dict[str, int] = {}
    claims = [w if isinstance(w, Claim) else _NO_CLAIM for w in rows]
    amounts = np.array([c.amounts for c in claims], np.int64).reshape(len(rows), len(_AMOUNTS)).T
    return Items(
        start=start,
        admitted=np.array([number_of(c.admitted) for c in claims], np.int32),
        discharged=np.array([number_of(c.discharged) for c in claims], np.int32),
        settled_year=np.array([w.settled_at.year for w in rows], np.int16),
        facts=np.array(
            [engine.claim_facts.code(c.facts) if c is not _NO_CLAIM else NONE for c in claims],
            np.int32,
        ),
        derive=np.zeros(len(rows), np.int8),
        institution=np.full(len(rows), NONE, np.int32),
        amounts=tuple(np.ascontiguousarray(row) for row in amounts),
        account_available=np.array([c.account_available for c in claims], np.int64),
        episode=np.array(
            [episodes.setdefault(c.episode, len(episodes)) if c.episode else NONE for c in claims],
            np.int32,
        ),
        own_id=np.array([numbers.get(w.claim_id, NONE) for w in rows], np.int32),
        reverses=np.array(
            [numbers.get(w.reverses, UNKNOWN) if isinstance(w, Reversal) else NONE for w in rows],
            np.int32,
        ),
    )
