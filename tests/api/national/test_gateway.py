"""Who may speak to the centre and by which way: paths of services, keys of gateways, settings."""

import base64
import hashlib
import hmac
import json
import socket
from pathlib import Path
from time import time
from typing import Any

import pytest
from centres import ENTRY, Hospital, faults
from desks import tianjin
from services import Client, running
from typer.testing import CliRunner

from yibao.agency.desk.registers import REGISTERS
from yibao.api.app import create_app
from yibao.api.guard.asked import trust_actor
from yibao.api.guard.rates import Rate, Rates
from yibao.api.guard.tokens import Tokens
from yibao.api.national.settings import CLOSED, PLAIN, Settings, load
from yibao.cli import app as command
from yibao.cli import exit_codes
from yibao.cli.serve_commands import _interface
from yibao.errors import CannotRead
from yibao.store.database import Database

SIGN_IN = {"signIn": {"opter_no": "0001", "mac": "00-0A", "ip": "10.0.0.1"}}
SECRET = "0123456789abcdef"


def test_a_service_has_its_path(hospital: Hospital) -> None:
    body = {"data": {"mdtrt_cert_type": "03", "mdtrt_cert_no": "P1", "psn_cert_type": "01"}}
    message = hospital.message("1101", body)
    known = "/fsi/api/fsiPsnInfoService/queryPsnInfo"
    for path in (known, "/fsi/api/transaction/1101"):
        assert hospital.send(message, path)["infcode"] == 0
    other = hospital.send(message, "/fsi/api/reverseService/revsMethod")
    assert other["err_msg"] == "交易编号(infno)：1101，交易2601的地址"
    nobodys = hospital.send(message, "/fsi/api/reverseService/nothing")
    assert nobodys["err_msg"] == "交易编号(infno)：1101，没有此服务地址"


def speaking(url: str, settings: Settings) -> Any:
    return running(create_app(url, tianjin(), REGISTERS, identify=trust_actor, interface=settings))


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("open_", "closed"),
    [("entry", "transaction/9001"), ("services", "rsfComIfsService/callService")],
)
def test_a_way_can_be_closed(url: str, open_: str, closed: str) -> None:
    ways = {"entry": "rsfComIfsService/callService", "services": "transaction/9001"}
    with speaking(url, Settings(transports=frozenset({open_}))) as port:
        hospital = Hospital(Client(port))
        assert (
            hospital.send(hospital.message("9001", SIGN_IN), f"/fsi/api/{ways[open_]}")["infcode"]
            == 0
        )
        refused = hospital.send(hospital.message("9001", SIGN_IN), f"/fsi/api/{closed}")
        assert refused["err_msg"].startswith("本中心未开通此接入地址，请用/fsi/api/")
        assert (ENTRY in refused["err_msg"]) is (open_ == "entry")
        hospital.client.close()


@pytest.mark.usefixtures("database")
def test_nobody_speaks_where_nobody_has_opened_the_interface(url: str) -> None:
    app = create_app(url, tianjin(), REGISTERS, identify=trust_actor)  # as it is made by default
    with running(app) as port:
        hospital = Hospital(Client(port))
        for address in ("rsfComIfsService/callService", "transaction/9001"):
            told = hospital.send(hospital.message("9001", SIGN_IN), f"/fsi/api/{address}")
            assert told["infcode"] == -1
            assert told["err_msg"].startswith("本中心未开通国家接口")
            assert "--interface" in told["err_msg"]  # and how to open it
            assert "--trust-actor" in told["err_msg"]
        hospital.client.close()
        assert "未开通国家接口" in unsent(port, {})["err_msg"]


