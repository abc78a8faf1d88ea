"""How long the service waits for a request: who is slower loses the connection."""

from __future__ import annotations

from asyncio import TimerHandle, Transport
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

PATIENCE = 60.0
"""Seconds in which a request has to be there, head and body: 16 MiB at 2.5 Mbit/s. They count from
when the connection was made, the reply before was sent, or the request's first byte came."""


class Patient(HttpToolsProtocol):
    """A connection that is closed when it takes too long to ask.

    uvicorn closes those alone that say nothing after a reply. One timer looks after a connection;
    a request sets no other, it notes the time.
    """

    _since = 0.0
    _timer: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Begin to wait."""
        super().connection_made(transport)
        self._since = self.loop.time()
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Wait for the rest of a request."""
        self._since = self.loop.time()
        super().on_message_begin()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        self._since = self.loop.time()
        super().on_response_complete()

    def _look(self) -> None:
        if self.transport.is_closing():
            return
        if self._waits_for_us():
            self._since = self.loop.time()
        left = self._since + PATIENCE - self.loop.time()
        if left > 0:
            self._timer = self.loop.call_later(left, self._look)
        else:
            self.transport.close()

    def _waits_for_us(self) -> bool:
        """Whether a whole request is in work, or there is more of one than is read."""
        cycle = cast("RequestResponseCycle | None", self.cycle)  # none before the first request
        in_work = cycle is not None and not cycle.more_body and not cycle.response_complete
        return in_work or self.flow.read_paused
