"""The resources of files: each checked by the library, found by its reference, read with its path.

What is wrong is a `Problem`; a resource that has one gives no rows, others do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from yibao.interop.fhir import systems
from yibao.interop.fhir.exact import Resource, faults, load
from yibao.interop.fhir.problems import Problem, reason
from yibao.interop.files import cells
from yibao.interop.files.columns import Column, Kind
from yibao.masking import masked_name
from yibao.policy.vocabulary import vocabulary

USED = ("Patient", "Coverage", "Claim", "ClaimResponse", "ExplanationOfBenefit")
_TELLS_WHO = frozenset({"name", "identity_number"})
_INDEXED = frozenset({*USED, "Organization", "Practitioner", "PractitionerRole"})


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A resource of a file; `path` is where in the file it is, "" where it is all of it."""

    file: Path
    path: str
    resource: Resource

    @property
    def kind(self) -> str:
        """Its type."""
        return str(self.resource["resourceType"])


@dataclass(slots=True)
class Given:
    """All resources of files, by their references; how many of which types say nothing to us."""

    found: list[Found] = field(default_factory=list)
    by_reference: dict[str, Found] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)

    def of(self, kind: str) -> list[Found]:
        """Return the resources of a type, in the order of the files."""
        return [one for one in self.found if one.kind == kind]

    def add(self, file: Path, path: str, rule: str, value: str = "", **facts: object) -> None:
        """Add a problem."""
        self.problems.append(Problem(file, path, value, rule, reason(rule, **facts)))


def read(files: Sequence[Path]) -> Given:
    """Read files of a Bundle or a single resource each; raises InputError for what is no JSON."""
    given = Given()
    for file in files:
        content = load(file)
        if isinstance(content, Mapping) and content.get("resourceType") == "Bundle":
            _entries(given, file, content)
        elif _type_of(content) in _INDEXED:
            _take(given, Found(file, "", content), "")
        else:
            given.add(file, "resourceType", "resource", _type_of(content), expected=", ".join(USED))
    return given


def _type_of(content: Any) -> str:
    found = content.get("resourceType") if isinstance(content, Mapping) else None
    return found if isinstance(found, str) else ""


def _entries(given: Given, file: Path, bundle: Resource) -> None:
    """Take the resources of a bundle, each checked by itself, so that one does not spoil others."""
    entries = bundle.get("entry") or []
    shell = {name: value for name, value in bundle.items() if name != "entry"}
    bare = [_without_resource(entry) for entry in entries] if isinstance(entries, list) else entries
    wrong = list(faults({**shell, "entry": bare}))
    for path, value, why in wrong:
        given.add(file, path, "fhir", value, why=why)
    if wrong:
        return
    for n, entry in enumerate(entries):
        path, content = f"entry[{n}].resource", entry.get("resource")
        kind = _type_of(content)
        if not kind:
            told = ", ".join(USED)
            given.add(file, f"{path}.resourceType", "resource", kind, expected=told)
        elif kind not in _INDEXED:
            given.left_out[kind] += 1
        else:
            _take(given, Found(file, path, content), entry.get("fullUrl") or "")


def _without_resource(entry: Any) -> Any:
    if not isinstance(entry, Mapping):
        return entry
    return {name: value for name, value in entry.items() if name != "resource"}


def _take(given: Given, one: Found, url: str) -> None:
    """Take a resource that the library finds nothing wrong with, and no other stands for."""
    wrong = list(faults(one.resource))
    for path, value, why in wrong:
        shown = "" if one.kind == "Patient" or path.startswith("contained") else value
        given.add(one.file, _joined(one.path, path), "fhir", shown, why=why)
    if wrong:
        return
    keys = [key for key in (url, _local(one.resource)) if key]
    for key in keys:
        other = given.by_reference.get(key)
        if other is None:
            continue
        if other.resource == one.resource:
            given.left_out[one.kind] += 1
        else:
            told = f"{key} ({other.file}: {other.path or one.kind})"
            given.add(one.file, one.path or one.kind, "unique", found=told)
        return
    given.by_reference |= dict.fromkeys(keys, one)
    given.found.append(one)


def _local(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}" if resource.get("id") else ""


def _joined(path: str, more: str) -> str:
    return ".".join(part for part in (path, more) if part)


