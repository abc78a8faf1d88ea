"""The paths of services, one for each transaction, where that is how a province speaks.

Where its public path is known it stands here, spelled as it is; any transaction can also be reached
at `transaction/INFNO`, which is a path of our own.
"""

from __future__ import annotations

from collections.abc import Mapping

SERVICES: Mapping[str, str] = {
    "fsiPsnInfoService/queryPsnInfo": "1101",
    "outpatientDocInfoService/outpatientRregistration": "2201",
    "outpatientDocInfoService/outpatientRegistrationCancel": "2202",
    "outpatientDocInfoService/outpatientFeeListUpCancel": "2205",
    "outpatientSettleService/preSettletmentA": "2206A",
    "outpatientSettleService/saveSettletmentA": "2207A",
    "outpatientSettleService/cancleSettletment": "2208",
    "reverseService/revsMethod": "2601",
    "ybSettlementStmtService/stmt": "3201",
    "ybSettlementStmtService/stmtDetail": "3202",
    "hospitalRegisterService/hospitalRegisterSave": "2401",
}
OURS = "transaction"


def of(service: str, method: str) -> str | None:
    """Return the transaction of a path, None where there is none."""
    return method if service == OURS else SERVICES.get(f"{service}/{method}")
