"""The tables of one reform: what it costs, and what it changes for whom."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from yibao.macro.simulation import costs as sums
from yibao.macro.simulation.comparison import Comparison
from yibao.macro.simulation.costs import CostsOf
from yibao.macro.simulation.dimensions import title_of
from yibao.macro.simulation.exact import ratio
from yibao.macro.simulation.gains import SHARES, ByDimension
from yibao.macro.simulation.report import show
from yibao.macro.simulation.report.table import Cell, Column, Table
from yibao.text import Text

BEFORE, AFTER, CHANGE = Text("现行", "Rules"), Text("方案", "Reform"), Text("增减", "Change")
PER_CENT = Text("增减幅度", "Change in %")


def costs(compared: Comparison) -> Table:
    """Return who pays what for all claims."""
    base, reform = compared.base.costs, compared.reform.costs
    funds = sums.paying([base, reform])
    names = ("total", "in_scope", *funds, "fund", "personal", "account", "cash")
    rows: list[list[Cell]] = []
    for name in names:
        layer = sums.layer_of(name) if name in funds else Text("", "")
        change = reform[name] - base[name]
        share = ratio(change, base[name])
        rows.append([sums.title_of(name), layer, base[name], reform[name], change, share])
    return Table(
        "costs",
        Text("谁支付多少", "Who pays what"),
        [
            Column("item", Text("项目", "Item")),
            Column("layer", Text("支付层次", "Layer")),
            Column("base", BEFORE, "money"),
            Column("reform", AFTER, "money"),
            Column("change", CHANGE, "change"),
            Column("change_share", PER_CENT, "growth"),
        ],
        rows,
        Text(
            "元。各项为逐笔结算之和，不经估算。", "Yuan. Sums of settled claims, nothing estimated."
        ),
        frozenset(at for at, name in enumerate(names) if name in ("fund", "personal")),
    )


_SELF_PAY = Text(
    "自付率：个人负担占总费用的比例。", "Self-pay: the persons' share of the whole expense."
)
_NOTES = {
    "costs_by_scheme": Text(
        "按每笔费用当日的险种；得失表按人，险种为人群文件所载（合成人群为首日），年内换险种的人两表不同。",
        "By the scheme of each claim's day. Winners and losers are by the person's scheme in the "
        "population's files (of a synthetic one, on its first day): who changes scheme within the "
        "time stands otherwise there.",
    ),
    "gains_by_scheme": Text(
        "按人，险种为人群文件所载（合成人群为首日）；费用表按每笔费用当日的险种。",
        "By the person's scheme in the population's files (of a synthetic one, on its first day); "
        "costs are by the scheme of each claim's day.",
    ),
}


def _and(one: Text, other: Text | None) -> Text:
    return one if other is None else Text(f"{one.zh}{other.zh}", f"{one.en} {other.en}")


def breakdown(compared: Comparison, name: str) -> Table:
    """Return costs by scheme, visit type or level."""
    before, after = compared.base.by[name], compared.reform.by[name]
    after_by = {part.code: part.costs for part in after}
    rows = [_part(part, after_by[part.code]) for part in before]
    return Table(
        f"costs_by_{name}",
        Text(f"按{title_of(name).zh}", f"By {show.within(title_of(name).en)}"),
        [
            Column("group", title_of(name)),
            Column("claims", Text("未冲正笔数", "Claims standing"), "count"),
            Column("total", Text("总费用", "Expense"), "money"),
            Column("fund_base", Text("基金·现行", "Funds, rules"), "money"),
            Column("fund_reform", Text("基金·方案", "Funds, reform"), "money"),
            Column("fund_change", Text("基金增减", "Funds, change"), "change"),
            Column("personal_change", Text("个人增减", "Persons, change"), "change"),
            Column("self_pay_base", Text("自付率·现行", "Self-pay, rules"), "share"),
            Column("self_pay_reform", Text("自付率·方案", "Self-pay, reform"), "share"),
        ],
        rows,
        _and(_SELF_PAY, _NOTES.get(f"costs_by_{name}")),
    )


def _part(part: CostsOf, after: sums.Costs) -> list[Cell]:
    base = part.costs
    return [
        part.title,
        base.claims,
        base["total"],
        base["fund"],
        after["fund"],
        after["fund"] - base["fund"],
        after["personal"] - base["personal"],
        ratio(base["personal"], base["total"]),
        ratio(after["personal"], after["total"]),
    ]


def spread(compared: Comparison) -> Table:
    """Return the distribution of what persons with claims pay in a year."""
    rows: list[list[Cell]] = []
    for share, before, after in zip(
        SHARES, compared.base.spread, compared.reform.spread, strict=True
    ):
        told = f"{float(share * 100):g}%"
        title = (
            Text("最高", "highest") if share == 1 else Text(f"{told}的人不超过", f"{told} at most")
        )
        rows.append([title, before, after, after - before])
    return Table(
        "spread",
        Text("有就医者一年的个人负担", "What persons with claims pay in a year"),
        [
            Column("quantile", Text("分位", "Quantile")),
            Column("base", BEFORE, "money"),
            Column("reform", AFTER, "money"),
            Column("change", CHANGE, "change"),
        ],
        rows,
        Text("元。两列各自排序，同一行不一定是同一人。", "Yuan. Each column is sorted by itself."),
    )


def groups(dimension: ByDimension) -> Table:
    """Return winners and losers of every group of a dimension."""
    rows: list[list[Cell]] = []
    for group in dimension.groups:
        found = group.gains
        rows.append(
            [
                group.title,
                found.units,
                found.winners,
                ratio(found.winners, found.units),
                found.losers,
                ratio(found.losers, found.units),
                found.unaffected,
                _mean(found.gain, found.winners),
                _mean(found.loss, found.losers),
                found.worst or None,
                found.change,
                ratio(found.change, found.personal),
            ]
        )
    note = _NOTES.get(f"gains_by_{dimension.name}")
    if not dimension.exclusive:
        note = Text(
            "一人可属于多组，各组不能相加。", "One person may be in several; groups do not add up."
        )
    return Table(
        f"gains_by_{dimension.name}",
        Text(
            f"得失：按{dimension.title.zh}",
            f"Winners and losers by {show.within(dimension.title.en)}",
        ),
        [
            Column("group", dimension.title),
            Column("units", Text("人年", "Person-years"), "count"),
            Column("winners", Text("少付", "Pay less"), "count"),
            Column("winners_share", Text("占比", "Share"), "share"),
            Column("losers", Text("多付", "Pay more"), "count"),
            Column("losers_share", Text("占比", "Share"), "share"),
            Column("unaffected", Text("不变", "Same"), "count"),
            Column("mean_gain", Text("少付者人均", "Mean saved"), "money"),
            Column("mean_loss", Text("多付者人均", "Mean lost"), "money"),
            Column("worst", Text("一人最多多付", "Worst"), "money"),
            Column("change", Text("个人负担增减", "Net change"), "change"),
            Column("change_share", PER_CENT, "growth"),
        ],
        rows,
        note,
    )


def _mean(amount: int, persons: int) -> Fraction | None:
    return Fraction(amount, persons) if persons else None


def by_dimension(compared: Comparison) -> Iterator[Table]:
    """Yield the tables of winners and losers."""
    for dimension in compared.groups:
        yield groups(dimension)
