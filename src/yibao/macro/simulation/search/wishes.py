"""What is searched for: parameters with their legal values, targets, and what is traded off.

    parameters:
    - table: resident_inpatient_rate       # rows of this table …
      when: {rate_level: "3"}              # … that answer under these conditions
      add: {from: -5, to: 5, step: 1}      # points (rates), yuan or counts added to each
    - table: outpatient_deductible
      when: {category: in_service}
      set: {from: "400.00", to: "800.00", step: "100.00"}
    targets:
    - {measure: self_pay, of: {scheme: resident, visit: inpatient}, at_most: "20%"}
    - {measure: fund_change, at_least: "-0.5%", at_most: "0.5%"}
    trade: [fund_change, self_pay]         # the frontier's axes: the less of each, the better

Measures are exact fractions: `self_pay` (own payments over the bill), `fund_change` (what funds pay
more, over what they pay), `personal_change`, `winners` and `losers` (shares of the person-years),
`catastrophic` (share of households with payments above 40 % of income).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from yibao.errors import Defect, MoneyError, PackErrors
from yibao.money import UNLIMITED, parse_yuan
from yibao.policy.model import Number, Unit
from yibao.policy.source import Source, did_you_mean, read
from yibao.policy.vocabulary import vocabulary
from yibao.text import Text

Measure = Literal[
    "self_pay", "fund_change", "personal_change", "winners", "losers", "catastrophic"
]  # fmt: skip
MEASURES: Mapping[str, Text] = {
    "self_pay": Text("自付率", "self-pay"),
    "fund_change": Text("基金支出增减幅度", "change of what funds pay"),
    "personal_change": Text("个人负担增减幅度", "change of what persons pay"),
    "winners": Text("少付者占比", "share who pay less"),
    "losers": Text("多付者占比", "share who pay more"),
    "catastrophic": Text("灾难性支出户占比", "share of households with catastrophic payments"),
}
PLACES = ("scheme", "visit", "level")
MAX_VALUES = 10_000
"""A parameter with more values than this was meant with a larger step."""

_SHARE = re.compile(r"(-?)([0-9]{1,3})(?:\.([0-9]{1,6}))?%")
_SIGNED = re.compile(r"(-?)([0-9]{1,9})(?:\.([0-9]{1,2}))?%?")


@dataclass(frozen=True, slots=True)
class Range:
    """Legal values: first, first + step, … up to last, in the table's unit; fen for yuan."""

    adds: bool
    first: Number
    last: Number
    step: Number

    def values(self) -> tuple[Number, ...]:
        """Return them all."""
        count = int((Fraction(self.last) - Fraction(self.first)) / Fraction(self.step))
        return tuple(self.first + n * self.step for n in range(count + 1))


@dataclass(frozen=True, slots=True)
class Parameter:
    """Rows of a table and what is tried in them; `texts` are the range as written, unread.

    A range is read when the table's unit is known.
    """

    table: str
    when: Mapping[str, Any]
    adds: bool
    texts: tuple[str, str, str]
    place: str


def _title(name: str, code: str) -> Text:
    return (vocabulary().attributes[name].codes or {}).get(code, Text(code, code))


@dataclass(frozen=True, slots=True)
class Asked:
    """A measure, of all claims or of those of some schemes, visit types and levels."""

    measure: Measure
    of: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def title(self) -> Text:
        """What it is called."""
        title = MEASURES[self.measure]
        if not self.of:
            return title
        named = [_title(name, code) for name, codes in self.of for code in codes]
        zh, en = "，".join(t.zh for t in named), ", ".join(t.en for t in named)
        return Text(f"{title.zh}（{zh}）", f"{title.en} ({en})")


