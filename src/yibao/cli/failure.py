"""How a command says that it failed: a message on stderr and, with `--json`, an object on stdout.

The object is `{"error": {"kind": …, "exit_code": …, "message": …, "problems": [ … ]}}`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer

from yibao.cli import exit_codes
from yibao.cli.output import print_json
from yibao.errors import PackErrors, YibaoError
from yibao.masking import masked_words


def tell(error: YibaoError, *, as_json: bool) -> None:
    """Say what went wrong, without identity numbers."""
    told = masked_words(str(error))
    typer.echo(told, err=True)
    if as_json:
        kind, code = type(error).__name__, exit_codes.of(error)
        print_object(kind, code, told, problems(error))


def problems(error: YibaoError) -> list[dict[str, Any]]:
    """Return every defect that an error lists, with file and line."""
    return [
        {"file": str(d.file), "line": d.line, "found": d.found, "expected": d.expected}
        for d in (error.defects if isinstance(error, PackErrors) else ())
    ]


def print_object(
    kind: str, exit_code: int, message: str, problems: Sequence[dict[str, Any]] = ()
) -> None:
    """Print the error object on stdout, as results are printed."""
    error = {"kind": kind, "exit_code": exit_code, "message": message, "problems": problems}
    print_json({"error": error})
