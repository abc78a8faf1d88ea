"""What `policy new` asks, writes and says."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from shlex import quote

import typer

from yibao.cli.options import Language, parse_date
from yibao.cli.output import print_json
from yibao.cli.policy_pages import where
from yibao.errors import CannotWrite
from yibao.policy.checking.points import axes_of
from yibao.policy.compare import in_force
from yibao.policy.consolidate import Consolidation
from yibao.policy.load import load_region, regions
from yibao.policy.model import Authority, Region, Text
from yibao.policy.scaffold import PARTS, SCHEMES, NewDocument, NewRegion, region_files
from yibao.policy.scaffold_change import Change, Example, document_files
from yibao.policy.source import did_you_mean
from yibao.settlement.cases import Case, CaseRunner

_DOCUMENT = re.compile(r"[^@\s/]+")
_Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says; what it leaves out is empty."""

    folder: Path
    name: _Pair
    level: str
    division: str
    parent: str
    schemes: tuple[str, ...]
    parts: str
    document: str
    first: date | None
    known: date | None
    number: str
    title: _Pair
    issuer: _Pair
    kind: str
    of: str
    tables: tuple[str, ...]


def new(asked: Asked, *, as_json: bool, language: Language) -> None:
    """Write a region, or a document when the folder's name has an @, and say what to do next."""
    if os.path.lexists(asked.folder):
        raise CannotWrite(
            f"{asked.folder}: already there / 已存在; expected a folder that is not there yet"
        )
    ask = _Ask(language, _terminal() and not as_json)
    make = _document if "@" in asked.folder.name else _region
    texts, commands = make(asked, ask, language)
    _write(asked.folder, texts)
    files = [asked.folder / name for name in texts]
    if as_json:
        print_json({"folder": asked.folder, "files": files, "next": commands})
        return
    for file in files:
        typer.echo(f"  {file}")
    typer.echo("接下来：" if language == "zh" else "Next:")
    for command, why in commands.items():
        typer.echo(f"  {command}\n      {why}")


def _terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    """Write a folder whole or not at all: beside its place first, then in its place."""
    staged = folder.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        for name, text in texts.items():
            file = staged / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="\n")
        os.rename(staged, folder)
    except OSError as error:
        raise CannotWrite(f"{folder}: {error.strerror}") from None
    finally:
        shutil.rmtree(staged, ignore_errors=True)


# --- asking ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Ask:
    """Asks on a terminal for what the command line leaves out; elsewhere it never asks."""

    language: Language
    terminal: bool

    def text(self, given: str, zh: str, en: str, default: str = "") -> str:
        """Return what was given, else what is answered; an empty answer becomes a TODO."""
        if given or not self.terminal:
            return given or default
        answer: str = typer.prompt(Text(zh, en).pick(self.language), default=default)
        return answer.strip()

    def day(self, given: date | None, zh: str, en: str) -> date | None:
        """Return the day that was given or is answered, None for an empty answer."""
        if given is not None or not self.terminal:
            return given
        told = Text(zh, en).pick(self.language)
        answer: date | None = typer.prompt(told, default="", value_proc=_day, show_default=False)
        return answer

    def both(self, given: _Pair, zh: str, en: str) -> Text | None:
        """Return a text in both languages, None where either is open."""
        first = self.text(given[0], f"{zh}（中文）", f"{en} (Chinese)")
        second = self.text(given[1], f"{zh}（英文）", f"{en} (English)")
        if not first and not second:
            return None
        return Text(first or f"TODO: {second}", second or f"TODO: {first}")


def _day(text: str) -> date | None:
    return parse_date(text.strip()) if text.strip() else None


def _named(asked: Asked, ask: _Ask, name: str, first: date) -> NewDocument:
    return NewDocument(
        id=name,
        first=first,
        number=ask.text(asked.number, "文号", "Number, as printed"),
        title=ask.both(asked.title, "文件标题", "Title"),
        issuer=ask.both(asked.issuer, "发文机关", "Issuer"),
        known=ask.day(asked.known, "发布日期", "Published on"),
        kind=asked.kind,
    )


# --- a region -------------------------------------------------------------------------------------