def unsent(port: int, headers: dict[str, str]) -> Any:
    """Return the reply to a message of 9 MB of which nothing is sent: it comes all the same."""
    lines = [f"POST {ENTRY} HTTP/1.1", "Host: x", "Content-Length: 9000000"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    with socket.create_connection(("127.0.0.1", port)) as one:
        one.settimeout(10)
        one.sendall("\r\n".join([*lines, "", ""]).encode())
        got = b""
        while part := one.recv(65536):
            got += part
            if got.endswith(b"}"):
                break
    return json.loads(got.partition(b"\r\n\r\n")[2])


def test_of_whom_the_gateway_does_not_know_nothing_is_read(sha1_port: int) -> None:
    assert unsent(sha1_port, {})["message"] == "缺少服务网关的请求头!"
    assert unsent(sha1_port, {**signed(), "_api_name": "other"})["message"] == "签名不一致!"


def test_serve_opens_the_interface_to_everybody_only_where_everybody_is_trusted() -> None:
    assert _interface(None, trust=False) == CLOSED
    assert _interface(None, trust=True) == PLAIN


SHA1 = f"""
profile: hunan
gateway:
  scheme: hmac-sha1
  minutes: 10
  keys:
    AK1: {{secret: {SECRET}, institutions: [H3, H1]}}
"""


def signed(**changes: str) -> dict[str, str]:
    headers = {
        "_api_name": "fsi",
        "_api_version": "1.0.0",
        "_api_timestamp": str(int(time() * 1000)),
        "_api_access_key": "AK1",
        **changes,
    }
    text = "&".join(f"{name}={headers[name]}" for name in sorted(headers)).encode()
    made = hmac.new(SECRET.encode(), text, hashlib.sha1).digest()
    return {"_api_signature": base64.b64encode(made).decode(), **headers}


def post(hospital: Hospital, headers: dict[str, str], **envelope: Any) -> tuple[int, Any]:
    raw = json.dumps(hospital.message("9001", SIGN_IN, **envelope)).encode()
    connection = hospital.client._connection
    path = "/fsi/api/rsfComIfsService/callService"
    connection.request("POST", path, raw, {"Content-Type": "application/json", **headers})
    got = connection.getresponse()
    return got.status, json.loads(got.read())


@pytest.fixture(scope="module")
def sha1_port(url: str, database: Database, tmp_path_factory: pytest.TempPathFactory) -> Any:
    assert database
    file = tmp_path_factory.mktemp("settings") / "interface.yaml"
    file.write_text(SHA1)
    with speaking(url, load(file)) as port:
        yield port


@pytest.fixture
def behind(sha1_port: int) -> Any:
    client = Client(sha1_port)
    yield Hospital(client)
    client.close()


def test_a_request_that_is_signed_is_let_through(behind: Hospital) -> None:
    status, reply = post(behind, signed())
    assert (status, reply["infcode"]) == (200, 0)


OLD = str(int(time() * 1000) - 11 * 60_000)


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({}, "缺少服务网关的请求头!"),
        (signed(_api_timestamp=OLD), "签名时间戳超时!"),
        (signed(_api_timestamp="1" * 12), "签名时间戳超时!"),
        (signed(_api_timestamp="x"), "签名时间戳超时!"),
        (signed(_api_access_key="AK2"), "非法用户!"),
        ({**signed(), "_api_name": "other"}, "签名不一致!"),
        ({**signed(), "_api_signature": "\u00e9"}, "签名不一致!"),
    ],
)
def test_what_is_not_signed_is_not(behind: Hospital, headers: dict[str, str], told: str) -> None:
    assert post(behind, headers) == (401, {"code": 401, "message": told})


def test_a_key_speaks_for_its_own_institutions(behind: Hospital) -> None:
    status, reply = post(behind, signed(), fixmedins_code="H2")
    assert (status, reply["err_msg"]) == (200, "定点医药机构编号(fixmedins_code)：与网关用户不符")


def test_a_profile_asks_for_more(behind: Hospital) -> None:
    body = {"data": {"mdtrt_cert_type": "03", "mdtrt_cert_no": "P1", "psn_cert_type": "01"}}
    raw = json.dumps(behind.message("1101", body)).encode()
    reply = behind.client("POST", "/fsi/api/transaction/1101", raw=raw, **_dashed(signed())).json
    assert reply == {"code": 401, "message": "缺少服务网关的请求头!"}  # dashes are other names
    connection = behind.client._connection
    connection.request("POST", "/fsi/api/transaction/1101", raw, signed())
    told = json.loads(connection.getresponse().read())["err_msg"]
    assert "证件号码(data.certno)：必填" in told


