"""What `policy list | show | check | diff` print."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import typer

from yibao.cli import exit_codes
from yibao.cli.options import Language
from yibao.cli.output import console, plain, print_json
from yibao.errors import PackErrors
from yibao.policy import words
from yibao.policy.checking import check as check_region
from yibao.policy.checking.finding import Finding
from yibao.policy.checking.points import Box
from yibao.policy.compare import (
    Basis,
    Figure,
    InForce,
    TableInForce,
    in_force,
)
from yibao.policy.consolidate import Consolidation
from yibao.policy.load import load_region, regions
from yibao.policy.model import Document, Grade, Region, Text, Value
from yibao.policy.vocabulary import vocabulary

_KEY = 24
"""The first column keeps this width on a narrow terminal, so that a key stays readable."""

_CHINA = timezone(timedelta(hours=8))

_SAY = {
    "document": Text("文件", "document"),
    "number": Text("文号", "number"),
    "kind": Text("性质", "kind"),
    "known": Text("发布", "known"),
    "validity": Text("施行", "validity"),
    "key": Text("键", "key"),
    "value": Text("数值", "value"),
    "cite": Text("条款", "article"),
    "grade": Text("可信度", "grade"),
    "steps": Text("步骤", "Steps"),
    "layers": Text("支付层次", "Layers"),
    "missing": Text("缺失", "missing"),
    "open": Text("无规定", "no rule"),
    "silent": Text("这一天没有任何规定的参数表", "Tables without any rule on this day"),
    "every": Text("全部情形", "every case"),
    "none_of": Text("没有", "none"),
    "policy": Text("政策文件", "policy"),
    "draft": Text("征求意见稿", "draft"),
    "figures": Text("基础参数", "base figures"),
    "decision": Text("经办决定", "operator's decision"),
    "ok": Text("通过", "passed"),
    "error": Text("错误", "error"),
    "warning": Text("警告", "warning"),
    "to do": Text("处待填", "to do"),
}


@dataclass(frozen=True, slots=True)
class Pack:
    """A region named on the command line, with what is added and left out."""

    region: str
    overlays: Sequence[Path] = ()
    without: Sequence[str] = ()

    def load(self) -> Region:
        """Load it; raises PackErrors."""
        return load_region(where(self.region), overlays=self.overlays, without=self.without)


def where(region: str) -> str | Path:
    """Return a region's id, or its folder where the name is not one that ships."""
    return region if region in regions() or not Path(region).is_dir() else Path(region)


def label(region: str) -> str:
    """Return what to call a region: its id, or the name of its folder."""
    found = where(region)
    return found.resolve().name if isinstance(found, Path) else found


def today() -> date:
    """Return the day on the calendar of the insured."""
    return datetime.now(_CHINA).date()


def _word(key: str, language: Language) -> str:
    return _SAY[key].pick(language) if key in _SAY else key


