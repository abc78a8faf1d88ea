"""2101 to 2103: a purchase at a pharmacy, charged and settled at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from yibao.agency.visits import settling
from yibao.agency.visits.settling import Bought, Purchase, Wanted
from yibao.agency.visits.visit import Begun
from yibao.api.national import settled, visiting
from yibao.api.national.exchange import Exchange, Failed, Handler, Output
from yibao.api.national.handlers import visits
from yibao.interop.national.check import Row
from yibao.interop.national.rows import text


def _asked(exchange: Exchange) -> Purchase:
    given, rows = exchange.row("druginfo"), exchange.rows("drugdetail")
    visiting.check_voucher(exchange, given)
    if not rows:
        raise Failed("购药明细(drugdetail)：至少一行")
    visiting.check_charges(rows, "drugdetail")
    care = visiting.care_of(exchange, given)
    begun = Begun(
        kind="pharmacy",
        institution_id=exchange.institution.institution_id,
        person_id=text(given, "psn_no"),
        scheme=visiting.scheme(given),
        number="",
        begun_at=visiting.begins(given),
        visit=care.visit,
        facts=visiting.facts(exchange, given),
        says=visiting.says(given),
    )
    wanted = Wanted(
        claim_no=text(exchange.envelope, "msgid"),
        scheme=begun.scheme,
        from_account=visiting.from_account(given),
        stated=visiting.stated(given),
        boxes=visiting.boxes(exchange.rows("durg_trac_info")),
    )
    return Purchase(begun, tuple(visiting.charges(rows)), wanted, _prescription(rows))


def _prescription(rows: Sequence[Row]) -> int | None:
    """Return the prescription from elsewhere that all lines fill; None where none is told of."""
    flagged = {text(row, "rxno") for row in rows if text(row, "rx_circ_flag") == "1"}
    if not flagged:
        return None
    whole = len(flagged) == 1 and all(text(row, "rx_circ_flag") == "1" for row in rows)
    number = visiting.number(next(iter(flagged))) if whole else 0
    if not number:
        raise Failed("处方号(drugdetail.rxno)：外购处方的一次购药应全部为同一处方，填处方流水号")
    return number


def _told(exchange: Exchange, bought: Bought) -> Output:
    claim_no = text(exchange.envelope, "msgid")
    output = settled.settled(exchange, bought, claim_no)
    # there is no visit yet where nothing was settled, and the schema wants both
    output["setlinfo"]["setl_time"] = bought.settled.settlement.claim.settled_at
    output["detlcutinfo"] = [settled.line(row) for row in bought.rows]
    return visits.told_all(exchange, output)


def _presettle(exchange: Exchange) -> Output:
    asked = _asked(exchange)
    return _told(exchange, settling.prebuy(exchange.connection, exchange.service.office, asked))


def _settle(exchange: Exchange) -> Output:
    connection, office = exchange.connection, exchange.service.office
    return _told(exchange, settling.buy(connection, office, _asked(exchange), actor=exchange.actor))


HANDLERS: Mapping[str, Handler] = {
    "2101": _presettle,
    "2102": _settle,
    "2103": visits.take_back,
}
TRIES = frozenset({"2101"})
"""Those that say what would be: nothing of them stays."""
