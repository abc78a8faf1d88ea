"""The routes of service agreements; they are signed by the last step of designation."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Response

from yibao.api.calls import ACTS_ON_ONE, MAKES_OF_ONE, READS_ONE, One, Write
from yibao.api.fields import Name
from yibao.api.headers import IfMatch, require_match
from yibao.api.registry.models import (
    Agreement,
    AgreementVersion,
    Event,
    NewAct,
    NewAssessment,
    NewBreach,
    NewRenewal,
)
from yibao.api.routing import Router
from yibao.errors import Refused
from yibao.registry import agreements
from yibao.registry.agreements import Terms
from yibao.registry.versions import ONE
from yibao.store.database import Connection
from yibao.text import Text

router = Router(prefix="/agreements", tags=["agreements"])

AgreementId = Annotated[Name, Path(description="agreement_id / 协议编号")]


def event(done: agreements.Event) -> Event:
    """Return an act as a reply has it."""
    return Event.model_construct(
        on_day=done.on_day, kind=done.kind, detail=done.detail, actor=done.actor
    )


def agreement(connection: Connection, agreement_id: str) -> Agreement:
    """Return an agreement as a reply has it; raises Refused where there is none."""
    held = agreements.versions(connection, agreement_id)
    if not held:
        raise Refused(
            "unknown_agreement", Text(f"没有协议 {agreement_id}", f"no agreement {agreement_id}")
        )
    return Agreement.model_construct(
        agreement_id=agreement_id,
        institution_id=held[-1].institution_id,
        versions=[
            AgreementVersion.model_construct(
                **{name: getattr(one, name) for name in AgreementVersion.model_fields}
            )
            for one in held
        ],
        events=[event(one) for one in agreements.events(connection, agreement_id)],
    )


def _seen(connection: Connection, agreement_id: str, if_match: str | None) -> None:
    text = agreement(connection, agreement_id).model_dump_json()
    require_match(if_match, text)


@router.get(
    "/{agreement_id}",
    operation_id="getAgreement",
    summary="What has held of an agreement, and what was done with it / 查询协议",
    response_model=Agreement,
    responses=READS_ONE,
)
def get_agreement(agreement_id: AgreementId, one: One) -> Response:
    """Return an agreement with its entity tag."""
    return one.one(lambda c: agreement(c, agreement_id))


@router.post(
    "/{agreement_id}/renewal",
    operation_id="renewAgreement",
    summary="Sign the next agreement for when one ends / 续签",
    status_code=201,
    response_model=Agreement,
    responses=MAKES_OF_ONE,
)
def post_renewal(agreement_id: AgreementId, body: NewRenewal, write: Write) -> Response:
    """Renew; refused where the yearly assessment was not passed."""

    def work(connection: Connection) -> Agreement:
        ending = agreement(connection, agreement_id).versions[-1]
        if ending.last is None:
            raise Refused("not_a_renewal", Text("协议没有止日", "it has no last day"))
        whose = agreements.versions(connection, agreement_id)[-1].institution_id
        terms = Terms(
            *(body.agreement_id, whose, ending.last + ONE, body.last),
            body.visits or ending.visits,
            body.schemes or ending.schemes,
        )
        agreements.renew(connection, agreement_id, terms, actor=write.actor)
        return agreement(connection, body.agreement_id)

    return write.once(body, work)


@router.post(
    "/{agreement_id}/acts",
    operation_id="changeAgreement",
    summary="Amend, suspend, resume or terminate from a day on / 变更、暂停、恢复、解除",
    status_code=201,
    response_model=Agreement,
    responses=ACTS_ON_ONE,
)
def post_act(
    agreement_id: AgreementId, body: NewAct, write: Write, if_match: IfMatch = None
) -> Response:
    """Do one act; the reply is the agreement afterwards."""

    def work(connection: Connection) -> Agreement:
        _seen(connection, agreement_id, if_match)
        agreements.act(
            *(connection, agreement_id, body.kind, body.day),
            actor=write.actor,
            reason=body.reason or "",
            visits=body.visits,
            schemes=body.schemes,
        )
        return agreement(connection, agreement_id)

    return write.once(body, work)


@router.post(
    "/{agreement_id}/assessments",
    operation_id="assessAgreement",
    summary="Record the yearly assessment, once for a year / 年度考核",
    status_code=201,
    response_model=Agreement,
    responses=MAKES_OF_ONE,
)
def post_assessment(agreement_id: AgreementId, body: NewAssessment, write: Write) -> Response:
    """Assess; without a pass the agreement cannot be renewed."""

    def work(connection: Connection) -> Agreement:
        agreements.assess(
            *(connection, agreement_id, body.day, body.year, body.score),
            actor=write.actor,
            pass_mark=body.pass_mark,
        )
        return agreement(connection, agreement_id)

    return write.once(body, work)


@router.post(
    "/{agreement_id}/breaches",
    operation_id="recordBreach",
    summary="Record a breach of an agreement / 登记违约",
    status_code=201,
    response_model=Agreement,
    responses=MAKES_OF_ONE,
)
def post_breach(agreement_id: AgreementId, body: NewBreach, write: Write) -> Response:
    """Record what was done against it."""

    def work(connection: Connection) -> Agreement:
        agreements.breach(connection, agreement_id, body.day, body.what, actor=write.actor)
        return agreement(connection, agreement_id)

    return write.once(body, work)
