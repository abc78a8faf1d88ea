"""`yibao prescription …`: issue, audit, order for delivery, limits.

What is handed out is settled at the desk, with the number of the prescription or of the delivery.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from yibao.cli.agency_run import Actor
from yibao.cli.care_options import At as Time
from yibao.cli.care_options import First, Institution, PersonId, Reason
from yibao.cli.db_commands import Place
from yibao.cli.options import AsJson, Lang, default_language

if TYPE_CHECKING:
    from yibao.agency.dispensing.prescriptions import Item
    from yibao.store.database import Connection

_LANGUAGE = default_language()

Number = Annotated[int, typer.Argument(metavar="PRESCRIPTION", help="Our number of it.")]
Delivery = Annotated[int, typer.Argument(metavar="ORDER", help="The order's number.")]

prescription = typer.Typer(help="Prescriptions: issue, audit, bring home.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(prescription, name="prescription")


@prescription.command()
def issue(
    person: PersonId,
    *,
    institution: Institution,
    number: Annotated[str, typer.Option(help="The institution's number of it.")],
    practitioner: Annotated[str, typer.Option(help="Who prescribes.")],
    at: Time,
    item: Annotated[
        list[str],
        typer.Option(metavar="KIND:CODE=COUNT", help="An item and how many; repeatable."),
    ],
    days: Annotated[int, typer.Option(help="Days that it lasts.")],
    long_term: Annotated[bool, typer.Option("--long-term", help="A long-term one.")] = False,
    disease: Annotated[str, typer.Option(help="The special disease that it is for.")] = "none",
    actor: Actor = None,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Keep a prescription that an institution has issued.

    \b
    Example: yibao prescription issue P1 --at H12010100002 --number R1
               --practitioner D120101000001 --time 2022-03-01T09:30
               --item drug:XA01ABD075A002010100483=3 --days 7
    """
    from yibao.agency.dispensing import prescriptions
    from yibao.cli.care_run import At, run

    items = tuple(_item(text) for text in item)
    wanted = prescriptions.Prescription(
        institution, number, person, practitioner, at, items, days, long_term, disease
    )

    def work(connection: Connection, who: str) -> dict[str, Any]:
        return {"prescription": prescriptions.issue(connection, wanted, actor=who)}

    run(At(database, actor, lang, as_json), work)


def _item(text: str) -> Item:
    from fractions import Fraction

    from yibao.agency.dispensing.prescriptions import Item

    kind, _, rest = text.partition(":")
    code, _, count = rest.partition("=")
    if not (kind and code and count.isascii() and count.isdecimal()):
        raise typer.BadParameter(f"{text!r} is not an item such as drug:XA10BA=3")
    return Item(kind, code, Fraction(count))


