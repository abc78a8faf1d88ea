"""The transactions that the centre answers, by `infno`: each a function from an exchange."""

from __future__ import annotations

from collections.abc import Mapping

from yibao.api.national.exchange import Handler
from yibao.api.national.handlers import (
    accounts,
    catalogues,
    filings,
    files,
    institutions,
    mapping,
    persons,
    session,
)

HANDLERS: Mapping[str, Handler] = {
    **session.HANDLERS,
    **persons.HANDLERS,
    **institutions.HANDLERS,
    **catalogues.HANDLERS,
    **files.HANDLERS,
    **accounts.HANDLERS,
    **mapping.HANDLERS,
    **filings.HANDLERS,
}

READS = frozenset(
    {*persons.READS, *institutions.READS, *catalogues.READS, *files.READS, *accounts.READS, *filings.READS}
)
"""Those that only read: their replies are not kept, and the database holds them to it."""
