"""Connections that are slow, silent or gone, and where a request is taken to come from."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

import pytest

SERVED = """
from fastapi import FastAPI, Request
from yibao.api import patience
from yibao.api.access import Watch, line
from yibao.api.serve import serve

def application():
    app = FastAPI()

    @app.post("/")
    async def answer(request: Request) -> str:
        await request.body()
        return request.client.host

    @app.get("/slow")
    async def slow() -> str:
        import asyncio
        await asyncio.sleep(2.5)
        return "done"

    app.add_middleware(Watch, tells=[line])
    return app

patience.PATIENCE = 1.0
serve(application, host="127.0.0.1", port=0)
"""


@contextmanager
def serving(**environment: str) -> Iterator[tuple[int, "subprocess.Popen[str]"]]:
    kept = {n: v for n, v in os.environ.items() if n != "FORWARDED_ALLOW_IPS"}
    with subprocess.Popen(
        [sys.executable, "-c", SERVED], stderr=subprocess.PIPE, text=True, env=kept | environment
    ) as run:
        try:
            assert run.stderr is not None
            for told in run.stderr:
                if found := re.search(r"http://127\.0\.0\.1:(\d+)", told):
                    port = int(found[1])
                if "startup complete" in told:
                    break
            yield port, run
        finally:
            run.terminate()


def ask(port: int, sent: bytes) -> tuple[bytes, float]:
    """Return what is told until the service closes the connection, and after how many seconds."""
    begun = monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=30) as asks:
        asks.sendall(sent)
        told = b""
        while more := asks.recv(4096):
            told += more
    return told, monotonic() - begun


FROM = b"POST / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 6.6.6.6\r\nContent-Length: 0\r\n"
CLOSE = b"Connection: close\r\n\r\n"


@pytest.mark.parametrize(
    ("believed", "host"),
    [("", b"127.0.0.1"), ("10.0.0.9", b"127.0.0.1"), ("127.0.0.1", b"6.6.6.6")],
)
def test_who_asks_for_another_is_believed_where_it_is_said(believed: str, host: bytes) -> None:
    named = {"FORWARDED_ALLOW_IPS": believed} if believed else {}
    with serving(**named) as (port, _):
        assert host in ask(port, FROM + CLOSE)[0]


def test_who_takes_too_long_to_ask_loses_the_connection() -> None:
    with serving() as (port, _):
        for sent in (
            b"",
            b"\r\n",
            b"POST / HT",
            b"POST / HTTP/1.1\r\nHost: x\r\n",
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc",
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
            FROM + b"\r\n\r\n\r\n",  # an answered one, and what begins no other
            FROM + b"\r\nPOST / HT",
        ):
            told, seconds = ask(port, sent)
            assert told.count(b"HTTP/1.1 200") == sent.startswith(FROM), sent
            assert 0.9 < seconds < 4, sent


def test_who_waits_for_the_reply_is_not_cut_off() -> None:
    slow = b"GET /slow HTTP/1.1\r\nHost: x\r\n"
    with serving() as (port, _):
        assert b"done" in ask(port, slow + CLOSE)[0]
        told = ask(port, slow + b"\r\n" + slow + CLOSE)[0]  # the second waits for the first
        assert told.count(b"done") == 2


def test_who_leaves_while_asking_is_told_in_a_line_and_is_no_error_of_ours() -> None:
    with serving() as (port, run):
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", port)) as leaves:
                leaves.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 160\r\n\r\nabc")
        ask(port, FROM + CLOSE)
        run.terminate()
        assert run.stderr is not None
        told = run.stderr.read()
    assert len(re.findall(r"POST / 499", told)) == 5
    assert "ERROR" not in told
    assert "Traceback" not in told
