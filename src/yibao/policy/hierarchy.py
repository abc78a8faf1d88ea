"""Which regions stand above a region, and which of two documents goes first.

Enters: a region's folder. Leaves: the folders of the region and of its parents, the nearest first;
defects where a parent is missing, stands no higher, or where parents lead back to the region.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from yibao.errors import Defect
from yibao.policy.model import Authority
from yibao.policy.source import Source, did_you_mean

Read = Callable[[Path], Source | None]


@dataclass(frozen=True, slots=True)
class Place:
    """A region's folder with what its region.yaml says."""

    folder: Path
    header: Source

    @property
    def id(self) -> str:
        """The region's id."""
        return self.folder.name

    @property
    def authority(self) -> Authority:
        """The region's level."""
        return Authority[self.header.data["level"]]


def lineage(folder: Path, shipped: Path, read: Read, defects: list[Defect]) -> list[Place]:
    """Return a region and its parents, the nearest first.

    A parent is a folder beside the region's own, or else one of those in `shipped`. `read` returns
    None for a file with defects, which it notes itself.
    """
    line: list[Place] = []
    ahead: Path | None = folder
    while ahead is not None:
        header = read(ahead / "region.yaml")
        if header is None:
            break
        place = Place(ahead, header)
        if line and place.authority <= line[-1].authority:
            below = line[-1]
            found = f"the parent {place.id} of level {place.authority.name}"
            expected = f"a level above {below.authority.name}"
            defects.append(below.header.defect(("parent",), found, expected))
            break
        line.append(place)
        ahead = _parent(line, shipped, defects)
    return line


def _parent(line: list[Place], shipped: Path, defects: list[Defect]) -> Path | None:
    place = line[-1]
    name: str | None = place.header.data.get("parent")
    if name is None:
        return None
    folders = [root / name for root in (place.folder.parent, shipped)]
    folder = next((f for f in folders if (f / "region.yaml").is_file()), None)
    if folder is None:
        beside = {p.parent.name for f in folders for p in f.parent.glob("*/region.yaml")}
        expected = f"a region's folder beside {place.id}, or a region that ships"
        expected += did_you_mean(name, beside - {place.id})
        defects.append(place.header.defect(("parent",), f"no region {name!r}", expected))
        return None
    folder = folder.resolve()
    if folder in (p.folder for p in line):
        circle = " → ".join([*(p.id for p in line), folder.name])
        expected = "parents that do not lead back to the region"
        defects.append(place.header.defect(("parent",), f"the circle {circle}", expected))
        return None
    return folder


def precedence(over: Mapping[str, frozenset[str]]) -> Mapping[str, int]:
    """Return each document's precedence: above that of every document that it states to go over.

    Documents that go over each other in a circle have none.
    """
    found: dict[str, int] = {}
    rest = dict(over)
    while rest:
        ready = [name for name, below in rest.items() if below.isdisjoint(rest)]
        if not ready:
            break
        for name in ready:
            found[name] = 1 + max((found.get(other, 0) for other in rest[name]), default=-1)
        for name in ready:
            del rest[name]
    return found
