"""`yibao filing …`: referrals, care elsewhere, chosen and contracted institutions."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from yibao.cli import limit_work
from yibao.cli.options import (
    Cite,
    Day,
    First,
    Last,
    PersonId,
    Reason,
    Remark,
    parse_date,
    parse_remark,
    parse_text,
)
from yibao.cli.sharing import Work, imports, reads, writes

if TYPE_CHECKING:
    from yibao.agency.imports import RowFile
    from yibao.store.database import Connection

Chosen = Annotated[
    str, typer.Argument(metavar="INSTITUTION", parser=parse_text, help="The institution's code.")
]
LastDay = Annotated[
    date, typer.Option("--to", metavar="DATE", parser=parse_date, help="Last day, inclusive.")
]

filing = typer.Typer(
    help="Referrals, care elsewhere, chosen institutions.",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(filing, name="filing")


def _end(text: str) -> typer.models.OptionInfo:
    """Return the option of an institution at one end of a referral."""
    found: typer.models.OptionInfo = typer.Option(
        metavar="INSTITUTION", parser=parse_text, help=text
    )
    return found


@writes(filing)
def refer(
    person: PersonId,
    *,
    from_institution: Annotated[str, _end("Where the patient is.")],
    to_institution: Annotated[str, _end("Where the patient is sent.")],
    first: First,
    last: LastDay,
    reason: Reason,
    follows: Annotated[
        int | None, typer.Option(help="The referral by which the patient came there.")
    ] = None,
) -> Work:
    """Send a patient on. The days are those of admission there.

    \b
    Example: yibao filing refer P1 --from-institution H12010100003
               --to-institution H12010100001 --from 2022-03-05 --to 2022-03-12 --reason surgery
    """
    from yibao.agency.filing import referrals

    wanted = referrals.Referral(
        person, from_institution, to_institution, first, last, reason, follows
    )

    def work(connection: Connection, who: str) -> dict[str, Any]:
        filed = referrals.refer(connection, wanted, actor=who)
        return {"referral": filed.referral_id, "episode": filed.episode}

    return work


@writes(filing)
def remote(
    person: PersonId,
    *,
    category: Annotated[
        str,
        typer.Option(
            help="relocated_retiree, long_term_resident, posted_worker, referral, "
            "travel_emergency, account_card or other."
        ),
    ],
    division: Annotated[str, typer.Option(help="First 2, 4 or 6 digits of the place's code.")],
    day: Day,
    first: First,
    last: Last = None,
    reason: Remark = "",
) -> Work:
    """File care in another region. It holds at once.

    \b
    Example: yibao filing remote P1 --category long_term_resident --division 1301
               --date 2022-03-05 --from 2022-03-05
    """
    from yibao.agency.filing.remote import Remote, file

    wanted = Remote(person, category, division, first, last, reason)

    def work(connection: Connection, who: str) -> dict[str, Any]:
        filed = file(connection, wanted, day, actor=who)
        return {"remote": filed.remote_id, "filed_at": filed.filed_at}

    return work


@writes(filing)
def cancel(
    kind: Annotated[
        Literal["referral", "remote", "choice"],
        typer.Argument(metavar="KIND", help="referral, remote or choice."),
    ],
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="Its number.")],
    *,
    reason: Reason,
) -> Work:
    """Cancel a referral, a filing or a choice. What was settled under it stands.

    \b
    Example: yibao filing cancel remote 12 --reason "moved back"
    """
    from yibao.agency.filing import cancelling

    def work(connection: Connection, who: str) -> dict[str, Any]:
        cancelling.cancel(connection, kind, number, reason, actor=who)
        return {"cancelled": number, "kind": kind}

    return work


@writes(filing)
def choose(person: PersonId, institution: Chosen, *, first: First, day: Day) -> Work:
    """Choose the hospital of level 3 for outpatient care. It holds from the next day on.

    \b
    Example: yibao filing choose P1 H12010100001 --date 2022-03-01 --from 2022-03-02
    """
    from yibao.agency.filing.choices import choose_level_3

    def work(connection: Connection, who: str) -> dict[str, Any]:
        made = choose_level_3(connection, person, institution, first=first, on_day=day, actor=who)
        return {"person": person, "chosen": institution, "from": first, "made": made}

    return work


@writes(filing)
def contract(
    person: PersonId,
    institution: Chosen,
    *,
    first: First,
    day: Day,
    residence: Annotated[
        str,
        typer.Option(
            metavar="TEXT",
            parser=parse_remark,
            help="Why there, where it is another county of the city.",
        ),
    ] = "",
) -> Work:
    """Contract with a primary institution. It holds from the next day on.

    \b
    Example: yibao filing contract P1 H37081200003 --date 2021-09-01 --from 2021-09-02
               --residence "lives with the children"
    """
    from yibao.agency.filing import choices

    def work(connection: Connection, who: str) -> dict[str, Any]:
        days: dict[str, date] = {"first": first, "on_day": day}
        made = choices.contract(
            connection, person, institution, **days, residence=residence, actor=who
        )
        return {"person": person, "contracted": institution, "from": first, "made": made}

    return work


@imports(filing, "yibao filing template referral -o referrals.xlsx")
def rows(
    kind: Annotated[
        Literal["referral", "remote", "choice"],
        typer.Argument(metavar="KIND", help="referral, remote or choice."),
    ],
) -> RowFile:
    """Import referrals, care elsewhere, or chosen institutions.

    The good rows land. Rows that are refused go to a rejects file with the reason; corrected there,
    it can be imported as it is. Importing a file again changes nothing.

    \b
    Example: yibao filing import remote moved.csv
    """
    from yibao.agency.filing.files import KINDS

    return KINDS[kind]


@reads(filing)
def show(person: PersonId) -> Work:
    """Show a person's referrals, filings and choices.

    \b
    Example: yibao filing show P1 --json
    """
    from yibao.agency.filing.choices import choices
    from yibao.agency.filing.referrals import referrals
    from yibao.agency.filing.remote import filings

    return lambda connection, _: {
        "person": person,
        "referrals": [
            {
                "referral": f.referral_id,
                "from_institution": f.referral.from_institution,
                "to_institution": f.referral.to_institution,
                "from": f.referral.first,
                "to": f.referral.last,
                "episode": f.episode,
                "cancelled": f.cancelled,
            }
            for f in referrals(connection, person)
        ],
        "remote": [
            {
                "remote": f.remote_id,
                "category": f.remote.category,
                "division": f.remote.division,
                "from": f.remote.first,
                "to": f.remote.last,
                "cancelled": f.cancelled,
            }
            for f in filings(connection, person)
        ],
        "choices": [
            {
                "choice": c.choice_id,
                "kind": c.kind,
                "institution": c.institution_id,
                "date": c.on_day,
                "from": c.first,
                "in_place_of": c.former,
                "cancelled": c.cancelled,
            }
            for c in choices(connection, person)
        ],
    }


@reads(filing)
def limits() -> Work:
    """Show how often a choice may change, with cites. Without a limit: as often as one will.

    \b
    Example: yibao filing limits
    """
    from yibao.agency.ceilings import CHOICES

    return limit_work.limits([*CHOICES])


@writes(filing, "set-limit")
def set_limit(
    name: Annotated[
        Literal["level_3_changes", "primary_changes"],
        typer.Argument(metavar="NAME", help="level_3_changes or primary_changes."),
    ],
    value: Annotated[int, typer.Argument(metavar="VALUE", help="Changes within a calendar year.")],
    *,
    cite: Cite,
    grade: limit_work.Grade = "A",
    first: First,
) -> Work:
    """Lay a limit down from a day on, which is the day of the choice.

    \b
    Example: yibao filing set-limit level_3_changes 1 --cite "notice 5" --from 2023-01-01
    """
    return limit_work.set_limit(name, value, cite, first, grade)
