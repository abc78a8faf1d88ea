"""Log lines as JSON, one object each, for programs that collect them.

An error is told by its kinds and the lines of code that it went through. Its text is left out: that
of a database or a parser may quote what was asked.
"""

from __future__ import annotations

import json
import logging
import traceback
from datetime import datetime
from types import TracebackType
from typing import Any

from yibao.clock import CHINA


class JsonLines(logging.Formatter):
    """Writes `at`, `level`, `logger`, `message`, and what a record has besides."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as a line of JSON."""
        told: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, CHINA).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "served", {}),
        }
        if record.exc_info and record.exc_info[1] is not None:
            told["error"] = _chain(record.exc_info[1])
        return json.dumps(told, ensure_ascii=False)


def _chain(error: BaseException | None) -> list[dict[str, Any]]:
    """Return an error and those that it came of, the first cause last."""
    found: list[dict[str, Any]] = []
    while error is not None and len(found) < 8:
        kind = f"{type(error).__module__}.{type(error).__qualname__}"
        found.append({"kind": kind, "at": _lines(error.__traceback__)})
        error = error.__cause__ or error.__context__
    return found


def _lines(trace: TracebackType | None) -> list[str]:
    return [f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(trace)[-20:]]
