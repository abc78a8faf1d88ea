"""Read one step of a rules file, or one state attribute.

Shapes and operands are the schema's business; here names and phases are checked. What is wrong is
noted as a defect.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from yibao.policy.model import Origin, StateAttribute, Step, Text
from yibao.policy.names import Names
from yibao.policy.opspec import REQUIRE
from yibao.policy.source import Path_, Source

_CITED = {"cite", "says", "known", "grade", "source"}
_NO_OPERAND = {"id", "order", "phase", "layer", "when", "op", "valid"} | _CITED


def read_step(
    names: Names, source: Source, path: Path_, data: Mapping[str, Any], origin: Origin
) -> Step:
    """Return one step."""
    words = names.vocabulary
    layer = data.get("layer")
    if layer is not None:
        names.check(source, path, [layer], words.layers, "a layer")
    phase = data.get("phase", "claim")
    names.check(source, path, [phase], words.phases(), "a phase")
    if data["op"] == REQUIRE and phase not in words.procedures:
        expected = "a procedure's step; of a claim, what is not payable is kept out by `keep`"
        names.defect(source, path, f"op require in phase {phase}", expected)
    return Step(
        id=data["id"],
        order=data["order"],
        phase=phase,
        layer=layer,
        conditions=names.conditions(source, (*path, "when"), data.get("when", {})),
        op=data["op"],
        operands=_operands(data),
        origin=origin,
    )


def _operands(data: Mapping[str, Any]) -> dict[str, str | tuple[str, ...]]:
    """Return the operand fields of a step; the segments of bands as parallel edges and rates."""
    operands: dict[str, str | tuple[str, ...]] = {}
    for name, value in data.items():
        if name == "segments":
            operands["edges"] = tuple(segment["to"] for segment in value)
            operands["rates"] = tuple(segment["rate"] for segment in value)
        elif name not in _NO_OPERAND:
            operands[name] = tuple(value) if isinstance(value, list) else value
    return operands


def state_attribute(name: str, data: Mapping[str, Any]) -> StateAttribute:
    """Return what rules may look at of the state."""
    return StateAttribute(
        name=name,
        title=Text(**data["title"]),
        counter=data.get("value_of") or data["ordinal_of"],
        within=data.get("within"),
        max=data["max"],
    )
