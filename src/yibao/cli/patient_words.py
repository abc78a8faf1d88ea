"""A patient as options of `policy curve`."""

from __future__ import annotations

from yibao.analysis.patient import BIRTH, Given
from yibao.money import format_yuan
from yibao.policy import words
from yibao.policy.model import Region
from yibao.policy.vocabulary import vocabulary


def settings(given: Given, region: Region) -> list[str]:
    """Return the options of a patient: what is not at its value for absent, or not zero."""
    attributes = vocabulary().attributes
    found = [
        f"--set {name}={words.code(value)}"
        for name, value in given.attributes.items()
        if value != attributes[name].absent
    ]
    found += [f"--set {BIRTH}={given.birth_date}"]
    used = {name: value for name, value in given.opening.items() if value}
    return found + [f"--opening {name}={amount(region, name, v)}" for name, v in used.items()]


def amount(region: Region, state: str, value: int) -> str:
    """Return a state value in yuan, or as a count."""
    return format_yuan(value) if region.state[state].unit == "yuan" else str(value)
