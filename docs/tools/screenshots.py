"""Take the pictures of docs/policy-book.md: make the book, open it, press the shutter.

usage: ./run screenshots [FOLDER]      (else docs/screenshots)
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from yibao.cli.book_commands import book

ROOT = Path(__file__).parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
DESK, PHONE = {"width": 1280, "height": 860}, {"width": 375, "height": 812}

# name, page, size, light or dark, language, words to search for
SHOTS = (
    ("contents", "index.html", DESK, "light", "zh", ""),
    ("article", "tianjin/2021-resident-notice@2022-01-01.html#二（一）", DESK, "light", "zh", ""),
    ("article-en-dark", "tianjin/2016-opinion@2016-06-23.html#四（十四）", DESK, "dark", "en", ""),
    ("parameter", "tianjin/parameters.html#p-outpatient_deductible", DESK, "light", "zh", ""),
    ("search", "tianjin/index.html", DESK, "light", "zh", "门诊起付"),
    ("changes", "changes.html#d-2022-01-01", DESK, "light", "zh", ""),
    ("cases", "jining/cases.html", DESK, "light", "zh", ""),
    ("phone", "jining/2021-notice@2021-09-01.html", PHONE, "light", "zh", ""),
)


def shoot(page: Page, address: str, words: str, target: Path) -> None:
    """Open a page, search where words are given, and save what is seen."""
    page.goto(address)
    if words:
        page.fill("#query", words)
        page.wait_for_selector("#panel:not([hidden])")
    page.screenshot(path=target)
    print(target)


def main(folder: Path) -> None:
    """Make the book in a temporary folder and take all pictures into `folder`."""
    program = next(filter(None, [os.environ.get("YIBAO_BROWSER"), *map(shutil.which, NAMES)]), None)
    if program is None:
        sys.exit("no Chromium here: ./run browser installs it (Debian, Ubuntu)")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        site = Path(scratch) / "book"
        book(out=site, clauses=ROOT / "docs" / "clauses.yaml", tests=ROOT / "tests")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for name, where, size, scheme, language, words in SHOTS:
            page = browser.new_page(viewport=size, color_scheme=scheme, device_scale_factor=2)
            path, _, fragment = where.partition("#")
            address = f"{(site / path).as_uri()}?lang={language}"
            address += f"#{fragment}" if fragment else ""
            shoot(page, address, words, folder / f"{name}.png")
            page.close()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "screenshots")
