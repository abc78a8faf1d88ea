"""The part of the demonstration that hospital systems speak: a sandbox, and two conversations."""

from __future__ import annotations

import tempfile
from pathlib import Path

from rich.console import Console

from yibao.api.national.endpoint import ENTRY
from yibao.cli.demo_process import running
from yibao.cli.options import Language
from yibao.text import Text

_WORDS = {
    "sandbox": Text(
        "沙箱里的机构和人都是虚构的。以下会话重放录制的报文，再看应答是否与录制相同。",
        "Nobody in the sandbox exists. Recorded messages are sent again, and the replies compared.",
    ),
    "outpatient": Text(
        "居民（低档）一人在区医院看一次门诊，结算后退费：",
        "A resident of the low tier sees a physician at the second hospital; then taken back:",
    ),
    "inpatient": Text(
        "退休人员一人在市医院住院七天，出院结算后退费：",
        "Somebody retired stays a week in the third hospital; then taken back:",
    ),
}


def show_centre(language: Language, console: Console, recordings: Path) -> None:
    """Start a sandbox and play a visit and a stay against it, as a vendor would."""
    from yibao.cli import app

    with tempfile.TemporaryDirectory(prefix="yibao-centre-") as name:
        folder = Path(name)
        console.print(_WORDS["sandbox"].pick(language), markup=False)
        console.print("$ yibao sandbox", style="dim")
        command = ("sandbox", "--region", "tianjin", "--folder", str(folder / "kept"))
        with running(folder / "log", *command) as port:
            for recording in ("outpatient", "inpatient"):
                file = recordings / f"{recording}.jsonl"
                console.print(_WORDS[recording].pick(language), markup=False)
                console.print(f"$ yibao client replay {file.name}", style="dim", markup=False)
                words = ["client", "replay", str(file), "--url", f"http://127.0.0.1:{port}{ENTRY}"]
                code = app([*words, "--lang", language], prog_name="yibao", standalone_mode=False)
                assert not code, (recording, code)
