"""Play a recording again: the same requests, with the numbers that the live replies give.

A recording holds the numbers of the day it was made: `sign_no`, `mdtrt_id`, `setl_id`. What a
recorded reply called one thing and the live reply calls another is put into the later requests
under the same field; messages get numbers and times of their own. A number that a recording has
twice stays one number: the same message sent again is sent as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from yibao.interop.national.check import Checked, check
from yibao.interop.national.client import Message, Send, numbered
from yibao.interop.national.identities import broken
from yibao.interop.national.model import Field, Interface, Transaction

_MESSAGE_NUMBERS = ("msgid", "omsgid")
"""Fields that hold a number of a message: its own, and that of one to take back."""

_OF_THE_DAY = frozenset({"setl_time", "memo", "setl_proc_info"})
"""Fields of a reply that say when or how it was made, not what was found."""


@dataclass(slots=True)
class Sent:
    """What was sent under a number of the recording: since when, and as what it stands there."""

    at: datetime
    number: str
    requests: list[tuple[Message, dict[str, Any]]] = field(default_factory=list)


@dataclass(slots=True)
class Learned:
    """What a recording's numbers are called now: by field and recorded value."""

    now: dict[tuple[str, str], Any] = field(default_factory=dict)
    messages: dict[str, Sent] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Difference:
    """A value of a reply that is another than the recording has; None: it is not there."""

    node: str
    row: int
    name: str
    zh: str
    recorded: Any
    live: Any


@dataclass(frozen=True, slots=True)
class Played:
    """An exchange as it went now, and how its reply differs from the recorded one."""

    infno: str
    request: Message
    reply: Mapping[str, Any]
    differences: tuple[Difference, ...]


def replay(
    schema: Interface, exchanges: Iterator[Message], send: Send, clock: Callable[[], datetime]
) -> Iterator[Played]:
    """Yield each exchange as it goes now; the recording's replies are compared where there are.

    Raises what `send` raises; what was yielded before has happened.
    """
    learned = Learned()
    for exchange in exchanges:
        recorded = exchange.get("request")
        if not isinstance(recorded, dict):
            continue  # a reply alone cannot be asked for
        request = fresh(recorded, learned, clock())
        reply = send(request)
        before = exchange.get("reply")
        transaction = schema.transactions.get(str(recorded.get("infno")))
        differences: tuple[Difference, ...] = ()
        if isinstance(before, dict):
            _learn(before, reply, learned)
            differences = tuple(_compare(schema, transaction, before, reply))
        yield Played(str(recorded.get("infno", "")), request, reply, differences)


def fresh(recorded: Message, learned: Learned, now: datetime) -> dict[str, Any]:
    """Return a recorded request as it is sent now; one that was sent before, as it was then.

    Another content under the same number is a second later: it may differ by its time alone.
    """
    was = recorded.get("msgid")
    own = Sent(now, numbered(recorded, now)["msgid"])
    sent = learned.messages.setdefault(was, own) if isinstance(was, str) else own
    for before, request in sent.requests:
        if before == recorded:
            return request
    at = sent.at + timedelta(seconds=len(sent.requests))
    own_time = {"msgid": sent.number, "inf_time": numbered(recorded, at)["inf_time"]}
    renamed: dict[str, Any] = _renamed(recorded, learned)
    sent.requests.append((recorded, {**renamed, **own_time}))
    return sent.requests[-1][1]


def _renamed(value: Any, learned: Learned, name: str = "") -> Any:
    if isinstance(value, Mapping):
        return {key: _renamed(one, learned, key) for key, one in value.items()}
    if isinstance(value, list):
        return [_renamed(one, learned, name) for one in value]
    if name in _MESSAGE_NUMBERS:
        sent = learned.messages.get(str(value))
        return sent.number if sent else value
    return learned.now.get((name, str(value)), value)


def _learn(recorded: Any, live: Any, learned: Learned, name: str = "") -> None:
    """Note what texts of a reply are now called."""
    if isinstance(recorded, dict) and isinstance(live, dict):
        for key, value in recorded.items():
            _learn(value, live.get(key), learned, key)
    elif isinstance(recorded, list) and isinstance(live, list):
        for one, other in zip(recorded, live, strict=False):
            _learn(one, other, learned, name)
    elif isinstance(recorded, str) and isinstance(live, str) and recorded != live:
        learned.now[name, recorded] = live


def _compare(
    schema: Interface, transaction: Transaction | None, recorded: Message, live: Message
) -> Iterator[Difference]:
    """Yield where a reply is not as recorded: whether it was done, and its amounts and codes."""
    if str(recorded.get("infcode")) != str(live.get("infcode")):
        was, told = recorded.get("infcode"), live.get("infcode")
        yield Difference("", 0, "infcode", "交易状态码", was, f"{told} {live.get('err_msg') or ''}")
        return
    if transaction is None or str(live.get("infcode")) != "0" or not transaction.output:
        return
    was = check(transaction.output, recorded.get("output"), schema.codes)
    told = check(transaction.output, live.get("output"), schema.codes)
    for node in transaction.output.values():
        fields = [f for f in node.fields.values() if f.name not in _OF_THE_DAY]
        yield from _nodes(node.name, fields, was, told)
    names = {f.name: f.zh for node in transaction.output.values() for f in node.fields.values()}
    for fault in (*told.faults, *broken(told, names)):
        yield Difference(fault.node, fault.row, fault.name, fault.zh, None, fault.says)


def _nodes(node: str, fields: list[Field], was: Checked, told: Checked) -> Iterator[Difference]:
    before, now = was.rows.get(node, []), told.rows.get(node, [])
    if len(before) != len(now):
        yield Difference(node, 0, "", "行数", len(before), len(now))
    for number, (old, new) in enumerate(zip(before, now, strict=False), 1):
        for one in fields:
            a, b = old.get(one.name), new.get(one.name)
            compared = one.kind in {"number", "code"}  # texts are names and numbers of the day
            if compared and a != b:
                yield Difference(node, number, one.name, one.zh, a, b)
