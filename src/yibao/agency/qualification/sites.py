"""Where a registered disease is treated: chosen institutions, or an institution and a practitioner.

A patient who has chosen is treated at the special rate there, and elsewhere only on a referral. For
what is covered by name (one patient, one hospital, one doctor) the site names the practitioner too,
and no referral replaces it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from yibao.agency.enrolment import periods
from yibao.agency.enrolment.audit import note
from yibao.agency.enrolment.periods import Period
from yibao.agency.enrolment.persons import find, locked, unknown
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.qualification.diseases import is_registered
from yibao.registry.find import institution, practises_at
from yibao.store.database import Connection


@dataclass(frozen=True, slots=True)
class Site:
    """An institution, and where cover is by name the practitioner."""

    institution_id: str
    practitioner_id: str = ""


def choose(
    connection: Connection,
    person_id: str,
    disease: str,
    sites: Sequence[Site],
    first: date,
    *,
    last: date | None = None,
    actor: str,
) -> None:
    """Treat a disease at these sites and no others from `first` on.

    Raises Refusal: the disease is not registered then, an institution that is not of the register,
    a practitioner who does not practise there, no site or one named twice.
    """
    person = locked(connection, person_id).person
    if not is_registered(connection, person_id, disease, first):
        raise Refusal(
            "registered",
            f"{first} 没有 {disease} 的登记",
            f"{disease} is not registered on {first}",
            column="disease",
        )
    if not sites or len(set(sites)) < len(sites):
        raise Refusal(
            "sites", "至少选一家，且不重复", "at least one site, each once", column="institution_id"
        )
    for site in sites:
        _exists(connection, site, first)
    number, where = person.person_no, {"disease": disease}
    periods.cut(connection, "qualification.site", number, first, last, where=where)
    for site in sites:
        says = {
            "disease": disease,
            "institution_id": site.institution_id,
            "practitioner_id": site.practitioner_id,
        }
        periods.hold(connection, "qualification.site", number, Period(first, last, says))
    named = [f"{s.institution_id} {s.practitioner_id}".rstrip() for s in sites]
    note(
        connection,
        actor,
        "qualify-sites",
        f"person:{person_id}",
        disease=disease,
        sites=frozenset(named),
        first=first,
        last=last,
    )


def _exists(connection: Connection, site: Site, day: date) -> None:
    if institution(connection, site.institution_id, day) is None:
        raise Refusal(
            "known_institution",
            f"{day} 没有机构 {site.institution_id}",
            f"there is no institution {site.institution_id} on {day}",
            column="institution_id",
        )
    named = site.practitioner_id
    if named and not practises_at(connection, named, site.institution_id, day):
        raise Refusal(
            "not_at_site",
            f"{named} 当日未在 {site.institution_id} 登记执业",
            f"{named} does not practise at {site.institution_id} on {day}",
            column="practitioner_id",
        )


def periods_of(connection: Connection, person_id: str, disease: str = "") -> list[Period]:
    """Return the sites of a person's diseases, or of one, with the days on which they are some."""
    person = find(connection, person_id)
    if person is None:
        raise unknown(person_id)
    where = {"disease": disease} if disease else {}
    return periods.read(connection, "qualification.site", person.person_no, where)


def sites_of(connection: Connection, person_id: str, disease: str, day: date) -> list[Site]:
    """Return where a disease of a person is treated on a day; none: wherever the person goes."""
    held = periods_of(connection, person_id, disease)
    return [Site(p.says["institution_id"], p.says["practitioner_id"]) for p in held if p.holds(day)]


def qualifies(
    connection: Connection,
    person_id: str,
    disease: str,
    day: date,
    at: Site,
    *,
    referred: bool = False,
) -> bool:
    """Tell whether care on a day at a site is special care of a registered disease."""
    if not is_registered(connection, person_id, disease, day):
        return False
    sites = sites_of(connection, person_id, disease, day)
    if not sites or any(_is(site, at) for site in sites):
        return True
    return referred and not any(site.practitioner_id for site in sites)


def covers_by_name(
    connection: Connection, person_id: str, disease: str, day: date, at: Site
) -> bool:
    """Tell whether a registered disease is covered by name on a day at just this site."""
    return (
        at.practitioner_id != ""
        and is_registered(connection, person_id, disease, day)
        and at in sites_of(connection, person_id, disease, day)
    )


def _is(site: Site, at: Site) -> bool:
    return site in (at, Site(at.institution_id))
