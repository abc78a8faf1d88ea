"""A Claim becomes a bill and its lines, as `yibao desk settle` takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cache

from yibao.interop.fhir import systems
from yibao.interop.fhir.given import At, Found, Given, Reader, coded
from yibao.interop.files.bills import LINE_COLUMNS, facts
from yibao.interop.files.columns import Column, amount_column
from yibao.money import format_yuan, half_up
from yibao.policy.vocabulary import vocabulary
from yibao.text import Text

Row = Mapping[str, str]

_LINE = {column.name: column for column in LINE_COLUMNS}
_INSTITUTION, _CLAIM_NO = _LINE["institution_id"], _LINE["claim_no"]
PERSON = Column("person_id", "id", Text("人员编号", "Person"), longest=64)
_FIRST = Column("admitted_on", "date", Text("入院（就诊）日期", "First day"))
_LAST = Column("discharged_on", "date", Text("出院日期", "Last day"))


@cache
def _supporting() -> Mapping[str, Column]:
    """Return the columns of a bill that stand as supporting information in a Claim."""
    amounts = {n: amount_column(a) for n, a in vocabulary().amounts.items() if n != "total"}
    return {
        **amounts,
        **{attribute.name: coded(attribute.name) for attribute in facts()},
        "episode": Column("episode", "id", Text("就医事件编号", "Episode"), longest=64),
        "from_account": Column(
            "from_account", "amount", Text("个人账户最多支付", "At most from the account")
        ),
    }


def bill_names() -> tuple[str, ...]:
    """Return the columns of the bills that Claims become."""
    own = ("institution_id", "claim_no", "person_id", "visit", "admitted_on", "discharged_on")
    return (*own, "total", *_supporting())


LINE_NAMES = tuple(_LINE)
"""The columns of their lines."""


def bill(given: Given, found: Found) -> tuple[Row, Sequence[Row]] | None:
    """Return the bill of a Claim and its lines; None for one that was cancelled, or with problems.

    The problems are then among those of what was given.
    """
    reader = Reader(given, found)
    claim = reader.root
    if reader.status("active", "cancelled") == "cancelled":
        given.left_out["Claim"] += 1
        return None
    if claim["use"].value != "claim":
        claim["use"].wrong("status", expected="claim")
    if claim["payee"]["type"].says(systems.PAYEE, "subscriber"):
        claim["payee"].wrong("paid_by_person")
    period = claim["billablePeriod"]
    own = {
        "institution_id": claim["provider"].identified(systems.INSTITUTION, _INSTITUTION),
        "claim_no": claim["identifier"].among(systems.CLAIM_NO, _CLAIM_NO),
    }
    row = {
        **own,
        "person_id": claim["patient"].identified(systems.PERSON, PERSON),
        "visit": claim["subType"].code(systems.VISIT, coded("visit")),
        "admitted_on": period["start"].day(_FIRST),
        "discharged_on": period["end"].day(_LAST),
        "total": claim["total"].yuan(amount_column(vocabulary().amounts["total"])),
        **_told(claim),
    }
    first, last = row["admitted_on"], row["discharged_on"]
    if first and last and last < first:
        period["end"].wrong("period", start=first)
    lines = [{**own, **_line(claim, item)} for item in claim["item"]]
    if lines and not reader.problems:
        _check_total(claim, lines)
    given.problems += reader.problems
    return None if reader.problems else (row, lines)


def _told(claim: At) -> dict[str, str]:
    """Return what the supporting information of ours says, by column; others' is left out."""
    found: dict[str, str] = {}
    for info in claim["supportingInfo"]:
        for coding in info["category"].codings(systems.BILL):
            column = _supporting().get(coding["code"].value)
            if column is None:
                coding["code"].wrong("status", expected=", ".join(_supporting()))
            elif column.name in found:
                coding["code"].wrong("unique", found=column.name)
            else:
                found[column.name] = _value(info, column)
    return found


def _value(info: At, column: Column) -> str:
    if column.kind == "amount":
        quantity = info["valueQuantity"]
        if (quantity["system"].value, quantity["code"].value) != (systems.CURRENCY, "CNY"):
            quantity["code"].wrong("currency")
        return quantity["value"].number(column)
    name = "valueBoolean" if column.kind == "flag" else "valueString"
    return info[name].cell(column)


def _line(claim: At, item: At) -> Row:
    if item["detail"]:
        item["detail"].wrong("not_supported", what=Text("明细的明细", "details of an item"))
    if item["factor"].value not in {None, 1}:
        item["factor"].wrong("not_supported", what=Text("系数", "a factor"))
    product = item["productOrService"]
    codes = {
        name: product.code(system, _LINE[name]) if product.codings(system) else ""
        for name, system in (("code", systems.ITEM), ("local_code", systems.LOCAL_ITEM))
    }
    if not any(codes.values()):
        product.wrong("system", system=systems.ITEM, found=0)
    row = {
        "kind": item["category"].code(systems.ITEM_KIND, _LINE["kind"]),
        **codes,
        "quantity": item["quantity"]["value"].number(_LINE["quantity"]),
        "price": item["unitPrice"].yuan(_LINE["price"]),
        "served_on": _served(item),
        "practitioner_id": _practitioner(claim, item),
    }
    if item["net"] and row["quantity"] and row["price"]:
        net, comes_to = item["net"].yuan(_NET), _comes_to(row)
        if net and Fraction(net) * 100 != comes_to:
            item["net"]["value"].wrong("net_agrees", found=format_yuan(comes_to))
    return row


_NET = Column("total", "amount", Text("明细金额", "What the line comes to"))


def _comes_to(row: Row) -> int:
    """Return the fen of a line, rounded half up as the desk does."""
    exact = Fraction(row["quantity"]) * Fraction(row["price"]) * 100
    return half_up(exact.numerator, exact.denominator)


def _check_total(claim: At, lines: Sequence[Row]) -> None:
    comes_to = sum(map(_comes_to, lines))
    stated = claim["total"]["value"]
    if Fraction(stated.value) * 100 != comes_to:
        stated.wrong("adds_up", found=format_yuan(comes_to))


def _served(item: At) -> str:
    """Return the day of a line, "" where it has none: the desk knows that of a visit of a day."""
    if item["servicedPeriod"]:
        item["servicedPeriod"].wrong("not_supported", what=Text("时段", "a period"))
    return item["servicedDate"].day(_LINE["served_on"]) if item["servicedDate"] else ""


def _practitioner(claim: At, item: At) -> str:
    """Return who answers for a line: the first of its care team who has a number of ours."""
    wanted = item["careTeamSequence"].value or []
    for member in claim["careTeam"]:
        who = member["provider"]
        if member["sequence"].value in wanted and who["identifier"]["system"].value in {
            None,
            systems.PRACTITIONER,
        }:
            return who.identified(systems.PRACTITIONER, _LINE["practitioner_id"])
    return ""
