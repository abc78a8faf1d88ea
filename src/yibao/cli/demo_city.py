"""The part of the demonstration on a whole city: made up, settled at once, and a reform tried."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from yibao.cli import bulk_run, population_pages, simulate_run
from yibao.cli.bulk_choice import How
from yibao.cli.options import Language
from yibao.cli.settle_run import Input, Output
from yibao.text import Text

PERSONS = 200_000
_REGION, _YEAR = "tianjin", 2019
_REFORM = f"tianjin-employee-outpatient-deductible@{_YEAR}-01-01"

_WORDS = {
    "make": Text(
        "造出居民、参保和一年的结算（放在临时文件夹，结束后删除）",
        "People, their insurance and a year of claims, in a temporary folder that is deleted after",
    ),
    "settle": Text("全部结算（列式引擎）", "All of them settled, by the columnar engine"),
    "reform": Text(
        "试算：降低职工门诊起付线，逐笔对照",
        "A reform tried: a lower outpatient deductible, claim by claim",
    ),
    "took": Text("用时 {seconds} 秒", "{seconds} s"),
    "report": Text("完整报告（浏览器打开）：{file}", "The whole report, for a browser: {file}"),
}


def show_city(reforms: Path, language: Language, console: Console) -> None:
    """Show the commands `population make`, `settle` and `simulate` on one city.

    `reforms` is the folder of example reforms. The city is thrown away, the report stays.
    """

    def step(key: str, action: Callable[[], None]) -> None:
        console.print(_WORDS[key].pick(language), style="bold", markup=False)
        began = time.perf_counter()
        action()
        told = _WORDS["took"].pick(language)
        console.print(told.format(seconds=f"{time.perf_counter() - began:.1f}"), style="dim")
        console.print()

    report = Path(tempfile.mkdtemp(prefix="yibao-report-")) / "reform.html"
    with tempfile.TemporaryDirectory(prefix="yibao-demo-") as folder:
        city = Path(folder) / "city"
        asked = population_pages.Asked(_REGION, PERSONS, _YEAR, 1, 1, False, None)
        step("make", lambda: population_pages.make(asked, city, as_json=False, language=language))
        step("settle", lambda: _settle(city, language))
        step("reform", lambda: _simulate(city, reforms / _REFORM, report, language))
    told = _WORDS["report"].pick(language).format(file=report)
    console.print(told, markup=False, soft_wrap=True)


def _settle(city: Path, language: Language) -> None:
    given = Input(
        claims=sorted(city.glob("claims-*.parquet")),
        persons=sorted(city.glob("persons-*.parquet")),
        policy=_REGION,
        language=language,
    )
    bulk_run.settle(given, Output(city / "settled.parquet"), How("columnar"))


def _simulate(city: Path, reform: Path, report: Path, language: Language) -> None:
    given = simulate_run.Given(_REGION, city, [_YEAR], [], "C", language)
    asked = simulate_run.Asked([reform], [], None, [], 200, 1, False)
    simulate_run.reforms(given, asked, [report], as_json=False)
