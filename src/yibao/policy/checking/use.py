"""Checks of use: tables, state and classifications that nothing asks for; rules that run out.

Enters: a loaded region. Leaves: warnings: none of this makes a settlement wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from yibao.policy.checking.finding import Finding, warning
from yibao.policy.checking.points import Period, answer, held, points
from yibao.policy.compile import table_of
from yibao.policy.model import Origin, Region, Step
from yibao.policy.opspec import OPS
from yibao.policy.vocabulary import vocabulary

_DAY = timedelta(days=1)
NOTICE = 90
"""Days before its end on which a document without successor is reported."""


def unused(region: Region) -> Iterator[Finding]:
    """Find tables, classifications, state and state attributes that no rule asks for."""
    named = {name for step in region.steps for name in _named(region, step)}
    looked = {key for table in region.tables.values() for key in table.keys}
    looked |= {condition.attribute for condition in region.conditions()}
    measured = {measure for limit in region.limits for measure in (limit.measure, limit.of)}
    measured |= {name for name, measure in vocabulary().measures.items() if measure.outside}
    for name, table in region.tables.items():
        if name not in named and (table.measure is None or table.measure not in measured):
            yield _unused("table", name, table.rows[0].origin, "a table that some step names")
    for name, classification in region.classifications.items():
        if name not in looked:
            origin = classification.provisions[0].origin
            yield _unused("classification", name, origin, "one that some rule looks at")
    counters = {n for a in region.state_attributes.values() for n in (a.counter, a.within)}
    for name in region.state.keys() - named - counters:
        yield _undeclared(region, "state value", name, "one that some step names")
    for name in region.state_attributes.keys() - looked:
        yield _undeclared(region, "state attribute", name, "one that some rule looks at")


def _unused(kind: str, name: str, origin: Origin, expected: str) -> Finding:
    return warning("unused", origin, f"the {kind} {name}, which nothing uses", expected)


def _undeclared(region: Region, kind: str, name: str, expected: str) -> Finding:
    """State has no provision of its own, hence no line: report it at the region's folder."""
    folder = region.documents[0].folder.parent if region.documents else Path(region.id)
    found = f"the {kind} {name}, which nothing uses"
    return Finding(folder, 1, "warning", "unused", found, expected)


def _named(region: Region, step: Step) -> Iterator[str]:
    fields = {*OPS[step.op].fields, "to", "beyond"}
    for name in (name for field in fields for name in step.many(field)):
        table, _ = table_of(region, name)
        yield name if table is None else table.name


# --- expiry -------------------------------------------------------------------------------------


def expiry(region: Region, as_of: date) -> Iterator[Finding]:
    """Find what ends within NOTICE days of `as_of` with its document, and has no successor.

    A repeal is no expiry, nor is a step or classification that its document lets end earlier.
    """
    until = as_of + timedelta(days=NOTICE)
    ending: dict[tuple[str, date], tuple[Origin, list[str]]] = {}
    for name, origin in (*_figures_running_out(region), *_rules_running_out(region)):
        if origin.last is not None and as_of <= origin.last <= until:
            key = (origin.document.id, origin.last)
            ending.setdefault(key, (origin, []))[1].append(name)
    for (document, last), (origin, names) in ending.items():
        found = f"the end of {document} on {last}, {(last - as_of).days} days after {as_of}"
        listed = ", ".join(dict.fromkeys(names))
        yield warning("expiry", origin, found, f"a successor or an extension for {listed}")


def _figures_running_out(region: Region) -> Iterator[tuple[str, Origin]]:
    repeals = {act for document in region.documents for act in document.repeals}
    for name, table in region.tables.items():
        for last in {row.origin.last for row in table.rows if row.origin.last is not None}:
            now, after = (held(table, Period(day, None)) for day in (last, last + _DAY))
            for point in points(table):
                row = answer(now, point)
                if row and row.origin.by not in repeals and not answer(after, point):
                    yield name, row.origin


def _rules_running_out(region: Region) -> Iterator[tuple[str, Origin]]:
    addressed = [(step.id, step.origin) for step in region.steps]
    for name, classification in region.classifications.items():
        addressed += [(name, provision.origin) for provision in classification.provisions]
    repeals = {act for document in region.documents for act in document.repeals}
    for name, origin in addressed:
        with_document = origin.last == origin.document.last or origin.by is not None
        if origin.last is not None and with_document and origin.by not in repeals:
            after = origin.last + _DAY
            if not any(o.in_force(after, None) for other, o in addressed if other == name):
                yield name, origin
