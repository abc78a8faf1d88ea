"""A month's credits and a year's interest of everybody concerned."""

from __future__ import annotations

from datetime import date

from yibao.agency.accounts.credits import credit, interest, past
from yibao.agency.contributions.runs import members
from yibao.agency.runs import Run, run
from yibao.settlement.procedure import Office
from yibao.store.database import Connection, Database

NOT_DUE = frozenset({"no_account", "month_paid"})
"""Rules by which a month brings somebody no credit, which is nothing to look into."""


def credit_month(
    database: Database, office: Office, month: date, *, on_day: date, actor: str
) -> Run:
    """Credit a month to the account of everybody in the employees' scheme who has one."""

    def work(connection: Connection, person_id: str) -> bool:
        made = credit(connection, office, person_id, month, on_day=on_day, actor=actor)
        return made is not None

    first = month.replace(day=1)
    persons = [person for person, _, _ in members(database, "employee", first, first)]
    return run(database, persons, work, not_applying=NOT_DUE)


def interest_year(database: Database, office: Office, year: int, *, actor: str) -> Run:
    """Credit a year's interest to every account on which there was money.

    Raises Refusal while the year lasts.
    """

    def work(connection: Connection, person_id: str) -> bool:
        return interest(connection, office, person_id, year, actor=actor) is not None

    with database.transaction() as connection:
        rows = connection.execute(
            "SELECT DISTINCT person_id FROM accounts.movement WHERE on_day <= %s ORDER BY 1",
            (past(connection, year),),
        ).fetchall()
    return run(database, [person for (person,) in rows], work)
