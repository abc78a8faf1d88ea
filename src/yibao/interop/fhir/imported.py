"""Files of resources as rows of the project's own files, and the tables that are written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from yibao.interop.fhir import given as reading
from yibao.interop.fhir.problems import Problem
from yibao.interop.fhir.read_booking import BOOKING_NAMES, bookings
from yibao.interop.fhir.read_claim import LINE_NAMES, bill, bill_names
from yibao.interop.fhir.read_coverage import PERSON_NAMES, person
from yibao.interop.files.output import Sheet

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Imported:
    """What resources have become; `bookings` are of institutions, `left_out` counts types.

    Cells are texts, amounts in yuan.
    """

    resources: int
    persons: Sequence[Row]
    bills: Sequence[Row]
    lines: Sequence[Row]
    bookings: Mapping[str, Sequence[Row]]
    left_out: Mapping[str, int]
    problems: Sequence[Problem]

    def counts(self) -> dict[str, int]:
        """Return how many resources were read and rows made."""
        return {
            "resources": self.resources,
            "persons": len(self.persons),
            "bills": len(self.bills),
            "lines": len(self.lines),
            "booked": sum(map(len, self.bookings.values())),
            "left_out": sum(self.left_out.values()),
            "problems": len(self.problems),
        }


def read(files: Sequence[Path]) -> Imported:
    """Read files of resources; raises InputError for one that is no JSON."""
    given = reading.read(files)
    persons = [row for one in given.of("Coverage") if (row := person(given, one)) is not None]
    claims = [made for one in given.of("Claim") if (made := bill(given, one)) is not None]
    booked = bookings(given)
    return Imported(
        resources=len(given.found),
        persons=persons,
        bills=[row for row, _ in claims],
        lines=[line for _, lines in claims for line in lines],
        bookings=booked,
        left_out=dict(given.left_out),
        problems=given.problems,
    )


def booking_file(institution: str) -> str:
    """Return the name of an institution's own file; what no name of a file may hold is escaped."""
    return f"booked.{quote(institution, safe='')}.csv"


def tables(made: Imported) -> Iterator[tuple[str, Sheet]]:
    """Yield each table that has rows, with the name of its file."""
    own: dict[str, tuple[Sequence[str], Sequence[Row]]] = {
        "persons.csv": (PERSON_NAMES, made.persons),
        "bills.csv": (bill_names(), made.bills),
        "lines.csv": (LINE_NAMES, made.lines),
        **{booking_file(name): (BOOKING_NAMES, rows) for name, rows in made.bookings.items()},
        "problems.csv": (_PROBLEM, [_told(problem) for problem in made.problems]),
    }
    for name, (columns, rows) in own.items():
        if rows:
            cells = [[row.get(column, "") for column in columns] for row in rows]
            yield name, Sheet(name.removesuffix(".csv"), [(c, "text") for c in columns], cells)


_PROBLEM = ("file", "path", "value", "rule", "zh", "en")


def _told(problem: Problem) -> Row:
    return {
        "file": str(problem.file),
        "path": problem.path,
        "value": problem.value,
        "rule": problem.rule,
        "zh": problem.message.zh,
        "en": problem.message.en,
    }
