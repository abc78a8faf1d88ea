"""Referrals over HTTP: a patient sent on; both bills name the number of the referral."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import Response
from pydantic import Field

from yibao.agency.filing import referrals
from yibao.agency.filing.cancelling import cancel
from yibao.agency.filing.referrals import Filed, Referral
from yibao.api.calls import MAKES, MAKES_OF_ONE, READS_ONE, All, One, Write
from yibao.api.fields import (
    Day,
    Name,
    Number,
    OfPerson,
    Said,
    Strict,
    Told,
    example,
    number_in_path,
)
from yibao.api.paging import Cursor, Limit, page_of
from yibao.api.problems import documented
from yibao.api.routing import Router
from yibao.store.database import Connection

router = Router(prefix="/filing/referrals", tags=["filing"])

ReferralNumber = Annotated[int, number_in_path("referral_id / 转诊单号")]


class NewReferral(Strict):
    """From where to where; who is admitted from the first to the last day comes by it."""

    model_config = example(
        person_id="P-17",
        from_institution="H12010100003",
        to_institution="H12010100001",
        first="2023-03-05",
        last="2023-03-12",
        reason="needs surgery",
    )

    person_id: Name
    from_institution: Name
    to_institution: Name
    first: Day
    last: Day
    reason: Said
    follows: Number | None = Field(
        None, description="the referral by which the patient came there / 前次转诊单号"
    )


class FilingCancellation(Strict):
    """Why a filing is cancelled."""

    model_config = example(reason="of another person")

    reason: Said


class ReferralTold(Told):
    """A referral as filed; stays that name it are of its episode."""

    referral_id: int
    person_id: str
    from_institution: str
    to_institution: str
    first: Day
    last: Day
    reason: str
    follows: int | None
    episode: str
    cancelled: bool


class Referrals(Told):
    """Referrals by number; `next` is the cursor of the page after, null at the end."""

    referrals: Sequence[ReferralTold]
    next: str | None


@router.post(
    "",
    operation_id="refer",
    summary="Send a patient on / 办理转诊",
    status_code=201,
    response_model=ReferralTold,
    responses=MAKES,
)
def post_referral(body: NewReferral, write: Write) -> Response:
    """File a referral."""
    wanted = Referral(**dict(body))
    return write.once(body, lambda c: _told(referrals.refer(c, wanted, actor=write.actor)))


@router.post(
    "/{referral}/cancellation",
    operation_id="cancelReferral",
    summary="Cancel a referral, once / 取消转诊",
    status_code=201,
    response_model=ReferralTold,
    responses=MAKES_OF_ONE,
)
def post_cancellation(referral: ReferralNumber, body: FilingCancellation, write: Write) -> Response:
    """Cancel a referral; what was settled under it stands."""

    def work(connection: Connection) -> ReferralTold:
        cancel(connection, "referral", referral, body.reason, actor=write.actor)
        return _told(referrals.referral_of(connection, referral))

    return write.once(body, work)


@router.get(
    "/{referral}",
    operation_id="getReferral",
    summary="A referral as it stands / 查询转诊",
    response_model=ReferralTold,
    responses=READS_ONE,
)
def get_referral(referral: ReferralNumber, read: One) -> Response:
    """Return a referral with its entity tag."""
    return read.one(lambda connection: _told(referrals.referral_of(connection, referral)))


@router.get(
    "",
    operation_id="listReferrals",
    summary="Referrals of a person, by number, cancelled ones too / 转诊列表",
    response_model=Referrals,
    responses=documented(),
)
def list_referrals(
    person_id: OfPerson, read: All, cursor: Cursor = None, limit: Limit = 50
) -> Response:
    """Return a page of a person's referrals."""

    def work(connection: Connection) -> Referrals:
        rows = referrals.referrals(connection, person_id)
        page, after = page_of(rows, lambda f: f.referral_id, cursor, limit)
        return Referrals.model_construct(referrals=[_told(f) for f in page], next=after)

    return read.all(work)


def _told(filed: Filed) -> ReferralTold:
    return ReferralTold.model_construct(
        referral_id=filed.referral_id,
        **{name: getattr(filed.referral, name) for name in Referral.__dataclass_fields__},
        episode=filed.episode,
        cancelled=filed.cancelled,
    )
