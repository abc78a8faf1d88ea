"""Load a region: folders of YAML in, one immutable `Region` out.

Every defect of every file is collected; the region loads only when there is none. What a document
does to others (extend, activate, repeal) is applied here, so that each provision carries the
validity that it really has.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from yibao.errors import Defect, PackErrors
from yibao.policy.acts import Acts
from yibao.policy.checking.lost import hidden
from yibao.policy.checking.tables import ambiguous, oversized
from yibao.policy.document_checks import head_defects, over_of, unread, waiver_defects
from yibao.policy.heads import Head, document_id, document_of
from yibao.policy.hierarchy import Place, lineage, precedence
from yibao.policy.model import Authority, Document, Region, Text
from yibao.policy.overlays import changes
from yibao.policy.read_rules import Rules
from yibao.policy.source import Source, did_you_mean, read
from yibao.policy.validate import validate
from yibao.policy.vocabulary import POLICIES, vocabulary

CASES = "cases.yaml"


def regions() -> tuple[str, ...]:
    """Return the ids of the regions that ship."""
    return tuple(sorted(p.parent.name for p in POLICIES.glob("*/region.yaml")))


def load_region(
    region: str | Path,
    *,
    known: date | None = None,
    overlays: Sequence[Path] = (),
    without: Iterable[str] = (),
) -> Region:
    """Load a region by id (of those that ship) or by folder.

    The documents of its parents are loaded too, each under its own authority. What documents
    published after `known` do to the validity of others is left out of account. `overlays` are
    further document folders, treated like the region's own; `without` names documents to leave out,
    a parent's too. Raises PackErrors with every defect found.
    """
    folder = region if isinstance(region, Path) else POLICIES / region
    left_out = frozenset(without)
    if not (folder / "region.yaml").is_file():
        ids = regions()
        expected = f"a folder with region.yaml, or one of: {', '.join(ids)}"
        expected += did_you_mean(str(region), ids)
        raise PackErrors([Defect(folder, 1, f"no region {str(region)!r}", expected)])
    loaded = _Loader(folder, known, overlays, left_out).load()
    for overlay in overlays if known is None else ():
        _must_change(loaded, folder, overlay, overlays, left_out)
    return loaded


def _must_change(
    region: Region,
    folder: Path,
    overlay: Path,
    overlays: Sequence[Path],
    without: frozenset[str],
) -> None:
    """Raise PackErrors when an overlay changes nothing."""
    document = next((d for d in region.documents if d.folder == overlay), None)
    if document is None:  # it is left out
        return
    others = [other for other in overlays if other != overlay]
    try:
        before = _Loader(folder, None, others, without).load()
    except PackErrors:  # the other overlays need this one
        return
    if not changes(region, before, document):
        found = f"the overlay {document.id}, which changes nothing"
        expected = "a figure, step or classification, in force on some day, that differs"
        raise PackErrors([Defect(overlay / "document.yaml", 1, found, expected)])


class _Loader:
    def __init__(
        self,
        folder: Path,
        known: date | None,
        overlays: Sequence[Path],
        without: frozenset[str],
    ) -> None:
        self.folder = folder.resolve()
        self.known = known
        self.overlays = overlays
        self.without = without
        self.defects: list[Defect] = []

    def load(self) -> Region:
        line = lineage(self.folder, POLICIES, self._header, self.defects)
        heads = self._heads(line)
        self._stop()
        documents = self._documents(heads)
        rules = Rules(vocabulary(), Acts(documents, self.known), self.defects)
        for document, head in documents.items():
            for source in head.rules:
                rules.add(document, source)
        rules.finish()
        self.defects += waiver_defects(documents, rules.limits, self.without)
        self._stop()
        data = line[0].header.data
        rule = data["date_rule"]
        region = Region(
            id=self.folder.name,
            name=Text(**data["name"]),
            authority=Authority[data["level"]],
            division=data["division"],
            stays_by=rule["stays"],
            stays_says=Text(**rule["says"]),
            stays_cite=rule["cite"],
            documents=tuple(documents),
            tables=rules.tables,
            classifications=rules.classifications,
            state=rules.state,
            state_attributes=rules.names.state_attributes,
            layers=tuple(rules.layers),
            steps=tuple(rules.steps),
            constraints=tuple(rules.constraints),
            results={**vocabulary().results, **rules.results},
            codes={name: tuple(codes) for name, codes in rules.names.region_codes.items()},
            parents=tuple(place.id for place in line[1:]),
            limits=tuple(rules.limits),
        )
        self._stop()
        for find in (hidden, oversized, ambiguous):
            self.defects += (Defect(f.file, f.line, f.found, f.expected) for f in find(region))
            self._stop()
        return region

    def _stop(self) -> None:
        if self.defects:
            raise PackErrors(self.defects)

    def _header(self, file: Path) -> Source | None:
        return self._read(file, "region")

    def _read(self, file: Path, schema: str) -> Source | None:
        try:
            source = read(file)
        except PackErrors as error:
            self.defects += error.defects
            return None
        defects = validate(source, schema)
        self.defects += defects
        return None if defects else source

    # --- documents ----------------------------------------------------------------------------

    def _heads(self, line: Sequence[Place]) -> list[Head]:
        """Read the files of all documents that are not left out, the region's own first."""
        places: list[tuple[Path, Place | None]] = [(place.folder, place) for place in line]
        found: list[Head] = []
        ids: set[str] = set()
        for region, place in places or [(self.folder, None)]:
            for folder in self._folders(region):
                ids.add(document_id(folder))
                if document_id(folder) not in self.without:
                    found += self._head(folder, place)
        for name in sorted(self.without - ids):
            expected = "a document's id" + did_you_mean(name, ids)
            found_name = f"no document {name!r} to leave out"
            self.defects.append(Defect(self.folder, 1, found_name, expected))
        return found

    def _folders(self, region: Path) -> list[Path]:
        """Return the document folders of a region, with the overlays for the region itself."""
        folders = [p.parent for p in sorted(region.glob("*@*/document.yaml"))]
        self.defects += unread(region, folders)
        for overlay in self.overlays if region == self.folder else ():
            if (overlay / "document.yaml").is_file():
                folders.append(overlay)
            else:
                expected = "a document folder, which `yibao policy new` begins"
                self.defects.append(Defect(overlay, 1, "no document.yaml", expected))
        return folders

    def _head(self, folder: Path, place: Place | None) -> list[Head]:
        """Read one document's files; with a defect in its head, or without a region, give none."""
        source = self._read(folder / "document.yaml", "document")
        rules = [
            self._read(file, "rules")
            for file in sorted(folder.glob("*.yaml"))
            if file.name not in {"document.yaml", CASES}
        ]
        if source is None or place is None:
            return []
        return [Head(place, source, tuple(s for s in rules if s is not None))]

    def _documents(self, heads: Sequence[Head]) -> dict[Document, Head]:
        """Make the documents, and note what is wrong between them."""
        self.defects += head_defects(heads, self.without)
        ranked = precedence(over_of(heads))
        documents: dict[Document, Head] = {}
        for head in heads:
            document = document_of(head, ranked.get(head.id, 0))
            documents[document] = head
            expected = f"{document.id}@{document.first}"
            if head.folder.name != expected:
                found = f"the folder {head.folder.name}"
                self.defects.append(head.source.defect(("effective", "from"), found, expected))
        return documents
