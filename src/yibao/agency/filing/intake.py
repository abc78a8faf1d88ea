"""A bill as an institution sends it becomes the bill that the desk settles.

Its lines are priced by the catalogue of the place of treatment, or by our own where the person has
paid and is reimbursed. The files of the agency say what the institution need not: the episode of a
referral, the place of treatment, whether care is special care of a registered disease. Care that
would be special but for a registration or a site is settled as ordinary outpatient care.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from yibao.agency.desk.bill import AskedLine, bill_of
from yibao.agency.desk.correct import By, Corrected
from yibao.agency.desk.correct import Tell as TellCorrected
from yibao.agency.desk.correct import correct as desk_correct
from yibao.agency.desk.model import Ask, DeskError, Key, Replayed, Settled
from yibao.agency.desk.office import Office, Told
from yibao.agency.desk.registers import catalogue
from yibao.agency.desk.reverse import TakenBack
from yibao.agency.desk.reverse import Tell as TellTaken
from yibao.agency.desk.reverse import reverse as take_back
from yibao.agency.desk.settle import Tell, open_bill
from yibao.agency.desk.settle import presettle as desk_presettle
from yibao.agency.desk.settle import settle as desk_settle
from yibao.agency.filing import elsewhere, referrals, remote
from yibao.agency.filing.places import city, locality
from yibao.agency.qualification.sites import Site, covers_by_name, qualifies
from yibao.policy.model import Value
from yibao.store.database import Connection

SPECIAL = frozenset({"special_outpatient", "chronic_outpatient"})
"""Visits that take a registered disease."""

CARE = "long_term_care"
"""The visit of long-term care."""


@dataclass(frozen=True, slots=True)
class Papers:
    """What a bill refers to: the number of a referral, the practitioner who treated; its lines
    where they are yet to be priced."""

    referral: int | None = None
    practitioner_id: str = ""
    lines: Sequence[AskedLine] = ()


NO_PAPERS = Papers()


def settle(
    connection: Connection,
    office: Office,
    ask: Ask,
    papers: Papers = NO_PAPERS,
    *,
    actor: str,
    key: Key | None = None,
    tell: Tell | None = None,
) -> Settled | Replayed:
    """Settle a bill with what the files say of it; what another region pays is owed to that region.

    Raises Refusal for papers that do not fit the bill, and what the desk raises.
    """
    opened = open_bill(connection, office, ask, key)
    if isinstance(opened, Replayed):
        return opened
    places = _places(office, opened["registers"])
    known = _known(connection, ask, papers, places)
    found = desk_settle(connection, office, known, actor=actor, key=key, tell=tell, opened=opened)
    assert isinstance(found, Settled)
    if places.region and ask.payee == "institution":
        elsewhere.owe(connection, found, ask, places.region, actor=actor)
    return found


def presettle(
    connection: Connection, office: Office, ask: Ask, papers: Papers = NO_PAPERS
) -> Settled:
    """Return what a bill would be settled as now. Nothing is written. Raises as `settle` does."""
    opened = open_bill(connection, office, ask, None)
    assert not isinstance(opened, Replayed)
    known = taken_in(connection, office, ask, papers, opened["registers"])
    return desk_presettle(connection, office, known, opened=opened)


def reverse(
    connection: Connection,
    office: Office,
    number: int,
    *,
    actor: str,
    key: Key | None = None,
    tell: TellTaken | None = None,
) -> TakenBack | Replayed:
    """Take a settlement back, and what is owed elsewhere for it. Raises as the desk does."""
    found = take_back(connection, office, number, actor=actor, key=key, tell=tell)
    if isinstance(found, TakenBack):
        elsewhere.take_back(connection, number, found, actor=actor)
    return found


def correct(
    connection: Connection,
    office: Office,
    number: int,
    ask: Ask,
    papers: Papers = NO_PAPERS,
    *,
    actor: str,
    key: Key,
    tell: TellCorrected,
) -> Corrected | Replayed:
    """Take a settlement back and settle another bill in its place. Raises as those two do."""
    by = By(partial(settle, papers=papers), reverse)
    return desk_correct(connection, office, number, ask, actor=actor, key=key, tell=tell, by=by)


def taken_in(connection: Connection, office: Office, ask: Ask, papers: Papers, told: Told) -> Ask:
    """Return a bill with what the files say of it; the person must be locked. Raises Refusal.

    `told` is what the registers know of the bill (see `open_bill`).
    """
    return _known(connection, ask, papers, _places(office, told))


def priced(connection: Connection, office: Office, ask: Ask, papers: Papers, told: Told) -> Ask:
    """Return a bill with the amounts of its lines; raises BadLines with all that is wrong."""
    return _priced(connection, ask, papers, _places(office, told))


def _known(connection: Connection, ask: Ask, papers: Papers, places: _Places) -> Ask:
    ask = _priced(connection, ask, papers, places)
    ask = _referred(connection, ask, papers)
    ask = _placed(connection, ask, places)
    return _named(connection, _special(connection, _cared(ask), papers), papers)


def _priced(connection: Connection, ask: Ask, papers: Papers, places: _Places) -> Ask:
    if not papers.lines:
        return ask
    region = places.region if ask.payee == "institution" else ""
    find = catalogue(connection, ask.institution_id, papers.lines, region)
    bill = bill_of(papers.lines, find, first=ask.admitted, last=ask.discharged)
    return replace(ask, bill=bill)


def with_facts(ask: Ask, facts: Mapping[str, Value]) -> Ask:
    """Return a bill with further facts; raises DeskError where it brings them itself."""
    for name in facts:
        _not_stated(ask, name)
    return replace(ask, facts={**ask.facts, **facts})


def _not_stated(ask: Ask, name: str) -> None:
    if name in ask.facts:
        expected = "a fact that no register knows"
        raise DeskError("asked_fact", name, str(ask.facts[name]), expected)


def _referred(connection: Connection, ask: Ask, papers: Papers) -> Ask:
    if papers.referral is None:
        _not_stated(ask, "referred")  # without a referral nobody is
        return ask
    link = referrals.link(
        connection, papers.referral, ask.person_id, ask.institution_id, ask.admitted
    )
    if ask.episode not in {"", link.episode}:
        expected = f"{link.episode}, the referral's, or none"
        raise DeskError("episode", "episode", ask.episode, expected)
    asked = with_facts(ask, {"referred": link.referred})
    return replace(asked, episode=link.episode)


@dataclass(frozen=True, slots=True)
class _Places:
    """Divisions of the institution and the person, "" where they are not known.

    `region` is the code of the region of treatment, "" where it is the office's own.
    """

    institution: str
    person: str
    region: str


def _places(office: Office, told: Told) -> _Places:
    institution, person = told["institution_division"] or "", told["division"]
    own = not institution or city(institution) == city(office.policy.region.division)
    return _Places(institution, person, "" if own else city(institution).ljust(6, "0"))


def _placed(connection: Connection, ask: Ask, places: _Places) -> Ask:
    """Say where the place of treatment is; what is not of the register says it itself."""
    if places.region:
        if ask.payee == "institution":
            person, place = ask.person_id, places.institution
            remote.require(connection, person, place, ask.admitted, ask.visit)
        return with_facts(ask, {"locality": "elsewhere"})
    if not places.institution or not places.person:
        return ask
    here = locality(places.person, places.institution)
    # Who is insured here is, whatever division is written down, at most in another county.
    return with_facts(ask, {"locality": "same_city" if here == "elsewhere" else here})


def _special(connection: Connection, ask: Ask, papers: Papers) -> Ask:
    if ask.visit not in SPECIAL:
        return ask
    disease = str(ask.facts.get("disease", "none"))
    if disease == "none":
        raise DeskError("required", "disease", "", "the disease for which special care is given")
    at = Site(ask.institution_id, papers.practitioner_id)
    referred, day = ask.facts.get("referred") is True, ask.discharged
    if qualifies(connection, ask.person_id, disease, day, at, referred=referred):
        return ask
    facts = {name: value for name, value in ask.facts.items() if name != "disease"}
    return replace(ask, visit="outpatient", facts=facts)


def _named(connection: Connection, ask: Ask, papers: Papers) -> Ask:
    """Say of a bill whether it is of this patient, at this hospital, by this practitioner."""
    _not_stated(ask, "named_cover")
    disease, who = str(ask.facts.get("disease", "none")), papers.practitioner_id
    if disease == "none" or not who:
        return ask
    at = Site(ask.institution_id, who)
    if not covers_by_name(connection, ask.person_id, disease, ask.discharged, at):
        return ask
    return with_facts(ask, {"named_cover": True})


def _cared(ask: Ask) -> Ask:
    """Let the bills of a month of long-term care be one episode, as its limits are by the month."""
    if ask.visit != CARE:
        return ask
    month = f"{ask.discharged:%Y-%m}"
    if f"{ask.admitted:%Y-%m}" != month:
        days = f"{ask.admitted}..{ask.discharged}"
        raise DeskError("care_month", "discharged_on", days, "days of one month: a bill for each")
    if ask.episode not in {"", f"care {month}"}:
        raise DeskError("episode", "episode", ask.episode, "none: care is by the month")
    return replace(ask, episode=f"care {month}")
