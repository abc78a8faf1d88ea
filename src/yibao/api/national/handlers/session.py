"""9001, 9002: an operator signs in and out."""

from __future__ import annotations

from collections.abc import Mapping

from yibao.agency.sign_in import sign_in, sign_out
from yibao.api.national.exchange import Exchange, Handler, Output
from yibao.interop.national.rows import text


def _in(exchange: Exchange) -> Output:
    given = exchange.row("signIn")
    made = sign_in(
        exchange.connection,
        exchange.institution.institution_id,
        text(given, "opter_no"),
        mac=text(given, "mac"),
        address=text(given, "ip"),
    )
    return {"signinoutb": {"sign_time": made.at.date(), "sign_no": made.number}}


def _out(exchange: Exchange) -> Output:
    given = exchange.row("signOut")
    at = sign_out(
        exchange.connection,
        exchange.institution.institution_id,
        text(given, "sign_no"),
        text(given, "opter_no") or text(exchange.envelope, "opter"),
    )
    return {"sign_time": at.date()}


HANDLERS: Mapping[str, Handler] = {"9001": _in, "9002": _out}
