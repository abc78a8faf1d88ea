"""A service that dies where it is told to, at a step of a request. For tests only.

    dying_service.py URL

For each line on stdin, the name of a file, it starts a process of the service, which writes its
port into that file; when that process has ended it says on stdout by which signal (0: none). All
are forked from one that has imported everything and opened nothing, since that takes two seconds.

Where the header `X-Die` is `N`, the process kills itself before the Nth exchange with the database
of that request; `-N`: after it, before the service knows; `reply`: before the reply is sent.
"""

import os
import signal
import sys
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import psycopg
import uvicorn
from desks import status
from services import app_of

from yibao.api.serve import listen


class Doom:
    def __init__(self, wish: str) -> None:
        self.wish = wish
        self.exchanges = 0


doom: ContextVar[Doom] = ContextVar("doom")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


original = psycopg.Connection.wait


def wait(self: psycopg.Connection[Any], *given: Any, **named: Any) -> Any:
    own = doom.get(None) or Doom("")  # the pool's own exchanges are none of a request
    own.exchanges += 1
    if own.wish == str(own.exchanges):
        die()
    result = original(self, *given, **named)
    if own.wish == str(-own.exchanges):
        die()
    return result


class Watch:
    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        own = Doom(dict(scope["headers"]).get(b"x-die", b"").decode())
        doom.set(own)

        async def sent(message: Any) -> None:
            if own.wish == "reply":
                die()
            await send(message)

        await self.app(scope, receive, sent)


def serve(app: Watch, file: Path) -> None:
    listening = listen("127.0.0.1", 0)
    config = uvicorn.Config(app, log_level="critical", access_log=False, lifespan="on")
    part = file.with_suffix(".part")
    part.write_text(str(listening.getsockname()[1]))
    part.rename(file)
    uvicorn.Server(config).run(sockets=[listening])


def main() -> None:
    psycopg.Connection.wait = wait  # type: ignore[method-assign]
    app = Watch(app_of(sys.argv[1], status("P1")))
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            serve(app, Path(line.strip()))
            os._exit(0)
        _, ended = os.waitpid(pid, 0)
        print(os.WTERMSIG(ended) if os.WIFSIGNALED(ended) else 0, flush=True)


if __name__ == "__main__":
    main()
