"""Every error that Yibao raises on purpose, in one tree.

YibaoError
├── MoneyError        a text that is not an exact amount or rate
├── PackErrors        a rule pack that does not load: every defect, with file and line
├── PolicyError       the rules cannot answer
│   ├── NoRule            nothing is in force on that day
│   ├── MissingFigure     a figure that no document gives
│   ├── GradeRefused      a figure less trustworthy than the caller accepts
│   ├── Unclassified      a person or claim that no row of a classification covers
│   ├── NotGiven          a fact or an amount that a rule needs and that was not given
│   └── Refused           a rule refuses: this is not payable, or may not be done
├── CodeError         a code that does not keep to its standard
├── ClaimError        an input row that cannot be settled: column, value, rule
├── NotLinear         a step whose result is no piecewise linear function of the expense
├── CannotRead        a file that cannot be read, or is not what it should be
├── CannotWrite       a file that cannot be written; nothing half-written is left
└── PackDefect        a pack that runs but pays what cannot be paid: stop, do not settle on
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from yibao.text import Text


class YibaoError(Exception):
    """Base of all errors raised on purpose."""


class MoneyError(YibaoError, ValueError):
    """A text that is not an exact amount of yuan or an exact rate."""


@dataclass(frozen=True, slots=True)
class Defect:
    """One defect of a rule pack: where it is, what was found, what was expected."""

    file: Path
    line: int
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: found {self.found}; expected {self.expected}"


class PackErrors(YibaoError):
    """A rule pack that does not load; `defects` lists all that was found."""

    def __init__(self, defects: Sequence[Defect]) -> None:
        self.defects = tuple(defects)
        super().__init__("\n".join(map(str, self.defects)))


class PolicyError(YibaoError):
    """The rules cannot answer for this claim; `name` is the rule or figure concerned."""

    def __init__(self, name: str, text: Text) -> None:
        self.name = name
        self.text = text
        super().__init__(text.en)


class NoRule(PolicyError):
    """Nothing is in force on that day."""


class MissingFigure(PolicyError):
    """A figure that no document gives for this case."""


class GradeRefused(PolicyError):
    """A figure whose confidence grade is below what the caller accepts."""


class Unclassified(PolicyError):
    """No row of a classification covers this person or claim."""


class NotGiven(PolicyError):
    """A rule needs a fact or an amount, called `name`, that was not given."""


class Refused(PolicyError):
    """A rule says that this is not payable or may not be done; `name` is the rule's step."""


class CodeError(YibaoError, ValueError):
    """A code that does not keep to its standard; `text` says what is wrong."""

    def __init__(self, zh: str, en: str) -> None:
        self.text = Text(zh, en)
        super().__init__(en)


class ClaimError(YibaoError):
    """An input row that cannot be settled.

    `column` and `value` say where and what was found, `rule` names what it breaks, and the message
    says what was expected.
    """

    def __init__(self, column: str, value: str, rule: str, expected: str) -> None:
        self.column = column
        self.value = value
        self.rule = rule
        self.expected = expected
        super().__init__(f"{column} = {value!r}: {expected}")


class NotLinear(YibaoError):
    """A step whose result is no piecewise linear function of the expense: it is not analysed."""


class CannotRead(YibaoError):
    """A file that cannot be read, or is not what it should be."""


class CannotWrite(YibaoError):
    """A file that cannot be written; nothing half-written is left."""


class PackDefect(YibaoError):
    """A pack that paid more than was left or left parts that do not add up."""
