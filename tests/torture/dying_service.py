"""A service that dies where it is told to, at a step of a request, and is there again. For tests.

    dying_service.py URL PERSON...

Where the header `X-Die` is `N`, the process kills itself before the Nth exchange with the database
of that request; `-N`: after it, before the service knows; `reply`: before the reply is sent.

What serves is a child of this process, which holds the socket, tells its port and of each child how
it ended, and begins another: as a supervisor does, without the seconds in which a service loads its
rules. A child tells where it dies. It has everything from its beginning; it shares nothing with the
one before but the socket, on which requests wait.
"""

import os
import signal
import sys
from contextvars import ContextVar
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


def die(at: str) -> None:
    """Tell where, and die."""
    os.write(sys.stdout.fileno(), f"{at}\n".encode())
    os.kill(os.getpid(), signal.SIGKILL)


original = psycopg.Connection.wait


def wait(self: psycopg.Connection[Any], exchange: Any, *given: Any, **named: Any) -> Any:
    own = doom.get(None) or Doom("")  # the pool's own exchanges are none of a request
    own.exchanges += 1
    name = exchange.__name__  # _execute_gen, _commit_gen …
    if own.wish == str(own.exchanges):
        die(f"before {name}")
    result = original(self, exchange, *given, **named)
    if own.wish == str(-own.exchanges):
        die(f"after {name}")
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
                die("reply")
            await send(message)

        await self.app(scope, receive, sent)


def main() -> None:
    psycopg.Connection.wait = wait  # type: ignore[method-assign]
    url, *persons = sys.argv[1:]
    app = Watch(app_of(url, *map(status, persons)))
    listening = listen("127.0.0.1", 0)
    print(listening.getsockname()[1], flush=True)
    while True:
        child = os.fork()
        if child == 0:
            config = uvicorn.Config(app, log_level="critical", access_log=False, lifespan="on")
            uvicorn.Server(config).run(sockets=[listening])
            os._exit(0)
        # Who stops this process stops the child too.
        signal.signal(signal.SIGTERM, lambda *_, of=child: (os.kill(of, 9), os._exit(0)))
        _, ended = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(ended), flush=True)


if __name__ == "__main__":
    main()
