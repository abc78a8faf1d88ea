"""Check a region that loads: everything that can be known without settling a claim.

Enters: a loaded region. Leaves: findings, errors before warnings. What each check means is said
where it is written; this module only names them all.
"""

from __future__ import annotations

from datetime import date

from yibao.policy.checking import lost, steps, tables, use
from yibao.policy.checking.constraints import constraints
from yibao.policy.checking.finding import Finding
from yibao.policy.checking.limits import limits
from yibao.policy.checking.reach import reach
from yibao.policy.checking.todo import todo
from yibao.policy.model import Region


def check(region: Region, as_of: date | None = None) -> list[Finding]:
    """Return all findings of a region; with `as_of`, also what soon ends without a successor."""
    reached = reach(region)
    found = [
        *tables.coverage(region),
        *tables.rows_without_point(region),
        *tables.overlaps(region),
        *constraints(region),
        *limits(region),
        *steps.names_and_units(reached),
        *steps.overflow(region, reached),
        *lost.paid_over(reached),
        *steps.unreachable(region, reached),
        *steps.circles(region),
        *steps.phases(region),
        *steps.layers(region),
        *use.unused(region),
        *todo(region),
        *(use.expiry(region, as_of) if as_of else ()),
    ]
    return sorted(found, key=lambda f: (f.severity, f.file, f.line, f.check, f.found))
