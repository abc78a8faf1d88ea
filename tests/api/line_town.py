"""The town of the agency's tests with catalogues, and a service on its real registers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from agency_town import build
from services import Client, Contract, running

from yibao.api.main import application
from yibao.store.database import Database
from yibao.store.sight import EVERYTHING

DRUG, COSTLY, TUBE, VISIT, UNPAID = "XA10BA", "XB01", "C0101", "001101", "XC99"

CATALOGUES = """
INSERT INTO registry.item (kind, code, name, class, first_self_pay, standard, tags, least_level,
                           valid) VALUES
  ('drug', 'XA10BA', 'a', 'A', 0, NULL, '{}', 'none', '[2015-01-01,)'),
  ('drug', 'XB01', 'b', 'B', 0.1, 2000, '{}', 'none', '[2015-01-01,)'),
  ('drug', 'XH01', 'for large hospitals', 'A', 0, NULL, '{}', '3', '[2015-01-01,)'),
  ('drug', 'XC99', 'c', 'C', 1, NULL, '{}', 'none', '[2015-01-01,)'),
  ('consumable', 'C0101', 'tube', 'B', 0.2, 50000, '{imported_implant}', 'none', '[2015-01-01,)'),
  ('service', '001101', 'visit', 'A', 0, NULL, '{}', 'none', '[2015-01-01,)');
INSERT INTO registry.local_code (institution_id, kind, local_code, code, valid) VALUES
  ('H2', 'drug', 'own-1', 'XB01', '[2015-01-01,)'),
  ('P1', 'drug', 'own-1', 'XA10BA', '[2015-01-01,)');
INSERT INTO registry.regional_item (region, kind, code, name, class, first_self_pay, standard,
                                    valid) VALUES
  ('130100', 'drug', 'XA10BA', 'a', 'B', 0.3, NULL, '[2022-01-01,)');
"""


def line(code: str = DRUG, price: str = "100.00", quantity: str = "1", **changes: Any) -> Any:
    """Return a line as an institution sends it."""
    day = changes.pop("day", "2022-03-01")
    given = {"kind": "drug", "code": code, "quantity": quantity, "price": price, "served_on": day}
    return {**given, **changes}


def bill(claim_no: str, *lines: Any, **changes: Any) -> dict[str, Any]:
    """Return the bill of a day at the level-2 hospital, of lines unless told otherwise."""
    day = changes.pop("day", "2022-03-01")
    given = {
        "institution_id": "H2",
        "claim_no": claim_no,
        "person_id": "P1",
        "visit": "inpatient",
        "admitted_on": day,
        "discharged_on": day,
        **({"lines": list(lines)} if lines else {}),
    }
    return {**given, **changes}


@contextmanager
def town(url: str, *persons: str) -> Iterator[Client]:
    """Build the town on an empty database and serve it; yield a client of its desk."""
    with Database(url, sight=EVERYTHING) as database:
        build(database, *persons)
        with database.transaction() as connection:
            connection.execute(CATALOGUES.encode())
    app = application(url, "tianjin", trust=True)
    with running(app) as port:
        client = Client(port, Contract())
        yield client
        client.close()


def post(client: Client, target: str, body: Any = None, key: str = "k", **headers: str) -> Any:
    """Send a write of the desk."""
    sent = {"X_Actor": "desk", "Idempotency_Key": key, **headers}
    return client("POST", f"/desk/{target}", body, **sent)


def refusal(reply: Any) -> tuple[int, str, str]:
    return reply.status, reply.json["rule"], reply.json["field"]
