"""Patterns as readers of the OpenAPI document can take them, in whatever language they are.

What is asked of names is told in classes of Unicode, which Python's `re`, Java and browsers do not
know, or not alike. The document tells them by the characters of one byte; what they let through
besides, such as a formatting character, is refused all the same.
"""

from __future__ import annotations

from typing import Any

_CLASSES = {
    r"[\p{L}\p{N}]": r"[^\x00-\x2f\x3a-\x40\x5b-\x60\x7b-\xa9]",
    r"[^\p{C}\p{Z}]": r"[^\x00-\x20\x7f-\xa0]",
    r"[^\p{C}\p{Z}/]": r"[^\x00-\x20/\x7f-\xa0]",
    r"[^\p{C}]": r"[^\x00-\x1f\x7f-\x9f]",
}


def portable(node: Any) -> Any:
    """Return a part of a JSON document with such patterns."""
    if isinstance(node, dict):
        return {
            name: _pattern(value)
            if name == "pattern" and isinstance(value, str)
            else portable(value)
            for name, value in node.items()
        }
    if isinstance(node, list):
        return [portable(value) for value in node]
    return node


def _pattern(given: str) -> str:
    for of_unicode, of_bytes in _CLASSES.items():
        given = given.replace(of_unicode, of_bytes)
    return given
