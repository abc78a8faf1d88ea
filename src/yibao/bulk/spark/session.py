"""A Spark session with what Yibao needs set; or what is missing for one."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from yibao.errors import CannotRead, CannotWrite

MODULES = ("pyspark", "pandas")

CONF = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
    # Rows of the shuffle are pieces of files, megabytes each: few at a time go to Python.
    "spark.sql.execution.arrow.maxRecordsPerBatch": "8",
}
LOCAL = {"spark.driver.memory": "1g", "spark.driver.bindAddress": "127.0.0.1"}


class SparkMissing(CannotRead):
    """PySpark or Java is not installed."""


class SparkFailed(CannotWrite):
    """Spark gave up, after its own retries; the parts that are finished stay in the work folder."""


def missing() -> str:
    """Return what has to be installed before Spark can be used, or nothing."""
    absent = [name for name in MODULES if importlib.util.find_spec(name) is None]
    if absent:
        return (
            f"{' and '.join(absent)} not installed; in a checkout `./run spark` installs it, "
            "elsewhere `pip install 'yibao[spark]'` / 未安装 PySpark"
        )
    home = os.environ.get("JAVA_HOME")
    java = Path(home, "bin", "java") if home else None
    if not (java.is_file() if java else shutil.which("java")):
        where = f"JAVA_HOME is {home}, but there is no bin/java" if home else "there is no Java"
        return (
            f"{where}; Spark needs a Java runtime, 17 or newer (Debian, Ubuntu: `apt install "
            "default-jre-headless`, or `./run spark`) / Spark 需要 Java 17 以上"
        )
    return ""


@contextmanager
def session(master: str, conf: Mapping[str, str]) -> Iterator[Any]:
    """Open a session, or use the one that is there; raises SparkMissing, SparkFailed.

    Tasks run under this Python, unless PYSPARK_PYTHON names another.
    """
    if why := missing():
        raise SparkMissing(why)
    from pyspark.sql import SparkSession

    there = SparkSession.getActiveSession()
    if there is not None:
        yield there
        return
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    local = master.startswith("local")
    builder = SparkSession.builder.master(master).appName("yibao settle")
    for name, value in {**CONF, **(LOCAL if local else {}), **conf}.items():
        builder = builder.config(name, value)
    if local:
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    try:
        spark = builder.getOrCreate()
    except Exception as error:  # of Java, of Python's way to it, of the cluster
        raise failed(error) from None
    try:
        yield spark
    finally:
        spark.stop()


def failed(error: Exception) -> SparkFailed:
    """Return what Spark says as our error: its last line that says anything."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if not line.startswith(("at ", "File ", "..."))]
    causes = [line for line in told if "Error" in line or "Exception" in line] or told
    why = causes[-1] if causes else type(error).__name__
    return SparkFailed(f"Spark: {why[:600]} / Spark 运行失败")
