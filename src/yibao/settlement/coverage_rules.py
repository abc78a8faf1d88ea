"""Ask the rules of a `coverage` procedure what benefit periods want to know of them.

Enters: a policy's office and questions. Leaves: terms.
"""

from __future__ import annotations

from datetime import date

from yibao.settlement.coverage import YEAR, Ask, Question, Terms, first_day, month_of
from yibao.settlement.procedure import Office, Request


def rules_of(office: Office, birth_date: date | None = None) -> Ask:
    """Return what asks the rules of a policy, each month by those in force on its first day.

    What it returns raises what `Office.run` raises.
    """

    def ask(question: Question) -> Terms:
        payment, years = question.payment, question.gap_months // YEAR
        day = first_day(question.month)
        facts = {
            **payment.facts,
            "gap_months": question.gap_months,
            "gap_years": years,
            "continuous_years": question.continuous_months // YEAR,
        }
        amounts = {
            **payment.amounts,
            "missed_years": years,
            "repaired_years": question.repaired_months // YEAR,
        }
        if birth_date is not None:
            day = max(day, birth_date)
            if payment.facts.get("newborn"):
                facts["months_since_birth"] = _months_begun(birth_date, payment.paid_on)
        outcome = office.run(Request("coverage", day, facts, amounts, birth_date))
        figure, given = outcome.figure, outcome.program.structure.final
        return Terms(
            waiting_months=figure("waiting_months"),
            covers_back=bool(figure("covers_back")) if "covers_back" in given else None,
            ceiling_bonus=figure("ceiling_bonus"),
            serious_illness_cover=bool(figure("serious_illness_cover")),
            outcome=outcome,
        )

    return ask


def _months_begun(birth_date: date, day: date) -> int:
    """Return the months from birth to a day, one that has begun being counted."""
    months = month_of(day) - month_of(birth_date) + (day.day > birth_date.day)
    return max(0, months)
