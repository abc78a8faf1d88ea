"""Pictures of a calibration report, as SVG: ages, distances from targets, how cost concentrates.

Enters: a report. Leaves: texts of SVG elements that browsers and Word show alike. Coordinates are
only drawn; nothing is computed from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from html import escape

import numpy as np

from yibao.macro.population.report import SIGMAS, Report, Row
from yibao.text import Text

Place = Callable[[float], float]
"""Where a relative distance lies on a picture."""

_WIDE = 960
_FONTS = "'Noto Sans CJK SC','Source Han Sans SC','Microsoft YaHei','PingFang SC',sans-serif"
# Okabe and Ito's colours, which the colour-blind tell apart too.
_BLUE, _RED, _GREEN, _ORANGE, _GREY = "#0072B2", "#D55E00", "#009E73", "#E69F00", "#999999"
_YEARS = (_BLUE, _GREEN, _ORANGE, "#CC79A7", "#56B4E9", _RED, "#F0E442")

_SAY = {
    "ages": Text(
        "年龄与性别：人群（色块）与普查（线）", "Age and sex: population (bars), census (lines)"
    ),
    "male": Text("男", "Men"),
    "female": Text("女", "Women"),
    "share": Text("占总人口的百分比", "Percent of all persons"),
    "targets": Text(
        "与目标的相对差（%）：灰带为允许差，须线为三倍抽样误差",
        "Distance from each target (%): grey the tolerance, whiskers three sampling errors",
    ),
    "met": Text("达到", "met"),
    "missed": Text("未达到", "missed"),
    "lorenz": Text(
        "费用集中：按费用从低到高累计的人数与费用",
        "Concentration: cost held by persons, lowest cost first",
    ),
    "persons": Text("人数累计（%）", "Persons (%)"),
    "cost": Text("费用累计（%）", "Cost (%)"),
    "tenth": Text("最高十分之一人占费用", "the highest tenth has"),
}


def pictures(report: Report, language: str) -> list[str]:
    """Return all pictures of a report."""
    return [ages(report, language), distances(report, language), lorenz(report, language)]


def _svg(height: int, title: Text, language: str, parts: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDE} {height}" '
        f'font-family="{_FONTS}" font-size="13" role="img">'
    )
    back = f'<rect width="{_WIDE}" height="{height}" fill="white"/>'
    name = escape(title.pick(language))
    top = f'<text x="24" y="30" font-size="17" font-weight="600">{name}</text>'
    return "\n".join([head, f"<title>{name}</title>", back, top, *parts, "</svg>"])


def _text(x: float, y: float, text: str, anchor: str = "start", colour: str = "#222") -> str:
    style = f'text-anchor="{anchor}" fill="{colour}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(text)}</text>'


def _line(
    start: tuple[float, float], end: tuple[float, float], colour: str, wide: float = 1
) -> str:
    return (
        f'<line x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}" '
        f'stroke="{colour}" stroke-width="{wide}"/>'
    )


def _bar(at: tuple[float, float], size: tuple[float, float], colour: str, opacity: float) -> str:
    return (
        f'<rect x="{at[0]:.1f}" y="{at[1]:.1f}" width="{max(size[0], 0):.1f}" '
        f'height="{size[1]:.1f}" fill="{colour}" fill-opacity="{opacity}"/>'
    )


# --- ages -----------------------------------------------------------------------------------------


def ages(report: Report, language: str) -> str:
    """Draw the pyramid of ages: what the files have as bars, the census as lines."""
    first, census = report.figures.census()
    found = report.measured.ages / max(report.measured.persons, 1)
    # The two youngest groups are of one and four years: drawn as one of five, like all others.
    census, found = (np.hstack([x[:, :1] + x[:, 1:2], x[:, 2:]]) for x in (census, found))
    low = [0, *map(int, first[2:])]
    most = max(float(census.max()), float(found.max())) * 1.08
    middle, half, step, top = _WIDE / 2, 360.0, 20, 60
    parts = []
    for at, age in enumerate(low):
        y = top + step * (len(low) - 1 - at)
        parts.append(
            _text(middle, y + 14, f"{age}+" if at == len(low) - 1 else f"{age}–", "middle")
        )
        for row, side, colour in ((0, -1, _BLUE), (1, 1, _RED)):
            near = middle + side * 28
            wide = half * found[row, at] / most
            parts.append(
                _bar((min(near, near + side * wide), y + 2), (wide, step - 4), colour, 0.55)
            )
            end = near + side * half * census[row, at] / most
            parts.append(_line((end, y), (end, y + step), "#111", 2))
    bottom = top + step * len(low) + 8
    for share in np.arange(0, most, 0.01):
        for side in (-1, 1):
            x = middle + side * (28 + half * share / most)
            parts.append(_text(x, bottom + 12, f"{100 * share:.0f}", "middle", "#555"))
    parts.append(_text(middle - 200, 52, _SAY["male"].pick(language), "middle", _BLUE))
    parts.append(_text(middle + 200, 52, _SAY["female"].pick(language), "middle", _RED))
    parts.append(_text(middle, bottom + 32, _SAY["share"].pick(language), "middle", "#555"))
    return _svg(bottom + 46, _SAY["ages"], language, parts)


# --- distances ------------------------------------------------------------------------------------


def distances(report: Report, language: str) -> str:
    """Draw how far each figure is from its target, relative to the target."""
    rows = [row for row in report.rows if row.rule == "about" and row.target]
    left, right, step, top = 400, 40, 17, 62
    width = _WIDE - left - right
    reach = 0.12

    def x(share: float) -> float:
        return left + width * (min(max(share, -reach), reach) + reach) / (2 * reach)

    bottom = top + step * len(rows)
    parts = list(_grid(x, top, bottom))
    for at, row in enumerate(rows):
        parts += _distance(x, row, top + step * at + step / 2, left, language)
    legend = [(_BLUE, "met"), (_RED, "missed")]
    for at, (colour, word) in enumerate(legend):
        parts.append(f'<circle cx="{left + 90 * at}" cy="46" r="4" fill="{colour}"/>')
        parts.append(_text(left + 10 + 90 * at, 50, _SAY[word].pick(language)))
    return _svg(bottom + 34, _SAY["targets"], language, parts)


def _grid(place: Place, top: float, bottom: float) -> Iterator[str]:
    for percent in range(-10, 11, 5):
        at = place(percent / 100)
        yield _line((at, top), (at, bottom), "#bbb" if percent else "#333")
        yield _text(at, bottom + 18, f"{percent:+d}" if percent else "0", "middle", "#555")


def _distance(place: Place, row: Row, y: float, left: float, language: str) -> Iterator[str]:
    yield _text(left - 12, y + 4, row.title.pick(language), "end")
    allowed = row.tolerance / row.target
    low = place(-allowed)
    yield _bar((low, y - 6), (place(allowed) - low, 12), _GREY, 0.3)
    if not np.isfinite(row.achieved):
        return
    off, spread = row.achieved / row.target - 1, SIGMAS * row.error / row.target
    colour = _BLUE if row.met else _RED
    yield _line((place(off - spread), y), (place(off + spread), y), colour, 1.5)
    yield f'<circle cx="{place(off):.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>'


# --- concentration --------------------------------------------------------------------------------


def lorenz(report: Report, language: str) -> str:
    """Draw the Lorenz curves of the years' cost."""
    left, top, side = 90.0, 60.0, 420.0
    parts = [
        f'<rect x="{left}" y="{top}" width="{side}" height="{side}" fill="none" stroke="#999"/>',
        _line((left, top + side), (left + side, top), "#bbb"),
        _line((left + 0.9 * side, top), (left + 0.9 * side, top + side), "#ddd"),
    ]
    for percent in range(0, 101, 20):
        at = percent / 100 * side
        parts.append(_text(left + at, top + side + 18, str(percent), "middle", "#555"))
        parts.append(_text(left - 10, top + side - at + 4, str(percent), "end", "#555"))
    parts.append(_text(left + side / 2, top + side + 40, _SAY["persons"].pick(language), "middle"))
    parts.append(_text(left, top - 8, _SAY["cost"].pick(language), "middle"))
    for at, blocks in enumerate(report.measured.cost):
        cost = np.sort(np.concatenate(blocks)) if blocks else np.zeros(1)
        sums = np.cumsum(cost)
        where = np.unique(np.linspace(0, len(sums) - 1, 201).astype(int))
        share = sums[where] / max(int(sums[-1]), 1)
        points = " ".join(
            f"{left + side * (w + 1) / len(sums):.1f},{top + side * (1 - s):.1f}"
            for w, s in zip(where, share, strict=True)
        )
        colour = _YEARS[at % len(_YEARS)]
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
        )
        year, has = report.measured.span.first + at, _SAY["tenth"].pick(language)
        told = f"{year}: {has} {100 * report.shares[at]:.1f} %"
        y = top + 20 + 26 * at
        parts.append(_line((left + side + 40, y), (left + side + 70, y), colour, 3))
        parts.append(_text(left + side + 80, y + 4, told))
    return _svg(540, _SAY["lorenz"], language, parts)
