"""Persons over HTTP: changed, found, enrolled, paused, moved; employers and households."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from itertools import count
from typing import Any
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from services import Client, Contract, Reply, app_of, running
from shaken import JSON

from yibao.agency.enrolment.memberships import state_coverage
from yibao.agency.enrolment.profile import Membership
from yibao.store.database import Database
from yibao.store.sight import EVERYTHING

NUMBER = "110105199003070025"
PERSON: dict[str, Any] = {
    "person_id": "P-17",
    "birth_date": "1990-03-07",
    "name": "王芳",
    "identity_type": "resident_id",
    "identity_number": NUMBER,
    "division": "120101",
}
ADULT = {
    "scheme": "resident",
    "category": "adult",
    "contribution_tier": "high",
    "first": "2023-01-01",
    "last": "2023-12-31",
}
_keys = count()


@pytest.fixture
def town(url: str) -> FastAPI:
    return app_of(url)


@pytest.fixture
def port(town: FastAPI) -> Iterator[int]:
    with running(town) as port:
        yield port


@pytest.fixture
def client(port: int, contract: Contract) -> Iterator[Client]:
    client = Client(port, contract)
    yield client
    client.close()


def send(client: Client, method: str, target: str, body: Any, **headers: str) -> Reply:
    sent = {"X_Actor": "clerk", "Idempotency_Key": f"k{next(_keys)}", **headers}
    return client(method, target, body, **sent)


def post(client: Client, target: str, body: Any) -> Reply:
    return send(client, "POST", target, body)


def rule(reply: Reply) -> tuple[int, str]:
    return reply.status, reply.json["rule"]


@pytest.fixture
def person(client: Client) -> str:
    assert post(client, "/persons", PERSON).status == 201
    return "/persons/P-17"


def newborn(client: Client, *ids: str, **more: str) -> None:
    for one in ids:
        body = {"person_id": one, "birth_date": "2000-01-01", "name": "李", **more}
        assert post(client, "/persons", body).status == 201


def test_particulars_are_changed_by_who_has_read_them(client: Client, person: str) -> None:
    read = client("GET", person)
    assert (read.json["sex"], read.json["identity_number"]) == ("female", "110*************25")
    tag = read.headers["etag"]
    assert client("GET", person, If_None_Match=tag).status == 304
    new = {"name": "王方", "phone": "022-1"}
    assert send(client, "PATCH", person, new).status == 422  # without If-Match
    done = send(client, "PATCH", person, new, If_Match=tag, Idempotency_Key="same")
    assert (done.status, done.json["name"], done.json["division"]) == (200, "王*", "120101")
    again = send(client, "PATCH", person, new, If_Match=tag, Idempotency_Key="same")
    assert (again.body, again.headers["etag"]) == (done.body, done.headers["etag"])
    assert client("GET", person).headers["etag"] == done.headers["etag"]
    assert rule(send(client, "PATCH", person, new, If_Match=tag)) == (412, "unchanged")
    tag = done.headers["etag"]
    other = {"identity_number": "110105198001010015"}
    assert send(client, "PATCH", person, other, If_Match=tag).status == 422
    for bad in ({}, {"name": None}, {"birth_date": "1990-03-08"}, {"sex": "x"}, {"name": "\0"}):
        assert send(client, "PATCH", person, bad, If_Match=tag).status == 422, bad
    assert send(client, "PATCH", "/persons/P-9", new, If_Match=tag).status == 404


def test_a_change_behind_the_mask_is_another_revision(client: Client, person: str) -> None:
    read = client("GET", person)
    tag = read.headers["etag"]
    assert (read.json["name"], read.json["phone"]) == ("王*", "")
    done = send(client, "PATCH", person, {"name": "王方"}, If_Match=tag)
    assert (done.json["name"], done.json["revision"] != read.json["revision"]) == ("王*", True)
    assert rule(send(client, "PATCH", person, {"name": "王房"}, If_Match=tag)) == (412, "unchanged")


def test_who_is_unmasked_is_written_down_with_who_asked_and_why(
    client: Client, person: str, url: str
) -> None:
    target, why = f"{person}/unmasked", {"reason": "card compared"}
    told = send(client, "POST", target, why, Idempotency_Key="once")
    assert told.status == 201
    assert (told.json["name"], told.json["identity_number"]) == ("王芳", NUMBER)
    assert told.json["revision"] == client("GET", person).json["revision"]
    again = send(client, "POST", target, why, Idempotency_Key="once")
    assert again.body == told.body
    assert client("GET", "/requests/once", X_Actor="clerk").body == told.body
    assert send(client, "POST", target, {}).status == 422
    assert send(client, "POST", "/persons/P-9/unmasked", why).status == 404
    with Database(url, sight=EVERYTHING) as database, database.transaction() as connection:
        log = connection.execute(
            "SELECT actor, subject, detail FROM ops.audit WHERE action = 'unmask'"
        ).fetchall()
        kept = connection.execute("SELECT reply, digest FROM ops.request").fetchall()
    assert log == [("clerk", "person:P-17", {"reason": "card compared"})]
    assert all(reply.startswith("sealed:") and len(digest) == 16 for reply, digest in kept)


def test_problems_do_not_tell_identity_numbers(client: Client, person: str) -> None:
    refused = client("GET", f"/persons/{NUMBER}")
    assert refused.status == 404
    assert NUMBER.encode() not in refused.body
    other = PERSON | {"person_id": NUMBER}
    assert NUMBER.encode() not in post(client, "/persons", other).body
    other = PERSON | {"person_id": "P-18", "name": "李"}
    taken = post(client, "/persons", other)
    assert rule(taken) == (409, "identity_taken")
    assert NUMBER.encode() not in taken.body
    assert "王芳".encode() not in taken.body


def test_of_two_who_change_what_they_have_read_at_once_one_does(
    client: Client, port: int, person: str
) -> None:
    tag = client("GET", person).headers["etag"]

    def one(n: int) -> int:
        own = Client(port)
        reply = send(own, "PATCH", person, {"phone": str(n)}, If_Match=tag)
        own.close()
        return reply.status

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(one, range(6))) == [200, *[412] * 5]


def test_persons_are_found_by_what_does_not_stand_in_an_address(
    client: Client, person: str
) -> None:
    newborn(client, "P-1", "P-2", "P-3")
    target = "/persons/look-ups"
    by_number = client("POST", target, {"identity_number": NUMBER}).json
    assert [p["person_id"] for p in by_number["persons"]] == ["P-17"]
    by_name = client("POST", target, {"name": "李", "limit": 2}).json
    assert [p["person_id"] for p in by_name["persons"]] == ["P-1", "P-2"]
    rest = client("POST", target, {"name": "李", "cursor": by_name["next"]}).json
    assert ([p["person_id"] for p in rest["persons"]], rest["next"]) == (["P-3"], None)
    other = {"identity_number": NUMBER, "birth_date": "1990-03-08"}
    assert client("POST", target, other).json["persons"] == []
    assert client("POST", target, {"name": "王芳", "birth_date": "1990-03-07"}).json["persons"]
    for bad in ({}, {"name": ""}, {"name": "李", "identity_number": NUMBER}, {"name": "\ud800"}):
        assert client("POST", target, bad).status == 422
    own = PERSON | {"person_id": "110105199003070009", "identity_number": "110105199003070009"}
    assert rule(post(client, "/persons", own)) == (422, "request")


def test_the_list_goes_page_by_page(client: Client, person: str) -> None:
    newborn(client, "P-1", "P-2", division="120102")
    page = client("GET", "/persons?limit=2").json
    rest = client("GET", f"/persons?limit=2&cursor={page['next']}").json
    found = [p["person_id"] for p in page["persons"] + rest["persons"]]
    assert found == ["P-17", "P-1", "P-2"]
    assert len(client("GET", "/persons?division=120102").json["persons"]) == 2
    post(client, f"{person}/enrolments", ADULT | {"household_id": "F1"})
    of = client("GET", "/persons?household_id=F1&scheme=resident&day=2023-05-01").json["persons"]
    assert [p["person_id"] for p in of] == ["P-17"]
    assert client("GET", "/persons?household_id=F1&day=2024-05-01").json["persons"] == []


def test_membership_is_ended_paused_and_resumed(client: Client, person: str) -> None:
    assert rule(post(client, f"{person}/resumptions", {"first": "2023-01-01"})) == (
        *(422, "ended_before"),
    )
    post(client, f"{person}/enrolments", ADULT | {"last": None})
    pause = {"last": "2023-03-31", "resumes": "2023-06-01", "reason": "abroad"}
    assert post(client, f"{person}/pauses", pause).json["changed"]
    assert not post(client, f"{person}/pauses", pause).json["changed"]
    short = pause | {"resumes": "2023-04-01"}
    assert rule(post(client, f"{person}/pauses", short)) == (422, "pause")
    assert post(client, f"{person}/ends", {"last": "2023-08-31", "reason": "x"}).json["changed"]
    assert post(client, f"{person}/resumptions", {"first": "2023-10-01"}).json["changed"]
    assert not post(client, f"{person}/resumptions", {"first": "2023-10-01"}).json["changed"]
    told = client("GET", f"{person}/history").json["periods"]
    held = [(p["first"], p["last"]) for p in told if p["kind"] == "membership"]
    assert held == [
        ("2023-01-01", "2023-03-31"),
        ("2023-06-01", "2023-08-31"),
        ("2023-10-01", None),
    ]
    assert {p["says"]["contribution_tier"] for p in told} == {"high"}
    died = {"last": "2024-01-31", "reason": "died", "died": True}
    assert post(client, f"{person}/ends", died).json["changed"]
    assert client("GET", person).json["died_on"] == "2024-01-31"
    late = post(client, f"{person}/resumptions", {"first": "2024-03-01"})
    assert rule(late) == (422, "alive")


def test_what_was_stated_of_coverage_resumes_with_membership(
    client: Client, person: str, database: Database
) -> None:
    post(client, f"{person}/enrolments", ADULT | {"last": None})
    with database.transaction() as c:
        member = Membership("resident", "adult", "high")
        state_coverage(c, "P-17", member, date(2023, 1, 1), None, actor="test")
    post(client, f"{person}/ends", {"last": "2023-08-31", "reason": "x"})
    post(client, f"{person}/resumptions", {"first": "2023-10-01"})
    periods = client("GET", f"{person}/coverage").json["periods"]
    assert [(p["first"], p["last"]) for p in periods] == [
        ("2023-01-01", "2023-08-31"),
        ("2023-10-01", None),
    ]


def test_relief_identities_hold_and_end_and_history_tells_what_was_known(
    client: Client, person: str
) -> None:
    code = next(iter(IDENTITIES))
    held = {"identity": code, "first": "2022-01-01", "source": "civil affairs"}
    before = datetime.now(UTC).isoformat()
    assert post(client, f"{person}/identities", held).json["changed"]
    assert not post(client, f"{person}/identities", held).json["changed"]
    between = datetime.now(UTC).isoformat()
    ended = post(client, f"{person}/identities/{code}/ends", {"last": "2022-12-31"})
    assert ended.json["changed"]
    target = f"{person}/history"
    now = client("GET", target)
    assert [(p["first"], p["last"]) for p in now.json["periods"]] == [("2022-01-01", "2022-12-31")]
    assert client("GET", target, If_None_Match=now.headers["etag"]).status == 304
    then = client("GET", f"{target}?known_at={quote(between)}").json["periods"]
    assert [(p["first"], p["last"]) for p in then] == [("2022-01-01", None)]
    assert client("GET", f"{target}?known_at={quote(before)}").json["periods"] == []
    backwards = held | {"first": "2023-02-01", "last": "2023-01-01"}
    assert rule(post(client, f"{person}/identities", backwards)) == (422, "period")
    assert post(client, f"{person}/identities", held | {"identity": "rich"}).status == 422


def test_a_person_moves_out_and_in(client: Client, person: str) -> None:
    post(client, f"{person}/enrolments", ADULT)
    slip = {"region": "130100", "reference": "S1", "last": "2023-08-31"}
    out = post(client, f"{person}/moves-out", slip)
    assert (out.status, out.json["balance"], out.json["months"]) == (201, "0.00", 0)
    assert post(client, f"{person}/moves-out", slip).json == out.json
    newborn(client, "P-2")
    assert rule(post(client, "/persons/P-2/moves-out", slip)) == (409, "reference_taken")
    came = {"region": "130100", "reference": "S2", "on_day": "2023-10-09", "months": 12}
    moved = post(client, f"{person}/moves-in", came | {"balance": "100.00"})
    assert (moved.status, moved.json["direction"]) == (201, "in")
    assert post(client, f"{person}/moves-in", came | {"balance": "100.00"}).json == moved.json
    assert rule(post(client, f"{person}/moves-in", came | {"balance": "1.00"}))[0] == 409
    for wrong, found in (
        ({"region": "120199"}, "other_region"),
        ({"region": "999999"}, "division"),
        ({"on_day": "2999-01-01"}, "books_day"),
    ):
        none = came | {"reference": "S3", "balance": "0.00"} | wrong
        assert rule(post(client, f"{person}/moves-in", none)) == (422, found)
    moves = client("GET", f"{person}/moves").json["moves"]
    assert [(m["direction"], m["reference"]) for m in moves] == [("out", "S1"), ("in", "S2")]
    account = client("GET", "/ledger/accounts/account_balance?fund=personal_account&party=P-17")
    assert account.json["balance"] == "-100.00"


# --- several at once ------------------------------------------------------------------------------

EMPLOYER = {"employer_id": "E-1", "name": "first works", "kind": "enterprise"}


def test_an_employer_and_its_staff(client: Client, person: str) -> None:
    newborn(client, "P-1")
    assert rule(client("GET", "/employers/E-1")) == (404, "known_employer_id")
    staff = [{"person_id": p, "wage": "8000.00", "first": "2023-01-01"} for p in ("P-17", "P-1")]
    target = "/employers/E-1/staff"
    assert rule(post(client, target, {"staff": staff})) == (404, "known_employer_id")
    made = post(client, "/employers", EMPLOYER)
    assert client("GET", "/employers/E-1").body == made.body
    strange = [*staff, {"person_id": "P-9", "wage": "1.00", "first": "2023-01-01"}]
    refused = post(client, target, {"staff": strange})
    assert (*rule(refused), refused.json["field"]) == (422, "known_person", "staff.2.person_id")
    assert client("GET", f"{target}?day=2023-05-01").json["staff"] == []  # all or none
    hired = post(client, target, {"staff": staff})
    assert [p["changed"] for p in hired.json["persons"]] == [True, True], hired.json
    page = client("GET", f"{target}?day=2023-05-01&limit=1").json
    assert page["staff"][0]["wage"] == "8000.00"
    rest = client("GET", f"{target}?day=2023-05-01&cursor={page['next']}").json
    assert [s["person_id"] for s in rest["staff"]] == ["P-1"]
    told = client("GET", f"{person}/history").json["periods"]
    assert {p["kind"] for p in told} == {"membership", "employment"}
    assert rule(post(client, "/persons", PERSON | {"person_id": "E-1"}))[0] in {409, 422}


def test_a_household_enrols_all_or_none(client: Client, person: str) -> None:
    newborn(client, "P-1", "P-2")
    members = [ADULT | {"person_id": p} for p in ("P-17", "P-2", "P-1")]
    target = "/households/F1/enrolments"
    early = ADULT | {"person_id": "P-1", "first": "1999-01-01"}
    refused = post(client, target, {"members": [*members[:2], early]})
    assert (*rule(refused), refused.json["field"]) == (422, "born_before", "members.2.from")
    assert client("GET", "/persons?household_id=F1&day=2023-05-01").json["persons"] == []
    made = post(client, target, {"members": members})
    assert [m["person_id"] for m in made.json["members"]] == ["P-17", "P-2", "P-1"], made.json
    assert len(client("GET", "/persons?household_id=F1&day=2023-05-01").json["persons"]) == 3


def test_households_that_overlap_at_once_are_enrolled_one_after_the_other(
    client: Client, port: int
) -> None:
    ids = [f"P-{n}" for n in range(6)]
    newborn(client, *ids)

    def one(n: int) -> int:
        own = Client(port)
        order = ids if n % 2 else ids[::-1]
        members = [ADULT | {"person_id": p} for p in order]
        reply = post(own, "/households/F1/enrolments", {"members": members})
        own.close()
        return reply.status

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(one, range(6))) == [201] * 6


# --- whatever is sent -----------------------------------------------------------------------------

IDENTITIES = {"subsistence_allowance": ""}
OF = "/persons/P-17"
TARGETS: dict[str, dict[str, Any]] = {
    "/persons": PERSON,
    "/persons/look-ups": {"name": "李", "birth_date": None, "limit": 3, "cursor": None},
    f"{OF}/enrolments": ADULT,
    f"{OF}/ends": {"last": "2023-05-01", "reason": "x", "died": False},
    f"{OF}/pauses": {"last": "2023-05-01", "resumes": "2023-07-01", "reason": "x"},
    f"{OF}/resumptions": {"first": "2024-01-01"},
    f"{OF}/identities": {"identity": "x", "first": "2022-01-01", "last": None, "source": "x"},
    f"{OF}/moves-out": {"region": "130100", "reference": "S1", "last": "2023-08-31"},
    f"{OF}/moves-in": {
        "region": "130100",
        "reference": "S2",
        "on_day": "2023-10-09",
        "months": 1,
        "balance": "1.00",
    },
    "/employers": EMPLOYER,
    "/employers/E-1/staff": {
        "staff": [{"person_id": "P-17", "wage": "8000.00", "first": "2023-01-01"}]
    },
    "/households/F1/enrolments": {"members": [ADULT | {"person_id": "P-17"}]},
}
VALUES = JSON | st.sampled_from(
    ["1900-01-01", "2999-12-31", "2023-05-01", "P-17", "E-1", "a:b", "finance", "\0", "\ud800", ""]
)


@settings(
    max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(data=st.data())
def test_no_body_gives_a_defect(client: Client, data: st.DataObject) -> None:
    if client("GET", OF).status == 404:
        post(client, "/persons", PERSON)
        post(client, "/employers", EMPLOYER)
    target = data.draw(st.sampled_from(sorted(TARGETS)))
    body = TARGETS[target]
    changes = data.draw(st.dictionaries(st.sampled_from(sorted(body)), VALUES, max_size=2))
    reply = post(client, target, body | changes)
    assert reply.status in {200, 201, 404, 409, 422}, reply.body
