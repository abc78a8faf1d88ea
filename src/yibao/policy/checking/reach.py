"""Everything that a region's rules can run, on all days: the ground that checks stand on.

Enters: a loaded region. Leaves: every selection of steps that some claim or year end can run, each
once, and the structures that they compile to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from yibao.errors import Defect, PackErrors
from yibao.policy.checking.points import Period
from yibao.policy.checking.selections import selections, versions
from yibao.policy.compile import build, denominator
from yibao.policy.consolidate import Calendar, Consolidation
from yibao.policy.model import Phase, Region, Step
from yibao.policy.program import Structure
from yibao.policy.vocabulary import vocabulary


@dataclass(frozen=True, slots=True)
class Reach:
    """What can run: steps by identity, and structures. `defects`: what does not compile."""

    steps: frozenset[int]
    structures: tuple[Structure, ...]
    defects: tuple[Defect, ...]

    def __contains__(self, step: Step) -> bool:
        return id(step) in self.steps


def days(region: Region) -> Iterator[tuple[Period, Consolidation]]:
    """Yield each period between two changes of a region's rules, with the rules in force."""
    calendar = Calendar(region)
    for epoch, first in enumerate(calendar.days, 1):
        _, last = calendar.period(epoch)
        yield Period(first, last), Consolidation(region, first)


def reach(region: Region) -> Reach:
    """Work out everything that a region's rules can run."""
    runnable: dict[tuple[int, ...], tuple[Phase, tuple[Step, ...]]] = {}
    for phase, steps in _selections(region):
        runnable[tuple(map(id, steps))] = phase, steps
    structures: list[Structure] = []
    defects: dict[Defect, None] = {}
    over = denominator(region)
    for phase, steps in runnable.values():
        try:
            structures.append(build(region, phase, steps, over))
        except PackErrors as error:
            defects.update(dict.fromkeys(error.defects))
    reached = frozenset(step for key in runnable for step in key)
    return Reach(reached, tuple(structures), tuple(defects))


def _selections(region: Region) -> Iterator[tuple[Phase, tuple[Step, ...]]]:
    """Yield selections; days with the same steps and classifications are looked at once."""
    met: set[tuple[int, ...]] = set()
    for _, rules in days(region):
        for phase in vocabulary().phases():
            steps = [step for step in rules.steps if step.phase == phase]
            rows = (row for version in versions(rules).values() for row in version.rows)
            same = _identities([*steps, *rows])
            if same not in met:
                met.add(same)
                for chosen in selections(rules, steps):
                    yield phase, tuple(steps[n] for n in chosen)


def _identities(things: Iterable[object]) -> tuple[int, ...]:
    return tuple(id(thing) for thing in things)
