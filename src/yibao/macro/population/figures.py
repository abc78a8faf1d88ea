"""The figures that a population is made from: read, validated, ready to be computed with.

Three YAML files: `national` (published, with source and grade), one for each region, and `model`
(assumed). Amounts are integer fen; shares and rates become floats, since they only steer draws.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import numpy as np
import numpy.typing as npt

from yibao.errors import PackErrors
from yibao.money import parse_yuan
from yibao.policy.source import Path_, Source, read
from yibao.text import Text

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Small = npt.NDArray[np.int8]

FOLDER = Path(__file__).parent
_NOT_REGIONS = frozenset({"national", "model"})


@dataclass(frozen=True, slots=True)
class Figure:
    """One published figure: its value, the grade of trust, where it was read, and of what it is.

    `scope` is "nation" where a figure of the nation stands in for one of the region.
    """

    value: float
    grade: str
    source: str
    scope: str


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """All figures of a region: the three files as data, with ways to read them."""

    name: str
    national: Mapping[str, Any]
    region: Mapping[str, Any]
    model: Mapping[str, Any]

    @property
    def years(self) -> range:
        """The years that may be made."""
        span = self.region["years"]
        return range(span["first"], span["last"] + 1)

    @property
    def why_years(self) -> Text:
        """Why there are no other years."""
        return Text(**self.region["years"]["why"])

    @property
    def diseases(self) -> tuple[str, ...]:
        """The chronic diseases of the model, in its order."""
        return tuple(self.model["diseases"])

    @property
    def chronic_visit(self) -> str:
        """The visit type of special or chronic outpatient care."""
        return str(self.region["chronic_visit"])

    def figure(self, value: float, source: str, grade: str = "") -> Figure:
        """Return a figure with what is known of its source; without a grade that of the source."""
        own = source in self.region["sources"]
        found = (self.region if own else self.national)["sources"][source]
        cite = ", ".join(part for part in (found["title"], found["url"]) if part)
        return Figure(value, grade or found["grade"], cite, "region" if own else "nation")

    def use(self, year: int, scheme: str, what: str) -> Figure:
        """Return a figure of the use of care; amounts in fen per visit, admissions per 100."""
        table = self.national["use"]
        text = table["years"][str(year)][scheme][what]
        value = float(fen(text)) if what.startswith("yuan") else number(text)
        return self.figure(value, table["source"])

    def purchases(self, scheme: str) -> tuple[Figure, Figure]:
        """Return pharmacy purchases per head and year, and fen per purchase."""
        row = self.national["pharmacy"][scheme]
        values = number(row["purchases"]), float(fen(row["yuan_per_purchase"]))
        times, price = (self.figure(value, row["source"], row["grade"]) for value in values)
        return times, price

    def value(self, name: str) -> Figure:
        """Return a single figure of the region, else of the nation."""
        row = self.region.get(name) or self.national[name]
        return self.figure(number(row["value"]), row["source"], row["grade"])

    def by_scheme(self, name: str, scheme: str) -> Figure | None:
        """Return a figure of a scheme, or None where nothing is published."""
        row = self.region.get(name) or self.national.get(name)
        if row is None:
            return None
        return self.figure(number(row[scheme]), row["source"], row["grade"])

    def active_per_retired(self, year: int) -> Figure:
        """Return how many active employees there are for a retired one."""
        table = self.national["active_per_retired"]
        return self.figure(number(table["years"][str(year)]), table["source"], table["grade"])

    def census(self) -> tuple[Ints, Floats]:
        """Return the first ages of the groups, and their shares by sex (male, female) and group."""
        table = self.region["census"]
        counts = np.array([table["male"], table["female"]], dtype=np.float64)
        return np.array(table["ages"], dtype=np.int64), counts / counts.sum()


def number(text: str) -> float:
    """Return a number such as "2.78" or a share such as "62%"."""
    return float(text[:-1]) / 100 if text.endswith("%") else float(text)


def numbers(texts: Sequence[str]) -> Floats:
    """Return numbers as an array."""
    return np.array([number(text) for text in texts], dtype=np.float64)


def fen(text: str) -> int:
    """Return an amount in fen."""
    return parse_yuan(text)


def names() -> tuple[str, ...]:
    """Return the regions that have figures."""
    found = sorted(file.stem for file in FOLDER.glob("*.yaml"))
    return tuple(name for name in found if name not in _NOT_REGIONS)


@cache
def load(name: str) -> Figures:
    """Return the figures of a region of `names()`; raises PackErrors with file and line."""
    return load_from(FOLDER, name)


def load_from(folder: Path, name: str) -> Figures:
    """Return the figures in a folder; raises PackErrors with every defect's file and line."""
    national, region, model = (read(folder / f"{n}.yaml") for n in ("national", name, "model"))
    defects = [
        source.defect(path, found, expected)
        for source, kind in ((national, "national"), (region, "region"), (model, "model"))
        for path, found, expected in (*_by_schema(source, kind), *_by_sense(source, kind))
    ]
    if not defects:
        known = {*national.data["sources"], *region.data["sources"]}
        for source in (national, region):
            for path, cited in _cites(source.data, ()):
                if cited not in known:
                    defects.append(source.defect(path, f"the source {cited!r}", "one of sources"))
    if defects:
        raise PackErrors(defects)
    return Figures(name, national.data, region.data, model.data)


@cache
def _validator(kind: str) -> jsonschema_rs.Draft202012Validator:
    schema = json.loads((FOLDER / "figures.json").read_text(encoding="utf-8"))
    return jsonschema_rs.Draft202012Validator({**schema, "$ref": f"#/$defs/{kind}"})


def _by_schema(source: Source, kind: str) -> Iterator[tuple[Path_, str, str]]:
    for error in _validator(kind).iter_errors(source.data):
        path: Path_ = tuple(error.instance_path)
        yield path, f"{'.'.join(map(str, path)) or 'the file'}", error.message


def _by_sense(source: Source, kind: str) -> Iterator[tuple[Path_, str, str]]:
    """Yield what a schema cannot see: lists of unequal length, shares that are not a whole."""
    data = source.data if isinstance(source.data, dict) else {}
    lists = {"national": ["mortality"], "region": ["census"], "model": ["need", "employment"]}
    for name in lists[kind]:
        table = data.get(name)
        if isinstance(table, dict):
            long = {key: len(value) for key, value in table.items() if isinstance(value, list)}
            if len(set(long.values())) > 1:
                yield (name,), f"lists of {sorted(long.values())} entries", "as many as ages"
    for name in ("tiers", "relief") if kind == "region" else ():
        table = data.get(name)
        if isinstance(table, dict):
            shares = [t for key, t in table.items() if key != "student" and isinstance(t, str)]
            if not _whole(shares):
                yield (name,), f"shares {', '.join(shares)}", "shares that make 100%"


def _whole(shares: Sequence[str]) -> bool:
    try:
        return abs(sum(map(number, shares)) - 1) < 1e-9
    except ValueError:
        return True  # the schema tells


def _cites(data: Any, path: Path_) -> Iterator[tuple[Path_, str]]:
    if not isinstance(data, dict):
        return
    for key, value in data.items():
        if key == "source":
            yield (*path, key), value
        elif key != "sources":
            yield from _cites(value, (*path, key))
