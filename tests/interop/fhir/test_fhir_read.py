"""Resources as rows: a Claim from elsewhere, and every kind of thing that can be wrong."""

import copy
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from fhir_rows import LINE, booked, imported, of_kind, reversal, row, rules
from hypothesis import given, settings
from hypothesis import strategies as st

from yibao.agency.bills.reading import read_bills
from yibao.agency.enrolment.files import person_columns
from yibao.agency.reconcile import file as booked_file
from yibao.interop.fhir import systems
from yibao.interop.fhir.exact import dump
from yibao.interop.fhir.imported import booking_file
from yibao.interop.fhir.model import Manner
from yibao.interop.fhir.read_booking import BOOKING_NAMES
from yibao.interop.fhir.read_claim import LINE_NAMES, bill_names
from yibao.interop.fhir.read_coverage import PERSON_NAMES
from yibao.interop.fhir.write import bundle
from yibao.interop.files.bills import FILES
from yibao.interop.files.rows import InputError
from yibao.policy.policy import load_policy

Change = Callable[[dict[str, Any]], object]

# As a hospital's own system sends a claim: a person in the claim itself, a relative reference,
# codes of its own beside ours, and much that a bill has no place for.
FOREIGN = """
{
  "resourceType": "Claim",
  "id": "100150",
  "meta": {"profile": ["https://hospital.example/StructureDefinition/claim"]},
  "text": {"status": "generated", "div": "<div xmlns=\\"http://www.w3.org/1999/xhtml\\">x</div>"},
  "contained": [
    {
      "resourceType": "Patient",
      "id": "p",
      "identifier": [
        {"system": "https://hospital.example/mrn", "value": "000123"},
        {"use": "official", "system": "urn:yibao:person", "value": "P1"}
      ],
      "name": [{"family": "李", "given": ["四"]}]
    }
  ],
  "identifier": [
    {"system": "https://hospital.example/claims", "value": "12345"},
    {"system": "urn:yibao:claim-no", "value": "Z-2022-0001"}
  ],
  "status": "active",
  "type": {
    "coding": [
      {"system": "http://terminology.hl7.org/CodeSystem/claim-type", "code": "institutional"}
    ]
  },
  "subType": {
    "coding": [
      {"system": "https://hospital.example/kinds", "code": "AMB"},
      {"system": "urn:yibao:visit", "code": "outpatient"}
    ]
  },
  "use": "claim",
  "patient": {"reference": "#p"},
  "billablePeriod": {"start": "2022-03-01T08:00:00+08:00", "end": "2022-03-01"},
  "created": "2022-03-01",
  "provider": {"reference": "Organization/1"},
  "priority": {"coding": [{"code": "normal"}]},
  "careTeam": [
    {"sequence": 1, "provider": {"reference": "Practitioner/9", "display": "Dr. W"}},
    {"sequence": 2, "provider": {"identifier": {"system": "urn:yibao:practitioner", "value": "D1"}}}
  ],
  "supportingInfo": [
    {
      "sequence": 1,
      "category": {"coding": [{"system": "https://hospital.example/info", "code": "weight"}]},
      "valueQuantity": {"value": 60.5, "unit": "kg"}
    },
    {
      "sequence": 2,
      "category": {"coding": [{"system": "urn:yibao:bill", "code": "outcome"}]},
      "valueString": "home"
    }
  ],
  "diagnosis": [
    {
      "sequence": 1,
      "diagnosisCodeableConcept": {
        "coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "E11.9"}]
      }
    }
  ],
  "insurance": [{"sequence": 1, "focal": true, "coverage": {"display": "医保"}}],
  "item": [
    {
      "sequence": 1,
      "careTeamSequence": [2],
      "diagnosisSequence": [1],
      "category": {"coding": [{"system": "urn:yibao:item-kind", "code": "drug"}]},
      "productOrService": {
        "coding": [
          {"system": "urn:yibao:item", "code": "XA10BA", "display": "二甲双胍"},
          {"system": "urn:yibao:local-item", "code": "L-1"}
        ]
      },
      "servicedDate": "2022-03-01",
      "quantity": {"value": 1.5},
      "unitPrice": {"value": 12.333, "currency": "CNY"},
      "net": {"value": 18.50, "currency": "CNY"}
    },
    {
      "sequence": 2,
      "category": {"coding": [{"system": "urn:yibao:item-kind", "code": "service"}]},
      "productOrService": {"coding": [{"system": "urn:yibao:local-item", "code": "S-7"}]},
      "quantity": {"value": 2},
      "unitPrice": {"value": 10, "currency": "CNY"}
    }
  ],
  "total": {"value": 38.5, "currency": "CNY"}
}
"""
HOSPITAL = {
    "resourceType": "Organization",
    "id": "1",
    "identifier": [{"system": systems.INSTITUTION, "value": "H1"}],
}


