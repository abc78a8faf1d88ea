"""Replies: the envelope around an output, and around what went wrong, in Chinese."""

from __future__ import annotations

from datetime import datetime
from secrets import randbelow
from typing import Any

import simplejson

from yibao.agency.desk.bill import BadLines
from yibao.agency.desk.model import DeskError
from yibao.agency.enrolment.refusal import Refusal
from yibao.api.national.exchange import Failed
from yibao.api.problems import RULES, STATUS
from yibao.clock import CHINA
from yibao.errors import ClaimError, CodeError, PolicyError, YibaoError
from yibao.interop.national.values import written

MAX_MESSAGE = 200
"""Characters of `err_msg`."""


def now() -> datetime:
    """Return the local time of a message."""
    return datetime.now(CHINA)


def number_of(division: str, at: datetime) -> str:
    """Return our number of a message: division, second, ten digits that nobody can guess."""
    return f"{division}{at:%Y%m%d%H%M%S}{randbelow(10**10):010d}"


def reply(number: str, received: datetime, output: Any, *, error: str = "") -> str:
    """Return a reply under our number of the message: done, unless there is an error."""
    envelope = {
        "infcode": -1 if error else 0,
        "inf_refmsgid": number,
        "refmsg_time": _stamp(received),
        "respond_time": _stamp(now()),
        "err_msg": error[:MAX_MESSAGE] or None,
        "output": output,
    }
    return simplejson.dumps(envelope, ensure_ascii=False, default=written, use_decimal=True)


def _stamp(at: datetime) -> str:
    """Return a time of an envelope, to the millisecond."""
    return at.strftime("%Y%m%d%H%M%S%f")[:17]


def says(error: YibaoError) -> str:
    """Return what is told of an error, in Chinese."""
    match error:
        case Failed():
            return str(error)
        case BadLines():
            number, first = error.problems[0]
            more = len(error.problems) - 1
            return f"第{number}行 {says(first)}" + (f"；另有{more}行" if more else "")
        case DeskError():
            return (
                f"{error.zh or _title(error.rule)}（{error.column}：{error.value}）[{error.rule}]"
            )
        case ClaimError():
            return f"{_title(error.rule)}（{error.column}：{error.value}）[{error.rule}]"
        case Refusal() | PolicyError():
            return f"{error.text.zh}[{error.name}]"
        case CodeError():
            return error.text.zh
        case _:
            return f"{STATUS[422].zh}[{type(error).__name__}]"


def _title(rule: str) -> str:
    return RULES.get(rule, (422, STATUS[422]))[1].zh
