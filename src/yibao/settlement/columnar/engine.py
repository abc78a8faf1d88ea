"""The engine: settles the items of a bucket of persons under one policy.

engine = Engine(policy)
prepared = engine.prepare(items, statuses)      # profiles, once
result = engine.settle_prepared(prepared)       # arithmetic, again and again
cheaper = engine.with_rows([(row, 500_00)])     # other figures, the same programs
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass
from threading import Lock

import numpy as np

from yibao.policy.model import Number, Region, Row
from yibao.policy.opspec import results
from yibao.policy.policy import Policy
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.columnar.bodies import ACCOUNT, PERSONAL, Layout, layout
from yibao.settlement.columnar.bucket import Prepared, prepared
from yibao.settlement.columnar.codes import Codes
from yibao.settlement.columnar.data import (
    NONE,
    REVERSED,
    RULES_REFUSE,
    Int32,
    Int64,
    Items,
    Opening,
    Result,
    Statuses,
)
from yibao.settlement.columnar.loop import settle_persons
from yibao.settlement.columnar.profiles import Profiles
from yibao.settlement.columnar.programs import Answer, Programs
from yibao.settlement.columnar.shapes import Memory, Moves, Out, Rules

DEDUCTIBLE = "deductible"


def standard_figures(region: Region) -> tuple[str, ...]:
    """Return the figures that a settlement is told by: deductible, each fund, the person's part.

    Amounts of the bill are among them only where a step of the region restates them.
    """
    written = {name for step in region.steps if step.phase == "claim" for name in results(step)}
    restated = [name for name in vocabulary().amounts if name in written]
    return (DEDUCTIBLE, *vocabulary().funds, PERSONAL, ACCOUNT, *restated)


class Engine:
    """Settles items under one policy, writing the figures that are wanted.

    Several threads may use it: preparing is done by one at a time, settling by all at once.
    """

    def __init__(self, policy: Policy, wanted: Iterable[str] | None = None) -> None:
        """Begin without programs: they are made for the profiles that items bring."""
        self.policy = policy
        self.wanted = standard_figures(policy.region) if wanted is None else tuple(wanted)
        self.claim_facts, self.person_facts = Codes(), Codes()
        self.schemes = tuple(vocabulary().attributes["scheme"].codes or ())
        self._programs = Programs(policy.region, layout(policy.region, self.wanted))
        self._profiles = Profiles(policy, self.claim_facts, self.person_facts, self._programs.enter)
        self._changes: dict[int, Number] = {}
        self._rules: Rules | None = None
        self._lock = Lock()

    @property
    def answers(self) -> list[Answer]:
        """What `Result.answer` numbers."""
        return self._programs.answers

    def with_rows(self, changes: Iterable[tuple[Row, Number]]) -> Engine:
        """Return an engine with other figures in rows of tables, sharing all else with this one.

        Figures are fen, counts or rates, as the rows have them. Raises PackDefect for a rate that
        the programs cannot hold, and for a figure with which an amount could leave 64 bits.
        """
        other = copy(self)
        other._changes = self._changes | {id(row): value for row, value in changes}
        other._rules = None
        return other

    # --- settling -----------------------------------------------------------------------------

    def prepare(
        self,
        items: Items,
        statuses: Statuses,
        opening: Opening | None = None,
        closing_year: int | None = None,
    ) -> Prepared:
        """Find the status, year and profile of each item, and of the persons' year ends."""
        with self._lock:
            return prepared(self._profiles, self._programs, items, statuses, opening, closing_year)

    def settle(
        self,
        items: Items,
        statuses: Statuses,
        opening: Opening | None = None,
        closing_year: int | None = None,
        threads: int = 1,
    ) -> Result:
        """Settle items; `closing_year` asks for the values with which that year opens."""
        ready = self.prepare(items, statuses, opening, closing_year)
        return self.settle_prepared(ready, threads)

    def settle_prepared(
        self, ready: Prepared, threads: int = 1, buffers: Buffers | None = None
    ) -> Result:
        """Settle prepared items.

        `buffers` are arrays to write into, which a `Result` before this one may have used: asking
        the system for memory costs more than settling. Raises PackErrors when a claim met rules
        that are wrong.
        """
        rules = self._compiled()
        into = buffers or self.buffers(ready)  # held, or the address of its rows would dangle
        out = into.out
        shares = _shares(ready.items.start, threads)
        memories = [_memory(ready, rules) for _ in shares]
        if len(shares) == 1:
            settle_persons(*shares[0], ready.rows, ready.years, rules, memories[0], out)
        else:
            with ThreadPoolExecutor(len(shares)) as pool:
                jobs = [
                    pool.submit(settle_persons, a, b, ready.rows, ready.years, rules, memory, out)
                    for (a, b), memory in zip(shares, memories, strict=True)
                ]
                for job in jobs:
                    job.result()
        self._check_rules(out)
        return _result(ready, out, self.wanted)

    def buffers(self, ready: Prepared) -> Buffers:
        """Return arrays for the results of prepared items."""
        return _buffers(ready, self._programs.layout.carried, len(self.wanted))

    def _compiled(self) -> Rules:
        """Return the rules as arrays, made anew when profiles have come."""
        with self._lock:
            programs, profiles = self._programs, self._profiles
            size = profiles.row_count * len(profiles.combinations)
            if self._rules is None or len(self._rules.answer) != size:
                answers = profiles.rows()
                shape = programs.layout
                figures = programs.figures(self._changes)
                given_at = programs.first_figures() * 8 + figures.ctypes.data
                answer = answers.reshape(-1)
                loops = programs.loops(len(profiles.combinations))
                held = np.append(programs.held(), NONE)[answer]
                self._rules = Rules(
                    combinations=len(profiles.combinations),
                    answer=answer,
                    held=held,
                    held_at=held.ctypes.data,
                    run_at=programs.addresses(),
                    plain_at=loops["run"],
                    moves=Moves(*(loops[f.removesuffix("_at")] for f in Moves._fields)),
                    given_at=given_at,
                    given_list_at=given_at.ctypes.data,
                    figures=figures,
                    numbers=programs.numbering(),
                    counters=_counters(shape),
                    carried=shape.carried,
                    episodic=shape.episodic,
                    numbering=np.array(shape.numbering, np.bool_),
                    lifetime=np.array(shape.lifetime, np.bool_),
                )
            return self._rules

    def _check_rules(self, out: Out) -> None:
        """Raise PackErrors when a claim met rules that are wrong."""
        if not self._programs.wrong or not (out.code >= RULES_REFUSE).any():
            return
        for number, error in tuple(self._programs.wrong.items()):  # another thread may add
            if (out.answer == number).any():
                raise error


