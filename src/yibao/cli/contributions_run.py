"""What the commands of contributions do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path

import typer

from yibao.agency.contributions import held, receipts, runs, surcharges
from yibao.agency.contributions.takeback import Mistake
from yibao.agency.corrections import bills as corrections
from yibao.agency.corrections import receipts as receipt_corrections
from yibao.agency.corrections.bills import Because, Correction
from yibao.agency.imports import write_rows
from yibao.agency.runs import Run
from yibao.cli.agency_run import finish, finish_run, readers, rejects_file
from yibao.cli.output import console, print_json
from yibao.cli.settle_run import exits
from yibao.cli.sharing import At
from yibao.cli.targets import check_targets
from yibao.interop.files.encoding import Encoding
from yibao.interop.files.output import Cell, OutKind, Sheet, write_files
from yibao.money import format_yuan
from yibao.text import Text


def over_all(at: At, run: Callable[[], Run], output: Path | None) -> None:
    """Do something for everybody concerned; leaves with the exit code."""
    with exits(at.lang, as_json=at.as_json):
        if output is not None:
            check_targets([output], [])
        finish_run(run(), output, at.lang, as_json=at.as_json)


def bill(
    at: At,
    *,
    month: date | None,
    year: int | None,
    scheme: str,
    item: str,
    on_day: date | None,
) -> Run:
    """Bill a month or a year."""
    if (month is None) == (year is None):
        raise typer.BadParameter("give --month or --year / 请给出 --month 或 --year 其中一个")
    if month is not None and (scheme, item) != ("resident", "basic"):
        raise typer.BadParameter("--scheme and --item go with --year / 只与 --year 同用")
    with at.opened() as database:
        if month is not None:
            return runs.bill_month(
                database, at.office(), month, billed_on=on_day or month, actor=at.who
            )
        assert year is not None
        return runs.bill_year(
            database,
            at.office(),
            year,
            scheme=scheme,
            item=item,
            billed_on=on_day or date(year, 1, 1),
            actor=at.who,
        )


def receive(files: Sequence[Path], rejects: Path | None, encoding: Encoding | None, at: At) -> None:
    """Enter the bank's files; leaves with the exit code."""
    with exits(at.lang, as_json=at.as_json):
        target = rejects_file(files, rejects)
        columns, office = runs.RECEIPT_COLUMNS, at.office()
        with at.opened() as database:
            rows = readers(files, "receipts", columns, encoding)
            done = write_rows(database, rows, runs.receipt_writer(office, at.who))
        finish(done, columns, target, at.lang, as_json=at.as_json)


def surcharge(at: At, day: date, payer: str) -> None:
    """Charge what came late."""
    with exits(at.lang, as_json=at.as_json):
        policy = at.office().policy
        made = at.written(lambda c: surcharges.charge(c, policy, day, payer=payer, actor=at.who))
        total = format_yuan(sum(one.fen for one in made))
        charged = [
            {
                "bill": one.bill_id,
                "payer": one.payer,
                "receipt": one.reference,
                "days": max(late.days for late in one.late),
                "amount": format_yuan(one.fen),
                "cite": one.cite,
            }
            for one in made
        ]
        told = Text(f"加收 {len(made)} 笔，{total} 元", f"{len(made)} charged, {total} yuan")
        at.tell({"charged": charged, "amount": total}, told)


# --- corrections ----------------------------------------------------------------------------------


def cancel(at: At, asked: Correction) -> None:
    """Take a bill back."""
    with exits(at.lang, as_json=at.as_json):
        office = at.office()
        person = at.written(lambda c: corrections.cancel(c, office, asked, actor=at.who))
        told = Text(f"已撤销 {asked.bill_id}", f"{asked.bill_id} taken back")
        at.tell({"bill": asked.bill_id, "person_id": person, "cancelled": True}, told)


def rebill(at: At, asked: Correction) -> None:
    """Make a bill anew."""
    with exits(at.lang, as_json=at.as_json):
        office = at.office()
        made = at.written(lambda c: corrections.again(c, office, asked, actor=at.who))
        _in_place_of(at, asked.bill_id, made)


def give_up(at: At, asked: Correction, because: Because, since: date) -> None:
    """Give back months of a bill."""
    with exits(at.lang, as_json=at.as_json):
        office = at.office()
        made = at.written(
            lambda c: corrections.give_up(c, office, asked, because, since, actor=at.who)
        )
        _in_place_of(at, asked.bill_id, made)


def _in_place_of(at: At, number: int, made: Sequence[int]) -> None:
    names = ", ".join(map(str, made)) or "—"
    told = Text(f"已撤销 {number}，新核定 {names}", f"{number} taken back, in its place {names}")
    at.tell({"bill": number, "bills": list(made)}, told)


def refund(at: At, wanted: held.Refund) -> None:
    """Pay back what is held."""
    with exits(at.lang, as_json=at.as_json):
        paid = at.written(lambda c: held.refund(c, wanted, actor=at.who))
        data = {"payer": wanted.payer, "reference": wanted.reference}
        told = Text(f"退还 {format_yuan(paid)} 元", f"{format_yuan(paid)} yuan refunded")
        at.tell(
            {**data, "refunded": format_yuan(paid)},
            told if paid else Text("没有变化", "nothing changes"),
        )


def take_back(at: At, mistake: Mistake) -> None:
    """Take a receipt back."""
    with exits(at.lang, as_json=at.as_json):
        office = at.office()
        persons = at.written(
            lambda c: receipt_corrections.take_back(c, office, mistake, actor=at.who)
        )
        told = Text(
            f"已撤销 {mistake.reference}，涉及 {len(persons)} 人",
            f"{mistake.reference} taken back, which paid for {len(persons)} persons",
        )
        at.tell({"reference": mistake.reference, "persons": persons}, told)


# --- arrears --------------------------------------------------------------------------------------


def arrears(day: date, output: Path, at: At) -> None:
    """Write what is owed."""
    with exits(at.lang, as_json=at.as_json):
        check_targets([output], [])
        found = at.written(lambda c: receipts.arrears(c, day))
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
        if at.as_json:
            sums = {"owed": format_yuan(total), "owed_by_public_finance": format_yuan(public)}
            print_json({"parts": len(found), **sums, "files": [str(output)]})
        else:
            told = Text(
                f"欠费 {len(found):,} 项，{format_yuan(total)} 元，"
                f"其中财政 {format_yuan(public)} 元",
                f"{len(found):,} parts owed, {format_yuan(total)} yuan, of which public finance "
                f"{format_yuan(public)}",
            )
            console().print(told.pick(at.lang))


def _rows(found: Sequence[receipts.Open]) -> Iterator[list[Cell]]:
    for part in found:
        row: list[Cell] = [part.payer, part.person_id, part.bill_id, part.item, part.name]
        yield [*row, part.first, part.last, part.fen, part.received, part.left]
