"""The book in a real browser, opened from the disk: search, languages, widths, and silence.

It needs Chromium or Chrome: `./run browser` installs it on Debian and Ubuntu. Without one these
tests are skipped, except where CI is set: there they fail.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hostile_book import hostile_region
from small_pack import add_document, add_region, table

from yibao.policy.load import load_region
from yibao.policy_book import Sources, make_book, write_folder

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
WHY = "no Chromium here: `./run browser` installs it (Debian, Ubuntu), or set YIBAO_BROWSER"
PHONE = {"width": 375, "height": 800}


def _program() -> str:
    named = [os.environ.get("YIBAO_BROWSER"), *map(shutil.which, NAMES)]
    found = next((name for name in named if name), None)
    if found is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(WHY)
    return str(found)


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    program = _program()
    sync = pytest.importorskip("playwright.sync_api")
    with sync.sync_playwright() as playwright:
        args = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=program, args=args)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: "Browser") -> Iterator["Page"]:
    """A page that must neither complain nor ask for anything that is not on the disk."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("dialog", lambda dialog: heard.append(dialog.message))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    yield page
    assert heard == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    context.close()


def search(page: "Page", words: str) -> list[str]:
    """Type into the search box; return what the results say."""
    page.keyboard.press("/")
    page.keyboard.insert_text(words)
    page.wait_for_selector("#panel:not([hidden])")
    return page.locator("#results li").all_inner_texts()


def shown(page: "Page", text: str) -> bool:
    """Tell whether a text can be seen on the page."""
    return page.get_by_text(text).first.is_visible()


# --- search ---------------------------------------------------------------------------------------


def test_chinese_is_found_marked_and_opened_by_keyboard(page: "Page", site: Path) -> None:
    page.goto((site / "index.html").as_uri())
    found = search(page, "门诊起付")
    assert any("门诊起付标准" in text and "天津市" in text for text in found)
    assert page.locator("#results li").first.locator("mark").first.inner_text() == "门诊起付"
    assert "找到" in page.inner_text("#found")
    page.keyboard.press("ArrowDown")
    chosen = page.locator('#results [aria-selected="true"]')
    assert page.get_attribute("#query", "aria-activedescendant") == chosen.get_attribute("id")
    page.keyboard.press("Enter")
    page.wait_for_url("**/parameters.html#p-*")
    assert page.locator(":target").is_visible()


def test_a_sentence_finds_its_article(page: "Page", site: Path) -> None:
    """No entry has the whole question; most of its pairs of characters are in the article."""
    page.goto((site / "tianjin" / "index.html").as_uri())
    found = search(page, "选定三级医院的门诊怎么付")
    assert any("二（一）" in text for text in found[:8])


def test_english_figures_and_clauses_are_found(page: "Page", site: Path) -> None:
    page.goto((site / "index.html").as_uri() + "?lang=en")
    assert any("large-expense" in text.lower() for text in search(page, "large-expense ceil"))
    page.fill("#query", "350000")
    assert any("350,000" in text for text in page.locator("#results li").all_inner_texts())
    page.fill("#query", "T16-12")
    assert "四（十二）" in page.locator("#results li").first.inner_text()
    page.fill("#query", "zzzz")
    assert "Nothing found" in page.inner_text("#found")
    page.keyboard.press("Escape")
    assert page.locator("#panel").is_hidden()


# --- language, theme, links -----------------------------------------------------------------------


def test_the_language_changes_at_once_and_is_remembered(page: "Page", site: Path) -> None:
    document = site / "tianjin" / "2021-resident-notice@2022-01-01.html"
    page.goto(document.as_uri())
    zh = "三个级别共用一个年起付600元。"
    en = "The three levels share one yearly deductible of 600 yuan."
    assert shown(page, zh)
    assert not shown(page, en)
    page.click("#language")
    assert shown(page, en)
    assert not shown(page, zh)
    assert page.evaluate("document.documentElement.lang") == "en"
    assert "Policy book" in page.title()
    page.reload()
    assert shown(page, en)
    page.click("nav.main a >> nth=0")
    assert page.inner_text("h1") == "The policy book"
    page.click("#language")
    assert page.inner_text("h1") == "医保政策书"


