"""What the commands of contributions and personal accounts do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import typer

from yibao.agency.accounts import runs as account_runs
from yibao.agency.accounts import uses
from yibao.agency.accounts.movements import Movement
from yibao.agency.contributions import bills, receipts, runs
from yibao.agency.contributions.coverage import cover
from yibao.agency.imports import write_rows
from yibao.agency.runs import Run
from yibao.cli.agency_run import finish, finish_run, readers, rejects_file, who
from yibao.cli.database import opened
from yibao.cli.options import Language
from yibao.cli.output import console, print_json
from yibao.cli.settle_run import exits, place_of
from yibao.cli.targets import check_targets
from yibao.interop.files import cells
from yibao.interop.files.encoding import Encoding
from yibao.interop.files.output import Cell, OutKind, Sheet, write_files
from yibao.money import format_yuan, parse_yuan
from yibao.policy.policy import load_policy
from yibao.settlement.procedure import Office
from yibao.store.database import Connection, Database
from yibao.text import Text


@dataclass(frozen=True, slots=True)
class How:
    """By which rules, on which day of the books, by whom, where; and how it is told."""

    policy: str
    overlays: Sequence[Path]
    accept: str
    on: date | None
    actor: str | None
    place: str | None
    language: Language
    as_json: bool

    def office(self) -> Office:
        """Load the policy; raises PackErrors."""
        policy = load_policy(place_of(self.policy), accept=self.accept, overlays=self.overlays)
        return Office(policy)


def over_all(how: How, run: Callable[[How], Run], output: Path | None) -> None:
    """Do something for everybody concerned; leaves with the exit code."""
    with exits(how.language, as_json=how.as_json):
        if output is not None:
            check_targets([output], [])
        finish_run(run(how), output, how.language, as_json=how.as_json)


def bill(how: How, month: str | None, year: int | None, scheme: str, item: str) -> Run:
    """Bill a month or a year."""
    if (month is None) == (year is None):
        raise typer.BadParameter("give --month or --year / 请给出 --month 或 --year 其中一个")
    if month is not None and (scheme, item) != ("resident", "basic"):
        raise typer.BadParameter("--scheme and --item go with --year / 只与 --year 同用")
    with opened(how.place) as database:
        if month is not None:
            first = _month(month)
            return runs.bill_month(
                database, how.office(), first, billed_on=how.on or first, actor=who(how.actor)
            )
        assert year is not None
        return runs.bill_year(
            database,
            how.office(),
            year,
            scheme=scheme,
            item=item,
            billed_on=how.on or date(year, 1, 1),
            actor=who(how.actor),
        )


def credit(how: How, month: str) -> Run:
    """Credit a month."""
    first = _month(month)
    with opened(how.place) as database:
        return account_runs.credit_month(
            database, how.office(), first, on_day=how.on or first, actor=who(how.actor)
        )


def interest(how: How, year: int) -> Run:
    """Credit a year's interest."""
    with opened(how.place) as database:
        return account_runs.interest_year(database, how.office(), year, actor=who(how.actor))


def _month(text: str) -> date:
    try:
        return cells.month(text)
    except cells.BadCell as bad:
        raise typer.BadParameter(f"--month {text!r}: {bad.message.en}") from None


def receive(
    files: Sequence[Path], rejects: Path | None, encoding: Encoding | None, how: How
) -> None:
    """Enter the bank's files; leaves with the exit code."""
    with exits(how.language, as_json=how.as_json):
        target = rejects_file(files, rejects)
        columns, office = runs.RECEIPT_COLUMNS, how.office()
        with opened(how.place) as database:
            rows = readers(files, "receipts", columns, encoding)
            done = write_rows(database, rows, runs.receipt_writer(office, who(how.actor)))
        finish(done, columns, target, how.language, as_json=how.as_json)


def cancel(number: int, reason: str, how: How) -> None:
    """Take a bill back; leaves with the exit code."""

    def work(connection: Connection) -> str:
        assert how.on is not None
        actor = who(how.actor)
        person = bills.cancel(connection, number, on_day=how.on, reason=reason, actor=actor)
        cover(connection, office, person, actor=actor)
        return person

    with exits(how.language, as_json=how.as_json):
        office = how.office()
        with opened(how.place) as database:
            person = database.run(work)
        if how.as_json:
            print_json({"bill": number, "person_id": person, "cancelled": True})
        else:
            typer.echo(Text(f"已撤销 {number}", f"{number} taken back").pick(how.language))


