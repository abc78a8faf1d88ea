"""Commands of the agency: the options that they share, written once.

The function of a command takes an `At` first, then what is its own; `sharing` puts the options
behind, and makes the `At` of them. Where a command is one piece of work, its function takes only
what is its own and returns its work, and `reads`, `writes` or `imports` do the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from inspect import Parameter, Signature, signature
from pathlib import Path
from types import SimpleNamespace
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Concatenate,
    ParamSpec,
    TypeVar,
    get_type_hints,
)

import typer

from yibao.cli import agency_run
from yibao.cli.database import Actor as By
from yibao.cli.database import bind, opened
from yibao.cli.db_commands import Place
from yibao.cli.options import (
    AcceptGrade,
    AsJson,
    Lang,
    Language,
    Overlays,
    default_language,
    parse_date,
)
from yibao.cli.settle_commands import EncodingName, PolicyName

if TYPE_CHECKING:
    from yibao.agency.imports import RowFile
    from yibao.policy.policy import Policy
    from yibao.settlement.procedure import Office
    from yibao.store.database import Connection, Database
    from yibao.text import Text

Told = Mapping[str, Any]
"""What a piece of work tells: named values, lists of such."""

Work = Callable[["Connection", str], Told]
"""Takes a transaction and who acts."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class At:
    """Where something is done, by whom, by which rules, and how it is told."""

    database: str | None = None
    by: str | None = None
    lang: Language = "zh"
    as_json: bool = False
    day: date | None = None
    policy: str = ""
    overlay: Sequence[Path] | None = None
    accept_grade: str = "C"

    @property
    def who(self) -> str:
        """Who does it: the user of the machine where nobody is named."""
        return agency_run.who(self.by)

    def under(self, policy: str | None) -> At:
        """Return the same by the rules of a region, or by none."""
        return replace(self, policy=policy or "")

    def opened(self, *, reads: bool = False) -> AbstractContextManager[Database]:
        """Open the database; raises Refused where it is not of the region of the rules."""
        return opened(self.database, self.policy, reads=reads)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Yield a transaction; what is refused is told in the reader's language."""
        from yibao.cli.settle_run import exits

        with (
            exits(self.lang, as_json=self.as_json),
            opened(self.database) as database,
            database.transaction() as connection,
        ):
            self._bind(connection)
            yield connection

    def written(self, work: Callable[[Connection], Result]) -> Result:
        """Do something in one transaction; what is refused is raised."""

        def bound(connection: Connection) -> Result:
            self._bind(connection)
            return work(connection)

        with opened(self.database) as database:
            return database.run(bound)

    def _bind(self, connection: Connection) -> None:
        """Hold the database to the region of the rules; what is refused then does not bind it."""
        if self.policy:
            bind(connection, self.policy)

    def rules(self) -> Policy:
        """Load the policy; raises PackErrors."""
        from yibao.cli.settle_run import place_of
        from yibao.policy.policy import load_policy

        place, overlays = place_of(self.policy), self.overlay or ()
        return load_policy(place, accept=self.accept_grade, overlays=overlays)

    def office(self) -> Office:
        """Load the policy and what answers by its procedures; raises PackErrors."""
        from yibao.settlement.procedure import Office

        return Office(self.rules())

    def say(self, text: Text) -> None:
        """Print a line."""
        typer.echo(text.pick(self.lang))

    def tell(self, data: dict[str, Any], text: Text) -> None:
        """Print what was done, as JSON or in words."""
        from yibao.cli.output import print_json

        if self.as_json:
            print_json(data)
        else:
            self.say(text)


# --- options --------------------------------------------------------------------------------------

_BookDay = Annotated[
    date | None,
    typer.Option("--day", metavar="DATE", parser=parse_date, help="Day of the books; else today."),
]
_Files = Annotated[
    list[Path], typer.Argument(metavar="FILE…", help=".csv, .csv.gz, .parquet or .xlsx.")
]
_Output = Annotated[Path, typer.Option("-o", "--output", help=".xlsx or .csv.")]


def _option(name: str, kind: Any, default: Any = Parameter.empty) -> Parameter:
    return Parameter(name, Parameter.KEYWORD_ONLY, annotation=kind, default=default)


