"""Claims and payments from the book: the definition, for small populations and for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa

from yibao.errors import CannotRead
from yibao.interop.files.claims import read_claims
from yibao.interop.files.persons import read_persons
from yibao.macro.simulation.exact import Flags
from yibao.macro.simulation.paid import Claims, Coded, Paid, People, check_years, chosen, of_years
from yibao.macro.simulation.people_file import PEOPLE, read_people
from yibao.macro.simulation.rows import Values, replaced
from yibao.policy.policy import Policy
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.batch import Entry, Item, in_order, settle_all
from yibao.settlement.book import Book
from yibao.settlement.enrolment import Enrolment
from yibao.settlement.model import Claim, Status
from yibao.text import Text

_EPOCH = 719163  # date.toordinal of 1970-01-01


@dataclass(frozen=True, slots=True, eq=False)
class Small:
    """A population as objects: items in the order in which they are settled, and statuses."""

    items: Sequence[Item]
    enrolment: Enrolment

    def paid(self, policy: Policy) -> Paid:
        """Settle everything under a policy."""
        batch = settle_all(Book(policy, self.enrolment), self.items)
        booked = {id(entry.item): entry for entry in batch.entries}
        entries = [booked.get(id(item)) for item in self.items]

        def amounts(name: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
            return np.asarray([_amount(entry, name) for entry in entries], np.int64)

        return Paid(
            sign=np.asarray([entry.sign if entry else 0 for entry in entries], np.int8),
            total=amounts("total"),
            in_scope=amounts("in_scope"),
            personal=amounts("personal_pay"),
            account=amounts("account_pay"),
            funds={name: amounts(name) for name in vocabulary().funds},
        )

    def people(self) -> People:
        """Return the persons as their last statuses say; no households, no incomes."""
        ids = list(self.enrolment.persons())
        last = [self.enrolment.statuses(person)[-1] for person in ids]
        words = vocabulary()
        names = [a.name for a in words.of("person") if a.kind != "number"]
        codes, sets, titles = {}, {}, {}
        for at, name in enumerate(names):
            known = words.attributes[name]
            values = [status.facts[at] for status in last]
            if known.kind == "code":
                codes[name] = coded([str(value) for value in values], known.codes or {})
            elif known.kind == "set" and known.codes:
                titles[name] = dict(known.codes)
                sets[name] = {
                    code: np.asarray([code in value for value in values])  # type: ignore[operator]
                    for code in known.codes
                }
        birth = np.asarray([s.birth_date.toordinal() - _EPOCH for s in last], np.int32)
        return People(ids, birth, codes, sets, titles)

    def claims(self, policy: Policy) -> Claims:
        """Return what holds of each item under any rules; the year is that of the claim's day."""
        targets = {i.what.claim_id: i.what for i in self.items if isinstance(i.what, Claim)}
        position = {person: at for at, person in enumerate(self.enrolment.persons())}
        words = vocabulary()
        facts = [a.name for a in words.of("claim") if a.kind != "number"]
        visit, level = facts.index("visit"), facts.index("level")
        book = Book(policy, self.enrolment)
        whats = [
            item.what if isinstance(item.what, Claim) else targets[item.what.reverses]
            for item in self.items
        ]
        days = [book.executor.day(claim) for claim in whats]
        schemes = [
            _scheme(self.enrolment, self.enrolment.status(claim.person_id, day))
            for claim, day in zip(whats, days, strict=True)
        ]
        attributes = words.attributes
        return Claims(
            person=np.asarray([position[claim.person_id] for claim in whats], np.int32),
            year=np.asarray([day.year for day in days], np.int16),
            scheme=coded(schemes, attributes["scheme"].codes or {}),
            visit=coded([str(c.facts[visit]) for c in whats], attributes["visit"].codes or {}),
            level=coded([str(c.facts[level]) for c in whats], attributes["level"].codes or {}),
        )


def _scheme(enrolment: Enrolment, status: Status | None) -> str:
    return "" if status is None else enrolment.scheme(status)


def _amount(entry: Entry | None, name: str) -> int:
    return 0 if entry is None else entry.sign * entry.settlement.figure(name)


def coded(values: Sequence[str], known: Mapping[str, Text]) -> Coded:
    """Return codes of texts; those of the vocabulary come first, in its order."""
    order = [*known, *(v for v in dict.fromkeys(values) if v not in known)]
    position = {value: at for at, value in enumerate(order)}
    codes = np.asarray([position[value] for value in values], np.int16)
    return Coded(codes, order, [known.get(value, Text(value, value)) for value in order])


def read_small(policy: Policy, claims: Sequence[Path], persons: Sequence[Path]) -> Small:
    """Read files as `yibao settle` does; raises InputError, and CannotRead when a row is wrong.

    A reversal of what the files do not hold has no person and is left out.
    """
    people = read_persons(persons, policy.region)
    read = read_claims(claims, policy.region, people)
    rejects = [*people.rejects, *read.rejects]
    if rejects:
        raise CannotRead(rejects[0].errors[0].say("zh"))
    items = in_order(read.items)
    known = {item.what.claim_id for item in items if isinstance(item.what, Claim)}
    kept = [i for i in items if isinstance(i.what, Claim) or i.what.reverses in known]
    return Small(kept, people.enrolment)


class BookPopulation:
    """A population settled by the book: exact, and slow; the definition that the engine follows."""

    def __init__(
        self, policy: Policy, small: Small, folder: Path, years: Sequence[int] | None
    ) -> None:
        self.policy = policy
        self._small = small
        self._folder = folder
        self._all = small.claims(policy)
        there = sorted({*self._all.year.tolist()})
        self.years = list(years or there)
        check_years(self.years, there)

    @cached_property
    def _kept(self) -> Flags:
        return of_years(self._all, self.years)

    @cached_property
    def claims(self) -> Claims:
        """What holds of each claim under any rules."""
        return chosen(self._all, self._kept)

    @cached_property
    def people(self) -> People:
        """What is known of each person."""
        file = self._folder / PEOPLE
        if not file.is_file():
            return self._small.people()
        return read_people(file, pa.array(list(self._small.enrolment.persons())))

    def paid(self, policy: Policy, values: Values | None = None) -> Paid:
        """Settle every claim under a policy, earlier years too: they leave what later ones find."""
        if values:
            region = replaced(policy.region, values)
            policy = Policy(region, known=policy.known, accept=policy.accept)
        return only(self._small.paid(policy), self._kept)

    def paid_with(self, values: Values, *, keep: bool = True) -> Paid:
        """Settle every claim with other values in some rows."""
        return self.paid(self.policy, values)


def only(paid: Paid, keep: Flags) -> Paid:
    """Return what is paid for some of the claims."""
    if keep.all():
        return paid
    return replace(
        paid,
        sign=paid.sign[keep],
        total=paid.total[keep],
        in_scope=paid.in_scope[keep],
        personal=paid.personal[keep],
        account=paid.account[keep],
        funds={name: pays[keep] for name, pays in paid.funds.items()},
    )