def _region(asked: Asked, ask: _Ask, language: Language) -> tuple[dict[str, str], dict[str, str]]:
    parts = _parts(ask.text("", "包含（逗号分隔）", "Parts, with commas", asked.parts))
    if asked.division and not re.fullmatch(r"[0-9]{6}", asked.division):
        raise typer.BadParameter(f"--division {asked.division!r} is not six digits such as 120000")
    for option, given in (("--of", asked.of), ("--table", asked.tables)):
        if given:
            expected = "DIR named DOCUMENT@DATE, such as 2024-notice@2024-01-01"
            raise typer.BadParameter(
                f"{option} is for a document that changes a region: {expected}"
            )
    if asked.kind == "draft":
        raise typer.BadParameter(
            "--kind draft is for a document beside others: a draft is in force only once another "
            "document activates it"
        )
    name = ask.both(asked.name, "地区名称", "Name of the region")
    schemes = asked.schemes or tuple(
        ask.text(
            "", "险种（employee 职工, resident 居民）", "Schemes (employee, resident)", "resident"
        )
        .replace(",", " ")
        .split()
    )
    for scheme in schemes:
        if scheme not in SCHEMES:
            told = f"--scheme {scheme!r}: {' or '.join(SCHEMES)}{did_you_mean(scheme, SCHEMES)}"
            raise typer.BadParameter(told)
    document = ask.text(asked.document, "文件代号", "Short id of the document", "notice")
    first = ask.day(asked.first, "施行日期", "First day in force")
    if first is None:
        raise typer.BadParameter("--from is needed: the first day of the document, as 2023-01-01")
    if first.year < 1900:
        raise typer.BadParameter(f"--from {first}: a day from 1900 on, as 2023-01-01")
    if not _DOCUMENT.fullmatch(document):
        raise typer.BadParameter(f"--document {document!r} may not have blanks, @ or /")
    plan = NewRegion(
        id=asked.folder.name,
        document=_named(asked, ask, document, first),
        name=name,
        level=asked.level,
        division=ask.text(asked.division, "行政区划代码（六位）", "Division, six digits"),
        parent=_parent(
            ask.text(asked.parent, "上级地区（没有则留空）", "Region above, if any"), asked.level
        ),
        schemes=schemes,
        parts=parts,
    )
    folder, day = quote(str(asked.folder)), plan.document.first
    return region_files(plan, language), {
        f"yibao policy check {folder}": Text(
            "列出还要填写的地方，按文件和行号", "lists what is to be filled in, by file and line"
        ).pick(language),
        f"yibao policy cases {folder}": Text(
            "逐分核对手工算好的例子", "settles the examples that you worked by hand"
        ).pick(language),
        f"yibao policy show {folder} --date {day}": Text(
            "看这一天有效的规定", "shows the rules in force on a day"
        ).pick(language),
    }


def _parts(text: str) -> tuple[str, ...]:
    named = [part.strip() for part in text.replace("，", ",").split(",") if part.strip()]
    for part in named:
        if part not in PARTS:
            told = f"--with {part!r}: one of {', '.join(PARTS)}{did_you_mean(part, PARTS)}"
            raise typer.BadParameter(told)
    if "serious-illness" in named and "inpatient" not in named:
        raise typer.BadParameter(
            "--with serious-illness covers what stays leave: write --with inpatient,serious-illness"
        )
    if not named:
        raise typer.BadParameter(f"--with needs one of {', '.join(PARTS)}")
    return tuple(part for part in PARTS if part in named)


def _parent(parent: str, level: str) -> str:
    if not parent:
        return parent
    if parent not in regions():
        typer.echo(f"{parent}: no region that ships, so it has to lie beside the new one", err=True)
        return parent
    above = load_region(parent).authority
    if above <= Authority[level]:
        raise typer.BadParameter(f"--parent {parent} is of level {above.name}, not above {level}")
    return parent


# --- a document that changes a region -------------------------------------------------------------


