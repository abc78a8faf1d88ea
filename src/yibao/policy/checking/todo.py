"""List what an author has still to fill in: every TODO in the files of the region's own documents.

Enters: a loaded region. Leaves: warnings, at the line of each TODO. A bare TODO, as the templates
of `policy new` leave for article numbers, is told once for each file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from yibao.policy.checking.finding import Finding
from yibao.policy.model import Region

CHECK = "to do"
_TODO = re.compile(r"\bTODO\b(?::\s*([^\"'}#]*))?")


def todo(region: Region) -> Iterator[Finding]:
    """Find every TODO, in comments too."""
    for file in _files(region):
        bare: list[int] = []
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            told = dict.fromkeys((found[1] or "").strip() for found in _TODO.finditer(line))
            for text in told:
                if text:
                    yield _finding(file, number, f"TODO: {text}")
                else:
                    bare.append(number)
        if bare:
            also = f" (lines {', '.join(map(str, bare))})" if len(bare) > 1 else ""
            yield _finding(file, bare[0], f"TODO{also}")


def _files(region: Region) -> Iterator[Path]:
    folders = [document.folder for document in region.own]
    yield from sorted(
        {f for folder in {f.parent for f in folders} for f in folder.glob("region.yaml")}
    )
    for folder in folders:
        yield from sorted(folder.rglob("*.yaml"))


def _finding(file: Path, line: int, found: str) -> Finding:
    return Finding(file, line, "warning", CHECK, found, "what the document says")
