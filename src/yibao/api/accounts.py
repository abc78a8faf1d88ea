"""Personal accounts over HTTP: balance and statement, credits, uses, freezes, taking back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import Path, Response
from pydantic import Field

from yibao.agency.accounts import freezing, uses
from yibao.agency.accounts.credits import credit
from yibao.agency.accounts.movements import Movement, free_balance
from yibao.agency.accounts.statement import statement
from yibao.agency.contributions.coverage import cover
from yibao.agency.corrections.receipts import take_back_movement
from yibao.api.calls import MAKES_OF_ONE, READS_ONE, All, One, Write
from yibao.api.contributions_models import TakingBack
from yibao.api.fields import (
    Addressed,
    Amount,
    Day,
    Instant,
    Month,
    Name,
    NameOrNone,
    PersonId,
    Strict,
    Told,
    Yuan,
    example,
    number_in_path,
)
from yibao.api.paging import Cursor, Limit, cursor_after, cut, number_of
from yibao.api.persons import require
from yibao.api.problems import documented
from yibao.api.routing import Router
from yibao.policy.vocabulary import vocabulary
from yibao.store.database import Connection, see_one_instant

router = Router(prefix="/accounts", tags=["accounts"])

MovementId = Annotated[int, number_in_path("movement_id / 变动号")]


class PersonalAccount(Told):
    """A personal account: what can be paid from it, and what is frozen besides."""

    person_id: str
    balance: Yuan
    frozen: Yuan


class StatementEntry(Told):
    """An entry of the books that moved an account; `movement_id` is what can be taken back."""

    entry_id: int
    movement_id: int | None
    on_day: Day
    recorded_at: Instant
    kind: str
    subject: str
    came_in: Yuan
    went_out: Yuan
    balance: Yuan


class AccountStatement(Told):
    """What moved an account, in the order of the books; `next` is the cursor of what follows."""

    person_id: str
    lines: Sequence[StatementEntry]
    next: str | None


class NewCredit(Strict):
    """A month to be credited, when its contribution has come."""

    model_config = example(month="2022-09", on_day="2022-10-11")

    month: Month
    on_day: Day


class NewUse(Strict):
    """What an account is asked to pay, for the holder or a relative who is linked."""

    model_config = example(reference="V-7", day="2022-05-01", use="vaccine", amount="80.00")

    reference: Name
    day: Day
    use: Annotated[
        str, Field(pattern=f"^({'|'.join(vocabulary().attributes['account_use'].codes or ())})$")
    ]
    amount: Annotated[Amount, Field(gt=0)]
    beneficiary_id: NameOrNone = Field("", description="for whom; empty: the holder")
    at: NameOrNone = Field("", description="where; whether it is designated is looked up")


class NewFreeze(TakingBack):
    """An order to freeze; without an amount all that is there."""

    model_config = example(on_day="2022-10-11", reason="court order 12", reference="C-12")

    reference: Addressed
    amount: Annotated[Amount, Field(gt=0)] | None = None


class Moved(Told):
    """What moved an account; `new` says whether by this request."""

    person_id: str
    movement_id: int
    kind: str
    came_in: Yuan
    went_out: Yuan
    balance: Yuan = Field(description="after the movement")


class Credited(Told):
    """Whether a month was credited by this request, and the balance."""

    person_id: str
    new: bool
    balance: Yuan


@router.get(
    "/{person_id}",
    operation_id="getPersonalAccount",
    summary="The balance of a personal account / 个人账户余额",
    response_model=PersonalAccount,
    responses=READS_ONE,
)
def get_account(person_id: PersonId, one: One) -> Response:
    """Return what an account holds, with an entity tag."""

    def work(connection: Connection) -> PersonalAccount:
        see_one_instant(connection)
        require(connection, person_id)
        return PersonalAccount(
            person_id=person_id,
            balance=free_balance(connection, person_id),
            frozen=freezing.frozen(connection, person_id),
        )

    return one.one(work)


@router.get(
    "/{person_id}/statement",
    operation_id="getAccountStatement",
    summary="Every movement of an account, page by page / 个人账户明细",
    response_model=AccountStatement,
    responses=documented(404),
)
def get_statement(
    person_id: PersonId, every: All, cursor: Cursor = None, limit: Limit = 50
) -> Response:
    """Return what moved an account, the desk's settlements too."""
    after = number_of(cursor)

    def work(connection: Connection) -> AccountStatement:
        require(connection, person_id)
        found = statement(connection, person_id, after=after, limit=limit + 1)
        page, following = cut(found, limit, lambda line: cursor_after(line.entry_id))
        lines = [
            StatementEntry.model_construct(
                **{name: getattr(line, name) for name in StatementEntry.model_fields}
            )
            for line in page
        ]
        return AccountStatement.model_construct(person_id=person_id, lines=lines, next=following)

    return every.all(work)


