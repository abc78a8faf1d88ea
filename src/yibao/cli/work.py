"""Commands that are one piece of work: what all of them take is written here, once.

A command declares what it takes of its own and returns its work: what to do in a transaction as
whom. Who acts, where the database is, and how the answer is told come from here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import Parameter, Signature, signature
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_type_hints

import typer

from yibao.cli.agency_run import Actor, Rejects
from yibao.cli.db_commands import Place
from yibao.cli.options import AsJson, Lang, default_language
from yibao.cli.settle_commands import EncodingName

if TYPE_CHECKING:
    from yibao.agency.imports import RowFile
    from yibao.store.database import Connection

Told = Mapping[str, Any]
"""What a command prints: named values, lists of such."""

Work = Callable[["Connection", str], Told]
"""Takes a transaction and who acts."""

Command = TypeVar("Command", bound=Callable[..., Any])

Files = Annotated[
    list[Path], typer.Argument(metavar="FILE…", help=".csv, .csv.gz, .parquet or .xlsx.")
]
Output = Annotated[Path, typer.Option("-o", "--output", help=".xlsx or .csv.")]

_LANGUAGE = default_language()


def reads(app: typer.Typer, name: str | None = None) -> Callable[[Command], Command]:
    """Make a command of a function that returns work which changes nothing."""

    def done(
        command: Callable[[], Work],
        *,
        database: Place = None,
        as_json: AsJson = False,
        lang: Lang = _LANGUAGE,
    ) -> None:
        from yibao.cli.care_run import At, run

        run(At(database, None, lang, as_json), command())

    return _made(app, name, done)


def writes(app: typer.Typer, name: str | None = None) -> Callable[[Command], Command]:
    """Make a command of a function that returns work which somebody has to answer for."""

    def done(
        command: Callable[[], Work],
        *,
        actor: Actor = None,
        database: Place = None,
        as_json: AsJson = False,
        lang: Lang = _LANGUAGE,
    ) -> None:
        from yibao.cli.care_run import At, run

        run(At(database, actor, lang, as_json), command())

    return _made(app, name, done)


def imports(app: typer.Typer, example: str) -> Callable[[Command], Command]:
    """Make the commands `import` and `template` of a function that returns a kind of row files.

    The function's text is the help of `import`; `example` is what to type for a template.
    """

    def done(
        command: Callable[[], RowFile],
        files: Files,
        *,
        rejects: Rejects = None,
        encoding: EncodingName = None,
        actor: Actor = None,
        database: Place = None,
        as_json: AsJson = False,
        lang: Lang = _LANGUAGE,
    ) -> None:
        from yibao.cli.care_run import At, import_rows

        at = At(database, actor, lang, as_json)
        import_rows(at, command(), files, rejects=rejects, encoding=encoding)

    def template(command: Callable[[], RowFile], *, output: Output, lang: Lang = _LANGUAGE) -> None:
        from yibao.cli.care_run import write_template

        write_template(command(), output, lang)

    template.__doc__ = (
        "Write an empty table to fill in. In Excel a second sheet explains the columns.\n\n"
        f"\b\nExample: {example}"
    )

    def decorate(command: Command) -> Command:
        _made(app, "template", template, template.__doc__)(command)
        return _made(app, "import", done)(command)

    return decorate


def _made(
    app: typer.Typer, name: str | None, done: Callable[..., None], text: str | None = None
) -> Callable[[Command], Command]:
    """Make a command that takes what a function takes and, after it, what `done` takes.

    `done` gets the function with its arguments filled in, and the rest. `text` is the command's
    help where it is not the function's.
    """
    common = _parameters(done, leave="command")

    def decorate(command: Command) -> Command:
        own = _parameters(command)

        def called(**given: Any) -> None:
            taken = {p.name: given.pop(p.name) for p in own}
            done(lambda: command(**taken), **given)

        parameters = sorted([*own, *common], key=lambda p: p.kind)
        called.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
        called.__annotations__ = {p.name: p.annotation for p in parameters}
        called.__name__, called.__doc__ = command.__name__, text or command.__doc__
        app.command(name)(called)
        return command

    return decorate


def _parameters(function: Callable[..., Any], leave: str = "") -> list[Parameter]:
    """Return what a function takes, but for one of a name, with annotations that are evaluated.

    What it returns is of no concern here, and may be known to the type checker only.
    """
    found = [p for name, p in signature(function).parameters.items() if name != leave]
    said = SimpleNamespace(__annotations__={p.name: p.annotation for p in found})
    names = getattr(function, "__globals__", {})
    hints = get_type_hints(said, names, include_extras=True)
    return [p.replace(annotation=hints[p.name]) for p in found]