def foreign(change: Change = lambda _: None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FOREIGN, parse_float=Decimal)
    change(found)
    return found


def changed(change: Change, *settlements: Any) -> dict[str, Any]:
    """Return a bundle of ours that somebody has changed: by default of one stay with a line."""
    ours = settlements or (booked(row(), [LINE]),)
    made = copy.deepcopy(dict(bundle(ours, Manner("tianjin", unmask=True))))
    change(made)
    return made


def one(kind: str, change: Change) -> Change:
    return lambda made: change(of_kind(made, kind)[0])


def put(name: str, value: object) -> Change:
    *steps, last = (int(step) if step.isdigit() else step for step in name.split("."))

    def change(resource: dict[str, Any]) -> None:
        at: Any = resource
        for step in steps:
            at = at[step]
        if value is None:
            del at[last]
        else:
            at[last] = value

    return change


# --- from elsewhere -------------------------------------------------------------------------------


def test_a_claim_from_elsewhere_becomes_a_bill_and_its_lines(tmp_path: Path) -> None:
    made = imported(tmp_path, FOREIGN, HOSPITAL)
    assert rules(made) == []
    assert [dict(bill) for bill in made.bills] == [
        {
            "institution_id": "H1",
            "claim_no": "Z-2022-0001",
            "person_id": "P1",
            "visit": "outpatient",
            "admitted_on": "2022-03-01",
            "discharged_on": "2022-03-01",
            "total": "38.5",
            "outcome": "home",
        }
    ]
    own = {"institution_id": "H1", "claim_no": "Z-2022-0001"}
    assert [dict(line) for line in made.lines] == [
        {
            **own,
            "kind": "drug",
            "code": "XA10BA",
            "local_code": "L-1",
            "quantity": "1.5",
            "price": "12.333",
            "served_on": "2022-03-01",
            "practitioner_id": "D1",
        },
        {
            **own,
            "kind": "service",
            "code": "",
            "local_code": "S-7",
            "quantity": "2",
            "price": "10",
            "served_on": "",
            "practitioner_id": "",
        },
    ]


def test_a_masked_person_is_not_registered_under_stars(tmp_path: Path) -> None:
    made = imported(tmp_path, bundle([booked(row())], Manner()))
    assert (made.persons, made.left_out, rules(made)) == ([], {"Coverage": 1}, [])


def test_a_coverage_that_is_not_in_force_is_left_out(tmp_path: Path) -> None:
    made = imported(tmp_path, changed(one("Coverage", put("status", "cancelled"))))
    assert (made.persons, made.left_out, rules(made)) == ([], {"Coverage": 1}, [])


def test_a_cancelled_claim_is_no_bill_but_stays_booked(tmp_path: Path) -> None:
    made = imported(tmp_path, changed(lambda _: None, booked(row(reversed_by=18), [LINE])))
    assert (made.bills, made.lines, made.left_out, rules(made)) == ([], [], {"Claim": 1}, [])
    assert [b["kind"] for b in made.bookings["H1"]] == ["settle"]


def test_a_response_need_not_tell_the_scheme(tmp_path: Path) -> None:
    made = imported(tmp_path, changed(one("ClaimResponse", put("insurance", None))))
    assert rules(made) == []
    assert [b["scheme"] for b in made.bookings["H1"]] == ["resident"]


def test_what_an_institution_bears_is_part_of_the_bill(tmp_path: Path) -> None:
    borne = row(hospital_pay=7_00, cash_pay=48_00)
    made = imported(tmp_path, changed(lambda _: None, booked(borne)))
    assert rules(made) == []
    amounts = ("total", "fund_pay", "account_pay", "cash_pay")
    (booking,) = made.bookings["H1"]
    assert [booking[name] for name in amounts] == ["100.00", "40.00", "5.00", "48.00"]


