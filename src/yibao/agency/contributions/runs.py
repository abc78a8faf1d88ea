"""A month's or a year's bills of everybody concerned, and the receipts of a bank's file."""

from __future__ import annotations

from datetime import date

from yibao.agency.contributions.bills import BASIC, Wanted, bill
from yibao.agency.contributions.coverage import cover
from yibao.agency.contributions.paid import any_paid
from yibao.agency.contributions.receipts import Receipt, receive
from yibao.agency.imports import Write
from yibao.agency.runs import Run, run
from yibao.interop.files.columns import Column
from yibao.interop.files.rowreader import Values
from yibao.settlement.coverage import first_day, last_day, month_of
from yibao.settlement.procedure import Office
from yibao.store.database import Connection, Database
from yibao.text import Text


def bill_month(
    database: Database, office: Office, month: date, *, billed_on: date, actor: str
) -> Run:
    """Bill everybody in the employees' scheme whose payment is due in a month.

    Who pays by the quarter or year is billed in the first month of theirs, counted from enrolment.
    """
    number = month_of(month)

    def work(connection: Connection, person_id: str) -> bool:
        last = number + every[person_id] - 1
        wanted = Wanted(person_id, number, last, billed_on, scheme="employee")
        return _bill(connection, office, wanted, actor)

    every = {
        person: months
        for person, first, months in members(
            database, "employee", first_day(number), last_day(number)
        )
        if (number - month_of(first)) % months == 0
    }
    return run(database, every, work)


def bill_year(
    database: Database,
    office: Office,
    year: int,
    *,
    scheme: str = "resident",
    item: str = BASIC,
    billed_on: date,
    actor: str,
) -> Run:
    """Bill a year of everybody in a scheme, from the month of enrolment on."""
    begins, ends = date(year, 1, 1), date(year, 12, 31)

    def work(connection: Connection, person_id: str) -> bool:
        first = max(month_of(begins), month_of(firsts[person_id]))
        wanted = Wanted(person_id, first, month_of(ends), billed_on, item, scheme)
        return _bill(connection, office, wanted, actor)

    firsts = {person: first for person, first, _ in members(database, scheme, begins, ends)}
    return run(database, firsts, work)


def _bill(connection: Connection, office: Office, wanted: Wanted, actor: str) -> bool:
    made = bill(connection, office, wanted, actor=actor)
    if any_paid(connection, made):  # some have nothing to pay themselves, or have paid before
        cover(connection, office, wanted.person_id, actor=actor)
    return bool(made)


def members(
    database: Database, scheme: str, first: date, last: date
) -> list[tuple[str, date, int]]:
    """Return who is a member on some day, since when (of the last period), and how often it pays.

    Of several periods of a person the first counts.
    """
    with database.transaction() as connection:
        return connection.execute(
            "SELECT DISTINCT ON (person_id) person_id, lower(valid), pays_every "
            "FROM enrolment.membership JOIN enrolment.person USING (person_no) "
            "WHERE upper_inf(known) AND scheme = %s AND valid && daterange(%s, %s, '[]') "
            "ORDER BY person_id, lower(valid)",
            (scheme, first, last),
        ).fetchall()


# --- the bank's file ------------------------------------------------------------------------------

RECEIPT_COLUMNS = (
    Column("reference", "id", Text("银行流水号", "The bank's reference")),
    Column(
        "payer",
        "id",
        Text("缴费人", "Payer"),
        Text(
            "人员或单位编号，或 household:家庭编号、finance、district:区划",
            "a person or employer; household:ID, finance, district:DIVISION",
        ),
    ),
    Column("received_on", "date", Text("到账日期", "Day on which it came")),
    Column("amount", "amount", Text("金额（元）", "Amount")),
)


def receipt_writer(office: Office, actor: str) -> Write:
    """Return what enters a row of the bank's file and renews the coverage that it pays for."""

    def write(connection: Connection, values: Values) -> bool:
        receipt = Receipt(
            values["reference"], values["payer"], values["received_on"], values["amount"]
        )
        persons = receive(connection, receipt, actor=actor)
        for person in persons or ():
            cover(connection, office, person, actor=actor)
        return persons is not None

    return write
