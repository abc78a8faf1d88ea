"""Reform simulation: the same claims under the rules and under reforms of them, compared exactly.

Enters: a policy, overlays (the reforms), a population with its claims. Leaves: who pays more or
less, to the fen, by fund and by group; indicators of hardship and fairness; a report; settings that
meet targets. In a notebook:

    from yibao.macro.simulation import City

    city = City.load("tianjin", "population")
    city.totals()
    city.with_figure("outpatient_deductible", {"category": ["in_service"]}, "500.00").totals()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from yibao.macro.simulation.city import City

__all__ = ["City"]


def __getattr__(name: str) -> Any:
    if name != "City":
        raise AttributeError(f"module 'yibao.macro.simulation' has no attribute {name!r}")
    from yibao.macro.simulation.city import City

    return City
