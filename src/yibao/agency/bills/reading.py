"""Files of bills with their lines and invoices, as bills that may be settled, and what is wrong.

A bill with a fault in itself or in any part of it is refused as a whole, with all its parts, so
that what is written back can be corrected and sent again as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from yibao.agency.imports import read
from yibao.interop.files.bills import FILES
from yibao.interop.files.claims import check_amounts, check_days
from yibao.interop.files.encoding import Encoding
from yibao.interop.files.persons import place
from yibao.interop.files.rowreader import BAD, Fault, RowReader, Values
from yibao.interop.files.rows import Reject
from yibao.policy.model import Region
from yibao.policy.vocabulary import vocabulary

PartName = Literal["lines", "invoices"]
PARTS: tuple[PartName, ...] = ("lines", "invoices")
"""The files of what belongs to bills."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A line or an invoice."""

    values: Values
    fault: Fault


@dataclass(frozen=True, slots=True, eq=False)
class Bill:
    """A bill as sent; what is wrong with it is collected in its fault and in its parts'."""

    values: Values
    fault: Fault
    lines: list[Part] = field(default_factory=list)
    invoices: list[Part] = field(default_factory=list)

    @property
    def parts(self) -> Iterator[Part]:
        """Its lines and invoices."""
        yield from (*self.lines, *self.invoices)

    @property
    def refused(self) -> bool:
        """Whether anything is wrong with it."""
        return bool(self.fault.errors) or any(part.fault.errors for part in self.parts)


@dataclass(slots=True)
class Sent:
    """All bills of files, in the order of the files; parts that belong to none are refused."""

    region: Region
    bills: list[Bill] = field(default_factory=list)
    rows: int = 0
    stray: dict[PartName, list[Reject]] = field(default_factory=lambda: {n: [] for n in PARTS})

    def in_order(self) -> list[Bill]:
        """Return the bills that may be settled: by person, each person's by day."""
        day = "discharged_on" if self.region.stays_by == "discharge" else "admitted_on"
        good = [bill for bill in self.bills if not bill.refused]
        return sorted(good, key=lambda bill: (bill.values["person_id"], bill.values[day]))

    def rejects(self) -> dict[str, list[Reject]]:
        """Return the rows that are refused, by the kind of file; each once all is settled."""
        found: dict[str, list[Reject]] = {"bills": []}
        found |= {name: list(self.stray[name]) for name in PARTS}
        for bill in self.bills:
            if not bill.refused:
                continue
            wrong = next((p.fault for p in bill.parts if p.fault.errors), None)
            if wrong is not None:
                bill.fault.add("claim_no", "parts_valid", found=place(wrong.record))
            found["bills"].append(bill.fault.reject())
            for name in PARTS:
                for part in getattr(bill, name):
                    if not part.fault.errors:
                        part.fault.add("claim_no", "bill_refused")
                    found[name].append(part.fault.reject())
        return {
            name: sorted(rows, key=lambda r: (str(r.record.file), r.record.row))
            for name, rows in found.items()
        }


def read_bills(
    files: Sequence[Path],
    region: Region,
    parts: Mapping[PartName, Sequence[Path]],
    encoding: Encoding | None = None,
) -> Sent:
    """Read files of bills and of their parts.

    Raises InputError when a file as a whole cannot be used.
    """
    readers = {
        name: read(parts.get(name, ()), name, FILES[name](region), encoding) for name in PARTS
    }
    sent, known = Sent(region), dict[tuple[object, object], Bill]()
    for reader in read(files, "bills", FILES["bills"](region), encoding):
        for _, values, fault in reader.rows():
            sent.rows += 1
            bill = Bill(values, fault)
            sent.bills.append(bill)
            if values:
                _keep(bill, known)
                check_days(reader, values, fault)
                reader.require(values, fault)
    for name in PARTS:
        for reader in readers[name]:
            _attach(name, reader, known, sent)
    for bill in sent.bills:
        if bill.values:
            _check(bill)
    return sent


def _keep(bill: Bill, known: dict[tuple[object, object], Bill]) -> None:
    """Keep a bill under its number, or refuse it where an earlier row has the number."""
    key = _key(bill.values)
    if not all(key) or BAD in key:
        return
    first = known.setdefault(key, bill)
    if first is not bill:
        bill.fault.add("claim_no", "unique_bill", found=place(first.fault.record))


def _key(values: Values) -> tuple[object, object]:
    return values["institution_id"], values["claim_no"]


def _attach(
    name: PartName, reader: RowReader, known: Mapping[tuple[object, object], Bill], sent: Sent
) -> None:
    for _, values, fault in reader.rows():
        if values:
            reader.require(values, fault)
        bill = known.get(_key(values)) if values else None
        if bill is not None:
            if name == "lines" and not (values["code"] or values["local_code"]):
                fault.add("code", "one_code")
            getattr(bill, name).append(Part(values, fault))
            continue
        if values and not fault.errors:
            fault.add("claim_no", "known_bill")
        sent.stray[name].append(fault.reject())


def _check(bill: Bill) -> None:
    """Check what the cells of a bill must be together; the days are told once, by both of them."""
    values, fault = bill.values, bill.fault
    values["date"] = None
    if not bill.lines:
        values |= {
            name: values[name] or 0 for name in vocabulary().amounts if values[name] is not BAD
        }
        check_amounts(values, fault)
    if values["prescription"] and values["filled_at"] is None:
        fault.add("filled_at", "required")
    only = values["admitted_on"] if values["admitted_on"] == values["discharged_on"] else None
    for line in bill.lines:
        if line.values["served_on"] is None:
            line.values["served_on"] = only
            if only is None:
                line.fault.add("served_on", "required")
