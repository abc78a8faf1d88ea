"""What the commands around the desk share: one piece of work in one transaction, and what it told.

A piece of work returns what to print: named values, lists of such, or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from yibao.cli.agency_run import who
from yibao.cli.database import opened
from yibao.cli.options import Language
from yibao.cli.output import console, print_json
from yibao.cli.settle_run import exits
from yibao.store.database import Connection

Told = Mapping[str, Any]
Work = Callable[[Connection, str], Told]
"""Takes a transaction and who acts."""


@dataclass(frozen=True, slots=True)
class At:
    """Where work is done, by whom, and how it is told."""

    database: str | None
    actor: str | None
    language: Language
    as_json: bool


def run(at: At, work: Work) -> None:
    """Do a piece of work and print what it told; leaves with the code of what is refused."""
    with exits(at.language, as_json=at.as_json), opened(at.database) as database:
        told = database.run(lambda connection: work(connection, who(at.actor)))
    if at.as_json:
        print_json(_plain(told))
        return
    page = console()
    for name, value in told.items():
        if isinstance(value, list):
            page.print(f"{name}:", style="bold")
            for row in value:
                shown = ", ".join(f"{k}={v}" for k, v in row.items() if v not in {"", None})
                page.print(f"  {shown}", soft_wrap=True)
        else:
            page.print(f"{name}: {value}", soft_wrap=True)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, date | datetime) else value
