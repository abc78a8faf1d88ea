"""Write the program of a structure: instructions in, the source of one straight function out.

The source is made of calls of `ops` on memory slots (`m12`), one assignment a result, in the
order of the steps, each under a comment that names its step. It is what runs, and it is an audit
artefact: the rules that settled a claim, on a page that a person can read. Nothing of a pack enters
it but slot numbers and the ids of steps, which the loader has checked to be plain names.

    def run(given):
        m4 = given[4]
        m7 = given[7]
        # payable
        m45 = m4
        # outpatient_deductible
        m46 = within(m45, m44, m7)
        return [*given, m45, m46]
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from yibao.money import half_up
from yibao.policy.program import Instruction, Structure
from yibao.settlement import ops

Run = Callable[[list[int]], list[int]]
"""Takes amounts, state and figures; returns them with all results behind them."""

_FUNCTIONS = {
    f.__name__: f
    for f in (half_up, ops.at_least_zero, ops.prorate, ops.within, ops.overlap, ops.ordinal)
}


def runner(structure: Structure) -> Run:
    """Return the function that runs a structure."""
    return compiled(structure.instructions, structure.denominator)


def compiled(instructions: Sequence[Instruction], denominator: int) -> Run:
    """Compile the source of instructions and return its function."""
    scope: dict[str, object] = dict(_FUNCTIONS)
    exec(compile(source(instructions, denominator), "<yibao program>", "exec"), scope)
    run = scope["run"]
    assert callable(run)
    return run


def source(instructions: Sequence[Instruction], denominator: int) -> str:
    """Return the source of the function that runs `instructions` in order."""
    inputs = instructions[0].first_out if instructions else 0
    read = {slot for i in instructions for slot in i.inputs() if slot < inputs}
    lines = [f"m{slot} = given[{slot}]" for slot in sorted(read)]
    results = []
    for i in instructions:
        lines.append(f"# {i.step.id}")
        lines += statements(i, denominator)
        results += [f"m{i.first_out + n}" for n in range(len(i.outs))]
    lines.append(f"return [{', '.join(['*given', *results])}]")
    return "def run(given):\n" + "".join(f"    {line}\n" for line in lines)


def statements(instruction: Instruction, denominator: int) -> list[str]:
    """Return the assignments of one instruction, on memory slots `m0`, `m1`, …"""
    return list(_STATEMENTS[instruction.op](instruction, denominator))


# --- one template for each operation --------------------------------------------------------------


def _one(i: Instruction, field: str) -> str:
    return f"m{i.slot(field)}"


def _many(i: Instruction, field: str) -> list[str]:
    return [f"m{slot}" for slot in i.slots(field)]


def _result(i: Instruction, expression: str) -> Iterator[str]:
    yield f"m{i.first_out} = {expression}"


def _add(i: Instruction, _: int) -> Iterator[str]:
    return _result(i, " + ".join(_many(i, "terms")))


def _subtract(i: Instruction, _: int) -> Iterator[str]:
    rest = " - ".join([_one(i, "from"), *_many(i, "less")])
    return _result(i, f"at_least_zero({rest})")


def _least(i: Instruction, _: int) -> Iterator[str]:
    return _result(i, _extreme("min", i))


def _greatest(i: Instruction, _: int) -> Iterator[str]:
    return _result(i, _extreme("max", i))


def _extreme(function: str, i: Instruction) -> str:
    terms = _many(i, "terms")
    return terms[0] if len(terms) == 1 else f"{function}({', '.join(terms)})"


def _share(i: Instruction, denominator: int) -> Iterator[str]:
    return _result(i, f"half_up({_one(i, 'of')} * {_one(i, 'rate')}, {denominator})")


def _prorate(i: Instruction, _: int) -> Iterator[str]:
    return _result(i, f"prorate({_one(i, 'of')}, {_one(i, 'part')}, {_one(i, 'whole')})")


def _deductible(i: Instruction, _: int) -> Iterator[str]:
    return _result(i, f"within({_one(i, 'of')}, {_one(i, 'standard')}, {_one(i, 'met')})")


def _cap(i: Instruction, _: int) -> Iterator[str]:
    return _result(i, f"within({_one(i, 'of')}, {_one(i, 'limit')}, {_one(i, 'used')})")


def _bands(i: Instruction, denominator: int) -> Iterator[str]:
    """Slices of [start, start + of] between the edges; their exact sum; what lies beyond; the pay.

    `low` is the upper end of the bands so far, so that edges that cross leave an empty band.
    """
    slots = [f"m{i.first_out + n}" for n in range(len(i.outs))]
    *slices, exact, beyond, pay = slots
    yield f"start = {' + '.join(_many(i, 'start'))}"
    yield f"end = start + {_one(i, 'of')}"
    yield f"low = {' + '.join(_many(i, 'over')) or 0}"
    for part, edge in zip(slices, _many(i, "edges"), strict=True):
        yield f"{part} = overlap(start, end, low, {edge})"
        yield f"low = max(low, {edge})"
    rates = _many(i, "rates")
    for uplift in _many(i, "uplift"):
        rates = [f"min({rate} + {uplift}, {denominator})" for rate in rates]
    products = [f"{part} * {rate}" for part, rate in zip(slices, rates, strict=True)]
    yield f"{exact} = {' + '.join(products)}"
    yield f"{beyond} = at_least_zero(end - max(start, low))"
    if i.step.operands.get("round") == "slice":
        yield f"{pay} = {' + '.join(f'half_up({p}, {denominator})' for p in products)}"
    else:
        yield f"{pay} = half_up({exact}, {denominator})"


def _exclude(i: Instruction, _: int) -> Iterator[str]:
    return _result(i, "0")


def _accumulate(i: Instruction, _: int) -> Iterator[str]:
    return _result(i, f"{_one(i, 'into')} + {_one(i, 'amount')}")


def _ordinal(i: Instruction, _: int) -> Iterator[str]:
    own, total = f"m{i.first_out}", f"m{i.first_out + 1}"
    yield f"{own} = ordinal({_one(i, 'own')}, {_one(i, 'total')})"
    yield f"{total} = max({own}, {_one(i, 'total')})"


def _at_most(i: Instruction, _: int) -> Iterator[str]:
    return _result(i, f"1 if {_one(i, 'value')} <= {_one(i, 'limit')} else 0")


def _keep(i: Instruction, _: int) -> Iterator[str]:
    return _result(i, f"{_one(i, 'of')} if {_one(i, 'if')} else 0")


def _set(i: Instruction, _: int) -> Iterator[str]:
    return _result(i, _one(i, "value"))


def _require(i: Instruction, _: int) -> Iterator[str]:
    return _result(i, _one(i, "if"))


def _times(i: Instruction, _: int) -> Iterator[str]:
    return _result(i, f"{_one(i, 'of')} * {_one(i, 'count')}")


_STATEMENTS: dict[str, Callable[[Instruction, int], Iterator[str]]] = {
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
    "times": _times,
    "require": _require,
}
