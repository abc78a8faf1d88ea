"""The text of programs as the columnar executor runs them: where numbers come from and go to.

Enters: a structure. Leaves: a function as text, for `machine`. The statements are those of
`settlement.generate`, which the scalar executor runs too: nothing here says what a step means.

    def claim(i, amounts_at: fixed, state_at, episodes_at, given_at: fixed, figures_at: fixed):
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

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from yibao.money import MAX_STATE
from yibao.policy.model import Region
from yibao.policy.program import Instruction, Structure
from yibao.settlement.columnar.data import OVERPAID, RULES_REFUSE, SETTLED, TOO_LARGE
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


_PLAIN = "amounts_at: fixed, state_at, given_at: fixed, figures_at: fixed"


# --- bodies -----------------------------------------------------------------------------------


def claim_body(structure: Structure, layout: Layout) -> str:
    """Return the function that settles item `i`: it writes state and figures, and returns a code.

    The account's money is the amount after the last. A state that grows too large, or funds that
    pay more than the bill, leave everything as it was.
    """
    places = "amounts_at: fixed, state_at, episodes_at, given_at: fixed, figures_at: fixed"
    head = f"claim(i, {places})"
    return _function(head, _settling(structure, layout, plain=False))


def plain_body(structure: Structure, layout: Layout) -> str:
    """Return the same for a claim without an episode: nothing of it will be asked for again."""
    head = f"plain(i, {_PLAIN})"
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


# --- runs of plain claims ---------------------------------------------------------------------

SLOT_BITS, PROGRAM_BITS = 32, 10
ANSWER_BITS = SLOT_BITS - PROGRAM_BITS
SEVERAL = (1 << PROGRAM_BITS) - 1
"""A plain claim is one number: its place, then the number of its program among those for plain
claims, and its answer. Where these depend on state, the program is SEVERAL and the answer the row
of answers, which lists for each combination such a number without a place."""

BEGINS = 1 << SLOT_BITS - 2
"""The place of a plain claim is its slot plus one. But of persons who are *simple*, all of whose
claims are plain, and of one slot that opens with nothing, the first claim has BEGINS there and
every other zero: so simple persons one after the other are settled in one go."""


def run_body(layout: Layout, combinations: int, stirs: Sequence[bool]) -> str:
    """Return the function that settles plain claims of one slot, or of simple persons, from `i` on.

    `first` has the place of a slot where a claim has its own; it is zero for simple persons, at
    whose first claims the state is cleared. `given_at` lists the address of each answer's figures;
    `rows_at` has the rows of answers. `stirs` tells for each program from 1 on whether it changes
    what the combination is made of; program 0 is a refusal. Returns twice the item after the last,
    and one more if any was settled.
    """
    places = "items_at: fixed, amounts_at: fixed, state_at, given_at: fixed"
    more = "rows_at: fixed, figures_at: fixed, answers_at: int32, codes_at: int8"
    lines = [
        "settled = 0",
        "chosen = 0 - 1",
        "while i < end:",
        "    held = items_at[i] - first",
        f"    if held >> {SLOT_BITS}:",
        f"        if held >> {SLOT_BITS} != {BEGINS}:",
        "            return i * 2 + settled",
        f"        held = held & {(1 << SLOT_BITS) - 1}",
        *(f"        state_at[{k}] = 0" for k in range(layout.carried)),
        "        chosen = 0 - 1",
        f"    program = held >> {ANSWER_BITS}",
        f"    if program == {SEVERAL}:",
        "        if chosen < 0:",
        f"            chosen = {_combination(layout)}",
        f"        held = rows_at[(held & {_ANSWER}) * {combinations} + chosen]",
        f"        program = held >> {ANSWER_BITS}",
        f"    answer = held & {_ANSWER}",
        "    answers_at[i] = answer",
        *(f"    {line}" for line in _choose(stirs)),
        "    codes_at[i] = code",
        "    if code:",
        *(f"        figures_at[{w}][i] = 0" for w in range(len(layout.wanted))),
        "    else:",
        "        settled = 1",
        "    i = i + 1",
        "return i * 2 + settled",
    ]
    return _function(f"run(i, end, first, {places}, {more})", lines)


_ANSWER = (1 << ANSWER_BITS) - 1


def _combination(layout: Layout) -> str:
    """Return what `loop.combination` is without an episode."""
    number = "0"
    for k, within, most in layout.counters:
        count = f"state_at[{k}]" if within is None else f"state_at[{k}] + 1"
        number = f"({number}) * {most + 1} + min({count}, {most})"
    return number


def _choose(stirs: Sequence[bool]) -> Iterator[str]:
    """Return what runs the program that a claim has."""
    yield "match program:"
    for number, stirring in enumerate(stirs, 1):
        yield f"    case {number}:"
        given = "i, amounts_at, state_at, given_at[answer], figures_at"
        yield f"        code = plain_{number}({given})"
        if stirring:
            yield "        chosen = 0 - 1"
    yield "    case _:"
    yield f"        code = {RULES_REFUSE}"


def move_bodies(layout: Layout) -> dict[str, str]:
    """Return the functions that move all carried values at once, by name.

    copy: from one place to another; clear: to zero; add_up: add to the whole of a year what a slot
    has more than the year opened with; lapse: keep for the next year what is of a lifetime.
    """
    values = range(layout.carried)
    heads = {
        "copy": ("source_at, target_at", lambda k: f"target_at[{k}] = source_at[{k}]"),
        "clear": ("target_at", lambda k: f"target_at[{k}] = 0"),
        "add_up": (
            "opened_at, state_at, whole_at",
            lambda k: f"whole_at[{k}] = whole_at[{k}] + state_at[{k}] - opened_at[{k}]",
        ),
        "lapse": (
            "opened_at, next_at",
            lambda k: f"next_at[{k}] = {f'opened_at[{k}]' if layout.lifetime[k] else '0'}",
        ),
    }
    return {
        name: _function(f"{name}({places})", [*map(line, values), "return 0"])
        for name, (places, line) in heads.items()
    }


# --- parts ------------------------------------------------------------------------------------

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


def bare(text: str) -> str:
    """Return a text without comments, its slots numbered in the order in which they appear.

    Programs that differ only in what their steps are called are one and the same machine code:
    fewer programs are better foreseen by the processor.
    """
    numbers: dict[str, str] = {}
    return _SLOT.sub(lambda m: numbers.setdefault(m[0], f"m{len(numbers)}"), _COMMENT.sub("", text))


_COMMENT = re.compile(r"^ *#.*\n", re.MULTILINE)
_SLOT = re.compile(r"\bm\d+\b")
