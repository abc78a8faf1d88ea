"""Whether a dump of a database tells what nobody should read in it."""

from __future__ import annotations

import json
import subprocess
from base64 import b64encode
from collections.abc import Iterable

from yibao.store.server import program


def dumped(url: str) -> str:
    """Return every row of every table as text."""
    return subprocess.run(
        [program("pg_dump"), url], capture_output=True, text=True, check=True
    ).stdout


def read_in(text: str, secrets: Iterable[str]) -> list[str]:
    """Return the forms of secrets that stand in a text: as they are, escaped, as bytes, encoded."""
    return [form for secret in secrets for form in _forms(secret) if form in text]


def _forms(secret: str) -> Iterable[str]:
    raw = secret.encode()
    forms = {
        secret,
        secret.lower(),
        json.dumps(secret)[1:-1],
        raw.hex(),
        *(b64encode(b" " * n + raw)[4:-4].decode() for n in range(3)),
    }
    return sorted(form for form in forms if form)
