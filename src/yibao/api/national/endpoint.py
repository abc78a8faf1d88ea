"""The entry: read the envelope, check it, hand the input to its handler, answer; always 200.

A message is done once: `msgid` is its institution's, and the same message gets the same reply, to
the byte. A message that was refused left no trace and may be put right and sent again. What only
reads, or says what would be, is answered anew each time and not kept.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote

import psycopg
import simplejson
from anyio import from_thread
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from yibao.agency.desk.model import Key, KeyUsed
from yibao.agency.sign_in import check_signed_in
from yibao.api.guard.principal import Principal
from yibao.api.guard.rates import TooOften
from yibao.api.guard.tokens import Tokens
from yibao.api.national import done, services
from yibao.api.national.exchange import Exchange, Failed, Stream
from yibao.api.national.gateway import NotAdmitted, Speaker
from yibao.api.national.handlers import HANDLERS, NOT_ANSWERED, READS, TRIES
from yibao.api.national.reply import now, number_of, reply
from yibao.api.national.saying import NOTHING, said_of, says
from yibao.api.once import kept
from yibao.api.problems import RETRY_AFTER, STATUS
from yibao.api.routing import Twice, object_of
from yibao.api.service import Service, service_of
from yibao.clock import today
from yibao.errors import YibaoError
from yibao.interop.national.check import Checked, Row, check
from yibao.interop.national.load import interface
from yibao.interop.national.model import ROOT, Transaction
from yibao.interop.national.rows import text
from yibao.registry.find import Institution, institution
from yibao.store.database import Connection, see_one_instant
from yibao.store.errors import StoreError
from yibao.store.sight import Sight, seeing

router = APIRouter(tags=["national"], include_in_schema=False)

ENTRY = "/fsi/api/rsfComIfsService/callService"
"""The address of the one entry that dispatches on `infno`."""

LARGER = {re.compile("/fsi/api/.*"): 16 << 20}
"""Bytes of a message: a long stay has some thousands of fee lines."""

SIGN_IN = "9001"
"""The one transaction that nobody has to have signed in for."""

Speaks = frozenset[str] | None

defects = logging.getLogger("yibao.defects")


async def _body(request: Request) -> bytes:
    """Return a message; where nobody is listened to, or not to whoever sends it, it is not read."""
    national = service_of(request).national
    gateway = national.gateway
    if not national.transports or (gateway is not None and not gateway.hears(request.headers)):
        return b""
    return await request.body()


Body = Annotated[bytes, Depends(_body)]


@router.post(ENTRY, operation_id="speak")
def call(request: Request, body: Body) -> Response:
    """Answer a message; which transaction it is, says its `infno`."""
    return _answered(request, body, AT_ENTRY)


@router.post("/fsi/api/{service}/{method}", operation_id="speakToService")
def call_service(request: Request, body: Body, service: str, method: str) -> Response:
    """Answer a message to the path of its service."""
    return _answered(request, body, Asked("services", services.of(service, method) or ""))


@dataclass(frozen=True, slots=True)
class Asked:
    """By which transport a message came, and which transaction its path is of."""

    transport: Literal["entry", "services"]
    infno: str | None = None


AT_ENTRY = Asked("entry")


def _answered(request: Request, body: bytes, asked: Asked) -> Response:
    service = service_of(request)
    try:
        speaker = _speaker(service, request, body)
    except NotAdmitted as error:
        return _turned_away(request, str(error))
    try:
        _count(request, speaker)
    except TooOften:
        if speaker is None:
            return _too_often()
        received = now()
        number = number_of(service.office.policy.region.division, received)
        return _sent(reply(number, received, None, errors=[STATUS[429].zh]))
    speaks = None if speaker is None else speaker.institutions
    return _sent(answer(service, body, asked, speaks))


def _speaker(service: Service, request: Request, body: bytes) -> Speaker | None:
    """Return whose key signed a request, None where nobody has to sign; raises NotAdmitted."""
    gateway = service.national.gateway
    return None if gateway is None else gateway.admit(request.headers, body)


def _turned_away(request: Request, why: str) -> Response:
    """Answer somebody whom the gateway does not know, in its own words: there is no envelope."""
    try:
        _count(request, None)
    except TooOften:
        return _too_often()
    return JSONResponse({"code": 401, "message": why}, 401)


def _too_often() -> Response:
    told = {"code": 429, "message": STATUS[429].zh}
    return JSONResponse(told, 429, {"Retry-After": RETRY_AFTER})


def _count(request: Request, speaker: Speaker | None) -> None:
    """Count a request of who signed it, or of its address; raises TooOften.

    Where whoever asks is believed, nobody is counted. Rates are the event loop's alone, and this
    runs in a thread beside it.
    """
    tokens: Tokens | None = request.app.state.tokens
    if tokens is None:
        return
    if speaker is None:
        from_thread.run_sync(tokens.count_stranger, request)
    else:
        from_thread.run_sync(tokens.count, Principal(f"interface {speaker.name}"))


def _sent(told: str | Stream) -> Response:
    if isinstance(told, Stream):
        name = f"attachment; filename*=UTF-8''{quote(told.name)}"
        headers = {"Content-Disposition": name}
        return Response(told.content, headers=headers, media_type="application/octet-stream")
    return Response(told.encode(errors="replace"), media_type="application/json")


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
        caller = f"interface {text(self.envelope, 'fixmedins_code')}"
        return Key(caller, text(self.envelope, "msgid"), digest)


def answer(
    service: Service, body: bytes, asked: Asked = AT_ENTRY, speaks: Speaks = None
) -> str | Stream:
    """Return the reply to a message, whatever it is; of a file that is fetched, the file.

    `speaks` are the institutions for which the gateway lets it speak, None where there is none.
    """
    received = now()
    number = number_of(service.office.policy.region.division, received)
    said = NOTHING
    try:
        _check_open(service, asked)
        message = _read(service, body, received, number)
        said = said_of(
            service.national.profile, message.transaction, message.input, message.envelope
        )
        _check_asked(message, asked, speaks)
        with seeing(Sight("institution", text(message.envelope, "fixmedins_code"))):
            return _done(service, message)
    except KeyUsed:
        errors = ["发送方报文ID(msgid)已用于另一内容不同的报文"]
    except YibaoError as refused:
        errors = [_unavailable(refused)] if isinstance(refused, StoreError) else says(refused, said)
    except (psycopg.OperationalError, psycopg.InterfaceError) as lost:
        errors = [_unavailable(lost)]
    except psycopg.errors.InsufficientPrivilege as kept_back:
        defects.error("kept by the database: %s", kept_back)
        errors = [STATUS[403].zh]
    except psycopg.Error as refused:
        name = refused.diag.constraint_name or refused.diag.sqlstate or ""
        defects.error("constraint of the database: %s", name)
        errors = [f"数据库不接受此值[{name}]"]
    except Exception as defect:
        defects.exception("a message")
        errors = [f"{STATUS[500].zh}[{type(defect).__name__}]"]
    return reply(number, received, None, errors=errors)


def _unavailable(error: Exception) -> str:
    defects.error("database: %s", error)
    return STATUS[503].zh


# --- reading --------------------------------------------------------------------------------------


def _read(service: Service, body: bytes, received: datetime, number: str) -> _Message:
    """Return a message that has nothing wrong with it; raises Failed."""
    given = _parsed(body)
    schema = interface(service.national.profile)
    envelope = _right(check({ROOT: schema.request}, given, schema.codes)).one(ROOT)
    infno = text(envelope, "infno")
    transaction = schema.transactions.get(infno)
    if transaction is None:
        raise Failed(f"交易报文不正确：未知交易编号“{infno}”")
    if infno not in HANDLERS:
        why = NOT_ANSWERED[infno]
        raise Failed(f"本中心未开通交易{infno}（{transaction.zh}）：{why}")
    found = _right(check(transaction.input, given["input"], schema.codes))
    return _Message(given, envelope, transaction, found, received, number)


def _parsed(body: bytes) -> Mapping[str, Any]:
    try:
        given = simplejson.loads(
            body.decode(), use_decimal=True, parse_constant=_refused, object_pairs_hook=object_of
        )
    except Twice as twice:
        raise Failed(twice.text.zh) from None
    except UnicodeDecodeError:
        raise Failed("报文应为UTF-8编码的JSON") from None
    except (ValueError, ArithmeticError, RecursionError):
        raise Failed("报文不是JSON") from None
    if not isinstance(given, dict):
        raise Failed("报文应为JSON对象")
    return given


def _refused(constant: str) -> None:
    raise ValueError(constant)


def _right(found: Checked) -> Checked:
    if found.faults:
        raise Failed(*map(str, found.faults))
    return found


def _check_open(service: Service, asked: Asked) -> None:
    """Refuse what came by a way that is not open, and say which one is or how to open one."""
    transports = service.national.transports
    if asked.transport in transports:
        return
    if not transports:
        raise Failed(
            "本中心未开通国家接口：请经办机构以 yibao serve --interface 网关设置 开通；"
            "本机试用以 --trust-actor 或 yibao sandbox"
        )
    way = ENTRY if "entry" in transports else "/fsi/api/transaction/交易编号"
    raise Failed(f"本中心未开通此接入地址，请用{way}")


def _check_asked(message: _Message, asked: Asked, speaks: Speaks) -> None:
    """Refuse what came to another transaction's path, or for another institution."""
    infno = message.transaction.infno
    if asked.infno not in {None, infno}:
        path = f"交易{asked.infno}的地址" if asked.infno else "没有此服务地址"
        raise Failed(f"交易编号(infno)：{infno}，{path}")
    if speaks is not None and text(message.envelope, "fixmedins_code") not in speaks:
        raise Failed("定点医药机构编号(fixmedins_code)：与网关用户不符")


