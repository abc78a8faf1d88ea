"""Many requests at once over HTTP: one settlement for a key, one order for a person."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from services import Client, Contract, Reply, bill


def at_once(port: int, contract: Contract, bodies: list[tuple[str, object]]) -> list[Reply]:
    """Send settlements (key, body) all at once, each on a connection of its own."""

    def send(one: tuple[str, object]) -> Reply:
        client = Client(port, contract)
        reply = client.settle(one[1], key=one[0])
        client.close()
        return reply

    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(send, bodies))


def test_one_request_a_hundred_times_at_once_is_one_settlement_and_99_same_replies(
    port: int, contract: Contract, client: Client
) -> None:
    replies = at_once(port, contract, [("k", bill("A1"))] * 100)
    assert {(r.status, r.body) for r in replies} == {(201, replies[0].body)}
    assert len(client("GET", "/desk/settlements?person_id=P1").json["settlements"]) == 1
    assert client("GET", "/ledger/accounts/cash_due").json["balance"] == "2875.00"


def test_one_key_for_two_bodies_at_once_settles_one(
    port: int, contract: Contract, client: Client
) -> None:
    bodies = [("k", bill("A1" if n % 2 else "A2", person_id=f"P{1 + n % 2}")) for n in range(20)]
    replies = at_once(port, contract, bodies)
    assert sorted({r.status for r in replies}) == [201, 409]
    assert len({r.body for r in replies if r.status == 201}) == 1
    assert {r.json["rule"] for r in replies if r.status == 409} == {"key_used"}
    assert len(client("GET", "/desk/settlements?institution_id=H3").json["settlements"]) == 1


@pytest.mark.parametrize("same", [True, False])
def test_bills_of_one_person_at_once_are_settled_one_after_the_other(
    port: int, contract: Contract, client: Client, same: bool
) -> None:
    bodies = [(f"k{n}", bill("A" if same else f"A{n}", person_id="P2")) for n in range(24)]
    replies = at_once(port, contract, bodies)
    found = client("GET", "/desk/settlements?person_id=P2").json["settlements"]
    if same:  # one number of the institution under many keys
        assert sorted(r.status for r in replies) == [201, *[409] * 23]
        assert len(found) == 1
        return
    assert [r.status for r in replies] == [201] * 24
    paid = [one["fund_pay"] for one in found]
    assert paid[0] < paid[1] == paid[2]  # the first admission of the year has the higher deductible
    assert client("GET", "/ledger/trial-balance").json["difference"] == "0.00"
