"""Settle what a visit was charged, at the desk; take a settlement of it back.

What is settled is each line less what was given back of it, priced by the catalogue of its day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from yibao.agency.desk.model import Ask, Bill, DeskError, Replayed, Settled
from yibao.agency.desk.office import Office
from yibao.agency.desk.reverse import TakenBack
from yibao.agency.dispensing import door
from yibao.agency.dispensing.door import Filled
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.filing import intake
from yibao.agency.filing.intake import Papers
from yibao.agency.filing.referrals import referrals
from yibao.agency.visits.charges import Charge, Row, charge, lines, net, priced_lines
from yibao.agency.visits.steps import Step, after
from yibao.agency.visits.visit import Begun, Of, Visit, begin, close, held, taken
from yibao.clock import CHINA
from yibao.money import format_yuan
from yibao.policy.vocabulary import vocabulary
from yibao.store.database import Connection


@dataclass(frozen=True, slots=True)
class Box:
    """A box of a drug that is handed out with a line; `opened`: only a part of it."""

    number: str
    trace_code: str
    opened: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be settled of a visit, under which number of the institution.

    `batch`: the lines of one batch; None: all that are not settled. `until`: the last day of what
    an interim settlement or a pre-settlement of a stay that goes on is for, None: today.
    `stated` are amounts that the institution says the lines come to, in fen, by the vocabulary's
    names. `from_account` is the most that the personal account may pay. `boxes` are what is handed
    out with the lines.
    """

    claim_no: str
    scheme: str
    visit: str = ""
    batch: str | None = None
    interim: bool = False
    until: date | None = None
    from_account: int = 0
    stated: Mapping[str, int] = field(default_factory=dict)
    boxes: Sequence[Box] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Done:
    """A visit with a settlement of it, booked or as it would be."""

    visit: Visit
    settled: Settled


@dataclass(frozen=True, slots=True, eq=False)
class Undone:
    """A visit with a settlement of it that was taken back."""

    visit: Visit
    taken: TakenBack


def presettle(connection: Connection, office: Office, of: Of, wanted: Wanted) -> Done:
    """Return what lines of a visit would be settled as now; nothing is written. Raises as `settle`.

    The transaction should be given up, so that the person is locked no longer than needed.
    """
    visit = taken(connection, of, "pre_settle")
    ask, papers = _asked(connection, visit, wanted, _free(connection, visit, wanted))
    made = intake.presettle(connection, office, ask, papers)
    _check(visit, wanted, made)
    return Done(visit, made)


def settle(connection: Connection, office: Office, of: Of, wanted: Wanted, *, actor: str) -> Done:
    """Settle lines of a visit.

    Raises Refusal: it may not be settled now, there is nothing to settle, the lines come to
    something else than stated, the person is insured otherwise; and what the intake raises.
    """
    step: Step = "settle_interim" if wanted.interim else "settle"
    visit = taken(connection, of, step)
    rows = _free(connection, visit, wanted)
    ask, papers = _asked(connection, visit, wanted, rows)
    made = intake.settle(connection, office, ask, papers, actor=actor)
    assert isinstance(made, Settled)
    _check(visit, wanted, made)
    _keep(connection, visit, wanted, made)
    _hand_out(connection, made, wanted.boxes, rows)
    state = after(visit.kind, visit.state, step)
    return Done(replace(visit, state=state), made)


def take_back(connection: Connection, office: Office, of: Of, number: int, *, actor: str) -> Undone:
    """Take a settlement of a visit back: its lines are as before, free to be settled again.

    A purchase is withdrawn with it. Of a stay what was settled last is taken back first. Raises
    Refusal, DeskError.
    """
    visit = held(connection, of)
    known = connection.execute(
        "SELECT FROM visits.settled WHERE (settlement_id, visit_id) = (%s, %s)",
        (number, visit.visit_id),
    ).fetchone()
    if known is None:
        raise Refusal(
            "known_settlement",
            f"{visit.visit_id} 号就诊没有结算 {number}",
            f"visit {visit.visit_id} has no settlement {number}",
            column="settlement_id",
        )
    if number in visit.settled:
        _last(visit, number)
        after(visit.kind, visit.state, "take_back")
    undone = intake.reverse(connection, office, number, actor=actor)
    assert not isinstance(undone, Replayed)
    if visit.kind == "pharmacy":
        close(connection, visit, actor=actor)
    return Undone(visit, undone)


