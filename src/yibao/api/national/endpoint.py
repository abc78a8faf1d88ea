"""The entry: read the envelope, check it, hand the input to its handler, answer; always 200.

A message is done once: `msgid` is of its institution, and the same message gets the same reply, to
the byte. A message that was refused left no trace and may be put right and sent again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import simplejson
from fastapi import APIRouter, Request, Response

from yibao.agency.desk.model import Key, KeyUsed
from yibao.api.national.exchange import Exchange, Failed
from yibao.api.national.handlers import HANDLERS
from yibao.api.national.reply import now, reply, says
from yibao.api.once import replayed_or
from yibao.api.service import Service, service_of
from yibao.errors import YibaoError
from yibao.interop.national.check import Checked, Fault, Row, check
from yibao.interop.national.load import interface
from yibao.interop.national.model import Interface, Transaction

router = APIRouter(tags=["national"])

MAX_FAULTS = 5
"""Most faults of a message that its reply names."""

TOO_LONG = "收到的报文过大"
"""What a body above the limit is told (see `api.limit`)."""


@router.post("/fsi/api/rsfComIfsService/callService", include_in_schema=False)
async def call(request: Request) -> Response:
    """Answer a message; which transaction, says its `infno`."""
    received = now()
    text = await request.body()
    from anyio.to_thread import run_sync

    told = await run_sync(answer, service_of(request), text, received)
    return Response(told, media_type="application/json")


def answer(service: Service, text: bytes, received: datetime) -> str:
    """Return the reply to a message, whatever it is."""
    message = _read(text)
    if message is None:
        return reply("", received, error="报文不是JSON对象")
    schema = interface(service.profile)
    envelope = check({".": schema.request}, message, schema.codes)
    if envelope.faults:
        return reply("", received, error=_told(envelope.faults))
    around = envelope.one(".")
    transaction = schema.transactions.get(str(around["infno"]))
    if transaction is None or transaction.infno not in HANDLERS:
        return reply("", received, error=f"没有交易{around['infno']}，或本中心未开通")
    checked = check(transaction.input, message["input"], schema.codes)
    if checked.faults:
        return reply("", received, error=_told(checked.faults))
    return _done(service, transaction, around, checked, received)


def _read(text: bytes) -> Mapping[str, Any] | None:
    try:
        message = simplejson.loads(text, use_decimal=True)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None


def _told(faults: list[Fault]) -> str:
    more = f"；另有{len(faults) - MAX_FAULTS}处" if len(faults) > MAX_FAULTS else ""
    return "；".join(map(str, faults[:MAX_FAULTS])) + more
