"""The loops over columns: what they call certain is what the readers of cells read."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from yibao.bulk import links, order
from yibao.bulk.bucket import years_of
from yibao.bulk.shared_ids import shared_by
from yibao.bulk.texts import take
from yibao.interop.files import cells
from yibao.interop.files.arrays.columns import (
    day_number,
    day_of,
    hash_texts,
    read_amounts,
    read_ids,
    read_times,
)
from yibao.interop.files.arrays.kernels import CERTAIN, EMPTY

CELLS = st.text("0123456789.-: T/年", max_size=20) | st.from_regex(r"[0-9]{1,12}(\.[0-9]{0,3})?")
IDS = st.text(st.characters(codec="utf-8"), max_size=9) | st.text("aB3-_ .\x7f", max_size=20)


def read(parse: object, cell: str) -> object:
    try:
        cleaned = cells.clean(cell)
        return parse(cleaned) if cleaned else None  # type: ignore[operator]
    except cells.BadCell:
        return "bad"


@given(st.lists(CELLS, min_size=1, max_size=20))
def test_amounts_that_are_certain_are_right(texts: list[str]) -> None:
    found = read_amounts(pa.array(texts))
    for text, value, said in zip(texts, found.values.tolist(), found.said.tolist(), strict=True):
        if said == CERTAIN:
            assert value == read(cells.amount, text)
        assert (said == EMPTY) == (text == "")


@pytest.mark.parametrize("text", ["0", "0.05", "12.3", "12.34", "1000000000.00", "1000000000"])
def test_plain_amounts_are_certain(text: str) -> None:
    assert read_amounts(pa.array([text])).said.tolist() == [CERTAIN]


@given(st.lists(CELLS | st.datetimes().map(str), min_size=1, max_size=20))
def test_times_that_are_certain_are_right(texts: list[str]) -> None:
    found = read_times(pa.array(texts))
    for text, value, said in zip(texts, found.values.tolist(), found.said.tolist(), strict=True):
        if said == CERTAIN:
            moment = read(cells.time, text)
            assert isinstance(moment, datetime)
            assert np.datetime64(value, "us") == np.datetime64(moment)


@given(st.datetimes())
def test_times_in_whole_seconds_are_certain(moment: datetime) -> None:
    plain = str(moment.replace(microsecond=0))
    assert read_times(pa.array([plain])).said.tolist() == [CERTAIN]


@given(st.lists(IDS, min_size=1, max_size=20))
@example(["`", "@", "[", "{", "/", ":"])
def test_ids_that_are_certain_are_right(texts: list[str]) -> None:
    for text, said in zip(texts, read_ids(pa.array(texts)).said.tolist(), strict=True):
        if said == CERTAIN:
            assert read(cells.identifier, text) == text


@given(st.from_regex(r"[A-Za-z0-9][!-~]{0,20}", fullmatch=True))
def test_plain_ids_are_certain(text: str) -> None:
    assert read_ids(pa.array([text])).said.tolist() == [CERTAIN]


def hash_of(text: bytes) -> int:
    """Return the hash of a text, word by word: the order of bulk output depends on it."""
    found = 0x9E3779B97F4A7C15 ^ len(text)
    for at in range(0, len(text), 8):
        found = (found ^ int.from_bytes(text[at : at + 8], "little")) * 0xFF51AFD7ED558CCD % 2**64
        found ^= found >> 32
    found = found * 0xC4CEB9FE1A85EC53 % 2**64
    return found ^ found >> 33


@given(st.lists(st.text(max_size=30), min_size=1, max_size=5))
def test_the_hash_stays_as_it_is(texts: list[str]) -> None:
    assert hash_texts(pa.array(texts)).tolist() == [hash_of(text.encode()) for text in texts]


@given(st.dates())
def test_days_and_back(day: object) -> None:
    assert day_of(day_number(day)) == day  # type: ignore[arg-type]


# --- order ----------------------------------------------------------------------------------------

ROWS = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from("PQR"), st.integers(0, 2), st.sampled_from("abc")),
    max_size=120,
)


@given(ROWS)
def test_order_is_that_of_the_keys(rows: list[tuple[int, str, int, str]]) -> None:
    """Few hashes, so that persons share one: then the exact order is asked for."""
    hashes = np.array([row[0] for row in rows], np.uint64)
    person, third = (pa.array([row[n] for row in rows], pa.string()) for n in (1, 3))
    second, place = np.array([row[2] for row in rows], np.int64), np.arange(len(rows))
    wanted = sorted(range(len(rows)), key=lambda at: (*rows[at], at))
    keys = (hashes, person, second, third, place)
    assert order.exact_order_of(*keys).tolist() == wanted
    found = order.order_of(*keys)
    at = place if found is None else found
    if not order.mixed(hashes[at], person.take(pa.array(at))):
        assert at.tolist() == wanted


@given(st.lists(st.text("ab", max_size=3)), st.lists(st.text("ab", max_size=3)))
def test_persons_of_both_kinds_are_laid_side_by_side(one: list[str], other: list[str]) -> None:
    sides = []
    for names in (one, other):
        texts = pa.array(names, pa.string())
        zero = np.zeros(len(names), np.int64)
        at = order.exact_order_of(hash_texts(texts), texts, zero, texts, zero)
        sides.append(texts.take(pa.array(at)))
    start, of = order.align(hash_texts(sides[0]), sides[0], hash_texts(sides[1]), sides[1])
    assert len(start) - 1 == len({*one, *other})
    for person in range(len(start) - 1):
        both = sides[0][start[person] : start[person + 1]].to_pylist()
        both += sides[1][of[person] : of[person + 1]].to_pylist()
        assert len(set(both)) == 1


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3)), max_size=80))
def test_who_shares_an_id(pairs: list[tuple[int, int]]) -> None:
    ids, persons = (np.array([pair[n] for pair in pairs], np.uint64) for n in (0, 1))
    owners: dict[int, set[int]] = {}
    for one, person in pairs:
        owners.setdefault(one, set()).add(person)
    wanted = {p for found in owners.values() if len(found) > 1 for p in found}
    assert set(shared_by(ids, persons).tolist()) == wanted


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["", "a", "b", "x"])), max_size=50)
)
def test_ids_that_come_twice_or_are_reversed(rows: list[tuple[str, str]]) -> None:
    claim, target = (pa.array([row[n] for row in rows], pa.string()) for n in (0, 1))
    start = np.array([0, len(rows)], np.int64)
    one = np.zeros(len(rows), np.uint64)
    found = links.link(start, one, claim, target, np.ones(len(rows), np.bool_))
    own = [row[0] for row in rows]
    named = {row[1] for row in rows}
    for at, (name, back) in enumerate(rows):
        assert (found.own_id[at] >= 0) == (own.count(name) > 1 or name in named)
        assert (found.reverses[at] == -1) == (back == "")
        assert (found.reverses[at] == -2) == (back not in ("", *own))
        for other, again in enumerate(own):
            if found.own_id[at] >= 0:
                assert (found.own_id[at] == found.own_id[other]) == (name == again)
        if back in own:
            assert found.reverses[at] == found.own_id[own.index(back)]


def test_a_person_without_claims_shares_no_id_with_the_one_before() -> None:
    """Persons 0 and 2 have claims, 1 and 3 have none; each takes a claim of its own back."""
    start = np.array([0, 2, 2, 4, 4], np.int64)
    hashes = np.array([7, 7, 8, 8], np.uint64)
    found = links.link(
        start,
        hashes,
        pa.array(["a", "b", "c", "d"]),
        pa.array(["", "a", "", "c"]),
        np.ones(4, np.bool_),
    )
    assert found.reverses.tolist() == [-1, 0, -1, 1]
    assert not found.shared.any()


def test_persons_of_one_hash_who_share_an_id_are_found_behind_one_without_claims() -> None:
    start = np.array([0, 1, 1, 2], np.int64)
    texts = pa.array(["a", "a"]), pa.array(["", ""])
    usable = np.ones(2, np.bool_)
    found = links.link(start, np.array([7, 7], np.uint64), *texts, usable)
    assert found.shared.tolist() == [True, True]
    found = links.link(start, np.array([7, 8], np.uint64), *texts, usable)
    assert not found.shared.any()


@given(st.lists(st.text(max_size=20), min_size=1) | st.lists(st.text("AB", min_size=9, max_size=9)))
def test_texts_are_taken_as_arrow_takes_them(texts: list[str]) -> None:
    column = pa.array(["x" * 9, *texts], pa.string()).slice(1)
    rows = np.random.default_rng(len(texts)).permutation(len(texts))
    found = take(column, rows)
    found.validate(full=True)
    assert found.to_pylist() == [texts[row] for row in rows]


@given(st.lists(st.integers(-(10**17), 10**17), max_size=20))
def test_years_of_moments(moments: list[int]) -> None:
    found = years_of(np.array(moments, np.int64))
    days = np.array(moments, np.int64).view("M8[us]").astype("M8[Y]").astype(np.int64)
    assert found.tolist() == (days + 1970).tolist()
