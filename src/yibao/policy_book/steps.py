"""Steps in words: what is done with which figures, as a sentence in both languages.

A sentence is a template with the operation's fields in braces. Fields that no template knows, and
operations that have none, are listed by name, so that nothing of a step is left out of the book.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from yibao.policy.model import Step
from yibao.policy_book.naming import Naming, Ref
from yibao.text import Text

Piece = str | tuple[Ref, ...]
"""A part of a sentence: words, or the figures that stand there."""

_SENTENCES: Mapping[str, Text] = {
    "add": Text("把 {terms} 相加，得 {to}", "Add {terms}, giving {to}"),
    "subtract": Text(
        "从 {from} 中减去 {less}，不低于零，得 {to}",
        "From {from} take {less}, not below zero, giving {to}",
    ),
    "least": Text("取 {terms} 中最小的一个，得 {to}", "Take the smallest of {terms} as {to}"),
    "greatest": Text("取 {terms} 中最大的一个，得 {to}", "Take the largest of {terms} as {to}"),
    "share": Text(
        "{of} 乘以 {rate}，四舍五入到分，得 {to}",
        "Multiply {of} by {rate}, round half up to the fen, giving {to}",
    ),
    "require": Text("须 {if} 成立，否则不予办理", "Require {if}; else it is refused"),
    "times": Text("{of} 乘以 {count}，得 {to}", "Multiply {of} by {count}, giving {to}"),
    "prorate": Text(
        "{of} 按 {part} 占 {whole} 的比例计，四舍五入到分，得 {to}；{whole} 为零时为零",
        "Take the part of {of} that {part} is of {whole}, rounded half up, as {to}; "
        "zero when {whole} is zero",
    ),
    "deductible": Text(
        "从 {of} 中先由个人负担起付：标准为 {standard}，已负担 {met}，本次负担 {to}",
        "Of {of} the person first bears the deductible: the standard is {standard}, {met} has been "
        "met, this time {to} is borne",
    ),
    "cap": Text(
        "{of} 以限额的余下部分为限：限额 {limit}，已用 {used}，得 {to}",
        "{of} is limited to what is left of the limit: {limit} less {used} used, giving {to}",
    ),
    "bands": Text(
        "{of} 从 {start} 之处起分段支付（见下表），得 {to}",
        "{of}, starting at {start}, is paid by bands (table below), giving {to}",
    ),
    "exclude": Text("{of} 不予支付：{to} 为零", "{of} is not payable: {to} is zero"),
    "accumulate": Text("把 {amount} 计入 {into}", "Add {amount} to {into}"),
    "ordinal": Text(
        "给本次编号：{own} 沿用已有的号，没有则为 {total} 加一",
        "Number this one: {own} keeps its number, else it is {total} plus one",
    ),
    "at_most": Text(
        "{value} 不超过 {limit} 时 {to} 为 1，否则为 0",
        "{to} is 1 when {value} is at most {limit}, else 0",
    ),
    "keep": Text(
        "{if} 为 1 时保留 {of}，否则为零，得 {to}",
        "Keep {of} when {if} is 1, else zero, giving {to}",
    ),
    "set": Text("把 {into} 设为 {value}", "Set {into} to {value}"),
    "refuse": Text("符合条件的不予办理", "Whoever this applies to is refused"),
}
_FIELDS: Mapping[str, Text] = {
    "over": Text("低于此处不付", "nothing is paid below"),
    "uplift": Text("各段比例另加（百分点）", "added to each band's rate (percentage points)"),
    "beyond": Text("超出末段的部分记为", "what lies above the last band"),
    "round": Text("舍入", "rounding"),
}
_ROUNDING = {
    "total": Text("合计后舍入一次", "once, on the total"),
    "slice": Text("逐段舍入", "each band by itself"),
}
_BANDS = ("edges", "rates")
_FIELD = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence as pieces, in each language."""

    zh: tuple[Piece, ...]
    en: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class StepInWords:
    """A step: its sentence, the bands of a table, and what the sentence does not say."""

    sentence: Sentence | None
    bands: tuple[tuple[Ref, Ref], ...]
    others: tuple[tuple[Text, tuple[Ref, ...]], ...]


def in_words(step: Step, naming: Naming) -> StepInWords:
    """Return a step in words."""
    template = _SENTENCES.get(step.op)
    told = set(_FIELD.findall(template.zh)) if template else set()
    if not told <= step.operands.keys():  # a sentence with a hole would say something else
        template, told = None, set()
    banded = set(_BANDS) <= step.operands.keys()
    return StepInWords(
        sentence=None
        if template is None
        else Sentence(
            tuple(_pieces(template.zh, step, naming)), tuple(_pieces(template.en, step, naming))
        ),
        bands=tuple(
            (naming.ref(edge), naming.ref(rate))
            for edge, rate in zip(*(step.many(field) for field in _BANDS), strict=True)
        )
        if banded
        else (),
        others=tuple(
            (_FIELDS.get(field, Text(field, field)), _other(field, step, naming))
            for field in step.operands
            if field not in told and not (banded and field in _BANDS)
        ),
    )


def _pieces(template: str, step: Step, naming: Naming) -> Iterator[Piece]:
    for n, part in enumerate(_FIELD.split(template)):
        if n % 2:
            yield tuple(naming.ref(name) for name in step.many(part))
        elif part:
            yield part


def _other(field: str, step: Step, naming: Naming) -> tuple[Ref, ...]:
    names: Sequence[str] = step.many(field)
    if field == "round":
        return tuple(Ref(name, _ROUNDING.get(name, Text(name, name)), None) for name in names)
    return tuple(naming.ref(name) for name in names)
