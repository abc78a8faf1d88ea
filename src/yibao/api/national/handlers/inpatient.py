"""2401 to 2405 and 2301 to 2305: a stay, from admission to its settlement after the discharge."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from yibao.agency.visits import charges, visit
from yibao.agency.visits.settling import Wanted
from yibao.agency.visits.visit import Begun, Of, Visit
from yibao.api.national import visiting
from yibao.api.national.exchange import Exchange, Failed, Handler, Output
from yibao.api.national.handlers import visits
from yibao.interop.national.check import Row
from yibao.interop.national.rows import day, text, time
from yibao.policy.model import Value

DIED = "5"
"""The way of leaving a hospital that is death."""


def _admit(exchange: Exchange) -> Output:
    given, diseases = exchange.row("mdtrtinfo"), exchange.rows("diseinfo")
    visiting.check_voucher(exchange, given)
    visiting.check_physician(exchange, given)
    begun = Begun(
        kind="stay",
        institution_id=exchange.institution.institution_id,
        person_id=text(given, "psn_no"),
        scheme=visiting.scheme(given),
        number=text(given, "ipt_no"),
        begun_at=visiting.begins(given),
        visit=visiting.care_of(exchange, given).visit,
        facts=visiting.facts(exchange, given),
        says=visiting.says(given, practitioner_id=given.get("atddr_no")),
    )
    connection, office = exchange.connection, exchange.service.office
    made = visit.begin(connection, office, begun, actor=exchange.actor)
    visit.diagnose(connection, made, "admission", visiting.diagnoses(diseases))
    return {"result": {"mdtrt_id": str(made)}}


def _discharge(exchange: Exchange) -> Output:
    given, diseases = exchange.row("dscginfo"), exchange.rows("diseinfo")
    of = visiting.visit_of(exchange, given)
    told = visiting.facts(exchange, given)
    if text(given, "dscg_way") == DIED and _observed(exchange, of):
        told["outcome"] = "death"
    visit.discharge(
        exchange.connection,
        of,
        ended_at=visiting.begins(given, "endtime"),
        facts=told,
        says=visiting.says(given),
        actor=exchange.actor,
    )
    visit.diagnose(exchange.connection, of.visit_id, "discharge", visiting.diagnoses(diseases))
    return None


def _observed(exchange: Exchange, of: Of) -> bool:
    return visit.held(exchange.connection, of).visit == "emergency_observation"


def _change(exchange: Exchange) -> Output:
    given, diseases = exchange.row("adminfo"), exchange.rows("diseinfo")
    of = visiting.visit_of(exchange, given)
    known = visit.held(exchange.connection, of)
    if time(given, "endtime") not in {None, known.ended_at}:
        raise Failed(
            "结束时间(adminfo.endtime)：出院时间以出院办理(2402)为准，改正请先撤销出院(2405)"
        )
    visit.describe(
        exchange.connection,
        exchange.service.office,
        of,
        begun_at=visiting.begins(given),
        visit=visiting.care_of(exchange, given).visit,
        facts={**_births(known), **visiting.facts(exchange, given)},
        says=visiting.says(given, practitioner_id=given.get("atddr_no")),
        actor=exchange.actor,
    )
    visit.diagnose(
        exchange.connection,
        of.visit_id,
        "admission" if known.ended_at is None else "discharge",
        visiting.diagnoses(diseases),
    )
    return {}


def _births(known: Visit) -> dict[str, Value]:
    """Return what was told of a birth, which a later change need not repeat."""
    return {n: known.facts[n] for n in ("delivery", "pregnancy") if n in known.facts}


def _undo_discharge(exchange: Exchange) -> Output:
    of = visiting.visit_of(exchange, exchange.row())
    visit.undo_discharge(exchange.connection, of, actor=exchange.actor)
    return None


def _withdraw_charges(exchange: Exchange) -> Output:
    rows = exchange.rows("data")
    of = visiting.one_visit(exchange, rows)
    numbers = {text(row, "feedetl_sn") for row in rows}
    wanted = None if visiting.ALL in numbers else numbers
    charges.withdraw_charges(exchange.connection, of, numbers=wanted, actor=exchange.actor)
    return None


def _wanted(exchange: Exchange, given: Row) -> Wanted:
    visiting.check_voucher(exchange, given)
    visiting.by_item(given)
    return Wanted(
        claim_no=text(exchange.envelope, "msgid"),
        scheme=visiting.scheme(given),
        interim=text(given, "mid_setl_flag") == "1",
        until=day(given, "dscgTime"),
        from_account=visiting.from_account(given),
        stated=visiting.stated(given),
    )


HANDLERS: Mapping[str, Handler] = {
    "2301": visits.charge,
    "2302": _withdraw_charges,
    "2303": partial(visits.presettle, wanted_of=_wanted),
    "2304": partial(visits.settle, wanted_of=_wanted),
    "2305": visits.take_back,
    "2401": _admit,
    "2402": _discharge,
    "2403": _change,
    "2404": visits.withdraw,
    "2405": _undo_discharge,
}
TRIES = frozenset({"2303"})
"""Those that say what would be: nothing of them stays."""
