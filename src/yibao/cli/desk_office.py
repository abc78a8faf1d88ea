"""The desk's office as its commands open it, and how they end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer

from yibao.agency.bills.reasons import of_desk
from yibao.agency.desk.model import DeskError
from yibao.agency.desk.office import Office
from yibao.agency.desk.registers import REGISTERS
from yibao.cli import exit_codes, failure
from yibao.cli.database import opened
from yibao.cli.options import Language
from yibao.cli.settle_run import exits, place_of
from yibao.policy.policy import load_policy
from yibao.store.database import Database


@dataclass(frozen=True, slots=True)
class How:
    """By which rules, by whom, where; and how it is told."""

    policy: str
    overlays: Sequence[Path]
    accept: str
    actor: str | None
    place: str | None
    language: Language
    as_json: bool

    def office(self) -> Office:
        """Load the policy; raises PackErrors."""
        policy = load_policy(place_of(self.policy), accept=self.accept, overlays=self.overlays)
        return Office(policy, REGISTERS)

    def opened(self, *, reads: bool = False) -> AbstractContextManager[Database]:
        """Open the database; raises Refused where it is not of the region of the rules."""
        return opened(self.place, self.policy, reads=reads)


@contextmanager
def desk_exits(language: Language, *, as_json: bool = False) -> Iterator[None]:
    """Say in the reader's language why the desk refuses something, and what `exits` says."""
    with exits(language, as_json=as_json):
        try:
            yield
        except DeskError as error:
            column, rule, why = of_desk(error)
            message = f"{column} = {error.value}: {why.pick(language)} [{rule}]"
            typer.echo(message, err=True)
            if as_json:
                failure.print_object("Refused", exit_codes.REFUSED, message)
            raise typer.Exit(exit_codes.REFUSED) from None
