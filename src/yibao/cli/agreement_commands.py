"""`yibao registry agreement …`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated

import typer

from yibao.cli.options import parse_date
from yibao.cli.sharing import At, sharing

AgreementId = Annotated[str, typer.Argument(metavar="AGREEMENT", help="Number of the agreement.")]
Day = Annotated[
    date,
    typer.Option("--date", metavar="DATE", parser=parse_date, help="First day on which it holds."),
]
OnDay = Annotated[date, typer.Option("--date", metavar="DATE", parser=parse_date, help="The day.")]
First = Annotated[
    date, typer.Option("--from", metavar="DATE", parser=parse_date, help="First day in force.")
]
Last = Annotated[
    date, typer.Option("--to", metavar="DATE", parser=parse_date, help="Last day in force.")
]
Visits = Annotated[
    list[str] | None,
    typer.Option("--visit", help="A type of visit that is covered; repeatable. Else all."),
]
Schemes = Annotated[
    list[str] | None,
    typer.Option("--scheme", help="A scheme that is covered; repeatable. Else all."),
]
SomeVisits = Annotated[
    list[str] | None, typer.Option("--visit", help="Covered from then on; repeatable.")
]
SomeSchemes = Annotated[
    list[str] | None, typer.Option("--scheme", help="Covered from then on; repeatable.")
]
Reason = Annotated[str, typer.Option("--reason", help="Why.")]


def register(registry: typer.Typer) -> None:
    """Add the commands to `yibao registry`."""
    agreement = typer.Typer(help="Service agreements.", no_args_is_help=True)
    agreement.command()(sign)
    agreement.command()(renew)
    agreement.command()(amend)
    for kind, told in _TURNS.items():
        agreement.command(kind)(_turn(kind, told))
    agreement.command()(assess)
    agreement.command()(breach)
    agreement.command()(show)
    agreement.command()(covers)
    registry.add_typer(agreement, name="agreement")


@sharing("actor")
def sign(
    at: At,
    agreement: AgreementId,
    *,
    application: Annotated[
        str, typer.Option("--application", help="The application that has been negotiated.")
    ],
    day: Annotated[
        date,
        typer.Option("--date", metavar="DATE", parser=parse_date, help="Day of the signature."),
    ],
    first: First,
    last: Last,
    visit: Visits = None,
    scheme: Schemes = None,
) -> None:
    """Sign an agreement, the last step of designation.

    \b
    Example: yibao registry agreement sign A2021-1 --application X1 --date 2021-11-15
               --from 2021-12-01 --to 2022-11-30 --visit inpatient --visit outpatient
    """
    from yibao.cli import agreement_run

    agreement_run.sign(
        at,
        application,
        day,
        agreement_run.terms(agreement, first, last, agreement_run.scope(visit, scheme)),
    )


@sharing("actor")
def renew(
    at: At,
    agreement: AgreementId,
    *,
    of: Annotated[str, typer.Option("--of", help="The agreement that ends.")],
    last: Last,
    visit: SomeVisits = None,
    scheme: SomeSchemes = None,
) -> None:
    """Sign the next agreement for when one ends; its scope is the same unless given.

    \b
    Example: yibao registry agreement renew A2022-1 --of A2021-1 --to 2023-11-30
    """
    from yibao.cli import agreement_run

    agreement_run.renew(at, agreement, of, last, agreement_run.scope(visit, scheme))


@sharing("actor")
def amend(
    at: At,
    agreement: AgreementId,
    *,
    day: Day,
    visit: SomeVisits = None,
    scheme: SomeSchemes = None,
    reason: Reason = "",
) -> None:
    """Change what an agreement covers from a day on.

    \b
    Example: yibao registry agreement amend A2021-1 --date 2022-03-01 --visit inpatient
    """
    from yibao.cli import agreement_run

    agreement_run.amend(at, agreement, day, agreement_run.scope(visit, scheme), reason)


_TURNS = {
    "suspend": "Suspend an agreement: claims are refused from that day on.",
    "resume": "End the suspension of an agreement.",
    "terminate": "Terminate an agreement: that day is the first without it.",
}


def _turn(kind: str, told: str) -> Callable[..., None]:
    @sharing("actor")
    def command(at: At, agreement: AgreementId, *, day: Day, reason: Reason = "") -> None:
        from yibao.cli import agreement_run

        agreement_run.turn(at, agreement, kind, day, reason)

    command.__doc__ = (
        f"{told}\n\n\b\nExample: yibao registry agreement {kind} A2021-1 --date 2022-05-01"
    )
    return command


@sharing("actor")
def assess(
    at: At,
    agreement: AgreementId,
    *,
    day: OnDay,
    year: Annotated[int, typer.Option("--year", min=2000, max=2999, help="The year assessed.")],
    score: Annotated[int, typer.Option("--score", min=0, max=100, help="Out of 100.")],
    pass_mark: Annotated[int, typer.Option("--pass-mark", min=0, max=100)] = 60,
) -> None:
    """Record the yearly assessment; without a pass the agreement cannot be renewed.

    \b
    Example: yibao registry agreement assess A2021-1 --date 2022-11-01 --year 2022 --score 85
    """
    from yibao.cli import agreement_run

    agreement_run.assess(at, agreement, day, year, score, pass_mark=pass_mark)


@sharing("actor")
def breach(
    at: At,
    agreement: AgreementId,
    what: Annotated[str, typer.Argument(help="What was done.")],
    *,
    day: OnDay,
) -> None:
    """Record a breach of an agreement.

    \b
    Example: yibao registry agreement breach A2021-1 "charged an item twice" --date 2022-06-02
    """
    from yibao.cli import agreement_run

    agreement_run.breach(at, agreement, day, what)


@sharing("json")
def show(at: At, agreement: AgreementId) -> None:
    """Show what has held of an agreement, and what was done with it.

    \b
    Example: yibao registry agreement show A2021-1
    """
    from yibao.cli import agreement_run

    agreement_run.show(at, agreement)


@sharing()
def covers(
    at: At,
    institution: Annotated[str, typer.Argument(metavar="INSTITUTION")],
    *,
    day: OnDay,
    visit: Annotated[str, typer.Option("--visit")],
    scheme: Annotated[str, typer.Option("--scheme")],
) -> None:
    """Tell whether an agreement covers a claim, and if not, why; then the exit code is 6.

    \b
    Example: yibao registry agreement covers H12010100001 --date 2021-12-01
               --visit inpatient --scheme employee
    """
    from yibao.cli import agreement_run

    agreement_run.covers(at, institution, day, visit, scheme)