def _dashed(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


@pytest.mark.usefixtures("database")
def test_a_body_is_signed_by_sm3(url: str, tmp_path: Path) -> None:
    file = tmp_path / "interface.yaml"
    file.write_text(SHA1.replace("hmac-sha1", "hmac-sm3").replace("AK1", "H3"))
    with speaking(url, load(file)) as port:
        hospital = Hospital(Client(port))
        raw = json.dumps(hospital.message("9001", SIGN_IN)).encode()
        made = hmac.new(SECRET.encode(), raw, "sm3").hexdigest()
        path = "/fsi/api/rsfComIfsService/callService"

        def told(body: bytes, **headers: str) -> Any:
            return hospital.client("POST", path, raw=body, **headers).json

        signature = {"x_ca_key": "H3", "x_ca_signature": made}
        assert told(raw, **signature)["infcode"] == 0
        assert told(raw + b" ", **signature)["message"] == "签名不一致!"
        assert told(raw)["message"] == "缺少服务网关的请求头!"
        assert told(raw, x_ca_key="H4", x_ca_signature=made)["message"] == "非法用户!"
        assert unsent(port, {"x-ca-key": "H4", "x-ca-signature": made})["message"] == "非法用户!"
        assert unsent(port, {"x-ca-key": "H3"})["message"] == "缺少服务网关的请求头!"
        hospital.client.close()


def test_who_asks_too_often_is_told_in_an_envelope_and_strangers_without(
    url: str, database: Database, tmp_path: Path
) -> None:
    assert database
    file = tmp_path / "interface.yaml"
    other = f"    AK2: {{secret: {SECRET}, institutions: [H2]}}\n"
    file.write_text(SHA1 + other)
    clock = lambda: 0.0  # noqa: E731 (no time passes)
    few = Rates(Rate(1, 2, clock), Rate(1, 1, clock), Rate(1, 1, clock))
    identify = Tokens([], few)
    app = create_app(url, tianjin(), REGISTERS, identify=identify, interface=load(file))
    with running(app) as port:
        hospital = Hospital(Client(port))
        told = [post(hospital, signed()) for _ in range(3)]
        assert [status for status, _ in told] == [200, 200, 200]
        assert [reply["infcode"] for _, reply in told] == [0, 0, -1]
        assert told[2][1]["err_msg"] == "请求过于频繁，请稍后再试"
        assert faults("9001", told[2][1]) == []
        another = post(hospital, signed(_api_access_key="AK2"), fixmedins_code="H2")
        assert another[1]["infcode"] == 0  # each key for itself
        strangers = [post(hospital, {}) for _ in range(2)]
        assert [status for status, _ in strangers] == [401, 429]
        assert strangers[1][1] == {"code": 429, "message": "请求过于频繁，请稍后再试"}
        hospital.client.close()


def test_a_closed_interface_counts_addresses(url: str, database: Database) -> None:
    assert database
    clock = lambda: 0.0  # noqa: E731 (no time passes)
    few = Rates(Rate(1, 9, clock), Rate(1, 2, clock), Rate(1, 1, clock))
    app = create_app(url, tianjin(), REGISTERS, identify=Tokens([], few))
    with running(app) as port:
        hospital = Hospital(Client(port))
        assert [post(hospital, {})[0] for _ in range(3)] == [200, 200, 429]
        hospital.client.close()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (("profile: hunan", "profile: mars"), "profile: found mars; expected one of hunan"),
        (("scheme: hmac-sha1", "scheme: md5"), "gateway.scheme: found md5"),
        (("minutes: 10", "minutes: 0"), "gateway.minutes: found 0"),
        (("profile", "sign_in: always\nprofile"), "sign_in: found always; expected optional or"),
        ((SECRET, "short"), "gateway.keys.AK1.secret: found …"),
        (("[H3, H1]", "H3"), "gateway.keys.AK1.institutions: found H3"),
        (("profile", "transport: [entry]\nprofile"), "file: found ['transport']"),
        (("profile", "transports: [ftp]\nprofile"), "transports: found ['ftp']"),
    ],
)
def test_settings_that_cannot_be_are_told(
    tmp_path: Path, changes: tuple[str, str], told: str
) -> None:
    file = tmp_path / "interface.yaml"
    file.write_text(SHA1.replace(*changes))
    with pytest.raises(CannotRead) as error:
        load(file)
    assert told in str(error.value)


def test_the_command_tells_what_is_wrong_with_settings(tmp_path: Path) -> None:
    file = tmp_path / "interface.yaml"
    file.write_text(SHA1.replace("hunan", "mars"))
    run = CliRunner().invoke(command, ["serve", "--interface", str(file)])
    assert run.exit_code == exit_codes.INPUT
    assert "found mars" in run.output
    assert SECRET not in run.output


def test_settings_are_strict_yaml(tmp_path: Path) -> None:
    file = tmp_path / "interface.yaml"
    file.write_text("profile: hunan\nprofile: shenzhen\n")
    with pytest.raises(CannotRead, match="profile"):
        load(file)
    file.write_text("{}\n")
    assert load(file) == PLAIN
    file.write_text("sign_in: required\n")
    assert load(file) == Settings(sign_in="required")
