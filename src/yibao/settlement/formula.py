"""The arithmetic of a step as a person writes it down: memory in, text out.

Enters: an instruction and the memory after a run. Leaves: numbers and formulas as text. Nothing is
computed that the executor has not computed; what was rounded is shown in full.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from yibao.money import UNLIMITED, format_rate, format_yuan
from yibao.policy.model import Number, Table, Unit
from yibao.policy.program import Instruction


def as_text(value: int, unit: Unit, denominator: int) -> str:
    """Return a number of memory as a person writes it: yuan, a percentage or a count."""
    if unit == "yuan":
        return "∞" if value >= UNLIMITED else format_yuan(value)
    if unit == "rate":
        return format_rate(Fraction(value, denominator))
    return str(value)


def figure_text(table: Table, value: Number) -> str:
    """Return a table's value as a person writes it."""
    if isinstance(value, Fraction):
        return format_rate(value)
    return as_text(value, table.unit, 1)


def _decimal(value: Fraction) -> str:
    """Return an amount in yuan in full, or to eight places with an ellipsis when it never ends."""
    digits = 0
    while (value * 10**digits).denominator != 1 and digits < 8:
        digits += 1
    scaled = value * 10**digits
    text = str(scaled.numerator // scaled.denominator).rjust(digits + 1, "0")
    whole = f"{text[:-digits]}.{text[-digits:]}" if digits else text
    return whole if scaled.denominator == 1 else whole + "…"


_Text = Callable[[int], str]


def arithmetic(instruction: Instruction, memory: Sequence[int], text: _Text) -> str:
    """Return the arithmetic of one instruction as a person would write it down."""
    i, result = instruction, text(instruction.first_out)
    match i.op:
        case "add" | "accumulate":
            slots = i.slots("terms") or (i.slot("into"), i.slot("amount"))
            return f"{' + '.join(map(text, slots))} = {result}"
        case "subtract":
            less = " − ".join(map(text, i.slots("less")))
            rest = memory[i.slot("from")] - sum(memory[slot] for slot in i.slots("less"))
            sign = "=" if rest >= 0 else "→"
            return f"{text(i.slot('from'))} − {less} {sign} {result}"
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
        case "require":
            return f"{text(i.slot('if'))} → {'yes' if memory[i.first_out] else 'no'}"
        case "keep":
            return f"{text(i.slot('of'))} × {text(i.slot('if'))} = {result}"
        case "times":
            return f"{text(i.slot('of'))} × {text(i.slot('count'))} = {result}"
        case "set":
            return f"= {result}"
        case _:
            return f"{text(i.slot('of'))} → {result}"


def _bands_formula(i: Instruction, memory: Sequence[int], text: _Text) -> str:
    """Show each slice as the interval that it is: ``(55000.00 − 4400.00) × 90%``."""
    terms = [slot for slot in i.slots("start") if memory[slot]]
    start = sum(memory[slot] for slot in terms)
    uplift = "".join(f" + {text(slot)}" for slot in i.slots("uplift") if memory[slot])
    low = sum(memory[slot] for slot in i.slots("over"))
    parts = []
    for n, (edge, rate) in enumerate(zip(i.slots("edges"), i.slots("rates"), strict=True)):
        length, first = memory[i.first_out + n], max(start, low)
        if length:
            slice_ = format_yuan(length)
            if first:
                slice_ = f"({format_yuan(first + length)} − {format_yuan(first)})"
            parts.append(f"{slice_} × {f'({text(rate)}{uplift})' if uplift else text(rate)}")
        low = max(low, memory[edge])
    used = f"{' + '.join(map(text, terms))} = {format_yuan(start)}; " if len(terms) > 1 else ""
    return f"{used}{' + '.join(parts) or '0.00'} = {text(i.first_out + len(i.outs) - 1)}"


PASSING = frozenset({"add", "subtract", "least", "greatest"})
"""Operations that may leave a number as it was."""


def moves(i: Instruction, memory: Sequence[int]) -> bool:
    """Tell whether a reader needs the step to follow what is paid.

    A number passed on as it was does not matter, nor does keeping count for later claims, nor a
    limit that there is not. A deductible matters even when nothing is left of it.
    """
    if i.op in PASSING:
        return memory[i.first_out] not in {memory[slot] for slot in i.inputs()}
    if i.op == "cap":
        return memory[i.slot("limit")] < UNLIMITED
    if i.op in {"exclude", "deductible", "accumulate"}:
        return i.op != "accumulate"
    outs = range(i.first_out, i.first_out + len(i.outs))
    keeps_count = i.step.layer is None and i.step.phase in {"claim", "year_end"}
    return not keeps_count and any(memory[slot] for slot in outs)


def exact(i: Instruction, memory: Sequence[int], denominator: int) -> str | None:
    """Return a step's result in yuan before rounding, where it rounded."""
    if i.op == "share":
        value = Fraction(memory[i.slot("of")] * memory[i.slot("rate")], denominator)
    elif i.op == "prorate" and memory[i.slot("whole")]:
        value = Fraction(memory[i.slot("of")] * memory[i.slot("part")], memory[i.slot("whole")])
    elif i.op == "bands":
        value = Fraction(memory[i.first_out + len(i.slots("edges"))], denominator)
    else:
        return None
    return None if value.denominator == 1 else _decimal(value / 100)
