"""Which encoding a text file has: UTF-8, or GB18030 when that is certain; nothing is guessed.

Names of columns and codes can be ASCII, which both encodings share; so a file whose encoding is
uncertain still has good lines, and only the lines with other bytes are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

Encoding = Literal["utf-8", "gb18030"]

BOM = b"\xef\xbb\xbf"

_GB2312 = re.compile(rb"(?:[\x00-\x7f]|[\xa1-\xa9\xb0-\xf7][\xa1-\xfe])*")
"""ASCII and the two-byte characters of GB 2312. Latin-1 and Big5 texts, whose second bytes are
often below 0xA1, do not match."""


def detect(lines: Iterable[bytes]) -> Encoding:
    """Return the encoding of a file from its lines.

    GB18030 is certain when no line outside ASCII is UTF-8 and every one is GB 2312. In all other
    cases the answer is UTF-8, and a line that is not stays undecodable.
    """
    gb = False
    for line in lines:
        if line.isascii():
            continue
        if decodes(line, "utf-8") or _GB2312.fullmatch(line) is None:
            return "utf-8"
        gb = True
    return "gb18030" if gb else "utf-8"


def chosen(wanted: Encoding | None, lines: Iterable[bytes]) -> Encoding:
    """Return the encoding of a file, where the caller may have asked for one.

    GB18030 that was asked for is not applied to a file that is UTF-8 throughout.
    """
    if wanted != "gb18030":
        return wanted or detect(lines)
    found: Encoding = "gb18030"
    for line in lines:
        if not line.isascii():
            if not decodes(line, "utf-8"):
                return "gb18030"
            found = "utf-8"
    return found


def decodes(line: bytes, encoding: Encoding) -> bool:
    """Tell whether a line is valid in an encoding."""
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def is_utf16(start: bytes) -> bool:
    """Tell whether a file begins like UTF-16 or UTF-32."""
    return start[:2] in {b"\xff\xfe", b"\xfe\xff"} or start[:4] == b"\x00\x00\xfe\xff"
