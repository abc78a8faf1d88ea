"""What a part tells beside its rows: counts, sums, rejects; as JSON can hold it."""

from __future__ import annotations

import json
import os
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from yibao.bulk.booked import Sums
from yibao.bulk.rejected import Rejected, of_data


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """One finished part. Places of rejects are those of the run's files.

    `seconds` are processor seconds of the task, `peak` the most memory that its process has had,
    in bytes.
    """

    claims: int
    persons: int
    settled: int
    sums: Sums
    begins: Counter[int]
    rejects: Sequence[Rejected]
    person_rejects: Sequence[Rejected]
    differences: Sequence[Sequence[Any]]
    seconds: float
    peak: int

    def write(self, file: Path) -> None:
        """Write it whole under its name: the part is finished from then on."""
        data = {field.name: getattr(self, field.name) for field in fields(self)}
        data["sums"] = {
            field.name: _pairs(value) if isinstance(value, Counter) else value
            for field in fields(Sums)
            for value in [getattr(self.sums, field.name)]
        }
        data["begins"] = _pairs(self.begins)
        for name in ("rejects", "person_rejects"):
            data[name] = [reject.as_data() for reject in data[name]]
        temporary = file.with_name(f".{secrets.token_hex(8)}.tmp")
        try:
            temporary.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
            os.replace(temporary, file)
        finally:
            temporary.unlink(missing_ok=True)


def read_told(file: Path) -> Told:
    """Read what `write` wrote."""
    data = json.loads(file.read_text(encoding="utf-8"))
    sums: dict[str, Any] = {
        name: Counter(_of_pairs(value)) if isinstance(value, list) else value
        for name, value in data["sums"].items()
    }
    data["sums"], data["begins"] = Sums(**sums), Counter(_of_pairs(data["begins"]))
    for name in ("rejects", "person_rejects"):
        data[name] = [of_data(reject) for reject in data[name]]
    return Told(**data)


def _pairs(counter: Counter[Any]) -> list[list[Any]]:
    return [[key, count] for key, count in counter.items()]


def _of_pairs(pairs: Sequence[Sequence[Any]]) -> dict[Any, int]:
    return {tuple(key) if isinstance(key, list) else key: count for key, count in pairs}
