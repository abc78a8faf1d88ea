"""What a pack may name, and the conditions that it writes with those names.

Enters: the vocabulary and what the pack itself declares. Leaves: conditions, or defects that say
which codes would have been known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from yibao.errors import Defect
from yibao.policy.model import Among, Between, Condition, OneOf, RegionCode, StateAttribute
from yibao.policy.source import Path_, Source, did_you_mean
from yibao.policy.vocabulary import Vocabulary

BAND = "band"
"""The key of a table whose rows are numbered bands."""

_FORMS = {
    "number": (Between, "a range: {from: 60}, {below: 60} or {from: 45, below: 60}"),
    "set": (Among, "{any_of: …, all_of: …, …}"),
}


@dataclass(slots=True)
class Names:
    """The names known so far; `classes` gives the codes of each classification."""

    vocabulary: Vocabulary
    defects: list[Defect]
    classes: dict[str, Iterable[str]] = field(default_factory=dict)
    state_attributes: dict[str, StateAttribute] = field(default_factory=dict)
    region_codes: dict[str, list[RegionCode]] = field(default_factory=dict)

    def codes(self, attribute: str) -> tuple[str | bool, ...] | None:
        """Return the codes of an attribute, none for numbers, None where there is no such thing."""
        if attribute in self.classes:
            return tuple(self.classes[attribute])
        if attribute in self.state_attributes:
            return self.state_attributes[attribute].codes()
        known = self.vocabulary.attributes.get(attribute)
        if known is None:
            return None
        if known.kind == "flag":
            return (True, False)
        if known.kind == "number":
            return ()
        if known.codes is not None:
            return tuple(known.codes)
        own = self.region_codes.get(known.codes_like or attribute, ())
        return ("none", *(code.code for code in own))

    def defect(self, source: Source, path: Path_, found: str, expected: str) -> None:
        """Note a defect at a place of a file."""
        self.defects.append(source.defect(path, found, expected))

    def check(
        self, source: Source, path: Path_, codes: Iterable[Any], allowed: Iterable[Any], what: str
    ) -> None:
        """Note a defect for each code that is not allowed."""
        known = list(allowed)
        for code in codes:
            if code not in known:
                listed = ", ".join(map(str, known[:12])) + ("…" if len(known) > 12 else "")
                near = did_you_mean(str(code), map(str, known))
                self.defect(source, path, repr(code), f"{what}: {listed}{near}")

    def _near(self, name: str) -> str:
        """Return a hint at the nearest thing that a rule may look at."""
        known = [*self.vocabulary.attributes, *self.classes, *self.state_attributes, BAND]
        return did_you_mean(name, known)

    def key(self, source: Source, path: Path_, key: str, codes: Iterable[Any]) -> None:
        """Check a table's key and its codes."""
        if key == BAND:
            return
        allowed = self.codes(key)
        known = self.vocabulary.attributes.get(key)
        if allowed is None:
            expected = "an attribute, a classification or `band`" + self._near(key)
            self.defect(source, path, f"the key {key}", expected)
        elif known and known.kind == "number":
            for code in codes:
                if not isinstance(code, int):
                    expected = "whole numbers without quotes, where each range begins: [0, 60]"
                    self.defect(source, path, repr(code), expected)
        elif allowed:
            self.check(source, path, codes, allowed, f"a code of {key}")

    def conditions(
        self, source: Source, path: Path_, data: Mapping[str, Any]
    ) -> tuple[Condition, ...]:
        """Read conditions; those with a defect are noted and left out."""
        read = (self._condition(source, path, name, test) for name, test in data.items())
        return tuple(condition for condition in read if condition is not None)

    def _condition(
        self, source: Source, path: Path_, attribute: str, test: Any
    ) -> Condition | None:
        allowed = () if attribute == BAND else self.codes(attribute)
        if allowed is None:
            expected = "an attribute, a classification or a state attribute" + self._near(attribute)
            self.defect(source, path, f"the name {attribute}", expected)
            return None
        known = self.vocabulary.attributes.get(attribute)
        form, written = _FORMS.get(known.kind if known else "code", (OneOf, "a code or codes"))
        condition = condition_of(attribute, test)
        if not isinstance(condition, form):
            self.defect(source, path, f"{attribute}: {test}", written)
            return None
        if allowed:
            self.check(source, path, codes_of(condition), allowed, f"a code of {attribute}")
        return condition


def condition_of(attribute: str, test: Any) -> Condition:
    """Return the condition that `attribute: test` writes."""
    if not isinstance(test, dict):
        return OneOf(attribute, frozenset(test if isinstance(test, list) else [test]))
    if test.keys() & {"from", "below"}:
        return Between(attribute, test.get("from"), test.get("below"))
    sets = {k: frozenset(test.get(k, ())) for k in ("any_of", "all_of", "none_of", "two_of")}
    return Among(attribute, **sets)


def codes_of(condition: Condition) -> Iterable[str | bool]:
    """Return the codes that a condition names."""
    if isinstance(condition, OneOf):
        return condition.codes
    if isinstance(condition, Among):
        return condition.any_of | condition.all_of | condition.none_of | condition.two_of
    return ()
