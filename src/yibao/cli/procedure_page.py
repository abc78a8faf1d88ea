"""Print what a procedure answers as a person reads it: what went in, each step, who pays."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text as Styled

from yibao.cli.waterfall import Page
from yibao.money import format_yuan
from yibao.policy.refusals import described
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.explain import Account, Line, Quantity
from yibao.text import Text

TOTAL = Text("合计", "Total")


class _Page(Page):
    """Shows every step that gives a result, and each figure's source once."""

    def __init__(
        self, language: str, console: Console, results: frozenset[str], *, full: bool
    ) -> None:
        super().__init__(language, console, full)
        self.results = results
        self.met: set[str] = set()

    def wanted(self, line: Line) -> bool:
        return line.moves or not self.results.isdisjoint(line.instruction.outs)

    def cited(self, quantity: Quantity, line: Line) -> bool:
        new = quantity.name not in self.met and super().cited(quantity, line)
        self.met.add(quantity.name)
        return new


def print_account(account: Account, language: str, console: Console, *, full: bool = False) -> None:
    """Print one answer in `language` ("zh" or "en").

    `full` shows the steps that changed nothing too, and every rejected alternative.
    """
    request = account.outcome.request
    procedure = vocabulary().procedures[request.procedure]
    results = frozenset([*procedure.payers, *procedure.gives])
    page = _Page(language, console, results, full=full)
    title, region = page.say(procedure.title), page.say(account.reader.region.name)
    title = title[:1].upper() + title[1:]
    console.print(Styled(f"{title} · {region}", style="bold cyan"))
    facts = page.say(described(request.facts)) if request.facts else ""
    day = f"{page.word('day')} {request.day}"
    console.print(Styled(f"{day} · {facts}" if facts else day, style="dim"))
    if account.inputs:
        page.quantities("inputs", account.inputs)
    page.steps(account.lines, "worked")
    payers = [q for q in account.results(procedure.payers) if full or q.value != "0.00"]
    if procedure.payers:
        page.quantities("who", [*payers, _total(account)])
    given = account.results(procedure.gives)
    if given:
        page.quantities("results", given)
    page.documents(account.documents)


def _total(account: Account) -> Quantity:
    return Quantity("total", TOTAL, format_yuan(account.outcome.total))
