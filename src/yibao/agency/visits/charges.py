"""What a visit is charged: lines priced as they come, given back in part, withdrawn."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from operator import itemgetter
from typing import Any, cast

from psycopg.rows import dict_row

from yibao.agency.desk.bill import MAX_LINES, Approval, AskedLine, BadLines, decimal
from yibao.agency.desk.model import Ask, Bill, DeskError, Replayed
from yibao.agency.desk.office import Office
from yibao.agency.desk.settle import open_bill
from yibao.agency.enrolment.audit import note
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.enrolment.sealed import FEE, numbers
from yibao.agency.filing.intake import Papers, priced
from yibao.agency.visits.visit import Of, Says, Visit, taken
from yibao.money import format_yuan, half_up
from yibao.registry import find
from yibao.store.database import Connection
from yibao.store.vault import vault


@dataclass(frozen=True, slots=True)
class Charge:
    """A line as it is told: `quantity` below zero gives back a part of the line `gives_back`.

    `price` is fen a unit, `total` fen: what the institution says that it comes to.
    """

    number: str
    code: str
    local_code: str
    quantity: Fraction
    price: Fraction
    total: int
    charged_at: datetime
    batch: str = ""
    gives_back: str = ""
    practitioner_id: str = ""
    approval: Approval = ""
    says: Says = field(default_factory=dict)

    def line(self, kind: str) -> AskedLine:
        """Return the line as the desk is asked it: what it gives back as if it were charged."""
        return AskedLine(
            kind,
            self.code,
            abs(self.quantity),
            self.price,
            self.charged_at.date(),
            self.local_code,
            self.practitioner_id,
            self.approval,
        )


Row = Mapping[str, Any]
"""A row of visits.fee: exact numbers, fen."""


def charge(
    connection: Connection, office: Office, of: Of, charges: Sequence[Charge], *, actor: str
) -> list[Row]:
    """Write lines of a visit down; return them as they were priced, in their order.

    All or none. Raises Refusal for lines that do not fit the visit; BadLines for lines that cannot
    be settled, or do not come to what they say.
    """
    held = taken(connection, of, "charge")
    added = priced_lines(connection, office, held, charges)
    known = {row["number"]: row for row in lines(connection, held)}
    if len(known) + len(added) > MAX_LINES:
        expected = f"at most {MAX_LINES} lines of one visit"
        raise DeskError("lines", "lines", str(len(known) + len(added)), expected)
    _new(added, known)
    known |= {row["number"]: row for row in added}
    for number in dict.fromkeys(row["gives_back"] for row in added if row["gives_back"]):
        _given_back(number, known)
    _insert(connection, held, added)
    note(connection, actor, "charge", f"visit:{held.visit_id}", lines=len(added))
    return added


def withdraw_charges(
    connection: Connection,
    of: Of,
    *,
    numbers: Iterable[str] | None = None,
    batch: str | None = None,
    actor: str,
) -> int:
    """Withdraw lines of a visit: those of these numbers, of a batch, or all; return how many.

    Raises Refusal: one is settled or not there, or another gives a part of it back.
    """
    held = taken(connection, of, "withdraw_charges")
    wanted = None if numbers is None else set(numbers)
    known = lines(connection, held, batch=batch)
    meant = [row for row in known if wanted is None or row["number"] in wanted]
    missing = (wanted or set()) - {row["number"] for row in meant}
    if missing or (batch is not None and not meant):
        what = "、".join(sorted(missing)) if missing else f"批次 {batch}"
        raise _unknown(what)
    _only_free(meant, named=wanted is not None or batch is not None)
    free = [row for row in meant if not row["settled"]]
    _whole(connection, held, free)
    connection.execute(
        "UPDATE visits.fee SET withdrawn = true WHERE fee_id = ANY(%s)",
        ([row["fee_id"] for row in free],),
    )
    note(connection, actor, "withdraw_charges", f"visit:{held.visit_id}", lines=len(free))
    return len(free)


def lines(connection: Connection, visit: Visit, *, batch: str | None = None) -> list[Row]:
    """Return the lines of a visit that were not withdrawn, in the order in which they came.

    `settled`: by a settlement that stands. What else was told of them is not read.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            f"SELECT fee_id, settlement_id, {', '.join(_TOLD)}, "
            "settlement_id IS NOT NULL AND NOT EXISTS "
            "(SELECT FROM desk.reversed AS r WHERE r.settlement_id = f.settlement_id) AS settled "
            "FROM visits.fee AS f WHERE visit_id = %s AND NOT withdrawn "
            "AND batch = coalesce(%s, batch) ORDER BY fee_id".encode(),
            (visit.visit_id, batch),
        )
        return [row | {n: Fraction(row[n]) for n in ("quantity", "price")} for row in rows]


