"""Replies: the envelope around an output, and around what went wrong, in Chinese."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from secrets import randbelow
from typing import Any

import simplejson

from yibao.clock import CHINA
from yibao.interop.national.values import written

MAX_MESSAGE = 200
"""Characters of `err_msg`."""

MAX_WARNING = 2000
"""Characters of `warn_msg`, which has what `err_msg` has no room for."""


def now() -> datetime:
    """Return the local time of a message."""
    return datetime.now(CHINA)


def number_of(division: str, at: datetime) -> str:
    """Return our number of a message: division, second, ten digits that nobody can guess."""
    return f"{division}{at:%Y%m%d%H%M%S}{randbelow(10**10):010d}"


def reply(number: str, received: datetime, output: Any, *, errors: Sequence[str] = ()) -> str:
    """Return a reply under our number of the message: done, unless there are errors."""
    told = _fitting(errors, MAX_MESSAGE, "，见warn_msg")
    envelope = {
        "infcode": -1 if errors else 0,
        "inf_refmsgid": number,
        "refmsg_time": _stamp(received),
        "respond_time": _stamp(now()),
        "err_msg": told or None,
        "output": output,
    }
    if told != "；".join(errors):
        envelope["warn_msg"] = _fitting(errors, MAX_WARNING)
    return simplejson.dumps(envelope, ensure_ascii=False, default=written, use_decimal=True)


def _stamp(at: datetime) -> str:
    """Return a time of an envelope, to the millisecond."""
    return at.strftime("%Y%m%d%H%M%S%f")[:17]


def _fitting(errors: Sequence[str], most: int, elsewhere: str = "") -> str:
    """Return as many errors as there is room for, whole ones but for the first, and how many more.

    `elsewhere` says where those are.
    """
    whole = "；".join(errors)
    if len(whole) <= most:
        return whole
    for shown in range(len(errors) - 1, 0, -1):
        told = "；".join(errors[:shown]) + f"；另有{len(errors) - shown}处{elsewhere}"
        if len(told) <= most:
            return told
    more = f"…；另有{len(errors) - 1}处{elsewhere}" if len(errors) > 1 else f"…{elsewhere}"
    return errors[0][: most - len(more)] + more
