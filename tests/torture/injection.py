"""Texts that want to be SQL, a formula or markup, wherever a text can come in: none is executed.

SQL goes into every text of every request of the OpenAPI document, formulas into the files that a
spreadsheet opens, markup into every text of a pack of rules of which a book is made.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

import databases
import psycopg
from desks import register, status
from hostile_book import EVIL, hostile_region
from openpyxl import load_workbook
from services import app_of, running

from torture.figures import Figure, How
from torture.mortal import Caller
from yibao.interop.files.output import Sheet, write_files
from yibao.policy.load import load_region
from yibao.policy_book import Sources, make_book
from yibao.store.database import Database
from yibao.store.sight import EVERYTHING

SQL = (
    "'; CREATE TABLE injected (); --",
    "x'); CREATE TABLE injected (); COMMIT; --",
    "$$; CREATE TABLE injected (); $$",
    "\\'; CREATE TABLE injected (); --",
    '"; CREATE TABLE injected (); --',
    "1; CREATE TABLE injected ()",
    "' UNION SELECT pg_sleep(60)::text; --",
    "%s %(person)s {0} $1",
)
FORMULAS = (
    "=1+1",
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)",
    "+1+1",
    "-1+1",
    '=HYPERLINK("http://x","y")',
    "＝1+1",
    "＋1+1",
    "\t=1+1",
    "\r=1+1",
    " =1+1",
)
MARKUP = (
    EVIL,
    "<svg/onload=alert(1)>",
    "</title><script>alert(1)</script>",
    '" autofocus onfocus="alert(1)',
    "<a href='javascript:alert(1)'>x</a>",
    "{{ 7*7 }}{% for x in y %}",
    "<!--<img src='--><img src=x onerror=alert(1)//'>",
)
ALL = (*SQL, *FORMULAS, *MARKUP)


def figures(how: How) -> Iterator[Figure]:
    """Send and write the whole corpus; the short version sends less of it to each address."""
    yield sql(how)
    with TemporaryDirectory(prefix="yibao-") as folder:
        yield formulas(Path(folder))
        yield markup(Path(folder))


def sql(how: How) -> Figure:
    """Put texts where requests have texts: in bodies, addresses and queries."""
    texts = SQL[:1] if how.quick else ALL
    wrong = Counter({"executed": 0, "replies 5xx": 0})
    sent = 0
    with databases.copy(how.url, "template") as url:
        with Database(url, sight=EVERYTHING) as database:
            register(database, "P1")
        app = app_of(url, status("P1"))
        with (
            running(app) as port,
            psycopg.connect(url, autocommit=True) as connection,
        ):
            before = tables(connection)
            for text in texts:
                for method, target, body in asked(app.openapi(), text):
                    named = {"X_Actor": "a", "Idempotency_Key": f"k{sent}"}
                    reply = Caller(port).ask(method, target, body, **named)
                    wrong["replies 5xx"] += reply is None or reply.status >= 500
                    sent += 1
            wrong["executed"] = len(before ^ tables(connection))
    return Figure("requests with SQL, formulas and markup for texts", sent, wrong)


def tables(connection: psycopg.Connection[Any]) -> set[Any]:
    """Return the tables that there are."""
    return set(connection.execute("SELECT oid, relname FROM pg_class WHERE relkind IN ('r', 'p')"))


def asked(document: Mapping[str, Any], text: str) -> Iterator[tuple[str, str, Any]]:
    """Yield a request to every operation, with a text in place of every text."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            target = path
            given = operation.get("parameters", ())
            for one in given:
                target = target.replace(f"{{{one['name']}}}", quote(text, safe=""))
            queries = [one["name"] for one in given if one["in"] == "query"]
            if queries:
                target += "?" + "&".join(f"{name}={quote(text, safe='')}" for name in queries)
            content = operation.get("requestBody", {}).get("content", {})
            schema = content.get("application/json", {}).get("schema")
            body = None if schema is None else put(example(document, schema), text)
            yield method.upper(), target, body


def example(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Any:
    """Return an example that the document gives of a body, or an object with one text."""
    name = schema.get("$ref", "").rpartition("/")[2]
    known = document["components"]["schemas"].get(name, {})
    return next(iter(known.get("examples", ())), dict.fromkeys(known.get("properties", ()), ""))


def put(value: Any, text: str) -> Any:
    """Return a value with a text in place of each text but those that are numbers or days."""
    if isinstance(value, dict):
        return {name: put(one, text) for name, one in value.items()}
    if isinstance(value, list):
        return [put(one, text) for one in value]
    free = isinstance(value, str) and not value.replace(".", "").replace("-", "").isdigit()
    return text if free else value


def formulas(folder: Path) -> Figure:
    """Write texts into the files that a spreadsheet opens, and read what it would calculate."""
    targets = [folder / "a.xlsx", folder / "a.csv"]
    for target in targets:
        write_files({target: [Sheet("a", [("name", "text")], [[text] for text in ALL])]})
    book = load_workbook(targets[0])
    cells = [cell for row in book.active.iter_rows() for cell in row]
    with targets[1].open(encoding="utf-8-sig", newline="") as stream:
        lines = [line[0] for line in csv.reader(stream)]
    executed = sum(cell.data_type == "f" for cell in cells)
    executed += sum(line[:1] in {*"=+-@＝＋－＠\t\r"} for line in lines)
    return Figure(
        "texts in cells of Excel and CSV", len(cells) + len(lines), {"executed": executed}
    )


class Elements(HTMLParser):
    """The elements of a page, with the names of their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: Counter[Any] = Counter()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found[tag, tuple(sorted(name for name, _ in attrs))] += 1
        self.found["javascript:"] += any((v or "").startswith("javascript:") for _, v in attrs)


def markup(folder: Path) -> Figure:
    """Make books of packs with markup for texts: their pages have the elements of a plain one."""
    plain, pages, executed = elements(folder / "plain", "plain"), 0, 0
    for number, text in enumerate(ALL):
        found = elements(folder / str(number), text)
        pages += len(found)
        executed += sum(one != other for one, other in zip(plain, found, strict=True))
    return Figure("pages of books of packs with such texts", pages, {"executed": executed})


def elements(folder: Path, text: str) -> list[Counter[Any]]:
    """Return the elements of each page of a book with a text everywhere."""
    folder = hostile_region(folder / "region", text)
    files = make_book(Sources([(load_region(folder), folder)])).files
    return [Elements(page).found for name, page in sorted(files.items()) if name.endswith(".html")]
