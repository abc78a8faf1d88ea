"""A socket between a service and PostgreSQL, which breaks connections where it is told to."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from select import select
from threading import Thread
from typing import Literal
from unittest import mock

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from yibao.store import keys

When = Literal["before", "during", "after"]
NAME = ".s.PGSQL.5432"
PAUSE = 0.002
"""Seconds without another piece of a message, after which it is taken for whole."""


@dataclass(frozen=True)
class Wish:
    """Break the connection at a message that holds `text`, in a transaction of the desk.

    before: the server does not get it; during: it does, and nobody waits for what it does;
    after: it has answered, and the client does not get the answer.
    """

    text: bytes
    when: When


class Proxy:
    """Hands on what client and server say; `wish` is granted once and is None then."""

    def __init__(self, url: str, folder: Path) -> None:
        self.wish: Wish | None = None
        known = conninfo_to_dict(url)
        self.upstream = str(Path(str(known["host"])) / NAME)
        self.url = make_conninfo(url, host=str(folder))
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(str(folder / NAME))
        self.listening.listen()
        Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):  # it is closed
            while True:
                client, _ = self.listening.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self.upstream)
                Thread(target=self._hand_on, args=(client, server), daemon=True).start()

    def _hand_on(self, client: socket.socket, server: socket.socket) -> None:
        """Hand on what is said until one of them is gone, or a message is the one to break at."""
        other = {client: server, server: client}
        transaction = b""
        prepared: dict[bytes, bytes] = {}
        with client, server, suppress(OSError):
            while True:
                for one in select([client, server], [], [])[0]:
                    said = one.recv(1 << 16)
                    if not said:
                        return
                    told = said
                    if one is client:
                        prepared |= dict(PREPARED.findall(said))
                        told += b"".join(prepared[name] for name in named(prepared, said))
                        transaction = told if b"BEGIN" in told else transaction + told
                    wish = self.wish if one is client and b"desk." in transaction else None
                    if wish is None or wish.text not in told:
                        other[one].sendall(said)
                        continue
                    self.wish = None
                    if wish.when != "before":
                        server.sendall(said)
                        _rest(client, server, PAUSE if wish.when == "during" else None)
                    return


def _rest(client: socket.socket, server: socket.socket, pause: float | None) -> None:
    """Hand on the rest of a message, which may come in pieces, until it is answered or a pause."""
    while ready := select([client, server], [], [], pause)[0]:
        if server in ready:
            server.recv(1 << 16)  # the answer, which goes nowhere
            return
        server.sendall(client.recv(1 << 16))


PREPARED = re.compile(rb"(_pg3_\d+)\0(SELECT[^\0]*)")
"""A statement that psycopg prepares, with the name by which it is told from then on."""


def named(prepared: Mapping[bytes, bytes], said: bytes) -> list[bytes]:
    """Return the names of prepared statements that a message asks for."""
    return [name for name in prepared if b"\0" + name + b"\0" in said]


@contextmanager
def between(url: str, folder: Path) -> Iterator[Proxy]:
    """Yield a proxy; its `url` leads to the database by it, whose keys are where they were."""
    proxy = Proxy(url, folder)
    with mock.patch.dict(os.environ, {keys.VARIABLE: str(keys.file_of(url))}):
        try:
            yield proxy
        finally:
            proxy.listening.close()
