"""How often somebody may ask."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from desks import office
from services import Client, Contract, running

from yibao.api.app import create_app
from yibao.api.guard import rates as module
from yibao.api.guard.principal import Principal
from yibao.api.guard.rates import Rate, Rates, TooOften
from yibao.api.guard.tokens import Tokens


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def allowed(rate: Rate, who: str, times: int) -> int:
    count = 0
    for _ in range(times):
        try:
            rate.take(who)
        except TooOften:
            continue
        count += 1
    return count


def test_some_at_once_then_so_many_a_second_and_each_by_oneself() -> None:
    clock = Clock()
    rate = Rate(2, 5, clock)
    assert allowed(rate, "a", 50) == 5
    assert allowed(rate, "b", 50) == 5
    clock.now += 0.4
    assert allowed(rate, "a", 50) == 0
    clock.now += 0.1
    assert allowed(rate, "a", 50) == 1
    clock.now += 1.0
    assert allowed(rate, "a", 50) == 2
    clock.now += 1000.0
    assert allowed(rate, "a", 50) == 5


def test_in_the_long_run_it_is_the_rate_however_it_is_asked() -> None:
    clock = Clock()
    rate = Rate(10, 3, clock)
    count = 0
    for _ in range(10_000):
        clock.now += 0.01
        count += allowed(rate, "a", 1)
    assert 1000 <= count <= 1004


def test_it_forgets_those_who_have_paid_and_never_holds_more_than_the_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST", 10)
    clock = Clock()
    rate = Rate(1, 1, clock)
    rate.take("busy")
    for n in range(100):
        rate.take(f"s{n}")
        assert len(rate._paid) <= 10
    clock.now += 0.5
    rate = Rate(1, 1, clock)
    for n in range(9):
        rate.take(f"s{n}")
    clock.now += 0.9
    rate.take("busy")
    clock.now += 0.2
    rate.take("new")
    assert "s0" not in rate._paid
    assert allowed(rate, "busy", 3) == 0


def request(header: str | None) -> Any:
    headers = {} if header is None else {"authorization": header}
    return SimpleNamespace(headers=headers, client=SimpleNamespace(host="10.0.0.1"))


def test_a_known_token_is_counted_by_name_everything_else_by_address() -> None:
    clock = Clock()
    looked = []

    def way(_: Any, token: str) -> tuple[Principal, float] | None:
        looked.append(token)
        return (Principal("chen"), 60.0) if token.startswith("good") else None

    tokens = Tokens([way], Rates(Rate(1, 3, clock), Rate(1, 4, clock), Rate(1, 1, clock)))

    def ask(header: str | None) -> str:
        try:
            return asyncio.run(tokens(request(header))).name or "nobody"
        except Exception as error:
            return type(error).__name__

    assert [ask("Bearer good1") for _ in range(5)] == ["chen"] * 4 + ["TooOften"]
    assert ask("Bearer bad") == "NotSignedIn"
    assert ask(None) == "nobody"
    assert ask("Bearer bad") == "NotSignedIn"
    assert [ask(h) for h in (None, "Bearer bad", "Bearer good2")] == ["TooOften"] * 3
    assert looked == ["good1", "bad", "bad"]  # who comes too often costs no look at the database
    assert ask("Bearer good1") == "TooOften"
    clock.now += 1
    assert ask("Bearer good1") == "chen"


def test_429_over_http(url: str) -> None:
    made = office()
    few = Rates(Rate(0.001, 1), Rate(0.001, 4), Rate(0.001, 1))
    app = create_app(url, made.policy, made.registers, identify=Tokens([], few))
    with running(app) as port:
        client = Client(port, Contract())
        wrong = {"name": "chen", "password": "x"}
        assert client("POST", "/session", wrong).status == 401
        reply = client("POST", "/session", wrong)
        assert (reply.status, reply.json["rule"]) == (429, "rate")
        assert reply.headers["retry-after"] == "1"
        assert client("GET", "/health/live").status == 200
        assert client("GET", "/session").status == 401
        assert client("GET", "/health/live").status == 429
        client.close()
