"""A bill of a file through the door for bills: its lines priced, settled once under its number."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from yibao.agency.bills.reading import Bill
from yibao.agency.desk.bill import AskedLine
from yibao.agency.desk.correct import Corrected
from yibao.agency.desk.model import Ask, Invoice, Key, Replayed, Settled
from yibao.agency.desk.model import Bill as Amounts
from yibao.agency.desk.office import Office
from yibao.agency.desk.recall import recall
from yibao.agency.desk.reverse import is_reversed, settlement_of
from yibao.agency.desk.settle import key_used
from yibao.agency.dispensing import door
from yibao.agency.dispensing.prescriptions import ZONE
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.filing.intake import Papers
from yibao.interop.files.bills import facts
from yibao.interop.files.rowreader import Values
from yibao.money import format_yuan
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.model import Settlement
from yibao.store.database import Connection


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What became of a bill; `again`: it had been settled before, perhaps by other rules (None).

    `taken_back`: it was taken back since, so that nothing stands for it and its number is used up.
    """

    bill: Bill
    number: int
    settlement: Settlement | None
    again: bool = False
    taken_back: bool = False


def send(connection: Connection, office: Office, bill: Bill, *, actor: str) -> Outcome:
    """Settle a bill, unless just that was settled under its number before.

    Raises KeyUsed where the number stands for another bill, Refusal where the lines come to
    something else than the bill states, BadLines for lines that cannot be settled, and what the
    intake raises.
    """
    key = _key(bill)
    earlier = _earlier(connection, office, bill, key)
    if earlier is not None:
        return earlier
    made = door.settle(
        connection,
        office,
        _ask(bill),
        _papers(bill),
        _filled(bill),
        actor=actor,
        key=key,
        tell=lambda made: _reply(made.settlement_id),
    )
    return _outcome(connection, office, bill, made)


def send_instead(
    connection: Connection, office: Office, number: int, bill: Bill, *, actor: str
) -> Outcome:
    """Take settlement `number` back and settle a bill in its place. Raises as `send` does."""
    key = _key(bill, instead_of=number)
    earlier = _earlier(connection, office, bill, key)
    if earlier is not None:
        return earlier
    made = door.correct(
        connection,
        office,
        number,
        _ask(bill),
        _papers(bill),
        handed=_filled(bill),
        actor=actor,
        key=key,
        tell=lambda made: _reply(made.settled.settlement_id),
    )
    return _outcome(connection, office, bill, made.settled if isinstance(made, Corrected) else made)


def _outcome(
    connection: Connection, office: Office, bill: Bill, made: Settled | Replayed
) -> Outcome:
    if isinstance(made, Replayed):
        return _replayed(connection, office, bill, made.reply)
    _check_stated(bill, made)
    return Outcome(bill, made.settlement_id, made.settlement)


def _reply(number: int) -> tuple[int, str]:
    return 201, json.dumps({"settlement_id": number})


# --- once -----------------------------------------------------------------------------------------


def _key(bill: Bill, **more: int) -> Key:
    """Return the key of a bill: the institution's number, for just what it says."""
    content = {
        "bill": _said(bill.values),
        "lines": [_said(line.values) for line in bill.lines],
        "invoices": [_said(invoice.values) for invoice in bill.invoices],
        **more,
    }
    digest = hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
    return Key(f"file of {bill.values['institution_id']}", bill.values["claim_no"], digest)


def _said(values: Values) -> Values:
    """Return the cells that say something: an amount of nothing and an empty cell are the same."""
    return {name: value for name, value in values.items() if value is False or value}


def _earlier(connection: Connection, office: Office, bill: Bill, key: Key) -> Outcome | None:
    """Return what a bill was settled as before, whatever the catalogue says of its lines now."""
    row = connection.execute(
        "SELECT encode(digest, 'hex'), reply FROM ops.request WHERE (caller, key) = (%s, %s)",
        (key.caller, key.key),
    ).fetchone()
    if row is None:
        return None
    if row[0] != key.digest:
        raise key_used(key.key)
    return _replayed(connection, office, bill, row[1])


def _replayed(connection: Connection, office: Office, bill: Bill, reply: str) -> Outcome:
    number = int(json.loads(reply)["settlement_id"])
    row = settlement_of(connection, number)
    same = row["rules"] == office.rules
    return Outcome(
        bill,
        number,
        recall(office, row) if same else None,
        again=True,
        taken_back=is_reversed(connection, number),
    )


# --- what is asked --------------------------------------------------------------------------------


def _ask(bill: Bill) -> Ask:
    values = bill.values
    return Ask(
        institution_id=values["institution_id"],
        claim_no=values["claim_no"],
        person_id=values["person_id"],
        visit=values["visit"],
        admitted=values["admitted_on"],
        discharged=values["discharged_on"],
        bill=Amounts({} if bill.lines else {name: values[name] for name in vocabulary().amounts}),
        facts={a.name: values[a.name] for a in facts() if values[a.name] is not None},
        episode=values["episode"],
        from_account=values["from_account"],
        invoices=tuple(
            Invoice(i.values["invoice_code"], i.values["invoice_no"], i.values["amount"])
            for i in bill.invoices
        ),
    )


def _papers(bill: Bill) -> Papers:
    values = bill.values
    lines = [_line(line.values) for line in bill.lines]
    return Papers(values["referral"] or None, values["practitioner_id"], lines)


def _filled(bill: Bill) -> door.Filled | None:
    values = bill.values
    if not values["prescription"]:
        return None
    return door.Filled(values["prescription"], values["filled_at"].replace(tzinfo=ZONE))


def _check_stated(bill: Bill, made: Settled) -> None:
    """Refuse a bill whose lines come to something else than it states."""
    for name in vocabulary().amounts:
        stated, came_to = bill.values[name], made.bill.amounts.get(name, 0)
        if bill.lines and stated is not None and stated != came_to:
            found = format_yuan(came_to)
            zh, en = f"明细合计为 {found} 元", f"the lines come to {found} yuan"
            raise Refusal("lines_agree", zh, en, column=name)


def _line(values: Values) -> AskedLine:
    return AskedLine(
        kind=values["kind"],
        code=values["code"],
        quantity=values["quantity"],
        price=values["price"] * 100,
        served_on=values["served_on"],
        local_code=values["local_code"],
        practitioner_id=values["practitioner_id"],
    )
