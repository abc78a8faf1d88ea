"""What a region's documents state, as immutable data.

The loader makes these from YAML; `consolidate` chooses among them by date; nothing here computes a
benefit. Money is fen (int), rates are Fractions, counts are ints; dates are inclusive on both ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from fractions import Fraction
from pathlib import Path
from typing import Literal

from yibao.text import Text as Text

Unit = Literal["yuan", "rate", "count"]
Scope = Literal["year", "lifetime", "episode"]
Phase = str
"""What a step is part of: "claim", "year_end", or a procedure of the vocabulary."""
Value = str | bool | int | frozenset[str]
Number = int | Fraction


class Authority(IntEnum):
    """Whose document it is: the higher wins over the lower."""

    city = 1
    province = 2
    national = 3


class Grade(IntEnum):
    """How far a figure can be trusted: A the document itself … D derived or unofficial."""

    D = 1
    C = 2
    B = 3
    A = 4


@dataclass(frozen=True, slots=True)
class Act:
    """One document acting on another: extending, activating or repealing it, or a part of it.

    `by` is the acting document's number, `document` the id of the one acted on.
    """

    by: str
    document: str
    provisions: frozenset[str] | None
    first: date | None
    last: date | None
    cite: str
    says: Text


@dataclass(frozen=True, slots=True)
class Article:
    """One article that a document lists, with what it is about."""

    number: str
    title: Text


@dataclass(frozen=True, slots=True)
class Waiver:
    """An approved exception from a limit of a higher document, from `first` to `last`."""

    limit: str
    document: str
    first: date
    last: date | None
    cite: str
    says: Text
    line: int

    def holds(self, day: date) -> bool:
        """Tell whether the exception holds on `day`."""
        return self.first <= day and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True)
class Document:
    """One version of one document.

    `precedence` decides between documents that rank alike: it is higher than that of every document
    which this one states that it goes `over`. `articles` is empty where none are listed.
    """

    id: str
    region: str
    title: Text
    number: str
    issuer: Text
    kind: Literal["policy", "draft", "figures", "decision"]
    authority: Authority
    known: date
    first: date
    last: date | None
    folder: Path
    note: Text | None = None
    extends: tuple[Act, ...] = ()
    activates: tuple[Act, ...] = ()
    repeals: tuple[Act, ...] = ()
    not_encoded: tuple[tuple[str, str, Text], ...] = ()
    articles: tuple[Article, ...] = ()
    waives: tuple[Waiver, ...] = ()
    precedence: int = 0

    @property
    def version(self) -> str:
        """The document's id and first day, as its folder is called."""
        return f"{self.id}@{self.first}"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a provision comes from and when it holds.

    `first`..`last` is the validity after extensions, activations and repeals; a draft that nobody
    activated has `first` None and is never in force. `by` is the act that changed the validity. A
    provision that `yields` is a guideline: every document that rules otherwise comes before it.
    """

    document: Document
    cite: str
    says: Text
    first: date | None
    last: date | None
    known: date
    grade: Grade
    source: str | None
    file: Path
    line: int
    by: Act | None = None
    yields: bool = False

    def in_force(self, day: date, known: date | None) -> bool:
        """Tell whether the provision holds on `day`, as far as was published by `known`."""
        if self.first is None or day < self.first or (self.last is not None and day > self.last):
            return False
        return known is None or self.known <= known

    def rank(self) -> tuple[int, date, date, int]:
        """Return what decides between two provisions in force: authority, then the later."""
        authority = 0 if self.yields else int(self.document.authority)
        return (authority, self.first or date.min, self.known, self.document.precedence)


@dataclass(frozen=True, slots=True)
class OneOf:
    """The attribute is one of these codes."""

    attribute: str
    codes: frozenset[str | bool]

    def holds(self, value: Value) -> bool:
        """Tell whether `value` satisfies the condition."""
        return value in self.codes


@dataclass(frozen=True, slots=True)
class Between:
    """The number attribute lies in [first, below)."""

    attribute: str
    first: int | None
    below: int | None

    def holds(self, value: Value) -> bool:
        """Tell whether `value` satisfies the condition."""
        assert isinstance(value, int)
        return (self.first is None or value >= self.first) and (
            self.below is None or value < self.below
        )


@dataclass(frozen=True, slots=True)
class Among:
    """The set attribute has any, all, none or at least two of these codes."""

    attribute: str
    any_of: frozenset[str]
    all_of: frozenset[str]
    none_of: frozenset[str]
    two_of: frozenset[str]

    def holds(self, value: Value) -> bool:
        """Tell whether `value` satisfies the condition."""
        assert isinstance(value, frozenset)
        return (
            (not self.any_of or not self.any_of.isdisjoint(value))
            and self.all_of <= value
            and self.none_of.isdisjoint(value)
            and (not self.two_of or len(self.two_of & value) >= 2)
        )


Condition = OneOf | Between | Among


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: under these conditions, this value, or the reason why there is none."""

    conditions: tuple[Condition, ...]
    value: Number | None
    missing: str | None
    origin: Origin


@dataclass(frozen=True, slots=True)
class Table:
    """A figure by key. `keys` gives the codes (or lower bounds) that the rows must cover.

    `measure` says which figure of the vocabulary's this is, so that limits can find it; `scope` for
    whom it is, as far as the keys do not say so.
    """

    name: str
    title: Text
    unit: Unit
    keys: Mapping[str, tuple[Value, ...]]
    rows: tuple[Row, ...]
    measure: str | None = None
    scope: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One row of a classification, with its own cite where it differs from the provision's."""

    conditions: tuple[Condition, ...]
    value: str
    cite: str
    says: Text
    origin: Origin


