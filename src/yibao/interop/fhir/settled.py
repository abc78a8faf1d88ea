"""A settlement or reversal as Claim, ClaimResponse and ExplanationOfBenefit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from yibao.clock import CHINA
from yibao.interop.fhir import systems
from yibao.interop.fhir.exact import Resource, money
from yibao.interop.fhir.model import Booked, Manner, Row
from yibao.interop.fhir.systems import concept, identifier, logical
from yibao.interop.files.bills import facts
from yibao.money import format_yuan
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.explain import CLOSING

TOLD_BY_REGISTERS = frozenset(
    {
        *("level", "institution_class", "primary_institution", "tcm_institution"),
        *("reformed_public_hospital", "locality", "named_cover"),
        *("prescriber_level", "prescribed_for"),
    }
)
"""Facts of a claim that no institution says of itself: a bill that brings them is refused."""

LINE_PARTS = ("out_of_catalogue", "over_limit", "first_self_pay", "in_scope")


# --- ids, references, and what is shared ----------------------------------------------------------


def id_of(*parts: object) -> str:
    """Return the id of a resource: the same whenever and wherever it is told of."""
    return str(uuid5(NAMESPACE_URL, ":".join(["urn:yibao", *map(str, parts)])))


def url(id_: str) -> str:
    """Return under which address a resource stands in a bundle."""
    return f"urn:uuid:{id_}"


def to(resource: Resource) -> dict[str, Any]:
    """Return a Reference to a resource of the bundle."""
    return {"reference": url(resource["id"])}


def _number_id(kind: str, row: Row) -> str:
    return id_of(kind, row["institution_id"], row["claim_no"], row["settlement_id"])


def period(start: str | None, end: str | None) -> dict[str, str]:
    """Return a Period, open where no day is given."""
    return {name: day for name, day in (("start", start), ("end", end)) if day}


def insurer(manner: Manner) -> dict[str, Any]:
    """Return a Reference to the region's centre."""
    display = {"display": "医疗保障经办机构"}
    if not manner.region:
        return {"type": "Organization", **display}
    return {**logical("Organization", systems.REGION, manner.region), **display}


def title(attribute: str, code: str) -> str:
    """Return the Chinese title of a code of the vocabulary, "" where it has none."""
    found = (vocabulary().attributes[attribute].codes or {}).get(code)
    return found.zh if found else ""


# --- the bill -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Of:
    """What the resources of one settlement are made of."""

    one: Booked
    manner: Manner
    patient: Resource
    coverage: Resource

    @property
    def row(self) -> Row:
        """The settlement's row."""
        return self.one.row

    @property
    def sign(self) -> int:
        """Amounts of a reversal are below zero."""
        return -1 if self.row["kind"] == "reversal" else 1

    def money(self, fen: int) -> dict[str, Any]:
        """Return an amount of the settlement or reversal."""
        return money(self.sign * fen)

    @property
    def shared(self) -> dict[str, Any]:
        """What Claim, ClaimResponse and ExplanationOfBenefit have alike."""
        row = self.row
        pharmacy = row["visit"] == "pharmacy"
        found: dict[str, Any] = {
            "status": "active" if row.get("reversed_by") is None else "cancelled",
            "type": concept(systems.CLAIM_TYPE, "pharmacy" if pharmacy else "institutional"),
            "subType": concept(systems.VISIT, row["visit"], title("visit", row["visit"])),
            "use": "claim",
            "patient": to(self.patient),
            "created": _instant(row["settled_at"]),
            "insurer": insurer(self.manner),
        }
        if self.sign < 0:
            found["meta"] = {"tag": [{"system": systems.FLOW, "code": "refund"}]}
        return found

    @property
    def provider(self) -> dict[str, Any]:
        """The institution."""
        return logical("Organization", systems.INSTITUTION, self.row["institution_id"])

    @property
    def insurance(self) -> dict[str, Any]:
        """By what the person is insured."""
        return {"focal": True, "coverage": to(self.coverage)}

    @property
    def payee(self) -> dict[str, Any]:
        """Whom the funds pay."""
        code = "provider" if self.row["payee"] == "institution" else "subscriber"
        return concept(systems.PAYEE, code)

    @property
    def claim(self) -> dict[str, Any]:
        """The claim that was settled; what a reversal takes back may not be at hand."""
        found = logical("Claim", systems.CLAIM_NO, self.row["claim_no"])
        if self.sign < 0:
            return found
        return {"reference": url(_number_id("Claim", self.row)), **found}


