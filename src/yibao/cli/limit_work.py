"""`limits` and `set-limit`: the cited numbers of a part of the agency, shown and laid down."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from yibao.cli.options import GradeName
from yibao.text import Text

if TYPE_CHECKING:
    from yibao.agency.ceilings import Name
    from yibao.cli.sharing import Work
    from yibao.store.database import Connection

Grade = Annotated[
    GradeName,
    typer.Option(help="How far it can be trusted: A the document itself … D unverified."),
]

_UNVERIFIED = Text("未核实", "unverified")


def limits(names: Sequence[Name]) -> Work:
    """Return what tells of the limits of these names that are, were and will be in force."""
    from yibao.agency.ceilings import NAMES, UNVERIFIED, ceilings

    def work(connection: Connection, _: str) -> dict[str, Any]:
        return {
            "limits": [
                {
                    "name": c.name,
                    "title": NAMES[c.name],
                    "value": c.value,
                    "from": c.first,
                    "to": c.last,
                    "cite": c.cite,
                    "grade": c.grade,
                    "status": _UNVERIFIED if c.grade == UNVERIFIED else "",
                    "source": c.source,
                }
                for c in ceilings(connection)
                if c.name in names
            ]
        }

    return work


def set_limit(name: Name, value: int, cite: str, first: date, grade: GradeName) -> Work:
    """Return what lays a limit down from a day on."""
    from yibao.agency.ceilings import set_ceiling

    def work(connection: Connection, who: str) -> dict[str, Any]:
        set_ceiling(connection, name, value, cite, first, grade=grade, actor=who)
        return {"limit": name, "value": value, "from": first, "grade": grade}

    return work
