"""Article numbers of Chinese documents: their natural order, and which covers which.

A cite such as ``三（九）（十）`` names two articles, ``六（十九）至（二十一）`` three, and
``二（一）、二（二）第2款`` one article and one paragraph. Each is a path: chapter, article,
paragraph; an article covers its paragraphs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

Path_ = tuple[int | str, ...]
"""Where something stands in a document: ``(4, 13, 1)`` is 四（十三）第1款."""

_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")}
_BEFORE = ("标题", "引言", "总则", "序")
"""Parts that stand before the first article."""

_CHINESE = "[一二三四五六七八九十百]+"
_NUMBER = re.compile(
    rf"（(?P<inner>{_CHINESE})）"
    rf"|(?P<outer>{_CHINESE})(?=[（、，；;\s至\d第]|$)"
    rf"|(?P<digits>\d+|第\d+|第{_CHINESE})[条款段项]?"
    r"|§(?P<section>\d+)"
    r"|(?P<stem>[甲乙丙丁])类?(?P<under>\d+)"
)
_TO = re.compile(r"[至—–-]")
_SEPARATOR = re.compile(r"[、；;，]|\s(?=§)")


def number(text: str) -> int:
    """Return a Chinese or Arabic numeral below 1000 as a number: ``二十一`` -> 21."""
    if text.isdecimal():
        return int(text)
    total, unit = 0, 0
    for character in text:
        if character in "十百":
            total += (unit or 1) * (10 if character == "十" else 100)
            unit = 0
        else:
            unit = _DIGITS[character]
    return total + unit


def order(cite: str) -> tuple[tuple[int, int, str], ...]:
    """Return a sort key that puts articles as the document does: 二（七） before 三（九）."""
    tokens = ((_token(found), found) for found in re.findall(_ANY, cite))
    key = tuple(token for token, _ in tokens)
    return ((0, 0, cite), *key) if cite.startswith(_BEFORE) else ((1, 0, ""), *key)


def in_order(cites: Iterable[str], listed: Sequence[str]) -> list[str]:
    """Return cites in the order of a document's list of articles, as far as it has one."""

    def place(cite: str) -> int:
        fits = [n for n, article in enumerate(listed) if cite.startswith(article)]
        return max(fits, key=lambda n: len(listed[n]), default=len(listed))

    return sorted(cites, key=lambda cite: (place(cite), order(cite)))


_ANY = re.compile(
    rf"（{_CHINESE}）|^{_CHINESE}(?=[（、，；;\s至\d第]|$)|第(?:\d+|{_CHINESE})|\d+"
    rf"|[^（\d§\s第、；]+|[（§第、；\s]"
)


def _token(text: str) -> tuple[int, int, str]:
    core = text.strip("（）第")
    if core.isdecimal() or (core and not core.strip("零一二三四五六七八九十百")):
        return (1, number(core), "")
    return (0, 0, text) if text in "§、；（" else (2, 0, text)


@dataclass(frozen=True, slots=True)
class _Level:
    """One number of a path: how deep it stands, and what it says."""

    depth: int
    value: int | str


def paths(cite: str) -> tuple[Path_, ...]:
    """Return the articles that a cite names; what follows an article in words is left out."""
    found: list[Path_] = []
    for part in _SEPARATOR.split(cite):
        found += _part(part.strip(), found[-1] if found else ())
    return tuple(dict.fromkeys(found))


def _part(text: str, before: Path_) -> Iterator[Path_]:
    """Yield the articles of a part between two separators; ``（三）`` goes on in the chapter."""
    levels, ranged = _levels(text, before)
    current: list[_Level] = []
    if levels and levels[0].depth > 0 and before:
        current = [_Level(n, v) for n, v in enumerate(before[: levels[0].depth])]
    for at, level in enumerate(levels):
        sibling = bool(current) and current[-1].depth >= level.depth
        if sibling:
            path = tuple(one.value for one in current)
            yield path
            if at in ranged:
                yield from _between(path, level.value)
        current = [one for one in current if one.depth < level.depth] + [level]
    if current:
        yield tuple(one.value for one in current)


def _between(path: Path_, last: int | str) -> Iterator[Path_]:
    first = path[-1]
    if isinstance(first, int) and isinstance(last, int):
        yield from ((*path[:-1], n) for n in range(first + 1, last))


def _levels(text: str, around: Path_) -> tuple[list[_Level], set[int]]:
    """Read the numbers at the head of a part; the second result tells which end a range."""
    levels: list[_Level] = []
    ranged: set[int] = set()
    at = 0
    while at < len(text):
        gap = _TO.match(text, at)
        if gap and levels:
            at = gap.end()
        match = _NUMBER.match(text, at)
        if match is None:
            if levels or not text:
                break
            head = re.match(r"[^（\d§第、；\s]+", text)
            if head is None:
                break
            levels.append(_Level(0, head.group()))
            at = head.end()
            continue
        level = _read(match, levels, around[:-1])
        if gap and levels:
            ranged.add(len(levels))
            level = _Level(levels[-1].depth, level.value)
        levels.append(level)
        at = match.end()
    return levels, ranged


def _read(match: re.Match[str], before: list[_Level], around: Path_) -> _Level:
    if match["inner"]:
        return _Level(1, number(match["inner"]))
    if match["outer"] or match["section"]:
        return _Level(0, number(match["outer"] or match["section"]))
    if match["stem"]:
        return _Level(2, f"{match['stem']}{match['under']}")
    depth = min(before[-1].depth + 1, 2) if before else min(len(around), 2)
    return _Level(depth, number(match["digits"].lstrip("第")))


def slug(cite: str) -> str:
    """Return a cite as an anchor: no blanks, else as it is written."""
    return re.sub(r"\s+", "-", cite.strip()) or "-"


def best(wanted: Iterable[Path_], held: dict[str, tuple[Path_, ...]]) -> str | None:
    """Return the cite among `held` that covers a wanted article most closely.

    The same article is better than the one around it, and that better than a part of it; of two
    that fit alike the one that names fewer articles.
    """
    targets = tuple(wanted)
    scored = [
        (score, -len(own), -n, cite)
        for n, (cite, own) in enumerate(held.items())
        if (score := max((_fit(t, o) for t in targets for o in own), default=0))
    ]
    return max(scored)[3] if scored else None


def touching(cite: str, others: Iterable[str]) -> Iterator[str]:
    """Yield the cites that name the same article, one around it or a part of it."""
    own = paths(cite)
    for other in others:
        if any(_fit(a, b) for a in own for b in paths(other)):
            yield other


def _fit(target: Path_, own: Path_) -> int:
    if target == own:
        return 1000
    if own and target[: len(own)] == own:
        return 100 + len(own)
    return 10 if target and own[: len(target)] == target else 0
