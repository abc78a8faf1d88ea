"""Contributions and accounts over HTTP: from bills to take-backs, each write once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from typing import Any

import pytest
from desks import tianjin
from services import Client, Contract, Reply, running

from tests.agency.registered import ACTOR, EMPLOYEE, RESIDENT, enrolled
from yibao.agency.desk.registers import REGISTERS
from yibao.agency.enrolment.memberships import employ
from yibao.agency.enrolment.persons import employer, locked
from yibao.api.app import create_app
from yibao.api.guard.asked import trust_actor
from yibao.store.database import Database
from yibao.store.sight import EVERYTHING


@pytest.fixture
def client(url: str) -> Iterator[Client]:
    """A service of a town with an employer of two and a household of one."""
    with Database(url, sight=EVERYTHING) as database, database.transaction() as connection:
        employer(connection, "U1", "甲公司", "enterprise", "120101", actor=ACTOR)
        for name in ("P1", "P2"):
            enrolled(connection, name, "2022-03-01", **EMPLOYEE)
            employ(connection, name, "U1", date(2022, 3, 1), wage=5000_00, actor=ACTOR)
        enrolled(connection, "R1", household_id="H9", **RESIDENT)
    app = create_app(url, tianjin(), REGISTERS, identify=trust_actor)
    with running(app) as port:
        client = Client(port, Contract())
        yield client
        client.close()


def post(client: Client, target: str, body: Any, key: str = "") -> Reply:
    key = sha256(f"{target} {body} {key}".encode()).hexdigest() if key != "k" else key
    return client("POST", target, body, X_Actor="clerk", Idempotency_Key=key)


def made(reply: Reply) -> Any:
    assert reply.status == 201, reply.body
    return reply.json


def refused(reply: Reply) -> tuple[int, str]:
    return reply.status, reply.json["rule"]


MARCH = {
    "scheme": "employee",
    "first_month": "2022-03",
    "last_month": "2022-03",
    "billed_on": "2022-03-01",
}
WHY = {"on_day": "2022-05-02", "reason": "wrong file"}


def receipt(reference: str, amount: str, on: str = "2022-03-05", payer: str = "U1") -> Any:
    return {"reference": reference, "payer": payer, "received_on": on, "amount": amount}


def test_a_month_from_bills_to_a_receipt_taken_back(client: Client) -> None:
    first = post(client, "/contributions/bills", MARCH | {"payer": "U1"}, "k")
    assert [len(made(first)[name]) for name in ("bills", "failures")] == [2, 0]
    again = post(client, "/contributions/bills", MARCH | {"payer": "U1"}, "k")
    assert (again.body, again.status) == (first.body, 201)
    other = post(client, "/contributions/bills", MARCH | {"person_id": "P1"}, "k")
    assert refused(other) == (409, "key_used")
    unchanged = made(post(client, "/contributions/bills", MARCH))
    assert (unchanged["bills"], unchanged["unchanged"], unchanged["next"]) == ([], 2, None)

    listed = client("GET", "/contributions/bills?payer=U1&limit=1").json
    (bill,) = listed["bills"]
    rest = client("GET", f"/contributions/bills?payer=U1&limit=1&cursor={listed['next']}").json
    assert {b["person_id"] for b in (bill, *rest["bills"])} == {"P1", "P2"}
    owed = client("GET", "/contributions/arrears?day=2022-03-31&payer=U1").json["parts"]
    assert {p["owed"] for p in owed} == {"525.00", "100.00"}

    entered = made(post(client, "/contributions/receipts", receipt("B1", "1250.00")))
    assert entered == {"reference": "B1", "new": True, "persons": ["P1", "P2"]}
    covered = client("GET", "/persons/P1/coverage").json["periods"]
    assert [(p["first"], p["last"]) for p in covered] == [("2022-03-01", "2022-03-31")]
    one = client("GET", f"/contributions/bills/{bill['bill_id']}")
    assert {p["received"] for p in one.json["parts"]} == {"525.00", "100.00"}
    tag = one.headers["etag"]
    target = f"/contributions/bills/{bill['bill_id']}"
    assert client("GET", target, If_None_Match=tag).status == 304

    month = {"month": "2022-03", "on_day": "2022-03-31"}
    assert made(post(client, "/accounts/P1/credits", month))["balance"] == "100.00"
    assert not made(post(client, "/accounts/P1/credits", month, "again"))["new"]
    back = made(post(client, "/contributions/receipts/B1/take-back", WHY))
    assert back["persons"] == ["P1", "P2"]
    assert client("GET", "/accounts/P1").json["balance"] == "0.00"
    assert client("GET", "/persons/P1/coverage").json["periods"] == []
    told = client("GET", "/contributions/receipts/B1").json
    assert (told["paying"], told["taken_back_on"]) == ("0.00", "2022-05-02")
    twice = post(client, "/contributions/receipts/B1/take-back", WHY, "twice")
    assert refused(twice) == (409, "taken_back_once")
    assert client("GET", "/ledger/trial-balance").json["difference"] == "0.00"


def test_a_batch_lands_row_by_row_and_a_second_time_changes_nothing(client: Client) -> None:
    made(post(client, "/contributions/bills", MARCH))
    batch = {
        "receipts": [
            receipt("B1", "625.00"),
            receipt("B2", "625.01"),
            receipt("B1", "625.00"),
            receipt("B1", "1.00"),
            receipt("B3", "1.00", payer="nobody"),
        ]
    }
    done = made(post(client, "/contributions/receipt-batches", batch))
    assert [e["new"] for e in done["entered"]] == [True, False]
    assert [(f["what"], f["rule"]) for f in done["failures"]] == [
        ("B2", "owed"),
        ("B1", "reference_taken"),
        ("B3", "known_payer"),
    ]
    again = made(post(client, "/contributions/receipt-batches", batch, "again"))
    assert [e["new"] for e in again["entered"]] == [False, False]


def test_a_wrong_wage_is_billed_anew_and_the_rest_refunded(client: Client, url: str) -> None:
    (number,) = made(post(client, "/contributions/bills", MARCH | {"person_id": "P1"}))["bills"]
    made(post(client, "/contributions/receipts", receipt("B1", "625.00")))
    with Database(url, sight=EVERYTHING) as database, database.transaction() as connection:
        employ(connection, "P1", "U1", date(2022, 3, 1), wage=4600_00, actor=ACTOR)
    renewed = made(post(client, f"/contributions/bills/{number}/renewal", WHY))
    assert len(renewed["bills"]) == 1
    assert client("GET", "/contributions/held?payer=U1").json["amount"] == "50.00"
    order = WHY | {"reference": "T1", "payer": "U1"}
    paid = made(post(client, "/contributions/refunds", order))
    assert (paid["amount"], paid["new"]) == ("50.00", True)
    again = made(post(client, "/contributions/refunds", order, "again"))
    assert (again["amount"], again["new"]) == ("50.00", False)
    more = post(client, "/contributions/refunds", order | {"reference": "T2"})
    assert refused(more) == (422, "held")
    gone = post(client, f"/contributions/bills/{number}/cancellation", WHY)
    assert refused(gone) == (409, "cancelled_once")
    reason = WHY | {"because": "death", "since": "2022-03-02"}
    (standing,) = renewed["bills"]
    giving = post(client, f"/contributions/bills/{standing}/giving-up", reason)
    assert refused(giving) == (422, "borne_out")
    made(post(client, f"/contributions/bills/{standing}/cancellation", WHY))
    assert client("GET", f"/contributions/bills/{standing}").json["taken_back"]


def test_lateness_is_charged_and_waived(client: Client) -> None:
    made(post(client, "/contributions/bills", MARCH | {"person_id": "P1"}))
    made(post(client, "/contributions/receipts", receipt("B1", "625.00", "2022-04-10")))
    done = made(post(client, "/contributions/surcharges", {"until": "2022-04-30"}))
    (charged,) = done["surcharges"]
    assert (charged["amount"], charged["reference"]) == ("3.13", "B1")
    (owed,) = client("GET", "/contributions/arrears?day=2022-04-30&payer=U1").json["parts"]
    assert (owed["item"], owed["owed"]) == ("late_surcharge", "3.13")
    pays = receipt("B2", "3.13", "2022-05-01")
    entered = [made(post(client, "/contributions/receipts", pays, key)) for key in ("", "again")]
    assert [(one["new"], one["persons"]) for one in entered] == [(True, []), (False, [])]
    made(post(client, f"/contributions/bills/{charged['bill_id']}/cancellation", WHY))
    assert client("GET", "/contributions/arrears?day=2022-04-30").json["parts"] == []


def test_an_account_is_read_while_somebody_moves_it(client: Client, url: str) -> None:
    with Database(url, sight=EVERYTHING) as database, database.transaction() as connection:
        locked(connection, "P1")
        assert client("GET", "/accounts/P1").json["balance"] == "0.00"


def test_an_account_is_used_frozen_stated_and_put_right(client: Client) -> None:
    made(post(client, "/contributions/bills", MARCH))
    made(post(client, "/contributions/receipts", receipt("B1", "1250.00")))
    made(post(client, "/accounts/P1/credits", {"month": "2022-03", "on_day": "2022-03-31"}))
    pay = {"reference": "V1", "day": "2022-04-01", "use": "pharmacy", "amount": "30.00"}
    # No register says that the pharmacy is designated.
    assert post(client, "/accounts/P1/uses", pay | {"at": "P9"}).status == 422
    frozen = made(post(client, "/accounts/P1/freezes", WHY | {"reference": "C1"}))
    assert frozen["balance"] == "0.00"
    told = client("GET", "/accounts/P1").json
    assert (told["balance"], told["frozen"]) == ("0.00", "100.00")
    ended = made(post(client, "/accounts/P1/freezes/C1/end", WHY))
    assert ended["balance"] == "100.00"
    page = client("GET", "/accounts/P1/statement?limit=2").json
    rest = client("GET", f"/accounts/P1/statement?limit=2&cursor={page['next']}").json
    lines = [*page["lines"], *rest["lines"]]
    assert [line["balance"] for line in lines] == ["100.00", "0.00", "100.00"]
    assert rest["next"] is None
    full = client("GET", "/accounts/P1/statement?limit=3").json
    assert (len(full["lines"]), full["next"]) == (3, None)
    ended = post(client, "/accounts/P1/freezes", WHY | {"reference": "C1"}, "again")
    assert refused(ended) == (409, "freeze_ended")
    credit = lines[0]["movement_id"]
    undone = made(post(client, f"/accounts/P1/movements/{credit}/take-back", WHY))
    assert (undone["kind"], undone["balance"]) == ("take_back", "0.00")
    unknown = post(client, "/accounts/P1/movements/999/take-back", WHY)
    assert refused(unknown) == (404, "known_movement")


@pytest.mark.parametrize(
    ("target", "body", "status", "rule"),
    [
        ("/contributions/bills", MARCH | {"last_month": "2022-02"}, 422, "request"),
        ("/contributions/bills", MARCH | {"first_month": "2022-13"}, 422, "request"),
        ("/contributions/bills", MARCH | {"person_id": "P9"}, 422, "known_person"),
        ("/contributions/bills/99/cancellation", WHY, 404, "known_bill"),
        ("/contributions/bills/99/renewal", WHY | {"reason": " "}, 422, "request"),
        ("/contributions/receipts", receipt("B1", "0.00"), 422, "request"),
        ("/contributions/receipts", receipt("B1", "1.001"), 422, "request"),
        ("/contributions/receipts", receipt("=B1", "1.00"), 422, "request"),
        ("/contributions/receipts", receipt("account:P1:V1", "1.00"), 422, "account_reference"),
        ("/contributions/receipts", receipt("B1", "1.00"), 422, "owed"),
        ("/contributions/receipts/B9/take-back", WHY, 404, "known_receipt"),
        ("/contributions/receipt-batches", {"receipts": []}, 422, "request"),
        ("/accounts/P9/freezes", WHY | {"reference": "C1"}, 404, "known_person_id"),
        ("/accounts/P1/freezes", WHY | {"reference": "C1"}, 422, "balance"),
        ("/accounts/P1/freezes/C9/end", WHY, 404, "known_freeze"),
        (
            "/accounts/P1/credits",
            {"month": "2022-03", "on_day": "2022-03-31"},
            422,
            "month_paid",
        ),
    ],
)
def test_what_is_wrong_is_told_and_leaves_nothing(
    client: Client, target: str, body: Any, status: int, rule: str
) -> None:
    assert refused(post(client, target, body)) == (status, rule)
