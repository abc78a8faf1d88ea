"""What the names in a region's rules are called, in both languages, and where they are explained.

Enters: a region. Leaves: texts for figures, attributes, codes and conditions, in the order in which
the vocabulary or the pack declares them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from yibao.money import UNLIMITED, format_rate, format_yuan
from yibao.policy.model import Among, Between, Condition, Number, OneOf, Region, Unit, Value
from yibao.policy.vocabulary import band_title, vocabulary
from yibao.settlement.explain import CLOSING
from yibao.text import Text

BAND = "band"
ANY = Text("不限", "any")
ALWAYS = Text("所有情形", "every case")
_FLAGS = {True: Text("是", "yes"), False: Text("否", "no")}
_SETS = {
    "any_of": Text("含任一：", "any of: "),
    "all_of": Text("全部具有：", "all of: "),
    "none_of": Text("不含：", "none of: "),
    "two_of": Text("至少两项：", "at least two of: "),
}


@dataclass(frozen=True, slots=True)
class Ref:
    """A name that a rule uses: what it is called, and the page that explains it."""

    name: str
    title: Text
    href: str | None


def same(text: str) -> Text:
    """Return a text that is alike in both languages."""
    return Text(text, text)


def join(texts: Iterable[Text], zh: str, en: str) -> Text:
    """Join texts, with a separator for each language."""
    held = list(texts)
    return Text(zh.join(t.zh for t in held), en.join(t.en for t in held))


def figure(value: Number, unit: Unit) -> Text:
    """Return a figure to be read: ``350,000 yuan``, ``65%``, ``3``; whole yuan without decimals."""
    if unit == "yuan":
        if value == UNLIMITED:
            return Text("不设上限", "no ceiling")
        whole, _, cents = format_yuan(int(value)).partition(".")
        amount = f"{int(whole):,}" + ("" if cents == "00" else f".{cents}")
        return Text(f"{amount} 元", f"{amount} yuan")
    if unit == "count" or isinstance(value, int):
        return same(str(value))
    return same(format_rate(value))


class Naming:
    """The names of one region."""

    def __init__(self, region: Region) -> None:
        self.region = region
        self.words = vocabulary()

    # --- figures ------------------------------------------------------------------------------

    def ref(self, name: str) -> Ref:
        """Return what an operand is called and where it is explained."""
        base = name.partition("[")[0]
        if base in self.region.tables:
            return Ref(name, self.title(name), f"parameters.html#p-{base}")
        if name in self.region.state:
            return Ref(name, self.title(name), f"parameters.html#s-{name}")
        return Ref(name, self.title(name), None)

    def title(self, name: str) -> Text:
        """Return what a figure is called; a name that has no title stands for itself."""
        base, _, band = name.partition("[")
        if base in self.region.tables:
            title = self.region.tables[base].title
            if not band:
                return title
            row = band_title(band.rstrip("]"))
            return Text(f"{title.zh}（{row.zh}）", f"{title.en} ({row.en})")
        return self._titles.get(name) or Text(name, name.replace("_", " "))

    @cached_property
    def _titles(self) -> Mapping[str, Text]:
        """The titles of amounts, funds, results and state values; a claim's before others'."""
        words, titles = self.words, dict(self.region.results)
        for procedure in words.procedures.values():
            titles.update(procedure.payers)
            titles.update(procedure.gives)
            titles.update({name: amount.title for name, amount in procedure.inputs.items()})
        titles.update({name: state.title for name, state in self.region.state.items()})
        titles.update(CLOSING)
        titles.update({name: fund.title for name, fund in words.funds.items()})
        titles.update({name: amount.title for name, amount in words.amounts.items()})
        return titles

    # --- attributes ---------------------------------------------------------------------------

    def attribute(self, name: str) -> Text:
        """Return what an attribute, a classification or a state attribute is called."""
        if name == BAND:
            return Text("分段", "Band")
        region = self.region
        held = (region.classifications, region.state_attributes, self.words.attributes)
        return next((known[name].title for known in held if name in known), same(name))

    def attribute_href(self, name: str) -> str | None:
        """Return where a classification is explained."""
        return f"parameters.html#c-{name}" if name in self.region.classifications else None

    def codes(self, attribute: str) -> Mapping[Any, Text]:
        """Return the codes of an attribute in their declared order, with what they are called."""
        if attribute in self.region.classifications:
            return self.region.classifications[attribute].codes
        if attribute in self.region.state_attributes:
            state = self.region.state_attributes[attribute]
            top = str(state.max)
            more = Text(f"{top}及以上", f"{top} or more")
            return {code: more if code == top else same(code) for code in state.codes()}
        known = self.words.attributes.get(attribute)
        if known is None:
            return {}
        if known.kind == "flag":
            return _FLAGS
        if known.codes is not None:
            return known.codes
        if known.codes_like:
            return self.codes(known.codes_like)
        own = [code for codes in self.region.codes.values() for code in codes]
        return {"none": Text("无", "none")} | {code.code: code.title for code in own}

    def code(self, attribute: str, code: Value) -> Text:
        """Return what a code is called; one without a title stands for itself."""
        if isinstance(code, frozenset):
            return self._listed(attribute, code)
        if attribute == BAND:
            return band_title(str(code))
        if isinstance(code, str | bool):
            return self.codes(attribute).get(code, same(str(code)))
        return same(str(code))

    def _listed(self, attribute: str, codes: Iterable[str | bool]) -> Text:
        known = list(self.codes(attribute))
        held = sorted(codes, key=lambda c: (known.index(c) if c in known else len(known), str(c)))
        return join((self.code(attribute, c) for c in held), "、", ", ")

    # --- conditions ---------------------------------------------------------------------------

    def test(self, condition: Condition) -> Text:
        """Return what a condition asks of its attribute, without the attribute."""
        name = condition.attribute
        if isinstance(condition, OneOf):
            return self._listed(name, condition.codes)
        if isinstance(condition, Between):
            return between(condition, years=name.startswith("age"))
        assert isinstance(condition, Among)
        asked = {word: getattr(condition, word) for word in _SETS}
        parts = (
            join([_SETS[word], self._listed(name, codes)], "", "")
            for word, codes in asked.items()
            if codes
        )
        return join(parts, "；", "; ")

    def condition(self, condition: Condition) -> Text:
        """Return a condition in words: ``Visit type: outpatient visit, emergency visit``."""
        return join([self.attribute(condition.attribute), self.test(condition)], "：", ": ")

    def conditions(self, conditions: Iterable[Condition]) -> Text:
        """Return conditions that must all hold; every case when there are none."""
        told = [self.condition(condition) for condition in conditions]
        return join(told, "；且 ", "; and ") if told else ALWAYS


def between(condition: Between, *, years: bool) -> Text:
    """Return a range of whole numbers: ``60–69``, ``70 and over``, ``below 18``."""
    unit = "岁" if years else ""
    first, below = condition.first, condition.below
    if first is None:
        return ANY if below is None else Text(f"不满{below}{unit}", f"below {below}")
    if below is None:
        return Text(f"{first}{unit}及以上", f"{first} and over")
    if below == first + 1:
        return Text(f"{first}{unit}", str(first))
    return Text(f"{first}–{below - 1}{unit}", f"{first}–{below - 1}")
