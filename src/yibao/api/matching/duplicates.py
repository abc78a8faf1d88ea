"""Pairs that may be one person over HTTP: found, decided by a clerk, never merged by itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

from fastapi import Query, Response
from pydantic import AfterValidator, Field, StringConstraints

from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.matching import decisions
from yibao.agency.matching.decisions import OURS, TASKS, Decision, Outcome
from yibao.agency.matching.likeness import THRESHOLD
from yibao.agency.matching.pairs import KINDS, Kind, Pair, missing
from yibao.agency.matching.records import Record
from yibao.agency.matching.search import search
from yibao.api.calls import MAKES, All, Write
from yibao.api.fields import (
    Day,
    Instant,
    Name,
    Said,
    Strict,
    Told,
    Words,
    Yuan,
    example,
    one_spelling,
    words,
)
from yibao.api.paging import (
    MAX_PAGE,
    Cursor,
    KeyCursor,
    Limit,
    cursor_after,
    cursor_at,
    cut,
    key_at,
    number_of,
)
from yibao.api.problems import documented
from yibao.api.routing import Router
from yibao.masking import masked_name, masked_number, masked_phone
from yibao.store.database import Connection

router = Router(prefix="/duplicates", tags=["matching"])

Key = Annotated[
    str,
    StringConstraints(max_length=160, pattern=r"^[\p{L}\p{N}][^\p{C}\p{Z}]*$"),
    AfterValidator(one_spelling),
    Field(description="person:ID of ours, REGION:… of another region's, as pairs name it / 记录"),
]


# --- found ----------------------------------------------------------------------------------------


class DuplicatesWanted(Strict):
    """By number, in our register and with what other regions have reported; near ones if wanted."""

    model_config = example(likeness=True, threshold=0.9)

    likeness: bool = Field(False, description="near ones too, as the extra `match` finds / 相似")
    threshold: Annotated[
        float,
        Field(
            ge=0.01,
            le=1,
            allow_inf_nan=False,
            description="the least probability of near ones / 最低概率",
        ),
    ] = THRESHOLD
    cursor: KeyCursor = None
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = 50


class RecordTold(Told):
    """A record of a pair, masked; of what another region reports by number there is only that."""

    key: str
    name: str
    birth_date: Day | None
    sex: str
    identity_type: str
    identity_number: str
    division: str
    phone: str


class ReasonTold(Told):
    """What two records have in common in a field, or not."""

    field: str
    level: str
    says: Words


class PairTold(Told):
    """Two records that may be one person; without a probability where the number says it."""

    kind: Kind
    probability: float | None
    left: RecordTold
    right: RecordTold
    reasons: Sequence[ReasonTold]


class Pairs(Told):
    """Undecided pairs, the gravest first; `next` is the cursor of the page after."""

    pairs: Sequence[PairTold]
    next: str | None


@router.post(
    "/look-ups",
    operation_id="findDuplicates",
    summary="Find pairs that may be one person; nothing is written / 查找疑似重复",
    response_model=Pairs,
    responses=documented(400, 413),
)
def find_duplicates(body: DuplicatesWanted, every: All) -> Response:
    """Find pairs that were not decided yet; each page looks through the register anew."""
    after = key_at(body.cursor, 4) or ()
    if body.likeness and missing():
        raise Refusal(
            "likeness",
            "本服务未安装 match 组件，只能按证件号码查找",
            "the extra `match` is not installed here: look by number alone, without likeness",
            column="likeness",
        )

    def work(connection: Connection) -> Pairs:
        found = search(connection, threshold=body.threshold, likeness=body.likeness)
        later = [pair for pair in found if _place(pair) > after]
        page, following = cut(later, body.limit, lambda pair: cursor_at(_place(pair)))
        return Pairs.model_construct(pairs=[_pair(pair) for pair in page], next=following)

    return every.all(work)


def _place(pair: Pair) -> tuple[str, ...]:
    """Return where a pair stands in the order of a search, as texts that compare alike.

    It holds however many pairs before it are decided between two pages.
    """
    unlikely = 0.0 if pair.probability is None else 1 - pair.probability
    return str(list(KINDS).index(pair.kind)), f"{unlikely:.4f}", *pair.keys


def _pair(pair: Pair) -> PairTold:
    reasons = [
        ReasonTold.model_construct(field=one.field, level=one.level, says=words(one.says))
        for one in pair.reasons
    ]
    return PairTold.model_construct(
        kind=pair.kind,
        probability=pair.probability,
        left=_record(pair.left),
        right=_record(pair.right),
        reasons=reasons,
    )


def _record(record: Record) -> RecordTold:
    return RecordTold.model_construct(
        key=record.key,
        name=masked_name(record.name),
        birth_date=None if record.birth_date == date.min else record.birth_date,
        sex=record.sex,
        identity_type=record.document,
        identity_number=masked_number(record.number),
        division=record.division,
        phone=masked_phone(record.phone),
    )


# --- decided --------------------------------------------------------------------------------------


class OnePerson(Strict):
    """Two records are one person's: what `ended` has ends after `last`."""

    model_config = example(
        kept="person:P-1", ended="person:P-7", last="2022-08-31", reason="documents seen"
    )

    kept: Key
    ended: Key
    last: Day
    take_number: bool = Field(
        False, description="the one kept gets the identity number of the other / 换用证件号码"
    )
    reason: Said


