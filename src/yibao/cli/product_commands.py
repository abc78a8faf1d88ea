"""`yibao product …` and `yibao care …`: products of the layer chain, long-term care, doctors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from yibao.cli.options import (
    AcceptGrade,
    AsJson,
    Cite,
    Day,
    First,
    Institution,
    Lang,
    Overlays,
    PersonId,
    Without,
    default_language,
)
from yibao.cli.procedure_commands import Full, Set
from yibao.cli.settle_commands import PolicyName
from yibao.cli.sharing import At, Work, reads, sharing, writes

if TYPE_CHECKING:
    from yibao.agency.care.assessments import Assessment
    from yibao.store.database import Connection

_LANGUAGE = default_language()

Asked = Literal["product_financing", "accident_grant", "maternity_allowance", "care_grade"]

product = typer.Typer(help="Products of the layer chain.", no_args_is_help=True)
care = typer.Typer(help="Long-term care, family doctors.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(product, name="product")
    app.add_typer(care, name="care")


@product.command()
def quote(
    procedure: Annotated[Asked, typer.Argument(metavar="PROCEDURE", help="What is asked.")],
    *,
    policy: PolicyName,
    day: Day,
    given: Set = None,
    overlay: Overlays = None,
    without: Without = None,
    accept_grade: AcceptGrade = "C",
    full: Full = False,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Work out a lump sum, an allowance, a grade or what a year of a product costs, and why.

    PROCEDURE is product_financing, accident_grant, maternity_allowance or care_grade.

    \b
    Example: yibao product quote accident_grant --policy tianjin --date 2022-03-01
               --set scheme=employee --set category=in_service --set accident_outcome=disability_3
    """
    from yibao.cli import procedure_run

    rules = procedure_run.Rules(
        policy, overlay or [], without or [], accept_grade, None, lang, as_json=as_json
    )
    procedure_run.one(procedure, day, given or [], rules, full=full)


@product.command()
@sharing("rules", "actor", "json")
def finance(
    at: At,
    name: Annotated[
        Literal["accident", "long_term_care"], typer.Argument(metavar="PRODUCT", help="Which.")
    ],
    *,
    scheme: Annotated[Literal["employee", "resident"], typer.Option(help="Whose.")],
    year: Annotated[
        int,
        typer.Option(min=2015, max=2100, help="The year; who is insured on 1 January counts."),
    ],
    day: Day,
) -> None:
    """Pay for a year of a product from the funds that the rules name; once for each scheme.

    \b
    Example: yibao product finance long_term_care --scheme employee --year 2023
               --date 2023-01-15 --policy tianjin
    """
    from yibao.agency.products import financing
    from yibao.cli.work import run
    from yibao.money import format_yuan

    def work(connection: Connection, who: str) -> dict[str, Any]:
        made = financing.finance(connection, at.office(), name, scheme, year, on_day=day, actor=who)
        payers = {payer: format_yuan(fen) for payer, fen in made.payers.items()}
        return {"heads": made.heads, "entry": made.entry_id, **payers}

    run(at, work)


@care.command()
@sharing("rules", "actor", "json")
def assess(
    at: At,
    person: PersonId,
    *,
    institution: Institution,
    assessor: Annotated[str, typer.Option(help="Who assessed.")],
    day: Day,
    points: Annotated[str, typer.Option(help="Of all 17 items: eating=10,dressing=5,…")],
    grade: Annotated[int | None, typer.Option(help="The institution's own grade, 0 to 5.")] = None,
    months: Annotated[int | None, typer.Option(help="Good for so many; else the most.")] = None,
) -> None:
    """Take in an assessment for long-term care; from grade 3 on there is care from the next month.

    The rules work the grade out where they can; the table that combines the abilities is grade D,
    so without --accept-grade D the grade is the institution's.

    \b
    Example: yibao care assess P1 --at H12010100001 --assessor D120101000001 --date 2023-05-20
               --policy tianjin --accept-grade D --points eating=5,dressing=0,face_and_mouth=0,
               bowel=5,bladder=5,toilet=0,walking=0,transfer=5,stairs=0,bathing=0,time=2,
               persons=3,space=2,memory=1,sight=4,hearing=3,speech=3
    """
    from yibao.agency.care.assessments import Finding
    from yibao.agency.care.assessments import assess as take_in
    from yibao.cli.work import run

    finding = Finding(institution, assessor, day, _points(points), grade, months)

    def work(connection: Connection, who: str) -> dict[str, Any]:
        return _told(take_in(connection, at.office(), person, finding, actor=who))

    run(at, work)


@reads(care)
def show(person: PersonId) -> Work:
    """Show the assessments of a person and the contracts with family doctors.

    \b
    Example: yibao care show P1
    """
    from yibao.agency.care.assessments import assessments
    from yibao.agency.filing.family_doctors import contracts
    from yibao.money import format_yuan

    def work(connection: Connection, _: str) -> dict[str, Any]:
        signed = [
            {
                "institution": c.institution_id,
                "practitioner": c.practitioner_id,
                "from": c.first,
                "to": c.last,
                "fee": format_yuan(c.fee),
            }
            for c in contracts(connection, person)
        ]
        found = [_told(a) for a in assessments(connection, person)]
        return {"assessments": found, "family_doctors": signed}

    return work


@writes(care, "set-term")
def set_term(
    months: Annotated[int, typer.Argument(metavar="MONTHS", help="Good for so many at the most.")],
    *,
    cite: Cite,
    first: First,
) -> Work:
    """Lay the longest term of an assessment down, for those of a day on.

    \b
    Example: yibao care set-term 12 --cite "notice 5" --from 2023-06-01
    """
    from yibao.agency.care.assessments import set_longest

    def work(connection: Connection, who: str) -> dict[str, Any]:
        set_longest(connection, months, cite, first, actor=who)
        return {"months": months, "from": first, "cite": cite}

    return work


@writes(care, "family-doctor")
def family_doctor(
    person: PersonId,
    *,
    institution: Institution,
    practitioner: Annotated[str, typer.Option(help="The doctor.")],
    first: First,
    fee: Annotated[str, typer.Option(help="In yuan, such as 30.00.")] = "0.00",
) -> Work:
    """Sign a contract with a family doctor, to the end of the year; one a year.

    \b
    Example: yibao care family-doctor P1 --at H12010100003 --practitioner D120101000001
               --from 2022-03-01 --fee 30.00
    """
    from yibao.agency.filing.family_doctors import Contract, sign

    contract = Contract(institution, practitioner, first, _fen(fee))

    def work(connection: Connection, who: str) -> dict[str, Any]:
        sign(connection, person, contract, actor=who)
        return {"from": contract.first, "to": contract.last}

    return work


def _points(text: str) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for part in text.replace(" ", "").split(","):
        name, sign, number = part.partition("=")
        if not sign or not number.isdecimal() or name in found:
            raise typer.BadParameter(
                f"--points {part!r}: NAME=NUMBER, each once / 名称=分数，各一次"
            )
        found[name] = int(number)
    return found


def _fen(text: str) -> int:
    from yibao.errors import MoneyError
    from yibao.money import parse_yuan

    try:
        return parse_yuan(text)
    except MoneyError as error:
        raise typer.BadParameter(f"--fee {text!r}: {error}") from None


def _told(found: Assessment) -> dict[str, Any]:
    return {
        "assessment": found.assessment_id,
        "on": found.on_day,
        "grade": found.grade,
        "severe": found.severe,
        "computed": found.computed,
        "assessor": f"{found.institution_id} {found.assessor}",
        "from": found.first,
        "to": found.last,
    }
