"""What holds of a person over HTTP: relief identities; all that held, as known at an instant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import Path, Query, Response

from yibao.agency.enrolment import facts
from yibao.agency.enrolment.history import Held, Kind, history
from yibao.api.calls import MAKES_OF_ONE, READS_ONE, One, Write
from yibao.api.fields import Day, Instant, PersonId, Said, Strict, Told, code_of, example
from yibao.api.memberships import Changed
from yibao.api.persons import require
from yibao.api.routing import Router
from yibao.money import format_yuan
from yibao.store.database import Connection

router = Router(prefix="/persons", tags=["persons"])

Identity = Annotated[str, code_of("identities")]


class NewIdentity(Strict):
    """A relief identity, from a day on, to a day or until further notice."""

    model_config = example(
        identity="subsistence_allowance", first="2022-01-01", source="civil affairs"
    )

    identity: Identity
    first: Day
    last: Day | None = None
    source: Said


class NewIdentityEnd(Strict):
    """The last day on which an identity holds."""

    model_config = example(last="2022-12-31")

    last: Day


class Period(Told):
    """What held from `first` to `last`; amounts are yuan."""

    kind: Kind
    first: Day
    last: Day | None
    says: Mapping[str, str | int | bool | None]


class History(Told):
    """All that held of a person, by kind and in order of time."""

    person_id: str
    periods: Sequence[Period]


@router.post(
    "/{person_id}/identities",
    operation_id="holdIdentity",
    summary="Write that a relief identity holds / 登记救助身份",
    status_code=201,
    response_model=Changed,
    responses=MAKES_OF_ONE,
)
def post_identity(person_id: PersonId, body: NewIdentity, write: Write) -> Response:
    """Write an identity over what was there; one until further notice ends if an end comes."""

    def work(connection: Connection) -> Changed:
        require(connection, person_id)
        made = facts.hold(
            *(connection, person_id, "identities", body.identity, body.first),
            last=body.last,
            source=body.source,
            actor=write.actor,
        )
        return Changed(person_id=person_id, changed=made)

    return write.once(body, work)


@router.post(
    "/{person_id}/identities/{identity}/ends",
    operation_id="endIdentity",
    summary="End a relief identity after a day / 终止救助身份",
    status_code=201,
    response_model=Changed,
    responses=MAKES_OF_ONE,
)
def post_identity_end(
    person_id: PersonId,
    identity: Annotated[Identity, Path(description="a relief identity / 救助身份")],
    body: NewIdentityEnd,
    write: Write,
) -> Response:
    """End what goes on."""

    def work(connection: Connection) -> Changed:
        require(connection, person_id)
        asked = (person_id, "identities", identity, body.last)
        return Changed(
            person_id=person_id, changed=facts.end(connection, *asked, actor=write.actor)
        )

    return write.once(body, work)


@router.get(
    "/{person_id}/history",
    operation_id="getHistory",
    summary="All that held of a person, as believed now or known at an instant / 参保历史",
    response_model=History,
    responses=READS_ONE,
)
def get_history(
    person_id: PersonId,
    one: One,
    known_at: Annotated[
        Instant | None, Query(description="only what was known then / 截至此刻所知")
    ] = None,
) -> Response:
    """Return memberships, employments, facts and coverage."""

    def work(connection: Connection) -> History:
        require(connection, person_id)
        found = history(connection, person_id, known_at)
        return History.model_construct(
            person_id=person_id,
            periods=[
                Period.model_construct(
                    kind=one.kind, first=one.first, last=one.last, says=_says(one)
                )
                for one in found
            ],
        )

    return one.one(work)


_AMOUNTS = frozenset({"wage", "pension"})


def _says(held: Held) -> dict[str, Any]:
    return {name: _value(name, value) for name, value in held.says.items()}


def _value(name: str, value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if name in _AMOUNTS:
        return format_yuan(value)
    return value if isinstance(value, int | str) else str(value)
