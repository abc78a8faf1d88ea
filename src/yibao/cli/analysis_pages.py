"""What `policy curve` prints and writes, and the options that the analysis commands share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import typer

from yibao.analysis.bill import Bill
from yibao.analysis.curve import Cause, CurveOf, Point
from yibao.analysis.curve import curve as draw
from yibao.analysis.patient import Patient, patient, read
from yibao.analysis.picture import svg
from yibao.analysis.piecewise import Number
from yibao.cli.options import Language
from yibao.cli.output import console, print_json
from yibao.cli.policy_pages import Pack, today
from yibao.errors import ClaimError, MoneyError
from yibao.interop.files.output import (
    Cell,
    OutKind,
    Sheet,
    check_place,
    check_target,
    write_files,
    write_text,
)
from yibao.money import MAX_CLAIM, MAX_STATE, format_rate, format_yuan, parse_rate, parse_yuan
from yibao.policy.model import Grade, Region, Text
from yibao.policy.policy import Policy
from yibao.policy.vocabulary import vocabulary

_SAY = {
    "expense": Text("费用", "expense"),
    "personal": Text("个人负担", "personal share"),
    "rate": Text("此后每元报销", "paid of the next yuan"),
    "because": Text("转折点及其依据", "Breakpoints and what makes them"),
    "bound": Text(
        "表中为真实结算数；两点之间与直线相差不超过{bound}分",
        "The table has real settlements; between two rows the truth is within {bound} fen of the "
        "line",
    ),
    "rounding": Text(
        "区间按四舍五入前的金额求得；四舍五入使两者之差变动不超过{bound}分",
        "The intervals are those before rounding; rounding moves B − A by at most {bound} fen",
    ),
    "who": Text("支付方", "who pays"),
    "intervals": Text("按个人负担比较（精确区间）", "Who pays less (exact intervals)"),
    "a": Text("A更优", "better under A"),
    "b": Text("B更优", "better under B"),
    "same": Text("相同", "the same"),
}


def say(key: str, language: Language) -> str:
    """Return a word of these pages."""
    return _SAY[key].pick(language)


# --- what is asked --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """Options as given on the command line."""

    settings: Sequence[str]
    bill: Sequence[str]
    opening: Sequence[str]
    to: str
    accept: str

    def policy(self, pack: Pack) -> Policy:
        """Load a pack with the figures that are accepted."""
        return Policy(pack.load(), accept=Grade[self.accept])

    @property
    def top(self) -> int:
        """The largest bill looked at, in fen."""
        top = yuan("--to", self.to)
        if not 0 < top <= MAX_CLAIM:
            raise typer.BadParameter(f"--to {self.to}: above 0 and at most {MAX_CLAIM // 100} yuan")
        return top

    def make_bill(self) -> Bill:
        """Return the make-up of the bill."""
        shares: dict[str, Fraction] = {}
        fixed: dict[str, int] = {}
        for name, text in pairs("--bill", self.bill).items():
            try:
                if text.endswith("%"):
                    shares[name] = parse_rate(text)
                else:
                    fixed[name] = parse_yuan(text)
            except MoneyError:
                told = f"--bill {name}={text}: a share such as 10% or yuan such as 200.00"
                raise typer.BadParameter(told) from None
        with usage():
            return Bill(shares, fixed)

    def state(self, region: Region) -> dict[str, int]:
        """Return the opening state: fen, or counts."""
        found = {}
        for name, text in pairs("--opening", self.opening).items():
            value = region.state.get(name)
            if value is not None and value.unit == "count":
                if not text.isascii() or not text.isdigit() or len(text) > 4:
                    raise typer.BadParameter(f"--opening {name}={text}: a count such as 1")
                found[name] = int(text)
            else:
                found[name] = yuan(f"--opening {name}", text)
                if found[name] > MAX_STATE:
                    most = format_yuan(MAX_STATE)
                    raise typer.BadParameter(f"--opening {name}={text}: at most {most} yuan")
        return found

    def patient(self, policy: Policy, day: date, opening: Mapping[str, int]) -> Patient:
        """Return the patient under a policy."""
        with usage():
            given = read(policy.region, pairs("--set", self.settings), opening)
            return patient(policy, day, given)


@contextmanager
def usage() -> Iterator[None]:
    """Turn what is wrong with a patient or a bill into wrong usage of the command."""
    try:
        yield
    except ClaimError as error:
        raise typer.BadParameter(str(error)) from None


def pairs(option: str, given: Iterable[str]) -> dict[str, str]:
    """Split ``name=value`` options; a name may be given once."""
    found: dict[str, str] = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not (name and sign and value):
            raise typer.BadParameter(f"{option} {text}: written as NAME=VALUE")
        if name in found:
            raise typer.BadParameter(f"{option} {text}: {name} is given twice")
        found[name] = value
    return found


def yuan(option: str, text: str) -> int:
    """Return the fen of an amount given on the command line."""
    try:
        return parse_yuan(text)
    except MoneyError:
        raise typer.BadParameter(
            f"{option} {text}: not an amount in yuan such as 1200.00"
        ) from None


def exact(fen: Number, language: Language) -> str:
    """Return an exact amount: yuan, and the part of a fen where it is not whole."""
    whole = fen.numerator // fen.denominator
    told = f"{format_yuan(whole)}{'元' if language == 'zh' else ' yuan'}"
    if fen == whole:
        return told
    return f"{told}又{fen - whole}分" if language == "zh" else f"{told} and {fen - whole} fen"


def rate_text(rate: Number) -> str:
    """Return a share as a percentage."""
    return format_rate(Fraction(rate))


# --- curve ----------------------------------------------------------------------------------------


def curve(
    pack: Pack,
    day: date | None,
    wanted: Wanted,
    output: Path | None,
    *,
    as_json: bool,
    language: Language,
) -> None:
    """Print, and where asked write, a patient's curve."""
    picture = output is not None and output.suffix.lower() == ".svg"
    if output is not None:
        (check_place if picture else check_target)(output)
    bill, top = wanted.make_bill(), wanted.top
    policy, on = wanted.policy(pack), day or today()
    one = wanted.patient(policy, on, wanted.state(policy.region))
    with usage():
        found = draw(one, bill, top)
    title = f"{policy.region.name.pick(language)} {on}"
    about = " ".join([*wanted.settings, *wanted.bill, *wanted.opening])
    if output is not None and picture:
        write_text(output, svg(found, title, about, language))
    elif output is not None:
        write_files({output: [Sheet("curve", _columns(found), [*_curve_rows(found, language)])]})
    if as_json:
        print_json(_curve_data(found, policy, on))
    else:
        _print_curve(found, f"{title}  {about}", language)


