"""`yibao policy book`: write the policy book, a static site of every document and its rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from yibao.cli.options import AsJson, Language, RegionNames, default_language
from yibao.cli.policy_commands import policy
from yibao.text import Text

if TYPE_CHECKING:
    from yibao.policy_book import Clause
    from yibao.policy_book.book import Watch

_COUNTED: Mapping[str, Text] = {
    "documents": Text("文件", "documents"),
    "rules": Text("规则", "rules"),
    "parameters": Text("参数", "parameters"),
    "cases": Text("算例", "cases"),
}


def register(app: typer.Typer) -> None:
    """Add the command to the group `policy`, which is in the application already."""
    policy.command("book")(book)


def book(
    regions: RegionNames = None,
    *,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="DIR", help="Folder to write; an older book goes."),
    ],
    clauses: Annotated[
        Path | None,
        typer.Option("--clauses", metavar="FILE", help="Show this inventory of clauses (YAML)."),
    ] = None,
    tests: Annotated[
        Path | None,
        typer.Option("--tests", metavar="DIR", help="Show which tests below here cover a clause."),
    ] = None,
    lang: Annotated[
        Literal["zh", "en", "both"],
        typer.Option("--lang", help="Languages of the pages."),
    ] = "both",
    as_json: AsJson = False,
) -> None:
    """Write the policy book: a static site to be opened from the disk.

    It shows every document, article by article, beside its rules, with their history, the worked
    cases and the tests. It can be searched and read offline, in Chinese and English.

    \b
    Example: yibao policy book -o book --clauses docs/clauses.yaml --tests tests
    """
    from yibao.cli.output import print_json
    from yibao.policy_book import Sources, make_book, write_folder
    from yibao.policy_book.folder import check

    if tests is not None and clauses is None:
        raise typer.BadParameter("--tests needs --clauses, the inventory that the tests name")
    check(out)
    language: Language = default_language() if lang == "both" else lang
    sources = Sources(_regions(regions or []), _clauses(clauses, tests) if clauses else ())
    with _watching(language) as watch:
        made = make_book(sources, lang, watch)
        watch(Text("写出", "Writing"))
        write_folder(out, made.files)
    if as_json:
        first = str(out / "index.html")
        print_json({"index": first, "files": len(made.files), "regions": made.summary})
    else:
        _say(out, made.summary, language)


def _regions(names: Sequence[str]) -> list[tuple[Any, Path]]:
    """Load the regions with their folders; all that ship when none is named."""
    from yibao.cli.policy_pages import where
    from yibao.policy.load import load_region, regions
    from yibao.policy.vocabulary import POLICIES

    found = []
    for name in names or regions():
        place = where(name)
        region = load_region(place)
        found.append((region, place.resolve() if isinstance(place, Path) else POLICIES / place))
    return found


def _clauses(file: Path, tests: Path | None) -> list[Clause]:
    """Read the inventory, with the places of the tests that cover each clause."""
    from yibao.cli.clauses import by_clause, marks, read_inventory
    from yibao.policy_book import Clause

    def told(place: str) -> str:
        assert tests is not None
        return f"{tests.resolve().name}/{Path(place).relative_to(tests).as_posix()}"

    places = by_clause((name, told(place)) for name, place in marks(tests)) if tests else {}
    return [
        Clause(
            id=str(entry["id"]),
            document=str(entry.get("document", "")),
            article=str(entry.get("article", "")),
            region=str(entry.get("region", "")),
            subsystem=str(entry.get("subsystem", "")),
            tier=str(entry.get("tier", "")),
            says=Text(str(entry.get("zh", "")), str(entry.get("en", ""))),
            tests=places.get(str(entry["id"]), ()),
        )
        for entry in read_inventory(file)
    ]


@contextmanager
def _watching(language: Language) -> Iterator[Watch]:
    """Show on a terminal what is being written."""
    from rich.console import Console

    console = Console(stderr=True)
    with console.status("…") as status:
        yield lambda what: status.update(what.pick(language))


def _say(out: Path, summary: Mapping[str, Mapping[str, int]], language: Language) -> None:
    for region, counts in summary.items():
        told = ", ".join(f"{counts[name]} {text.pick(language)}" for name, text in _COUNTED.items())
        if counts["failed"]:
            told += ", " + Text("算例不符", "cases that differ").pick(language)
            told += f" {counts['failed']}"
        typer.echo(f"{region}: {told}")
    typer.echo(str(out / "index.html"))
