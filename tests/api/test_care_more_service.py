"""Care assessments, family doctors, products and limits over HTTP: done once, read, refused."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from agency_town import DOCTOR, build, count, office
from fastapi import FastAPI
from services import Clerk, Client, Contract, running

from yibao.agency.care.scale import ITEMS
from yibao.api.app import create_app
from yibao.api.guard.asked import trust_actor
from yibao.policy.policy import load_policy
from yibao.store.database import Database

Body = dict[str, Any]

ASSESSMENTS = "/care/persons/P1/assessments"
DOCTORS = "/care/persons/P1/family-doctors"
QUOTES, FINANCINGS, LIMITS = "/products/quotes", "/products/financings", "/limits"
DAYS_OF_SUPPLY = f"{LIMITS}/prescription_days"

WELL = {name: item.most for name, item in ITEMS.items()}
POOR = WELL | dict.fromkeys(("walking", "transfer", "stairs", "bathing", "bowel", "dressing"), 0)
ASSESSMENT: Body = {
    "institution_id": "H3",
    "assessor": "a nurse",
    "on": "2023-05-20",
    "points": POOR,
    "grade": 3,
}
CONTRACT: Body = {
    "institution_id": "H1",
    "practitioner_id": DOCTOR,
    "first": "2022-03-01",
    "fee": "30.00",
}
FINANCING: Body = {
    "product": "long_term_care",
    "scheme": "employee",
    "year": 2023,
    "on": "2023-01-15",
}
VALUE: Body = {"value": 30, "cite": "notice 5", "first": "2024-01-01"}
PERSON = {"scheme": "employee", "category": "in_service"}
QUOTE: Body = {
    "procedure": "accident_grant",
    "on": "2022-03-01",
    "given": PERSON | {"accident_outcome": "disability_3"},
}
WRITES: Mapping[str, tuple[str, Body, str]] = {
    "assessment": (ASSESSMENTS, ASSESSMENT, "care.assessment"),
    "contract": (DOCTORS, CONTRACT, "filing.family_doctor"),
    "financing": (FINANCINGS, FINANCING, "product.financing"),
    "limit": (f"{DAYS_OF_SUPPLY}/values", VALUE, "ops.ceiling"),
}


@pytest.fixture
def town(database: Database) -> Database:
    build(database, "P1", "P2", scheme="employee", category="retired", contribution_tier="none")
    with database.transaction() as connection:
        connection.execute(
            "UPDATE registry.agreement SET visits = visits || '{family_doctor}' "
            "WHERE institution_id = 'H1'"
        )
    return database


@pytest.fixture
def app(url: str, town: Database) -> FastAPI:
    made = office()
    return create_app(url, made.policy, made.registers, identify=trust_actor)


@pytest.fixture
def desk(port: int, contract: Contract) -> Iterator[Clerk]:
    client = Client(port, contract)
    yield Clerk(client)
    client.close()


# --- what is done ---------------------------------------------------------------------------------


def test_an_assessment_is_taken_in_and_read(desk: Clerk) -> None:
    assert desk.get(ASSESSMENTS) == {"person_id": "P1", "assessments": []}
    made = desk.made(ASSESSMENTS, ASSESSMENT)
    assert (made["grade"], made["severe"], made["computed"]) == (3, True, False)
    assert (made["first"], made["last"]) == ("2023-06-01", "2025-05-31")
    assert made | ASSESSMENT == made
    better = ASSESSMENT | {"on": "2023-07-10", "points": WELL, "grade": 0, "months": 3}
    later = desk.made(ASSESSMENTS, better)
    assert (later["severe"], later["first"], later["last"]) == (False, "2023-08-01", "2023-10-31")
    assert desk.get(ASSESSMENTS)["assessments"] == [made, later]


def test_where_the_rules_give_the_grade_the_institution_states_no_other(
    url: str, town: Database
) -> None:
    app = create_app(
        url, load_policy("tianjin", accept="D"), office().registers, identify=trust_actor
    )
    with running(app) as port:
        client = Client(port, Contract())
        desk = Clerk(client)
        other = ASSESSMENT | {"grade": 5}
        assert desk.refused(ASSESSMENTS, other) == (422, "grade_differs")
        made = desk.made(ASSESSMENTS, {k: v for k, v in ASSESSMENT.items() if k != "grade"})
        assert (made["grade"], made["computed"]) == (3, True)
        client.close()


def test_a_family_doctor_is_signed_for_the_year(desk: Clerk) -> None:
    made = desk.made(DOCTORS, CONTRACT)
    assert made == CONTRACT | {"last": "2022-12-31"}
    free = {k: v for k, v in CONTRACT.items() if k != "fee"} | {"first": "2023-01-01"}
    later = desk.made(DOCTORS, free)
    assert later["fee"] == "0.00"
    assert desk.get(DOCTORS) == {"person_id": "P1", "contracts": [made, later]}


def test_a_year_of_care_is_paid_for(desk: Clerk) -> None:
    made = desk.made(FINANCINGS, FINANCING)
    halves = {"financed_by_pool": "240.00", "financed_by_large_expense": "240.00"}
    assert (made["heads"], made["total"], made["payers"]) == (2, "480.00", halves)
    assert desk.get(f"/ledger/entries/{made['entry_id']}")["kind"] == "product_financing"


def test_a_quote_is_explained_and_nothing_is_written(desk: Clerk, town: Database) -> None:
    before = count(town, "ops.audit")
    reply = desk.client("POST", QUOTES, QUOTE)
    assert reply.status == 200, reply.body
    told = reply.json
    assert (told["total"], told["payers"]) == ("25000.00", {"accident_lump_sum": "25000.00"})
    assert told["steps"][0]["formula"] == "25000.00 = 25000.00"
    assert told["documents"]
    assert count(town, "ops.audit") == before


def test_a_quote_reads_amounts_and_counts(desk: Clerk) -> None:
    asked = {"procedure": "product_financing", "on": "2023-01-15"}
    given = PERSON | {"product": "long_term_care", "heads": "2"}
    reply = desk.client("POST", QUOTES, asked | {"given": given})
    assert (reply.status, reply.json["total"]) == (200, "480.00")
    assert reply.json["inputs"] == {"heads": "2"}


def test_a_limit_is_laid_down_from_a_day_on(desk: Clerk) -> None:
    before = desk.get(DAYS_OF_SUPPLY)["values"]
    made = desk.made(f"{DAYS_OF_SUPPLY}/values", VALUE)
    assert made["limit"] == "prescription_days"
    *old, new = made["values"]
    assert old == [*before[:-1], before[-1] | {"last": "2023-12-31"}]
    assert new | VALUE | {"last": None, "grade": "A"} == new
    assert desk.get(DAYS_OF_SUPPLY) == made
    told = desk.get(LIMITS)["limits"]
    assert made in told
    assert len(told) == 5
    never = {"value": 0, "cite": "notice 6", "first": "2024-01-01", "grade": "D"}
    made = desk.made(f"{LIMITS}/level_3_changes/values", never)
    assert (made["values"][-1]["value"], made["values"][-1]["grade"]) == (0, "D")


# --- once, audit, tags ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", WRITES)
def test_the_same_request_has_one_effect_one_reply_and_one_audit_row(
    desk: Clerk, town: Database, name: str
) -> None:
    target, body, table = WRITES[name]
    before = count(town, table)
    first, second = (desk.post(target, body, "k") for _ in range(2))
    assert (first.status, first.body) == (201, second.body)
    assert count(town, table) == before + 1
    with town.transaction() as connection:
        rows = connection.execute(
            "SELECT action FROM ops.audit WHERE actor = 'clerk' AND action <> 'fact'"
        ).fetchall()
    assert len(rows) == 1
    changed = {k: v for k, v in body.items() if k not in {"on", "first"}}
    day = "on" if "on" in body else "first"
    other = desk.post(target, changed | {day: "2025-01-01"}, "k")
    assert (other.status, other.json["rule"]) == (409, "key_used")


@pytest.mark.parametrize(
    ("read", "name"),
    [
        (ASSESSMENTS, "assessment"),
        (DOCTORS, "contract"),
        (LIMITS, "limit"),
        (DAYS_OF_SUPPLY, "limit"),
    ],
)
def test_a_read_has_a_tag_that_changes_with_what_it_tells(
    desk: Clerk, read: str, name: str
) -> None:
    tag = desk.client("GET", read).headers["etag"]
    assert desk.client("GET", read, If_None_Match=tag).status == 304
    target, body, _ = WRITES[name]
    desk.made(target, body)
    assert desk.client("GET", read, If_None_Match=tag).status == 200


# --- what is wrong --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WRITES)
def test_what_was_done_is_a_conflict_under_another_key(desk: Clerk, name: str) -> None:
    rules = {"assessment": "assessed", "contract": "one_a_year", "financing": "financed"}
    target, body, _ = WRITES[name]
    desk.made(target, body)
    assert desk.refused(target, body) == (409, rules.get(name, "later"))


REFUSED: Mapping[str, tuple[str, Body, int, str]] = {
    "assessed nobody": (
        *(ASSESSMENTS.replace("P1", "P9"), ASSESSMENT),
        *(404, "known_person"),
    ),
    "assessed nowhere": (
        *(ASSESSMENTS, ASSESSMENT | {"institution_id": "H9"}),
        *(422, "known_institution"),
    ),
    "no grade": (
        *(ASSESSMENTS, {k: v for k, v in ASSESSMENT.items() if k != "grade"}),
        *(422, "grade"),
    ),
    "good too long": (ASSESSMENTS, ASSESSMENT | {"months": 25}, 422, "term"),
    "points in no step": (
        *(ASSESSMENTS, ASSESSMENT | {"points": WELL | {"eating": 7}}),
        *(422, "points"),
    ),
    "an item left out": (
        *(ASSESSMENTS, ASSESSMENT | {"points": {"eating": 5}}),
        *(422, "points"),
    ),
    "another item": (
        *(ASSESSMENTS, ASSESSMENT | {"points": WELL | {"a\ud800": 5}}),
        *(422, "request"),
    ),
    "points as text": (
        *(ASSESSMENTS, ASSESSMENT | {"points": WELL | {"eating": "5"}}),
        *(422, "request"),
    ),
    "grade 6": (ASSESSMENTS, ASSESSMENT | {"grade": 6}, 422, "request"),
    "contract of nobody": (DOCTORS.replace("P1", "P9"), CONTRACT, 404, "known_person"),
    "contract not covered": (
        *(DOCTORS, CONTRACT | {"institution_id": "H2"}),
        *(422, "visit_not_covered"),
    ),
    "contract nowhere": (DOCTORS, CONTRACT | {"institution_id": "H9"}, 422, "no_agreement"),
    "contract of another doctor": (
        *(DOCTORS, CONTRACT | {"practitioner_id": "D9"}),
        *(422, "not_at_site"),
    ),
    "not insured": (DOCTORS, CONTRACT | {"first": "2014-12-31"}, 422, "insured"),
    "fee below zero": (DOCTORS, CONTRACT | {"fee": "-1.00"}, 422, "request"),
    "nobody insured": (FINANCINGS, FINANCING | {"scheme": "resident"}, 422, "heads"),
    "no such product": (FINANCINGS, FINANCING | {"product": "x"}, 422, "request"),
    "no day of the books": (FINANCINGS, FINANCING | {"on": "1999-12-31"}, 422, "books_day"),
    "no such limit": (f"{LIMITS}/x/values", VALUE, 404, "known_limit"),
    "no days at all": (f"{DAYS_OF_SUPPLY}/values", VALUE | {"value": 0}, 422, "ceiling"),
    "too many days": (f"{DAYS_OF_SUPPLY}/values", VALUE | {"value": 2**31}, 422, "request"),
    "no cite": (f"{DAYS_OF_SUPPLY}/values", VALUE | {"cite": ""}, 422, "request"),
    "no grade of that name": (f"{DAYS_OF_SUPPLY}/values", VALUE | {"grade": "E"}, 422, "request"),
    "more": (f"{DAYS_OF_SUPPLY}/values", VALUE | {"more": 1}, 422, "request"),
}


def test_what_does_not_fit_is_refused_by_name_and_nothing_is_written(
    desk: Clerk, town: Database
) -> None:
    before = count(town, "ops.audit")
    for name, (target, body, status, rule) in REFUSED.items():
        assert desk.refused(target, body) == (status, rule), name
    assert count(town, "ops.audit") == before
    assert count(town, "ops.request") == 0


@pytest.mark.parametrize(
    "target", [ASSESSMENTS.replace("P1", "P9"), DOCTORS.replace("P1", "P9"), f"{LIMITS}/x"]
)
def test_what_an_address_names_and_is_not_there_is_404(desk: Clerk, target: str) -> None:
    assert desk.client("GET", target).status == 404


def test_each_thing_given_to_a_quote_that_is_wrong_is_told(desk: Clerk) -> None:
    wrong = {"accident_outcome": "x", "heads": "2", "birth_date": "2022-02-30", "category": " "}
    reply = desk.client("POST", QUOTES, QUOTE | {"given": wrong})
    assert reply.status == 422
    told = {one["field"]: one["rule"] for one in reply.json["errors"]}
    assert told.keys() == {f"given.{name}" for name in wrong}
    assert told["given.heads"] == "known_fact"
    assert told["given.category"] == "required"
    for given in ({"a\ud800": "1"}, {"scheme": 1}, {"scheme": ""}, {"scheme": "x" * 201}, None):
        reply = desk.client("POST", QUOTES, QUOTE | {"given": given})
        assert (reply.status, reply.json["rule"]) == (422, "request"), given
    for given in ({}, PERSON, PERSON | {"birth_date": "2023-01-01"}):
        reply = desk.client("POST", QUOTES, QUOTE | {"given": given})
        assert reply.status == 422, given
    reply = desk.client("POST", QUOTES, QUOTE | {"procedure": "contribution"})
    assert (reply.status, reply.json["field"]) == (422, "procedure")
