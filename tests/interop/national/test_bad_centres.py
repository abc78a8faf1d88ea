"""Centres that answer with anything but a reply: the client says so, and what is known of it."""

import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from time import monotonic, sleep

import pytest

from yibao.clock import now
from yibao.interop.national.client import Centre, send, signed_in
from yibao.interop.national.transport import NoAnswer

Act = Callable[[socket.socket, Event], None]
UNKNOWN, NOT_SENT, REFUSED = "报文已发出", "报文未发出", "中心未受理"


def _length(seen: bytes) -> int:
    head, _, _ = seen.partition(b"\r\n\r\n")
    (length,) = re.findall(rb"(?m)^Content-Length: (\d+)", head)
    return len(head) + 4 + int(length)


def requested(one: socket.socket) -> bytes:
    """Return a whole request; raises OSError where none comes."""
    one.settimeout(2)
    seen = b""
    while b"\r\n\r\n" not in seen or len(seen) < _length(seen):
        got = one.recv(65536)
        if not got:
            raise ConnectionError
        seen += got
    one.settimeout(None)
    return seen


@contextmanager
def acting(act: Act) -> Iterator[str]:
    """Yield the address of a server that reads a request and then acts."""
    over = Event()

    def run() -> None:
        while not over.is_set():
            with suppress(OSError):
                one, _ = listening.accept()
                with one, suppress(OSError):
                    requested(one)
                    act(one, over)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.1)
        thread = Thread(target=run, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        over.set()
        thread.join()


def ok(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body


HUGE = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + b" " * (70 << 20)
ELSEWHERE = b"302 Found\r\nLocation: http://127.0.0.1:9/"
ANSWERS: list[tuple[bytes, str]] = [
    (b"", "without response"),
    (b"GARBAGE\x1b[31m\r\n\r\n", "no HTTP"),
    (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n", "no HTTP"),
    (b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 300 + b"\r\n", "no HTTP"),
    (b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"a":', "cut off"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{}", "cut off"),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n", "cut off"),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{}", "cut off"),
    (
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + b" " * (70 << 20),
        "more than 64 MiB",
    ),
    (ok(b"[" * 200_000), "deeper than"),
    (ok(b'{"err_msg": "\\ud800"}'), "lone surrogate"),
    (ok(b'{"infcode": 0, "infcode": -1}'), "more than once"),
    (ok(b'{"infcode": NaN}'), "no JSON"),
    (ok(b"9" * 5000), "no JSON"),
    (ok('{"infcode": 0}'.encode("utf-16")), "no JSON"),
    (ok(b"<html>"), "no JSON"),
    (ok(b"[]"), "no message"),
    (b"HTTP/1.1 204 No Content\r\n\r\n", "HTTP 204"),
    (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 5\r\n\r\n\x1b[31m", r"HTTP 502: \x1b[31m"),
]


@pytest.mark.parametrize(("answer", "says"), ANSWERS, ids=[str(n) for n in range(len(ANSWERS))])
def test_what_is_no_reply_leaves_the_outcome_unknown(answer: bytes, says: str) -> None:
    with acting(lambda one, _: one.sendall(answer)) as url, pytest.raises(NoAnswer) as told:
        send(Centre(url, 20), {"infno": "2207"})
    said = str(told.value)
    assert (says in said, UNKNOWN in said, "\x1b" in said) == (True, True, False), said
    assert len(said) < 1000


@pytest.mark.parametrize("status", [ELSEWHERE, b"404 Not Found"])
def test_what_does_not_take_messages_is_told_and_not_followed(status: bytes) -> None:
    answer = b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n"
    with acting(lambda one, _: one.sendall(answer)) as url, pytest.raises(NoAnswer) as told:
        send(Centre(url, 20), {})
    assert REFUSED in str(told.value)
    assert f"HTTP {status[:3].decode()}" in str(told.value)


def drip(one: socket.socket, over: Event, before: bytes = b"") -> None:
    one.sendall(before)
    while not over.wait(0.1):
        one.sendall(b" ")


@pytest.mark.parametrize(
    "act",
    [
        lambda _, over: over.wait(20),
        drip,
        lambda one, over: drip(one, over, b"HTTP/1.1 200 OK\r\nX:"),
        lambda one, over: drip(one, over, b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"),
    ],
    ids=["silent", "status", "head", "body"],
)
def test_a_reply_has_its_time_as_a_whole(act: Act) -> None:
    begun = monotonic()
    with acting(act) as url:
        with pytest.raises(NoAnswer, match="within 1 s") as told:
            send(Centre(url, 1), {})
        assert monotonic() - begun < 10
    assert UNKNOWN in str(told.value)


def test_what_was_not_sent_is_told_as_such() -> None:
    for url in ("http://127.0.0.1:9/", f"http://{'a' * 64}.invalid/", "https://127.0.0.1:9/"):
        with pytest.raises(NoAnswer) as told:
            send(Centre(url, 5), {})
        assert NOT_SENT in str(told.value)
    with acting(lambda one, _: one.sendall(ok(b"{}"))) as url:
        with pytest.raises(NoAnswer, match="surrogates not allowed") as told:
            send(Centre(url, 5), {"opter_name": "\ud800"})
        assert NOT_SENT in str(told.value)
        assert send(Centre(url, 5), {}) == {}
        with pytest.raises(NoAnswer) as told:
            send(Centre(url.replace("http", "https"), 5), {})
        assert NOT_SENT in str(told.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/a b",
        "http://127.0.0.1/a\r\nX: y",
        "http://127.0.0.1\r\n/",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:x/",
        "http://[::1/",
        "http://who:secret@127.0.0.1/",
        "http://医保/",
        "http:///x",
        "file:///etc/passwd",
        "",
    ],
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(ValueError, match="应为HTTP地址"):
        Centre(url)


def test_an_address_is_asked_with_its_query() -> None:
    seen = []

    with socket.create_server(("127.0.0.1", 0)) as listening:

        def run() -> None:
            one, _ = listening.accept()
            with one:
                seen.append(requested(one))
                one.sendall(ok(b"{}"))

        thread = Thread(target=run)
        thread.start()
        send(Centre(f"http://127.0.0.1:{listening.getsockname()[1]}/a/b?c=d#e"), {"infno": "张"})
        thread.join()
    head, _, body = seen[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /a/b?c=d HTTP/1.1\r\n")
    assert b"Content-Type: application/json; charset=utf-8" in head
    assert body == '{"infno": "张"}'.encode()


@pytest.mark.parametrize("output", [b"null", b"[]", b'{"signinoutb": 1}', b"{}"])
def test_a_sign_in_without_a_number_is_no_answer(output: bytes) -> None:
    reply = ok(b'{"infcode": 0, "output": ' + output + b"}")
    with acting(lambda one, _: one.sendall(reply)) as url:
        centre = Centre(url, 5)
        with pytest.raises(NoAnswer, match="sign_no"):
            signed_in(lambda message: send(centre, message), {"infno": "1101"}, now())


LEAVING = """
import signal, sys
from yibao.interop.national.client import Centre, send
from yibao.interop.national.transport import NoAnswer

signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # as the command line does
try:
    send(Centre(sys.argv[1], 20), {"a": "x" * 20_000_000})
except NoAnswer as told:
    print(told)
"""


def test_a_server_that_takes_no_more_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def run() -> None:
            with listening.accept()[0] as one:
                sleep(0.3)
                one.shutdown(socket.SHUT_WR)
                sleep(0.3)

        thread = Thread(target=run)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        command = [sys.executable, "-c", LEAVING, url]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        thread.join()
    assert (done.returncode, NOT_SENT in done.stdout) == (0, True), done
