"""Messages about visits as a hospital's system sends them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from typing import Any

import visit_town as town
from centres import Hospital

_numbers = count(1)
CERTIFICATE = {"mdtrt_cert_type": "03", "mdtrt_cert_no": "CARD1"}


def diagnosis(number: str = "1", code: str = "I10.x00", **more: Any) -> dict[str, Any]:
    return {
        "diag_type": "1",
        "diag_srt_no": number,
        "diag_code": code,
        "diag_name": "高血压",
        "diag_dept": "03",
        "dise_dor_no": "D1",
        "dise_dor_name": "李医师",
        "diag_time": "2022-03-01 09:10:00",
        "vali_flag": "1",
        **more,
    }


@dataclass
class Patient:
    """A patient of a hospital, with what the hospital's system knows of the visit."""

    hospital: Hospital
    person: str
    scheme: str = "390"
    day: str = "2022-03-01"
    visit: str = ""
    setl_id: str = ""

    @property
    def of(self) -> dict[str, Any]:
        return {"mdtrt_id": self.visit, "psn_no": self.person}

    def line(
        self, number: str, code: str = town.DRUG, price: str = "100", cnt: str = "1", **more: Any
    ) -> dict[str, Any]:
        total = (Decimal(price) * Decimal(cnt)).quantize(Decimal("0.01"), "ROUND_HALF_UP")
        return {
            "feedetl_sn": number,
            **self.of,
            "chrg_bchno": "B1",
            "rx_circ_flag": "0",
            "fee_ocur_time": f"{self.day} 09:30:00",
            "med_list_codg": code,
            "medins_list_codg": f"own-{code}",
            "det_item_fee_sumamt": str(total),
            "cnt": cnt,
            "pric": price,
            "bilg_dept_codg": "03",
            "bilg_dept_name": "内科",
            "bilg_dr_codg": "D1",
            "bilg_dr_name": "李医师",
            "hosp_appr_flag": "0",
            **more,
        }

    # --- an outpatient visit --------------------------------------------------------------------

    def register(self, **more: Any) -> dict[str, Any]:
        given = {
            "psn_no": self.person,
            "insutype": self.scheme,
            "begntime": f"{self.day} 09:00:00",
            **CERTIFICATE,
            "ipt_otp_no": f"OP{next(_numbers)}",
            "atddr_no": "D1",
            "dr_name": "李医师",
            "dept_code": "03",
            "dept_name": "内科",
            "caty": "A03",
            **more,
        }
        told: dict[str, Any] = self.hospital.ask("2201", {"data": given})["data"]
        self.visit = told["mdtrt_id"]
        return told

    def describe(self, med_type: str = "11", **more: Any) -> None:
        told = {**self.of, "med_type": med_type, "begntime": f"{self.day} 09:05:00", **more}
        self.hospital.ask("2203", {"mdtrtinfo": told, "diseinfo": [diagnosis()]})

    def charge(self, *lines: Mapping[str, Any], infno: str = "2204") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.hospital.ask(infno, {"feedetail": list(lines)})["result"]
        return found

    def wanted(self, total: str, **more: Any) -> dict[str, Any]:
        return {
            "psn_no": self.person,
            **CERTIFICATE,
            "med_type": "11",
            "medfee_sumamt": total,
            "psn_setlway": "01",
            "mdtrt_id": self.visit,
            "chrg_bchno": "B1",
            "acct_used_flag": "0",
            "insutype": self.scheme,
            **more,
        }

    def presettle(self, total: str, **more: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.hospital.ask("2206", {"data": self.wanted(total, **more)})
        return found

    def settle(self, total: str, tried: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        """Settle with the amounts that the pre-settlement gave, as systems do."""
        names = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")
        stated = {name: str(tried["setlinfo"][name]) for name in names}
        body = {"data": self.wanted(total, **{**stated, **more})}
        found: dict[str, Any] = self.hospital.ask("2207", body)
        self.setl_id = found["setlinfo"]["setl_id"]
        return found

    def take_back(self, infno: str = "2208") -> dict[str, Any]:
        body = {"data": {"setl_id": self.setl_id, **self.of}}
        found: dict[str, Any] = self.hospital.ask(infno, body)
        return found

    # --- a stay ---------------------------------------------------------------------------------

    def admission(self, **more: Any) -> dict[str, Any]:
        given = {
            "psn_no": self.person,
            "insutype": self.scheme,
            "begntime": f"{self.day} 09:00:00",
            **CERTIFICATE,
            "med_type": "21",
            "ipt_no": f"IP{next(_numbers)}",
            "atddr_no": "D1",
            "chfpdr_name": "李医师",
            "adm_diag_dscr": "高血压",
            "adm_dept_codg": "03",
            "adm_dept_name": "内科",
            "adm_bed": "12",
            "dscg_maindiag_code": "I10.x00",
            "dscg_maindiag_name": "高血压",
            **more,
        }
        ill = {"psn_no": self.person, "maindiag_flag": "1"}
        return {"mdtrtinfo": given, "diseinfo": [diagnosis(**ill)]}

    def admit(self, **more: Any) -> None:
        self.visit = self.hospital.ask("2401", self.admission(**more))["result"]["mdtrt_id"]

    def leaving(self, at: str = "2022-03-08 10:00:00", **more: Any) -> dict[str, Any]:
        told = {
            **self.of,
            "insutype": self.scheme,
            "endtime": at,
            "dscg_dept_codg": "03",
            "dscg_dept_name": "内科",
            "dscg_way": "1",
            **more,
        }
        ill = {"psn_no": self.person, "maindiag_flag": "1"}
        return {"dscginfo": told, "diseinfo": [diagnosis(**ill)]}

    def discharge(self, at: str = "2022-03-08 10:00:00", **more: Any) -> None:
        self.hospital.ask("2402", self.leaving(at, **more))

    def of_stay(self, total: str, **more: Any) -> dict[str, Any]:
        given = {**self.wanted(total), "mid_setl_flag": "0", **more}
        return {"data": {n: v for n, v in given.items() if n not in {"med_type", "chrg_bchno"}}}

    def settle_stay(self, total: str, **more: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.hospital.ask("2304", self.of_stay(total, **more))
        self.setl_id = found["setlinfo"]["setl_id"]
        return found


def proc(output: Mapping[str, Any], fund: str) -> list[dict[str, Any]]:
    """Return the steps that led to what a fund pays."""
    (one,) = [d for d in output["setldetail"] if d["fund_pay_type"] == fund]
    found: list[dict[str, Any]] = json.loads(one["setl_proc_info"])
    return found
