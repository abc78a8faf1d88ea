"""`yibao sandbox` as a vendor starts it: it says what is there, answers, records, can be kept."""

import json
import re
import signal
import sys
from pathlib import Path
from subprocess import STDOUT, Popen
from time import monotonic, sleep
from typing import Any

import pytest
from typer.testing import CliRunner

from yibao.cli import app
from yibao.cli.sample_centre import sandbox_files
from yibao.interop.national.client import Centre, send
from yibao.interop.national.conform import conform, read_recording
from yibao.interop.national.load import interface
from yibao.interop.national.sample import request

EXAMPLES = Path(__file__).parents[2] / "examples" / "national"
ENTRY = re.compile(r"http://\S+/callService")


class Sandbox:
    """A sandbox in a process of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        command = [sys.executable, "-m", "yibao.cli", "sandbox", "--folder", str(folder)]
        self.log = folder.with_name("log")
        with self.log.open("w") as log:
            self.process = Popen([*command, "--port", "0", *options], stdout=log, stderr=STDOUT)
        end = monotonic() + 120
        while not (found := ENTRY.search(self.log.read_text())):
            assert self.process.poll() is None, self.log.read_text()
            assert monotonic() < end
            sleep(0.1)
        self.centre = Centre(found[0])

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)


def sign_in(code: str) -> dict[str, Any]:
    return {**request(interface(), "9001"), "fixmedins_code": code}


def who_is(number: str, message: str) -> dict[str, Any]:
    asked = request(interface(), "1101")
    asked["input"]["data"] |= {"mdtrt_cert_type": "02", "mdtrt_cert_no": number}
    return {**asked, "msgid": message, "fixmedins_code": "H12019900001"}


def goes_as_recorded(file: Path, centre: Centre) -> None:
    run = CliRunner().invoke(app, ["client", "replay", str(file), "--url", centre.url, "--json"])
    assert run.exit_code == 0, run.output
    told = json.loads(run.output)
    assert told["played"] == len(list(read_recording(file))) > 10
    assert told["different"] == 0


def rows_of(infno: str, centre: Centre) -> int:
    """Return how many rows the file of a catalogue has, asked for by the command."""
    asked = request(interface(), infno)
    asked |= {"msgid": f"H1201990000120260302093000{infno}", "fixmedins_code": "H12019900001"}
    given = json.dumps({**asked, "input": {"data": {"ver": "0"}}}, default=str)
    command = ["client", "send", "-", "--sign-in", "--url", centre.url]
    run = CliRunner().invoke(app, command, input=given)
    assert run.exit_code == 0, run.output
    return int(json.loads(run.output)["output"]["data_cnt"])


def test_a_vendor_starts_one_and_comes_back_to_it(tmp_path: Path) -> None:
    recording = tmp_path / "traffic.jsonl"
    first = Sandbox(tmp_path / "kept", "--record", str(recording))
    try:
        told = first.log.read_text()
        assert "在职职工" in told
        assert "H12019900001" in told
        assert send(first.centre, sign_in("H12019900001"))["infcode"] == 0
        assert send(first.centre, sign_in("H12010100001"))["infcode"] == -1
        for number, row in enumerate(sandbox_files("tianjin")["persons"]):
            reply = send(first.centre, who_is(row["identity_number"], f"M{number}"))
            assert reply["infcode"] == 0, reply
            assert reply["output"]["baseinfo"]["psn_name"] == row["name"]
            assert reply["output"]["insuinfo"], row
    finally:
        assert first.stop() == 130  # as of a program that Ctrl-C ends
    exchanges = list(read_recording(recording))
    assert len(exchanges) == 2 + len(sandbox_files("tianjin")["persons"])
    assert [f for f in conform(interface(), exchanges) if f.kind != "extra"] == []

    again = Sandbox(tmp_path / "kept", "--json", "--sign-in", "required")
    try:
        told, _ = json.JSONDecoder().raw_decode(again.log.read_text())
        assert told["persons"][0]["name"] == "在职职工"
        unsigned = send(again.centre, who_is(told["persons"][0]["identity_number"], "M"))
        assert "请先签到(9001)" in unsigned["err_msg"]
        for infno in (f"13{n:02}" for n in (1, *range(5, 9), 10, 11, *range(13, 16))):
            assert rows_of(infno, again.centre) > 0, infno
        for name in ("outpatient", "inpatient", "outpatient"):  # as often as one likes
            goes_as_recorded(EXAMPLES / f"{name}.jsonl", again.centre)
    finally:
        assert again.stop() == 130


@pytest.mark.parametrize("recording", ["outpatient", "inpatient"])
def test_the_recorded_conversations_are_as_specified(recording: str) -> None:
    exchanges = read_recording(EXAMPLES / f"{recording}.jsonl")
    assert list(conform(interface(), exchanges)) == []


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--region", "hunan"], 2, "there are sandboxes of tianjin, jining"),
        (["--profile", "x"], 2, "there are: hunan"),
        (["--record", "/nowhere/traffic.jsonl"], 5, "/nowhere/traffic.jsonl: No such file"),
    ],
)
def test_what_cannot_be_started_is_told_before_anything_is_made(
    options: list[str], code: int, says: str
) -> None:
    run = CliRunner().invoke(app, ["sandbox", *options])
    assert (run.exit_code, says in run.output) == (code, True), run.output
