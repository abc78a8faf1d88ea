"""What requests may name that is there: without it, most of what is drawn names nothing.

Ids are learnt from replies, under the names of their fields; days and amounts that policies know
are given.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any
from urllib.parse import quote

GIVEN: Mapping[str, tuple[Any, ...]] = {
    "person_id": ("P1", "P2"),
    "institution_id": ("H1", "H2", "H3"),
    "admitted_on": ("2023-03-01",),
    "discharged_on": ("2023-03-08",),
    **dict.fromkeys(("first", "day", "on", "on_day"), ("2023-03-01", "2023-12-31", "2024-01-01")),
    **dict.fromkeys(("last", "until"), ("2023-12-31", "2024-02-29")),
    "month": ("2023-03-01", "2023-12-01"),
    "year": (2023, 2024),
    "amount": ("0.01", "100.00"),
    "amounts": tuple({"total": yuan, "in_scope": yuan} for yuan in ("100.00", "60000.07")),
    "visit": ("inpatient", "outpatient"),
}
CHANCES = (0.0, 0.5, 0.9)
"""How likely a field of a request is to name what is there: one of these for each request."""

MOST = 200
"""Values of one name that are kept: others in the place of some of them, after that."""


class Known:
    """Values by the name of a field, drawn from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.values = defaultdict(list, {name: list(values) for name, values in GIVEN.items()})

    def learn(self, reply: Any) -> None:
        """Keep the ids that a reply names, wherever they stand in it."""
        for name, value in _fields(reply):
            if name.endswith("_id") or name in {"reference", "region"}:
                values = self.values[name]
                if value is not None and value not in values:
                    if len(values) < MOST:
                        values.append(value)
                    else:
                        values[self.random.randrange(MOST)] = value

    def put(self, *parts: Any) -> None:
        """Put known values into parts of a request, in place."""
        chance = self.random.choice(CHANCES)
        for part in parts:
            self._put(part, chance)

    def put_in_path(self, names: dict[str, Any]) -> None:
        """Put known values into the names of a path, in place; there `#` and `/` are quoted."""
        before = dict(names)
        self.put(names)
        for name, value in names.items():
            if value is not before[name]:
                names[name] = quote(str(value), safe="")

    def _put(self, node: Any, chance: float) -> None:
        if isinstance(node, list):
            for one in node:
                self._put(one, chance)
        if not isinstance(node, dict):
            return
        for name, value in node.items():
            values = self.values.get(name) or self.values.get(f"{name}_id")
            if values and self.random.random() < chance:
                node[name] = self.random.choice(values)
            else:
                self._put(value, chance)


def _fields(node: Any) -> Iterator[tuple[str, Any]]:
    """Yield the fields of objects in a reply that hold neither objects nor lists."""
    for value in node if isinstance(node, list) else ():
        yield from _fields(value)
    for name, value in node.items() if isinstance(node, dict) else ():
        if isinstance(value, dict | list):
            yield from _fields(value)
        else:
            yield name, value
