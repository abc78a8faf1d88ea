"""Where somebody is treated, seen from where they are insured, by the codes of divisions."""

from __future__ import annotations

import re
from typing import Literal

from yibao.agency.enrolment.refusal import Refusal
from yibao.registry.codes import PROVINCES

Locality = Literal["same_county", "same_city", "elsewhere"]

MUNICIPALITIES = frozenset({"11", "12", "31", "50"})
"""Cities that are provinces: all their divisions are one city."""


def city(division: str) -> str:
    """Return the digits that a division shares with all others of its city."""
    return division[:2] if division[:2] in MUNICIPALITIES else division[:4]


def require_other(home: str, region: str) -> None:
    """Refuse as another region what is no division, or lies in the city of `home`."""
    if re.fullmatch("[1-9][0-9]{5}", region) is None or region[:2] not in PROVINCES:
        raise Refusal(
            "division",
            f"{region} 不是行政区划代码，应为六位数字",
            f"{region} is no code of a division: six digits, of a province that there is",
            column="region",
        )
    if city(region) == city(home):
        raise Refusal(
            "other_region",
            f"{region} 与本统筹区 {home} 同属一市，不是其他统筹区",
            f"{region} lies in our own city, {home}: expected another region",
            column="region",
        )


def locality(home: str, place: str) -> Locality:
    """Return the place of treatment as rules know it; both are codes of six digits."""
    if home == place:
        return "same_county"
    return "same_city" if city(home) == city(place) else "elsewhere"
