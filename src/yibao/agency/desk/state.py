"""A person's years: from the database into the book, and what of them changed back.

Values are kept by name, and only those that are not 0: rules may come to remember more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from yibao.settlement.book import Record
from yibao.settlement.model import YearState

Row = Mapping[str, Any]


class Names:
    """The names of state values in the order of the engine: carried ones, then an episode's."""

    def __init__(self, scopes: Mapping[str, str]) -> None:
        """Take the scope (year, lifetime, episode) of each state value."""
        self.carried = tuple(n for n, scope in scopes.items() if scope != "episode")
        self.episode = tuple(n for n, scope in scopes.items() if scope == "episode")
        self.all = self.carried + self.episode


def values_of(names: Sequence[str], stored: Mapping[str, int]) -> list[int]:
    """Return stored values in the order of `names`; 0 for those not stored."""
    return [stored.get(name, 0) for name in names]


def stored(names: Collection[str], values: Sequence[int]) -> dict[str, int]:
    """Return values by name, without those that are 0."""
    return {name: value for name, value in zip(names, values, strict=True) if value}


def record_of(names: Names, years: Sequence[Row], openings: Sequence[Row]) -> Record:
    """Return what the book must know of a person."""
    record = Record()
    for row in openings:
        values = record.opened[row["year"]] = values_of(names.carried, row["values"])
        if row["given"]:
            record.given[row["year"]] = values
    for row in years:
        record.years[row["scheme"], row["year"]] = YearState(
            values_of(names.carried, row["values"]),
            {_own(e): values_of(names.episode, v) for e, v in row["episodes"].items()},
            {_own(e): values_of(names.all, v) for e, v in row["owed"].items()},
        )
    return record


def _key(episode: str) -> str:
    """Return an episode's name as the database can hold it; no given name begins with a dash."""
    return episode.replace("\0", "-", 1)


def _own(key: str) -> str:
    return key.replace("-", "\0", 1) if key.startswith("-") else key


def year_row(names: Names, person: str, scheme: str, year: int, state: YearState) -> dict[str, Any]:
    """Return the row of a person's year in a scheme."""
    return {
        "person_id": person,
        "year": year,
        "scheme": scheme,
        "values": stored(names.carried, state.values),
        "episodes": {_key(e): stored(names.episode, v) for e, v in state.episodes.items()},
        "owed": {_key(e): stored(names.all, v) for e, v in state.owed.items()},
    }


def opening_rows(names: Names, person: str, record: Record) -> list[dict[str, Any]]:
    """Return the rows of the openings that came from closing years, not from outside."""
    return [
        {
            "person_id": person,
            "year": year,
            "given": False,
            "values": stored(names.carried, values),
        }
        for year, values in sorted(record.opened.items())
        if year not in record.given
    ]
