"""What the reconcile command does and how it tells the result; amounts in yuan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import typer
from rich.table import Table

from yibao.agency.reconcile.data import as_json as data_of
from yibao.agency.reconcile.day import Reconciliation
from yibao.agency.reconcile.day import reconcile as compare
from yibao.agency.reconcile.file import Booked, columns, read
from yibao.agency.reconcile.model import (
    COLUMNS,
    FLOWS,
    KINDS,
    OTHER_TITLES,
    SIDES,
    TITLES,
    Comparison,
    Difference,
    Row,
    total,
)
from yibao.cli import exit_codes
from yibao.cli.database import opened
from yibao.cli.options import Language
from yibao.cli.output import console, print_json
from yibao.cli.settle_report import money, print_rejects
from yibao.cli.settle_run import exits
from yibao.cli.sharing import At
from yibao.cli.targets import check_targets, remove_old
from yibao.interop.files.encoding import Encoding
from yibao.interop.files.output import Cell, OutKind, Sheet, write_files
from yibao.interop.files.results import beside, rejects_sheet
from yibao.interop.files.rows import visible
from yibao.policy.vocabulary import vocabulary
from yibao.text import Text

_SHOWN = 40
"""So many differences are shown; a file has all."""

_WORDS = {
    "side": Text("一方", "Side"),
    "rows": Text("笔数", "Rows"),
    "gap": Text("差额", "Difference"),
    "class": Text("差异类别", "Class"),
    "count": Text("笔数", "Count"),
    "claim_no": Text("结算编号", "Number"),
    "scheme": Text("险种", "Scheme"),
    "flow": Text("收退", "Flow"),
    "where": Text("位置", "Where"),
    "what": Text("差异", "What differs"),
    "lacking": Text("{side}没有", "not at the {side}"),
    "agrees": Text("相符", "agrees"),
    "nothing": Text("没有可比较的行", "no rows to compare"),
    "sums": Text("{a}与{b}：合计", "{a} and {b}: sums"),
    "classes": Text("差额的原因", "What the difference comes from"),
    "parts": Text("差额所在（{a} / {b}）", "Where the difference lies ({a} / {b})"),
    "differences": Text("逐笔差异（{a} / {b}）", "Each difference ({a} / {b})"),
    "signs": Text(
        "金额单位为元；差额 = 医保中心减对方：正数为医保中心多记，负数为对方多记",
        "Amounts in yuan; a difference is desk less other side: above zero the desk has more",
    ),
    "more": Text("还有 {n} 笔，用 -o 写出全部", "{n} more: write all with -o"),
    "outside": Text(
        "机构文件中有 {n} 行不属于这些日期，未比较",
        "{n} rows of the file are of other days than these",
    ),
    "unread": Text(
        "{n} 笔因机构文件中的行有误未比较：{which}",
        "{n} not compared, since their rows in the file are wrong: {which}",
    ),
}


def _word(key: str, language: Language, **facts: object) -> str:
    return _WORDS[key].pick(language).format(**facts)


@dataclass(frozen=True, slots=True)
class Run:
    """What to compare, and where to write every difference."""

    institution: str
    period: tuple[date, date]
    files: Sequence[Path]
    encoding: Encoding | None
    output: Path | None


def reconcile(at: At, run: Run) -> None:
    """Compare and tell; leaves with exit code 1 where something differs or could not be read."""
    with exits(at.lang, as_json=at.as_json):
        targets = _targets(run.output)
        check_targets(targets, run.files)
        booked = read(run.files, run.encoding)
        with opened(at.database) as database, database.transaction() as connection:
            found = compare(connection, run.institution, run.period, booked)
        written = _sheets(run.output, found, booked, at.lang)
        write_files(written)
        remove_old(targets, written)
    if at.as_json:
        print_json(_plain(found, booked))
    else:
        _print(found, at.lang)
    print_rejects(booked.rejects, at.lang, console(stderr=True))
    if not found.agrees or booked.rejects:
        raise typer.Exit(exit_codes.FINDINGS)


# --- on the screen --------------------------------------------------------------------------------


def _print(found: Reconciliation, language: Language) -> None:
    page = console()
    days = str(found.first) if found.first == found.last else f"{found.first}…{found.last}"
    page.print(visible(f"{found.institution_id}  {days}"), style="bold")
    if found.outside:
        page.print(f"! {_word('outside', language, n=found.outside)}", style="yellow")
    page.print(_word("signs", language))
    for comparison in found.comparisons:
        page.print(_sums(comparison, language))
        if not comparison.differences:
            continue
        page.print(_classes(comparison, language))
        page.print(_parts(comparison, language))
        page.print(_differences(comparison, language))
        more = len(comparison.differences) - _SHOWN
        if more > 0:
            page.print(_word("more", language, n=more))
    if found.not_compared:
        which = ", ".join(row.claim_no for row in found.not_compared[:_SHOWN])
        told = _word("unread", language, n=len(found.not_compared), which=visible(which))
        page.print(told, style="yellow")


def _titled(key: str, comparison: Comparison, language: Language, *texts: str) -> Table:
    """Return an empty table of amounts that says of which two sides it is."""
    a, b = (SIDES[side].pick(language) for side in comparison.sides)
    made = Table(title=_word(key, language, a=a, b=b), title_justify="left")
    for text in texts:
        made.add_column(_word(text, language), overflow="fold")
    for title in TITLES.values():
        made.add_column(title.pick(language), justify="right")
    return made


def _sums(comparison: Comparison, language: Language) -> Table:
    made = _titled("sums", comparison, language, "side", "rows")
    for side, rows, sums in zip(comparison.sides, comparison.rows, comparison.sums, strict=True):
        made.add_row(SIDES[side].pick(language), f"{rows:,}", *map(money, sums))
    made.add_section()
    told = "gap" if comparison.differences else "agrees" if any(comparison.rows) else "nothing"
    made.add_row(_word(told, language), "", *map(money, comparison.gap))
    return made


def _classes(comparison: Comparison, language: Language) -> Table:
    """Return how much of the gap each class explains; together they are all of it."""
    made = _titled("classes", comparison, language, "class", "count")
    for kind, title in KINDS.items():
        own = [d for d in comparison.differences if d.kind == kind]
        if own:
            effect = total(d.effect for d in own)
            made.add_row(title.pick(language), f"{len(own):,}", *map(money, effect))
    return made


def _parts(comparison: Comparison, language: Language) -> Table:
    """Return where the gap lies, by scheme and flow; rows are ours and theirs."""
    made = _titled("parts", comparison, language, "scheme", "flow", "rows")
    schemes = vocabulary().attributes["scheme"].codes or {}
    for part in comparison.parts:
        made.add_row(
            schemes[part.scheme].pick(language) if part.scheme else "",
            FLOWS[part.flow].pick(language),
            f"{part.rows[0]:,} / {part.rows[1]:,}",
            *map(money, part.gap),
        )
    return made


def _differences(comparison: Comparison, language: Language) -> Table:
    made = _titled(
        "differences", comparison, language, "class", "claim_no", "flow", "where", "what"
    )
    for d in comparison.differences[:_SHOWN]:
        made.add_row(
            KINDS[d.kind].pick(language),
            visible(d.claim_no),
            FLOWS[d.flow].pick(language),
            visible(" / ".join(row.place for row in (d.ours, d.theirs) if row is not None)),
            visible(_what(d, language)),
            *map(money, d.effect),
        )
    return made


def _what(d: Difference, language: Language) -> str:
    """Return in a few words what differs: ours, then theirs."""
    if d.lacking is not None:
        return _word("lacking", language, side=SIDES[d.lacking].pick(language))
    titles = {**TITLES, **OTHER_TITLES}
    return "; ".join(
        f"{titles[name].pick(language)} {_value(a)} / {_value(b)}" for name, a, b in d.told
    )


def _value(value: str | int) -> str:
    return value if isinstance(value, str) else money(value)


# --- in files -------------------------------------------------------------------------------------


def _targets(output: Path | None) -> list[Path]:
    if output is None:
        return []
    return [output, *([] if _holds_sheets(output) else [beside(output, "rejects")])]


def _holds_sheets(output: Path) -> bool:
    return output.suffix.lower() == ".xlsx"


def _sheets(
    output: Path | None, found: Reconciliation, booked: Booked, language: Language
) -> Mapping[Path, Sequence[Sheet]]:
    """Return what to write: differences, and rows that could not be read beside or behind them."""
    if output is None:
        return {}
    sheets: dict[Path, list[Sheet]] = {output: [differences_sheet(found)]}
    if booked.rejects:
        rejects = rejects_sheet(booked.rejects, [c.name for c in columns()], language)
        target = output if _holds_sheets(output) else beside(output, "rejects")
        sheets.setdefault(target, []).append(rejects)
    return sheets


def differences_sheet(found: Reconciliation) -> Sheet:
    """Return one row for each difference: what ours and theirs say, and the effect."""
    texts = ("class", "class_zh", "sides", "lacking", "flow", "claim_no")
    names: list[tuple[str, OutKind]] = [(name, "text") for name in texts]
    for side in ("ours", "theirs"):
        names += [(f"{side}_{name}", "text") for name in ("place", "person_id", "scheme")]
        names.append((f"{side}_day", "date"))
        names += [(f"{side}_{name}", "money") for name in COLUMNS]
    names += [(f"effect_{name}", "money") for name in COLUMNS]
    return Sheet("differences", names, _rows(found))


def _rows(found: Reconciliation) -> Iterator[Sequence[Cell]]:
    for comparison in found.comparisons:
        for d in comparison.differences:
            yield (
                d.kind,
                KINDS[d.kind].zh,
                "-".join(comparison.sides),
                d.lacking or "",
                d.flow,
                d.claim_no,
                *_cells(d.ours),
                *_cells(d.theirs),
                *d.effect,
            )


def _cells(row: Row | None) -> Sequence[Cell]:
    if row is None:
        return ("", "", "", None, *[None] * len(COLUMNS))
    return (row.place, row.person_id, row.scheme, row.day, *row.money)


# --- as JSON --------------------------------------------------------------------------------------


def _plain(found: Reconciliation, booked: Booked) -> dict[str, Any]:
    return {
        "institution": found.institution_id,
        "from": found.first.isoformat(),
        "to": found.last.isoformat(),
        "agrees": found.agrees and not booked.rejects,
        **data_of(found),
        "rejected": len(booked.rejects),
    }
