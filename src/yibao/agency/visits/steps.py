"""The steps of a visit: which may follow which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from yibao.agency.enrolment.refusal import Refusal
from yibao.text import Text

Kind = Literal["outpatient", "pharmacy", "stay"]
State = Literal["open", "discharged", "settled", "withdrawn"]
Step = Literal[
    "describe",
    "charge",
    "withdraw_charges",
    "pre_settle",
    "settle",
    "settle_interim",
    "take_back",
    "discharge",
    "undo_discharge",
    "withdraw",
]

STATES: Mapping[State, Text] = {
    "open": Text("尚在进行", "open"),
    "discharged": Text("已出院未结算", "discharged and not settled"),
    "settled": Text("已出院结算", "discharged and settled"),
    "withdrawn": Text("已撤销", "withdrawn"),
}
STEPS: Mapping[Step, Text] = {
    "describe": Text("登记就诊信息", "be described"),
    "charge": Text("上传费用明细", "be charged"),
    "withdraw_charges": Text("撤销费用明细", "have charges withdrawn"),
    "pre_settle": Text("预结算", "be pre-settled"),
    "settle": Text("结算", "be settled"),
    "settle_interim": Text("中途结算", "be settled in between"),
    "take_back": Text("撤销结算", "have a settlement taken back"),
    "discharge": Text("办理出院", "end by discharge"),
    "undo_discharge": Text("撤销出院", "have its discharge undone"),
    "withdraw": Text("撤销登记", "be withdrawn"),
}

CARE: Mapping[Kind, frozenset[str]] = {
    "outpatient": frozenset(
        {
            *("outpatient", "emergency", "emergency_observation", "special_outpatient"),
            *("chronic_outpatient", "two_disease", "family_doctor", "maternity_outpatient"),
            *("long_term_care", "pharmacy"),  # a pharmacy may register who brings a prescription
        }
    ),
    "pharmacy": frozenset({"pharmacy", "special_outpatient", "chronic_outpatient", "two_disease"}),
    "stay": frozenset(
        {"inpatient", "maternity_inpatient", "emergency_observation", "long_term_care"}
    ),
}
"""The visits of the vocabulary that a visit of a kind may be."""

_ANY_TIME: Mapping[State, State] = {"open": "open", "discharged": "discharged"}
_WHILE_OPEN: Mapping[State, State] = {"open": "open"}

MOVES: Mapping[Kind, Mapping[Step, Mapping[State, State]]] = {
    # An outpatient visit is settled batch by batch, and is open for another one afterwards.
    "outpatient": {
        "describe": _WHILE_OPEN,
        "charge": _WHILE_OPEN,
        "withdraw_charges": _WHILE_OPEN,
        "pre_settle": _WHILE_OPEN,
        "settle": _WHILE_OPEN,
        "take_back": _WHILE_OPEN,
        "withdraw": {"open": "withdrawn"},
    },
    # A purchase is charged and settled at once, and taken back as a whole.
    "pharmacy": {
        "charge": _WHILE_OPEN,
        "settle": _WHILE_OPEN,
        "take_back": {"open": "withdrawn"},
    },
    # A stay is settled after the discharge; what is settled before that is an interim settlement.
    "stay": {
        "describe": _ANY_TIME,
        "charge": _ANY_TIME,
        "withdraw_charges": _ANY_TIME,
        "pre_settle": _ANY_TIME,
        "settle_interim": _WHILE_OPEN,
        "discharge": {"open": "discharged"},
        "undo_discharge": {"discharged": "open"},
        "settle": {"discharged": "settled"},
        "take_back": {**_ANY_TIME, "settled": "discharged"},
        "withdraw": {"open": "withdrawn"},
    },
}
"""What a step makes of a visit of a kind, by its state; what is not here is refused."""


def after(kind: Kind, state: State, step: Step) -> State:
    """Return the state of a visit after a step; raises Refusal for one that may not come now."""
    found = MOVES[kind].get(step, {}).get(state)
    if found is None:
        is_now, may_not = STATES[state], STEPS[step]
        raise Refusal(
            "visit_state",
            f"就诊{is_now.zh}，不能{may_not.zh}",
            f"the visit is {is_now.en}: it may not {may_not.en}",
            column="visit_id",
        )
    return found


def fits(kind: Kind, visit: str) -> None:
    """Raise Refusal unless a visit of a kind may be such a visit of the vocabulary."""
    if visit not in CARE[kind]:
        raise Refusal(
            "visit_kind",
            "该医疗类别不能这样就诊：门诊、住院、药店应与医疗类别一致",
            f"{visit} is not what one comes for so: {', '.join(sorted(CARE[kind]))}",
            column="visit",
        )
