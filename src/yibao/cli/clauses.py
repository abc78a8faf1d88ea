"""Which clauses of an inventory are covered: by the packs' cases, and by marks in tests.

Enters: an inventory (a YAML list of entries with `id`), folders of tests and of regions. Leaves:
records. A mark is `pytest.mark.clause("T16-03a", …)`, wherever it stands in a test file; files are
parsed, not imported.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from yibao.errors import CannotRead
from yibao.settlement.cases import read_cases

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Clause:
    """One selected clause, with the places that cover it (`file:line`)."""

    id: str
    region: str
    tier: str
    subsystem: str
    summary: Mapping[str, str]
    cases: tuple[str, ...]
    tests: tuple[str, ...]

    @property
    def covered(self) -> bool:
        """Tell whether a case or a test covers the clause."""
        return bool(self.cases or self.tests)


@dataclass(frozen=True, slots=True)
class Share:
    """How many clauses of one region, tier and subsystem are covered; "" stands for all."""

    region: str
    tier: str
    subsystem: str
    covered: int
    total: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """The selected clauses, and the ids that cases or tests name but the inventory lacks."""

    clauses: tuple[Clause, ...]
    unknown: Mapping[str, tuple[str, ...]]


def read_inventory(file: Path) -> list[dict[str, Any]]:
    """Read an inventory; raises CannotRead when it is not a list of entries with an id."""
    try:
        entries = yaml.load(file.read_text(encoding="utf-8"), Loader=_LOADER)
    except OSError as error:
        raise CannotRead(f"{file}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CannotRead(f"{file}: not YAML in UTF-8: {error}") from None
    if not isinstance(entries, list) or not all(isinstance(e, dict) and "id" in e for e in entries):
        raise CannotRead(f"{file}: expected a list of clauses, each with an id")
    return entries


def select(
    entries: Iterable[dict[str, Any]], wanted: Mapping[str, Sequence[str]]
) -> list[dict[str, Any]]:
    """Return the entries whose fields have one of the wanted values, where any are wanted."""

    def fits(entry: dict[str, Any]) -> bool:
        return all(
            not values or str(entry.get(field, "")).lower() in {v.lower() for v in values}
            for field, values in wanted.items()
        )

    return [entry for entry in entries if fits(entry)]


def coverage(
    entries: Sequence[dict[str, Any]],
    wanted: Mapping[str, Sequence[str]],
    packs: Iterable[Path],
    tests: Path | None,
) -> Coverage:
    """Match an inventory with the cases below `packs` and the marks below `tests`."""
    by_case = by_clause(place for pack in packs for place in case_clauses(pack))
    by_test = by_clause(marks(tests) if tests else ())
    known = {str(entry["id"]) for entry in entries}
    named = {**by_case, **by_test}
    return Coverage(
        clauses=tuple(
            Clause(
                id=str(entry["id"]),
                region=str(entry.get("region", "")),
                tier=str(entry.get("tier", "")),
                subsystem=str(entry.get("subsystem", "")),
                summary={language: str(entry.get(language, "")) for language in ("zh", "en")},
                cases=by_case.get(str(entry["id"]), ()),
                tests=by_test.get(str(entry["id"]), ()),
            )
            for entry in select(entries, wanted)
        ),
        unknown={
            name: (*by_case.get(name, ()), *by_test.get(name, ()))
            for name in sorted(named.keys() - known)
        },
    )


def shares(clauses: Iterable[Clause]) -> list[Share]:
    """Count by region, tier and subsystem, in the order of the inventory; then by tier, and all."""
    clauses = tuple(clauses)
    groups: dict[tuple[str, str, str], list[Clause]] = {}
    for clause in clauses:
        groups.setdefault((clause.region, clause.tier, clause.subsystem), []).append(clause)
    regions = list(dict.fromkeys(region for region, _, _ in groups))
    found = [_share(key, groups[key]) for key in sorted(groups, key=lambda k: regions.index(k[0]))]
    for tier in dict.fromkeys(clause.tier for clause in clauses):
        found.append(_share(("", tier, ""), [c for c in clauses if c.tier == tier]))
    return [*found, _share(("", "", ""), clauses)]


def _share(key: tuple[str, str, str], clauses: Sequence[Clause]) -> Share:
    return Share(*key, sum(clause.covered for clause in clauses), len(clauses))


def by_clause(found: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Gather the places of each clause, in their order."""
    places: dict[str, tuple[str, ...]] = {}
    for clause, place in found:
        places[clause] = (*places.get(clause, ()), place)
    return places


def case_clauses(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield each clause that a case below a folder names, with the case's place."""
    for case in read_cases(folder):
        for clause in case.clauses:
            yield clause, f"{case.file}:{case.line}"


def marks(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield each clause that a test file below a folder marks, with the mark's place."""
    if not folder.is_dir():
        raise CannotRead(f"{folder}: no such folder of tests")
    for file in sorted(folder.rglob("test_*.py")):
        try:
            tree = ast.parse(file.read_text(encoding="utf-8"))
        except (SyntaxError, UnicodeDecodeError) as error:
            raise CannotRead(f"{file}: not Python: {error}") from None
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _is_mark(node.func):
                for argument in node.args:
                    if isinstance(argument, ast.Constant):
                        yield str(argument.value), f"{file}:{node.lineno}"


def _is_mark(function: ast.expr) -> bool:
    return (
        isinstance(function, ast.Attribute)
        and function.attr == "clause"
        and isinstance(function.value, ast.Attribute)
        and function.value.attr == "mark"
    )
