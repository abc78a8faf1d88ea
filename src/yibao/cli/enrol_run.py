"""What the enrolment commands do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

import typer

from yibao.agency.accounts.movements import movements
from yibao.agency.contributions.bills import bills_of
from yibao.agency.contributions.paid import months_paid
from yibao.agency.enrolment import facts, memberships, periods, persons
from yibao.agency.enrolment import gaps as gap_lists
from yibao.agency.enrolment.audit import note
from yibao.agency.enrolment.files import KINDS, Job
from yibao.agency.enrolment.statuses import statuses
from yibao.agency.enrolment.takeover import take_over
from yibao.agency.imports import Imported, write_rows
from yibao.cli.agency_run import finish, readers, rejects_file, tell
from yibao.cli.database import opened
from yibao.cli.options import Language
from yibao.cli.output import console, print_json
from yibao.cli.settle_run import exits, place_of
from yibao.cli.sharing import At
from yibao.cli.targets import check_targets, remove_old, written_twice
from yibao.cli.told import print_told
from yibao.cli.work import run, write_template
from yibao.interop.files.columns import Column, person_columns
from yibao.interop.files.encoding import Encoding
from yibao.interop.files.output import Cell, OutKind, Sheet, write_files
from yibao.interop.files.persons import Persons, read_persons
from yibao.interop.files.results import rejects_sheet
from yibao.interop.files.rows import Reject, visible
from yibao.masking import masked_name, masked_number, masked_phone
from yibao.money import format_yuan
from yibao.policy.model import Region
from yibao.policy.policy import load_policy
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.procedure import Office
from yibao.store.database import Connection, Database
from yibao.text import Text


def import_files(
    at: At, kind: str, files: Sequence[Path], rejects: Path | None, encoding: Encoding | None
) -> None:
    """Import files of a kind; leaves with the exit code."""
    with exits(at.lang, as_json=at.as_json):
        target = rejects_file(files, rejects)
        office = at.office()
        region = office.policy.region
        columns = _columns(kind, region)
        with opened(at.database, at.policy) as database:
            if kind == "takeover":
                read = read_persons(files, region, encoding=encoding)
                done = _take_over(database, read, at.who)
            else:
                rows = readers(files, kind, columns, encoding)
                done = write_rows(database, rows, KINDS[kind].writer(Job(office, at.who)))
        finish(done, columns, target, at.lang, as_json=at.as_json)


def _columns(kind: str, region: Region) -> Sequence[Column]:
    return person_columns(region) if kind == "takeover" else KINDS[kind].columns(region)


def _take_over(database: Database, read: Persons, actor: str) -> Imported:
    """Write persons files as `settle` reads them; of a person with a bad row nothing is taken."""
    done = Imported(rows=read.rows, rejects=read.rejects)
    for person in read.enrolment.persons():
        known = read.enrolment.statuses(person)

        def work(connection: Connection, known: Sequence[Any] = known) -> list[bool]:
            return [take_over(connection, status, actor=actor) for status in known]

        made = database.run(work)
        done.made += sum(made)
        done.unchanged += len(made) - sum(made)
    return done


def template(kind: str, policy: str, output: Path, language: Language) -> None:
    """Write an empty table."""
    with exits(language):
        columns = _columns(kind, load_policy(place_of(policy)).region)
        write_template(kind, columns, output=output, lang=language)


# --- one person -----------------------------------------------------------------------------------


def end(
    at: At,
    person: str,
    *,
    last: date,
    reason: str,
    resumes: date | None,
    died: bool,
) -> None:
    """End or pause a membership."""
    with at.transaction() as connection:
        asked = (connection, person, last)
        ended = memberships.end(*asked, actor=at.who, reason=reason, resumes=resumes, died=died)
    _tell(at, person, Text("已停保", "ended"), changed=ended)


def resume(at: At, person: str, first: date, policy: str) -> None:
    """Let a membership go on."""
    with at.under(policy).transaction() as connection:
        office = Office(load_policy(place_of(policy)))
        made = memberships.resume(connection, person, first, actor=at.who, office=office)
    _tell(at, person, Text("已恢复参保", "resumed"), changed=made)


def _tell(at: At, person: str, done: Text, *, changed: bool) -> None:
    if at.as_json:
        print_json({"person_id": person, "changed": changed})
    else:
        told = done if changed else Text("没有变化", "nothing changes")
        at.say(Text(f"{person}: {told.zh}", f"{person}: {told.en}"))


def find(at: At, number: str, *, unmask: bool) -> None:
    """Show who has an identity number; raises Refusal where nobody has."""

    def work(connection: Connection, actor: str) -> dict[str, Any]:
        found = persons.find_by_identity(connection, number)
        if found is None:
            raise persons.unknown(masked_number(number))
        return _particulars(connection, found, actor if unmask else None)

    run(at, work)


def show(at: At, person: str, *, unmask: bool) -> None:
    """Show all that is known of a person."""
    with at.transaction() as connection:
        told = _told(connection, person, at.who if unmask else None)
    if at.as_json:
        print_json(told)
        return
    print_told(console(), told, at.lang)


def _particulars(
    connection: Connection, person: persons.Known, unmasked_for: str | None
) -> dict[str, Any]:
    """Return who somebody is, masked unless it is for somebody, who is written down."""
    says = {name: getattr(person, name) for name in persons.Person.__dataclass_fields__}
    if unmasked_for is None:
        says |= {
            "name": masked_name(person.name),
            "identity_number": masked_number(person.identity_number or ""),
            "phone": masked_phone(person.phone),
        }
    else:
        note(connection, unmasked_for, "unmask", f"person:{person.person_id}")
        says["former"] = [
            {"until": one.until, "by": one.actor, **one.before}
            for one in persons.former(connection, person.person_id)
        ]
    return {name: value for name, value in says.items() if value}


def _told(connection: Connection, person_id: str, unmasked_for: str | None) -> dict[str, Any]:
    locked = persons.locked(connection, person_id)
    person, number = locked.person, locked.person.person_no
    names = [a.name for a in vocabulary().of("person") if a.kind != "number"]
    return {
        **_particulars(connection, person, unmasked_for),
        "months_paid": months_paid(connection, person_id),
        "account_balance": format_yuan(locked.balance),
        "membership": list(_periods(connection, "enrolment.membership", number)),
        "employment": list(_periods(connection, "enrolment.employment", number)),
        "cover": [
            {"from": s.first, "to": s.last, **_cells(dict(zip(names, s.facts, strict=True)))}
            for s in statuses(connection, person_id)
        ],
        "bills": [
            {
                "bill": bill.bill_id,
                "item": bill.item,
                "from": bill.first,
                "to": bill.last,
                "part": part.name,
                "payer": part.payer,
                "amount": format_yuan(part.fen),
                "received": format_yuan(part.received),
            }
            for bill in bills_of(connection, person_id)
            for part in bill.parts
        ],
        "account": [
            {
                "kind": m.kind,
                "period": m.period,
                "on": m.on_day,
                "in": format_yuan(m.came_in),
                "out": format_yuan(m.went_out),
                "balance": format_yuan(m.balance),
            }
            for m in movements(connection, person_id)
        ],
    }


def _periods(connection: Connection, table: periods.Table, number: int) -> Iterator[dict[str, Any]]:
    money = {"wage", "pension"}
    for period in periods.read(connection, table, number):
        says = {
            name: format_yuan(value) if name in money and value is not None else value
            for name, value in period.says.items()
        }
        yield {"from": period.first, "to": period.last, **_cells(says)}


def _cells(says: Mapping[str, Any]) -> dict[str, Any]:
    """Return what differs from "nothing": sets as lists, no empty texts."""
    found = {k: sorted(v) if isinstance(v, frozenset) else v for k, v in says.items()}
    return {k: v for k, v in found.items() if v not in ("", None, [], False, "none")}


# --- lists ----------------------------------------------------------------------------------------


def gaps(
    at: At,
    files: Sequence[Path],
    *,
    day: date,
    output: Path,
    by: Literal["division", "group"],
    rejects: Path | None,
    encoding: Encoding | None,
) -> None:
    """Compare population files with the register; leaves with the exit code."""
    with exits(at.lang, as_json=at.as_json):
        target = rejects_file(files, rejects)
        check_targets([output], files)
        if output.resolve() == target.resolve():
            raise written_twice(output)
        refused: list[Reject] = []
        columns = gap_lists.COLUMNS
        with opened(at.database) as store, store.transaction() as connection:
            rows = readers(files, "population", columns, encoding, others=True)
            population = gap_lists.residents(rows, refused)
            found = list(gap_lists.compare(connection, population, day))
        sheets: dict[Path, list[Sheet]] = {output: [_gaps_sheet(found)]}
        if refused:
            order = [column.name for column in columns]
            sheets[target] = [rejects_sheet(refused, order, at.lang)]
        write_files(sheets)
        scores = gap_lists.scores(found, by)
        if not at.as_json:
            _print_scores(scores, by, at.lang)
        tell(
            {"rows": len(found) + len(refused), "rejected": len(refused)},
            refused,
            sheets,
            remove_old([target], sheets),
            at.lang,
            as_json=at.as_json,
            more={"scores": {name: _score(score) for name, score in scores.items()}},
        )


def _score(score: gap_lists.Score) -> dict[str, Any]:
    return {
        "persons": score.persons,
        "insured": score.insured,
        **{name: score.states[name] for name in ("missing", "lapsed", "duplicate", "elsewhere")},
        "insured_share": _percent(score, score.insured),
    }


def _percent(score: gap_lists.Score, number: int) -> str:
    """Return a share in percent with one decimal, rounded half up."""
    tenths = (score.share(number) * 2000 + 1) // 2
    return f"{tenths // 10}.{tenths % 10}%"


def _print_scores(scores: Mapping[str, gap_lists.Score], by: str, language: Language) -> None:
    from rich.table import Table

    titles = (
        Text("人群", by) if by == "group" else Text("区划", by),
        *(Text("人数", "persons"), Text("参保", "insured"), Text("未参保", "missing")),
        *(Text("中断", "lapsed"), Text("重复", "duplicate"), Text("参保率", "insured %")),
    )
    table = Table()
    for title in titles:
        table.add_column(title.pick(language), justify="right")
    for name, score in scores.items():
        counts = [score.persons, score.insured]
        counts += [score.states[state] for state in ("missing", "lapsed", "duplicate")]
        share = _percent(score, score.insured)
        table.add_row(visible(name) or "—", *(f"{n:,}" for n in counts), share)
    console().print(table)


def _gaps_sheet(found: Sequence[gap_lists.Found]) -> Sheet:
    columns: list[tuple[str, OutKind]] = [
        ("gap", "text"),
        ("identity_number", "text"),
        ("name", "text"),
        ("division", "text"),
        ("group", "text"),
        ("person_id", "text"),
        ("since", "date"),
        ("elsewhere", "long"),
    ]
    return Sheet("gaps", columns, _gap_rows(found))


def _gap_rows(found: Sequence[gap_lists.Found]) -> Iterator[list[Cell]]:
    for one in found:
        if one.state in gap_lists.GAPS:
            who_ = one.resident
            row: list[Cell] = [one.state, who_.identity_number, who_.name, who_.division]
            yield [*row, who_.group, one.person_id, one.since, one.elsewhere]


def twins(at: At) -> None:
    """List who seems to be registered twice."""
    with at.transaction() as connection:
        found = persons.twins(connection)
    if at.as_json:
        print_json([replace(one, name=masked_name(one.name)) for one in found])
        return
    for one in found:
        typer.echo(f"{visible(masked_name(one.name))} {one.birth_date}: {', '.join(one.persons)}")
    if not found:
        at.say(Text("没有", "none"))


def late(at: At, since: date) -> None:
    """List what was reported after it began to hold."""
    with at.transaction() as connection:
        found = facts.late(connection, since)
    if at.as_json:
        print_json(found)
        return
    for one in found:
        told = Text(f"自 {one.first}，{one.known_on} 获知", f"{one.first}, known {one.known_on}")
        typer.echo(f"{visible(one.person_id)} {one.value}: {told.pick(at.lang)}")
    if not found:
        typer.echo(Text("没有", "none").pick(at.lang))
