"""Write small claims and persons files and settle them under Tianjin's rules, for tests."""

import csv
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from yibao.interop.files.rows import RowError
from yibao.interop.files.settling import Run, settle_files
from yibao.policy.policy import Policy, load_policy

Row = Mapping[str, str]

PERSON: Row = {
    "person_id": "P1",
    "from": "2019-01-01",
    "to": "",
    "birth_date": "1975-04-12",
    "scheme": "employee",
    "category": "in_service",
}
CLAIM: Row = {
    "claim_id": "C1",
    "person_id": "P1",
    "visit": "outpatient",
    "admitted_on": "2019-03-01",
    "discharged_on": "2019-03-01",
    "settled_at": "2019-03-01 10:00:00",
    "total": "1000.00",
    "out_of_catalogue": "100.00",
    "over_limit": "0.00",
    "first_self_pay": "50.00",
    "in_scope": "850.00",
    "in_scope_tcm": "",
    "level": "2",
    "reverses": "",
}
REVERSAL: Row = dict.fromkeys(CLAIM, "") | {"settled_at": "2019-04-01"}
GOOD: Row = {**CLAIM, "claim_id": "GOOD", "settled_at": "2019-12-31 10:00:00"}


@cache
def tianjin() -> Policy:
    """Return Tianjin's policy, loaded once."""
    return load_policy("tianjin")


def write(file: Path, rows: Iterable[Row]) -> Path:
    """Write rows as CSV with the columns of the first."""
    rows = list(rows)
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return file


def settle(folder: Path, claims: Iterable[Row], persons: Iterable[Row] = (PERSON,)) -> Run:
    """Write the rows as files and settle them."""
    return settle_files(
        tianjin(), [write(folder / "claims.csv", claims)], [write(folder / "persons.csv", persons)]
    )


def settle_text(folder: Path, claims: bytes, persons: Iterable[Row] = (PERSON,)) -> Run:
    """Settle a claims file of exactly these bytes."""
    file = folder / "claims.csv"
    file.write_bytes(claims)
    return settle_files(tianjin(), [file], [write(folder / "persons.csv", persons)])


def errors(run: Run) -> list[RowError]:
    """Return the errors of the rejected claims."""
    return [error for reject in run.rejects for error in reject.errors]


def places(run: Run) -> list[tuple[str, int, str, str, str]]:
    """Return file, row, column, value and rule of every error of the claims."""
    return [(e.file.name, e.row, e.column, e.value, e.rule) for e in errors(run)]


def settled(run: Run) -> list[str]:
    """Return the ids of what was booked, in order."""
    return [entry.item.what.claim_id for entry in run.batch.entries]
