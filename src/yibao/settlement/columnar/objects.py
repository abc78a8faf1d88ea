"""Machine code kept on disk, so that a process need not compile what another one has compiled.

It lies in `programs` of the folder that the environment names as YIBAO_CACHE, or else of the user's
cache folder. All of it can be deleted at any time; where nothing can be written, nothing is kept.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

KEPT = 64
"""So many pieces of code are kept, the last that were made."""


def kept(key: str, make: Callable[[], bytes]) -> bytes:
    """Return the code of a key: what lies on disk, or else what `make` makes.

    The key has to tell apart whatever the code depends on.
    """
    base = os.environ.get("YIBAO_CACHE")
    folder = Path(base) if base else _cache() / "yibao"
    path = folder / "programs" / sha256(key.encode()).hexdigest()
    found = _read(path)
    if found is None:
        found = make()
        with suppress(OSError):
            _write(path, found)
    return found


def _cache() -> Path:
    given = os.environ.get("XDG_CACHE_HOME")
    return Path(given) if given else Path(os.path.expanduser("~")) / ".cache"


def _read(path: Path) -> bytes | None:
    """Return what was written, None where nothing was or where it is not whole."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, code = content[:32], content[32:]
    return code if sha256(code).digest() == digest else None


def _write(path: Path, code: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(sha256(code).digest() + code)
    os.replace(file.name, path)
    by_age = sorted(path.parent.iterdir(), key=lambda p: p.stat().st_mtime)
    for old in by_age[:-KEPT]:
        old.unlink()
