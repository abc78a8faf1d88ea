"""What is told of an error: which field of the message, what stands there, what is wrong with it.

The agency names what an error is about in its own terms. Here that becomes the field of the message
that says it, by the Chinese name, the node and the row that whoever sent it knows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from yibao.agency.bills.reasons import of_desk
from yibao.agency.desk.bill import BadLines
from yibao.agency.desk.model import DeskError
from yibao.agency.enrolment.refusal import Refusal
from yibao.api.national.exchange import Failed
from yibao.api.problems import RULES, STATUS
from yibao.errors import ClaimError, CodeError, PolicyError, YibaoError
from yibao.interop.national.check import Checked, Row
from yibao.interop.national.load import interface
from yibao.interop.national.model import ROOT, Node, Transaction
from yibao.interop.national.values import Value, written

SHOWN = 40
"""Characters of a value that an error repeats."""

_OF_LINES: Mapping[str, str] = {
    "served_on": "fee_ocur_time",
    "total": "det_item_fee_sumamt",
    "practitioner_id": "bilg_dr_codg",
    "local_code": "medins_list_codg",
    "code": "med_list_codg",
    "price": "pric",
    "quantity": "cnt",
    "number": "feedetl_sn",
}
"""What the agency calls a line's columns, and the interface."""

_FIELDS: Mapping[str, Sequence[str]] = {
    "person_id": ("psn_no",),
    "institution_id": ("fixmedins_code", "ide_fixmedins_no"),
    "to_institution": ("reflin_medins_no",),
    "practitioner_id": ("atddr_no",),
    "visit_id": ("mdtrt_id",),
    "visit": ("med_type",),
    "disease": ("dise_codg", "opsp_dise_code"),
    "scheme": ("insutype",),
    "begun_at": ("begntime", "endtime"),
    "discharged_on": ("endtime", "dscgTime"),
    "settlement_id": ("setl_id",),
    "batch": ("chrg_bchno",),
    "number": ("feedetl_sn", "sign_no"),
    "claim_no": ("msgid",),
    "from_account": ("acct_used_flag",),
    "gives_back": ("init_feedetl_sn",),
    "trace_code": ("drug_trac_codg",),
    "prescription": ("rxno",),
    "total": ("medfee_sumamt", "det_item_fee_sumamt"),
    "out_of_catalogue": ("fulamt_ownpay_amt",),
    "over_limit": ("overlmt_selfpay",),
    "first_self_pay": ("preselfpay_amt",),
    "in_scope": ("inscp_scp_amt",),
}
"""What the agency calls what it is asked, and the interface: whichever of them a message has."""

_CLAIMS: Mapping[str, str] = {
    "insured on the day of service": "当日没有待遇",
    "max_amount": "金额超过上限",
    "not_negative": "不能小于零",
}
"""Why the core refuses a claim or a line."""

_DO: Mapping[str, str] = {
    "described": "请先上传就诊信息(2203)",
    "not_on_roster": "请核对编码，或请经办机构登入医保医师名录",
    "roster_suspended": "请由有资格的医师开单",
    "not_at_site": "请核对编码，或请经办机构登记执业地点",
    "mapped": "请先对照目录(3301)或填国家编码",
    "visit_agrees": "请改填，或先更正就诊信息(2203)",
    "known_visit": "请核对就诊ID与人员编号",
}
"""What to do about it, in terms of the interface, where the reason alone does not say."""


Said = Sequence[tuple[Node, Sequence[Row]]]
"""What a message said: its nodes, the envelope last, each with its rows."""

NOTHING: Said = ()
"""Where a message could not be read so far."""


def said_of(profile: str, transaction: Transaction, given: Checked, envelope: Row) -> Said:
    """Return what a message said."""
    inside = [(node, given.rows.get(name, ())) for name, node in transaction.input.items()]
    return [*inside, (interface(profile).request, [envelope])]


def says(error: YibaoError, said: Said = NOTHING) -> list[str]:
    """Return what is told of an error, in Chinese, one text for each thing that is wrong."""
    match error:
        case Failed():
            return list(error.parts)
        case BadLines():
            return [f"第{number}行 {_one(one, said, number)}" for number, one in error.problems]
        case DeskError() | ClaimError():
            return [_one(error, said)]
        case Refusal():
            where, _ = _field(error.column, said, 0)
            return [f"{where}{error.text.zh}{_do(error.name)}[{error.name}]"]
        case PolicyError():
            return [f"{error.text.zh}[{error.name}]"]
        case CodeError():
            return [error.text.zh]
        case _:
            return [f"{STATUS[422].zh}[{type(error).__name__}]"]


def _one(error: DeskError | ClaimError, said: Said, number: int = 0) -> str:
    """Return what is told of an error of the desk; of a line by its number, from 1."""
    where, found = _field(error.column, said, number)
    found = found if where else error.value
    shown = f"收到“{found[:SHOWN]}”，" if found else ""
    return f"{where}{shown}{_why(error)}{_do(error.rule)}[{error.rule}]"


def _why(error: DeskError | ClaimError) -> str:
    if isinstance(error, DeskError):
        zh = of_desk(error)[2].zh
        if zh != error.expected:
            return zh
    return _CLAIMS.get(error.rule) or RULES.get(error.rule, (422, STATUS[422]))[1].zh


def _do(rule: str) -> str:
    return f"，{_DO[rule]}" if rule in _DO else ""


def _field(column: str, said: Said, number: int) -> tuple[str, str]:
    """Return where in a message something stands and what stands there; twice "" if nowhere."""
    name = column.removeprefix("facts.")
    own = (_OF_LINES[name],) if number and name in _OF_LINES else _FIELDS.get(name, ())
    for field in own:
        for node, rows in said:
            if field in node.fields:
                path = field if node.name == ROOT else f"{node.name}.{field}"
                at = max(number - 1, 0)
                found = _shown(rows[at].get(field)) if at < len(rows) else ""
                return f"{node.fields[field].zh}({path})：", found
    return "", ""


def _shown(value: Value | None) -> str:
    if value is None:
        return ""
    return format(value, "f") if isinstance(value, Decimal) else str(written(value))
