"""Settlements as FHIR resources: each valid, exact, masked; and back again to the fen."""

import json
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from fhir_rows import LINE, PERSON, booked, exported, imported, of_kind, reversal, row
from hypothesis import given, settings
from hypothesis import strategies as st

from yibao.interop.fhir import systems
from yibao.interop.fhir.exact import dump, load
from yibao.interop.fhir.model import Manner
from yibao.interop.fhir.read_booking import BOOKING_NAMES
from yibao.interop.fhir.write import BadBundle, bundle
from yibao.masking import masked_name
from yibao.money import format_yuan, half_up
from yibao.policy.vocabulary import vocabulary

TAKEN_BACK = row(settlement_id=18, claim_no="A2", reversed_by=19)
ALL = [
    booked(row(), notes=["统筹支付 · 90.00 × 50% · 津政办发〔2020〕1号 第三条"]),
    booked(TAKEN_BACK, [LINE]),
    booked(reversal(TAKEN_BACK, 19), [LINE]),
]


def amounts(resource: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {
        part["category"]["coding"][0]["code"]: part["amount"]["value"] for part in resource[name]
    }


# --- valid ----------------------------------------------------------------------------------------


def test_each_resource_is_valid_by_itself_and_together() -> None:
    made = exported(*ALL)
    kinds = [entry["resource"]["resourceType"] for entry in made["entry"]]
    assert kinds == [
        *("Patient", "Coverage", "Claim", "ClaimResponse", "ExplanationOfBenefit"),
        *("Claim", "ClaimResponse", "ExplanationOfBenefit"),
        *("ClaimResponse", "ExplanationOfBenefit"),
    ]
    for entry in made["entry"]:
        resource = entry["resource"]
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    get_fhir_model_class("Bundle").model_validate(made)


def test_every_reference_to_a_resource_finds_it() -> None:
    made = exported(*ALL)
    urls = [entry["fullUrl"] for entry in made["entry"]]
    assert len(set(urls)) == len(urls)
    text = json.dumps([entry["resource"] for entry in made["entry"]])
    references = [part.split('"')[0] for part in text.split('"reference": "')[1:]]
    assert references
    assert set(references) <= set(urls)


def test_what_the_library_refuses_is_not_written() -> None:
    with pytest.raises(BadBundle, match="claim"):
        bundle([booked(row(claim_no=""))], Manner())


# --- what it says ---------------------------------------------------------------------------------


def test_who_pays_is_told_by_fund_and_adds_up() -> None:
    (benefit,) = of_kind(exported(ALL[0]), "ExplanationOfBenefit")
    assert amounts(benefit, "adjudication") == {
        "pool_pay": 40.00,
        "account_pay": 5.00,
        "cash_pay": 55.00,
    }
    assert amounts(benefit, "total") == {"submitted": 100, "eligible": 90, "benefit": 40}
    first = benefit["adjudication"][0]["category"]["coding"][0]
    assert first["display"] == vocabulary().funds["pool_pay"].title.zh
    (note,) = benefit["processNote"]
    assert "津政办发〔2020〕1号 第三条" in note["text"]


def test_a_reversal_is_told_of_below_zero_and_what_it_takes_back_is_cancelled() -> None:
    made = exported(*ALL[1:])
    (claim,) = of_kind(made, "Claim")
    settled, back = of_kind(made, "ExplanationOfBenefit")
    assert (claim["status"], settled["status"], back["status"]) == (
        *("cancelled", "cancelled"),
        "active",
    )
    assert amounts(back, "total") == {"submitted": -100, "eligible": -90, "benefit": -40}
    assert back["related"][0]["reference"]["value"] == "18"
    assert "meta" not in settled
    assert back["meta"]["tag"] == [{"system": systems.FLOW, "code": "refund"}]


def test_a_line_says_into_which_parts_it_was_divided_and_why() -> None:
    made = exported(booked(row(), [{**LINE, "reason": "目录外"}]))
    (claim,), (response,) = of_kind(made, "Claim"), of_kind(made, "ClaimResponse")
    (item,) = claim["item"]
    assert item["unitPrice"] == {"value": 25.00, "currency": "CNY"}
    assert item["productOrService"]["coding"] == [{"system": systems.ITEM, "code": "XA10BA"}]
    divided = response["item"][0]
    assert amounts(divided, "adjudication") == {
        "submitted": 100,
        "over_limit": 10,
        "first_self_pay": 9,
        "in_scope": 81,
    }
    assert divided["adjudication"][0]["reason"] == {"text": "目录外"}
    assert "supportingInfo" in claim  # the account
    assert {i["category"]["coding"][0]["code"] for i in claim["supportingInfo"]} == {"from_account"}


@pytest.mark.parametrize(
    ("fen", "yuan"),
    [
        ("2500", "25.00"),
        ("2500.0000", "25.00"),
        ("0.5", "0.005"),
        ("12.34", "0.1234"),
        ("0", "0.00"),
    ],
)
def test_a_price_is_in_yuan_with_the_decimals_that_it_needs(fen: str, yuan: str) -> None:
    made = bundle([booked(row(), [{**LINE, "price": fen}])], Manner())
    (claim,) = of_kind(made, "Claim")
    assert str(claim["item"][0]["unitPrice"]["value"]) == yuan


def test_the_instant_is_that_of_china() -> None:
    (claim,) = of_kind(exported(ALL[0]), "Claim")
    assert claim["created"] == "2022-03-05T10:00:00.120000+08:00"


def test_names_are_masked_unless_asked() -> None:
    shown = json.dumps(exported(*ALL), ensure_ascii=False)
    assert "张**" in shown
    for hidden in ("张三丰", "1960-05-05", PERSON.identity_number):
        assert hidden not in shown
    (patient,) = of_kind(exported(*ALL, unmask=True), "Patient")
    assert patient["name"] == [{"text": "张三丰"}]
    assert patient["birthDate"] == "1960-05-05"
    assert patient["identifier"][1]["value"] == PERSON.identity_number
    assert "meta" not in patient


@pytest.mark.parametrize(("name", "shown"), [("", ""), ("张", "张*"), ("欧阳修", "欧**")])
def test_a_masked_name_tells_its_first_character(name: str, shown: str) -> None:
    assert masked_name(name) == shown


# --- exact ----------------------------------------------------------------------------------------


def test_an_amount_that_no_float_holds_is_written_and_read_exactly(tmp_path: Path) -> None:
    huge = {"value": Decimal("9007199254740993.07")}
    (tmp_path / "x.json").write_text(dump(huge))
    assert load(tmp_path / "x.json") == huge
    assert float(huge["value"]) != huge["value"]


FEN = st.integers(0, 10**9)
PARTS = st.sampled_from([name for name in vocabulary().funds if name != "hospital_relief_pay"])


@st.composite
def lines(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw lines whose prices have decimals of a fen, divided anyhow."""
    found: list[dict[str, Any]] = []
    for number in range(1, draw(st.integers(1, 4)) + 1):
        price = draw(st.integers(0, 10**8).map(lambda n: Fraction(n, 100)))
        quantity = draw(st.integers(0, 10**7).map(lambda n: Fraction(n, 10_000)))
        exact = price * quantity
        total = half_up(exact.numerator, exact.denominator)
        own = draw(st.integers(0, total))
        found.append(
            {
                **LINE,
                "number": number,
                "price": draw(st.sampled_from([text(price, 2), short(price, 2)])),
                "quantity": draw(st.sampled_from([text(quantity, 4), short(quantity, 4)])),
                "total": total,
                "over_limit": 0,
                "first_self_pay": own,
                "in_scope": total - own,
                "local_code": draw(st.sampled_from(["", "L-9"])),
                "practitioner_id": draw(st.sampled_from(["", "D1", "D2"])),
            }
        )
    return found


def text(number: Fraction, places: int) -> str:
    digits = str(int(number * 10**places)).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}"


def short(number: Fraction, places: int) -> str:
    return text(number, places).rstrip("0").rstrip(".")


@st.composite
def settlements(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a row: payers who pay anything, of whom the total is the sum."""
    paid = draw(st.dictionaries(PARTS, FEN.filter(bool), max_size=4))
    hospital, account, cash = draw(st.tuples(st.sampled_from([0, 7]), FEN, FEN))
    total = sum(paid.values()) + hospital + account + cash
    in_scope = draw(st.integers(0, total))
    return {
        **row(),
        "funds": paid,
        "fund_pay": sum(paid.values()),
        "hospital_pay": hospital,
        "account_pay": account,
        "cash_pay": cash,
        "total": total,
        "in_scope": in_scope,
        "amounts": {"total": total, "out_of_catalogue": total - in_scope, "in_scope": in_scope},
        "episode": draw(st.sampled_from(["", "E 1"])),
        "claim_facts": draw(st.sampled_from([{}, {"disease": "diabetes", "pure_tcm": True}])),
    }


@settings(max_examples=150)
@given(settlements(), st.booleans())
def test_bills_and_bookings_come_back_to_the_fen(told: dict[str, Any], back: bool) -> None:
    ours = [booked(told), *([booked(reversal(told))] if back else [])]
    with TemporaryDirectory() as folder:
        made = imported(Path(folder), bundle(ours, Manner()))
    assert not made.problems
    (bill,) = made.bills
    known = told["amounts"]
    expected = {
        "institution_id": "H1",
        "claim_no": "A1",
        "person_id": "P1",
        "visit": "inpatient",
        "admitted_on": "2022-03-01",
        "discharged_on": "2022-03-05",
        **{name: format_yuan(fen) for name, fen in known.items()},
    }
    if told["claim_facts"]:
        expected |= {"disease": "diabetes", "pure_tcm": "true"}
    if told["episode"]:
        expected["episode"] = "E 1"
    if told["account_pay"]:
        expected["from_account"] = format_yuan(told["account_pay"])
    assert dict(bill) == expected
    booking = {
        "claim_no": "A1",
        "person_id": "P1",
        "kind": "settle",
        "scheme": "resident",
        **{name: format_yuan(told[name]) for name in BOOKING_NAMES[4:8]},
        "settled_at": "2022-03-05 10:00:00.120000",
    }
    rows = [dict(one) for one in made.bookings["H1"]]
    refund = {**booking, "kind": "refund", "settled_at": "2022-03-06 09:00:00"}
    assert rows == ([booking, refund] if back else [booking])


@settings(max_examples=150)
@given(lines())
def test_lines_come_back_exactly(drawn: list[dict[str, Any]]) -> None:
    total = sum(line["total"] for line in drawn)
    told = row(total=total, cash_pay=total, fund_pay=0, account_pay=0, funds={}, in_scope=0)
    with TemporaryDirectory() as folder:
        made = imported(Path(folder), bundle([booked(told, drawn)], Manner()))
    assert not made.problems
    assert made.bills[0]["total"] == format_yuan(total)
    assert "in_scope" not in made.bills[0]
    assert len(made.lines) == len(drawn)
    for read, line in zip(made.lines, drawn, strict=True):
        assert Fraction(read["price"]) * 100 == Fraction(line["price"])
        assert Fraction(read["quantity"]) == Fraction(line["quantity"])
        same = ("code", "local_code", "served_on", "practitioner_id")
        assert {name: read[name] for name in same} == {name: line[name] for name in same}
        assert read["kind"] == line["item_kind"]