@dataclass(frozen=True, slots=True)
class ClassProvision:
    """One document's version of a classification: rows in order of priority.

    Rows that go `ahead` are asked before those of the version in force, which stands otherwise.
    """

    rows: tuple[ClassRow, ...]
    origin: Origin
    ahead: bool = False


@dataclass(frozen=True, slots=True)
class Classification:
    """An attribute derived from others: the first row that matches gives its code."""

    name: str
    title: Text
    codes: Mapping[str, Text]
    provisions: tuple[ClassProvision, ...]


@dataclass(frozen=True, slots=True)
class StateValue:
    """Something that a person's year remembers."""

    name: str
    title: Text
    unit: Unit
    scope: Scope


@dataclass(frozen=True, slots=True)
class StateAttribute:
    """State that a rule may look at: a counter capped at `max`, or the number of the admission."""

    name: str
    title: Text
    counter: str
    within: str | None
    max: int

    def code(self, counter: int, own: int) -> str:
        """Return the code for the present values of the counter and the episode's own number."""
        number = counter if self.within is None else own or counter + 1
        return str(min(number, self.max))

    def codes(self) -> tuple[str, ...]:
        """Return every code that can occur."""
        return tuple(str(n) for n in range(0 if self.within is None else 1, self.max + 1))


@dataclass(frozen=True, slots=True)
class LayerOrder:
    """One document's order of the layers that may pay, or layers that join the order in force."""

    order: tuple[str, ...]
    origin: Origin
    place: Literal["order", "first", "last"] = "order"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the settlement: an operation on named figures.

    `operands` maps the operation's field names to operand names, or lists of them; `bands` has its
    segments as two parallel lists, "edges" and "rates".
    """

    id: str
    order: int
    phase: Phase
    layer: str | None
    conditions: tuple[Condition, ...]
    op: str
    operands: Mapping[str, str | tuple[str, ...]]
    origin: Origin

    def one(self, field_name: str) -> str:
        """Return the single operand of a field."""
        operand = self.operands[field_name]
        assert isinstance(operand, str)
        return operand

    def many(self, field_name: str) -> tuple[str, ...]:
        """Return the operands of a list field, empty when the field was left out."""
        operand = self.operands.get(field_name, ())
        return (operand,) if isinstance(operand, str) else operand


@dataclass(frozen=True, slots=True)
class Constraint:
    """What a document demands of a table: its figures compared with each other.

    With a `key`, the figure at `code` must be above, below, at least or at most the figure at each
    of `others`, all other keys being equal; without one, each figure is compared with the one that
    was in force before it. `conditions` limit the demand to a part of the table.
    """

    id: str
    table: str
    conditions: tuple[Condition, ...]
    key: str | None
    code: str | bool | None
    must_be: Literal["above", "below", "at_least", "at_most"]
    others: tuple[str | bool, ...]
    origin: Origin


@dataclass(frozen=True, slots=True)
class Limit:
    """What a document demands of every figure of a measure, wherever regions below set it.

    The figure must be at least, at most or equal to each of `values`, or one of them; or, with
    `of`, so stand to `factor` times the region's figure of that other measure. What `should` be is
    a guideline: departing from it is no breach. `conditions` say for whom the limit is.
    """

    id: str
    measure: str
    conditions: tuple[Condition, ...]
    must_be: Literal["at_least", "at_most", "one_of", "equal"]
    values: tuple[Number, ...]
    factor: Fraction | None
    of: str | None
    strength: Literal["must", "should"]
    origin: Origin


@dataclass(frozen=True, slots=True)
class RegionCode:
    """A code that only this region has, such as a disease."""

    code: str
    title: Text
    cite: str
    icd10: str | None


@dataclass(frozen=True, slots=True)
class Region:
    """All that a region's documents state, and those of the regions above it.

    `parents` are those regions, the nearest first.
    """

    id: str
    name: Text
    authority: Authority
    division: str
    stays_by: Literal["discharge", "admission"]
    stays_says: Text
    stays_cite: str
    documents: tuple[Document, ...]
    tables: Mapping[str, Table]
    classifications: Mapping[str, Classification]
    state: Mapping[str, StateValue]
    state_attributes: Mapping[str, StateAttribute]
    layers: tuple[LayerOrder, ...]
    steps: tuple[Step, ...]
    results: Mapping[str, Text]
    constraints: tuple[Constraint, ...]
    codes: Mapping[str, tuple[RegionCode, ...]]
    parents: tuple[str, ...] = ()
    limits: tuple[Limit, ...] = ()

    @property
    def own(self) -> tuple[Document, ...]:
        """The region's own documents, without those of the regions above it."""
        return tuple(d for d in self.documents if d.region == self.id)

    def conditions(self) -> Iterator[Condition]:
        """Yield every condition of the region's rules, of every day."""
        for step in self.steps:
            yield from step.conditions
        for table in self.tables.values():
            yield from (c for row in table.rows for c in row.conditions)
        for classification in self.classifications.values():
            for provision in classification.provisions:
                yield from (c for row in provision.rows for c in row.conditions)
