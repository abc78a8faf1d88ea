"""A study as one HTML file that needs nothing else: text, tables, pictures, in both languages.

Everything that comes from packs and populations is escaped, also within the pictures' data.
"""

from __future__ import annotations

import json
from fractions import Fraction
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from yibao.macro.simulation.report import pictures
from yibao.macro.simulation.report.content import content
from yibao.macro.simulation.report.pictures import Picture
from yibao.macro.simulation.report.table import Cell, Kind, Of, cell
from yibao.macro.simulation.study import Study
from yibao.text import Text

_SIGNED: frozenset[str] = frozenset({"change", "count_change", "growth"})


def page(study: Study, language: str = "zh") -> str:
    """Return the report as HTML; `language` is the one shown first."""
    whole = content(study)
    drawn = [
        list(pictures.of_comparison(s.outcome.comparison, n)) for n, s in enumerate(whole.sections)
    ]
    first = [pictures.reforms(study)] if len(whole.sections) > 1 else []
    return render(
        "report.html",
        language,
        [picture for some in [first, *drawn] for picture in some],
        study=study,
        whole=whole,
        drawn=drawn,
        first=first,
    )


def render(template: str, language: str, plots: list[Picture], **context: Any) -> str:
    """Return a page of this package with its styles, its script and Plotly within."""
    environment = Environment(
        loader=PackageLoader("yibao.macro.simulation.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"t": both}
    environment.globals.update(say=_say, cell=_cell, classes=_classes)
    static = files("yibao.macro.simulation.report") / "static"
    return environment.get_template(template).render(
        language=language,
        style=Markup((static / "report.css").read_text(encoding="utf-8")),
        script=Markup((static / "report.js").read_text(encoding="utf-8")),
        plotly=Markup(_plotly()),
        figures=Markup(_json({p.name: p.figures for p in plots})),
        **context,
    )


def both(text: Text) -> Markup:
    """Return a text in both languages; the style sheet shows the one chosen."""
    if text.zh == text.en:
        return escape(text.zh)
    return Markup('<span lang="zh-CN">{}</span><span lang="en">{}</span>').format(*text)


def _say(zh: str, en: str) -> Markup:
    return both(Text(zh, en))


def _cell(value: Cell, kind: Kind) -> Markup:
    return both(Text(cell(value, kind, "zh"), cell(value, kind, "en")))


def _classes(value: Cell, kind: Kind) -> str:
    """Return how a cell looks: text or number, and up or down where it is a change."""
    if isinstance(value, Of):
        return _classes(value.value, value.kind)
    if kind == "text":
        return "word"
    if kind in _SIGNED and isinstance(value, int | Fraction):
        return "number up" if value > 0 else "number down" if value < 0 else "number"
    return "number"


def _json(data: object) -> str:
    """Return JSON that may stand in a script: nothing in it can end the element."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _plotly() -> str:
    from plotly.offline import get_plotlyjs

    script: str = get_plotlyjs()
    return script
