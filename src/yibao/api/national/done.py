"""What is kept of a message: which transaction it was and its reply; or that 2601 was before it.

What is kept is never changed, so that a message was undone is kept beside it, under a caller of its
own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import simplejson

from yibao.agency.desk.model import Key
from yibao.api.national.exchange import Failed
from yibao.api.once import Kept, found, keep, look
from yibao.store.database import Connection

_NEVER = "冲正：原交易未发生，此报文ID不再受理"
"""What is kept in place of a message that never came."""


@dataclass(frozen=True, slots=True)
class Done:
    """A message that was done: its output, and of which transaction; "": an earlier version of ours
    did it, which did not keep that."""

    infno: str
    output: Mapping[str, Any]


def written(infno: str, reply: str) -> str:
    """Return what is kept of a message: a reply is one line."""
    return f"{infno}\n{reply}"


def reply_of(kept: str) -> str:
    """Return the reply in what is kept of a message."""
    return kept.rpartition("\n")[2]


def check_stands(connection: Connection, key: Key, kept: Kept) -> None:
    """Refuse a message that came before, if at all, and that 2601 has undone or shut out."""
    if kept.reply == _NEVER or _undone(connection, key):
        raise Failed(
            "发送方报文ID(msgid)：该报文已被2601冲正，不再受理；需要办理的，请用新的报文ID发送"
        )


def ended(connection: Connection, key: Key) -> Done | None:
    """Return what a message did; None: it was not done, and never will be.

    Where it is being done, its end is waited for. Of the key nothing but whose it is counts.
    """
    kept = found(connection, key.caller, key.key)
    if kept is None:
        digest = hashlib.sha256(_NEVER.encode()).hexdigest()
        keep(connection, replace(key, digest=digest), 200, _NEVER)
        return None
    if kept.reply == _NEVER:
        return None
    infno, _, reply = kept.reply.rpartition("\n")
    output = simplejson.loads(reply, use_decimal=True).get("output")
    return Done(infno, output if isinstance(output, dict) else {})


def undo(connection: Connection, key: Key) -> None:
    """Keep that a message is undone; `ended` has locked its key."""
    if not _undone(connection, key):
        keep(connection, _beside(key), 200, "")


def _undone(connection: Connection, key: Key) -> bool:
    beside = _beside(key)
    return look(connection, beside.caller, beside.key) is not None


def _beside(key: Key) -> Key:
    return replace(key, caller=f"undone {key.caller}")
