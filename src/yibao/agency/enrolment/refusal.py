"""Why something may not be done to a person, with the column of a file that says so."""

from __future__ import annotations

from yibao.errors import Refused
from yibao.text import Text


class Refusal(Refused):
    """What was asked may not be done; `name` is the rule, `column` where a file says it."""

    def __init__(self, name: str, zh: str, en: str, *, column: str = "person_id") -> None:
        super().__init__(name, Text(zh, en))
        self.column = column
