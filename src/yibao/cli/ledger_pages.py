"""How the ledger is printed: amounts in yuan, names of heads and funds in the reader's language."""

from __future__ import annotations

from collections.abc import Sequence

import typer
from rich.table import Table

from yibao.agency.reconcile.books import CHECKS, Finding
from yibao.cli import exit_codes
from yibao.cli.options import Language, parse_text
from yibao.cli.output import console, print_json
from yibao.cli.settle_report import money
from yibao.interop.files.rows import visible
from yibao.interop.files.tabular import did_you_mean
from yibao.ledger.balance import Line
from yibao.ledger.chart import CHART, Account
from yibao.ledger.funds import funds
from yibao.ledger.statement import Posting
from yibao.money import format_yuan
from yibao.text import Text

_WORDS = {
    "head": Text("科目", "Head"),
    "fund": Text("基金", "Fund"),
    "party": Text("对象", "Party"),
    "debits": Text("借方发生额", "Debits"),
    "credits": Text("贷方发生额", "Credits"),
    "debit_balance": Text("借方余额", "Debit balance"),
    "credit_balance": Text("贷方余额", "Credit balance"),
    "sum": Text("合计", "Sum"),
    "balanced": Text("借贷平衡", "in balance"),
    "off": Text("借贷不平", "OUT OF BALANCE"),
    "day": Text("日期", "Day"),
    "entry": Text("分录", "Entry"),
    "kind": Text("摘要", "What"),
    "subject": Text("凭据", "Of"),
    "actor": Text("经办", "By"),
    "debit": Text("借方", "Debit"),
    "credit": Text("贷方", "Credit"),
    "balance": Text("余额（借正贷负）", "Balance (debit +)"),
    "opening": Text("期初余额", "Opening balance"),
    "check": Text("检查", "Check"),
    "what": Text("对象", "Of"),
    "expected": Text("应为", "Expected"),
    "ledger": Text("总账", "Ledger"),
    "difference": Text("差额", "Difference"),
    "agree": Text("账账相符", "the books agree"),
}


def _word(key: str, language: Language) -> str:
    return _WORDS[key].pick(language)


def fund_title(fund: str, language: Language) -> str:
    """Return what a fund of the ledger is called, "" where there is none."""
    return funds()[fund].pick(language) if fund else ""


def table(language: Language, columns: Sequence[str], amounts: Sequence[str]) -> Table:
    """Return an empty table: columns of texts, then of amounts."""
    made = Table()
    for key in columns:
        made.add_column(_word(key, language), overflow="fold")
    for key in amounts:
        made.add_column(_word(key, language), justify="right")
    return made


def trial_balance(
    lines: Sequence[Line], *, by_party: bool, as_json: bool, language: Language
) -> None:
    """Print a trial balance, in the order of the chart."""
    order = {head: at for at, head in enumerate(CHART)}
    lines = sorted(lines, key=lambda line: (order[line.account.head], line.account))
    off = sum(line.balance for line in lines)
    if as_json:
        found = [
            {
                **line.account._asdict(),
                "debits": format_yuan(line.debits),
                "credits": format_yuan(line.credits),
                "balance": format_yuan(line.balance),
            }
            for line in lines
        ]
        print_json({"lines": found, "sum": format_yuan(off)})
    else:
        _print_trial_balance(lines, off, language, by_party=by_party)
    if off:
        raise typer.Exit(exit_codes.FINDINGS)


def _print_trial_balance(
    lines: Sequence[Line], off: int, language: Language, *, by_party: bool
) -> None:
    texts = ["head", "fund", *(["party"] if by_party else [])]
    page = table(language, texts, ["debits", "credits", "debit_balance", "credit_balance"])
    for line in lines:
        head, fund, party = line.account
        names = [CHART[head].title.pick(language), fund_title(fund, language)]
        page.add_row(
            *names,
            *([visible(party)] if by_party else []),
            *map(money, (line.debits, line.credits)),
            money(line.balance) if line.balance > 0 else "",
            money(-line.balance) if line.balance < 0 else "",
        )
    page.add_section()
    page.add_row(
        _word("sum", language),
        *[""] * (len(texts) - 1),
        money(sum(line.debits for line in lines)),
        money(sum(line.credits for line in lines)),
        money(sum(max(0, line.balance) for line in lines)),
        money(sum(max(0, -line.balance) for line in lines)),
    )
    console().print(page)
    console().print(_word("off" if off else "balanced", language))


