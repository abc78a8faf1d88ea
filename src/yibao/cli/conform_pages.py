"""What `policy conform` prints and writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import typer

from yibao.cli import exit_codes
from yibao.cli.options import Language
from yibao.cli.output import console, print_json
from yibao.cli.policy_pages import Pack, key_of
from yibao.interop.files.output import Cell, OutKind, Sheet, check_target, write_files
from yibao.policy import words
from yibao.policy.checking.conform import Comparison
from yibao.policy.checking.conform import conform as compare
from yibao.policy.checking.limits import figure
from yibao.policy.checking.points import axes_of
from yibao.policy.model import Origin, Row, Text
from yibao.policy.vocabulary import vocabulary

_SAY = {
    "pass": Text("符合", "pass"),
    "breach": Text("突破", "breach"),
    "waived": Text("豁免", "waived"),
    "departs": Text("偏离指导值", "departs"),
    "no_figure": Text("无数值", "no figure"),
    "at_least": Text("不低于", "at least"),
    "at_most": Text("不高于", "at most"),
    "one_of": Text("限于", "one of"),
    "equal": Text("等于", "exactly"),
    "limit": Text("要求", "limit"),
    "where": Text("适用于", "where"),
    "period": Text("期间", "period"),
    "figure": Text("本地数值", "figure"),
    "required": Text("要求的数值", "required"),
    "verdict": Text("结论", "verdict"),
    "unknown": Text("缺少", "unknown:"),
    "no_limit": Text("没有上级要求", "No limit stands above this region."),
}
_COLUMNS: list[tuple[str, OutKind]] = [
    ("verdict", "text"),
    ("limit", "text"),
    ("strength", "text"),
    ("limit_document", "text"),
    ("limit_cite", "text"),
    ("limit_says", "long"),
    ("measure", "text"),
    ("table", "text"),
    ("where", "long"),
    ("from", "date"),
    ("to", "date"),
    ("figure", "figure"),
    ("figure_document", "text"),
    ("figure_cite", "text"),
    ("grade", "text"),
    ("must_be", "text"),
    ("required", "text"),
    ("share_of", "text"),
    ("waived_by", "text"),
    ("waiver_cite", "text"),
]


def conform(
    pack: Pack, day: date | None, *, output: Path | None, as_json: bool, language: Language
) -> None:
    """Print, and where asked write, every comparison; leaves with the exit code."""
    if output is not None:
        check_target(output)
    region = pack.load()
    found = compare(region, day)
    if output is not None:
        write_files({output: [Sheet("conform", _COLUMNS, [_cells(c, language) for c in found])]})
    if as_json:
        print_json([_data(one) for one in found])
    else:
        typer.echo(f"{region.id}  {region.name.pick(language)}  {day or ''}".rstrip())
        print_comparisons(found, language)
    breached = any(one.verdict == "breach" for one in found)
    raise typer.Exit(exit_codes.FINDINGS if breached else exit_codes.OK)


def _say(key: str, language: Language) -> str:
    return _SAY[key].pick(language)


# --- on the screen --------------------------------------------------------------------------------


def print_comparisons(found: Sequence[Comparison], language: Language) -> None:
    """Print comparisons as a table, and how many have each verdict."""
    from rich.box import SIMPLE
    from rich.table import Table
    from rich.text import Text as Styled

    if not found:
        typer.echo(_say("no_limit", language))
        return
    table = Table(box=SIMPLE)
    for head in ("verdict", "limit", "where", "period", "figure", "required"):
        table.add_column(_say(head, language), overflow="fold")
    for one in found:
        table.add_row(*map(Styled, _row(one, language)))
    console().print(table)
    counts = Counter(one.verdict for one in found)
    typer.echo(", ".join(f"{n} {_say(verdict, language)}" for verdict, n in counts.items()))


def _row(one: Comparison, language: Language) -> Iterator[str]:
    yield _verdict(one, language)
    origin = one.limit.origin
    yield f"{origin.says.pick(language)}\n{_article(origin)}"
    yield _where(one, language)
    yield f"{one.period.first} – {one.period.last or ''}".rstrip()
    yield _figure(one, language)
    yield _required(one, language)


def _verdict(one: Comparison, language: Language) -> str:
    told = _say(one.verdict, language)
    if one.grant is None:
        return told
    return f"{told}\n{one.grant.document.number} {one.grant.waiver.cite}"


def _article(origin: Origin) -> str:
    return f"{origin.document.number} {origin.cite}"


def _where(one: Comparison, language: Language) -> str:
    if one.table is None:
        return vocabulary().measures[one.limit.measure].title.pick(language)
    attributes = vocabulary().attributes
    bounds = {
        name: sorted(value for value in values if isinstance(value, int))
        for name, values in axes_of(one.table).items()
        if name in attributes and attributes[name].kind == "number"
    }
    scope = words.conditions(one.table.scope) if one.table.scope else ""
    key = key_of(one.key, bounds, language) if one.key or not scope else ""
    return "\n".join(part for part in (one.table.title.pick(language), scope, key) if part)


def _figure(one: Comparison, language: Language) -> str:
    value = _value(one)
    if one.row is None or value is None:
        why = one.row.missing if one.row and one.row.missing else ""
        return f"{_say('no_figure', language)}\n{why}".rstrip()
    return f"{value}\n{_article(one.row.origin)}"


def _value(one: Comparison) -> str | None:
    if one.row is None or one.row.value is None or one.table is None:
        return None
    return words.figure(one.row.value, one.table.unit)


def _required(one: Comparison, language: Language) -> str:
    unit = vocabulary().measures[one.limit.measure].unit if one.table is None else one.table.unit
    told = _say(one.limit.must_be, language)
    if one.required:
        told += " " + ", ".join(figure(value, unit) for value in one.required)
    elif one.limit.of is not None and one.base is None:
        title = vocabulary().measures[one.limit.of].title.pick(language)
        told = f"{_say('unknown', language)} {title}"
    elif one.limit.values:
        told += " " + ", ".join(figure(value, unit) for value in one.limit.values)
    return told


# --- in files -------------------------------------------------------------------------------------


def _cells(one: Comparison, language: Language) -> Sequence[Cell]:
    data = _data(one)
    data["limit_says"] = one.limit.origin.says.pick(language)
    data["where"] = words.box(one.key)
    data["required"] = ", ".join(data["required"])
    data["from"], data["to"] = one.period
    return [data[name] for name, _ in _COLUMNS]


def _data(one: Comparison) -> dict[str, Any]:
    limit, row, grant = one.limit, one.row, one.grant
    measures = vocabulary().measures
    unit = one.table.unit if one.table else measures[limit.measure].unit
    return {
        "verdict": one.verdict,
        "limit": limit.id,
        "strength": limit.strength,
        "limit_document": limit.origin.document.id,
        "limit_cite": limit.origin.cite,
        "limit_says": limit.origin.says,
        "measure": limit.measure,
        "table": one.table.name if one.table else None,
        "where": one.key,
        "from": one.period.first,
        "to": one.period.last,
        "figure": _value(one),
        **_basis(row),
        "must_be": limit.must_be,
        "required": [figure(value, unit) for value in one.required],
        "share_of": limit.of,
        "waived_by": grant.document.id if grant else None,
        "waiver_cite": grant.waiver.cite if grant else None,
    }


def _basis(row: Row | None) -> dict[str, Any]:
    origin = row.origin if row else None
    return {
        "figure_document": origin.document.id if origin else None,
        "figure_cite": origin.cite if origin else None,
        "grade": origin.grade.name if origin else None,
    }
