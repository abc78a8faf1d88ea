"""Care in another region over HTTP: filed before, of effect at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import Response
from pydantic import Field

from yibao.agency.filing import remote as filing
from yibao.agency.filing.cancelling import cancel
from yibao.agency.filing.remote import CATEGORIES, Filed, Remote
from yibao.api.calls import MAKES, MAKES_OF_ONE, READS_ONE, All, One, Write
from yibao.api.care.referrals import FilingCancellation
from yibao.api.fields import Day, Name, OfPerson, Remark, Strict, Told, example, number_in_path
from yibao.api.paging import Cursor, Limit, page_of
from yibao.api.problems import documented
from yibao.api.routing import Router
from yibao.clock import CHINA
from yibao.store.database import Connection

router = Router(prefix="/filing/remote", tags=["filing"])

RemoteNumber = Annotated[int, number_in_path("remote_id / 备案号")]


class NewRemote(Strict):
    """Who is treated where from when; nothing is filed for days before the filing."""

    model_config = example(
        person_id="P-17",
        category="long_term_resident",
        division="1301",
        filed_on="2023-03-05",
        first="2023-03-05",
    )

    person_id: Name
    category: Annotated[str, Field(pattern=f"^({'|'.join(CATEGORIES)})$")]
    division: Annotated[
        str,
        Field(
            pattern="^([0-9]{2}){1,3}$",
            description="first 2, 4 or 6 digits of the place's code / 就医地区划",
        ),
    ]
    filed_on: Day
    first: Day
    last: Day | None = None
    reason: Remark = ""


class RemoteTold(Told):
    """A filing of care in another region."""

    remote_id: int
    person_id: str
    category: str
    division: str
    first: Day
    last: Day | None
    reason: str
    filed_at: datetime
    cancelled: bool


class Remotes(Told):
    """Filings by number; `next` is the cursor of the page after, null at the end."""

    remote: Sequence[RemoteTold]
    next: str | None


@router.post(
    "",
    operation_id="fileRemote",
    summary="File care in another region / 异地就医备案",
    status_code=201,
    response_model=RemoteTold,
    responses=MAKES,
)
def post_remote(body: NewRemote, write: Write) -> Response:
    """File care elsewhere; it holds at once."""
    wanted = Remote(**{name: getattr(body, name) for name in Remote.__dataclass_fields__})

    def work(connection: Connection) -> RemoteTold:
        return _told(filing.file(connection, wanted, body.filed_on, actor=write.actor))

    return write.once(body, work)


@router.post(
    "/{remote}/cancellation",
    operation_id="cancelRemote",
    summary="Cancel a filing, once / 取消备案",
    status_code=201,
    response_model=RemoteTold,
    responses=MAKES_OF_ONE,
)
def post_cancellation(remote: RemoteNumber, body: FilingCancellation, write: Write) -> Response:
    """Cancel a filing; what was settled under it stands."""

    def work(connection: Connection) -> RemoteTold:
        cancel(connection, "remote", remote, body.reason, actor=write.actor)
        return _told(filing.remote_of(connection, remote))

    return write.once(body, work)


@router.get(
    "/{remote}",
    operation_id="getRemote",
    summary="A filing as it stands / 查询备案",
    response_model=RemoteTold,
    responses=READS_ONE,
)
def get_remote(remote: RemoteNumber, read: One) -> Response:
    """Return a filing with its entity tag."""
    return read.one(lambda connection: _told(filing.remote_of(connection, remote)))


@router.get(
    "",
    operation_id="listRemote",
    summary="Filings of a person, by number, cancelled ones too / 备案列表",
    response_model=Remotes,
    responses=documented(),
)
def list_remote(
    person_id: OfPerson, read: All, cursor: Cursor = None, limit: Limit = 50
) -> Response:
    """Return a page of a person's filings."""

    def work(connection: Connection) -> Remotes:
        rows = filing.filings(connection, person_id)
        page, after = page_of(rows, lambda f: f.remote_id, cursor, limit)
        return Remotes.model_construct(remote=[_told(f) for f in page], next=after)

    return read.all(work)


def _told(filed: Filed) -> RemoteTold:
    return RemoteTold.model_construct(
        remote_id=filed.remote_id,
        **{name: getattr(filed.remote, name) for name in Remote.__dataclass_fields__},
        filed_at=filed.filed_at.astimezone(CHINA),
        cancelled=filed.cancelled,
    )
