"""Jobs of Spark: run them, watch them, and say what their tasks found wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from yibao.bulk.spark import session
from yibao.bulk.spark.tasks import Failed, tied
from yibao.errors import CannotRead, PackDefect
from yibao.interop.files.rows import InputError

T = TypeVar("T")


def attempt(action: Callable[[], T]) -> T:
    """Run a job; raises SparkFailed for what Spark says."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        return action()
    except (Py4JError, PySparkException) as error:
        raise session.failed(error) from None


def watched(spark: Any, action: Callable[[], T], tell: Callable[[], object]) -> T:
    """Run a job and call `tell` twice a second meanwhile; what stops us stops the job."""
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(attempt, action)
        try:
            while True:
                tell()
                try:
                    return running.result(timeout=0.5)
                except TimeoutError:
                    continue
        except BaseException:
            spark.sparkContext.cancelAllJobs()
            raise


def owners_tied(keyed: Any, ranges: int) -> list[int]:
    """Return the owners that share a key with another."""
    found = keyed.groupByKey(ranges).flatMap(lambda pair: tied(pair[1]))
    told = attempt(found.collect)
    check([one for one in told if isinstance(one, Failed)])
    return [one for one in told if not isinstance(one, Failed)]


def check(told: Iterable[Failed | None]) -> None:
    """Raise what tasks say is wrong: with the input, with all that was found."""
    failed = [one for one in told if one is not None]
    problems = [problem for one in failed for problem in one.problems]
    if problems:
        raise InputError(sorted(dict.fromkeys(problems), key=lambda p: (str(p.file), p.row)))
    for one in failed:
        raise (PackDefect if one.kind == PackDefect.__name__ else CannotRead)(one.text)
