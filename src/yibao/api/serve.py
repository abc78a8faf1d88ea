"""Run an application: one process or several workers on one socket, until told to stop."""

from __future__ import annotations

import logging
import os
import signal
import socket
from collections.abc import Callable
from typing import Any, Literal

from fastapi import FastAPI
from uvicorn import Config, Server
from uvicorn.supervisors import Multiprocess

from yibao.api.metrics import told_at
from yibao.api.patience import Patient
from yibao.errors import YibaoError

GRACE = 30
"""Seconds that requests in work have to end when the service is told to stop."""

START = 60
"""Seconds that a worker has to start, or to answer its parent: rules take some on a busy machine.
One that has taken longer is killed and started anew, and would be for ever."""

HANDLER = {"class": "logging.StreamHandler", "formatter": "plain"}
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
        "json": {"()": "yibao.api.logs.JsonLines"},
    },
    "handlers": {"stderr": HANDLER},
    "loggers": {
        "uvicorn": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "yibao": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
    },
}
"""Everything to stderr, one line each; uvicorn's own access log, which shows paths, is off."""


class CannotServe(YibaoError):
    """An address that cannot be listened on."""


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; raises CannotServe where the address is taken.

    A reply is sent in two pieces. Without TCP_NODELAY, which connections inherit, the second would
    wait some 40 ms for the client to acknowledge the first.
    """
    try:
        listening = socket.create_server((host, port), backlog=2048)
    except OSError as error:
        says = f"{host}:{port}: {error.strerror}; choose another with --port / 无法监听此地址"
        raise CannotServe(f"{says}，请用 --port 另选端口") from None
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def serve(
    application: Callable[[], FastAPI],
    *,
    host: str,
    port: int,
    workers: int = 1,
    log: Literal["plain", "json"] = "plain",
    metrics_port: int | None = None,
    open_at: Callable[[int], None] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM; what is in work then is finished.

    `application` is called in each worker, so with several it must be picklable. Figures are told
    on `metrics_port` of this machine, where there is one; `open_at` is told the port once it is
    open: who asks from then on is answered. Where a request comes from is what its connection says;
    X-Forwarded-For is believed of the proxies alone that the environment's FORWARDED_ALLOW_IPS
    names. Raises CannotServe, CannotTell where an address is taken.
    """
    if hasattr(signal, "SIGPIPE"):  # who leaves a reply unread ends a connection, not the service
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    listening = listen(host, port)
    if open_at is not None:
        open_at(listening.getsockname()[1])
    config = Config(
        application,
        factory=True,
        http=Patient,
        workers=workers,
        log_config=LOGGING | {"handlers": {"stderr": HANDLER | {"formatter": log}}},
        access_log=False,
        server_header=False,
        proxy_headers=bool(os.environ.get("FORWARDED_ALLOW_IPS")),
        timeout_graceful_shutdown=GRACE,
        timeout_worker_healthcheck=START,
    )
    logging.getLogger("yibao.serve").info("http://%s:%d", *listening.getsockname()[:2])
    with listening, told_at(metrics_port):
        if workers == 1:
            Server(config).run(sockets=[listening])
        else:
            Multiprocess(config, sockets=[listening]).run()
