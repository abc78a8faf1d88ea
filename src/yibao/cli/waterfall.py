"""Print an explanation as a person reads it: the bill, each step, who pays what, and why.

Enters: an `Explanation`. Leaves: text on a Rich console.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text as Styled

from yibao.policy.model import Document, Text
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.explain import MISSING, Explanation, Line, Quantity, Rejected
from yibao.settlement.sources import Source

_WORDS = {
    "claim": Text("结算单", "Claim"),
    "person": Text("参保人", "Person"),
    "day": Text("适用规则的日期", "Rules of"),
    "bill": Text("费用构成", "The bill"),
    "steps": Text("待遇计算", "How it was worked out"),
    "outside": Text("不分层", "Before and between the layers"),
    "who": Text("由谁支付", "Who pays"),
    "inputs": Text("已知数额", "What is given"),
    "worked": Text("计算", "How it was worked out"),
    "results": Text("结果", "Results"),
    "documents": Text("依据文件", "Documents"),
    "rounded": Text("四舍五入前", "before rounding"),
    "not": Text("不是", "not"),
    "grade": Text("可信度", "grade"),
    "by": Text("效力依", "in force by"),
}


def print_waterfall(
    explanation: Explanation, language: str, console: Console, *, full: bool = False
) -> None:
    """Print one claim's waterfall in `language` ("zh" or "en").

    `full` shows the steps that changed nothing too, and every rejected alternative.
    """
    page = Page(language, console, full)
    page.header(explanation)
    page.quantities("bill", explanation.bill)
    page.steps(explanation.lines)
    page.payers(explanation)
    page.documents(explanation.documents)


class Page:
    """Prints the parts that an explanation of anything has."""

    def __init__(self, language: str, console: Console, full: bool) -> None:
        self.language = language
        self.console = console
        self.full = full

    def word(self, key: str) -> str:
        return _WORDS[key].pick(self.language)

    def say(self, text: Text) -> str:
        return text.pick(self.language)

    def title(self, key: str) -> None:
        self.console.print(Styled(f"\n{self.word(key)}", style="bold"))

    def header(self, explanation: Explanation) -> None:
        claim = explanation.settlement.claim
        line = (
            f"{self.word('claim')} {claim.claim_id} · {self.word('person')} {claim.person_id} · "
            f"{self.say(explanation.region)} · {self.facts(explanation)}"
        )
        self.console.print(Styled(line, style="bold cyan"))
        day = f"{self.word('day')} {explanation.settlement.day}"
        rule = f" — {self.say(explanation.day_rule)}" if claim.admitted != claim.discharged else ""
        self.console.print(Styled(day + rule, style="dim"))

    def facts(self, explanation: Explanation) -> str:
        words = vocabulary()
        values = dict(
            zip(
                (a.name for a in words.of("claim")), explanation.settlement.claim.facts, strict=True
            )
        )
        values["scheme"] = explanation.settlement.scheme
        shown = []
        for name in ("scheme", "visit", "level"):
            codes = words.attributes[name].codes or {}
            text = codes.get(str(values[name]))
            if text is not None and values[name] != "none":
                shown.append(self.say(text))
        return " · ".join(shown)

    def quantities(self, title: str, quantities: Iterable[Quantity]) -> None:
        """Print numbers one below the other."""
        self.title(title)
        table = self.grid()
        for quantity in quantities:
            table.add_row(self.say(quantity.title), quantity.value, "")
        self.console.print(table)

    def grid(self) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_column(width=2 * 14 if self.language == "zh" else 36)
        table.add_column(justify="right", width=15)
        table.add_column(overflow="fold")
        return table

    def steps(self, lines: Iterable[Line], title: str = "steps") -> None:
        """Print steps, under the layers that they belong to where they do."""
        self.title(title)
        layers = vocabulary().layers
        layer: str | None = "" if title == "steps" else None
        table = Table.grid(padding=(0, 2), expand=True)
        table.add_column(ratio=1, overflow="fold")
        table.add_column(justify="right", no_wrap=True)
        lines = list(lines)
        shown = [line for line in lines if self.full or self.wanted(line)] or lines
        for line in shown:
            if line.layer != layer:
                layer = line.layer
                name = self.say(layers[layer]) if layer else self.word("outside")
                table.add_row(Styled(f"▸ {name}", style="bold"), "")
            result = line.results[-1].value
            table.add_row(self.step(line), Styled(result, style="green" if line.fen else "dim"))
        self.console.print(table)

    def wanted(self, line: Line) -> bool:
        """Tell whether a short explanation shows a step."""
        return line.moves

    def step(self, line: Line) -> Group:
        """Return what a step did, its arithmetic and article, and the figures that it used."""
        arithmetic = Styled(line.formula)
        title = self.say(line.results[-1].title)
        if title:
            arithmetic.append(f"  [{title}]")
        if line.exact is not None:
            arithmetic.append(f"  ({self.word('rounded')} {line.exact})", style="dim")
        parts: list[RenderableType] = [
            Padding(Styled(self.say(line.says)), (0, 0, 0, 2)),
            Padding(arithmetic, (0, 0, 0, 4)),
            Padding(Styled(self.cite(line.source), style="blue"), (0, 0, 0, 4)),
        ]
        for quantity in line.operands:
            if quantity.source is not None and (self.full or self.cited(quantity, line)):
                parts += self.figure(quantity, quantity.source)
        return Group(*parts)

    def cited(self, quantity: Quantity, line: Line) -> bool:
        """Tell whether a short explanation gives the source of a figure that a step used."""
        return quantity.value in line.formula

    def figure(self, quantity: Quantity, source: Source) -> Iterator[RenderableType]:
        text = f"{self.say(quantity.title)} {quantity.value} — {self.cite(source)}"
        yield Padding(Styled(text, style="dim"), (0, 0, 0, 6))
        others = [
            r for r in quantity.rejected if self.full or r.value not in {quantity.value, MISSING}
        ]
        for rejected in others if self.full else others[:2]:
            yield Padding(Styled(self.reject(rejected), style="dim"), (0, 0, 0, 8))

    def reject(self, rejected: Rejected) -> str:
        return f"{self.word('not')} {rejected.value}: {self.say(rejected.why)}"

    def cite(self, source: Source) -> str:
        notes = [f"{self.word('grade')} {source.grade}"] if source.grade != "A" else []
        if source.by is not None:
            notes.append(f"{self.word('by')} {source.by}")
        note = f"（{'，'.join(notes)}）" if notes else ""
        return f"{self.say(source.name)} · {source.cite}{note}"

    def payers(self, explanation: Explanation) -> None:
        """Print who pays a claim, and how what is left is paid."""
        shown = (
            quantity
            for quantity in (*explanation.funds, *explanation.closing)
            if quantity.value != "0.00" or self.full or quantity.name == "personal_pay"
        )
        self.quantities("who", shown)

    def documents(self, documents: Iterable[Document]) -> None:
        """Print what it rests on."""
        self.title("documents")
        for document in documents:
            until = document.last or "…"
            self.console.print(
                Styled(
                    f"  {document.number} {self.say(document.title)} ({document.first} – {until})",
                    style="dim",
                )
            )
