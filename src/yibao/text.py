"""A text in the two languages that Yibao speaks; one spelling of what is the same."""

from __future__ import annotations

from typing import NamedTuple
from unicodedata import is_normalized, normalize


class Text(NamedTuple):
    """A text in Chinese and English."""

    zh: str
    en: str

    def pick(self, language: str) -> str:
        """Return the text in `language`, "zh" or "en"."""
        return self.zh if language == "zh" else self.en


def one_spelling(text: str) -> str:
    """Return a text with one character for those that are only written otherwise (NFKC)."""
    return normalize("NFKC", text)


def is_one_spelling(text: str) -> bool:
    """Tell whether an id is written as `one_spelling` has it: two that look alike are the same."""
    return text.isascii() or is_normalized("NFKC", text)
