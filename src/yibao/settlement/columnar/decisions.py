"""Which answer the rules give to which facts, worked out once for all facts that lead to it.

To give a profile its program, the rules ask for attributes one after the other, and what is asked
next depends only on the answers so far. So what has been worked out is kept as a tree: each node
asks for one attribute, each leaf is an answer. Attributes that were not asked for on the way cannot
matter, which is how millions of different persons come to share few programs.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from yibao.errors import PackErrors, PolicyError
from yibao.policy.compile import Plan
from yibao.policy.model import Phase, Value
from yibao.policy.program import Program

Attributes = Mapping[str, Value]


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """What the rules answer: a program, or why there is none.

    PackErrors, that the rules themselves are wrong, count only if a claim gets there: not every
    combination of attributes can occur.
    """

    plan: Plan
    phase: Phase
    attributes: Attributes
    program: Program | None
    error: PolicyError | PackErrors | None

    def refusal(self, day: date, own: Attributes) -> PolicyError | PackErrors:
        """Return the refusal in the words of a claim on `day` with attributes of its `own`.

        Those that the decision was made for stand for many; an age, say, for all of a band.
        """
        try:
            self.plan.program(self.phase, {**self.attributes, **own}, day)
        except (PolicyError, PackErrors) as error:
            return error
        raise AssertionError("the rules answered another claim of the same profile")


@dataclass(slots=True)
class _Node:
    asks: str
    next: dict[Value, _Node | Decision] = field(default_factory=dict)


class Decisions:
    """The decisions of one plan for one phase."""

    def __init__(self, plan: Plan, phase: Phase, day: date) -> None:
        self._plan = plan
        self._phase: Phase = phase
        self._day = day
        self._root: _Node | Decision | None = None

    def decide(
        self, facts: Attributes, open_: Mapping[str, Sequence[Value]]
    ) -> list[tuple[Decision, Attributes]]:
        """Return each decision for facts, with those values of `open_` attributes that lead to it.

        Open attributes, which facts do not have, may have any of their values; those that a
        decision does not depend on are not told.
        """
        while True:
            found: list[tuple[Decision, Attributes]] = []
            for decision, chosen in _below(self._root, facts, open_, {}):
                if decision is None:
                    first = {name: values[0] for name, values in open_.items()}
                    self._work_out({**facts, **first, **chosen})
                    break
                found.append((decision, chosen))
            else:
                return found

    def _work_out(self, attributes: Attributes) -> None:
        watched = _Watched(attributes)
        program: Program | None = None
        error: PolicyError | PackErrors | None = None
        try:
            program = self._plan.program(self._phase, watched, self._day)
        except (PolicyError, PackErrors) as refused:
            error = refused
        decision = Decision(self._plan, self._phase, attributes, program, error)
        self._keep(watched.asked, attributes, decision)

    def _keep(self, asked: list[str], attributes: Attributes, decision: Decision) -> None:
        if not asked:
            self._root = decision
            return
        if self._root is None:
            self._root = _Node(asked[0])
        node = self._root
        for name, then in itertools.pairwise(asked):
            assert isinstance(node, _Node)
            assert node.asks == name
            node = node.next.setdefault(attributes[name], _Node(then))
        assert isinstance(node, _Node)
        node.next[attributes[asked[-1]]] = decision


def _below(
    found: _Node | Decision | None,
    facts: Attributes,
    open_: Mapping[str, Sequence[Value]],
    chosen: Attributes,
) -> Iterator[tuple[Decision | None, Attributes]]:
    """Yield the leaves below a node, None for one that is not there yet."""
    while isinstance(found, _Node):
        if found.asks in open_:
            for value in open_[found.asks]:
                yield from _below(
                    found.next.get(value), facts, open_, {**chosen, found.asks: value}
                )
            return
        found = found.next.get(facts[found.asks])
    yield found, chosen


class _Watched(Mapping[str, Value]):
    """Attributes that remember which of them were asked for, in the order of the first time."""

    def __init__(self, attributes: Attributes) -> None:
        self._attributes = attributes
        self._asked: dict[str, None] = {}

    @property
    def asked(self) -> list[str]:
        return list(self._asked)

    def __getitem__(self, name: str) -> Value:
        value = self._attributes[name]
        self._asked[name] = None
        return value

    def __contains__(self, name: object) -> bool:
        return name in self._attributes

    def __iter__(self) -> Iterator[str]:
        return iter(self._attributes)

    def __len__(self) -> int:
        return len(self._attributes)