def test_the_theme_changes_and_is_remembered(page: "Page", site: Path) -> None:
    page.goto((site / "index.html").as_uri())
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.click("#theme")
    dark = page.evaluate(ground)
    assert dark != light
    page.reload()
    assert page.evaluate(ground) == dark


def test_a_link_to_an_article_and_to_a_clause_leads_there(page: "Page", site: Path) -> None:
    document = (site / "tianjin" / "2016-opinion@2016-06-23.html").as_uri()
    page.goto(document + "#四（十二）")
    assert page.locator(":target").inner_text().startswith("四（十二）")
    top = page.evaluate("document.querySelector(':target').getBoundingClientRect().top")
    head = page.evaluate("document.querySelector('.top').getBoundingClientRect().bottom")
    assert head <= top < 400
    page.goto((site / "index.html").as_uri())
    page.goto(document + "#T16-12")
    assert page.locator("#T16-12").is_visible()  # its fold was opened


# --- widths, print, hostile packs -----------------------------------------------------------------


def largest(site: Path) -> list[Path]:
    """Return the pages of the whole book, and of each kind of region's page the largest."""
    kinds: dict[str, list[Path]] = {}
    for file in sorted(site.glob("*/*.html"), key=lambda file: -file.stat().st_size):
        kinds.setdefault("document" if "@" in file.name else file.name, []).append(file)
    return [*sorted(site.glob("*.html")), *(file for held in kinds.values() for file in held[:4])]


def test_no_page_is_wider_than_a_phone(page: "Page", site: Path) -> None:
    page.set_viewport_size(PHONE)
    widths = """() => {
        document.querySelectorAll("details").forEach((one) => { one.open = true; });
        return ["zh", "en"].map((language) => {
            document.documentElement.dataset.lang = language;
            return document.documentElement.scrollWidth;
        });
    }"""
    for file in largest(site):
        page.goto(file.as_uri())
        assert max(page.evaluate(widths)) <= PHONE["width"], file.relative_to(site)


def test_no_figure_of_a_rule_lies_beyond_its_box(page: "Page", tmp_path: Path) -> None:
    folder = tmp_path / "city"
    keys = {"level": ["1", "2"], "band": ["1", "2"], "age": [0, 60]}
    rows = [
        {"age": {"below": 60}, "missing": "not published"},
        *({"level": level, "band": "1", "age": {"from": 60}, "value": "5%"} for level in "12"),
    ]
    add_document(add_region(folder), {"tables": {"rate": table("rate", rows, keys)}})
    write_folder(tmp_path / "site", make_book(Sources([(load_region(folder), folder)])).files)
    (document,) = (tmp_path / "site" / "city").glob("*@*.html")
    page.goto(f"{document.as_uri()}?lang=en")
    beyond = """() => [...document.querySelectorAll(".rule td.value")].filter((cell) =>
        cell.getBoundingClientRect().right >
        cell.closest(".rule").getBoundingClientRect().right).length"""
    assert page.locator(".rule td.value").count() == len(rows)
    assert page.evaluate(beyond) == 0


def test_a_printed_page_holds_what_is_folded_and_no_tools(page: "Page", site: Path) -> None:
    page.goto((site / "tianjin" / "2021-resident-notice@2022-01-01.html").as_uri())
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator(".top").is_hidden()
    assert page.locator("details:not([open])").count() == 0
    assert len(page.pdf()) > 10_000


def test_markup_of_a_pack_does_nothing(page: "Page", tmp_path: Path) -> None:
    folder = hostile_region(tmp_path / "hostile")
    write_folder(tmp_path / "site", make_book(Sources([(load_region(folder), folder)])).files)
    for file in sorted((tmp_path / "site").rglob("*.html")):
        page.goto(file.as_uri())
        assert page.evaluate("window.hacked === undefined && document.images.length === 0")
    assert any("<script>" in text for text in search(page, "测试条文"))
    assert page.evaluate("window.hacked === undefined && document.images.length === 0")
