"""A service as processes of its own that die where they are told to, and clients who go on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any

from services import Client, Reply

PAUSE = 0.02
"""Seconds between two bills of a bystander: who is killed here is to have the processor."""

PATIENCE = 120.0
"""Seconds after which a service that does not answer is taken for one that never will."""

LOST = (HTTPException, ConnectionError)
"""What a client sees of a service that died."""


class Caller:
    """Who asks a service, each time on a connection of its own."""

    def __init__(self, port: int) -> None:
        self.port = port

    def ask(self, method: str, target: str, body: Any = None, **headers: str) -> Reply | None:
        """Send a request on a connection of its own; return None where the reply was lost."""
        client = Client(self.port)
        try:
            return client(method, target, body, **headers)
        except LOST:
            return None
        finally:
            client.close()

    def answered(self, method: str, target: str, body: Any = None, **headers: str) -> Reply:
        """Send a request again until it is answered; 503 is no answer, and not for good."""
        until = monotonic() + PATIENCE
        while monotonic() < until:
            reply = self.ask(method, target, body, **headers)
            if reply is not None and reply.status != 503:
                return reply
            sleep(0.02)
        raise AssertionError(f"no answer within {PATIENCE:.0f} s: {method} {target}")


class Service(Caller):
    """The supervisor of a service; see dying_service.py."""

    def __init__(self, url: str, *persons: str) -> None:
        command = [sys.executable, str(Path(__file__).with_name("dying_service.py")), url, *persons]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        self.process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
        super().__init__(int(self._told()))

    def _told(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def died(self) -> str:
        """Wait for the end of a child that was killed; return where it was."""
        at = self._told()
        assert int(self._told()) == -signal.SIGKILL
        return at

    def stop(self) -> None:
        """End the service and its supervisor."""
        self.process.terminate()
        self.process.communicate()


@contextmanager
def serving(url: str, *persons: str) -> Iterator[Service]:
    """Serve a database to which these persons are known."""
    service = Service(url, *persons)
    try:
        yield service
    finally:
        service.stop()


@dataclass
class Bystander:
    """Somebody who settles bills of a person, one after the other, until told to stop."""

    service: Caller
    person: str
    bill: Any
    acknowledged: dict[str, Reply] = field(default_factory=dict)
    stopped: Event = field(default_factory=Event)

    def work(self) -> None:
        while not self.stopped.is_set():
            number = f"{self.person}-{len(self.acknowledged)}"
            body = {**self.bill, "claim_no": number, "person_id": self.person}
            self.acknowledged[number] = self.service.answered(
                "POST", "/desk/settlements", body, X_Actor=self.person, Idempotency_Key=number
            )
            sleep(PAUSE)

    def lost(self) -> int:
        """Return how many acknowledged settlements do not stand under their key, to the byte."""
        found = {
            key: self.service.answered("GET", f"/requests/{key}", X_Actor=self.person)
            for key in self.acknowledged
        }
        return sum(
            reply.status != 201 or reply.body != found[key].body
            for key, reply in self.acknowledged.items()
        )


@contextmanager
def at_work(bystanders: list[Bystander]) -> Iterator[None]:
    """Let bystanders work meanwhile."""
    threads = [Thread(target=one.work) for one in bystanders]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for one in bystanders:
            one.stopped.set()
        for thread in threads:
            thread.join()
