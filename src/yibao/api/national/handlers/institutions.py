"""1201, 5101, 5102: institutions, their departments, who practises there. 1901: code tables."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from yibao.api.national.exchange import Exchange, Failed, Handler, Output
from yibao.interop.national import coding
from yibao.interop.national.load import interface
from yibao.interop.national.rows import text
from yibao.registry import directory

NOT_REGISTERED = "未登记"
"""Stands where the interface asks for something that no register has."""


def _institutions(exchange: Exchange) -> Output:
    given = exchange.row("medinsinfo")
    kind = coding.our(coding.INSTITUTIONS, text(given, "fixmedins_type"))
    found = (
        directory.institutions(
            exchange.connection,
            kind,
            exchange.today,
            institution_id=text(given, "fixmedins_code"),
            name=text(given, "fixmedins_name"),
        )
        if kind
        else []
    )
    return {
        "medinsinfo": [
            {
                "fixmedins_code": one.institution_id,
                "fixmedins_name": one.name,
                "uscc": one.credit_code or NOT_REGISTERED,
                "fixmedins_type": coding.INSTITUTIONS[one.kind],
                "hosp_lv": coding.LEVELS[one.level],
            }
            for one in found
        ]
    }


def _departments(exchange: Exchange) -> Output:
    own = exchange.institution.institution_id
    codes = interface(exchange.service.national.profile).codes["dept"].values
    return {
        "feedetail": [
            {
                "hosp_dept_codg": one.code,
                "hosp_dept_name": one.name,
                "begntime": _start(one.first),
                "endtime": _end(one.last),
                "dept_resper_name": NOT_REGISTERED,
                "dept_resper_tel": NOT_REGISTERED,
                "caty": one.code if one.code in codes else coding.UNKNOWN_DEPARTMENT,
            }
            for one in directory.departments(exchange.connection, own, exchange.today)
        ]
    }


def _practitioners(exchange: Exchange) -> Output:
    given = exchange.row()
    profession = coding.our(coding.PROFESSIONS, text(given, "prac_psn_type"))
    if profession is None:
        raise Failed("执业人员分类(prac_psn_type)：应为1医师、2护士、3药师、4技术人员")
    found = directory.practitioners(
        exchange.connection,
        exchange.institution.institution_id,
        profession,
        exchange.today,
        practitioner_id=text(given, "prac_psn_code"),
        name=text(given, "prac_psn_name"),
    )
    return {"feedetail": [_practitioner(one) for one in found]}


def _practitioner(one: directory.Practitioner) -> dict[str, Any]:
    """Return a practitioner; the register has no identity document of theirs, but a licence."""
    return {
        "psn_cert_type": "99",
        "certno": one.licence or one.practitioner_id,
        "prac_psn_code": one.practitioner_id,
        "prac_psn_name": one.name,
        "prac_psn_type": coding.PROFESSIONS[one.profession],
        "prac_cert_no": one.licence or None,
        "hi_dr_flag": "1" if one.roster_status == "listed" else "0",
        "begntime": _start(one.first),
        "endtime": _end(one.last),
    }


def _start(day: date) -> datetime:
    return datetime.combine(day, time())


def _end(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(23, 59, 59))


# --- code tables ----------------------------------------------------------------------------------

_WRITTEN = date(2024, 10, 1)
"""Since when the code tables are as they are."""


def _codes(exchange: Exchange) -> Output:
    given = exchange.row()
    name = text(given, "type")
    codes = interface(exchange.service.national.profile).codes
    table = next((t for n, t in codes.items() if n.lower() == name.lower()), None)
    if table is None:
        raise Failed(f"字典类型(type)：没有代码表“{name}”")
    return {
        "list": [
            {
                "type": table.name,
                "label": label,
                "value": value,
                "parentValue": "0",
                "sort": Decimal(number),
                "valiFlag": "1",
                "createUser": "YIBAO",
                "createDate": _WRITTEN,
                "version": Decimal(1),
            }
            for number, (value, label) in enumerate(table.values.items(), 1)
        ]
    }


HANDLERS: Mapping[str, Handler] = {
    "1201": _institutions,
    "1901": _codes,
    "5101": _departments,
    "5102": _practitioners,
}
READS = frozenset(HANDLERS)
