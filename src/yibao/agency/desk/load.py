"""Load claims of the past: settle them in their order and book them, all or none, by COPY.

Afterwards the desk goes on as if it had settled them itself. The facts of a claim are those that it
brings; who is insured is what the register says. From the first day on of which the register knows
an agreement of an institution, its claims have to be covered by one; of earlier days it knows
nothing. A load has an id: loaded again, it is nothing new.

Where the role may switch off triggers for its transaction, it does: they look at rows one by one.
What they guarantee is then proved for all rows at once, before anything is committed (`loading`).
A batch of persons is settled while the one before is written from a thread beside.
"""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from typing import Any, NamedTuple

from yibao.agency.desk.loading import Batch, begin, prove, write
from yibao.agency.desk.model import DeskError
from yibao.agency.desk.office import Office
from yibao.agency.desk.postings import transfers_of
from yibao.agency.desk.settle import settlement_row
from yibao.agency.desk.state import opening_rows, record_of, year_row
from yibao.agency.enrolment.audit import note
from yibao.agency.enrolment.statuses import statuses_of_many
from yibao.clock import today
from yibao.errors import ClaimError, PolicyError, YibaoError
from yibao.ledger.entries import AHEAD, FIRST_DAY
from yibao.registry.find import REASONS
from yibao.settlement.book import Book, Record
from yibao.settlement.enrolment import Enrolment
from yibao.settlement.model import Claim
from yibao.store.database import Connection

PERSONS = 2_000
"""Persons that are settled and written together."""


