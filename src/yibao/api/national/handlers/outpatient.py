"""2201 to 2208: an outpatient visit, registered, described, charged and settled batch by batch."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from yibao.agency.files import MAX_FILE, keep
from yibao.agency.visits import charges, visit
from yibao.agency.visits.settling import Wanted
from yibao.agency.visits.visit import Begun
from yibao.api.national import visiting
from yibao.api.national.exchange import Exchange, Failed, Handler, Output
from yibao.api.national.handlers import visits
from yibao.interop.national.check import Row
from yibao.interop.national.rows import text


def _register(exchange: Exchange) -> Output:
    given = exchange.row()
    visiting.check_voucher(exchange, given)
    visiting.check_physician(exchange, given)
    begun = Begun(
        kind="outpatient",
        institution_id=exchange.institution.institution_id,
        person_id=text(given, "psn_no"),
        scheme=visiting.scheme(given),
        number=text(given, "ipt_otp_no"),
        begun_at=visiting.begins(given),
        says=visiting.says(given, practitioner_id=given.get("atddr_no")),
    )
    connection, office = exchange.connection, exchange.service.office
    made = visit.begin(connection, office, begun, actor=exchange.actor)
    return {
        "data": {
            "mdtrt_id": str(made),
            "psn_no": begun.person_id,
            "ipt_otp_no": begun.number,
        }
    }


def _describe(exchange: Exchange) -> Output:
    """Say what a visit is: at a hospital, or at a pharmacy that a prescription was brought to."""
    given, diseases = exchange.row("mdtrtinfo"), exchange.rows("diseinfo")
    of = visiting.visit_of(exchange, given)
    visit.describe(
        exchange.connection,
        exchange.service.office,
        of,
        begun_at=visiting.begins(given),
        visit=visiting.care_of(exchange, given).visit,
        facts=visiting.facts(exchange, given),
        says=_without_file(exchange, given),
        actor=exchange.actor,
    )
    visit.diagnose(exchange.connection, of.visit_id, "visit", visiting.diagnoses(diseases))
    return None


def _without_file(exchange: Exchange, given: Row) -> dict[str, Any]:
    """Return what is said of a visit; a picture of its prescription is kept as files are."""
    says = {name: value for name, value in given.items() if name != "rxIn"}
    content = given.get("rxIn")
    if not isinstance(content, bytes):
        return visiting.says(says)
    if len(content) > MAX_FILE:
        raise Failed(f"文件数据(mdtrtinfo.rxIn)：最多{MAX_FILE}字节，收到{len(content)}")
    own, name = exchange.institution.institution_id, text(given, "rxfilename")
    kept = keep(exchange.connection, own, name, content)
    return visiting.says(says, rx_file=kept.number)


def _withdraw_charges(exchange: Exchange) -> Output:
    given = exchange.row()
    batch = text(given, "chrg_bchno")
    charges.withdraw_charges(
        exchange.connection,
        visiting.visit_of(exchange, given),
        batch=None if batch == visiting.ALL else batch,
        actor=exchange.actor,
    )
    return None


def _wanted(exchange: Exchange, given: Row) -> Wanted:
    visiting.check_voucher(exchange, given)
    visiting.by_item(given)
    return Wanted(
        claim_no=text(exchange.envelope, "msgid"),
        scheme=visiting.scheme(given),
        visit=visiting.care_of(exchange, given).visit,
        batch=text(given, "chrg_bchno"),
        from_account=visiting.from_account(given),
        stated=visiting.stated(given),
        boxes=visiting.boxes(exchange.rows("drug_trac_info")),
    )


_presettle = partial(visits.presettle, wanted_of=_wanted)
_settle = partial(visits.settle, wanted_of=_wanted)

HANDLERS: Mapping[str, Handler] = {
    "2201": _register,
    "2202": visits.withdraw,
    "2203": _describe,
    "2203A": _describe,
    "2204": visits.charge,
    "2205": _withdraw_charges,
    "2206": _presettle,
    "2206A": _presettle,
    "2207": _settle,
    "2207A": _settle,
    "2208": visits.take_back,
}
TRIES = frozenset({"2206", "2206A"})
"""Those that say what would be: nothing of them stays."""
