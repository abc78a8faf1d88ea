"""What the clearing commands do: each is one transaction, told as a table or as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import typer

from yibao.agency.clearing import audit as audits
from yibao.agency.clearing import deductions as files
from yibao.agency.clearing import region as regions
from yibao.agency.clearing import reserve, terms, year
from yibao.agency.clearing.apply import apply as apply_
from yibao.agency.clearing.model import Act, DepositRate, Rate
from yibao.agency.clearing.pay import pay as pay_
from yibao.agency.clearing.read import application, applications
from yibao.cli import clearing_pages, exit_codes
from yibao.cli.database import opened
from yibao.cli.ledger_pages import account_of
from yibao.cli.options import CHINA, Language
from yibao.cli.output import console, print_json
from yibao.cli.settle_report import money, print_rejects
from yibao.cli.settle_run import exits, place_of
from yibao.interop.files.encoding import Encoding
from yibao.money import format_yuan
from yibao.policy.policy import load_policy
from yibao.store.database import Connection
from yibao.text import Text


@dataclass(frozen=True, slots=True)
class Run:
    """Where, who, on which day of the books, and how it is told."""

    place: str | None
    actor: str
    day: date | None
    language: Language
    as_json: bool

    @property
    def act(self) -> Act:
        """Who does it on which day of the books: today where none was given."""
        return Act(self.actor, self.day or datetime.now(CHINA).date())

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Yield a transaction; what is refused is told in the reader's language."""
        with (
            exits(self.language, as_json=self.as_json),
            opened(self.place) as database,
            database.transaction() as connection,
        ):
            yield connection


def apply(run: Run, institution: str, month: date) -> None:
    """Apply for a month and print the application."""
    with run.transaction() as connection:
        found = apply_(connection, institution, month, run.act)
    clearing_pages.show(found, run.language, as_json=run.as_json)


def deposit_rate(policy: str | None, rate: Fraction | None, cite: str | None) -> DepositRate:
    """Return the rates of a region's documents, or the one that is given with its source."""
    if policy is not None and rate is None and cite is None:
        return terms.deposit_rate(load_policy(place_of(policy)))
    if policy is None and rate is not None and cite:
        return terms.told(rate, cite)
    raise typer.BadParameter(
        "--policy REGION, or --deposit-rate with --cite, is needed; 0% too has to be laid down / "
        "请用 --policy，或用 --deposit-rate 和 --cite 给出保证金比例"
    )


def audit(
    run: Run,
    what: tuple[str, date],
    rate: DepositRate,
    file: Path | None,
    encoding: Encoding | None,
) -> None:
    """Audit an application and print it; a wrong row of the file leaves everything as it was."""
    told: list[files.Told] = []
    if file is not None:
        with exits(run.language, as_json=run.as_json):
            told, rejects = files.read(file, encoding)
        if rejects:
            print_rejects(rejects, run.language, console(stderr=True))
            raise typer.Exit(exit_codes.REJECTED)
    with run.transaction() as connection:
        deductions = files.with_bills(connection, what[0], told)
        found = audits.audit(connection, *what, run.act, deductions=deductions, rate=rate)
    clearing_pages.show(found, run.language, as_json=run.as_json)


def pay(run: Run, institution: str, month: date) -> None:
    """Pay an application and print it."""
    with run.transaction() as connection:
        found = pay_(connection, institution, month, run.act)
    clearing_pages.show(found, run.language, as_json=run.as_json)


def list_(run: Run, institution: str | None, month: date | None) -> None:
    """Print applications, one a line."""
    with run.transaction() as connection:
        found = applications(connection, institution=institution, month=month)
    clearing_pages.list_(found, run.language, as_json=run.as_json)


def show(run: Run, institution: str, month: date) -> None:
    """Print an application."""
    with run.transaction() as connection:
        found = application(connection, institution, month)
    clearing_pages.show(found, run.language, as_json=run.as_json)


def appeal(run: Run, deduction: int, reason: str) -> None:
    """Appeal against a deduction."""
    with run.transaction() as connection:
        audits.appeal(connection, deduction, reason, run.act)
    _tell(run, Text("已申诉", "the appeal has been made"), deduction=deduction)


def decide(run: Run, deduction: int, *, upheld: bool, reason: str) -> None:
    """Decide an appeal."""
    with run.transaction() as connection:
        audits.decide(connection, deduction, run.act, upheld=upheld, reason=reason)
    told = Text("维持扣款", "the deduction stands")
    if not upheld:
        told = Text("退回扣款，并入下月申报", "given back: it comes with the next application")
    _tell(run, told, deduction=deduction, upheld=upheld)


