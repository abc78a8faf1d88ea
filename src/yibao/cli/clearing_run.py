"""What the clearing commands do: each is one transaction, told as a table or as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
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
from yibao.agency.clearing.pay import overdrawn
from yibao.agency.clearing.pay import pay as pay_
from yibao.agency.clearing.read import application, applications
from yibao.cli import clearing_pages, exit_codes
from yibao.cli.ledger_pages import account_of
from yibao.cli.output import console, print_json
from yibao.cli.settle_report import money, print_rejects
from yibao.cli.settle_run import exits, place_of
from yibao.cli.sharing import At
from yibao.clock import today
from yibao.interop.files.encoding import Encoding
from yibao.money import format_yuan
from yibao.policy.policy import load_policy
from yibao.text import Text


def act(at: At) -> Act:
    """Return who does it on which day of the books: today where none was given."""
    return Act(at.who, at.day or today())


def apply(at: At, institution: str, month: date, *, early: bool) -> None:
    """Apply for a month and print the application."""
    with at.transaction() as connection:
        found = apply_(connection, institution, month, act(at), early=early)
    clearing_pages.show(found, at.lang, as_json=at.as_json)


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
    at: At,
    what: tuple[str, date],
    rate: DepositRate,
    file: Path | None,
    encoding: Encoding | None,
) -> None:
    """Audit an application and print it; a wrong row of the file leaves everything as it was."""
    told: list[files.Told] = []
    if file is not None:
        with exits(at.lang, as_json=at.as_json):
            told, rejects = files.read(file, encoding)
        if rejects:
            print_rejects(rejects, at.lang, console(stderr=True))
            raise typer.Exit(exit_codes.REJECTED)
    with at.transaction() as connection:
        deductions = files.with_bills(connection, what[0], told)
        found = audits.audit(connection, *what, act(at), deductions=deductions, rate=rate)
    clearing_pages.show(found, at.lang, as_json=at.as_json)


def pay(at: At, institution: str, month: date) -> None:
    """Pay an application and print it."""
    with at.transaction() as connection:
        found = pay_(connection, institution, month, act(at))
        below = overdrawn(connection, found.paid)
    clearing_pages.show(found, at.lang, as_json=at.as_json, overdrawn=below)


def list_(at: At, institution: str | None, month: date | None) -> None:
    """Print applications, one a line."""
    with at.transaction() as connection:
        found = applications(connection, institution=institution, month=month)
    clearing_pages.list_(found, at.lang, as_json=at.as_json)


def show(at: At, institution: str, month: date) -> None:
    """Print an application."""
    with at.transaction() as connection:
        found = application(connection, institution, month)
    clearing_pages.show(found, at.lang, as_json=at.as_json)


def appeal(at: At, deduction: int, reason: str) -> None:
    """Appeal against a deduction."""
    with at.transaction() as connection:
        audits.appeal(connection, deduction, reason, act(at))
    _tell(at, Text("已申诉", "the appeal has been made"), deduction=deduction)


def decide(at: At, deduction: int, *, upheld: bool, reason: str) -> None:
    """Decide an appeal."""
    with at.transaction() as connection:
        audits.decide(connection, deduction, act(at), upheld=upheld, reason=reason)
    told = Text("维持扣款", "the deduction stands")
    if not upheld:
        told = Text("退回扣款，并入下月申报", "given back: it comes with the next application")
    _tell(at, told, deduction=deduction, upheld=upheld)


def working_capital(
    at: At, policy: str | None, months: int | None, cite: str | None
) -> tuple[int, str]:
    """Return how many months are advanced, from a region's documents or as given."""
    if policy is not None and months is None and cite is None:
        with exits(at.lang, as_json=at.as_json):
            return terms.working_capital_months(load_policy(place_of(policy)), act(at).day)
    if policy is None and months is not None and cite:
        return months, cite
    raise typer.BadParameter(
        "--policy REGION, or --months with --cite, is needed / 请用 --policy，或 --months 和 --cite"
    )


