"""A curve as a picture: SVG, a text that browsers, Word and print shops show alike.

Enters: a curve. Leaves: the picture as text. Stacked from below are what the person pays and what
each fund pays, so that the upper edge is the bill; the breakpoints are numbered and listed below.
Coordinates are the only floats here: money is read from the curve and only drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from yibao.analysis.curve import CurveOf, Point
from yibao.money import format_yuan
from yibao.policy.model import Text
from yibao.policy.vocabulary import vocabulary

_WIDE, _LEFT, _RIGHT, _TOP, _HIGH = 960, 90, 50, 104, 400
_LINE = 20
# Okabe and Ito's colours, which the colour-blind tell apart too.
_COLOURS = ("#D55E00", "#0072B2", "#56B4E9", "#009E73", "#F0E442", "#CC79A7", "#E69F00", "#999999")
_FONTS = "'Noto Sans CJK SC','Source Han Sans SC','Microsoft YaHei','PingFang SC',sans-serif"

_SAY = {
    "personal": Text("个人负担", "Personal share"),
    "expense": Text("医疗费总额（元）", "Total expense (yuan)"),
    "kinks": Text("转折点", "Breakpoints"),
}


def svg(curve: CurveOf, title: str, patient: str, language: str) -> str:
    """Return the picture of a curve; `patient` says in a line for whom it holds."""
    listed = list(_listed(curve, language))
    return "\n".join(_lines(_Page(curve, language), (title, patient), listed)) + "\n"


class _Page:
    """Where things lie on the picture."""

    def __init__(self, curve: CurveOf, language: str) -> None:
        self.points = curve.points
        self.language = language
        self.first = curve.points[0].expense
        self.top = max(curve.points[-1].expense, self.first + 1)
        funds = [name for name, _ in curve.patient.program.structure.funds]
        self.funds = [name for name in funds if any(p.funds[name] for p in curve.points)]

    def x(self, fen: int) -> str:
        """Return the place of an expense."""
        span = self.top - self.first
        return f"{_LEFT + (_WIDE - _LEFT - _RIGHT) * (fen - self.first) / span:.1f}"

    def y(self, fen: int) -> str:
        """Return the height of an amount."""
        return f"{_TOP + _HIGH * (1 - fen / self.top):.1f}"

    def layers(self) -> list[list[int]]:
        """Return the upper edge of each layer at each point, the person's first."""
        edges = [[point.personal for point in self.points]]
        for fund in self.funds:
            below = edges[-1]
            edges.append([b + p.funds[fund] for b, p in zip(below, self.points, strict=True)])
        return edges

    def names(self) -> list[str]:
        """Return what each layer is called."""
        titles = vocabulary().funds
        return [
            _SAY["personal"].pick(self.language),
            *(titles[name].title.pick(self.language) for name in self.funds),
        ]


def _lines(page: _Page, titles: tuple[str, str], listed: Sequence[str]) -> Iterator[str]:
    height = _TOP + _HIGH + 60 + _LINE * (len(listed) + 2)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDE} {height}" '
        f'font-family="{_FONTS}" font-size="13">'
    )
    yield f'<rect width="{_WIDE}" height="{height}" fill="white"/>'
    yield _text(_LEFT, 28, titles[0], 'font-size="17" font-weight="bold"')
    yield _text(_LEFT, 48, titles[1], 'font-size="11" fill="#555"')
    yield from _legend(page)
    yield from _axes(page)
    below = [0] * len(page.points)
    for n, edge in enumerate(page.layers()):
        there = [f"{page.x(p.expense)},{page.y(v)}" for p, v in zip(page.points, edge, strict=True)]
        back = [f"{page.x(p.expense)},{page.y(v)}" for p, v in zip(page.points, below, strict=True)]
        corners = " ".join([*there, *reversed(back)])
        yield f'<polygon points="{corners}" fill="{_COLOURS[n]}" fill-opacity="0.85"/>'
        below = edge
    yield from _marks(page)
    foot = _TOP + _HIGH + 40
    yield _text(_WIDE / 2, foot, _SAY["expense"].pick(page.language), 'text-anchor="middle"')
    if listed:
        yield _text(
            _LEFT, foot + _LINE * 1.5, _SAY["kinks"].pick(page.language), 'font-weight="bold"'
        )
    for n, line in enumerate(listed):
        yield _text(_LEFT, foot + _LINE * (n + 2.5), line)
    yield "</svg>"


def _text(x: float | str, y: float | str, words: str, more: str = "") -> str:
    return f'<text x="{x}" y="{y}" {more}>{escape(words)}</text>'


def _legend(page: _Page) -> Iterator[str]:
    x = float(_LEFT)
    for n, name in enumerate(page.names()):
        yield f'<rect x="{x:.0f}" y="62" width="14" height="14" fill="{_COLOURS[n]}"/>'
        yield _text(f"{x + 20:.0f}", 74, name)
        x += 40 + sum(13 if ord(letter) > 255 else 7.2 for letter in name)


def _axes(page: _Page) -> Iterator[str]:
    for fen in _ticks(page.top):
        label = f"{fen // 100:,}"
        y = page.y(fen)
        yield f'<line x1="{_LEFT}" x2="{_WIDE - _RIGHT}" y1="{y}" y2="{y}" stroke="#ddd"/>'
        yield _text(_LEFT - 8, y, label, 'text-anchor="end" dominant-baseline="middle"')
        if fen >= page.first:
            x = page.x(fen)
            yield _text(x, _TOP + _HIGH + 18, label, 'text-anchor="middle"')


def _ticks(top: int) -> list[int]:
    """Return four to ten round amounts up to `top`, in fen."""
    unit = 1
    while top // unit > 100:
        unit *= 10
    step = next(n * unit for n in (1, 2, 5, 10) if top // (n * unit) <= 10)
    return list(range(0, top + 1, step))


def _marks(page: _Page) -> Iterator[str]:
    """Draw a dashed line at each breakpoint, with its number."""
    for number, point in _numbered(page.points):
        x = page.x(point.expense)
        yield (
            f'<line x1="{x}" x2="{x}" y1="{_TOP - 4}" y2="{_TOP + _HIGH}" stroke="#333" '
            'stroke-dasharray="3 3"/>'
        )
        yield _text(x, _TOP - 8, str(number), 'text-anchor="middle" font-size="11"')


def _numbered(points: Sequence[Point]) -> Iterator[tuple[int, Point]]:
    """Number the breakpoints, the two sides of one that is no whole fen alike."""
    number, last = 0, None
    for point in points:
        if point.breakpoint is not None and point.breakpoint != last:
            number += 1
            yield number, point
        last = point.breakpoint


def _listed(curve: CurveOf, language: str) -> Iterator[str]:
    for number, point in _numbered(curve.points):
        told = []
        for cause in point.causes:
            title = cause.title.pick(language) or cause.operand
            source = cause.figure or cause.source
            value = f" {cause.value}" if cause.value else ""
            told.append(f"{title}{value} ({source.name.pick(language)} {source.cite})")
        yield f"{number}  {format_yuan(point.expense)}  {'; '.join(dict.fromkeys(told))}"
