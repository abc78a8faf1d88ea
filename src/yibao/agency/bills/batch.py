"""All bills of files, one after the other: each settled or refused by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import partial
from itertools import groupby

from yibao.agency.bills.reading import Bill, Sent
from yibao.agency.bills.reasons import told
from yibao.agency.bills.sending import Outcome, send
from yibao.agency.desk.bill import BadLines
from yibao.agency.desk.model import DeskError
from yibao.agency.desk.office import Office
from yibao.errors import ClaimError, PolicyError
from yibao.interop.files.rowreader import Fault, cell_of
from yibao.interop.files.rows import RowError
from yibao.store.database import Connection, Database

Watch = Callable[[Sequence[Bill]], Iterable[Bill]]
"""Passes bills through, perhaps showing how far they are."""

Reason = DeskError | PolicyError | ClaimError | BadLines
REFUSED = (DeskError, PolicyError, ClaimError, BadLines)
"""What a bill is refused with; anything else ends the run."""


def settle(
    database: Database, office: Office, sent: Sent, *, actor: str, watch: Watch = iter
) -> list[Outcome]:
    """Settle bills, each in a transaction of its own; what is refused says so in its faults."""
    found = []
    for bill in watch(sent.in_order()):
        try:
            found.append(database.run(partial(send, office=office, bill=bill, actor=actor)))
        except REFUSED as error:
            refuse(bill, error)
    return found


def presettle(
    database: Database, office: Office, sent: Sent, *, watch: Watch = iter
) -> list[Outcome]:
    """Return what bills would be settled as, each after those before it; nothing is written."""
    found: list[Outcome] = []
    for _, bills in groupby(watch(sent.in_order()), key=lambda bill: bill.values["person_id"]):
        own = list(bills)
        tried = database.run(partial(_try, office=office, bills=own))
        for bill, outcome in zip(own, tried, strict=True):
            if isinstance(outcome, Outcome):
                found.append(outcome)
            else:
                refuse(bill, outcome)
    return found


def _try(connection: Connection, office: Office, bills: Sequence[Bill]) -> list[Outcome | Reason]:
    """Settle a person's bills in a transaction that is given up."""
    with connection.transaction(force_rollback=True):
        return [_tried(connection, office, bill) for bill in bills]


def _tried(connection: Connection, office: Office, bill: Bill) -> Outcome | Reason:
    try:
        with connection.transaction():
            return send(connection, office, bill, actor="pre-settle")
    except REFUSED as error:
        return error


def refuse(bill: Bill, error: Reason) -> None:
    """Write into a bill's faults why it is refused; every line that is wrong has its own."""
    day = bill.values["discharged_on"]
    if not isinstance(error, BadLines):
        _add(bill.fault, error, day)
        return
    for number, problem in error.problems:
        _add(bill.lines[number - 1].fault, problem, day)


def _add(fault: Fault, error: DeskError | PolicyError | ClaimError, day: date) -> None:
    column, rule, why = told(error, day)
    record = fault.record
    value = cell_of(fault.table.columns, record, column)
    fault.errors.append(RowError(record.file, record.row, column, value, rule, why))
