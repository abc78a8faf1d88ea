"""`yibao filing …`: referrals, care elsewhere, chosen and contracted institutions."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from yibao.cli.agency_run import Actor
from yibao.cli.care_options import Day, First, Last, PersonId, Reason
from yibao.cli.db_commands import Place
from yibao.cli.options import AsJson, Lang, default_language, parse_date

if TYPE_CHECKING:
    from yibao.store.database import Connection

_LANGUAGE = default_language()

Chosen = Annotated[str, typer.Argument(metavar="INSTITUTION", help="The institution's code.")]
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


@filing.command()
def refer(
    person: PersonId,
    *,
    from_institution: Annotated[str, typer.Option(help="Where the patient is.")],
    to_institution: Annotated[str, typer.Option(help="Where the patient is sent.")],
    first: First,
    last: LastDay,
    reason: Reason,
    follows: Annotated[
        int | None, typer.Option(help="The referral by which the patient came there.")
    ] = None,
    actor: Actor = None,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Send a patient on. The days are those of admission there.

    \b
    Example: yibao filing refer P1 --from-institution H12010100003
               --to-institution H12010100001 --from 2022-03-05 --to 2022-03-12 --reason surgery
    """
    from yibao.agency.filing import referrals
    from yibao.cli.care_run import At, run

    wanted = referrals.Referral(
        person, from_institution, to_institution, first, last, reason, follows
    )

    def work(connection: Connection, who: str) -> dict[str, Any]:
        filed = referrals.refer(connection, wanted, actor=who)
        return {"referral": filed.referral_id, "episode": filed.episode}

    run(At(database, actor, lang, as_json), work)


@filing.command()
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
    reason: Reason = "",
    actor: Actor = None,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """File care in another region. It holds at once.

    \b
    Example: yibao filing remote P1 --category long_term_resident --division 1301
               --date 2022-03-05 --from 2022-03-05
    """
    from yibao.agency.filing.remote import Remote, file
    from yibao.cli.care_run import At, run

    wanted = Remote(person, category, division, first, last, reason)

    def work(connection: Connection, who: str) -> dict[str, Any]:
        filed = file(connection, wanted, day, actor=who)
        return {"remote": filed.remote_id, "filed_at": filed.filed_at}

    run(At(database, actor, lang, as_json), work)


@filing.command()
def cancel(
    kind: Annotated[
        Literal["referral", "remote"], typer.Argument(metavar="KIND", help="referral or remote.")
    ],
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="Its number.")],
    *,
    reason: Reason,
    actor: Actor = None,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Cancel a referral or a filing. What was settled under it stands.

    \b
    Example: yibao filing cancel remote 12 --reason "moved back"
    """
    from yibao.agency.filing import cancelling
    from yibao.cli.care_run import At, run

    def work(connection: Connection, who: str) -> dict[str, Any]:
        cancelling.cancel(connection, kind, number, reason, actor=who)
        return {"cancelled": number, "kind": kind}

    run(At(database, actor, lang, as_json), work)


@filing.command()
def choose(
    person: PersonId,
    institution: Chosen,
    *,
    first: First,
    day: Day,
    actor: Actor = None,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Choose the hospital of level 3 for outpatient care. It holds from the next day on.

    \b
    Example: yibao filing choose P1 H12010100001 --date 2022-03-01 --from 2022-03-02
    """
    from yibao.agency.filing.choices import choose_level_3
    from yibao.cli.care_run import At, run

    def work(connection: Connection, who: str) -> dict[str, Any]:
        made = choose_level_3(connection, person, institution, first=first, on_day=day, actor=who)
        return {"person": person, "chosen": institution, "from": first, "made": made}

    run(At(database, actor, lang, as_json), work)


@filing.command()
def contract(
    person: PersonId,
    institution: Chosen,
    *,
    first: First,
    day: Day,
    residence: Annotated[
        str, typer.Option(help="Why there, where it is another county of the city.")
    ] = "",
    actor: Actor = None,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Contract with a primary institution. It holds from the next day on.

    \b
    Example: yibao filing contract P1 H37081200003 --date 2021-09-01 --from 2021-09-02
               --residence "lives with the children"
    """
    from yibao.agency.filing import choices
    from yibao.cli.care_run import At, run

    def work(connection: Connection, who: str) -> dict[str, Any]:
        made = choices.contract(
            connection,
            person,
            institution,
            first=first,
            on_day=day,
            residence=residence,
            actor=who,
        )
        return {"person": person, "contracted": institution, "from": first, "made": made}

    run(At(database, actor, lang, as_json), work)


@filing.command()
def show(
    person: PersonId,
    *,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Show a person's referrals and filings.

    \b
    Example: yibao filing show P1 --json
    """
    from yibao.agency.filing.referrals import referrals
    from yibao.agency.filing.remote import filings
    from yibao.cli.care_run import At, run

    def work(connection: Connection, _: str) -> dict[str, Any]:
        return {
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
        }

    run(At(database, None, lang, as_json), work)
