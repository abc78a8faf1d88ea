"""A small city of Tianjin, settled by the book: what the faster engine must agree with."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from yibao.macro.simulation.paid import Claims, Paid, People
from yibao.macro.simulation.reforms import Reform, load_reforms
from yibao.macro.simulation.scalar import Small
from yibao.policy.policy import Policy

REFORMS = Path(__file__).parents[3] / "examples" / "reforms"
FOLDERS = sorted(folder.parent for folder in REFORMS.glob("*/document.yaml"))
YEARS = (2018, 2019)


@dataclass(frozen=True)
class Town:
    """A population with its claims, settled under the rules and under the example reforms."""

    small: Small
    policy: Policy

    @cached_property
    def claims(self) -> Claims:
        return self.small.claims(self.policy)

    @cached_property
    def people(self) -> People:
        """Made-up incomes and households of three, so that every indicator has something to say."""
        people = self.small.people()
        n = len(people)
        random = np.random.default_rng(1)
        income = random.integers(500_000, 12_000_000, n)
        decile = (np.argsort(np.argsort(income)) * 10 // n + 1).astype(np.int8)
        return replace(people, household=np.arange(n) // 3, income=income, decile=decile)

    @cached_property
    def base(self) -> Paid:
        return self.small.paid(self.policy)

    @cached_property
    def reforms(self) -> dict[str, Reform]:
        found = load_reforms(self.policy, "tianjin", FOLDERS, YEARS)
        return {reform.name: reform for reform in found}

    @cached_property
    def reformed(self) -> dict[str, Paid]:
        return {name: self.small.paid(reform.policy) for name, reform in self.reforms.items()}