# --- one resource, read ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class At:
    """A place in a resource: its value (None: not there) and its path in the file."""

    reader: Reader
    value: Any
    path: str

    def __getitem__(self, name: str) -> At:
        value = self.value.get(name) if isinstance(self.value, Mapping) else None
        return At(self.reader, value, _joined(self.path, name))

    def __iter__(self) -> Iterator[At]:
        for n, value in enumerate(self.value or ()):
            yield At(self.reader, value, f"{self.path}[{n}]")

    def __bool__(self) -> bool:
        return self.value is not None

    def wrong(self, rule: str, **facts: object) -> None:
        """Tell that what is here breaks a rule."""
        shown = "" if isinstance(self.value, dict | list | None) else str(self.value)
        found = self.reader.found
        problem = Problem(found.file, self.path, shown, rule, reason(rule, **facts))
        self.reader.problems.append(problem)

    def cell(self, column: Column) -> str:
        """Return what is here as a cell of a column, "" where that breaks one of its rules."""
        text = self.value
        if isinstance(text, bool):
            text = str(text).lower()
        if text is None:
            self.wrong("needed", what=column.title)
        elif not isinstance(text, str):
            self.wrong("fhir", why="a string is needed")
        else:
            return self._checked(text, column)
        return ""

    def number(self, column: Column) -> str:
        """Return the number here as a cell of a column, "" where it breaks one of its rules."""
        value = self.value
        if value is None:
            self.wrong("needed", what=column.title)
        elif isinstance(value, bool) or not isinstance(value, int | Decimal):
            self.wrong("number")
        else:
            return self._checked(_digits(Decimal(value)), column)
        return ""

    def _checked(self, text: str, column: Column) -> str:
        try:
            cell = cells.clean(text, column.longest)
            if cell:
                cells.parser(column)(cell)
                return cell
        except cells.BadCell as bad:
            shown = masked_name(text) if column.name in _TELLS_WHO else text
            problem = Problem(self.reader.found.file, self.path, shown, bad.rule, bad.message)
            self.reader.problems.append(problem)
        else:
            self.wrong("needed", what=column.title)
        return ""

    def yuan(self, column: Column) -> str:
        """Return Money of yuan as a cell of a column; "" and a problem where it is none."""
        if not self:
            self.wrong("needed", what=column.title)
            return ""
        if self["currency"].value != "CNY":
            self["currency"].wrong("currency")
        return self["value"].number(column)

    def day(self, column: Column) -> str:
        """Return the day of a date or a time as a cell; a part of a date is no day."""
        text = self.value
        if not isinstance(text, str):
            self.wrong("needed", what=column.title)
        elif len(text) < len("2022-03-01"):
            self.wrong("day")
        else:
            return self._checked(text[:10], column)
        return ""

    def code(self, system: str, column: Column) -> str:
        """Return the code of a system of the CodeableConcept here as a cell of a column."""
        found = self.codings(system)
        if len(found) == 1:
            return found[0]["code"].cell(column)
        self.wrong("system", system=system, found=len(found))
        return ""

    def codings(self, system: str) -> list[At]:
        """Return the codings of a system of the CodeableConcept here."""
        return [c for c in self["coding"] if c["system"].value == system and c["code"]]

    def says(self, system: str, code: str) -> bool:
        """Tell whether the CodeableConcept here has a code of a system."""
        return any(c["code"].value == code for c in self.codings(system))

    def target(self) -> At | None:
        """Return the resource that the Reference here is to, None where it is not at hand."""
        key = self["reference"].value
        if isinstance(key, str) and key.startswith("#"):
            own = self.reader.root["contained"]
            return next((one for one in own if one["id"].value == key[1:]), None)
        found = self.reader.given.by_reference.get(key) if isinstance(key, str) else None
        return None if found is None else At(self.reader, found.resource, f"{self.path}.resolve()")

    def identified(self, system: str, column: Column) -> str:
        """Return the number, by a system, of what the Reference here is to, as a cell."""
        if not self:
            self.wrong("needed", what=column.title)
            return ""
        own = self["identifier"]
        if own["system"].value == system:
            return own["value"].cell(column)
        target = self.target()
        if target is None:
            self.wrong("known_reference", system=system)
            return ""
        return target["identifier"].among(system, column)

    def among(self, system: str, column: Column) -> str:
        """Return the number by a system among the Identifiers here, as a cell of a column."""
        found = [one for one in self if one["system"].value == system]
        if len(found) == 1:
            return found[0]["value"].cell(column)
        self.wrong("system", system=system, found=len(found))
        return ""


@dataclass(slots=True, eq=False)
class Reader:
    """Reads one resource among all that were given."""

    given: Given
    found: Found
    problems: list[Problem] = field(default_factory=list)

    @property
    def root(self) -> At:
        """The resource."""
        return At(self, self.found.resource, self.found.path)

    @property
    def refund(self) -> bool:
        """Whether the resource tells of a reversal."""
        tags = self.root["meta"]["tag"]
        return any((t["system"].value, t["code"].value) == (systems.FLOW, "refund") for t in tags)

    def status(self, *allowed: str) -> str:
        """Return the status; a problem where it is none of those allowed."""
        here = self.root["status"]
        if here.value not in allowed:
            here.wrong("status", expected=", ".join(allowed))
        return str(here.value)


def _digits(value: Decimal) -> str:
    """Return a number without an exponent, unless that would be longer than any cell."""
    return format(value, "f") if abs(value.adjusted()) < 30 else str(value)


def coded(name: str) -> Column:
    """Return the column of an attribute of the vocabulary; a region's own codes are not checked."""
    attribute = vocabulary().attributes[name]
    kind: Kind = "flag" if attribute.kind == "flag" else "code" if attribute.codes else "id"
    return Column(name, kind, attribute.title, codes=attribute.codes, longest=64)
