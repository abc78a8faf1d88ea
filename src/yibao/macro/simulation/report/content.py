"""What a report holds, in order, whatever it is written as."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from yibao.macro.simulation.report import hardship_tables, show, tables
from yibao.macro.simulation.report.summary import Card, cards, notices, side_by_side
from yibao.macro.simulation.report.table import Table
from yibao.macro.simulation.study import Outcome, Study
from yibao.text import Text


@dataclass(frozen=True, slots=True)
class Section:
    """One reform."""

    outcome: Outcome
    cards: tuple[Card, ...]
    notices: tuple[Text, ...]
    tables: tuple[Table, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """The whole report."""

    title: Text
    head: tuple[Text, ...]
    sections: tuple[Section, ...]
    side_by_side: Table
    assumptions: tuple[Text, ...]


def content(study: Study) -> Content:
    """Return what the report of a study says."""
    name = study.policy.region.name
    first, last = study.years[0], study.years[-1]
    span = f"{first}" if first == last else f"{first}–{last}"
    return Content(
        title=Text(
            f"{name.zh}医保改革方案模拟 {span}",
            f"Reforms of {name.en}'s insurance simulated, {span}",
        ),
        head=tuple(_head(study)),
        sections=tuple(_section(outcome, len(study.years)) for outcome in study.outcomes),
        side_by_side=side_by_side(study),
        assumptions=tuple(_assumptions(study)),
    )


def _head(study: Study) -> Iterator[Text]:
    """Yield what was settled; claims are counted in three ways, each by its name."""
    persons, items, settled, standing = map(
        show.count, (study.persons, study.items, study.settled, study.standing)
    )
    yield Text(f"人群{persons}人", f"{persons} persons")
    if study.households:
        homes = show.count(study.households)
        yield Text(f"家庭{homes}户", f"{homes} households")
    yield Text(f"费用和冲正{items}笔", f"{items} claims and reversals read")
    yield Text(f"结算{settled}笔", f"{settled} claims settled")
    yield Text(f"其中未冲正{standing}笔", f"{standing} of them stand (are not taken back)")


def _section(outcome: Outcome, years: int) -> Section:
    compared = outcome.comparison
    found = [
        tables.costs(compared),
        *(tables.breakdown(compared, name) for name in ("scheme", "visit", "level")),
        tables.spread(compared),
        *tables.by_dimension(compared),
        *hardship_tables.of_outcome(outcome, years),
    ]
    return Section(outcome, tuple(cards(compared)), tuple(notices(outcome)), tuple(found))


def _assumptions(study: Study) -> Iterator[Text]:
    yield Text(
        "每笔费用按现行规则和方案各结算一次，精确到分；差额是同一笔费用两次结算之差，不是估算。"
        "比例只在显示时四舍五入。",
        "Every claim is settled twice, under the rules and under the reform, to the fen; a "
        "difference is that of one claim with itself. Shares are rounded only where shown.",
    )
    yield Text(
        "个人负担＝没有任何基金支付的部分，含个人账户；少付、多付按每人每年全部费用计算，"
        "“不变”指一分不差。",
        "Own payments are what no fund pays, personal accounts included; who pays less or more is "
        "told by a person's whole year, and “same” means not a fen of difference.",
    )
    yield Text(
        "人群和费用来自所给的文件；若为合成人群，结果的可信程度不高于其校准报告。",
        "Persons and claims are those of the files given; of a synthetic population the results "
        "are no better than its calibration.",
    )
    for one in study.options.elasticities:
        low, central, high = (f"{value / 1000:g}" for value in (one.low, one.central, one.high))
        kind = Text("门诊", "Outpatient") if one.kind == "outpatient" else Text("住院", "Inpatient")
        yield Text(
            f"{kind.zh}弧弹性：低{low}，中{central}，高{high}。{one.source.zh}。",
            f"{kind.en} arc elasticities: low {low}, central {central}, high {high} — "
            f"{one.source.en}.",
        )
    if study.options.draws:
        yield Text(
            f"区间：成对自助法重抽{study.options.draws}次，种子{study.options.seed}。",
            f"Intervals: paired bootstrap, {study.options.draws} draws, seed {study.options.seed}.",
        )
