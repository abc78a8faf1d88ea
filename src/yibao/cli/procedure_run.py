"""What the contribution and account commands do, one person at a time or many from files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import typer

from yibao.cli import settle_report
from yibao.cli.options import Language
from yibao.cli.output import console, print_json
from yibao.cli.procedure_page import print_account
from yibao.cli.procedure_summary import Summary, tell
from yibao.cli.progress import watching
from yibao.cli.settle_run import exits, place_of
from yibao.cli.targets import check_targets, remove_old, written_twice
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
from yibao.interop.files.output import Sheet, write_files
from yibao.interop.files.rows import Reject
from yibao.interop.files.tabular import did_you_mean
from yibao.policy.model import Region, Value
from yibao.policy.policy import Policy, load_policy
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.explain import Explainer
from yibao.settlement.explain_data import account_as_json
from yibao.settlement.procedure import Office, Request
from yibao.text import Text


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
            print_json(account_as_json(account))
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
        removed = remove_old(targets, written)
        summary = _summary(answers, files, written, removed)
        tell(summary, answers.rejects, rules.language, as_json=rules.as_json)


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
    """Refuse targets that cannot be written, that are an input, or rejects over another table."""
    check_targets(targets, inputs)
    *tables, rejects = (target.resolve() for target in targets)
    if rejects in tables:
        raise written_twice(targets[-1])


def _summary(
    answers: requests.Answers,
    files: Sequence[Path],
    written: Sequence[Path],
    removed: Sequence[Path],
) -> Summary:
    counts = {"rows": answers.rows, "answered": answers.answered, "rejected": len(answers.rejects)}
    notices = settle_report.unfinished_notices(f for f in files if is_unfinished(f))
    return Summary(answers.policy.region, counts, answers.totals, notices, written, removed)


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
        removed = remove_old(targets, written)
        counts = {
            "rows": covered.rows,
            "persons": len(covered.persons),
            "covered": sum(span.covered for p in covered.persons for span in p.spans),
            "rejected": len(covered.rejects),
        }
        notices = settle_report.unfinished_notices(f for f in files if is_unfinished(f))
        summary = Summary(policy.region, counts, {}, notices, written, removed)
        tell(summary, covered.rejects, rules.language, as_json=rules.as_json)
