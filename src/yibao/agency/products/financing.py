"""A year of a product, paid for at once: so many persons, so much a head, from the named payers.

The rules of the procedure `product_financing` say who pays; where a fund does, money moves from it
to the fund of the product, and each fund's own books stay in balance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from psycopg import errors as pg

from yibao.agency.enrolment.audit import note
from yibao.agency.enrolment.refusal import Refusal
from yibao.ledger.chart import Account
from yibao.ledger.entries import Entry, Transfer, post
from yibao.settlement.procedure import Office, Request
from yibao.store.database import Connection

FUNDS: Mapping[str, str] = {"accident": "accident_pay", "long_term_care": "care_pay"}
"""The fund of each product."""

_FROM_FUNDS = {
    "financed_by_pool": "pool_pay",
    "financed_by_large_expense": "large_expense_pay",
}
_FROM_OTHERS = {
    "financed_by_person": ("contributions_receivable", "contribution_income", "persons"),
    "financed_by_employer": ("contributions_receivable", "contribution_income", "employers"),
    "financed_by_finance": ("subsidy_receivable", "subsidy_income", "finance"),
}


@dataclass(frozen=True, slots=True)
class Financed:
    """What a year of a product costs for one scheme: heads, fen by payer, the entry."""

    product: str
    scheme: str
    year: int
    heads: int
    payers: Mapping[str, int]
    entry_id: int

    @property
    def total(self) -> int:
        """What comes into the product's fund, in fen."""
        return sum(self.payers.values())


def finance(
    connection: Connection,
    rules: Office,
    product: str,
    scheme: str,
    year: int,
    *,
    on_day: date,
    actor: str,
) -> Financed:
    """Pay for a year of a product, for all who are insured on 1 January, by the rules of that day.

    Raises Refusal where nobody is insured, or it was paid for before; PolicyError where the rules
    refuse, as for a premium that nobody has found.
    """
    day = date(year, 1, 1)
    heads = insured(connection, scheme, day)
    if not heads:
        raise Refusal("heads", f"{day} 无人参保", f"nobody is insured on {day}", column="scheme")
    facts = {"product": product, "scheme": scheme, "category": _CATEGORY[scheme]}
    answer = rules.run(Request("product_financing", day, facts, {"heads": heads}))
    payers = {name: fen for name, fen in answer.payers.items() if fen}
    subject = f"product:{product}:{scheme}:{year}"
    transfers = [t for name, fen in payers.items() for t in _transfers(product, name, fen)]
    entry = post(connection, Entry(on_day, "product_financing", subject, actor, transfers))
    try:
        connection.execute(
            "INSERT INTO product.financing (product, scheme, year, heads, entry_id) "
            "VALUES (%s, %s, %s, %s, %s)",
            (product, scheme, year, heads, entry),
        )
    except pg.UniqueViolation:
        raise Refusal(
            "financed",
            f"{product} {scheme} {year}年已列支",
            f"{product} of {scheme} is paid for {year}",
            column="year",
        ) from None
    note(connection, actor, "finance-product", subject, heads=heads, **payers)
    return Financed(product, scheme, year, heads, payers, entry)


_CATEGORY = {"employee": "in_service", "resident": "adult"}
"""A category of each scheme: rules of financing look at the scheme alone."""


def insured(connection: Connection, scheme: str, day: date) -> int:
    """Return how many persons a scheme insures on a day."""
    row = connection.execute(
        "SELECT count(DISTINCT person_no) FROM enrolment.coverage "
        "WHERE upper_inf(known) AND valid @> %s::date AND scheme = %s",
        (day, scheme),
    ).fetchone()
    assert row is not None
    return int(row[0])


def _transfers(product: str, payer: str, fen: int) -> Iterator[Transfer]:
    fund = FUNDS[product]
    source = _FROM_FUNDS.get(payer)
    if source is not None:
        yield Transfer(Account("financing_expense", source), Account("bank", source), fen)
        yield Transfer(Account("bank", fund), Account("financing_income", fund), fen)
    else:
        due, income, who = _FROM_OTHERS[payer]
        yield Transfer(Account(due, fund, who), Account(income, fund), fen)
