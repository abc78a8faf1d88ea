"""What `policy compare` prints and writes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import typer

from yibao.analysis.compare import Comparison, Row, Side, Stretch
from yibao.analysis.compare import compare as compare_patients
from yibao.cli.analysis_pages import (
    Wanted,
    bound_text,
    exact,
    pairs,
    print_amounts,
    say,
    usage,
    yuan,
)
from yibao.cli.options import Language
from yibao.cli.output import print_json
from yibao.cli.policy_pages import Pack, label, today
from yibao.interop.files.output import OutKind, Sheet, check_target, write_files
from yibao.money import format_yuan
from yibao.policy.vocabulary import vocabulary


def at_day(name: str, day: date) -> tuple[str, date]:
    """Split ``tianjin@2019-06-01``; a folder's own name may hold an @."""
    region, sign, text = name.rpartition("@")
    if sign and not Path(name).is_dir():
        try:
            return region, date.fromisoformat(text)
        except ValueError:
            raise typer.BadParameter(f"{name}: after @ a day such as 2019-06-01") from None
    return name, day


def compare(
    packs: tuple[Pack, Pack],
    day: date | None,
    wanted: Wanted,
    expenses: Sequence[str],
    output: Path | None,
    *,
    as_json: bool,
    language: Language,
) -> None:
    """Print, and where asked write, a comparison of the same patient under two sets of rules."""
    if output is not None:
        check_target(output)
    bill, top = wanted.make_bill(), wanted.top
    chosen = [yuan("--expense", text) for text in expenses]
    split = [at_day(pack.region, day or today()) for pack in packs]
    policies = [
        wanted.policy(replace(pack, region=region))
        for pack, (region, _) in zip(packs, split, strict=True)
    ]
    for name in pairs("--opening", wanted.opening):
        if all(name not in policy.region.state for policy in policies):
            raise typer.BadParameter(f"--opening {name}: no state value of either")
    patients = []
    for policy, (_, on) in zip(policies, split, strict=True):
        state = wanted.state(policy.region)
        own = {name: value for name, value in state.items() if name in policy.region.state}
        patients.append(wanted.patient(policy, on, own))
    with usage():
        found = compare_patients(patients[0], patients[1], bill, top, chosen)
    names = [f"{label(region)}@{on}" for region, on in split]
    if output is not None:
        write_files({output: [_comparison_sheet(found)]})
    if as_json:
        print_json(_comparison_data(found, names))
    else:
        _print_comparison(found, names, language)


def _print_comparison(found: Comparison, names: Sequence[str], language: Language) -> None:
    head = [say("expense", language), say("who", language), "A", "B", "B − A"]
    rows = [cells for row in found.rows for cells in _comparison_cells(row, language)]
    print_amounts(f"A = {names[0]}   B = {names[1]}", head, rows)
    typer.echo(say("intervals", language))
    for stretch in found.stretches:
        typer.echo(f"  {_interval(stretch, language)}  {say(stretch.better, language)}")
    typer.echo(say("rounding", language).format(bound=bound_text(found.bound)))


def _interval(stretch: Stretch, language: Language) -> str:
    return f"{exact(stretch.first, language)} – {exact(stretch.last, language)}"


def _comparison_cells(row: Row, language: Language) -> Iterator[list[str]]:
    """Yield a line for each fund that pays on a side, and one for the person."""
    expense = format_yuan(row.expense)
    for name, fund in vocabulary().funds.items():
        a, b = (side.funds.get(name, 0) for side in (row.a, row.b))
        if a or b:
            title = fund.title.pick(language)
            yield [expense, title, format_yuan(a), format_yuan(b), format_yuan(b - a)]
            expense = ""
    a, b = row.a.personal, row.b.personal
    personal = say("personal", language)
    yield [expense, personal, format_yuan(a), format_yuan(b), format_yuan(b - a)]


def _comparison_sheet(found: Comparison) -> Sheet:
    funds = [
        name
        for name in vocabulary().funds
        if any(name in side.funds for row in found.rows for side in (row.a, row.b))
    ]
    columns: list[tuple[str, OutKind]] = [("expense", "money")]
    for letter in "ab":
        columns += [(f"{letter}_{name}", "money") for name in (*funds, "personal_pay")]
    columns.append(("less_under_b", "money"))
    rows = [
        [
            row.expense,
            *(side.funds.get(name, 0) for side in (row.a,) for name in funds),
            row.a.personal,
            *(row.b.funds.get(name, 0) for name in funds),
            row.b.personal,
            row.gain,
        ]
        for row in found.rows
    ]
    return Sheet("compare", columns, rows)


def _comparison_data(found: Comparison, names: Sequence[str]) -> dict[str, Any]:
    def side(one: Side) -> dict[str, Any]:
        funds = {name: format_yuan(fen) for name, fen in one.funds.items()}
        return {"funds": funds, "personal_pay": format_yuan(one.personal)}

    return {
        "a": names[0],
        "b": names[1],
        "rows": [
            {
                "expense": format_yuan(row.expense),
                "a": side(row.a),
                "b": side(row.b),
                "less_under_b": format_yuan(row.gain),
            }
            for row in found.rows
        ],
        "intervals_fen": [
            {"from": str(s.first), "to": str(s.last), "better": s.better} for s in found.stretches
        ],
        "bound_fen": str(found.bound),
    }
