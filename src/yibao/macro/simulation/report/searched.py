"""The report of a search: the best setting, the frontier as a table and a picture."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, BinaryIO

from openpyxl import Workbook

from yibao.macro.simulation.report.page import render
from yibao.macro.simulation.report.pictures import BASE, COLOURS, GAIN, Picture, layout
from yibao.macro.simulation.report.summary import Card
from yibao.macro.simulation.report.table import Cell, Column, Kind, Of, Table, cell, plain
from yibao.macro.simulation.report.workbook import write_sheet
from yibao.macro.simulation.search.find import Found
from yibao.macro.simulation.search.trials import Added, Axis, Bench, Trial, told
from yibao.macro.simulation.search.wishes import Asked
from yibao.policy.model import Unit
from yibao.text import Text

TITLE = Text("参数搜索", "Search for settings")


def _kind(asked: Asked) -> Kind:
    return "growth" if asked.measure.endswith("_change") else "share"


_ADDED: Mapping[Unit, Kind] = {"rate": "points", "yuan": "change", "count": "count_change"}


def _settings(bench: Bench, trial: Trial) -> list[Cell]:
    """Return the values of a trial's setting; what is added has the kind of its unit."""
    values = told(bench.axes, trial.setting)
    return [Of(v.value, _ADDED[v.unit]) if isinstance(v, Added) else v for v in values]


def _title(axis: Axis) -> Text:
    title, where = axis.chosen.table.title, axis.chosen.where
    return Text(f"{title.zh}（{where.zh}）", f"{title.en} ({where.en})")


def frontier_table(bench: Bench, found: Found) -> Table:
    """Return the settings that no other tried beats, cheapest first."""
    return _table(
        bench,
        "frontier",
        Text("有效前沿", "The frontier"),
        found.frontier,
        Text(
            "其中每一组取值，没有任何已试过的取值能在两个权衡指标上同时更好。",
            "No setting tried is better than one of these in both measures traded off.",
        ),
    )


def best_table(bench: Bench, found: Found) -> Table:
    """Return the best setting found, with each target."""
    trial = found.best
    rows: list[list[Cell]] = []
    for target, miss in zip(bench.wishes.targets, trial.misses, strict=True):
        kind = _kind(target.asked)
        bounds = [
            f"{sign} {cell(bound, kind, 'en')}"
            for sign, bound in (("≥", target.least), ("≤", target.most))
            if bound is not None
        ]
        met = Text("未达到", "missed") if miss else Text("达到", "met")
        value = Of(trial.measures[target.asked], kind)
        rows.append([target.asked.title, ", ".join(bounds), value, met])
    return Table(
        "targets",
        Text("目标", "Targets"),
        [
            Column("measure", Text("指标", "Measure")),
            Column("wanted", Text("要求", "Wanted")),
            Column("value", Text("结果", "Found"), "share"),
            Column("met", Text("是否达到", "Met")),
        ],
        rows,
    )


def settings_table(bench: Bench, found: Found) -> Table:
    """Return what each parameter is in the best setting."""
    rows: list[list[Cell]] = []
    for axis, value in zip(bench.axes, _settings(bench, found.best), strict=True):
        now = " / ".join(axis.chosen.values)
        rows.append([axis.chosen.table.title, axis.chosen.where, now, value])
    return Table(
        "setting",
        Text("找到的取值", "The setting found"),
        [
            Column("table", Text("参数", "Figure")),
            Column("when", Text("适用", "Where")),
            Column("now", Text("现行", "Rules")),
            Column("found", Text("取值，或在现行值上增减", "Value, or what is added to the rules")),
        ],
        rows,
    )


def _table(bench: Bench, name: str, title: Text, trials: tuple[Trial, ...], note: Text) -> Table:
    heads = [Column(f"parameter_{n}", _title(axis)) for n, axis in enumerate(bench.axes, 1)]
    measures = [
        Column(f"measure_{n}", asked.title, _kind(asked)) for n, asked in enumerate(bench.asked, 1)
    ]
    base = bench.base.fund.sum(dtype="int64")
    rows: list[list[Cell]] = [
        [
            *_settings(bench, trial),
            *(trial.measures[asked] for asked in bench.asked),
            trial.fund - int(base),
            Text("是", "yes") if trial.meets else Text("否", "no"),
        ]
        for trial in trials
    ]
    more = [
        Column("fund", Text("基金支出增减", "Funds, change"), "change"),
        Column("meets", Text("达到全部目标", "Meets all targets")),
    ]
    return Table(name, title, [*heads, *measures, *more], rows, note)


