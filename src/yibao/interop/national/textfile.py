"""The files of the interface: a text of rows by tab, "null" where a cell is empty, in a ZIP."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal

from yibao.interop.national.values import written

Cell = str | int | Decimal | date | datetime | None

NOTHING = "null"
MAX_TEXT = 64 << 20
"""Most bytes of a text that is unpacked."""


class NoTextFile(ValueError):
    """What is no ZIP with one text file; its text says in Chinese what was found."""


def packed(name: str, rows: Iterable[Sequence[Cell]]) -> bytes:
    """Return a ZIP with one text file of the name."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(name, "w") as file,
    ):
        for row in rows:
            file.write(("\t".join(map(_text, row)) + "\n").encode())
    return made.getvalue()


def _text(cell: Cell) -> str:
    """Return a cell's text; what would end the cell or the row becomes a blank."""
    text = "" if cell is None else str(written(cell))
    return " ".join(text.split()) or NOTHING


def unpacked(content: bytes) -> Iterator[list[str]]:
    """Yield the rows of a text, packed or plain; raises NoTextFile."""
    try:
        text = _unzipped(content).decode("utf-8-sig")
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError):
        raise NoTextFile("不是可以解压的ZIP文件") from None
    except UnicodeDecodeError:
        raise NoTextFile("不是UTF-8编码的文本") from None
    for line in text.splitlines():
        if line.strip():
            yield ["" if cell.strip() == NOTHING else cell.strip() for cell in line.split("\t")]


def _unzipped(content: bytes) -> bytes:
    if not content.startswith(b"PK"):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = [one for one in archive.infolist() if not one.is_dir()]
        if len(files) != 1:
            raise NoTextFile(f"ZIP中应有一个文件，有{len(files)}个")
        with archive.open(files[0]) as file:
            text = file.read(MAX_TEXT + 1)  # a size that is told in the ZIP may be a lie
    if len(text) > MAX_TEXT:
        raise NoTextFile("解压后过大")
    return text
