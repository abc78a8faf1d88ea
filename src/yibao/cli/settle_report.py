"""What a run of `yibao settle` tells the user: sums, indicators, rejected rows, notices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text as Styled

from yibao.interop.files.columns import Column
from yibao.interop.files.rows import Reject, RowError, visible
from yibao.interop.files.schema import KINDS, needed
from yibao.interop.files.summary import Summary
from yibao.money import format_rate, format_yuan, half_up
from yibao.policy.model import Text
from yibao.policy.vocabulary import vocabulary
from yibao.settlement import indicators
from yibao.settlement.batch import Totals
from yibao.settlement.explain import CLOSING

_CODES = 12
"""How many codes the table of columns has room for; `--codes` shows all."""

_SHOWN = 10
"""How many reasons are shown; the rejects file has every row."""

_WORDS = {
    "rows": Text("读入 {n} 行", "{n} rows read"),
    "settled": Text("结算 {n} 笔", "{n} settled"),
    "reversed": Text("冲正 {n} 笔", "{n} reversed"),
    "rejected": Text("退回 {n} 行", "{n} rejected"),
    "persons": Text("参保文件另退回 {n} 行", "and {n} rows of persons rejected"),
    "differences": Text(
        "冲正或迟到使 {n} 笔已结算的会有不同（未改写，见 differences）",
        "{n} settlements would now be different after a reversal or a late claim (they stand; "
        "see differences)",
    ),
    "differ": Text(
        "冲正或迟到使 {n} 笔已结算的会有不同（未改写）",
        "{n} settlements would now be different after a reversal or a late claim (they stand)",
    ),
    "sums": Text("合计（元）", "Sums (yuan)"),
    "all": Text("全部", "all"),
    "indicators": Text(
        "指标（目标为《天津“十四五”规划》）", "Indicators (targets: Tianjin's plan)"
    ),
    "value": Text("本批", "here"),
    "target": Text("2025目标", "2025 target"),
    "met": Text("达到", "met"),
    "above": Text("高于目标 {points} 个百分点", "{points} points above the target"),
    "below": Text("低于目标 {points} 个百分点", "{points} points below the target"),
    "few": Text("仅 {n} 笔住院，过少，不与目标比较", "too few: {n} inpatient claims"),
    "total": Text("医疗费总额", "Total expense"),
    "fund_pay": Text("基金支付合计", "All funds"),
    "more": Text("……另有 {n} 种原因，见退回文件", "… and {n} more reasons, see the rejects file"),
    "column": Text("列", "column"),
    "title": Text("名称", "title"),
    "kind": Text("类型", "kind"),
    "needed": Text("必填", "needed"),
    "codes": Text("说明和代码", "note and codes"),
    "codes_of": Text("{n} 个代码，见 --codes {column}", "{n} codes, see --codes {column}"),
    "code": Text("代码", "code"),
    "zh": Text("中文", "Chinese"),
    "en": Text("英文", "English"),
    "written": Text("已写入", "written"),
    "removed": Text("已删除以前一次运行留下的", "removed, being left by an earlier run:"),
}


FEW = 100
"""Fewer inpatient claims than these say nothing about a target."""


def word(key: str, language: str, **facts: object) -> str:
    """Return a fixed text in a language."""
    return _WORDS[key].pick(language).format(**facts)


@dataclass(frozen=True, slots=True)
class Report:
    """The summary of one run."""

    summary: Summary
    files: Sequence[Path] = ()
    removed: Sequence[Path] = ()

    def notices(self) -> list[Text]:
        """Return what the user should know although nothing is wrong."""
        found = unfinished_notices(self.summary.unfinished)
        if self.summary.early:
            found.append(_early(self.summary.early))
        return found

    # --- as data ------------------------------------------------------------------------------

    def as_json(self) -> dict[str, Any]:
        """Return the summary as plain data."""
        found = self.summary
        sums = found.sums
        return {
            "policy": found.region.id,
            "rows": dict(found.rows),
            "settled": sums["all"].settled,
            "reversed": sums["all"].reversed,
            "rejected": dict(found.rejected),
            "rejected_by_rule": dict(sorted(found.rejected_by_rule.items())),
            "differences": found.differences,
            "sums": {
                name: {fund: format_yuan(fen) for fund, fen in own.amounts.items()}
                for name, own in sums.items()
            },
            "indicators": self._indicators(),
            "notices": [n._asdict() for n in self.notices()],
            "files": [str(f) for f in self.files],
            "removed": [str(f) for f in self.removed],
        }

    def _indicators(self) -> dict[str, Any]:
        few = self.summary.stays < FEW
        return {
            target.id: {
                "part": format_yuan(ratio.part),
                "whole": format_yuan(ratio.whole),
                "value": None if ratio.value is None else percent(ratio),
                "target": format_rate(target.target),
                "met": None if few or ratio.value is None else target.met_by(ratio.value),
            }
            for target, ratio in self._measured()
        }

    def _measured(self) -> list[tuple[indicators.Target, indicators.Ratio]]:
        """Return the region's targets that settled claims can be measured against."""
        targets = indicators.targets(self.summary.region.id)
        found = self.summary.ratios
        return [(targets[name], ratio) for name, ratio in found.items() if name in targets]

    # --- for people ---------------------------------------------------------------------------

    def print(self, language: str, console: Console) -> None:
        """Print the summary."""
        summary, sums = self.summary, self.summary.sums
        every = sums["all"]
        counts = {
            "rows": summary.rows["claims"],
            "settled": every.settled,
            "reversed": every.reversed,
            "rejected": summary.rejected.get("claims", 0),
        }
        if persons := summary.rejected.get("persons", 0):  # not among the rows of claims above
            counts["persons"] = persons
        line = " · ".join(word(key, language, n=f"{n:,}") for key, n in counts.items())
        console.print(Styled.assemble((summary.region.name.pick(language), "bold"), f"  {line}"))
        console.print(f"\n{word('sums', language)}", self._sums_table(sums, language))
        found = self._indicator_table(language)
        if found.row_count:
            console.print(f"\n{word('indicators', language)}", found)
        if summary.differences:
            key = "differences" if self.files else "differ"
            console.print(word(key, language, n=summary.differences))
        for notice in self.notices():
            console.print(f"! {visible(notice.pick(language))}", style="yellow")
        for file in self.files:
            console.print(f"{word('written', language)} {visible(str(file))}", soft_wrap=True)
        for file in self.removed:
            console.print(f"{word('removed', language)} {visible(str(file))}", soft_wrap=True)

    def _sums_table(self, sums: Mapping[str, Totals], language: str) -> Table:
        words = vocabulary()
        schemes = words.attributes["scheme"].codes or {}
        shown = list(sums) if len(sums) > 2 else ["all"]
        table = Table()
        table.add_column("")
        for name in shown:
            title = schemes[name].pick(language) if name in schemes else word("all", language)
            table.add_column(title, justify="right")
        titles = {"total": word("total", language)}
        titles |= {f: fund.title.pick(language) for f, fund in words.funds.items()}
        titles |= {c: title.pick(language) for c, title in CLOSING.items()}
        for key, title in titles.items():
            values = [sums[name].amounts[key] for name in shown]
            if any(values) or key == "total":
                table.add_row(title, *map(money, values))
        return table

    def _indicator_table(self, language: str) -> Table:
        table = Table()
        table.add_column("")
        for key in ("value", "target"):
            table.add_column(word(key, language), justify="right")
        table.add_column("")
        stays = self.summary.stays
        for target, ratio in self._measured():
            if ratio.value is not None:
                met = standing_of(target, ratio.value, language)
                met = word("few", language, n=stays) if stays < FEW else met
                goal = f"{_SIGNS[target.comparator]} {format_rate(target.target)}"
                title = f"{target.title.pick(language)} {target.id}"
                table.add_row(title, percent(ratio), goal, met)
        return table


