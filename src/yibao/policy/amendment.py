"""What changed, in the analyst's words: sentences in both languages, grouped by their matter.

Enters: two states of the rules (of one region on two days, with and without an overlay, or of two
regions) and their difference. Leaves: sentences with the documents before and after.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, pairwise
from typing import Literal

from yibao.money import format_rate, format_yuan, half_up, parse_rate, parse_yuan
from yibao.policy.checking.points import Box, axes_of
from yibao.policy.compare import Basis, Difference, Figure, FigureChange, Kind, RuleChange
from yibao.policy.consolidate import Consolidation
from yibao.policy.model import Region, Step, Table, Unit, Value
from yibao.policy.names import BAND
from yibao.policy.vocabulary import band_title, vocabulary
from yibao.text import Text

Group = Literal[
    "contributions", "accounts", "classes", "covered", "deductibles", "rates", "ceilings",
    "amounts", "layers", "calculation",
]  # fmt: skip

GROUPS: dict[Group, Text] = {
    "contributions": Text("筹资与参保", "Who pays in, and who may enrol"),
    "accounts": Text("个人账户", "Personal accounts"),
    "classes": Text("人员与就医怎样归类", "Who and what belongs to which class"),
    "covered": Text("支付范围", "What is covered"),
    "deductibles": Text("起付", "Deductibles"),
    "rates": Text("支付比例", "Rates"),
    "ceilings": Text("封顶与分段", "Ceilings and bands"),
    "amounts": Text("其他数值", "Other figures"),
    "layers": Text("支付层次", "Order of the layers"),
    "calculation": Text("怎样计算", "How it is worked out"),
}
"""The groups in the order in which they are told."""

_FIELDS: dict[str, Group] = {
    "standard": "deductibles", "over": "deductibles", "rate": "rates", "rates": "rates",
    "uplift": "rates", "limit": "ceilings", "edges": "ceilings",
}  # fmt: skip
"""What a table is, by the operand that it serves as."""

_PHASES: dict[str, Group] = {"contribution": "contributions", "coverage": "contributions"}
_KINDS: dict[Kind, Text] = {
    "added": Text("新规定", "New rule"),
    "removed": Text("不再有", "No longer"),
    "replaced": Text("改为", "Changed"),
}


@dataclass(frozen=True, slots=True)
class Sentence:
    """One change as a sentence, with what the rule rested on before and rests on after."""

    group: Group
    text: Text
    before: Basis | None
    after: Basis | None


def sentences(
    before: Consolidation, after: Consolidation, changes: Difference
) -> tuple[Sentence, ...]:
    """Return every change as a sentence, in the order of the groups."""
    found = chain(
        (_figure(before, after, change) for change in changes.figures),
        (_step(before, after, change) for change in changes.steps),
        (_class(before, after, change) for change in changes.classifications),
        _layers(changes.layers),
    )
    order = list(GROUPS)
    return tuple(sorted(found, key=lambda sentence: order.index(sentence.group)))


# --- figures --------------------------------------------------------------------------------------


def _figure(before: Consolidation, after: Consolidation, change: FigureChange) -> Sentence:
    region = after.region if change.table in after.region.tables else before.region
    table = region.tables[change.table]
    key = key_words(region, table, change.key)
    old, new = change.before, change.after
    was, now = (_value(figure, table.unit) for figure in (old, new))
    more = _more(old, new, table.unit)
    titled = Text(
        f"{change.title.zh}{f'（{key.zh}）' if key.zh else ''}",
        f"{change.title.en}{f' ({key.en})' if key.en else ''}",
    )
    rests = _rests(old.basis if old else None, new.basis if new else None)
    return Sentence(
        group=_group_of(table, (*before.steps, *after.steps)),
        text=Text(
            f"{titled.zh}：{was.zh} → {now.zh}{more.zh}{rests.zh}",
            f"{titled.en}: {was.en} → {now.en}{more.en}{rests.en}",
        ),
        before=old.basis if old else None,
        after=new.basis if new else None,
    )


def _group_of(table: Table, steps: Iterable[Step]) -> Group:
    """Return what a table is about, by the phase of the steps that name it and what for."""
    for step in steps:
        for field, operand in step.operands.items():
            named = (operand,) if isinstance(operand, str) else operand
            if any(name.partition("[")[0] == table.name for name in named):
                if step.phase not in ("claim", "year_end"):
                    return _phase(step.phase)
                if field in _FIELDS:
                    return _FIELDS[field]
    by_name: tuple[tuple[str, Group], ...] = (
        ("deductible", "deductibles"), ("start", "deductibles"), ("ceiling", "ceilings"),
        ("limit", "ceilings"),
    )  # fmt: skip
    name = table.measure or table.name
    said = next((group for word, group in by_name if word in name), None)
    return said or ("rates" if table.unit == "rate" else "amounts")


def _phase(phase: str) -> Group:
    return _PHASES.get(phase, "accounts")


def _value(figure: Figure | None, unit: Unit) -> Text:
    if figure is None:
        return Text("无规定", "no rule")
    if figure.value is None:
        return Text(f"缺少数值（{figure.missing}）", f"figure missing ({figure.missing})")
    if figure.value == "unlimited":
        return Text("不封顶", "unlimited")
    return (
        Text(f"{figure.value}元", f"{figure.value} yuan") if unit == "yuan" else _same(figure.value)
    )


def _same(text: str) -> Text:
    return Text(text, text)


def _more(old: Figure | None, new: Figure | None, unit: Unit) -> Text:
    """Return by how much a figure rose or fell: yuan and per cent, or percentage points."""
    was, now = ((f.value if f else None) for f in (old, new))
    if was is None or now is None or "unlimited" in (was, now):
        return Text("", "")
    if unit == "rate":
        points = (parse_rate(now) - parse_rate(was)) * 100
        told = f"{_sign(points)}{format_rate(abs(points) / 100).rstrip('%')}"
        return Text(f"（{told}个百分点）", f" ({told} points)")
    if unit == "count":
        told = f"{int(now) - int(was):+d}"
        return Text(f"（{told}）", f" ({told})")
    fen, base = parse_yuan(now) - parse_yuan(was), parse_yuan(was)
    told = f"{_sign(fen)}{format_yuan(abs(fen))}"
    share = f"{_sign(fen)}{_percent(abs(fen), base)}" if base else ""
    zh, en = (f"，{share}", f", {share}") if share else ("", "")
    return Text(f"（{told}{zh}）", f" ({told}{en})")


def _sign(number: int | Fraction) -> str:
    return "−" if number < 0 else "+"


def _percent(part: int, whole: int) -> str:
    """Return a share in per cent with at most one decimal, rounded half up."""
    tenths = half_up(part * 1000, whole)
    return f"{tenths // 10}.{tenths % 10}%" if tenths % 10 else f"{tenths // 10}%"


# --- keys -----------------------------------------------------------------------------------------


def key_words(region: Region, table: Table, key: Box) -> Text:
    """Return the keys of a figure in the words of the vocabulary and of the region."""
    axes = axes_of(table)
    told = [_axis(region, name, codes, axes.get(name, codes)) for name, codes in key.items()]
    return Text("，".join(t.zh for t in told), ", ".join(t.en for t in told))


def _axis(region: Region, name: str, codes: Sequence[Value], axis: Sequence[Value]) -> Text:
    attribute = vocabulary().attributes.get(name)
    if attribute is not None and attribute.kind == "number":
        title = Text("年龄", "age") if name == "age" else attribute.title
        ranges = _ranges([c for c in codes if isinstance(c, int)], axis)
        return Text(f"{title.zh}{'、'.join(ranges)}", f"{title.en} {' or '.join(ranges)}")
    told = [_code(region, name, code) for code in codes]
    return Text("、".join(t.zh for t in told), " or ".join(t.en for t in told))


def _code(region: Region, name: str, code: Value) -> Text:
    attribute = vocabulary().attributes.get(name)
    if isinstance(code, bool) and attribute is not None:
        title = attribute.title
        return title if code else Text(f"未“{title.zh}”", f"not “{title.en}”")
    text = "+".join(sorted(code)) if isinstance(code, frozenset) else str(code)
    if name == BAND:
        return band_title(text)
    if name in region.classifications:
        return region.classifications[name].codes.get(text, _same(text))
    if name in region.state_attributes:
        title = region.state_attributes[name].title
        return Text(f"{title.zh}{text}", f"{title.en} {text}")
    own = {one.code: one.title for one in region.codes.get(name, ())}
    return ((attribute.codes if attribute else None) or own).get(text, _same(text))


def _ranges(codes: Sequence[int], axis: Sequence[Value]) -> list[str]:
    bounds = sorted(bound for bound in axis if isinstance(bound, int))
    ends = dict(pairwise(bounds))
    return [f"{code}–{ends[code] - 1}" if code in ends else f"≥{code}" for code in sorted(codes)]


# --- rules ----------------------------------------------------------------------------------------


def _step(before: Consolidation, after: Consolidation, change: RuleChange) -> Sentence:
    steps = {s.id: s for s in (*before.steps, *after.steps)}
    step = steps[change.name]
    if step.phase not in ("claim", "year_end"):
        group = _phase(step.phase)
    else:
        group = "covered" if step.op in ("exclude", "refuse") else "calculation"
    return _rule(change, group, None)


def _class(before: Consolidation, after: Consolidation, change: RuleChange) -> Sentence:
    known = {**before.region.classifications, **after.region.classifications}
    return _rule(change, "classes", known[change.name].title)


def _rule(change: RuleChange, group: Group, title: Text | None) -> Sentence:
    basis = change.after or change.before
    assert basis is not None
    kind = _KINDS[change.kind]
    says = Text(basis.says.zh.rstrip("。"), basis.says.en.rstrip("."))
    rests = _rests(change.before, change.after)
    of = title or Text("", "")
    zh, en = (f"{of.zh}，{kind.zh}", f"{of.en}, {kind.en.lower()}") if title else kind
    text = Text(f"{zh}：{says.zh}{rests.zh}", f"{en}: {says.en}{rests.en}")
    return Sentence(group, text, change.before, change.after)


def _layers(orders: tuple[tuple[str, ...], tuple[str, ...]] | None) -> Iterator[Sentence]:
    if orders is not None:
        titles = vocabulary().layers
        was, now = (
            Text(*(" → ".join(titles[layer][i] for layer in order) for i in (0, 1)))
            for order in orders
        )
        told = Text(f"原为{was.zh}；现为{now.zh}", f"was {was.en}; is {now.en}")
        yield Sentence("layers", told, None, None)


def _rests(before: Basis | None, after: Basis | None) -> Text:
    """Return since when and by which article, and by which one until then."""
    was = f"{before.number} {before.cite}" if before else ""
    if after is None:
        last = before.last if before else None
        zh, en = (f"（{was}", f" ({was}")
        return (
            Text(f"{zh}，至{last}）", f"{en}, until {last})") if last else Text(f"{zh}）", f"{en})")
        )
    by = f"{after.number} {after.cite}"
    zh = f"，自{after.first}起，依据{by}" if after.first else f"，依据{by}"
    en = f", from {after.first} by {by}" if after.first else f", by {by}"
    return Text(
        zh + (f"（原依据{was}）" if was else ""), en + (f" (until then {was})" if was else "")
    )
