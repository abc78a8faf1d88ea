"""A settlement as the interface tells of it: sums, payers, how each came about, line by line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import partial
from typing import Any

from yibao.agency.desk.find import found
from yibao.agency.desk.office import NOTHING
from yibao.agency.desk.postings import shares
from yibao.agency.enrolment.persons import find, unknown
from yibao.agency.visits.charges import Row
from yibao.agency.visits.settling import Done, Undone
from yibao.agency.visits.visit import Visit
from yibao.api.national.exchange import Exchange
from yibao.interop.national import care, coding
from yibao.interop.national.load import interface
from yibao.ledger.funds import HOSPITAL, PERSONAL
from yibao.policy.program import Instruction
from yibao.policy.vocabulary import vocabulary
from yibao.registry.find import REASONS
from yibao.settlement.enrolment import Enrolment, age_on
from yibao.settlement.explain import Line
from yibao.settlement.model import Settlement

MAX_PROCESS = 4000
"""Characters of the text that says how a payment came about."""


def settled(exchange: Exchange, done: Done, claim_no: str) -> dict[str, Any]:
    """Return the reply to a settlement or a pre-settlement of a visit."""
    made = done.settled
    settlement = made.settlement
    shared = {**shares(settlement), "amounts": made.bill.amounts, "total": settlement.total}
    booked = bool(made.settlement_id)
    info = {
        **_whose(exchange, done.visit, settlement.scheme, settlement.day),
        "psn_type": coding.CATEGORIES[_category(exchange, settlement)],
        **_sums(shared),
        "clr_type": coding.clearing_class(_visit(settlement)),
        "setl_id": str(made.settlement_id) if booked else None,
        "setl_time": settlement.claim.settled_at if booked else None,
        "act_pay_dedc": coding.yuan(_deductible(settlement)),
        "pool_prop_selfpay": _rate(settlement),
        "balc": coding.yuan(made.account_balance),
        "medins_setl_id": claim_no,
    }
    explained = exchange.service.explainer.explain(settlement).lines
    return {"setlinfo": info, "setldetail": _payers(shared, settlement.scheme, explained)}


def _visit(settlement: Settlement) -> str:
    """Return as what a visit was settled: special care may have been ordinary."""
    names = [a.name for a in vocabulary().of("claim") if a.kind != "number"]
    return str(settlement.claim.facts[names.index("visit")])


def taken_back(exchange: Exchange, undone: Undone, claim_no: str) -> dict[str, Any]:
    """Return the reply to the taking back of a settlement: the same sums, below zero."""
    row, taken = undone.taken.settlement, undone.taken
    reversal = found(exchange.connection, taken.settlement_id)
    info = {
        **_whose(exchange, undone.visit, row["scheme"], date.fromisoformat(row["day"])),
        "psn_type": coding.CATEGORIES[row["person_facts"]["category"]],
        **_sums(row, -1),
        "clr_type": coding.clearing_class(row["visit"]),
        "setl_id": str(taken.settlement_id),
        "setl_time": datetime.fromisoformat(reversal["settled_at"]),
        "act_pay_dedc": None,
        "pool_prop_selfpay": Decimal(0),
        "balc": coding.yuan(taken.account_balance),
        "medins_setl_id": claim_no,
    }
    return {"setlinfo": info, "setldetail": _payers(row, row["scheme"], sign=-1)}


# --- whose it is --------------------------------------------------------------------------------


def _whose(exchange: Exchange, visit: Visit, scheme: str, day: date) -> dict[str, Any]:
    """Return of whom a settlement is, and of which visit."""
    person = find(exchange.connection, visit.person_id)
    if person is None:
        raise unknown(visit.person_id)
    return {
        "mdtrt_id": str(visit.visit_id),
        "psn_no": person.person_id,
        "psn_name": person.name or "未登记",
        "psn_cert_type": coding.IDENTITY_TYPES[person.identity_type],
        "certno": person.identity_number or "无",
        "gend": coding.SEXES[person.sex],
        "brdy": person.birth_date,
        "age": Decimal(age_on(person.birth_date, day)),
        "insutype": coding.SCHEMES[scheme],
        "cvlserv_flag": "0",
        "mdtrt_cert_type": visit.says.get("mdtrt_cert_type"),
        "med_type": visit.says["med_type"],
        "clr_optins": exchange.division,
        "clr_way": "1",
    }


def _category(exchange: Exchange, settlement: Settlement) -> str:
    """Return as what a person was insured whose claim has just been settled."""
    person = settlement.claim.person_id
    statuses = exchange.service.office.registers.statuses(exchange.connection, person, told=NOTHING)
    status = Enrolment(statuses).status(person, settlement.day)
    assert status is not None
    names = [a.name for a in vocabulary().of("person") if a.kind != "number"]
    return str(status.facts[names.index("category")])


# --- sums ---------------------------------------------------------------------------------------


def _sums(shared: Row, sign: int = 1) -> dict[str, Decimal]:
    """Return the sums of a settlement, `sign` times what they are."""
    amounts = shared["amounts"]
    fen = dict.fromkeys(care.SUMS, 0)
    for payer, paid in shared["funds"].items():
        fen[care.PAYERS[payer].sum] += paid
    fen |= {
        "medfee_sumamt": shared["total"],
        "fulamt_ownpay_amt": amounts.get("out_of_catalogue", 0),
        "overlmt_selfpay": amounts.get("over_limit", 0),
        "preselfpay_amt": amounts.get("first_self_pay", 0),
        "inscp_scp_amt": amounts.get("in_scope", 0),
        "fund_pay_sumamt": shared["fund_pay"],
        "hosp_part_amt": shared["hospital_pay"],
        "acct_pay": shared["account_pay"],
        "psn_cash_pay": shared["cash_pay"],
        "psn_part_amt": shared["account_pay"] + shared["cash_pay"],
        "acct_mulaid_pay": 0,
    }
    return {name: coding.yuan(sign * amount) for name, amount in fen.items()}


def _deductible(settlement: Settlement) -> int:
    """Return the deductible that a settlement bore, 0 where its rules know none."""
    try:
        return settlement.figure("deductible")
    except KeyError:
        return 0


def _rate(settlement: Settlement) -> Decimal:
    """Return the share that the pool paid of what it shared in, to four decimals.

    Where several rates applied, it is their mean by the amounts that each was for.
    """
    memory, structure = settlement.memory, settlement.program.structure
    paid = base = Fraction(0)
    for instruction in structure.instructions:
        if instruction.step.layer == "basic":
            for part, rate in _shared(instruction, memory, structure.denominator):
                base += part
                paid += part * rate
    rate = paid / base if base else Fraction(0)
    exact = Decimal(rate.numerator) / Decimal(rate.denominator)
    return exact.quantize(Decimal("0.0001"), ROUND_HALF_UP)


def _shared(i: Instruction, memory: list[int], denominator: int) -> Iterator[tuple[int, Fraction]]:
    """Yield the amounts that a step shared, each with its rate."""
    if i.op == "share":
        yield memory[i.slot("of")], Fraction(memory[i.slot("rate")], denominator)
    elif i.op == "bands":
        uplift = sum(memory[slot] for slot in i.slots("uplift"))
        for n, rate in enumerate(i.slots("rates")):
            yield memory[i.first_out + n], Fraction(memory[rate] + uplift, denominator)


# --- payers -------------------------------------------------------------------------------------


def _payers(
    shared: Row, scheme: str, lines: Sequence[Line] = (), sign: int = 1
) -> list[dict[str, Any]]:
    """Return every payer but the person's cash, with how its part came about."""
    paid = {
        **shared["funds"],
        HOSPITAL: shared["hospital_pay"],
        PERSONAL: shared["account_pay"],
    }
    in_scope = coding.yuan(sign * shared["amounts"].get("in_scope", 0))
    names = interface().codes["fund_pay_type"].values
    return [
        {
            "fund_pay_type": care.PAYERS[payer].code(scheme),
            "inscp_scp_amt": in_scope,
            "crt_payb_lmt_amt": None,
            "fund_payamt": coding.yuan(sign * fen),
            "fund_pay_type_name": names[care.PAYERS[payer].code(scheme)],
            "setl_proc_info": _process(payer, lines),
        }
        for payer, fen in paid.items()
        if fen
    ]


