"""Bulk settlement: claims per processor second, stage by stage, and the memory at its highest.

    .venv/bin/python benchmarks/bench_bulk.py --claims 10000000 --folder /tmp/bulk
    .venv/bin/python benchmarks/bench_bulk.py --claims 100000000 --folder /tmp/bulk --parts 10

Made-up persons of Tianjin (an employee or resident each, insured all along) and claims of one year,
in no order, are written as Parquet once and then settled, Parquet to Parquet, by a process of its
own. Figures go to docs/performance.md by hand, with machine and versions.
"""

from __future__ import annotations

import argparse
import platform
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

VISITS = ("outpatient", "emergency", "pharmacy", "special_outpatient", "inpatient")
TIERS = ("none", "low", "middle", "high")
LEVELS = ("none", "1", "2", "3")
PER_PERSON = 12


def texts(prefix: str, numbers: npt.NDArray[np.int64], width: int) -> pa.Array:
    """Return ids such as P00000017, made without a loop over rows."""
    digits = np.empty((len(numbers), width + len(prefix)), np.uint8)
    digits[:, : len(prefix)] = np.frombuffer(prefix.encode(), np.uint8)
    rest = numbers.copy()
    for at in range(digits.shape[1] - 1, len(prefix) - 1, -1):
        rest, digit = np.divmod(rest, 10)
        digits[:, at] = digit + 48
    offsets = np.arange(len(numbers) + 1, dtype=np.int32) * digits.shape[1]
    return pa.StringArray.from_buffers(
        len(numbers), pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(digits))
    )


def coded(codes: npt.NDArray[np.int64], names: tuple[str, ...]) -> pa.Array:
    """Return texts that repeat."""
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(names))


def yuan(fen: npt.NDArray[np.int64]) -> pa.Array:
    """Return fen as decimals of yuan."""
    return pa.array(fen).cast(pa.decimal128(19, 0)).view(pa.decimal128(12, 2))


def persons_table(count: int) -> pa.Table:
    """Return the persons: two in three are residents."""
    number = np.arange(count, dtype=np.int64)
    resident = number % 3 > 0
    born = np.array((number * 7919) % 25_000 - 14_000, np.int32)  # days since 1970
    return pa.table(
        {
            "person_id": texts("P", number, 9),
            "from": pa.array(np.full(count, 17_897, np.int32), pa.date32()),  # 2019-01-01
            "birth_date": pa.array(born, pa.date32()),
            "scheme": coded(resident * 1, ("employee", "resident")),
            "category": coded(resident * 1, ("in_service", "adult")),
            "contribution_tier": coded(
                resident * (1 + number % 3), ("none", "low", "middle", "high")
            ),
            "large_expense_paid": pa.array(~resident),
        }
    )


def claims_table(first: int, count: int, persons: int, seed: int, *, in_order: bool) -> pa.Table:
    """Return claims with ids from `first` on; in order they are those of persons one by one."""
    draw = np.random.default_rng(seed)
    number = np.arange(first, first + count, dtype=np.int64)
    person = number // PER_PERSON if in_order else draw.integers(0, persons, count)
    day = draw.integers(17_897, 18_250, count)
    if in_order:
        day = np.sort(day.reshape(-1, PER_PERSON), axis=1).ravel()
    visit = draw.integers(0, 100, count)
    visit = np.searchsorted([50, 58, 78, 90], visit, side="right")
    total = np.exp(draw.normal(9.6, 1.1, count)).astype(np.int64) + 500
    total = np.where(visit == 4, total * 40, total)
    outside = total * draw.integers(0, 20, count) // 100
    own = total * draw.integers(0, 10, count) // 100
    days = pa.array(day.astype(np.int32), pa.date32())
    moment = day * 86_400 + draw.integers(8 * 3600, 17 * 3600, count)
    return pa.table(
        {
            "claim_id": texts("C", number, 11),
            "person_id": texts("P", person, 9),
            "visit": coded(visit, VISITS),
            "date": days,
            "settled_at": pa.array(moment * 1_000_000, pa.timestamp("us")),
            "total": yuan(total),
            "out_of_catalogue": yuan(outside),
            "first_self_pay": yuan(own),
            "in_scope": yuan(total - outside - own),
            "level": coded(
                np.where(visit == 2, 0, 1 + draw.integers(0, 3, count)), ("none", "1", "2", "3")
            ),
            "account_available": yuan(draw.integers(0, 200_000, count)),
        }
    )


