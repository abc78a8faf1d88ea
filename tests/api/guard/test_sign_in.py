"""Signing in: passwords, tokens, locks; what is kept of them, and what is told."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from time import time

import psycopg
import pytest
from argon2 import PasswordHasher, Type
from desks import office, register, status
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from services import Client, Contract, bill, running

from yibao.agency.users import passwords, sessions, users
from yibao.agency.users.passwords import fits, hashed
from yibao.agency.users.users import User
from yibao.api.app import create_app
from yibao.api.guard import tokens
from yibao.api.guard.oidc import Provider
from yibao.api.guard.rates import rates
from yibao.api.guard.tokens import Tokens, of_user
from yibao.api.main import application
from yibao.errors import Refused
from yibao.store.database import Database
from yibao.store.sight import EVERYTHING

PASSWORD = "correct horse 9"
RATES = rates(1000)
STRONG = passwords._HASHER


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash as quickly as can be, but for what is tested of that."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_HASHER", quick)


def test_passwords_are_kept_as_rfc_9106_has_it() -> None:
    assert (STRONG.type, STRONG.memory_cost, STRONG.time_cost) == (Type.ID, 65536, 3)


@pytest.fixture
def base(url: str) -> Iterator[Database]:
    with Database(url, sight=EVERYTHING) as database:
        register(database, "P1")
        with database.transaction() as connection:
            for name, role, own in (
                ("chen", "benefits", {}),
                ("h3", "institution", {"institution": "H3"}),
                ("gone", "operator", {}),
            ):
                users.add(connection, User(name, [role], own), PASSWORD, actor="root")
            users.set_disabled(connection, "gone", True, actor="root")
        yield database


@pytest.fixture
def app(base: Database) -> FastAPI:
    made = office(status("P1"))
    return create_app(base.url, made.policy, made.registers, identify=Tokens([of_user], RATES))


@pytest.fixture
def client(app: FastAPI) -> Iterator[Client]:
    with running(app) as port:
        client = Client(port, Contract())
        yield client
        client.close()


def sign_in(client: Client, name: str, password: str = PASSWORD) -> str:
    reply = client("POST", "/session", {"name": name, "password": password})
    assert reply.status == 201, reply.body
    assert reply.headers["cache-control"] == "no-store"
    token: str = reply.json["token"]
    return f"Bearer {token}"


def test_who_signs_in_works_under_the_own_name(client: Client, base: Database) -> None:
    assert client("POST", "/desk/settlements", bill("A1"), Idempotency_Key="k").status == 401
    assert client.settle(bill("A1"), actor="chen").status == 401  # nobody is believed
    by = {"Authorization": sign_in(client, "chen"), "Idempotency_Key": "k"}
    assert client("POST", "/desk/settlements", bill("A1"), X_Actor="other", **by).status == 201
    assert client("GET", "/requests/k", **by).status == 201
    other = {"Authorization": sign_in(client, "h3")}
    assert client("GET", "/requests/k", **other).status == 404  # a key is of one name
    with base.transaction() as connection:
        rows = connection.execute("SELECT actor, action FROM ops.audit").fetchall()
    assert ("chen", "settlement") in rows
    assert ("chen", "user.sign_in") in rows
    assert ("root", "user.add") in rows
    assert "other" not in {actor for actor, _ in rows}


def test_what_one_may_do_is_told(client: Client) -> None:
    told = client("GET", "/session", Authorization=sign_in(client, "h3")).json
    assert (told["name"], told["roles"], told["own"]) == (
        "h3",
        ["institution"],
        {"institution": "H3"},
    )
    assert told["operations"]["settle"] == "own"
    assert told["operations"]["quoteProduct"] == "all"
    assert "reimburse" not in told["operations"]


def test_nothing_tells_a_wrong_name_from_a_wrong_password(client: Client) -> None:
    wrong = [
        client("POST", "/session", {"name": name, "password": password})
        for name, password in (("chen", "x"), ("nobody", PASSWORD), ("gone", PASSWORD))
    ]
    assert {reply.status for reply in wrong} == {401}
    assert len({reply.body for reply in wrong}) == 1
    assert PASSWORD.encode() not in wrong[0].body


@pytest.mark.parametrize("header", ["Bearer x", "Bearer ", "Basic eDp5", "x", "Bearer \xff"])
def test_tokens_that_are_none(client: Client, header: str) -> None:
    for target in ("/session", "/health/live", "/none"):
        reply = client("GET", target, Authorization=header)
        assert (reply.status, reply.json["rule"]) == (401, "signed_in")


def test_a_large_body_of_nobody_is_not_read(client: Client, base: Database) -> None:
    raw = b'{"name": "chen"' + b" " * 5000 + b"}"
    reply = client("POST", "/session", raw=raw)  # where nobody needs a token
    assert (reply.status, reply.json["rule"]) == (413, "body_size")
    assert "4096" in reply.json["detail"]
    reply = client("POST", "/persons", raw=raw)
    assert (reply.status, reply.json["rule"]) == (401, "signed_in")
    by = {"Authorization": sign_in(client, "chen")}
    assert client("POST", "/session", raw=raw, **by).status == 422
    with socket.create_connection(("127.0.0.1", client.port)) as one:
        one.settimeout(20)
        head = b"POST /session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        one.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n")  # and nothing of the body
        assert one.recv(65536).startswith(b"HTTP/1.1 413")


def test_tokens_of_a_provider_beside_those_of_our_own(base: Database) -> None:
    key = RSAKey.generate_key(2048, {"kid": "a"})
    with TemporaryDirectory() as folder:
        keys = Path(folder) / "keys.json"
        keys.write_text(json.dumps(KeySet([key]).as_dict(private=False)))
        provider = Provider("https://login.example.org", "yibao", str(keys))
        app = application(base.url, "tianjin", provider=provider)
        with running(app) as port:
            client = Client(port, Contract())
            told = client("GET", "/session", Authorization=sign_in(client, "chen")).json
            assert told["name"] == "chen"
            claims = {"iss": provider.issuer, "aud": "yibao", "sub": "chen", "exp": time() + 60}
            claims["roles"] = ["auditor"]
            token = jwt.encode({"alg": "RS256", "kid": "a"}, claims, key)
            told = client("GET", "/session", Authorization=f"Bearer {token}").json
            assert (told["name"], told["roles"]) == ("oidc:chen", ["auditor"])
            bad = {"Authorization": f"Bearer {token}x"}
            assert client("GET", "/session", **bad).status == 401
            other = {"old": PASSWORD, "new": "another pass 1"}
            reply = client(
                "PUT", "/session/password", other, Authorization=f"Bearer {token}"
            )  # the password of the user chen is not that of the provider's chen
            assert (reply.status, reply.json["rule"]) == (401, "password_fits")
            client.close()


def test_a_token_ends_with_its_hour_with_the_user_and_when_one_signs_out(
    client: Client, base: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "BELIEVED", 0.0)

    def holds(token: str) -> bool:
        return client("GET", "/session", Authorization=token).status == 200

    first, second, third = (sign_in(client, "chen") for _ in range(3))
    assert holds(first)
    assert client("DELETE", "/session", Authorization=first).status == 204
    assert not holds(first)
    with base.transaction() as connection:
        connection.execute("DELETE FROM ops.session WHERE name = 'h3'")
        made, _ = sessions.issue(connection, "h3", actor="root")
    monkeypatch.setattr(sessions, "LIFE", sessions.LIFE * 0)
    assert holds(f"Bearer {made}")
    assert not holds(sign_in(client, "h3"))
    assert holds(second)
    with base.transaction() as connection:
        users.set_disabled(connection, "chen", True, actor="root")
    assert not holds(second)
    with base.transaction() as connection:
        users.set_disabled(connection, "chen", False, actor="root")
    assert not holds(third)


def test_who_signs_out_is_out_at_once_though_tokens_are_believed_for_a_while(
    client: Client,
) -> None:
    token = sign_in(client, "chen")
    assert client("GET", "/session", Authorization=token).status == 200
    assert client("DELETE", "/session", Authorization=token).status == 204
    assert client("GET", "/session", Authorization=token).status == 401


def test_another_password(client: Client) -> None:
    token = sign_in(client, "chen")
    change = {"old": "wrong", "new": "another pass 1"}
    assert client("PUT", "/session/password", change, Authorization=token).status == 401
    change["old"] = PASSWORD
    weak = client("PUT", "/session/password", {**change, "new": "short"}, Authorization=token)
    assert (weak.status, weak.json["rule"]) == (422, "password")
    assert client("PUT", "/session/password", change, Authorization=token).status == 204
    assert client("GET", "/session", Authorization=token).status == 401
    sign_in(client, "chen", "another pass 1")


def test_five_wrong_passwords_lock_however_many_come_at_once(base: Database) -> None:
    def attempt(password: str) -> bool:
        try:
            sessions.sign_in(base, "chen", password)
        except sessions.WrongPassword:
            return False
        return True

    with ThreadPoolExecutor(3) as pool:
        assert not any(pool.map(attempt, [f"wrong {n}" for n in range(7)]))
    assert not attempt(PASSWORD)
    with base.transaction() as connection:
        locked = {one.user.name for one in users.everybody(connection) if one.locked_until}
        assert locked == {"chen"}
        found = connection.execute("SELECT count(*) FROM ops.audit WHERE action = 'user.lock'")
        assert found.fetchone() == (1,)
        connection.execute("UPDATE ops.user_account SET locked_until = now() - interval '1 second'")
    assert not attempt("wrong")
    assert attempt(PASSWORD)
    assert not any(attempt("wrong") for _ in range(4))
    assert attempt(PASSWORD)  # the fifth


def test_nothing_that_is_kept_lets_anybody_in(base: Database, url: str) -> None:
    token, _ = sessions.sign_in(base, "chen", PASSWORD)
    with psycopg.connect(url) as reads:
        rows = reads.execute("SELECT u::text FROM ops.user_account AS u").fetchall()
        rows += reads.execute("SELECT s::text FROM ops.session AS s").fetchall()
        rows += reads.execute("SELECT a::text FROM ops.audit AS a").fetchall()
    kept = json.dumps(rows)
    assert PASSWORD not in kept
    assert token not in kept
    assert "$argon2id$" in kept


def test_passwords() -> None:
    kept = hashed(PASSWORD, "chen")
    assert fits(kept, PASSWORD)
    assert not fits(kept, PASSWORD + " ")
    assert not fits(None, PASSWORD)
    for weak in ("123456789", "x" * 129, "my-Chen-password"):
        with pytest.raises(Refused, match="password"):
            hashed(weak, "chen")


def test_names(base: Database) -> None:
    with base.transaction() as connection, pytest.raises(Refused, match="chen"):
        users.add(connection, User("chen", ["benefits"], {}), PASSWORD, actor="root")
    for work in (
        lambda c: users.set_disabled(c, "nobody", True, actor="root"),
        lambda c: users.set_password(c, "nobody", PASSWORD, actor="root"),
        lambda c: sessions.issue(c, "nobody", actor="root"),
    ):
        with pytest.raises(Refused, match="nobody"):
            base.run(work)
