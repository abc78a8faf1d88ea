"""`yibao desk reverse`: take settlements back, each by itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from yibao.agency.bills.reasons import of_desk
from yibao.agency.desk.model import DeskError, Key, Replayed
from yibao.agency.desk.office import Office
from yibao.agency.desk.reverse import TakenBack
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.filing import intake
from yibao.agency.imports import Write, write_rows
from yibao.cli import exit_codes
from yibao.cli.agency_run import finish, readers, rejects_file
from yibao.cli.desk_office import desk_exits
from yibao.cli.desk_office import office as desk_office
from yibao.cli.output import print_json
from yibao.cli.sharing import At
from yibao.interop.files.bills import REVERSAL_COLUMNS
from yibao.interop.files.encoding import Encoding
from yibao.interop.files.rowreader import Values
from yibao.money import format_yuan
from yibao.store.database import Connection
from yibao.text import Text

_TOLD = Text(
    "{number} 已由 {by} 冲正，个人账户余额 {balance} 元",
    "{number} is taken back by {by}; the personal account stands at {balance}",
)


def reverse(numbers: Sequence[int], at: At) -> None:
    """Take settlements back, each in a transaction; leaves with the exit code."""
    with desk_exits(at.lang, as_json=at.as_json):
        office, made, failed = desk_office(at), list[dict[str, Any]](), list[dict[str, Any]]()
        with at.opened() as database:
            for number in dict.fromkeys(numbers):

                def work(connection: Connection, number: int = number) -> TakenBack | Replayed:
                    return intake.reverse(connection, office, number, actor=at.who)

                try:
                    taken = database.run(work)
                except DeskError as error:
                    _, rule, why = of_desk(error)
                    failed.append({"settlement_id": number, "rule": rule, "reason": why})
                    continue
                assert isinstance(taken, TakenBack)
                balance = format_yuan(taken.account_balance)
                by = taken.settlement_id
                made.append({"settlement_id": number, "reversed_by": by, "balance": balance})
        if at.as_json:
            print_json({"made": made, "refused": failed})
        for one in () if at.as_json else made:
            text = _TOLD.pick(at.lang)
            number, by, balance = one.values()
            typer.echo(text.format(number=number, by=by, balance=balance))
        for one in failed:
            typer.echo(
                f"{one['settlement_id']}: {one['reason'].pick(at.lang)} [{one['rule']}]",
                err=True,
            )
        if failed:
            raise typer.Exit(exit_codes.REJECTED if made else exit_codes.REFUSED)


def reverse_file(file: Path, at: At, rejects: Path | None, encoding: Encoding | None) -> None:
    """Take back the settlements that a file names; leaves with the exit code.

    The same file again changes nothing.
    """
    with desk_exits(at.lang, as_json=at.as_json):
        target = rejects_file([file], rejects)
        rows = readers([file], "reversals", REVERSAL_COLUMNS, encoding)
        office = desk_office(at)
        with at.opened() as database:
            done = write_rows(database, rows, _writer(office, at.who))
        finish(done, REVERSAL_COLUMNS, target, at.lang, as_json=at.as_json)


def _writer(office: Office, actor: str) -> Write:
    def write(connection: Connection, values: Values) -> bool:
        number = values["settlement_id"]
        digest = hashlib.sha256(b"reversal").hexdigest()
        key = Key("reversals from files", str(number), digest)

        def tell(taken: TakenBack) -> tuple[int, str]:
            return 201, json.dumps({"settlement_id": taken.settlement_id})

        try:
            taken = intake.reverse(connection, office, number, actor=actor, key=key, tell=tell)
        except DeskError as error:
            column, rule, why = of_desk(error)
            raise Refusal(rule, why.zh, why.en, column=column) from None
        return isinstance(taken, TakenBack)

    return write
