"""Our words and the interface's codes for them, side by side; amounts in fen and in yuan."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
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


def day_before(day: date) -> date:
    """Return the last day of what ends where something begins."""
    return day - timedelta(days=1)


def our(codes: Mapping[str, str], code: str) -> str | None:
    """Return the first of our words whose code it is, None where none has it."""
    return next((word for word, one in codes.items() if one == code), None)


# --- institutions, practitioners, items -----------------------------------------------------------

INSTITUTIONS: Mapping[str, str] = {"hospital": "1", "pharmacy": "2"}
LEVELS: Mapping[str, str] = {"3": "12", "2": "13", "1": "14", "none": "11"}
PROFESSIONS: Mapping[str, str] = {
    "physician": "1",
    "nurse": "2",
    "pharmacist": "3",
    "technician": "4",
}
ITEM_KINDS: Mapping[str, str] = {
    "drug": "101",
    "herbal": "102",
    "preparation": "103",
    "service": "201",
    "consumable": "301",
}
ITEM_CLASSES: Mapping[str, str] = {"A": "01", "B": "02", "C": "03"}
CHARGE_TYPES: Mapping[str, str] = {
    "drug": "09",
    "herbal": "10",
    "preparation": "09",
    "service": "05",
    "consumable": "08",
}
"""What an item is charged as, by its kind: the catalogues say no more than that."""

UNKNOWN_DEPARTMENT = "A69"
"""The code of a department whose specialty the register does not say."""

DRUGS_OF = {"104": "drug", "106": "herbal", "105": "drug"}
"""Kinds of drugs of the interface that are of another kind with us."""


def item_kind(code: str) -> str | None:
    """Return the kind of item of ours that a catalogue of the interface's is of."""
    return our(ITEM_KINDS, code) or DRUGS_OF.get(code)


# --- settlements ----------------------------------------------------------------------------------

CLEARING_VISITS: Mapping[str, tuple[str, ...]] = {
    "11": ("outpatient", "family_doctor"),
    "13": ("emergency", "emergency_observation"),
    "14": ("special_outpatient", "chronic_outpatient"),
    "15": ("two_disease",),
    "21": ("inpatient",),
    "41": ("pharmacy",),
    "53": ("maternity_outpatient",),
    "99940": ("maternity_inpatient",),
    "99": ("long_term_care",),
}
"""The visits that a class of clearing is of."""


def clearing_class(visit: str) -> str:
    """Return the class of clearing of a visit."""
    return next(code for code, visits in CLEARING_VISITS.items() if visit in visits)


CUMULATIVES: Mapping[str, str] = {
    "outpatient_streak": "OTP_STRK",
    "low_outpatient": "OTP_LOW",
    "accident_expense": "ACDT_EXP",
    "accident_paid": "ACDT_PAY",
    "second_round_burden": "MAF2_BRDN",
    "second_round_paid": "MAF2_PAY",
    "outpatient_assistance_paid": "MAF_OTP",
    "assistance_burden": "MAF_BRDN",
    "outpatient_expense": "OTP_EXP",
    "outpatient_use": "OTP_USE",
    "inpatient_expense": "IPT_EXP",
    "joint_deductible_met": "DEDC_MET",
    "admissions": "IPT_CNT",
    "serious_illness_burden": "HIFMI_BRDN",
    "outpatient_carry": "OTP_CARRY",
    "episode_admission": "EPSD_IPT",
    "episode_deductible": "EPSD_DEDC",
    "care_month_expense": "CARE_MONTH",
}
"""What a person's year remembers. The interface has no codes for it: these are ours."""


def cumulative(name: str) -> str:
    """Return the code of a value of a person's year, at most ten characters."""
    return CUMULATIVES.get(name, name.upper()[:10])
