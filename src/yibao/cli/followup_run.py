"""What the commands of `enrol followup` do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

from yibao.agency.enrolment import gaps as gap_lists
from yibao.agency.enrolment.audit import note
from yibao.agency.imports import Imported, write_rows
from yibao.agency.matching import followup
from yibao.agency.matching.followup import STATES, Gap, State, Step
from yibao.cli.agency_run import finish, readers, rejects_file
from yibao.cli.options import CHINA, Language
from yibao.cli.output import console, print_json
from yibao.cli.settle_run import exits
from yibao.cli.sharing import At
from yibao.cli.targets import check_targets
from yibao.cli.work import run
from yibao.interop.files.encoding import Encoding
from yibao.interop.files.output import Cell, OutKind, Sheet, write_files
from yibao.interop.files.rows import visible
from yibao.masking import masked_name, masked_number
from yibao.store.database import Connection


@dataclass(frozen=True, slots=True)
class Files:
    """Files that are read, and how."""

    files: Sequence[Path]
    rejects: Path | None
    encoding: Encoding | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which gaps are listed, and where."""

    states: Sequence[str]
    division: str
    street: str
    by: Literal["division", "street"]
    day: date | None
    output: Path | None


def take(at: At, given: Files, day: date) -> None:
    """Take in the gaps of population files; leaves with the exit code."""
    with exits(at.lang, as_json=at.as_json):
        target = rejects_file(given.files, given.rejects)
        rows = readers(given.files, "population", gap_lists.COLUMNS, given.encoding)
        done = Imported()
        population = list(gap_lists.residents(rows, done.rejects))

        def work(connection: Connection) -> followup.Taken:
            found = gap_lists.compare(connection, population, day)
            return followup.take(connection, found, day, actor=at.who)

        taken = at.written(work)
        done.rows = len(population) + len(done.rejects)
        done.made = taken.new + taken.again + taken.closed
        done.unchanged = len(population) - done.made
        finish(
            *(done, gap_lists.COLUMNS, target, at.lang),
            as_json=at.as_json,
            more={"gaps": asdict(taken)},
        )


def import_files(at: At, given: Files) -> None:
    """Import what grid workers bring back; leaves with the exit code."""
    with exits(at.lang, as_json=at.as_json):
        target, columns = rejects_file(given.files, given.rejects), followup.columns()
        rows = readers(given.files, "gaps", columns, given.encoding)
        with at.opened() as store:
            done = write_rows(store, rows, followup.writer(at.who))
        finish(done, columns, target, at.lang, as_json=at.as_json)


def set_(at: At, number: str, made: Step) -> None:
    """Write down what was done about a gap."""

    def work(connection: Connection, actor: str) -> dict[str, Any]:
        new = followup.step(connection, number, made, actor=actor)
        return {"identity_number": masked_number(number), "state": made.state, "made": new}

    run(at, work)


def list_(at: At, wanted: Wanted) -> None:
    """Count gaps and list them; closes those of who has cover by now."""
    day = wanted.day or datetime.now(CHINA).date()
    with exits(at.lang, as_json=at.as_json):
        if wanted.output is not None:
            check_targets([wanted.output], ())

        def work(
            connection: Connection,
        ) -> tuple[int, list[Gap], Mapping[tuple[str, ...], Counter[State]]]:
            closed = followup.close_covered(connection, day, actor=at.who)
            found = followup.gaps(
                connection,
                states=wanted.states or ("open", "called", "visited"),
                division=wanted.division,
                street=wanted.street,
            )
            if wanted.output is not None:  # the list for those who go and see says who it is
                note(connection, at.who, "unmask", "gaps", rows=len(found))
            return closed, found, followup.counts(connection, wanted.by)

        closed, found, counts = at.written(work)
        if wanted.output is not None:
            write_files({wanted.output: [_sheet(found, at.lang)]})
    if at.as_json:
        files = [str(wanted.output)] if wanted.output else []
        told = [{**_place(key), **{s: c[s] for s in STATES}} for key, c in counts.items()]
        print_json({"closed": closed, "counts": told, "gaps": _masked(found), "files": files})
        return
    _print_counts(counts, at.lang)
    if wanted.output is not None:
        console().print(str(wanted.output), soft_wrap=True)


def _masked(found: Sequence[Gap]) -> list[Gap]:
    return [
        replace(gap, identity_number=masked_number(gap.identity_number), name=masked_name(gap.name))
        for gap in found
    ]


def _place(key: tuple[str, ...]) -> dict[str, str]:
    return dict(zip(("division", "street"), key, strict=False))


def _print_counts(counts: Mapping[tuple[str, ...], Counter[State]], language: Language) -> None:
    from rich.table import Table

    table = Table()
    table.add_column("")
    for text in STATES.values():
        table.add_column(text.pick(language), justify="right")
    for key, states in counts.items():
        name = visible(" ".join(filter(None, key))) or "—"
        table.add_row(name, *(f"{states[state]:,}" for state in STATES))
    console().print(table)


def _sheet(found: Sequence[Gap], language: Language) -> Sheet:
    """Return the list for those who go and see, as `followup import` reads it back."""
    long = {"so_far", "note", "proof"}
    columns: list[tuple[str, OutKind]] = [
        (c.name, "long" if c.name in long else "date" if c.kind == "date" else "text")
        for c in followup.columns()
    ]
    return Sheet("gaps", columns, (_row(gap, language) for gap in found))


def _row(gap: Gap, language: Language) -> list[Cell]:
    step = gap.step
    told = (STATES[step.state].pick(language), str(step.on_day), step.note, step.proof)
    so_far = " ".join(filter(None, told))[: followup.NOTE]
    place = [gap.division, gap.street, gap.group, gap.kind]
    return [gap.identity_number, gap.name, *place, so_far, "", None, "", ""]
