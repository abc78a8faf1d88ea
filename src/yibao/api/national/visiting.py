"""From messages about visits to what the agency is told: whose, what kind of care, which lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

from yibao.agency.desk.bill import Approval
from yibao.agency.desk.model import DeskError
from yibao.agency.enrolment.persons import RESIDENT_ID, Known, find
from yibao.agency.visits.charges import Charge
from yibao.agency.visits.settling import Box
from yibao.agency.visits.visit import Diagnosis, Of
from yibao.api.desk.bill import check_codes
from yibao.api.national.exchange import Exchange, Failed
from yibao.interop.national import care, coding
from yibao.interop.national.care import Care
from yibao.interop.national.check import Row
from yibao.interop.national.rows import fen, text, time
from yibao.interop.national.values import written
from yibao.money import MAX_CLAIM
from yibao.policy.model import OneOf, Region, Value
from yibao.registry.find import REASONS, practitioner_refusal

IDENTITY_DOCUMENT = "02"
"""The kind of voucher whose number is that of the identity document."""

ALL = "0000"
"""Stands for every line, or every batch, in what is withdrawn."""

_APPROVALS: Mapping[str, Approval] = {"": "none", "0": "none", "1": "given", "2": "refused"}
_DIAGNOSES: Mapping[str, Literal["western", "tcm_disease", "tcm_syndrome"]] = {
    "1": "western",
    "2": "tcm_disease",
    "3": "tcm_syndrome",
}
_STATED: Mapping[str, str] = {
    "medfee_sumamt": "total",
    "fulamt_ownpay_amt": "out_of_catalogue",
    "overlmt_selfpay": "over_limit",
    "preselfpay_amt": "first_self_pay",
    "inscp_scp_amt": "in_scope",
}
_PERSONAL = frozenset(
    {"psn_no", "psn_name", "certno", "mdtrt_cert_no", "card_sn", "coner_name", "tel"}
)
"""Fields that are not written down with a visit: the register has the person."""


def visit_of(exchange: Exchange, row: Row) -> Of:
    """Return which visit a message is about, of the institution that sends it."""
    return Of(
        number(text(row, "mdtrt_id")), exchange.institution.institution_id, text(row, "psn_no")
    )


def number(text: str) -> int:
    """Return one of our numbers, 0 for a text that cannot be one: nothing has that number."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else 0


def scheme(row: Row) -> str:
    """Return the scheme that a message says; raises Failed for one that is not settled here."""
    code = text(row, "insutype")
    found = coding.our(coding.SCHEMES, code)
    if found is None:
        raise Failed(f"险种类型(insutype)：本中心只结算职工(310)和居民(390)基本医保，收到“{code}”")
    return found


def check_voucher(exchange: Exchange, row: Row) -> None:
    """Refuse an identity document, a number of one or a name that is not the person's."""
    by_document = row.get("mdtrt_cert_type") == IDENTITY_DOCUMENT and "mdtrt_cert_no" in row
    if not by_document and not row.keys() & {"certno", "psn_name"}:
        return
    person = find(exchange.connection, text(row, "psn_no"))
    if person is None:
        return  # whoever is not known is refused where the visit or its insurance is looked for
    ours = person.identity_type == RESIDENT_ID and person.identity_number
    if by_document and ours and text(row, "mdtrt_cert_no").upper() != ours:
        raise Failed("就诊凭证编号(mdtrt_cert_no)：不是该人员的证件号码")
    check_known(person, row)


def check_known(person: Known, row: Row) -> None:
    """Refuse a number of a document or a name that is another than the registered one."""
    for name, zh, ours in (
        ("certno", "证件号码", person.identity_number),
        ("psn_name", "人员姓名", person.name or None),
    ):
        if ours is not None and (text(row, name) or ours).upper() != ours.upper():
            raise Failed(f"{zh}({name})：与登记的不一致")


def check_physician(exchange: Exchange, row: Row) -> None:
    """Refuse a visit to a physician whose lines will be refused, before anybody is treated.

    At a pharmacy it is the one who prescribed, elsewhere.
    """
    who, at = text(row, "atddr_no"), exchange.institution
    if not who or at.kind == "pharmacy":
        return
    day = begins(row).date()
    rule = practitioner_refusal(exchange.connection, who, at.institution_id, day)
    if rule is not None:
        raise DeskError(rule, "practitioner_id", who, REASONS[rule].en)


# --- what kind of care --------------------------------------------------------------------------


def care_of(exchange: Exchange, row: Row) -> Care:
    """Return what a medical category is with us; raises Failed for one that is not settled here."""
    code = text(row, "med_type")
    found = care.CARE.get(code)
    if code in care.BY_THE_CASE:
        raise Failed(
            f"医疗类别(med_type)：本中心未开通“{code}”：按病种付费决定基金如何付给机构，"
            "没有规则规定个人如何负担；请按普通门诊(11)或普通住院(21)登记，个人待遇按项目结算"
        )
    if found is None:
        raise Failed(f"医疗类别(med_type)：本中心未开通“{code}”")
    if code == care.EITHER and _has_chronic(exchange.service.office.policy.region):
        return care.CARE["140104"]
    return found


def _has_chronic(region: Region) -> bool:
    """Tell whether a region's rules have chronic diseases, which are its 门诊慢特病 then."""
    return any(
        isinstance(one, OneOf) and one.attribute == "visit" and "chronic_outpatient" in one.codes
        for one in region.conditions()
    )


