"""What the contribution and account commands do, one person at a time or many from files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import typer
from rich.table import Table

from yibao.cli import exit_codes, settle_report
from yibao.cli.options import Language
from yibao.cli.output import console, print_json
from yibao.cli.procedure_page import TOTAL, as_json, print_account
from yibao.cli.progress import watching
from yibao.cli.settle_run import exits, place_of
from yibao.interop.files import cells, payments, requests, results
from yibao.interop.files.columns import (
    Column,
    ProcedureName,
    payment_columns,
    profile_columns,
    request_columns,
)
from yibao.interop.files.csvfile import is_unfinished
from yibao.interop.files.encoding import Encoding
from yibao.interop.files.output import Sheet, check_target, write_files
from yibao.interop.files.rows import Reject, visible
from yibao.interop.files.tabular import did_you_mean
from yibao.money import format_yuan
from yibao.policy.model import Region, Value
from yibao.policy.policy import Policy, load_policy
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.explain import Explainer, title_of
from yibao.settlement.procedure import Office, Request
from yibao.text import Text

_WORDS = {
    "answered": Text("核定 {n} 行", "{n} answered"),
    "persons": Text("{n} 人", "{n} persons"),
    "covered": Text("享受待遇 {n} 段", "{n} covered periods"),
    "sums": Text("合计（元）", "Sums (yuan)"),
    "periods": Text("时段", "Periods"),
}


@dataclass(frozen=True, slots=True)
class Rules:
    """Which rules are asked, and how the answer is told."""

    policy: str
    overlays: Sequence[Path]
    without: Sequence[str]
    accept: str
    known: date | None
    language: Language
    as_json: bool

    def load(self) -> Policy:
        """Load the policy; raises PackErrors."""
        return load_policy(
            place_of(self.policy),
            known=self.known,
            accept=self.accept,
            overlays=self.overlays,
            without=self.without,
        )


@dataclass(frozen=True, slots=True)
class Output:
    """What to write."""

    file: Path
    rejects: Path | None = None
    explain: bool = False

    @property
    def rejects_file(self) -> Path:
        """Where rows without an answer go."""
        return self.rejects or results.beside(self.file, "rejects")

    def also(self, name: str) -> Path:
        """Return where a second table goes: a sheet of an Excel file, else a file beside it."""
        return self.file if self.file.suffix.lower() == ".xlsx" else results.beside(self.file, name)


# --- one person -----------------------------------------------------------------------------------


def one(
    procedure: ProcedureName, day: date, given: Sequence[str], rules: Rules, *, full: bool
) -> None:
    """Answer for one person and print it; leaves with the exit code."""
    with exits(rules.language, as_json=rules.as_json):
        policy = rules.load()
        facts, amounts, birth = _given(procedure, given, policy.region, rules.language)
        outcome = Office(policy).run(Request(procedure, day, facts, amounts, birth))
        account = Explainer(policy).account(outcome)
        if rules.as_json:
            print_json(as_json(account))
        else:
            print_account(account, rules.language, console(), full=full)


def _given(
    procedure: ProcedureName, given: Sequence[str], region: Region, language: Language
) -> tuple[dict[str, Value], dict[str, int], date | None]:
    """Read NAME=VALUE options; raises BadParameter."""
    inputs = vocabulary().procedures[procedure].inputs
    profile = {c.name for c in profile_columns(procedure, region)}
    columns = [
        c for c in request_columns(procedure, region) if c.name in inputs or c.name in profile
    ]
    values: dict[str, Any] = {}
    for text in given:
        column, value = _setting(text, columns, language)
        if column.name in values:
            raise typer.BadParameter(f"--set {column.name} twice / 给了两次")
        values[column.name] = value
    birth: date | None = values.pop("birth_date", None)
    amounts = {name: values.pop(name) for name in inputs if name in values}
    return values, amounts, birth


def _setting(text: str, columns: Sequence[Column], language: Language) -> tuple[Column, Any]:
    name, sign, cell = text.partition("=")
    by_name = {c.title.zh: c for c in columns} | {c.name: c for c in columns}
    column = by_name.get(name.strip())
    if not sign or column is None:
        names = [c.name for c in columns]
        why = Text("没有这一项", "there is no such name") if sign else Text("缺少 =", "no = in it")
        hint = did_you_mean(name, names).pick(language) if sign else ""
        there = ", ".join(names)
        one_of = Text(f"；可用：{there}", f"; there are: {there}").pick(language)
        raise typer.BadParameter(f"--set {text!r}: {why.pick(language)}{hint}{one_of}")
    try:
        cleaned = cells.clean(cell)
        if not cleaned:
            raise cells.BadCell("required")
        return column, cells.parser(column)(cleaned)
    except cells.BadCell as bad:
        raise typer.BadParameter(f"--set {text!r}: {bad.message.pick(language)}") from None


# --- many -----------------------------------------------------------------------------------------


def many(
    procedure: ProcedureName,
    files: Sequence[Path],
    encoding: Encoding | None,
    rules: Rules,
    wanted: Output,
) -> None:
    """Answer the rows of files and write the answers; leaves with the exit code."""
    with exits(rules.language, as_json=rules.as_json):
        targets = [wanted.file, wanted.also("explanation"), wanted.rejects_file]
        _check(targets, files)
        policy = rules.load()
        answers = requests.Answers(policy, procedure, tuple(files), encoding)
        told = answers.open()
        written: list[Path] = []
        with watching(rules.language) as watch:

            def sheets() -> Iterator[tuple[Path, Sequence[Sheet]]]:
                for target, held in watch.sheets(_tables(answers, told, rules, wanted)).items():
                    written.append(target)
                    yield target, held
                columns = request_columns(procedure, policy.region)
                yield from _rejected(answers.rejects, columns, rules, wanted, written)

            write_files(sheets())
        removed = _remove_old(targets, written)
        _tell(_summary(answers, files, written, removed), answers.rejects, rules)


def _tables(
    answers: requests.Answers, told: Iterator[requests.Answer], rules: Rules, wanted: Output
) -> dict[Path, list[Sheet]]:
    """Return what to write; only an explanation needs the answers a second time."""
    if not wanted.explain:
        return {wanted.file: [requests.answers_sheet(answers, told)]}
    kept = list(told)
    found = {wanted.file: [requests.answers_sheet(answers, kept)]}
    steps = requests.explained_sheet(answers, kept, rules.language)
    found.setdefault(wanted.also("explanation"), []).append(steps)
    return found


def _rejected(
    rejects: Sequence[Reject],
    columns: Sequence[Column],
    rules: Rules,
    wanted: Output,
    written: list[Path],
) -> Iterator[tuple[Path, Sequence[Sheet]]]:
    if rejects:
        order = [c.name for c in columns]
        written.append(wanted.rejects_file)
        yield wanted.rejects_file, [results.rejects_sheet(rejects, order, rules.language)]


def _check(targets: Sequence[Path], inputs: Sequence[Path]) -> None:
    """Refuse targets that cannot be written, that are an input, or that are one file."""
    read = {file.resolve() for file in inputs}
    for target in targets:
        if target.resolve() in read:
            raise typer.BadParameter(f"{target} is an input file / 输出文件不能是输入文件")
        check_target(target)
    rejects = targets[-1]
    if rejects.resolve() in {target.resolve() for target in targets[:-1]}:
        raise typer.BadParameter(f"{rejects} would be written twice / 同一个文件要写两次")


def _remove_old(targets: Sequence[Path], written: Sequence[Path]) -> list[Path]:
    """Remove what an earlier run wrote under these names and this one did not; return what."""
    old = [t for t in dict.fromkeys(targets) if t not in written and t.is_file()]
    for target in old:
        target.unlink()
    return old


@dataclass(frozen=True, slots=True)
class _Summary:
    """What a run tells: counts by word, sums by figure, files."""

    region: Region
    counts: Mapping[str, int]
    sums: Mapping[str, int]
    notices: Sequence[Text]
    written: Sequence[Path]
    removed: Sequence[Path]


def _summary(
    answers: requests.Answers,
    files: Sequence[Path],
    written: Sequence[Path],
    removed: Sequence[Path],
) -> _Summary:
    counts = {"rows": answers.rows, "answered": answers.answered, "rejected": len(answers.rejects)}
    notices = settle_report.unfinished_notices(f for f in files if is_unfinished(f))
    return _Summary(answers.policy.region, counts, answers.totals, notices, written, removed)


def _tell(summary: _Summary, rejects: Sequence[Reject], rules: Rules) -> None:
    """Print a summary; leave with exit code 1 when rows were rejected."""
    if rules.as_json:
        print_json(
            {
                "policy": summary.region.id,
                **summary.counts,
                "rejected_by_rule": dict(Counter(r.errors[0].rule for r in rejects)),
                "sums": {name: format_yuan(fen) for name, fen in summary.sums.items()},
                "notices": [n._asdict() for n in summary.notices],
                "files": [str(f) for f in summary.written],
                "removed": [str(f) for f in summary.removed],
            }
        )
    else:
        _print(summary, rules.language)
    settle_report.print_rejects(rejects, rules.language, console(stderr=True))
    if rejects:
        raise typer.Exit(exit_codes.REJECTED)


def _print(summary: _Summary, language: Language) -> None:
    page, region = console(), summary.region
    counts = [_word(key, language, f"{n:,}") for key, n in summary.counts.items()]
    page.print(f"{region.name.pick(language)}  {' · '.join(counts)}", style="bold")
    sums = {name: fen for name, fen in summary.sums.items() if fen or name == "total"}
    if sums:
        table = Table(title=_word("sums", language), title_justify="left", show_header=False)
        table.add_column()
        table.add_column(justify="right")
        for name, fen in sums.items():
            title = TOTAL if name == "total" else title_of(region, name)
            table.add_row(title.pick(language), settle_report.money(fen))
        page.print(table)
    for notice in summary.notices:
        page.print(f"! {visible(notice.pick(language))}", style="yellow")
    for key, files in (("written", summary.written), ("removed", summary.removed)):
        for file in files:
            told = settle_report.word(key, language)
            page.print(f"{told} {visible(str(file))}", soft_wrap=True)


def _word(key: str, language: Language, n: object = "") -> str:
    if key in _WORDS:
        return _WORDS[key].pick(language).format(n=n)
    return settle_report.word(key, language, n=n)


# --- benefit periods ------------------------------------------------------------------------------


def coverage(
    files: Sequence[Path], encoding: Encoding | None, rules: Rules, wanted: Output
) -> None:
    """Work periods out of payments and write them; leaves with the exit code."""
    with exits(rules.language, as_json=rules.as_json):
        targets = [wanted.file, wanted.also("periods"), wanted.rejects_file]
        _check(targets, files)
        policy = rules.load()
        with watching(rules.language) as watch:
            covered = payments.cover(policy, files, encoding)
            found = {wanted.file: [payments.statuses_sheet(covered)]}
            periods = payments.periods_sheet(covered, rules.language)
            found.setdefault(wanted.also("periods"), []).append(periods)
            written = list(found)
            columns = payment_columns(policy.region)
            rejected = _rejected(covered.rejects, columns, rules, wanted, written)
            write_files([*watch.sheets(found).items(), *rejected])
        removed = _remove_old(targets, written)
        counts = {
            "rows": covered.rows,
            "persons": len(covered.persons),
            "covered": sum(span.covered for p in covered.persons for span in p.spans),
            "rejected": len(covered.rejects),
        }
        notices = settle_report.unfinished_notices(f for f in files if is_unfinished(f))
        summary = _Summary(policy.region, counts, {}, notices, written, removed)
        _tell(summary, covered.rejects, rules)
