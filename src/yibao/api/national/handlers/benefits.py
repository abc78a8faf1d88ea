"""2001: whether a person has benefits for a kind of care, and why not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from yibao.agency.enrolment.persons import find, unknown
from yibao.agency.filing.intake import SPECIAL
from yibao.agency.qualification.sites import Site, qualifies
from yibao.api.national import visiting
from yibao.api.national.exchange import Exchange, Handler, Output
from yibao.interop.national import care
from yibao.interop.national.rows import text
from yibao.registry.find import REASONS, agreement_refusal
from yibao.settlement.enrolment import Enrolment
from yibao.settlement.model import Status

BY_FUND = "01"
"""The kind of check that is about a fund."""


def _check(exchange: Exchange) -> Output:
    given = exchange.row()
    person, day = text(given, "psn_no"), visiting.begins(given).date()
    scheme = visiting.scheme(given)
    if find(exchange.connection, person) is None:
        raise unknown(person)
    statuses = exchange.service.office.registers.statuses(exchange.connection, person, told={})
    enrolment = Enrolment(statuses)
    status = enrolment.status(person, day)
    if status is not None and enrolment.scheme(status) != scheme:
        status = None
    reason = _refusal(exchange, status, scheme, day)
    return {
        "trtinfo": [
            {
                "psn_no": person,
                "trt_chk_type": BY_FUND,
                "fund_pay_type": care.PAYERS["pool_pay"].code(scheme),
                "trt_enjymnt_flag": "0" if reason else "1",
                "begndate": status.first if status else day,
                "enddate": status.last if status else None,
                "trt_chk_rslt": reason or None,
            }
        ]
    }


def _refusal(exchange: Exchange, status: Status | None, scheme: str, day: date) -> str:
    """Return why there are no benefits, "" where there are."""
    given = exchange.row()
    if status is None:
        return f"{day} 没有该险种的待遇"
    visit = visiting.care_of(exchange, given).visit
    institution = text(given, "fixmedins_code")
    rule = agreement_refusal(exchange.connection, institution, day, visit, scheme)
    if rule is not None:
        return REASONS[rule].zh
    disease = visiting.facts(exchange, given).get("disease")
    at = Site(institution, "")
    if visit in SPECIAL and not qualifies(
        exchange.connection, status.person_id, str(disease), day, at
    ):
        return "该病种没有认定，或不在选定的机构，按普通门诊结算"
    return ""


HANDLERS: Mapping[str, Handler] = {"2001": _check}
READS = frozenset({"2001"})
"""Those that only read."""
