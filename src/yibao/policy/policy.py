"""A policy: a region's rules at every date, ready to give plans."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from yibao.policy.compile import Plan, denominator
from yibao.policy.consolidate import Calendar
from yibao.policy.load import load_region
from yibao.policy.model import Grade, Region


class Policy:
    """A region's rules at every date.

    They are seen with what was `known` by a day (None: all), and with figures of grade `accept` or
    better.
    """

    def __init__(
        self, region: Region, *, known: date | None = None, accept: Grade = Grade.C
    ) -> None:
        self.region = region
        self.known = known
        self.accept = accept
        self.calendar = Calendar(region)
        self.denominator = denominator(region)
        self._plans: dict[int, Plan] = {}

    def plan(self, day: date) -> Plan:
        """Return the plan in force on `day`; days between two changes share one plan."""
        return self.plan_of(self.calendar.epoch(day), day)

    def plan_of(self, epoch: int, day: date) -> Plan:
        """Return the plan of an epoch of the calendar, `day` being any day of it."""
        plan = self._plans.get(epoch)
        if plan is None:
            first, last = self.calendar.period(epoch)
            plan = Plan(
                self.region,
                first or last or day,
                known=self.known,
                accept=self.accept,
                denominator=self.denominator,
            )
            self._plans[epoch] = plan
        return plan


def load_policy(
    region: str | Path,
    *,
    known: date | None = None,
    accept: Grade | str = Grade.C,
    overlays: Sequence[Path] = (),
    without: Iterable[str] = (),
) -> Policy:
    """Load the policy of a region, by the id of one that ships or by folder.

    known     use only what was published by that day
    accept    the worst grade of figure that may be used, "A" to "D"
    overlays  further document folders: a user's own figures, or a reform
    without   ids of documents to leave out

    Raises PackErrors with every defect, each with file and line.
    """
    grade = Grade[accept] if isinstance(accept, str) else accept
    found = load_region(region, known=known, overlays=overlays, without=without)
    return Policy(found, known=known, accept=grade)