def arrears(
    day: date, output: Path, place: str | None, language: Language, *, as_json: bool
) -> None:
    """Write what is owed."""
    with exits(language, as_json=as_json):
        check_targets([output], [])
        with opened(place) as database:
            found = _owed(database, day)
        columns: list[tuple[str, OutKind]] = [
            ("payer", "text"),
            ("person_id", "text"),
            ("bill", "count"),
            ("item", "text"),
            ("part", "text"),
            ("from", "date"),
            ("to", "date"),
            ("amount", "money"),
            ("received", "money"),
            ("owed", "money"),
        ]
        write_files({output: [Sheet("arrears", columns, _rows(found))]})
        total = sum(part.left for part in found)
        public = sum(part.left for part in found if part.subsidy)
        if as_json:
            sums = {"owed": format_yuan(total), "owed_by_public_finance": format_yuan(public)}
            print_json({"parts": len(found), **sums, "files": [str(output)]})
        else:
            told = Text(
                f"欠费 {len(found):,} 项，{format_yuan(total)} 元，"
                f"其中财政 {format_yuan(public)} 元",
                f"{len(found):,} parts owed, {format_yuan(total)} yuan, of which public finance "
                f"{format_yuan(public)}",
            )
            console().print(told.pick(language))


def _owed(database: Database, day: date) -> list[receipts.Open]:
    with database.transaction() as connection:
        return receipts.arrears(connection, day)


def _rows(found: Sequence[receipts.Open]) -> Iterator[list[Cell]]:
    for part in found:
        row: list[Cell] = [part.payer, part.person_id, part.bill_id, part.item, part.name]
        yield [*row, part.first, part.last, part.fen, part.received, part.left]


def link(
    holder: str,
    relative: str,
    *,
    relation: uses.Relation,
    first: date,
    last: date | None,
    actor: str | None,
    place: str | None,
    language: Language,
    as_json: bool,
) -> None:
    """Let an account pay for a relative."""

    def work(connection: Connection) -> bool:
        return uses.link(connection, holder, relative, relation, first, last=last, actor=who(actor))

    with exits(language, as_json=as_json), opened(place) as database:
        made = database.run(work)
    if as_json:
        print_json({"holder": holder, "relative": relative, "changed": made})
    else:
        done = Text("已登记", "written") if made else Text("没有变化", "nothing changes")
        typer.echo(done.pick(language))


def pay(holder: str, relative: str, amount: str, reference: str, how: How) -> None:
    """Pay a relative's contribution from an account."""
    assert how.on is not None
    wanted = uses.Use(holder, reference, how.on, uses.CONTRIBUTION, parse_yuan(amount), relative)

    def work(connection: Connection) -> Movement:
        actor = who(how.actor)
        made = uses.pay_contribution(connection, office, wanted, actor=actor)
        cover(connection, office, relative, actor=actor)
        return made

    with exits(how.language, as_json=how.as_json):
        office = how.office()
        with opened(how.place) as database:
            _moved(holder, database.run(work), how)


def withdraw(holder: str, inpatient: str, share: str, how: How) -> None:
    """Pay out what may be withdrawn."""
    day, actor = how.on, who(how.actor)
    assert day is not None
    spent = {"inpatient_expense": parse_yuan(inpatient), "personal_share": parse_yuan(share)}
    with exits(how.language, as_json=how.as_json):
        office = how.office()
        with opened(how.place) as database:
            made = database.run(
                lambda c: uses.withdraw(c, office, holder, day, **spent, actor=actor)
            )
            _moved(holder, made, how)


def close(holder: str, reason: uses.Closing, how: How) -> None:
    """Empty an account."""
    day, actor = how.on, who(how.actor)
    assert day is not None
    with exits(how.language, as_json=how.as_json):
        office = how.office()
        with opened(how.place) as database:
            made = database.run(lambda c: uses.close(c, office, holder, day, reason, actor=actor))
            _moved(holder, made, how)


def _moved(holder: str, made: Movement, how: How) -> None:
    """Tell what an account paid."""
    paid, left = format_yuan(made.went_out), format_yuan(made.balance)
    if how.as_json:
        print_json({"holder": holder, "paid": paid, "balance": left, "detail": made.detail})
    else:
        told = Text(f"支付 {paid} 元，余额 {left} 元", f"{paid} yuan paid, {left} left")
        typer.echo(told.pick(how.language))