def _result(ready: Prepared, out: Out, wanted: Iterable[str]) -> Result:
    """Return what was settled; a reversal has the day and scheme of its claim."""
    scheme, day = ready.scheme, ready.day
    back = np.flatnonzero(out.code == REVERSED) if ready.ids else ()
    if len(back):
        target = out.claim[back]
        scheme, day = scheme.copy(), day.copy()
        scheme[back], day[back] = scheme[target], day[target]
    return Result(
        code=out.code,
        answer=out.answer,
        scheme=scheme,
        day=day,
        claim=out.claim,
        figures=dict(zip(wanted, out.figures, strict=True)),
        replay=out.replay,
        closing=out.closing,
        closed=out.closed,
    )


def _shares(start: Int64, threads: int) -> list[tuple[int, int]]:
    """Divide persons among threads, so that each has about as many items."""
    persons = len(start) - 1
    marks = [int(start[-1]) * share // threads for share in range(1, threads)]
    cuts = [0, *np.searchsorted(start, np.array(marks, np.int64)).tolist(), persons]
    shares = [(a, b) for a, b in itertools.pairwise(cuts) if a < b]
    return shares or [(0, persons)]


def _counters(shape: Layout) -> Int32:
    """Return the state values that rules look at, as the loop reads them."""
    rows = [(k, NONE if within is None else within, most) for k, within, most in shape.counters]
    return np.array(rows, np.int32).reshape(len(rows), 3)


def _addresses(arrays: Iterable[Int64]) -> Int64:
    """Return the list of the arrays' addresses."""
    return np.array([array.ctypes.data for array in arrays], np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Buffers:
    """Arrays that results are written to. `addresses` lists the rows of the figures."""

    out: Out
    addresses: Int64


def _buffers(ready: Prepared, carried: int, wanted: int) -> Buffers:
    n, persons = len(ready.items), ready.persons
    closing = persons if ready.years.closing != NONE else 0
    figures = np.empty((wanted, n), np.int64)
    addresses = _addresses(figures)
    code, answer = np.empty(n, np.int8), np.empty(n, np.int32)
    out = Out(
        code=code,
        code_at=code.ctypes.data,
        answer=answer,
        answer_at=answer.ctypes.data,
        claim=np.zeros(n, np.int64),  # pages that no reversal touches are never there
        figures=figures,
        figures_at=addresses.ctypes.data,
        replay=np.zeros(persons, np.bool_),
        closing=np.zeros((closing, carried), np.int64),
        closed=np.zeros(persons, np.bool_),
    )
    return Buffers(out, addresses)


def _memory(ready: Prepared, rules: Rules) -> Memory:
    """Return working memory for one thread."""
    years, slots = ready.years.span, ready.years.span * ready.years.schemes
    values = rules.carried + rules.episodic
    episodes, ids = ready.episodes + 1, ready.ids
    state = np.zeros(slots * rules.carried, np.int64)
    opened = np.zeros(years * rules.carried, np.int64)
    whole = np.zeros(rules.carried, np.int64)
    own = np.zeros(episodes * rules.episodic, np.int64)
    return Memory(
        state=state,
        state_at=state.ctypes.data,
        live=np.full(slots, NONE, np.int64),
        flags=np.full(years, NONE, np.int64),
        opened=opened,
        opened_at=opened.ctypes.data,
        whole=whole,
        whole_at=whole.ctypes.data,
        before=np.zeros(values, np.int64),
        episodes=own,
        episodes_at=own.ctypes.data,
        standing=np.zeros(episodes, np.int32),
        owed=np.zeros((episodes, values), np.int64),
        used=np.zeros(ids, np.int8),
        settled_row=np.full(ids, NONE, np.int64),
        reversed=np.zeros(ids, np.int8),
        delta=np.zeros((ids, values), np.int64),
    )
