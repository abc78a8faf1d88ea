"""How often somebody may ask: so much a second in the long run, and some at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from fastapi import Request

from yibao.errors import YibaoError

MOST = 100_000
"""Askers that a process remembers."""


class TooOften(YibaoError):
    """Somebody asks more often than may be."""

    rule = "rate"


class Rate:
    """So many a second, `at_once` of them without a pause. Used by one event loop alone.

    Of each asker one number is kept: the time at which all that was asked has been paid for, were
    each request to cost 1/`second` seconds.
    """

    def __init__(self, second: float, at_once: int, clock: Callable[[], float] = monotonic) -> None:
        self._cost = 1 / second
        self._ahead = at_once / second + self._cost * 1e-6  # what floats lose
        self._clock = clock
        self._paid: dict[str, float] = {}

    def take(self, who: str) -> None:
        """Count a request of somebody; raises TooOften, which costs nothing."""
        now = self._clock()
        paid = max(self._paid.get(who, now), now) + self._cost
        if paid - now > self._ahead:
            raise TooOften("too many requests: wait a second")
        if len(self._paid) >= MOST and who not in self._paid:
            self._forget(now)
        self._paid[who] = paid

    def _forget(self, now: float) -> None:
        """Leave those who have paid for everything; if there are none, whoever came first."""
        self._paid = {who: paid for who, paid in self._paid.items() if paid > now}
        if len(self._paid) >= MOST:
            del self._paid[next(iter(self._paid))]


@dataclass(frozen=True, slots=True)
class Rates:
    """The rates of a process: of who is known by name, of addresses, of signing in by address."""

    known: Rate
    strangers: Rate
    sign_in: Rate


def rates(second: float) -> Rates:
    """Return the rates where each who is known may ask so often a second, and twice that at once.

    An address that nobody known asks from has a fifth of that: an unknown token costs a look at
    the database. Signing in, which costs a tenth of a second of work, is one a second.
    """
    return Rates(Rate(second, round(2 * second)), Rate(second / 5, round(second)), Rate(1, 20))


def address_of(request: Request) -> str:
    """Return from where a request comes; behind a gateway the server is told by whom to believe."""
    return request.client.host if request.client else ""
