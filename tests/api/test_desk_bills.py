"""Corrections, paper invoices, prescriptions, stays in parts and care elsewhere, over HTTP."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from agency_town import DISEASE, DOCTOR
from line_town import COSTLY, DRUG, bill, line, post, refusal, town
from services import Client

from yibao.agency.dispensing.deliveries import Order, dispatch, order
from yibao.agency.dispensing.prescriptions import ZONE, Item, Prescription, audit, issue
from yibao.agency.enrolment import facts
from yibao.agency.filing.referrals import Referral, refer
from yibao.agency.filing.remote import Remote, file
from yibao.store.database import Database

DAY = date(2022, 3, 1)


@pytest.fixture
def client(url: str) -> Iterator[Client]:
    with town(url, "P1", "P2") as client:
        yield client


def settled(client: Client, body: Any, target: str = "settlements") -> Any:
    reply = post(client, target, body, f"k-{body['claim_no']}")
    assert reply.status == 201, reply.body
    return reply.json


def balance(client: Client, head: str, party: str, fund: str = "resident.pool_pay") -> str:
    assert client("GET", "/ledger/trial-balance").json["difference"] == "0.00"
    reply = client("GET", f"/ledger/accounts/{head}?fund={fund}&party={party}")
    return "0.00" if reply.status == 404 else str(reply.json["balance"]).removeprefix("-")


# --- corrections ----------------------------------------------------------------------------------


def test_a_part_is_refunded_by_the_bill_without_its_lines(client: Client) -> None:
    kept, returned = line(price="9000.00"), line(COSTLY, "20.00", "50")
    first = settled(client, bill("A1", kept, returned))
    alone = settled(client, bill("B1", kept, person_id="P2"))
    target = f"settlements/{first['settlement_id']}/correction"
    made = post(client, target, bill("A1-1", kept), "c1")
    assert made.status == 201
    assert made.json["taken_back"]["reverses"] == first["settlement_id"]
    assert made.json["settled"]["funds"] == alone["funds"]
    assert [one["code"] for one in made.json["settled"]["lines"]] == [DRUG]
    assert post(client, target, bill("A1-1", kept), "c1").body == made.body
    stands = client("GET", f"/desk/settlements/{first['settlement_id']}").json
    assert stands["reversed_by"] == made.json["taken_back"]["settlement_id"]
    again = post(client, target, bill("A1-2", kept), "c2")
    assert refusal(again) == (409, "reversed", "settlement_id")
    both = 2 * Fraction(alone["fund_pay"])
    assert Fraction(balance(client, "institution_payable", "H2")) == both


def test_a_bill_of_the_wrong_person_is_settled_for_the_right_one(client: Client) -> None:
    first = settled(client, bill("A1", line(price="5000.00")))
    target = f"settlements/{first['settlement_id']}/correction"
    made = post(client, target, bill("A1-1", line(price="5000.00"), person_id="P2"), "c1").json
    assert made["settled"]["funds"] == first["funds"]
    after = settled(client, bill("A2", line(price="5000.00")))
    assert after["funds"] == first["funds"]  # the first stay of the year still, for P1


def test_where_the_second_bill_is_refused_the_first_stands(client: Client) -> None:
    first = settled(client, bill("A1", line()))
    target = f"settlements/{first['settlement_id']}/correction"
    owed = balance(client, "institution_payable", "H2")
    for n, (body, rule) in enumerate(
        [
            (bill("A1", line()), "claim_no_used"),
            (bill("A2", line(day="2022-03-02")), "lines"),
            (bill("A2", line(), person_id="P9"), "known_person"),
            (bill("A2", line(), institution_id="H9"), "no_agreement"),
            (bill("A2", line(), referral=9), "known_referral"),
        ]
    ):
        assert refusal(post(client, target, body, f"c{n}"))[1] == rule
    assert client("GET", f"/desk/settlements/{first['settlement_id']}").json["reversed_by"] is None
    assert balance(client, "institution_payable", "H2") == owed
    missing = post(client, "settlements/999/correction", bill("A2", line()))
    assert refusal(missing)[:2] == (404, "known_settlement")


def test_a_correction_is_of_what_was_read(client: Client) -> None:
    first = settled(client, bill("A1", line()))["settlement_id"]
    tag = client("GET", f"/desk/settlements/{first}").headers["etag"]
    target = f"settlements/{first}/correction"
    other = post(client, target, bill("A2", line()), If_Match='"x"')
    assert refusal(other) == (412, "unchanged", "If-Match")
    made = post(client, target, bill("A2", line()), If_Match=tag)
    assert made.status == 201
    assert post(client, target, bill("A2", line()), If_Match=tag).body == made.body


# --- paper invoices -------------------------------------------------------------------------------


def paid(claim_no: str, *numbers: str, amount: str = "800.00", **changes: Any) -> dict[str, Any]:
    """Return a bill with so many invoices of one amount, for a line of their sum."""
    invoices = [{"code": "12002", "number": n, "amount": amount} for n in numbers]
    price = str(int(Fraction(amount) * len(numbers)))
    return bill(claim_no, line(price=price), invoices=invoices, **changes)


def test_an_invoice_is_reimbursed_once_until_it_is_taken_back(client: Client) -> None:
    first = settled(client, paid("A1", "001", "002"), "reimbursements")
    assert balance(client, "person_payable", "P1") == first["funds"]["pool_pay"]
    assert balance(client, "institution_payable", "H2") == "0.00"
    stands = client("GET", f"/desk/settlements/{first['settlement_id']}").json
    assert stands["payee"] == "person"
    again = post(client, "reimbursements", paid("A2", "002", person_id="P2"), "k2")
    assert refusal(again) == (409, "invoice_used", "invoices")
    taken = post(client, f"settlements/{first['settlement_id']}/reversal", key="r1")
    assert taken.status == 201
    assert balance(client, "person_payable", "P1") == "0.00"
    settled(client, paid("A2", "002"), "reimbursements")


def test_invoices_add_up_to_the_bill_and_stand_once(client: Client) -> None:
    cases = [
        (paid("A1", "001") | {"lines": [line(price="799.99")]}, "invoiced", "invoices"),
        (paid("A1", "001", "001"), "request", "invoices"),
        (paid("A1", "001", amount="0.00"), "request", "invoices.0.amount"),
        (paid("A1") | {"lines": [line()]}, "request", "invoices"),
        (paid("A1", "001", from_account="1.00"), "request", "from_account"),
        (paid("A1", *(str(n) for n in range(501))), "request", "invoices"),
        (paid("A1", "=1"), "request", "invoices.0.number"),
    ]
    for body, *expected in cases:
        assert refusal(post(client, "reimbursements", body)) == (422, *expected)


def test_a_paper_bill_of_an_institution_nobody_knows(client: Client) -> None:
    body = paid("A1", "001", institution_id="H-far", facts={"level": "2"})
    assert Fraction(settled(client, body, "reimbursements")["fund_pay"]) > 0
    direct = bill("A2", line(price="800.00"), institution_id="H-far")
    assert refusal(post(client, "settlements", direct))[1] == "no_agreement"


def test_a_reimbursement_is_corrected_as_one(client: Client) -> None:
    first = settled(client, paid("A1", "001", "002"), "reimbursements")["settlement_id"]
    as_bill = post(client, f"settlements/{first}/correction", bill("A2", line()))
    assert refusal(as_bill) == (422, "payee", "settlement_id")
    made = post(client, f"reimbursements/{first}/correction", paid("A2", "002"))
    assert made.status == 201
    assert balance(client, "person_payable", "P1") == (
        made.json["settled"]["funds"].get("pool_pay", "0.00")
    )
    settled(client, paid("A3", "001"), "reimbursements")


# --- prescriptions --------------------------------------------------------------------------------

ISSUED = datetime(2022, 3, 1, 9, 0, tzinfo=ZONE)
BASE = Prescription("H2", "R1", "P1", DOCTOR, ISSUED, (Item("drug", DRUG, Fraction(3)),), days=7)


def prescribed(database: Database, prescription: Prescription = BASE, *, ok: bool = True) -> int:
    with database.transaction() as connection:
        number = issue(connection, prescription, actor="test")
        audit(connection, number, "Y1", approved=ok, actor="test")
    return number


def filling(
    claim_no: str, number: int, at: datetime = ISSUED, *lines: Any, **changes: Any
) -> dict[str, Any]:
    day = str(at.date())
    boxes = lines or (line("", "100.00", "3", local_code="own-1", day=day),)
    given = {"institution_id": "P1", "visit": "pharmacy", "day": day}
    handed = {"number": number, "at": at.isoformat()}
    return bill(claim_no, *boxes, **{**given, "prescription": handed, **changes})


def test_a_prescription_is_filled_once_and_nowhere_again(
    client: Client, database: Database
) -> None:
    number = prescribed(database)
    before = client("POST", "/desk/pre-settlements", filling("A1", number))
    body = filling("A1", number)
    first = settled(client, body)
    assert before.json == {k: v for k, v in first.items() if k in before.json}
    assert first["lines"][0]["code"] == DRUG  # the pharmacy's own code is that of the prescription
    assert post(client, "settlements", body, "k-A1").json == first
    for at in ("P1", "P2"):
        one_box = line(day="2022-03-01")
        again = filling("A2", number, ISSUED, one_box, institution_id=at)
        for target in ("settlements", "pre-settlements"):
            assert refusal(post(client, target, again)) == (409, "dispensed", "prescription")
    post(client, f"settlements/{first['settlement_id']}/reversal", key="r1")
    other = line(quantity="3", day="2022-03-01")
    settled(client, filling("A3", number, ISSUED, other, institution_id="P2"))


def test_what_may_not_be_filled_or_not_with_this_bill(client: Client, database: Database) -> None:
    number = prescribed(database)
    refused = prescribed(database, replace(BASE, number="R2"), ok=False)
    late = ISSUED + timedelta(hours=72, seconds=1)
    to_come = datetime.now(ZONE) + timedelta(days=1)
    cases = [
        (filling("A1", 999), "known_prescription"),
        (filling("A1", refused), "approved"),
        (filling("A1", number, late), "expired"),
        (filling("A1", number, ISSUED, line(quantity="4")), "prescribed"),
        (filling("A1", number, ISSUED, line(COSTLY)), "prescribed"),
        (filling("A1", number, person_id="P2"), "of_person"),
        (filling("A1", number) | {"admitted_on": "2022-02-28"}, "on_day"),
        (filling("A1", number, to_come), "handed_out"),
        (filling("A1", number, practitioner_id=DOCTOR), "request"),
        (filling("A1", number) | {"prescription": {"number": number}}, "request"),
    ]
    for body, rule in cases:
        assert refusal(post(client, "settlements", body))[:2] == (422, rule), rule
    amounts = filling("A1", number) | {"amounts": {"total": "1.00", "in_scope": "1.00"}}
    del amounts["lines"]
    assert refusal(post(client, "settlements", amounts))[1] == "prescribed"
    settled(client, filling("A1", number, ISSUED + timedelta(hours=72)))


def test_a_filling_is_corrected_with_its_prescription(client: Client, database: Database) -> None:
    number = prescribed(database)
    first = settled(client, filling("A1", number))["settlement_id"]
    less = filling("A2", number, ISSUED, line(quantity="1"))
    made = post(client, f"settlements/{first}/correction", less)
    assert (made.status, made.json["settled"]["total"]) == (201, "100.00")
    again = post(client, "settlements", filling("A3", number), "k3")
    assert refusal(again)[:2] == (409, "dispensed")


def test_an_order_is_settled_when_somebody_signs_for_it(client: Client, database: Database) -> None:
    with database.transaction() as connection:
        name, first = "registered_diseases", date(2022, 1, 1)
        facts.hold(connection, "P1", name, DISEASE, first, source="H3", actor="test")
    number = prescribed(database, replace(BASE, disease=DISEASE))
    wanted = Order(number, "P1", "phone", ISSUED, "two years", "bedridden", "home")
    with database.transaction() as connection:
        delivery = order(connection, wanted, actor="test")
    at = ISSUED + timedelta(days=4)
    handed = {"number": delivery, "at": at.isoformat(), "signed_by": "王芳"}
    body = filling("A1", number, at, prescription=None, delivery=handed)
    assert refusal(post(client, "settlements", body))[1] == "dispatched"
    with database.transaction() as connection:
        dispatch(connection, delivery, at - timedelta(hours=1), "carrier", actor="test")
    over_counter = filling("A2", number, ISSUED + timedelta(hours=1))
    assert refusal(post(client, "settlements", over_counter))[:2] == (409, "dispensed")
    assert refusal(post(client, "pre-settlements", body))[1] == "not_received"
    settled(client, body)
    again = post(client, "settlements", body | {"claim_no": "A2"}, "k2")
    assert refusal(again)[:2] == (409, "received")


# --- stays in parts, emergencies, referrals -------------------------------------------------------


def stay(claim_no: str, first: str, last: str, price: str, **changes: Any) -> dict[str, Any]:
    lines = (line(price=price, day=first), line(COSTLY, "10.00", "10", day=last))
    return bill(claim_no, *lines, **{"admitted_on": first, "discharged_on": last, **changes})


def test_the_parts_of_a_stay_pay_what_the_whole_would(client: Client) -> None:
    parts = [
        settled(client, stay("A1", "2022-03-01", "2022-03-10", "8000.00", episode="S1")),
        settled(client, stay("A2", "2022-03-11", "2022-03-20", "4000.00", episode="S1")),
    ]
    whole = stay("B1", "2022-03-01", "2022-03-20", "12000.00", person_id="P2")
    whole["lines"].append(line(COSTLY, "10.00", "10", day="2022-03-10"))
    told = settled(client, whole)
    assert sum(Fraction(p["fund_pay"]) for p in parts) == Fraction(told["fund_pay"])
    taken = post(client, f"settlements/{parts[1]['settlement_id']}/reversal", key="r1")
    assert taken.status == 201
    again = stay("A3", "2022-03-11", "2022-03-20", "4000.00", episode="S1")
    assert settled(client, again)["funds"] == parts[1]["funds"]


def test_an_emergency_becomes_a_stay(client: Client) -> None:
    rescue = stay("A1", "2022-03-01", "2022-03-01", "3000.00", episode="E1")
    rescue |= {"visit": "emergency_observation", "facts": {"outcome": "admitted"}}
    both = [rescue, stay("A2", "2022-03-01", "2022-03-20", "18000.00", episode="E1")]
    found = [settled(client, one) for one in both]
    # 3,000 + 90 and 18,000 + 90 in scope; one deductible of 500 for both, then 80 %.
    assert [one["in_scope"] for one in found] == ["3090.00", "18090.00"]
    assert [one["funds"]["pool_pay"] for one in found] == ["2072.00", "14472.00"]


def test_a_patient_is_sent_on_and_both_bills_name_the_referral(
    client: Client, database: Database
) -> None:
    with database.transaction() as connection:
        up = Referral("P1", "H1", "H3", date(2022, 3, 5), date(2022, 3, 12), "needs surgery")
        number = refer(connection, up, actor="test").referral_id
    first = stay("A1", "2022-03-01", "2022-03-09", "5000.00", institution_id="H1")
    then = stay("A2", "2022-03-10", "2022-03-20", "10000.00", institution_id="H3")
    for body in (first, then):
        told = settled(client, body | {"referral": number})
        stands = client("GET", f"/desk/settlements/{told['settlement_id']}").json
        assert stands["episode"] == f"R{number}"
    other = post(
        client,
        "settlements",
        stay("A3", "2022-03-13", "2022-03-20", "1.00")
        | {"referral": number, "institution_id": "H3"},
    )
    assert refusal(other) == (422, "admitted", "referral")


# --- between regions ------------------------------------------------------------------------------


def test_care_elsewhere_is_priced_by_the_catalogue_of_its_place(
    client: Client, database: Database
) -> None:
    with database.transaction() as connection:
        file(connection, Remote("P1", "long_term_resident", "13", DAY), DAY, actor="test")
    at = {"institution_id": "E2", "visit": "outpatient"}
    lines = (line(price="1000.00", quantity="10"), line(COSTLY, "5.00"))
    told = settled(client, bill("A1", *lines, **at))
    assert [one["first_self_pay"] for one in told["lines"]] == ["3000.00", "0.00"]
    assert [one["reason"] for one in told["lines"]] == ["", "not_in_catalogue"]
    assert balance(client, "region_payable", "130100") == told["funds"]["pool_pay"]
    papers = {"invoices": [{"code": "1", "number": "1", "amount": "10005.00"}]}
    ours = settled(client, bill("A2", *lines, **at, **papers), "reimbursements")
    assert [one["first_self_pay"] for one in ours["lines"]] == ["0.00", "0.50"]


def test_where_the_catalogue_of_a_place_is_not_there_nothing_is_guessed(
    client: Client, database: Database
) -> None:
    with database.transaction() as connection:
        file(connection, Remote("P1", "long_term_resident", "13", DAY), DAY, actor="test")
        connection.execute("UPDATE registry.regional_item SET valid = '[2022-03-02,)'")
    reply = post(client, "settlements", bill("A1", line(), institution_id="E2"))
    assert refusal(reply) == (422, "lines", "lines.0.served_on")
    assert reply.json["errors"][0]["rule"] == "known_catalogue"


def guest(reference: str, claim_no: str, **changes: Any) -> dict[str, Any]:
    given = {
        "region": "130100",
        "reference": reference,
        "institution_id": "H2",
        "claim_no": claim_no,
        "on_day": "2022-03-05",
        "funds": {"resident.pool_pay": "20.00", "resident.large_expense_pay": "0.00"},
    }
    return {**given, **changes}


def test_a_guest_is_paid_for_here_and_claimed_from_their_region(client: Client) -> None:
    first = post(client, "guests", guest("S-1", "G1"))
    assert (first.status, first.json["new"]) == (201, True)
    assert post(client, "guests", guest("S-1", "G1")).body == first.body
    assert post(client, "guests", guest("S-1", "G1"), "k2").json["new"] is False
    assert balance(client, "institution_payable", "H2") == "20.00"
    assert balance(client, "region_receivable", "130100") == "20.00"
    told = client("GET", "/desk/guests/130100/S-1")
    assert (told.json["total"], told.json["taken_back_on"]) == ("20.00", None)
    target = "guests/130100/S-1/reversal"
    seen = post(client, target, key="r0", If_Match='"x"')
    assert refusal(seen) == (412, "unchanged", "If-Match")
    back = post(client, target, key="r1", If_Match=told.headers["etag"])
    assert back.status == 201
    assert back.json["taken_back_on"] is not None
    assert post(client, target, key="r1").body == back.body
    assert refusal(post(client, target, key="r2")) == (409, "reversed", "reference")
    assert balance(client, "region_receivable", "130100") == "0.00"
    missing = post(client, "guests/130100/S-9/reversal", key="r3")
    assert refusal(missing) == (404, "known_guest", "reference")


def test_guests_that_cannot_be(client: Client) -> None:
    post(client, "guests", guest("S-1", "G1"))
    cases = [
        (guest("S-1", "G1", funds={"resident.pool_pay": "30.00"}), 409, "reference_used"),
        (guest("S-2", "G1"), 409, "reference_used"),
        (guest("S-2", "G2", institution_id="H9"), 422, "our_institution"),
        (guest("S-2", "G2", region="120100"), 422, "other_region"),
        (guest("S-2", "G2", on_day="2999-01-01"), 422, "days"),
        (guest("S-2", "G2", on_day="1999-01-01"), 422, "our_institution"),
        (guest("S-2", "G2", funds={}), 422, "funds"),
        (guest("S-2", "G2", funds={"resident.pool_pay": "0.00"}), 422, "funds"),
        (guest("S-2", "G2", funds={"tips": "1.00"}), 422, "request"),
        (guest("S-2", "G2", funds={"hospital_relief_pay": "1.00"}), 422, "request"),
        (guest("S-2", "G2", region="13"), 422, "request"),
        (guest("=2", "G2"), 422, "request"),
    ]
    for n, (body, status, rule) in enumerate(cases):
        assert refusal(post(client, "guests", body, f"c{n}"))[:2] == (status, rule), body


def test_guests_are_listed_page_by_page(client: Client) -> None:
    for n in range(5):
        assert post(client, "guests", guest(f"S-{n}", f"G{n}"), f"k{n}").status == 201
    post(client, "guests", guest("S-0", "G9", region="310000", institution_id="H3"), "k9")
    found, cursor = [], ""
    while cursor is not None:
        tail = f"&cursor={cursor}" if cursor else ""
        page = client("GET", f"/desk/guests?region=130100&limit=2{tail}").json
        found += [one["reference"] for one in page["guests"]]
        cursor = page["next"]
    assert found == [f"S-{n}" for n in range(5)]
    at = client("GET", "/desk/guests?institution_id=H3&first=2022-03-05&last=2022-03-05").json
    assert [one["region"] for one in at["guests"]] == ["310000"]
    assert client("GET", "/desk/guests?last=2022-03-04").json["guests"] == []
