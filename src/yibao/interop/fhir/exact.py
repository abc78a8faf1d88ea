"""JSON with exact numbers, and the library's check of a resource.

The library reads a decimal exactly but writes it through a float: 9007199254740993.07 becomes
9007199254740994.0. So it checks and never writes: what leaves is the text of the very value that
was checked. On the way in, numbers of a JSON text are decimals before the library sees them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import simplejson
from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

from yibao.interop.fhir.problems import reason
from yibao.interop.files.rows import InputError
from yibao.money import format_yuan
from yibao.text import Text

Resource = Mapping[str, Any]

MAX_BYTES = 2**28
"""Largest file that is read: all of it is in memory at once."""


def money(fen: int) -> dict[str, Any]:
    """Return fen as Money of FHIR, exact: 123450 is 1234.50 CNY."""
    return {"value": Decimal(format_yuan(fen)), "currency": "CNY"}


def dump(resource: Resource) -> str:
    """Return a resource as JSON text whose numbers are the decimals that it holds."""
    text: str = simplejson.dumps(resource, use_decimal=True, ensure_ascii=False, indent=2)
    return text + "\n"


def load(file: Path) -> Any:
    """Return what a JSON file holds, numbers with a point as Decimal.

    Raises InputError for what is no JSON, has a name twice in an object, or has numbers that are
    none (NaN).
    """
    try:
        if file.stat().st_size > MAX_BYTES:
            raise _unreadable(file, Text("文件过大", f"it is larger than {MAX_BYTES} bytes"))
        return json.loads(
            file.read_text("utf-8-sig"),
            parse_float=Decimal,
            parse_constant=_no_number,
            object_pairs_hook=_object,
        )
    except OSError as error:
        why = error.strerror or str(error)
        raise _unreadable(file, Text(why, why)) from None
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise InputError.of(file, "json", reason("json", why=str(error))) from None


def _unreadable(file: Path, why: Text) -> InputError:
    return InputError.of(file, "readable", reason("readable", why=why))


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} is there twice in one object")
    return found


def faults(resource: Resource) -> Iterator[tuple[str, str, str]]:
    """Yield what the library finds wrong with a resource: path in it, value, and why in English.

    The resource's type must be one that FHIR R4 has.
    """
    try:
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    except KeyError as error:  # the library looks up the types of contained resources so
        yield "resourceType", str(error.args[0]), "no such type of resource"
    except ValidationError as error:
        for fault in error.errors(include_url=False):
            value = "" if isinstance(fault["input"], dict | list) else str(fault["input"])
            yield path_of(fault["loc"]), value, fault["msg"]


def path_of(steps: tuple[int | str, ...]) -> str:
    """Return steps into a resource as FHIRPath writes them: item[0].net.value."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return text.removeprefix(".")
