"""What `policy cases` and `policy coverage` print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import typer

from yibao.cli import clauses, exit_codes
from yibao.cli.options import Language
from yibao.cli.output import plain, print_json
from yibao.cli.policy_pages import label, print_table, where
from yibao.errors import CannotRead, PackErrors
from yibao.policy.load import regions
from yibao.policy.vocabulary import POLICIES
from yibao.settlement.cases import Case, CaseRunner, Verdict, read_cases


def cases(
    names: Sequence[str], overlays: Sequence[Path] = (), *, as_json: bool, language: Language
) -> None:
    """Run the cases of regions (all that ship when none is named); leaves with the exit code.

    With overlays only the cases beside these are run, under the rules of the one region named; a
    case says itself which overlays it needs.
    """
    if overlays and len(names) != 1:
        raise typer.BadParameter("--overlay needs the one region that the overlays belong to")
    code = exit_codes.OK
    verdicts: dict[str, list[Verdict]] = {}
    for name in names or regions():
        try:
            runner = CaseRunner(where(name))
            if overlays:
                beside = [case for overlay in overlays for case in _cases_of(overlay)]
                verdicts[label(name)] = [runner.run(case) for case in beside]
                continue
            verdicts[label(name)] = list(runner.run_all())
        except PackErrors as error:
            typer.echo(str(error), err=True)
            code = exit_codes.PACK
    failed = any(v.failures for held in verdicts.values() for v in held)
    if as_json:
        print_json({name: [_verdict_data(v) for v in held] for name, held in verdicts.items()})
    else:
        for name, held in verdicts.items():
            _print_verdicts(name, held, language)
    raise typer.Exit(max(code, exit_codes.FINDINGS if failed else exit_codes.OK))


def _cases_of(overlay: Path) -> tuple[Case, ...]:
    found = read_cases(overlay)
    if not found:
        raise CannotRead(f"{overlay}: there is no cases.yaml in it")
    return found


def _verdict_data(verdict: Verdict) -> dict[str, object]:
    case = verdict.case
    return {
        "id": case.id,
        "title": case.title,
        "clauses": case.clauses,
        "file": case.file,
        "line": case.line,
        "passed": not verdict.failures,
        "failures": verdict.failures,
    }


def _print_verdicts(region: str, verdicts: Sequence[Verdict], language: Language) -> None:
    for verdict in verdicts:
        case = verdict.case
        sign = "✗" if verdict.failures else "✓"
        typer.echo(f"{sign} {case.id}  {case.title.pick(language)}  {', '.join(case.clauses)}")
        for failure in verdict.failures:
            typer.echo(f"    {case.file}:{case.line}: {failure}")
    passed = sum(not verdict.failures for verdict in verdicts)
    word = "个案例通过" if language == "zh" else "cases passed"
    typer.echo(f"{region}: {passed}/{len(verdicts)} {word}")


def coverage(
    inventory: Path,
    tests: Path | None,
    wanted: Mapping[str, Sequence[str]],
    *,
    strict: bool,
    summary: bool,
    as_json: bool,
    language: Language,
) -> None:
    """Print which selected clauses are covered, and their share; leaves with the exit code."""
    entries = clauses.read_inventory(inventory)
    packs = [POLICIES / region for region in regions()]
    found = clauses.coverage(entries, wanted, packs, tests)
    open_ = [clause for clause in found.clauses if not clause.covered]
    if as_json:
        print_json(_coverage_data(found))
    else:
        if not summary:
            _print_clauses(found, language)
        _print_shares(found, language)
    raise typer.Exit(exit_codes.FINDINGS if strict and (open_ or found.unknown) else exit_codes.OK)


def _coverage_data(found: clauses.Coverage) -> dict[str, object]:
    return {
        "clauses": [{**plain(clause), "covered": clause.covered} for clause in found.clauses],
        "shares": clauses.shares(found.clauses),
        "unknown": found.unknown,
    }


def _print_clauses(found: clauses.Coverage, language: Language) -> None:
    for clause in found.clauses:
        sign = "✓" if clause.covered else "✗"
        counts = f"{len(clause.cases)}+{len(clause.tests)}"
        typer.echo(f"{sign} {clause.id:<12} {counts:>6}  {clause.summary[language]}")
    for name, places in found.unknown.items():
        word = "清单中没有" if language == "zh" else "not in the inventory"
        typer.echo(f"? {name}: {word} ({', '.join(places)})", err=True)


def _print_shares(found: clauses.Coverage, language: Language) -> None:
    zh = language == "zh"
    words = (
        ("地区", "层级", "子系统", "已覆盖") if zh else ("region", "tier", "subsystem", "covered")
    )
    every = "合计" if zh else "all"
    print_table(
        "",
        words,
        (
            [
                share.region or every,
                share.tier or every,
                share.subsystem or every,
                f"{share.covered}/{share.total}  {_percent(share)}",
            ]
            for share in clauses.shares(found.clauses)
        ),
    )
    covered = sum(clause.covered for clause in found.clauses)
    told = "条已覆盖（案例数+测试数）" if zh else "clauses covered (cases+tests)"
    typer.echo(f"{covered}/{len(found.clauses)} {told}")


def _percent(share: clauses.Share) -> str:
    """Return the share in whole percent, rounded down: 100 % means every clause."""
    return f"{100 * share.covered // share.total}%" if share.total else ""