def unfinished_notices(files: Iterable[Path]) -> list[Text]:
    """Return a notice for each file whose last line has no line end."""
    return [
        Text(
            f"{file} 的最后一行没有换行符：如果文件被截断，最后一格可能不完整",
            f"the last line of {file} has no line end: if the file was cut off, its last cell "
            "may be incomplete",
        )
        for file in files
    ]


def _early(persons: int) -> Text:
    return Text(
        f"{persons} 人在所给结算之前的年度已参保，又没有 --opening：这些年按没有就医计"
        "（影响起付降低等）",
        f"{persons} persons were insured in years before the first claim here and there is no "
        "--opening: those years count as years without care (which lowers deductibles)",
    )


_SIGNS = {"at_most": "≤", "about": "≈", "equal": "="}


def percent(ratio: indicators.Ratio) -> str:
    """Return a ratio as a percentage with one decimal, rounded half up for display only."""
    tenths = half_up(ratio.part * 1000, ratio.whole)
    return f"{tenths // 10}.{tenths % 10}%"


def standing_of(target: indicators.Target, value: Fraction, language: str) -> str:
    """Return whether a value meets a target, or by how much it misses it and in which direction."""
    if target.met_by(value):
        return word("met", language)
    miss = value - target.target
    tenths = max(1, half_up(abs(miss).numerator * 1000, miss.denominator))
    points = f"{tenths // 10}.{tenths % 10}"
    return word("above" if miss > 0 else "below", language, points=points)


