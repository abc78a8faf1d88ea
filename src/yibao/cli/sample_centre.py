"""What a vendor's sandbox holds: institutions, a catalogue, and a person of every kind.

Nobody in it exists: the identity numbers have a division that no place has. A person's name says
what kind of person it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from yibao.cli import sample_bills
from yibao.policy.vocabulary import vocabulary
from yibao.registry.codes import identity_check

Row = dict[str, str]

DIVISIONS = {"tianjin": "120199", "jining": "370899"}
"""The made-up division of each region that has a sandbox."""

FIRST_DAY = "2020-01-01"
"""Since when all of it holds."""

_TIERS = {"tianjin": ("high", "low"), "jining": ("none",)}
"""Contribution tiers of a region's adult residents."""

_ADULT, _RETIRED, _CHILD = date(1980, 5, 6), date(1952, 3, 4), date(2016, 9, 10)


class Kind(NamedTuple):
    """A kind of person that there is one of."""

    scheme: str
    category: str
    tier: str
    born: date
    name: str
    identity: str = ""


def sandbox_files(region: str) -> Mapping[str, Sequence[Row]]:
    """Return the rows of a sandbox by the register that they are for, and `persons`."""
    division = DIVISIONS[region]
    return {
        "institution": _institutions(division),
        "agreement": _agreements(division),
        **_practitioners(division),
        **_catalogues(),
        **_classifications(),
        "persons": list(_persons(region)),
    }


def institution(division: str, number: int, kind: str = "H") -> str:
    """Return the national code of a sandbox's institution."""
    return f"{kind}{division}{number:05d}"


def _institutions(division: str) -> list[Row]:
    rows = [
        (1, "H", "社区卫生服务中心", "hospital", "1", "true"),
        (2, "H", "区医院", "hospital", "2", "false"),
        (3, "H", "市医院", "hospital", "3", "false"),
        (1, "P", "零售药店", "pharmacy", "none", "false"),
    ]
    return [
        {
            "institution_id": institution(division, number, letter),
            "name": name,
            "kind": kind,
            "level": level,
            "primary_institution": primary,
            "division": division,
            "from": FIRST_DAY,
        }
        for number, letter, name, kind, level, primary in rows
    ]


def _agreements(division: str) -> list[Row]:
    hospital = "outpatient;emergency;inpatient;special_outpatient;chronic_outpatient;two_disease"
    every = [institution(division, n) for n in (1, 2, 3)]
    visits = {**dict.fromkeys(every, hospital), institution(division, 1, "P"): "pharmacy"}
    return [
        {
            "institution_id": at,
            "agreement_id": f"A{n}",
            "visits": seen,
            "schemes": "employee;resident",
            "from": FIRST_DAY,
        }
        for n, (at, seen) in enumerate(visits.items(), 1)
    ]


def _practitioners(division: str) -> dict[str, list[Row]]:
    """Return a physician for each hospital, and where each works."""
    physicians = [
        {
            "practitioner_id": f"D{division}{number:06d}",
            "name": name,
            "profession": "physician",
            "from": FIRST_DAY,
        }
        for number, name in enumerate(("陈医师", "李医师", "王医师"), 1)
    ]
    sites = [
        {
            "practitioner_id": row["practitioner_id"],
            "institution_id": institution(division, number),
            "from": FIRST_DAY,
        }
        for number, row in enumerate(physicians, 1)
    ]
    return {"practitioner": physicians, "practice_site": sites}


def _catalogues() -> dict[str, list[Row]]:
    """Return the town's catalogues, with a drug of an ethnic tradition besides."""
    found = sample_bills.catalogue()
    drug = {"code": f"ZZ99ZAA001A0010{1:08d}", "name": "示例民族药丸", "class": "A"}
    found["drug"].append({**drug, "tags": "ethnic", "from": FIRST_DAY})
    return found


_GROUP = {"group_code": "A99", "group_name": "示例类目"}

_CLASSIFIED: Mapping[str, Sequence[Row]] = {
    "diagnosis": (
        {"code": "I10.x00", "name": "原发性高血压"},
        {"code": "E11.900", "name": "2型糖尿病"},
        {"code": "J18.900", "name": "肺炎"},
    ),
    "procedure": ({"code": "47.0100", "name": "腹腔镜阑尾切除术"},),
    "morphology": ({"code": "M9999/0", "name": "示例形态", **_GROUP},),
    "tcm_disease": ({"code": "A99.99", "name": "示例中医病", **_GROUP},),
    "tcm_syndrome": ({"code": "B99.99", "name": "示例证候", **_GROUP},),
    "case_payment": ({"code": "SL001", "name": "示例病种", "procedure": "47.0100"},),
    "day_surgery": ({"code": "SL901", "name": "示例日间手术", "procedure": "47.0100"},),
}
"""What hospitals fetch a copy of. Only codes of diagnoses and procedures are real ones."""


def _classifications() -> dict[str, list[Row]]:
    return {
        name: [{**row, "from": FIRST_DAY} for row in rows] for name, rows in _CLASSIFIED.items()
    }


def _persons(region: str) -> Iterator[Row]:
    """Yield an employee at work, one retired, residents of each tier, a child, and the relieved."""
    tiers = _TIERS[region]
    kinds = [
        Kind("employee", "in_service", "none", _ADULT, "在职职工"),
        Kind("employee", "retired", "none", _RETIRED, "退休人员"),
        *(Kind("resident", "adult", tier, _ADULT, f"居民{_tier(tier)}") for tier in tiers),
        Kind("resident", "student_child", tiers[-1], _CHILD, "学生儿童"),
    ]
    for number, kind in enumerate(kinds, 1):
        yield _person(region, number, kind)
    for number, (identity, title) in enumerate(_reliefs(), 100):
        name = title.split("（")[0].split("、")[0][:20]
        yield _person(region, number, Kind("resident", "adult", tiers[-1], _ADULT, name, identity))


def _tier(code: str) -> str:
    codes = vocabulary().attributes["contribution_tier"].codes or {}
    return codes[code].zh


def _reliefs() -> Iterator[tuple[str, str]]:
    codes = vocabulary().attributes["identities"].codes or {}
    for code, title in codes.items():
        yield code, title.zh


def _person(region: str, number: int, kind: Kind) -> Row:
    division = DIVISIONS[region]
    digits = f"{division}{kind.born:%Y%m%d}{number:03d}"
    return {
        "identity_number": digits + identity_check(digits),
        "name": kind.name,
        "division": division,
        "person_id": f"P{number:04d}",
        "birth_date": kind.born.isoformat(),
        "scheme": kind.scheme,
        "category": kind.category,
        "contribution_tier": kind.tier,
        "identity": kind.identity,
    }
