"""A Coverage with its Patient becomes a row of persons for `yibao enrol import persons`."""

from __future__ import annotations

from collections.abc import Mapping

from yibao.interop.fhir import systems
from yibao.interop.fhir.given import At, Found, Given, Reader, coded
from yibao.interop.fhir.read_claim import PERSON
from yibao.interop.files.columns import Column
from yibao.text import Text

PERSON_NAMES = (
    *("person_id", "identity_type", "identity_number", "name", "sex", "birth_date"),
    *("scheme", "category", "contribution_tier", "from", "to"),
)
"""The columns of the rows."""

_NUMBER = Column("identity_number", "id", Text("证件号码", "Identity number"))
_NAME = Column("name", "text", Text("姓名", "Name"))
_BORN = Column("birth_date", "date", Text("出生日期", "Date of birth"))
_FROM = Column("from", "date", Text("参保起日", "First day of membership"))
_TO = Column("to", "date", Text("止日", "Last day"))
_SEXES = ("male", "female")


def person(given: Given, found: Found) -> Mapping[str, str] | None:
    """Return the row of a Coverage; None for one that is not in force, or with problems.

    One whose person is masked is left out too: what was hidden must not be registered as a name.
    """
    reader = Reader(given, found)
    coverage = reader.root
    patient = coverage["beneficiary"].target()
    cancelled = reader.status("active", "cancelled") == "cancelled"
    if cancelled or (patient is not None and _masked(patient)):
        given.left_out["Coverage"] += 1
        return None
    if patient is None:
        coverage["beneficiary"].wrong("known_reference", system=systems.PERSON)
        given.problems += reader.problems
        return None
    row = {
        "person_id": patient["identifier"].among(systems.PERSON, PERSON),
        **_identity(patient),
        "name": _name(patient),
        "sex": patient["gender"].value if patient["gender"].value in _SEXES else "",
        "birth_date": patient["birthDate"].day(_BORN),
        "scheme": coverage["type"].code(systems.SCHEME, coded("scheme")),
        "category": _class(coverage, "category") or "",
        "contribution_tier": _class(coverage, "contribution_tier", needed=False),
        "from": coverage["period"]["start"].day(_FROM),
        "to": coverage["period"]["end"].day(_TO) if coverage["period"]["end"] else "",
    }
    given.problems += reader.problems
    return None if reader.problems else row


def _masked(patient: At) -> bool:
    labels = patient["meta"]["security"]
    return any(
        (label["system"].value, label["code"].value) == (systems.ALTERED, systems.MASKED)
        for label in labels
    )


def _identity(patient: At) -> dict[str, str]:
    own = [i for i in patient["identifier"] if i["system"].value in systems.IDENTITY_TYPES]
    if len(own) > 1:
        patient["identifier"].wrong("system", system=systems.identity("…"), found=len(own))
    if not own:
        return {"identity_type": "none", "identity_number": ""}
    kind = systems.IDENTITY_TYPES[own[0]["system"].value]
    return {"identity_type": kind, "identity_number": own[0]["value"].cell(_NUMBER)}


def _name(patient: At) -> str:
    """Return the first name: its text, or its parts as Chinese names are written."""
    for name in patient["name"]:
        if name["text"]:
            return name["text"].cell(_NAME)
        parts = [name["family"].value or "", *(name["given"].value or [])]
        return At(name.reader, "".join(filter(None, parts)), name.path).cell(_NAME)
    patient["name"].wrong("needed", what=_NAME.title)
    return ""


def _class(coverage: At, name: str, *, needed: bool = True) -> str:
    found = [c for c in coverage["class"] if c["type"].says(systems.COVERAGE_CLASS, name)]
    if len(found) == 1:
        return found[0]["value"].cell(coded(name))
    if needed or found:
        system = f"{systems.COVERAGE_CLASS}|{name}"
        coverage["class"].wrong("system", system=system, found=len(found))
    return ""
