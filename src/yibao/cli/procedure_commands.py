"""`yibao contributions quote | coverage`, `yibao accounts quote …`: what the rules say.

Each command is a procedure of the vocabulary under its own name; all are one implementation. They
write nothing into the books.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from yibao.cli.accounts_commands import accounts
from yibao.cli.contributions_commands import contributions
from yibao.cli.options import (
    AcceptGrade,
    AsJson,
    Known,
    Lang,
    Overlays,
    Without,
    default_language,
    parse_date,
)
from yibao.cli.settle_commands import EncodingName, PolicyName

if TYPE_CHECKING:
    from yibao.interop.files.columns import ProcedureName

_LANGUAGE = default_language()

RequestFiles = Annotated[
    list[Path] | None,
    typer.Argument(metavar="FILE", help="Many at once: .csv, .csv.gz, .parquet or .xlsx."),
]
Day = Annotated[
    date | None,
    typer.Option("--date", metavar="DATE", parser=parse_date, help="Day whose rules apply."),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A fact or an amount; repeatable."),
]
Out = Annotated[
    Path | None,
    typer.Option("-o", "--output", help="With FILE: .csv, .csv.gz, .parquet or .xlsx."),
]
Explained = Annotated[
    bool, typer.Option("--explain", help="With FILE: write every step of every row too.")
]
Full = Annotated[
    bool, typer.Option("--full", help="Show steps that changed nothing, and every rival rule.")
]


def register(_: typer.Typer) -> None:
    """Add the commands to the groups that write what these work out."""
    contributions.command("quote")(_command("contribution", "What is to be paid, and by whom."))
    contributions.command("coverage")(coverage)
    quote = typer.Typer(help="What the rules say of an account.", no_args_is_help=True)
    for name, procedure, told in _ACCOUNT:
        quote.command(name)(_command(procedure, told))
    accounts.add_typer(quote, name="quote")


_EXAMPLES: Mapping[ProcedureName, str] = {
    "contribution": """contributions quote --policy tianjin --date 2022-09-01
               --set scheme=employee --set category=in_service
               --set contributor=employer_staff --set wage=3000.00 --set months=1""",
    "account_credit": """accounts quote credit examples/tianjin/credits.csv --policy tianjin
               -o credited.csv""",
    "account_use": """accounts quote use --policy tianjin --date 2017-05-01 --set scheme=employee
               --set category=in_service --set account_use=pharmacy
               --set charge=300.00 --set account_balance=800.00""",
    "account_withdrawal": """accounts quote withdraw --policy tianjin --date 2017-11-01
               --set scheme=employee --set category=in_service
               --set account_balance=8200.00 --set year_inpatient_expense=50000.00
               --set year_personal_share=6000.00""",
    "account_interest": """accounts quote interest --policy tianjin --date 2019-12-31
               --set scheme=employee --set category=in_service
               --set carried_balance=1000.00 --set credited_balance=600.00""",
    "account_closing": """accounts quote close --policy tianjin --date 2019-05-01
               --set scheme=employee --set category=in_service --set closing_reason=death
               --set account_balance=800.00""",
}

_ACCOUNT: tuple[tuple[str, ProcedureName, str], ...] = (
    ("credit", "account_credit", "What a month brings into the account."),
    ("use", "account_use", "Whether the account may pay for this, and how much."),
    ("withdraw", "account_withdrawal", "What may be withdrawn at once."),
    ("interest", "account_interest", "The year's interest."),
    ("close", "account_closing", "Who gets the balance on death or on moving."),
)


def _command(procedure: ProcedureName, told: str) -> Callable[..., None]:
    """Return the command of a procedure."""

    def command(
        files: RequestFiles = None,
        *,
        policy: PolicyName,
        day: Day = None,
        given: Set = None,
        output: Out = None,
        explain: Explained = False,
        rejects: Annotated[
            Path | None, typer.Option("--rejects", help="Rows without an answer.")
        ] = None,
        overlay: Overlays = None,
        without: Without = None,
        accept_grade: AcceptGrade = "C",
        known: Known = None,
        encoding: EncodingName = None,
        full: Full = False,
        as_json: AsJson = False,
        lang: Lang = _LANGUAGE,
    ) -> None:
        from yibao.cli import procedure_run

        rules = procedure_run.Rules(
            policy, overlay or [], without or [], accept_grade, known, lang, as_json=as_json
        )
        if files:
            _refuse(
                with_files=True, used=[*(["--date"] if day else []), *(["--set"] * bool(given))]
            )
            if output is None:
                raise typer.BadParameter("-o FILE is needed / 请用 -o 指定输出文件")
            wanted = procedure_run.Output(output, rejects, explain=explain)
            procedure_run.many(procedure, files, encoding, rules, wanted)
        else:
            _refuse(with_files=False, used=["-o"] * bool(output) + ["--explain"] * explain)
            if day is None:
                raise typer.BadParameter("--date, or a FILE, is needed / 请给出 --date 或文件")
            procedure_run.one(procedure, day, given or [], rules, full=full)

    command.__doc__ = (
        f"{told}\n\nFor one person, by --date and --set; for many, by FILE and -o. Which names "
        f"--set takes and a FILE has as columns: yibao schema {procedure} --policy REGION."
        f"\n\n\b\nExample: yibao {_EXAMPLES[procedure]}"
    )
    return command


def _refuse(*, with_files: bool, used: list[str]) -> None:
    """Refuse options that belong to the other way of asking."""
    if used:
        ways = ("with", "有文件") if with_files else ("without", "没有文件")
        raise typer.BadParameter(
            f"{', '.join(used)} cannot be used {ways[0]} a FILE / {ways[1]}时不能用"
        )


def coverage(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE", help="Payments: .csv, .csv.gz, .parquet or .xlsx."),
    ],
    *,
    policy: PolicyName,
    output: Annotated[
        Path,
        typer.Option("-o", "--output", help="Who is insured when, as settle's --persons reads it."),
    ],
    rejects: Annotated[
        Path | None, typer.Option("--rejects", help="Rows that could not be used.")
    ] = None,
    overlay: Overlays = None,
    without: Without = None,
    accept_grade: AcceptGrade = "C",
    known: Known = None,
    encoding: EncodingName = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Work out from payments when each person is covered.

    The months that money belongs to decide, not the day on which it arrived. OUTPUT has the covered
    periods; OUTPUT.periods.* every period with its reason and the article behind it.

    \b
    Example: yibao contributions coverage examples/tianjin/payments.csv --policy tianjin
               -o statuses.csv
    """
    from yibao.cli import procedure_run

    rules = procedure_run.Rules(
        policy, overlay or [], without or [], accept_grade, known, lang, as_json=as_json
    )
    procedure_run.coverage(files, encoding, rules, procedure_run.Output(output, rejects))
