"""The door: whose key signed a request, how often each may come, what strangers are told.

Who is known is answered in an envelope, whatever comes; who is not, in the gateway's own words.
"""

from __future__ import annotations

from anyio import from_thread
from fastapi import Request, Response
from fastapi.responses import JSONResponse

from yibao.api.guard.principal import Principal
from yibao.api.guard.rates import TooOften
from yibao.api.guard.tokens import Tokens
from yibao.api.national.gateway import Gateway, Speaker
from yibao.api.problems import RETRY_AFTER, STATUS


def speaker(request: Request, body: bytes, gateway: Gateway | None) -> Speaker | None:
    """Return whose key signed a request, None where nobody has to sign; raises NotAdmitted."""
    return None if gateway is None else gateway.admit(request.headers, body)


def count(request: Request, who: Speaker | None) -> None:
    """Count a request of who signed it, or of its address; raises TooOften.

    Where whoever asks is believed, nobody is counted. Rates are the event loop's alone, and this
    runs in a thread beside it.
    """
    tokens: Tokens | None = request.app.state.tokens
    if tokens is None:
        return
    if who is None:
        from_thread.run_sync(tokens.count_stranger, request)
    else:
        from_thread.run_sync(tokens.count, Principal(f"interface {who.name}"))


def turned_away(request: Request, why: str) -> Response:
    """Answer somebody whom the gateway does not know."""
    try:
        count(request, None)
    except TooOften:
        return too_often()
    return JSONResponse({"code": 401, "message": why}, 401)


def too_often() -> Response:
    """Answer an address that nobody is known by and that asks too often."""
    told = {"code": 429, "message": STATUS[429].zh}
    return JSONResponse(told, 429, {"Retry-After": RETRY_AFTER})
