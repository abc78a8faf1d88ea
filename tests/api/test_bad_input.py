"""Whatever is sent: a declared reply that says what is wrong, never a 5xx, and nothing written."""

import json
import socket
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from services import Client, bill
from shaken import JSON

from yibao.store.database import Database
from yibao.store.sight import EVERYTHING


def nothing_written(url: str) -> bool:
    with Database(url, sight=EVERYTHING) as database, database.transaction() as connection:
        found = connection.execute(
            "SELECT FROM desk.settlement UNION ALL SELECT FROM ops.request "
            "UNION ALL SELECT FROM ops.audit"
        ).fetchall()
    return found == []


def amounts(**given: Any) -> dict[str, Any]:
    return bill("A1", amounts=given)


CASES: dict[str, tuple[dict[str, Any], str]] = {
    "no field": (bill("A1") | {"extra": 1}, "extra"),
    "missing": ({k: v for k, v in bill("A1").items() if k != "visit"}, "visit"),
    "null": (bill("A1", person_id=None), "person_id"),
    "number for text": (bill("A1", person_id=17), "person_id"),
    "empty id": (bill("A1", person_id=""), "person_id"),
    "long id": (bill("A1", person_id="P" * 65), "person_id"),
    "NUL": (bill("A1", person_id="P\0"), "person_id"),
    "new line": (bill("A1\n"), "claim_no"),
    "bidirectional control": (bill("A\u202e1"), "claim_no"),
    "lone surrogate": (bill("A\ud800"), "claim_no"),
    "formula": (bill("=1+1"), "claim_no"),
    "unknown visit": (bill("A1", visit="stay"), "visit"),
    "no such day": (bill("A1", admitted_on="2023-02-30"), "admitted_on"),
    "another form of day": (bill("A1", admitted_on="20230301"), "admitted_on"),
    "week day": (bill("A1", admitted_on="2023-W01-1"), "admitted_on"),
    "day as time": (bill("A1", admitted_on="2023-03-01T00:00:00"), "admitted_on"),
    "day as number": (bill("A1", admitted_on=1677628800), "admitted_on"),
    "far day": (bill("A1", admitted_on="9999-01-01"), "admitted_on"),
    "amount as number": (amounts(total=100, in_scope=100), "amounts.total"),
    "amount as float": (amounts(total=1.5, in_scope=1.5), "amounts.total"),
    "one decimal": (amounts(total="1.5", in_scope="1.5"), "amounts.total"),
    "three decimals": (amounts(total="1.500", in_scope="1.500"), "amounts.total"),
    "negative": (amounts(total="-1.00", in_scope="-1.00"), "amounts.total"),
    "leading zero": (amounts(total="01.00", in_scope="01.00"), "amounts.total"),
    "exponent": (amounts(total="1e3.00", in_scope="1e3.00"), "amounts.total"),
    "other digits": (amounts(total="١.00", in_scope="١.00"), "amounts.total"),
    "too much": (amounts(total="1000000000.01", in_scope="1000000000.01"), "amounts.total"),
    "far too much": (amounts(total="9" * 5000 + ".00"), "amounts.total"),
    "no total": (amounts(in_scope="1.00"), "amounts"),
    "unknown amount": (amounts(total="1.00", in_scope="1.00", tip="1.00"), "amounts"),
    "parts do not add up": (amounts(total="2.00", in_scope="1.00"), "amounts"),
    "portion too large": (amounts(total="1.00", in_scope="1.00", class_b="1.01"), "amounts"),
    "unknown fact": (bill("A1", facts={"colour": "red"}), "facts"),
    "fact of another type": (bill("A1", facts={"referred": "yes"}), "facts"),
    "fact without such a code": (bill("A1", facts={"outcome": "lost"}), "facts"),
    "facts as a list": (bill("A1", facts=[]), "facts"),
    "account below zero": (bill("A1", from_account="-0.01"), "from_account"),
}


def test_each_fault_of_a_bill_is_told_with_its_field(client: Client, url: str) -> None:
    for name, (body, field) in CASES.items():
        for target in ("/desk/settlements", "/desk/pre-settlements"):
            reply = client("POST", target, body, X_Actor="a", Idempotency_Key="k")
            assert (reply.status, reply.json["field"]) == (422, field), name
            assert b"P" * 65 not in reply.body  # what was given is not told: it may be personal
    assert nothing_written(url)


RAW = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'"text"',
    b"{}",
    b"\xff\xfe{}",
    b"NaN",
    b'{"institution_id": NaN}',
    b'{"person_id": ' + b"9" * 10_000 + b"}",
    b"[" * 200_000,
    b'{"a":' * 100_000,
    "{}".encode("utf-16"),
]


@pytest.mark.parametrize("raw", RAW, ids=range(len(RAW)))
def test_bodies_that_are_no_bill(client: Client, raw: bytes) -> None:
    reply = client("POST", "/desk/settlements", raw=raw, X_Actor="a", Idempotency_Key="k")
    assert reply.status in {400, 422}


TWICE = {
    "claim_no": (b'{"claim_no": "A1", ', "claim_no"),
    "same value": (b'{"person_id": "P1", "person_id": "P1", ', "person_id"),
    "escaped": (b'{"amounts": {"total": "1.00", "\\u0074otal": "2.00"}, ', "total"),
    "in a list": (b'{"lines": [{"code": "x"}, {"code": "x", "code": "y"}], ', "code"),
    "unknown": (b'{"\\ud800": 1, "\\ud800": 2, ', "\\ud800"),
}


