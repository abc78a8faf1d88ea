"""Load a region: folders of YAML in, one immutable `Region` out.

Every defect of every file is collected; the region loads only when there is none. What a document
does to others (extend, activate, repeal) is applied here, so that each provision carries the
validity that it really has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from yibao.errors import Defect, PackErrors
from yibao.policy.acts import Acts
from yibao.policy.model import Act, Authority, Document, Region, Text
from yibao.policy.read_rules import Rules
from yibao.policy.source import Source, read
from yibao.policy.validate import validate
from yibao.policy.vocabulary import POLICIES, vocabulary

CASES = "cases.yaml"


def regions(root: Path = POLICIES) -> tuple[str, ...]:
    """Return the ids of the regions under `root`."""
    return tuple(sorted(p.parent.name for p in root.glob("*/region.yaml")))


def load_region(
    region: str | Path,
    *,
    known: date | None = None,
    overlays: Sequence[Path] = (),
    without: Iterable[str] = (),
) -> Region:
    """Load a region by id (of those that ship) or by folder.

    What documents published after `known` do to the validity of others is left out of account.
    `overlays` are further document folders, treated like the region's own; `without` names
    documents to leave out. Raises PackErrors with every defect found.
    """
    folder = region if isinstance(region, Path) else POLICIES / region
    if not (folder / "region.yaml").is_file():
        ids = regions()
        expected = f"a folder with region.yaml, or one of: {', '.join(ids)}"
        expected += _did_you_mean(str(region), ids)
        raise PackErrors([Defect(folder, 1, f"no region {str(region)!r}", expected)])
    return _Loader(folder, known, overlays, frozenset(without)).load()


def _did_you_mean(found: str, names: Iterable[str]) -> str:
    near = get_close_matches(found, list(names), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


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
        header = self._read(self.folder / "region.yaml", "region")
        folders = [p.parent for p in sorted(self.folder.glob("*@*/document.yaml"))]
        for overlay in self.overlays:
            if not (overlay / "document.yaml").is_file():
                self.defects.append(
                    Defect(overlay, 1, "no document.yaml", "an overlay is a document folder")
                )
        folders += [p for p in self.overlays if (p / "document.yaml").is_file()]
        documents: dict[Document, list[Source]] = {}
        for folder in folders:
            if folder.name.partition("@")[0] not in self.without:
                self._document(folder, header, documents)
        ids = {f.name.partition("@")[0] for f in folders}
        for name in sorted(self.without - ids):
            expected = "a document's id" + _did_you_mean(name, ids)
            found = f"no document {name!r} to leave out"
            self.defects.append(Defect(self.folder, 1, found, expected))
        self._stop()
        assert header is not None
        acts = self._acts(documents)
        rules = Rules(vocabulary(), acts, self.defects)
        for document, sources in documents.items():
            for source in sources:
                rules.add(document, source)
        rules.finish()
        self._stop()
        data = header.data
        rule = data["date_rule"]
        return Region(
            id=self.folder.resolve().name,
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
        )

    def _stop(self) -> None:
        if self.defects:
            raise PackErrors(self.defects)

    def _read(self, file: Path, schema: str) -> Source | None:
        try:
            source = read(file)
        except PackErrors as error:
            self.defects += error.defects
            return None
        defects = validate(source, schema)
        self.defects += defects
        return None if defects else source

    def _document(
        self, folder: Path, header: Source | None, documents: dict[Document, list[Source]]
    ) -> None:
        source = self._read(folder / "document.yaml", "document")
        rules = [
            self._read(file, "rules")
            for file in sorted(folder.glob("*.yaml"))
            if file.name not in {"document.yaml", CASES}
        ]
        if source is None or header is None:
            return
        document = _document(folder, source.data, header.data["level"], self.folder.name)
        expected = f"{document.id}@{document.first}"
        if folder.name != expected:
            self.defects.append(
                source.defect(("effective", "from"), f"the folder {folder.name}", expected)
            )
        documents[document] = [s for s in rules if s is not None]

    def _acts(self, documents: Mapping[Document, list[Source]]) -> Acts:
        names = {d.id for d in documents} | self.without
        for document in documents:
            for act in (*document.extends, *document.activates, *document.repeals):
                if act.document not in names:
                    file = document.folder / "document.yaml"
                    self.defects.append(
                        Defect(file, 1, f"an act on {act.document!r}", "a document of the region")
                    )
        return Acts(documents, self.known)


def _document(folder: Path, data: Mapping[str, Any], level: str, region: str) -> Document:
    effective = data["effective"]
    return Document(
        id=folder.name.partition("@")[0],
        region=region,
        title=Text(**data["title"]),
        number=data["number"],
        issuer=Text(**data["issuer"]),
        kind=data["kind"],
        authority=Authority[data.get("authority", level)],
        known=date.fromisoformat(data["known"]),
        first=date.fromisoformat(effective["from"]),
        last=_date(effective["to"]),
        folder=folder,
        note=Text(**data["note"]) if "note" in data else None,
        extends=tuple(_act(data["number"], a) for a in data.get("extends", ())),
        activates=tuple(_act(data["number"], a) for a in data.get("activates", ())),
        repeals=tuple(_act(data["number"], a) for a in data.get("repeals", ())),
        not_encoded=tuple(
            (n["article"], n["left_to"], Text(**n["why"])) for n in data.get("not_encoded", ())
        ),
    )


def _act(by: str, data: Mapping[str, Any]) -> Act:
    provisions = data.get("provisions")
    return Act(
        by=by,
        document=data["document"],
        provisions=None if provisions is None else frozenset(provisions),
        first=_date(data.get("from")),
        last=_date(data.get("to")),
        cite=data["cite"],
        says=Text(**data["says"]),
    )


def _date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
