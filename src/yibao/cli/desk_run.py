"""What the desk's commands do with bills: settle, pre-settle, correct."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import typer

from yibao.agency.bills import batch
from yibao.agency.bills.reading import PartName, Sent, read_bills
from yibao.agency.bills.sending import Outcome, send_instead
from yibao.agency.desk.office import Office
from yibao.agency.desk.postings import shares
from yibao.cli.agency_run import rejects_file, tell
from yibao.cli.desk_office import desk_exits
from yibao.cli.desk_office import office as desk_office
from yibao.cli.desk_pages import print_bills, print_sums, print_taken_back, settled_sheet
from yibao.cli.options import Language
from yibao.cli.output import console, print_json
from yibao.cli.progress import watching
from yibao.cli.sharing import At
from yibao.cli.targets import check_targets, remove_old, written_twice
from yibao.interop.files.bills import FILES
from yibao.interop.files.encoding import Encoding
from yibao.interop.files.output import Sheet, write_files
from yibao.interop.files.results import beside, rejects_sheet
from yibao.interop.files.rows import Reject
from yibao.money import format_yuan
from yibao.store.database import Database


@dataclass(frozen=True, slots=True)
class Given:
    """The files of bills and of their parts."""

    bills: Sequence[Path]
    parts: Mapping[PartName, Sequence[Path]]
    encoding: Encoding | None

    @property
    def files(self) -> list[Path]:
        """Every file that is read."""
        return [*self.bills, *(file for files in self.parts.values() for file in files)]


# --- many bills -----------------------------------------------------------------------------------


def settle(given: Given, at: At, output: Path | None, rejects: Path | None) -> None:
    """Settle the bills of files; leaves with the exit code."""
    with desk_exits(at.lang, as_json=at.as_json):
        targets = _targets(given, output, rejects)
        office = desk_office(at)
        sent = read_bills(given.bills, office.policy.region, given.parts, given.encoding)
        work = partial(batch.settle, actor=at.who)
        with at.opened() as database:
            found = _watched(work, database, office, sent, at.lang)
        counts = {"made": sum(not o.again for o in found), "unchanged": sum(o.again for o in found)}
        if not at.as_json:
            print_sums(found, at.lang, console())
        _finish(_Run(found, sent, counts), office, at, targets)


def pre_settle(given: Given, at: At, output: Path | None, rejects: Path | None) -> None:
    """Show what bills would be settled as; leaves with the exit code."""
    with desk_exits(at.lang, as_json=at.as_json):
        targets = _targets(given, output, rejects)
        office = desk_office(at)
        sent = read_bills(given.bills, office.policy.region, given.parts, given.encoding)
        with at.opened(reads=True) as database:
            found = _watched(batch.presettle, database, office, sent, at.lang)
        found = [o if o.again else replace(o, number=0) for o in found]
        if not at.as_json:
            print_bills(found, at.lang, console())
        counts = {
            "would": sum(not o.again for o in found),
            "unchanged": sum(o.again for o in found),
        }
        _finish(_Run(found, sent, counts), office, at, targets)


def _watched(
    work: Any, database: Database, office: Office, sent: Sent, language: Language
) -> list[Outcome]:
    with watching(language) as watch:
        found: list[Outcome] = work(database, office, sent, watch=watch.items)
        return found


@dataclass(frozen=True, slots=True)
class _Targets:
    """Where what was settled goes, and where refused rows go."""

    output: Path | None
    rejects: Path

    def of(self, kind: str) -> Path:
        """Return where refused rows of a kind of file go: sheets of one workbook, else files."""
        one = kind == "bills" or self.rejects.suffix.lower() == ".xlsx"
        return self.rejects if one else beside(self.rejects, kind)

    @property
    def all(self) -> list[Path]:
        """Every file that may be written."""
        found = [self.of(kind) for kind in FILES]
        return found if self.output is None else [self.output, *found]


def _targets(given: Given, output: Path | None, rejects: Path | None) -> _Targets:
    """Return what may be written; raises BadParameter, OutputError."""
    targets = _Targets(output, rejects_file(given.bills, rejects))
    check_targets(targets.all, given.files)
    if output is not None and output.resolve() == targets.rejects.resolve():
        raise written_twice(output)
    return targets


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """What came of files of bills."""

    found: Sequence[Outcome]
    sent: Sent
    counts: Mapping[str, int]


def _finish(run: _Run, office: Office, at: At, targets: _Targets) -> None:
    """Write what was settled and what was refused, and tell.

    Leaves with exit code 1 where something was refused.
    """
    rejects = run.sent.rejects()
    sheets: dict[Path, list[Sheet]] = {}
    if targets.output is not None:
        sheets[targets.output] = [settled_sheet(run.found, office.policy)]
    for kind, rows in rejects.items():
        if rows:
            order = [column.name for column in FILES[kind](office.policy.region)]
            sheet = replace(rejects_sheet(rows, order, at.lang), name=kind)
            sheets.setdefault(targets.of(kind), []).append(sheet)
    write_files(sheets)
    back = _tell_taken_back(run.found, at)
    tell(
        {"rows": run.sent.rows, **run.counts, "rejected": len(rejects["bills"])},
        _causes(rejects),
        sheets,
        remove_old(targets.all, sheets),
        at.lang,
        as_json=at.as_json,
        more={"taken_back": back, "settlements": [as_data(outcome) for outcome in run.found]},
    )


def _tell_taken_back(found: Sequence[Outcome], at: At) -> int:
    """Say which bills, sent again, have been taken back; return how many."""
    numbers = [str(o.bill.values["claim_no"]) for o in found if o.taken_back]
    if numbers:
        print_taken_back(numbers, at.lang, console(stderr=True))
    return len(numbers)


def _causes(rejects: Mapping[str, Sequence[Reject]]) -> list[Reject]:
    """Return the rejects with a reason of their own: not those that share the fate of others."""
    return [r for rows in rejects.values() for r in rows if r.errors[0].rule not in _SHARED]


_SHARED = frozenset({"parts_valid", "bill_refused"})


def as_data(outcome: Outcome) -> dict[str, Any]:
    """Return what became of a bill as plain data."""
    values, settlement = outcome.bill.values, outcome.settlement
    data = {
        "settlement_id": outcome.number or None,
        "institution_id": values["institution_id"],
        "claim_no": values["claim_no"],
        "person_id": values["person_id"],
        "again": outcome.again,
        "taken_back": outcome.taken_back,
    }
    if settlement is None:
        return data
    paid = shares(settlement)
    funds = {fund: format_yuan(fen) for fund, fen in paid.pop("funds").items()}
    amounts = {name: format_yuan(fen) for name, fen in paid.items()}
    return {**data, "total": format_yuan(settlement.total), "funds": funds, **amounts}


# --- one bill -------------------------------------------------------------------------------------


def correct(number: int, given: Given, at: At) -> None:
    """Settle a bill in another's place; leaves with the exit code."""
    with desk_exits(at.lang, as_json=at.as_json):
        office = desk_office(at)
        sent = read_bills(given.bills, office.policy.region, given.parts, given.encoding)
        if len(sent.bills) != 1:
            told_of = f"{given.bills[0]}: {len(sent.bills)} bills, one is needed / 应恰有一张单据"
            raise typer.BadParameter(told_of)
        found: list[Outcome] = []
        with at.opened() as database:
            for bill in sent.in_order():
                work = partial(send_instead, office=office, number=number, bill=bill, actor=at.who)
                try:
                    found.append(database.run(work))
                except batch.REFUSED as error:
                    batch.refuse(bill, error)
        if found and not at.as_json:
            print_bills(found, at.lang, console())
            _tell_taken_back(found, at)
        if found and at.as_json:
            print_json({"takes_back": number, **as_data(found[0])})
        if not found:
            rejects = _causes(sent.rejects())
            tell({"rows": 1, "rejected": 1}, rejects, {}, [], at.lang, as_json=at.as_json)
