"""Check a region that loads: everything that can be known without settling a claim.

Enters: a loaded region. Leaves: findings, errors before warnings. What each check means is said
where it is written; this module only names them all.
"""

from __future__ import annotations

from datetime import date

from yibao.policy import check_steps, check_tables, check_use
from yibao.policy.check_constraints import constraints
from yibao.policy.finding import Finding
from yibao.policy.model import Region
from yibao.policy.reach import reach


def check(region: Region, as_of: date | None = None) -> list[Finding]:
    """Return all findings of a region; with `as_of`, also what soon ends without a successor."""
    reached = reach(region)
    found = [
        *check_tables.coverage(region),
        *check_tables.rows_without_point(region),
        *check_tables.overlaps(region),
        *constraints(region),
        *check_steps.names_and_units(reached),
        *check_steps.overflow(region, reached),
        *check_steps.unreachable(region, reached),
        *check_steps.circles(region),
        *check_steps.phases(region),
        *check_steps.layers(region),
        *check_use.unused(region),
        *(check_use.expiry(region, as_of) if as_of else ()),
    ]
    return sorted(found, key=lambda f: (f.severity, f.file, f.line, f.check, f.found))
