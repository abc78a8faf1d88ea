"""Commands whose common options are written once: what they take, and what they give their work."""

from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.testing import CliRunner

from yibao.cli import work
from yibao.cli.sharing import At, Work, reads, writes

if TYPE_CHECKING:
    import pytest


app = typer.Typer()
Name = Annotated[str, typer.Argument(metavar="NAME", help="Whose.")]


@writes(app)
def greet(name: Name, *, times: Annotated[int, typer.Option(help="How often.")] = 1) -> Work:
    """Say good day.

    \b
    Example: greet P1
    """
    return lambda _, who: {"said": f"{who} {name}", "times": times}


@reads(app, "look-up")
def look_up() -> Work:
    """Look up."""
    return lambda _, who: {"by": who}


def told(*words: str) -> str:
    result = CliRunner().invoke(app, [*words], env={"COLUMNS": "100"})
    assert result.exit_code == 0, result.output
    return result.stdout


def test_help_names_what_is_a_commands_own_before_what_all_take() -> None:
    text = told("greet", "--help")
    own = ["NAME", "Whose.", "--times", "How often."]
    shared = ["--actor", "--database", "--json", "--lang"]
    assert [text.index(word) for word in own + shared] == sorted(
        text.index(word) for word in own + shared
    )
    assert "Say good day." in text
    assert "Example: greet P1" in text


def test_who_only_reads_is_not_asked_who_acts() -> None:
    text = told("look-up", "--help")
    assert "--database" in text
    assert "--actor" not in text


def test_a_command_gets_its_own_and_its_work_the_rest(monkeypatch: "pytest.MonkeyPatch") -> None:
    seen: list[Any] = []

    def run(at: At, done: Work) -> None:
        seen.extend([at, done(None, at.by or "")])  # type: ignore[arg-type]

    monkeypatch.setattr(work, "run", run)
    told("greet", "P1", "--times", "2", "--actor", "Li", "--database", "d", "--lang", "en")
    assert seen == [
        At("d", "Li", "en", as_json=False),
        {"said": "Li P1", "times": 2},
    ]


def test_the_function_stays_one_that_can_be_called() -> None:
    assert greet("P1", times=3)(None, "Li") == {"said": "Li P1", "times": 3}  # type: ignore[arg-type]
