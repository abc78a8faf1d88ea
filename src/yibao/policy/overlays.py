"""Does an overlay change anything? One that does not was meant otherwise than it is written.

Enters: a region with an overlay, and without it. Leaves: yes or no.
"""

from __future__ import annotations

from yibao.policy.compare import difference
from yibao.policy.consolidate import Calendar, Consolidation
from yibao.policy.model import Document, Region

_DECLARED = ("state", "state_attributes", "results", "codes", "constraints", "limits")


def changes(region: Region, without: Region, overlay: Document) -> bool:
    """Tell whether a document of `region`, which `without` lacks, makes any rule other."""
    if overlay.waives or any(getattr(region, n) != getattr(without, n) for n in _DECLARED):
        return True
    days = {*Calendar(region).days, *Calendar(without).days}
    return any(
        difference(Consolidation(without, day), Consolidation(region, day)) for day in sorted(days)
    )
