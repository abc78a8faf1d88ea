"""The part of the demonstration at the agency: a town enrolled, billed, treated, cleared.

Every step is a command as a user would give it, on files as a user would have them; the bills come
in over HTTP from three hospitals at once.
"""

from __future__ import annotations

import json
import shlex
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from rich.console import Console

from yibao.agency.users import sessions
from yibao.cli import exit_codes
from yibao.cli.database import opened
from yibao.cli.demo_process import running
from yibao.cli.options import Language
from yibao.cli.sample import read_rows, write_tables
from yibao.cli.sample_replies import own_records, receipts
from yibao.cli.sample_town import BIG, MONTH, YEAR, sample_town
from yibao.clock import today
from yibao.store.server import serving
from yibao.text import Text

_WORDS = {
    "registers": Text("机构、协议、单位、家庭、职工入库", "Institutions, agreements, people enter"),
    "money": Text(
        "核定并收取保费，个人账户记账", "Contributions are billed and come, accounts fill"
    ),
    "bills": Text(
        "三家医院同时经 HTTP 结算一个月的费用", "Three hospitals settle a month's bills at once"
    ),
    "settled": Text(
        "{settled} 笔结算，{refused} 笔被拒（{rules}），{again} 笔重复请求得到相同答复，"
        "{back} 笔退费；每秒 {rate} 笔",
        "{settled} settled, {refused} refused ({rules}), {again} asked again with the same reply, "
        "{back} taken back; {rate} a second",
    ),
    "clearing": Text("与医院清算", "Clearing with a hospital"),
    "balance": Text("试算平衡", "The trial balance"),
    "story": Text(
        "与医院的账对账：医院一笔多记 36.00 元，漏记一笔退费",
        "The hospital's file: one amount is 36.00 too high, and a refund is lacking",
    ),
}

Bill = dict[str, Any]
Reply = tuple[int, dict[str, Any]]


def show_town(language: Language, console: Console) -> None:
    """Show the agency's work on one town; everything is thrown away afterwards."""

    def step(key: str) -> None:
        console.print()
        console.print(_WORDS[key].pick(language), style="bold", markup=False)

    town = sample_town()
    with tempfile.TemporaryDirectory(prefix="yibao-town-") as name:
        folder = Path(name)
        write_tables(folder, town.files)
        place = folder / "data"
        desk = _Desk(folder, place, language, console)
        with serving(str(place), make=True):  # so that no command has to wait for it
            step("registers")
            desk.run("db init")
            for kind in ("institution", "agreement"):
                desk.run(f"registry import {kind} {kind}s.csv")
            for kind in ("employers", "persons", "staff"):
                desk.run(f"enrol import {kind} {kind}.csv --policy tianjin")
            step("money")
            _collect(desk)
            step("bills")
            settled = _settle(desk, town.bills)
            step("clearing")
            _clear(desk)
            step("balance")
            desk.run("ledger trial-balance")
            desk.run("ledger verify")
            step("story")
            _reconcile(desk, settled)


class _Desk:
    """Runs commands on the town's files and database, showing each as it would be typed."""

    def __init__(self, folder: Path, place: Path, language: Language, console: Console) -> None:
        self.folder, self.place, self.language, self.console = folder, place, language, console

    def run(self, command: str, expected: int = exit_codes.OK) -> None:
        from yibao.cli import app

        self.console.print(f"$ yibao {command}", style="dim", markup=False)
        words = [
            str(self.folder / word) if word.endswith((".csv", ".xlsx")) else word
            for word in shlex.split(command)
        ]
        language = [] if words[0] == "db" else ["--lang", self.language]
        arguments = [*words, "--database", str(self.place), *language]
        code = app(arguments, prog_name="yibao", standalone_mode=False) or exit_codes.OK
        assert code == expected, (command, code)


