"""What a bill may bring: amounts and facts by the vocabulary's names, checked as wholes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from yibao.agency.desk.model import DeskError
from yibao.api.fields import YUAN, Amount
from yibao.interop.files.columns import DERIVED, claim_columns
from yibao.money import format_yuan
from yibao.policy.model import Region, Value
from yibao.policy.vocabulary import Attribute, vocabulary

# --- amounts --------------------------------------------------------------------------------------


def _checked(amounts: dict[str, int]) -> dict[str, int]:
    """Check that parts add up to their whole and portions lie within theirs."""
    known = vocabulary().amounts
    for name in amounts:
        if name not in known:
            raise _error("known_amount", name[:64], f"one of {', '.join(known)}")
    for amount in known.values():
        own = amounts.get(amount.name, 0)
        if amount.parts:
            parts = sum(amounts.get(part, 0) for part in amount.parts)
            if parts != own:
                expected = f"{format_yuan(own)}, the parts add up to {format_yuan(parts)}"
                raise _error("parts_add_up", amount.name, expected)
        elif amount.portion_of and own > (whole := amounts.get(amount.portion_of, 0)):
            limit = f"at most {amount.portion_of}, {format_yuan(whole)}"
            raise _error("portion_within", amount.name, limit)
    return {name: amounts.get(name, 0) for name in known if name == "total" or amounts.get(name)}


def _error(rule: str, name: str, expected: str) -> PydanticCustomError:
    facts = {"name": name, "expected": expected}
    return PydanticCustomError(rule, "{name}: expected {expected}", facts)


def _schema_of_amounts() -> dict[str, Any]:
    yuan = {"type": "string", "pattern": YUAN}
    return {
        "type": "object",
        "description": "yuan; the parts add up to the total, what is left out is 0.00",
        "properties": {
            name: {**yuan, "description": f"{amount.title.en} / {amount.title.zh}"}
            for name, amount in vocabulary().amounts.items()
        },
        "required": ["total"],
        "additionalProperties": False,
        "examples": [{"total": "10000.00", "out_of_catalogue": "500.00", "in_scope": "9500.00"}],
    }


def _with_total(given: Any) -> Any:
    if isinstance(given, dict) and "total" not in given:
        raise _error("missing", "total", "the whole of the bill")
    if isinstance(given, dict) and len(given) > (most := len(vocabulary().amounts)):
        raise _error("known_amount", "amounts", f"at most {most}")
    return given


Amounts = Annotated[
    dict[str, Amount],
    BeforeValidator(_with_total),
    AfterValidator(_checked),
    WithJsonSchema(_schema_of_amounts()),
]


# --- facts ----------------------------------------------------------------------------------------

ASKABLE: Mapping[str, Attribute] = {
    a.name: a for a in vocabulary().of("claim") if a.name != "visit" and a.name not in DERIVED
}
"""The facts that a bill may bring; the desk refuses those that a register knows."""


def _facts(given: Any) -> dict[str, Value]:
    if not isinstance(given, dict):
        raise PydanticCustomError("dict_type", "expected an object")
    for name, value in given.items():
        attribute = ASKABLE.get(name)
        if attribute is None:
            raise _error("known_fact", name[:64], f"one of {', '.join(ASKABLE)}")
        if not _fits(attribute, value):
            raise _error("known_code", name, _expected(attribute))
    return {name: given[name] for name in ASKABLE if name in given}


def _fits(attribute: Attribute, value: Any) -> bool:
    if attribute.kind == "flag":
        return isinstance(value, bool)
    codes = attribute.codes
    return isinstance(value, str) and (value in codes if codes else len(value) <= MAX_CODE)


MAX_CODE = 64
"""Longest code of a region's own."""


def _expected(attribute: Attribute) -> str:
    if attribute.kind == "flag":
        return "true or false"
    return f"one of {', '.join(attribute.codes)}" if attribute.codes else "a code of the region"


def _schema_of_facts() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "what only the institution knows of the visit / 只有机构知道的事实",
        "properties": {a.name: _schema_of_fact(a) for a in ASKABLE.values()},
        "additionalProperties": False,
        "examples": [{}],
    }


def _schema_of_fact(attribute: Attribute) -> dict[str, Any]:
    described = {"description": f"{attribute.title.en} / {attribute.title.zh}"}
    if attribute.kind == "flag":
        return {"type": "boolean", **described}
    if attribute.codes:
        return {"type": "string", "enum": list(attribute.codes), **described}
    return {"type": "string", "maxLength": MAX_CODE, **described}


Facts = Annotated[dict[str, Any], BeforeValidator(_facts), WithJsonSchema(_schema_of_facts())]

Codes = Mapping[str, frozenset[str]]


def codes_of(region: Region) -> Codes:
    """Return the codes that a region has for each fact, such as its diseases."""
    return {
        column.name: frozenset(column.codes)
        for column in claim_columns(region)
        if column.codes is not None and column.name in ASKABLE
    }


def check_codes(codes: Codes, facts: Mapping[str, Value]) -> None:
    """Raise DeskError for a code that the region does not have."""
    for name, value in facts.items():
        if name in codes and value not in codes[name]:
            raise DeskError("known_code", f"facts.{name}", str(value), "a code of the region")