def account_of(head: str, of: Sequence[str]) -> Account:
    """Return the account that is named: a head, its fund and its party where it has them."""
    found = CHART.get(head)
    if found is None:
        hint = did_you_mean(head, CHART).en
        raise typer.BadParameter(
            f"no head {head!r}{hint}; there are: {', '.join(CHART)} / 没有这个科目"
        )
    needed = [*(["FUND"] if found.of_fund else []), *(["PARTY"] if found.party else [])]
    if len(of) != len(needed):
        what = " ".join(needed) or "nothing"
        whose = f" (PARTY: {found.party})" if found.party else ""
        raise typer.BadParameter(
            f"after {head} comes {what}{whose}, not {' '.join(of)!r} / 参数个数不对"
        )
    fund = of[0] if found.of_fund else ""
    if found.of_fund and fund not in funds():
        hint = did_you_mean(fund, funds()).en
        raise typer.BadParameter(
            f"no fund {fund!r}{hint}; there are: {', '.join(funds())} / 没有这个基金"
        )
    return Account(head, fund, parse_text(of[-1]) if found.party else "")


def statement(
    account: Account,
    opening: int,
    postings: Sequence[Posting],
    *,
    as_json: bool,
    language: Language,
) -> None:
    """Print an account's statement."""
    closing = postings[-1].balance if postings else opening
    if as_json:
        found = [
            {
                "entry": p.entry_id,
                "day": p.on_day.isoformat(),
                "recorded_at": p.recorded_at.isoformat(),
                "kind": p.kind,
                "subject": p.subject,
                "actor": p.actor,
                "amount": format_yuan(p.fen),
                "balance": format_yuan(p.balance),
            }
            for p in postings
        ]
        print_json(
            {
                **account._asdict(),
                "opening": format_yuan(opening),
                "postings": found,
                "closing": format_yuan(closing),
            }
        )
        return
    title = CHART[account.head].title.pick(language)
    names = [title, *([fund_title(account.fund, language)] if account.fund else []), account.party]
    console().print(visible(" ".join(names)).rstrip(), style="bold")
    page = table(
        language, ["day", "entry", "kind", "subject", "actor"], ["debit", "credit", "balance"]
    )
    page.add_row("", "", _word("opening", language), "", "", "", "", money(opening))
    for p in postings:
        debit, credit = money(p.fen) if p.fen > 0 else "", money(-p.fen) if p.fen < 0 else ""
        texts = (str(p.on_day), str(p.entry_id), p.kind, visible(p.subject), visible(p.actor))
        page.add_row(*texts, debit, credit, money(p.balance))
    console().print(page)


def verified(findings: Sequence[Finding], *, as_json: bool, language: Language) -> None:
    """Print which checks failed; leaves with exit code 1 where something does not agree."""
    if not as_json:
        failed = {f.check for f in findings}
        for name, (title, _) in CHECKS.items():
            console().print(f"{'✗' if name in failed else '✓'} {title.pick(language)}")
    found(list(CHECKS), findings, as_json=as_json, language=language)


def found(
    checks: Sequence[str], findings: Sequence[Finding], *, as_json: bool, language: Language
) -> None:
    """Print what does not agree; leaves with exit code 1 where something does not."""
    if as_json:
        told = [
            {
                "check": f.check,
                "of": f.what,
                "expected": format_yuan(f.expected),
                "ledger": format_yuan(f.ledger),
            }
            for f in findings
        ]
        print_json({"checks": checks, "findings": told})
    elif findings:
        page = table(language, ["check", "what"], ["expected", "ledger", "difference"])
        for f in findings:
            amounts = map(money, (f.expected, f.ledger, f.ledger - f.expected))
            page.add_row(f.check, visible(f.what), *amounts)
        console().print(page)
    else:
        console().print(_word("agree", language))
    if findings:
        raise typer.Exit(exit_codes.FINDINGS)
