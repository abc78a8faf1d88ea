"""The text of programs as the columnar executor runs them: where numbers come from and go to.

Enters: a structure. Leaves: a function as text, for `machine`. The statements are those of
`settlement.generate`, which the scalar executor runs too: nothing here says what a step means.

    def claim(i, amounts_at, state_at, episodes_at, given_at, figures_at):
        m0 = amounts_at[0][i]
        m4 = amounts_at[4][i]
        m31 = given_at[0]
        m46 = within(m4, m31, m7)
        …
        state_at[1] = m48
        figures_at[0][i] = m46
        return 0
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from yibao.money import MAX_STATE
from yibao.policy.model import Region
from yibao.policy.program import Instruction, Structure
from yibao.settlement.columnar.data import OVERPAID, SETTLED, TOO_LARGE
from yibao.settlement.generate import statements

PERSONAL, ACCOUNT = "personal_pay", "account_pay"
"""What a person pays, and the part of it out of the account: no step's results."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a region's numbers lie: what all its programs share.

    `carried` and `episodic` count state values; `wanted` are the figures to write, in order;
    `counters` are the state values that rules look at: (state value, the episode's own or None,
    greatest code).
    """

    carried: int
    episodic: int
    numbering: tuple[bool, ...]
    lifetime: tuple[bool, ...]
    counters: tuple[tuple[int, int | None, int], ...]
    wanted: tuple[str, ...]


def layout(region: Region, wanted: Sequence[str]) -> Layout:
    """Return the layout of a region's programs."""
    names = list(region.state)
    scopes = [value.scope for value in region.state.values()]
    numbering = {
        step.one(field)
        for step in region.steps
        if step.op == "ordinal"
        for field in ("own", "total")
    }
    carried = sum(scope != "episode" for scope in scopes)
    return Layout(
        carried=carried,
        episodic=len(names) - carried,
        numbering=tuple(name in numbering for name in names),
        lifetime=tuple(scope == "lifetime" for scope in scopes[:carried]),
        counters=tuple(
            (names.index(a.counter), None if a.within is None else names.index(a.within), a.max)
            for a in region.state_attributes.values()
        ),
        wanted=tuple(wanted),
    )


# --- bodies -----------------------------------------------------------------------------------


def claim_body(structure: Structure, layout: Layout) -> str:
    """Return the function that settles item `i`: it writes state and figures, and returns a code.

    The account's money is the amount after the last. A state that grows too large, or funds that
    pay more than the bill, leave everything as it was.
    """
    head = "claim(i, amounts_at, state_at, episodes_at, given_at, figures_at)"
    return _function(head, _settling(structure, layout, plain=False))


def plain_body(structure: Structure, layout: Layout) -> str:
    """Return the same for a claim without an episode: nothing of it will be asked for again."""
    head = "plain(i, amounts_at, state_at, given_at, figures_at)"
    return _function(head, _settling(structure, layout, plain=True))


def _settling(structure: Structure, layout: Layout, *, plain: bool) -> list[str]:
    funds = [slot for _, slot in structure.funds]
    after = changed(structure)
    told = {structure.final[name] for name in layout.wanted if name in structure.final}
    given = _reads(structure, {0, *funds, *told}, _claim_input(structure, layout, plain=plain))
    lines = [*given, *_steps(structure)]
    if after:
        lines.append(f"if {_greatest(after)} > {MAX_STATE}:")
        lines.append(f"    return {TOO_LARGE}")
    lines.append(f"personal = {' - '.join(f'm{slot}' for slot in (0, *funds))}")
    lines.append(f"if personal < 0:\n        return {OVERPAID}")
    for k, slot in after:
        if plain and k >= layout.carried:
            continue
        lines.append(f"{_state(k, layout.carried)} = m{slot}")
    lines.append(f"account = min(amounts_at[{len(structure.amounts)}][i], personal)")
    for w, name in enumerate(layout.wanted):
        lines.append(f"figures_at[{w}][i] = {_wanted(structure, name)}")
    lines.append(f"return {SETTLED}")
    return lines


def year_end_body(structure: Structure, layout: Layout) -> str:
    """Return the function that closes a year: it writes what the next year opens with.

    What no step writes does not outlive the year, unless it is of a lifetime.
    """
    lines = [*_reads(structure, set(), _year_end_input(structure, layout)), *_steps(structure)]
    unwritten = structure.first_figure
    for k, slot in enumerate(structure.state_after[: layout.carried]):
        kept = f"values_at[{k}]" if layout.lifetime[k] else "0"
        lines.append(f"opened_at[{k}] = {f'm{slot}' if slot >= unwritten else kept}")
    lines.append("return 0")
    return _function("year_end(values_at, given_at, opened_at)", lines)


Place = Callable[[int], str]
"""Says where an amount or a state value lies, by its slot."""


def _claim_input(structure: Structure, layout: Layout, *, plain: bool) -> Place:
    amounts = len(structure.amounts)

    def place(slot: int) -> str:
        if slot < amounts:
            return f"amounts_at[{slot}][i]"
        if plain and slot - amounts >= layout.carried:
            return "0"
        return _state(slot - amounts, layout.carried)

    return place


def _year_end_input(structure: Structure, layout: Layout) -> Place:
    """A year end has no bill, and no episode outlives its year."""
    amounts = len(structure.amounts)

    def place(slot: int) -> str:
        k = slot - amounts
        return f"values_at[{k}]" if 0 <= k < layout.carried else "0"

    return place


def _reads(structure: Structure, also: set[int], place: Place) -> list[str]:
    """Return what loads the amounts, state and figures that the program reads."""
    first = structure.first_figure
    read = {slot for i in structure.instructions for slot in i.inputs()} | also
    inputs = [slot for slot in sorted(read) if slot < first + len(structure.figures)]
    return [
        f"m{slot} = {place(slot) if slot < first else f'given_at[{slot - first}]'}"
        for slot in inputs
    ]


def _state(k: int, carried: int) -> str:
    return f"state_at[{k}]" if k < carried else f"episodes_at[{k - carried}]"


def _steps(structure: Structure) -> list[str]:
    return [line for i in structure.instructions for line in _step(i, structure.denominator)]


def _step(instruction: Instruction, denominator: int) -> list[str]:
    return [f"# {instruction.step.id}", *statements(instruction, denominator)]


def changed(structure: Structure) -> list[tuple[int, int]]:
    """Return (state value, slot of its result) for the state values that the program writes."""
    first = len(structure.amounts)
    return [(k, slot) for k, slot in enumerate(structure.state_after) if slot != first + k]


def _greatest(changed: Sequence[tuple[int, int]]) -> str:
    slots = [f"m{slot}" for _, slot in changed]
    return slots[0] if len(slots) == 1 else f"max({', '.join(slots)})"


def _wanted(structure: Structure, name: str) -> str:
    """Return where a figure lies; what no step of this program writes is zero."""
    if name == PERSONAL:
        return "personal"
    if name == ACCOUNT:
        return "account"
    return f"m{structure.final[name]}" if name in structure.final else "0"


def _function(head: str, lines: Sequence[str]) -> str:
    return f"def {head}:\n" + "".join(f"    {line}\n" for line in lines)
