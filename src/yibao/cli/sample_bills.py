"""The made-up town's catalogue, and its bills as files: rows, item lines, paper invoices.

The codes keep to the form of national codes and stand for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any

from yibao.money import format_yuan, parse_yuan

Row = dict[str, str]

_FIRST_DAY = "2022-01-01"

_DRUGS = (
    ("阿司匹林肠溶片", "A", "", "", 15_30),
    ("二甲双胍缓释片", "A", "", "", 28_60),
    ("阿托伐他汀钙片", "B", "10%", "", 42_00),
    ("头孢曲松钠注射剂", "B", "5%", "", 18_75),
    ("奥美拉唑注射剂", "A", "", "20.00", 24_80),
    ("营养口服液", "C", "", "", 88_00),
)
_SERVICES = (
    ("住院诊查费", "A", "", "", 20_00),
    ("血常规", "A", "", "", 25_00),
    ("胸部CT平扫", "B", "15%", "", 260_00),
    ("手术费", "A", "", "", 1_200_00),
    ("特需病房", "C", "", "", 180_00),
)
_CONSUMABLES = (("一次性输液器", "A", "", "", 3_60), ("人工晶体", "B", "30%", "1500.00", 2_180_00))
_REST = "治疗费"
_REFUSED = 2
"""How many of the bills are refused, so that there are rejects to look at."""

_CODES = {"drug": "XZ99ZAA001A0010{:08d}", "service": "0099{:011d}", "consumable": "C99{:017d}"}
"""The form of the national codes, with places that no catalogue has."""


def catalogue() -> dict[str, list[Row]]:
    """Return the items of the catalogues by the names of their registers."""
    rest = (_REST, "A", "", "", 0)
    tables = {"drug": _DRUGS, "service": (*_SERVICES, rest), "consumable": _CONSUMABLES}
    found: dict[str, list[Row]] = {}
    for kind, items in tables.items():
        found[kind] = [
            {
                "code": _CODES[kind].format(n),
                "name": name,
                "class": class_,
                "first_self_pay": share,
                "standard": standard,
                **({"review": "general"} if kind == "service" else {}),
                "from": _FIRST_DAY,
            }
            for n, (name, class_, share, standard, _) in enumerate(items, 1)
        ]
    return found


def local_codes(institution: str) -> list[Row]:
    """Return the codes by which an institution knows the drugs of the catalogue."""
    return [
        {
            "institution_id": institution,
            "kind": "drug",
            "local_code": f"YP{n:03d}",
            "code": _CODES["drug"].format(n),
            "from": _FIRST_DAY,
        }
        for n in range(1, len(_DRUGS) + 1)
    ]


def bill_rows(bills: Sequence[Mapping[str, Any]], staff: frozenset[str]) -> Iterator[Row]:
    """Yield bills as rows: stays say their total, for their lines say the rest.

    `staff` are persons who have a personal account. Of their visits only a few are there: no
    published document gives the ceiling of 2022, so they are refused.
    """
    refused = 0
    for bill in bills:
        amounts = bill["amounts"]
        stay = bill["visit"] == "inpatient"
        if not stay and bill["person_id"] in staff:
            refused += 1
            if refused > _REFUSED:
                continue
        names = ("institution_id", "claim_no", "person_id", "visit", "admitted_on", "discharged_on")
        yield {
            **{name: bill[name] for name in names},
            "total": amounts["total"],
            "out_of_catalogue": "" if stay else amounts["out_of_catalogue"],
            "in_scope": "" if stay else amounts["in_scope"],
            "from_account": "100.00" if bill["person_id"] in staff else "",
        }


def line_rows(draw: Random, bills: Sequence[Mapping[str, Any]], local: str) -> Iterator[Row]:
    """Yield the lines of stays; an institution, `local`, gives its own codes of drugs."""
    for bill in bills:
        if bill["visit"] == "inpatient":
            for row in _lines(draw, parse_yuan(bill["amounts"]["total"])):
                own = {
                    "institution_id": bill["institution_id"],
                    "claim_no": bill["claim_no"],
                    **row,
                    "served_on": bill["admitted_on"],
                }
                if bill["institution_id"] == local and row["kind"] == "drug":
                    number = int(row["code"][-8:])
                    own |= {"code": "", "local_code": f"YP{number:03d}"}
                yield own


def _lines(draw: Random, total: int) -> Iterator[Row]:
    """Yield lines that come to `total` fen; the last is what remains."""
    tables = {"drug": _DRUGS, "service": _SERVICES, "consumable": _CONSUMABLES}
    left = total
    for kind, items in tables.items():
        for number in draw.sample(range(len(items)), 2):
            price, quantity = items[number][-1], draw.randint(1, 6)
            if price * quantity < left:
                left -= price * quantity
                yield _line(kind, number + 1, quantity, price)
    yield _line("service", len(_SERVICES) + 1, 1, left)


def _line(kind: str, number: int, quantity: int, price: int) -> Row:
    return {
        "kind": kind,
        "code": _CODES[kind].format(number),
        "local_code": "",
        "quantity": str(quantity),
        "price": format_yuan(price),
    }


def paper(person: str) -> dict[str, list[Row]]:
    """Return a bill of a hospital in another city that a person has paid, with its invoices."""
    bill = {"institution_id": "H13019900001", "claim_no": "paper-1"}
    says = {
        "person_id": person,
        "visit": "inpatient",
        "admitted_on": "2022-03-02",
        "discharged_on": "2022-03-09",
        "total": "9000.00",
        "out_of_catalogue": "1000.00",
        "in_scope": "8000.00",
        "level": "3",
        "locality": "elsewhere",
    }
    invoices = [
        {"invoice_code": "013002200199", "invoice_no": f"0000000{n}", "amount": amount}
        for n, amount in enumerate(("6000.00", "3000.00"), 1)
    ]
    return {"paper": [bill | says], "invoices": [bill | invoice for invoice in invoices]}
