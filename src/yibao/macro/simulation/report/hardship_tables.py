"""The tables on hardship, fairness, behaviour, single figures and sampling."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from yibao.macro.simulation.comparison import Comparison, Hardship
from yibao.macro.simulation.hardship import Hit
from yibao.macro.simulation.inequality import Fairness
from yibao.macro.simulation.report import show
from yibao.macro.simulation.report.table import Cell, Column, Kind, Of, Table
from yibao.macro.simulation.report.tables import AFTER, BEFORE, CHANGE
from yibao.macro.simulation.study import Marginal, Outcome
from yibao.text import Text

_HIT = [
    Column("households_base", Text("户·现行", "Households, rules"), "count"),
    Column("households_reform", Text("户·方案", "Households, reform"), "count"),
    Column("started", Text("新陷入", "Newly struck"), "count"),
    Column("ended", Text("得以避免", "Spared"), "count"),
    Column("persons_base", Text("涉及人·现行", "Persons, rules"), "count"),
    Column("persons_reform", Text("涉及人·方案", "Persons, reform"), "count"),
    Column("share_base", Text("占户·现行", "Share, rules"), "share"),
    Column("share_reform", Text("占户·方案", "Share, reform"), "share"),
]


def _hits(before: Hit, after: Hit, households: int) -> list[Cell]:
    return [
        before.households,
        after.households,
        after.started,
        after.ended,
        before.persons,
        after.persons,
        Fraction(before.households, households),
        Fraction(after.households, households),
    ]


def hardship(found: Hardship, years: int) -> Iterator[Table]:
    """Yield the headcounts of catastrophic payments and of impoverishment."""
    homes = found.households * years
    measures = {
        "income": Text("家庭收入", "income"),
        "capacity": Text("支付能力", "capacity to pay"),
    }
    line = show.yuan(found.subsistence.fen)
    rows: list[list[Cell]] = []
    for one in found.catastrophes:
        told, of = show.percent(one.threshold, 0), measures[one.measure]
        title = Text(f"超过{of.zh}的{told}", f"above {told} of {of.en}")
        rows.append([title, *_hits(one.before, one.after, homes)])
    yield Table(
        "catastrophic",
        Text("灾难性医疗支出", "Catastrophic payments"),
        [Column("threshold", Text("个人负担", "Own payments")), *_HIT],
        rows,
        Text(
            "按户、按年。支付能力＝家庭收入－每人基本生活"
            f"{line}元（{found.subsistence.title.zh}）；收入不足基本生活的家庭，任何个人负担都算超过。",
            "By household and year. Capacity to pay is income less a subsistence of "
            f"{line} yuan a head ({found.subsistence.title.en}); to a household that does not "
            "reach it, any payment is catastrophic.",
        ),
    )
    rows = [
        [
            Text(
                f"{one.line.title.zh}（{show.yuan(one.line.fen)}元/人·年）",
                f"{one.line.title.en} ({show.yuan(one.line.fen)} yuan a head)",
            ),
            one.poor,
            *_hits(one.before, one.after, homes),
        ]
        for one in found.impoverished
    ]
    yield Table(
        "impoverished",
        Text("因病致贫", "Impoverishment"),
        [
            Column("line", Text("贫困线", "Line")),
            Column("poor", Text("原已低于线的户", "Households below it anyway"), "count"),
            *_HIT,
        ],
        rows,
        Text(
            "付费前人均收入不低于线、付费后低于线的家庭。",
            "Households whose income per head reaches the line before their payments, not after.",
        ),
    )


def fairness(before: Fairness, after: Fairness) -> Table:
    """Return the indices of inequality."""
    names: Mapping[str, Text] = {
        "gini_before": Text("基尼系数·付费前收入", "Gini of income before payments"),
        "gini_after": Text("基尼系数·付费后收入", "Gini of income after payments"),
        "payments": Text("个人负担集中指数", "Concentration index of own payments"),
        "benefits": Text("基金支付集中指数", "Concentration index of fund payments"),
        "kakwani": Text("卡瓦尼指数（累进性）", "Kakwani index (progressivity)"),
    }
    rows: list[list[Cell]] = []
    for name, title in names.items():
        one, other = getattr(before, name), getattr(after, name)
        change = None if one is None or other is None else other - one
        rows.append([title, one, other, change])
    return Table(
        "fairness",
        Text("公平", "Fairness"),
        [
            Column("index", Text("指标", "Index")),
            Column("base", BEFORE, "index"),
            Column("reform", AFTER, "index"),
            Column("change", CHANGE, "index"),
        ],
        rows,
        Text(
            "按家庭人均收入排序，每人一年为一个单位。集中指数为负：穷人所占多于平均；卡瓦尼指数为正：富人负担"
            f"超过其收入占比。付费后收入为负的人年：现行{before.negative}，方案{after.negative}。",
            "Ranked by household income per head, person-years. A negative concentration index: "
            "the poor have more than an equal share; a positive Kakwani index: the rich bear more "
            "than their share of income. Person-years with negative income after payments: "
            f"{before.negative} under the rules, {after.negative} under the reform.",
        ),
    )


def response(compared: Comparison) -> Table:
    """Return the low, central and high run beside the one without response."""
    base = compared.base.costs
    runs = {
        "low": Text("低弹性", "low elasticity"),
        "central": Text("中弹性", "central elasticity"),
        "high": Text("高弹性", "high elasticity"),
    }
    after = compared.reform.costs
    rows: list[list[Cell]] = [
        [
            Text("无行为反应（结算）", "no response (settlement)"),
            after["fund"] - base["fund"],
            after["personal"] - base["personal"],
            after["total"] - base["total"],
            Fraction(0),
            Fraction(0),
        ]
    ]
    for run in compared.response:
        more = [None if q is None else q - 1 for q in run.quantity.values()]
        rows.append(
            [
                runs[run.run],
                run.fund - base["fund"],
                run.personal - base["personal"],
                run.total - base["total"],
                *more,
            ]
        )
    change: Kind = "change"
    return Table(
        "response",
        Text("行为反应敏感区间（估计）", "If behaviour responds (an estimate)"),
        [
            Column("run", Text("情形", "Run")),
            Column("fund", Text("基金支出增减", "Funds, change"), change),
            Column("personal", Text("个人负担增减", "Persons, change"), change),
            Column("total", Text("总费用增减", "Expense, change"), change),
            Column("outpatient", Text("门诊量增减", "Outpatient volume"), "growth"),
            Column("inpatient", Text("住院量增减", "Inpatient volume"), "growth"),
        ],
        rows,
        Text(
            "估计，不是结算：每人每年门诊、住院各按自付价格的弧弹性伸缩；不含原无就医者、门诊住院替代、"
            "对年度累计的影响和医院行为。",
            "An estimate, no settlement: each person's yearly outpatient and inpatient care scales "
            "with the arc elasticity of its own price. Left out: persons without claims, shifts "
            "between kinds of care, effects on yearly accumulators, hospitals.",
        ),
    )


def marginals(found: tuple[Marginal, ...]) -> Table:
    """Return what each figure costs alone."""
    units = {
        "yuan": Text("每元", "per yuan"),
        "rate": Text("每个百分点", "per percentage point"),
        "count": Text("每单位", "per unit"),
    }
    rows: list[list[Cell]] = [
        [
            one.single.table.title,
            one.single.where,
            " / ".join(one.single.before),
            one.single.after,
            one.cost,
            one.each,
            units[one.single.table.unit],
        ]
        for one in found
    ]
    return Table(
        "marginal",
        Text("逐项参数的基金成本", "What each figure costs alone"),
        [
            Column("table", Text("参数", "Figure")),
            Column("where", Text("适用", "Where")),
            Column("before", BEFORE),
            Column("after", AFTER),
            Column("cost", Text("基金支出增减", "Funds, change"), "change"),
            Column("each", Text("每提高一单位", "For each unit higher"), "change"),
            Column("unit", Text("单位", "Unit")),
        ],
        rows,
        Text(
            "其余参数不变、只改这一项重新结算；各项之和可不等于整个方案。",
            "Settled again with this figure alone changed; the parts need not add up to the whole.",
        ),
    )


def sampling(compared: Comparison) -> Table:
    """Return the intervals of the paired differences."""
    titles: Mapping[str, tuple[Text, Kind]] = {
        "fund": (Text("基金支出增减", "Funds, change"), "change"),
        "personal": (Text("个人负担增减", "Persons, change"), "change"),
        "winners": (Text("少付的人年", "Person-years that pay less"), "count"),
        "losers": (Text("多付的人年", "Person-years that pay more"), "count"),
        "catastrophic": (
            Text("灾难性支出户增减（收入40%）", "Catastrophic households, change (40 % of income)"),
            "count_change",
        ),
    }
    rows: list[list[Cell]] = []
    for name, interval in compared.intervals.items():
        title, kind = titles[name]
        values = (interval.value, interval.low, interval.high)
        rows.append([title, *(Of(value, kind) for value in values)])
    return Table(
        "sampling",
        Text("抽样误差（95%区间）", "Sampling (95 % intervals)"),
        [
            Column("what", Text("差额", "Difference")),
            Column("value", Text("本人群", "This population"), "count"),
            Column("low", Text("下限", "Low"), "count"),
            Column("high", Text("上限", "High"), "count"),
        ],
        rows,
        Text(
            "把人群看作样本，按户（无户时按人）成对重抽；不反映人群与真实城市的其他差异。",
            "The population taken for a sample: households (or persons) redrawn in pairs. Other "
            "ways in which it may differ from the city are not in it.",
        ),
    )


def of_outcome(outcome: Outcome, years: int) -> Iterator[Table]:
    """Yield every table of this module that the data allow."""
    compared = outcome.comparison
    if compared.hardship is not None:
        yield from hardship(compared.hardship, years)
    if compared.fairness is not None:
        yield fairness(*compared.fairness)
    yield response(compared)
    if outcome.marginals:
        yield marginals(outcome.marginals)
    if compared.intervals:
        yield sampling(compared)
