"""What the settlement commands do; errors become messages and exit codes here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, cast

import typer

from yibao.cli import exit_codes, failure, settle_report
from yibao.cli.options import Language
from yibao.cli.output import console, plain, print_json
from yibao.cli.progress import Watch, watching
from yibao.cli.targets import check_targets, remove_old, written_twice
from yibao.errors import PolicyError
from yibao.interop.files import results, states
from yibao.interop.files import schema as schemas
from yibao.interop.files.bills import FILES as BILL_FILES
from yibao.interop.files.columns import Column, columns
from yibao.interop.files.encoding import Encoding
from yibao.interop.files.output import Sheet, write_files
from yibao.interop.files.rows import InputError
from yibao.interop.files.settling import Run, settle_files
from yibao.interop.files.summary import summary_of
from yibao.interop.files.tabular import did_you_mean
from yibao.masking import masked_words
from yibao.policy.load import regions
from yibao.policy.policy import Policy, load_policy
from yibao.settlement.batch import Entry, Item
from yibao.settlement.explain import explain as explain_settlement
from yibao.settlement.model import Claim, Reversal
from yibao.text import Text


@dataclass(frozen=True, slots=True)
class Input:
    """What to settle, under which rules."""

    claims: Sequence[Path]
    persons: Sequence[Path]
    policy: str
    language: Language
    opening: Path | None = None
    overlays: Sequence[Path] = ()
    accept: str = "C"
    known: date | None = None
    encoding: Encoding | None = None

    @property
    def files(self) -> list[Path]:
        """Every file that is read."""
        return [*self.claims, *self.persons, *([self.opening] if self.opening else [])]


@dataclass(frozen=True, slots=True)
class Output:
    """What to write."""

    settlements: Path
    explain: bool = False
    closing: Path | None = None
    rejects: Path | None = None
    as_json: bool = False


@dataclass(slots=True)
class _Files:
    """Files to be written together."""

    sheets: dict[Path, list[Sheet]] = field(default_factory=dict)

    def add(self, target: Path, name: str, sheet: Sheet) -> None:
        """Add a sheet to `target` where that is Excel, else a file of its own beside it."""
        if name and target.suffix.lower() != ".xlsx":
            target = results.beside(target, name)
        self.sheets.setdefault(target, []).append(sheet)


def settle(given: Input, wanted: Output) -> None:
    """Run `yibao settle`; leaves with the exit code."""
    with exits(given.language, as_json=wanted.as_json):
        check(given, wanted)
        with watching(given.language) as watch:
            run = _run(given, watch)
            files = _written(run, given, wanted)
            write_files(watch.sheets(files))
        report = settle_report.Report(
            summary_of(run), list(files), remove_old(targets(wanted), files)
        )
        if wanted.as_json:
            print_json(report.as_json())
        else:
            report.print(given.language, console())
        rejected = [*run.persons.rejects, *run.rejects]
        settle_report.print_rejects(rejected, given.language, console(stderr=True))
        if rejected:
            raise typer.Exit(exit_codes.REJECTED)


def check(given: Input, wanted: Output) -> None:
    """Refuse targets that cannot be written, that are an input, or that are named twice."""
    check_targets(targets(wanted), given.files)
    _check_distinct(targets(wanted))


def targets(wanted: Output) -> Iterator[Path]:
    """Yield every file that may be written; none may be an input, such as corrected rejects."""
    rejects = wanted.rejects or results.beside(wanted.settlements, "rejects")
    yield from (wanted.settlements, rejects, results.beside(rejects, "persons"))
    if wanted.closing is not None:
        yield wanted.closing
    for name in ("explanation", "differences"):
        yield results.beside(wanted.settlements, name)


def _check_distinct(targets: Iterable[Path]) -> None:
    """Refuse one name for two tables; only Excel holds several."""
    met: set[Path] = set()
    for target in targets:
        if target.resolve() in met and target.suffix.lower() != ".xlsx":
            raise written_twice(target)
        met.add(target.resolve())


def _written(run: Run, given: Input, wanted: Output) -> dict[Path, list[Sheet]]:
    """Return the files to write, in the order in which they are named to the user."""
    files, out, language = _Files(), wanted.settlements, given.language
    region, batch = run.policy.region, run.batch
    files.add(out, "", results.settlements_sheet(batch.entries, run.policy))
    if wanted.explain:
        sheet = results.explanation_sheet(batch.entries, run.policy, language)
        files.add(out, "explanation", sheet)
    if batch.differences:
        files.add(out, "differences", results.differences_sheet(batch.differences))
    if wanted.closing is not None and run.last_year is not None:
        files.add(wanted.closing, "", states.closing_sheet(run.book, run.last_year))
    if out.suffix.lower() == ".xlsx":
        files.add(out, "columns", results.columns_sheet(files.sheets[out], region))
    for what, rows in (("claims", run.rejects), ("persons", run.persons.rejects)):
        if rows:
            order = [c.name for c in columns(cast(Any, what), region)]
            target = wanted.rejects or results.beside(out, "rejects")
            target = results.beside(target, "persons") if what == "persons" else target
            files.add(target, "", results.rejects_sheet(rows, order, language))
    return files.sheets


# --- explain --------------------------------------------------------------------------------------


def explain(claim_id: str, given: Input, *, full: bool, as_json: bool) -> None:
    """Run `yibao explain`; leaves with the exit code."""
    with exits(given.language, as_json=as_json):
        with watching(given.language) as watch:
            run = _run(given, watch, claim_id)
        entry = next((e for e in run.batch.entries if e.item.what.claim_id == claim_id), None)
        if entry is None:
            _not_settled(claim_id, run, given.language, as_json=as_json)
        else:
            from yibao.cli.waterfall import print_waterfall
            from yibao.settlement.explain_data import as_json as waterfall_json

            explanation = explain_settlement(entry.settlement, run.policy)
            notices = [*_reversals(entry, run), *settle_report.Report(summary_of(run)).notices()]
            if as_json:
                told = [notice._asdict() for notice in notices]
                print_json(waterfall_json(explanation) | {"notices": told})
            else:
                page = console()
                for notice in notices:
                    page.print(f"! {notice.pick(given.language)}", style="yellow", markup=False)
                print_waterfall(explanation, given.language, page, full=full)


def _reversals(asked: Entry, run: Run) -> Iterator[Text]:
    """Say that the settlement explained was taken back, by which reversal and when."""
    for entry in run.batch.entries:
        if entry.sign < 0 and entry.settlement is asked.settlement:
            own, target = entry.item.what, entry.settlement.claim
            yield Text(
                f"结算{target.claim_id}已于{own.settled_at}由{own.claim_id}冲正，以下是原结算",
                f"claim {target.claim_id} was taken back on {own.settled_at} by {own.claim_id}; "
                "what follows is the claim as it was settled",
            )


def needed(claim_id: str, items: Sequence[Item]) -> list[Item]:
    """Return the items that decide how a claim is settled: the person's own up to that one.

    For a reversal the claim that it takes back, and what came before it; for a claim also what
    takes it back later.
    """
    owners = {i.what.claim_id: i.what.person_id for i in items if isinstance(i.what, Claim)}

    def owner(item: Item) -> str | None:
        if isinstance(item.what, Reversal):
            return owners.get(item.what.reverses)
        return item.what.person_id

    at = next((n for n, i in enumerate(items) if i.what.claim_id == claim_id), None)
    if at is None:
        return []
    person = owner(items[at])
    later = [
        i for i in items[at + 1 :] if isinstance(i.what, Reversal) and i.what.reverses == claim_id
    ]
    return [i for i in items[: at + 1] if owner(i) == person] + later


def _not_settled(claim_id: str, run: Run, language: Language, *, as_json: bool) -> None:
    """Say why a claim cannot be explained: its row was rejected, or no file has it."""
    found = [r for r in run.rejects if results.cell(r, "claim_id") == claim_id]
    if found:
        settle_report.print_rejects(found, language, console(stderr=True))
        if as_json:
            errors = [error for reject in found for error in reject.errors]
            told = "\n".join(error.say(language) for error in errors)
            failure.print_object("RowError", exit_codes.REJECTED, told, plain(errors))
        raise typer.Exit(exit_codes.REJECTED)
    raise typer.BadParameter(f"no claim {claim_id!r} in these files / 文件中没有这笔结算")


# --- schema ---------------------------------------------------------------------------------------


def schema(
    what: str,
    policy: str,
    codes: str | None,
    *,
    template: Path | None,
    as_json: bool,
    language: Language,
) -> None:
    """Run `yibao schema`; leaves with the exit code."""
    with exits(language, as_json=as_json):
        region = load(policy).region
        own = BILL_FILES.get(what)
        found = own(region) if own else columns(cast(Any, what), region)
        if codes is not None:
            _codes(found, codes, as_json=as_json, language=language)
        elif template is not None:
            sheets = schemas.template(what, found, language)
            write_files({template: sheets if template.suffix.lower() == ".xlsx" else sheets[:1]})
            typer.echo(str(template))
        elif as_json:
            print_json(schemas.as_data(found))
        else:
            settle_report.print_schema(found, language, console())


def _codes(found: Iterable[Column], name: str, *, as_json: bool, language: Language) -> None:
    coded = {c.name: c for c in found if c.codes is not None}
    if name not in coded:
        there = ", ".join(coded)
        hint = did_you_mean(name, coded).pick(language)
        raise typer.BadParameter(f"no column {name!r} with codes{hint}; there are: {there}")
    if as_json:
        print_json(coded[name].codes)
    else:
        settle_report.print_codes(coded[name], language, console())


# --- shared ---------------------------------------------------------------------------------------


def _run(
    given: Input,
    watch: Watch,
    claim_id: str | None = None,
) -> Run:
    """Settle the files, or only what decides about one claim."""
    policy = load(given.policy, given)
    opening = None if given.opening is None else states.read_opening(given.opening, policy.region)
    files = given.claims, given.persons
    settle_some = partial(
        settle_files,
        policy,
        *files,
        opening=opening,
        encoding=given.encoding,
        watch=watch.items,
    )
    if claim_id is None:
        return settle_some()
    from yibao.interop.files.arrays.one_claim import rows_of_claim

    open_file = rows_of_claim(claim_id, policy.region, *files, given.encoding)
    return settle_some(open_file=open_file, select=partial(needed, claim_id))


def load(policy: str, given: Input | None = None) -> Policy:
    """Load a policy by region or folder; a region that does not exist is a wrong usage."""
    region = place_of(policy)
    if given is None:
        return load_policy(region)
    return load_policy(region, known=given.known, accept=given.accept, overlays=given.overlays)


def place_of(policy: str) -> str | Path:
    """Return the region or the folder that a user names."""
    folder = Path(policy)
    if policy not in regions() and not (folder / "region.yaml").is_file():
        known, hint = ", ".join(regions()), did_you_mean(policy, regions()).en
        raise typer.BadParameter(f"no policy {policy!r}{hint}; there are: {known} / 没有这个地区")
    return policy if policy in regions() else folder


@contextmanager
def exits(language: Language, *, as_json: bool = False) -> Iterator[None]:
    """Say in the reader's language what is wrong with an input, or why the rules do not answer.

    The rest is every command's.
    """
    try:
        yield
    except InputError as error:
        told = "\n".join(p.say(language) for p in error.problems)
        typer.echo(told, err=True)
        if as_json:
            failure.print_object("InputError", exit_codes.INPUT, told, plain(error.problems))
        raise typer.Exit(exit_codes.INPUT) from None
    except PolicyError as error:
        code, told = exit_codes.of(error), masked_words(error.text.pick(language))
        typer.echo(told, err=True)
        if as_json:
            failure.print_object(type(error).__name__, code, told)
        raise typer.Exit(code) from None
