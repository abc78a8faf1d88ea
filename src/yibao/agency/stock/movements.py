"""Movements of stock: reported one by one, returns held against what they give back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from psycopg import errors as pg

from yibao.agency.enrolment.audit import note
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.enrolment.sealed import MOVEMENT, numbers
from yibao.store.database import Connection
from yibao.store.vault import vault

Kind = Literal["count", "change", "purchase", "purchase_return", "sale", "sale_return"]

GIVES_BACK: Mapping[Kind, Kind] = {"purchase_return": "purchase", "sale_return": "sale"}
"""What a return is of."""


@dataclass(frozen=True, slots=True)
class Movement:
    """What an institution reports of a batch of an item.

    `batch` is the institution's own number of what it reports, `lot` the producer's of the goods.
    `price` is fen a unit and may be a fraction of one; `gives_back` is our number of the purchase
    or sale that a return is of, None where that is not told; `trace_codes` tell packages apart;
    `says` is what else is told.
    """

    kind: Kind
    institution_id: str
    batch: str
    code: str
    local_code: str
    name: str
    quantity: Decimal
    at: datetime
    price: Decimal | None = None
    lot: str = ""
    made_on: date | None = None
    expires_on: date | None = None
    prescription: bool = False
    gives_back: int | None = None
    settlement_id: int | None = None
    person_id: str = ""
    trace_codes: Sequence[str] = ()
    says: Mapping[str, Any] = field(default_factory=dict)


_COLUMNS = (
    *("kind", "institution_id", "batch", "code", "local_code", "name", "quantity", "at", "price"),
    *("lot", "made_on", "expires_on", "prescription", "gives_back", "settlement_id", "person_id"),
)


def report(connection: Connection, one: Movement, *, actor: str) -> int:
    """Write a movement down; return its number.

    Raises Refusal: no quantity, the batch was reported before, goods that expire before they were
    made, more given back than was bought or sold, a settlement that is not the institution's.
    """
    _sound(one)
    if one.gives_back is not None:
        _left(connection, one)
    if one.settlement_id is not None:
        _settled(connection, one)
    (number,) = numbers(connection, MOVEMENT)
    names = ("movement_id", *_COLUMNS, "trace_codes", "says")
    try:
        with connection.transaction():
            connection.execute(
                f"INSERT INTO stock.movement ({', '.join(names)}) OVERRIDING SYSTEM VALUE "
                f"VALUES ({', '.join(['%s'] * len(names))})".encode(),
                (
                    number,
                    *(getattr(one, name) for name in _COLUMNS),
                    list(one.trace_codes),
                    MOVEMENT.seal_told(vault(connection), number, one.says),
                ),
            )
    except pg.UniqueViolation:
        raise Refusal(
            "reported",
            f"批次流水号 {one.batch} 已上传过",
            f"{one.batch} has been reported before",
            column="batch",
        ) from None
    note(connection, actor, "report-stock", f"movement:{number}", kind=one.kind, batch=one.batch)
    return number


def withdraw(
    connection: Connection, institution_id: str, batch: str, kinds: Sequence[Kind], *, actor: str
) -> int:
    """Withdraw what was reported under a batch's number by mistake; return how many movements.

    Raises Refusal where there is nothing, or it has been given back since.
    """
    rows = connection.execute(
        "UPDATE stock.movement SET withdrawn_at = clock_timestamp() "
        "WHERE (institution_id, batch) = (%s, %s) AND kind = ANY(%s) AND withdrawn_at IS NULL "
        "RETURNING movement_id",
        (institution_id, batch, list(kinds)),
    ).fetchall()
    if not rows:
        raise Refusal(
            "known_batch",
            f"没有批次流水号 {batch} 的有效记录",
            f"nothing stands under {batch}",
            column="batch",
        )
    numbers = [number for (number,) in rows]
    given_back = connection.execute(
        "SELECT FROM stock.movement WHERE gives_back = ANY(%s) AND withdrawn_at IS NULL", (numbers,)
    ).fetchone()
    if given_back is not None:
        raise Refusal(
            "given_back",
            f"批次流水号 {batch} 已有退货，请先删除退货记录",
            f"a part of {batch} has been given back: withdraw that first",
            column="batch",
        )
    note(connection, actor, "withdraw-stock", f"batch:{batch}", movements=len(numbers))
    return len(numbers)


def _sound(one: Movement) -> None:
    if one.quantity < 0 or (one.kind != "count" and one.quantity == 0):
        raise Refusal("quantity", "数量应大于零", "a quantity is above zero", column="quantity")
    if one.price is not None and one.price < 0:
        raise Refusal("price", "单价不应小于零", "a price is not below zero", column="price")
    if one.made_on and one.expires_on and one.expires_on < one.made_on:
        raise Refusal(
            "expires",
            f"有效期止 {one.expires_on} 早于生产日期 {one.made_on}",
            f"made on {one.made_on}, it cannot expire on {one.expires_on}",
            column="expires_on",
        )


def _left(connection: Connection, one: Movement) -> None:
    """Refuse to give back what was not bought or sold so, or more than is left of it."""
    row = connection.execute(
        "SELECT quantity FROM stock.movement WHERE (movement_id, institution_id, kind, code) = "
        "(%s, %s, %s, %s) AND withdrawn_at IS NULL FOR UPDATE",
        (one.gives_back, one.institution_id, GIVES_BACK[one.kind], one.code),
    ).fetchone()
    if row is None:
        raise Refusal(
            "known_movement",
            f"没有 {one.gives_back} 号{'采购' if one.kind == 'purchase_return' else '销售'}记录",
            f"there is no {GIVES_BACK[one.kind]} {one.gives_back} of it",
            column="gives_back",
        )
    back = connection.execute(
        "SELECT coalesce(sum(quantity), 0) FROM stock.movement "
        "WHERE gives_back = %s AND withdrawn_at IS NULL",
        (one.gives_back,),
    ).fetchone()
    assert back is not None
    if one.quantity > row[0] - back[0]:
        left = (row[0] - back[0]).normalize()
        raise Refusal(
            "given_back",
            f"退货数量 {one.quantity.normalize():f} 大于可退数量 {left:f}",
            f"{left:f} are left to give back, not {one.quantity.normalize():f}",
            column="quantity",
        )


def _settled(connection: Connection, one: Movement) -> None:
    row = connection.execute(
        "SELECT FROM desk.settlement WHERE (settlement_id, institution_id) = (%s, %s)",
        (one.settlement_id, one.institution_id),
    ).fetchone()
    if row is None:
        raise Refusal(
            "known_settlement",
            f"本机构没有 {one.settlement_id} 号结算",
            f"the institution has no settlement {one.settlement_id}",
            column="settlement_id",
        )
