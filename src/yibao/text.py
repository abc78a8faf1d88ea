"""A text in the two languages that Yibao speaks."""

from __future__ import annotations

from typing import NamedTuple


class Text(NamedTuple):
    """A text in Chinese and English."""

    zh: str
    en: str

    def pick(self, language: str) -> str:
        """Return the text in `language`, "zh" or "en"."""
        return self.zh if language == "zh" else self.en
