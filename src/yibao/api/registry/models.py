"""Requests and replies of agreements and designation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from yibao.api.fields import Day, Name, Said, Strict, Told, code_of, example
from yibao.registry.agreements import PASS_MARK

Visits = Annotated[list[Annotated[str, code_of("visit")]], Field(min_length=1, max_length=32)]
Schemes = Annotated[list[Annotated[str, code_of("scheme")]], Field(min_length=1, max_length=8)]


# --- agreements -----------------------------------------------------------------------------------


class Event(Told):
    """One act, from a day on."""

    on_day: Day
    kind: str
    detail: Mapping[str, str | int | bool | Sequence[str] | None]
    actor: str


class AgreementVersion(Told):
    """What an agreement covers in a period; null: until further notice."""

    first: Day
    last: Day | None
    visits: Sequence[str]
    schemes: Sequence[str]
    suspended: bool


class Agreement(Told):
    """All that has held of an agreement, and what was done with it."""

    agreement_id: str
    institution_id: str
    versions: Sequence[AgreementVersion]
    events: Sequence[Event]


class NewRenewal(Strict):
    """The next agreement, from the day after this one ends; the same scope unless given."""

    model_config = example(agreement_id="A2022-1", last="2023-11-30")

    agreement_id: Name
    last: Day
    visits: Visits | None = None
    schemes: Schemes | None = None


class NewAct(Strict):
    """A change of an agreement from a day on; only `amend` changes what it covers."""

    model_config = example(kind="suspend", day="2022-05-01", reason="an inspection")

    kind: Literal["amend", "suspend", "resume", "terminate"]
    day: Day
    reason: Said | None = None
    visits: Visits | None = None
    schemes: Schemes | None = None

    @model_validator(mode="after")
    def _amends(self) -> Self:
        changes = self.visits is not None or self.schemes is not None
        if changes != (self.kind == "amend"):
            raise PydanticCustomError("visits", "visits or schemes: expected to amend, and only so")
        return self


class NewAssessment(Strict):
    """The assessment of a year, out of 100."""

    model_config = example(day="2022-11-01", year=2022, score=85)

    day: Day
    year: Annotated[int, Field(ge=2000, le=2999)]
    score: Annotated[int, Field(ge=0, le=100)]
    pass_mark: Annotated[int, Field(ge=0, le=100)] = PASS_MARK


class NewBreach(Strict):
    """What was done against an agreement."""

    model_config = example(day="2022-06-02", what="charged an item twice")

    day: Day
    what: Said


# --- designation ----------------------------------------------------------------------------------


class NewDesignation(Strict):
    """An institution applies for designation."""

    model_config = example(application_id="X1", institution_id="H12010100001", day="2021-09-01")

    application_id: Name
    institution_id: Name
    day: Day


class NewStep(Strict):
    """The next step of an application has been taken."""

    model_config = example(step="assess", day="2021-09-20")

    step: Literal["assess", "negotiate"]
    day: Day


class NewRefusal(Strict):
    """Why an application is refused."""

    model_config = example(day="2021-09-20", reason="documents")

    day: Day
    reason: Literal["qualification", "documents", "assessment", "negotiation", "capacity"]


class NewSignature(Strict):
    """The agreement that ends an application: signed on `day`, in force from first to last."""

    model_config = example(
        agreement_id="A2021-1",
        day="2021-11-15",
        first="2021-12-01",
        last="2022-11-30",
        visits=["inpatient", "outpatient"],
        schemes=["employee", "resident"],
    )

    agreement_id: Name
    day: Day
    first: Day
    last: Day
    visits: Visits
    schemes: Schemes


class Designation(Told):
    """How an application stands on a day.

    `next` is the step to take, null when it is over; `due` the last day for that; `waiting` how
    many places are needed until it is its turn.
    """

    application_id: str
    institution_id: str
    events: Sequence[Event]
    next: str | None
    due: Day | None
    overdue: bool
    waiting: int


class DesignationListed(Told):
    """An application with the last step that was taken."""

    application_id: str
    institution_id: str
    step: str
    on_day: Day


class Designations(Told):
    """Applications by number; `next` is the cursor of the page after, null at the end."""

    designations: Sequence[DesignationListed]
    next: str | None


class Places(Told):
    """Places of a division for a kind of institution."""

    division: str
    kind: str
    places: int
    used: int
    available: int


class Quotas(Told):
    """The places of every division and kind."""

    quotas: Sequence[Places]