def test_a_coverage_becomes_a_row_of_persons(tmp_path: Path) -> None:
    made = imported(tmp_path, bundle([booked(row())], Manner(unmask=True)))
    assert [dict(person) for person in made.persons] == [
        {
            "person_id": "P1",
            "identity_type": "resident_id",
            "identity_number": "120101196005050010",
            "name": "张三丰",
            "sex": "male",
            "birth_date": "1960-05-05",
            "scheme": "resident",
            "category": "adult",
            "contribution_tier": "high",
            "from": "2015-01-01",
            "to": "",
        }
    ]


def test_a_response_alone_is_a_booking_too(tmp_path: Path) -> None:
    def without(made: dict[str, Any]) -> None:
        made["entry"] = [
            e for e in made["entry"] if e["resource"]["resourceType"] != "ExplanationOfBenefit"
        ]

    both = imported(tmp_path, changed(lambda _: None))
    alone = imported(tmp_path, changed(without))
    assert alone.bookings == both.bookings
    assert len(both.bookings["H1"]) == 1


def test_what_is_booked_twice_stays_so_for_reconciling_to_find(tmp_path: Path) -> None:
    def again(made: dict[str, Any]) -> None:
        entry = copy.deepcopy(made["entry"][-1])
        entry["fullUrl"] = "urn:uuid:00000000-0000-4000-8000-000000000000"
        entry["resource"]["id"] = "another"
        made["entry"].append(entry)

    assert len(imported(tmp_path, changed(again)).bookings["H1"]) == 2


def test_the_same_file_twice_is_the_same_once(tmp_path: Path) -> None:
    made = changed(lambda _: None)
    twice = imported(tmp_path, made, made)
    assert (len(twice.bills), len(twice.bookings["H1"])) == (1, 1)
    assert twice.left_out["Claim"] == 1


def test_time_is_that_of_china(tmp_path: Path) -> None:
    late = one("ExplanationOfBenefit", put("created", "2022-03-05T18:30:00Z"))
    made = imported(tmp_path, changed(late))
    assert [b["settled_at"] for b in made.bookings["H1"]] == ["2022-03-06 02:30:00"]


def test_what_persons_have_paid_is_neither_a_bill_nor_booked_by_an_institution(
    tmp_path: Path,
) -> None:
    made = imported(tmp_path, changed(lambda _: None, booked(row(payee="person"))))
    assert (made.bills, made.bookings) == ([], {})
    assert [rule for _, rule in rules(made)] == ["paid_by_person"]


# --- the tables -----------------------------------------------------------------------------------


def test_the_columns_are_those_of_the_files_that_take_them() -> None:
    region = load_policy("tianjin").region
    assert {*bill_names()} < {c.name for c in FILES["bills"](region)}
    assert {*LINE_NAMES} == {c.name for c in FILES["lines"](region)}
    assert {*PERSON_NAMES} < {c.name for c in person_columns(region)}
    assert {*BOOKING_NAMES} == {c.name for c in booked_file.columns()}
    kinds = next(c.codes for c in person_columns(region) if c.name == "identity_type")
    assert {*(kinds or {})} == {*systems.IDENTITY_TYPES.values(), "none"}


def test_the_tables_are_read_without_a_fault(tmp_path: Path) -> None:
    from yibao.interop.fhir.imported import tables
    from yibao.interop.files.output import write_files

    ours = [booked(row(claim_no="A1"), [LINE]), booked(row(settlement_id=20, claim_no="A3"))]
    made = imported(tmp_path, bundle([*ours, booked(reversal(row()))], Manner()))
    write_files({tmp_path / name: [sheet] for name, sheet in tables(made)})
    parts = {"lines": [tmp_path / "lines.csv"]}
    sent = read_bills([tmp_path / "bills.csv"], load_policy("tianjin").region, parts)  # type: ignore[arg-type]
    assert not any(sent.rejects().values())
    assert len(sent.in_order()) == 2
    found = booked_file.read([tmp_path / "booked.H1.csv"])
    assert not found.rejects
    assert [r.flow for r in found.rows] == ["settle", "settle", "refund"]


def test_the_name_of_a_file_is_safe_whatever_the_institution_is_called() -> None:
    assert booking_file("../H 1/甲") == "booked...%2FH%201%2F%E7%94%B2.csv"


