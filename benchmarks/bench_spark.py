"""What settling costs on Spark: processor seconds, memory and bytes a claim; and for a nation.

    ./run spark
    .venv/bin/python benchmarks/bench_spark.py --claims 2400000 --buckets 4

The claims of benchmarks/bench_bulk.py are written once in buckets of persons and once in no order,
then settled by the function that tasks run, without Spark (`task`); and on Spark in local mode,
bucketed and not (`--no-spark` leaves that out). Each is a process of its own. Then what 10^9 and
10^10 claims a year would take is computed from these figures. They go to docs/scale.md by hand.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from bench_bulk import PER_PERSON, claims_table, make, persons_table

KINDS = ("task", "bucketed", "divided")


def make_buckets(folder: Path, claims: int, buckets: int) -> tuple[list[Path], list[Path]]:
    """Write the claims in buckets of persons unless they are there; return persons and claims."""
    own = folder / f"buckets-{claims}-{buckets}"
    own.mkdir(parents=True, exist_ok=True)
    each = claims // buckets // PER_PERSON * PER_PERSON
    people = persons_table(each * buckets // PER_PERSON)
    found: tuple[list[Path], list[Path]] = ([], [])
    for bucket in range(buckets):
        persons = own / f"persons-{bucket:05d}.parquet"
        file = own / f"claims-{bucket:05d}.parquet"
        if not file.exists():
            size = each // PER_PERSON
            pq.write_table(people.slice(bucket * size, size), persons)
            table = claims_table(bucket * each, each, len(people), bucket, in_order=True)
            pq.write_table(table, file, store_decimal_as_integer=True, compression="zstd")
        found[0].append(persons)
        found[1].append(file)
    return found


def task(files: tuple[list[Path], list[Path]], folder: Path) -> dict[str, Any]:
    """Settle one bucket after the other as tasks do, without Spark; the first one warms up."""
    from yibao.bulk.spark.rules import Rules
    from yibao.bulk.spark.tasks import Common, keys_of_pair, settle_files
    from yibao.interop.files.arrays.source import open_source
    from yibao.interop.files.columns import claim_columns, person_columns
    from yibao.policy.policy import load_policy

    region = load_policy("tianjin").region
    claims, persons = claim_columns(region), person_columns(region)
    for name in ("settlements", "told"):
        (folder / name).mkdir(parents=True)
    common = Common(
        Rules.of("tianjin", None, "C"),
        tuple(open_source(f, "claims", claims, ("persons", persons)) for f in files[1]),
        tuple(open_source(f, "persons", persons, ("claims", claims)) for f in files[0]),
        folder,
        {},
        None,
    )
    settle_files(common, 0, [0], [0])
    begin, rows = time.process_time(), 0
    for number in range(1, len(files[1])):
        for _ in keys_of_pair(common, (number, number, number), 64):
            pass
    ids = time.process_time() - begin
    for number in range(1, len(files[1])):
        settle_files(common, number, [number], [number])
        rows += pq.read_metadata(files[1][number]).num_rows
    return {"claims": rows, "cpu": time.process_time() - begin, "ids": ids, "peak": peak()}


def on_spark(files: tuple[list[Path], list[Path]], folder: Path, memory: int) -> dict[str, Any]:
    """Settle on Spark in local mode."""
    from yibao.bulk.job import Job
    from yibao.bulk.spark.rules import Rules
    from yibao.bulk.spark.run import SparkOptions, SparkRun
    from yibao.bulk.spark.session import session
    from yibao.policy.policy import load_policy

    begin = time.perf_counter()
    conf = {"spark.local.dir": str(folder), "spark.driver.memory": "2g"}
    with session("local[2]", conf) as spark:
        ready, started = time.perf_counter(), of_family()
        job = Job(load_policy("tianjin"), files[1], files[0], folder / "out", key="bench")
        rules = Rules.of("tianjin", None, "C")
        with SparkRun(spark, job, rules, SparkOptions(memory << 20)) as run:
            run.settle()
            for writer in run.writers:
                writer.publish()
        return {
            "claims": run.totals.claims_rows,
            "bucketed": run.bucketed,
            "parts": run.parts,
            "session": round(ready - begin, 1),
            "wall": round(time.perf_counter() - ready, 1),
            "settling": round(run.task_seconds, 1),
            "peak": run.peak,
            "start": round(started, 1),
            "cpu": of_family() - started,
            "out": sum(file.stat().st_size for file in (folder / "out").iterdir()),
        }


def peak() -> int:
    """Return the most memory that the process has had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def of_family() -> float:
    """Return the processor seconds of this process and all below it: Java, Python's workers."""
    used: dict[int, tuple[int, float]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        used[int(stat.parent.name)] = int(fields[1]), sum(map(int, fields[11:15])) / _TICKS
    family, found = {os.getpid()}, 0
    while len(family) > found:
        found = len(family)
        family |= {own for own, (parent, _) in used.items() if parent in family}
    return sum(used[own][1] for own in family)


_TICKS = os.sysconf("SC_CLK_TCK")


def child(kind: str, args: argparse.Namespace) -> dict[str, Any]:
    """Run one kind in this process."""
    work = args.folder / f"work-{kind}"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    if kind == "divided":
        files = make(args.folder, args.claims, 2, in_order=False)
    else:
        files = make_buckets(args.folder, args.claims, args.buckets)
    if kind == "task":
        told = task(files, work)
        told["out"] = sum(f.stat().st_size for f in (work / "settlements").iterdir())
    else:
        told = on_spark(files, work, args.memory)
    told["in"] = sum(file.stat().st_size for own in files for file in own)
    shutil.rmtree(work)
    return told


def run(kind: str, args: argparse.Namespace) -> dict[str, Any]:
    """Run one kind in a process of its own."""
    call = [sys.executable, *sys.argv, "--child", kind]
    done = subprocess.run(call, check=True, stdout=subprocess.PIPE, text=True)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def say(kind: str, told: dict[str, Any], claims: int) -> None:
    """Print a line of figures."""
    used = told["cpu"]
    print(
        f"{kind:9} {told['claims']:>11,} claims  {used:7.1f} CPU s  "
        f"{told['claims'] / used / 1e6:5.2f} M claims per CPU s  at most {told['peak'] >> 20} MB  "
        f"in {told['in'] / claims:.1f} and out {told['out'] / claims:.1f} bytes a claim"
    )
    more = {k: v for k, v in told.items() if k not in {"cpu", "peak", "claims", "in", "out"}}
    print(f"          {more}", flush=True)


def sizing(told: dict[str, dict[str, Any]], claims: int) -> None:
    """Print what a province's and a nation's year would take, from the figures."""
    measured = {"bucketed, by task": told["task"]["cpu"] / told["task"]["claims"]}
    for kind in ("bucketed", "divided"):
        if kind in told:
            measured[f"{kind}, Spark in all"] = told[kind]["cpu"] / told[kind]["claims"]
    for name, number in (("a province", 10**9), ("the nation", 10**10)):
        disk = (told["task"]["in"] + told["task"]["out"]) / claims * number
        print(f"{name}, {number:.0e} claims: {disk / 1e12:.2f} TB in and out")
        for what, each in measured.items():
            print(f"  {what}: {each * number / 3600:,.1f} core-hours")


def main() -> None:
    """Run every kind, then compute."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--claims", type=int, default=240_000)
    parser.add_argument("--buckets", type=int, default=2)
    parser.add_argument("--memory", type=int, default=1024, help="MB of a task")
    parser.add_argument("--folder", type=Path, default=Path("/tmp/yibao-spark"))
    parser.add_argument("--no-spark", action="store_true", help="the tasks only")
    parser.add_argument("--child", choices=KINDS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        print(json.dumps(child(args.child, args)))
        return
    from yibao.bulk.spark.session import missing

    told_python = f"Python {platform.python_version()}, PyArrow {pa.__version__}"
    load = os.getloadavg()[0]
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {load:.1f}, {told_python}")
    without = missing()
    if without:
        print(f"without Spark: {without}")
    make_buckets(args.folder, args.claims, args.buckets)
    make(args.folder, args.claims, 2, in_order=False)
    told = {}
    for kind in KINDS[: 1 if args.no_spark or without else 3]:
        told[kind] = run(kind, args)
        say(kind, told[kind], args.claims)
    sizing(told, args.claims)


if __name__ == "__main__":
    main()
