"""1101: who a person is, under which schemes insured, with which identities."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from yibao.agency.enrolment.insurances import Insurance, identities, insurances
from yibao.agency.enrolment.persons import Known, find, find_by_identity
from yibao.api.national.exchange import Exchange, Failed, Handler, Output
from yibao.api.national.visiting import check_known
from yibao.interop.national import coding, rows
from yibao.interop.national.rows import text
from yibao.policy.vocabulary import vocabulary

IDENTITY_DOCUMENT = "02"
"""The kind of voucher whose number is that of the identity document."""


def _person(exchange: Exchange) -> Output:
    given = exchange.row()
    person = _found(exchange)
    day = rows.day(given, "begntime") or exchange.today
    insured = insurances(exchange.connection, person.person_no, day)
    balance = _balance(exchange, person)
    return {
        "baseinfo": {
            "psn_no": person.person_id,
            "psn_cert_type": coding.IDENTITY_TYPES[person.identity_type],
            "certno": person.identity_number or "无",
            "psn_name": person.name or "未登记",
            "gend": coding.SEXES[person.sex],
            "brdy": person.birth_date,
            "age": Decimal(_age(person.birth_date, day)),
        },
        "insuinfo": [_insurance(exchange, one, day, balance) for one in insured],
        "idetinfo": [
            _identity(one.code, one.first, one.last)
            for one in identities(exchange.connection, person.person_no, day)
        ],
    }


def _found(exchange: Exchange) -> Known:
    """Return whom the voucher names; what is said besides has to agree."""
    given, connection = exchange.row(), exchange.connection
    number = text(given, "mdtrt_cert_no")
    person = find_by_identity(connection, number)
    if person is None and given["mdtrt_cert_type"] != IDENTITY_DOCUMENT:
        person = find(connection, number)
        if person is None and "certno" in given:
            person = find_by_identity(connection, text(given, "certno"))
    if person is None:
        raise Failed("人员信息不存在：就诊凭证编号(mdtrt_cert_no)没有对应的参保人")
    check_known(person, given)
    return person


def _age(born: date, day: date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def _balance(exchange: Exchange, person: Known) -> int:
    row = exchange.connection.execute(
        "SELECT account_balance FROM enrolment.person_lock WHERE person_id = %s",
        (person.person_id,),
    ).fetchone()
    return row[0] if row else 0


def _insurance(exchange: Exchange, one: Insurance, day: date, balance: int) -> dict[str, Any]:
    ended = one.last is not None and one.last < day
    return {
        "balc": coding.yuan(balance if one.scheme == "employee" else 0),
        "insutype": coding.SCHEMES[one.scheme],
        "psn_type": coding.CATEGORIES[one.category],
        "psn_insu_stas": "4" if ended else "1" if one.covered else "2",
        "psn_insu_date": one.first,
        "paus_insu_date": one.last,
        "cvlserv_flag": "0",
        "insuplc_admdvs": exchange.division,
        "emp_name": one.employer or None,
    }


def _identity(code: str, first: date, last: date | None) -> dict[str, Any]:
    names = vocabulary().attributes["identities"].codes or {}
    return {
        "psn_idet_type": coding.IDENTITIES.get(code, coding.OTHER_IDENTITY),
        "memo": names[code].zh,
        "begntime": datetime(first.year, first.month, first.day),  # noqa: DTZ001 (local time)
        "endtime": None if last is None else datetime(last.year, last.month, last.day, 23, 59, 59),  # noqa: DTZ001
    }


HANDLERS: Mapping[str, Handler] = {"1101": _person}
READS = frozenset({"1101"})
