"""Explain a settlement: read its memory, step by step, with the document behind every figure.

Enters: a settlement and the policy that made it. Leaves: an `Explanation`, plain data in Chinese
and English. Nothing is computed again: every number is read from the memory that the executor left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from yibao.money import format_yuan
from yibao.policy.compile import Plan, Profile, table_of
from yibao.policy.model import Document, Region, Row, Text
from yibao.policy.policy import Policy
from yibao.policy.program import Instruction, Program
from yibao.policy.vocabulary import band_title, vocabulary
from yibao.settlement import formula
from yibao.settlement.model import Settlement
from yibao.settlement.procedure import Outcome
from yibao.settlement.sources import Source, source_of, why_not


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


class Line:
    """One step: what it did, with which numbers, to which result, under which article.

    A line is a view of memory: making one costs nothing, its texts are made when asked for.
    """

    __slots__ = ("_memory", "_reader", "instruction")

    def __init__(self, reader: Reader, instruction: Instruction, memory: Sequence[int]) -> None:
        self._reader = reader
        self._memory = memory
        self.instruction = instruction

    @property
    def step(self) -> str:
        """The id of the step."""
        return self.instruction.step.id

    @property
    def layer(self) -> str | None:
        """The layer of the chain that the step belongs to."""
        return self.instruction.step.layer

    @property
    def says(self) -> Text:
        """What the step does, in a sentence."""
        return self.instruction.step.origin.says

    @property
    def source(self) -> Source:
        """The provision that orders the step."""
        return self._reader.sources[self.instruction.first_out]

    @property
    def fen(self) -> int:
        """The result: fen, or a count."""
        return self._memory[self.instruction.first_out + len(self.instruction.outs) - 1]

    @property
    def operands(self) -> tuple[Quantity, ...]:
        """The numbers that went in, the figures of tables with their sources."""
        memory, quantity = self._memory, self._reader.quantity
        return tuple(quantity(slot, memory) for slot in self.instruction.inputs())

    @property
    def results(self) -> tuple[Quantity, ...]:
        """The numbers that came out, without the slices of bands."""
        first = self.instruction.first_out
        named = (first + n for n, name in enumerate(self.instruction.outs) if "/" not in name)
        return tuple(self._reader.result(slot, self._memory) for slot in named)

    @property
    def formula(self) -> str:
        """The arithmetic as text."""
        memory, text = self._memory, self._reader.text
        return formula.arithmetic(self.instruction, memory, lambda slot: text(slot, memory))

    @property
    def exact(self) -> str | None:
        """The result in yuan before rounding, where the step rounded."""
        return formula.exact(self.instruction, self._memory, self._reader.structure.denominator)

    @property
    def moves(self) -> bool:
        """Whether the step changed what is paid; a short explanation leaves out the others.

        Steps that only keep count for later claims of the year do not.
        """
        return formula.moves(self.instruction, self._memory)


@dataclass(slots=True)
class Explanation:
    """Everything about one settlement that a person may ask."""

    settlement: Settlement
    reader: Reader

    @property
    def region(self) -> Text:
        """The region whose rules were applied."""
        return self.reader.region.name

    @property
    def day_rule(self) -> Text:
        """Which day of a stay chooses the rules."""
        return self.reader.region.stays_says

    @property
    def lines(self) -> list[Line]:
        """The steps, in order."""
        memory = self.settlement.memory
        return [Line(self.reader, i, memory) for i in self.reader.structure.instructions]

    @property
    def documents(self) -> tuple[Document, ...]:
        """The documents that the settlement rests on."""
        return self.reader.documents

    @property
    def bill(self) -> tuple[Quantity, ...]:
        """The amounts of the claim; portions only where there are any."""
        amounts = zip(vocabulary().amounts.items(), self.settlement.claim.amounts, strict=True)
        return tuple(
            Quantity(name, amount.title, format_yuan(value))
            for (name, amount), value in amounts
            if value or amount.portion_of is None
        )

    @property
    def funds(self) -> tuple[Quantity, ...]:
        """What each fund pays."""
        funds = vocabulary().funds
        return tuple(
            Quantity(name, funds[name].title, format_yuan(fen))
            for name, fen in self.settlement.funds.items()
        )

    @property
    def closing(self) -> tuple[Quantity, ...]:
        """What is left to the person, and how it is paid."""
        return tuple(
            Quantity(name, title, format_yuan(self.settlement.figure(name)))
            for name, title in CLOSING.items()
        )


@dataclass(slots=True)
class Account:
    """Everything about one answer of a procedure that a person may ask."""

    outcome: Outcome
    reader: Reader

    @property
    def lines(self) -> list[Line]:
        """The steps, in order."""
        memory = self.outcome.memory
        return [Line(self.reader, i, memory) for i in self.reader.structure.instructions]

    @property
    def documents(self) -> tuple[Document, ...]:
        """The documents that the answer rests on."""
        return self.reader.documents

    @property
    def inputs(self) -> tuple[Quantity, ...]:
        """The amounts that the procedure started from."""
        given = self.outcome.request.amounts
        names = self.reader.structure.amounts
        slots = [slot for slot, name in enumerate(names) if name in given]
        return tuple(self.reader.quantity(slot, self.outcome.memory) for slot in slots)

    def results(self, names: Iterable[str]) -> tuple[Quantity, ...]:
        """The figures of these names that steps gave: payers, or other results."""
        final = self.reader.structure.final
        slots = [(name, final[name]) for name in names if name in final]
        text, memory = self.reader.text, self.outcome.memory
        region = self.reader.region
        return tuple(Quantity(n, title_of(region, n), text(s, memory)) for n, s in slots)


class Explainer:
    """Explains one policy's settlements; what a program's share is worked out once."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._readers: dict[Program, Reader] = {}

    def explain(self, settlement: Settlement) -> Explanation:
        """Explain a settlement that this policy made."""
        return Explanation(settlement, self._reader(settlement.program, settlement.day))

    def account(self, outcome: Outcome) -> Account:
        """Explain what a procedure answers."""
        return Account(outcome, self._reader(outcome.program, outcome.request.day))

    def _reader(self, program: Program, day: date) -> Reader:
        reader = self._readers.get(program)
        if reader is None:
            reader = Reader(self.policy.plan(day), program)
            self._readers[program] = reader
        return reader


