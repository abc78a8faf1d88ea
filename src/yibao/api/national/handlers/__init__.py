"""The transactions that the centre answers, by `infno`: each a function from an exchange."""

from __future__ import annotations

from collections.abc import Mapping

from yibao.api.national.exchange import Handler
from yibao.api.national.handlers import (
    accounts,
    benefits,
    catalogue_files,
    catalogues,
    files,
    filings,
    inpatient,
    institutions,
    lists,
    mapping,
    outpatient,
    persons,
    pharmacy,
    records,
    reversal,
    reviews,
    session,
    stock,
)

HANDLERS: Mapping[str, Handler] = {
    **session.HANDLERS,
    **persons.HANDLERS,
    **benefits.HANDLERS,
    **pharmacy.HANDLERS,
    **outpatient.HANDLERS,
    **inpatient.HANDLERS,
    **reversal.HANDLERS,
    **institutions.HANDLERS,
    **catalogue_files.HANDLERS,
    **catalogues.HANDLERS,
    **files.HANDLERS,
    **accounts.HANDLERS,
    **mapping.HANDLERS,
    **filings.HANDLERS,
    **records.HANDLERS,
    **stock.HANDLERS,
    **reviews.HANDLERS,
    **lists.HANDLERS,
}

READS = frozenset(
    {
        *persons.READS,
        *benefits.READS,
        *institutions.READS,
        *catalogues.READS,
        *files.READS,
        *accounts.READS,
        *filings.READS,
        *records.READS,
    }
)
"""Those that only read: their replies are not kept, and the database holds them to it."""

TRIES = frozenset({*pharmacy.TRIES, *outpatient.TRIES, *inpatient.TRIES})
"""Those that say what would be: they are done, and what they did is given up."""

_ELSEWHERE = "由移动支付中心办理，不经本中心"
_NOT_KEPT = "病案、医嘱和电子病历不在本中心保存"
_BY_AGENCY = "科室由经办机构登记，医药机构不能自行变更"
_NO_GROUPS = "本中心不作病组、病种分组"
_NO_QUALITY = "本中心不作结算清单质控"
_NO_CODES = "特殊标识没有国家代码表，其含义无从认定"

NOT_ANSWERED: Mapping[str, str] = {
    "2306": "上传的费用明细不可改写；追溯码请随结算上传(drug_trac_info)",
    **dict.fromkeys(("2406", "2407"), _NO_CODES),
    **dict.fromkeys(("3401", "3402", "3403"), _BY_AGENCY),
    **dict.fromkeys(("3605", "3606"), _NO_GROUPS),
    **dict.fromkeys(("3607", "4104"), _NO_QUALITY),
    "4102": "结算清单上传时即已核对，没有待审核的状态",
    "4103": "结算清单以医药机构上传(4101)的为准，本中心不下发",
    "4105": "医疗类别的集合(medtype_list)怎样书写，没有公开的规范",
    **dict.fromkeys(("4401", "4402", "4701"), _NOT_KEPT),
    **dict.fromkeys(("6101", "6201", "6202", "6203", "6301", "6401"), _ELSEWHERE),
}
"""The transactions of the specification that are not answered, each with the reason why not."""
