"""Options that commands share: behind a command's own, and given to it as where it acts."""

from datetime import date
from typing import Annotated

import typer
from typer.testing import CliRunner

from yibao.cli.sharing import At, sharing

made: list[tuple[At, str]] = []
app = typer.Typer()

Name = Annotated[str, typer.Argument(metavar="NAME", help="Whose.")]


@app.command()
@sharing("by", "day", "json")
def full(at: At, name: Name) -> None:
    """Do it all."""
    made.append((at, name))


@app.command()
@sharing("actor")
def short(at: At, *, loud: bool = False) -> None:
    """Do less."""
    made.append((at, str(loud)))


def call(*args: str) -> int:
    made.clear()
    return CliRunner().invoke(app, list(args)).exit_code


def test_what_is_given_is_where_it_acts() -> None:
    asked = ("full", "X", "--by", "Li Ming", "--day", "2026-03-01", "--json", "--database", "d")
    assert call(*asked, "--lang", "en") == 0
    at = At(database="d", lang="en", as_json=True, by="Li Ming", day=date(2026, 3, 1))
    assert made == [(at, "X")]


def test_only_the_options_that_were_named_are_there() -> None:
    assert call("full", "X") == 2  # --by is needed
    assert call("short", "--json") == 2
    assert call("short", "--by", "x") == 2
    assert call("short", "--actor", "Wang Fang", "--loud") == 0
    ((at, loud),) = made
    assert (at.who, at.as_json, at.day, loud) == ("Wang Fang", False, None, "True")


def test_help_has_the_own_arguments_first_and_every_option() -> None:
    told = CliRunner().invoke(app, ["full", "--help"]).output
    assert "Do it all." in told
    found = [told.index(text) for text in ("NAME", "--by", "--day", "--json", "--database")]
    assert found == sorted(found)
