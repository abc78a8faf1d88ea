"""The words of the book A–Z: parameters of all regions, and the vocabulary that packs share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from yibao.policy.vocabulary import Attribute, vocabulary
from yibao.policy_book import labels
from yibao.policy_book.naming import join, same
from yibao.policy_book.views import RegionView
from yibao.text import Text

Hit = tuple[str, str, str, Text, Text]


@dataclass(frozen=True, slots=True)
class Use:
    """Where a region explains a name."""

    region: Text
    href: str
    title: Text


@dataclass(frozen=True, slots=True)
class Term:
    """A name, what it is called, what kind of thing it is, and where regions use it."""

    name: str
    kind: Text
    title: Text
    note: Text | None
    uses: tuple[Use, ...]

    @property
    def anchor(self) -> str:
        """The word's place on the page; a name may stand for several kinds of things."""
        return f"t-{self.kind.en.lower().replace(' ', '-')}-{self.name}"


def terms(views: Sequence[RegionView]) -> list[Term]:
    """Return all words, by name."""
    found = [*_shared(), *_declared(views)]
    return sorted(found, key=lambda term: (term.name.lower(), term.kind.en))


def as_hits(words: Iterable[Term]) -> Iterator[Hit]:
    """Yield the shared words for the search; what regions declare is indexed with them."""
    for word in words:
        if not word.uses:
            told = [same(word.name), word.kind, *([word.note] if word.note else ())]
            text = join(told, "；", "; ")
            yield "term", f"glossary.html#{word.anchor}", "", word.title, text


def _shared() -> Iterator[Term]:
    """Yield the vocabulary."""
    words = vocabulary()
    for attribute in words.attributes.values():
        kind = Text("规则可看的属性", "Attribute that rules look at")
        yield Term(attribute.name, kind, attribute.title, _codes(attribute), ())
    amounts = {n: a.title for n, a in words.amounts.items()}
    funds = {n: f.title for n, f in words.funds.items()}
    sections = (
        (Text("费用金额", "Amount of a claim"), amounts),
        (Text("支付方", "Fund"), funds),
        (Text("支付层次", "Layer"), dict(words.layers)),
        (Text("计算结果", "Result"), dict(words.results)),
    )
    for kind, titles in sections:
        for name, title in titles.items():
            yield Term(name, kind, title, None, ())


def _codes(attribute: Attribute) -> Text | None:
    return join(attribute.codes.values(), "、", ", ") if attribute.codes else None


def _declared(views: Sequence[RegionView]) -> Iterator[Term]:
    """Yield what regions declare, one word for a name that several of them use."""
    found: dict[tuple[str, str], list[Use]] = {}
    for view in views:
        region = view.region
        for kind, prefix, things in (
            ("table", "p", region.tables),
            ("classification", "c", region.classifications),
            ("state_value", "s", region.state),
        ):
            for name, thing in things.items():
                href = f"{view.href}/parameters.html#{prefix}-{name}"
                found.setdefault((name, kind), []).append(Use(region.name, href, thing.title))
    for (name, kind), uses in found.items():
        yield Term(name, labels.of(kind), uses[0].title, None, tuple(uses))
