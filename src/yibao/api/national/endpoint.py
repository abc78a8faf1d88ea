"""The entry: read the envelope, check it, hand the input to its handler, answer; always 200.

A message is done once: `msgid` is its institution's, and the same message gets the same reply, to
the byte. A message that was refused left no trace and may be put right and sent again. What only
reads, or says what would be, is answered anew each time and not kept.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import psycopg
import simplejson
from fastapi import APIRouter, Depends, Request, Response

from yibao.agency.desk.model import Key, KeyUsed
from yibao.api.national.exchange import Exchange, Failed
from yibao.api.national.handlers import HANDLERS, READS, TRIES
from yibao.api.national.reply import now, number_of, reply, says
from yibao.api.once import kept
from yibao.api.problems import STATUS
from yibao.api.service import Service, service_of
from yibao.clock import today
from yibao.errors import YibaoError
from yibao.interop.national.check import Checked, Fault, Row, check
from yibao.interop.national.load import interface
from yibao.interop.national.model import ROOT, Transaction
from yibao.registry.find import institution
from yibao.store.database import Connection, see_one_instant
from yibao.store.errors import StoreError

router = APIRouter(tags=["national"], include_in_schema=False)

ENTRY = "/fsi/api/rsfComIfsService/callService"
"""The address of the one entry that dispatches on `infno`."""

LARGER = {re.compile("/fsi/api/.*"): 16 << 20}
"""Bytes of a message: a long stay has some thousands of fee lines."""

MAX_FAULTS = 5
"""Most faults of a message that its reply names."""

defects = logging.getLogger("yibao.defects")


async def _body(request: Request) -> bytes:
    return await request.body()


Body = Annotated[bytes, Depends(_body)]


@router.post(ENTRY)
def call(request: Request, body: Body) -> Response:
    """Answer a message; which transaction it is, says its `infno`."""
    return _sent(answer(service_of(request), body))


def _sent(text: str) -> Response:
    return Response(text.encode(errors="replace"), media_type="application/json")


@dataclass(frozen=True, slots=True, eq=False)
class _Message:
    """A message without faults, as it came in and as it was read; `number` is ours of it."""

    given: Mapping[str, Any]
    envelope: Row
    transaction: Transaction
    input: Checked
    received: datetime
    number: str

    @property
    def key(self) -> Key:
        """The message's idempotency key; no other caller has a blank in its name."""
        told = simplejson.dumps(self.given, sort_keys=True, use_decimal=True)
        digest = hashlib.sha256(told.encode(errors="backslashreplace")).hexdigest()
        caller = f"interface {self.envelope['fixmedins_code']}"
        return Key(caller, str(self.envelope["msgid"]), digest)


def answer(service: Service, body: bytes) -> str:
    """Return the reply to a message, whatever it is."""
    received = now()
    number = number_of(service.office.policy.region.division, received)
    try:
        return _done(service, _read(service, body, received, number))
    except KeyUsed:
        error = "发送方报文ID(msgid)已用于另一内容不同的报文"
    except YibaoError as refused:
        error = _unavailable(refused) if isinstance(refused, StoreError) else says(refused)
    except (psycopg.OperationalError, psycopg.InterfaceError) as lost:
        error = _unavailable(lost)
    except psycopg.Error as refused:
        name = refused.diag.constraint_name or refused.diag.sqlstate or ""
        defects.error("constraint of the database: %s", name)
        error = f"数据库不接受此值[{name}]"
    except Exception as defect:
        defects.exception("a message")
        error = f"{STATUS[500].zh}[{type(defect).__name__}]"
    return reply(number, received, None, error=error)


def _unavailable(error: Exception) -> str:
    defects.error("database: %s", error)
    return STATUS[503].zh


# --- reading --------------------------------------------------------------------------------------


def _read(service: Service, body: bytes, received: datetime, number: str) -> _Message:
    """Return a message that has nothing wrong with it; raises Failed."""
    given = _parsed(body)
    schema = interface(service.national.profile)
    envelope = _right(check({ROOT: schema.request}, given, schema.codes)).one(ROOT)
    infno = str(envelope["infno"])
    transaction = schema.transactions.get(infno)
    if transaction is None:
        raise Failed(f"交易报文不正确：未知交易编号“{infno}”")
    if infno not in HANDLERS:
        raise Failed(f"本中心未开通交易{infno}（{transaction.zh}）")
    found = _right(check(transaction.input, given["input"], schema.codes))
    return _Message(given, envelope, transaction, found, received, number)


def _parsed(body: bytes) -> Mapping[str, Any]:
    try:
        given = simplejson.loads(
            body.decode(), use_decimal=True, parse_constant=_refused, object_pairs_hook=_once_each
        )
    except UnicodeDecodeError:
        raise Failed("报文应为UTF-8编码的JSON") from None
    except (ValueError, ArithmeticError, RecursionError):
        raise Failed("报文不是JSON") from None
    if not isinstance(given, dict):
        raise Failed("报文应为JSON对象")
    return given


def _refused(constant: str) -> None:
    raise ValueError(constant)


def _once_each(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; raises Failed where a name comes twice: which is meant?"""
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Failed(f"报文中{twice[:40]}出现多次")
    return made


def _right(found: Checked) -> Checked:
    if found.faults:
        raise Failed(_told(found.faults))
    return found


def _told(faults: Sequence[Fault]) -> str:
    more = f"；另有{len(faults) - MAX_FAULTS}处" if len(faults) > MAX_FAULTS else ""
    return "；".join(map(str, faults[:MAX_FAULTS])) + more


# --- doing ----------------------------------------------------------------------------------------


def _done(service: Service, message: _Message) -> str:
    handler = HANDLERS[message.transaction.infno]
    key = message.key

    def work(connection: Connection) -> tuple[int, str]:
        who = _institution(connection, message.envelope)
        exchange = Exchange(
            service, connection, message.transaction, message.envelope, message.input, who, key
        )
        return 200, reply(message.number, message.received, handler(exchange))

    def read(connection: Connection) -> tuple[int, str]:
        see_one_instant(connection)
        return work(connection)

    def tried(connection: Connection) -> tuple[int, str]:
        with connection.transaction(force_rollback=True):
            return work(connection)

    if message.transaction.infno in READS:
        return service.database.run(read)[1]
    if message.transaction.infno in TRIES:
        return service.database.run(tried)[1]
    return kept(service.database, key, work)[1]


def _institution(connection: Connection, envelope: Row) -> Any:
    code = str(envelope["fixmedins_code"])
    who = institution(connection, code, today())
    if who is None:
        raise Failed(f"定点医药机构编号(fixmedins_code)：没有登记或已终止定点“{code}”")
    return who
