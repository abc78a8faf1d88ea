"""Clearing, the ledger and reconciliation over HTTP, on settlements of days of the past."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import count
from typing import Any

import pytest
from booked import book, take_back
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from services import Client, Contract, Reply, app_of, running
from shaken import JSON

from yibao.agency.clearing.model import Act
from yibao.agency.clearing.pay import pay
from yibao.store.database import Database
from yibao.store.sight import EVERYTHING

POOL = "resident.pool_pay"
MARCH = date(2026, 3, 1)
_keys = count()


@pytest.fixture
def town(url: str) -> FastAPI:
    with Database(url, sight=EVERYTHING) as database, database.transaction() as c:
        one = book(
            c, "H1", "A1", date(2026, 3, 2), {"pool_pay": 800_00}, account=30_00, cash=170_00
        )
        book(c, "H1", "A2", date(2026, 3, 3), {"pool_pay": 200_00}, visit="outpatient")
        two = book(c, "H1", "A3", date(2026, 3, 4), {"pool_pay": 50_00})
        take_back(c, two, date(2026, 3, 5))
        assert one < two
    return app_of(url)


@pytest.fixture
def port(town: FastAPI) -> Iterator[int]:
    with running(town) as port:
        yield port


@pytest.fixture
def client(port: int, contract: Contract) -> Iterator[Client]:
    client = Client(port, contract)
    yield client
    client.close()


def post(client: Client, target: str, body: Any, by: str = "clerk", **headers: str) -> Reply:
    sent = {"X_Actor": by, "Idempotency_Key": f"k{next(_keys)}", **headers}
    return client("POST", target, body, **sent)


def rule(reply: Reply) -> tuple[int, str]:
    return reply.status, reply.json["rule"]


APPLY = {"institution_id": "H1", "month": "2026-03", "day": "2026-04-05"}
DEPOSIT = {"rate": "5%", "cite": "agreement, 12"}
DEDUCTION = {
    "fund": POOL,
    "visit": "inpatient",
    "amount": "100.00",
    "reason": "charged twice",
    "claim_no": "A1",
}
MADE = "/clearing/applications"


def applied(client: Client) -> str:
    return f"{MADE}/{post(client, MADE, APPLY).json['application_id']}"


def audited(client: Client, *deductions: Any) -> str:
    at = applied(client)
    body = {"deductions": list(deductions), "deposit": DEPOSIT, "day": "2026-04-06"}
    assert post(client, f"{at}/audit", body, "auditor").status == 201
    return at


def test_a_month_is_applied_for_audited_and_paid(client: Client) -> None:
    made = post(client, MADE, APPLY)
    assert (made.status, made.json["state"], made.json["due"]) == (201, "applied", "1030.00")
    at = f"{MADE}/{made.json['application_id']}"
    assert rule(post(client, MADE, APPLY)) == (409, "applied_for")
    assert rule(post(client, f"{at}/payment", {}, "payer")) == (409, "audited_first")
    read = client("GET", at)
    assert read.body == made.body
    tag = read.headers["etag"]
    assert client("GET", at, If_None_Match=tag).status == 304
    body = {"deductions": [DEDUCTION], "deposit": DEPOSIT, "day": "2026-04-06"}
    told = post(client, f"{at}/audit", body, "auditor", If_Match=tag)
    assert (told.json["deducted"], told.json["withheld"]) == ("100.00", "45.00")
    assert told.json["deductions"][0]["settlement_id"] is not None
    assert rule(post(client, f"{at}/audit", body, "auditor")) == (409, "audited_once")
    assert rule(post(client, f"{at}/payment", {}, "payer", If_Match=tag)) == (412, "unchanged")
    assert rule(post(client, f"{at}/payment", {}, "auditor")) == (422, "two_persons")
    seen = client("GET", at).headers["etag"]
    paid = post(client, f"{at}/payment", {"day": "2026-04-20"}, "payer", If_Match=seen)
    assert (paid.status, paid.json["paid"][POOL]["bank"]) == (201, "855.00")
    assert rule(post(client, f"{at}/payment", {}, "payer")) == (409, "paid_once")
    listed = client("GET", f"{MADE}?institution_id=H1&month=2026-03&state=paid")
    assert [one["application_id"] for one in listed.json["applications"]] == [
        paid.json["application_id"]
    ]
    assert client("GET", f"{MADE}?state=applied").json == {"applications": [], "next": None}
    stands = client("GET", "/clearing/institutions/H1").json["heads"]
    assert stands == {"deposit_withheld": {POOL: "-45.00"}}
    told = client("GET", "/ledger/verification").json
    assert not told["agrees"]  # the bill used an account of nobody: nothing else is wrong
    assert {finding["check"] for finding in told["findings"]} == {"personal_account"}


def test_lists_go_on_where_the_page_before_ended(client: Client, url: str) -> None:
    with Database(url, sight=EVERYTHING) as database, database.transaction() as c:
        for n in range(5):
            book(c, f"H2-{n}", "A1", date(2026, 3, 2), {"pool_pay": 1_00})
    numbers = [
        post(client, MADE, APPLY | {"institution_id": f"H2-{n}"}).json["application_id"]
        for n in range(5)
    ]
    found, cursor = [], ""
    while True:
        page = client("GET", f"{MADE}?limit=2{cursor}").json
        found += [one["application_id"] for one in page["applications"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert found == numbers


def test_two_who_pay_at_once_pay_once(client: Client, port: int, contract: Contract) -> None:
    at = audited(client)

    def one(n: int) -> Reply:
        own = Client(port, contract)
        reply = own("POST", f"{at}/payment", {}, X_Actor=f"payer{n}", Idempotency_Key=f"pay{n}")
        own.close()
        return reply

    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(one, range(8)))
    assert sorted(r.status for r in replies) == [201, *[409] * 7]
    bank = client("GET", f"/ledger/accounts/bank?fund={POOL}").json
    assert bank["credits"] == "950.00"


def test_one_key_of_one_payment_eight_times_is_one_payment_and_eight_same_replies(
    client: Client, port: int
) -> None:
    at = audited(client)

    def one(_: int) -> Reply:
        own = Client(port)
        reply = own("POST", f"{at}/payment", {}, X_Actor="payer", Idempotency_Key="same")
        own.close()
        return reply

    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(one, range(8)))
    assert {(r.status, r.body) for r in replies} == {(201, replies[0].body)}


def test_an_appeal_is_made_and_decided_once(client: Client) -> None:
    at = audited(client, DEDUCTION)
    number = client("GET", at).json["deductions"][0]["deduction_id"]
    one = f"/clearing/deductions/{number}"
    decision = {"upheld": False, "reason": "found in the record"}
    assert rule(post(client, f"{one}/decision", decision)) == (404, "known_appeal")
    assert post(client, f"{one}/appeal", {"reason": "both are there"}).status == 201
    assert rule(post(client, f"{one}/appeal", {"reason": "x"})) == (409, "appealed_once")
    decided = post(client, f"{one}/decision", decision)
    assert (decided.json["upheld"], decided.json["appeal"]) == (False, "both are there")
    assert rule(post(client, f"{one}/decision", decision)) == (409, "decided_once")
    assert client("GET", one).body == decided.body
    assert rule(client("GET", "/clearing/deductions/99")) == (404, "known_deduction")
    assert rule(post(client, "/clearing/deductions/99/appeal", {"reason": "x"}))[0] == 404


def test_a_year_with_an_institution(client: Client, url: str) -> None:
    with Database(url, sight=EVERYTHING) as database, database.transaction() as c:
        book(c, "H9", "A1", date(2025, 3, 2), {"pool_pay": 1200_00})
    asked = {"institution_id": "H9", "year": 2026, "day": "2026-01-05"}
    given = asked | {"months": 1, "cite": "agreement, 3"}
    assert rule(post(client, "/clearing/advances", asked | {"months": 1}))[0] == 422
    made = post(client, "/clearing/advances", given)
    assert made.json == {"funds": {POOL: "100.00"}}
    assert rule(post(client, "/clearing/advances", given)) == (409, "settled_before")
    stands = client("GET", "/clearing/institutions/H9").json["heads"]
    assert stands["working_capital"] == {POOL: "100.00"}
    assert rule(post(client, "/clearing/repayments", asked)) == (422, "year_over")
    late = {"institution_id": "H1", "year": 2026, "day": "2027-01-05"}
    at = audited(client)
    assert rule(post(client, "/clearing/deposit-releases", late | {"rate": "90%", "reason": "x"}))[
        1
    ] == ("months_paid")
    post(client, f"{at}/payment", {}, "payer")
    done = post(client, "/clearing/deposit-releases", late | {"rate": "90%", "reason": "x"})
    assert done.json == {"funds": {POOL: {"returned": "45.00", "kept": "5.00"}}}


@pytest.mark.parametrize(
    ("region", "expected"),
    [("120100", "other_region"), ("120000", "other_region"), ("999999", "division")],
)
def test_our_own_region_and_none_is_not_another_one(
    client: Client, region: str, expected: str
) -> None:
    ahead = {"fund": POOL, "amount": "100.00"}
    month = {"month": "2026-03", "funds": {POOL: "120.00"}}
    for target, body in (("advances", ahead), ("months", month)):
        found = post(client, f"/clearing/regions/{region}/{target}", body)
        assert rule(found) == (422, expected)


def test_a_month_to_come_is_applied_for_only_early(client: Client) -> None:
    ahead = APPLY | {"month": "2099-01", "day": "2099-02-01"}
    assert rule(post(client, "/clearing/applications", ahead))[1] == "month_over"
    early = post(client, "/clearing/applications", ahead | {"early": True})
    assert rule(early) == (422, "books_day")


@pytest.mark.parametrize("day", ["1900-01-01", "2999-01-01"])
def test_a_day_that_is_none_of_the_books_is_refused(client: Client, day: str) -> None:
    ahead = {"fund": POOL, "amount": "100.00", "day": day}
    found = post(client, "/clearing/regions/130000/advances", ahead)
    assert rule(found) == (422, "books_day")


def test_reserves_and_other_regions(client: Client) -> None:
    aside = {"year": 2025, "rate": "2%", "cite": "measures, 3", "day": "2026-01-05"}
    assert rule(post(client, f"/clearing/reserves/{POOL}/set-asides", aside)) == (422, "income")
    draw = {"amount": "1.00", "reason": "deficit"}
    assert rule(post(client, f"/clearing/reserves/{POOL}/draws", draw)) == (422, "within_reserve")
    assert client("GET", f"/clearing/reserves/{POOL}").json == {"funds": {POOL: "0.00"}}
    region = "/clearing/regions/130000"
    ahead = {"fund": POOL, "amount": "100.00"}
    assert post(client, f"{region}/advances", ahead).json == {"funds": {POOL: "100.00"}}
    month = {"month": "2026-03", "funds": {POOL: "120.00"}}
    cleared = post(client, f"{region}/months", month)
    assert cleared.json["funds"][POOL] == {
        "due": "120.00",
        "from_reserve": "0.00",
        "from_surplus": "120.00",
        "offset": "100.00",
        "bank": "20.00",
    }
    assert rule(post(client, f"{region}/months", month)) == (409, "cleared_once")
    assert rule(post(client, f"{region}/returns", {})) == (422, "paid_ahead")
    assert client("GET", region).json["heads"] == {}


# --- the ledger -----------------------------------------------------------------------------------


def test_a_statement_by_pages_is_the_statement(client: Client) -> None:
    target = f"/ledger/accounts/institution_payable/postings?fund={POOL}&party=H1"
    whole = client("GET", target).json
    assert [p["amount"] for p in whole["postings"]] == ["-800.00", "-200.00", "-50.00", "50.00"]
    assert (whole["opening"], whole["closing"], whole["next"]) == ("0.00", "-1000.00", None)
    postings, cursor, stands = [], "", "0.00"
    while True:
        page = client("GET", f"{target}&limit=1{cursor}").json
        assert page["opening"] == stands
        postings += page["postings"]
        stands = page["closing"]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert postings == whole["postings"]
    later = client("GET", f"{target}&first=2026-03-03&last=2026-03-04").json
    assert (later["opening"], later["closing"]) == ("-800.00", "-1050.00")
    assert rule(client("GET", "/ledger/accounts/cash_due/postings?party=H1")) == (
        *(404, "known_account"),
    )


def test_entries_accounts_and_banks(client: Client) -> None:
    postings = client("GET", f"/ledger/accounts/institution_payable/postings?fund={POOL}&party=H1")
    number = postings.json["postings"][0]["entry_id"]
    entry = client("GET", f"/ledger/entries/{number}")
    assert entry.json["kind"] == "settlement"
    assert {t["amount"] for t in entry.json["transfers"]} == {"800.00", "30.00", "170.00"}
    assert client(
        "GET", f"/ledger/entries/{number}", If_None_Match=entry.headers["etag"]
    ).status == (304)
    assert rule(client("GET", "/ledger/entries/999999")) == (404, "known_entry")
    listed = client("GET", "/ledger/accounts?party=H1&limit=2").json
    more = client("GET", f"/ledger/accounts?party=H1&cursor={listed['next']}").json
    heads = [(a["head"], a["fund"]) for a in listed["accounts"] + more["accounts"]]
    assert heads == [
        ("cash_collected", ""),
        ("institution_payable", "personal_account"),
        ("institution_payable", POOL),
    ]
    early = client("GET", "/ledger/accounts?party=H1&head=institution_payable&last=2026-03-02").json
    assert [a["balance"] for a in early["accounts"]] == ["-30.00", "-800.00"]
    bank = client("GET", f"/ledger/banks/{POOL}?says=5.00").json
    assert bank == {"fund": POOL, "bank": "5.00", "ledger": "0.00", "difference": "-5.00"}


@pytest.mark.parametrize(
    "target",
    [
        "/ledger/accounts?cursor=W10",
        "/ledger/accounts?cursor=%00",
        "/ledger/accounts/bank/postings?fund=resident.pool_pay&cursor=WyIxIiwiMiIsIjMiXQ",
        "/ledger/accounts/nothing/postings",
        "/ledger/entries/0",
        "/ledger/entries/9223372036854775807",
        "/ledger/banks/resident.pool_pay",
        "/ledger/banks/resident.pool_pay?says=-1.00",
        "/ledger/banks/x?says=1.00",
        "/clearing/applications/x",
        "/clearing/applications?month=2026-13",
        "/clearing/applications?month=2026",
        "/clearing/applications?state=lost",
        "/clearing/applications?institution_id=%00",
        "/clearing/regions/13",
        "/clearing/reserves/none",
        "/reconciliations/0",
        "/reconciliations?cursor=x",
    ],
)
def test_addresses_that_are_wrong(client: Client, target: str) -> None:
    assert client("GET", target).status in {404, 422}


# --- reconciliation -------------------------------------------------------------------------------


def row(number: str, day: str, fund: str, **changes: Any) -> dict[str, Any]:
    money = {"total": fund, "fund_pay": fund, "account_pay": "0.00", "cash_pay": "0.00"}
    return {
        "claim_no": number,
        "person_id": "P1",
        "settled_at": f"{day}T09:30:00+08:00",
        **money,
        **changes,
    }


A1 = {"total": "1000.00", "account_pay": "30.00", "cash_pay": "170.00"}
ROWS = [
    row("A1", "2026-03-02", "800.00", **A1),
    row("A2", "2026-03-03", "200.00"),
    row("A3", "2026-03-04", "50.00"),
    row("A3", "2026-03-05", "50.00", kind="refund"),
]
DAYS = {"institution_id": "H1", "first": "2026-03-01", "last": "2026-03-07"}


def test_rows_that_agree(client: Client) -> None:
    made = post(client, "/reconciliations", DAYS | {"rows": ROWS})
    assert (made.status, made.json["agrees"]) == (201, True)
    assert [c["sides"] for c in made.json["comparisons"]] == [
        ["desk", "institution"],
        ["desk", "ledger"],
    ]
    at = f"/reconciliations/{made.json['reconciliation_id']}"
    read = client("GET", at)
    assert read.body == made.body
    assert client("GET", at, If_None_Match=read.headers["etag"]).status == 304
    assert rule(client("GET", "/reconciliations/99")) == (404, "known_reconciliation")
    listed = client("GET", "/reconciliations?institution_id=H1").json["reconciliations"]
    assert [one["agrees"] for one in listed] == [True]
    assert client("GET", "/reconciliations?institution_id=H2").json["reconciliations"] == []


@pytest.mark.parametrize(
    ("rows", "kinds"),
    [
        (ROWS[1:], {"missing"}),
        ([*ROWS, row("A9", "2026-03-02", "1.00")], {"missing"}),
        (ROWS[:3], {"reversed_on_one_side"}),
        ([*ROWS, row("A2", "2026-03-03", "200.00", kind="refund")], {"reversed_on_one_side"}),
        ([*ROWS, ROWS[1]], {"duplicate"}),
        ([ROWS[0], row("A2", "2026-03-03", "200.01"), *ROWS[2:]], {"amount"}),
        ([ROWS[0], row("A2", "2026-03-04", "200.00"), *ROWS[2:]], {"wrong_day"}),
        ([ROWS[0], ROWS[1] | {"person_id": "P2"}, *ROWS[2:]], {"wrong_person"}),
        ([ROWS[0], ROWS[1] | {"scheme": "employee"}, *ROWS[2:]], {"wrong_scheme"}),
    ],
)
def test_every_class_of_difference_is_told(
    client: Client, rows: list[Any], kinds: set[str]
) -> None:
    made = post(client, "/reconciliations", DAYS | {"rows": rows})
    assert (made.status, made.json["agrees"]) == (201, False)
    assert {d["class"] for d in made.json["comparisons"][0]["differences"]} == kinds


def test_days_that_are_too_many_or_the_wrong_way_round(client: Client) -> None:
    for last in ("2026-02-28", "2026-04-01"):
        reply = post(client, "/reconciliations", DAYS | {"last": last, "rows": []})
        assert rule(reply) == (422, "request")


# --- whatever is sent -----------------------------------------------------------------------------

TARGETS: dict[str, dict[str, Any]] = {
    MADE: APPLY,
    f"{MADE}/1/audit": {"deductions": [DEDUCTION], "deposit": DEPOSIT, "day": None},
    f"{MADE}/1/payment": {"day": None},
    "/clearing/deductions/1/appeal": {"reason": "x", "day": None},
    "/clearing/deductions/1/decision": {"upheld": True, "reason": "x", "day": None},
    "/clearing/advances": {"institution_id": "H1", "year": 2027, "months": 1, "cite": "x"},
    "/clearing/repayments": {"institution_id": "H1", "year": 2027},
    "/clearing/deposit-releases": {
        "institution_id": "H1",
        "year": 2026,
        "rate": "3%",
        "reason": "x",
    },
    f"/clearing/reserves/{POOL}/set-asides": {"year": 2025, "rate": "2%", "cite": "x"},
    f"/clearing/reserves/{POOL}/draws": {"amount": "1.00", "reason": "x"},
    "/clearing/regions/130000/advances": {"fund": POOL, "amount": "1.00"},
    "/clearing/regions/130000/months": {"month": "2026-03", "funds": {POOL: "1.00"}},
    "/clearing/regions/130000/returns": {"day": None},
    "/reconciliations": DAYS | {"rows": ROWS},
}
VALUES = (
    JSON
    | st.sampled_from(
        [
            "2026-03",
            "9999-99",
            "2026-02-30",
            "1900-01-01",
            "2999-12",
            "2999-12-31",
            "0.00",
            "100%",
            "0%",
        ]
    )
    | st.sampled_from(["\0", "\ud800", "'; --", "1000000000.00", "33.3333%", 2100, 2015, [], {}])
)


@settings(
    max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(data=st.data())
def test_no_body_gives_a_defect(client: Client, data: st.DataObject) -> None:
    target = data.draw(st.sampled_from(sorted(TARGETS)))
    body = TARGETS[target]
    changes = data.draw(
        st.dictionaries(st.sampled_from([*sorted(body), "day"]), VALUES, max_size=2)
    )
    assert post(client, target, body | changes).status in {201, 404, 409, 422}


def test_by_whichever_way_a_month_was_paid_it_is_paid(client: Client, url: str) -> None:
    at = audited(client)
    with Database(url, sight=EVERYTHING) as database, database.transaction() as c:
        pay(c, "H1", MARCH, Act("payer", date(2026, 4, 20)))
    assert client("GET", at).json["state"] == "paid"
