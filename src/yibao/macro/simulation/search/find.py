"""Finding settings: all of them where they are few, else from many starts along each parameter.

A setting is better than another when it misses the targets by less (the sum of what it misses), or
by as much and less of the first measure traded off; then by less of the second. All comparisons are
of exact fractions, so the result does not depend on the machine.

The search along parameters moves one parameter at a time, by half of its range, a quarter, … one
step, as long as that is better, and then tries pairs of parameters a step in opposite directions
(what is cost neutral needs both). It does not prove that nothing better exists; it says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations, product

from yibao.macro.simulation.search.trials import Bench, Setting, Trial

Score = tuple[Fraction, Fraction, Fraction]
Watch = Callable[[int, int], None]
"""Is told how many settings were tried, of how many at most."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found.

    best       the best setting tried; it meets the targets where any tried does
    frontier   settings that no other tried beats in both measures traded off, cheapest first
    complete   whether every setting was tried, so that there is no better one
    """

    best: Trial
    frontier: tuple[Trial, ...]
    tried: tuple[Trial, ...]
    settings: int
    complete: bool


def search(bench: Bench, most: int = 400, watch: Watch | None = None) -> Found:
    """Try settings, at most `most` of them (at least 1)."""
    say = watch or (lambda _, __: None)
    total = bench.size()
    complete = total <= most
    limit = min(total, most)
    for setting in _all(bench) if complete else _ascents(bench, most):
        bench.trial(setting)
        say(len(bench.tried), limit)
    tried = tuple(sorted(bench.tried.values(), key=lambda trial: trial.setting))
    best = min(tried, key=lambda trial: (_score(bench, trial), trial.setting))
    return Found(best, frontier(bench, tried), tried, total, complete)


def _score(bench: Bench, trial: Trial) -> Score:
    first, second = (trial.measures[asked] for asked in bench.wishes.trade)
    return sum(trial.misses, Fraction(0)), first, second


def frontier(bench: Bench, tried: tuple[Trial, ...]) -> tuple[Trial, ...]:
    """Return the trials that no other beats in both measures traded off."""
    one, other = bench.wishes.trade
    ordered = sorted(tried, key=lambda t: (t.measures[one], t.measures[other], t.setting))
    found: list[Trial] = []
    for trial in ordered:
        if not found or trial.measures[other] < found[-1].measures[other]:
            found.append(trial)
    return tuple(found)


def _all(bench: Bench) -> Iterator[Setting]:
    return product(*(range(len(axis.values)) for axis in bench.axes))


def _starts(bench: Bench) -> Iterator[Setting]:
    """Yield the middle, then corners."""
    ends = [len(axis.values) - 1 for axis in bench.axes]
    yield tuple(end // 2 for end in ends)
    yield from product(*((0, end) for end in ends))


def _ascents(bench: Bench, most: int) -> Iterator[Setting]:
    """Yield settings to try: from each start, as long as the limit allows."""
    for start in _starts(bench):
        here = start
        if here not in bench.tried:
            yield here
        yield from _climb(bench, here, most)
        if len(bench.tried) >= most:
            return


def _climb(bench: Bench, here: Setting, most: int) -> Iterator[Setting]:
    step = max(1, max(len(axis.values) for axis in bench.axes) // 2)
    while len(bench.tried) < most:
        best = here
        for there in _near(bench, here, step):
            if there not in bench.tried:
                if len(bench.tried) >= most:
                    return
                yield there
            if _better(bench, there, best):
                best = there
        if best != here:
            here = best
        elif step > 1:
            step //= 2
        else:
            return


def _better(bench: Bench, one: Setting, other: Setting) -> bool:
    return _score(bench, bench.trial(one)) < _score(bench, bench.trial(other))


def _near(bench: Bench, here: Setting, step: int) -> Iterator[Setting]:
    """Yield the settings a step away: along one parameter, and along two in opposite ways."""
    axes = range(len(here))
    moves = [{n: way} for n in axes for way in (-step, step)]
    moves += [{a: step, b: -step} for a, b in permutations(axes, 2)]
    for move in moves:
        there = [at + move.get(n, 0) for n, at in enumerate(here)]
        inside = [min(max(at, 0), len(bench.axes[n].values) - 1) for n, at in enumerate(there)]
        if tuple(inside) != here:
            yield tuple(inside)
