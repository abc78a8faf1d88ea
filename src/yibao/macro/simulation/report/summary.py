"""What a director reads first: what a reform costs, who gains, whether anyone is hurt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from yibao.macro.simulation.comparison import Comparison
from yibao.macro.simulation.exact import ratio
from yibao.macro.simulation.report import show
from yibao.macro.simulation.report.table import Cell, Column, Kind, Table
from yibao.macro.simulation.study import Outcome, Study
from yibao.text import Text

Card = tuple[Text, Text, Text]
"""What it is, the figure, and what else to know about it."""


def cards(compared: Comparison) -> Iterator[Card]:
    """Yield the headline of a reform: cost, winners, losers, hardship."""
    yield _cost(compared)
    yield _winners(compared)
    yield _losers(compared)
    if compared.hardship is not None:
        worst = compared.hardship.catastrophes[2]
        before, after = worst.before.households, worst.after.households
        yield (
            Text(
                "灾难性支出的家庭（收入的40%）",
                "Households with catastrophic payments (40 % of income)",
            ),
            _both(f"{show.count(before)} → {show.count(after)}"),
            Text(
                f"新陷入{show.count(worst.after.started)}户，得以避免{show.count(worst.after.ended)}户",
                f"{show.count(worst.after.started)} newly struck, "
                f"{show.count(worst.after.ended)} spared",
            ),
        )


def _both(text: str) -> Text:
    return Text(text, text)


def _large(fen: int) -> Text:
    return Text(show.signed(show.large(fen, "zh")), show.signed(show.large(fen, "en")))


def _cost(compared: Comparison) -> Card:
    base = compared.base.costs["fund"]
    share = ratio(compared.cost, base)
    more = show.signed(show.percent(share)) if share is not None else show.NONE
    held = compared.intervals.get("fund")
    zh = en = ""
    if held is not None:
        zh = f"；95%区间 {show.large(held.low, 'zh')} 至 {show.large(held.high, 'zh')}"
        en = f"; 95 % interval {show.large(held.low, 'en')} to {show.large(held.high, 'en')}"
    return (
        Text("基金支出", "Funds pay"),
        _large(compared.cost),
        Text(f"{more}{zh}", f"{more}{en}"),
    )


def _winners(compared: Comparison) -> Card:
    whole = compared.whole
    if not whole.winners:
        return Text("少付的人", "Who pays less"), _both("0"), Text("无人得益", "nobody gains")
    share = show.percent(Fraction(whole.winners, whole.units))
    mean = show.yuan(Fraction(whole.gain, whole.winners))
    return (
        Text("少付的人", "Who pays less"),
        _both(show.count(whole.winners)),
        Text(
            f"占{share}；平均少付{mean}元，最多{show.yuan(whole.best)}元",
            f"{share}; {mean} yuan less on average, at most {show.yuan(whole.best)}",
        ),
    )


def _losers(compared: Comparison) -> Card:
    whole = compared.whole
    title = Text("多付的人", "Who pays more")
    if not whole.losers:
        return title, _both("0"), Text("无人受损，精确到分", "nobody is hurt, to the fen")
    share = show.percent(Fraction(whole.losers, whole.units))
    mean = show.yuan(Fraction(whole.loss, whole.losers))
    return (
        title,
        _both(show.count(whole.losers)),
        Text(
            f"占{share}；平均多付{mean}元，最多{show.yuan(whole.worst)}元",
            f"{share}; {mean} yuan more on average, at most {show.yuan(whole.worst)}",
        ),
    )


def notices(outcome: Outcome) -> Iterator[Text]:
    """Yield what has to be known before the figures are believed."""
    compared = outcome.comparison
    told = outcome.reform.told
    if outcome.reform.todo:
        places = ", ".join(outcome.reform.todo)
        yield Text(
            f"方案还没有写完，下列位置有TODO：{places}。",
            f"The reform is not finished: there is a TODO at {places}.",
        )
    if not told:
        yield Text(
            "该方案在所模拟的年份内没有改变任何规则。",
            "The reform changes no rule in the years simulated.",
        )
    elif not any(one.of_claims for one in told):
        yield Text(
            "该方案只改变筹资或个人账户的规则，不影响费用结算。",
            "The reform changes only contributions or accounts, which no claim depends on.",
        )
    elif not compared.changes:
        yield Text(
            "该方案改变了规则，但在这一人群中没有任何一笔费用因此不同。",
            "The reform changes rules, but not a single claim of this population.",
        )
    refused = compared.refusals
    if refused.base or refused.reform:
        yield Text(
            f"有{refused.base}笔只被现行规则拒绝，{refused.reform}笔只被方案拒绝；两边都不计入。",
            f"{refused.base} claims are refused only by the rules, {refused.reform} only by the "
            "reform; they are left out of both sides.",
        )
    if refused.both:
        yield Text(
            f"有{refused.both}笔两边都不能结算，不计入。",
            f"{refused.both} claims are settled by neither side and left out.",
        )
    if outcome.marginals is None and any(one.of_claims for one in told):
        yield Text("未作逐项参数分析。", "Single figures were not taken apart.")


_ROWS: tuple[tuple[str, Text, Kind], ...] = (
    ("cost", Text("基金支出增减", "Funds, change"), "change"),
    ("cost_share", Text("占现行基金支出", "Of what funds pay now"), "growth"),
    ("winners", Text("少付的人年", "Person-years that pay less"), "count"),
    ("losers", Text("多付的人年", "Person-years that pay more"), "count"),
    ("gain", Text("少付合计", "Saved by them"), "money"),
    ("loss", Text("多付合计", "Lost by them"), "money"),
    ("worst", Text("一人最多多付", "Most that one pays more"), "money"),
    (
        "started",
        Text("新陷入灾难性支出的户（收入40%）", "Households newly struck (40 % of income)"),
        "count",
    ),
    ("ended", Text("避免灾难性支出的户（收入40%）", "Households spared (40 % of income)"), "count"),
    (
        "poor_started",
        Text("新因病致贫的户（中位数50%）", "Newly impoverished (50 % of median)"),
        "count",
    ),
    (
        "poor_ended",
        Text("避免因病致贫的户（中位数50%）", "Spared impoverishment (50 % of median)"),
        "count",
    ),
    ("gini", Text("付费后基尼系数变化", "Gini after payments, change"), "index"),
    ("kakwani", Text("卡瓦尼指数变化", "Kakwani index, change"), "index"),
    ("response_low", Text("低弹性时基金支出增减", "Funds, change, at low elasticity"), "change"),
    (
        "response_central",
        Text("中弹性时基金支出增减", "Funds, change, at central elasticity"),
        "change",
    ),
    ("response_high", Text("高弹性时基金支出增减", "Funds, change, at high elasticity"), "change"),
)


def side_by_side(study: Study) -> Table:
    """Return the main figures of every reform, one column each."""
    found = [_figures(outcome.comparison) for outcome in study.outcomes]
    shown = [row for row in _ROWS if any(one.get(row[0]) is not None for one in found)]
    rows: Sequence[list[Cell]] = [
        [title, *(_of(one.get(name), kind) for one in found)] for name, title, kind in shown
    ]
    heads = [
        Column(outcome.reform.name, outcome.reform.title, "money") for outcome in study.outcomes
    ]
    return Table(
        "reforms",
        Text("各方案对照", "The reforms side by side"),
        [Column("figure", Text("指标", "Figure")), *heads],
        rows,
    )


def _of(value: int | Fraction | None, kind: Kind) -> Cell:
    from yibao.macro.simulation.report.table import Of

    return None if value is None else Of(value, kind)


def _figures(compared: Comparison) -> dict[str, int | Fraction | None]:
    whole = compared.whole
    found: dict[str, int | Fraction | None] = {
        "cost": compared.cost,
        "cost_share": ratio(compared.cost, compared.base.costs["fund"]),
        "winners": whole.winners,
        "losers": whole.losers,
        "gain": whole.gain,
        "loss": whole.loss,
        "worst": whole.worst,
    }
    if compared.hardship is not None:
        hit = compared.hardship.catastrophes[2].after
        fallen = compared.hardship.impoverished[1].after
        found |= {"started": hit.started, "ended": hit.ended}
        found |= {"poor_started": fallen.started, "poor_ended": fallen.ended}
    if compared.fairness is not None:
        before, after = compared.fairness
        for name, key in (("gini", "gini_after"), ("kakwani", "kakwani")):
            one, other = getattr(before, key), getattr(after, key)
            found[name] = None if one is None or other is None else other - one
    base = compared.base.costs["fund"]
    return found | {f"response_{run.run}": run.fund - base for run in compared.response}
