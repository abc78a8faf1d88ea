"""Pairs that may be one person, and gaps of insurance, over HTTP."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pytest
from desks import status
from services import Client, Contract, Reply, app_of, running

from tests.agency.registered import ACTOR, EMPLOYEE, RESIDENT, elsewhere, enrolled, identity
from yibao.agency.enrolment.gaps import Resident, compare
from yibao.agency.enrolment.memberships import state_coverage
from yibao.agency.enrolment.persons import register
from yibao.agency.enrolment.profile import Membership
from yibao.agency.matching import pairs
from yibao.agency.matching.followup import take
from yibao.masking import masked_number
from yibao.store.database import Database

D = date.fromisoformat
NUMBERS = [identity(date(1980, 5, 1), n) for n in range(101, 107)]
STREETS = ("Nanshi", "Nanshi", "Xinxing", "Xinxing", "")
SAME = {"kept": "person:A", "ended": "person:B", "last": "2022-08-31", "reason": "ids seen"}
TWO = {"one": "person:B", "other": "person:A", "reason": "twins"}
STEP = {"identity_number": NUMBERS[0], "state": "called", "on": "2022-07-01", "note": "no answer"}


@dataclass
class Clerk:
    """Who asks, with a new key for each write unless one is given."""

    client: Client
    database: Database
    asked: int = 0

    def post(self, target: str, body: Any, key: str = "", code: int = 201) -> Reply:
        self.asked += 1
        reply = self.client(
            "POST", target, body, X_Actor="li", Idempotency_Key=key or f"n{self.asked}"
        )
        assert reply.status == code, reply.body
        return reply

    def refused(self, target: str, body: Any) -> tuple[int, str, str]:
        self.asked += 1
        reply = self.client("POST", target, body, X_Actor="li", Idempotency_Key=f"n{self.asked}")
        assert reply.status >= 400, reply.body
        return reply.status, reply.json["rule"], reply.json["field"]

    def found(self, **asked: Any) -> Any:
        return self.post("/duplicates/look-ups", asked, code=200).json

    def get(self, target: str) -> Any:
        reply = self.client("GET", target)
        assert reply.status == 200, reply.body
        return reply.json

    def audited(self, action: str) -> int:
        with self.database.transaction() as connection:
            row = connection.execute(
                "SELECT count(*) FROM ops.audit WHERE action = %s AND actor = 'li'", (action,)
            ).fetchone()
        assert row is not None
        return int(row[0])


@pytest.fixture
def clerk(url: str, database: Database) -> Iterator[Clerk]:
    app = app_of(url, status("P1"))
    with running(app) as port:
        client = Client(port, Contract())
        yield Clerk(client, database)
        client.close()


@pytest.fixture
def twice(clerk: Clerk) -> Clerk:
    """Two who are enrolled here and, as others report, elsewhere on the same days."""
    with clerk.database.transaction() as connection:
        for name, scheme in (("A", RESIDENT), ("B", EMPLOYEE)):
            made = enrolled(connection, name, **scheme)
            elsewhere(connection, made.identity_number, "2022-05-01")
    return clerk


@pytest.fixture
def town(clerk: Clerk) -> Clerk:
    """Five who have gaps."""
    people = [
        Resident(number, "甲", "120101" if street else "120102", street=street)
        for number, street in zip(NUMBERS, STREETS, strict=False)
    ]
    day = D("2022-06-30")
    with clerk.database.transaction() as connection:
        take(connection, compare(connection, people, day), day, actor=ACTOR)
    return clerk


# --- pairs ----------------------------------------------------------------------------------------


def test_pairs_are_found_page_by_page_though_some_are_decided_meanwhile(twice: Clerk) -> None:
    every = twice.found()
    assert [p["kind"] for p in every["pairs"]] == ["enrolled_twice"] * 2
    assert every["next"] is None
    first = twice.found(limit=1)
    (pair,) = first["pairs"]
    assert pair["probability"] is None
    assert [r["field"] for r in pair["reasons"]] == ["number", "days"]
    theirs, ours = pair["left"], pair["right"]
    assert (theirs["birth_date"], ours["birth_date"]) == (None, "1980-05-01")
    assert theirs["identity_number"] == ours["identity_number"]
    body = {"one": theirs["key"], "other": ours["key"], "reason": "their mistake"}
    twice.post("/duplicates/different", body)
    second = twice.found(limit=1, cursor=first["next"])
    assert second["pairs"] == every["pairs"][1:]
    assert second["next"] is None
    assert twice.found()["pairs"] == every["pairs"][1:]


def test_that_two_are_one_person_is_decided_once(twice: Clerk) -> None:
    made = twice.post("/duplicates/same", SAME, "k")
    assert made.json["kept"] == "person:A"
    assert made.json["left_to_do"] == []
    assert made.json["actor"] == "li"
    assert twice.post("/duplicates/same", SAME, "k").body == made.body
    assert twice.post("/duplicates/same", SAME).body == made.body
    assert twice.audited("decide-pair") == 2  # one for each record of ours
    ended = twice.get("/persons/B/history")["periods"]
    assert [p["last"] for p in ended if p["kind"] == "membership"] == ["2022-08-31"]
    assert twice.refused("/duplicates/different", TWO)[:2] == (409, "decided")
    assert twice.refused("/duplicates/same", SAME | {"last": "2022-09-30"})[1] == "decided"
    other = twice.client(
        *("POST", "/duplicates/same", SAME | {"reason": "x"}), X_Actor="li", Idempotency_Key="k"
    )
    assert (other.status, other.json["rule"]) == (409, "key_used")


def test_what_is_left_to_do_of_another_regions_record(twice: Clerk) -> None:
    (pair, _) = twice.found()["pairs"]
    body = SAME | {"kept": pair["right"]["key"], "ended": pair["left"]["key"]}
    (task,) = twice.post("/duplicates/same", body).json["left_to_do"]
    assert (task["kind"], task["subject"]) == ("tell_region", pair["left"]["key"])
    assert task["amount"] == "0.00"
    assert twice.refused("/duplicates/same", body | {"take_number": True, "ended": "1:2"})[:2] == (
        *(422, "two_of_ours"),
    )


def test_that_two_are_two_is_decided_and_listed(twice: Clerk) -> None:
    made = twice.post("/duplicates/different", TWO, "k")
    assert (made.json["left"], made.json["right"]) == ("person:A", "person:B")
    assert (made.json["outcome"], made.json["last"]) == ("different", None)
    assert twice.post("/duplicates/different", TWO, "k").body == made.body
    assert twice.post("/duplicates/different", TWO | {"reason": "x"}).body == made.body
    then = twice.post("/duplicates/same", SAME).json
    first = twice.get("/duplicates/decisions?limit=1")
    assert first["decisions"] == [made.json]
    second = twice.get(f"/duplicates/decisions?limit=1&cursor={first['next']}")
    assert second == {"decisions": [then], "next": None}
    assert len(twice.get("/duplicates/decisions?person_id=B")["decisions"]) == 2
    assert twice.get("/duplicates/decisions?person_id=C")["decisions"] == []


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"one": "person:A"}, "pair"),
        ({"one": "130100:1", "other": "130200:1"}, "pair"),
        ({"one": "nobody"}, "key"),
        ({"one": "person:C"}, "known_person"),
        ({"one": "person:\0"}, "request"),
        ({"one": "person:Ａ"}, "request"),
        ({"reason": ""}, "request"),
    ],
)
def test_what_is_no_pair_is_refused(twice: Clerk, wrong: Any, told: str) -> None:
    assert twice.refused("/duplicates/different", TWO | wrong)[:2] == (422, told)
    assert twice.get("/duplicates/decisions")["decisions"] == []


@pytest.mark.parametrize(
    ("field", "value"),
    [("threshold", 0.0), ("threshold", float("nan")), ("limit", 0), ("cursor", "x"), ("key", 1)],
)
def test_a_search_that_is_not_right(clerk: Clerk, field: str, value: Any) -> None:
    assert clerk.refused("/duplicates/look-ups", {field: value}) == (422, "request", field)


def test_near_ones_where_the_extra_is_installed(clerk: Clerk) -> None:
    for module in pairs.MODULES:
        pytest.importorskip(module)
    with clerk.database.transaction() as connection:
        who = {"name": "欧阳晓明", "sex": "female", "phone": "13800138000"}
        one = enrolled(connection, "A", who=who, **RESIDENT)
        other = replace(one, person_id="B", identity_type="passport", identity_number="E1234567")
        register(connection, other, actor=ACTOR)
    assert clerk.found()["pairs"] == []
    (pair,) = clerk.found(likeness=True)["pairs"]
    assert pair["kind"] == "two_documents"
    assert 0.5 <= pair["probability"] <= 1
    assert pair["reasons"][0]["says"].keys() == {"zh", "en"}


def test_near_ones_where_it_is_not(clerk: Clerk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs, "MODULES", ("no_such_module",))
    asked = {"likeness": True}
    assert clerk.refused("/duplicates/look-ups", asked) == (422, "likeness", "likeness")
    assert clerk.found()["pairs"] == []


# --- gaps -----------------------------------------------------------------------------------------


def test_gaps_are_listed_by_place_and_state_page_by_page(town: Clerk) -> None:
    first = town.get("/gaps?limit=3")
    second = town.get(f"/gaps?limit=3&cursor={first['next']}")
    masked = [masked_number(number) for number in NUMBERS[:5]]
    assert [g["identity_number"] for g in (*first["gaps"], *second["gaps"])] == masked
    one = first["gaps"][0]["gap_id"]
    told = town.post(f"/gaps/{one}/unmasked", {"reason": "is visited"}).json
    assert told["identity_number"] == NUMBERS[0]
    assert town.audited("unmask") == 1
    assert town.refused("/gaps/999/unmasked", {"reason": "x"})[:2] == (404, "known_gap_id")
    assert second["next"] is None
    assert first["gaps"][0]["state"] == "open"
    assert len(town.get("/gaps?street=Xinxing")["gaps"]) == 2
    assert len(town.get("/gaps?division=120102")["gaps"]) == 1
    assert len(town.get("/gaps?division=1201")["gaps"]) == 5
    assert town.get("/gaps?state=called&state=exempt")["gaps"] == []
    for wrong in ("state=gone", "division=x", "street=%00", "cursor=x", "limit=0"):
        assert town.client("GET", f"/gaps?{wrong}").status == 422, wrong


def test_gaps_are_counted_by_division_and_street(town: Clerk) -> None:
    town.post("/gaps/steps", STEP)
    (one, two) = town.get("/gaps/counts")["counts"]
    assert (one["division"], one["street"]) == ("120101", None)
    assert (one["states"]["open"], one["states"]["called"], one["states"]["exempt"]) == (3, 1, 0)
    assert two["states"]["open"] == 1
    streets = town.get("/gaps/counts?by=street&division=120101&limit=1")
    assert [c["street"] for c in streets["counts"]] == ["Nanshi"]
    rest = town.get(f"/gaps/counts?by=street&division=120101&cursor={streets['next']}")
    assert [c["street"] for c in rest["counts"]] == ["Xinxing"]
    assert rest["next"] is None
    # a cursor of streets is none of divisions
    assert town.client("GET", f"/gaps/counts?cursor={streets['next']}").status == 422


def test_a_step_is_written_once(town: Clerk) -> None:
    made = town.post("/gaps/steps", STEP, "k")
    assert made.json == {
        **{name: STEP[name] for name in ("state", "on", "note")},
        "proof": "",
        "new": True,
    }
    assert town.post("/gaps/steps", STEP, "k").body == made.body
    assert town.post("/gaps/steps", STEP).json["new"] is False
    assert town.audited("gap") == 1
    (gap,) = town.get("/gaps?state=called")["gaps"]
    assert (gap["note"], gap["actor"]) == ("no answer", "li")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"identity_number": NUMBERS[5]}, (422, "known_gap", "identity_number")),
        ({"note": ""}, (422, "required", "note")),
        ({"state": "elsewhere"}, (422, "required", "proof")),
        ({"state": "enrolled"}, (422, "request", "state")),
        ({"on": "2022-06-29"}, (409, "step_order", "on")),
        ({"note": "=1"}, (422, "request", "note")),
        ({"note": "x" * 2001}, (422, "request", "note")),
    ],
)
def test_a_step_that_is_not_right(town: Clerk, wrong: Any, told: Any) -> None:
    assert town.refused("/gaps/steps", STEP | wrong) == told
    assert len(town.get("/gaps?state=open")["gaps"]) == 5


def test_gaps_close_when_there_is_cover(town: Clerk) -> None:
    with town.database.transaction() as connection:
        enrolled(connection, "A", who={"identity_number": NUMBERS[0]}, **RESIDENT)
        member = Membership(**RESIDENT)
        state_coverage(connection, "A", member, D("2022-09-01"), None, actor=ACTOR)
    assert town.post("/gaps/closures", {"day": "2022-08-31"}).json["closed"] == 0
    made = town.post("/gaps/closures", {"day": "2022-09-01"}, "k")
    assert made.json == {"day": "2022-09-01", "closed": 1}
    assert town.post("/gaps/closures", {"day": "2022-09-01"}, "k").body == made.body
    assert town.audited("close-gap") == 1
    late = STEP | {"on": "2022-09-02"}
    assert town.refused("/gaps/steps", late) == (409, "enrolled", "state")
    assert [g["state"] for g in town.get("/gaps?state=enrolled")["gaps"]] == ["enrolled"]
