"""The connection to files and to the engine that settles them: the only module that knows either.

Enters: a folder with persons and claims as `yibao settle` reads them, and people.parquet. Leaves: a
`Population`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import pyarrow as pa

from yibao.errors import CannotRead
from yibao.macro.simulation.exact import Flags
from yibao.macro.simulation.paid import Claims, Paid, People, chosen, of_years
from yibao.macro.simulation.people_file import read_people
from yibao.macro.simulation.population import Population
from yibao.macro.simulation.rows import Values, replaced
from yibao.macro.simulation.scalar import Small, read_small
from yibao.policy.policy import Policy

PEOPLE = "people.parquet"
_TYPES = (".parquet", ".csv")


def files_of(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the persons files and claims files of a population folder; raises CannotRead."""
    if not folder.is_dir():
        raise CannotRead(f"{folder} is not a folder / 没有这个文件夹")
    found = []
    for kind in ("persons", "claims"):
        files = [f for suffix in _TYPES for f in sorted(folder.glob(f"{kind}*{suffix}"))]
        if not files:
            raise CannotRead(f"{folder} has no {kind}*.parquet or {kind}*.csv / 缺少{kind}文件")
        found.append(files)
    return found[0], found[1]


def load_population(policy: Policy, folder: Path, years: Sequence[int] | None = None) -> Population:
    """Load the population of a folder, for all years of its claims or for some.

    Raises InputError and CannotRead for what cannot be read, and for a year without claims.
    """
    persons, claims = files_of(folder)
    return BookPopulation(policy, read_small(policy, claims, persons), folder, years)


class BookPopulation:
    """A population settled by the book: exact, and slow; the definition that the engine follows."""

    def __init__(
        self, policy: Policy, small: Small, folder: Path, years: Sequence[int] | None
    ) -> None:
        self.policy = policy
        self._small = small
        self._folder = folder
        self._all = small.claims(policy)
        there = sorted({*self._all.year.tolist()})
        self.years = list(years or there)
        _check_years(self.years, there)

    @cached_property
    def _kept(self) -> Flags:
        return of_years(self._all, self.years)

    @cached_property
    def claims(self) -> Claims:
        """What holds of each claim under any rules."""
        return chosen(self._all, self._kept)

    @cached_property
    def people(self) -> People:
        """What is known of each person."""
        file = self._folder / PEOPLE
        if not file.is_file():
            return self._small.people()
        return read_people(file, pa.array(list(self._small.enrolment.persons())))

    def paid(self, policy: Policy) -> Paid:
        """Settle every claim under a policy, earlier years too: they leave what later ones find."""
        return only(self._small.paid(policy), self._kept)

    def paid_with(self, values: Values, *, keep: bool = True) -> Paid:
        """Settle every claim with other values in some rows."""
        region = replaced(self.policy.region, values)
        return self.paid(Policy(region, known=self.policy.known, accept=self.policy.accept))


def only(paid: Paid, keep: Flags) -> Paid:
    """Return what is paid for some of the claims."""
    if keep.all():
        return paid
    return replace(
        paid,
        sign=paid.sign[keep],
        total=paid.total[keep],
        in_scope=paid.in_scope[keep],
        personal=paid.personal[keep],
        account=paid.account[keep],
        funds={name: pays[keep] for name, pays in paid.funds.items()},
    )


def _check_years(years: Sequence[int], there: Sequence[int]) -> None:
    lacking = sorted(set(years) - set(there))
    if lacking:
        told = ", ".join(map(str, lacking))
        has = ", ".join(map(str, there)) or "–"
        raise CannotRead(f"no claims of {told}; there are claims of {has} / 没有这些年份的费用")
