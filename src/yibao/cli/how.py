"""What commands that write into the books by a policy's rules share: their options, once.

A command takes a `How` first; `on` adds the options that make it up to those of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from yibao.cli.agency_run import Actor, who
from yibao.cli.db_commands import Place
from yibao.cli.options import (
    AcceptGrade,
    AsJson,
    Lang,
    Language,
    Overlays,
    default_language,
    parse_amount,
    parse_date,
    parse_text,
)
from yibao.cli.settle_commands import PolicyName
from yibao.text import Text

if TYPE_CHECKING:
    from datetime import date

    from yibao.settlement.procedure import Office
    from yibao.store.database import Connection

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class How:
    """By which rules, by whom, in which database; and how it is told."""

    actor: str | None
    database: str | None
    as_json: bool
    lang: Language
    policy: str = ""
    overlay: Sequence[Path] | None = None
    accept_grade: str = "C"

    @property
    def by(self) -> str:
        """Who acts."""
        return who(self.actor)

    def office(self) -> Office:
        """Load the policy; raises PackErrors."""
        from yibao.cli.settle_run import place_of
        from yibao.policy.policy import load_policy
        from yibao.settlement.procedure import Office

        return Office(
            load_policy(
                place_of(self.policy), accept=self.accept_grade, overlays=self.overlay or []
            )
        )

    def written(self, work: Callable[[Connection], Result]) -> Result:
        """Do something in one transaction."""
        from yibao.cli.database import opened

        with opened(self.database) as database:
            return database.run(work)

    def tell(self, data: dict[str, Any], text: Text) -> None:
        """Print what was done, as JSON or in words."""
        from yibao.cli.output import print_json

        if self.as_json:
            print_json(data)
        else:
            typer.echo(text.pick(self.lang))


def _rules(
    *, policy: PolicyName, overlay: Overlays = None, accept_grade: AcceptGrade = "C"
) -> None: ...


def _always(
    *,
    actor: Actor = None,
    database: Place = None,
    as_json: AsJson = False,
    lang: Lang = default_language(),  # noqa: B008 (once, when the program starts)
) -> None: ...


def on(
    group: typer.Typer, name: str | None = None, *, rules: bool = True
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add a command to a group with the options of a How; those of the policy if it asks rules."""

    def add(command: Callable[..., None]) -> Callable[..., None]:
        templates: list[Callable[..., None]] = [_rules, _always] if rules else [_always]
        shared = [p for t in templates for p in signature(t, eval_str=True).parameters.values()]
        names = [parameter.name for parameter in shared]

        def run(**given: Any) -> None:
            how = How(**{name: given.pop(name) for name in names})
            command(how, **given)

        _, *own = signature(command, eval_str=True).parameters.values()
        asked = [p.replace(kind=Parameter.KEYWORD_ONLY) for p in own]
        run.__signature__ = Signature([*asked, *shared])  # type: ignore[attr-defined]
        run.__name__, run.__doc__ = command.__name__, command.__doc__
        group.command(name)(run)
        return command

    return add


Day = Annotated[
    "date",
    typer.Option("--on", metavar="DATE", parser=parse_date, help="The day of the books."),
]
DayOrFirst = Annotated[
    "date | None",
    typer.Option(
        "--on", metavar="DATE", parser=parse_date, help="The day of the books; else the first."
    ),
]
Why = Annotated[str, typer.Option("--reason", parser=parse_text, help="Why, for the audit.")]
Reference = Annotated[
    str, typer.Option(parser=parse_text, help="A number of its own: it happens once.")
]
Yuan = Annotated[
    int, typer.Option("--amount", metavar="YUAN", parser=parse_amount, help="Such as 320.00.")
]
YuanOrAll = Annotated[
    int | None,
    typer.Option(
        "--amount", metavar="YUAN", parser=parse_amount, help="Such as 320.00; else all of it."
    ),
]
