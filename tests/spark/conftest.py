"""One Spark session for all tests of a process, on two cores; skipped where Spark cannot run.

`./run spark` installs PySpark and Java (Debian, Ubuntu). Without them these tests are skipped,
except where CI is set: there they fail.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from yibao.bulk.spark.session import missing, session

sys.path.append(str(Path(__file__).parents[1] / "bulk"))  # cities and how to compare


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A session that tasks share."""
    if why := missing():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no Spark here: {why}")
    conf = {
        "spark.local.dir": str(tmp_path_factory.mktemp("spark")),
        "spark.task.maxFailures": "4",
    }
    with session("local[2,4]", conf) as found:  # of a task the fourth failure is the last
        yield found
