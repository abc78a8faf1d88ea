"""What all kinds of visits share: charged, settled as wanted, taken back, withdrawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from yibao.agency.visits import charges, settling, visit
from yibao.agency.visits.settling import Wanted
from yibao.api.national import settled, visiting
from yibao.api.national.exchange import Exchange, Output
from yibao.interop.national.check import Row
from yibao.interop.national.rows import text

WantedOf = Callable[[Exchange, Row], Wanted]
"""Reads what is to be settled from a message."""


def withdraw(exchange: Exchange) -> Output:
    """Withdraw a visit that was registered by mistake."""
    of = visiting.visit_of(exchange, exchange.row())
    visit.withdraw(exchange.connection, of, actor=exchange.actor)
    return None


def charge(exchange: Exchange) -> Output:
    """Write fee lines of a visit down; tell how each is priced."""
    rows = exchange.rows("feedetail")
    of = visiting.one_visit(exchange, rows)
    visiting.check_charges(rows)
    connection, office = exchange.connection, exchange.service.office
    asked = visiting.charges(rows)
    made = charges.charge(connection, office, of, asked, actor=exchange.actor)
    return {"result": [told(exchange, "result", settled.line(row)) for row in made]}


def presettle(exchange: Exchange, wanted_of: WantedOf) -> Output:
    """Tell what lines would be settled as."""
    given = exchange.row()
    of, wanted = visiting.visit_of(exchange, given), wanted_of(exchange, given)
    done = settling.presettle(exchange.connection, exchange.service.office, of, wanted)
    return told_all(exchange, settled.settled(exchange, done, wanted.claim_no))


def settle(exchange: Exchange, wanted_of: WantedOf) -> Output:
    """Settle lines."""
    given = exchange.row()
    of, wanted = visiting.visit_of(exchange, given), wanted_of(exchange, given)
    connection, office = exchange.connection, exchange.service.office
    done = settling.settle(connection, office, of, wanted, actor=exchange.actor)
    return told_all(exchange, settled.settled(exchange, done, wanted.claim_no))


def take_back(exchange: Exchange) -> Output:
    """Take a settlement back."""
    given = exchange.row()
    of, number = visiting.visit_of(exchange, given), visiting.number(text(given, "setl_id"))
    connection, office = exchange.connection, exchange.service.office
    undone = settling.take_back(connection, office, of, number, actor=exchange.actor)
    answer = settled.taken_back(exchange, undone, text(exchange.envelope, "msgid"))
    return told_all(exchange, answer)


def told_all(exchange: Exchange, output: Mapping[str, Any]) -> dict[str, Any]:
    """Return an output of what its transaction has in its nodes: replies differ by a few fields."""
    return {
        node: [told(exchange, node, row) for row in rows]
        if isinstance(rows, list)
        else told(exchange, node, rows)
        for node, rows in output.items()
    }


def told(exchange: Exchange, node: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return of a row what the transaction has in a node."""
    fields = exchange.transaction.output[node].fields
    return {name: value for name, value in row.items() if name in fields}
