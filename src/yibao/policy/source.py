"""Strict YAML: text in, plain data with line numbers out.

Anchors, aliases, tags, floats and duplicate keys are defects. Plain `true`, `false`, `null` and
integers get their type; every other scalar is text (dates too: the schema checks their form).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from yibao.errors import Defect, PackErrors

Path_ = tuple[str | int, ...]

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_DIGITS = 18
"""Longest integer, in digits: what 64 bits hold."""

_FLOAT = re.compile(r"[-+]?([0-9][0-9_]*\.[0-9_]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
_DEPTH = 50
"""Deepest nesting of a file; a pack needs some ten levels."""

_UTF8 = "a UTF-8 file: save it again with the encoding UTF-8"
_PUNCTUATION = dict(zip("：，｛｝［］＃　", ":,{}[]# ", strict=True))
"""Characters of a Chinese keyboard that YAML reads as text, and those that it needs."""

_UNSPACED = re.compile(r"^\s*(?:- )?([A-Za-z_]+):([^\s:/][^:]*)$")
_UNQUOTED = re.compile(r"[{,]\s*\w+: ([^\"'{\[,}][^,}\"]*: [^,}]*)")

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Source:
    """A file's data and the line (from 1) of each place in it."""

    file: Path
    data: Any
    lines: dict[Path_, int]

    def line(self, path: Path_) -> int:
        """Return the line of the nearest known place at or above `path`."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def defect(self, path: Path_, found: str, expected: str) -> Defect:
        """Return a defect at `path`."""
        return Defect(self.file, self.line(path), found, expected)


def did_you_mean(found: str, names: Iterable[str]) -> str:
    """Return a hint at the nearest name, or nothing when none is near."""
    near = get_close_matches(found, list(names), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def read(file: Path) -> Source:
    """Read one strict YAML file; raises PackErrors with the line of the first defect."""
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise _failure(file, 1, f"byte {error.start} is not UTF-8", _UTF8) from None
    except OSError as error:
        raise _failure(file, 1, error.strerror or "an unreadable file", "a readable file") from None
    return _parsed(file, text)


@lru_cache(maxsize=512)
def _parsed(file: Path, text: str) -> Source:
    """Parse each text once: regions share the documents above them. Nobody changes the data."""
    return _Builder(file).build(text)


def _failure(file: Path, line: int, found: str, expected: str) -> PackErrors:
    return PackErrors([Defect(file, line, found, expected)])


def _malformed(file: Path, text: str, line: int, problem: str) -> PackErrors:
    """Say what most likely broke the YAML: the parser notes it on the line, or on one after it."""
    lines = text.splitlines()
    for number in (line, line - 1):
        cause = _cause(lines[number - 1]) if 1 <= number <= len(lines) else None
        if cause is not None:
            return _failure(file, number, *cause)
    expected = "well-formed YAML: fields of one thing equally far indented, every bracket closed"
    return _failure(file, line, problem, expected)


def _cause(line: str) -> tuple[str, str] | None:
    bare = re.sub(r"\"[^\"]*\"|'[^']*'", '""', line.partition(" #")[0])
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "a tab at the beginning of the line", "blanks"
    if "\u00a0" in bare:
        return "a no-break space", "an ordinary blank"
    if (found := _UNSPACED.match(bare)) is not None:
        return f"{found[1]}:{found[2]} without a blank", f"{found[1]}: {found[2]}"
    if (found := _UNQUOTED.search(bare)) is not None:
        return f"a colon in the text {found[1]!r}", f'the text in quotes: "{found[1]}"'
    for sign in bare:
        if sign in _PUNCTUATION:
            wanted = _PUNCTUATION[sign]
            name = "a blank" if wanted == " " else f"{wanted!r}"
            return f"the Chinese sign {sign!r}", f"{name}, or the whole text in quotes"
    return None


class _Builder:
    def __init__(self, file: Path) -> None:
        self.file = file
        self.lines: dict[Path_, int] = {}

    def build(self, text: str) -> Source:
        try:
            events = iter(yaml.parse(text, Loader=_LOADER))
            data: Any = None
            for event in events:
                if isinstance(event, yaml.DocumentStartEvent):
                    if () in self.lines:
                        mark = event.start_mark
                        line = mark.line + 1 if mark else 1
                        raise _failure(self.file, line, "a second document", "one in each file")
                    data = self._node(next(events), events, ())
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark else 1
            raise _malformed(self.file, text, line, str(error.problem)) from None
        except yaml.YAMLError as error:
            raise _failure(self.file, 1, str(error), "well-formed YAML") from None
        return Source(self.file, data, self.lines)

    def _node(self, event: Any, events: Iterator[Any], path: Path_) -> Any:
        line = event.start_mark.line + 1
        self.lines[path] = line
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise _failure(self.file, line, "an anchor or alias", "the value written out")
        if len(path) > _DEPTH:
            raise _failure(self.file, line, f"more than {_DEPTH} levels", "a flatter file")
        if event.tag is not None:
            raise _failure(self.file, line, f"the tag {event.tag}", "a plain value")
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, line)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(events, path)
        return self._mapping(events, path)

    def _scalar(self, event: Any, line: int) -> str | int | bool | None:
        value: str = event.value
        if not event.implicit[0]:
            return value
        if value in _WORDS:
            return _WORDS[value]
        if _INTEGER.fullmatch(value):
            if len(value) > _DIGITS:
                found = f"a number of {len(value)} digits"
                raise _failure(self.file, line, found, f"at most {_DIGITS} digits")
            return int(value)
        if _FLOAT.fullmatch(value):
            raise _failure(
                self.file, line, f"the number {value}", 'a quoted amount such as "800.00" or "65%"'
            )
        return value

    def _sequence(self, events: Iterator[Any], path: Path_) -> list[Any]:
        items: list[Any] = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self._node(event, events, (*path, len(items))))
        return items

    def _mapping(self, events: Iterator[Any], path: Path_) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            line = event.start_mark.line + 1
            if not isinstance(event, yaml.ScalarEvent):
                raise _failure(self.file, line, "a key that is not text", "a text key")
            key: str = event.value
            if key in result:
                raise _failure(self.file, line, f"the key {key!r} twice", "each key once")
            result[key] = self._node(next(events), events, (*path, key))
            self.lines[(*path, key)] = line
        return result
