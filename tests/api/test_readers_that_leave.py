"""A reader that leaves in the middle of a reply ends its connection, and not the service."""

import re
import socket
import struct
import sys
from pathlib import Path
from subprocess import STDOUT, Popen
from time import monotonic, sleep
from urllib.request import urlopen

SERVICE = """
import signal
from fastapi import FastAPI, Response
from yibao.api.serve import serve

def made():
    app = FastAPI()
    app.get("/large")(lambda: Response(bytes(64 << 20)))
    app.get("/small")(lambda: "here")
    return app

signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # as the command line does
serve(made, host="127.0.0.1", port=0, open_at=lambda port: print(f"<{port}>", flush=True))
"""


def leave(port: int) -> None:
    """Ask for much, say that nothing more comes, and be gone without having read it."""
    with socket.create_connection(("127.0.0.1", port)) as one:
        one.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        one.recv(100)
        one.shutdown(socket.SHUT_WR)
        sleep(0.2)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_a_reader_that_leaves_does_not_end_the_service(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("w") as stream:
        process = Popen([sys.executable, "-c", SERVICE], stdout=stream, stderr=STDOUT)
    try:
        end = monotonic() + 60
        while not (
            (port := re.search("<([0-9]+)>", log.read_text()))
            and "startup complete" in log.read_text()
        ):
            assert process.poll() is None, log.read_text()
            assert monotonic() < end
            sleep(0.1)
        for _ in range(3):
            leave(int(port[1]))
            sleep(0.2)
            assert process.poll() is None, "ended by its reader"
            with urlopen(f"http://127.0.0.1:{port[1]}/small", timeout=20) as reply:
                assert reply.read() == b'"here"'
    finally:
        process.kill()
        process.wait()
