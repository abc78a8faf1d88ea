"""Versions by validity: never two on a day, said again nothing happens, order does not matter."""

from datetime import date, timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yibao.registry.versions import Conflict, Version, place

DAY = date(2020, 1, 1)


def on(number: int) -> date:
    return DAY + timedelta(number)


@st.composite
def statements(draw: st.DrawFn, *, ends: bool = True) -> Version:
    first = draw(st.integers(0, 12))
    last = draw(st.none() | st.integers(first, 14)) if ends else None
    return Version(on(first), None if last is None else on(last), (draw(st.sampled_from("AB")),))


def say(held: list[Version], said: Version, *, correct: bool = False) -> list[Version]:
    try:
        return place(held, said, correct=correct)[1]
    except Conflict:
        return held


def told(held: list[Version]) -> list[tuple[date, date | None, object]]:
    return [(v.first, v.last, v.content) for v in held]


@given(st.lists(statements(), max_size=8), st.booleans())
def test_no_day_has_two_versions(said: list[Version], correct: bool) -> None:
    held: list[Version] = []
    for statement in said:
        held = say(held, statement, correct=correct)
        for one, other in pairwise(held):
            assert one.last is not None
            assert one.first <= one.last < other.first


@given(st.lists(statements(), max_size=8), st.booleans())
def test_what_is_said_again_at_once_changes_nothing(said: list[Version], correct: bool) -> None:
    held: list[Version] = []
    for statement in said:
        held = say(held, statement, correct=correct)
        assert told(say(held, statement, correct=correct)) == told(held)


@given(
    st.lists(statements(ends=False), max_size=8, unique_by=lambda v: v.first),
    st.randoms(use_true_random=False),
)
def test_the_latest_statement_holds_and_all_may_be_said_again_in_any_order(
    said: list[Version], random: Random
) -> None:
    held: list[Version] = []
    for statement in sorted(said, key=lambda v: v.first):
        held = say(held, statement)
    for number in range(20):
        day = on(number)
        latest = max((v for v in said if v.first <= day), key=lambda v: v.first, default=None)
        in_force = [v.content for v in held if v.holds_on(day)]
        assert in_force == ([latest.content] if latest else [])
    random.shuffle(said)
    for statement in said:
        assert place(held, statement) == ("unchanged", held)


def v(first: int, last: int | None, content: str) -> Version:
    return Version(on(first), None if last is None else on(last), (content,))


@pytest.mark.parametrize(
    ("held", "new", "outcome", "after"),
    [
        ([], v(0, None, "A"), "added", [v(0, None, "A")]),
        ([v(0, None, "A")], v(5, None, "A"), "unchanged", [v(0, None, "A")]),
        ([v(0, None, "A")], v(5, None, "B"), "changed", [v(0, 4, "A"), v(5, None, "B")]),
        ([v(0, None, "A")], v(0, 9, "A"), "ended", [v(0, 9, "A")]),
        ([v(0, 4, "A"), v(5, 7, "B")], v(0, 9, "A"), "unchanged", [v(0, 4, "A"), v(5, 7, "B")]),
        ([v(5, None, "B")], v(0, None, "A"), "added", [v(0, 4, "A"), v(5, None, "B")]),
        ([v(0, 4, "A")], v(7, None, "A"), "added", [v(0, 4, "A"), v(7, None, "A")]),
    ],
)  # fmt: skip
def test_examples(held: list[Version], new: Version, outcome: str, after: list[Version]) -> None:
    assert place(held, new) == (outcome, after)


def test_contradictions_are_told_and_put_right_when_asked() -> None:
    held = [v(0, 4, "A"), v(5, None, "B")]
    with pytest.raises(Conflict, match="version_differs"):
        place(held, v(5, None, "C"))
    assert place(held, v(5, None, "C"), correct=True) == ("corrected", [held[0], v(5, None, "C")])
    with pytest.raises(Conflict, match="version_overlap"):
        place(held, v(2, 9, "C"))
