"""`yibao client` against a centre that answers as it is told, over real HTTP."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from yibao.api.national.gateway import Gateway, Key, Scheme, can
from yibao.cli import app
from yibao.interop.national.load import interface
from yibao.interop.national.sample import message, request

SIGN_IN = request(interface(), "9001")
REPLY = {
    "infcode": 0,
    "output": message(interface(), interface().transactions["9001"].output, everything=True),
}


class Answering(HTTPServer):
    """Answers each request with the next of `replies`, a status and a body."""

    replies: list[tuple[int, bytes]]
    seen: list[Any]
    signed: list[tuple[dict[str, str], bytes]]


class _Handler(BaseHTTPRequestHandler):
    server: Answering

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        raw = self.rfile.read(length)
        self.server.seen.append(json.loads(raw))
        self.server.signed.append((dict(self.headers), raw))
        status, body = self.server.replies.pop(0)
        self.send_response(status)
        if body.startswith(b"PK"):
            self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def centre() -> Iterator[Answering]:
    server = Answering(("127.0.0.1", 0), _Handler)
    server.replies, server.seen, server.signed = [], [], []
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def call(centre: Answering, *arguments: str, given: str | None = None) -> Result:
    url = f"http://127.0.0.1:{centre.server_port}/"
    environment = {"YIBAO_LANG": "zh", "YIBAO_CENTRE_URL": url}
    return CliRunner().invoke(app, ["client", *arguments], input=given, env=environment)


def test_a_message_is_sent_and_its_reply_printed(centre: Answering) -> None:
    centre.replies = [(200, b'{"infcode": 0, "output": {"amt": 12.10}}')]
    told = call(centre, "send", "-", given='{"infno": "9001", "amt": 1.10}')
    assert told.exit_code == 0, told.output
    assert '"amt": 12.10' in told.output  # exact: not 12.1
    assert centre.seen == [{"infno": "9001", "amt": 1.10}]


def test_an_operator_is_signed_in_for_a_message_and_out_after_it(centre: Answering) -> None:
    given = request(interface(), "1101")
    done = b'{"infcode": 0, "output": {"baseinfo": "x"}}'
    centre.replies = [(200, json.dumps(REPLY).encode()), (200, done), (503, b"busy")]
    told = call(centre, "send", "-", "--sign-in", given=json.dumps(given, default=str))
    assert (told.exit_code, '"baseinfo": "x"' in told.output) == (0, True), told.output
    number = REPLY["output"]["signinoutb"]["sign_no"]
    before, sent, after = centre.seen
    assert [m["infno"] for m in centre.seen] == ["9001", "1101", "9002"]
    assert before["input"]["signIn"]["opter_no"] == sent["opter"] == given["opter"]
    assert sent == {**json.loads(json.dumps(given, default=str)), "sign_no": number}
    assert after["input"]["signOut"] == {"opter_no": given["opter"], "sign_no": number}
    assert len({m["msgid"] for m in centre.seen}) == 3

    centre.replies = [(200, '{"infcode": -1, "err_msg": "未登记"}'.encode())]
    told = call(centre, "send", "-", "--sign-in", given=json.dumps(given, default=str))
    assert (told.exit_code, "未登记" in told.output) == (1, True)  # and the message is not sent


@pytest.mark.parametrize(
    ("status", "body", "says", "code"),
    [
        (200, '{"infcode": -1, "err_msg": "未签到"}'.encode(), "未签到", 1),
        (503, b"busy", "HTTP 503: busy", 4),
        (200, b"<html>", "the reply is no JSON", 4),
        (200, b"[]", "the reply is no message", 4),
    ],
)
def test_what_is_not_done_is_told(
    centre: Answering, status: int, body: bytes, says: str, code: int
) -> None:
    centre.replies = [(status, body)]
    told = call(centre, "send", "-", given="{}")
    assert says in told.output
    assert told.exit_code == code


def test_nobody_there_and_no_address() -> None:
    runner = CliRunner()
    told = runner.invoke(app, ["client", "send", "-", "--url", "http://127.0.0.1:9/"], input="{}")
    assert told.exit_code == 4
    assert "中心没有应答" in told.output
    told = runner.invoke(app, ["client", "send", "-", "--url", "file:///etc/passwd"], input="{}")
    assert told.exit_code == 2
    assert "root:" not in told.output


def test_a_recording_is_played_and_recorded_anew(centre: Answering, tmp_path: Path) -> None:
    recorded, now = tmp_path / "was.jsonl", tmp_path / "now.jsonl"
    recorded.write_text(json.dumps({"request": SIGN_IN, "reply": REPLY}) + "\n", encoding="utf-8")
    live = json.loads(json.dumps(REPLY))
    live["output"]["signinoutb"]["sign_no"] = "another"
    centre.replies = [(200, json.dumps(live).encode())] * 2
    told = call(centre, "replay", str(recorded), "-o", str(now))
    assert told.exit_code == 0, told.output
    assert "9001   签到  与录制相同" in told.output
    assert "1 次交易，0 次与录制不同" in told.output
    (exchange,) = map(json.loads, now.read_text(encoding="utf-8").splitlines())
    assert exchange["reply"] == live
    assert exchange["request"]["msgid"] != SIGN_IN["msgid"]

    again = call(centre, "replay", str(recorded), "-o", str(now))  # nothing is overwritten
    assert again.exit_code == 5
    assert "文件已存在" in again.output


def test_what_is_answered_otherwise_fails(centre: Answering, tmp_path: Path) -> None:
    recorded = tmp_path / "was.jsonl"
    recorded.write_text(json.dumps({"request": SIGN_IN, "reply": REPLY}), encoding="utf-8")
    centre.replies = [(200, '{"infcode": -1, "err_msg": "未知机构"}'.encode())] * 2
    told = call(centre, "replay", str(recorded))
    assert told.exit_code == 1
    assert "交易状态码（infcode）：录制为 0，现为 -1 未知机构" in told.output
    (one,) = json.loads(call(centre, "replay", str(recorded), "--json").output)["exchanges"]
    assert one["differences"][0]["live"] == "-1 未知机构"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("[" * 200_000, "嵌套超过64层"),
        ('{"opter_name": "\\ud800"}', "含有不成对的代理字符"),
        ('{"infno": "9001", "infno": "2207"}', "字段 infno 在同一对象中出现多次"),
    ],
)
def test_a_message_that_cannot_be_one_is_not_sent(
    centre: Answering, tmp_path: Path, given: str, says: str
) -> None:
    recording = tmp_path / "was.jsonl"
    recording.write_text(f'{{"request": {given}}}', encoding="utf-8")
    told = call(centre, "send", "-", given=given)
    assert (told.exit_code, says in told.output) == (4, True), told.output
    for command in (["client", "replay"], ["interface", "check"]):
        told = CliRunner().invoke(app, [*command, str(recording)])
        assert (told.exit_code, ":1: " in told.output) == (4, True), told.output
    assert centre.seen == []


@pytest.mark.parametrize("scheme", ["hmac-sha1", "hmac-sm3"])
def test_a_message_is_signed_as_a_gateway_wants_it(centre: Answering, scheme: Scheme) -> None:
    if not can(scheme):
        pytest.skip("no SM3 in this library")
    secret, owns = "0123456789abcdef", frozenset({"H12019900002"})
    gateway = Gateway(scheme, {"AK1": Key(secret.encode(), owns)})
    centre.replies = [(200, b'{"infcode": 0}')] * 2
    options = ["--access-key", "AK1", "--secret", secret, "--scheme", scheme]
    assert call(centre, "send", "-", *options, given='{"infno": "9001"}').exit_code == 0
    headers, body = centre.signed[0]
    assert gateway.admit({k.lower(): v for k, v in headers.items()}, body).institutions == owns
    assert secret not in str(headers)
    assert call(centre, "send", "-", given="{}").exit_code == 0
    assert not any("api" in name or "x-ca" in name for name in centre.signed[1][0])


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--access-key", "AK1"], "go together"),
        (["--secret", "x"], "go together"),
        (["--access-key", "密", "--secret", "x"], "ASCII"),
    ],
)
def test_half_a_key_is_wrong_usage(centre: Answering, options: list[str], says: str) -> None:
    told = call(centre, "send", "-", *options, given="{}")
    assert (told.exit_code, says in told.output) == (2, True), told.output
    assert centre.seen == []


def test_a_file_that_comes_back_is_saved(centre: Answering, tmp_path: Path) -> None:
    centre.replies = [(200, b"PK\x03\x04\xff")] * 3
    file = tmp_path / "catalogue.zip"
    told = call(centre, "send", "-", given='{"infno": "9102"}')
    assert (told.exit_code, "请用 -o 指定" in told.output) == (5, True), told.output
    told = call(centre, "send", "-", "-o", str(file), given='{"infno": "9102"}')
    assert (told.exit_code, file.read_bytes()) == (0, b"PK\x03\x04\xff"), told.output
    again = call(centre, "send", "-", "-o", str(file), "--json", given='{"infno": "9102"}')
    assert json.loads(again.stdout)["error"]["exit_code"] == again.exit_code == 5


def test_what_cannot_be_sent_again_is_counted_and_a_file_is_an_answer(
    centre: Answering, tmp_path: Path
) -> None:
    recorded = tmp_path / "was.jsonl"
    request_of_a_file = {"infno": "9102", "msgid": "M", "input": {}}
    lines = [{"reply": REPLY}, {"request": request_of_a_file, "reply": "PK"}, {"request": "<html>"}]
    recorded.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    centre.replies = [(200, b"PK")]
    told = call(centre, "replay", str(recorded))
    assert told.exit_code == 0, told.output
    assert "1 次交易，0 次与录制不同；2 行没有可重放的请求" in told.output


def test_the_cash_of_a_settlement_that_is_asked_for_is_told(
    centre: Answering, tmp_path: Path
) -> None:
    recorded = tmp_path / "was.jsonl"
    sums = {"medfee_sumamt": 5, "fund_pay_sumamt": 2, "cash_payamt": 3}
    reply = {"infcode": 0, "output": {"setlinfo": sums}}
    recorded.write_text(json.dumps({"request": {"infno": "5203"}, "reply": reply}))
    centre.replies = [(200, json.dumps(reply).encode())]
    assert "总额 5 基金 2 现金 3" in call(centre, "replay", str(recorded)).output
