"""Replies: the envelope around an output, and around what went wrong, in Chinese."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import simplejson

from yibao.agency.desk.model import DeskError
from yibao.agency.enrolment.refusal import Refusal
from yibao.api.national.exchange import Failed
from yibao.api.problems import RULES, STATUS
from yibao.errors import ClaimError, PolicyError, YibaoError
from yibao.interop.national.values import written

ZONE = ZoneInfo("Asia/Shanghai")
MAX_MESSAGE = 200
"""Characters of `err_msg`."""


def now() -> datetime:
    """Return the local time of a message."""
    return datetime.now(ZONE)


def stamp(at: datetime) -> str:
    """Return a time of an envelope, to the millisecond."""
    return at.strftime("%Y%m%d%H%M%S%f")[:17]


def reply(
    number: str, received: datetime, *, output: Any = None, error: str = "", warning: str = ""
) -> str:
    """Return a reply under our message's number: done unless there is an error."""
    envelope = {
        "infcode": -1 if error else 0,
        "inf_refmsgid": number,
        "refmsg_time": stamp(received),
        "respond_time": stamp(now()),
        "err_msg": error[:MAX_MESSAGE] or None,
        "warn_msg": warning or None,
        "output": output,
    }
    return simplejson.dumps(envelope, ensure_ascii=False, default=written, use_decimal=True)


def says(error: YibaoError) -> str:
    """Return what is told of an error, in Chinese."""
    match error:
        case Failed():
            return str(error)
        case DeskError() | ClaimError():
            title = RULES.get(error.rule, (422, STATUS[422]))[1].zh
            return f"{title}：{error.column}={error.value}[{error.rule}]"
        case Refusal():
            return f"{error.text.zh}[{error.name}]"
        case PolicyError():
            return f"{error.text.zh}[{error.name}]"
        case _:
            return f"{STATUS[422].zh}[{type(error).__name__}]"
