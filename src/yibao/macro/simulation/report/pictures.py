"""Pictures as Plotly figures: one description for each language, drawn by the page.

Plotly knows only floats: amounts become them here, for the length of a bar, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

from yibao.macro.simulation import costs as sums
from yibao.macro.simulation.comparison import Comparison
from yibao.macro.simulation.gains import SHARES, ByDimension
from yibao.macro.simulation.report import show
from yibao.macro.simulation.study import Study
from yibao.text import Text

GAIN, LOSS, BASE, SAME = "#2f7d5b", "#b3372b", "#7b8794", "#d9d4c7"
COLOURS = ("#14567a", "#b07d2b", "#5b3f8c", "#2f7d5b", "#8c2f62", "#0f6b6b")
_MILLION_FEN = 100_000_000


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture: its name, what it shows, and the figure in Chinese and English."""

    name: str
    title: Text
    figures: dict[str, dict[str, Any]]
    height: int = 340


def _picture(
    name: str, title: Text, draw: Callable[[str], dict[str, Any]], height: int = 340
) -> Picture:
    return Picture(name, title, {"zh": draw("zh"), "en": draw("en")}, height)


def layout(**more: Any) -> dict[str, Any]:
    """Return what all pictures share, and what one has of its own."""
    return {
        "margin": {"l": 10, "r": 20, "t": 36, "b": 40},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"size": 13},
        "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0},
        "yaxis": {"automargin": True},
        "xaxis": {"automargin": True},
    } | more


_WIDTHS = {"zh": 12, "en": 22}


def wrapped(labels: Iterable[Text], language: str) -> list[str]:
    """Return labels in at most three lines that leave room for the bars; in more where two labels
    would become one, whose bars would be drawn as one.
    """
    texts, width = [label.pick(language) for label in labels], _WIDTHS[language]
    short = ["<br>".join(wrap(text, width, max_lines=3, placeholder=" …")) for text in texts]
    if len(set(short)) == len(set(texts)):
        return short
    return ["<br>".join(wrap(text, width)) for text in texts]


def _height(labels: Sequence[Text], row: int = 14) -> int:
    """Return the height of bars with labels: all are as high as the longest label needs."""
    lines = max(
        (label.count("<br>") + 1 for one in _WIDTHS for label in wrapped(labels, one)), default=1
    )
    return 110 + len(labels) * (row + 16 * lines)


def millions(fen: int) -> float:
    """Return an amount in million yuan, for drawing."""
    return fen / _MILLION_FEN


_UNIT = Text("百万元", "million yuan")


def _alone(title: Text) -> Text:
    """Return a title that is not told as a part of another."""
    return Text(title.zh.removeprefix("其中："), title.en.removeprefix("of which "))


def who_pays(compared: Comparison, number: int) -> Picture:
    """Return what each fund and the persons pay more or less."""
    base, reform = compared.base.costs, compared.reform.costs
    names = [*sums.paying([base, reform]), "account", "cash"]
    labels = [_alone(sums.title_of(name)) for name in names]
    changes = [millions(reform[name] - base[name]) for name in names]

    def draw(language: str) -> dict[str, Any]:
        titles = wrapped(labels, language)
        colours = [
            (LOSS if change > 0 else GAIN) if name in ("account", "cash") else COLOURS[0]
            for name, change in zip(names, changes, strict=True)
        ]
        bar = {
            "type": "bar",
            "orientation": "h",
            "x": changes[::-1],
            "y": titles[::-1],
            "marker": {"color": colours[::-1]},
            "hovertemplate": "%{y}: %{x:,.4f} " + _UNIT.pick(language) + "<extra></extra>",
        }
        axis = {"title": {"text": _UNIT.pick(language)}, "zerolinecolor": BASE, "automargin": True}
        return {"data": [bar], "layout": layout(xaxis=axis)}

    title = Text("支付各方的增减", "Who pays more, who pays less")
    return _picture(f"who_pays_{number}", title, draw, _height(labels) + 20)


def winners(dimension: ByDimension, number: int) -> Picture:
    """Return the share of winners and losers in each group."""
    groups = dimension.groups[::-1]
    labels = [group.title for group in groups]

    def shares(name: str) -> list[float]:
        return [100 * getattr(g.gains, name) / max(g.gains.units, 1) for g in groups]

    def draw(language: str) -> dict[str, Any]:
        titles = wrapped(labels, language)
        parts = (
            ("winners", Text("少付", "pay less"), GAIN),
            ("losers", Text("多付", "pay more"), LOSS),
        )
        bars = [
            {
                "type": "bar",
                "orientation": "h",
                "name": text.pick(language),
                "y": titles,
                "x": shares(name) if name == "winners" else [-share for share in shares(name)],
                "customdata": shares(name),
                "marker": {"color": colour},
                "hovertemplate": "%{y}: %{customdata:.2f}%<extra>"
                + text.pick(language)
                + "</extra>",
            }
            for name, text, colour in parts
        ]
        axis = {"ticksuffix": "%", "zerolinecolor": BASE, "automargin": True}
        return {"data": bars, "layout": layout(barmode="relative", xaxis=axis)}

    title = Text(
        f"少付和多付者的比例：按{dimension.title.zh}",
        f"Share of winners and losers by {show.within(dimension.title.en)}",
    )
    return _picture(
        f"winners_{dimension.name}_{number}",
        title,
        draw,
        _height(labels),
    )


