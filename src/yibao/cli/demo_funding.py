"""The part of the demonstration on funding: bills, benefit periods, an account's month."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text as Styled

from yibao.cli import settle_report
from yibao.interop.files.columns import ProcedureName
from yibao.interop.files.payments import cover
from yibao.interop.files.requests import Answer, Answers
from yibao.money import format_yuan
from yibao.policy.policy import Policy
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.coverage import REASONS
from yibao.settlement.explain import Explainer, Line
from yibao.text import Text

_WORDS = {
    "bills": Text("缴费单（元）", "Contribution bills (yuan)"),
    "person": Text("人员", "Person"),
    "who": Text("由谁缴", "Who pays"),
    "total": Text("合计", "Total"),
    "periods": Text(
        "待遇期：按费款所属月份，不按到账日", "Benefit periods: by the months that money belongs to"
    ),
    "from": Text("起", "from"),
    "to": Text("止", "to"),
    "why": Text("原因", "why"),
    "credit": Text("个人账户的一个月：", "A month of a personal account:"),
}


def show_funding(policy: Policy, folder: Path, language: str, console: Console) -> None:
    """Show the examples in `folder`: contributions.csv, payments.csv, credits.csv."""
    bills = Answers(policy, "contribution", (folder / "contributions.csv",))
    table = _table(language, "bills", ("person", "who", "total"))
    titles = vocabulary().procedures["contribution"].payers
    for answer in bills.open():
        payers = [
            f"{titles[name].pick(language)} {format_yuan(fen)}"
            for name, fen in answer.outcome.payers.items()
            if fen
        ]
        total = format_yuan(answer.outcome.total)
        table.add_row(answer.values["person_id"], " · ".join(payers), total)
    console.print(table)
    settle_report.print_rejects(bills.rejects, language, console)

    table = _table(language, "periods", ("person", "from", "to", "why"))
    for person in cover(policy, [folder / "payments.csv"]).persons:
        for span in person.spans:
            why = REASONS[span.reason].pick(language)
            style = "" if span.covered else "yellow"
            table.add_row(person.person_id, str(span.first), str(span.last), why, style=style)
    console.print(table)

    credit = first(policy, "account_credit", folder / "credits.csv")
    if credit is not None:
        console.print(_WORDS["credit"].pick(language), style="bold")
        _steps(Explainer(policy).account(credit.outcome).lines, language, console)
    console.print()


def first(policy: Policy, procedure: ProcedureName, file: Path) -> Answer | None:
    """Return the first answer of a file."""
    return next(Answers(policy, procedure, (file,)).open(), None)


def _steps(lines: Iterable[Line], language: str, console: Console) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_column(overflow="fold")
    table.add_column(no_wrap=True, overflow="ellipsis", max_width=40)
    for line in filter(lambda one: one.moves, lines):
        title = line.results[-1].title.pick(language)
        source = Styled(f"{line.source.number} {line.source.cite}", style="blue")
        table.add_row(Styled(f"  {title}: {line.formula}"), source)
    console.print(table)


def _table(language: str, title: str, columns: Iterable[str]) -> Table:
    table = Table(title=_WORDS[title].pick(language), title_justify="left")
    for name in columns:
        justify: JustifyMethod = "right" if name == "total" else "left"
        table.add_column(_WORDS[name].pick(language), justify=justify, overflow="fold")
    return table
