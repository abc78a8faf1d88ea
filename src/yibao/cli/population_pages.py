"""What `yibao population` does and prints."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from yibao.cli import exit_codes
from yibao.cli.options import Language
from yibao.cli.output import console, print_json
from yibao.cli.progress import counting
from yibao.cli.settle_run import exits
from yibao.interop.files.output import Cell, Sheet, check_place, write_files, write_text
from yibao.macro.population import figures as cited
from yibao.macro.population.days import Span
from yibao.macro.population.make import MOST_PERSONS, Wanted
from yibao.macro.population.make import make as make_population
from yibao.text import Text

if TYPE_CHECKING:
    from yibao.macro.population.report import Report, Row

_MAKE = Text("生成人群", "Making people")
_MEASURE = Text("核对人群", "Measuring people")
_MOST_THREADS = 256


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for."""

    region: str
    persons: int
    first_year: int | None
    years: int | None
    seed: int
    lines: bool
    threads: int | None


def make(asked: Asked, folder: Path, *, as_json: bool, language: Language) -> None:
    """Run `yibao population make`."""
    wanted = _wanted(asked, language)
    threads = asked.threads or _processors()
    with (
        exits(language, as_json=as_json),
        counting(language, _MAKE, asked.persons) as told,
    ):
        manifest = make_population(wanted, folder, threads, lambda persons, _: told(persons))
    if as_json:
        print_json({"folder": folder, **manifest})
        return
    page = console()
    last = wanted.span.first + wanted.span.years - 1
    page.print(
        Text(
            f"{folder}：{asked.persons:,}人，{wanted.span.first}至{last}年，"
            f"{manifest['claims']:,}笔结算和冲正，{len(manifest['files']):,}个文件",
            f"{folder}: {asked.persons:,} persons, {wanted.span.first} to {last}, "
            f"{manifest['claims']:,} claims and reversals, {len(manifest['files']):,} files",
        ).pick(language),
        soft_wrap=True,
    )


def _processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on every system
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _wanted(asked: Asked, language: Language) -> Wanted:
    """Check what is asked for; raises BadParameter."""
    if asked.region not in cited.names():
        there = ", ".join(cited.names())
        raise _bad(
            Text(
                f"没有 {asked.region!r} 的人群数据；现有：{there}",
                f"there are no figures of people for {asked.region!r}; there are: {there}",
            ),
            language,
        )
    figures = cited.load(asked.region)
    _within("--persons", asked.persons, 1, MOST_PERSONS, language)
    _within("--seed", asked.seed, 0, 2**63 - 1, language)
    if asked.threads is not None:
        _within("--threads", asked.threads, 1, _MOST_THREADS, language)
    has = figures.years
    first = has.start if asked.first_year is None else asked.first_year
    years = max(has.stop - first, 1) if asked.years is None else asked.years
    if first not in has or years < 1 or first + years > has.stop:
        why, last = figures.why_years, has.stop - 1
        raise _bad(
            Text(
                f"{asked.region} 只能生成{has.start}至{last}年（{why.zh}）；"
                f"要求的是自{first}年起{years}年",
                f"{asked.region} can be made for {has.start} to {last} ({why.en}); "
                f"asked for: {years} {'year' if years == 1 else 'years'} from {first}",
            ),
            language,
        )
    return Wanted(figures, asked.persons, Span(first, years), asked.seed, asked.lines)


def _within(name: str, value: int, least: int, most: int, language: Language) -> None:
    if not least <= value <= most:
        raise _bad(
            Text(
                f"{name} {value} 应在{least:,}至{most:,}之间",
                f"{name} {value} is not between {least:,} and {most:,}",
            ),
            language,
        )


def _bad(text: Text, language: Language) -> typer.BadParameter:
    return typer.BadParameter(text.pick(language))


# --- report ---------------------------------------------------------------------------------------


def report(folder: Path, outputs: Sequence[Path], *, as_json: bool, language: Language) -> None:
    """Run `yibao population report`; leaves with exit code 1 when something is missed."""
    from yibao.macro.population.reading import read_manifest
    from yibao.macro.population.report import report as measure

    with exits(language, as_json=as_json):
        for target in outputs:
            check_place(target)
        persons = read_manifest(folder)["persons"]
        with counting(language, _MEASURE, persons) as told:
            found = measure(folder, told)
        for target in outputs:
            _write(found, target, language)
    if as_json:
        print_json(as_data(found))
    else:
        _print(found, outputs, language)
    if not found.passed:
        raise typer.Exit(exit_codes.FINDINGS)


def _write(found: Report, target: Path, language: Language) -> None:
    if target.suffix.lower() == ".html":
        from yibao.cli.population_html import page

        write_text(target, page(found, language))
    else:
        write_files({target: [_sheet(found, language)]})


_UNITS = {"share": ("%", 100.0, 2), "ratio": ("", 1.0, 3), "number": ("", 1.0, 4)}


