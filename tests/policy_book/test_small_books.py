"""Books of small packs: markup in texts, new kinds of rules, folders that must not be lost."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from book_pages import read_page
from hostile_book import EVIL, hostile_region
from small_pack import CITED, LAYERS, Rules, add_document, add_region, step, table
from typer.testing import CliRunner

from yibao.cli import app, exit_codes
from yibao.errors import CannotWrite
from yibao.policy.load import load_region
from yibao.policy.model import Origin, Region, Step
from yibao.policy.opspec import OPS
from yibao.policy.vocabulary import POLICIES
from yibao.policy_book import Sources, make_book, write_folder
from yibao.policy_book.book import Book
from yibao.policy_book.folder import MARK
from yibao.policy_book.history import history
from yibao.policy_book.naming import Naming
from yibao.policy_book.provisions import entries
from yibao.policy_book.steps import in_words

PAY = step("pay", 10, "share", of="in_scope", rate="rate", to="pool_pay", layer="basic")


def region_of(folder: Path, *documents: tuple[str, Rules, dict[str, Any]]) -> Region:
    """Write a region of several documents and load it."""
    add_region(folder)
    for name, rules, head in documents:
        add_document(folder, rules, name, **head)
    return load_region(folder)


def small(folder: Path) -> Region:
    rules: Rules = {"layers": [CITED | {"order": LAYERS}], "steps": [PAY]}
    return region_of(folder, ("one", rules | {"tables": {"rate": table("rate", "50%")}}, {}))


def book_of(folder: Path) -> Book:
    return make_book(Sources([(load_region(folder), folder)]))


# --- what comes from a pack is text, never markup -------------------------------------------------


def test_texts_of_a_pack_are_escaped(tmp_path: Path) -> None:
    folder = hostile_region(tmp_path / "hostile")
    files = book_of(folder).files
    for name, text in files.items():
        if name.endswith(".html"):
            page = read_page(text)
            assert [a.get("src") for _, a in page.tags("script")] == [
                "../book.js" if "/" in name else "book.js"
            ]
            assert not page.scripts
            assert not page.tags("img", "svg", "iframe", "b-evil")
            assert not [a for _, a in page.elements if any(n.startswith("on") for n in a)]
    document = next(t for n, t in files.items() if n.startswith("hostile/one@"))
    assert read_page(document).text.count(EVIL) >= 5
    assert "<script>alert" not in document


# --- generic --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bonus:
    """A kind of rule that the book has never heard of."""

    id: str
    per_year: int
    paid_to: tuple[str, ...]
    origin: Origin


@dataclass(frozen=True)
class WiderRegion:
    """A region with a field that the book does not know."""

    region: Region
    documents: tuple[Any, ...]
    tables: Mapping[str, Any]
    classifications: Mapping[str, Any]
    bonuses: tuple[Bonus, ...]


def test_a_new_kind_of_rule_is_in_the_book_field_by_field(tmp_path: Path) -> None:
    region = small(tmp_path / "r")
    origin = region.steps[0].origin
    bonuses = (Bonus("loyalty", 3000, ("pool_pay",), origin),)
    wider = WiderRegion(region, region.documents, {}, {}, bonuses)
    (entry,) = entries(wider, Naming(region))  # type: ignore[arg-type]
    assert (entry.kind, entry.name, entry.cite) == ("bonuses", "loyalty", "1")
    told = [(label.en, value.zh) for label, value in entry.body.facts]
    assert told == [("per year", "3000"), ("paid to", "统筹基金支付")]


def test_every_operation_has_a_sentence_that_names_all_it_must(tmp_path: Path) -> None:
    region = small(tmp_path / "r")
    for op, spec in OPS.items():
        fields = dict.fromkeys((*spec.fields, "to"), "in_scope")
        made = Step(
            id="x",
            order=1,
            phase="claim",
            layer=None,
            conditions=(),
            op=op,
            operands={f: (n,) if f in {"edges", "rates"} else n for f, n in fields.items()},
            origin=region.steps[0].origin,
        )
        assert in_words(made, Naming(region)).sentence is not None, op


def test_a_step_of_an_unknown_operation_shows_all_its_fields(tmp_path: Path) -> None:
    region = small(tmp_path / "r")
    pay = region.steps[0]
    strange = Step(
        "x", 1, "claim", None, (), "transmute", {"of": "in_scope", "to": "pool_pay"}, pay.origin
    )
    words = in_words(strange, Naming(region))
    assert words.sentence is None
    assert [label.en for label, _ in words.others] == ["of", "to"]


# --- over time ------------------------------------------------------------------------------------


def test_history_tells_winner_and_beaten_by_period(tmp_path: Path) -> None:
    """50 % from 2000; 60 % for level 1 from 2010 to 2014 by a later document."""
    keys = {"level": ["1", "2"]}
    low = {"tables": {"rate": table("rate", [{"value": "50%"}], keys)}}
    raised = {"rate": {"provisions": [CITED | {"rows": [{"level": "1", "value": "60%"}]}]}}
    region = region_of(
        tmp_path / "r",
        ("one", low, {}),
        ("two", {"tables": raised}, {"start": "2010-01-01", "end": "2014-12-31"}),
    )
    found = history(region.tables["rate"], Naming(region))
    assert [str(p.first) for p in found.periods] == ["2000-01-01", "2010-01-01", "2015-01-01"]
    lines = {line.key[0].en: line.cells for line in found.lines}
    won = [(c.span, c.row.origin.document.id, len(c.beaten)) for c in lines["level 1 or primary"]]
    assert won == [(1, "one", 0), (1, "two", 1), (1, "one", 0)]
    assert lines["level 1 or primary"][1].beaten[0][1] == "superseded"
    assert [c.span for c in lines["level 2"]] == [3]
    (one, two) = found.versions
    assert [(s[1], s[0].last) for s in one.spells] == [("wins", None)]
    assert [(s[1], s[0].last) for s in two.spells] == [("wins", date(2014, 12, 31))]


# --- folders --------------------------------------------------------------------------------------


def test_the_same_pack_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    out = tmp_path / "book"
    command = [sys.executable, "-m", "yibao.cli", "policy", "book", "jining", "-o", str(out)]
    env = os.environ | {"PYTHONHASHSEED": "1"}
    subprocess.run(command, env=env, check=True, capture_output=True)
    files = sorted(p for p in out.rglob("*") if p.is_file() and p.name != MARK)
    found = {p.relative_to(out).as_posix(): p.read_text(encoding="utf-8") for p in files}
    assert found == make_book(Sources([(load_region("jining"), POLICIES / "jining")])).files


def test_a_book_replaces_a_book_whole(tmp_path: Path) -> None:
    out = tmp_path / "book"
    write_folder(out, {"old.html": "old", "sub/a.html": "a"})
    write_folder(out, {"new.html": "new"})
    assert sorted(p.name for p in out.iterdir()) == sorted(["new.html", MARK])
    assert [p.name for p in tmp_path.iterdir()] == ["book"]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "book").mkdir()
    write_folder(tmp_path / "book", {"new.html": "new"})
    assert (tmp_path / "book" / "new.html").read_text() == "new"


@pytest.mark.parametrize("what", ["folder", "file", "no parent"])
def test_other_things_are_never_overwritten(tmp_path: Path, what: str) -> None:
    out = tmp_path / ("no/book" if what == "no parent" else "book")
    if what == "folder":
        out.mkdir()
        (out / "thesis.docx").write_text("mine")
    elif what == "file":
        out.write_text("mine")
    before = sorted(map(str, tmp_path.rglob("*")))
    with pytest.raises(CannotWrite) as error:
        write_folder(out, {"new.html": "new"})
    assert str(out) in str(error.value)
    assert sorted(map(str, tmp_path.rglob("*"))) == before


def test_a_full_disk_leaves_the_old_book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "book"
    write_folder(out, {"old.html": "old"})
    write = Path.write_text

    def full(path: Path, *args: Any, **more: Any) -> int:
        if path.name == "b.html":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(path, *args, **more)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(CannotWrite, match="No space left"):
        write_folder(out, {"a.html": "a", "b.html": "b"})
    assert (out / "old.html").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["book"]


def test_a_book_that_cannot_take_its_place_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "book"
    write_folder(out, {"old.html": "old"})
    replace = os.replace

    def refuse(source: Path, target: Path) -> None:
        if str(source).endswith(".tmp"):
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))
        replace(source, target)

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(CannotWrite):
        write_folder(out, {"a.html": "a"})
    assert (out / "old.html").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["book"]


# --- the command ----------------------------------------------------------------------------------


def yibao(*args: str | Path, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["policy", "book", *map(str, args)], env={"LANG": "en"})
    assert result.exit_code == code, result.output
    return result.stdout if code == 0 else result.stderr


def test_the_command_sums_up_and_names_tests(tmp_path: Path) -> None:
    small(tmp_path / "mycity")
    tests = tmp_path / "tests"
    tests.mkdir()
    (tests / "test_x.py").write_text(
        'import pytest\n\n\n@pytest.mark.clause("K-1")\ndef test_a(): ...\n'
    )
    clause = {"id": "K-1", "document": "one", "article": "1", "zh": "条款", "en": "a clause"}
    inventory = tmp_path / "clauses.yaml"
    inventory.write_text(json.dumps([clause | {"tier": "core", "subsystem": "settlement"}]))
    out = tmp_path / "book"
    args = (tmp_path / "mycity", "-o", out, "--clauses", inventory, "--tests", tests)
    data = json.loads(yibao(*args, "--json"))
    assert data["index"] == str(out / "index.html")
    counts = data["regions"]["mycity"]
    assert (counts["rules"], counts["clauses"], counts["covered"]) == (3, 1, 1)
    assert "tests/test_x.py:4" in (out / "mycity" / "one@2000-01-01.html").read_text()
    assert "mycity: 1" in yibao(*args)


def test_pages_in_one_language_hold_no_other(tmp_path: Path) -> None:
    small(tmp_path / "mycity")
    yibao(tmp_path / "mycity", "-o", tmp_path / "book", "--lang", "en")
    page = (tmp_path / "book" / "mycity" / "index.html").read_text()
    assert 'id="language"' not in page
    assert "文件" not in page


def test_wrong_use_is_told(tmp_path: Path) -> None:
    small(tmp_path / "a" / "city")
    small(tmp_path / "b" / "city")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "x").write_text("")
    out = ("-o", tmp_path / "book")
    told = yibao(tmp_path / "a" / "city", "-o", tmp_path / "mine", code=exit_codes.OUTPUT)
    assert "holds other things than a policy book" in told
    told = yibao(tmp_path / "a" / "city", tmp_path / "b" / "city", *out, code=exit_codes.OUTPUT)
    assert "two regions are called 'city'" in told
    assert "--tests needs --clauses" in yibao("--tests", tmp_path, *out, code=exit_codes.USAGE)
    yibao("nowhere", *out, code=exit_codes.PACK)
    yibao("--clauses", tmp_path / "no.yaml", *out, code=exit_codes.INPUT)
    assert not (tmp_path / "book").exists()
