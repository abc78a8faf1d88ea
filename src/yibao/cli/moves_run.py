"""What the commands of moves between regions do; a slip is a small JSON object, amounts in yuan."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import typer

from yibao.agency.accounts.moves import Slip, move_in, move_out
from yibao.cli.output import print_json
from yibao.cli.settle_run import exits, place_of
from yibao.cli.sharing import At
from yibao.errors import CannotRead
from yibao.interop.files.output import write_text
from yibao.money import format_yuan, parse_yuan
from yibao.policy.policy import load_policy
from yibao.settlement.procedure import Office
from yibao.store.database import Connection
from yibao.text import Text

_LARGEST = 64 * 1024


def out(
    at: At,
    person: str,
    *,
    policy: str,
    region: str,
    reference: str,
    last: date,
    output: Path,
) -> None:
    """Move a person out and write the slip; again, it writes the same slip."""

    def work(connection: Connection) -> Slip:
        asked = (connection, office, person)
        return move_out(*asked, region=region, reference=reference, last=last, actor=at.who)

    with exits(at.lang):
        office = Office(load_policy(place_of(policy)))
        with at.under(policy).opened() as store:
            slip = store.run(work)
        written = {
            "person_id": slip.person_id,
            "reference": slip.reference,
            "last_day": str(slip.on_day),
            "months": slip.months,
            "balance": format_yuan(slip.balance),
        }
        write_text(output, json.dumps(written, ensure_ascii=False, indent=2) + "\n")
    typer.echo(str(output))


def in_(at: At, file: Path, *, person: str, region: str, on: date) -> None:
    """Take a slip in."""
    with exits(at.lang, as_json=at.as_json):
        slip = _read(file, person, region, on)
        with at.opened() as store:
            made = store.run(lambda connection: move_in(connection, slip, actor=at.who))
    if at.as_json:
        print_json({"person_id": slip.person_id, "changed": made})
    else:
        done = Text("已转入", "taken in") if made else Text("没有变化", "nothing changes")
        typer.echo(f"{slip.person_id}: {done.pick(at.lang)}")


def _read(file: Path, person: str, region: str, on: date) -> Slip:
    """Read a slip; raises CannotRead unless it is one."""
    try:
        with file.open("rb") as stream:
            told: Any = json.loads(stream.read(_LARGEST).decode())
        months, balance = told["months"], parse_yuan(told["balance"])
        given = str(person or told["person_id"])
        reference = str(told["reference"])
    except OSError as error:
        raise CannotRead(f"{file}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise CannotRead(f"{file}: not a slip of a move / 不是转移单: {error}") from None
    if type(months) is not int or not 0 <= months <= 1200:
        raise CannotRead(f"{file}: months is {months!r}, expected a count / 月数不对")
    return Slip(given, region, reference, on, months, balance)
