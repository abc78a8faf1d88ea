"""The closed vocabulary that every pack shares: attributes, amounts, funds, layers, results.

Enters: policies/vocabulary.yaml. Leaves: `Vocabulary`. Imports only the model and strict YAML.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from yibao.policy.model import Text, Value
from yibao.policy.source import read

POLICIES = Path(str(files("yibao"))) / "policies"

AttributeOf = Literal["person", "claim", "derived", "year_end"]
AttributeKind = Literal["code", "flag", "number", "set"]


@dataclass(frozen=True, slots=True)
class Attribute:
    """Something that a rule may look at.

    `codes` is None where each region has its own. A derived flag tells whether the attribute `code`
    is one of the set `among`.
    """

    name: str
    of: AttributeOf
    kind: AttributeKind
    title: Text
    codes: Mapping[str, Text] | None
    absent: Value | None
    code: str = ""
    among: str = ""


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount that a claim brings. `parts` add up to it; `portion_of` is what it lies within."""

    name: str
    title: Text
    parts: tuple[str, ...]
    portion_of: str | None


@dataclass(frozen=True, slots=True)
class Fund:
    """Who may pay, and in which layer of the chain."""

    name: str
    title: Text
    layer: str


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All that packs share."""

    attributes: Mapping[str, Attribute]
    amounts: Mapping[str, Amount]
    funds: Mapping[str, Fund]
    layers: Mapping[str, Text]
    results: Mapping[str, Text]

    def of(self, kind: AttributeOf) -> tuple[Attribute, ...]:
        """Return the attributes of persons, of claims or of year ends, in their order."""
        return tuple(a for a in self.attributes.values() if a.of == kind)


@cache
def vocabulary() -> Vocabulary:
    """Return the vocabulary that ships with the package."""
    data = read(POLICIES / "vocabulary.yaml").data
    return Vocabulary(
        attributes={n: _attribute(n, a) for n, a in data["attributes"].items()},
        amounts={
            n: Amount(n, Text(**a["title"]), tuple(a.get("parts", ())), a.get("portion_of"))
            for n, a in data["amounts"].items()
        },
        funds={n: Fund(n, Text(**f["title"]), f["layer"]) for n, f in data["funds"].items()},
        layers={n: Text(**t) for n, t in data["layers"].items()},
        results={n: Text(**t) for n, t in data["results"].items()},
    )


def _attribute(name: str, data: Mapping[str, Any]) -> Attribute:
    codes = data.get("codes")
    absent = data.get("absent")
    return Attribute(
        name=name,
        of=data["of"],
        kind=data["kind"],
        title=Text(**data["title"]),
        codes={c: Text(**t) for c, t in codes.items()} if isinstance(codes, dict) else None,
        absent=frozenset(absent) if isinstance(absent, list) else absent,
        code=data.get("code", ""),
        among=data.get("among", ""),
    )