def distribution(compared: Comparison, number: int) -> Picture:
    """Return what persons with claims pay, at each quantile, before and after."""

    def draw(language: str) -> dict[str, Any]:
        at = [f"{float(share * 100):g}%" for share in SHARES]
        sides = (
            (Text("现行", "rules"), compared.base.spread, BASE),
            (Text("方案", "reform"), compared.reform.spread, COLOURS[0]),
        )
        lines = [
            {
                "type": "bar",
                "name": text.pick(language),
                "x": at,
                "y": [fen / 100 for fen in spread],
                "marker": {"color": colour},
                "hovertemplate": "%{x}: %{y:,.2f}<extra></extra>",
            }
            for text, spread, colour in sides
        ]
        axis = {"type": "log", "title": {"text": Text("元（对数）", "yuan (log)").pick(language)}}
        about = layout(
            barmode="group", yaxis=axis | {"automargin": True}, xaxis={"type": "category"}
        )
        return {"data": lines, "layout": about}

    title = Text("有就医者一年个人负担的分布", "What persons with claims pay in a year")
    return _picture(f"distribution_{number}", title, draw)


def response(compared: Comparison, number: int) -> Picture:
    """Return what funds pay more with and without response."""
    base = compared.base.costs["fund"]
    values = [compared.reform.costs["fund"], *(int(run.fund) for run in compared.response)]

    def draw(language: str) -> dict[str, Any]:
        names = (
            Text("无反应（结算）", "none (settled)"), Text("低弹性", "low"),
            Text("中弹性", "central"), Text("高弹性", "high"),
        )  # fmt: skip
        bar = {
            "type": "bar",
            "x": [name.pick(language) for name in names],
            "y": [millions(value - base) for value in values],
            "marker": {"color": [COLOURS[0], *[SAME] * 3], "line": {"color": BASE, "width": 1}},
            "hovertemplate": "%{x}: %{y:,.4f}<extra></extra>",
        }
        axis = {"title": {"text": _UNIT.pick(language)}, "automargin": True, "zerolinecolor": BASE}
        return {"data": [bar], "layout": layout(yaxis=axis)}

    title = Text("行为反应下的基金支出增减", "What funds pay more if behaviour responds")
    return _picture(f"response_{number}", title, draw)


def reforms(study: Study) -> Picture:
    """Return cost against losers and winners for every reform."""
    labels = [outcome.reform.title for outcome in study.outcomes]

    def draw(language: str) -> dict[str, Any]:
        names = wrapped(labels, language)
        bars = []
        for text, colour, sign, name in (
            (Text("少付合计", "saved by winners"), GAIN, 1, "gain"),
            (Text("多付合计", "lost by losers"), LOSS, -1, "loss"),
        ):
            amounts = [getattr(o.comparison.whole, name) for o in study.outcomes]
            bars.append(
                {
                    "type": "bar",
                    "orientation": "h",
                    "name": text.pick(language),
                    "y": names[::-1],
                    "x": [sign * millions(amount) for amount in amounts[::-1]],
                    "marker": {"color": colour},
                    "hovertemplate": "%{y}: %{x:,.4f}<extra></extra>",
                }
            )
        axis = {"title": {"text": _UNIT.pick(language)}, "zerolinecolor": BASE, "automargin": True}
        return {"data": bars, "layout": layout(barmode="relative", xaxis=axis)}

    title = Text("各方案的得与失", "Gains and losses of each reform")
    return _picture("reforms", title, draw, _height(labels, 28) + 20)


def of_comparison(compared: Comparison, number: int) -> Iterator[Picture]:
    """Yield the pictures of one reform."""
    yield who_pays(compared, number)
    yield distribution(compared, number)
    for dimension in compared.groups:
        if _tells(dimension):
            yield winners(dimension, number)
    yield response(compared, number)


def _tells(dimension: ByDimension) -> bool:
    """Tell whether a picture of the groups shows anything."""
    return len(dimension.groups) > 1 and any(
        group.gains.winners or group.gains.losers for group in dimension.groups
    )