def verdict(bench: Bench, found: Found) -> Card:
    """Return whether the targets are met, and how sure that is."""
    meets = found.best.meets
    if meets:
        figure = Text("目标可以同时达到", "The targets can be met")
    elif found.complete:
        figure = Text("目标不能同时达到", "The targets cannot be met together")
    else:
        figure = Text("未找到同时达到目标的取值", "No setting found meets the targets")
    how = (
        Text(f"全部{found.settings}组取值都已结算", f"all {found.settings} settings were settled")
        if found.complete
        else Text(
            f"在{found.settings}组取值中结算了{len(found.tried)}组，不能证明没有更好的",
            f"{len(found.tried)} of {found.settings} settings were settled; others may be better",
        )
    )
    return Text("结论", "Verdict"), figure, how


def picture(bench: Bench, found: Found) -> Picture:
    """Return every setting tried, the frontier, and the best one."""
    one, other = bench.wishes.trade

    def points(trials: tuple[Trial, ...], language: str) -> dict[str, Any]:
        return {
            "x": [100 * float(t.measures[one]) for t in trials],
            "y": [100 * float(t.measures[other]) for t in trials],
            "text": [
                " · ".join(cell(value, "text", language) for value in _settings(bench, t))
                for t in trials
            ],
            "hovertemplate": "%{text}<br>%{x:.3f}% · %{y:.3f}%<extra></extra>",
        }

    def draw(language: str) -> dict[str, Any]:
        def name(zh: str, en: str) -> str:
            return Text(zh, en).pick(language)

        meeting = tuple(trial for trial in found.tried if trial.meets)
        rest = tuple(trial for trial in found.tried if not trial.meets)
        dots = {"type": "scatter", "mode": "markers"}
        data = [
            dots
            | points(rest, language)
            | {"name": name("已试", "tried"), "marker": {"color": BASE}},
            dots
            | points(meeting, language)
            | {"name": name("达到目标", "meet the targets"), "marker": {"color": GAIN}},
            {"type": "scatter", "mode": "lines", "line": {"color": COLOURS[0], "shape": "hv"}}
            | points(found.frontier, language)
            | {"name": name("有效前沿", "frontier")},
            dots
            | points((found.best,), language)
            | {
                "name": name("最好", "best"),
                "marker": {"color": COLOURS[1], "size": 13, "symbol": "star"},
            },
        ]
        axes = {
            "xaxis": {"title": {"text": one.title.pick(language)}, "ticksuffix": "%"},
            "yaxis": {
                "title": {"text": other.title.pick(language)},
                "ticksuffix": "%",
                "automargin": True,
            },
        }
        return {"data": data, "layout": layout(**axes)}

    title = Text("权衡", "The trade-off")
    return Picture("trade_off", title, {"zh": draw("zh"), "en": draw("en")}, 460)


def tables(bench: Bench, found: Found) -> list[Table]:
    """Return the tables of a search."""
    return [settings_table(bench, found), best_table(bench, found), frontier_table(bench, found)]


def search_page(bench: Bench, found: Found, language: str = "zh") -> str:
    """Return the report of a search as HTML."""
    drawn = picture(bench, found)
    region = bench.population.policy.region.name
    title = Text(f"{region.zh}{TITLE.zh}", f"{region.en}: {TITLE.en.lower()}")
    return render(
        "search.html",
        language,
        [drawn],
        title=title,
        cards=[verdict(bench, found)],
        tables=tables(bench, found),
        picture=drawn,
    )


def search_json(bench: Bench, found: Found) -> str:
    """Return the report of a search as JSON text."""
    every = tables(bench, found)
    note = Text("试过的全部取值", "everything that was tried")
    every.append(_table(bench, "tried", note, found.tried, note))
    data = {
        "meets": found.best.meets,
        "complete": found.complete,
        "settings": found.settings,
        "tried": len(found.tried),
        "tables": {
            table.name: [
                {c.name: plain(v, c.kind) for c, v in zip(table.columns, row, strict=True)}
                for row in table.rows
            ]
            for table in every
        },
        "measures": [asked.title._asdict() for asked in bench.asked],
    }
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def write_search_workbook(
    stream: BinaryIO, bench: Bench, found: Found, language: str = "zh"
) -> None:
    """Write the workbook of a search."""
    book = Workbook(write_only=True)
    said = verdict(bench, found)
    lines = [TITLE.pick(language), *(text.pick(language) for text in said)]
    write_sheet(book, TITLE.pick(language), language, [*lines, *tables(bench, found)])
    book.save(stream)
