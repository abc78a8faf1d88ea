"""The desk over HTTP: what it answers, once, to the byte, and to whom."""

import pytest
from fastapi import Request
from services import Client, bill

from yibao.api.service import Service, service_of


def settled(client: Client, claim_no: str = "A1", **changes: object) -> int:
    reply = client.settle(bill(claim_no, **changes), key=f"key-{claim_no}")
    assert reply.status == 201, reply
    return int(reply.json["settlement_id"])


def refusal(reply: object) -> tuple[int, str, str]:
    return (reply.status, reply.json["rule"], reply.json["field"])  # type: ignore[attr-defined]


def test_a_bill_is_settled_and_stands_in_the_books(client: Client) -> None:
    reply = client.settle(bill("A1"))
    told = reply.json
    assert reply.status == 201
    assert (told["total"], told["fund_pay"], told["cash_pay"]) == (
        *("10000.00", "7125.00", "2875.00"),
    )
    assert told["funds"] == {"pool_pay": "7125.00"}
    assert told["account_balance"] == "500.00"
    stands = client("GET", f"/desk/settlements/{told['settlement_id']}").json
    assert {k: v for k, v in stands.items() if k in told} == {
        k: v for k, v in told.items() if k not in {"account_balance", "lines"}
    }
    assert (stands["kind"], stands["reversed_by"]) == ("settlement", None)
    assert {told["settled_at"][-6:], stands["settled_at"][-6:]} == {"+08:00"}
    due = client("GET", "/ledger/accounts/institution_payable?fund=resident.pool_pay&party=H3").json
    assert due["balance"] == "-7125.00"
    assert client("GET", "/ledger/accounts/cash_due").json["balance"] == "2875.00"
    assert client("GET", "/ledger/trial-balance").json["difference"] == "0.00"


def test_the_account_pays_at_most_what_was_asked(client: Client) -> None:
    reply = client.settle(bill("A1", person_id="P2", from_account="300.05"))
    assert (reply.json["account_pay"], reply.json["account_balance"]) == ("300.05", "199.95")


def test_a_bill_of_nothing_is_settled_too(client: Client) -> None:
    reply = client.settle(bill("A1", "0.00"))
    assert (reply.status, reply.json["total"], reply.json["cash_pay"]) == (201, "0.00", "0.00")


def test_pre_settling_says_the_same_and_writes_nothing(client: Client) -> None:
    before = client("POST", "/desk/pre-settlements", bill("A1"))
    assert before.status == 200
    assert client("GET", "/desk/settlements?person_id=P1").json["settlements"] == []
    after = client.settle(bill("A1")).json
    assert before.json == {k: v for k, v in after.items() if k in before.json}


def test_the_same_key_gets_the_same_reply_whatever_the_order_and_blanks(client: Client) -> None:
    first = client.settle(bill("A1"))
    again = dict(reversed(bill("A1").items()))
    assert client.settle(again).body == first.body
    asked = client("GET", "/requests/k", X_Actor="H3-desk")
    assert (asked.status, asked.body) == (201, first.body)
    assert len(client("GET", "/desk/settlements?person_id=P1").json["settlements"]) == 1


def test_a_key_is_of_one_actor_and_of_one_request(client: Client) -> None:
    number = settled(client)
    other = client.settle(bill("A1", "9000.00"), key="key-A1")
    assert refusal(other) == (409, "key_used", "idempotency key")
    assert refusal(client.take_back(number, "key-A1")) == (409, "key_used", "idempotency key")
    assert client.settle(bill("A2"), key="key-A1", actor="H1-desk").status == 201
    assert refusal(client("GET", "/requests/key-A1", X_Actor="H2-desk"))[:2] == (
        *(404, "known_request"),
    )


def test_a_refused_request_leaves_its_key_free(client: Client) -> None:
    wrong = client.settle(bill("A1", person_id="P9"))
    assert refusal(wrong) == (422, "known_person", "person_id")
    assert client("GET", "/requests/k", X_Actor="H3-desk").status == 404
    assert client.settle(bill("A1")).status == 201


def test_a_settlement_is_taken_back_once(client: Client) -> None:
    number = settled(client)
    first = client.take_back(number, "r1")
    assert (first.status, first.json["reverses"]) == (201, number)
    assert client.take_back(number, "r1").body == first.body
    assert refusal(client.take_back(number, "r2")) == (409, "reversed", "settlement_id")
    assert (
        client("GET", f"/desk/settlements/{number}").json["reversed_by"]
        == (first.json["settlement_id"])
    )
    reversal = client("GET", f"/desk/settlements/{first.json['settlement_id']}").json
    assert (reversal["kind"], reversal["reverses"]) == ("reversal", number)
    assert client("GET", "/ledger/accounts/cash_due").json["balance"] == "0.00"
    assert refusal(client.take_back(999, "r3")) == (404, "known_settlement", "settlement_id")


