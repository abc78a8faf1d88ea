"""Whole conversations of a hospital's system with a centre, as it has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Message = dict[str, Any]
Exchange = tuple[str, Any]
"""An `infno` and an input."""
Talk = Iterator[Exchange]
"""Yields what is sent; is sent what comes back (see `generator.send`)."""

PRESSURE, ANTIBIOTIC, TARGETED = (
    "XC09AAE001A001010100001",
    "XJ01DDE002A001010100002",
    "XL01XEE003A001010100003",
)
CONSULTATION, BED, ANAESTHESIA = "110200001", "110900001", "330100001"
HOSPITALS = {"outpatient": "H12019900002", "stay": "H12019900003"}
DOCTORS = {"outpatient": ("D120199000001", "李医师"), "stay": ("D120199000002", "赵医师")}
PEOPLE = {"outpatient": "P-0001", "stay": "P-0002"}
DEPARTMENT = {"dept_code": "03", "dept_name": "内科", "caty": "A03"}


def _voucher(kind: str) -> dict[str, str]:
    return {"mdtrt_cert_type": "03", "mdtrt_cert_no": PEOPLE[kind]}


def _who(kind: str, at: str) -> Exchange:
    return "1101", {"data": {**_voucher(kind), "psn_cert_type": "01", "begntime": at}}


def _diagnosis(kind: str, code: str, name: str, at: str, **more: str) -> dict[str, Any]:
    doctor, called = DOCTORS[kind]
    return {
        "diag_type": "1",
        "diag_srt_no": 1,
        "diag_code": code,
        "diag_name": name,
        "diag_dept": "03",
        "dise_dor_no": doctor,
        "dise_dor_name": called,
        "diag_time": at,
        "vali_flag": "1",
        **more,
    }


def _line(kind: str, of: dict[str, str], number: int, code: str, **more: Any) -> dict[str, Any]:
    doctor, called = DOCTORS[kind]
    return {
        "feedetl_sn": f"F{number:04d}",
        **of,
        "med_list_codg": code,
        "medins_list_codg": f"L{number:04d}",
        "bilg_dept_codg": "03",
        "bilg_dept_name": "内科",
        "bilg_dr_codg": doctor,
        "bilg_dr_name": called,
        "hosp_appr_flag": "0",
        **more,
    }


def _sums(found: dict[str, Any]) -> dict[str, str]:
    names = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")
    return {name: str(found["setlinfo"][name]) for name in names}


def outpatient() -> Any:
    """A visit: registered, described, charged, settled; taken back and settled anew."""
    kind, day = "outpatient", "2022-03-01"
    person = (yield _who(kind, f"{day} 08:00:00"))["baseinfo"]["psn_no"]
    yield (
        "2001",
        {
            "data": {
                "psn_no": person,
                "insutype": "390",
                "fixmedins_code": HOSPITALS[kind],
                "med_type": "11",
                "begntime": f"{day} 08:00:00",
            }
        },
    )
    registered = yield (
        "2201",
        {
            "data": {
                "psn_no": person,
                "insutype": "390",
                "begntime": f"{day} 08:30:00",
                **_voucher(kind),
                "ipt_otp_no": "MZ20220301001",
                "atddr_no": DOCTORS[kind][0],
                "dr_name": DOCTORS[kind][1],
                **DEPARTMENT,
            }
        },
    )
    of = {"mdtrt_id": registered["data"]["mdtrt_id"], "psn_no": person}
    yield (
        "2203",
        {
            "mdtrtinfo": {**of, "med_type": "11", "begntime": f"{day} 08:50:00"},
            "diseinfo": [_diagnosis(kind, "I10.x00", "高血压", f"{day} 08:55:00")],
        },
    )
    told = {
        "chrg_bchno": "SF20220301001",
        "rx_circ_flag": "0",
        "fee_ocur_time": f"{day} 09:00:00",
    }
    lines = (
        (CONSULTATION, {"cnt": "1", "pric": "40.00", "det_item_fee_sumamt": "40.00"}),
        (PRESSURE, {"cnt": "6", "pric": "58.3333", "det_item_fee_sumamt": "350.00"}),
        (ANTIBIOTIC, {"cnt": "12", "pric": "60.00", "det_item_fee_sumamt": "720.00"}),
        (TARGETED, {"cnt": "1", "pric": "260.00", "det_item_fee_sumamt": "260.00"}),
    )
    yield (
        "2204",
        {
            "feedetail": [
                _line(kind, of, n, code, **told, **amounts)
                for n, (code, amounts) in enumerate(lines, 1)
            ]
        },
    )
    wanted = {
        **of,
        **_voucher(kind),
        "med_type": "11",
        "medfee_sumamt": "1370.00",
        "psn_setlway": "01",
        "chrg_bchno": told["chrg_bchno"],
        "acct_used_flag": "0",
        "insutype": "390",
    }
    tried = yield "2206", {"data": wanted}
    final = {"data": {**wanted, **_sums(tried), "invono": "00017356"}}
    done = yield "2207", final
    yield "2208", {"data": {**of, "setl_id": done["setlinfo"]["setl_id"]}}
    yield "2207", final


def stay() -> Any:
    """A stay: admitted, charged, a part given back, discharged, settled."""
    kind, first, last = "stay", "2022-03-07", "2022-03-15"
    person = (yield _who(kind, f"{first} 09:00:00"))["baseinfo"]["psn_no"]
    ill = {"psn_no": person, "maindiag_flag": "1"}
    pneumonia = ("J18.900", "肺炎")
    doctor, called = DOCTORS[kind]
    admitted = yield (
        "2401",
        {
            "mdtrtinfo": {
                "psn_no": person,
                "insutype": "390",
                "begntime": f"{first} 10:00:00",
                **_voucher(kind),
                "med_type": "21",
                "ipt_no": "ZY20220307001",
                "atddr_no": doctor,
                "chfpdr_name": called,
                "adm_diag_dscr": pneumonia[1],
                "adm_dept_codg": "03",
                "adm_dept_name": "内科",
                "adm_bed": "12",
                "dscg_maindiag_code": pneumonia[0],
                "dscg_maindiag_name": pneumonia[1],
            },
            "diseinfo": [_diagnosis(kind, *pneumonia, f"{first} 10:30:00", **ill)],
        },
    )
    of = {"mdtrt_id": admitted["result"]["mdtrt_id"], "psn_no": person}
    lines = (
        (BED, "2022-03-14 12:00:00", "8", "60", "480"),
        (ANTIBIOTIC, f"{first} 12:00:00", "90", "45.5", "4095"),
        (ANAESTHESIA, "2022-03-09 08:00:00", "1", "1200", "1200"),
        (PRESSURE, "2022-03-10 08:00:00", "100", "58.5", "5850"),
    )
    yield (
        "2301",
        {
            "feedetail": [
                _line(
                    *(kind, of, n, code),
                    med_type="21",
                    fee_ocur_time=at,
                    cnt=count,
                    pric=price,
                    det_item_fee_sumamt=total,
                )
                for n, (code, at, count, price, total) in enumerate(lines, 1)
            ]
        },
    )
    back = {"cnt": "-10", "pric": "45.5", "det_item_fee_sumamt": "-455", "init_feedetl_sn": "F0002"}
    given_back = _line(kind, of, 5, ANTIBIOTIC, fee_ocur_time="2022-03-14 09:00:00", **back)
    yield "2301", {"feedetail": [{**given_back, "medins_list_codg": "L0002", "med_type": "21"}]}
    yield (
        "2402",
        {
            "dscginfo": {
                **of,
                "insutype": "390",
                "endtime": f"{last} 09:30:00",
                "dscg_dept_codg": "03",
                "dscg_dept_name": "内科",
                "dscg_way": "1",
            },
            "diseinfo": [_diagnosis(kind, *pneumonia, f"{last} 09:00:00", **ill)],
        },
    )
    wanted = {
        **of,
        **_voucher(kind),
        "medfee_sumamt": "11170.00",
        "psn_setlway": "01",
        "acct_used_flag": "0",
        "insutype": "390",
        "mid_setl_flag": "0",
    }
    tried = yield "2303", {"data": wanted}
    yield "2304", {"data": {**wanted, **_sums(tried), "invono": "00017357"}}


TALKS = {"outpatient": outpatient, "stay": stay}