def _document(asked: Asked, ask: _Ask, language: Language) -> tuple[dict[str, str], dict[str, str]]:
    name, _, day = asked.folder.name.partition("@")
    first = parse_date(day)
    for option, given in (("--document", asked.document), ("--from", asked.first)):
        if given:
            raise typer.BadParameter(f"{option}: DIR's name, DOCUMENT@DATE, says that already")
    home = asked.folder.resolve().parent
    inside = (home / "region.yaml").is_file()
    if inside and asked.of and Path(str(where(asked.of))).resolve() != home:
        raise typer.BadParameter(f"--of {asked.of}: DIR lies in the region {home.name}")
    if not inside and not asked.of:
        raise typer.BadParameter(
            "--of REGION is needed: DIR does not lie in the folder of a region"
        )
    region = load_region(home if inside else where(asked.of))
    if name in {d.id for d in region.documents if d.first == first}:
        raise typer.BadParameter(f"{region.id} has a document {name} from {first} already")
    if asked.kind == "draft" and not inside:
        raise typer.BadParameter(
            "--kind draft is for a document in the folder of a region: an overlay that no document "
            "activates changes nothing"
        )
    tables = tuple(dict.fromkeys(asked.tables))
    changes = _changes(region, tables, first)
    document = _named(asked, ask, name, first)
    runner = CaseRunner(home if inside else where(asked.of))
    example = None if asked.kind == "draft" else _example(runner, first, tables)
    texts = document_files(document, changes, language, example=example, overlay=not inside)
    if not inside:
        more = f" --overlay {quote(str(asked.folder))}"
        return texts, _next(quote(asked.of), more, first, language)
    below = home.is_relative_to(Path.cwd())
    shown = home.relative_to(Path.cwd()) if below else home
    return texts, _next(quote(str(shown)), "", first, language)


def _next(shown: str, more: str, first: date, language: Language) -> dict[str, str]:
    diff = f"{shown} {first}{more}" if more else f"{shown} {first - timedelta(days=1)} {first}"
    return {
        f"yibao policy check {shown}{more}": Text(
            "列出还要填写的地方，按文件和行号", "lists what is to be filled in, by file and line"
        ).pick(language),
        f"yibao policy cases {shown}{more}": Text(
            "逐分核对手工算好的例子", "settles the examples that you worked by hand"
        ).pick(language),
        f"yibao policy diff {diff}": Text("说出改了什么", "says what it changes").pick(language),
    }


def _changes(region: Region, names: Sequence[str], day: date) -> list[Change]:
    """Return the tables that are to be changed, with their rows in force until then."""
    if not names:
        listed = "\n".join(f"  {n}  {t.title.zh} / {t.title.en}" for n, t in region.tables.items())
        raise typer.BadParameter(f"--table NAME is needed, repeatable; there are:\n{listed}")
    for name in names:
        if name not in region.tables:
            raise typer.BadParameter(f"no table {name!r}{did_you_mean(name, region.tables)}")
    held = {table.name: table for table in in_force(Consolidation(region, day)).tables}
    for name in names:
        if not held[name].figures:
            raise typer.BadParameter(f"{name} has no row in force on {day}: nothing to change")
    return [Change(held[name], axes_of(region.tables[name])) for name in names]


_PERSONS: tuple[Mapping[str, str], ...] = (
    {"scheme": "resident", "category": "adult"},
    {"scheme": "resident", "category": "adult", "contribution_tier": "high"},
    {"scheme": "employee", "category": "in_service"},
    {"scheme": "employee", "category": "retired"},
)
_VISITS = ("outpatient", "inpatient", "special_outpatient", "pharmacy")
_BIRTH = {"birth_date": "1980-05-01"}


def _example(runner: CaseRunner, day: date, tables: Sequence[str]) -> Example | None:
    """Return a plain claim that needs one of the tables, None where no plain claim does."""
    for person, visit, level in product(_PERSONS, _VISITS, ("2", "1")):
        claim = {"visit": visit, "level": level, "in_scope": "1000.00"}
        event = {"date": str(day), **claim}
        needed = _needed(runner, {**person, **_BIRTH}, event, tables)
        if needed is not None:
            written = {"visit": visit, "level": f'"{level}"', "in_scope": '"1000.00"'}
            return Example(needed, {**person, **_BIRTH}, written)
    return None


def _needed(
    runner: CaseRunner, person: Mapping[str, str], event: Mapping[str, str], tables: Sequence[str]
) -> str | None:
    """Return which of the tables a claim needs first, whether or not it has the figure today."""
    settled = runner.run(_case(person, event)).settlements
    if settled:
        asked = (name.partition("[")[0] for name in settled[0].program.structure.figures)
        return next((name for name in asked if name in tables), None)
    for name in tables:
        if not runner.run(_case(person, {**event, "refused": name})).failures:
            return name
    return None


def _case(person: Mapping[str, str], event: Mapping[str, str]) -> Case:
    data = {"person": person, "events": [event]}
    return Case("example", Text("例", "example"), (), Path("cases.yaml"), 1, data, {})