def test_entity_tags(client: Client) -> None:
    number = settled(client)
    target = f"/desk/settlements/{number}"
    tag = client("GET", target).headers["etag"]
    same = client("GET", target, If_None_Match=f'"x", W/{tag}')
    assert (same.status, same.headers["etag"]) == (304, tag)
    assert client("GET", target, If_None_Match='"x"').status == 200
    assert refusal(client.take_back(number, "r1", If_Match='"x"')) == (
        *(412, "unchanged", "If-Match"),
    )
    first = client.take_back(number, "r1", If_Match=tag)
    assert first.status == 201
    assert client.take_back(number, "r1", If_Match=tag).body == first.body
    assert client("GET", target, If_None_Match=tag).headers["etag"] != tag


def test_pages(client: Client) -> None:
    numbers = [settled(client, f"A{n}") for n in range(5)]
    settled(client, "B1", person_id="P2", institution_id="H1")
    found, cursor, pages = [], "", 0
    while cursor is not None:
        tail = f"&cursor={cursor}" if cursor else ""
        page = client("GET", f"/desk/settlements?institution_id=H3&limit=2{tail}").json
        found += [one["settlement_id"] for one in page["settlements"]]
        cursor, pages = page["next"], pages + 1
    assert (found, pages) == (numbers, 3)
    none = client("GET", "/desk/settlements?person_id=P1&last=2020-01-01").json
    assert none == {"settlements": [], "next": None}
    assert refusal(client("GET", "/desk/settlements")) == (422, "required", "person_id")
    for bad in ("x", "YWZ0ZXIgLTE", "YWZ0ZXIgMDE", "%C3%A9", "a" * 50):
        assert client("GET", f"/desk/settlements?person_id=P1&cursor={bad}").status == 422


def test_an_explanation_is_read_from_what_was_kept(client: Client) -> None:
    told = client.settle(bill("A1", person_id="P2", from_account="300.00")).json
    why = client("GET", f"/desk/settlements/{told['settlement_id']}/explanation").json
    assert why["funds"]["pool_pay"] == told["funds"]["pool_pay"]
    assert (why["cash_pay"], why["account_pay"]) == (told["cash_pay"], "300.00")
    assert why["steps"][0]["source"]["cite"]
    assert len(why["documents"]) > 1


def test_other_rules_do_not_explain_a_settlement(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = settled(client)

    def changed(request: Request) -> Service:
        found = service_of(request)
        found.office.rules = "other"
        return found

    monkeypatch.setattr("yibao.api.calls.service_of", changed)
    reply = client("GET", f"/desk/settlements/{number}/explanation")
    assert refusal(reply) == (409, "same_rules", "rules")


def test_what_the_desk_refuses_has_its_rule_and_field(client: Client) -> None:
    settled(client)
    cases = [
        (bill("A1"), 409, "claim_no_used", "claim_no"),
        (bill("A2", institution_id="H9"), 422, "no_agreement", "institution_id"),
        (bill("A2", discharged_on="2999-01-01"), 422, "days", "discharged_on"),
        (bill("A2", discharged_on="2023-02-01"), 422, "days", "discharged_on"),
        (bill("A2", facts={"level": "1"}), 422, "asked_fact", "level"),
        (bill("A2", facts={"disease": "no such"}), 422, "known_code", "facts.disease"),
        (
            bill("A2", admitted_on="2014-01-01", discharged_on="2014-01-02"),
            *(422, "insured on the day of service", "person_id"),
        ),
    ]
    for n, (body, *expected) in enumerate(cases):
        reply = client.settle(body, key=f"c{n}")
        assert [*refusal(reply)] == expected
        assert reply.json["title_zh"] > "一"


def test_health_and_what_is_not_there(client: Client) -> None:
    assert client("GET", "/health/live").json == {"status": "alive"}
    assert client("GET", "/health/ready").json["region"] == "tianjin"
    assert refusal(client("GET", "/none"))[:2] == (404, "known_route")
    assert refusal(client("PUT", "/health/live"))[:2] == (405, "method")
    assert client("GET", "/ledger/accounts/bank?fund=resident.pool_pay").status == 404


def test_the_trial_balance_of_an_earlier_instant(client: Client) -> None:
    settled(client)
    early = client("GET", "/ledger/trial-balance?known_at=2020-01-01T00:00:00%2B08:00").json
    assert early["lines"] == []
    assert client("GET", "/ledger/trial-balance?known_at=2020-01-01T00:00:00").status == 422
    assert len(client("GET", "/ledger/trial-balance?first=2026-01-01").json["lines"]) > 2


def test_who_is_referred_is_for_the_register_to_say(client: Client) -> None:
    stated = client.settle(bill("A1", facts={"referred": True}), key="k1")
    assert (stated.status, stated.json["rule"]) == (422, "asked_fact")
    unknown = client.settle(bill("A1", referral=7), key="k1")
    assert unknown.status == 422
    assert "7" in unknown.json["detail"]
    assert client.settle(bill("A1"), key="k1").status == 201
