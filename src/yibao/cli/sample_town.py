"""A made-up town of Tianjin: its institutions, households, employers, and a month of bills.

Nobody in it exists: the identity numbers have a division that no place has. The same seed gives the
same rows. Money is drawn as integer fen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from yibao.cli import sample_bills
from yibao.money import format_yuan
from yibao.registry.codes import identity_check

Row = dict[str, str]

DIVISION = "120199"
YEAR, MONTH = 2022, 3
CENTRE, HOSPITAL, BIG = "H12019900001", "H12019900002", "H12019900003"

_HOUSEHOLDS, _STAFF = 60, 15
_FAMILY_NAMES = "赵钱孙李周吴郑王冯陈"
_GIVEN_NAMES = "安康宁泰和平福祥瑞丰"


@dataclass(frozen=True, slots=True)
class Town:
    """The rows of a town's files by name, and the bills of its month by institution."""

    files: Mapping[str, Sequence[Row]]
    bills: Mapping[str, Sequence[dict[str, Any]]]


def sample_town(seed: int = 1) -> Town:
    """Return a town."""
    draw = Random(seed)
    residents = list(_residents(draw))
    staff = list(_staff(draw))
    files = {
        "institutions": _institutions(),
        "agreements": _agreements(),
        "employers": [
            {"employer_id": f"E{n}", "name": f"单位{n}", "kind": "enterprise"} for n in (1, 2)
        ],
        "persons": residents,
        "staff": staff,
    }
    insured = [row["person_id"] for row in (*residents, *staff)]
    bills = _bills(draw, insured)
    return Town(files | _papers(bills, staff), bills)


def _papers(
    bills: Mapping[str, Sequence[Mapping[str, Any]]], staff: Sequence[Row]
) -> dict[str, list[Row]]:
    """Return the files of the desk: the catalogue, the same bills as rows, and their lines."""
    every = [bill for own in bills.values() for bill in own]
    with_account = frozenset(row["person_id"] for row in staff)
    return {
        **{f"{kind}s": items for kind, items in sample_bills.catalogue().items()},
        "local_codes": sample_bills.local_codes(BIG),
        "bills": list(sample_bills.bill_rows(every, with_account)),
        "lines": list(sample_bills.line_rows(Random(len(every)), every, BIG)),
        **sample_bills.paper(staff[0]["person_id"]),
    }


def _institutions() -> list[Row]:
    rows = [
        (CENTRE, "社区卫生服务中心", "1", "true"),
        (HOSPITAL, "区医院", "2", "false"),
        (BIG, "市医院", "3", "false"),
    ]
    names = ("institution_id", "name", "level", "primary_institution")
    common = {"kind": "hospital", "division": DIVISION, "from": "2020-01-01"}
    return [dict(zip(names, row, strict=True)) | common for row in rows]


def _agreements() -> list[Row]:
    common = {"schemes": "employee;resident", "from": "2022-01-01", "to": "2022-12-31"}
    visits = {
        CENTRE: "outpatient",
        HOSPITAL: "outpatient;emergency;inpatient",
        BIG: "emergency;inpatient",
    }
    return [
        {"institution_id": at, "agreement_id": f"A{n}", "visits": seen} | common
        for n, (at, seen) in enumerate(visits.items(), 1)
    ]


def _residents(draw: Random) -> Iterator[Row]:
    number = 0
    for household in range(1, _HOUSEHOLDS + 1):
        family = draw.choice(_FAMILY_NAMES)
        tier = draw.choice(("high", "low"))
        for member in range(draw.randint(2, 4)):
            number += 1
            child = member >= 2
            born = date(2008 if child else 1950, 1, 1) + timedelta(
                draw.randrange(3_000 if child else 15_000)
            )
            yield {
                **_person(family + draw.choice(_GIVEN_NAMES), born, number),
                "household_id": f"F{household}",
                "scheme": "resident",
                "category": "student_child" if child else "adult",
                "contribution_tier": "low" if child else tier,
                "from": f"{YEAR}-01-01",
                "to": f"{YEAR}-12-31",
            }


def _staff(draw: Random) -> Iterator[Row]:
    for employer in (1, 2):
        for number in range(_STAFF):
            born = date(1965, 1, 1) + timedelta(draw.randrange(12_000))
            name = draw.choice(_FAMILY_NAMES) + draw.choice(_GIVEN_NAMES)
            yield {
                "employer_id": f"E{employer}",
                **_person(name, born, 500 + employer * 100 + number),
                "wage": format_yuan(draw.randrange(5_000_00, 18_000_00)),
                "from": f"{YEAR}-01-01",
            }


def _person(name: str, born: date, number: int) -> Row:
    digits = f"{DIVISION}{born:%Y%m%d}{number % 1000:03d}"
    return {
        "person_id": f"T{number:04d}",
        "identity_number": digits + identity_check(digits),
        "name": name,
        "division": DIVISION,
    }


def _bills(draw: Random, insured: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    bills: dict[str, list[dict[str, Any]]] = {CENTRE: [], HOSPITAL: [], BIG: []}
    for number in range(1, 401):
        kind = draw.randrange(100)
        at = CENTRE if kind < 45 else HOSPITAL if kind < 85 else BIG
        stay = at == BIG or kind >= 75
        first = date(YEAR, MONTH, draw.randint(1, 20))
        total = draw.randrange(3_000_00, 60_000_00) if stay else draw.randrange(30_00, 1_500_00)
        outside = total * draw.randrange(15) // 100
        bills[at].append(
            {
                "institution_id": at,
                "claim_no": f"{at[-2:]}-{number:04d}",
                "person_id": draw.choice(insured),
                "visit": "inpatient" if stay else "outpatient",
                "admitted_on": first.isoformat(),
                "discharged_on": (first + timedelta(draw.randint(3, 9) if stay else 0)).isoformat(),
                "amounts": {
                    "total": format_yuan(total),
                    "out_of_catalogue": format_yuan(outside),
                    "in_scope": format_yuan(total - outside),
                },
            }
        )
    return bills
