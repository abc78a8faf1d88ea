"""What the cells of a register's row must be together. Each is a `Check` of a register."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from yibao.errors import CodeError
from yibao.interop.files.rowreader import Fault, Values
from yibao.registry import codes

LAST_SUPPLEMENT = date(2022, 12, 31)
"""Last day of local additions to the national drug list: Tianjin's plan 2021–2025, 3 (4)."""


def institution_kind(values: Values, fault: Fault) -> None:
    """A hospital's code begins with H, a pharmacy's with P; a pharmacy has no level."""
    kind = "pharmacy" if values["institution_id"].startswith("P") else "hospital"
    if values["kind"] not in {None, kind}:
        fault.add("kind", "kind_of_code", expected=kind)
    values["kind"] = kind
    if kind == "pharmacy" and values["level"] != "none":
        fault.add("level", "pharmacy_level")


_PROFESSIONS = {
    "D": "physician",
    "N": "nurse",
    "Y": "pharmacist",
    "HY": "pharmacist",
    "HJ": "technician",
}


def profession(values: Values, fault: Fault) -> None:
    """The letters of a practitioner's code say what they practise."""
    found = _PROFESSIONS[values["practitioner_id"].rstrip("0123456789")]
    if values["profession"] not in {None, found}:
        fault.add("profession", "kind_of_code", expected=found)
    values["profession"] = found


def first_self_pay(values: Values, fault: Fault) -> None:
    """Class A has no first self-pay, class B has one, class C is all self-paid."""
    share = values["first_self_pay"]
    if values["class"] == "B":
        if share is None:
            fault.add("first_self_pay", "required")
        return
    expected = Fraction(values["class"] == "C")
    if share not in {None, expected}:
        fault.add("first_self_pay", "class_share", klass=values["class"], expected=int(expected))
    values["first_self_pay"] = expected


def ages(values: Values, fault: Fault) -> None:
    """Ages begin below where they end."""
    first, below = values["age_from"], values["age_below"]
    if first is not None and below is not None and below <= first:
        fault.add("age_below", "age_order", first=first)


def national_drug(values: Values, fault: Fault) -> None:
    """A drug of the national list has a national code; a local addition may have another."""
    if values["source"] == "national":
        try:
            codes.national_drug(values["code"])
        except CodeError as error:
            fault.add("code", "code_form", why=error.text)


def local_drug(values: Values, fault: Fault) -> None:
    """Local drugs are what is left of earlier additions: of a batch, with an end, none new."""
    if values["source"] == "national":
        if values["batch"]:
            fault.add("batch", "local_only")
    elif not values["batch"]:
        fault.add("batch", "local_drug")
    elif values["to"] is None or values["to"] > LAST_SUPPLEMENT:
        fault.add("to", "local_drug_end", limit=LAST_SUPPLEMENT)


def local_approval(values: Values, fault: Fault) -> None:
    """A local addition of a herbal piece needs an approval number."""
    if values["source"] == "local" and not values["approval_number"]:
        fault.add("approval_number", "local_approval")


def batch_end(values: Values, fault: Fault) -> None:
    """No batch of local drugs outlasts the end of local additions."""
    if values["removal_on"] > LAST_SUPPLEMENT:
        fault.add("removal_on", "local_drug_end", limit=LAST_SUPPLEMENT)