def net(rows: Sequence[Row]) -> list[AskedLine]:
    """Return lines as they are to be settled: each less what was given back of it."""
    back: defaultdict[str, Fraction] = defaultdict(Fraction)
    for row in rows:
        back[row["gives_back"]] += row["quantity"]
    return [
        AskedLine(
            row["item_kind"],
            row["code"],
            left,
            row["price"],
            row["charged_at"].date(),
            row["local_code"],
            row["practitioner_id"],
            cast(Approval, row["approval"]),
        )
        for row in rows
        if not row["gives_back"]
        if (left := row["quantity"] + back[row["number"]])
    ]


# --- prices -------------------------------------------------------------------------------------


def priced_lines(
    connection: Connection, office: Office, visit: Visit, charges: Sequence[Charge]
) -> list[Row]:
    """Return lines as the catalogue of their days prices them, as rows yet to be written.

    What is given back has its amounts below zero. Raises BadLines with every line that cannot be
    settled, or comes to something else than it says.
    """
    asked = [one.line(kind) for one, kind in zip(charges, kinds(connection, charges), strict=True)]
    wrong = [
        (at, _comes_to(one, total))
        for at, one in enumerate(charges, 1)
        if one.total != (total := _total(one))
    ]
    try:
        bill = _bill(connection, office, visit, asked)
    except BadLines as bad:
        raise BadLines(sorted([*bad.problems, *wrong], key=itemgetter(0))) from None
    if wrong:
        raise BadLines(wrong)
    return [_row(one, told) for one, told in zip(charges, bill.lines, strict=True)]


def _total(one: Charge) -> int:
    """Return what a line comes to, in fen; below zero where it gives back."""
    exact = abs(one.quantity) * one.price
    total = half_up(exact.numerator, exact.denominator)
    return -total if one.quantity < 0 else total


def _bill(connection: Connection, office: Office, visit: Visit, asked: Sequence[AskedLine]) -> Bill:
    ask = Ask(
        institution_id=visit.institution_id,
        claim_no="",
        person_id=visit.person_id,
        visit=visit.visit,
        admitted=visit.begun_at.date(),
        discharged=visit.last_day(),
        bill=Bill({}),
    )
    opened = open_bill(connection, office, ask, None)
    assert not isinstance(opened, Replayed)
    return priced(connection, office, ask, Papers(lines=asked), opened["registers"]).bill


def kinds(connection: Connection, charges: Sequence[Charge]) -> list[str]:
    """Return of which catalogue each line is: the one that has its code, else as codes are made."""
    by_day: defaultdict[date, set[str]] = defaultdict(set)
    for one in charges:
        by_day[one.charged_at.date()].add(one.code)
    found = {day: find.kinds_of(connection, codes, day) for day, codes in by_day.items()}
    return [found[c.charged_at.date()].get(c.code) or _kind_by_form(c.code) for c in charges]


_FORMS = {"X": "drug", "Z": "drug", "T": "herbal", "C": "consumable"}


def _kind_by_form(code: str) -> str:
    """Return the kind that the first character of a national code tells: a digit is a service."""
    return _FORMS.get(code[:1]) or ("service" if code[:1].isdecimal() else "drug")


def _row(one: Charge, told: Mapping[str, Any]) -> Row:
    sign = -1 if one.quantity < 0 else 1
    amounts = ("total", "out_of_catalogue", "over_limit", "first_self_pay", "in_scope")
    same = ("item_kind", "item_class", "standard", "rate", "reason")
    return {
        **{name: told[name] for name in same},
        **{name: sign * told[name] for name in amounts},
        "number": one.number,
        "batch": one.batch,
        "gives_back": one.gives_back,
        "code": told["code"],
        "local_code": one.local_code,
        "quantity": one.quantity,
        "price": one.price,
        "charged_at": one.charged_at,
        "practitioner_id": one.practitioner_id,
        "approval": one.approval,
        "says": one.says,
    }


_TOLD = (
    *("number", "batch", "gives_back", "item_kind", "code", "local_code", "quantity", "price"),
    *("charged_at", "practitioner_id", "approval", "item_class", "standard", "rate", "total"),
    *("out_of_catalogue", "over_limit", "first_self_pay", "in_scope", "reason"),
)


