"""The transactions that the centre answers, by `infno`: each a function from an exchange."""

from __future__ import annotations

from collections.abc import Mapping

from yibao.api.national.exchange import Handler
from yibao.api.national.handlers import (
    accounts,
    benefits,
    catalogues,
    files,
    filings,
    inpatient,
    institutions,
    lists,
    mapping,
    outpatient,
    persons,
    pharmacy,
    records,
    reversal,
    reviews,
    session,
    stock,
)

HANDLERS: Mapping[str, Handler] = {
    **session.HANDLERS,
    **persons.HANDLERS,
    **benefits.HANDLERS,
    **pharmacy.HANDLERS,
    **outpatient.HANDLERS,
    **inpatient.HANDLERS,
    **reversal.HANDLERS,
    **institutions.HANDLERS,
    **catalogues.HANDLERS,
    **files.HANDLERS,
    **accounts.HANDLERS,
    **mapping.HANDLERS,
    **filings.HANDLERS,
    **records.HANDLERS,
    **stock.HANDLERS,
    **reviews.HANDLERS,
    **lists.HANDLERS,
}

READS = frozenset(
    {
        *persons.READS,
        *benefits.READS,
        *institutions.READS,
        *catalogues.READS,
        *files.READS,
        *accounts.READS,
        *filings.READS,
        *records.READS,
    }
)
"""Those that only read: their replies are not kept, and the database holds them to it."""

TRIES = frozenset({*pharmacy.TRIES, *outpatient.TRIES, *inpatient.TRIES})
"""Those that say what would be: they are done, and what they did is given up."""
