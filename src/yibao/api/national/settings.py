"""How a service speaks the national interface."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """`profile` is a province's, over the national core ("": none).

    `record` is a file to which every exchange is added (None: nothing is recorded).
    """

    profile: str = ""
    record: Path | None = None


PLAIN = Settings()
"""The national core, as it stands."""