@dataclass(frozen=True, slots=True)
class Target:
    """What a measure must be: at least, at most, or both."""

    asked: Asked
    least: Fraction | None
    most: Fraction | None

    def misses(self, value: Fraction) -> Fraction:
        """Return by how much a value misses the target; 0 where it meets it."""
        if self.least is not None and value < self.least:
            return self.least - value
        if self.most is not None and value > self.most:
            return value - self.most
        return Fraction(0)


@dataclass(frozen=True, slots=True)
class Wishes:
    """All of it."""

    parameters: tuple[Parameter, ...]
    targets: tuple[Target, ...]
    trade: tuple[Asked, ...]


def read_wishes(file: Path) -> Wishes:
    """Read a file of parameters and targets; raises PackErrors with every defect and its line."""
    source = read(file)
    reader = _Reader(source)
    wishes = reader.wishes()
    if reader.defects:
        raise PackErrors(reader.defects)
    return wishes


class _Reader:
    """Reads the file and collects what is wrong with it."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.defects: list[Defect] = []

    def wrong(self, path: tuple[str | int, ...], found: str, expected: str) -> None:
        self.defects.append(self.source.defect(path, found, expected))

    def wishes(self) -> Wishes:
        data = self.source.data
        known = {"parameters", "targets", "trade"}
        if self._unknown((), data, known):
            return Wishes((), (), ())
        if not isinstance(data, dict):
            found = "nothing" if data is None else str(data)[:60]
            self.wrong((), found, "parameters, targets and perhaps trade")
            return Wishes((), (), ())
        parameters = tuple(self._parameters(data.get("parameters")))
        targets = tuple(self._targets(data.get("targets")))
        trade = tuple(self._trade(data.get("trade"), targets))
        return Wishes(parameters, targets, trade)

    def _unknown(self, path: tuple[str | int, ...], found: Any, allowed: set[str]) -> bool:
        """Tell of each key that is none of those allowed, with the nearest."""
        unknown = [key for key in found if key not in allowed] if isinstance(found, dict) else []
        for key in unknown:
            hint = did_you_mean(str(key), sorted(allowed))
            self.wrong((*path, key), str(key), f"among {', '.join(sorted(allowed))}{hint}")
        return bool(unknown)

    def _list(self, name: str, found: Any) -> list[Any]:
        if not isinstance(found, list) or not found:
            self.wrong((name,), str(found)[:60], f"a list of {name}, at least one")
            return []
        return found

    def _parameters(self, found: Any) -> Iterator[Parameter]:
        for n, one in enumerate(self._list("parameters", found)):
            path = ("parameters", n)
            if self._unknown(path, one, {"table", "when", "set", "add"}):
                continue
            ways = {"set", "add"} & set(one) if isinstance(one, dict) else set()
            if len(ways) != 1 or not {"table", "when", *ways} >= set(one) or "table" not in one:
                self.wrong(path, str(one)[:80], "table, perhaps when, and either set or add")
                continue
            (way,) = ways
            span, when = one[way], one.get("when") or {}
            if not isinstance(span, dict) or set(span) != {"from", "to", "step"}:
                self.wrong((*path, way), str(span)[:60], "from, to and step")
                continue
            if not isinstance(when, dict):
                self.wrong((*path, "when"), str(when)[:60], "keys of the table with their codes")
                continue
            texts = (str(span["from"]), str(span["to"]), str(span["step"]))
            place = f"{self.source.file}:{self.source.line(path)}"
            yield Parameter(str(one["table"]), when, way == "add", texts, place)

    def _targets(self, found: Any) -> Iterator[Target]:
        for n, one in enumerate(self._list("targets", found)):
            path = ("targets", n)
            allowed = {"measure", "of", "at_least", "at_most"}
            if self._unknown(path, one, allowed):
                continue
            bounds = {"at_least", "at_most"} & set(one) if isinstance(one, dict) else set()
            if not bounds or not allowed >= set(one):
                self.wrong(path, str(one)[:80], "measure, perhaps of, at_least and/or at_most")
                continue
            asked = self._asked((*path, "measure"), one.get("measure"), one.get("of"))
            least = self._share((*path, "at_least"), one.get("at_least"))
            most = self._share((*path, "at_most"), one.get("at_most"))
            if least is not None and most is not None and least > most:
                self.wrong(path, f"at_least {one['at_least']}", f"no more than {one['at_most']}")
            if asked is not None:
                yield Target(asked, least, most)

    def _trade(self, found: Any, targets: Sequence[Target]) -> Iterator[Asked]:
        if found is None:
            yield Asked("fund_change")
            others = [t.asked for t in targets if t.asked.measure != "fund_change"]
            yield others[0] if others else Asked("losers")
            return
        if not isinstance(found, list) or len(found) != 2:
            self.wrong(("trade",), str(found)[:60], "two measures")
            return
        for n, one in enumerate(found):
            named = [t.asked for t in targets if t.asked.measure == one]
            asked = named[0] if named else self._asked(("trade", n), one, None)
            if asked is not None:
                yield asked

    def _asked(self, path: tuple[str | int, ...], measure: Any, of: Any) -> Asked | None:
        if measure not in MEASURES:
            hint = did_you_mean(str(measure), MEASURES)
            self.wrong(path, str(measure), f"one of {', '.join(MEASURES)}{hint}")
            return None
        places = of or {}
        if not isinstance(places, dict) or not set(PLACES) >= set(places):
            self.wrong((*path[:-1], "of"), str(of)[:60], f"among {', '.join(PLACES)}")
            return None
        if places and measure in ("winners", "losers", "catastrophic"):
            self.wrong((*path[:-1], "of"), str(of)[:60], f"no `of`: {measure} is of persons")
            return None
        named = (
            (name, tuple(map(str, codes if isinstance(codes, list) else [codes])))
            for name, codes in places.items()
        )
        return Asked(measure, tuple(named))

    def _share(self, path: tuple[str | int, ...], text: Any) -> Fraction | None:
        if text is None:
            return None
        match = _SHARE.fullmatch(str(text))
        if match is None:
            self.wrong(path, str(text), 'a share such as "20%" or "-0.5%"')
            return None
        sign, whole, decimals = match.groups(default="")
        share = Fraction(int(whole + decimals), 100 * 10 ** len(decimals))
        return -share if sign else share


def range_of(parameter: Parameter, unit: Unit) -> Range:
    """Return the legal values of a parameter in its table's unit; raises MoneyError."""
    try:
        first, last, step = (_number(t, unit, signed=parameter.adds) for t in parameter.texts)
    except MoneyError as error:
        raise MoneyError(f"{parameter.place}: {error}") from None
    if step <= 0 or last < first:
        told = " / ".join(parameter.texts)
        raise MoneyError(f"{parameter.place}: {told}: expected from ≤ to and a step above 0")
    found = Range(parameter.adds, first, last, step)
    if (Fraction(last) - Fraction(first)) / Fraction(step) >= MAX_VALUES:
        raise MoneyError(f"{parameter.place}: more than {MAX_VALUES} values; take a larger step")
    return found


def _number(text: str, unit: Unit, *, signed: bool) -> Number:
    match = _SIGNED.fullmatch(text)
    if match is None or (match[1] and not signed) or (text.endswith("%") and unit != "rate"):
        raise MoneyError(f"{text!r} is no {unit} that can be tried")
    if unit == "rate" and not signed and not text.endswith("%"):
        raise MoneyError(f"{text!r} is no rate; write {text}%")
    if unit == "yuan":
        fen = parse_yuan(text.removeprefix("-"))
        if fen >= UNLIMITED:
            raise MoneyError(f"{text!r} is too large")
        return -fen if match[1] else fen
    exact = Fraction(text.rstrip("%"))
    if unit == "rate":
        return exact / 100
    if exact.denominator != 1:
        raise MoneyError(f"{text!r} is no whole number")
    return int(exact)