def working_capital(
    run: Run, policy: str | None, months: int | None, cite: str | None
) -> tuple[int, str]:
    """Return how many months are advanced, from a region's documents or as given."""
    if policy is not None and months is None and cite is None:
        with exits(run.language, as_json=run.as_json):
            return terms.working_capital_months(load_policy(place_of(policy)), run.act.day)
    if policy is None and months is not None and cite:
        return months, cite
    raise typer.BadParameter(
        "--policy REGION, or --months with --cite, is needed / 请用 --policy，或 --months 和 --cite"
    )


def advance(run: Run, what: tuple[str, int], laid_down: tuple[int, str], months_of: int) -> None:
    """Advance working capital."""
    months, cite = laid_down
    with run.transaction() as connection:
        found = year.advance(
            connection, *what, run.act, months=months, months_of=months_of, cite=cite
        )
    _by_fund(run, Text("预拨周转金", "working capital advanced"), found)


def repay(run: Run, institution: str, of_year: int) -> None:
    """Book working capital paid back."""
    with run.transaction() as connection:
        found = year.repay(connection, institution, of_year, run.act)
    _by_fund(run, Text("收回周转金", "working capital paid back"), found)


def release(run: Run, what: tuple[str, int], rate: Fraction, reason: str) -> None:
    """Return deposits."""
    with run.transaction() as connection:
        found = year.release(connection, *what, Rate(rate, reason), run.act)
    returned = {fund: part[0] for fund, part in found.items()}
    _by_fund(run, Text("返还保证金", "deposits returned"), returned)


def set_aside(run: Run, what: tuple[str, int], rate: Fraction, cite: str) -> None:
    """Set aside a share of a year's income."""
    account_of("risk_reserve", [what[0]])
    with run.transaction() as connection:
        fen = reserve.set_aside(connection, *what, Rate(rate, cite), run.act)
    _by_fund(run, Text("提取风险储备金", "set aside"), {what[0]: fen})


def draw(run: Run, fund: str, fen: int, reason: str) -> None:
    """Draw on a reserve."""
    account_of("risk_reserve", [fund])
    with run.transaction() as connection:
        left = reserve.draw(connection, fund, fen, reason, run.act)
    _by_fund(run, Text("动用后储备金结余", "left in the reserve"), {fund: left})


def region_advance(run: Run, region: str, fund: str, fen: int) -> None:
    """Pay a region ahead."""
    account_of("region_receivable", [fund, region])
    with run.transaction() as connection:
        regions.pay_ahead(connection, region, fund, fen, run.act)
    _by_fund(run, Text("预付异地清算资金", "paid ahead"), {fund: fen})


def region_clear(
    run: Run, what: tuple[str, date], bill: tuple[str, int], *, reserve_first: bool
) -> None:
    """Book and pay a region's month."""
    fund, fen = bill
    account_of("region_payable", [fund, what[0]])
    with run.transaction() as connection:
        one = regions.clear(connection, *what, {fund: fen}, run.act, reserve_first=reserve_first)[
            fund
        ]
    if run.as_json:
        print_json({name: format_yuan(value) for name, value in one._asdict().items()})
        return
    for name, value in one._asdict().items():
        console().print(f"{_CLEARED[name].pick(run.language)}  {money(value)}")


def region_return(run: Run, region: str) -> None:
    """Book what a region returns."""
    with run.transaction() as connection:
        found = regions.take_back(connection, region, run.act)
    _by_fund(run, Text("收回预付金", "returned"), found)


_CLEARED = {
    "due": Text("应付异地清算款", "Due"),
    "from_reserve": Text("风险储备金列支", "From the reserve"),
    "from_surplus": Text("累计结余列支", "From the surplus"),
    "offset": Text("抵预付金", "Paid ahead"),
    "bank": Text("银行拨付", "Bank"),
}


def _by_fund(run: Run, what: Text, found: Mapping[str, int]) -> None:
    if run.as_json:
        print_json({"funds": {fund: format_yuan(fen) for fund, fen in found.items()}})
        return
    for fund, fen in found.items():
        name = clearing_pages.fund_title(fund, run.language)
        console().print(f"{what.pick(run.language)}  {name}  {money(fen)}")


def _tell(run: Run, what: Text, **facts: Any) -> None:
    if run.as_json:
        print_json(facts)
    else:
        console().print(what.pick(run.language))
