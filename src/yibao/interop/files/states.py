"""Opening and closing states as files, so that years settled in separate runs chain.

A row is a person and a year with the values that the year opens with: yuan with two decimals, or
counts. What `--closing` writes for the year after the last one, `--opening` reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from yibao.interop.files.columns import Column
from yibao.interop.files.output import Cell, OutKind, Sheet
from yibao.interop.files.rowreader import Fault, RowReader, Values
from yibao.interop.files.rows import InputError
from yibao.interop.files.tabular import check_columns, open_table
from yibao.money import MAX_STATE, parse_yuan
from yibao.policy.model import Region, StateValue, Text
from yibao.settlement.book import Book

_YEAR = re.compile(r"[0-9]{4}")

Opening = dict[tuple[str, int], dict[str, int]]


def carried(region: Region) -> tuple[StateValue, ...]:
    """Return the state values that a year can open with."""
    return tuple(v for v in region.state.values() if v.scope != "episode")


def read_opening(file: Path, region: Region) -> Opening:
    """Read an opening file.

    Every row must be right, since a person with a missing state would silently start anew: raises
    InputError with all errors found.
    """
    columns = (
        Column("person_id", "id", Text("人员编号", "Person")),
        Column("year", "id", Text("年度", "Year")),
        *(Column(v.name, "id", v.title, absent="0") for v in carried(region)),
    )
    counts = {"year", *(v.name for v in carried(region) if v.unit != "yuan")}
    table = check_columns(open_table(file, "states", counts=counts), columns)
    reader = RowReader(table, columns)
    opening: Opening = {}
    problems = []
    for _, values, fault in reader.rows():
        if values:
            reader.require(values, fault)
        if not fault.errors:
            key = _key(values, fault)
            numbers = _numbers(values, fault, region)
            if opening.setdefault(key, numbers) is not numbers:
                fault.add("person_id", "unique_state", year=key[1])
        problems += fault.errors
    if problems:
        raise InputError(problems)
    return opening


def _key(values: Values, fault: Fault) -> tuple[str, int]:
    text = values["year"]
    if _YEAR.fullmatch(text) is None:
        fault.add("year", "year")
        return values["person_id"], 0
    return values["person_id"], int(text)


def _numbers(values: Values, fault: Fault, region: Region) -> dict[str, int]:
    numbers = {}
    for state in carried(region):
        try:
            numbers[state.name] = _number(values[state.name], state)
        except ValueError:
            fault.add(state.name, "amount" if state.unit == "yuan" else "count")
    return numbers


def _number(text: str, state: StateValue) -> int:
    if state.unit == "yuan":
        number = parse_yuan(text)
    else:
        number = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= number <= MAX_STATE:
        raise ValueError(text)
    return number


def closing_sheet(book: Book, year: int) -> Sheet:
    """Return the states with which the year after `year` opens, one row per person.

    These are the year-end rules run on every person of the enrolment, as the book stands.
    """
    return Sheet("states", states_columns(book.policy.region), _closing(book, year))


def states_columns(region: Region) -> list[tuple[str, OutKind]]:
    """Return the columns of the states file."""
    columns: list[tuple[str, OutKind]] = [("person_id", "text"), ("year", "count")]
    columns += [(v.name, "money" if v.unit == "yuan" else "count") for v in carried(region)]
    return columns


def _closing(book: Book, year: int) -> Iterator[tuple[Cell, ...]]:
    for person in book.enrolment.persons():
        first = book.enrolment.statuses(person)[0].first.year
        if first <= year:
            yield (person, year + 1, *book.opening(person, year + 1))
