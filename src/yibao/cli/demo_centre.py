"""The part of the demonstration that hospital systems speak: a sandbox, and two conversations."""

from __future__ import annotations

import tempfile
from pathlib import Path

from rich.console import Console

from yibao.api.national.endpoint import ENTRY
from yibao.cli.demo_process import running
from yibao.cli.options import Language


def show_centre(language: Language, console: Console, recordings: Path) -> None:
    """Start a sandbox and play a visit and a stay against it, as a vendor would."""
    from yibao.cli import app

    with tempfile.TemporaryDirectory(prefix="yibao-centre-") as name:
        folder = Path(name)
        console.print("$ yibao sandbox", style="dim")
        command = ("sandbox", "--region", "tianjin", "--folder", str(folder / "kept"))
        with running(folder / "log", *command) as port:
            for recording in ("outpatient", "inpatient"):
                file = recordings / f"{recording}.jsonl"
                console.print(f"$ yibao client replay {file.name}", style="dim", markup=False)
                words = ["client", "replay", str(file), "--url", f"http://127.0.0.1:{port}{ENTRY}"]
                code = app([*words, "--lang", language], prog_name="yibao", standalone_mode=False)
                assert not code, (recording, code)
