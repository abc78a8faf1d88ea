"""`yibao prescription …`: issue, audit, order for delivery, limits.

What is handed out is settled at the desk, with the number of the prescription or of the delivery.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from yibao.cli import limit_work
from yibao.cli.options import Cite, First, Institution, Moment, PersonId, Reason, Remark, parse_text
from yibao.cli.sharing import Work, imports, reads, writes

if TYPE_CHECKING:
    from yibao.agency.imports import RowFile
    from yibao.store.database import Connection

Number = Annotated[int, typer.Argument(metavar="PRESCRIPTION", help="Our number of it.")]
Delivery = Annotated[int, typer.Argument(metavar="ORDER", help="The order's number.")]

prescription = typer.Typer(help="Prescriptions: issue, audit, bring home.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(prescription, name="prescription")


def _text(text: str) -> typer.models.OptionInfo:
    """Return the option of a text that says something."""
    found: typer.models.OptionInfo = typer.Option(metavar="TEXT", parser=parse_text, help=text)
    return found


@writes(prescription)
def issue(
    person: PersonId,
    *,
    institution: Institution,
    number: Annotated[str, _text("The institution's number of it.")],
    practitioner: Annotated[str, _text("Who prescribes.")],
    at: Moment,
    item: Annotated[
        list[str],
        typer.Option(metavar="KIND:CODE=COUNT", help="An item and how many; repeatable."),
    ],
    days: Annotated[int, typer.Option(help="Days that it lasts.")],
    long_term: Annotated[bool, typer.Option("--long-term", help="A long-term one.")] = False,
    disease: Annotated[str, _text("The special disease that it is for.")] = "none",
) -> Work:
    """Keep a prescription that an institution has issued.

    \b
    Example: yibao prescription issue P1 --at H12010100002 --number R1
               --practitioner D120101000001 --time 2022-03-01T09:30
               --item drug:XA01ABD075A002010100483=3 --days 7
    """
    from yibao.agency.dispensing import prescriptions
    from yibao.errors import CodeError

    try:
        items = tuple(prescriptions.item(text) for text in item)
    except CodeError as error:
        raise typer.BadParameter(str(error)) from None
    wanted = prescriptions.Prescription(
        institution, number, person, practitioner, at, items, days, long_term, disease
    )
    return lambda connection, who: {
        "prescription": prescriptions.issue(connection, wanted, actor=who)
    }


@writes(prescription)
def audit(
    number: Number,
    *,
    pharmacist: Annotated[str, _text("Who audits.")],
    approved: Annotated[bool, typer.Option("--approve/--refuse", help="What is found.")],
    reason: Remark = "",
) -> Work:
    """Write down, once, what a pharmacist says.

    \b
    Example: yibao prescription audit 5 --pharmacist Y120101000001 --approve
    """
    from yibao.agency.dispensing import prescriptions

    def work(connection: Connection, who: str) -> dict[str, Any]:
        prescriptions.audit(
            connection, number, pharmacist, approved=approved, reason=reason, actor=who
        )
        return {"prescription": number, "approved": approved}

    return work


@imports(prescription, "yibao prescription template -o prescriptions.xlsx")
def rows() -> RowFile:
    """Import prescriptions, with what a pharmacist says of them.

    The good rows land. Rows that are refused go to a rejects file with the reason; corrected there,
    it can be imported as it is. Importing a file again changes nothing.

    \b
    Example: yibao prescription import prescriptions.csv
    """
    from yibao.agency.dispensing.files import PRESCRIPTIONS

    return PRESCRIPTIONS


@writes(prescription)
def order(
    number: Number,
    *,
    institution: Institution,
    channel: Annotated[Literal["web", "phone"], typer.Option(help="How it came.")],
    at: Moment,
    stable: Annotated[str, _text("How it is known that the medication is stable.")],
    immobile: Annotated[str, _text("Why nobody can come.")],
    address: Annotated[str, _text("Where it goes.")],
) -> Work:
    """Order medicines to be brought home. They are settled when signed for.

    \b
    Example: yibao prescription order 5 --at H12010100003 --channel phone
               --time 2022-03-01T10:00 --stable "two years on it" --immobile bedridden
               --address "1 First Street"
    """
    from yibao.agency.dispensing import deliveries

    wanted = deliveries.Order(number, institution, channel, at, stable, immobile, address)
    return lambda connection, who: {"order": deliveries.order(connection, wanted, actor=who)}


@writes(prescription)
def dispatch(
    number: Delivery, *, at: Moment, carrier: Annotated[str, _text("Who carries it.")]
) -> Work:
    """Send an order on its way.

    \b
    Example: yibao prescription dispatch 3 --time 2022-03-01T15:00 --carrier "van 7"
    """
    from yibao.agency.dispensing import deliveries

    def work(connection: Connection, who: str) -> dict[str, Any]:
        deliveries.dispatch(connection, number, at, carrier, actor=who)
        return {"order": number, "step": "dispatched"}

    return work


@writes(prescription, "cancel-order")
def cancel_order(number: Delivery, *, at: Moment, reason: Reason) -> Work:
    """End an order that was not received. Its prescription may be filled otherwise.

    \b
    Example: yibao prescription cancel-order 3 --time 2022-03-02T09:00 --reason "nobody at home"
    """
    from yibao.agency.dispensing import deliveries

    def work(connection: Connection, who: str) -> dict[str, Any]:
        deliveries.cancel(connection, number, at, reason, actor=who)
        return {"order": number, "step": "cancelled"}

    return work


@reads(prescription)
def show(number: Number) -> Work:
    """Show a prescription. Told is what it is for and whether it was filled.

    \b
    Example: yibao prescription show 5 --json
    """
    from yibao.agency.dispensing.prescriptions import ZONE, prescription_of

    def work(connection: Connection, _: str) -> dict[str, Any]:
        issued = prescription_of(connection, number)
        held = issued.prescription
        return {
            "prescription": number,
            "institution": held.institution_id,
            "number": held.number,
            "person": held.person_id,
            "issued_at": held.issued_at.astimezone(ZONE),
            "days": held.days,
            "long_term": held.long_term,
            "disease": held.disease,
            "approved": issued.approved,
            "taken": issued.taken,
            "items": [
                {"kind": i.kind, "code": i.code, "quantity": str(i.quantity)} for i in held.items
            ],
        }

    return work


@reads(prescription)
def limits() -> Work:
    """Show the limits of prescriptions, with cites and how far each can be trusted.

    \b
    Example: yibao prescription limits
    """
    from yibao.agency.ceilings import PRESCRIPTIONS

    return limit_work.limits([*PRESCRIPTIONS])


@writes(prescription, "set-limit")
def set_limit(
    name: Annotated[
        Literal["prescription_hours", "prescription_days", "long_prescription_days"],
        typer.Argument(metavar="NAME", help="One of `yibao prescription limits`."),
    ],
    value: Annotated[int, typer.Argument(metavar="VALUE", help="Hours or days.")],
    *,
    cite: Cite,
    grade: limit_work.Grade = "A",
    first: First,
) -> Work:
    """Lay a limit down from a day on.

    \b
    Example: yibao prescription set-limit prescription_days 30 --cite "notice 5" --from 2023-01-01
    """
    return limit_work.set_limit(name, value, cite, first, grade)
