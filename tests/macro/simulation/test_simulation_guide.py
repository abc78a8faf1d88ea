"""The examples of docs/simulation.md do what it says, on a population as the README makes it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from town import REFORMS

from yibao.macro.population import calibrate
from yibao.macro.population.days import Span
from yibao.macro.population.figures import load
from yibao.macro.population.make import Wanted, make
from yibao.macro.simulation import City
from yibao.macro.simulation.search.find import search
from yibao.macro.simulation.search.trials import Bench
from yibao.macro.simulation.search.wishes import read_wishes

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "docs" / "simulation.md").read_text(encoding="utf-8")


def block(kind: str) -> str:
    """Return the guide's only block of a kind."""
    (found,) = re.findall(rf"^```{kind}\n(.*?)^```$", GUIDE, re.M | re.S)
    return str(found)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield a folder with the README's population, of fewer persons and after a smaller pilot."""
    folder = tmp_path_factory.mktemp("guide")
    figures = load("tianjin")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calibrate, "_CHUNKS", 1)
        calibrate.calibrate.cache_clear()
        make(Wanted(figures, 5_000, Span(figures.years.start, 1)), folder / "population")
        calibrate.calibrate.cache_clear()
        yield folder


def test_the_notebook_runs(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(here)
    names: dict[str, City] = {}
    exec(block("python"), names)
    assert names["lower"].totals()["fund"] > names["city"].totals()["fund"]


def test_the_search_meets_its_targets(here: Path) -> None:
    city = City.load("tianjin", here / "population", years=[2019])
    found = search(Bench(city.population, read_wishes(REFORMS / "search.yaml")))
    assert found.best.meets


def test_the_guide_shows_the_search_file() -> None:
    file = (REFORMS / "search.yaml").read_text(encoding="utf-8")
    assert file.endswith(block("yaml"))