def _insert(connection: Connection, visit: Visit, rows: Sequence[Row]) -> None:
    """Write rows down, and their numbers into them."""
    names = ("fee_id", "visit_id", *_TOLD, "says")
    marks = ", ".join(["%s"] * len(names))
    safe, free = vault(connection), numbers(connection, FEE, len(rows))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO visits.fee ({', '.join(names)}) OVERRIDING SYSTEM VALUE "
            f"VALUES ({marks})".encode(),
            [
                (number, visit.visit_id, *_cells(row), FEE.seal_told(safe, number, row["says"]))
                for number, row in zip(free, rows, strict=True)
            ],
        )


def _cells(row: Row) -> Iterable[object]:
    exact = {name: decimal(row[name]) for name in ("quantity", "price")}
    return [exact.get(n) or row[n] for n in _TOLD]


# --- what is refused ----------------------------------------------------------------------------


def _comes_to(one: Charge, total: int) -> DeskError:
    found, stated = format_yuan(total), format_yuan(one.total)
    return DeskError(
        "lines_agree", "total", stated, f"{found}, quantity times price", f"数量乘单价为{found}"
    )


def _new(added: Sequence[Row], known: Mapping[str, Row]) -> None:
    """Refuse numbers that the visit has already, or that come twice."""
    counts = Counter(row["number"] for row in added)
    used = [number for number, count in counts.items() if count > 1 or number in known]
    if used:
        shown = "、".join(used)
        raise Refusal(
            "charge_number",
            f"费用明细 {shown} 在本次就诊中已上传",
            f"the visit has these lines already: {shown}",
            column="number",
        )


def _given_back(number: str, known: Mapping[str, Row]) -> None:
    """Refuse where lines give back what was not charged so, or more than was charged.

    What remains must come to its quantity times its price, as it will be settled as that.
    """
    charged = known.get(number)
    if charged is None or charged["gives_back"]:
        raise _unknown(number)
    if charged.get("settled"):
        raise _settled([number])
    backs = [row for row in known.values() if row["gives_back"] == number]
    same = ("code", "local_code", "price", "approval", "batch")
    left = charged["quantity"] + sum(row["quantity"] for row in backs)
    if left < 0 or any(not _same(row, charged, same) for row in backs):
        raise Refusal(
            "given_back",
            f"退费与原明细 {number} 的项目、单价、批次不同，或超过原数量",
            f"what is given back is not what line {number} charged, or more than that",
            column="gives_back",
        )
    exact = left * charged["price"]
    total = charged["total"] + sum(row["total"] for row in backs)
    if total != half_up(exact.numerator, exact.denominator):
        raise Refusal(
            "given_back",
            f"退费后余额 {format_yuan(total)} 与余量乘单价不同，请撤销原明细 {number} 后重传",
            f"{format_yuan(total)} is left of line {number}, which is not what is left of it times "
            "its price: withdraw it and send it anew",
            column="total",
        )


def _same(one: Row, other: Row, names: Iterable[str]) -> bool:
    return all(one[n] == other[n] for n in names)


def _only_free(rows: Sequence[Row], *, named: bool) -> None:
    """Refuse settled lines where they were named, or where nothing else is there to withdraw."""
    settled = [row["number"] for row in rows if row["settled"]]
    if settled and (named or len(settled) == len(rows)):
        raise _settled(settled)


def _whole(connection: Connection, visit: Visit, rows: Sequence[Row]) -> None:
    """Refuse to withdraw a line and leave what gives a part of it back."""
    gone = {row["number"] for row in rows}
    for row in lines(connection, visit):
        if row["gives_back"] in gone and row["number"] not in gone:
            raise Refusal(
                "given_back",
                f"明细 {row['number']} 是 {row['gives_back']} 的退费，请一并撤销",
                f"line {row['number']} gives back a part of {row['gives_back']}: withdraw both",
                column="number",
            )


def _unknown(what: str) -> Refusal:
    return Refusal(
        "known_charge", f"没有费用明细 {what}", f"there is no line {what}", column="number"
    )


def _settled(numbers: Sequence[str]) -> Refusal:
    shown = "、".join(numbers[:5])
    return Refusal(
        "charge_settled",
        f"费用明细已结算，不能撤销：{shown}",
        f"settled, so not to be withdrawn: {shown}",
        column="number",
    )
