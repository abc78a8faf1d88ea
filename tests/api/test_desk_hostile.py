"""Whatever a bill holds: settled or refused with a declared reply, and the books still balance."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from line_town import COSTLY, DRUG, TUBE, VISIT, bill, line, post, town
from services import Client

SHAKEN = settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
ACCEPTED = {200, 201, 404, 409, 422}
"""What may be answered; a 5xx other than 503 would be a defect, and 503 is not expected here."""


@pytest.fixture
def client(url: str) -> Iterator[Client]:
    with town(url, "P1", "P2") as client:
        yield client


NUMBERS = st.sampled_from(
    [
        *("NaN", "Infinity", "-Infinity", "1e30", "1E-3", "0x10", "1_000", "٣", "１", "+1", "-1"),
        *(
            "1" + "0" * 30,
            "0." + "1" * 13,
            "0.0000001",
            "1.0000",
            "00",
            "",
            " 1",
            "1\n",
            "1.",
            ".1",
        ),
        *("0", "0.0001", "0.000001", "0.01", "1", "33.3333", "999999999", "999999999.999999"),
    ]
)
CODES = st.sampled_from(
    [
        *("=cmd|' /C calc'!A0", "@SUM(1)", "+1", "-1", "\t=1", "'; DROP TABLE desk.line; --"),
        *("\0", "\ud800", "\u202e", "x" * 64, "x" * 65, "9" * 4000, "药" * 64, "%s", "{0}", "\\"),
        *("", DRUG, COSTLY, TUBE, VISIT, "own-1"),
    ]
)
DAYS = st.sampled_from(["2022-03-01", "2022-02-28", "0001-01-01", "9999-12-31", "2022-02-30", "1"])
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | NUMBERS | CODES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
LINES = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.sampled_from(["drug", "consumable", "service", "preparation", "herbal", "x"]),
        "code": CODES,
        "local_code": CODES,
        "quantity": NUMBERS | ANY,
        "price": NUMBERS | ANY,
        "served_on": DAYS | ANY,
        "practitioner_id": CODES | ANY,
        "more": ANY,
    },
).map(lambda changes: line() | changes)
IDS = st.integers(-1, 3) | st.sampled_from([2**53 - 1, 2**53, 10**30]) | ANY
HANDED = st.fixed_dictionaries(
    {"number": IDS, "at": st.sampled_from(["2022-03-01T09:00:00+08:00", "2999-01-01T00:00:00Z"])},
    optional={"signed_by": st.text(max_size=5) | ANY},
)
CHANGES: dict[str, Any] = {
    "institution_id": st.sampled_from(["H1", "H2", "E2", "P1", "H9"]) | ANY,
    "person_id": st.sampled_from(["P1", "P2", "P9"]) | ANY,
    "visit": st.sampled_from(["inpatient", "outpatient", "pharmacy", "special_outpatient"]) | ANY,
    "admitted_on": DAYS | ANY,
    "discharged_on": DAYS | ANY,
    "amounts": ANY,
    "facts": st.dictionaries(st.sampled_from(["outcome", "disease", "level", "x"]), ANY) | ANY,
    "episode": CODES | ANY,
    "referral": IDS,
    "practitioner_id": CODES | ANY,
    "from_account": NUMBERS | ANY,
    "prescription": HANDED | ANY,
    "delivery": HANDED | ANY,
    "invoices": st.lists(
        st.fixed_dictionaries({"code": CODES, "number": CODES, "amount": NUMBERS}) | ANY, max_size=3
    )
    | ANY,
    "more": ANY,
}
TARGETS = st.sampled_from(
    [
        *("settlements", "pre-settlements", "reimbursements"),
        *("settlements/1/correction", "reimbursements/1/correction"),
    ]
)


def balanced(client: Client) -> bool:
    return bool(client("GET", "/ledger/trial-balance").json["difference"] == "0.00")


@SHAKEN
@given(
    target=TARGETS,
    number=st.integers(0, 10**9),
    lines=st.lists(LINES, min_size=1, max_size=4),
    changes=st.fixed_dictionaries({}, optional=CHANGES),
)
def test_a_bill_with_anything_in_it(
    client: Client, target: str, number: int, lines: list[Any], changes: dict[str, Any]
) -> None:
    body = bill(f"A{number}", *lines) | changes
    reply = post(client, target, body, f"k{number}")
    assert reply.status in ACCEPTED, reply.body
    assert balanced(client)


@SHAKEN
@given(
    number=st.integers(0, 10**9),
    quantity=st.decimals(0, 10**6, places=4).map(lambda n: f"{n:f}"),
    price=st.decimals(0, 10**4, places=6).map(lambda n: f"{n:f}"),
    items=st.lists(
        st.sampled_from(
            [("drug", DRUG), ("drug", COSTLY), ("consumable", TUBE), ("service", VISIT)]
        ),
        min_size=1,
        max_size=6,
    ),
)
def test_lines_of_any_figures_add_up(
    client: Client, number: int, quantity: str, price: str, items: list[tuple[str, str]]
) -> None:
    lines = [line(code, price, quantity, kind=kind) for kind, code in items]
    reply = post(client, "pre-settlements", bill(f"A{number}", *lines))
    assert reply.status in {200, 422}, reply.body
    if reply.status == 200:
        told = reply.json
        cents = [
            sum(int(one[part].replace(".", "")) for one in told["lines"])
            for part in ("out_of_catalogue", "over_limit", "first_self_pay", "in_scope", "total")
        ]
        assert sum(cents[:4]) == cents[4] == int(told["total"].replace(".", ""))


GUEST = {
    "region": st.sampled_from(["130100", "120100", "000000", "13010", "٣" * 6]) | ANY,
    "reference": CODES | ANY,
    "institution_id": st.sampled_from(["H2", "H9"]) | ANY,
    "claim_no": CODES | ANY,
    "on_day": DAYS | ANY,
    "funds": st.dictionaries(
        st.sampled_from(["resident.pool_pay", "personal_account", "x"]), NUMBERS | ANY
    )
    | ANY,
}


@SHAKEN
@given(body=st.fixed_dictionaries(GUEST), number=st.integers(0, 10**9))
def test_a_guest_with_anything_in_it(client: Client, body: dict[str, Any], number: int) -> None:
    reply = post(client, "guests", body, f"k{number}")
    assert reply.status in ACCEPTED, reply.body
    assert balanced(client)


@pytest.mark.parametrize(
    "target",
    [
        *("guests/130100/%00", "guests/130100/=1", "guests/1/x", "guests/130100/" + "9" * 4000),
        *("guests?region=1", "guests?cursor=x", "guests?institution_id=%0A", "guests?first=x"),
        *("settlements/0/lines", "settlements/1/lines?cursor=x", "settlements/1/lines?limit=0"),
        "settlements/9007199254740992/lines",
    ],
)
def test_addresses_of_the_desk(client: Client, target: str) -> None:
    assert client("GET", f"/desk/{target}").status in {404, 422}
