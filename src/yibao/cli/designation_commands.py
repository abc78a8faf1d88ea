"""`yibao registry designation …`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from yibao.cli.agreement_commands import OnDay
from yibao.cli.sharing import At, sharing

ApplicationId = Annotated[
    str, typer.Argument(metavar="APPLICATION", help="Number of the application.")
]


def register(registry: typer.Typer) -> None:
    """Add the commands to `yibao registry`."""
    designation = typer.Typer(help="Designation: apply, assess, negotiate.", no_args_is_help=True)
    designation.command()(apply)
    for step in ("assess", "negotiate"):
        designation.command(step)(_step(step))
    designation.command()(refuse)
    designation.command("show")(show_application)
    designation.command()(quotas)
    registry.add_typer(designation, name="designation")


@sharing("actor")
def apply(
    at: At,
    application: ApplicationId,
    *,
    institution: Annotated[str, typer.Option("--institution", help="Code of the institution.")],
    day: OnDay,
) -> None:
    """Take in an application for designation.

    \b
    Example: yibao registry designation apply X1 --institution H12010100001 --date 2021-09-01
    """
    from yibao.cli import agreement_run

    agreement_run.apply(at, application, institution, day)


def _step(which: str) -> Callable[..., None]:
    @sharing("actor")
    def command(at: At, application: ApplicationId, *, day: OnDay) -> None:
        from yibao.cli import agreement_run

        agreement_run.step(at, application, which, day)

    command.__doc__ = (
        f"Record that an application has passed this step: {which}.\n\n\b\n"
        f"Example: yibao registry designation {which} X1 --date 2021-09-20"
    )
    return command


@sharing("actor")
def refuse(
    at: At,
    application: ApplicationId,
    *,
    day: OnDay,
    reason: Annotated[
        str,
        typer.Option(
            "--reason", help="qualification, documents, assessment, negotiation or capacity."
        ),
    ],
) -> None:
    """Refuse an application, with the reason.

    \b
    Example: yibao registry designation refuse X1 --date 2021-09-20 --reason documents
    """
    from yibao.cli import agreement_run

    agreement_run.refuse(at, application, day, reason)


@sharing("json")
def show_application(at: At, application: ApplicationId, *, day: OnDay) -> None:
    """Show how an application stands on a day: the next step, its limit, the waiting list.

    \b
    Example: yibao registry designation show X1 --date 2021-10-02
    """
    from yibao.cli import agreement_run

    agreement_run.show_application(at, application, day)


@sharing("json")
def quotas(at: At, *, day: OnDay) -> None:
    """Show the places of each division: planned, used, available.

    \b
    Example: yibao registry designation quotas --date 2021-09-01
    """
    from yibao.cli import agreement_run

    agreement_run.quotas(at, day)
