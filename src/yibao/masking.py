"""What lists, screens and logs show of people: enough to tell them apart, too little to know them.

name      王*, 欧**: the first character     phone   138****5678
identity number   120***********12: the region's first three signs, the last two
"""

from __future__ import annotations

import re

STAR = "*"

_IDENTITY = r"[1-9][0-9]{5}(?:18|19|20)[0-9]{2}(?:0[1-9]|1[0-2])[0-3][0-9]{4}[0-9Xx]"
_IN_WORDS = re.compile(rf"(?<![0-9A-Za-z]){_IDENTITY}(?![0-9A-Za-z])")


def is_identity_number(text: str) -> bool:
    """Tell whether a text has the form of a citizen's identity number, right or wrong."""
    return re.fullmatch(_IDENTITY, text) is not None


def masked_name(name: str) -> str:
    """Return a name of which the first character is left."""
    return name[:1] + STAR * max(1, len(name) - 1) if name else ""


def masked_number(number: str) -> str:
    """Return an identity number of which the first three and the last two signs are left."""
    return _middle(number, 3, 2)


def masked_phone(phone: str) -> str:
    """Return a telephone number of which the first three and the last four signs are left."""
    return _middle(phone, 3, 4)


def masked_id(text: str) -> str:
    """Return an id as it is, but for one that has the form of an identity number."""
    return masked_number(text) if is_identity_number(text) else text


def masked_words(text: str) -> str:
    """Return words in which what has the form of an identity number is masked."""
    return _IN_WORDS.sub(lambda found: masked_number(found[0]), text)


def masked_cell(column: str, rule: str, value: str) -> str:
    """Return what may be shown of a cell that breaks a rule, by its column."""
    match column:
        case "identity_number":
            return masked_number(value)
        case "phone":
            return masked_phone(value)
        case "name" if rule == "same_name":
            return masked_name(value)
    return masked_words(value)


def _middle(text: str, first: int, last: int) -> str:
    """Return a text with stars but at its ends; a short one is stars alone."""
    hidden = len(text) - first - last
    if hidden < 4:
        return STAR * len(text)
    return text[:first] + STAR * hidden + text[-last:]