# --- doing ----------------------------------------------------------------------------------------


def _done(service: Service, message: _Message) -> str | Stream:
    handler = HANDLERS[message.transaction.infno]
    key = message.key

    def told(connection: Connection) -> str | Stream:
        who = _institution(connection, message.envelope)
        if service.national.sign_in == "required" and message.transaction.infno != SIGN_IN:
            _check_signed_in(connection, message.envelope, who)
        exchange = Exchange(
            service, connection, message.transaction, message.envelope, message.input, who, key
        )
        output = handler(exchange)
        if isinstance(output, Stream):
            return output
        return reply(message.number, message.received, output)

    def read(connection: Connection) -> str | Stream:
        see_one_instant(connection)
        return told(connection)

    def write(connection: Connection) -> tuple[int, str]:
        made = told(connection)
        assert isinstance(made, str), "what writes answers with an envelope"
        return 200, done.written(message.transaction.infno, made)

    def tried(connection: Connection) -> str | Stream:
        with connection.transaction(force_rollback=True):
            return told(connection)

    if message.transaction.infno in READS:
        return service.database.run(read)
    if message.transaction.infno in TRIES:
        return service.database.run(tried)
    return done.reply_of(kept(service.database, key, write, done.check_stands)[1])


def _institution(connection: Connection, envelope: Row) -> Institution:
    code = text(envelope, "fixmedins_code")
    who = institution(connection, code, today())
    if who is None:
        raise Failed(f"定点医药机构编号(fixmedins_code)：没有登记或已终止定点“{code}”")
    return who


def _check_signed_in(connection: Connection, envelope: Row, who: Institution) -> None:
    """Refuse a message of an operator who has not signed in today at the institution."""
    number = text(envelope, "sign_no")
    if not number:
        raise Failed("交易签到流水号(sign_no)：本中心要求签到后办理，请先签到(9001)")
    operator = text(envelope, "opter")
    check_signed_in(connection, who.institution_id, number, operator, today())
