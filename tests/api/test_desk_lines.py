"""Bills of item lines over HTTP: divided by the catalogue of their day, refused line by line."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from line_town import COSTLY, TUBE, UNPAID, VISIT, bill, line, post, refusal, town
from services import Client

from yibao.registry.importing import import_files
from yibao.registry.registers import REGISTERS
from yibao.store.database import Database

PARTS = ("out_of_catalogue", "over_limit", "first_self_pay", "in_scope")


@pytest.fixture
def client(url: str) -> Iterator[Client]:
    with town(url, "P1", "P2") as client:
        yield client


def parts(told: Any) -> list[str]:
    return [told[name] for name in PARTS]


def settled(client: Client, body: Any, key: str = "") -> Any:
    reply = post(client, "settlements", body, key or body["claim_no"])
    assert reply.status == 201, reply.body
    return reply.json


MIXED = (
    line(price="100.00", quantity="2"),
    line(COSTLY, "33.3333", "3"),
    line(TUBE, "600.005", kind="consumable"),
    line(VISIT, "25.00", kind="service"),
    line(UNPAID, "40.00"),
    line("UNKNOWN", "0.07"),
    line("", "15.00", local_code="own-1"),
    line("XH01", "9.99"),
)


def test_each_line_is_divided_by_the_catalogue_and_the_bill_is_their_sum(client: Client) -> None:
    told = settled(client, bill("A1", *MIXED))
    assert [parts(one) for one in told["lines"]] == [
        ["0.00", "0.00", "0.00", "200.00"],
        ["0.00", "40.00", "6.00", "54.00"],  # of 100.00 a standard of 3 x 20.00, 10 % first
        ["0.00", "100.01", "100.00", "400.00"],
        ["0.00", "0.00", "0.00", "25.00"],
        ["40.00", "0.00", "0.00", "0.00"],
        ["0.07", "0.00", "0.00", "0.00"],
        ["0.00", "0.00", "1.50", "13.50"],
        ["9.99", "0.00", "0.00", "0.00"],
    ]
    assert [one["item_class"] for one in told["lines"]] == list("ABBACCBC")
    assert [one["reason"] for one in told["lines"]] == [
        *[""] * 5,
        *("not_in_catalogue", "", "level_too_low"),
    ]
    own, tube = told["lines"][6], told["lines"][2]
    assert (own["code"], own["local_code"]) == (COSTLY, "own-1")
    assert (tube["price"], tube["standard"], tube["rate"]) == ("600.005", "500.00", "0.2")
    assert told["amounts"] == {
        "total": "990.07",
        "out_of_catalogue": "50.06",
        "over_limit": "140.01",
        "first_self_pay": "107.50",
        "in_scope": "692.50",
        "class_b": "467.50",
        "imported_implant": "400.00",
    }
    amounts = settled(client, bill("A2", person_id="P2", amounts=told["amounts"]))
    assert (amounts["funds"], amounts["lines"]) == (told["funds"], [])


def test_the_lines_stand_in_the_books_page_by_page(client: Client) -> None:
    told = settled(client, bill("A1", *MIXED))
    target = f"/desk/settlements/{told['settlement_id']}/lines"
    found, cursor, pages = [], "", 0
    while cursor is not None:
        tail = f"&cursor={cursor}" if cursor else ""
        page = client("GET", f"{target}?limit=3{tail}").json
        found += page["lines"]
        cursor, pages = page["next"], pages + 1
    assert (found, pages) == (told["lines"], 3)
    none = settled(client, bill("A2", amounts={"total": "1.00", "in_scope": "1.00"}))
    empty = client("GET", f"/desk/settlements/{none['settlement_id']}/lines")
    assert empty.json == {"lines": [], "next": None}
    assert refusal(client("GET", "/desk/settlements/99/lines"))[:2] == (404, "known_settlement")


def test_pre_settling_lines_says_the_same_and_writes_nothing(client: Client) -> None:
    before = client("POST", "/desk/pre-settlements", bill("A1", *MIXED))
    assert client("GET", "/desk/settlements?person_id=P1").json["settlements"] == []
    after = settled(client, bill("A1", *MIXED))
    assert before.json == {k: v for k, v in after.items() if k in before.json}


def test_a_key_gives_its_reply_whatever_the_catalogue_says_meanwhile(
    client: Client, database: Database
) -> None:
    body = bill("A1", line("", local_code="own-1"))
    first = post(client, "settlements", body)
    with database.transaction() as connection:
        connection.execute("UPDATE registry.local_code SET valid = '[2015-01-01,2015-01-02)'")
    assert post(client, "settlements", body).body == first.body
    again = post(client, "settlements", body | {"claim_no": "A2"}, "k2")
    assert refusal(again) == (422, "lines", "lines.0.local_code")


def test_all_lines_that_are_wrong_are_told_at_once(client: Client) -> None:
    lines = [line() for _ in range(60)]
    for at in range(3, 40):
        lines[at] = line("", local_code="nobody's")
    lines[41] = line(practitioner_id="D9")
    lines[42] = line(day="2022-03-02")
    reply = post(client, "settlements", bill("A1", *lines))
    assert refusal(reply) == (422, "lines", "lines.3.local_code")
    told = {one["field"]: one["rule"] for one in reply.json["errors"]}
    expected = {f"lines.{at}.local_code": "mapped" for at in range(3, 40)}
    expected["lines.41.practitioner_id"] = "not_on_roster"
    expected["lines.42.served_on"] = "served_on"
    assert told == expected


WRONG = {
    "quantity": ["NaN", "1e3", "-1", "1.23456", "1" + "0" * 30, "", " 1", "+1", "٣", 1, 1.5, None],
    "price": ["Infinity", "1E2", "-0.01", "0.1234567", "0.0000000000001", "9" * 10, "1,5", 3],
    "code": ["=1+1", "@SUM(A1)", "-2", "a b", "x" * 65, "\0", "\ud800", "<b>", None, 7],
    "kind": ["", "DRUG", "food", None],
    "served_on": ["2022-02-30", "20220301", "0001-01-01", 5],
    "practitioner_id": ["=x", "D" * 65, []],
    "more": [1],
}


@pytest.mark.parametrize("field", WRONG)
def test_a_cell_that_cannot_be_read_is_told_with_its_line(client: Client, field: str) -> None:
    lines = [line() | {field: value} for value in WRONG[field]]
    for target in ("settlements", "pre-settlements"):
        reply = post(client, target, bill("A1", line(), *lines))
        assert refusal(reply) == (422, "request", f"lines.1.{field}")
        fields = [one["field"] for one in reply.json["errors"]]
        assert fields == [f"lines.{n}.{field}" for n in range(1, len(lines) + 1)]
        assert b"x" * 65 not in reply.body


def test_a_bill_brings_amounts_or_lines_and_not_too_many(client: Client) -> None:
    amounts = {"total": "1.00", "in_scope": "1.00"}
    for body in (bill("A1"), bill("A1", line(), amounts=amounts)):
        assert refusal(post(client, "settlements", body))[:2] == (422, "request")
    for lines in ([], {}, "x", None, [line()] * 10_001):
        reply = post(client, "settlements", bill("A1", lines=lines))
        assert refusal(reply)[:2] == (422, "request")
    no_code = post(client, "settlements", bill("A1", line(), line("")))
    assert refusal(no_code) == (422, "request", "lines.1.code")
    extra = {f"f{n}": n for n in range(100_000)}
    assert len(post(client, "settlements", bill("A1", line() | extra)).json["errors"]) == 1
    assert len(post(client, "settlements", bill("A1", line()) | extra).json["errors"]) == 1
    reply = post(client, "settlements", bill("A1", amounts=extra | {"total": "1.00"}))
    assert len(reply.json["errors"]) == 1


def test_more_than_a_claim_may_be_is_refused(client: Client) -> None:
    most = line(price="100000000.00", quantity="10")
    assert settled(client, bill("A1", most))["total"] == "1000000000.00"
    one = post(client, "settlements", bill("A2", line(price="100000000.01", quantity="10")))
    assert refusal(one) == (422, "lines", "lines.0.price")
    together = post(client, "settlements", bill("A2", most, line(price="0.01")))
    assert refusal(together) == (422, "max_amount", "lines")


def test_the_longest_stay_is_settled(client: Client) -> None:
    days = [date.fromordinal(date(2022, 1, 1).toordinal() + n % 60) for n in range(10_000)]
    lines = [line(price="1.00", day=str(day), local_code="L" * 60) for day in days]
    told = settled(client, bill("A1", *lines, admitted_on="2022-01-01", discharged_on="2022-03-01"))
    assert (told["total"], len(told["lines"])) == ("10000.00", 10_000)


# --- catalogues -----------------------------------------------------------------------------------

STENT, SCREW, CITY = ("C" + digit * 19 for digit in "123")


def bring(database: Database, folder: Path, register: str, *rows: str, **options: Any) -> None:
    file = folder / f"{register}.csv"
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    with database.transaction() as connection:
        done = import_files(connection, REGISTERS[register], [file], actor="test", **options)
    assert not done.rejects


@pytest.mark.clause("P25-3.4.2a")
def test_a_consumable_is_paid_by_the_national_list_or_the_citys_own(
    client: Client, database: Database, tmp_path: Path
) -> None:
    """A release of the national list leaves what the city has listed; what is on neither is not
    paid."""
    header = "code,name,class,first_self_pay,standard,tags,source,from"
    bring(
        *(database, tmp_path, "consumable", header),
        f"{STENT},冠脉支架,B,20%,7000.00,imported_implant,national,2020-01-01",
        f"{SCREW},骨钉,A,,,,national,2020-01-01",
        f"{CITY},本市耗材,B,35%,800.00,,local,2020-01-01",
    )
    listed = f"{STENT},冠脉支架,B,20%,700.00,imported_implant,national"
    bring(
        *(database, tmp_path, "consumable", header.removesuffix(",from"), listed),
        release=date(2022, 3, 2),
    )

    def paid(day: str) -> list[list[str]]:
        codes = {STENT: "10000.00", SCREW: "500.00", CITY: "1000.00", "C" + "9" * 19: "60.00"}
        lines = [line(code, price, kind="consumable", day=day) for code, price in codes.items()]
        told = settled(client, bill(f"A{day}", *lines, day=day))
        assert told["lines"][3]["reason"] == "not_in_catalogue"
        return [parts(one) for one in told["lines"]]

    city, unlisted = ["0.00", "200.00", "280.00", "520.00"], ["60.00", "0.00", "0.00", "0.00"]
    assert paid("2022-03-01") == [
        ["0.00", "3000.00", "1400.00", "5600.00"],
        ["0.00", "0.00", "0.00", "500.00"],
        city,
        unlisted,
    ]
    assert paid("2022-03-02") == [
        ["0.00", "9300.00", "140.00", "560.00"],  # the purchase price of the release is the limit
        ["500.00", "0.00", "0.00", "0.00"],  # not on the release any more
        city,
        unlisted,
    ]


@pytest.mark.clause("T21-4.3e")
def test_consumables_and_service_items_are_managed_by_class_share_limit_and_day(
    client: Client, database: Database, tmp_path: Path
) -> None:
    head = "code,name,class,first_self_pay,standard,tags,least_level"
    bring(
        *(database, tmp_path, "service", f"{head},review,from,to"),
        "S-A,诊查费,A,,20.00,,none,general,2022-01-01,2022-06-30",
        "S-A,诊查费,A,,30.00,,none,general,2022-07-01,",
        "S-B,磁共振,B,10%,,special_examination,none,complex,2022-01-01,",
        "S-C,特需诊查,C,,,,none,general,2022-01-01,",
        "S-3,移植手术,A,,,,3,complex,2022-01-01,",
    )
    bring(
        *(database, tmp_path, "consumable", f"{head},from"),
        f"{STENT},冠脉支架,B,20%,700.00,imported_implant,3,2022-01-01",
        f"{SCREW},美容材料,C,,,,none,2022-01-01",
    )

    def told(day: str, at: str = "H3") -> dict[str, list[str]]:
        services = [line(code, "50.00", kind="service", day=day) for code in SERVICES]
        goods = [line(code, "1000.00", kind="consumable", day=day) for code in (STENT, SCREW)]
        found = settled(client, bill(f"A{day}{at}", *services, *goods, day=day, institution_id=at))
        assert sum(float(one["total"]) for one in found["lines"]) == 2200.0
        return {one["code"]: parts(one) for one in found["lines"]}

    SERVICES = ("S-A", "S-B", "S-C", "S-3")
    first, then, below = told("2022-06-30"), told("2022-07-01"), told("2022-07-01", "H2")
    out = ["50.00", "0.00", "0.00", "0.00"]
    assert first["S-A"] == ["0.00", "30.00", "0.00", "20.00"]
    assert then["S-A"] == ["0.00", "20.00", "0.00", "30.00"]  # the price of the next day
    assert then["S-B"] == ["0.00", "0.00", "5.00", "45.00"]
    assert then["S-C"] == out
    assert (then["S-3"], below["S-3"]) == (["0.00", "0.00", "0.00", "50.00"], out)
    assert then[STENT] == ["0.00", "300.00", "140.00", "560.00"]
    assert then[SCREW] == below[STENT] == ["1000.00", "0.00", "0.00", "0.00"]
