"""What a simulation needs of a population: who, which claims, and what rules pay for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from yibao.macro.simulation.paid import Claims, Paid, People
from yibao.macro.simulation.rows import Values
from yibao.policy.policy import Policy


class Population(Protocol):
    """Persons and claims that can be settled again under other rules."""

    @property
    def policy(self) -> Policy:
        """The rules that reforms change."""

    @property
    def claims(self) -> Claims:
        """What holds of each claim under any rules."""

    @property
    def people(self) -> People:
        """What is known of each person."""

    @property
    def years(self) -> Sequence[int]:
        """The calendar years that claims belong to, in order."""

    def paid(self, policy: Policy, values: Values | None = None) -> Paid:
        """Settle every claim under a policy of the same region, perhaps with other values in rows.

        The policy asked for last is kept ready: with other values it is settled the fast way.
        """

    def paid_with(self, values: Values, *, keep: bool = True) -> Paid:
        """Settle every claim under the rules with other values in some rows of tables.

        This is the fast way: profiles are not resolved again. Unless kept, the arrays may be those
        of the next such call too: they must be read before it.
        """
