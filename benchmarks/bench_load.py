"""Claims of the past loaded into the books: rate, processor time, memory, and what each part takes.

    ./run bench load
    .venv/bin/python benchmarks/bench_load.py --claims 1000000 --per-person 5

Claims are made in memory, so reading files is not in it. Everything is one transaction on one
connection, with fsync, and is proved before it commits; a batch is settled while PostgreSQL takes
the one before. `PostgreSQL` is the processor time of all its processes. Figures go to
docs/performance.md by hand, with machine and versions.
"""

from __future__ import annotations

import argparse
import platform
import random
import resource
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from bench_desk import TOWN, cpu

from yibao.agency.desk import load as loads
from yibao.agency.desk.office import Office
from yibao.agency.desk.registers import REGISTERS
from yibao.ledger.balance import trial_balance
from yibao.policy.policy import load_policy
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.model import Claim
from yibao.store import migrate
from yibao.store.database import Database
from yibao.store.server import serving
from yibao.store.sight import EVERYTHING


def made(count: int, persons: int) -> Iterator[Claim]:
    """Yield claims of a year, in order of time, of persons drawn at random; one in four a stay."""
    draw = random.Random(1)
    words = vocabulary()
    facts = {
        visit: tuple(
            {"visit": visit, "level": level}.get(a.name, a.absent) for a in words.of("claim")
        )
        for visit, level in (("inpatient", "3"), ("outpatient", "1"))
    }
    for n in range(count):
        stay = n % 4 == 0
        first = date(2023, 1, 1) + timedelta(days=n * 350 // count)
        last = first + timedelta(days=7 if stay else 0)
        fen = draw.randrange(100_00, 5000_00)
        amounts = {"total": fen, "in_scope": fen}
        yield Claim(
            claim_id=str(n),
            person_id=f"P{draw.randrange(persons)}",
            admitted=first,
            discharged=last,
            settled_at=datetime.fromisoformat("2023-01-09T09:00")
            + timedelta(days=n * 350 // count, seconds=n % 20_000),
            facts=facts["inpatient" if stay else "outpatient"],  # type: ignore[arg-type]
            amounts=tuple(amounts.get(name, 0) for name in words.amounts),
            institution_id="H3" if stay else "H1",
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=int, default=1_000_000)
    parser.add_argument("--per-person", type=int, default=5)
    given = parser.parse_args()
    persons = given.claims // given.per_person
    with TemporaryDirectory(prefix="yibao-") as folder, serving(folder + "/data", make=True) as url:
        migrate.upgrade(url)
        with psycopg.connect(url) as connection:
            connection.execute(TOWN.encode(), {"persons": persons})
            connection.execute("ANALYZE enrolment.person, enrolment.coverage")
        postmaster = int((Path(folder) / "data" / "postmaster.pid").read_text().split()[0])
        office = Office(load_policy("tianjin"), REGISTERS)
        wanted = loads.Load("bench", "bench", list(made(given.claims, persons)))
        with Database(url, sight=EVERYTHING) as database:
            before = time.perf_counter(), time.process_time(), cpu(postmaster)
            with database.transaction() as connection:
                done = loads.load(connection, office, wanted, actor="bench")
            wall, own, server = (
                now - was
                for now, was in zip(
                    (time.perf_counter(), time.process_time(), cpu(postmaster)),
                    before,
                    strict=True,
                )
            )
            with database.transaction() as connection:
                assert sum(line.balance for line in trial_balance(connection)) == 0
    print(f"Python {platform.python_version()}, psycopg {psycopg.__version__}")
    print(
        f"{done.claims:,} claims of {persons:,} persons: {wall:.1f} s, "
        f"{done.claims / wall:,.0f}/s; processor: {own:.1f} s here, {server:.1f} s PostgreSQL "
        f"({own / done.claims * 1e6:.0f} and {server / done.claims * 1e6:.0f} µs a claim)"
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"memory at most {peak:,.0f} MB, the claims themselves in it")


if __name__ == "__main__":
    main()
