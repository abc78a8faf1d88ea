"""Kinds of care and funds: our words and the interface's codes for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Care:
    """What a medical category is with us: the visit, and what else it says."""

    visit: str
    facts: Mapping[str, str] = field(default_factory=dict)


_ACCIDENT = {"injury": "accident"}
_NATURAL, _CAESAREAN = {"delivery": "natural"}, {"delivery": "caesarean"}

CARE: Mapping[str, Care] = {
    "11": Care("outpatient"),
    "12": Care("outpatient"),
    "16": Care("outpatient"),
    "19": Care("outpatient", _ACCIDENT),
    "81": Care("outpatient", _ACCIDENT),
    "9903": Care("outpatient", _ACCIDENT),
    "13": Care("emergency"),
    "1301": Care("emergency_observation"),
    "24": Care("emergency_observation", {"outcome": "admitted"}),
    "14": Care("special_outpatient"),
    "140201": Care("special_outpatient"),
    "140104": Care("chronic_outpatient"),
    "9901": Care("two_disease"),
    "51": Care("maternity_outpatient"),
    "52": Care("maternity_inpatient"),
    "2106": Care("maternity_inpatient", _NATURAL),
    "2107": Care("maternity_inpatient", _CAESAREAN),
    "21": Care("inpatient"),
    "2101": Care("inpatient"),
    "2105": Care("inpatient"),
    "2109": Care("inpatient"),
    "2114": Care("inpatient"),
    "21303": Care("inpatient"),
    "22": Care("inpatient", _ACCIDENT),
    "23": Care("inpatient"),
    "25": Care("inpatient"),
    "27": Care("inpatient"),
    "28": Care("inpatient"),
    "9921": Care("inpatient"),
    "9925": Care("inpatient"),
    "41": Care("pharmacy"),
    "61": Care("long_term_care"),
}
"""Medical categories that are settled by item; others, such as a fixed price for a disease, are not
among our rules."""

BY_THE_CASE = frozenset({"26", "2102", "990101"})
"""Categories of care that is paid for by its disease (1310): that decides what the institution is
paid, and no rule of ours says what the patient then pays."""

EITHER = "14"
"""The category that is one of special and of chronic diseases: which, the region's rules say."""

DELIVERIES: Mapping[str, str] = {
    "1": "natural",
    "2": "assisted",
    "4": "assisted",
    "3": "caesarean",
}
"""How a child was born; other kinds of care for mothers are no birth."""


def pregnancy(weeks: int) -> str:
    """Return how long a pregnancy lasted, as rules have it."""
    for below, name in ((12, "below_12_weeks"), (16, "from_12_weeks"), (28, "from_16_weeks")):
        if weeks < below:
            return name
    return "from_28_weeks"


@dataclass(frozen=True, slots=True)
class Payer:
    """A payer of a settlement: the sum of the reply that it is in, its codes by scheme."""

    sum: str
    employee: str
    resident: str

    def code(self, scheme: str) -> str:
        """Return the code of the fund that pays for who is in a scheme."""
        return self.employee if scheme == "employee" else self.resident


PAYERS: Mapping[str, Payer] = {
    "pool_pay": Payer("hifp_pay", "310100", "390100"),
    "large_expense_pay": Payer("hifob_pay", "330100", "330100"),
    "serious_illness_pay": Payer("hifmi_pay", "310300", "390200"),
    "assistance_pay": Payer("maf_pay", "610100", "610100"),
    "tilt_assistance_pay": Payer("maf_pay", "610102", "610102"),
    "supplement_pay": Payer("hifes_pay", "370100", "370100"),
    "accident_pay": Payer("oth_pay", "330200", "390400"),
    "care_pay": Payer("oth_pay", "999997", "999997"),
    "mutual_aid_pay": Payer("oth_pay", "999997", "999997"),
    "charity_pay": Payer("oth_pay", "370200", "370200"),
    "hospital_relief_pay": Payer("hosp_part_amt", "630100", "630100"),
    "personal_account": Payer("acct_pay", "310200", "390500"),
}
"""Who may pay, by the vocabulary's names; what pays the hospital's own part and the account too."""

SUMS = (
    *("hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "hifdm_pay", "maf_pay"),
    "oth_pay",
)
"""The sums of a reply that add up to what all funds pay."""

PATENT_MEDICINE = "11"
"""What a Chinese patent medicine is charged as, which is among the drugs."""

NO_LIMIT = 999999
"""The limit price of what has none."""
