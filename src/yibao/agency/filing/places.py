"""Where somebody is treated, seen from where they are insured, by the codes of divisions."""

from __future__ import annotations

from typing import Literal

Locality = Literal["same_county", "same_city", "elsewhere"]

MUNICIPALITIES = frozenset({"11", "12", "31", "50"})
"""Cities that are provinces: all their divisions are one city."""


def city(division: str) -> str:
    """Return the digits that a division shares with all others of its city."""
    return division[:2] if division[:2] in MUNICIPALITIES else division[:4]


def locality(home: str, place: str) -> Locality:
    """Return the place of treatment as rules know it; both are codes of six digits."""
    if home == place:
        return "same_county"
    return "same_city" if city(home) == city(place) else "elsewhere"
