"""What each operation means, on integers.

This is the readable definition of the semantics: small pure functions that take and return fen,
counts, and rate numerators over a denominator. Executors bind them to memory; nothing else in Yibao
computes a benefit.
"""

from __future__ import annotations

from collections.abc import Callable

from yibao.money import half_up
from yibao.policy.program import Instruction

Memory = list[int]
Action = Callable[[Memory], None]
"""Appends an instruction's results to memory."""


def within(amount: int, limit: int, used: int) -> int:
    """Return the part of `amount` that still fits under `limit` after `used`.

    A deductible is what still fits under its standard; a cap is what still fits under its limit.
    """
    left = limit - used
    if left <= 0:
        return 0
    return amount if amount < left else left


def overlap(start: int, end: int, low: int, high: int) -> int:
    """Return the length that the intervals [start, end] and [low, high] share."""
    first = start if start > low else low
    last = end if end < high else high
    return last - first if last > first else 0


# --- binding to memory --------------------------------------------------------------------------


def bind(instruction: Instruction, denominator: int) -> Action:
    """Return the action that runs an instruction on memory."""
    return _BINDERS[instruction.op](instruction, denominator)


def _add(i: Instruction, _: int) -> Action:
    terms = i.slots("terms")
    if len(terms) == 1:
        (only,) = terms
        return lambda m: m.append(m[only])
    if len(terms) == 2:
        a, b = terms
        return lambda m: m.append(m[a] + m[b])
    return lambda m: m.append(sum([m[t] for t in terms]))


def _subtract(i: Instruction, _: int) -> Action:
    source = i.slot("from")
    less = i.slots("less")

    def action(m: Memory) -> None:
        rest = m[source]
        for slot in less:
            rest -= m[slot]
        m.append(rest if rest > 0 else 0)

    return action


def _least(i: Instruction, _: int) -> Action:
    terms = i.slots("terms")
    if len(terms) == 2:
        a, b = terms
        return lambda m: m.append(m[a] if m[a] < m[b] else m[b])
    return lambda m: m.append(min([m[t] for t in terms]))


def _greatest(i: Instruction, _: int) -> Action:
    terms = i.slots("terms")
    if len(terms) == 2:
        a, b = terms
        return lambda m: m.append(m[a] if m[a] > m[b] else m[b])
    return lambda m: m.append(max([m[t] for t in terms]))


def _share(i: Instruction, denominator: int) -> Action:
    amount, rate = i.slot("of"), i.slot("rate")
    return lambda m: m.append(half_up(m[amount] * m[rate], denominator))


def _prorate(i: Instruction, _: int) -> Action:
    amount, part, whole = i.slot("of"), i.slot("part"), i.slot("whole")
    return lambda m: m.append(half_up(m[amount] * m[part], m[whole]) if m[whole] else 0)


def _deductible(i: Instruction, _: int) -> Action:
    amount, standard, met = i.slot("of"), i.slot("standard"), i.slot("met")
    return lambda m: m.append(within(m[amount], m[standard], m[met]))


def _cap(i: Instruction, _: int) -> Action:
    amount, limit, used = i.slot("of"), i.slot("limit"), i.slot("used")
    return lambda m: m.append(within(m[amount], m[limit], m[used]))


def _bands(i: Instruction, denominator: int) -> Action:
    amount = i.slot("of")
    start = i.slots("start")
    over = i.slots("over")
    uplift = i.slots("uplift")
    bands = tuple(zip(i.slots("edges"), i.slots("rates"), strict=True))
    per_slice = i.step.operands.get("round") == "slice"

    def action(m: Memory) -> None:
        first = 0
        for slot in start:
            first += m[slot]
        last = first + m[amount]
        extra = m[uplift[0]] if uplift else 0
        low = m[over[0]] if over else 0
        exact = pay = 0
        for edge, rate in bands:
            high = m[edge]
            part = overlap(first, last, low, high)
            m.append(part)
            if part:
                numerator = m[rate] + extra
                numerator = part * (numerator if numerator < denominator else denominator)
                exact += numerator
                if per_slice:
                    pay += half_up(numerator, denominator)
            low = max(low, high)
        m.append(exact)
        m.append(last - (first if first > low else low) if last > low else 0)
        m.append(pay if per_slice else half_up(exact, denominator))

    return action


def _exclude(_: Instruction, __: int) -> Action:
    return lambda m: m.append(0)


def _accumulate(i: Instruction, _: int) -> Action:
    amount, into = i.slot("amount"), i.slot("into")
    return lambda m: m.append(m[into] + m[amount])


def ordinal(own: int, total: int) -> int:
    """Return the number of an admission: the episode's own if it has one, else the next."""
    return own or total + 1


def _ordinal(i: Instruction, _: int) -> Action:
    total, own = i.slot("total"), i.slot("own")

    def action(m: Memory) -> None:
        number = ordinal(m[own], m[total])
        m.append(number)
        m.append(number if number > m[total] else m[total])

    return action


def _at_most(i: Instruction, _: int) -> Action:
    value, limit = i.slot("value"), i.slot("limit")
    return lambda m: m.append(1 if m[value] <= m[limit] else 0)


def _keep(i: Instruction, _: int) -> Action:
    value, flag = i.slot("of"), i.slot("if")
    return lambda m: m.append(m[value] if m[flag] else 0)


def _set(i: Instruction, _: int) -> Action:
    value = i.slot("value")
    return lambda m: m.append(m[value])


_BINDERS: dict[str, Callable[[Instruction, int], Action]] = {
    "add": _add,
    "subtract": _subtract,
    "least": _least,
    "greatest": _greatest,
    "share": _share,
    "prorate": _prorate,
    "deductible": _deductible,
    "cap": _cap,
    "bands": _bands,
    "exclude": _exclude,
    "accumulate": _accumulate,
    "ordinal": _ordinal,
    "at_most": _at_most,
    "keep": _keep,
    "set": _set,
}