def print_table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table; its first column stays readable on a narrow terminal."""
    from rich.box import SIMPLE
    from rich.table import Table
    from rich.text import Text as Styled

    table = Table(title=title, title_justify="left", box=SIMPLE, title_style="bold")
    for at, name in enumerate(head):
        table.add_column(name, overflow="fold", min_width=None if at else _KEY)
    for row in rows:
        table.add_row(*map(Styled, row))
    console().print(table)


def _head(language: Language, *keys: str) -> list[str]:
    return [_word(key, language) for key in keys]


# --- list -----------------------------------------------------------------------------------------


def list_(*, as_json: bool, language: Language) -> None:
    """Print the regions that ship and their documents."""
    loaded = [load_region(name) for name in regions()]
    if as_json:
        print_json([_region_data(region) for region in loaded])
        return
    for region in loaded:
        print_table(
            f"{region.id}  {region.name.pick(language)}  {region.division}",
            _head(language, "document", "kind", "number", "known", "validity"),
            ([*_document(d, language)] for d in region.own),
        )


def _document(document: Document, language: Language) -> Iterable[str]:
    yield f"{document.id}\n{document.title.pick(language)}"
    yield _word(document.kind, language)
    yield document.number
    yield str(document.known)
    yield _span(document.first, document.last)


def _region_data(region: Region) -> dict[str, Any]:
    names = ("id", "title", "number", "issuer", "kind", "known", "first", "last")
    return {
        "region": region.id,
        "name": region.name,
        "level": region.authority.name,
        "division": region.division,
        "parents": region.parents,
        "documents": [{name: getattr(d, name) for name in names} for d in region.own],
    }


# --- show -----------------------------------------------------------------------------------------


def show(
    pack: Pack,
    day: date | None,
    *,
    known: date | None,
    table: str | None,
    accept: str,
    as_json: bool,
    language: Language,
) -> None:
    """Print the consolidated rules of a day, or one table of them."""
    region = pack.load()
    rules = in_force(Consolidation(region, day or today(), known))
    if table is not None and table not in region.tables:
        names = sorted(region.tables)
        near = get_close_matches(table, names, n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise typer.BadParameter(f"no table {table!r}; there are: {', '.join(names)}{hint}")
    tables = [t for t in rules.tables if table in (None, t.name)]
    if as_json:
        print_json(tables[0] if table else _in_force_data(rules))
        return
    typer.echo(f"{region.id}  {region.name.pick(language)}  {rules.day}")
    for one in (t for t in tables if t.figures or table):
        rows = [*_figures(one, Grade[accept], language)]
        head = _head(language, "key", "value", "grade", "document", "cite", "validity")
        print_table(f"{one.name}  {one.title.pick(language)}", head, rows)
    if table is None:
        silent = ", ".join(t.name for t in tables if not t.figures)
        if silent:
            typer.echo(f"{_word('silent', language)}: {silent}")
        _print_steps(rules, language)


def _in_force_data(rules: InForce) -> dict[str, Any]:
    data: dict[str, Any] = plain(rules)
    data["documents"] = [document.id for document in rules.documents]
    data["missing"] = [
        {"table": table.name, "key": plain(figure.key), "why": figure.missing}
        for table, figure in rules.missing
    ]
    return data


def _figures(table: TableInForce, accept: Grade, language: Language) -> Iterable[list[str]]:
    ages = _points([*(figure.key for figure in table.figures), *table.open])
    for figure in table.figures:
        basis = figure.basis
        refused = "!" if Grade[basis.grade] < accept else ""
        validity = _span(basis.first, basis.last)
        value = _value(figure, language)
        key = key_of(figure.key, ages, language)
        yield [key, value, basis.grade + refused, basis.document, basis.cite, validity]
    for key_open in table.open:
        yield [key_of(key_open, ages, language), _word("open", language), "", "", "", ""]


def _points(keys: Iterable[Box]) -> dict[str, list[int]]:
    """Return where each number axis of a table is cut: a key holds from one cut to the next."""
    points: dict[str, set[int]] = {}
    for key in keys:
        for name, codes in key.items():
            known = vocabulary().attributes.get(name)  # None: a band, a class, a region's own
            if known and known.kind == "number":
                points.setdefault(name, set()).update(c for c in codes if isinstance(c, int))
    return {name: sorted(found) for name, found in points.items()}


def key_of(key: Box, points: Mapping[str, Sequence[int]], language: Language) -> str:
    """Return a key, one axis a line; numbers as the ranges that they begin."""
    lines = []
    for name, codes in key.items():
        if name in points:
            told = "|".join(ranges(codes, points[name], name, language))
        else:
            told = "|".join(map(words.code, codes))
        lines.append(f"{name}={told}")
    return "\n".join(lines) or _word("every", language)


def ranges(
    codes: Sequence[Value], points: Sequence[int], name: str, language: Language
) -> list[str]:
    """Return the ranges that numbers begin: ``0–69``, ``70 and over``."""
    unit = "岁" if name == "age" and language == "zh" else ""
    found: list[tuple[int, int | None]] = []
    for code in sorted(code for code in codes if isinstance(code, int)):
        below = next((point for point in points if point > code), None)
        if found and found[-1][1] == code:
            found[-1] = (found[-1][0], below)
        else:
            found.append((code, below))
    over = "及以上" if language == "zh" else " and over"
    return [
        f"{first}{unit}{over}"
        if below is None
        else f"{first}{unit}"
        if below == first + 1
        else f"{first}–{below - 1}{unit}"
        for first, below in found
    ]


def _value(figure: Figure | None, language: Language) -> str:
    if figure is None:
        return _word("open", language)
    return figure.value or f"{_word('missing', language)}: {figure.missing}"


def _print_steps(rules: InForce, language: Language) -> None:
    titles = vocabulary().layers
    chain = " → ".join(titles[layer].pick(language) for layer in rules.layers)
    typer.echo(f"{_word('layers', language)}: {chain}")
    for step in rules.steps:
        typer.echo(
            f"{step.order:>5}  {step.id}  [{step.layer or step.phase}]  {step.op}  {step.when}"
        )
        basis = step.basis
        typer.echo(f"       {basis.says.pick(language)} ({_article(basis)})")


# --- check ----------------------------------------------------------------------------------------


def check(packs: Sequence[Pack], as_of: date | None, *, as_json: bool, language: Language) -> None:
    """Load and check packs (all that ship when none is named); leaves with the exit code."""
    code = exit_codes.OK
    found: dict[str, list[Finding]] = {}
    for pack in packs or [Pack(region) for region in regions()]:
        try:
            findings = check_region(pack.load(), as_of or today())
        except PackErrors as error:
            typer.echo(str(error), err=True)
            code = exit_codes.PACK
            continue
        found[label(pack.region)] = findings
        if any(f.severity == "error" for f in findings):
            code = max(code, exit_codes.FINDINGS)
    if as_json:
        print_json(found)
    else:
        _print_findings(found, language)
    raise typer.Exit(code)


def _print_findings(found: dict[str, list[Finding]], language: Language) -> None:
    for region, findings in found.items():
        for finding in findings:
            typer.echo(str(finding))
        kinds = ["to do" if f.check == "to do" else f.severity for f in findings]
        counts = {kind: kinds.count(kind) for kind in ("error", "warning", "to do")}
        told = ", ".join(f"{n} {_word(s, language)}" for s, n in counts.items() if n)
        typer.echo(f"{region}: {told or _word('ok', language)}")


def _article(basis: Basis) -> str:
    return f"{basis.document} {basis.cite}"


def _span(first: date | None, last: date | None) -> str:
    return f"{first or ''} – {last or ''}".strip()