def _instant(local: str) -> str:
    return datetime.fromisoformat(local).replace(tzinfo=CHINA).isoformat()


def claim(of: Of) -> Resource:
    """Return the bill."""
    row, lines = of.row, of.one.lines
    team = _team(lines)
    found = {
        "resourceType": "Claim",
        "id": _number_id("Claim", row),
        "identifier": [identifier(systems.CLAIM_NO, row["claim_no"])],
        **of.shared,
        "billablePeriod": period(row["admitted"], row["discharged"]),
        "provider": of.provider,
        "priority": concept(systems.PRIORITY, "normal"),
        "payee": {"type": of.payee},
        "careTeam": _care_team(team),
        "supportingInfo": list(_supporting(row, lines)),
        "insurance": [{"sequence": 1, **of.insurance}],
        "item": [_item(line, team) for line in lines],
        "total": of.money(row["total"]),
    }
    return {name: value for name, value in found.items() if value != []}


def _team(lines: Sequence[Row]) -> dict[str, int]:
    who = dict.fromkeys(line["practitioner_id"] for line in lines if line["practitioner_id"])
    return {name: n for n, name in enumerate(who, 1)}


def _care_team(team: Mapping[str, int]) -> list[dict[str, Any]]:
    return [
        {"sequence": n, "provider": logical("Practitioner", systems.PRACTITIONER, who)}
        for who, n in team.items()
    ]


def _supporting(row: Row, lines: Sequence[Row]) -> Iterator[dict[str, Any]]:
    """Yield what the bill says besides its lines, by the columns of a file of bills."""
    values: dict[str, dict[str, Any]] = {}
    if not lines:  # else they are sums of the lines, whatever the catalogue says of these
        amounts = {n: fen for n, fen in row["amounts"].items() if n != "total"}
        values |= {name: _quantity(fen) for name, fen in amounts.items()}
    told = {a.name: row["claim_facts"].get(a.name) for a in facts()}
    for name, value in told.items():
        if value is not None and name not in TOLD_BY_REGISTERS:
            kind = "valueBoolean" if isinstance(value, bool) else "valueString"
            values[name] = {kind: value}
    if row["episode"]:
        values["episode"] = {"valueString": row["episode"]}
    if row["account_pay"]:
        values["from_account"] = _quantity(row["account_pay"])
    for sequence, (name, value) in enumerate(values.items(), 1):
        yield {"sequence": sequence, "category": concept(systems.BILL, name), **value}


def _quantity(fen: int) -> dict[str, Any]:
    value = money(fen)["value"]
    return {
        "valueQuantity": {
            "value": value,
            "unit": "CNY",
            "system": systems.CURRENCY,
            "code": "CNY",
        }
    }


def _item(line: Row, team: Mapping[str, int]) -> dict[str, Any]:
    found = {
        "sequence": line["number"],
        "careTeamSequence": [team[line["practitioner_id"]]] if line["practitioner_id"] else [],
        "category": concept(systems.ITEM_KIND, line["item_kind"]),
        "productOrService": _product(line),
        "servicedDate": line["served_on"],
        "quantity": {"value": Decimal(line["quantity"])},
        "unitPrice": {"value": _price(line["price"]), "currency": "CNY"},
        "net": money(line["total"]),
    }
    return {name: value for name, value in found.items() if value != []}


def _product(line: Row) -> dict[str, Any]:
    own = ((systems.ITEM, line["code"]), (systems.LOCAL_ITEM, line["local_code"]))
    return {"coding": [{"system": system, "code": code} for system, code in own if code]}


def _price(fen: str) -> Decimal:
    """Return a price in fen, perhaps with decimals, as yuan with at least two."""
    cents, _, decimals = fen.partition(".")
    return Decimal(format_yuan(int(cents)) + decimals.rstrip("0"))


# --- what the centre answered ---------------------------------------------------------------------


