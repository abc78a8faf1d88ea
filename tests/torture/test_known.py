"""What requests may name: ids that replies told are put where a request names such a thing."""

from typing import Any

import pytest

from torture import known
from torture.known import MOST, Known


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> Known:
    """Return what names in every place what is there."""
    monkeypatch.setattr(known, "CHANCES", (1.0,))
    return Known(0)


def test_an_id_is_learnt_wherever_it_stands_and_named_in_path_and_body(always: Known) -> None:
    always.learn({"bills": [{"bill_id": 7, "total": "1.00"}], "reference": "R1"})
    path, body = {"bill_id": 3, "reference": "x"}, {"rows": [{"bill_id": 1, "total": "2.00"}]}
    always.put(path, body)
    assert path == {"bill_id": 7, "reference": "R1"}
    assert body == {"rows": [{"bill_id": 7, "total": "2.00"}]}


def test_a_path_names_a_thing_by_the_name_of_its_id_without_the_ending(always: Known) -> None:
    always.learn({"remote_id": "5"})
    path = {"remote": "0"}
    always.put(path, None)
    assert path == {"remote": "5"}


def test_what_nobody_has_told_stays_as_it_was_drawn(always: Known) -> None:
    body = {"deduction_id": 4, "name": "x", "list": ["a"]}
    always.put(body)
    assert body == {"deduction_id": 4, "name": "x", "list": ["a"]}


def test_the_same_seed_names_the_same() -> None:
    def named(one: Known) -> list[dict[str, Any]]:
        bodies: list[dict[str, Any]] = [{"person_id": "", "day": ""} for _ in range(20)]
        for body in bodies:
            one.put(body)
        return bodies

    assert named(Known(3)) == named(Known(3)) != named(Known(4))


def test_no_more_are_kept_than_said_and_newer_ones_come_in(always: Known) -> None:
    always.learn([{"bill_id": number} for number in range(3 * MOST)])
    assert len(always.values["bill_id"]) == MOST
    assert max(always.values["bill_id"]) >= MOST


def test_in_a_path_a_sign_that_means_something_there_is_written_otherwise(always: Known) -> None:
    always.learn({"remote_id": "5#/ē?"})
    path, query = {"remote": "0"}, {"remote": "0"}
    always.put_in_path(path)
    always.put(query)
    assert path == {"remote": "5%23%2F%C4%93%3F"}
    assert query == {"remote": "5#/ē?"}
