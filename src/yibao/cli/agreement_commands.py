"""`yibao registry agreement …` and `yibao registry designation …`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated

import typer

from yibao.cli.db_commands import Place
from yibao.cli.options import AsJson, Lang, default_language, parse_date

_LANGUAGE = default_language()

Actor = Annotated[
    str | None, typer.Option("--actor", help="Who does it; else the user of the machine.")
]
AgreementId = Annotated[str, typer.Argument(metavar="AGREEMENT", help="Number of the agreement.")]
ApplicationId = Annotated[
    str, typer.Argument(metavar="APPLICATION", help="Number of the application.")
]
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
    designation = typer.Typer(help="Designation: apply, assess, negotiate.", no_args_is_help=True)
    designation.command()(apply)
    for step in ("assess", "negotiate"):
        designation.command(step)(_step(step))
    designation.command()(refuse)
    designation.command("show")(show_application)
    designation.command()(quotas)
    registry.add_typer(designation, name="designation")


# --- agreements -----------------------------------------------------------------------------------


def sign(
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
    actor: Actor = None,
    database: Place = None,
    lang: Lang = _LANGUAGE,
) -> None:
    """Sign an agreement, the last step of designation.

    \b
    Example: yibao registry agreement sign A2021-1 --application X1 --date 2021-11-15
               --from 2021-12-01 --to 2022-11-30 --visit inpatient --visit outpatient
    """
    from yibao.cli import agreement_run

    agreement_run.sign(
        agreement_run.At(database, actor, lang),
        application,
        day,
        agreement_run.terms(agreement, first, last, agreement_run.scope(visit, scheme)),
    )


def renew(
    agreement: AgreementId,
    *,
    of: Annotated[str, typer.Option("--of", help="The agreement that ends.")],
    last: Last,
    visit: SomeVisits = None,
    scheme: SomeSchemes = None,
    actor: Actor = None,
    database: Place = None,
    lang: Lang = _LANGUAGE,
) -> None:
    """Sign the next agreement for when one ends; its scope is the same unless given.

    \b
    Example: yibao registry agreement renew A2022-1 --of A2021-1 --to 2023-11-30
    """
    from yibao.cli import agreement_run

    at = agreement_run.At(database, actor, lang)
    agreement_run.renew(at, agreement, of, last, agreement_run.scope(visit, scheme))


def amend(
    agreement: AgreementId,
    *,
    day: Day,
    visit: SomeVisits = None,
    scheme: SomeSchemes = None,
    reason: Reason = "",
    actor: Actor = None,
    database: Place = None,
    lang: Lang = _LANGUAGE,
) -> None:
    """Change what an agreement covers from a day on.

    \b
    Example: yibao registry agreement amend A2021-1 --date 2022-03-01 --visit inpatient
    """
    from yibao.cli import agreement_run

    at = agreement_run.At(database, actor, lang)
    agreement_run.amend(at, agreement, day, agreement_run.scope(visit, scheme), reason)


_TURNS = {
    "suspend": "Suspend an agreement: claims are refused from that day on.",
    "resume": "End the suspension of an agreement.",
    "terminate": "Terminate an agreement: that day is the first without it.",
}


def _turn(kind: str, told: str) -> Callable[..., None]:
    def command(
        agreement: AgreementId,
        *,
        day: Day,
        reason: Reason = "",
        actor: Actor = None,
        database: Place = None,
        lang: Lang = _LANGUAGE,
    ) -> None:
        from yibao.cli import agreement_run

        agreement_run.turn(agreement_run.At(database, actor, lang), agreement, kind, day, reason)

    command.__doc__ = (
        f"{told}\n\n\b\nExample: yibao registry agreement {kind} A2021-1 --date 2022-05-01"
    )
    return command


def assess(
    agreement: AgreementId,
    *,
    day: OnDay,
    year: Annotated[int, typer.Option("--year", min=2000, max=2999, help="The year assessed.")],
    score: Annotated[int, typer.Option("--score", min=0, max=100, help="Out of 100.")],
    pass_mark: Annotated[int, typer.Option("--pass-mark", min=0, max=100)] = 60,
    actor: Actor = None,
    database: Place = None,
    lang: Lang = _LANGUAGE,
) -> None:
    """Record the yearly assessment; without a pass the agreement cannot be renewed.

    \b
    Example: yibao registry agreement assess A2021-1 --date 2022-11-01 --year 2022 --score 85
    """
    from yibao.cli import agreement_run

    at = agreement_run.At(database, actor, lang)
    agreement_run.assess(at, agreement, day, year, score, pass_mark=pass_mark)


def breach(
    agreement: AgreementId,
    what: Annotated[str, typer.Argument(help="What was done.")],
    *,
    day: OnDay,
    actor: Actor = None,
    database: Place = None,
    lang: Lang = _LANGUAGE,
) -> None:
    """Record a breach of an agreement.

    \b
    Example: yibao registry agreement breach A2021-1 "charged an item twice" --date 2022-06-02
    """
    from yibao.cli import agreement_run

    agreement_run.breach(agreement_run.At(database, actor, lang), agreement, day, what)


def show(
    agreement: AgreementId,
    *,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Show what has held of an agreement, and what was done with it.

    \b
    Example: yibao registry agreement show A2021-1
    """
    from yibao.cli import agreement_run

    agreement_run.show(agreement_run.At(database, None, lang), agreement, as_json=as_json)


