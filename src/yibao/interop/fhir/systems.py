"""The URIs under which codes and identifiers stand in a resource: ours, and those of HL7 we use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Identifiers: whose number it is.
PERSON = "urn:yibao:person"
INSTITUTION = "urn:yibao:institution"
PRACTITIONER = "urn:yibao:practitioner"
REGION = "urn:yibao:region"
CLAIM_NO = "urn:yibao:claim-no"
SETTLEMENT = "urn:yibao:settlement"
_IDENTITY = "urn:yibao:identity:"

# Codes: those of the vocabulary, the catalogues and the files.
SCHEME = "urn:yibao:scheme"
VISIT = "urn:yibao:visit"
COVERAGE_CLASS = "urn:yibao:coverage-class"
ITEM_KIND = "urn:yibao:item-kind"
ITEM = "urn:yibao:item"
LOCAL_ITEM = "urn:yibao:local-item"
BILL = "urn:yibao:bill"
"""Columns of a file of bills: what the bill says besides its lines."""
PAYER = "urn:yibao:payer"
LINE_PART = "urn:yibao:line-part"
FLOW = "urn:yibao:flow"

# HL7's.
_HL7 = "http://terminology.hl7.org/CodeSystem/"
ADJUDICATION = f"{_HL7}adjudication"
CLAIM_TYPE = f"{_HL7}claim-type"
PRIORITY = f"{_HL7}processpriority"
PAYEE = f"{_HL7}payeetype"
RELATION = f"{_HL7}ex-relatedclaimrelationship"
SELF = f"{_HL7}subscriber-relationship"
ALTERED = f"{_HL7}v3-ObservationValue"
LANGUAGE = "urn:ietf:bcp:47"
CURRENCY = "urn:iso:std:iso:4217"

MASKED = "MASKED"
"""The security label (of ALTERED) of a patient whose name is not given in full."""

IDENTITY_TYPES: Mapping[str, str] = {
    f"{_IDENTITY}{name}": name
    for name in ("resident_id", "passport", "permit_hk_mo", "permit_tw", "other")
}
"""The kind of identity document by the system of its number."""


def identity(kind: str) -> str:
    """Return the system of the numbers of a kind of identity document."""
    return _IDENTITY + kind


def identifier(system: str, value: object) -> dict[str, Any]:
    """Return an Identifier."""
    return {"system": system, "value": str(value)}


def logical(kind: str, system: str, value: object) -> dict[str, Any]:
    """Return a Reference by identifier to a resource of a kind that is not at hand."""
    return {"type": kind, "identifier": identifier(system, value)}


def concept(system: str, code: str, display: str = "") -> dict[str, Any]:
    """Return a CodeableConcept of one code."""
    coding = {"system": system, "code": code}
    return {"coding": [{**coding, "display": display} if display else coding]}
