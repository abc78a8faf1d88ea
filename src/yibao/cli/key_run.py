"""What `yibao key` does."""

from __future__ import annotations

from typing import Any

import typer

from yibao.agency.enrolment import resealing
from yibao.agency.enrolment.audit import note
from yibao.cli.output import print_json
from yibao.cli.sharing import At
from yibao.store import keys as files
from yibao.store.database import Database
from yibao.store.suites import SUITES
from yibao.store.vault import newer_key, vault
from yibao.text import Text


def list_(at: At) -> None:
    """Print the keys by number, and what is sealed with each."""
    with at.transaction() as connection:
        keys, used = vault(connection).keys, resealing.uses(connection)
    told: list[dict[str, Any]] = [
        {
            "key": number,
            "suite": keys.sealing[number].suite.name if number in keys.sealing else None,
            "newest": number == keys.newest,
            "sealed": dict(used.get(number, {})),
        }
        for number in sorted({*keys.sealing, *used})
    ]
    if at.as_json:
        print_json({"index": keys.index.suite.name, "keys": told})
        return
    typer.echo(f"index {keys.index.suite.name}")
    for key in told:
        where = ", ".join(f"{name} {n:,}" for name, n in key["sealed"].items()) or "—"
        mark = (
            Text("（最新，用于加密）", " (newest: it seals)").pick(at.lang) if key["newest"] else ""
        )
        lacking = Text("（密钥文件中没有）", " (not in the file)").pick(at.lang)
        typer.echo(f"{key['key']} {key['suite'] or lacking}{mark}: {where}")


def rotate(at: At, suite: str | None) -> None:
    """Make a newer key, seal with it."""
    if suite is not None and suite not in SUITES:
        raise typer.BadParameter(f"{suite}: expected {', '.join(SUITES)} / 密码套件不存在")

    with at.opened() as database:
        with database.transaction() as connection:
            keys, file = newer_key(connection, suite), files.place(connection.info.host)
            number, name = keys.newest, keys.sealing[keys.newest].suite.name
            note(connection, at.who, "rotate-key", f"key:{number}", suite=name)
        files.rewrite(file, keys)  # not before the database knows the key for good
        _resealed(at, database, {"key": number, "suite": name})


def reseal(at: At) -> None:
    """Seal with the newest key."""
    with at.opened() as database:
        with database.transaction() as connection:
            number = vault(connection).keys.newest
        _resealed(at, database, {"key": number})


def _resealed(at: At, database: Database, told: dict[str, int | str]) -> None:
    rows = resealing.reseal(database)
    number = told["key"]
    at.tell(
        {**told, "rows": rows},
        Text(f"第 {number} 号密钥，重新加密 {rows:,} 行", f"key {number}: {rows:,} rows sealed"),
    )