def _last(visit: Visit, number: int) -> None:
    """Refuse to take an interim settlement back from under later ones, which stand on it."""
    if visit.kind == "stay" and number != visit.settled[-1]:
        raise Refusal(
            "later_settled",
            f"其后还有结算 {visit.settled[-1]}，请先撤销",
            f"settlement {visit.settled[-1]} came later: take that back first",
            column="settlement_id",
        )


# --- purchases ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Purchase:
    """What is bought at a pharmacy, all at once; `prescription` is the one that it fills."""

    begun: Begun
    charges: tuple[Charge, ...]
    wanted: Wanted
    prescription: int | None = None

    @property
    def filled(self) -> Filled | None:
        """What the pharmacy hands out on a prescription."""
        if self.prescription is None:
            return None
        return Filled(self.prescription, _zoned(self.begun.begun_at))


@dataclass(frozen=True, slots=True, eq=False)
class Bought(Done):
    """A purchase, with its lines as they were priced."""

    rows: tuple[Row, ...]


def prebuy(connection: Connection, office: Office, asked: Purchase) -> Bought:
    """Return what a purchase would be settled as now; nothing is written. Raises as `buy` does."""
    begun = asked.begun
    visit = Visit(**{name: getattr(begun, name) for name in Begun.__dataclass_fields__})
    rows = priced_lines(connection, office, visit, asked.charges)
    ask, papers = _asked(connection, visit, asked.wanted, rows)
    made = door.presettle(connection, office, ask, papers, asked.filled)
    _check(visit, asked.wanted, made)
    return Bought(visit, made, tuple(rows))


def buy(connection: Connection, office: Office, asked: Purchase, *, actor: str) -> Bought:
    """Settle a purchase: registered, charged and settled at once. Raises as those three do."""
    begun = asked.begun
    number = begin(connection, office, begun, actor=actor)
    of = Of(number, begun.institution_id, begun.person_id)
    rows = charge(connection, office, of, asked.charges, actor=actor)
    visit = taken(connection, of, "settle")
    ask, papers = _asked(connection, visit, asked.wanted, rows)
    made = door.settle(connection, office, ask, papers, asked.filled, actor=actor)
    assert isinstance(made, Settled)
    _check(visit, asked.wanted, made)
    _keep(connection, visit, asked.wanted, made)
    _hand_out(connection, made, asked.wanted.boxes, rows)
    return Bought(visit, made, tuple(rows))


# --- what is asked of the desk --------------------------------------------------------------------


def _free(connection: Connection, visit: Visit, wanted: Wanted) -> list[Row]:
    """Return the lines to be settled."""
    rows = [row for row in lines(connection, visit, batch=wanted.batch) if not row["settled"]]
    if not rows:
        zh, en = (
            (f"批次 {wanted.batch} ", f"of batch {wanted.batch} ") if wanted.batch else ("", "")
        )
        raise Refusal(
            "charged",
            f"{zh}没有未结算的费用明细，请核对或先上传明细",
            f"there is no line {en}that is not settled",
            column="batch",
        )
    return rows


def _asked(
    connection: Connection, visit: Visit, wanted: Wanted, rows: list[Row]
) -> tuple[Ask, Papers]:
    """Return what the desk is asked for lines of a visit."""
    if not visit.visit:
        raise Refusal(
            "described",
            "尚未上传就诊信息，医疗类别未知",
            "nobody has said yet what kind of visit it is",
            column="visit",
        )
    if wanted.visit not in {"", visit.visit}:
        raise DeskError(
            "visit_agrees", "visit", wanted.visit, visit.visit, "医疗类别与上传的就诊信息不同"
        )
    first, last = _days(visit, wanted, rows)
    stay = visit.kind == "stay"
    referral = _referral(connection, visit, first, last) if stay else None
    episode = f"visit {visit.visit_id}" if visit.interim or wanted.interim else ""
    ask = Ask(
        institution_id=visit.institution_id,
        claim_no=wanted.claim_no,
        person_id=visit.person_id,
        visit=visit.visit,
        admitted=first,
        discharged=last,
        bill=Bill({}),
        facts=visit.facts,
        episode="" if referral else episode,
        from_account=wanted.from_account,
    )
    return ask, Papers(referral, str(visit.says.get("practitioner_id", "")), net(rows))