# --- wrong files ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"resourceType": "Claim", "x": NaN}',
        '{"a": 1, "a": 2}',
        "[" * 100_000,
        '{"a": ' + "9" * 5000 + "}",
        "\x00",
    ],
)
def test_what_is_no_json_is_told_with_the_file(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError) as told:
        imported(tmp_path, text)
    (problem,) = told.value.problems
    assert problem.file == tmp_path / "0.json"
    assert problem.rule == "json"
    assert "不是有效的 JSON" in problem.say("zh")


def test_a_file_that_is_too_large_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yibao.interop.fhir.exact.MAX_BYTES", len(dump(HOSPITAL).encode()))
    assert imported(tmp_path, HOSPITAL).resources == 1
    with pytest.raises(InputError, match="larger"):
        imported(tmp_path, HOSPITAL, FOREIGN)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    from yibao.interop.fhir.imported import read

    with pytest.raises(InputError) as told:
        read([tmp_path / "none.json"])
    assert told.value.problems[0].rule == "readable"


@pytest.mark.parametrize(
    ("content", "path"),
    [
        ([], "resourceType"),
        ({"resourceType": "Observation"}, "resourceType"),
        ({"resourceType": "Nope"}, "resourceType"),
        ({"resourceType": 7}, "resourceType"),
        ({"name": "x"}, "resourceType"),
        ({"resourceType": "Bundle", "type": "collection", "entry": [{}]}, "entry[0].resource"),
    ],
)
def test_another_resource_is_told(tmp_path: Path, content: Any, path: str) -> None:
    (found,) = imported(tmp_path, content).problems
    assert found.path.startswith(path)
    assert found.rule == "resource"
    assert "ExplanationOfBenefit" in found.say("en")
    assert "应为 FHIR R4 资源" in found.say("zh")


# --- wrong resources ------------------------------------------------------------------------------

