"""A recording played again: new numbers are carried on, and what differs is told."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from yibao.interop.national.load import interface
from yibao.interop.national.replay import Played, replay
from yibao.interop.national.sample import message

SCHEMA = interface()
NOW = datetime.fromisoformat("2026-11-28 20:00:00")


def ticking() -> Callable[[], datetime]:
    """Return a clock that goes on by a millisecond each time."""
    times = count(1)
    return lambda: NOW + timedelta(milliseconds=next(times))


def output(infno: str, **values: Any) -> Any:
    """Return an output of the schema with some values of ours."""
    made = message(SCHEMA, SCHEMA.transactions[infno].output, everything=True)
    for node in made.values():
        for row in node if isinstance(node, list) else [node]:
            row |= {name: value for name, value in values.items() if name in row}
    return made


def exchange(infno: str, sent: Mapping[str, Any], told: Any, **around: Any) -> dict[str, Any]:
    request = {"infno": infno, "fixmedins_code": "H12010100001", "input": sent, **around}
    return {"request": request, "reply": {"infcode": 0, "output": told}}


VISIT = [
    exchange("9001", {"signIn": {}}, output("9001", sign_no="S1"), msgid="M1"),
    exchange("2201", {"data": {}}, output("2201", mdtrt_id="V1"), msgid="M2", sign_no="S1"),
    exchange(
        "2207",
        {"data": {"mdtrt_id": "V1", "psn_name": "V1"}},
        output("2207", setl_id="T1", mdtrt_id="V1", medfee_sumamt=Decimal(0)),
        msgid="M3",
        sign_no="S1",
    ),
    exchange("2601", {"data": {"omsgid": "M3", "oinfno": "2207"}}, None, msgid="M4", sign_no="S1"),
]


def play(*, price: str = "0") -> tuple[list[dict[str, Any]], list[Played]]:
    """Play the visit against a centre that gives numbers of its own."""
    seen: list[dict[str, Any]] = []

    def send(request: Mapping[str, Any]) -> dict[str, Any]:
        seen.append(dict(request))
        told = {
            "9001": lambda: output("9001", sign_no="S7"),
            "2201": lambda: output("2201", mdtrt_id="V7"),
            "2207": lambda: output(
                "2207",
                setl_id="T7",
                mdtrt_id="V7",
                medfee_sumamt=Decimal(price),
                fulamt_ownpay_amt=Decimal(price),
                psn_part_amt=Decimal(price),
                psn_cash_pay=Decimal(price),
            ),
            "2601": lambda: None,
        }[request["infno"]]
        return {"infcode": 0, "output": told()}

    return seen, list(replay(SCHEMA, iter(VISIT), send, ticking()))


def test_numbers_that_the_centre_gives_are_carried_on() -> None:
    seen, played = play()
    assert [request["msgid"] for request in seen] == [
        f"H12010100001202611282000000{n}0" for n in ("01", "02", "03", "04")
    ]
    assert [request.get("sign_no") for request in seen] == [None, "S7", "S7", "S7"]
    assert seen[2]["input"]["data"] == {"mdtrt_id": "V7", "psn_name": "V1"}
    assert seen[3]["input"]["data"]["omsgid"] == seen[2]["msgid"]
    assert {request["inf_time"] for request in seen} == {"2026-11-28 20:00:00"}
    assert all(not one.differences for one in played), played


def test_another_amount_is_told_with_its_chinese_name() -> None:
    _, played = play(price="1.50")
    told = {d.name: (d.zh, d.recorded, d.live) for d in played[2].differences}
    assert told["medfee_sumamt"] == ("医疗费总额", Decimal(0), Decimal("1.50"))
    assert not played[1].differences


def test_a_refusal_is_told_with_its_reason() -> None:
    def send(request: Mapping[str, Any]) -> dict[str, Any]:
        return {"infcode": -1, "err_msg": "未签到"}

    (first, *_) = replay(SCHEMA, iter(VISIT), send, ticking())
    (difference,) = first.differences
    assert (difference.name, difference.live) == ("infcode", "-1 未签到")


def test_who_plays_it_again_within_the_second_uses_other_numbers() -> None:
    numbers: list[str] = []

    def send(request: Mapping[str, Any]) -> dict[str, Any]:
        numbers.append(request["msgid"])
        return {"infcode": -1}

    clock = ticking()
    for _ in range(2):
        list(replay(SCHEMA, iter(VISIT), send, clock))
    assert len(set(numbers)) == 2 * len(VISIT)


def test_a_message_that_was_sent_again_is_sent_again_as_it_was() -> None:
    """A number that a recording has twice stays one, whatever was learned in between."""
    seen: list[Mapping[str, Any]] = []

    def send(request: Mapping[str, Any]) -> dict[str, Any]:
        seen.append(request)
        return {"infcode": 0, "output": output("2201", mdtrt_id="V7")}

    visit = exchange("2201", {"data": {"mdtrt_id": "V1"}}, output("2201", mdtrt_id="V1"), msgid="M")
    later = exchange("2201", {"data": {}}, None, msgid="M", inf_time="2026-03-02 09:30:01")
    last = exchange("2202", {"data": {"mdtrt_id": "V1"}}, None, msgid="M5")
    list(replay(SCHEMA, iter([visit, visit, later, later, last]), send, ticking()))
    assert seen[0] == seen[1]
    assert seen[2] == seen[3]
    assert len({one["msgid"] for one in seen[:4]}) == 1
    assert seen[2]["inf_time"] != seen[0]["inf_time"]  # another content, as it was
    assert seen[4]["msgid"] != seen[0]["msgid"]
    assert seen[4]["input"]["data"]["mdtrt_id"] == "V7"
