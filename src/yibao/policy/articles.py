"""Does a cite name articles that its document has?

Enters: the article numbers that a document lists, and a cite as a pack writes it: one number
(一（三）), several (四（十二）、一（三）), several of one chapter (三（九）（十）), a range
(八（二十六）至（三十一）), a number with more after it (一（一）第4段), or a whole chapter whose
articles are listed. Leaves: the first number that is not listed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

_NUMERAL = "[一二三四五六七八九十百零〇0-9]"
_GROUP = re.compile(rf"（{_NUMERAL}+）")
_PARTS = re.compile(r"[、；;，,]")
_BEGINS = re.compile(rf"(第?{_NUMERAL}+|（{_NUMERAL}+）|§)")


def unlisted(cite: str, articles: Collection[str]) -> str | None:
    """Return the first article number in a cite that is not listed, None when all are."""
    return next((name for name in _named(cite, articles) if not _listed(name, articles)), None)


def _named(cite: str, articles: Collection[str]) -> Iterator[str]:
    """Yield the numbers that a cite names; a later part without one only says what is meant."""
    chapter = ""
    for n, part in enumerate(text.strip() for text in _PARTS.split(cite)):
        groups = _GROUP.findall(part)
        before = part.partition("（")[0] if groups else ""
        if groups:
            chapter = before or chapter
            for group in groups:
                yield chapter + group
        elif n == 0 or _is_number(part, articles):
            chapter = part
            yield part


def _is_number(part: str, articles: Collection[str]) -> bool:
    return bool(_BEGINS.fullmatch(part)) or any(part.startswith(a) for a in articles)


def _listed(name: str, articles: Collection[str]) -> bool:
    if name in articles or any(article.startswith(f"{name}（") for article in articles):
        return True
    return any(_within(name, article, articles) for article in articles)


def _within(name: str, article: str, articles: Collection[str]) -> bool:
    """Tell whether `name` is a part of an article, which is not listed in parts of its own."""
    more = name.removeprefix(article)
    if more == name or re.match(_NUMERAL, more):
        return False
    return not (more.startswith("（") and any(a.startswith(f"{article}（") for a in articles))
