"""What the commands of personal accounts do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import typer

from yibao.agency.accounts import freezing, runs, uses
from yibao.agency.accounts import statement as statements
from yibao.agency.accounts.movements import Movement
from yibao.agency.contributions.coverage import cover
from yibao.agency.corrections.receipts import take_back_movement
from yibao.agency.enrolment.persons import locked
from yibao.agency.runs import Run
from yibao.cli.output import console, print_json
from yibao.cli.settle_run import exits
from yibao.cli.sharing import At
from yibao.cli.targets import check_targets
from yibao.interop.files.output import Cell, OutKind, Sheet, write_files
from yibao.interop.files.tabular import did_you_mean
from yibao.money import format_yuan
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.procedure import Office
from yibao.store.database import Connection
from yibao.text import Text


def credit(at: At, month: date, on_day: date) -> Run:
    """Credit a month."""
    with at.opened() as database:
        return runs.credit_month(database, at.office(), month, on_day=on_day, actor=at.who)


def interest(at: At, year: int) -> Run:
    """Credit a year's interest."""
    with at.opened() as database:
        return runs.interest_year(database, at.office(), year, actor=at.who)


def link(
    at: At,
    holder: str,
    relative: str,
    relation: uses.Relation,
    *,
    first: date,
    last: date | None,
) -> None:
    """Let an account pay for a relative."""
    with exits(at.lang, as_json=at.as_json):
        made = at.written(
            lambda c: uses.link(c, holder, relative, relation, first, last=last, actor=at.who)
        )
        done = Text("已登记", "written") if made else Text("没有变化", "nothing changes")
        at.tell({"holder": holder, "relative": relative, "changed": made}, done)


def use(at: At, asked: uses.Use) -> None:
    """Pay from an account; whether it is at a designated institution is looked up."""
    codes = vocabulary().attributes["account_use"].codes or {}
    if asked.use not in codes:
        hint = did_you_mean(asked.use, codes).pick(at.lang)
        raise typer.BadParameter(f"--for {asked.use!r}{hint}; {', '.join(codes)}")
    if asked.use == uses.CONTRIBUTION:
        raise typer.BadParameter("a contribution is paid by `accounts pay` / 缴费请用 accounts pay")

    def work(connection: Connection, office: Office) -> Movement:
        return uses.use(connection, office, uses.looked_up(connection, asked), actor=at.who)

    _by_rules(at, asked.holder_id, work)


def pay(at: At, asked: uses.Use) -> None:
    """Pay a relative's contribution from an account."""

    def work(connection: Connection, office: Office) -> Movement:
        made = uses.pay_contribution(connection, office, asked, actor=at.who)
        cover(connection, office, asked.beneficiary_id, actor=at.who)
        return made

    _by_rules(at, asked.holder_id, work)


def withdraw(at: At, holder: str, inpatient: int, share: int, on_day: date) -> None:
    """Pay out what may be withdrawn."""

    def work(connection: Connection, office: Office) -> Movement:
        spent = {"inpatient_expense": inpatient, "personal_share": share}
        return uses.withdraw(connection, office, holder, on_day, **spent, actor=at.who)

    _by_rules(at, holder, work)


def close(at: At, holder: str, reason: uses.Closing, on_day: date) -> None:
    """Empty an account."""
    _by_rules(
        at,
        holder,
        lambda connection, office: uses.close(
            connection, office, holder, on_day, reason, actor=at.who
        ),
    )


def take_back(at: At, holder: str, number: int, reason: str, on_day: date) -> None:
    """Take a movement back."""

    def work(connection: Connection, office: Office) -> Movement:
        return take_back_movement(
            connection, office, holder, number, on_day=on_day, reason=reason, actor=at.who
        )

    _by_rules(at, holder, work)


def _by_rules(at: At, holder: str, work: Callable[[Connection, Office], Movement]) -> None:
    """Do what moves an account by the rules, and tell it; leaves with the exit code."""
    with exits(at.lang, as_json=at.as_json):
        office = at.office()
        _moved(at, holder, at.written(lambda connection: work(connection, office)))


def freeze(at: At, holder: str, order: freezing.Freeze) -> None:
    """Freeze money of an account."""
    with exits(at.lang, as_json=at.as_json):
        _moved(at, holder, at.written(lambda c: freezing.freeze(c, holder, order, actor=at.who)))


def unfreeze(at: At, holder: str, reference: str, reason: str, on_day: date) -> None:
    """End a freeze."""
    with exits(at.lang, as_json=at.as_json):
        made = at.written(
            lambda c: freezing.unfreeze(c, holder, reference, on_day, reason=reason, actor=at.who)
        )
        _moved(at, holder, made)


def _moved(at: At, holder: str, made: Movement) -> None:
    """Tell what an account paid, or what came back into it."""
    paid, came, left = map(format_yuan, (made.went_out, made.came_in, made.balance))
    data = {"holder": holder, "movement": made.movement_id, "paid": paid, "came_in": came}
    told = Text(
        f"转出 {paid} 元，转入 {came} 元，余额 {left} 元",
        f"{paid} yuan paid, {came} came in, {left} left",
    )
    at.tell({**data, "balance": left, "detail": made.detail}, told)


# --- statements -----------------------------------------------------------------------------------

_COLUMNS: list[tuple[str, OutKind]] = [
    ("entry", "count"),
    ("day", "date"),
    ("kind", "text"),
    ("about", "text"),
    ("movement", "count"),
    ("came_in", "money"),
    ("went_out", "money"),
    ("balance", "money"),
]


def statement(at: At, holder: str, output: Path | None) -> None:
    """Print or write the statement of an account."""

    def work(connection: Connection) -> tuple[Sequence[statements.Line], int]:
        locked(connection, holder)
        return statements.statement(connection, holder), freezing.frozen(connection, holder)

    with exits(at.lang, as_json=at.as_json):
        if output is not None:
            check_targets([output], [])
        lines, frozen = at.written(work)
        balance = lines[-1].balance if lines else 0
        if output is not None:
            write_files({output: [Sheet("statement", _COLUMNS, map(_cells, lines))]})
        if at.as_json:
            listed = [_json(line) for line in lines]
            sums = {"balance": format_yuan(balance), "frozen": format_yuan(frozen)}
            print_json({"holder": holder, **sums, "lines": listed})
            return
        page = console()
        for line in [] if output is not None else lines:
            moved = format_yuan(line.came_in - line.went_out)
            number = "" if line.movement_id is None else f" #{line.movement_id}"
            left = format_yuan(line.balance)
            page.print(f"{line.on_day} {moved:>12} {left:>12}  {line.subject}{number}")
        told = Text(
            f"余额 {format_yuan(balance)} 元，另冻结 {format_yuan(frozen)} 元",
            f"balance {format_yuan(balance)} yuan, frozen besides {format_yuan(frozen)}",
        )
        page.print(told.pick(at.lang))


def _cells(line: statements.Line) -> list[Cell]:
    about: list[Cell] = [line.entry_id, line.on_day, line.kind, line.subject, line.movement_id]
    return [*about, line.came_in, line.went_out, line.balance]


def _json(line: statements.Line) -> dict[str, object]:
    sums = {name: format_yuan(getattr(line, name)) for name in ("came_in", "went_out", "balance")}
    about = {"entry": line.entry_id, "day": str(line.on_day), "kind": line.kind}
    return {**about, "about": line.subject, "movement": line.movement_id, **sums}
