"""Figures of what the service does, for Prometheus: on a port of their own, for this machine.

They are not a route of the service: whoever collects them is no user of it, and what others reach
tells nothing of how busy it is. The workers keep them in files of one folder, and the process that
began them adds them up.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from yibao.errors import YibaoError

if TYPE_CHECKING:
    from starlette.types import Scope

    from yibao.api.access import Tell

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that tells workers where to keep figures; they have to know before they count."""

BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Seconds; a settlement takes some 4 ms where nothing else is asked."""


class CannotTell(YibaoError):
    """A port that cannot be listened on."""


def counting() -> list[Tell]:
    """Return what counts requests, in a process that has been told where to keep the figures."""
    if FOLDER not in os.environ:
        return []
    from prometheus_client import Counter, Histogram

    from yibao.api.access import Served

    replies = Counter("yibao_replies", "Replies sent", ["operation", "status"])
    seconds = Histogram(
        "yibao_reply_seconds", "From a request to its reply", ["operation"], buckets=BUCKETS
    )

    def count(served: Served, _: Scope) -> None:
        replies.labels(served.operation, served.status).inc()
        seconds.labels(served.operation).observe(served.seconds)

    return [count]


@contextmanager
def told_at(port: int | None) -> Iterator[None]:
    """Tell the figures of all workers on a port of this machine; None: nothing is counted.

    Raises CannotTell where the port is taken.
    """
    if port is None:
        yield
        return
    with TemporaryDirectory(prefix="yibao-metrics-") as folder:
        os.environ[FOLDER] = folder  # before the library is there: it looks once
        from prometheus_client import CollectorRegistry, start_http_server
        from prometheus_client.multiprocess import MultiProcessCollector

        registry = CollectorRegistry()
        MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]
        try:
            server, thread = start_http_server(port, "127.0.0.1", registry)
        except OSError as error:
            raise CannotTell(f"127.0.0.1:{port}: {error.strerror} / 无法监听此地址") from None
        told = "metrics: http://127.0.0.1:%d/metrics"
        logging.getLogger("yibao.serve").info(told, server.server_port)
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
            del os.environ[FOLDER]