_REGION = [_option("policy", PolicyName), _option("overlay", Overlays, None)]
_OPTIONS: Mapping[str, Sequence[Parameter]] = {
    "by": [_option("by", By)],
    "actor": [_option("by", agency_run.Actor, None)],
    "day": [_option("day", _BookDay, None)],
    "region": _REGION,
    "rules": [*_REGION, _option("accept_grade", AcceptGrade, "C")],
    "database": [_option("database", Place, None)],
    "json": [_option("as_json", AsJson, False)],
    "lang": [_option("lang", Lang, default_language())],
}
_FILES = [
    Parameter("files", Parameter.POSITIONAL_OR_KEYWORD, annotation=_Files),
    _option("rejects", agency_run.Rejects, None),
    _option("encoding", EncodingName, None),
]
_OUTPUT = [_option("output", _Output)]

Given = dict[str, Any]
Own = ParamSpec("Own")


def sharing(*names: str) -> Callable[[Callable[Concatenate[At, Own], None]], Callable[..., None]]:
    """Return what gives a command these options, besides where the database is and the language.

    by     who does it, needed          actor  who does it, else the user of the machine
    day    the day of the books         rules  the policy, its overlays, the worst grade of figure
    region the policy and its overlays  json   print the result as JSON
    """

    def decorate(function: Callable[Concatenate[At, Own], None]) -> Callable[..., None]:
        def run(at: At, given: Given) -> None:
            function(at, **given)  # type: ignore[call-arg]

        _, *own = _parameters(function)
        return _made(run, own, (*names, "database", "lang"), like=function)

    return decorate


def _made(
    run: Callable[[At, Given], None],
    own: Sequence[Parameter],
    names: Sequence[str],
    *,
    like: Callable[..., Any],
) -> Callable[..., None]:
    """Return a command with the name and the help of another function.

    It takes what is its own, then the options of these names, and gives both to `run`.
    """
    options = [option for name in names for option in _OPTIONS[name]]
    parameters = sorted([*own, *options], key=lambda parameter: parameter.kind)

    def command(**given: Any) -> None:
        run(At(**{option.name: given.pop(option.name) for option in options}), given)

    command.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    command.__name__, command.__doc__ = like.__name__, like.__doc__
    return command


def _parameters(function: Callable[..., Any]) -> list[Parameter]:
    """Return what a function takes, with annotations that are evaluated.

    What it returns is of no concern here, and may be known to the type checker only.
    """
    found = list(signature(function).parameters.values())
    said = SimpleNamespace(__annotations__={p.name: p.annotation for p in found})
    names = getattr(function, "__globals__", {})
    hints = get_type_hints(said, names, include_extras=True)
    return [p.replace(annotation=hints[p.name]) for p in found]


# --- pieces of work -------------------------------------------------------------------------------

Command = TypeVar("Command", bound=Callable[..., Any])


def reads(app: typer.Typer, name: str | None = None) -> Callable[[Command], Command]:
    """Make a command of a function that returns work which changes nothing."""
    return _working(app, name, "database", "json", "lang")


def writes(app: typer.Typer, name: str | None = None) -> Callable[[Command], Command]:
    """Make a command of a function that returns work which somebody has to answer for."""
    return _working(app, name, "actor", "database", "json", "lang")


def _working(app: typer.Typer, name: str | None, *options: str) -> Callable[[Command], Command]:
    def decorate(command: Command) -> Command:
        def run(at: At, given: Given) -> None:
            from yibao.cli import work

            work.run(at, command(**given))

        app.command(name)(_made(run, _parameters(command), options, like=command))
        return command

    return decorate


def imports(app: typer.Typer, example: str) -> Callable[[Command], Command]:
    """Make the commands `import` and `template` of a function that returns a kind of row files.

    The function's text is the help of `import`; `example` is what to type for a template.
    """

    def decorate(command: Command) -> Command:
        own = _parameters(command)

        def kind(given: Given) -> RowFile:
            found: RowFile = command(**{p.name: given.pop(p.name) for p in own})
            return found

        def import_(at: At, given: Given) -> None:
            from yibao.cli import work

            work.import_rows(at, kind(given), **given)

        def template(at: At, given: Given) -> None:
            from yibao.cli import work

            found = kind(given)
            work.write_template(found.name, found.columns, lang=at.lang, **given)

        template.__doc__ = (
            "Write an empty table to fill in. In Excel a second sheet explains the columns.\n\n"
            f"\b\nExample: {example}"
        )
        shared = ("actor", "database", "json", "lang")
        app.command("template")(_made(template, [*own, *_OUTPUT], ["lang"], like=template))
        app.command("import")(_made(import_, [*own, *_FILES], shared, like=command))
        return command

    return decorate
