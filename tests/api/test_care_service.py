"""Diseases, filings, prescriptions and deliveries over HTTP: done once, read back, refused."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from agency_town import DISEASE, DOCTOR, DRUG, build, count, office
from fastapi import FastAPI
from services import Clerk, Client, Contract

from yibao.api.app import create_app
from yibao.api.guard.asked import trust_actor
from yibao.store.database import Database

Body = dict[str, Any]

APPLICATIONS, PERSONS = "/qualification/applications", "/qualification/persons"
REFERRALS, REMOTE, CHOICES = "/filing/referrals", "/filing/remote", "/filing/choices"
PRESCRIPTIONS, DELIVERIES = "/prescriptions", "/deliveries"

APPLICATION: Body = {"person_id": "P1", "disease": DISEASE, "applied_on": "2022-01-05"}
ASSESSMENT: Body = {
    "institution_id": "H3",
    "decided_on": "2022-01-10",
    "granted": True,
    "first": "2022-01-11",
    "last": "2023-01-10",
}
ON: Body = {"on": "2022-01-06", "reason": "of another person"}
SITES: Body = {"sites": [{"institution_id": "H1"}], "first": "2022-02-01"}
REVIEW: Body = {"institution_id": "H3-other", "on": "2022-06-01", "confirmed": True}
REVOCATION: Body = {"first": "2022-07-01", "reason": "forged papers"}
REFERRAL: Body = {
    "person_id": "P1",
    "from_institution": "H1",
    "to_institution": "H3",
    "first": "2022-03-05",
    "last": "2022-03-12",
    "reason": "surgery",
}
FILED: Body = {
    "person_id": "P1",
    "category": "long_term_resident",
    "division": "1301",
    "filed_on": "2022-03-05",
    "first": "2022-03-05",
}
CHOICE: Body = {
    "person_id": "P1",
    "kind": "level_3",
    "institution_id": "H3",
    "chosen_on": "2022-03-01",
    "first": "2022-03-02",
}
PRESCRIPTION: Body = {
    "institution_id": "H1",
    "number": "R1",
    "person_id": "P1",
    "practitioner_id": DOCTOR,
    "issued_at": "2022-03-01T09:30:00+08:00",
    "items": [{"kind": "drug", "code": DRUG, "quantity": "3"}],
    "days": 60,
    "long_term": True,
    "disease": DISEASE,
}
AUDIT: Body = {"pharmacist_id": "Y1", "approved": True}
ORDER: Body = {
    "prescription": 1,
    "institution_id": "H1",
    "channel": "web",
    "ordered_at": "2022-03-01T10:00:00+08:00",
    "stable": "two years",
    "immobile": "bedridden",
    "address": "1 First Street",
}
SENT: Body = {"at": "2022-03-01T15:00:00+08:00", "carrier": "van 7"}
GIVEN_UP: Body = {"at": "2022-03-01T16:00:00+08:00", "reason": "nobody at home"}


@pytest.fixture
def app(url: str, database: Database) -> FastAPI:
    build(database, "P1", "P2")
    made = office()
    return create_app(url, made.policy, made.registers, identify=trust_actor)


@pytest.fixture
def desk(port: int, contract: Contract) -> Iterator["Desk"]:
    client = Client(port, contract)
    yield Desk(client)
    client.close()


class Desk(Clerk):
    """A clerk of the desks around a bill."""

    def granted(self) -> int:
        number = int(self.made(APPLICATIONS, APPLICATION)["application_id"])
        self.made(f"{APPLICATIONS}/{number}/assessment", ASSESSMENT)
        return number

    def prescribed(self, **changes: Any) -> int:
        number = int(self.made(PRESCRIPTIONS, PRESCRIPTION | changes)["prescription_id"])
        self.made(f"{PRESCRIPTIONS}/{number}/audit", AUDIT)
        return number


# --- what is done ---------------------------------------------------------------------------------


def test_a_disease_is_applied_for_granted_treated_looked_at_and_revoked(desk: Desk) -> None:
    number = desk.granted()
    told = desk.get(f"{APPLICATIONS}/{number}")
    assert (told["outcome"], told["institution_id"]) == ("granted", "H3")
    assert (told["first"], told["last"]) == ("2022-01-11", "2023-01-10")
    registered = {"disease": DISEASE, "first": "2022-01-11", "last": "2023-01-10"}
    mine = f"{PERSONS}/P1/{DISEASE}"
    assert desk.made(f"{mine}/sites", SITES)["registrations"] == [registered]
    assert desk.made(f"{mine}/re-examinations", REVIEW)["registrations"] == [registered]
    told = desk.made(f"{mine}/revocation", REVOCATION)
    assert told == desk.get(f"{PERSONS}/P1")
    assert told["registrations"] == [registered | {"last": "2022-06-30"}]
    assert [(s["institution_id"], s["first"]) for s in told["sites"]] == [("H1", "2022-02-01")]
    renewed = desk.made(APPLICATIONS, APPLICATION | {"applied_on": "2023-01-02"})
    assert renewed["outcome"] == "open"


def test_what_was_not_decided_is_withdrawn_or_cancelled_and_may_be_made_again(desk: Desk) -> None:
    first = desk.made(APPLICATIONS, APPLICATION)["application_id"]
    assert desk.refused(APPLICATIONS, APPLICATION) == (409, "one_application")
    told = desk.made(f"{APPLICATIONS}/{first}/withdrawal", {"on": "2022-01-06"})
    assert (told["outcome"], told["decided_on"]) == ("withdrawn", "2022-01-06")
    second = desk.made(APPLICATIONS, APPLICATION)["application_id"]
    told = desk.made(f"{APPLICATIONS}/{second}/cancellation", ON)
    assert (told["outcome"], told["reason"]) == ("cancelled", ON["reason"])
    assert desk.made(f"{APPLICATIONS}/{second}/cancellation", ON) == told
    other = ON | {"reason": "another"}
    assert desk.refused(f"{APPLICATIONS}/{second}/cancellation", other) == (409, "decided")
    assert desk.refused(f"{APPLICATIONS}/{second}/assessment", ASSESSMENT) == (409, "decided")


def test_referrals_and_filings_are_made_and_cancelled_once(desk: Desk) -> None:
    for place, body, name in ((REFERRALS, REFERRAL, "referral"), (REMOTE, FILED, "remote")):
        made = desk.made(place, body)
        one = f"{place}/{made[f'{name}_id']}"
        assert desk.get(one) == made
        assert made | {k: v for k, v in body.items() if k != "filed_on"} == made
        assert not made["cancelled"]
        assert desk.made(f"{one}/cancellation", {"reason": "a mistake"})["cancelled"]
        assert desk.refused(f"{one}/cancellation", {"reason": "again"}) == (422, "cancelled")
    first = desk.made(REFERRALS, REFERRAL)
    back = {"from_institution": "H3", "to_institution": "H1", "follows": first["referral_id"]}
    assert desk.made(REFERRALS, REFERRAL | back)["episode"] == first["episode"]


def test_institutions_are_chosen_and_what_was_chosen_is_told(desk: Desk) -> None:
    made = desk.made(CHOICES, CHOICE)
    assert made["new"]
    assert not desk.made(CHOICES, CHOICE)["new"]
    other = CHOICE | {
        "institution_id": "H3-other",
        "chosen_on": "2022-04-30",
        "first": "2022-05-01",
    }
    desk.made(CHOICES, other)
    near = CHOICE | {"kind": "primary", "institution_id": "H1-next"}
    assert desk.refused(CHOICES, near) == (422, "residence")
    desk.made(CHOICES, near | {"residence": "works there"})
    told = desk.get(f"{CHOICES}?person_id=P1")["choices"]
    assert [(c["kind"], c["institution_id"], c["former"]) for c in told] == [
        ("level_3", "H3", ""),
        ("level_3", "H3-other", "H3"),
        ("primary", "H1-next", ""),
    ]
    assert desk.get(f"{CHOICES}/{made['choice_id']}") == told[0]
    cancellation = f"{CHOICES}/{told[1]['choice_id']}/cancellation"
    assert desk.made(cancellation, {"reason": "a mistake"}) == told[1] | {"cancelled": True}
    assert desk.refused(cancellation, {"reason": "again"}) == (422, "cancelled")


def test_a_prescription_is_issued_audited_ordered_sent_and_given_up(desk: Desk) -> None:
    desk.granted()
    number = desk.prescribed()
    order = ORDER | {"prescription": number}
    one = f"{DELIVERIES}/{desk.made(DELIVERIES, order)['delivery_id']}"
    assert desk.refused(DELIVERIES, order) == (409, "dispensed")
    assert desk.get(f"{PRESCRIPTIONS}/{number}")["taken"]
    assert desk.made(f"{one}/dispatch", SENT)["dispatched"] == SENT["at"]
    assert desk.refused(f"{one}/dispatch", SENT) == (409, "dispatched")
    early = GIVEN_UP | {"at": "2022-03-01T14:59:59+08:00"}
    assert desk.refused(f"{one}/cancellation", early) == (422, "step")
    told = desk.made(f"{one}/cancellation", GIVEN_UP)
    assert told == desk.get(one)
    assert (told["cancelled"], told["received"]) == (GIVEN_UP["at"], None)
    told = desk.get(f"{PRESCRIPTIONS}/{number}")
    assert (told["taken"], told["approved"], told["items"]) == (False, True, PRESCRIPTION["items"])


# --- once, tags, pages ----------------------------------------------------------------------------


def test_the_same_request_has_one_effect_and_one_reply(desk: Desk, database: Database) -> None:
    first, second = (desk.post(REFERRALS, REFERRAL, "k") for _ in range(2))
    assert (first.status, first.body) == (201, second.body)
    assert count(database, "filing.referral") == 1
    other = desk.post(REFERRALS, REFERRAL | {"reason": "other"}, "k")
    assert (other.status, other.json["rule"]) == (409, "key_used")


def test_every_write_leaves_who_did_it(desk: Desk, database: Database) -> None:
    desk.granted()
    desk.made(REFERRALS, REFERRAL)
    desk.made(CHOICES, CHOICE)
    with database.transaction() as connection:
        rows = connection.execute(
            "SELECT action FROM ops.audit WHERE actor = 'clerk' AND action <> 'fact' ORDER BY 1"
        ).fetchall()
    assert rows == [("choose",), ("qualify-apply",), ("qualify-assess",), ("refer",)]


def test_a_read_has_a_tag_that_changes_with_what_it_tells(desk: Desk) -> None:
    number = desk.made(APPLICATIONS, APPLICATION)["application_id"]
    one = f"{APPLICATIONS}/{number}"
    tag = desk.client("GET", one).headers["etag"]
    assert desk.client("GET", one, If_None_Match=tag).status == 304
    desk.made(f"{one}/assessment", ASSESSMENT)
    assert desk.client("GET", one, If_None_Match=tag).status == 200
    tag = desk.client("GET", f"{PERSONS}/P1").headers["etag"]
    desk.made(f"{PERSONS}/P1/{DISEASE}/sites", SITES)
    assert desk.client("GET", f"{PERSONS}/P1", If_None_Match=tag).status == 200


def test_lists_go_on_where_a_page_ended(desk: Desk) -> None:
    numbers = [desk.made(REMOTE, FILED)["remote_id"] for _ in range(5)]
    found: list[int] = []
    target = f"{REMOTE}?person_id=P1&limit=2"
    pages = 0
    while target:
        page = desk.get(target)
        pages += 1
        found += [one["remote_id"] for one in page["remote"]]
        target = page["next"] and f"{REMOTE}?person_id=P1&limit=2&cursor={page['next']}"
    assert (found, pages) == (numbers, 3)
    assert desk.get(f"{REMOTE}?person_id=P2") == {"remote": [], "next": None}


@pytest.mark.parametrize(
    "place", [APPLICATIONS, REFERRALS, REMOTE, CHOICES, PRESCRIPTIONS, DELIVERIES]
)
def test_each_list_is_somebodys(desk: Desk, place: str) -> None:
    assert desk.get(f"{place}?person_id=P9")["next"] is None
    assert desk.client("GET", place).status == 422
    assert desk.client("GET", f"{place}?person_id=P1&cursor=x").status == 422
    assert desk.client("GET", f"{place}?person_id=%00").status == 422


# --- what is wrong --------------------------------------------------------------------------------

WRITES: Mapping[str, tuple[str, Body]] = {
    "application": (APPLICATIONS, APPLICATION),
    "assessment": (f"{APPLICATIONS}/1/assessment", ASSESSMENT),
    "withdrawal": (f"{APPLICATIONS}/1/withdrawal", ON),
    "cancellation": (f"{APPLICATIONS}/1/cancellation", ON),
    "sites": (f"{PERSONS}/P1/{DISEASE}/sites", SITES),
    "review": (f"{PERSONS}/P1/{DISEASE}/re-examinations", REVIEW),
    "revocation": (f"{PERSONS}/P1/{DISEASE}/revocation", REVOCATION),
    "referral": (REFERRALS, REFERRAL),
    "filing": (REMOTE, FILED),
    "choice": (CHOICES, CHOICE),
    "prescription": (PRESCRIPTIONS, PRESCRIPTION),
    "audit": (f"{PRESCRIPTIONS}/1/audit", AUDIT),
    "order": (DELIVERIES, ORDER),
    "dispatch": (f"{DELIVERIES}/1/dispatch", SENT),
    "given up": (f"{DELIVERIES}/1/cancellation", GIVEN_UP),
    "referral cancelled": (f"{REFERRALS}/1/cancellation", {"reason": "a mistake"}),
    "filing cancelled": (f"{REMOTE}/1/cancellation", {"reason": "a mistake"}),
    "choice cancelled": (f"{CHOICES}/1/cancellation", {"reason": "a mistake"}),
}
TEXTS = ("", "a\0b", "a\nb", "a\u202eb", "\ud800", " a", "a" * 201, 17, None, ["a"])
DAYS = ("", "2022-02-30", "20220301", "2022-03-01T00:00:00", 1646092800, "9999-01-01", None)
MAY_BE_EMPTY = {("withdrawal", "reason"), ("sites", "last"), ("assessment", "last")}


def wrong_values(value: object) -> tuple[object, ...]:
    if isinstance(value, bool):
        return ("true", 1, None)
    if isinstance(value, str) and value[:4].isdecimal() and "-" in value:
        return DAYS
    return TEXTS if isinstance(value, str) else ("x", -1, 0, 1.5, None)


@pytest.mark.parametrize("name", WRITES)
def test_each_field_that_is_wrong_is_told_and_nothing_is_written(
    desk: Desk, database: Database, name: str
) -> None:
    target, body = WRITES[name]
    before = count(database, "ops.audit")
    for field, value in body.items():
        for wrong in wrong_values(value):
            if wrong in ("", None) and (name, field) in MAY_BE_EMPTY:
                continue
            if name == "assessment" and field == "first" and wrong is None:
                continue  # granted without a first day: refused by name, below
            reply = desk.post(target, body | {field: wrong})
            assert reply.status == 422, (field, wrong, reply.body)
            assert reply.json["field"].split(".")[0] == field, (field, wrong)
    assert desk.refused(target, body | {"more": 1}) == (422, "request")
    assert count(database, "ops.audit") == before
    assert count(database, "ops.request") == 0


@pytest.mark.parametrize(
    ("target", "body"),
    [(t, b) for t, b in WRITES.values() if "/1/" in t],
    ids=[name for name, (t, _) in WRITES.items() if "/1/" in t],
)
def test_what_an_address_names_and_is_not_there_is_404(desk: Desk, target: str, body: Body) -> None:
    status, rule = desk.refused(target, body)
    assert (status, rule.startswith("known_")) == (404, True)
    assert desk.client("GET", target.partition("/1/")[0] + "/1").status == 404
    for number in ("0", "-1", "1.0", "x", "9007199254740992", "%00", "9" * 4000):
        reply = desk.client("GET", target.partition("/1/")[0] + f"/{number}")
        assert reply.status in {404, 422}, number


def test_nobody_of_that_id_in_an_address_is_404(desk: Desk) -> None:
    assert desk.client("GET", f"{PERSONS}/P9").status == 404
    for step, body in (("sites", SITES), ("re-examinations", REVIEW), ("revocation", REVOCATION)):
        assert desk.refused(f"{PERSONS}/P9/{DISEASE}/{step}", body) == (404, "known_person")


REFUSED: Mapping[str, tuple[str, Body, str]] = {
    "person": (APPLICATIONS, APPLICATION | {"person_id": "P9"}, "known_person"),
    "disease": (APPLICATIONS, APPLICATION | {"disease": "none9"}, "unknown_disease"),
    "referral of nobody": (REFERRALS, REFERRAL | {"person_id": "P9"}, "known_person"),
    "referral reversed": (
        *(REFERRALS, REFERRAL | {"first": "2022-03-12", "last": "2022-03-05"}),
        "period",
    ),
    "referral from nowhere": (
        REFERRALS,
        REFERRAL | {"from_institution": "H9"},
        "known_institution",
    ),
    "referral to itself": (REFERRALS, REFERRAL | {"to_institution": "H1"}, "two_institutions"),
    "follows nothing": (REFERRALS, REFERRAL | {"follows": 999}, "known_referral"),
    "filing of nobody": (REMOTE, FILED | {"person_id": "P9"}, "known_person"),
    "filing reversed": (REMOTE, FILED | {"last": "2022-03-04"}, "period"),
    "filing of the past": (REMOTE, FILED | {"first": "2022-03-04"}, "filed_before"),
    "choice of nobody": (CHOICES, CHOICE | {"person_id": "P9"}, "known_person"),
    "choice of nothing": (CHOICES, CHOICE | {"institution_id": "H9"}, "known_institution"),
    "choice of level 2": (CHOICES, CHOICE | {"institution_id": "H2"}, "level_3"),
    "choice at once": (CHOICES, CHOICE | {"first": "2022-03-01"}, "next_day"),
    "contract with a hospital": (CHOICES, CHOICE | {"kind": "primary"}, "primary"),
    "prescription of nobody": (
        *(PRESCRIPTIONS, PRESCRIPTION | {"person_id": "P9"}),
        "known_person",
    ),
    "prescribed nowhere": (
        *(PRESCRIPTIONS, PRESCRIPTION | {"institution_id": "H9"}),
        "known_institution",
    ),
    "prescribed by nobody": (
        *(PRESCRIPTIONS, PRESCRIPTION | {"practitioner_id": "D9"}),
        "not_on_roster",
    ),
    "prescribed for no disease": (
        *(PRESCRIPTIONS, PRESCRIPTION | {"disease": "none9"}),
        "unknown_disease",
    ),
    "too many days": (PRESCRIPTIONS, PRESCRIPTION | {"long_term": False}, "over_supply"),
    "one item twice": (
        *(PRESCRIPTIONS, PRESCRIPTION | {"items": PRESCRIPTION["items"] * 2}),
        "items",
    ),
    "no boxes": (
        *(PRESCRIPTIONS, PRESCRIPTION | {"items": [PRESCRIPTION["items"][0] | {"quantity": "0"}]}),
        "items",
    ),
    "order of nothing": (DELIVERIES, ORDER | {"prescription": 999}, "known_prescription"),
}


def test_what_does_not_fit_is_refused_by_name_and_nothing_is_written(
    desk: Desk, database: Database
) -> None:
    before = count(database, "ops.audit")
    for name, (target, body, rule) in REFUSED.items():
        assert desk.refused(target, body) == (422, rule), name
    assert count(database, "ops.audit") == before
    assert count(database, "ops.request") == 0


def test_an_assessment_that_does_not_fit_decides_nothing(desk: Desk) -> None:
    number = desk.made(APPLICATIONS, APPLICATION)["application_id"]
    target = f"{APPLICATIONS}/{number}/assessment"
    for changes, rule in (
        ({"institution_id": "H2"}, "centre"),
        ({"institution_id": "H9"}, "centre"),
        ({"decided_on": "2022-01-04"}, "assessed_after"),
        ({"first": None}, "from"),
        ({"last": "2022-01-10"}, "period"),
    ):
        assert desk.refused(target, ASSESSMENT | changes) == (422, rule)
    early = ON | {"on": "2022-01-04"}
    for step in ("withdrawal", "cancellation"):
        assert desk.refused(f"{APPLICATIONS}/{number}/{step}", early) == (422, "assessed_after")
    assert desk.get(f"{APPLICATIONS}/{number}")["outcome"] == "open"


def test_what_is_not_registered_has_no_sites_and_is_not_looked_at(desk: Desk) -> None:
    mine = f"{PERSONS}/P1/{DISEASE}"
    for step, body in (("sites", SITES), ("re-examinations", REVIEW), ("revocation", REVOCATION)):
        assert desk.refused(f"{mine}/{step}", body) == (422, "registered")
    desk.granted()
    for sites, rule in (
        ([{"institution_id": "H9"}], "known_institution"),
        ([{"institution_id": "H1", "practitioner_id": "D9"}], "not_at_site"),
        ([{"institution_id": "H1"}] * 2, "sites"),
    ):
        assert desk.refused(f"{mine}/sites", SITES | {"sites": sites}) == (422, rule)
    reversed_ = SITES | {"last": "2022-01-31"}
    assert desk.refused(f"{mine}/sites", reversed_) == (422, "period")
    assert desk.get(f"{PERSONS}/P1")["sites"] == []


def test_a_number_is_used_once_and_a_prescription_audited_once(desk: Desk) -> None:
    number = desk.prescribed()
    assert desk.refused(PRESCRIPTIONS, PRESCRIPTION) == (409, "number_used")
    audit = f"{PRESCRIPTIONS}/{number}/audit"
    assert desk.made(audit, AUDIT)["approved"]
    assert desk.refused(audit, AUDIT | {"approved": False}) == (409, "audited")
    order = ORDER | {"prescription": number}
    assert desk.refused(DELIVERIES, order) == (422, "registered")
    desk.granted()
    assert desk.refused(DELIVERIES, order | {"institution_id": "H9"}) == (422, "known_institution")
    late = order | {"ordered_at": "2022-03-05T10:00:00+08:00"}
    assert desk.refused(DELIVERIES, late) == (422, "expired")


# --- at once --------------------------------------------------------------------------------------


def at_once(port: int, contract: Contract, target: str, bodies: list[Body]) -> list[int]:
    """Send bodies at once, each under a key and on a connection of its own; return the statuses."""

    def send(one: tuple[int, Body]) -> int:
        client = Client(port, contract)
        reply = client(
            "POST", target, one[1], X_Actor="clerk", Idempotency_Key=f"{target}-{one[0]}"
        )
        client.close()
        return reply.status

    with ThreadPoolExecutor(len(bodies)) as pool:
        return sorted(pool.map(send, enumerate(bodies)))


def test_of_decisions_at_once_one_stands(
    desk: Desk, port: int, contract: Contract, database: Database
) -> None:
    applied = at_once(port, contract, APPLICATIONS, [APPLICATION] * 6)
    assert applied == [201, *[409] * 5]
    number = desk.get(f"{APPLICATIONS}?person_id=P1")["applications"][0]["application_id"]
    refusals = [
        {**ASSESSMENT, "granted": False, "first": None, "last": None, "reason": str(n)}
        for n in range(5)
    ]
    one = f"{APPLICATIONS}/{number}"
    decided = at_once(port, contract, f"{one}/assessment", [ASSESSMENT, *refusals])
    assert decided == [201, *[409] * 5]
    assert count(database, "qualification.decision") == 1


def test_of_audits_orders_and_endings_at_once_one_stands(
    desk: Desk, port: int, contract: Contract, database: Database
) -> None:
    desk.granted()
    number = desk.made(PRESCRIPTIONS, PRESCRIPTION)["prescription_id"]
    audits = [AUDIT | {"pharmacist_id": f"Y{n}"} for n in range(5)]
    audit = f"{PRESCRIPTIONS}/{number}/audit"
    assert at_once(port, contract, audit, audits) == [201, *[409] * 4]
    orders = [ORDER | {"prescription": number, "address": str(n)} for n in range(5)]
    assert at_once(port, contract, DELIVERIES, orders) == [201, *[409] * 4]
    one = desk.get(f"{DELIVERIES}?person_id=P1")["deliveries"][0]["delivery_id"]
    ends = [GIVEN_UP | {"reason": str(n)} for n in range(4)]
    ended = at_once(port, contract, f"{DELIVERIES}/{one}/cancellation", ends)
    assert ended == [201, *[422] * 3]
    assert count(database, "dispensing.delivery_step") == 1
