"""2601: whoever does not know whether a message was done makes sure that it is not.

A message is done or it is not, and its reply stands under its number where it is. What was done is
taken back; what was not can never be done any more, should the message still arrive. Either way the
message is answered from then on with that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from yibao.agency.visits import settling, visit
from yibao.agency.visits.visit import Of
from yibao.api.national import done, visiting
from yibao.api.national.exchange import Exchange, Failed, Handler, Output
from yibao.interop.national.rows import text


def _reverse(exchange: Exchange) -> Output:
    given = exchange.row()
    infno, msgid = text(given, "oinfno"), text(given, "omsgid")
    undo = UNDO.get(infno)
    if undo is None:
        raise Failed(f"原交易编号(oinfno)：交易{infno}不能冲正，可冲正{'、'.join(UNDO)}")
    if msgid == exchange.key.key:
        raise Failed("原发送方报文ID(omsgid)：不能是冲正报文自己")
    key = replace(exchange.key, key=msgid)
    message = done.ended(exchange.connection, key)
    if message is not None:
        if not message.infno:
            raise Failed(
                "原发送方报文ID(omsgid)：该报文办理时未留交易编号，请以2103、2208、2305或2404撤销"
            )
        if message.infno != infno:
            raise Failed("原发送方报文ID(omsgid)：该报文不是原交易编号(oinfno)所称的交易")
        undo(exchange, message.output, text(given, "psn_no"))
        done.undo(exchange.connection, key)
    return None


def _settlement(exchange: Exchange, output: Mapping[str, Any], person: str) -> None:
    info = output["setlinfo"]
    connection, office = exchange.connection, exchange.service.office
    number = visiting.number(str(info["setl_id"]))
    of = _of(exchange, info["mdtrt_id"], person)
    settling.take_back(connection, office, of, number, actor=exchange.actor)


def _admission(exchange: Exchange, output: Mapping[str, Any], person: str) -> None:
    of = _of(exchange, output["result"]["mdtrt_id"], person)
    visit.withdraw(exchange.connection, of, actor=exchange.actor)


def _reversal(exchange: Exchange, output: Mapping[str, Any], person: str) -> None:
    """Refuse: what was taken back is settled anew, by the rules and the state of now."""
    raise Failed("原撤销交易已成功，原结算已不存在；需要时请重新结算")


def _of(exchange: Exchange, number: object, person: str) -> Of:
    return Of(visiting.number(str(number)), exchange.institution.institution_id, person)


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
