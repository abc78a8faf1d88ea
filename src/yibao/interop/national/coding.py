"""Our words and the interface's codes for them, side by side; amounts in fen and in yuan."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

SCHEMES: Mapping[str, str] = {"employee": "310", "resident": "390"}
CATEGORIES: Mapping[str, str] = {
    "in_service": "11",
    "retired": "12",
    "adult": "15",
    "student_child": "1403",
}
IDENTITY_TYPES: Mapping[str, str] = {
    "resident_id": "01",
    "permit_hk_mo": "04",
    "permit_tw": "06",
    "passport": "08",
    "other": "99",
    "none": "99",
}
SEXES: Mapping[str, str] = {"male": "1", "female": "2", "": "9"}
IDENTITIES: Mapping[str, str] = {
    "poverty_alleviation": "2302",
    "subsistence_allowance": "2303",
    "destitute": "2304",
    "low_income_relief": "2306",
    "five_guarantees": "2307",
    "severely_disabled": "2308",
    "three_no": "2301",
    "martyr_dependant": "2101",
    "disabled_serviceman_1_6": "2104",
    "veteran": "21",
    "veteran_medical_subsidy": "2160",
    "veteran_disabled_7_10": "2102",
    "veteran_returned_ill": "2160",
    "pre_1949_worker": "6003",
    "medical_assistance": "23",
}
OTHER_IDENTITY = "60"
"""The code of a relief identity of ours that the interface has no own code for."""


def yuan(fen: int) -> Decimal:
    """Return fen as yuan with two decimals, exact."""
    return Decimal(fen).scaleb(-2)


def fen(amount: Decimal) -> int:
    """Return the fen of an amount in yuan, exact; raises ValueError on a part of a fen."""
    scaled = amount * 100
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{amount} has a part of a fen")
    return int(scaled)


def our(codes: Mapping[str, str], code: str) -> str | None:
    """Return the first of our words whose code it is, None where none has it."""
    return next((word for word, one in codes.items() if one == code), None)
