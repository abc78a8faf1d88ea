"""The conversations in examples/interface, replayed against a centre, are told the same again.

`YIBAO_RECORD=1` in the environment writes them anew.
"""

import json
import os
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from centres import ENTRY, SCHEMA
from conversations import HOSPITALS, TALKS
from services import Client

from yibao.cli import app as command
from yibao.interop.national.conform import conform, read_recording
from yibao.store.database import Database

FOLDER = Path(__file__).parents[3] / "examples" / "interface"
REGISTERS = ("institution", "practitioner", "practice_site", "drug", "service", "agreement")
MOVED = {"inf_refmsgid": "", "refmsg_time": "", "respond_time": ""}
"""What of a reply is never the same again."""


@pytest.fixture(scope="module")
def database(url: str) -> Iterator[Database]:
    """A centre as the README of the examples says to make it."""
    for kind in REGISTERS:
        run("registry", "import", kind, str(FOLDER / f"{kind}s.csv"), "--database", url)
    persons = str(FOLDER / "persons.csv")
    run("enrol", "import", "takeover", persons, "--policy", "tianjin", "--database", url)
    with Database(url) as database:
        yield database


def run(*words: str) -> None:
    assert not command(words, prog_name="yibao", standalone_mode=False)


def test_recordings_are_told_the_same_again(client: Client) -> None:
    for name in TALKS:
        file = FOLDER / f"{name}.jsonl"
        if os.environ.get("YIBAO_RECORD"):
            file.write_text("".join(recorded(client, name)), encoding="utf-8")
            continue
        for line in file.read_text(encoding="utf-8").splitlines():
            exchange = exact(line)
            assert fixed(exact(sent(client, exchange["request"]))) == fixed(exchange["reply"])


@pytest.mark.parametrize("name", TALKS)
def test_recordings_keep_to_the_specification(name: str) -> None:
    exchanges = list(read_recording(FOLDER / f"{name}.jsonl"))
    assert list(conform(SCHEMA, exchanges)) == []
    assert len(exchanges) >= 7


def recorded(client: Client, name: str) -> Iterator[str]:
    """Yield the lines of a recording: what was sent and what came back, as it came."""
    talk = TALKS[name]()
    infno, body = next(talk)
    for number in range(1, 100):
        request = message(HOSPITALS[name], number, infno, body)
        told = sent(client, request)
        yield f'{{"request": {json.dumps(request, ensure_ascii=False)}, "reply": {told}}}\n'
        reply = exact(told)
        assert reply["infcode"] == 0, (infno, reply["err_msg"])
        try:
            infno, body = talk.send(reply["output"])
        except StopIteration:
            return


def message(institution: str, number: int, infno: str, body: Any) -> dict[str, Any]:
    return {
        "infno": infno,
        "msgid": f"{institution}20220301080000{number:04d}",
        "mdtrtarea_admvs": "120199",
        "insuplc_admdvs": "120000",
        "recer_sys_code": "YIBAO",
        "infver": "1.0.0",
        "opter_type": "1",
        "opter": "0001",
        "opter_name": "张三",
        "inf_time": "2022-03-01 08:00:00",
        "fixmedins_code": institution,
        "fixmedins_name": "示例医院",
        "input": body,
    }


def sent(client: Client, request: Mapping[str, Any]) -> str:
    return client("POST", ENTRY, raw=json.dumps(request, default=str).encode()).body.decode()


def exact(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text, parse_float=Decimal)
    return found


def fixed(reply: Mapping[str, Any]) -> dict[str, Any]:
    """Return a reply without the times at which it was given."""
    output = reply["output"]
    if isinstance(output, dict) and "setlinfo" in output:
        info = {**output["setlinfo"], "setl_time": bool(output["setlinfo"]["setl_time"])}
        output = {**output, "setlinfo": info}
    return {**reply, **MOVED, "output": output}
