"""What `policy cliffs` prints and writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import typer

from yibao.analysis.changes import KINDS
from yibao.analysis.cliff import Cliff, Cliffs, CodeChange, RowChange
from yibao.analysis.cliffs import cliffs as search
from yibao.analysis.year_end import YearEnd, year_end
from yibao.cli import year_end_pages
from yibao.cli.analysis_pages import Wanted, exact, usage
from yibao.cli.options import Language
from yibao.cli.output import print_json
from yibao.cli.patient_words import settings
from yibao.cli.policy_pages import Pack, today
from yibao.interop.files.output import Cell, OutKind, Sheet, check_target, write_files
from yibao.money import format_yuan
from yibao.policy import words
from yibao.policy.model import ClassRow, Region, Row, Text, Value
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.formula import figure_text
from yibao.settlement.sources import name_of

_SAY = {
    "head": Text(
        "规则能区分的待遇情形{profiles}种，状态变化{pairs}种，账单至{top}元",
        "{profiles} profiles that the rules tell apart, {pairs} changes of status, bills up to "
        "{top} yuan",
    ),
    "none": Text("没有发现悬崖", "No cliff was found"),
    "gained": Text("增加：", " gained: "),
    "fen": Text("费用多一分，基金反而少付", "One fen more of expense, and the funds pay less"),
    "worse": Text("多付{size}元，账单{x}元", "pays {size} yuan more of a bill of {x}"),
    "falls": Text("基金少付{size}元，账单由{x}至{y}", "funds pay {size} less from {x} to {y} yuan"),
    "grows": Text("且随费用继续扩大", "and it grows with the bill"),
    "from": Text("自{first}起", "from {first} on"),
    "profiles": Text("{n}种情形", "in {n} profiles"),
    "common": Text("共同点", "in common"),
    "code": Text("归类", "class"),
    "figure": Text("参数", "figure"),
    "left": Text("不再适用的步骤", "steps that no longer run"),
    "joined": Text("新适用的步骤", "steps that now run"),
    "example": Text("例", "example"),
    "change": Text("变化", "change"),
    "pays": Text("个人由{a}元变为{b}元", "the person's share goes from {a} to {b} yuan"),
    "refused": Text(
        "因缺少或不接受参数而不能结算、未作分析的情形",
        "Profiles refused for a figure that is missing",
    ),
    "unclear": Text("不能分析的步骤", "Steps that could not be analysed"),
    "nothing": Text("无", "none"),
}
_COLUMNS: list[tuple[str, OutKind]] = [
    ("kind", "text"),
    ("attribute", "text"),
    ("change", "long"),
    ("size", "money"),
    ("expense", "money"),
    ("from_expense_fen", "text"),
    ("grows", "text"),
    ("profiles", "count"),
    ("in_common", "long"),
    ("classes", "long"),
    ("figures", "long"),
    ("steps_left", "text"),
    ("steps_joined", "text"),
    ("patient", "long"),
    ("patient_after", "long"),
    ("personal_before", "money"),
    ("personal_after", "money"),
    *year_end_pages.COLUMNS,
]


def cliffs(
    pack: Pack,
    day: date | None,
    wanted: Wanted,
    output: Path | None,
    *,
    as_json: bool,
    language: Language,
) -> None:
    """Print, and where asked write, all cliffs of a day."""
    if output is not None:
        check_target(output)
    policy, on = wanted.policy(pack), day or today()
    with usage():
        found = search(policy, on, wanted.make_bill(), wanted.top)
        closing = year_end(policy, on, wanted.make_bill(), wanted.top)
    region = policy.region
    if output is not None:
        rows = [_cells(cliff, region, language) for cliff in found.found]
        names = [name for name, _ in _COLUMNS]
        rows += [year_end_pages.cells(c, names, region, language) for c in closing.found]
        write_files({output: [Sheet("cliffs", _COLUMNS, rows)]})
    if as_json:
        print_json(_data(found, closing))
        return
    typer.echo(f"{region.id}  {region.name.pick(language)}  {on}")
    counts = {"profiles": found.profiles, "pairs": found.pairs, "top": format_yuan(found.top)}
    typer.echo(_say("head", language).format(**counts))
    for number, cliff in enumerate(found.found, 1):
        _print_entry(number, _lines(cliff, region, language))
    if not found.found:
        typer.echo(_say("none", language))
    _print_counts("refused", found.refused, language)
    _print_counts("unclear", found.unclear, language)
    if closing.jumps or closing.refused or closing.unclear:
        _print_year_end(closing, len(found.found), region, language)


def _print_entry(number: int, lines: Iterator[str]) -> None:
    typer.echo("")
    for n, line in enumerate(lines):
        typer.echo(f"{number:>3}. {line}" if n == 0 else f"     {line}")


def _print_year_end(closing: YearEnd, above: int, region: Region, language: Language) -> None:
    typer.echo("")
    typer.echo(year_end_pages.head(closing, language))
    for number, cliff in enumerate(closing.found, above + 1):
        _print_entry(number, year_end_pages.lines(cliff, closing.year, region, language))
    _print_counts("refused", closing.refused, language)
    _print_counts("unclear", closing.unclear, language)


def _say(key: str, language: Language) -> str:
    return _SAY[key].pick(language)


def _print_counts(key: str, counts: Mapping[str, int], language: Language) -> None:
    if counts:
        told = ", ".join(f"{name} {n}" for name, n in sorted(counts.items()))
        typer.echo(f"\n{_say(key, language)}: {told}")


# --- on the screen --------------------------------------------------------------------------------


def _lines(cliff: Cliff, region: Region, language: Language) -> Iterator[str]:
    yield _title(cliff, language)
    yield _size(cliff, language)
    common = _codes(cliff.common)
    told = _say("profiles", language).format(n=cliff.profiles)
    yield f"{told}; {_say('common', language)}: {common or _say('nothing', language)}"
    for code in cliff.codes:
        yield f"{_say('code', language)} {_code_change(code, language)}"
    for row in cliff.rows:
        yield f"{_say('figure', language)} {_row_change(row, region, language)}"
    for key, steps in (("left", cliff.left), ("joined", cliff.joined)):
        if steps:
            yield f"{_say(key, language)}: {', '.join(steps)}"
    yield f"{_say('example', language)}: {' '.join(settings(cliff.example.before, region))}"
    if cliff.attribute:
        yield f"{_say('change', language)}: {' '.join(_difference(cliff, region))}"
    before, after = cliff.example.personal
    yield _say("pays", language).format(a=format_yuan(before), b=format_yuan(after))


def _title(cliff: Cliff, language: Language) -> str:
    if not cliff.changes:
        return _say("fen", language)
    kind = KINDS[cliff.changes[0].kind].pick(language)
    attribute = vocabulary().attributes.get(cliff.attribute)
    if attribute is not None and attribute.kind == "set":
        names = dict.fromkeys(n.pick(language) for c in cliff.changes for n in c.names)
        gained = _say("gained", language)
        return f"{attribute.title.pick(language)}{gained}{' / '.join(names)} [{kind}]"
    titles = dict.fromkeys(change.title.pick(language) for change in cliff.changes)
    return f"{' / '.join(titles)} [{kind}]"


def _size(cliff: Cliff, language: Language) -> str:
    x, y = cliff.example.expenses
    key = "worse" if cliff.changes else "falls"
    size = {"size": format_yuan(cliff.size), "x": format_yuan(x), "y": format_yuan(y)}
    told = [_say(key, language).format(**size)]
    if cliff.changes:
        told.append(_say("from", language).format(first=exact(cliff.first, language)))
    return ", ".join([*told, *([_say("grows", language)] if cliff.grows else [])])


def _codes(codes: Mapping[str, frozenset[Value]]) -> str:
    """Return codes by name; conditions on sets, which have no name of their own, are left out."""
    return ", ".join(
        f"{name}={'|'.join(sorted(map(words.code, values)))}"
        for name, values in sorted(codes.items())
        if " " not in name
    )


def _code_change(change: CodeChange, language: Language) -> str:
    before, after = (_class_row(row, language) for row in (change.before, change.after))
    return f"{change.title.pick(language)} {change.name}: {before} → {after}"


def _class_row(row: ClassRow | None, language: Language) -> str:
    if row is None:
        return _say("nothing", language)
    return f"{row.value} ({name_of(row.origin.document).pick(language)} {row.cite})"


def _row_change(change: RowChange, region: Region, language: Language) -> str:
    table = region.tables[change.operand.partition("[")[0]]
    told = [_row(row, region, change.operand, language) for row in (change.before, change.after)]
    return f"{table.title.pick(language)} {change.operand}: {' → '.join(told)}"


def _row(row: Row | None, region: Region, operand: str, language: Language) -> str:
    if row is None or row.value is None:
        return _say("nothing", language)
    value = figure_text(region.tables[operand.partition("[")[0]], row.value)
    return f"{value} ({name_of(row.origin.document).pick(language)} {row.origin.cite})"


def _difference(cliff: Cliff, region: Region) -> list[str]:
    before = settings(cliff.example.before, region)
    return [setting for setting in settings(cliff.example.after, region) if setting not in before]


# --- as data --------------------------------------------------------------------------------------


def _cells(cliff: Cliff, region: Region, language: Language) -> list[Cell]:
    before, after = cliff.example.personal
    return [
        cliff.changes[0].kind if cliff.changes else "expense",
        cliff.attribute,
        _title(cliff, language),
        cliff.size,
        cliff.example.expenses[1],
        str(cliff.first),
        str(cliff.grows).lower(),
        cliff.profiles,
        _codes(cliff.common),
        "; ".join(_code_change(code, language) for code in cliff.codes),
        "; ".join(_row_change(row, region, language) for row in cliff.rows),
        ", ".join(cliff.left),
        ", ".join(cliff.joined),
        " ".join(settings(cliff.example.before, region)),
        " ".join(settings(cliff.example.after, region)),
        before,
        after,
        *(None for _ in year_end_pages.COLUMNS),
    ]


def _data(found: Cliffs, closing: YearEnd) -> dict[str, Any]:
    return {
        "region": found.policy.region.id,
        "day": found.day,
        "to": format_yuan(found.top),
        "profiles": found.profiles,
        "changes": found.pairs,
        "cliffs": [_cliff_data(cliff, found.policy.region) for cliff in found.found],
        "refused": dict(found.refused),
        "not_analysed": dict(found.unclear),
        "year_end": year_end_pages.data(closing, found.policy.region),
    }


def _cliff_data(cliff: Cliff, region: Region) -> dict[str, Any]:
    example = cliff.example
    sides = zip((example.before, example.after), example.funds, example.personal, strict=True)
    return {
        "kind": cliff.changes[0].kind if cliff.changes else "expense",
        "attribute": cliff.attribute or None,
        "changes": list(dict.fromkeys(change.title for change in cliff.changes)),
        "size": format_yuan(cliff.size),
        "expenses": [format_yuan(x) for x in example.expenses],
        "from_expense_fen": str(cliff.first),
        "grows": cliff.grows,
        "bound_fen": str(Fraction(cliff.bound)),
        "profiles": cliff.profiles,
        "in_common": {n: sorted(map(words.code, v)) for n, v in cliff.common.items()},
        "classes": [
            {
                "name": code.name,
                "before": code.before and _class_data(code.before),
                "after": code.after and _class_data(code.after),
            }
            for code in cliff.codes
        ],
        "figures": [
            {"name": row.operand, "before": _row_data(row.before), "after": _row_data(row.after)}
            for row in cliff.rows
        ],
        "steps_left": cliff.left,
        "steps_joined": cliff.joined,
        "example": [
            {
                "patient": settings(given, region),
                "funds": {name: format_yuan(fen) for name, fen in funds.items()},
                "personal_pay": format_yuan(personal),
            }
            for given, funds, personal in sides
        ],
    }


def _class_data(row: ClassRow) -> dict[str, str]:
    return {"code": row.value, "document": row.origin.document.id, "cite": row.cite}


def _row_data(row: Row | None) -> dict[str, Any] | None:
    if row is None or row.value is None:
        return None
    origin = row.origin
    cited = {"document": origin.document.id, "cite": origin.cite, "grade": origin.grade}
    return {"value": str(row.value), **cited}
