"""`yibao qualify …`: registration of special and chronic diseases, and where they are treated."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from yibao.cli.options import (
    Day,
    Disease,
    First,
    Institution,
    Last,
    PersonId,
    Reason,
    Remark,
    parse_date,
    parse_text,
)
from yibao.cli.sharing import Work, imports, reads, writes

if TYPE_CHECKING:
    from yibao.agency.imports import RowFile
    from yibao.store.database import Connection

GrantedFrom = Annotated[
    date | None,
    typer.Option("--from", metavar="DATE", parser=parse_date, help="With --grant: its first day."),
]
Application = Annotated[int, typer.Argument(metavar="APPLICATION", help="Its number.")]

qualify = typer.Typer(
    help="Special and chronic diseases: register, renew, revoke.",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(qualify, name="qualify")


@writes(qualify)
def apply(person: PersonId, disease: Disease, *, day: Day) -> Work:
    """File an application, the first one or to renew.

    \b
    Example: yibao qualify apply P1 diabetes --date 2022-03-01
    """
    from yibao.agency.qualification import diseases

    return lambda connection, who: {
        "application": diseases.apply(connection, person, disease, day, actor=who)
    }


@writes(qualify)
def assess(
    application: Application,
    *,
    institution: Institution,
    day: Day,
    granted: Annotated[bool, typer.Option("--grant/--refuse", help="What the centre found.")],
    first: GrantedFrom = None,
    last: Last = None,
    reason: Remark = "",
) -> Work:
    """Decide an application by what an appraisal centre found.

    \b
    Example: yibao qualify assess 17 --at H12010100001 --date 2022-03-10 --grant
               --from 2022-04-01 --to 2024-03-31
    """
    from yibao.agency.qualification import diseases

    finding = diseases.Finding(institution, day, granted, first, last, reason)
    return lambda connection, who: {
        "application": application,
        "outcome": "granted" if granted else "refused",
        "made": diseases.assess(connection, application, finding, actor=who),
    }


@writes(qualify)
def withdraw(application: Application, *, day: Day, reason: Remark = "") -> Work:
    """Withdraw an application for the applicant.

    \b
    Example: yibao qualify withdraw 17 --date 2022-03-05 --reason "went elsewhere"
    """
    from yibao.agency.qualification import diseases

    return lambda connection, who: {
        "application": application,
        "outcome": "withdrawn",
        "made": diseases.withdraw(connection, application, day, reason, actor=who),
    }


@writes(qualify)
def cancel(application: Application, *, day: Day, reason: Reason) -> Work:
    """Cancel an application that was a mistake. What was decided is not cancelled but revoked.

    \b
    Example: yibao qualify cancel 17 --date 2022-03-05 --reason "of another person"
    """
    from yibao.agency.qualification import diseases

    return lambda connection, who: {
        "application": application,
        "outcome": "cancelled",
        "made": diseases.cancel(connection, application, day, reason, actor=who),
    }


@writes(qualify, "re-examine")
def re_examine(
    person: PersonId,
    disease: Disease,
    *,
    institution: Institution,
    day: Day,
    confirmed: Annotated[bool, typer.Option("--confirm/--end", help="What the centre found.")],
    reason: Remark = "",
) -> Work:
    """Look at a registration again. One that is not confirmed ends the day before.

    \b
    Example: yibao qualify re-examine P1 diabetes --at H12010100002 --date 2023-03-01 --end
    """
    from yibao.agency.qualification import diseases

    finding = diseases.Finding(institution, day, confirmed, reason=reason)

    def work(connection: Connection, who: str) -> dict[str, Any]:
        diseases.re_examine(connection, person, disease, finding, actor=who)
        return {"person": person, "disease": disease, "confirmed": confirmed}

    return work


@writes(qualify)
def revoke(person: PersonId, disease: Disease, *, first: First, reason: Reason) -> Work:
    """End a registration from a day on. What was settled before stands.

    \b
    Example: yibao qualify revoke P1 diabetes --from 2022-06-01 --reason "forged papers"
    """
    from yibao.agency.qualification import diseases

    def work(connection: Connection, who: str) -> dict[str, Any]:
        diseases.revoke(connection, person, disease, first, reason, actor=who)
        return {"person": person, "disease": disease, "ended_from": first}

    return work


@writes(qualify)
def sites(
    person: PersonId,
    disease: Disease,
    places: Annotated[
        list[str],
        typer.Argument(
            metavar="INSTITUTION[@PRACTITIONER]…",
            parser=parse_text,
            help="Where it is treated; with a practitioner where cover is by name.",
        ),
    ],
    *,
    first: First,
    last: Last = None,
) -> Work:
    """Choose where a registered disease is treated from a day on.

    \b
    Example: yibao qualify sites P1 diabetes H12010100003 --from 2022-04-01
             yibao qualify sites P2 rare H12010100001@D120101000001 --from 2022-04-01
    """
    from yibao.agency.qualification.sites import Site, choose

    chosen = [Site(at, named) for at, _, named in (place.partition("@") for place in places)]

    def work(connection: Connection, who: str) -> dict[str, Any]:
        choose(connection, person, disease, chosen, first, last=last, actor=who)
        return {"person": person, "disease": disease, "sites": len(chosen), "from": first}

    return work


@imports(qualify, "yibao qualify template -o applications.xlsx")
def applications() -> RowFile:
    """Import applications, with what was decided where it was.

    The good rows land. Rows that are refused go to a rejects file with the reason; corrected there,
    it can be imported as it is. Importing a file again changes nothing.

    \b
    Example: yibao qualify import applications.xlsx
    """
    from yibao.agency.qualification.files import APPLICATIONS

    return APPLICATIONS


@reads(qualify)
def show(person: PersonId) -> Work:
    """Show a person's registrations and applications.

    \b
    Example: yibao qualify show P1 --json
    """
    from yibao.agency.qualification import diseases

    return lambda connection, _: {
        "person": person,
        "registrations": [
            {"disease": r.says["value"], "from": r.first, "to": r.last}
            for r in diseases.registrations(connection, person)
        ],
        "applications": [
            {
                "application": a.application_id,
                "disease": a.disease,
                "date": a.on_day,
                "outcome": a.outcome,
                "decided": a.decided_on,
            }
            for a in diseases.applications(connection, person)
        ],
    }
