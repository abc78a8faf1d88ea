"""Settlements and reversals on days of the past, booked as the desk books them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time

from psycopg.types.json import Jsonb

from yibao.agency.desk.postings import transfers_of
from yibao.ledger.entries import Entry, Transfer, post
from yibao.store.database import Connection


def book(
    connection: Connection,
    institution: str,
    claim_no: str,
    day: date,
    funds: Mapping[str, int],
    *,
    account: int = 0,
    cash: int = 0,
    visit: str = "inpatient",
    person: str = "P1",
    scheme: str = "resident",
    payee: str = "institution",
) -> int:
    """Book a settlement of a day; return its number."""
    funds = {fund: fen for fund, fen in funds.items() if fen}
    fund_pay = sum(funds.values())
    total = fund_pay + account + cash
    return _insert(
        connection,
        {
            "settled_on": day,
            "settled_at": datetime.combine(day, time(9, 30)),
            "kind": "settlement",
            "payee": payee,
            "claim_no": claim_no,
            "institution_id": institution,
            "person_id": person,
            "scheme": scheme,
            "visit": visit,
            "admitted": day,
            "discharged": day,
            "day": day,
            "episode": "",
            "person_facts": Jsonb({}),
            "claim_facts": Jsonb({}),
            "amounts": Jsonb({}),
            "total": total,
            "in_scope": total,
            "funds": funds,
            "fund_pay": fund_pay,
            "hospital_pay": 0,
            "account_pay": account,
            "cash_pay": cash,
            "added": Jsonb({}),
            "numbers_admission": False,
            "rules": "",
            "memory": [],
            "actor": "test",
        },
    )


def take_back(connection: Connection, number: int, day: date) -> int:
    """Book the reversal of a settlement on a day; return its number."""
    cursor = connection.execute("SELECT * FROM desk.settlement WHERE settlement_id = %s", (number,))
    assert cursor.description is not None
    row = cursor.fetchone()
    assert row is not None
    values = dict(zip((c.name for c in cursor.description), row, strict=True))
    for name in ("person_facts", "claim_facts", "amounts", "added"):
        values[name] = Jsonb(values[name])
    values |= {
        "settled_on": day,
        "settled_at": datetime.combine(day, time(16, 0)),
        "kind": "reversal",
        "reverses": number,
    }
    made = _insert(connection, values)
    connection.execute("INSERT INTO desk.reversed VALUES (%s, %s)", (number, made))
    return made


def _insert(connection: Connection, values: dict[str, object]) -> int:
    found = connection.execute("SELECT nextval('desk.settlement_id')").fetchone()
    assert found is not None
    number = int(found[0])
    transfers = transfers_of(values)
    if values["kind"] == "reversal":
        transfers = [Transfer(t.credit, t.debit, t.fen) for t in transfers]
    day = values["settled_on"]
    assert isinstance(day, date)
    entry = Entry(day, str(values["kind"]), f"settlement:{number}", "test", transfers)
    row = values | {"settlement_id": number, "entry_id": post(connection, entry)}
    row["funds"] = Jsonb(row["funds"])
    marks = ", ".join(["%s"] * len(row))
    connection.execute(
        f"INSERT INTO desk.settlement ({', '.join(row)}) VALUES ({marks})", list(row.values())
    )
    if values["kind"] == "settlement":
        connection.execute(
            "INSERT INTO desk.claim_no VALUES (%s, %s, %s)",
            (values["institution_id"], values["claim_no"], number),
        )
    return number