def response(of: Of) -> Resource:
    """Return what the centre answered."""
    row = of.row
    found = {
        "resourceType": "ClaimResponse",
        "id": _number_id("ClaimResponse", row),
        "identifier": [identifier(systems.SETTLEMENT, row["settlement_id"])],
        **of.shared,
        "requestor": of.provider,
        "request": of.claim,
        "outcome": "complete",
        "payeeType": of.payee,
        "insurance": [{"sequence": 1, **of.insurance}],
        "item": [
            {"itemSequence": line["number"], "adjudication": _divided(of, line)}
            for line in of.one.lines
        ],
        "adjudication": _payers(of),
        "total": _totals(of),
        "processNote": _notes(of),
    }
    return {name: value for name, value in found.items() if value != []}


def benefit(of: Of, answer: Resource) -> Resource:
    """Return who pays what, with the bill and its lines; `answer` is the ClaimResponse."""
    row, team = of.row, _team(of.one.lines)
    found = {
        "resourceType": "ExplanationOfBenefit",
        "id": _number_id("ExplanationOfBenefit", row),
        "identifier": [identifier(systems.SETTLEMENT, row["settlement_id"])],
        **of.shared,
        "billablePeriod": period(row["admitted"], row["discharged"]),
        "provider": of.provider,
        "payee": {"type": of.payee},
        "related": _related(of),
        "claim": of.claim,
        "claimResponse": to(answer),
        "outcome": "complete",
        "careTeam": _care_team(team),
        "insurance": [of.insurance],
        "item": [
            {**_signed_item(of, line, team), "adjudication": _divided(of, line)}
            for line in of.one.lines
        ],
        "adjudication": _payers(of),
        "total": _totals(of),
        "processNote": _notes(of),
    }
    return {name: value for name, value in found.items() if value != []}


def _signed_item(of: Of, line: Row, team: Mapping[str, int]) -> dict[str, Any]:
    return {**_item(line, team), "net": of.money(line["total"])}


def _related(of: Of) -> list[dict[str, Any]]:
    if of.sign > 0:
        return []
    return [
        {
            "claim": of.claim,
            "relationship": concept(systems.RELATION, "prior"),
            "reference": identifier(systems.SETTLEMENT, of.row["reverses"]),
        }
    ]


def _divided(of: Of, line: Row) -> list[dict[str, Any]]:
    """Return a line's amount and its parts, and why the fund does not pay where that is said."""
    whole = {"category": concept(systems.ADJUDICATION, "submitted")}
    why = {"reason": {"text": line["reason"]}} if line["reason"] else {}
    return [
        {**whole, **why, "amount": of.money(line["total"])},
        *(
            {"category": concept(systems.LINE_PART, name), "amount": of.money(line[name])}
            for name in LINE_PARTS
            if line[name]
        ),
    ]


def _payers(of: Of) -> list[dict[str, Any]]:
    """Return who pays how much; together they are the total."""
    row, words = of.row, vocabulary()
    paid = {name: row["funds"][name] for name in words.funds if name in row["funds"]}
    paid |= {name: row[name] for name in ("hospital_pay", "account_pay", "cash_pay")}
    shown = {n: fen for n, fen in paid.items() if fen or n in {"account_pay", "cash_pay"}}
    titles = {name: fund.title.zh for name, fund in words.funds.items()}
    titles |= {"hospital_pay": titles["hospital_relief_pay"]}
    titles |= {name: title.zh for name, title in CLOSING.items()}
    return [
        {"category": concept(systems.PAYER, name, titles[name]), "amount": of.money(fen)}
        for name, fen in shown.items()
    ]


def _totals(of: Of) -> list[dict[str, Any]]:
    names = {"submitted": "total", "eligible": "in_scope", "benefit": "fund_pay"}
    return [
        {"category": concept(systems.ADJUDICATION, code), "amount": of.money(of.row[name])}
        for code, name in names.items()
    ]


def _notes(of: Of) -> list[dict[str, Any]]:
    language = concept(systems.LANGUAGE, "zh-CN" if of.manner.language == "zh" else "en")
    return [
        {"number": n, "type": "display", "text": text, "language": language}
        for n, text in enumerate(of.one.notes, 1)
    ]
