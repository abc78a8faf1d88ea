"""Hold recorded exchanges against the specification: what either side sent that it does not allow.

A recording is a file of JSON lines, an exchange each: `{"request": {…}, "reply": {…}}`, either of
them alone where the other was not recorded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from yibao.errors import CannotRead
from yibao.interop.national.check import Checked, Fault, check
from yibao.interop.national.identities import broken
from yibao.interop.national.jsontext import parse
from yibao.interop.national.model import ROOT, Interface, Node, Transaction
from yibao.interop.national.values import absent

Kind = Literal["fault", "extra", "identity"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong in an exchange (from 1): of the request or the reply of a transaction."""

    exchange: int
    infno: str
    side: Literal["request", "reply"]
    kind: Kind
    fault: Fault


def read_recording(file: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the exchanges of a recording, numbers exact; raises CannotRead with the line."""
    try:
        lines = file.read_text(encoding="utf-8").split("\n")  # other ends of lines may be in texts
    except OSError as error:
        raise CannotRead(f"{file}: {error.strerror} / 无法读取") from None
    except UnicodeDecodeError as error:
        raise CannotRead(f"{file}: no UTF-8: {error} / 应为UTF-8文本") from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            exchange = parse(line)
        except ValueError as error:
            raise CannotRead(f"{file}:{number}: {error}") from None
        if not isinstance(exchange, dict) or not exchange.keys() & {"request", "reply"}:
            raise CannotRead(
                f'{file}:{number}: expected {{"request": …, "reply": …}} / 每行应为一次交易'
            )
        yield exchange


def conform(schema: Interface, exchanges: Iterable[Mapping[str, Any]]) -> Iterator[Finding]:
    """Yield what exchanges have that the specification does not allow."""
    for number, exchange in enumerate(exchanges, 1):
        request, reply = exchange.get("request"), exchange.get("reply")
        infno = str(request.get("infno", "")) if isinstance(request, dict) else ""
        infno = infno or str(exchange.get("infno", ""))
        for side, kind, fault in _exchange(schema, infno, request, reply):
            yield Finding(number, infno, side, kind, fault)


Found = tuple[Literal["request", "reply"], Kind, Fault]


def _exchange(schema: Interface, infno: str, request: Any, reply: Any) -> Iterator[Found]:
    transaction = schema.transactions.get(infno)
    if transaction is None and not infno and request is None:
        yield from _reply(schema, None, reply)  # a reply alone does not say what it answers
        return
    if transaction is None:
        says = f"规范没有交易“{infno[:10]}”"
        yield "request", "fault", Fault(ROOT, "infno", "交易编号", 0, says)
        return
    if request is not None:
        yield from _side(schema, "request", schema.request, request)
        yield from _number(request)
        if isinstance(request, dict) and isinstance(request.get("input"), dict):
            yield from _body(schema, "request", transaction.input, request["input"])
    if reply is not None:
        yield from _reply(schema, transaction, reply)


def _reply(schema: Interface, transaction: Transaction | None, reply: Any) -> Iterator[Found]:
    yield from _side(schema, "reply", schema.reply, reply)
    if not isinstance(reply, dict):
        return
    done = str(reply.get("infcode")) == "0"
    if done and transaction and transaction.output:
        yield from _body(schema, "reply", transaction.output, reply.get("output"))
    if not done and not absent(reply.get("infcode")) and absent(reply.get("err_msg")):
        why = Fault(ROOT, "err_msg", "错误信息", 0, "交易失败时应说明原因")
        yield "reply", "fault", why


def _number(request: Any) -> Iterator[Found]:
    """Yield what is wrong with a message's number; whether there is one, the schema says."""
    number = request.get("msgid") if isinstance(request, dict) else None
    if not isinstance(number, str) or not number:
        return
    who = str(request.get("fixmedins_code") or number)[:12]
    if not (number.startswith(who) and _is_number(number[len(who) :])):
        says = f"应为机构编号、时间(yyyyMMddHHmmss)和4位顺序号，收到“{number[:40]}”"
        yield "request", "fault", Fault(ROOT, "msgid", "发送方报文ID", 0, says)


def _is_number(rest: str) -> bool:
    """Tell whether what follows the institution is a time and four digits."""
    if not re.fullmatch("[0-9]{18}", rest):
        return False
    try:
        datetime.strptime(rest[:14], "%Y%m%d%H%M%S")  # noqa: DTZ007 (only whether it is one)
    except ValueError:
        return False
    return True


def _side(
    schema: Interface, side: Literal["request", "reply"], node: Node, message: Any
) -> Iterator[Found]:
    yield from _told(side, check({ROOT: node}, message, schema.codes))


def _body(
    schema: Interface,
    side: Literal["request", "reply"],
    nodes: Mapping[str, Node],
    message: Any,
) -> Iterator[Found]:
    found = check(nodes, message, schema.codes)
    yield from _told(side, found)
    names = {f.name: f.zh for node in nodes.values() for f in node.fields.values()}
    yield from ((side, "identity", fault) for fault in broken(found, names))


def _told(side: Literal["request", "reply"], found: Checked) -> Iterator[Found]:
    yield from ((side, "fault", fault) for fault in found.faults)
    yield from ((side, "extra", fault) for fault in found.extra)
