"""How settled bills are told: who pays what of each, sums, and the rows of a result file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from rich.console import Console
from rich.table import Table

from yibao.agency.bills.sending import Outcome
from yibao.agency.desk.postings import shares
from yibao.cli.options import Language
from yibao.cli.settle_report import money, word
from yibao.interop.files.output import OutKind, Sheet
from yibao.interop.files.results import settlements_sheet
from yibao.interop.files.rows import visible
from yibao.ledger.funds import HOSPITAL
from yibao.policy.policy import Policy
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.batch import Entry, Item
from yibao.settlement.explain import CLOSING
from yibao.settlement.model import Settlement
from yibao.text import Text

_SHOWN = 40
"""Bills of which the page tells; an output file has all."""

_WORDS: Mapping[str, Text] = {
    "claim_no": Text("单据号", "Bill"),
    "number": Text("结算编号", "Settlement"),
    "person_id": Text("人员编号", "Person"),
    "scheme": Text("险种", "Scheme"),
    "more": Text("……另有 {n} 张，用 -o 写出全部", "… and {n} more: write all with -o"),
    "taken_back": Text(
        "已有的单据中 {n} 张已冲正，未写入结果；单据号不能再用，须换新号：{which}",
        "{n} of those there already were taken back and stand nowhere; their numbers are used up, "
        "so that a new bill needs a new one: {which}",
    ),
}


def say(key: str, language: Language, **facts: object) -> str:
    """Return a fixed text."""
    return _WORDS[key].pick(language).format(**facts)


def paid(settlement: Settlement) -> dict[str, int]:
    """Return who pays how much of a settlement, in fen, by the names of the result file."""
    found = shares(settlement)
    funds: dict[str, int] = found["funds"]
    rest = {"account_pay": found["account_pay"], "cash_pay": found["cash_pay"]}
    return {"total": settlement.total, **funds, HOSPITAL: found["hospital_pay"], **rest}


def _titles(names: Iterable[str], language: Language) -> dict[str, str]:
    """Return the payers that pay something, in the order in which they pay, with their titles."""
    funds = {name: fund.title for name, fund in vocabulary().funds.items()}
    known = {"total": Text("总额", "Total"), **funds, **CLOSING}
    there = {*names, "total"}
    return {name: title.pick(language) for name, title in known.items() if name in there}


def _standing(found: Iterable[Outcome]) -> list[tuple[Outcome, Settlement]]:
    """Return what bills are settled as, without those that were taken back since."""
    return [(o, o.settlement) for o in found if o.settlement is not None and not o.taken_back]


def print_bills(found: Sequence[Outcome], language: Language, console: Console) -> None:
    """Print who pays what of each bill."""
    made = [(o, paid(settlement)) for o, settlement in _standing(found)]
    if not made:
        return
    titles = _titles((n for _, parts in made for n, fen in parts.items() if fen), language)
    table = Table()
    for key in ("claim_no", "person_id"):
        table.add_column(say(key, language), overflow="fold")
    for title in titles.values():
        table.add_column(title, justify="right")
    for outcome, parts in made[:_SHOWN]:
        own = [visible(str(outcome.bill.values[key])) for key in ("claim_no", "person_id")]
        table.add_row(*own, *(money(parts.get(name, 0)) for name in titles))
    console.print(table)
    if len(made) > _SHOWN:
        console.print(say("more", language, n=len(made) - _SHOWN))


def print_taken_back(numbers: Sequence[str], language: Language, console: Console) -> None:
    """Say which bills, sent again, have been taken back."""
    which = ", ".join(map(visible, numbers[:_SHOWN])) + (", …" if len(numbers) > _SHOWN else "")
    told = say("taken_back", language, n=len(numbers), which=which)
    console.print(f"! {told}", style="yellow", soft_wrap=True)


def print_sums(found: Sequence[Outcome], language: Language, console: Console) -> None:
    """Print what each fund and the persons pay of all bills settled now."""
    sums: Counter[str] = Counter()
    for outcome in found:
        if outcome.settlement is not None and not outcome.again:
            sums.update(paid(outcome.settlement))
    if not sums:
        return
    table = Table(title=word("sums", language), title_justify="left", show_header=False)
    table.add_column("")
    table.add_column("", justify="right")
    for name, title in _titles((n for n, fen in sums.items() if fen), language).items():
        table.add_row(title, money(sums[name]))
    console.print(table)


def settled_sheet(found: Sequence[Outcome], policy: Policy) -> Sheet:
    """Return the result file: that of `yibao settle`, with the institution and its number."""
    made = _standing(found)
    entries = [Entry(Item(replace(s.claim, claim_id=str(o.number or ""))), s) for o, s in made]
    return with_bills(
        settlements_sheet(entries, policy),
        [[str(o.bill.values[name]) for name in BILL] for o, _ in made],
    )


BILL = ("institution_id", "claim_no")
"""What tells a bill: the institution and its number."""


def with_bills(sheet: Sheet, own: Iterable[Sequence[str]]) -> Sheet:
    """Return a sheet of settlements with the institution and number of each one's bill before."""
    columns: list[tuple[str, OutKind]] = [*((name, "text") for name in BILL), *sheet.columns]
    rows = ((*bill, *row) for bill, row in zip(own, sheet.rows, strict=True))
    return replace(sheet, columns=columns, rows=rows)