@router.post(
    "/{person_id}/credits",
    operation_id="creditMonth",
    summary="Credit a month / 当月记入",
    status_code=201,
    response_model=Credited,
    responses=MAKES_OF_ONE,
)
def post_credit(person_id: PersonId, body: NewCredit, write: Write) -> Response:
    """Credit what the rules say that a month brings, once."""

    def work(connection: Connection) -> Credited:
        require(connection, person_id)
        made = credit(
            *(connection, write.service.procedures, person_id, body.month),
            on_day=body.on_day,
            actor=write.actor,
        )
        balance = free_balance(connection, person_id)
        return Credited(person_id=person_id, new=made is not None, balance=balance)

    return write.once(body, work)


@router.post(
    "/{person_id}/uses",
    operation_id="useAccount",
    summary="Pay from an account / 使用个人账户",
    status_code=201,
    response_model=Moved,
    responses=MAKES_OF_ONE,
)
def post_use(person_id: PersonId, body: NewUse, write: Write) -> Response:
    """Pay as far as rules and balance go; a contribution of the residents is paid in full."""
    office, actor, beneficiary = write.service.procedures, write.actor, body.beneficiary_id

    def work(connection: Connection) -> Movement:
        wanted = uses.Use(
            *(person_id, body.reference, body.day, body.use, body.amount, beneficiary), at=body.at
        )
        if body.use != uses.CONTRIBUTION:
            return uses.use(connection, office, uses.looked_up(connection, wanted), actor=actor)
        made = uses.pay_contribution(connection, office, wanted, actor=actor)
        cover(connection, office, beneficiary or person_id, actor=actor)
        return made

    return _moved(write, person_id, body, work)


@router.post(
    "/{person_id}/movements/{movement_id}/take-back",
    operation_id="takeMovementBack",
    summary="Take a movement back / 撤销个人账户变动",
    status_code=201,
    response_model=Moved,
    responses=MAKES_OF_ONE,
)
def post_take_back(
    person_id: PersonId, movement_id: MovementId, body: TakingBack, write: Write
) -> Response:
    """Take a credit, an interest, a use or a withdrawal back, with what followed."""

    def work(connection: Connection) -> Movement:
        return take_back_movement(
            *(connection, write.service.procedures, person_id, movement_id),
            on_day=body.on_day,
            reason=body.reason,
            actor=write.actor,
        )

    return _moved(write, person_id, body, work)


@router.post(
    "/{person_id}/freezes",
    operation_id="freezeAccount",
    summary="Freeze money of an account / 冻结",
    status_code=201,
    response_model=Moved,
    responses=MAKES_OF_ONE,
)
def post_freeze(person_id: PersonId, body: NewFreeze, write: Write) -> Response:
    """Freeze what an order says: nothing can be paid from it."""
    order = freezing.Freeze(body.reference, body.on_day, body.reason, body.amount or 0)

    def work(connection: Connection) -> Movement:
        return freezing.freeze(connection, person_id, order, actor=write.actor)

    return _moved(write, person_id, body, work)


@router.post(
    "/{person_id}/freezes/{reference}/end",
    operation_id="endFreeze",
    summary="End a freeze / 解除冻结",
    status_code=201,
    response_model=Moved,
    responses=MAKES_OF_ONE,
)
def post_end(
    person_id: PersonId,
    reference: Annotated[Name, Path(description="the order's / 冻结文号")],
    body: TakingBack,
    write: Write,
) -> Response:
    """Let what an order froze be paid from again."""

    def work(connection: Connection) -> Movement:
        return freezing.unfreeze(
            *(connection, person_id, reference, body.on_day),
            reason=body.reason,
            actor=write.actor,
        )

    return _moved(write, person_id, body, work)


def _moved(
    write: Write, person_id: str, body: Strict, work: Callable[[Connection], Movement]
) -> Response:
    """Do what moves an account, once, and tell the movement."""

    def moved(connection: Connection) -> Moved:
        require(connection, person_id)
        made = work(connection)
        names = ("movement_id", "kind", "came_in", "went_out", "balance")
        about = {name: getattr(made, name) for name in names}
        return Moved(person_id=person_id, **about)

    return write.once(body, moved)
