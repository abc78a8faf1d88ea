"""The transactions that the centre answers, by `infno`: each a function from an exchange."""

from __future__ import annotations

from collections.abc import Mapping

from yibao.api.national.exchange import Handler
from yibao.api.national.handlers import persons, session

HANDLERS: Mapping[str, Handler] = {
    **session.HANDLERS,
    **persons.HANDLERS,
}

READS = frozenset({*persons.READS})
"""Those that only read: their replies are not kept, and the database holds them to it."""
