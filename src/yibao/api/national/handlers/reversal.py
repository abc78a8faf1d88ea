"""2601: whoever does not know whether a message was done makes sure that it is not.

A message is done or it is not, and its reply stands under its number where it is. What was done is
taken back; what was not can never be done any more, should the message still arrive.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import simplejson

from yibao.agency.desk.model import Key
from yibao.agency.visits import settling, visit
from yibao.agency.visits.visit import Of
from yibao.api.national import visiting
from yibao.api.national.exchange import Exchange, Failed, Handler, Output
from yibao.api.once import found, keep
from yibao.interop.national.rows import text

NEVER = "冲正：原交易未发生，此报文ID不再受理"
"""What is kept in place of the reply of a message that never came."""


def _reverse(exchange: Exchange) -> Output:
    given = exchange.row()
    infno = text(given, "oinfno")
    undo = UNDO.get(infno)
    if undo is None:
        raise Failed(f"原交易编号(oinfno)：交易{infno}不能冲正，可冲正{'、'.join(UNDO)}")
    done = _reply(exchange, text(given, "omsgid"))
    if done is not None:
        undo(exchange, done, text(given, "psn_no"))
    return None


def _reply(exchange: Exchange, msgid: str) -> Mapping[str, Any] | None:
    """Return the output of a message that was done; None: it was not, and will not be.

    Where it is being done, its end is waited for.
    """
    caller = exchange.key.caller
    if msgid == exchange.key.key:
        raise Failed("原发送方报文ID(omsgid)：不能是冲正报文自己")
    kept = found(exchange.connection, caller, msgid)
    if kept is None:
        digest = hashlib.sha256(NEVER.encode()).hexdigest()
        keep(exchange.connection, Key(caller, msgid, digest), 200, NEVER)
        return None
    if kept.reply == NEVER:
        return None
    output = simplejson.loads(kept.reply, use_decimal=True)["output"]
    return output if isinstance(output, dict) else {}


def _settlement(exchange: Exchange, output: Mapping[str, Any], person: str) -> None:
    info = output.get("setlinfo") or {}
    if not {"mdtrt_id", "setl_id"} <= info.keys():
        raise _another()
    connection, office = exchange.connection, exchange.service.office
    number = visiting.number(str(info["setl_id"]))
    of = _of(exchange, info["mdtrt_id"], person)
    settling.take_back(connection, office, of, number, actor=exchange.actor)


def _admission(exchange: Exchange, output: Mapping[str, Any], person: str) -> None:
    result = output.get("result")
    if not isinstance(result, dict) or "mdtrt_id" not in result:
        raise _another()
    visit.withdraw(
        exchange.connection, _of(exchange, result["mdtrt_id"], person), actor=exchange.actor
    )


def _reversal(exchange: Exchange, output: Mapping[str, Any], person: str) -> None:
    """Refuse: what was taken back is settled anew, by the rules and the state of now."""
    raise Failed("原撤销交易已成功，原结算已不存在；需要时请重新结算")


def _of(exchange: Exchange, number: object, person: str) -> Of:
    return Of(visiting.number(str(number)), exchange.institution.institution_id, person)


def _another() -> Failed:
    return Failed("原发送方报文ID(omsgid)：该报文不是原交易编号(oinfno)所称的交易")


UNDO: Mapping[str, Callable[[Exchange, Mapping[str, Any], str], None]] = {
    "2102": _settlement,
    "2103": _reversal,
    "2207": _settlement,
    "2207A": _settlement,
    "2208": _reversal,
    "2304": _settlement,
    "2305": _reversal,
    "2401": _admission,
}
"""How what a transaction has done is undone."""

HANDLERS: Mapping[str, Handler] = {"2601": _reverse}
