"""3101, 3102: orders are held against rules of use before and during care. 3103: what came of it.

A rule that cannot tell is a row of its own that says so, of severity 0: no row means that all rules
that were asked for had an answer and none was broken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Literal

from yibao.agency.review.questions import Stage, answer, keep
from yibao.agency.review.rules import RULES, Finding, Order, Patient, review
from yibao.api.national.exchange import Exchange, Failed, Handler, Output
from yibao.api.national.visiting import number as our_number
from yibao.interop.national import coding
from yibao.interop.national.check import Row
from yibao.interop.national.rows import day, fen, text

_SEXES: Mapping[str, Literal["male", "female"]] = {"1": "male", "2": "female"}
CLEARLY, NOT_EVALUATED = "1", "0"
"""How severe a finding is. The interface has no word for what could not be evaluated: 0 is ours."""


def _asked(stage: Stage) -> Handler:
    def handler(exchange: Exchange) -> Output:
        wanted = exchange.row().get("rule_ids", ())
        assert isinstance(wanted, list | tuple)
        if not all(isinstance(name, str) and name.isprintable() for name in wanted):
            raise Failed("规则标识集合(rule_ids)：应为文本数组")
        told = []
        for row in exchange.rows("patient_dtos"):
            told += _patient(exchange, stage, row, [str(name)[:50] for name in wanted])
        return {"result": told}

    return handler


def _patient(
    exchange: Exchange, stage: Stage, row: Row, wanted: Sequence[str]
) -> list[dict[str, Any]]:
    born = day(row, "brdy")
    assert born is not None
    patient = Patient(text(row, "patn_id"), _SEXES.get(text(row, "gend"), ""), born)
    findings = review(exchange.connection, patient, list(_orders(row)), wanted)
    own = exchange.institution.institution_id
    numbers = keep(exchange.connection, own, stage, patient.patient_id, findings)
    return [_told(row, at, finding) for at, finding in zip(numbers, findings, strict=True)]


def _orders(row: Row) -> Sequence[Order]:
    """Return the orders of all encounters of a patient; each of the day on which it began."""
    encounters: Any = row["fsi_encounter_dtos"]
    return [
        Order(text(one, "rx_id"), text(one, "hilist_code"), _began(one), fen(one, "sumamt"))
        for encounter in encounters
        for one in encounter["fsi_order_dtos"]
    ]


def _began(order: Row) -> date:
    on = day(order, "drord_begn_date")
    assert on is not None
    return on


def _told(row: Row, number: int, finding: Finding) -> dict[str, Any]:
    broken = finding.verdict == "broken"
    title = RULES[finding.rule][0].zh if finding.rule in RULES else finding.rule
    amount = sum(one.fen for one in finding.orders) if broken else 0
    return {
        "jr_id": str(number),
        "rule_id": finding.rule,
        "rule_name": title if broken else f"{title}（未评估）"[:200],
        "vola_cont": finding.why.zh,
        "patn_id": text(row, "patn_id"),
        "mdtrt_id": text(row, "curr_mdtrt_id"),
        "judge_result_detail_dtos": [
            {
                "jrd_id": f"{number}-{at}",
                "patn_id": text(row, "patn_id"),
                "mdtrt_id": text(row, "curr_mdtrt_id"),
                "rx_id": one.number,
                "vola_item_type": "1" if broken else "2",
                "vola_amt": coding.yuan(one.fen if broken else 0),
            }
            for at, one in enumerate(finding.orders, 1)
        ],
        "vola_amt": coding.yuan(amount),
        "vola_amt_stas": "1" if broken else "0",
        "sev_deg": CLEARLY if broken else NOT_EVALUATED,
        "vola_bhvr_type": "2",
    }


def _answered(exchange: Exchange) -> Output:
    for at, row in enumerate(exchange.rows("warns"), 1):
        finding = our_number(text(row, "warn_rslt_id"))
        did = text(row, "dspo_way")
        if not did:
            raise Failed(f"第{at}行 处理方式(dspo_way)：必填")
        own, why = exchange.institution.institution_id, text(row, "dspo_way_rea")
        answer(exchange.connection, own, finding, did, why)
    return None


HANDLERS: Mapping[str, Handler] = {
    "3101": _asked("before"),
    "3102": _asked("during"),
    "3103": _answered,
}
