"""Write a document that changes a region's tables: an amendment, a reform, a missing figure.

Enters: what is known of the document, and the tables that it changes with their rows in force until
then. Leaves: texts by file name. Every row stands in them as `missing`, with the figure that it
had: the analyst turns those that change into values and strikes out the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from yibao.policy.checking.points import Box
from yibao.policy.compare import Figure, TableInForce
from yibao.policy.model import Value
from yibao.policy.scaffold import NewDocument, Words, document_text, quoted
from yibao.policy.vocabulary import vocabulary
from yibao.text import Text


@dataclass(frozen=True, slots=True)
class Change:
    """A table that a new document changes: its rows in force until then."""

    table: TableInForce
    keys: Box
    """Every value of each key, numbers as the bounds from which they count."""


@dataclass(frozen=True, slots=True)
class Example:
    """A claim that needs one of the changed tables, as a case writes it."""

    table: str
    person: Mapping[str, str]
    claim: Mapping[str, str]


def document_files(
    new: NewDocument,
    changes: Sequence[Change],
    language: str,
    *,
    example: Example | None,
    overlay: bool,
) -> dict[str, str]:
    """Return the files of a document that changes tables of a region: an amendment, a reform.

    The cases begin with an example, where there is one; an overlay's cases name the overlay itself.
    """
    words = Words(language)
    texts = {
        "document.yaml": document_text(new, words),
        "changes.yaml": "\n".join(_changes(new, changes, words)) + "\n",
    }
    if example is not None:
        texts["cases.yaml"] = words.fill(
            "cases-change",
            id=f"{new.id}-first",
            overlays='  overlays: ["."]\n' if overlay else "",
            person=_facts(example.person),
            claim=_facts({"date": str(new.first), **example.claim}),
            table=example.table,
        )
    return texts


def _facts(facts: Mapping[str, str]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in facts.items())


def _changes(new: NewDocument, changes: Sequence[Change], words: Words) -> Iterator[str]:
    yield words.pick(
        "# «把要改的行写成 value，不改的行删去：没有写到的仍按原来的规定。"
        "|Give the rows that change a value and strike out the others: what is not written stays.»"
    )
    yield "tables:"
    graded = "      grade: D   # TODO: A | B | C | D\n      source: TODO\n"
    for change in changes:
        yield f"  {change.table.name}:   # {change.table.title.pick(words.language)}"
        yield "    provisions:"
        yield "    - cite: TODO"
        if new.kind == "figures":
            yield graded.rstrip("\n")
        yield '      says: {zh: "TODO", en: "TODO"}'
        yield "      rows:"
        for figure in change.table.figures:
            for row in conditions(figure.key, change.keys):
                yield f"      - {{{''.join(f'{c}, ' for c in row)}{_until_now(figure, words)}}}"


def _until_now(figure: Figure, words: Words) -> str:
    if figure.value is None:
        told = Text("数值（此前缺失）", "the figure (missing until now)")
    else:
        told = Text(f"新数值（此前 {figure.value}）", f"the new figure (until now {figure.value})")
    return f"missing: {quoted(words.todo(told))}"


def conditions(key: Box, keys: Box) -> list[list[str]]:
    """Return a box as rows of conditions; one row for each unbroken range of a number."""
    rows: list[list[str]] = [[]]
    for name, codes in key.items():
        kind = vocabulary().attributes[name].kind if name in vocabulary().attributes else "code"
        written = (
            _ranges(codes, keys[name])
            if kind == "number"
            else [f"{{any_of: [{', '.join(sorted(set().union(*_sets(codes))))}]}}"]
            if kind == "set"
            else [_codes(codes)]
        )
        rows = [[*row, f"{name}: {one}"] for row in rows for one in written]
    return rows


def _sets(codes: Sequence[Value]) -> Iterator[frozenset[str]]:
    yield from (code for code in codes if isinstance(code, frozenset))


def _codes(codes: Sequence[Value]) -> str:
    written = [quoted(str(c)) if str(c).isdecimal() else str(c).lower() for c in codes]
    return written[0] if len(written) == 1 else f"[{', '.join(written)}]"


def _ranges(codes: Sequence[Value], axis: Sequence[Any]) -> list[str]:
    """Return the ranges that bounds begin, each up to the next bound of the axis."""
    bounds = sorted(axis)
    ends = dict(pairwise(bounds)) | {bounds[-1]: None}
    return [
        f"{{from: {code}}}" if ends[code] is None else f"{{from: {code}, below: {ends[code]}}}"
        for code in codes
    ]
