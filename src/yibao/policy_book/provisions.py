"""Every provision of a region as an entry of the book, at the article that it cites.

Entries come from whatever the region's model holds: each thing with an origin becomes one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields

from yibao.policy.model import (
    Classification,
    ClassProvision,
    Constraint,
    LayerOrder,
    Limit,
    Origin,
    Region,
    Row,
    Step,
    Table,
)
from yibao.policy_book import demands, labels, steps
from yibao.policy_book.entry import (
    ClassBody,
    Entry,
    FactsBody,
    OrderBody,
    StepBody,
    TableBody,
    entry,
)
from yibao.policy_book.naming import ANY, Naming, figure, same


def entries(region: Region, naming: Naming) -> Iterator[Entry]:
    """Yield the provisions of a region, in the order of the pack's files."""
    found = [*_of_tables(region, naming), *_of_classes(region, naming), *_others(region, naming)]
    for document in region.documents:
        found += demands.of_document(document, naming)
    yield from sorted(found, key=_place)


def _place(entry: Entry) -> tuple[str, str, int]:
    origin = entry.origin
    return (entry.document.id, origin.file.name if origin else "", origin.line if origin else 0)


# --- tables and classifications -------------------------------------------------------------------


def _of_tables(region: Region, naming: Naming) -> Iterator[Entry]:
    for table in region.tables.values():
        for rows in by_origin(table.rows).values():
            origin = rows[0].origin
            body = table_body(table, rows, naming)
            yield entry("table", origin, body, table.name, table.title)


def by_origin(rows: Iterable[Row]) -> dict[int, list[Row]]:
    """Return the rows of each provision, provisions in order."""
    held: dict[int, list[Row]] = {}
    for row in rows:
        held.setdefault(id(row.origin), []).append(row)
    return held


def table_body(table: Table, rows: Iterable[Row], naming: Naming) -> TableBody:
    """Return rows with a column for each key that one of them looks at."""
    held = list(rows)
    tests = [{c.attribute: naming.test(c) for c in row.conditions} for row in held]
    keys = [key for key in table.keys if any(key in test for test in tests)]
    return TableBody(
        columns=tuple((naming.attribute(key), naming.attribute_href(key)) for key in keys),
        rows=tuple(
            (
                tuple(test.get(key, ANY) for key in keys),
                None if row.value is None else figure(row.value, table.unit),
                row.missing,
            )
            for row, test in zip(held, tests, strict=True)
        ),
    )


def _of_classes(region: Region, naming: Naming) -> Iterator[Entry]:
    for classification in region.classifications.values():
        for provision in classification.provisions:
            body = class_body(classification, provision, naming)
            name, title = classification.name, classification.title
            yield entry("classification", provision.origin, body, name, title)
            yield from _rows_elsewhere(classification, provision, naming)


def class_body(
    classification: Classification, provision: ClassProvision, naming: Naming
) -> ClassBody:
    """Return the rows of a classification, numbered in order of priority."""
    origin = provision.origin
    return ClassBody(
        tuple(
            (
                n,
                naming.conditions(row.conditions),
                classification.codes.get(row.value, same(row.value)),
                None if row.cite == origin.cite else row.cite,
                None if row.says == origin.says else row.says,
            )
            for n, row in enumerate(provision.rows, 1)
        )
    )


def _rows_elsewhere(
    classification: Classification, provision: ClassProvision, naming: Naming
) -> Iterator[Entry]:
    """Yield rows that cite another article than their provision does, at that article."""
    origin = provision.origin
    for row in class_body(classification, provision, naming).rows:
        cite, says = row[3], row[4] or origin.says
        if cite is not None:
            yield Entry(
                kind="class_row",
                name=classification.name,
                title=classification.title,
                href=f"parameters.html#c-{classification.name}",
                cite=cite,
                says=says,
                document=origin.document,
                origin=origin,
                body=ClassBody(((*row[:3], None, None),)),
            )


# --- steps, orders, demands -----------------------------------------------------------------------


def _others(region: Region, naming: Naming) -> Iterator[Entry]:
    """Yield an entry for each thing with an origin that is neither a row nor a classification."""
    for field in fields(region):
        value = getattr(region, field.name)
        if isinstance(value, Mapping):
            value = tuple(value.values())
        for item in value if isinstance(value, tuple) else ():
            origin = getattr(item, "origin", None)
            if isinstance(origin, Origin):
                yield _with_origin(item, field.name, origin, naming)


def _with_origin(item: object, section: str, origin: Origin, naming: Naming) -> Entry:
    if isinstance(item, Step):
        return entry("step", origin, _step(item, naming), item.id, same(item.id))
    if isinstance(item, LayerOrder):
        layers = tuple(naming.words.layers.get(name, same(name)) for name in item.order)
        return entry("layers", origin, OrderBody(layers), "layers", labels.of("layers"))
    name = str(getattr(item, "id", getattr(item, "name", section)))
    if isinstance(item, Constraint):
        facts, kind = demands.of_constraint(item, naming), "constraint"
    elif isinstance(item, Limit):
        facts, kind = demands.of_limit(item, naming), "limit"
    else:
        facts, kind = demands.of_fields(item, naming, {"id", "name", "origin"}), section
    return entry(kind, origin, FactsBody(facts), name, same(name))


def _step(step: Step, naming: Naming) -> StepBody:
    procedure = naming.words.procedures.get(step.phase)
    return StepBody(
        order=step.order,
        op=step.op,
        op_title=labels.of(f"op_{step.op}"),
        phase=procedure.title if procedure else labels.of(f"phase_{step.phase}"),
        layer=None if step.layer is None else naming.words.layers.get(step.layer, same(step.layer)),
        when=tuple(naming.condition(condition) for condition in step.conditions),
        words=steps.in_words(step, naming),
    )
