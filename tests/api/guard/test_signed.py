"""Requests that have to be signed: one that is passes; changed in anything, it does not."""

import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from desks import office, register, status
from services import Client, Contract, Reply, bill, running
from test_sm2 import sign, times

from yibao.api.app import create_app
from yibao.api.guard.asked import trust_actor
from yibao.api.guard.signed import read_keys
from yibao.api.guard.sm2 import sm3
from yibao.errors import CannotRead
from yibao.store.database import Database
from yibao.store.sight import EVERYTHING

DRAW = random.Random(3)
SECRETS = {"h3": 11, "h3-new": 12, "h1": 13}


def written(secret: int) -> str:
    x, y = times(secret)
    return f"04{x:064x}{y:064X}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    keys = {name: written(secret) for name, secret in SECRETS.items()}
    (tmp_path / "keys.toml").write_text(
        f'[keys]\nh3 = ["{keys["h3"]}", "{keys["h3-new"]}"]\nh1 = "{keys["h1"]}"\n'
    )
    return tmp_path / "keys.toml"


@pytest.fixture
def client(url: str, file: Path) -> Iterator[Client]:
    with Database(url, sight=EVERYTHING) as database:
        register(database, "P1")
    made = office(status("P1"))
    signers = read_keys(file)
    app = create_app(url, made.policy, made.registers, identify=trust_actor, signers=signers)
    with running(app) as port:
        client = Client(port, Contract())
        yield client
        client.close()


def signed(
    secret: int, method: str, target: str, body: bytes = b"", key: str = "", *, late: int = 0
) -> str:
    at = int(time.time()) - late
    text = "\n".join([method, target, key, str(at), sm3(body).hex()]).encode()
    return f"sm2 {at} {sign(secret, text, DRAW).hex()}"


def send(client: Client, signature: str | None, body: bytes, **changes: str) -> Reply:
    headers = {"X_Actor": "h3", "Idempotency_Key": "k", **changes}
    if signature is not None:
        headers["X_Signature"] = signature
    target = headers.pop("target", "/desk/settlements")
    return client("POST", target, raw=body, **headers)


def test_a_request_as_it_was_signed_passes_and_no_other(client: Client) -> None:
    body = json.dumps(bill("A1")).encode()
    target = "/desk/settlements"
    good = signed(SECRETS["h3"], "POST", target, body, "k")
    wrong = {
        "none": send(client, None, body),
        "no signature": send(client, "sm2 x", body),
        "another body": send(client, good, json.dumps(bill("A2")).encode()),
        "another key": send(client, good, body, Idempotency_Key="k2"),
        "another target": send(client, good, body, target="/desk/pre-settlements"),
        "with a query": send(client, good, body, target=f"{target}?x=1"),
        "another's": send(client, good, body, X_Actor="h1"),
        "old": send(client, signed(SECRETS["h3"], "POST", target, body, "k", late=310), body),
        "to come": send(client, signed(SECRETS["h3"], "POST", target, body, "k", late=-310), body),
        "by another key": send(client, signed(SECRETS["h1"], "POST", target, body, "k"), body),
    }
    assert {name: reply.status for name, reply in wrong.items()} == dict.fromkeys(wrong, 401)
    assert "X-Signature" in wrong["none"].json["detail"]
    first = send(client, good, body)
    assert first.status == 201
    assert send(client, good, body).body == first.body  # who repeats it gets the same reply
    new = signed(SECRETS["h3-new"], "POST", target, body, "k")
    assert send(client, new, body).body == first.body


def test_reads_are_signed_too_and_who_has_no_keys_need_not_sign(client: Client) -> None:
    target = "/desk/settlements?institution_id=H3&person_id=P1"
    assert client("GET", target, X_Actor="h3").status == 401
    signature = signed(SECRETS["h3"], "GET", target)
    assert client("GET", target, X_Actor="h3", X_Signature=signature).status == 200
    assert client("GET", f"{target}0", X_Actor="h3", X_Signature=signature).status == 401
    assert client("GET", target, X_Actor="chen").status == 200
    assert client("GET", "/health/live").status == 200


def test_a_body_too_large_is_refused_as_ever(client: Client) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(80):
            yield b" " * 0x10000

    connection = client._connection
    headers = {"X-Actor": "h3", "Content-Type": "application/json"}
    connection.request("POST", "/persons", chunks(), headers, encode_chunked=True)
    assert connection.getresponse().status == 413


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("", "keys"),
        ("=", "keys.toml"),
        ("[keys]", "keys"),
        ("[keys]\nh3 = []", "h3"),
        ("[keys]\nh3 = 7", "h3"),
        ("[keys]\nh3 = '04'", "h3"),
        (f"[keys]\nh3 = '{written(11)[:-1]}0'", "h3"),
        (f"x = 1\n[keys]\nh3 = '{written(11)}'", "keys"),
    ],
)
def test_files_without_keys(file: Path, said: str, told: str) -> None:
    file.write_text(said)
    with pytest.raises(CannotRead, match=told):
        read_keys(file)