class TwoPersons(Strict):
    """Two records are two persons'; the pair is not shown again."""

    model_config = example(one="person:P-1", other="person:P-8", reason="twins")

    one: Key
    other: Key
    reason: Said


class TaskTold(Told):
    """Something left to do, and the amount concerned."""

    kind: str
    what: Words
    subject: str
    amount: Yuan


class PairDecision(Told):
    """What was decided of a pair; `kept` and `last` where it is one person."""

    decision_id: int
    left: str
    right: str
    outcome: Outcome
    kept: str | None
    last: Day | None
    left_to_do: Sequence[TaskTold]
    reason: str
    actor: str
    decided_at: Instant


class PairDecisions(Told):
    """Decisions in order of time; `next` is the cursor of the page after, null at the end."""

    decisions: Sequence[PairDecision]
    next: str | None


@router.post(
    "/same",
    operation_id="decideSame",
    summary="Decide that two records are one person's / 认定为同一人",
    status_code=201,
    response_model=PairDecision,
    responses=MAKES,
)
def post_same(body: OnePerson, write: Write) -> Response:
    """End what one of them has; what is then left to do is told. Decided so before, that stands."""

    def work(connection: Connection) -> PairDecision:
        made = decisions.same(
            *(connection, body.kept, body.ended, body.last),
            reason=body.reason,
            actor=write.actor,
            take_number=body.take_number,
        )
        return _decision(made)

    return write.once(body, work)


@router.post(
    "/different",
    operation_id="decideDifferent",
    summary="Decide that two records are two persons' / 认定为不同的人",
    status_code=201,
    response_model=PairDecision,
    responses=MAKES,
)
def post_different(body: TwoPersons, write: Write) -> Response:
    """Let both stand. Decided so before, that stands."""

    def work(connection: Connection) -> PairDecision:
        pair = (body.one, body.other)
        decisions.different(connection, *pair, reason=body.reason, actor=write.actor)
        made = decisions.between(connection, *pair)
        assert made is not None
        return _decision(made)

    return write.once(body, work)


@router.get(
    "/decisions",
    operation_id="listDecisions",
    summary="What was decided about pairs, in order of time / 认定记录",
    response_model=PairDecisions,
    responses=documented(),
)
def list_decisions(
    every: All,
    *,
    person_id: Annotated[Name | None, Query(description="only of this person / 人员编号")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return a page of decisions."""
    key = None if person_id is None else f"{OURS}{person_id}"

    def work(connection: Connection) -> PairDecisions:
        rows = decisions.decisions(connection, key, after=number_of(cursor), limit=limit + 1)
        page, following = cut(rows, limit, lambda made: cursor_after(made.decision_id))
        return PairDecisions.model_construct(decisions=list(map(_decision, page)), next=following)

    return every.all(work)


def _decision(made: Decision) -> PairDecision:
    said = {name: getattr(made, name) for name in PairDecision.model_fields}
    tasks = [
        TaskTold.model_construct(
            kind=task.kind, what=words(TASKS[task.kind]), subject=task.subject, amount=task.fen
        )
        for task in made.left_to_do
    ]
    at = datetime.fromisoformat(made.decided_at)
    return PairDecision.model_construct(**{**said, "left_to_do": tasks, "decided_at": at})