def _process(payer: str, lines: Sequence[Line]) -> str | None:
    """Return as JSON in a text how a payment came about: the steps of its layer that moved money.

    Each step has its arithmetic in yuan and the provision behind it, document and article. Where
    the text would be too long the last steps stand, which lead to the result.
    """
    fund = vocabulary().funds.get(payer)
    if fund is None or not lines:
        return None
    steps = [_step(line) for line in lines if line.layer == fund.layer and line.moves]
    write = partial(json.dumps, ensure_ascii=False, separators=(",", ":"))
    while len(write(steps)) > MAX_PROCESS:
        steps = steps[1:]
    return write(steps)


def _step(line: Line) -> dict[str, str]:
    return {
        "polItemCode": line.step,
        "polItemName": line.says.zh,
        "formula": line.formula,
        "cite": f"{line.source.name.zh} {line.source.cite}",
    }


# --- lines --------------------------------------------------------------------------------------


def line(row: Row) -> dict[str, Any]:
    """Return a line as it was priced by the catalogue of its day."""
    kind, standard = row["item_kind"], row["standard"]
    patent = kind == "drug" and row["code"].startswith("Z")
    return {
        "feedetl_sn": row["number"],
        "det_item_fee_sumamt": coding.yuan(row["total"]),
        "cnt": _decimal(row["quantity"]),
        "pric": _decimal(row["price"] / 100),
        "pric_uplmt_amt": (
            Decimal(care.NO_LIMIT) if standard is None else Decimal(standard).scaleb(-2)
        ),
        "selfpay_prop": Decimal(1) if row["item_class"] == "C" else Decimal(row["rate"]),
        "fulamt_ownpay_amt": coding.yuan(row["out_of_catalogue"]),
        "overlmt_amt": coding.yuan(row["over_limit"]),
        "preselfpay_amt": coding.yuan(row["first_self_pay"]),
        "inscp_scp_amt": coding.yuan(row["in_scope"]),
        "chrgitm_lv": coding.ITEM_CLASSES[row["item_class"]],
        "med_chrgitm_type": care.PATENT_MEDICINE if patent else coding.CHARGE_TYPES[kind],
        "lmt_used_flag": "1" if row["reason"] == "not_approved" else "0",
        "drt_reim_flag": "0",
        "memo": REASONS[row["reason"]].zh if row["reason"] else None,
    }


def _decimal(exact: Fraction) -> Decimal:
    """Return a number with finitely many decimals as it is."""
    return Decimal(exact.numerator) / Decimal(exact.denominator)
