"""What documents demand of figures and do to each other, field by field.

Records that this page does not know are shown by the names of their fields, so that a new kind of
rule is in the book as soon as the loader reads it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from fractions import Fraction

from yibao.money import format_rate
from yibao.policy.model import Act, Among, Between, Constraint, Document, Limit, OneOf, Waiver
from yibao.policy_book import labels
from yibao.policy_book.entry import Entry, Facts, FactsBody
from yibao.policy_book.naming import Naming, figure, join, same
from yibao.text import Text


def of_constraint(item: Constraint, naming: Naming) -> Facts:
    key = item.key
    than = (
        labels.of("than_before")
        if key is None
        else join((naming.code(key, code) for code in item.others), "、", ", ")
    )
    facts = [(labels.of("parameter"), naming.title(item.table))]
    if item.conditions:
        facts.append((labels.of("only_for"), naming.conditions(item.conditions)))
    if key is not None and item.code is not None:
        facts.append((naming.attribute(key), naming.code(key, item.code)))
    return (*facts, (labels.of(f"must_{item.must_be}"), than))


def of_limit(item: Limit, naming: Naming) -> Facts:
    measures = naming.words.measures
    measure = measures[item.measure]
    than = join((figure(value, measure.unit) for value in item.values), "、", ", ")
    if item.factor is not None and item.of is not None:
        factor = format_rate(item.factor) if item.factor <= 1 else str(item.factor)
        than = join([same(factor), measures[item.of].title], " × ", " × ")
    facts = [(labels.of("measure"), measure.title)]
    if item.conditions:
        facts.append((labels.of("only_for"), naming.conditions(item.conditions)))
    facts.append((labels.of(f"must_{item.must_be}"), than))
    return (*facts, (labels.of("strength"), labels.of(f"strength_{item.strength}")))


# --- what documents do to each other --------------------------------------------------------------


def of_document(document: Document, naming: Naming) -> Iterator[Entry]:
    """Yield the acts and waivers of a document, and whatever else of it has a cite."""
    for field in fields(document):
        value = getattr(document, field.name)
        for item in value if isinstance(value, tuple) else ():
            if isinstance(getattr(item, "says", None), Text) and hasattr(item, "cite"):
                title = labels.of(field.name)
                body = FactsBody(_act(item, naming) or of_fields(item, naming, {"cite", "says"}))
                name = f"{field.name} {getattr(item, 'document', '')}".strip()
                yield Entry(
                    field.name, name, title, None, item.cite, item.says, document, None, body
                )


def _act(item: object, naming: Naming) -> Facts:
    """Return what an act or a waiver is about and for how long; nothing for anything else."""
    if not isinstance(item, Act | Waiver):
        return ()
    titles = {d.id: d.title for d in naming.region.documents}
    facts = [(labels.of("document"), titles.get(item.document, same(item.document)))]
    if isinstance(item, Waiver):
        facts.append((labels.of("limit"), same(item.limit)))
    else:
        named = sorted(item.provisions or ())
        told = join((_provision(name, naming) for name in named), "、", ", ")
        facts.append((labels.of("provisions"), told if named else labels.of("whole_document")))
    return (*facts, (labels.of("validity"), labels.period(item.first, item.last)))


def _provision(name: str, naming: Naming) -> Text:
    region = naming.region
    if name in region.classifications:
        return region.classifications[name].title
    if name == "layers":
        return labels.of("layers")
    return naming.title(name)


# --- anything else --------------------------------------------------------------------------------


def of_fields(item: object, naming: Naming, without: set[str]) -> Facts:
    """Return the fields of a record that says nothing of itself."""
    assert is_dataclass(item)
    held = ((f.name, getattr(item, f.name)) for f in fields(item) if f.name not in without)
    return tuple((labels.of(name), _value(v, naming)) for name, v in held if v not in (None, ()))


def _value(value: object, naming: Naming) -> Text:
    if isinstance(value, Text):
        return value
    if isinstance(value, OneOf | Between | Among):
        return naming.condition(value)
    if isinstance(value, Fraction):
        return same(format_rate(value))
    if isinstance(value, Mapping):
        pairs = ((same(f"{name}: "), _value(v, naming)) for name, v in value.items())
        return join((join(pair, "", "") for pair in pairs), "；", "; ")
    if isinstance(value, frozenset):
        return join((same(str(v)) for v in sorted(value)), "、", ", ")
    if isinstance(value, tuple):
        return join((_value(v, naming) for v in value), "、", ", ")
    return naming.title(value) if isinstance(value, str) else same(str(value))
