"""Tokens of an identity provider: what is believed, and everything that is not."""

import base64
import hmac
import json
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from time import time
from types import SimpleNamespace
from typing import Any

import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from yibao.api.guard import oidc
from yibao.api.guard.oidc import Keys, Oidc, Provider, read_provider
from yibao.api.guard.principal import NotSignedIn, Principal
from yibao.errors import CannotRead
from yibao.store.errors import StoreError

KEY = RSAKey.generate_key(2048, {"kid": "a", "use": "sig"})
CURVE = ECKey.generate_key("P-256", {"kid": "b", "use": "sig"})
PUBLIC = KeySet([KEY, CURVE]).as_dict(private=False)

CLAIMS = {
    "iss": "https://login.example.org",
    "aud": ["yibao", "other"],
    "sub": "8f14e45f",
    "realm": {"roles": ["institution", "offline_access"]},
    "yibao_id": "H3",
    "area": "tianjin",
}

FILE = """
issuer = "https://login.example.org"
audience = "yibao"
keys = "keys.json"
roles = "realm.roles"
region = "area"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "keys.json").write_text(json.dumps(PUBLIC))
    (tmp_path / "oidc.toml").write_text(FILE)
    return tmp_path / "oidc.toml"


def request_in(region: str, *parents: str) -> Any:
    policy = SimpleNamespace(region=SimpleNamespace(id=region, parents=parents))
    service = SimpleNamespace(office=SimpleNamespace(policy=policy))
    return SimpleNamespace(app=SimpleNamespace(state=SimpleNamespace(service=service)))


HERE = request_in("tianjin", "china")


def token(
    key: Any = KEY, header: Mapping[str, Any] = {"alg": "RS256", "kid": "a"}, **changes: Any
) -> str:
    claims = {**CLAIMS, "exp": int(time()) + 300, **changes}
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(dict(header), claims, key, algorithms=[header["alg"]])


def test_a_token_says_who_asks(file: Path) -> None:
    believes = Oidc(read_provider(file))
    found = believes(HERE, token())
    assert found is not None
    principal, seconds = found
    expected = Principal("oidc:8f14e45f", frozenset({"institution"}), {"institution": "H3"})
    assert principal == expected
    assert 295 < seconds <= 300
    found = believes(HERE, token(CURVE, {"alg": "ES256", "kid": "b"}, realm={"roles": "auditor"}))
    assert found is not None
    assert (found[0].roles, found[0].own) == ({"auditor"}, {})
    assert believes(HERE, "no-jwt") is None


def test_who_is_of_another_region_has_the_roles_that_reach_here(file: Path) -> None:
    believes = Oidc(read_provider(file))

    def roles(area: Any) -> frozenset[str]:
        found = believes(HERE, token(area=area, realm={"roles": ["auditor", "benefits"]}))
        assert found is not None
        return found[0].roles

    assert roles("tianjin") == {"auditor", "benefits"}
    assert roles("china") == {"auditor"}  # from above: looks, does nothing
    for other in ("henan", "", None, ["tianjin"], 7):
        assert roles(other) == set()


def test_claims_that_are_signed_as_they_are_written_are_believed(file: Path) -> None:
    found = Oidc(read_provider(file))(HERE, _saying(f'{{{_SAID}, "area": "tianjin"}}'))
    assert found is not None  # so that what BAD has of them is wrong for its own reason
    assert found[0].roles == frozenset()


def _tampered(good: str) -> str:
    head, body, signature = good.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    changed = json.dumps({**claims, "yibao_id": "H1"}).encode()
    return ".".join([head, base64.urlsafe_b64encode(changed).rstrip(b"=").decode(), signature])


def _unsigned() -> str:
    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none'})}.{part({**CLAIMS, 'exp': int(time()) + 300})}."


def _by_public_key() -> str:
    """Sign with the public key as if it were a shared secret."""
    _, body, _ = token().split(".")
    head = base64.urlsafe_b64encode(b'{"alg": "HS256", "kid": "a"}').rstrip(b"=").decode()
    made = hmac.digest(KEY.as_pem(private=False), f"{head}.{body}".encode(), "sha256")
    return f"{head}.{body}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"


def _saying(claims: str) -> str:
    """Sign claims as they are written, `END` for a time to come."""
    written = claims.replace("END", str(int(time()) + 300))
    return jws.serialize_compact({"alg": "RS256", "kid": "a"}, written, KEY)


_SAID = '"iss": "https://login.example.org", "aud": "yibao", "sub": "x", "exp": END'

BAD = {
    "an end of 400 digits": lambda: token(exp=10**400),
    "an end that never comes": lambda: token(exp=float("nan")),
    "claims within one another": lambda: _saying("[" * 20_000),
    "roles that are no list": lambda: token(realm={"roles": {"auditor": False}}),
    "a role that is no text": lambda: token(realm={"roles": [{}]}),
    "a claim twice": lambda: _saying(
        f'{{{_SAID}, "realm": {{"roles": [], "roles": ["auditor"]}}}}'
    ),
    "expired": lambda: token(exp=int(time()) - 60),
    "without an end": lambda: token(exp=None),
    "an end that is no time": lambda: token(exp="soon"),
    "not yet": lambda: token(nbf=int(time()) + 600),
    "another issuer": lambda: token(iss="https://login.example.org/"),
    "no issuer": lambda: token(iss=None),
    "another audience": lambda: token(aud="other"),
    "no audience": lambda: token(aud=None),
    "no subject": lambda: token(sub=None),
    "a subject with blanks": lambda: token(sub="a b"),
    "a subject that is no text": lambda: token(sub=7),
    "changed": lambda: _tampered(token()),
    "another key of the same name": lambda: token(RSAKey.generate_key(2048, {"kid": "a"})),
    "a key that nobody has": lambda: token(header={"alg": "RS256", "kid": "z"}),
    "no key named": lambda: token(header={"alg": "RS256"}),
    "an algorithm that is not allowed": lambda: token(header={"alg": "PS256", "kid": "a"}),
    "unsigned": _unsigned,
    "the public key as a secret": _by_public_key,
    "two dots and nothing": lambda: "..",
    "no JSON": lambda: "e30.e30.e30",
    "own data without an id": lambda: token(yibao_id=None),
    "an id that is no text": lambda: token(yibao_id=["H3"]),
    "two roles with own data": lambda: token(realm={"roles": ["institution", "insured"]}),
    "roles that are none": lambda: token(realm={"roles": [["x"]]}),
}


@pytest.mark.parametrize("name", BAD)
def test_what_does_not_hold(file: Path, name: str) -> None:
    with pytest.raises(NotSignedIn) as refused:
        Oidc(read_provider(file))(HERE, BAD[name]())
    assert "H3" not in str(refused.value)


class Served:
    """An address with keys, which may change or be out of order."""

    def __init__(self) -> None:
        self.keys: Any = PUBLIC
        self.asked = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked += 1
                self.send_response(200 if outer.keys else 500)
                self.end_headers()
                self.wfile.write(json.dumps(outer.keys).encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/keys"
        Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def served() -> Iterator[Served]:
    served = Served()
    yield served
    served.server.shutdown()


def test_a_new_key_is_fetched_but_not_as_often_as_somebody_asks(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oidc, "AGAIN", 0.0)
    new = RSAKey.generate_key(2048, {"kid": "c"})
    provider = Provider("https://login.example.org", "yibao", served.address, "realm.roles")
    believes = Oidc(provider)
    assert believes(HERE, token())
    served.keys = KeySet([KEY, new]).as_dict(private=False)
    assert believes(HERE, token(new, {"alg": "RS256", "kid": "c"}))
    assert served.asked == 2
    monkeypatch.setattr(oidc, "AGAIN", 60.0)
    for _ in range(3):
        with pytest.raises(NotSignedIn):
            believes(HERE, token(header={"alg": "RS256", "kid": "z"}))
    assert served.asked == 2
    monkeypatch.setattr(oidc, "AGAIN", 0.0)
    served.keys = None
    with pytest.raises(NotSignedIn):
        believes(HERE, token(header={"alg": "RS256", "kid": "z"}))
    assert believes(HERE, token())  # those that are kept still hold


def test_keys_that_cannot_be_had(served: Served, tmp_path: Path) -> None:
    served.keys = None
    keys = Keys(served.address)
    for _ in range(2):
        with pytest.raises(StoreError):
            keys.get()
    assert served.asked == 1


WRONG = {
    "no TOML": ("=", "oidc.toml"),
    "something missing": (FILE.replace("audience", "#"), "audience"),
    "something unknown": (FILE + "secret = 'x'", "secret"),
    "no text": (FILE.replace('"area"', "7"), "region"),
    "a shared secret": (FILE + "algorithms = ['HS256']", "algorithms"),
    "no algorithm": (FILE + "algorithms = []", "algorithms"),
    "an address that others can answer for": (
        FILE.replace('"keys.json"', '"http://login.example.org/keys"'),
        "https",
    ),
    "no file of keys": (FILE.replace("keys.json", "none.json"), "none.json"),
    "no keys": (FILE.replace("keys.json", "oidc.toml"), "JWKS"),
}


@pytest.mark.parametrize("name", WRONG)
def test_files_that_do_not_say_whom_to_believe(file: Path, name: str) -> None:
    said, told = WRONG[name]
    file.write_text(said)
    with pytest.raises(CannotRead, match=told):
        read_provider(file)
