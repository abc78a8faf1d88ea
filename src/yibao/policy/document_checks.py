"""What can be wrong between documents: acts, precedence, waivers and cites that lead nowhere.

Enters: the heads of all documents of a region and its parents. Leaves: defects with file and line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from yibao.errors import Defect
from yibao.policy.articles import unlisted
from yibao.policy.heads import Head
from yibao.policy.hierarchy import precedence
from yibao.policy.model import Document, Limit
from yibao.policy.source import Path_, Source, did_you_mean

_ACTS = ("extends", "activates", "repeals")
_SECTIONS = ("tables", "classifications")
_LISTS = ("steps", "constraints", "limits")


def head_defects(heads: Iterable[Head], without: frozenset[str]) -> Iterator[Defect]:
    """Find what is wrong between documents, before their rules are read."""
    heads = list(heads)
    yield from _shared_ids(heads)
    yield from _over(heads, without)
    named = _provisions(heads)
    for head in heads:
        for kind in _ACTS:
            for i, act in enumerate(head.source.data.get(kind, ())):
                if act["document"] not in without:
                    yield from _act(head, (kind, i), act, named, heads)
        yield from _validity(head)
        yield from _cites(head)


def _validity(head: Head) -> Iterator[Defect]:
    first, last = (head.source.data["effective"][end] for end in ("from", "to"))
    if last is not None and last < first:
        found = f"validity {first} to {last}"
        yield head.source.defect(("effective", "to"), found, "an end after the beginning, or null")


def _shared_ids(heads: list[Head]) -> Iterator[Defect]:
    regions: dict[str, str] = {}
    for head in heads:
        region = regions.setdefault(head.id, head.place.id)
        if region != head.place.id:
            found = f"the document {head.id}, which {region} has too"
            yield head.source.defect((), found, "an id of its own for each region's documents")


# --- what documents do to each other ------------------------------------------------------------


def _provisions(heads: Iterable[Head]) -> Mapping[str, set[str]]:
    """Return the names that an act may give, by document."""
    named: dict[str, set[str]] = {}
    for head in heads:
        names = named.setdefault(head.id, set())
        for data in (source.data for source in head.rules):
            names.update(name for section in _SECTIONS for name in data.get(section, ()))
            names.update(one["id"] for kind in _LISTS for one in data.get(kind, ()))
            names.update({"layers"} & data.keys())
    return named


def _act(
    head: Head,
    path: Path_,
    act: Mapping[str, Any],
    named: Mapping[str, set[str]],
    heads: Iterable[Head],
) -> Iterator[Defect]:
    document = act["document"]
    if document not in named:
        expected = "a document of the region" + did_you_mean(document, named)
        yield head.source.defect(path, f"an act on {document!r}", expected)
        return
    above = next((o.place for o in heads if o.id == document and o.place.id != head.place.id), None)
    if above is not None:
        found = f"an act on {document}, a document of {above.id}"
        yield head.source.defect(path, found, f"an act on a document of {head.place.id} itself")
    for i, name in enumerate(act.get("provisions", ())):
        if name not in named[document]:
            expected = f"a table, step or classification of {document}"
            expected += did_you_mean(name, named[document])
            found = f"an act on {name!r}, which {document} does not have"
            yield head.source.defect((*path, "provisions", i), found, expected)


def over_of(heads: Iterable[Head]) -> dict[str, frozenset[str]]:
    """Return which documents each document states that it goes over."""
    over: dict[str, frozenset[str]] = {}
    for head in heads:
        over[head.id] = over.get(head.id, frozenset()) | head.over
    return over


def _over(heads: list[Head], without: frozenset[str]) -> Iterator[Defect]:
    over = over_of(heads)
    ranked = precedence(over)
    for head in heads:
        for i, name in enumerate(head.source.data.get("over", ())):
            if name not in over and name not in without:
                expected = "a document of the region" + did_you_mean(name, over)
                yield head.source.defect(("over", i), f"over {name!r}", expected)
        if head.over and head.id not in ranked:
            listed = ", ".join(sorted(over.keys() - ranked.keys()))
            found = f"documents that go over each other in a circle: {listed}"
            yield head.source.defect(("over",), found, "one of them that goes over no other")


def waiver_defects(
    documents: Iterable[Document], limits: Iterable[Limit], without: frozenset[str]
) -> Iterator[Defect]:
    """Find waivers of limits that no document states."""
    stated = {(limit.origin.document.id, limit.id) for limit in limits}
    for document in documents:
        for waiver in document.waives:
            if waiver.document not in without and (waiver.document, waiver.limit) not in stated:
                names = [f"{limit} of {name}" for name, limit in sorted(stated)]
                listed = ", ".join(names[:12]) or "no limit at all"
                found = f"a waiver of {waiver.limit} of {waiver.document}"
                file = document.folder / "document.yaml"
                expected = f"a limit that a document states; there are: {listed}"
                yield Defect(file, waiver.line, found, expected)


def unread(region: Path, documents: Iterable[Path]) -> Iterator[Defect]:
    """Find what an author means to be read and the loader would pass over in silence."""
    known = set(documents)
    for folder in sorted(p for p in region.iterdir() if p.is_dir() and p not in known):
        if any(folder.glob("*.y*ml")):
            if "@" in folder.name:
                yield Defect(folder, 1, f"no document.yaml in {folder.name}", "a document.yaml")
            else:
                expected = "<document>@<first day in force>, such as 2023-notice@2023-01-01"
                yield Defect(folder, 1, f"the folder {folder.name}", expected)
    for folder in known:
        for file in sorted(folder.rglob("*")):
            if file.suffix == ".yml":
                yield Defect(file, 1, "the ending .yml", f"{file.stem}.yaml")
            elif file.suffix == ".yaml" and file.parent != folder and file.name != "cases.yaml":
                found = f"{file.name} in a folder of its own"
                yield Defect(file, 1, found, f"rules beside document.yaml, in {folder.name}")


# --- cites ----------------------------------------------------------------------------------------


def _cites(head: Head) -> Iterator[Defect]:
    """Find cites of articles that the document does not list; nothing where it lists none."""
    listed = {article["article"] for article in head.source.data.get("articles", ())}
    if not listed:
        return
    for source in (head.source, *head.rules):
        for path, cite in _cited(source):
            name = unlisted(cite, listed)
            if name is not None:
                expected = f"an article that the document lists{did_you_mean(name, listed)}"
                yield source.defect(path, f"the article {name} in {cite!r}", expected)


def _cited(source: Source) -> Iterator[tuple[Path_, str]]:
    for i, left in enumerate(source.data.get("not_encoded", ())):
        yield ("not_encoded", i, "article"), left["article"]
    yield from _walk(source.data, ())


def _walk(data: Any, path: Path_) -> Iterator[tuple[Path_, str]]:
    if isinstance(data, dict):
        for key, value in data.items():
            if key == "cite" and isinstance(value, str):
                yield (*path, key), value
            elif key != "icd10":  # it cites the classification of diseases
                yield from _walk(value, (*path, key))
    elif isinstance(data, list):
        for i, item in enumerate(data):
            yield from _walk(item, (*path, i))