def advance(at: At, what: tuple[str, int], laid_down: tuple[int, str], months_of: int) -> None:
    """Advance working capital."""
    months, cite = laid_down
    with at.transaction() as connection:
        found = year.advance(
            connection, *what, act(at), months=months, months_of=months_of, cite=cite
        )
    _by_fund(at, Text("预拨周转金", "working capital advanced"), found)


def repay(at: At, institution: str, of_year: int) -> None:
    """Book working capital paid back."""
    with at.transaction() as connection:
        found = year.repay(connection, institution, of_year, act(at))
    _by_fund(at, Text("收回周转金", "working capital paid back"), found)


def release(at: At, what: tuple[str, int], rate: Fraction, reason: str) -> None:
    """Return deposits."""
    with at.transaction() as connection:
        found = year.release(connection, *what, Rate(rate, reason), act(at))
    returned = {fund: part[0] for fund, part in found.items()}
    _by_fund(at, Text("返还保证金", "deposits returned"), returned)


def set_aside(at: At, what: tuple[str, int], rate: Fraction, cite: str) -> None:
    """Set aside a share of a year's income."""
    account_of("risk_reserve", [what[0]])
    with at.transaction() as connection:
        fen = reserve.set_aside(connection, *what, Rate(rate, cite), act(at))
    _by_fund(at, Text("提取风险储备金", "set aside"), {what[0]: fen})


def draw(at: At, fund: str, fen: int, reason: str) -> None:
    """Draw on a reserve."""
    account_of("risk_reserve", [fund])
    with at.transaction() as connection:
        left = reserve.draw(connection, fund, fen, reason, act(at))
    _by_fund(at, Text("动用后储备金结余", "left in the reserve"), {fund: left})


def region_advance(at: At, region: str, fund: str, fen: int) -> None:
    """Pay a region ahead."""
    account_of("region_receivable", [fund, region])
    with at.transaction() as connection:
        regions.pay_ahead(connection, region, fund, fen, act(at))
    _by_fund(at, Text("预付异地清算资金", "paid ahead"), {fund: fen})


def region_clear(
    at: At, what: tuple[str, date], bill: tuple[str, int], *, reserve_first: bool
) -> None:
    """Book and pay a region's month."""
    fund, fen = bill
    account_of("region_payable", [fund, what[0]])
    with at.transaction() as connection:
        one = regions.clear(connection, *what, {fund: fen}, act(at), reserve_first=reserve_first)[
            fund
        ]
    if at.as_json:
        print_json({name: format_yuan(value) for name, value in one._asdict().items()})
        return
    for name, value in one._asdict().items():
        console().print(f"{_CLEARED[name].pick(at.lang)}  {money(value)}")


def region_return(at: At, region: str) -> None:
    """Book what a region returns."""
    with at.transaction() as connection:
        found = regions.take_back(connection, region, act(at))
    _by_fund(at, Text("收回预付金", "returned"), found)


_CLEARED = {
    "due": Text("应付异地清算款", "Due"),
    "from_reserve": Text("风险储备金列支", "From the reserve"),
    "from_surplus": Text("累计结余列支", "From the surplus"),
    "offset": Text("抵预付金", "Paid ahead"),
    "bank": Text("银行拨付", "Bank"),
}


def _by_fund(at: At, what: Text, found: Mapping[str, int]) -> None:
    if at.as_json:
        print_json({"funds": {fund: format_yuan(fen) for fund, fen in found.items()}})
        return
    for fund, fen in found.items():
        name = clearing_pages.fund_title(fund, at.lang)
        console().print(f"{what.pick(at.lang)}  {name}  {money(fen)}")


def _tell(at: At, what: Text, **facts: Any) -> None:
    if at.as_json:
        print_json(facts)
    else:
        console().print(what.pick(at.lang))