@pytest.mark.parametrize(("raw", "field"), TWICE.values(), ids=TWICE)
@pytest.mark.parametrize("target", ["/desk/settlements", "/desk/pre-settlements", "/persons"])
def test_a_field_that_stands_twice_is_refused(
    client: Client, url: str, raw: bytes, field: str, target: str
) -> None:
    body = raw + json.dumps(bill("A1")).encode()[1:]
    reply = client("POST", target, raw=body, X_Actor="a", Idempotency_Key="k")
    assert (reply.status, reply.json["rule"], reply.json["field"]) == (400, "twice", field)
    assert field in reply.json["detail_zh"]
    assert nothing_written(url)


def test_another_content_type_and_a_body_too_large(client: Client) -> None:
    body = json.dumps(bill("A1")).encode()
    kept = {"X_Actor": "a", "Idempotency_Key": "k"}
    for kind in ("text/plain", "application/xml", "a/b/c", ""):
        reply = client("POST", "/desk/settlements", raw=body, Content_Type=kind, **kept)
        assert reply.status == 422, kind
    large = b'{"claim_no": "' + b"x" * (1 << 20) + b'"}'
    assert client("POST", "/persons", raw=large, **kept).json["rule"] == "body_size"
    for target in ("settlements", "pre-settlements", "settlements/1/correction", "reimbursements"):
        assert client("POST", f"/desk/{target}", raw=large, **kept).json["rule"] == "request"
        reply = client("POST", f"/desk/{target}", raw=large * 4, **kept)
        assert reply.json["rule"] == "body_size"


def test_a_body_of_unknown_length_is_cut_off_at_the_limit(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as one:
        one.settimeout(20)
        one.sendall(
            b"POST /desk/settlements HTTP/1.1\r\nHost: x\r\nX-Actor: a\r\nIdempotency-Key: k\r\n"
            b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        try:
            for _ in range(80):
                one.sendall(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
        except OSError:
            pass  # it stopped listening, as it may
        assert one.recv(65536).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize(
    ("headers", "field"),
    [
        ({"X_Actor": "a"}, "Idempotency-Key"),
        ({"X_Actor": "a", "Idempotency_Key": ""}, "Idempotency-Key"),
        ({"X_Actor": "a", "Idempotency_Key": "k" * 129}, "Idempotency-Key"),
        ({"X_Actor": "a", "Idempotency_Key": "k k"}, "Idempotency-Key"),
        ({"X_Actor": "a" * 65, "Idempotency_Key": "k"}, "X-Actor"),
        ({"X_Actor": "\xe9", "Idempotency_Key": "k"}, "X-Actor"),
    ],
)
def test_headers(client: Client, headers: dict[str, str], field: str) -> None:
    reply = client("POST", "/desk/settlements", bill("A1"), **headers)
    assert (reply.status, reply.json["field"].lower()) == (422, field.lower())


def test_a_write_of_nobody(client: Client) -> None:
    reply = client("POST", "/desk/settlements", bill("A1"), Idempotency_Key="k")
    assert (reply.status, reply.json["rule"]) == (401, "signed_in")
    assert reply.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "target",
    [
        "/desk/settlements/0",
        "/desk/settlements/-1",
        "/desk/settlements/1.0",
        "/desk/settlements/x",
        "/desk/settlements/9007199254740992",
        "/desk/settlements/" + "9" * 4000,
        "/desk/settlements/%00",
        "/desk/settlements?person_id=%00",
        "/desk/settlements?person_id=%ED%A0%80",
        "/desk/settlements?person_id=",
        "/desk/settlements?person_id=P1&limit=0",
        "/desk/settlements?person_id=P1&limit=201",
        "/desk/settlements?person_id=P1&limit=1e9",
        "/desk/settlements?person_id=P1&first=2023-13-01",
        "/ledger/accounts/none",
        "/ledger/accounts/cash_due?fund=none",
        "/ledger/accounts/cash_due?party=%0A",
        "/ledger/trial-balance?known_at=now",
        "/ledger/trial-balance?known_at=0001-01-01T00:00:00%2B23:59",
        "/requests/" + "k" * 129,
        "/desk/settlements/9007199254740991",
        "/requests/%00",
    ],
)
def test_addresses(client: Client, target: str) -> None:
    assert client("GET", target, X_Actor="a").status in {404, 422}


FIELDS = [*bill("A1"), "facts", "episode", "from_account", "more"]
SHAKEN = settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


@SHAKEN
@given(changes=st.dictionaries(st.sampled_from(FIELDS), JSON, min_size=1, max_size=3))
def test_a_bill_with_anything_in_its_fields(client: Client, changes: dict[str, Any]) -> None:
    reply = client(
        "POST", "/desk/settlements", bill("A1") | changes, X_Actor="a", Idempotency_Key="k"
    )
    assert reply.status in {201, 422, 409}


PARTS = st.sampled_from(["0.00", "0.01", "999999999.99", "1000000000.00", "5000.00"])


@SHAKEN
@given(
    in_scope=PARTS,
    visit=st.sampled_from(["inpatient", "outpatient", "emergency", "pharmacy", "maternity"]),
    institution=st.sampled_from(["H1", "H2", "H3"]),
    person=st.sampled_from(["P1", "P2"]),
    day=st.dates().map(str),
    account=PARTS,
    number=st.integers(0, 10**6),
)
def test_a_bill_with_any_figures_is_settled_or_refused(
    client: Client, in_scope: str, day: str, account: str, number: int, **facts: str
) -> None:
    body = bill(
        f"A{number}",
        in_scope,
        visit=facts["visit"],
        institution_id=facts["institution"],
        person_id=facts["person"],
        admitted_on=day,
        discharged_on=day,
        from_account=account,
    )
    reply = client.settle(body, key=f"k{number}")
    assert reply.status in {201, 409, 422}, reply.body
