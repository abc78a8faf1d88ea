"""The roles: whose data are whose own, and who works for the agency at what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from yibao.store.sight import Kind
from yibao.text import Text


@dataclass(frozen=True, slots=True)
class Role:
    """A role. `own` says of what a principal with it has one that is its own; "": works for all.

    `looks_down`: a region above may send somebody with it.
    """

    title: Text
    own: str = ""
    looks_down: bool = False


ROLES: Mapping[str, Role] = {
    "insured": Role(Text("参保人", "insured person"), own="person_id"),
    "employer": Role(Text("参保单位", "employer"), own="employer_id"),
    "institution": Role(Text("定点医药机构", "designated institution"), own="institution_id"),
    "region": Role(Text("外地经办机构", "agency of another region"), own="division"),
    "enrolment": Role(Text("参保登记", "enrolment")),
    "contributions": Role(Text("基金征缴", "contributions and personal accounts")),
    "benefits": Role(Text("待遇审核", "benefits: desk, filings, care")),
    "clearing": Role(Text("结算审核", "clearing: audits what institutions apply for")),
    "finance": Role(Text("基金财务", "finance: pays, keeps the books")),
    "agreements": Role(Text("协议管理", "agreements with institutions")),
    "catalogue": Role(Text("目录管理", "catalogues and other registers")),
    "auditor": Role(Text("稽核", "auditor: looks at everything, does nothing"), looks_down=True),
    "operator": Role(Text("系统运维", "operator of the system: no insurance data")),
}

OWN = frozenset(name for name, role in ROLES.items() if role.own)
"""Roles that may do what they may with their own alone."""

SIGHTS: Mapping[str, Kind] = {
    "insured": "person",
    "employer": "employer",
    "institution": "institution",
    "region": "region",
}
"""Whose rows the database shows to each of them."""

AGENCY = frozenset(ROLES) - OWN
"""Roles of those who work for the agency."""
