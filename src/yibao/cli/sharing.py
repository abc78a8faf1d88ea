"""Options that the commands of a group share, written once.

The function of a command takes an `At` first, then what is its own; `sharing` puts the options
behind, and makes the `At` of them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, ParamSpec

import typer

from yibao.cli import agency_run
from yibao.cli.database import Actor as By
from yibao.cli.database import opened
from yibao.cli.db_commands import Place
from yibao.cli.options import AsJson, Lang, Language, default_language, parse_date

if TYPE_CHECKING:
    from yibao.store.database import Connection
    from yibao.text import Text


@dataclass(frozen=True, slots=True)
class At:
    """Where something is done, by whom, on which day of the books, and how it is told."""

    database: str | None
    lang: Language
    as_json: bool = False
    by: str | None = None
    day: date | None = None

    @property
    def who(self) -> str:
        """Who does it: the user of the machine where nobody is named."""
        return agency_run.who(self.by)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Yield a transaction; what is refused is told in the reader's language."""
        from yibao.cli.settle_run import exits

        with (
            exits(self.lang, as_json=self.as_json),
            opened(self.database) as database,
            database.transaction() as connection,
        ):
            yield connection

    def say(self, text: Text) -> None:
        """Print a line."""
        typer.echo(text.pick(self.lang))


_BookDay = Annotated[
    date | None,
    typer.Option("--day", metavar="DATE", parser=parse_date, help="Day of the books; else today."),
]


def _option(name: str, kind: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=default)


_OPTIONS: Mapping[str, inspect.Parameter] = {
    "by": _option("by", By),
    "actor": _option("by", agency_run.Actor, None),
    "day": _option("day", _BookDay, None),
    "database": _option("database", Place, None),
    "json": _option("as_json", AsJson, False),
    "lang": _option("lang", Lang, default_language()),
}

Own = ParamSpec("Own")


def sharing(*names: str) -> Callable[[Callable[Concatenate[At, Own], None]], Callable[..., None]]:
    """Return what gives a command these options, besides where the database is and the language.

    by     who does it, needed          actor  who does it, else the user of the machine
    day    the day of the books         json   print the result as JSON
    """
    options = [_OPTIONS[name] for name in (*names, "database", "lang")]

    def decorate(function: Callable[Concatenate[At, Own], None]) -> Callable[..., None]:
        signature = inspect.signature(function, eval_str=True)
        _, *own = signature.parameters.values()

        @wraps(function)
        def command(**given: Any) -> None:
            at = At(**{option.name: given.pop(option.name) for option in options})
            function(at, **given)  # type: ignore[call-arg]

        parameters = [*own, *options]
        command.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {p.name: p.annotation for p in parameters}
        return command

    return decorate
