"""What `yibao settle` makes of one claim in files, for comparison."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import claim_files

from yibao.settlement.model import Settlement

RESIDENT = {"scheme": "resident", "category": "adult", "contribution_tier": "high"}
WORKER = {
    "scheme": "employee",
    "category": "in_service",
    "contribution_tier": "none",
    "large_expense_paid": "true",
}


def figures(
    folder: Path, insured: Mapping[str, str], visit: str, level: str, **more: str
) -> Settlement:
    """Return the settlement of a claim of 1 March 2022, unless told otherwise."""
    person = {
        "person_id": "P1",
        "from": "2015-01-01",
        "to": "",
        "birth_date": "1960-05-05",
        **insured,
    }
    claim = {
        "claim_id": "C1",
        "person_id": "P1",
        "visit": visit,
        "admitted_on": "2022-03-01",
        "discharged_on": "2022-03-01",
        "settled_at": "2022-03-09 10:00:00",
        "level": level,
        **more,
    }
    run = claim_files.settle(folder, [claim], [person])
    assert not run.rejects
    (entry,) = run.batch.entries
    found = entry.settlement
    assert isinstance(found, Settlement)
    return found
