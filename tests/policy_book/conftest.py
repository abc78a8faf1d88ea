"""The book of all packs that ship, written once for each test process."""

from pathlib import Path

import pytest
import yaml
from book_pages import Page, read_page

from yibao.policy.load import load_region, regions
from yibao.policy.vocabulary import POLICIES
from yibao.policy_book import Clause, Sources, make_book, write_folder
from yibao.policy_book.book import Book
from yibao.text import Text

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def clauses() -> list[Clause]:
    """The project's inventory, without tests."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    entries = yaml.load((ROOT / "docs" / "clauses.yaml").read_text(encoding="utf-8"), loader)
    names = ("id", "document", "article", "region", "subsystem", "tier")
    return [Clause(*(e[n] for n in names), says=Text(e["zh"], e["en"])) for e in entries]


@pytest.fixture(scope="session")
def book(clauses: list[Clause]) -> Book:
    """The files of the book."""
    packs = [(load_region(name), POLICIES / name) for name in regions()]
    return make_book(Sources(packs, clauses))


@pytest.fixture(scope="session")
def site(book: Book, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The book in a folder."""
    folder = tmp_path_factory.mktemp("book") / "site"
    write_folder(folder, book.files)
    return folder


@pytest.fixture(scope="session")
def pages(book: Book) -> dict[str, Page]:
    """Every page, read."""
    return {name: read_page(text) for name, text in book.files.items() if name.endswith(".html")}
