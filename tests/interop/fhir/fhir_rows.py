"""Rows of the desk for tests of FHIR, as its tables give them, and files of resources."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from yibao.interop.fhir.exact import dump
from yibao.interop.fhir.imported import Imported, read
from yibao.interop.fhir.model import Booked, Insured, Manner
from yibao.interop.fhir.write import bundle

Row = Mapping[str, Any]

PERSON = Insured("P1", "张三丰", "male", date(1960, 5, 5), "resident_id", "120101196005050010")
SINCE = (date(2015, 1, 1), None)
LINE: Row = {
    "number": 1,
    "item_kind": "drug",
    "code": "XA10BA",
    "local_code": "",
    "item_class": "B",
    "quantity": "4",
    "price": "2500",
    "standard": "2250",
    "rate": "0.1",
    "total": 100_00,
    "out_of_catalogue": 0,
    "over_limit": 10_00,
    "first_self_pay": 9_00,
    "in_scope": 81_00,
    "served_on": "2022-03-02",
    "practitioner_id": "D1",
    "reason": "",
}


def row(**changes: Any) -> Row:
    """Return a settlement of 100.00: 40.00 by the pool, 5.00 from the account, 55.00 cash."""
    found: dict[str, Any] = {
        "settlement_id": 17,
        "settled_on": "2022-03-05",
        "settled_at": "2022-03-05T10:00:00.120000",
        "kind": "settlement",
        "payee": "institution",
        "reverses": None,
        "reversed_by": None,
        "claim_no": "A1",
        "institution_id": "H1",
        "person_id": "P1",
        "scheme": "resident",
        "visit": "inpatient",
        "admitted": "2022-03-01",
        "discharged": "2022-03-05",
        "day": "2022-03-05",
        "episode": "",
        "person_facts": {"scheme": "resident", "category": "adult", "contribution_tier": "high"},
        "claim_facts": {"visit": "inpatient", "level": "3"},
        "amounts": {"total": 100_00, "over_limit": 10_00, "in_scope": 90_00},
        "total": 100_00,
        "in_scope": 90_00,
        "funds": {"pool_pay": 40_00},
        "fund_pay": 40_00,
        "hospital_pay": 0,
        "account_pay": 5_00,
        "cash_pay": 55_00,
    }
    return {**found, **changes}


def reversal(of: Row, number: int = 18) -> Row:
    """Return the row that takes another one back."""
    return {
        **of,
        "settlement_id": number,
        "kind": "reversal",
        "reverses": of["settlement_id"],
        "reversed_by": None,
        "settled_at": "2022-03-06T09:00:00",
    }


def booked(of: Row, lines: Sequence[Row] = (), notes: Sequence[str] = ()) -> Booked:
    """Return a row with what stands around it."""
    return Booked(of, PERSON, lines, SINCE, notes)


def exported(*settlements: Booked, unmask: bool = False) -> dict[str, Any]:
    """Return a bundle of settlements, as its text is read again with floats."""
    made = dump(bundle(settlements, Manner("tianjin", unmask=unmask)))
    found: dict[str, Any] = json.loads(made)
    return found


def of_kind(made: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    """Return the resources of a type in a bundle."""
    own = [entry["resource"] for entry in made["entry"]]
    return [resource for resource in own if resource["resourceType"] == kind]


def imported(folder: Path, *resources: Any) -> Imported:
    """Write resources to files, texts as they are, and import them."""
    files = []
    for n, resource in enumerate(resources):
        file = folder / f"{n}.json"
        text = resource if isinstance(resource, str) else dump(resource)
        file.write_text(text, "utf-8")
        files.append(file)
    return read(files)


def rules(made: Imported) -> list[tuple[str, str]]:
    """Return where something is wrong, and by which rule."""
    return [(problem.path, problem.rule) for problem in made.problems]