def covers(
    institution: Annotated[str, typer.Argument(metavar="INSTITUTION")],
    *,
    day: OnDay,
    visit: Annotated[str, typer.Option("--visit")],
    scheme: Annotated[str, typer.Option("--scheme")],
    database: Place = None,
    lang: Lang = _LANGUAGE,
) -> None:
    """Tell whether an agreement covers a claim, and if not, why; then the exit code is 6.

    \b
    Example: yibao registry agreement covers H12010100001 --date 2021-12-01
               --visit inpatient --scheme employee
    """
    from yibao.cli import agreement_run

    at = agreement_run.At(database, None, lang)
    agreement_run.covers(at, institution, day, visit, scheme)


# --- designation ----------------------------------------------------------------------------------


def apply(
    application: ApplicationId,
    *,
    institution: Annotated[str, typer.Option("--institution", help="Code of the institution.")],
    day: OnDay,
    actor: Actor = None,
    database: Place = None,
    lang: Lang = _LANGUAGE,
) -> None:
    """Take in an application for designation.

    \b
    Example: yibao registry designation apply X1 --institution H12010100001 --date 2021-09-01
    """
    from yibao.cli import agreement_run

    agreement_run.apply(agreement_run.At(database, actor, lang), application, institution, day)


def _step(which: str) -> Callable[..., None]:
    def command(
        application: ApplicationId,
        *,
        day: OnDay,
        actor: Actor = None,
        database: Place = None,
        lang: Lang = _LANGUAGE,
    ) -> None:
        from yibao.cli import agreement_run

        agreement_run.step(agreement_run.At(database, actor, lang), application, which, day)

    command.__doc__ = (
        f"Record that an application has passed this step: {which}.\n\n\b\n"
        f"Example: yibao registry designation {which} X1 --date 2021-09-20"
    )
    return command


def refuse(
    application: ApplicationId,
    *,
    day: OnDay,
    reason: Annotated[
        str,
        typer.Option(
            "--reason", help="qualification, documents, assessment, negotiation or capacity."
        ),
    ],
    actor: Actor = None,
    database: Place = None,
    lang: Lang = _LANGUAGE,
) -> None:
    """Refuse an application, with the reason.

    \b
    Example: yibao registry designation refuse X1 --date 2021-09-20 --reason documents
    """
    from yibao.cli import agreement_run

    agreement_run.refuse(agreement_run.At(database, actor, lang), application, day, reason)


def show_application(
    application: ApplicationId,
    *,
    day: OnDay,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Show how an application stands on a day: the next step, its limit, the waiting list.

    \b
    Example: yibao registry designation show X1 --date 2021-10-02
    """
    from yibao.cli import agreement_run

    at = agreement_run.At(database, None, lang)
    agreement_run.show_application(at, application, day, as_json=as_json)


def quotas(
    *,
    day: OnDay,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Show the places of each division: planned, used, available.

    \b
    Example: yibao registry designation quotas --date 2021-09-01
    """
    from yibao.cli import agreement_run

    agreement_run.quotas(agreement_run.At(database, None, lang), day, as_json=as_json)