def make(folder: Path, claims: int, parts: int, *, in_order: bool) -> tuple[list[Path], list[Path]]:
    """Write the input unless it is there; return the persons and the claims files."""
    folder.mkdir(parents=True, exist_ok=True)
    kind = "sorted" if in_order else "shuffled"
    each = claims // parts // PER_PERSON * PER_PERSON
    persons = each * parts // PER_PERSON
    person_file = folder / f"persons-{claims}.parquet"
    if not person_file.exists():
        pq.write_table(persons_table(persons), person_file, row_group_size=1_000_000)
    files = []
    for part in range(parts):
        file = folder / f"claims-{kind}-{claims}-{parts}-{part}.parquet"
        files.append(file)
        if not file.exists():
            with pq.ParquetWriter(
                file,
                claims_table(0, PER_PERSON, 1, 0, in_order=True).schema,
                store_decimal_as_integer=True,
            ) as out:
                for begin in range(0, each, 1_200_000):
                    count = min(1_200_000, each - begin)
                    first = part * each + begin
                    out.write_table(claims_table(first, count, persons, first, in_order=in_order))
    return [person_file], files


def run(folder: Path, persons: list[Path], claims: list[Path], args: argparse.Namespace) -> None:
    """Settle in this process and tell rates and memory."""
    from yibao.bulk.job import Job, Options
    from yibao.bulk.run import Run
    from yibao.policy.policy import load_policy
    from yibao.settlement.columnar.engine import Engine

    policy = load_policy("tianjin")
    engine = Engine(policy)
    job = Job(policy, claims, persons, folder / "out.parquet", key="bench")
    options = Options(
        threads=args.threads, memory=args.memory << 20, buckets=args.buckets, block=args.block
    )
    begin, begin_cpu = time.perf_counter(), time.process_time()
    with Run(job, engine, options) as one:
        print(f"{one.plan.buckets} buckets, blocks of {one.plan.block:,} rows")
        one.partition()
        told = time.process_time()
        print(f"partition  {told - begin_cpu:8.2f} CPU s, at most {peak()} MB")
        one.settle()
        print(f"settle     {time.process_time() - told:8.2f} CPU s, at most {peak()} MB")
        for writer in one.writers:
            writer.publish()
        rows = one.totals.claims_rows
        print({name: round(seconds, 2) for name, seconds in one.totals.seconds.items()})
    one.work.remove()
    cpu, wall = time.process_time() - begin_cpu, time.perf_counter() - begin
    rate = rows / cpu / 1e6
    print(f"{rows:,} claims: {wall:.1f} s, {cpu:.1f} CPU s, {rate:.2f} M claims per CPU second")


def peak() -> int:
    """Return the most memory that the process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    """Make the input, then settle it in a new process."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--claims", type=int, default=1_200_000)
    parser.add_argument("--parts", type=int, default=1, help="files that the claims are in")
    parser.add_argument("--folder", type=Path, default=Path("/tmp/yibao-bulk"))
    parser.add_argument("--sorted", action="store_true", help="claims person by person")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory", type=int, default=1024, help="MB")
    parser.add_argument("--buckets", type=int)
    parser.add_argument("--block", type=int)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    persons, claims = make(args.folder, args.claims, args.parts, in_order=args.sorted)
    if not args.child:
        told = f"Python {platform.python_version()}, PyArrow {pa.__version__}"
        print(f"{platform.processor() or platform.machine()}, {told}", flush=True)
        subprocess.run([sys.executable, *sys.argv, "--child"], check=True)
        return
    run(args.folder, persons, claims, args)


if __name__ == "__main__":
    main()