def _collect(desk: _Desk) -> None:
    """Bill the town, let everybody pay who is billed, and credit the accounts."""
    desk.run(f"contributions bill --policy tianjin --year {YEAR} --on {YEAR - 1}-11-01")
    for month in range(1, MONTH + 1):
        desk.run(f"contributions bill --policy tianjin --month {YEAR}-{month:02d}")
    desk.run(f"contributions arrears --date {YEAR}-{MONTH:02d}-01 -o arrears.csv")
    owed = read_rows(desk.folder / "arrears.csv")
    write_tables(desk.folder, {"bank": receipts(owed, date(YEAR - 1, 12, 20))})
    desk.run("contributions receive bank.csv --policy tianjin")
    for month in range(1, MONTH + 1):
        desk.run(f"accounts credit --policy tianjin --month {YEAR}-{month:02d}")


# --- bills over HTTP ------------------------------------------------------------------------------


def _settle(desk: _Desk, bills: Mapping[str, Sequence[Bill]]) -> list[Bill]:
    """Send every hospital's bills at once; return the replies to those that were settled."""
    for hospital in bills:
        desk.run(f"user add {hospital} --role institution --own {hospital}")
    tokens = _tokens(desk.place, list(bills))
    # A rate that nobody meets: it is the service whose speed is told.
    command = ("serve", "--region", "tianjin", "--rate", "1000", "--database", str(desk.place))
    log = desk.place.with_name("service.log")
    with running(log, *command) as port, ThreadPoolExecutor(len(bills)) as hospitals:
        began = time.perf_counter()
        replies = list(hospitals.map(partial(_hospital, port), tokens, bills.values()))
        seconds = time.perf_counter() - began
    told = [reply for own in replies for reply in own]
    settled = [body for status, body in told if status == 201 and "claim_no" in body]
    refused = Counter(body["rule"] for status, body in told if status >= 400)
    back = [body for status, body in told if "reverses" in body]
    rules = ", ".join(f"{rule} {n}" for rule, n in refused.most_common())
    desk.console.print(
        _WORDS["settled"]
        .pick(desk.language)
        .format(
            settled=len(settled),
            refused=refused.total(),
            rules=rules,
            again=len(bills),
            back=len(back),
            rate=round(len(told) / seconds),
        ),
        markup=False,
    )
    return settled


def _tokens(place: Path, names: Sequence[str]) -> list[str]:
    """Return a token of each user."""
    with opened(str(place)) as database, database.transaction() as connection:
        return [sessions.issue(connection, name, actor="demo")[0] for name in names]


def _hospital(port: int, token: str, bills: Sequence[Bill]) -> list[Reply]:
    """Send a hospital's bills one after the other, the first twice; take the last back."""
    connection = HTTPConnection("127.0.0.1", port)
    post = partial(_post, connection, token)
    replies = [post("/desk/settlements", bill, bill["claim_no"]) for bill in bills]
    again = post("/desk/settlements", bills[0], bills[0]["claim_no"])
    assert again == replies[0], "the same key gets the same reply"
    last = next(body for status, body in reversed(replies) if status == 201)
    number = last["settlement_id"]
    path = f"/desk/settlements/{number}/reversal"
    replies.append(post(path, {}, f"back-{last['claim_no']}"))
    connection.close()
    return replies


def _post(
    connection: HTTPConnection, token: str, path: str, body: Mapping[str, Any], key: str
) -> Reply:
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Idempotency-Key": key,
    }
    connection.request("POST", path, json.dumps(body) if body else None, headers)
    reply = connection.getresponse()
    return reply.status, json.loads(reply.read())


# --- clearing and reconciliation ------------------------------------------------------------------


def _clear(desk: _Desk) -> None:
    """Apply for this month before its end, with a day of the next in the books; audit, pay."""
    day = today()
    over = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    what = f"{BIG} {day:%Y-%m}"
    desk.run(f"clearing apply {what} --by 甲 --early --day {over}")
    desk.run(
        f"clearing audit {what} --by 乙 --day {over} --deposit-rate 5% --cite example-agreement"
    )
    desk.run(f"clearing pay {what} --by 丙 --day {over}")


def _reconcile(desk: _Desk, settled: Sequence[Bill]) -> None:
    """Compare the desk with a hospital's file in which two things are wrong."""
    rows = own_records(settled, BIG)
    write_tables(desk.folder, {"hospital": rows})
    desk.run(
        f"reconcile {BIG} hospital.csv --day {rows[0]['settled_at'][:10]}", exit_codes.FINDINGS
    )
