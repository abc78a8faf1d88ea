"""Persons and institutions over HTTP, and the desk on the real registers."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from services import Client, Contract, bill, running

from yibao.agency.enrolment.memberships import state_coverage
from yibao.agency.enrolment.profile import Membership
from yibao.api.main import application
from yibao.registry import designation
from yibao.registry.agreements import Terms
from yibao.registry.importing import import_files
from yibao.registry.registers import REGISTERS
from yibao.store.database import Database

HOSPITAL, OTHER = "H12010100001", "H12010100002"
NUMBER = "110105199003070025"
PERSON: dict[str, Any] = {
    "person_id": "P-17",
    "birth_date": "1990-03-07",
    "name": "王芳",
    "identity_type": "resident_id",
    "identity_number": NUMBER,
}
ENROLMENT = {
    "scheme": "resident",
    "category": "adult",
    "contribution_tier": "high",
    "first": "2023-01-01",
    "last": "2023-12-31",
}


@pytest.fixture
def client(url: str, database: Database, tmp_path: Any) -> Iterator[Client]:
    file = tmp_path / "institution.csv"
    rows = (f"{HOSPITAL},第一医院,120101,3,2010-01-01", f"{OTHER},第二医院,120101,2,2010-01-01")
    file.write_text("\n".join(["institution_id,name,division,level,from", *rows, ""]))
    terms = Terms(
        *("A1", HOSPITAL, date(2023, 1, 1), date(2023, 12, 31)), ["inpatient"], ["resident"]
    )
    with database.transaction() as c:
        assert not import_files(c, REGISTERS["institution"], [file], actor="test").rejects
        designation.apply(c, "X", HOSPITAL, date(2022, 10, 1), actor="test")
        for step in ("assess", "negotiate"):
            designation.step(c, "X", step, date(2022, 10, 1), actor="test")
        designation.sign(c, "X", terms, date(2022, 10, 1), actor="test")
    app = application(url, "tianjin", trust=True)
    with running(app) as port:
        client = Client(port, Contract())
        yield client
        client.close()


def post(client: Client, target: str, body: Any, key: str = "k") -> Any:
    return client("POST", target, body, X_Actor="clerk", Idempotency_Key=key)


def rule(reply: Any) -> tuple[int, str, str]:
    return reply.status, reply.json["rule"], reply.json["field"]


def test_a_person_is_registered_once(client: Client) -> None:
    first = post(client, "/persons", PERSON)
    assert (first.status, first.json) == (201, {"person_id": "P-17", "new": True})
    assert post(client, "/persons", PERSON).body == first.body
    assert post(client, "/persons", PERSON, "k2").json["new"] is False
    assert rule(post(client, "/persons", PERSON | {"name": "李"})) == (
        *(409, "key_used", "idempotency key"),
    )
    assert rule(post(client, "/persons", PERSON | {"name": "李"}, "k3")) == (
        *(409, "person_id_taken", "person_id"),
    )
    assert rule(post(client, "/persons", PERSON | {"person_id": "P-18"}, "k4")) == (
        *(409, "identity_taken", "identity_number"),
    )
    wrong = PERSON | {"person_id": "P-18", "identity_number": "11010519900307002Y"}
    assert rule(post(client, "/persons", wrong, "k5"))[1:] == ("identity_number",) * 2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("identity_type", "none"),
        ("identity_type", "other"),
        ("identity_number", None),
        ("birth_date", "1990-03-08"),
        ("sex", "male"),
        ("name", "王\0芳"),
        ("phone", "x"),
        ("division", "12"),
        ("person_id", ""),
    ],
)
def test_bad_persons_are_refused(client: Client, field: str, value: Any) -> None:
    reply = post(client, "/persons", PERSON | {field: value})
    assert reply.status == (201 if value == "other" else 422)


def test_enrolment(client: Client) -> None:
    target = "/persons/P-17/enrolments"
    assert rule(post(client, target, ENROLMENT)) == (404, "known_person_id", "person_id")
    post(client, "/persons", PERSON, "p")
    made = post(client, target, ENROLMENT)
    assert (made.status, made.json["new"], made.json["last"]) == (201, True, "2023-12-31")
    assert post(client, target, ENROLMENT).body == made.body
    employee = {"scheme": "employee", "category": "in_service", "first": "2023-05-01"}
    assert post(client, target, employee, "k2").status == 422  # in a scheme already
    for wrong in ({"pays_every": 2}, {"first": "2024-01-01"}, {"county": "Nowhere"}):
        assert post(client, target, ENROLMENT | wrong, "k3").status == 422, wrong
    early = ENROLMENT | {"first": "1980-01-01", "last": "1980-12-31"}
    assert rule(post(client, target, early, "k4"))[:2] == (422, "born_before")


def test_who_is_covered_is_settled_at_an_institution_with_an_agreement(
    client: Client, database: Database
) -> None:
    post(client, "/persons", PERSON, "p")
    post(client, "/persons/P-17/enrolments", ENROLMENT)
    assert client("GET", "/persons/P-17/coverage").json["periods"] == []
    asked = bill("A1", person_id="P-17", institution_id=HOSPITAL)
    assert rule(client.settle(asked))[:2] == (422, "insured on the day of service")
    with database.transaction() as c:
        membership = Membership("resident", "adult", "high")
        state_coverage(c, "P-17", membership, date(2023, 1, 1), None, actor="test")
    covered = client("GET", "/persons/P-17/coverage")
    assert [p["first"] for p in covered.json["periods"]] == ["2023-01-01"]
    assert covered.json["periods"][0]["facts"]["contribution_tier"] == "high"
    tag = covered.headers["etag"]
    assert client("GET", "/persons/P-17/coverage", If_None_Match=tag).status == 304
    settled = client.settle(asked)
    assert (settled.status, settled.json["scheme"]) == (201, "resident")
    refusals = [
        (bill("A2", person_id="P-17", institution_id=OTHER), "no_agreement"),
        (bill("A2", person_id="P-17", institution_id="H9"), "no_agreement"),
        (asked | {"claim_no": "A2", "visit": "outpatient"}, "visit_not_covered"),
    ]
    for n, (body, why) in enumerate(refusals):
        assert rule(client.settle(body, key=f"r{n}")) == (422, why, "institution_id")
    assert client("GET", "/persons/P-9/coverage").status == 404


def test_an_institution_on_a_day(client: Client) -> None:
    found = client("GET", f"/institutions/{HOSPITAL}?day=2023-01-01")
    assert (found.json["level"], found.json["name"]) == ("3", "第一医院")
    tag = found.headers["etag"]
    again = client("GET", f"/institutions/{HOSPITAL}?day=2023-01-01", If_None_Match=tag)
    assert again.status == 304
    assert client("GET", f"/institutions/{HOSPITAL}").status == 200
    assert rule(client("GET", f"/institutions/{HOSPITAL}?day=2009-12-31"))[:2] == (
        *(404, "known_institution"),
    )