def explain(settlement: Settlement, policy: Policy) -> Explanation:
    """Explain one settlement under the policy that made it."""
    return Explainer(policy).explain(settlement)


MISSING = "—"
"""Stands for the value of a row that records that nobody has found the figure."""

CLOSING: Mapping[str, Text] = {
    "personal_pay": Text("个人负担", "Personal share"),
    "account_pay": Text("个人账户支付", "Paid from the personal account"),
    "cash_pay": Text("个人现金支付", "Paid in cash"),
}


class Reader:
    """What is fixed about the explanations of one program: names, units, sources, alternatives."""

    def __init__(self, plan: Plan, program: Program) -> None:
        self.region = plan.region
        self.structure = program.structure
        self._profile = Profile(plan, program.attributes)
        self._figures = {
            self.structure.first_figure + n: self._figure(plan, name, row)
            for n, (name, row) in enumerate(zip(self.structure.figures, program.rows, strict=True))
        }
        self._writers = {
            i.first_out: i for i in self.structure.instructions if i.op in formula.PASSING
        }
        self.sources = {i.first_out: source_of(i.step.origin) for i in self.structure.instructions}
        self._titles = [title_of(self.region, name) for name in self.structure.names]
        used = program.documents
        self.documents = tuple(d for d in self.region.documents if d.id in used)

    def text(self, slot: int, memory: Sequence[int]) -> str:
        """Return the number in a slot as a person writes it."""
        return formula.as_text(memory[slot], self.structure.units[slot], self.structure.denominator)

    def quantity(self, slot: int, memory: Sequence[int]) -> Quantity:
        """Return the number in a slot with its name and, for a figure, its source."""
        figure = self._figures.get(self._unchanged(slot, memory))
        name = self.structure.names[slot]
        return figure or Quantity(name, self._titles[slot], self.text(slot, memory))

    def result(self, slot: int, memory: Sequence[int]) -> Quantity:
        """Return the number in a slot under the name that its step gave it."""
        return Quantity(self.structure.names[slot], self._titles[slot], self.text(slot, memory))

    def _unchanged(self, slot: int, memory: Sequence[int]) -> int:
        """Follow a number back through steps that left it as it was, so that its source shows."""
        writer = self._writers.get(slot)
        while writer is not None and not formula.moves(writer, memory):
            slot = next(s for s in writer.inputs() if memory[s] == memory[slot])
            writer = self._writers.get(slot)
        return slot

    def _figure(self, plan: Plan, name: str, row: Row) -> Quantity:
        table, band = table_of(self.region, name)
        assert table is not None
        assert row.value is not None
        rivals = plan.rules.rivals(table, self._profile.banded(band), row)
        return Quantity(
            name=name,
            title=table.title if band is None else _banded(table.title, band),
            value=formula.figure_text(table, row.value),
            says=row.origin.says,
            source=source_of(row.origin),
            rejected=tuple(
                Rejected(
                    MISSING if r.row.value is None else formula.figure_text(table, r.row.value),
                    why_not(r.reason, r.row.origin, row.origin),
                    source_of(r.row.origin),
                )
                for r in rivals
            ),
        )


def _banded(title: Text, band: str) -> Text:
    row = band_title(band)
    return Text(f"{title.zh}（{row.zh}）", f"{title.en} ({row.en})")


def title_of(region: Region, name: str) -> Text:
    """Return what a figure is called: an amount, a fund, a state value, a table or a result.

    A result that no pack gives a title has none in Chinese, and its own name in English.
    """
    title = vocabulary().title(name)
    if title is not None:
        return title
    if name in region.state:
        return region.state[name].title
    if name in CLOSING:
        return CLOSING[name]
    base = name.partition("[")[0]
    if base in region.tables:
        return region.tables[base].title
    if name in region.results:
        return region.results[name]
    return Text("", name.replace("_", " "))
