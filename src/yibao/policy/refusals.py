"""The words of a refusal, in both languages: what is lacking, for whom, when, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from yibao.errors import (
    GradeRefused,
    MissingFigure,
    NoRule,
    NotGiven,
    PolicyError,
    Refused,
    Unclassified,
)
from yibao.policy.model import Classification, Grade, Phase, Region, Row, Step, Table, Text, Value
from yibao.policy.vocabulary import vocabulary


def no_rule(region: Region, day: date, phase: Phase, attributes: Mapping[str, Value]) -> NoRule:
    """No step of the region is in force for this kind of claim or procedure."""
    asked = {name: attributes[name] for name in ("scheme", "visit") if name in attributes}
    who = described(asked)
    procedure = vocabulary().procedures.get(phase)
    if procedure is not None:
        title = procedure.title
        who = Text(f"{title.zh}（{who.zh}）", f"{title.en} ({who.en})")
    return NoRule(
        region.id,
        Text(
            f"{region.name.zh}（{region.id}）在{day}没有适用于{who.zh}的规则",
            f"no rule of {region.name.en} ({region.id}) is in force on {day} for {who.en}",
        ),
    )


def refused(step: Step) -> Refused:
    """A rule says that this person or claim gets nothing, or may not do this."""
    origin = step.origin
    number, says = origin.document.number, origin.says
    return Refused(
        step.id,
        Text(
            f"不予办理：{says.zh}（{number} {origin.cite}）",
            f"refused: {says.en} ({number} {origin.cite})",
        ),
    )


def no_classification(classification: Classification, day: date) -> NoRule:
    """A classification that a rule asks for has no version in force."""
    name, title = classification.name, classification.title
    return NoRule(
        name,
        Text(
            f"分类“{title.zh}”（{name}）在{day}没有有效的规定",
            f"no version of the classification {name} ({title.en}) is in force on {day}",
        ),
    )


def missing_figure(
    table: Table, row: Row | None, day: date, key: Mapping[str, Value]
) -> MissingFigure:
    """No document gives the figure, or one records that nobody has found it."""
    why = row.missing if row is not None and row.missing else ""
    who = described(key)
    return MissingFigure(
        table.name,
        Text(
            f"缺少参数“{table.title.zh}”（{table.name}）：{who.zh}，{day}"
            f"{f'（{why}）' if why else ''}；请用带出处的补充文件（--overlay）给出",
            f"the figure {table.name} ({table.title.en}) for {who.en} on {day} is missing"
            f"{f' ({why})' if why else ''}: give it in an overlay document with its source",
        ),
    )


def grade_refused(table: Table, row: Row, day: date, accept: Grade) -> GradeRefused:
    """The figure is less trustworthy than the caller accepts."""
    grade, source = row.origin.grade.name, row.origin.source
    return GradeRefused(
        table.name,
        Text(
            f"参数“{table.title.zh}”（{table.name}）在{day}的可信度为{grade}（{source}），"
            f"低于所接受的{accept.name}；接受{grade}级（--accept-grade {grade}）方可使用",
            f"the figure {table.name} ({table.title.en}) on {day} has grade {grade} ({source}), "
            f"below the accepted {accept.name}: accept grade {grade} to use it "
            f"(--accept-grade {grade})",
        ),
    )


def unclassified(
    classification: Classification, day: date, asked: Mapping[str, Value]
) -> Unclassified:
    """No row of a classification covers this person or claim."""
    name, title, who = classification.name, classification.title, described(asked)
    return Unclassified(
        name,
        Text(
            f"分类“{title.zh}”（{name}）在{day}没有一行适用于：{who.zh}",
            f"no row of {name} ({title.en}) covers on {day}: {who.en}",
        ),
    )


def circular(classification: Classification) -> Unclassified:
    """A classification cannot be worked out without itself."""
    name = classification.name
    return Unclassified(
        name, Text(f"分类{name}依赖于自身", f"the classification {name} depends on itself")
    )


def unseen(name: str, phase: Phase) -> PolicyError:
    """A rule looks at something that was not given, or that its phase does not know."""
    words = vocabulary()
    if name in words.known_to(phase):
        attribute = words.attributes[name]
        codes = ", ".join(attribute.codes or ())
        how = Text(f"（{codes}）", f": one of {codes}") if codes else Text("", "")
        if attribute.of == "person" and attribute.kind == "number":
            how = Text("，请给出 birth_date", ": give birth_date")
        return NotGiven(
            name,
            Text(
                f"需要给出“{attribute.title.zh}”（{name}）{how.zh}",
                f"{name} ({attribute.title.en}) must be given{how.en}",
            ),
        )
    return PolicyError(
        name,
        Text(f"{phase}阶段的规则不能看{name}", f"a rule of phase {phase} may not look at {name}"),
    )


def amount_needed(phase: Phase, name: str) -> NotGiven:
    """A rule needs an amount that was not given."""
    title = vocabulary().inputs(phase)[name].title
    return NotGiven(
        name,
        Text(f"需要给出“{title.zh}”（{name}）", f"{name} ({title.en}) must be given"),
    )


def described(values: Mapping[str, Value]) -> Text:
    """Return attribute values in the words of the vocabulary."""
    named = [_named(name, value) for name, value in values.items()]
    return Text(
        "、".join(f"{title.zh}={value.zh}" for title, value in named) or "一切情形",
        ", ".join(f"{title.en}={value.en}" for title, value in named) or "every case",
    )


def _named(name: str, value: Value) -> tuple[Text, Text]:
    known = vocabulary().attributes.get(name)
    if known is None:
        return Text(name, name), Text(str(value), str(value))
    if isinstance(value, bool):
        return known.title, Text("是", "yes") if value else Text("否", "no")
    if isinstance(value, frozenset):
        codes = [_code(known.codes, code) for code in sorted(value)]
        none = Text("无", "none")
        both = Text("/".join(c.zh for c in codes), "/".join(c.en for c in codes))
        return known.title, both if codes else none
    return known.title, _code(known.codes, str(value))


def _code(codes: Mapping[str, Text] | None, code: str) -> Text:
    return (codes or {}).get(code, Text(code, code))
