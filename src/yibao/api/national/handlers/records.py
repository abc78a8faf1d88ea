"""5201 to 5206, 5303, 90100: visits, settlements and their lines, sums of years, contributions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from decimal import Decimal
from typing import Any

from yibao.agency.contributions.paid import paid
from yibao.agency.desk.find import found
from yibao.agency.desk.history import Dispensed, dispensed, remembered
from yibao.agency.desk.model import Bill, Settled
from yibao.agency.desk.recall import recall
from yibao.agency.desk.standing import lines_of
from yibao.agency.enrolment.insurances import insurances
from yibao.agency.enrolment.persons import Known, find, unknown
from yibao.agency.visits import find as visits
from yibao.agency.visits.settling import Done
from yibao.agency.visits.visit import Visit
from yibao.api.national import settled
from yibao.api.national.exchange import Exchange, Failed, Handler, Output
from yibao.api.national.handlers.visits import told, told_all
from yibao.api.national.visiting import number
from yibao.clock import CHINA
from yibao.interop.national import coding
from yibao.interop.national.rows import day, text
from yibao.interop.national.rows import time as moment
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.coverage import first_day
from yibao.settlement.enrolment import age_on
from yibao.store.sight import beyond

NOT_REGISTERED = "未登记"
"""Stands where the interface asks for something that no register has."""


def _person(exchange: Exchange, person_id: str) -> Known:
    person = find(exchange.connection, person_id)
    if person is None:
        raise unknown(person_id)
    return person


def _whose(person: Known, scheme: str, at: datetime) -> dict[str, Any]:
    return {
        "psn_no": person.person_id,
        "psn_cert_type": coding.IDENTITY_TYPES[person.identity_type],
        "certno": person.identity_number or "无",
        "psn_name": person.name or "未登记",
        "gend": coding.SEXES[person.sex],
        "brdy": person.birth_date,
        "age": Decimal(age_on(person.birth_date, at.date())),
        "insutype": coding.SCHEMES[scheme],
    }


# --- visits ---------------------------------------------------------------------------------------


def _wanted(exchange: Exchange, *, in_hospital: bool) -> visits.Wanted:
    given = exchange.row()
    first, last = moment(given, "begntime"), moment(given, "endtime")
    assert first is not None
    assert last is not None
    if last.time() == time():  # a day without a time is the whole of it
        last = datetime.combine(last.date(), time(23, 59, 59))
    visit = text(given, "mdtrt_id")
    return visits.Wanted(
        exchange.institution.institution_id,
        first,
        last,
        text(given, "psn_no"),
        number(visit) if visit else None,
        in_hospital,
    )


def _visits(exchange: Exchange) -> Output:
    """Return the visits of a person to the institution that asks."""
    wanted = _wanted(exchange, in_hospital=False)
    person = _person(exchange, wanted.person_id)
    asked = text(exchange.row(), "med_type")
    held = visits.visits(exchange.connection, wanted)
    return {
        "mdtrtinfo": [
            told(exchange, "mdtrtinfo", _visit(exchange, person, one))
            for one in held
            if one.says.get("med_type", asked) == asked
        ]
    }


def _visit(exchange: Exchange, person: Known, one: Visit) -> dict[str, Any]:
    """Return a visit as it was told, and what the registers say of the person."""
    going_on = one.kind == "stay" and one.ended_at is None
    begun = one.begun_at
    return {
        **{name: value for name, value in one.says.items() if value},
        **_whose(person, one.scheme, begun),
        "mdtrt_id": str(one.visit_id),
        "psn_type": coding.CATEGORIES[_category(exchange, person, one)],
        "begntime": begun,
        "endtime": one.ended_at or (_now() if going_on else begun),
        "ipt_otp_no": one.number,
        "atddr_no": one.says.get("practitioner_id"),
        "inhosp_stas": "1" if going_on else "0",
        "cvlserv_flag": "0",
    }


def _now() -> datetime:
    """Return the local time as visits have it, to the second."""
    return datetime.now(CHINA).replace(tzinfo=None, microsecond=0)


def _category(exchange: Exchange, person: Known, one: Visit) -> str:
    held = insurances(exchange.connection, person.person_no, one.begun_at.date())
    return next((i.category for i in held if i.scheme == one.scheme), "adult")


def _in_hospital(exchange: Exchange) -> Output:
    """Return who is in the hospital that asks."""
    held = visits.visits(exchange.connection, _wanted(exchange, in_hospital=True))
    return {
        "data": [
            {
                **_whose(_person(exchange, one.person_id), one.scheme, one.begun_at),
                "mdtrt_id": str(one.visit_id),
                "begndate": one.begun_at.date(),
                "med_type": one.says.get("med_type", "21"),
                "ipt_otp_no": one.number,
                "out_flag": "0",
            }
            for one in held
        ]
    }


_KINDS = {"western": "1", "tcm_disease": "2", "tcm_syndrome": "3"}


def _diagnoses(exchange: Exchange) -> Output:
    given = exchange.row()
    visit = _own_visit(exchange)
    held = visits.diagnoses(exchange.connection, visit.visit_id)
    return {
        "diseinfo": [
            {
                "diag_info_id": f"{visit.visit_id}-{at}",
                "mdtrt_id": str(visit.visit_id),
                "psn_no": text(given, "psn_no"),
                "inout_diag_type": "2" if made_at == "discharge" else "1",
                "diag_type": _KINDS[one.kind],
                "maindiag_flag": "1" if one.main else "0",
                "diag_srt_no": Decimal(one.number),
                "diag_code": one.code,
                "diag_name": one.name,
                "diag_dept": one.department,
                "dise_dor_no": one.practitioner_id,
                "dise_dor_name": one.practitioner_id,
                "diag_time": one.diagnosed_at,
            }
            for at, (made_at, one) in enumerate(held, 1)
        ]
    }


def _own_visit(exchange: Exchange) -> Visit:
    given, own = exchange.row(), exchange.institution.institution_id
    visit = number(text(given, "mdtrt_id"))
    return visits.visit(exchange.connection, own, text(given, "psn_no"), visit)


# --- settlements ----------------------------------------------------------------------------------


def _settlement(exchange: Exchange) -> Output:
    """Return a settlement as it was made; one that was taken back says so."""
    visit, row = _own_visit(exchange), _own_settlement(exchange)
    connection, settlement_id = exchange.connection, int(row["settlement_id"])
    bill = Bill(row["amounts"], lines_of(connection, row))
    made = Settled(settlement_id, recall(exchange.service.office, row), _balance(exchange), bill)
    answer = settled.settled(exchange, Done(visit, made), row["claim_no"])
    info, where = answer["setlinfo"], exchange.institution
    shared = {
        **info,
        "psn_pay": info["psn_part_amt"],
        "cash_payamt": info["psn_cash_pay"],
        "pay_loc": "2",
        "fixmedins_code": where.institution_id,
        "fixmedins_name": where.name,
        "hosp_lv": coding.LEVELS[where.level],
        "begndate": datetime.fromisoformat(row["admitted"]).date(),
        "enddate": datetime.fromisoformat(row["discharged"]).date(),
        "refd_setl_flag": "0" if row["reversed_by"] is None else "1",
        "year": row["day"][:4],
    }
    return told_all(exchange, {**answer, "setlinfo": shared})


def _own_settlement(exchange: Exchange) -> Mapping[str, Any]:
    """Return the row of a settlement of the visit that is asked about."""
    given = exchange.row()
    settlement_id = number(text(given, "setl_id"))
    visit = visits.visit_of_settlement(exchange.connection, settlement_id)
    if visit is None or str(visit) != text(given, "mdtrt_id"):
        raise Failed(f"结算ID(setl_id)：本次就诊没有结算“{text(given, 'setl_id')}”")
    return found(exchange.connection, settlement_id)


def _balance(exchange: Exchange) -> int:
    row = exchange.connection.execute(
        "SELECT account_balance FROM enrolment.person_lock WHERE person_id = %s",
        (text(exchange.row(), "psn_no"),),
    ).fetchone()
    assert row is not None
    return int(row[0])


def _lines(exchange: Exchange) -> Output:
    visit, row = _own_visit(exchange), _own_settlement(exchange)
    held = visits.settled_lines(exchange.connection, visit.visit_id, row["settlement_id"])
    fields = exchange.transaction.output["."].fields
    return [
        {
            name: value
            for name, value in {
                **one["says"],
                **settled.line(one),
                "mdtrt_id": str(visit.visit_id),
                "setl_id": str(row["settlement_id"]),
                "med_type": visit.says["med_type"],
                "fee_ocur_time": one["charged_at"],
                **_item(one["item_kind"], one["code"], one["local_code"], one["item_name"]),
            }.items()
            if name in fields
        }
        for one in held
    ]


def _item(kind: str, code: str, local_code: str, name: str) -> dict[str, str]:
    return {
        "hilist_code": code,
        "hilist_name": name,
        "list_type": coding.ITEM_KINDS[kind],
        "med_list_codg": code,
        "medins_list_codg": local_code or code,
        "medins_list_name": name,
        "med_chrgitm_type": coding.CHARGE_TYPES[kind],
        "spec": NOT_REGISTERED,
        "dosform_name": NOT_REGISTERED,
    }


# --- years ----------------------------------------------------------------------------------------


def _drugs(exchange: Exchange) -> Output:
    given = exchange.row()
    person = _person(exchange, text(given, "psn_no"))
    first = day(given, "begntime")
    assert first is not None
    connection, last = exchange.connection, day(given, "endtime")
    with beyond(connection, "what a patient has taken is asked for wherever it was dispensed"):
        held = dispensed(connection, person.person_id, first, last)
    return {"feedetail": [_drug(person, one) for one in held]}


def _drug(person: Known, one: Dispensed) -> dict[str, Any]:
    return {
        "feedetl_sn": f"{one.settlement_id}-{one.number}",
        "fixmedins_code": one.institution_id,
        "fixmedins_name": one.institution_name,
        "psn_no": person.person_id,
        "med_type": "9901" if one.visit == "two_disease" else "14",
        "fee_ocur_time": datetime.combine(one.served_on, time()),
        "cnt": one.quantity,
        "pric": one.price.scaleb(-2),
        "chrgitm_lv": coding.ITEM_CLASSES[one.item_class],
        **_item(one.item_kind, one.code, one.local_code, one.name),
    }


def _sums(exchange: Exchange) -> Output:
    given = exchange.row()
    person = _person(exchange, text(given, "psn_no"))
    asked = text(given, "cum_ym")
    state = exchange.service.office.policy.region.state
    rows = [
        {
            "insutype": coding.SCHEMES[one.scheme],
            "year": str(one.year),
            "cum_ym": asked or f"{one.year}12",
            "cum_type_code": coding.cumulative(one.name),
            "cum": _cumulative(state.get(one.name), one.value),
        }
        for one in remembered(exchange.connection, person.person_id)
        if not asked or asked[:4] == str(one.year)
    ]
    return {"cuminfo": rows}


def _cumulative(known: Any, value: int) -> Decimal:
    """Return a value: an amount in yuan, or a count as it is."""
    return Decimal(value) if known is not None and known.unit == "count" else coding.yuan(value)


def _contributions(exchange: Exchange) -> Output:
    """Return the bills that a person has paid, with the months that each is for."""
    person = _person(exchange, text(exchange.row(), "psn_no"))
    region = exchange.service.office.policy.region
    schemes = vocabulary().attributes["scheme"].codes or {}
    with beyond(exchange.connection, "the interface tells any institution what a patient has paid"):
        held: Sequence[Any] = paid(exchange.connection, person.person_id)
    return [
        {
            "poolarea_no": region.division,
            "poolarea_no_name": region.name.zh,
            "insutype": coding.SCHEMES[one.scheme],
            "insutype_name": schemes[one.scheme].zh,
            "clct_type": one.item,
            "clct_flag": "1",
            "clct_flag_name": "已到账",
            "accrym_begn": f"{first_day(one.first):%Y%m}",
            "accrym_end": f"{first_day(one.last):%Y%m}",
            "clct_time": one.paid_on.isoformat(),
        }
        for one in held
    ]


HANDLERS: Mapping[str, Handler] = {
    "5201": _visits,
    "5202": _diagnoses,
    "5203": _settlement,
    "5204": _lines,
    "5205": _drugs,
    "5206": _sums,
    "5303": _in_hospital,
    "90100": _contributions,
}
READS = frozenset(HANDLERS)