def shown(row: Row, value: float) -> str:
    """Return a value of a row as it is read: shares in percent, amounts with thousands."""
    if row.unit in {"yuan", "count"}:
        return f"{value:,.0f}"
    sign, factor, places = _UNITS[row.unit]
    return f"{value * factor:.{places}f}{sign}"


def verdict(met: bool) -> Text:
    """Return the word for a verdict."""
    return Text("达到", "met") if met else Text("未达到", "MISSED")


def target_of(row: Row) -> str:
    """Return a row's target, with its sign where it is a floor."""
    return ("≥ " if row.rule == "at_least" else "") + shown(row, row.target)


SCOPES = {"region": Text("", ""), "nation": Text("（全国）", " (nation)")}
"""What stands beside a grade where a figure of the nation stands in for one of the region."""

HEADS = (
    Text("目标", "Target of"),
    Text("目标值", "Target"),
    Text("实际", "Achieved"),
    Text("允许差", "Tolerance"),
    Text("抽样误差", "Sampling error"),
    Text("结论", "Verdict"),
    Text("置信", "Grade"),
    Text("来源", "Source"),
)


def cells(row: Row, language: str) -> list[str]:
    """Return what a table shows of a row."""
    return [
        row.title.pick(language),
        target_of(row),
        shown(row, row.achieved),
        shown(row, row.tolerance),
        shown(row, row.error),
        verdict(row.met).pick(language),
        row.grade + SCOPES[row.scope].pick(language),
        row.source,
    ]


def _print(found: Report, outputs: Sequence[Path], language: Language) -> None:
    from rich.table import Table

    page = console()
    table = Table(title_justify="left")
    for at, head in enumerate(HEADS[:-1]):
        table.add_column(head.pick(language), justify="right" if 0 < at < 5 else "left")
    for row in found.rows:
        table.add_row(*cells(row, language)[:-1], style=None if row.met else "red")
    page.print(table)
    for line in notes(found):
        page.print(line.pick(language), soft_wrap=True)
    for target in outputs:
        page.print(Text(f"已写出 {target}", f"written {target}").pick(language), soft_wrap=True)


def notes(found: Report) -> Iterator[Text]:
    """Yield what stands below the table: the checks, what is assumed, the sum."""
    from yibao.macro.population.report import CHECKS

    for name in found.failed:
        title, count = CHECKS[name], found.checks[name]
        yield Text(
            f"文件检查未通过：{title.zh}（{count:,}处）", f"check failed: {title.en} ({count:,})"
        )
    zh = "；".join(text.zh for _, text in found.assumptions)
    en = "; ".join(text.en for _, text in found.assumptions)
    yield Text(f"以下为假定（D级），未经校准：{zh}", f"Assumed (grade D), not calibrated: {en}")
    met = len(found.rows) - len(found.missed)
    passed = len(found.checks) - len(found.failed)
    yield Text(
        f"目标{len(found.rows)}项，达到{met}项；文件检查{len(found.checks)}项，通过{passed}项",
        f"{met} of {len(found.rows)} targets met, {passed} of {len(found.checks)} checks of the "
        "files passed",
    )


def as_data(found: Report) -> dict[str, Any]:
    """Return the report as plain data; what could not be measured is null."""

    def exact(value: float) -> float | None:
        return value if isfinite(value) else None

    return {
        "passed": found.passed,
        "manifest": {k: v for k, v in found.manifest.items() if k != "files"},
        "targets": [
            {
                "topic": row.topic,
                "name": row.name,
                "title": row.title,
                "unit": row.unit,
                "rule": row.rule,
                "target": row.target,
                "achieved": exact(row.achieved),
                "tolerance": row.tolerance,
                "sampling_error": exact(row.error),
                "met": row.met,
                "grade": row.grade,
                "scope": row.scope,
                "source": row.source,
            }
            for row in found.rows
        ],
        "checks": found.checks,
        "assumptions": [{"name": name, "note": note} for name, note in found.assumptions],
    }


def _sheet(found: Report, language: Language) -> Sheet:
    names = ["topic", "name", "title", "unit", "rule", "target", "achieved", "tolerance"]
    names += ["sampling_error", "met", "grade", "scope", "source"]

    def rows() -> Iterator[Sequence[Cell]]:
        for row in found.rows:
            numbers = (row.target, row.achieved, row.tolerance, row.error)
            yield (
                row.topic,
                row.name,
                row.title.pick(language),
                row.unit,
                row.rule,
                *(f"{value:.6g}" for value in numbers),
                "true" if row.met else "false",
                row.grade,
                row.scope,
                row.source,
            )
        for name, failures in found.checks.items():
            met = "false" if failures else "true"
            yield (
                "check",
                name,
                "",
                "count",
                "about",
                "0",
                str(failures),
                "0",
                "0",
                met,
                "",
                "",
                "",
            )

    figures = {"target", "achieved", "tolerance", "sampling_error"}
    columns = [(name, "figure" if name in figures else "long") for name in names]
    kinds: Any = columns
    return Sheet("report", kinds, rows())
