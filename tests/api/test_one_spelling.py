"""What is the same however it is written, and a key that the desk uses at the same moment."""

from typing import Any

import pytest
from services import Client, Reply, bill

from yibao.agency.desk.model import Key, KeyUsed
from yibao.api.once import once
from yibao.store.database import Connection, Database


def reimbursed(client: Client, claim_no: str, code: str, number: str) -> Reply:
    invoices = [{"code": code, "number": number, "amount": "10000.00"}]
    body = bill(claim_no, invoices=invoices)
    return client("POST", "/desk/reimbursements", body, X_Actor="a", Idempotency_Key=claim_no)


def test_an_invoice_in_another_spelling_is_the_same_invoice(client: Client) -> None:
    made = reimbursed(client, "A1", "012001900111", "0012345a")
    assert made.status == 201, made.body
    for n, (code, number) in enumerate(
        [("012001900111", "0012345A"), ("12001900111", "0012345a"), ("012001900111", "12345A")]
    ):
        found = reimbursed(client, f"B{n}", code, number)
        assert (found.status, found.json["rule"]) == (409, "invoice_used"), (code, number)
    for n, number in enumerate(["００12345a", "0012345а", "0012345a.", "0012-345a", "1" * 21]):
        found = reimbursed(client, f"C{n}", "012001900111", number)
        assert (found.status, found.json["field"]) == (422, "invoices.0.number"), number


def test_an_id_has_one_spelling_and_its_case_counts(client: Client) -> None:
    for n, claim_no in enumerate(["e\u03011", "Ａb", "㈱1", "①"]):
        found = client.settle(bill(claim_no), key=f"k{n}")
        assert (found.status, found.json["field"]) == (422, "claim_no"), claim_no
    for n, claim_no in enumerate(["\u00e91", "Ab", "aB", "单1"]):
        assert client.settle(bill(claim_no), key=f"m{n}").status == 201


BY_ADDRESS = {
    "/persons": "person_id",
    "/employers": "employer_id",
    "/contributions/receipts": "reference",
    "/accounts/P1/freezes": "reference",
    "/desk/guests": "reference",
}


@pytest.mark.parametrize("target", BY_ADDRESS)
def test_an_id_that_an_address_would_cut_in_two_is_not_taken(client: Client, target: str) -> None:
    """GET /persons/a%2Fb is routed as /persons/a/b: nobody would find it again."""
    found = client("POST", target, {BY_ADDRESS[target]: "a/b"}, X_Actor="a", Idempotency_Key="k")
    faults = {fault["field"]: fault["rule"] for fault in found.json["errors"]}
    assert (found.status, faults[BY_ADDRESS[target]]) == (422, "string_pattern_mismatch")


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@x", "＝1"])
def test_a_name_is_no_formula(client: Client, name: str) -> None:
    def post(target: str, body: dict[str, Any]) -> tuple[int, str]:
        found = client("POST", target, body, X_Actor="a", Idempotency_Key="k")
        return found.status, found.json.get("field", "")

    person = {"person_id": "P9", "birth_date": "1980-03-07", "name": name}
    assert post("/persons", person) == (422, "name")
    employer = {"employer_id": "E9", "kind": "enterprise", "name": name}
    assert post("/employers", employer) == (422, "name")


@pytest.mark.parametrize("same", [True, False])
def test_a_key_that_is_used_meanwhile_answers_as_a_used_key(database: Database, same: bool) -> None:
    key, done = Key("a", "k", "00" * 32), []

    def work(_: Connection) -> tuple[int, str]:
        done.append(1)
        with database.transaction() as desk:
            desk.execute(
                "INSERT INTO ops.request (caller, key, digest, status, reply) "
                "VALUES ('a', 'k', decode(%s, 'hex'), 201, '{\"by\": \"desk\"}')",
                (("00" if same else "11") * 32,),
            )
        return 201, "{}"

    if same:
        assert once(database, key, work).body == b'{"by": "desk"}'
    else:
        with pytest.raises(KeyUsed):
            once(database, key, work)
    assert done == [1]
