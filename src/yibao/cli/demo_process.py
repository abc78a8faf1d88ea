"""A service that the demonstration runs in a process of its own."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL, Popen

from yibao.store.errors import StoreError

_ADDRESS = re.compile(r"http://[^:]+:(\d+)")


@contextmanager
def running(log: Path, *words: str) -> Iterator[int]:
    """Yield the port of a service, `yibao` with these words; its messages go to `log`.

    Raises StoreError where it ends before it says its port.
    """
    command = [sys.executable, "-m", "yibao.cli", *words, "--port", "0"]
    with log.open("w") as told, Popen(command, stdout=DEVNULL, stderr=told) as process:
        try:
            while not (found := _ADDRESS.search(log.read_text())):
                if process.poll() is not None:
                    raise StoreError(f"the service does not start: {log.read_text()}")
                time.sleep(0.1)
            yield int(found[1])
        finally:
            process.terminate()
