"""Institutions of a person's choice over HTTP: one of level 3, a contracted primary one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import Response
from pydantic import Field

from yibao.agency.filing import choices
from yibao.agency.filing.cancelling import cancel
from yibao.agency.filing.choices import Choice
from yibao.api.calls import MAKES, MAKES_OF_ONE, READS_ONE, All, One, Write
from yibao.api.care.referrals import FilingCancellation
from yibao.api.fields import Day, Name, OfPerson, Remark, Strict, Told, example, number_in_path
from yibao.api.paging import Cursor, Limit, page_of
from yibao.api.problems import documented
from yibao.api.routing import Router
from yibao.store.database import Connection

router = Router(prefix="/filing/choices", tags=["filing"])

ChoiceNumber = Annotated[int, number_in_path("choice_id / 选择编号")]
Kind = Literal["level_3", "primary"]


class NewChoice(Strict):
    """A hospital of level 3, or a primary institution to contract with; from the next day on."""

    model_config = example(
        person_id="P-17",
        kind="level_3",
        institution_id="H12010100001",
        chosen_on="2023-03-01",
        first="2023-03-02",
    )

    person_id: Name
    kind: Kind
    institution_id: Name
    chosen_on: Day
    first: Day
    residence: Remark = Field(
        "", description="why there, where it is another county of the city / 居住原因"
    )


class Chosen(Told):
    """What holds by the request; `new` says whether since this request, else by which number."""

    person_id: str
    kind: Kind
    institution_id: str
    first: Day
    new: bool
    choice_id: int | None = Field(description="null: there before and not by a choice")


class ChoiceTold(Told):
    """A choice; `former` is the institution whose place it takes, empty for none."""

    choice_id: int
    person_id: str
    kind: Kind
    institution_id: str
    chosen_on: Day
    first: Day
    residence: str
    former: str
    cancelled: bool


class Choices(Told):
    """Choices by number; `next` is the cursor of the page after, null at the end."""

    choices: Sequence[ChoiceTold]
    next: str | None


@router.post(
    "",
    operation_id="chooseInstitution",
    summary="Choose a level-3 hospital, or contract with a primary institution / 选定或签约机构",
    status_code=201,
    response_model=Chosen,
    responses=MAKES,
)
def post_choice(body: NewChoice, write: Write) -> Response:
    """Choose, as often as is laid down; what is chosen already stays so."""

    def work(connection: Connection) -> Chosen:
        made = choices.choose(
            *(connection, body.kind, body.person_id, body.institution_id),
            first=body.first,
            on_day=body.chosen_on,
            residence=body.residence,
            actor=write.actor,
        )
        mine = [
            c.choice_id
            for c in choices.choices(connection, body.person_id)
            if (c.kind, c.institution_id, c.cancelled) == (body.kind, body.institution_id, False)
        ]
        return Chosen.model_construct(
            person_id=body.person_id,
            kind=body.kind,
            institution_id=body.institution_id,
            first=body.first,
            new=made,
            choice_id=mine[-1] if mine else None,
        )

    return write.once(body, work)


@router.post(
    "/{choice}/cancellation",
    operation_id="cancelChoice",
    summary="Cancel a choice that was a mistake, once / 取消选择",
    status_code=201,
    response_model=ChoiceTold,
    responses=MAKES_OF_ONE,
)
def post_cancellation(choice: ChoiceNumber, body: FilingCancellation, write: Write) -> Response:
    """Cancel a choice: what it took the place of goes on, what was settled stands."""

    def work(connection: Connection) -> ChoiceTold:
        cancel(connection, "choice", choice, body.reason, actor=write.actor)
        return _told(choices.choice_of(connection, choice))

    return write.once(body, work)


@router.get(
    "/{choice}",
    operation_id="getChoice",
    summary="A choice as it was made / 查询选择",
    response_model=ChoiceTold,
    responses=READS_ONE,
)
def get_choice(choice: ChoiceNumber, read: One) -> Response:
    """Return a choice with its entity tag."""
    return read.one(lambda connection: _told(choices.choice_of(connection, choice)))


@router.get(
    "",
    operation_id="listChoices",
    summary="Choices of a person, by number / 选择列表",
    response_model=Choices,
    responses=documented(),
)
def list_choices(
    person_id: OfPerson, read: All, cursor: Cursor = None, limit: Limit = 50
) -> Response:
    """Return a page of what a person has chosen."""

    def work(connection: Connection) -> Choices:
        rows = choices.choices(connection, person_id)
        page, after = page_of(rows, lambda c: c.choice_id, cursor, limit)
        return Choices.model_construct(choices=[_told(c) for c in page], next=after)

    return read.all(work)


def _told(found: Choice) -> ChoiceTold:
    return ChoiceTold.model_construct(
        choice_id=found.choice_id,
        person_id=found.person_id,
        kind=found.kind,
        institution_id=found.institution_id,
        chosen_on=found.on_day,
        first=found.first,
        residence=found.residence,
        former=found.former,
        cancelled=found.cancelled,
    )
