"""The closed vocabulary that every pack shares: attributes, amounts, funds, procedures, results.

Enters: policies/vocabulary.yaml. Leaves: `Vocabulary`. Imports only the model and strict YAML.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from yibao.policy.model import Text, Unit, Value
from yibao.policy.source import read

POLICIES = Path(str(files("yibao"))) / "policies"

AttributeOf = Literal["person", "claim", "derived", "year_end", "procedure"]
AttributeKind = Literal["code", "flag", "number", "set"]


@dataclass(frozen=True, slots=True)
class Attribute:
    """Something that a rule may look at.

    `codes` is None where each region has its own, or shares those of the attribute `codes_like`. A
    derived flag tells whether the attribute `code` is one of the set `among`.
    """

    name: str
    of: AttributeOf
    kind: AttributeKind
    title: Text
    codes: Mapping[str, Text] | None
    absent: Value | None
    codes_like: str = ""
    code: str = ""
    among: str = ""


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount that a claim or a procedure starts from.

    `parts` add up to it; `portion_of` is what it lies within.
    """

    name: str
    title: Text
    parts: tuple[str, ...] = ()
    portion_of: str | None = None
    unit: Unit = "yuan"


@dataclass(frozen=True, slots=True)
class Fund:
    """Who may pay, and in which layer of the chain.

    `of_scheme`: each scheme has its own, whose money may not be mixed with that of another's.
    """

    name: str
    title: Text
    layer: str
    of_scheme: bool = False


@dataclass(frozen=True, slots=True)
class Procedure:
    """Something else than a claim that rules work out, such as a contribution bill.

    `facts` are what it may look at besides the person, `inputs` the amounts that it starts from,
    `payers` who may have to pay, `gives` its other results. The payers add up to the input `whole`,
    where there is one; what is `spends` comes out of the account's balance.
    """

    name: str
    title: Text
    facts: tuple[str, ...]
    inputs: Mapping[str, Amount]
    payers: Mapping[str, Text]
    gives: Mapping[str, Text]
    whole: str | None
    spends: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure that means the same in every region, so that a higher document can limit it.

    No step names one that is `outside` the rules of persons: another part asks for it.
    """

    name: str
    title: Text
    unit: Unit
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All that packs share."""

    attributes: Mapping[str, Attribute]
    amounts: Mapping[str, Amount]
    funds: Mapping[str, Fund]
    layers: Mapping[str, Text]
    results: Mapping[str, Text]
    measures: Mapping[str, Measure]
    procedures: Mapping[str, Procedure]

    def of(self, kind: AttributeOf) -> tuple[Attribute, ...]:
        """Return the attributes of persons, of claims or of year ends, in their order."""
        return tuple(a for a in self.attributes.values() if a.of == kind)

    def phases(self) -> tuple[str, ...]:
        """Return what a step may be part of."""
        return ("claim", "year_end", *self.procedures)

    def known_to(self, phase: str) -> frozenset[str]:
        """Return the attributes that the steps of a phase may look at."""
        if phase in self.procedures:
            own = {*self.procedures[phase].facts, *(a.name for a in self.of("person"))}
            return frozenset(own)
        kinds = {"person", "claim", "derived"} if phase == "claim" else {"person", "year_end"}
        return frozenset(a.name for a in self.attributes.values() if a.of in kinds)

    def inputs(self, phase: str) -> Mapping[str, Amount]:
        """Return the amounts that a phase starts from: for a year end a claim's, all zero."""
        return self.procedures[phase].inputs if phase in self.procedures else self.amounts

    def title(self, name: str) -> Text | None:
        """Return what an amount, a fund, or a procedure's input or result is called."""
        if name in self.amounts:
            return self.amounts[name].title
        if name in self.funds:
            return self.funds[name].title
        for procedure in self.procedures.values():
            if name in procedure.inputs:
                return procedure.inputs[name].title
            if name in procedure.payers or name in procedure.gives:
                return procedure.payers.get(name) or procedure.gives[name]
        return None

    def payers(self, phase: str) -> Iterable[str]:
        """Return who may have to pay in a phase."""
        return self.procedures[phase].payers if phase in self.procedures else self.funds


@cache
def vocabulary() -> Vocabulary:
    """Return the vocabulary that ships with the package."""
    data = read(POLICIES / "vocabulary.yaml").data
    return Vocabulary(
        attributes={n: _attribute(n, a) for n, a in data["attributes"].items()},
        amounts=_amounts(data["amounts"]),
        funds={
            n: Fund(n, Text(**f["title"]), f["layer"], f.get("of_scheme", False))
            for n, f in data["funds"].items()
        },
        measures={
            n: Measure(n, Text(**m["title"]), m["unit"], m.get("outside", False))
            for n, m in data["measures"].items()
        },
        layers=_titles(data["layers"]),
        results=_titles(data["results"]),
        procedures={n: _procedure(n, p) for n, p in data["procedures"].items()},
    )


def band_title(band: str) -> Text:
    """Return what a row of a banded table is called: its number, or the tier that it stands for."""
    tiers = vocabulary().attributes["contribution_tier"].codes or {}
    return tiers.get(band) or Text(f"第{band}段", f"band {band}")


def _titles(data: Mapping[str, Any]) -> Mapping[str, Text]:
    return {name: Text(**title) for name, title in data.items()}


def _amounts(data: Mapping[str, Any]) -> Mapping[str, Amount]:
    return {
        name: Amount(
            name=name,
            title=Text(**amount["title"]),
            parts=tuple(amount.get("parts", ())),
            portion_of=amount.get("portion_of"),
            unit=amount.get("unit", "yuan"),
        )
        for name, amount in data.items()
    }


def _procedure(name: str, data: Mapping[str, Any]) -> Procedure:
    return Procedure(
        name=name,
        title=Text(**data["title"]),
        facts=tuple(data.get("facts", ())),
        inputs=_amounts(data["inputs"]),
        payers=_titles(data.get("payers", {})),
        gives=_titles(data.get("gives", {})),
        whole=data.get("whole"),
        spends=tuple(data.get("spends", ())),
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
        codes_like=data.get("codes_like", ""),
        code=data.get("code", ""),
        among=data.get("among", ""),
    )
