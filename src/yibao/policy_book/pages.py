"""Turn views into HTML: one environment, templates beside this file, texts in both languages.

Everything that comes from a pack is escaped. A text is written once for each language; the style
sheet shows the one that the reader chose.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from yibao.policy_book import labels
from yibao.policy_book.articles import slug
from yibao.policy_book.labels import period
from yibao.policy_book.naming import figure
from yibao.policy_book.views import page_of, short_name
from yibao.text import Text

Languages = Literal["zh", "en", "both"]

STATIC = ("book.css", "book.js")


def static() -> dict[str, str]:
    """Return the style sheet and the script."""
    folder = files("yibao.policy_book") / "static"
    return {name: (folder / name).read_text(encoding="utf-8") for name in STATIC}


class Pages:
    """Renders templates in the languages of a book."""

    def __init__(self, languages: Languages) -> None:
        self.languages = languages
        self._environment = Environment(
            loader=PackageLoader("yibao.policy_book", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        say = lru_cache(maxsize=None)(self._say)
        self._environment.filters |= {"t": say, "iso": str}
        self._environment.globals |= {
            "say": lambda zh, en: say(Text(zh, en)),
            "label": lambda key: say(labels.of(key)),
            "plain": self.plain,
            "period": period,
            "figure": figure,
            "page_of": page_of,
            "short_name": short_name,
            "bar": bar,
            "slug": slug,
            "languages": languages,
            "main_language": "en" if languages == "en" else "zh",
        }

    def render(self, template: str, **context: Any) -> str:
        """Return one page."""
        return self._environment.get_template(template).render(**context)

    def plain(self, text: Text) -> str:
        """Return a text in the main language, for places that hold no markup."""
        return text.pick("en" if self.languages == "en" else "zh")

    def _say(self, text: Text) -> Markup:
        """Return a text as markup, in each language of the book."""
        if self.languages != "both":
            return escape(text.pick(self.languages))
        if text.zh == text.en:
            return escape(text.zh)
        return Markup('<span lang="zh-CN">{}</span><span lang="en">{}</span>').format(*text)


def bar(first: date | None, last: date | None, years: tuple[int, int]) -> str:
    """Return the place of a period on an axis of years, as a style."""
    begin, end = date(years[0], 1, 1), date(years[1], 1, 1)
    whole = (end - begin).days
    left = max(((first or begin) - begin).days, 0)
    right = min(((last or end) - begin + timedelta(days=1 if last else 0)).days, whole)
    width = max(right - left, whole // 200)
    return f"left:{_percent(left, whole)};width:{_percent(min(width, whole - left), whole)}"


def _percent(part: int, whole: int) -> str:
    hundredths = part * 10_000 // whole
    return f"{hundredths // 100}.{hundredths % 100:02d}%"