@prescription.command()
def audit(
    number: Number,
    *,
    pharmacist: Annotated[str, typer.Option(help="Who audits.")],
    approved: Annotated[bool, typer.Option("--approve/--refuse", help="What is found.")],
    reason: Reason = "",
    actor: Actor = None,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Write down, once, what a pharmacist says.

    \b
    Example: yibao prescription audit 5 --pharmacist Y120101000001 --approve
    """
    from yibao.agency.dispensing import prescriptions
    from yibao.cli.care_run import At, run

    def work(connection: Connection, who: str) -> dict[str, Any]:
        prescriptions.audit(
            connection, number, pharmacist, approved=approved, reason=reason, actor=who
        )
        return {"prescription": number, "approved": approved}

    run(At(database, actor, lang, as_json), work)


@prescription.command()
def order(
    number: Number,
    *,
    institution: Institution,
    channel: Annotated[Literal["web", "phone"], typer.Option(help="How it came.")],
    at: Time,
    stable: Annotated[str, typer.Option(help="How it is known that the medication is stable.")],
    immobile: Annotated[str, typer.Option(help="Why nobody can come.")],
    address: Annotated[str, typer.Option(help="Where it goes.")],
    actor: Actor = None,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Order medicines to be brought home. They are settled when signed for.

    \b
    Example: yibao prescription order 5 --at H12010100003 --channel phone
               --time 2022-03-01T10:00 --stable "two years on it" --immobile bedridden
               --address "1 First Street"
    """
    from yibao.agency.dispensing import deliveries
    from yibao.cli.care_run import At, run

    wanted = deliveries.Order(number, institution, channel, at, stable, immobile, address)

    def work(connection: Connection, who: str) -> dict[str, Any]:
        return {"order": deliveries.order(connection, wanted, actor=who)}

    run(At(database, actor, lang, as_json), work)


@prescription.command()
def dispatch(
    number: Delivery,
    *,
    at: Time,
    carrier: Annotated[str, typer.Option(help="Who carries it.")],
    actor: Actor = None,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Send an order on its way.

    \b
    Example: yibao prescription dispatch 3 --time 2022-03-01T15:00 --carrier "van 7"
    """
    from yibao.agency.dispensing import deliveries
    from yibao.cli.care_run import At, run

    def work(connection: Connection, who: str) -> dict[str, Any]:
        deliveries.dispatch(connection, number, at, carrier, actor=who)
        return {"order": number, "step": "dispatched"}

    run(At(database, actor, lang, as_json), work)


@prescription.command("cancel-order")
def cancel_order(
    number: Delivery,
    *,
    at: Time,
    reason: Reason,
    actor: Actor = None,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """End an order that was not received. Its prescription may be filled otherwise.

    \b
    Example: yibao prescription cancel-order 3 --time 2022-03-02T09:00 --reason "nobody at home"
    """
    from yibao.agency.dispensing import deliveries
    from yibao.cli.care_run import At, run

    def work(connection: Connection, who: str) -> dict[str, Any]:
        deliveries.cancel(connection, number, at, reason, actor=who)
        return {"order": number, "step": "cancelled"}

    run(At(database, actor, lang, as_json), work)


@prescription.command()
def show(
    number: Number,
    *,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Show a prescription. Told is what it is for and whether it was filled.

    \b
    Example: yibao prescription show 5 --json
    """
    from yibao.agency.dispensing import prescriptions
    from yibao.cli.care_run import At, run

    def work(connection: Connection, _: str) -> dict[str, Any]:
        issued = prescriptions.prescription_of(connection, number)
        held = issued.prescription
        return {
            "prescription": number,
            "institution": held.institution_id,
            "number": held.number,
            "person": held.person_id,
            "issued_at": _local(held.issued_at),
            "days": held.days,
            "long_term": held.long_term,
            "disease": held.disease,
            "approved": issued.approved,
            "taken": issued.taken,
            "items": [
                {"kind": i.kind, "code": i.code, "quantity": str(i.quantity)} for i in held.items
            ],
        }

    run(At(database, None, lang, as_json), work)


def _local(at: datetime) -> datetime:
    from yibao.agency.dispensing.prescriptions import ZONE

    return at.astimezone(ZONE)


@prescription.command()
def limits(
    *,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Show the limits of prescriptions, with cites.

    \b
    Example: yibao prescription limits
    """
    from yibao.agency.dispensing.ceilings import NAMES, ceilings
    from yibao.cli.care_run import At, run

    def work(connection: Connection, _: str) -> dict[str, Any]:
        return {
            "limits": [
                {
                    "name": c.name,
                    "title": NAMES[c.name].pick(lang),
                    "value": c.value,
                    "from": c.first,
                    "to": c.last,
                    "cite": c.cite,
                }
                for c in ceilings(connection)
            ]
        }

    run(At(database, None, lang, as_json), work)


@prescription.command("set-limit")
def set_limit(
    name: Annotated[
        Literal["prescription_hours", "prescription_days", "long_prescription_days"],
        typer.Argument(metavar="NAME", help="One of `yibao prescription limits`."),
    ],
    value: Annotated[int, typer.Argument(metavar="VALUE", help="Hours or days.")],
    *,
    cite: Annotated[str, typer.Option(help="Where it is laid down.")],
    first: First,
    actor: Actor = None,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Lay a limit down from a day on.

    \b
    Example: yibao prescription set-limit prescription_days 30 --cite "notice 5" --from 2023-01-01
    """
    from yibao.agency.dispensing.ceilings import set_ceiling
    from yibao.cli.care_run import At, run

    def work(connection: Connection, who: str) -> dict[str, Any]:
        set_ceiling(connection, name, value, cite, first, actor=who)
        return {"limit": name, "value": value, "from": first}

    run(At(database, actor, lang, as_json), work)
