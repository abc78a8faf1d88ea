"""What the commands of `yibao fhir` do: gather what stands around settlements, write, tell."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from yibao.agency import region
from yibao.agency.desk import find
from yibao.agency.desk.model import DeskError
from yibao.agency.desk.recall import recall
from yibao.agency.enrolment import persons
from yibao.agency.enrolment.audit import note
from yibao.agency.enrolment.history import Held, history
from yibao.cli import exit_codes
from yibao.cli.desk_office import desk_exits
from yibao.cli.desk_office import office as desk_office
from yibao.cli.options import Language
from yibao.cli.output import console, print_json
from yibao.cli.settle_run import exits
from yibao.cli.sharing import At
from yibao.cli.targets import check_targets, remove_old
from yibao.interop.files.output import check_place, write_files, write_text
from yibao.interop.files.rows import OutputError
from yibao.settlement.explain import Explainer, Line
from yibao.store.database import Connection, see_one_instant
from yibao.text import Text

if TYPE_CHECKING:
    from yibao.agency.desk.office import Office
    from yibao.interop.fhir.imported import Imported
    from yibao.interop.fhir.model import Booked, Insured

_PAGE = 1_000
_SHOWN = 10
_WORDS = {
    "exported": Text(
        "{n} 笔结算与冲正，{resources} 个资源",
        "{n} settlements and reversals, {resources} resources",
    ),
    "not_explained": Text(
        "{n} 笔由其他规则结算，未附计算过程",
        "{n} were settled by other rules than those loaded, and are not explained",
    ),
    "none": Text("没有结算", "there are no settlements"),
    "resources": Text("资源 {n}", "{n} resources"),
    "persons": Text("参保 {n} 行", "{n} persons"),
    "bills": Text("单据 {n}", "{n} bills"),
    "lines": Text("明细 {n} 行", "{n} lines"),
    "booked": Text("机构账 {n} 行", "{n} booked"),
    "left_out": Text("未采用 {n}", "{n} left out"),
    "problems": Text("错误 {n}", "{n} problems"),
    "more": Text("……另有 {n} 个，见 problems.csv", "… and {n} more, see problems.csv"),
    "written": Text("已写入", "written"),
    "removed": Text("已删除以前一次运行留下的", "removed, being left by an earlier run:"),
}


def _word(key: str, language: Language, **facts: object) -> str:
    return _WORDS[key].pick(language).format(**facts)


def _needs_library() -> None:
    """Raise BadParameter where the library is not installed."""
    if importlib.util.find_spec("fhir") is None:
        told = "fhir.resources is not installed: pip install 'yibao[fhir]' / 未安装 fhir.resources"
        raise typer.BadParameter(told)


# --- out ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which settlements: by number, or those of an institution's day; names in full or not."""

    numbers: Sequence[int]
    institution: str | None
    day: date | None
    unmask: bool = False


def export(at: At, wanted: Wanted, output: Path) -> None:
    """Write settlements as a Bundle; leaves with the exit code."""
    _needs_library()
    from yibao.interop.fhir.exact import dump
    from yibao.interop.fhir.model import Manner
    from yibao.interop.fhir.write import bundle

    with desk_exits(at.lang, as_json=at.as_json):
        check_place(output)
        office = desk_office(replace(at, accept_grade="D")) if at.policy else None
        with at.opened(reads=True) as database:
            with database.transaction() as connection:
                see_one_instant(connection)
                rows = list(_rows(connection, wanted))
                booked = list(_booked(connection, rows, office, at.lang))
                manner = Manner(region.of(connection) or "", at.lang, unmask=wanted.unmask)
            if wanted.unmask:  # written down before anything is shown
                database.run(partial(_note_unmasked, rows=rows, actor=at.who))
        made = bundle(booked, manner)
        write_text(output, dump(made))
    unexplained = sum(office is not None and row["rules"] != office.rules for row in rows)
    _tell_export(at, rows, len(made["entry"]), unexplained, output)


def _note_unmasked(connection: Connection, *, rows: Sequence[find.Row], actor: str) -> None:
    for person in sorted({row["person_id"] for row in rows}):
        note(connection, actor, "unmask", f"person:{person}", reason="fhir export")


def _tell_export(at: At, rows: Sequence[Any], made: int, unexplained: int, output: Path) -> None:
    if at.as_json:
        counts = {"settlements": len(rows), "resources": made, "not_explained": unexplained}
        print_json({**counts, "files": [str(output)]})
        return
    page = console()
    key = "exported" if rows else "none"
    page.print(_word(key, at.lang, n=f"{len(rows):,}", resources=f"{made:,}"))
    if unexplained:
        page.print(_word("not_explained", at.lang, n=unexplained), style="yellow")
    page.print(f"{_word('written', at.lang)} {output}", soft_wrap=True)