CASES: dict[str, tuple[Change, str, str]] = {
    "provider missing": (put("provider", None), "provider", "fhir"),
    "provider unknown": (
        put("provider", {"reference": "Organization/2"}),
        "provider",
        "known_reference",
    ),
    "provider of others' numbers": (
        put("provider", {"identifier": {"system": "https://other.example", "value": "1"}}),
        "provider",
        "known_reference",
    ),
    "patient unknown": (put("patient", {"reference": "#q"}), "patient", "known_reference"),
    "patient only named": (put("patient", {"display": "李四"}), "patient", "known_reference"),
    "patient without our number": (
        put("contained.0.identifier.1", {"system": "https://other.example", "value": "1"}),
        "contained[0].identifier",
        "system",
    ),
    "negative amount": (
        put("total.value", Decimal("-38.50")),
        "total.value",
        "not_negative",
    ),
    "three decimals": (put("total.value", Decimal("38.505")), "total.value", "two_decimals"),
    "amount as text": (put("total.value", "38.50"), "total.value", "number"),
    "amount beyond all": (put("total.value", Decimal("1E+400")), "total.value", "amount"),
    "another currency": (put("total.currency", "USD"), "total.currency", "currency"),
    "no currency": (
        put("item.0.unitPrice.currency", None),
        "item[0].unitPrice.currency",
        "currency",
    ),
    "no total": (put("total", None), "total", "needed"),
    "total of other lines": (put("total.value", Decimal("38.51")), "total.value", "adds_up"),
    "net of another line": (
        put("item.0.net.value", Decimal("18.49")),
        "item[0].net.value",
        "net_agrees",
    ),
    "negative price": (
        put("item.1.unitPrice.value", Decimal("-10")),
        "item[1].unitPrice.value",
        "decimal",
    ),
    "no price": (put("item.1.unitPrice", None), "item[1].unitPrice", "needed"),
    "no quantity": (put("item.1.quantity", None), "item[1].quantity.value", "needed"),
    "no code of ours": (
        put("item.1.productOrService", {"text": "挂号"}),
        "item[1].productOrService",
        "system",
    ),
    "unknown kind of item": (
        put("item.1.category.coding.0.code", "food"),
        "item[1].category.coding[0].code",
        "known_code",
    ),
    "details": (
        put("item.1.detail", [{"sequence": 1, "productOrService": {"text": "x"}}]),
        "item[1].detail",
        "not_supported",
    ),
    "factor": (put("item.1.factor", Decimal("0.5")), "item[1].factor", "not_supported"),
    "unknown visit": (
        put("subType.coding.1.code", "opd"),
        "subType.coding[1].code",
        "known_code",
    ),
    "no visit": (put("subType", None), "subType", "system"),
    "part of a date": (put("billablePeriod.end", "2022-03"), "billablePeriod.end", "day"),
    "period that ends before it starts": (
        put("billablePeriod", {"start": "9999-12-31", "end": "0001-01-01"}),
        "billablePeriod.end",
        "period",
    ),
    "no period": (put("billablePeriod", None), "billablePeriod.start", "needed"),
    "draft": (put("status", "draft"), "status", "status"),
    "predetermination": (put("use", "predetermination"), "use", "status"),
    "no number of the bill": (put("identifier", None), "identifier", "system"),
    "unknown column": (
        put("supportingInfo.1.category.coding.0.code", "weight"),
        "supportingInfo[1].category.coding[0].code",
        "status",
    ),
    "column told twice": (
        put("supportingInfo.0.category.coding.0", {"system": systems.BILL, "code": "outcome"}),
        "supportingInfo[1].category.coding[0].code",
        "unique",
    ),
    "amount of another unit": (
        put(
            "supportingInfo.1",
            {
                "sequence": 2,
                "category": {"coding": [{"system": systems.BILL, "code": "in_scope"}]},
                "valueQuantity": {"value": 1, "system": systems.CURRENCY, "code": "USD"},
            },
        ),
        "supportingInfo[1].valueQuantity.code",
        "currency",
    ),
    "period of service": (
        put("item.1.servicedPeriod", {"start": "2022-03-01"}),
        "item[1].servicedPeriod",
        "not_supported",
    ),
    "truth as a number": (put("item.1.factor", True), "item[1].factor", "fhir"),
    "unknown element": (put("colour", "red"), "colour", "fhir"),
    "contained of no type": (put("contained.0.resourceType", "Nope"), "resourceType", "fhir"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_wrong_claim_says_where_and_why_and_gives_no_rows(tmp_path: Path, name: str) -> None:
    change, path, rule = CASES[name]
    made = imported(tmp_path, foreign(change), HOSPITAL)
    assert (path, rule) in rules(made)
    assert (made.bills, made.lines) == ([], [])
    for problem in made.problems:
        assert problem.file == tmp_path / "0.json"
        assert problem.message.zh != problem.message.en
        assert problem.rule in problem.say("en")
        assert str(tmp_path / "0.json") in problem.say("zh")


BOOKED: dict[str, tuple[Change, str]] = {
    "currency": (put("total.0.amount.currency", "USD"), "currency"),
    "below zero": (put("total.0.amount.value", Decimal("-100.00")), "refund"),
    "three decimals": (put("total.0.amount.value", Decimal("100.001")), "two_decimals"),
    "parts": (put("adjudication.2.amount.value", Decimal("54.99")), "adds_up"),
    "funds": (put("adjudication.0.amount.value", Decimal("39.99")), "adds_up"),
    "no sum of the funds": (
        put("total.2", {"category": {"text": "x"}, "amount": {}}),
        "system",
    ),
    "told twice": (
        put("adjudication.2.category.coding.0.code", "account_pay"),
        "unique",
    ),
    "not complete": (put("outcome", "partial"), "status"),
    "draft": (put("status", "draft"), "status"),
    "a proposal": (put("use", "predetermination"), "status"),
    "no zone": (put("created", "2022-03-05"), "instant"),
    "time before all": (put("created", "0001-01-01T00:00:00+14:00"), "instant"),
    "unknown patient": (put("patient", {"reference": "Patient/none"}), "known_reference"),
    "unknown provider": (put("provider", {"display": "x"}), "known_reference"),
    "no claim": (put("claim", None), "needed"),
    "a refund above zero": (
        put("meta", {"tag": [{"system": systems.FLOW, "code": "refund"}]}),
        "refund",
    ),
}


@pytest.mark.parametrize("name", BOOKED)
def test_a_wrong_booking_says_where_and_why(tmp_path: Path, name: str) -> None:
    change, rule = BOOKED[name]
    made = imported(tmp_path, changed(one("ExplanationOfBenefit", change)))
    assert rule in [rule for _, rule in rules(made)]
    assert all(path.startswith("entry[4].resource") for path, _ in rules(made))
    assert len(made.bills) == 1  # the claim is right


def test_a_response_that_says_otherwise_is_told(tmp_path: Path) -> None:
    def change(response: dict[str, Any]) -> None:
        response["adjudication"][2]["amount"]["value"] = Decimal("54.00")
        response["adjudication"][1]["amount"]["value"] = Decimal("6.00")

    made = imported(tmp_path, changed(one("ClaimResponse", change)))
    assert rules(made) == [("entry[3].resource", "told_apart")] * 2
    assert "account_pay 5.00" in made.problems[0].say("en")


COVERED: dict[str, tuple[str, Change, str]] = {
    "no class": ("Coverage", put("class", None), "system"),
    "unknown scheme": ("Coverage", put("type.coding.0.code", "rural"), "known_code"),
    "no period": ("Coverage", put("period", None), "needed"),
    "nobody": ("Coverage", put("beneficiary", {"reference": "Patient/9"}), "known_reference"),
    "no name": ("Patient", put("name", None), "needed"),
    "two identity numbers": (
        "Patient",
        lambda patient: patient["identifier"].append(
            {"system": systems.identity("passport"), "value": "E1"}
        ),
        "system",
    ),
    "no day of birth": ("Patient", put("birthDate", "1960"), "day"),
    "a formula as name": ("Patient", put("name.0.text", "=1+1"), "formula"),
}


@pytest.mark.parametrize("name", COVERED)
def test_a_wrong_coverage_says_where_and_why(tmp_path: Path, name: str) -> None:
    kind, change, rule = COVERED[name]
    made = imported(tmp_path, changed(one(kind, change)))
    assert rule in [rule for _, rule in rules(made)]
    assert made.persons == []
    assert len(made.bills) == 1


def test_one_wrong_resource_does_not_spoil_others(tmp_path: Path) -> None:
    ours = [booked(row()), booked(row(settlement_id=20, claim_no="A3"))]
    made = imported(tmp_path, changed(one("Claim", put("provider", None)), *ours))
    assert [bill["claim_no"] for bill in made.bills] == ["A3"]
    assert len(made.bookings["H1"]) == 2


def test_two_resources_under_one_reference_are_told(tmp_path: Path) -> None:
    made = imported(tmp_path, foreign(), foreign(put("total.value", Decimal("1.00"))), HOSPITAL)
    assert rules(made) == [("Claim", "unique")]


# --- anything at all ------------------------------------------------------------------------------

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from(["Claim", "2022-03-01", "urn:yibao:person", "active"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["coding", "system", "value", "id", "x"]), inner)
    ),
    max_leaves=4,
)


