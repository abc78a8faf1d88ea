"""Registers, agreements and designation over HTTP."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from services import Client, Contract, Reply, app_of, running
from shaken import JSON

from yibao.registry.registers import REGISTERS
from yibao.store.database import Database
from yibao.store.sight import EVERYTHING

HOSPITAL, OTHER = "H12010100001", "H12010100002"
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


def post(client: Client, target: str, body: Any, **headers: str) -> Reply:
    sent = {"X_Actor": "clerk", "Idempotency_Key": f"k{next(_keys)}", **headers}
    return client("POST", target, body, **sent)


def rule(reply: Reply) -> tuple[int, str]:
    return reply.status, reply.json["rule"]


def hospital(code: str, level: str = "3", first: str = "2010-01-01", **more: str) -> dict[str, str]:
    return {
        "institution_id": code,
        "name": "第一医院",
        "division": "120101",
        "level": level,
        "from": first,
        **more,
    }


def registered(client: Client, register: str, *rows: dict[str, str], **more: Any) -> Reply:
    return post(client, f"/registry/{register}/versions", {"rows": list(rows), **more})


def test_every_register_is_told_with_its_columns(client: Client) -> None:
    told = {r["register"]: r for r in client("GET", "/registry").json["registers"]}
    assert list(told) == list(REGISTERS)
    assert told["local_code"]["key"] == ["institution_id", "kind", "local_code"]
    kinds = next(c for c in told["local_code"]["columns"] if c["name"] == "kind")
    assert kinds["codes"]["drug"] == {"zh": "药品", "en": "drug"}


@pytest.mark.parametrize("register", REGISTERS)
def test_every_register_is_listed_and_has_nothing_of_a_key(client: Client, register: str) -> None:
    assert client("GET", f"/registry/{register}").json == {"entries": [], "next": None}


def test_rows_make_versions_and_an_entry_is_read_on_a_day(client: Client, url: str) -> None:
    made = registered(client, "institution", hospital(HOSPITAL), hospital(OTHER, "2"))
    assert (made.status, made.json["added"]) == (201, 2)
    again = registered(client, "institution", hospital(HOSPITAL, "2", "2020-01-01"))
    assert again.json["changed"] == 1
    at = f"/registry/institution/{HOSPITAL}"
    before, after = (client("GET", f"{at}?day={day}") for day in ("2019-12-31", "2020-01-01"))
    assert (before.json["values"]["level"], before.json["last"]) == ("3", "2019-12-31")
    assert (after.json["values"]["level"], after.json["last"]) == ("2", None)
    tag = before.headers["etag"]
    assert client("GET", f"{at}?day=2019-12-31", If_None_Match=tag).status == 304
    assert rule(client("GET", f"{at}?day=2009-12-31")) == (404, "known_version")
    assert [v["first"] for v in client("GET", f"{at}/versions").json["versions"]] == [
        "2010-01-01",
        "2020-01-01",
    ]
    listed = client("GET", "/registry/institution?where=level:2&where=division:120101").json
    assert [e["values"]["institution_id"] for e in listed["entries"]] == [HOSPITAL, OTHER]
    page = client("GET", "/registry/institution?limit=1").json
    rest = client("GET", f"/registry/institution?limit=1&cursor={page['next']}").json
    assert [e["values"]["institution_id"] for e in rest["entries"]] == [OTHER]
    assert rest["next"] is None
    with Database(url, sight=EVERYTHING) as database, database.transaction() as c:
        found = c.execute("SELECT actor FROM ops.audit WHERE action = 'registry.import'")
        assert found.fetchall() == [("clerk",), ("clerk",)]


def test_rows_land_all_or_none_and_every_fault_is_told(client: Client) -> None:
    wrong = hospital("H99", level="9")
    reply = registered(client, "institution", hospital(HOSPITAL), wrong)
    assert rule(reply) == (422, "rows")
    assert {e["field"] for e in reply.json["errors"]} == {"rows.1.institution_id", "rows.1.level"}
    assert client("GET", "/registry/institution").json["entries"] == []
    strange = registered(client, "institution", hospital(HOSPITAL) | {"colour": "red"})
    assert rule(strange) == (422, "known_column")
    ward = {"institution_id": HOSPITAL, "ward": "W1", "name": "内科", "from": "2020-01-01"}
    assert rule(registered(client, "ward", ward)) == (422, "rows")  # of no institution
    registered(client, "institution", hospital(HOSPITAL))
    assert registered(client, "ward", ward | {"beds": "12"}).json["added"] == 1
    found = client("GET", f"/registry/ward/{HOSPITAL},W1")
    assert found.json["values"]["beds"] == 12
    other = registered(client, "ward", ward | {"beds": "13"})
    assert rule(other) == (422, "rows")
    assert registered(client, "ward", ward | {"beds": "13"}, correct=True).json["corrected"] == 1


def test_codes_of_an_institution_are_mapped(client: Client) -> None:
    item = {"code": "S1", "name": "诊查费", "class": "A", "review": "general", "from": "2020-01-01"}
    local = {"institution_id": HOSPITAL, "kind": "service", "local_code": "L1", "code": "S1"}
    registered(client, "institution", hospital(HOSPITAL))
    assert registered(client, "service", item).status == 201
    assert registered(client, "local_code", local | {"from": "2020-01-01"}).status == 201
    target = f"/institutions/{HOSPITAL}/code-mappings"
    told = client("POST", target, {"kind": "service", "codes": ["L1", "L2", "L2"]})
    assert told.json == {"found": {"L1": "S1"}, "missing": ["L2", "L2"], "lines": 3}
    early = {"kind": "service", "codes": ["L1"], "day": "2019-12-31"}
    assert client("POST", target, early).json["missing"] == ["L1"]


@pytest.mark.parametrize(
    "target",
    [
        "/registry/none",
        "/registry/institution/H1",
        "/registry/institution/%00",
        "/registry/ward/H12010100001",
        "/registry/local_code/H12010100001,spice,L1",
        "/registry/institution?day=2020-13-01",
        "/registry/institution?where=colour:red",
        "/registry/institution?where=level:9",
        "/registry/institution?where=level",
        "/registry/institution?where=private:maybe",
        "/registry/institution?cursor=WyJhIiwiYiJd",
        "/registry/quota?where=places:x",
        "/registry/institution?limit=0",
        "/agreements/none",
        "/designations/none",
        f"/institutions/{HOSPITAL}/cover?visit=x&scheme=resident",
    ],
)
def test_addresses_that_are_wrong(client: Client, target: str) -> None:
    assert client("GET", target).status in {404, 422}


# --- designation and agreements -------------------------------------------------------------------

APPLY = {"application_id": "X1", "institution_id": HOSPITAL, "day": "2021-09-01"}
SIGN = {
    "agreement_id": "A1",
    "day": "2021-11-15",
    "first": "2021-12-01",
    "last": "2022-11-30",
    "visits": ["inpatient", "outpatient"],
    "schemes": ["resident"],
}


def signed(client: Client) -> None:
    registered(client, "institution", hospital(HOSPITAL))
    assert post(client, "/designations", APPLY).status == 201
    for step in ("assess", "negotiate"):
        taken = post(client, "/designations/X1/steps", {"step": step, "day": "2021-10-01"})
        assert taken.status == 201
    assert post(client, "/designations/X1/agreement", SIGN).status == 201


def test_designation_step_by_step(client: Client) -> None:
    assert rule(post(client, "/designations", APPLY)) == (422, "unknown_institution")
    registered(client, "institution", hospital(HOSPITAL))
    made = post(client, "/designations", APPLY)
    assert (made.status, made.json["next"]) == (201, "assess")
    assert rule(post(client, "/designations", APPLY)) == (409, "application_exists")
    skipped = {"step": "negotiate", "day": "2021-10-01"}
    assert rule(post(client, "/designations/X1/steps", skipped)) == (409, "step_skipped")
    assert rule(post(client, "/designations/X1/agreement", SIGN)) == (409, "step_skipped")
    early = {"step": "assess", "day": "2021-08-01"}
    assert rule(post(client, "/designations/X1/steps", early)) == (409, "step_before")
    at = "/designations/X1?day=2021-09-02"
    tag = client("GET", at).headers["etag"]
    assert client("GET", at, If_None_Match=tag).status == 304
    refusal = {"day": "2021-09-20", "reason": "documents"}
    assert post(client, "/designations/X1/refusal", refusal).json["next"] is None
    assert rule(post(client, "/designations/X1/refusal", refusal)) == (409, "over")
    listed = client("GET", f"/designations?institution_id={HOSPITAL}").json["designations"]
    assert [(d["application_id"], d["step"]) for d in listed] == [("X1", "refuse")]
    assert client("GET", "/quotas").json == {"quotas": []}


def test_an_agreement_from_its_signature_to_its_end(client: Client) -> None:
    signed(client)
    cover = f"/institutions/{HOSPITAL}/cover?visit=inpatient&scheme=resident"
    assert client("GET", f"{cover}&day=2022-05-01").json["covers"]
    one = client("GET", "/agreements/A1")
    tag = one.headers["etag"]
    assert client("GET", "/agreements/A1", If_None_Match=tag).status == 304
    act = {"kind": "suspend", "day": "2022-05-01", "reason": "an inspection"}
    done = post(client, "/agreements/A1/acts", act, If_Match=tag)
    assert [v["suspended"] for v in done.json["versions"]] == [False, True]
    assert rule(post(client, "/agreements/A1/acts", act, If_Match=tag)) == (412, "unchanged")
    assert rule(post(client, "/agreements/A1/acts", act)) == (409, "not_the_latest")
    later = act | {"day": "2022-05-02"}
    assert rule(post(client, "/agreements/A1/acts", later)) == (409, "cannot_suspend")
    refused = client("GET", f"{cover}&day=2022-05-01").json
    assert (refused["covers"], refused["refusal"]) == (False, "suspended")
    for kind, day, more in (
        ("resume", "2022-06-01", {}),
        ("amend", "2022-07-01", {"visits": ["outpatient"]}),
    ):
        asked = {"kind": kind, "day": day, **more}
        assert post(client, "/agreements/A1/acts", asked).status == 201
    assert client("GET", f"{cover}&day=2022-07-01").json["refusal"] == "visit_not_covered"
    assert post(client, "/agreements/A1/acts", {"kind": "amend", "day": "2022-08-01"}).status == 422
    score = {"day": "2022-11-01", "year": 2022, "score": 85}
    assert post(client, "/agreements/A1/assessments", score).status == 201
    assert rule(post(client, "/agreements/A1/assessments", score)) == (409, "assessed")
    breach = {"day": "2022-11-01", "what": "charged an item twice"}
    assert post(client, "/agreements/A1/breaches", breach).json["events"][-1]["kind"] == "breach"
    renewed = post(client, "/agreements/A1/renewal", {"agreement_id": "A2", "last": "2023-11-30"})
    assert renewed.json["versions"][0]["first"] == "2022-12-01"
    assert renewed.json["versions"][0]["visits"] == ["outpatient"]
    listed = client("GET", "/registry/agreement?day=2023-01-01").json["entries"]
    assert [e["values"]["agreement_id"] for e in listed] == ["A2"]


def test_two_who_suspend_at_once_suspend_once(client: Client, port: int) -> None:
    signed(client)

    def one(n: int) -> Reply:
        own = Client(port)
        body = {"kind": "suspend", "day": "2022-05-01"}
        reply = own(
            "POST", "/agreements/A1/acts", body, X_Actor=f"clerk{n}", Idempotency_Key=f"s{n}"
        )
        own.close()
        return reply

    with ThreadPoolExecutor(6) as pool:
        replies = list(pool.map(one, range(6)))
    assert sorted(r.status for r in replies) == [201, *[409] * 5]


# --- whatever is sent -----------------------------------------------------------------------------

TARGETS: dict[str, dict[str, Any]] = {
    "/designations": APPLY,
    "/designations/X1/steps": {"step": "assess", "day": "2021-10-01"},
    "/designations/X1/refusal": {"day": "2021-10-01", "reason": "capacity"},
    "/designations/X1/agreement": SIGN,
    "/agreements/A1/acts": {"kind": "amend", "day": "2022-05-01", "visits": ["inpatient"]},
    "/agreements/A1/assessments": {"day": "2022-05-01", "year": 2022, "score": 1},
    "/agreements/A1/breaches": {"day": "2022-05-01", "what": "x"},
    "/agreements/A1/renewal": {"agreement_id": "A2", "last": "2023-11-30"},
}
VALUES = JSON | st.sampled_from(["1900-01-01", "2999-12-31", "2022-05-02", "\0", "\ud800", "", []])
SHAKEN = settings(
    max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


@SHAKEN
@given(data=st.data())
def test_no_body_gives_a_defect(client: Client, data: st.DataObject) -> None:
    target = data.draw(st.sampled_from(sorted(TARGETS)))
    body = TARGETS[target]
    changes = data.draw(st.dictionaries(st.sampled_from(sorted(body)), VALUES, max_size=2))
    assert post(client, target, body | changes).status in {201, 404, 409, 422}


CELLS = st.text(st.characters(), max_size=9) | st.sampled_from(
    [HOSPITAL, "1", "A", "drug", "2020-01-01", "9999-12-31", "100%", "true", "", "1.00", "H", "\0"]
)


@SHAKEN
@given(data=st.data())
def test_no_row_of_any_register_gives_a_defect(client: Client, data: st.DataObject) -> None:
    register = REGISTERS[data.draw(st.sampled_from(sorted(REGISTERS)))]
    names = [column.name for column in register.file_columns]
    row = data.draw(st.fixed_dictionaries(dict.fromkeys(names, CELLS)))
    assert registered(client, register.name, row).status in {201, 422}
    key = data.draw(st.text(st.characters(codec="utf-8"), min_size=1, max_size=9))
    assert client("GET", f"/registry/{register.name}?where={names[0]}:1").status in {200, 422}
    target = f"/registry/{register.name}/{quote(key, safe='')}"
    assert client("GET", target).status in {200, 404, 422, 405}