def _days(visit: Visit, wanted: Wanted, rows: list[Row]) -> tuple[date, date]:
    """Return the first and the last day of what is settled.

    An outpatient visit lasts as long as something was charged, a stay until its discharge or today.
    """
    first = visit.begun_at.date()
    if visit.kind != "stay":
        return first, max(first, *(row["charged_at"].date() for row in rows))
    return first, visit.ended_at.date() if visit.ended_at else wanted.until or visit.last_day()


def _referral(connection: Connection, visit: Visit, first: date, last: date) -> int | None:
    """Return the referral by which a person came, or else went on from here; the last one filed."""
    here = visit.institution_id
    valid = [f for f in referrals(connection, visit.person_id) if not f.cancelled]
    came = [
        filed.referral_id
        for filed in valid
        if filed.referral.to_institution == here
        and filed.referral.first <= first <= filed.referral.last
    ]
    went = [
        filed.referral_id
        for filed in valid
        if filed.referral.from_institution == here and first <= filed.referral.first <= last
    ]
    return next(iter([*reversed(came), *reversed(went)]), None)


# --- what is checked and kept ---------------------------------------------------------------------


def _check(visit: Visit, wanted: Wanted, made: Settled) -> None:
    """Refuse what is settled under another scheme, or comes to other amounts, than was said."""
    scheme = made.settlement.scheme
    for asked in (wanted.scheme, visit.scheme):
        if asked != scheme:
            title = (vocabulary().attributes["scheme"].codes or {})[scheme]
            raise Refusal(
                "scheme_agrees",
                f"参保险种为{title.zh}",
                f"the person is insured under {title.en}, not under {asked}",
                column="scheme",
            )
    for name, stated in wanted.stated.items():
        came_to = made.bill.amounts.get(name, 0)
        if stated != came_to:
            title = vocabulary().amounts[name].title
            gap = format_yuan(stated - came_to)
            raise Refusal(
                "lines_agree",
                f"报文为{format_yuan(stated)}，明细合计为{format_yuan(came_to)}，相差{gap}",
                f"{title.en}: {format_yuan(stated)} stated, the lines come to "
                f"{format_yuan(came_to)}, the difference is {gap}",
                column=name,
            )


def _keep(connection: Connection, visit: Visit, wanted: Wanted, made: Settled) -> None:
    """Write down which lines a settlement is of."""
    connection.execute(
        "INSERT INTO visits.settled (settlement_id, visit_id, batch, interim) "
        "VALUES (%s, %s, %s, %s)",
        (made.settlement_id, visit.visit_id, wanted.batch or "", wanted.interim),
    )
    connection.execute(
        "UPDATE visits.fee SET settlement_id = %s WHERE visit_id = %s AND NOT withdrawn "
        "AND batch = coalesce(%s, batch) AND (settlement_id IS NULL OR EXISTS "
        "(SELECT FROM desk.reversed AS r WHERE r.settlement_id = fee.settlement_id))",
        (made.settlement_id, visit.visit_id, wanted.batch),
    )


def _hand_out(
    connection: Connection, made: Settled, boxes: Sequence[Box], rows: Sequence[Row]
) -> None:
    """Write down which boxes were handed out; raises Refusal for one of another line, or twice."""
    known = {row["number"] for row in rows}
    for box in boxes:
        if box.number not in known:
            raise Refusal(
                "known_charge",
                f"追溯码 {box.trace_code} 的费用明细 {box.number} 不在本次结算中",
                f"the box {box.trace_code} is of line {box.number}, which is not settled here",
                column="number",
            )
    if len({(box.number, box.trace_code) for box in boxes}) < len(boxes):
        raise Refusal(
            "box_once",
            "同一费用明细的追溯码重复",
            "a box is told twice for one line",
            column="trace_code",
        )
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO visits.box (settlement_id, number, trace_code, opened) "
            "VALUES (%s, %s, %s, %s)",
            [(made.settlement_id, box.number, box.trace_code, box.opened) for box in boxes],
        )


def _zoned(at: datetime) -> datetime:
    return at.replace(tzinfo=CHINA)
