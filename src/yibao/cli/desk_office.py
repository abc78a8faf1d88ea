"""The desk's office as its commands open it, and how they end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from yibao.agency.bills.reasons import of_desk
from yibao.agency.desk.model import DeskError
from yibao.agency.desk.office import Office
from yibao.agency.desk.registers import REGISTERS
from yibao.cli import exit_codes, failure
from yibao.cli.options import Language
from yibao.cli.settle_run import exits
from yibao.cli.sharing import At


def office(at: At) -> Office:
    """Load the policy that a desk settles by; raises PackErrors."""
    return Office(at.rules(), REGISTERS)


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
