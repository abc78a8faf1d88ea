"""2501 to 2507: referrals, special diseases, chosen institutions, accidents; 5301, 5302, 5304.

A filing's number has a letter for what it is, since the agency numbers each kind by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from yibao.agency.enrolment.persons import Known, find, unknown
from yibao.agency.filing import accidents, cancelling, choices, referrals
from yibao.agency.filing.accidents import Accident
from yibao.agency.qualification import diseases
from yibao.agency.qualification.diseases import Finding
from yibao.api.national.exchange import Exchange, Failed, Handler, Output
from yibao.interop.national import coding
from yibao.interop.national.rows import day, text
from yibao.registry.find import disease, institution

Letter = Literal["R", "D", "C", "A"]


def _number(letter: Letter, number: int) -> Output:
    return {"result": {"trt_dcla_detl_sn": f"{letter}{number}"}}


def _filing(exchange: Exchange, letter: Letter) -> int:
    """Return the number of a filing of a kind out of what the asker calls it."""
    told = text(exchange.row(), "trt_dcla_detl_sn")
    digits = told.removeprefix(letter)
    known = told.startswith(letter) and digits.isascii() and digits.isdigit() and len(told) < 18
    if not known:
        raise Failed(f"待遇申报明细流水号(trt_dcla_detl_sn)：没有“{told}”")
    return int(digits)


def _is_theirs(exchange: Exchange, person_id: str, institution_id: str) -> None:
    """Refuse a filing of another person, or one that another institution made."""
    told = text(exchange.row(), "psn_no")
    if (told, exchange.institution.institution_id) != (person_id, institution_id):
        raise Failed("待遇申报明细流水号(trt_dcla_detl_sn)：不是本机构为此人办理的备案")


def _person(exchange: Exchange, node: str = "data") -> Known:
    person_id = text(exchange.row(node), "psn_no")
    person = find(exchange.connection, person_id)
    if person is None:
        raise unknown(person_id)
    return person


def _must(exchange: Exchange, name: str, zh: str, node: str = "data") -> date:
    """Return a day that the interface lets be absent, but the rules need."""
    told = day(exchange.row(node), name)
    if told is None:
        raise Failed(f"{zh}({name})：必填")
    return told


# --- referrals ------------------------------------------------------------------------------------


def _refer(exchange: Exchange) -> Output:
    given = exchange.row("refmedin")
    if text(given, "hosp_agre_refl_flag") == "0":
        raise Failed("医院同意转院标志(hosp_agre_refl_flag)：医院未同意，不予备案")
    asked = referrals.Referral(
        text(given, "psn_no"),
        exchange.institution.institution_id,
        text(given, "reflin_medins_no"),
        day(given, "begndate") or _must(exchange, "refl_date", "转院日期", "refmedin"),
        _must(exchange, "enddate", "结束日期", "refmedin"),
        text(given, "refl_rea"),
    )
    return _number(
        "R", referrals.refer(exchange.connection, asked, actor=exchange.actor).referral_id
    )


def _cancel_referral(exchange: Exchange) -> Output:
    number = _filing(exchange, "R")
    filed = referrals.referral_of(exchange.connection, number).referral
    _is_theirs(exchange, filed.person_id, filed.from_institution)
    reason = text(exchange.row(), "memo")
    cancelling.cancel(exchange.connection, "referral", number, reason, actor=exchange.actor)
    return None


def _referrals(exchange: Exchange) -> Output:
    person, given = _person(exchange), exchange.row()
    first, last = day(given, "begntime"), day(given, "endtime")
    assert first is not None
    found = [
        filed.referral
        for filed in referrals.referrals(exchange.connection, person.person_id)
        if not filed.cancelled
        and filed.referral.last >= first
        and (last is None or filed.referral.first <= last)
    ]
    insured = _insurance(exchange, person)
    return {"refmedin": [_referral(exchange, person, insured, one) for one in found]}


def _insurance(exchange: Exchange, person: Known) -> str:
    """Return under which scheme a person is insured; the resident one where none is known."""
    held = exchange.service.office.registers.statuses(
        exchange.connection, person.person_id, told={}
    )
    scheme = str(held[-1].facts[0]) if held else "resident"
    return coding.SCHEMES.get(scheme, coding.SCHEMES["resident"])


def _referral(
    exchange: Exchange, person: Known, insured: str, one: referrals.Referral
) -> dict[str, Any]:
    to = institution(exchange.connection, one.to_institution, one.first)
    return {
        "insutype": insured,
        "psn_no": person.person_id,
        "psn_cert_type": coding.IDENTITY_TYPES[person.identity_type],
        "certno": person.identity_number or "无",
        "psn_name": person.name or "未登记",
        "gend": coding.SEXES[person.sex],
        "brdy": person.birth_date,
        "reflin_medins_no": one.to_institution,
        "reflin_medins_name": to.name if to else one.to_institution,
        "refl_date": one.first,
        "refl_rea": one.reason,
        "begndate": one.first,
        "enddate": one.last,
        "hosp_agre_refl_flag": "1",
    }


# --- special diseases -----------------------------------------------------------------------------


def _disease(exchange: Exchange) -> Output:
    """Register a disease that a centre has found: it is the centre itself that says so."""
    given, own = exchange.row(), exchange.institution.institution_id
    if text(given, "ide_fixmedins_no") != own:
        raise Failed("鉴定定点医药机构编号(ide_fixmedins_no)：应由鉴定机构自己上传")
    on = _must(exchange, "hosp_ide_date", "医院鉴定日期")
    finding = Finding(
        own,
        on,
        granted=True,
        first=_must(exchange, "begndate", "开始日期"),
        last=day(given, "enddate"),
        reason=text(given, "diag_dr_name"),
    )
    person, code = text(given, "psn_no"), text(given, "opsp_dise_code")
    number = diseases.apply(exchange.connection, person, code, on, actor=exchange.actor)
    diseases.assess(exchange.connection, number, finding, actor=exchange.actor)
    return _number("D", number)


def _cancel_disease(exchange: Exchange) -> Output:
    number = _filing(exchange, "D")
    held = diseases.application_of(exchange.connection, number)
    _is_theirs(exchange, held.person_id, held.institution_id)
    assert held.first is not None
    diseases.revoke(
        exchange.connection,
        held.person_id,
        held.disease,
        max(held.first, exchange.today),
        text(exchange.row(), "memo"),
        actor=exchange.actor,
    )
    return None


def _diseases(exchange: Exchange) -> Output:
    held = diseases.registrations(exchange.connection, _person(exchange).person_id)
    names = {
        (code, first): disease(exchange.connection, code, first)
        for code, first in {(str(one.says["value"]), one.first) for one in held}
    }
    told = ((one, str(one.says["value"])) for one in held)
    return {
        "feedetail": [
            {
                "opsp_dise_code": code,
                "opsp_dise_name": known.name if (known := names[code, one.first]) else code,
                "begndate": one.first,
                "enddate": one.last,
            }
            for one, code in told
        ]
    }


# --- chosen institutions --------------------------------------------------------------------------

CHOSEN = "03"
"""The kind of business that chooses an institution."""


def _choose(exchange: Exchange) -> Output:
    """Choose a hospital of level 3, or contract with a primary institution, as which one it is."""
    given, connection = exchange.row(), exchange.connection
    if text(given, "biz_appy_type") != CHOSEN:
        raise Failed(f"业务申请类型(biz_appy_type)：本中心受理{CHOSEN}就医定点医疗机构登记")
    code, first = text(given, "fixmedins_code"), _must(exchange, "begndate", "开始日期")
    where = institution(connection, code, first)
    person = text(given, "psn_no")
    made = choices.choose(
        connection,
        "primary" if where is not None and where.primary_institution else "level_3",
        person,
        code,
        first=first,
        on_day=exchange.today,
        residence=text(given, "memo"),
        actor=exchange.actor,
    )
    if not made:
        raise Failed(f"定点医药机构编号(fixmedins_code)：{code}已是此人的定点机构")
    return _number("C", choices.choices(connection, person)[-1].choice_id)


def _cancel_choice(exchange: Exchange) -> Output:
    number, given = _filing(exchange, "C"), exchange.row()
    held = choices.choice_of(exchange.connection, number)
    if held.person_id != text(given, "psn_no"):
        raise Failed("待遇申报明细流水号(trt_dcla_detl_sn)：不是此人的备案")
    reason = text(given, "memo")
    cancelling.cancel(exchange.connection, "choice", number, reason, actor=exchange.actor)
    return None


def _choices(exchange: Exchange) -> Output:
    person, connection = _person(exchange), exchange.connection
    held = (
        []
        if text(exchange.row(), "biz_appy_type") != CHOSEN
        else [one for one in choices.choices(connection, person.person_id) if not one.cancelled]
    )
    told = []
    for number, one in enumerate(held, 1):
        where = institution(connection, one.institution_id, one.first)
        later = [o.first for o in held[number:] if o.kind == one.kind]
        told.append(
            {
                "psn_no": person.person_id,
                "fix_srt_no": str(number),
                "fixmedins_code": one.institution_id,
                "fixmedins_name": where.name if where else one.institution_id,
                "begndate": one.first,
                "enddate": coding.day_before(later[0]) if later else None,
                "memo": one.residence or None,
            }
        )
    return {"psnfixmedin": told}


# --- accidents ------------------------------------------------------------------------------------


def _accident(exchange: Exchange) -> Output:
    given, person = exchange.row(), _person(exchange)
    if person.identity_number not in {None, text(given, "certno").upper()}:
        raise Failed("证件号码(certno)：与登记的不一致")
    own = exchange.institution.institution_id
    if text(given, "fixmedins_code") not in {"", own}:
        raise Failed("定点医药机构编号(fixmedins_code)：应与报文的定点医药机构编号一致")
    names = ("agnter_name", "agnter_certno", "agnter_tel", "tel", "addr", "chk_pay_flag", "memo")
    asked = Accident(
        person.person_id,
        own,
        day(given, "trum_time"),
        text(given, "trum_site"),
        text(given, "trum_rea"),
        _must(exchange, "begndate", "开始日期"),
        day(given, "enddate"),
        {name: text(given, name) for name in names if name in given},
    )
    return _number("A", accidents.file(exchange.connection, asked, actor=exchange.actor))


_QUERIES: Mapping[str, Handler] = {"5301": _diseases, "5302": _choices, "5304": _referrals}
HANDLERS: Mapping[str, Handler] = {
    "2501": _refer,
    "2502": _cancel_referral,
    "2503": _disease,
    "2504": _cancel_disease,
    "2505": _choose,
    "2506": _cancel_choice,
    "2507": _accident,
    **_QUERIES,
}
READS = frozenset(_QUERIES)