def money(fen: int) -> str:
    """Return fen as yuan with thousands separators, for people."""
    whole, _, cents = format_yuan(abs(fen)).partition(".")
    return f"{'-' if fen < 0 else ''}{int(whole):,}.{cents}"


def print_rejects(rejects: Sequence[Reject], language: str, console: Console) -> None:
    """Print why rows were rejected: each reason once, with its first row and how often it came."""
    kinds: dict[tuple[str, str, Text], list[RowError]] = {}
    for reject in rejects:
        for error in reject.errors:
            kinds.setdefault((error.rule, error.column, error.message), []).append(error)
    print_reasons([(errors[0], len(errors)) for errors in kinds.values()], language, console)


def print_reasons(reasons: Sequence[tuple[RowError, int]], language: str, console: Console) -> None:
    """Print reasons, each with the first row that has it and how often it came."""
    for error, count in reasons[:_SHOWN]:
        times = f" ×{count}" if count > 1 else ""
        console.print(error.say(language) + times, style="red", soft_wrap=True)
    if len(reasons) > _SHOWN:
        console.print(word("more", language, n=len(reasons) - _SHOWN))


def print_schema(columns: Iterable[Column], language: str, console: Console) -> None:
    """Print the columns of a file."""
    table = Table(show_lines=False)
    for key in ("column", "title", "kind", "needed", "codes"):
        table.add_column(word(key, language), overflow="fold", no_wrap=key == "column")
    for column in columns:
        codes = column.codes or {}
        shown = ", ".join(f"{k} {t.pick(language)}" for k, t in codes.items())
        if len(codes) > _CODES:
            shown = word("codes_of", language, n=len(codes), column=column.name)
        note = column.note.pick(language)
        table.add_row(
            column.name,
            column.title.pick(language),
            KINDS[column.kind].pick(language),
            needed(column, language),
            "\n".join(part for part in (note, shown) if part),
        )
    console.print(table)


def print_codes(column: Column, language: str, console: Console) -> None:
    """Print every code of a column, in both languages."""
    table = Table(title=f"{column.name}  {column.title.pick(language)}", title_justify="left")
    for key in ("code", "zh", "en"):
        table.add_column(word(key, language), overflow="fold", no_wrap=key == "code")
    for code, title in (column.codes or {}).items():
        table.add_row(code, title.zh, title.en)
    console.print(table)
