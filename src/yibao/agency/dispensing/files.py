"""The file of prescriptions, with what a pharmacist says of them."""

from __future__ import annotations

from yibao.agency.dispensing.prescriptions import (
    ZONE,
    Item,
    Prescription,
    audit,
    issue,
    item,
    same,
)
from yibao.agency.enrolment.persons import locked
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.imports import RowFile
from yibao.interop.files.columns import Column
from yibao.interop.files.rowreader import Values
from yibao.store.database import Connection
from yibao.text import Text


def _items(cell: str) -> tuple[Item, ...]:
    return tuple(item(part) for part in cell.split(";") if part.strip())


def _write(connection: Connection, values: Values, actor: str) -> bool:
    """Keep the prescription of a row unless it is there, and the audit where the row has one."""
    wanted = Prescription(
        values["institution_id"],
        values["number"],
        values["person_id"],
        values["practitioner_id"],
        values["issued_at"].replace(tzinfo=ZONE),
        values["items"],
        values["days"],
        values["long_term"],
        values["disease"],
    )
    locked(connection, wanted.person_id)
    there = same(connection, wanted)
    number = issue(connection, wanted, actor=actor) if there is None else there
    if values["approved"] is None:
        return there is None
    if not values["pharmacist_id"]:
        raise Refusal(
            "required", "审核须写明药师", "an audit is somebody's", column="pharmacist_id"
        )
    audited = audit(
        connection,
        number,
        values["pharmacist_id"],
        approved=values["approved"],
        reason=values["reason"],
        actor=actor,
    )
    return audited or there is None


PRESCRIPTIONS = RowFile(
    "prescriptions",
    (
        Column("institution_id", "id", Text("开方机构", "Institution")),
        Column("number", "id", Text("处方号", "The institution's number")),
        Column("person_id", "id", Text("人员编号", "Person")),
        Column("practitioner_id", "id", Text("医师代码", "Who prescribes")),
        Column(
            "issued_at",
            "time",
            Text("开具时刻", "When it was issued"),
            Text("北京时间", "time of Beijing"),
        ),
        Column(
            "items",
            "text",
            Text("项目与数量", "Items and how many"),
            Text("类别:编码=数量，多项用 ; 分开", "KIND:CODE=COUNT, several separated by ;"),
            form=_items,
            longest=4000,
        ),
        Column("days", "count", Text("天数", "Days that it lasts")),
        Column("long_term", "flag", Text("长期处方", "A long-term one"), absent="false"),
        Column("disease", "id", Text("门诊特殊病种", "Special disease"), absent="none"),
        Column("pharmacist_id", "id", Text("审核药师", "Who audits"), absent=""),
        Column(
            "approved",
            "flag",
            Text("审核通过", "Approved"),
            Text("空为未审核", "empty: not audited yet"),
            absent="",
        ),
        Column("reason", "text", Text("审核意见", "What is said"), absent=""),
    ),
    _write,
)
"""Prescriptions; one is there once under its institution's number."""