@dataclass(frozen=True, slots=True)
class Load:
    """Claims to load: under which id, and a digest of what they were read from.

    The id of a claim is the institution's number of it.
    """

    load_id: str
    digest: str
    claims: Sequence[Claim]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was loaded: how many claims, their lowest and highest numbers, fen of bills and funds.

    `again`: it had been loaded before.
    """

    claims: int
    first: int
    last: int
    total: int
    fund_pay: int
    again: bool = False


class NotLoaded(YibaoError):
    """Claims that cannot be settled, each with why: nothing was loaded."""

    def __init__(self, problems: Sequence[tuple[Claim, YibaoError]]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(f"{claim.claim_id}: {error}" for claim, error in problems))


Served = defaultdict[tuple[str, str, str, str], list[Claim]]
"""Claims by what an agreement has to cover: institution, day, visit, scheme."""


class _Numbered(NamedTuple):
    """A claim with the numbers of its settlement and of its entry."""

    settlement_id: int
    entry_id: int
    claim: Claim


def load(connection: Connection, office: Office, wanted: Load, *, actor: str) -> Loaded:
    """Settle and book claims, in the order in which they were settled.

    Raises NotLoaded with every claim that is refused, DeskError for an id that another load has.
    """
    if not wanted.claims:
        raise DeskError("claims", "claims", "0", "at least one claim")
    earlier = _earlier(connection, wanted)
    if earlier is not None:
        return earlier
    problems: list[tuple[Claim, YibaoError]] = list(_unusable(connection, wanted.claims))
    refused = {id(claim) for claim, _ in problems}
    claims = [claim for claim in wanted.claims if id(claim) not in refused]
    begin(connection)
    persons = _by_person(connection, claims)
    served: Served = defaultdict(list)
    with uncollected():
        booked = _book(connection, office, persons, actor, problems, served=served)
    problems += _not_agreed(connection, served)
    if problems:
        raise NotLoaded(problems)
    numbers = [one.settlement_id for own in persons.values() for one in own]
    done = Loaded(len(numbers), min(numbers), max(numbers), *booked)
    prove(connection, done.first, done.last)
    connection.execute(
        "INSERT INTO desk.load (load_id, digest, first, last, claims, actor) "
        "VALUES (%s, %s, %s, %s, %s, %s)",
        (wanted.load_id, wanted.digest, done.first, done.last, done.claims, actor),
    )
    says = {"claims": done.claims, "first": done.first, "last": done.last}
    note(connection, actor, "load", f"load:{wanted.load_id}", **says)
    return done


def _earlier(connection: Connection, wanted: Load) -> Loaded | None:
    """Return what was loaded under the id before; whoever loads it at this moment is waited for."""
    connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(%s, 726003))", (wanted.load_id,)
    )
    row = connection.execute(
        "SELECT digest, claims, first, last FROM desk.load WHERE load_id = %s", (wanted.load_id,)
    ).fetchone()
    if row is None:
        return None
    digest, claims, first, last = row
    if digest != wanted.digest:
        raise DeskError("load_used", "load_id", wanted.load_id, "an id not used for another load")
    return Loaded(claims, first, last, 0, 0, again=True)


def _unusable(connection: Connection, claims: Iterable[Claim]) -> Iterator[tuple[Claim, DeskError]]:
    """Yield claims without an institution, of a day that cannot be one of the books, and those
    whose number that institution has used."""
    own: dict[tuple[str, str], Claim] = {}
    last = today() + AHEAD
    for claim in claims:
        if not FIRST_DAY <= claim.settled_at.date() <= last:
            yield claim, _books_day(claim, last)
        key = (claim.institution_id, claim.claim_id)
        if not claim.institution_id:
            yield claim, DeskError("required", "institution_id", "", "an institution")
        elif own.setdefault(key, claim) is not claim:
            yield claim, _number_used(claim)
    rows = connection.execute(
        "SELECT institution_id, claim_no FROM desk.claim_no "
        "JOIN unnest(%s::text[], %s::text[]) AS w(institution_id, claim_no) "
        "USING (institution_id, claim_no)",
        ([at for at, _ in own], [number for _, number in own]),
    )
    for at, number in rows:
        yield own[at, number], _number_used(own[at, number])


def _books_day(claim: Claim, last: date) -> DeskError:
    return DeskError(
        "books_day",
        "settled_at",
        claim.settled_at.isoformat(sep=" "),
        f"a day of the books from {FIRST_DAY} to {last}",
        f"记账日应在 {FIRST_DAY} 至 {last} 之间",
    )


def _number_used(claim: Claim) -> DeskError:
    expected = "a number that the institution has not used"
    return DeskError("claim_no_used", "claim_id", claim.claim_id, expected)


def _not_agreed(connection: Connection, served: Served) -> Iterator[tuple[Claim, DeskError]]:
    """Yield claims that no agreement covers, though the register knows those of that time."""
    asked = list(served)
    rows = connection.execute(
        """
        SELECT n, registry.agreement_refusal(at, day, visit, scheme)
        FROM unnest(%s::text[], %s::date[], %s::text[], %s::text[])
          WITH ORDINALITY AS w(at, day, visit, scheme, n)
        WHERE day >= (SELECT min(lower(valid)) FROM registry.agreement WHERE institution_id = at)
          AND registry.agreement_refusal(at, day, visit, scheme) IS NOT NULL
          AND NOT EXISTS (SELECT FROM registry.recognition
                          WHERE institution_id = at AND valid @> day)
        """,
        [list(column) for column in zip(*asked, strict=True)] or [[]] * 4,
    )
    for number, rule in rows:
        key = asked[number - 1]
        error = DeskError(rule, "institution_id", key[0], REASONS[rule].en, REASONS[rule].zh)
        yield from ((claim, error) for claim in served[key])


def _by_person(connection: Connection, claims: Sequence[Claim]) -> Mapping[str, list[_Numbered]]:
    """Number claims in the order in which they were settled; return them by person, in order.

    Persons are locked in one order everywhere, or two could wait for each other.
    """
    rows = connection.execute(
        "SELECT nextval('desk.settlement_id'), nextval('ledger.entry_id') "
        "FROM generate_series(1, %s)",
        (len(claims),),
    )
    found: dict[str, list[_Numbered]] = {p: [] for p in sorted({c.person_id for c in claims})}
    ordered = sorted(claims, key=lambda c: (c.settled_at, c.claim_id))
    for claim, (settlement_id, entry_id) in zip(ordered, rows, strict=True):
        found[claim.person_id].append(_Numbered(settlement_id, entry_id, claim))
    return found


@contextmanager
def uncollected() -> Iterator[None]:
    """Collect no cycles of objects: there are none, and each search goes through all claims."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _book(
    connection: Connection,
    office: Office,
    persons: Mapping[str, list[_Numbered]],
    actor: str,
    problems: list[tuple[Claim, YibaoError]],
    *,
    served: Served,
) -> tuple[int, int]:
    """Settle claims and write them, each batch while the next one is settled.

    Returns fen of bills and of funds; `served` gets the claims that were settled. Where there are
    `problems`, to which those that are met are added, nothing more is written.
    """
    total = fund_pay = 0
    batch = Batch()
    rest = iter(persons.items())
    with ThreadPoolExecutor(max_workers=1) as beside:
        while some := dict(islice(rest, PERSONS)):
            held = _hold(connection, office, list(some))
            writing = beside.submit(_write, connection, batch)
            batch, refusals = _settled(office, held, some, actor, served)
            writing.result()
            problems += refusals
            if problems:
                batch = Batch()
            total += sum(row["total"] for row in batch.settlements)
            fund_pay += sum(row["fund_pay"] for row in batch.settlements)
    _write(connection, batch)
    return total, fund_pay


