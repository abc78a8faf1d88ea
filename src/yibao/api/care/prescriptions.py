"""Prescriptions over HTTP: issued, audited, read. What is handed out is settled at the desk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from typing import Annotated, get_args

from fastapi import Response
from pydantic import Field, StringConstraints

from yibao.agency.desk.bill import decimal
from yibao.agency.dispensing import prescriptions
from yibao.agency.dispensing.prescriptions import Issued, Item, Prescription
from yibao.api.calls import MAKES, MAKES_OF_ONE, READS_ONE, All, One, Write
from yibao.api.fields import Instant, Name, OfPerson, Remark, Strict, Told, example, number_in_path
from yibao.api.paging import Cursor, Limit, page_of
from yibao.api.problems import documented
from yibao.api.routing import Router
from yibao.clock import CHINA
from yibao.registry.find import ItemKind
from yibao.store.database import Connection

router = Router(prefix="/prescriptions", tags=["prescriptions"])

PrescriptionNumber = Annotated[int, number_in_path("prescription_id / 处方编号")]
Quantity = Annotated[
    str,
    StringConstraints(pattern=r"^(0|[1-9][0-9]{0,5})(\.[0-9]{1,3})?$"),
    Field(description="how many units, such as boxes / 数量", examples=["3"]),
]


class ItemGiven(Strict):
    """An item of a catalogue and how many of it."""

    kind: Annotated[str, Field(pattern=f"^({'|'.join(get_args(ItemKind))})$")]
    code: Name
    quantity: Quantity


class NewPrescription(Strict):
    """A prescription as its institution issues it."""

    model_config = example(
        institution_id="H12010100002",
        number="R-2023-00017",
        person_id="P-17",
        practitioner_id="D120101000001",
        issued_at="2023-03-01T09:30:00+08:00",
        items=[{"kind": "drug", "code": "XA01ABD075A002010100483", "quantity": "3"}],
        days=7,
    )

    institution_id: Name
    number: Name = Field(description="the institution's own, used once / 处方号")
    person_id: Name
    practitioner_id: Name
    issued_at: Instant
    items: Annotated[list[ItemGiven], Field(min_length=1, max_length=100)]
    days: Annotated[int, Field(ge=1, le=366, description="days that it lasts / 用药天数")]
    long_term: bool = False
    disease: Name = Field("none", description="the special disease that it is for / 门诊特殊病种")


class PrescriptionAudit(Strict):
    """What a pharmacist says of a prescription."""

    model_config = example(pharmacist_id="P120101000001", approved=True)

    pharmacist_id: Name
    approved: bool
    reason: Remark = ""


class ItemTold(Told):
    """An item of a prescription."""

    kind: str
    code: str
    quantity: str


class PrescriptionTold(Told):
    """A prescription as kept. `approved` null: not audited; `taken`: filled, or on its way."""

    prescription_id: int
    institution_id: str
    number: str
    person_id: str
    practitioner_id: str
    issued_at: datetime
    items: Sequence[ItemTold]
    days: int
    long_term: bool
    disease: str
    level: str = Field(description="the institution's, on that day / 机构等级")
    approved: bool | None
    taken: bool


class Prescriptions(Told):
    """Prescriptions by our number; `next` is the cursor of the page after, null at the end."""

    prescriptions: Sequence[PrescriptionTold]
    next: str | None


@router.post(
    "",
    operation_id="issuePrescription",
    summary="Keep a prescription that an institution has issued / 上传处方",
    status_code=201,
    response_model=PrescriptionTold,
    responses=MAKES,
)
def post_prescription(body: NewPrescription, write: Write) -> Response:
    """Keep a prescription."""
    items = tuple(Item(i.kind, i.code, Fraction(i.quantity)) for i in body.items)
    wanted = Prescription(**{**dict(body), "items": items})

    def work(connection: Connection) -> PrescriptionTold:
        return _told(connection, prescriptions.issue(connection, wanted, actor=write.actor))

    return write.once(body, work)


@router.post(
    "/{prescription}/audit",
    operation_id="auditPrescription",
    summary="Write down what a pharmacist says, once / 审方",
    status_code=201,
    response_model=PrescriptionTold,
    responses=MAKES_OF_ONE,
)
def post_audit(prescription: PrescriptionNumber, body: PrescriptionAudit, write: Write) -> Response:
    """Approve a prescription or not."""

    def work(connection: Connection) -> PrescriptionTold:
        prescriptions.audit(
            *(connection, prescription, body.pharmacist_id),
            approved=body.approved,
            reason=body.reason,
            actor=write.actor,
        )
        return _told(connection, prescription)

    return write.once(body, work)


@router.get(
    "/{prescription}",
    operation_id="getPrescription",
    summary="A prescription as it stands / 查询处方",
    response_model=PrescriptionTold,
    responses=READS_ONE,
)
def get_prescription(prescription: PrescriptionNumber, read: One) -> Response:
    """Return a prescription with its entity tag."""
    return read.one(lambda connection: _told(connection, prescription))


@router.get(
    "",
    operation_id="listPrescriptions",
    summary="Prescriptions of a person, by number / 处方列表",
    response_model=Prescriptions,
    responses=documented(),
)
def list_prescriptions(
    person_id: OfPerson, read: All, cursor: Cursor = None, limit: Limit = 50
) -> Response:
    """Return a page of a person's prescriptions."""

    def work(connection: Connection) -> Prescriptions:
        rows = prescriptions.prescriptions(connection, person_id)
        page, after = page_of(rows, lambda i: i.prescription_id, cursor, limit)
        return Prescriptions.model_construct(prescriptions=[_as_told(i) for i in page], next=after)

    return read.all(work)


def _told(connection: Connection, number: int) -> PrescriptionTold:
    return _as_told(prescriptions.prescription_of(connection, number))


def _as_told(issued: Issued) -> PrescriptionTold:
    held = issued.prescription
    same = {name: getattr(held, name) for name in Prescription.__dataclass_fields__}
    items = [_item(i) for i in held.items]
    return PrescriptionTold.model_construct(
        prescription_id=issued.prescription_id,
        **{**same, "items": items, "issued_at": held.issued_at.astimezone(CHINA)},
        level=issued.level,
        approved=issued.approved,
        taken=issued.taken,
    )


def _item(item: Item) -> ItemTold:
    quantity = decimal(item.quantity)
    return ItemTold.model_construct(kind=item.kind, code=item.code, quantity=quantity)
