"""`yibao serve`: what it needs, what it logs, how it stops; and a database that goes away."""

import json
import logging
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from time import monotonic, sleep

import databases
import psycopg
import pytest
from desks import register, status
from services import Client, Contract, app_of, bill, running
from typer.testing import CliRunner

from yibao.api import app as application
from yibao.api.logs import JsonLines
from yibao.api.serve import CannotServe, listen, serve
from yibao.cli import app
from yibao.store import migrate
from yibao.store.database import Database
from yibao.store.server import serving
from yibao.store.sight import EVERYTHING


@pytest.fixture
def folder() -> Iterator[Path]:
    with databases.folder() as folder:
        yield folder / "data"


def test_it_refuses_where_there_is_no_database_or_not_of_this_schema(folder: Path) -> None:
    run = CliRunner().invoke(app, ["serve", "--database", str(folder)])
    assert run.exit_code == 1
    assert "yibao db init" in run.output
    with serving(str(folder), make=True):
        pass
    run = CliRunner().invoke(app, ["serve", "--database", str(folder)])
    assert run.exit_code == 1
    assert "yibao db upgrade" in run.output


def test_an_address_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotServe, match=str(port)):
            serve(lambda: pytest.fail("started"), host="127.0.0.1", port=port)


def test_the_second_piece_of_a_reply_does_not_wait_for_an_acknowledgement() -> None:
    with listen("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


class Run:
    """A running `yibao serve`, with what it has written to stderr so far."""

    def __init__(self, folder: Path, workers: int, *options: str) -> None:
        command = [sys.executable, "-m", "yibao.cli", "serve", "--database", str(folder)]
        self.process = subprocess.Popen(
            [*command, "--port", "0", "--workers", str(workers), *options],
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        self.reader = Thread(target=self._read, daemon=True)
        self.reader.start()
        self.port = int(self.wait(r"http://127.0.0.1:(\d+)(?![\d/])")[1])

    def _read(self) -> None:
        assert self.process.stderr is not None
        self.lines.extend(self.process.stderr)

    def wait(self, pattern: str, times: int = 1) -> re.Match[str]:
        """Return the match of a line once there are so many."""
        end = monotonic() + 60
        while monotonic() < end:
            found = [m for line in list(self.lines) if (m := re.search(pattern, line))]
            if len(found) >= times:
                return found[-1]
            sleep(0.05)
        raise AssertionError("".join(self.lines))

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        self.reader.join(60)  # until it has read everything
        return code


@pytest.fixture
def made(folder: Path) -> Path:
    with serving(str(folder), make=True) as url:
        migrate.upgrade(url)
    return folder


def test_two_workers_one_database_and_a_log_without_persons(made: Path) -> None:
    run = Run(made, 2, "--trust-actor")
    run.wait("Application startup complete", times=2)
    client = Client(run.port)
    assert client("GET", "/health/ready").status == 200
    assert client("GET", "/desk/settlements?person_id=P-SECRET").status == 200
    assert client("GET", "/none/P-SECRET").status == 404
    run.wait(r"GET /desk/settlements 200 \d+\.\d ms")
    run.wait(r"GET - 404")
    assert run.stop() == 0
    assert "P-SECRET" not in "".join(run.lines)
    assert not (made / "postmaster.pid").exists()  # the last to use the database stops it


def test_a_newcomer_is_told_how_to_sign_in_and_can(made: Path) -> None:
    run = Run(made, 2)
    run.wait("yibao user add chen --role benefits")
    client = Client(run.port)
    assert client("GET", "/health/ready").status == 200
    assert client("GET", "/desk/settlements?person_id=P1").status == 401
    place = ["--database", str(made)]
    added = CliRunner().invoke(app, ["user", "add", "chen", "--role", "benefits", *place, "--json"])
    name_and_password = {n: json.loads(added.output)[n] for n in ("name", "password")}
    tokens = [
        client("POST", "/session", name_and_password).json["token"],
        CliRunner().invoke(app, ["user", "token", "chen", *place]).output.strip(),
    ]
    for token in tokens:
        by = {"Authorization": f"Bearer {token}"}
        assert client("GET", "/desk/settlements?person_id=P1", **by).status == 200
        assert client("GET", "/ledger/trial-balance", **by).status == 403
    assert run.stop() == 0
    again = Run(made, 1)
    again.wait("Application startup complete")
    again.stop()
    assert "yibao user add" not in "".join(again.lines)
    assert not [line for line in run.lines if any(token in line for token in tokens)]


def test_figures_of_all_workers_and_a_log_in_json(made: Path) -> None:
    run = Run(made, 2, "--trust-actor", "--log", "json", "--metrics-port", "0")
    run.wait("Application startup complete", times=2)
    figures = int(run.wait(r"metrics: http://127.0.0.1:(\d+)/metrics")[1])
    for _ in range(6):
        client = Client(run.port)  # each is another connection, so of any worker
        assert client("GET", "/desk/settlements?person_id=P-SECRET").status == 200
        client.close()
    assert Client(run.port)("GET", "/none/P-SECRET").status == 404
    run.wait('"operation": "-", "status": 404')
    count = 'yibao_reply_seconds_count{operation="listSettlements"} 6.0'
    end, told = monotonic() + 30, ""
    while count not in told and monotonic() < end:  # a request is counted after it was answered
        told = Client(figures)("GET", "/metrics").body.decode()
    assert count in told
    assert 'yibao_replies_total{operation="listSettlements",status="200"} 6.0' in told
    assert run.stop() == 0
    lines = [json.loads(line) for line in run.lines]
    served = [line for line in lines if line.get("operation") == "listSettlements"]
    assert len(served) == 6
    assert served[0].keys() >= {"at", "level", "logger", "route", "seconds", "status"}
    assert "P-SECRET" not in told + "".join(run.lines)


def test_an_error_is_logged_without_what_it_says() -> None:
    try:
        try:
            int("P-SECRET")
        except ValueError as error:
            raise RuntimeError("P-SECRET") from error
    except RuntimeError:
        record = logging.LogRecord("x", logging.ERROR, "f", 1, "failed", (), sys.exc_info())
    line = JsonLines().format(record)
    assert "P-SECRET" not in line
    told = json.loads(line)
    assert [one["kind"] for one in told["error"]] == [
        "builtins.RuntimeError",
        "builtins.ValueError",
    ]
    assert __file__ in told["error"][0]["at"][0]


def test_who_says_who_asks_is_believed_on_this_machine_alone(made: Path) -> None:
    for host in ("0.0.0.0", "192.168.0.1", "::", "example.org"):
        asked = ["serve", "--database", str(made), "--trust-actor", "--host", host]
        run = CliRunner().invoke(app, asked)
        assert run.exit_code == 2, host
        assert "127.0.0.1" in run.output


def test_what_is_in_work_is_finished_before_it_stops(made: Path) -> None:
    with serving(str(made)) as url, psycopg.connect(url) as holder:
        with Database(url, sight=EVERYTHING) as database:
            register(database, "P1")
        run = Run(made, 1, "--trust-actor")
        run.wait("Application startup complete")
        holder.execute("SELECT FROM enrolment.person_lock FOR UPDATE")
        client = Client(run.port)
        replies = []
        asked = Thread(target=lambda: replies.append(client.settle(bill("A1"))))
        asked.start()
        while not holder.execute("SELECT FROM pg_locks WHERE NOT granted").fetchall():
            sleep(0.05)
        run.process.send_signal(signal.SIGTERM)
        run.wait("Waiting for|Shutting down")
        sleep(0.5)
        holder.rollback()
        asked.join()
        assert replies[0].status == 422  # no agreement: it was answered
        run.process.wait(60)


def test_503_while_the_database_is_not_there(
    server_url: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(application, "WAIT", 1.0)
    with Database(url, sight=EVERYTHING) as database:
        register(database, "P1")
    made = app_of(url, status("P1"))
    name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
    with (
        running(made) as port,
        psycopg.connect(server_url, autocommit=True) as other,
    ):
        client = Client(port, Contract())
        assert client("GET", "/health/ready").status == 200
        other.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        other.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s",
            (name,),
        )
        for reply in (client("GET", "/health/ready"), client.settle(bill("A1"))):
            assert (reply.status, reply.headers["retry-after"]) == (503, "1")
            assert reply.json["rule"] == "database"
        assert client("GET", "/health/live").status == 200
        other.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        end = monotonic() + 30
        while (reply := client.settle(bill("A1"))).status == 503 and monotonic() < end:
            sleep(0.2)
        assert reply.status == 201