def _write(connection: Connection, batch: Batch) -> None:
    if batch.settlements:
        write(connection, batch)


@dataclass(frozen=True, slots=True)
class _Held:
    """Of persons who are locked: balances of their accounts, their years, when insured."""

    balances: dict[str, int]
    records: Mapping[str, Record]
    enrolment: Enrolment


def _hold(connection: Connection, office: Office, ids: list[str]) -> _Held:
    """Lock persons until the transaction ends; those who are not registered have no balance."""
    balances: dict[str, int] = dict(
        connection.execute(
            "SELECT person_id, account_balance FROM enrolment.person_lock "
            'WHERE person_id = ANY(%s) ORDER BY person_id COLLATE "C" FOR NO KEY UPDATE',
            (ids,),
        ).fetchall()
    )
    known = statuses_of_many(connection, ids)
    enrolment = Enrolment(s for own in known.values() for s in own)
    return _Held(balances, _records(connection, office, ids), enrolment)


def _records(connection: Connection, office: Office, ids: list[str]) -> dict[str, Record]:
    """Return what the book must know of persons."""
    found: dict[str, dict[str, Sequence[Mapping[str, Any]]]] = {
        table: dict(
            connection.execute(
                f"SELECT person_id, jsonb_agg(to_jsonb(t)) FROM desk.{table} AS t "
                "WHERE person_id = ANY(%s) GROUP BY 1".encode(),
                (ids,),
            ).fetchall()
        )
        for table in ("person_year", "opening")
    }
    return {
        person: record_of(
            office.names, found["person_year"].get(person, ()), found["opening"].get(person, ())
        )
        for person in ids
    }


def _settled(
    office: Office,
    held: _Held,
    persons: Mapping[str, list[_Numbered]],
    actor: str,
    served: Served,
) -> tuple[Batch, list[tuple[Claim, YibaoError]]]:
    """Settle claims of persons; return what is to be written, and what is refused."""
    names, balances, records = office.names, held.balances, held.records
    book = Book(office.policy, held.enrolment, executor=office.executor, records=records)
    batch = Batch()
    refused: list[tuple[Claim, YibaoError]] = []
    for person, claims in persons.items():
        if person not in balances:
            error = DeskError("known_person", "person_id", person, "a person who is registered")
            refused += [(one.claim, error) for one in claims]
            continue
        before, record = balances[person], records[person]
        opened, known = opening_rows(names, person, record), set(record.years)
        for one in claims:
            try:
                row = _row(office, book, one, balances[person], actor)
            except (ClaimError, PolicyError) as problem:
                refused.append((one.claim, problem))
            else:
                batch.settlements.append(row)
                batch.transfers.append(transfers_of(row))
                balances[person] -= row["account_pay"]
                covered = (row["institution_id"], row["day"], row["visit"], row["scheme"])
                served[covered].append(one.claim)
        if balances[person] != before:
            batch.balances[person] = balances[person]
        for key, state in record.years.items():
            years = batch.changed if key in known else batch.years
            years.append(year_row(names, person, *key, state))
        openings = opening_rows(names, person, record)
        if openings != opened:
            batch.openings[person] = openings
    return batch, refused


def _row(office: Office, book: Book, one: _Numbered, balance: int, actor: str) -> dict[str, Any]:
    """Settle a claim; return its row of desk.settlement."""
    claim = one.claim
    settlement = book.settle(
        replace(
            claim,
            claim_id=str(one.settlement_id),
            account_available=min(claim.account_available, balance),
        )
    )
    status = book.enrolment.status(claim.person_id, settlement.day)
    assert status is not None
    return settlement_row(
        office,
        settlement,
        status,
        entry_id=one.entry_id,
        claim_no=claim.claim_id,
        payee="institution",
        actor=actor,
    )