def print_amounts(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table of amounts, which are never folded."""
    from rich.box import SIMPLE
    from rich.table import Table
    from rich.text import Text as Styled

    table = Table(title=title, title_justify="left", box=SIMPLE, title_style="bold")
    for name in head:
        table.add_column(name, justify="right", overflow="fold")
    for row in rows:
        table.add_row(*(Styled(cell, no_wrap=True) for cell in row))
    console().print(table)


def _print_curve(found: CurveOf, title: str, language: Language) -> None:
    funds = vocabulary().funds
    names = [name for name, _ in found.patient.program.structure.funds]
    titles = [funds[name].title.pick(language) for name in names]
    ends = (say("personal", language), say("rate", language))
    rows: list[list[str]] = []
    reasons: list[str] = []
    last: Number | None = None
    for point in found.points:
        number = ""
        if point.breakpoint is not None and point.breakpoint != last:
            told = "; ".join(_because(cause, language) for cause in point.causes)
            reasons.append(f"{len(reasons) + 1:>4}  {exact(point.breakpoint, language)}: {told}")
        if point.breakpoint is not None:
            number = str(len(reasons))
        last = point.breakpoint
        paid = [point.funds[name] for name in names]
        amounts = map(format_yuan, (point.expense, *paid, point.personal))
        rows.append([number, *amounts, rate_text(point.rate)])
    print_amounts(title, ["", say("expense", language), *titles, *ends], rows)
    typer.echo(say("because", language))
    for reason in reasons:
        typer.echo(reason)
    typer.echo(say("bound", language).format(bound=bound_text(found.bound)))


def bound_text(bound: Number) -> str:
    """Return a bound in fen with two decimals, rounded up."""
    hundredths = -(-Fraction(bound) * 100 // 1)
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def _because(cause: Cause, language: Language) -> str:
    source = cause.figure or cause.source
    title = cause.title.pick(language) or cause.operand or cause.step
    return f"{title} {cause.value or ''} ({source.name.pick(language)} {source.cite})"


def _columns(found: CurveOf) -> list[tuple[str, OutKind]]:
    funds = [(name, "money") for name, _ in found.patient.program.structure.funds]
    columns: list[tuple[str, OutKind]] = [("expense", "money")]
    columns += [(name, "money") for name, _ in funds]
    columns += [("fund_pay", "money"), ("personal_pay", "money"), ("rate_to_next", "figure")]
    texts = ("breakpoint_fen", "step", "step_article", "figure", "value", "figure_article")
    return [*columns, *((name, "text") for name in texts)]


def _curve_rows(found: CurveOf, language: Language) -> Iterator[list[Cell]]:
    for point in found.points:
        causes = point.causes
        yield [
            point.expense,
            *point.funds.values(),
            point.fund_pay,
            point.personal,
            rate_text(point.rate),
            "" if point.breakpoint is None else str(point.breakpoint),
            "; ".join(c.step for c in causes),
            "; ".join(f"{c.source.name.pick(language)} {c.source.cite}" for c in causes),
            "; ".join(c.operand for c in causes),
            "; ".join(c.value or "" for c in causes),
            "; ".join(
                f"{c.figure.name.pick(language)} {c.figure.cite}" for c in causes if c.figure
            ),
        ]


def _curve_data(found: CurveOf, policy: Policy, day: date) -> dict[str, Any]:
    return {
        "region": policy.region.id,
        "day": day,
        "bound_fen": str(found.bound),
        "points": [_point_data(point) for point in found.points],
    }


def _point_data(point: Point) -> dict[str, Any]:
    return {
        "expense": format_yuan(point.expense),
        "funds": {name: format_yuan(fen) for name, fen in point.funds.items()},
        "personal_pay": format_yuan(point.personal),
        "rate_to_next": rate_text(point.rate),
        "breakpoint_fen": None if point.breakpoint is None else str(point.breakpoint),
        "causes": point.causes,
    }
