"""Messages as text: JSON with exact numbers, and nothing in it that readers take differently."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NoReturn

import simplejson

MAX_DEPTH = 64
"""Levels of objects and lists in each other: messages have some six."""

_TOO_DEEP = f"nested deeper than {MAX_DEPTH} levels / 嵌套超过{MAX_DEPTH}层"


def parse(text: str | bytes) -> Any:
    """Return what a text of JSON holds, fractions as Decimal.

    Raises ValueError, whose message says what the text is, such as "no JSON: …": also where a field
    stands twice in an object, where a text has half a character, and where it is nested too deep.
    """
    try:
        found = simplejson.loads(
            text, use_decimal=True, parse_constant=_refuse, object_pairs_hook=_object
        )
    except _Ambiguous:
        raise
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    except (ValueError, ArithmeticError) as error:
        raise ValueError(f"no JSON: {error} / 不是JSON") from None
    _check(found, 0)
    return found


class _Ambiguous(ValueError):
    """What one reader takes for one thing and another for another."""


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        name = Counter(name for name, _ in pairs).most_common(1)[0][0]
        shown = name[:64].encode(errors="backslashreplace").decode()
        raise _Ambiguous(
            f"ambiguous: the field {shown} stands more than once in an object / "
            f"字段 {shown} 在同一对象中出现多次"
        )
    return found


def _check(value: Any, depth: int) -> None:
    """Raise ValueError for half a character, and for what is nested too deep."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError as error:
            half = value[error.start].encode(errors="backslashreplace").decode()
            raise ValueError(
                f"no Unicode text: it has the lone surrogate {half} / 含有不成对的代理字符"
            ) from None
    elif isinstance(value, (dict, list)):
        if depth == MAX_DEPTH:
            raise ValueError(_TOO_DEEP)
        for one in value:
            _check(one, depth + 1)
        for one in value.values() if isinstance(value, dict) else ():
            _check(one, depth + 1)
