"""The report in a real browser, opened from the disk: pictures, languages, silence, a phone.

It needs Chromium or Chrome (`./run browser`); without one the test is skipped, except in CI.
"""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from town import YEARS, Town

from yibao.macro.simulation.comparison import Options
from yibao.macro.simulation.report.page import page
from yibao.macro.simulation.scalar import BookPopulation
from yibao.macro.simulation.study import study
from yibao.text import Text

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture(scope="module")
def file(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    population = BookPopulation(town.policy, town.small, folder, YEARS)
    reforms = list(town.reforms.values())[:2]
    reforms[1] = replace(reforms[1], title=Text(HOSTILE, HOSTILE))
    made = study(population, reforms, Options(draws=0), marginal=False)
    target = folder / "report.html"
    target.write_text(page(made), encoding="utf-8")
    return target


@pytest.mark.parametrize("width", [1280, 375])
def test_the_report_draws_and_speaks_and_asks_for_nothing(file: Path, width: int) -> None:
    named = [os.environ.get("YIBAO_BROWSER"), *map(shutil.which, NAMES)]
    program = next((name for name in named if name), None)
    if program is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no Chromium: ./run browser")
    sync = pytest.importorskip("playwright.sync_api")
    with sync.sync_playwright() as playwright:
        args = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=program, args=args)
        opened = browser.new_page(viewport={"width": width, "height": 900})
        heard: list[str] = []
        asked: list[str] = []
        opened.on("console", lambda message: heard.append(message.text))
        opened.on("pageerror", lambda error: heard.append(str(error)))
        opened.on("dialog", lambda dialog: heard.append(dialog.message))
        opened.on("request", lambda request: asked.append(request.url))
        opened.goto(file.as_uri())
        plots = opened.locator(".plot")
        assert plots.count() > 5
        assert opened.locator(".plot .main-svg").count() >= plots.count()
        assert opened.locator("h1 >> text=改革方案模拟").is_visible()
        opened.click("button[value=en]")
        assert opened.locator("h1 >> text=simulated").is_visible()
        assert not opened.locator("h1 >> text=改革方案模拟").is_visible()
        assert "Pooled fund" in opened.locator("#who_pays_0").inner_text()
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
        browser.close()
    assert heard == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
