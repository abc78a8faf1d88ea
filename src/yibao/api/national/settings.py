"""How a service speaks the national interface."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """`profile` is a province's, over the national core ("": none)."""

    profile: str = ""


PLAIN = Settings()
"""The national core, as it stands."""