def facts(exchange: Exchange, row: Row) -> dict[str, Value]:
    """Return what a message says of a visit that rules may look at."""
    kind = care_of(exchange, row) if "med_type" in row else Care("")
    found: dict[str, Value] = dict(kind.facts)
    if kind.visit in {"special_outpatient", "chronic_outpatient"}:
        if "dise_codg" not in row:
            raise Failed("病种编码(dise_codg)：门诊慢特病必填")
        found["disease"] = text(row, "dise_codg")
        check_codes(exchange.service.codes, found)
    delivery = care.DELIVERIES.get(text(row, "matn_type"))
    if delivery is not None:
        found["delivery"] = delivery
    weeks = row.get("geso_val")
    if isinstance(weeks, Decimal):
        found["pregnancy"] = care.pregnancy(int(weeks))
    return found


def says(row: Row, **more: Any) -> dict[str, Any]:
    """Return what a message says of a visit besides, as it said it; nothing of the person."""
    told = {name: _plain(value) for name, value in row.items() if name not in _PERSONAL}
    return {**told, **{name: value for name, value in more.items() if value is not None}}


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; numbers as texts, so that they stay exact."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return str(value) if isinstance(value, Decimal) else written(value)


def diagnoses(rows: Sequence[Row]) -> list[Diagnosis]:
    """Return diagnoses as they are told."""
    return [
        Diagnosis(
            kind=_DIAGNOSES[text(row, "diag_type")],
            number=str(row["diag_srt_no"]),
            code=text(row, "diag_code"),
            name=text(row, "diag_name"),
            main=text(row, "maindiag_flag") == "1",
            department=text(row, "diag_dept"),
            practitioner_id=text(row, "dise_dor_no"),
            diagnosed_at=begins(row, "diag_time"),
            valid=text(row, "vali_flag") != "0",
        )
        for row in rows
    ]


def begins(row: Row, name: str = "begntime") -> datetime:
    """Return a time that a message has to say."""
    found = time(row, name)
    assert found is not None, name
    return found


# --- lines --------------------------------------------------------------------------------------


def charges(rows: Sequence[Row]) -> list[Charge]:
    """Return fee lines as they are told: exact numbers, fen."""
    return [
        Charge(
            number=text(row, "feedetl_sn"),
            code=text(row, "med_list_codg"),
            local_code=text(row, "medins_list_codg"),
            quantity=_exact(row["cnt"]),
            price=_exact(row["pric"]) * 100,
            total=fen(row, "det_item_fee_sumamt"),
            charged_at=begins(row, "fee_ocur_time"),
            batch=text(row, "chrg_bchno"),
            gives_back=text(row, "init_feedetl_sn"),
            practitioner_id=text(row, "bilg_dr_codg"),
            approval=_APPROVALS[text(row, "hosp_appr_flag")],
            says=_further(row),
        )
        for row in rows
    ]


_READ = frozenset(
    {
        *("feedetl_sn", "med_list_codg", "medins_list_codg", "cnt", "pric", "fee_ocur_time"),
        *("det_item_fee_sumamt", "chrg_bchno", "init_feedetl_sn", "mdtrt_id", "bilg_dr_codg"),
    }
)


def _further(row: Row) -> dict[str, Any]:
    return says({name: value for name, value in row.items() if name not in _READ})


def check_charges(rows: Sequence[Row], node: str = "feedetail") -> None:
    """Refuse lines that charge nothing, or that give back without saying what they take from."""
    wrong = [f"第{at}行 {why}" for at, row in enumerate(rows, 1) for why in _no_charge(row, node)]
    if wrong:
        raise Failed(*wrong)


def _no_charge(row: Row, node: str) -> Iterator[str]:
    quantity = _amount(row["cnt"])
    if not quantity:
        yield f"数量({node}.cnt)：不能为0"
    elif (quantity < 0) != ("init_feedetl_sn" in row):
        says = "退单数量为负，并填原费用流水号(init_feedetl_sn)；此交易没有退单的数量应为正"
        yield f"数量({node}.cnt)：{says}"
    if _amount(row["pric"]) < 0:
        yield f"单价({node}.pric)：不能为负"


def boxes(rows: Sequence[Row]) -> list[Box]:
    """Return the boxes that are handed out, each with its code."""
    return [
        Box(text(r, "feedetl_sn"), text(r, "drug_trac_codg"), opened=text(r, "trdn_flag") == "1")
        for r in rows
    ]


def one_visit(exchange: Exchange, rows: Sequence[Row]) -> Of:
    """Return the visit that all lines of a message are of; raises Failed where there are two."""
    if not rows:
        raise Failed("费用明细(feedetail)：至少一行")
    found = {(row["mdtrt_id"], row["psn_no"]) for row in rows}
    if len(found) > 1:
        raise Failed("一次上传的费用明细应为同一人员的同一就诊")
    return visit_of(exchange, rows[0])


def stated(row: Row) -> dict[str, int]:
    """Return the amounts that a message says the lines come to, in fen."""
    return {ours: fen(row, name) for name, ours in _STATED.items() if name in row}


def from_account(row: Row) -> int:
    """Return the most that the personal account may pay, in fen."""
    flag = text(row, "acct_used_flag")
    if flag == "2":
        raise Failed("个人账户使用标志(acct_used_flag)：本中心未开通使用共济人个人账户")
    return MAX_CLAIM if flag == "1" else 0


def by_item(row: Row) -> None:
    """Refuse another way of settling than item by item."""
    if text(row, "psn_setlway") not in {"", "01"}:
        raise Failed(
            "个人结算方式(psn_setlway)：本中心只按项目结算(01)；"
            "没有规则规定按定额结算(02)的定额是多少、个人负担多少"
        )


def _amount(value: Any) -> Decimal:
    assert isinstance(value, Decimal)
    return value


def _exact(value: Any) -> Fraction:
    return Fraction(_amount(value))