def _rows(connection: Connection, wanted: Wanted) -> Iterator[find.Row]:
    for number in dict.fromkeys(wanted.numbers):
        yield find.found(connection, number)
    after = 0
    while wanted.institution is not None:
        asked = find.Wanted(None, wanted.institution, wanted.day, wanted.day, after)
        page = find.find(connection, asked, _PAGE)
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1]["settlement_id"]


def _booked(
    connection: Connection, rows: Sequence[find.Row], office: Office | None, language: Language
) -> Iterator[Booked]:
    """Yield settlements with what stands around them; each person is looked up once."""
    from yibao.agency.desk.bill import MAX_LINES
    from yibao.interop.fhir.model import Booked

    @cache
    def known(person_id: str) -> tuple[Insured, Sequence[Held]]:
        return _insured(connection, person_id), history(connection, person_id)

    explainer = None if office is None else Explainer(office.policy)
    for row in rows:
        person, held = known(row["person_id"])
        of = row["settlement_id"] if row["kind"] == "settlement" else row["reverses"]
        lines = find.lines(connection, of, 0, MAX_LINES)
        notes = [] if office is None else _notes(office, explainer, row, language)
        yield Booked(row, person, lines, _span(held, row), notes)


def _span(held: Sequence[Held], row: find.Row) -> tuple[date, date | None] | None:
    """Return the membership that a settlement rests on, else the cover, None where none is known.

    A register that was taken over has cover alone. `held` has memberships before cover.
    """
    day = date.fromisoformat(row["day"])
    for one in held:
        holds = one.first <= day and (one.last is None or day <= one.last)
        if holds and one.kind in {"membership", "coverage"} and one.says["scheme"] == row["scheme"]:
            return one.first, one.last
    return None


def _insured(connection: Connection, person_id: str) -> Insured:
    from yibao.interop.fhir.model import Insured

    known = persons.find(connection, person_id)
    assert known is not None, person_id  # who has a settlement is registered
    return Insured(
        person_id,
        known.name,
        known.sex,
        known.birth_date,
        known.identity_type,
        known.identity_number or "",
    )


def _notes(
    office: Office, explainer: Explainer | None, row: find.Row, language: Language
) -> list[str]:
    """Return how a settlement was worked out, with cites; nothing where other rules did it."""
    assert explainer is not None
    try:
        settlement = recall(office, row)
    except DeskError:
        return []
    lines = explainer.explain(settlement).lines
    return [_told(line, language) for line in lines if line.moves]


def _told(line: Line, language: Language) -> str:
    source = line.source
    says = line.says.pick(language)
    return f"{says} · {line.formula} · {source.name.pick(language)} {source.cite}".strip()


# --- in -------------------------------------------------------------------------------------------

_TABLES = ("persons.csv", "bills.csv", "lines.csv", "problems.csv")


def import_(files: Sequence[Path], folder: Path, language: Language, *, as_json: bool) -> None:
    """Write the tables of resources; leaves with exit code 1 where something is wrong."""
    _needs_library()
    from yibao.interop.fhir import imported

    with exits(language, as_json=as_json):
        made = imported.read(files)
        _make(folder)
        sheets = {folder / name: [sheet] for name, sheet in imported.tables(made)}
        targets = [*(folder / name for name in _TABLES), *sorted(folder.glob("booked.*.csv"))]
        check_targets([*targets, *sheets], files)
        write_files(sheets)
        removed = remove_old(targets, sheets)
    _tell_import(made, list(sheets), removed, language, as_json=as_json)
    if made.problems:
        raise typer.Exit(exit_codes.REJECTED)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(folder, error.strerror or str(error)) from None


def _tell_import(
    made: Imported,
    written: Sequence[Path],
    removed: Sequence[Path],
    language: Language,
    *,
    as_json: bool,
) -> None:
    counts = made.counts()
    if as_json:
        print_json(
            {
                **counts,
                "left_out_by_type": made.left_out,
                "problem_list": [_problem(p) for p in made.problems],
                "files": written,
                "removed": removed,
            }
        )
    else:
        page = console()
        page.print(" · ".join(_word(key, language, n=f"{n:,}") for key, n in counts.items()))
        for key, named in (("written", written), ("removed", removed)):
            for file in named:
                page.print(f"{_word(key, language)} {file}", soft_wrap=True)
    errors = console(stderr=True)
    for problem in made.problems[:_SHOWN]:
        errors.print(problem.say(language), style="red", soft_wrap=True)
    if len(made.problems) > _SHOWN:
        errors.print(_word("more", language, n=len(made.problems) - _SHOWN))


def _problem(problem: Any) -> Mapping[str, Any]:
    return {
        "file": problem.file,
        "path": problem.path,
        "value": problem.value,
        "rule": problem.rule,
        "message": problem.message,
    }