def places(value: Any, *steps: Any) -> list[tuple[Any, ...]]:
    found = [steps] if steps else []
    if isinstance(value, dict | list):
        for step, one in value.items() if isinstance(value, dict) else enumerate(value):
            found += places(one, *steps, step)
    return found


WHOLE = {
    "resourceType": "Bundle",
    "type": "collection",
    "entry": [
        *changed(lambda _: None, booked(row(), [LINE]), booked(reversal(row())))["entry"],
        {"resource": foreign()},
        {"resource": HOSPITAL},
    ],
}
PLACES = places(WHOLE)


@settings(max_examples=300)
@given(st.sampled_from(PLACES), JSON)
def test_whatever_is_sent_is_told_and_never_a_crash(place: tuple[Any, ...], value: Any) -> None:
    made = copy.deepcopy(WHOLE)
    at: Any = made
    for step in place[:-1]:
        at = at[step]
    at[place[-1]] = value
    with TemporaryDirectory() as folder:
        found = imported(Path(folder), made)
    for problem in found.problems:
        assert problem.say("zh")
        assert problem.path or problem.rule == "fhir"


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("Patient", put("identifier.1.value", "-1101011960")),
        ("Patient", put("name.0.text", "=张三丰\u200b")),
        ("Patient", put("name.0.family", {"x": "张三丰"})),
        ("Patient", put("birthDate", "张三丰")),
    ],
)
def test_what_is_wrong_with_a_person_does_not_tell_who_it_is(
    tmp_path: Path, kind: str, change: Change
) -> None:
    made = imported(tmp_path, changed(one(kind, change)))
    assert made.problems
    for problem in made.problems:
        for hidden in ("三丰", "110101"):
            assert hidden not in problem.say("zh") + problem.value
