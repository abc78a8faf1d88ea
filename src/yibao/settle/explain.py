"""Explain a settlement: read its memory, step by step, with the document behind every figure.

Enters: a settlement and the policy that made it. Leaves: an `Explanation`, plain data in Chinese
and English. Nothing is computed again: every number is read from the memory that the executor left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import assert_never

from yibao.money import UNLIMITED, format_rate, format_yuan
from yibao.policy.compile import Plan, Profile, table_of
from yibao.policy.consolidate import Reason, Rival
from yibao.policy.model import Document, Origin, Region, Row, Table, Text, Unit
from yibao.policy.policy import Policy
from yibao.policy.program import Instruction, Program
from yibao.policy.vocabulary import vocabulary
from yibao.settle.model import Settlement


@dataclass(frozen=True, slots=True)
class Source:
    """The provision behind a figure or a step."""

    document: str
    number: str
    cite: str
    grade: str
    source: str | None
    first: date | None
    last: date | None


@dataclass(frozen=True, slots=True)
class Rejected:
    """Another value that the same table has for this profile, and why it does not apply."""

    value: str
    why: Text
    source: Source


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in a line: its name, its value as text, and, for a figure of a table, its source."""

    name: str
    title: Text
    value: str
    says: Text | None = None
    source: Source | None = None
    rejected: tuple[Rejected, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One step: what it did, with which numbers, to which result, under which article.

    `formula` is the arithmetic as text; `exact` the result before rounding, in yuan, where the
    operation rounds.
    """

    step: str
    layer: str | None
    says: Text
    operands: tuple[Quantity, ...]
    formula: str
    exact: str | None
    results: tuple[Quantity, ...]
    fen: int
    source: Source
    moves: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything about one settlement that a person may ask."""

    settlement: Settlement
    region: Text
    day_rule: Text
    bill: tuple[Quantity, ...]
    lines: tuple[Line, ...]
    funds: tuple[Quantity, ...]
    closing: tuple[Quantity, ...]
    documents: tuple[Document, ...]


def explain(settlement: Settlement, policy: Policy) -> Explanation:
    """Explain a settlement under the policy that made it."""
    region = policy.region
    words = vocabulary()
    reader = _Reader(policy.plan(settlement.day), settlement.program, settlement.memory)
    lines = reader.lines()
    bill = tuple(
        Quantity(name, amount.title, format_yuan(value))
        for (name, amount), value in zip(
            words.amounts.items(), settlement.claim.amounts, strict=True
        )
        if value or amount.portion_of is None
    )
    funds = tuple(
        Quantity(name, words.funds[name].title, format_yuan(fen))
        for name, fen in settlement.funds.items()
    )
    closing = tuple(
        Quantity(name, title, format_yuan(settlement.figure(name)))
        for name, title in CLOSING.items()
    )
    return Explanation(
        settlement=settlement,
        region=region.name,
        day_rule=region.stays_says,
        bill=bill,
        lines=lines,
        funds=funds,
        closing=closing,
        documents=_documents(region, lines),
    )


CLOSING: Mapping[str, Text] = {
    "personal_pay": Text("个人负担", "Personal share"),
    "account_pay": Text("个人账户支付", "Paid from the personal account"),
    "cash_pay": Text("个人现金支付", "Paid in cash"),
}


def explain_steps(policy: Policy, day: date, program: Program, memory: list[int]) -> list[Line]:
    """Explain a program's run that is not a claim's, such as the closing of a year on `day`."""
    return list(_Reader(policy.plan(day), program, memory).lines())


class _Reader:
    def __init__(self, plan: Plan, program: Program, memory: list[int]) -> None:
        self.plan = plan
        self.region = plan.region
        self.program = program
        self.structure = program.structure
        self.memory = memory
        self.profile = Profile(plan, dict(program.attributes))  # what was seen is all it asks

    def lines(self) -> tuple[Line, ...]:
        return tuple(self._line(i) for i in self.structure.instructions)

    def _line(self, instruction: Instruction) -> Line:
        step = instruction.step
        last = instruction.first_out + len(instruction.outs) - 1
        results = tuple(
            self._quantity(instruction.first_out + n)
            for n, name in enumerate(instruction.outs)
            if "/" not in name
        )
        return Line(
            step=step.id,
            layer=step.layer,
            says=step.origin.says,
            operands=tuple(self._quantity(slot) for slot in _inputs(instruction)),
            formula=_formula(instruction, self.memory, self._text),
            exact=self._exact(instruction),
            results=results,
            fen=self.memory[last],
            source=_source(step.origin),
            moves=self._moves(instruction),
        )

    def _moves(self, instruction: Instruction) -> bool:
        """Tell whether the step changed anything, so that a short explanation may leave it out."""
        outs = range(instruction.first_out, instruction.first_out + len(instruction.outs))
        if instruction.op in {"add", "subtract", "least", "greatest"}:
            inputs = {self.memory[slot] for slot in _inputs(instruction)}
            return self.memory[instruction.first_out] not in inputs
        if instruction.op == "exclude":
            return self.memory[instruction.slot("of")] != 0
        return instruction.step.layer is not None and any(self.memory[slot] for slot in outs)

    def _exact(self, instruction: Instruction) -> str | None:
        """Return the exact value in yuan before rounding, where the operation rounds."""
        m, denominator = self.memory, self.structure.denominator
        if instruction.op == "share":
            exact = Fraction(m[instruction.slot("of")] * m[instruction.slot("rate")], denominator)
        elif instruction.op == "prorate" and m[instruction.slot("whole")]:
            product = m[instruction.slot("of")] * m[instruction.slot("part")]
            exact = Fraction(product, m[instruction.slot("whole")])
        elif instruction.op == "bands":
            numerator = m[instruction.first_out + len(instruction.slots("edges"))]
            exact = Fraction(numerator, denominator)
        else:
            return None
        return None if exact.denominator == 1 else _decimal(exact / 100)

    # --- numbers ------------------------------------------------------------------------------

    def _text(self, slot: int) -> str:
        return as_text(self.memory[slot], self.structure.units[slot], self.structure.denominator)

    def _quantity(self, slot: int) -> Quantity:
        name = self.structure.names[slot]
        figure = slot - self.structure.first_figure
        if 0 <= figure < len(self.structure.figures):
            return self._figure(name, slot, self.program.rows[figure])
        return Quantity(name, title_of(self.region, name), self._text(slot))

    def _figure(self, name: str, slot: int, row: Row) -> Quantity:
        table, band = table_of(self.region, name)
        assert table is not None
        rivals = self.plan.rules.rivals(table, self.profile.banded(band), row)
        return Quantity(
            name=name,
            title=table.title,
            value=self._text(slot),
            says=row.origin.says,
            source=_source(row.origin),
            rejected=tuple(self._rejected(table, rival, row) for rival in rivals),
        )

    def _rejected(self, table: Table, rival: Rival, winner: Row) -> Rejected:
        value = "—"
        if isinstance(rival.row.value, Fraction):
            value = format_rate(rival.row.value)
        elif rival.row.value is not None:
            value = as_text(rival.row.value, table.unit, self.structure.denominator)
        why = why_not(rival.reason, rival.row.origin, winner.origin)
        return Rejected(value, why, _source(rival.row.origin))


def _inputs(instruction: Instruction) -> Iterable[int]:
    for field in instruction.args:
        yield from instruction.slots(field)


def _source(origin: Origin) -> Source:
    return Source(
        document=origin.document.id,
        number=origin.document.number,
        cite=origin.cite,
        grade=origin.grade.name,
        source=origin.source,
        first=origin.first,
        last=origin.last,
    )


def _documents(region: Region, lines: Iterable[Line]) -> tuple[Document, ...]:
    used = {line.source.document for line in lines}
    used |= {q.source.document for line in lines for q in line.operands if q.source}
    return tuple(d for d in region.documents if d.id in used)


def title_of(region: Region, name: str) -> Text:
    """Return what a figure is called: an amount, a fund, a state value, a table or a result."""
    words = vocabulary()
    if name in words.amounts:
        return words.amounts[name].title
    if name in words.funds:
        return words.funds[name].title
    if name in region.state:
        return region.state[name].title
    if name in CLOSING:
        return CLOSING[name]
    base = name.partition("[")[0]
    if base in region.tables:
        return region.tables[base].title
    if name in words.results:
        return words.results[name]
    plain = name.replace("_", " ")
    return Text(plain, plain)


# --- words ----------------------------------------------------------------------------------------


def as_text(value: int, unit: Unit, denominator: int) -> str:
    """Return a number of memory as a person writes it: yuan, a percentage or a count."""
    if unit == "yuan":
        return "∞" if value >= UNLIMITED else format_yuan(value)
    if unit == "rate":
        return format_rate(Fraction(value, denominator))
    return str(value)


def _decimal(value: Fraction) -> str:
    """Return an amount in yuan in full, or to eight places with an ellipsis when it never ends."""
    digits = 0
    while (value * 10**digits).denominator != 1 and digits < 8:
        digits += 1
    scaled = value * 10**digits
    text = str(scaled.numerator // scaled.denominator).rjust(digits + 1, "0")
    whole = f"{text[:-digits]}.{text[-digits:]}" if digits else text
    return whole if scaled.denominator == 1 else whole + "…"


def why_not(reason: Reason, loser: Origin, winner: Origin) -> Text:
    """Say why a provision does not apply."""
    number = loser.document.number
    match reason:
        case "ended":
            return Text(
                f"{number}的规定已于{loser.last}终止", f"the rule of {number} ended on {loser.last}"
            )
        case "not_yet":
            return Text(
                f"{number}的规定自{loser.first}起施行",
                f"the rule of {number} begins on {loser.first}",
            )
        case "not_known":
            return Text(
                f"{number}于{loser.known}才公布", f"{number} was published only on {loser.known}"
            )
        case "never":
            return Text(
                f"{number}为征求意见稿，未施行", f"{number} is a draft that is not in force"
            )
        case "outranked":
            by = winner.document.number
            return Text(f"上位文件{by}优先", f"{by} is of higher authority")
        case "superseded":
            by = winner.document.number
            return Text(f"已被{by}取代", f"superseded by {by}")
        case _:
            assert_never(reason)


_Text = Callable[[int], str]


def _formula(instruction: Instruction, memory: list[int], text: _Text) -> str:
    """Return the arithmetic of one instruction as a person would write it down."""
    i, result = instruction, text(instruction.first_out)
    match i.op:
        case "add" | "accumulate":
            slots = i.slots("terms") or (i.slot("into"), i.slot("amount"))
            return f"{' + '.join(map(text, slots))} = {result}"
        case "subtract":
            less = " − ".join(map(text, i.slots("less")))
            return f"{text(i.slot('from'))} − {less} → {result}"
        case "least" | "greatest":
            word = "min" if i.op == "least" else "max"
            return f"{word}({', '.join(map(text, i.slots('terms')))}) = {result}"
        case "share":
            return f"{text(i.slot('of'))} × {text(i.slot('rate'))} = {result}"
        case "prorate":
            of, part, whole = (text(i.slot(f)) for f in ("of", "part", "whole"))
            return f"{of} × {part} ÷ {whole} = {result}"
        case "deductible" | "cap":
            limit, used = ("standard", "met") if i.op == "deductible" else ("limit", "used")
            of, top, gone = (text(i.slot(f)) for f in ("of", limit, used))
            return f"min({of}, max(0, {top} − {gone})) = {result}"
        case "bands":
            return _bands_formula(i, memory, text)
        case "ordinal":
            return f"№ {result}"
        case "at_most":
            value, limit = text(i.slot("value")), text(i.slot("limit"))
            return f"{value} ≤ {limit}: {'yes' if memory[i.first_out] else 'no'}"
        case "keep":
            return f"{text(i.slot('of'))} × {text(i.slot('if'))} = {result}"
        case "set":
            return f"= {result}"
        case _:
            return f"{text(i.slot('of'))} → {result}"


def _bands_formula(i: Instruction, memory: list[int], text: _Text) -> str:
    uplift = f" + {text(i.slots('uplift')[0])}" if i.slots("uplift") else ""
    parts = [
        f"{text(i.first_out + n)} × {f'({text(rate)}{uplift})' if uplift else text(rate)}"
        for n, rate in enumerate(i.slots("rates"))
        if memory[i.first_out + n]
    ]
    result = text(i.first_out + len(i.outs) - 1)
    return f"{' + '.join(parts) or '0.00'} = {result}"
