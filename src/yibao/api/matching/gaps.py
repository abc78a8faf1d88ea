"""Gaps of insurance over HTTP: who they are, how many, what was done about each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from fastapi import Path, Query, Response
from pydantic import AfterValidator, StringConstraints

from yibao.agency.desk.model import DeskError
from yibao.agency.enrolment.audit import note
from yibao.agency.matching import followup
from yibao.agency.matching.followup import NOTE, STATES, Gap, State, Step
from yibao.api.calls import MAKES, MAKES_OF_ONE, All, Write
from yibao.api.fields import Day, Name, Strict, Told, example, no_formula
from yibao.api.paging import (
    Cursor,
    KeyCursor,
    Limit,
    cursor_after,
    cursor_at,
    cut,
    key_at,
    number_of,
)
from yibao.api.persons import Reason
from yibao.api.problems import documented
from yibao.api.routing import Router
from yibao.masking import masked_name, masked_number
from yibao.store.database import Connection

router = Router(prefix="/gaps", tags=["matching"])

Finding = Annotated[
    str,
    StringConstraints(max_length=NOTE, pattern=r"^([^\p{C}\p{Z}]([^\p{C}]*[^\p{C}\p{Z}])?)?$"),
    AfterValidator(no_formula),
]
"""What was found, in words, as long as a file may say it; or nothing."""

GapId = Annotated[int, Path(ge=1, le=2**63 - 1, description="gap_id / 缺口编号")]

InDivision = Annotated[
    str | None,
    Query(
        pattern="^[0-9]{1,12}$",
        description="a division, or the beginning of its code / 行政区划",
    ),
]


class GapTold(Told):
    """A gap as the newest population file has it, and what was done last; masked unless asked."""

    gap_id: int
    identity_number: str
    name: str
    division: str
    street: str
    group: str
    kind: Literal["missing", "lapsed", "duplicate"]
    seen_on: Day
    state: State
    on: Day
    note: str
    proof: str
    actor: str


class Gaps(Told):
    """Gaps by our number; `next` is the cursor of the page after, null at the end."""

    gaps: Sequence[GapTold]
    next: str | None


class Counted(Told):
    """How many gaps of a division, or of one of its streets, are in each state."""

    division: str
    street: str | None
    states: Mapping[State, int]


class GapCounts(Told):
    """Counts by place; `next` is the cursor of the page after, null at the end."""

    counts: Sequence[Counted]
    next: str | None


class NewStep(Strict):
    """What was done about the gap of somebody, on which day."""

    model_config = example(
        identity_number="110105199003070025",
        state="visited",
        on="2022-07-03",
        note="enrols in September",
    )

    identity_number: Name
    state: Literal["open", "called", "visited", "elsewhere", "exempt"]
    on: Day
    note: Finding = ""
    proof: Finding = ""


class StepTold(Told):
    """The newest step of a gap; `new` says whether by this request."""

    state: State
    on: Day
    note: str
    proof: str
    new: bool


class NewClosures(Strict):
    """The day on which who has cover has no gap."""

    model_config = example(day="2022-09-01")

    day: Day


class Closures(Told):
    """How many gaps were closed by this request."""

    day: Day
    closed: int


@router.get(
    "",
    operation_id="listGaps",
    summary="Gaps in some states, of a division or street / 参保缺口清单",
    response_model=Gaps,
    responses=documented(),
)
def list_gaps(
    every: All,
    *,
    state: Annotated[
        list[State] | None,
        Query(max_length=len(STATES), description="else open, called and visited / 状态"),
    ] = None,
    division: InDivision = None,
    street: Annotated[
        str | None,
        Query(max_length=200, pattern=r"^[^\p{C}]*$", description="of this street / 街道"),
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return a page of gaps."""

    def work(connection: Connection) -> Gaps:
        rows = followup.page(
            connection,
            states=state or ("open", "called", "visited"),
            division=division or "",
            street=street or "",
            after=number_of(cursor),
            limit=limit + 1,
        )
        page, following = cut(rows, limit, lambda gap: cursor_after(gap.gap_id))
        return Gaps.model_construct(gaps=list(map(_gap, page)), next=following)

    return every.all(work)


def _gap(gap: Gap) -> GapTold:
    masked = {
        "identity_number": masked_number(gap.identity_number),
        "name": masked_name(gap.name),
    }
    return _told(gap, **masked)


def _told(gap: Gap, **instead: str) -> GapTold:
    said = {name: getattr(gap, name) for name in Gap.__dataclass_fields__.keys() - {"step"}}
    step = gap.step
    return GapTold.model_construct(
        **said | instead, state=step.state, on=step.on_day, note=step.note, proof=step.proof
    )


@router.post(
    "/{gap_id}/unmasked",
    operation_id="unmaskGap",
    summary="A gap, nothing masked; the audit log keeps who asked / 查看完整信息",
    status_code=201,
    response_model=GapTold,
    responses=MAKES_OF_ONE,
)
def post_unmasked(gap_id: GapId, body: Reason, write: Write) -> Response:
    """Return whom a gap is of, and write down who wanted to know, and why."""

    def work(connection: Connection) -> GapTold:
        gap = followup.find(connection, gap_id)
        if gap is None:
            raise DeskError("known_gap_id", "gap_id", str(gap_id), "a gap")
        note(connection, write.actor, "unmask", f"gap:{gap_id}", reason=body.reason)
        return _told(gap)

    return write.once(body, work)


@router.get(
    "/counts",
    operation_id="countGaps",
    summary="How many gaps are in each state, by division or street / 参保缺口统计",
    response_model=GapCounts,
    responses=documented(),
)
def count_gaps(
    every: All,
    *,
    by: Annotated[
        Literal["division", "street"], Query(description="what is counted / 统计口径")
    ] = "division",
    division: InDivision = None,
    cursor: KeyCursor = None,
    limit: Limit = 50,
) -> Response:
    """Return a page of counts, by place."""
    after = key_at(cursor, 1 if by == "division" else 2) or ()

    def work(connection: Connection) -> GapCounts:
        counts = followup.counts(connection, by)
        places = sorted(p for p in counts if p > after and p[0].startswith(division or ""))
        page, following = cut(places, limit, cursor_at)
        counted = [
            Counted.model_construct(
                division=place[0],
                street=place[1] if by == "street" else None,
                states={state: counts[place][state] for state in STATES},
            )
            for place in page
        ]
        return GapCounts.model_construct(counts=counted, next=following)

    return every.all(work)


@router.post(
    "/steps",
    operation_id="followUpGap",
    summary="Write down what was done about a gap / 登记缺口办理情况",
    status_code=201,
    response_model=StepTold,
    responses=MAKES,
)
def post_step(body: NewStep, write: Write) -> Response:
    """Write a step; one that cover has closed takes none."""
    made = Step(body.state, body.on, body.note, body.proof)

    def work(connection: Connection) -> StepTold:
        new = followup.step(connection, body.identity_number, made, actor=write.actor)
        return StepTold.model_construct(
            state=body.state, on=body.on, note=body.note, proof=body.proof, new=new
        )

    return write.once(body, work)


@router.post(
    "/closures",
    operation_id="closeCoveredGaps",
    summary="Close the gaps of those who have cover on a day / 参保后销号",
    status_code=201,
    response_model=Closures,
    responses=MAKES,
)
def post_closures(body: NewClosures, write: Write) -> Response:
    """Close what is resolved by itself; reading never does."""

    def work(connection: Connection) -> Closures:
        closed = followup.close_covered(connection, body.day, actor=write.actor)
        return Closures.model_construct(day=body.day, closed=closed)

    return write.once(body, work)
