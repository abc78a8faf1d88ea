"""Settlements as resources: who, insured how, the bill, what the centre answered, who pays what.

A reversal is a ClaimResponse and an ExplanationOfBenefit of its own, tagged as a refund, with all
amounts below zero; the resources of what it takes back then have the status `cancelled`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from yibao.errors import YibaoError
from yibao.interop.fhir import systems
from yibao.interop.fhir.exact import Resource, faults
from yibao.interop.fhir.model import Booked, Insured, Manner
from yibao.interop.fhir.settled import (
    Of,
    benefit,
    claim,
    id_of,
    insurer,
    period,
    response,
    title,
    to,
    url,
)
from yibao.interop.fhir.systems import concept, identifier
from yibao.masking import masked_name


class BadBundle(YibaoError):
    """A bundle of ours that is not as FHIR has it: a defect of ours, and nothing is written."""


def bundle(settlements: Iterable[Booked], manner: Manner) -> Resource:
    """Return a collection of the resources of settlements, each once, checked by the library.

    Raises BadBundle where the library finds a fault.
    """
    entries: dict[str, Resource] = {}
    for one in settlements:
        for resource in resources(one, manner):
            entries.setdefault(url(resource["id"]), resource)
    found = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"fullUrl": at, "resource": one} for at, one in entries.items()],
    }
    wrong = [f"{path} = {value!r}: {why}" for path, value, why in faults(found)]
    if wrong:
        raise BadBundle("\n".join(wrong))
    return found


def resources(one: Booked, manner: Manner) -> Iterator[Resource]:
    """Yield the resources of a settlement or reversal."""
    patient = _patient(one.person, manner)
    coverage = _coverage(one, patient, manner)
    yield from (patient, coverage)
    of = Of(one, manner, patient, coverage)
    if one.row["kind"] == "settlement":
        yield claim(of)
    answer = response(of)
    yield answer
    yield benefit(of, answer)


# --- who and how insured --------------------------------------------------------------------------


def _patient(person: Insured, manner: Manner) -> Resource:
    """Return a person; of the birth date only the year where the name is masked."""
    found: dict[str, Any] = {
        "resourceType": "Patient",
        "id": id_of("Patient", person.person_id),
        "identifier": [identifier(systems.PERSON, person.person_id)],
    }
    if not manner.unmask:
        found["meta"] = {"security": [{"system": systems.ALTERED, "code": systems.MASKED}]}
    elif person.identity_number:
        system = systems.identity(person.identity_type)
        found["identifier"].append(identifier(system, person.identity_number))
    if person.name:
        found["name"] = [{"text": person.name if manner.unmask else masked_name(person.name)}]
    if person.sex:
        found["gender"] = person.sex
    if person.birth_date is not None:
        day = person.birth_date.isoformat()
        found["birthDate"] = day if manner.unmask else day[:4]
    return found


def _coverage(one: Booked, patient: Resource, manner: Manner) -> Resource:
    """Return by what a person was insured on the day of the rules: what rules could look at."""
    row, told = one.row, one.row["person_facts"]
    classes = {n: told[n] for n in ("category", "contribution_tier") if n in told}
    span = [] if one.span is None else [day.isoformat() if day else None for day in one.span]
    found = {
        "resourceType": "Coverage",
        "id": id_of("Coverage", row["person_id"], row["scheme"], *classes.items(), *span),
        "status": "active",
        "type": concept(systems.SCHEME, row["scheme"], title("scheme", row["scheme"])),
        "beneficiary": to(patient),
        "relationship": concept(systems.SELF, "self"),
        "payor": [insurer(manner)],
        "class": [
            {"type": concept(systems.COVERAGE_CLASS, name), "value": value}
            for name, value in classes.items()
        ],
    }
    if not classes:
        del found["class"]
    if span:
        found["period"] = period(*span)
    return found
