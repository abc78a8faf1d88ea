"""SM2 signatures (GB/T 32918.2-2016) over the recommended curve (GB/T 32918.5-2017), with SM3.

Checking alone: it works on what everybody may know, so that it takes the time that it takes tells
nobody anything. Nothing here signs or keeps a secret.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cryptography.hazmat.primitives.hashes import SM3, Hash

_P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
_A = _P - 3
_B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
_N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
_G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)

_KEY = re.compile("04[0-9a-fA-F]{128}")

USUAL_ID = b"1234567812345678"
"""Who signs, where nothing else is agreed (GM/T 0009-2012)."""

_Point = tuple[int, int, int]
"""A point in Jacobian coordinates; that with z = 0 is the neutral one."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A point of the curve."""

    x: int
    y: int


def public_key(text: str) -> PublicKey:
    """Return the key that is written as 04 and two numbers of 64 hexadecimal digits.

    Raises ValueError for what is no point of the curve.
    """
    if not _KEY.fullmatch(text):
        raise ValueError("expected 04 and 128 hexadecimal digits")
    x, y = int(text[2:66], 16), int(text[66:], 16)
    if not (0 <= x < _P and 0 <= y < _P and (y * y - x * x * x - _A * x - _B) % _P == 0):
        raise ValueError("expected a point of the curve")
    return PublicKey(x, y)


def verify(key: PublicKey, message: bytes, signature: bytes, who: bytes = USUAL_ID) -> bool:
    """Whether a signature (r and s, 32 bytes each) is that of a key's holder under a message."""
    if len(signature) != 64:
        return False
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    if not (0 < r < _N and 0 < s < _N):
        return False
    t = (r + s) % _N
    if t == 0:
        return False
    e = int.from_bytes(sm3(_of(key, who) + message))
    x = _sum_of(s, _G, t, (key.x, key.y))
    return x is not None and (e + x) % _N == r


def _of(key: PublicKey, who: bytes) -> bytes:
    """Return Z, the digest of who signs and with which key."""
    length = (8 * len(who)).to_bytes(2)
    numbers = (_A, _B, *_G, key.x, key.y)
    return sm3(length + who + b"".join(n.to_bytes(32) for n in numbers))


def sm3(data: bytes) -> bytes:
    """Return the SM3 (GB/T 32905-2016) of data."""
    made = Hash(SM3())
    made.update(data)
    return made.finalize()


def _sum_of(s: int, g: tuple[int, int], t: int, q: tuple[int, int]) -> int | None:
    """Return the x of s·g + t·q, None for the neutral point: both in one walk over the bits."""
    points: dict[tuple[int, int], _Point] = {(1, 0): (*g, 1), (0, 1): (*q, 1)}
    points[1, 1] = _add(points[1, 0], points[0, 1])
    found: _Point = (1, 1, 0)
    for bit in range(max(s.bit_length(), t.bit_length()) - 1, -1, -1):
        found = _double(found)
        which = s >> bit & 1, t >> bit & 1
        if which != (0, 0):
            found = _add(found, points[which])
    x, _, z = found
    return None if z == 0 else x * pow(z, -2, _P) % _P


def _double(point: _Point) -> _Point:
    x, y, z = point
    if y == 0 or z == 0:
        return 1, 1, 0
    square = y * y % _P
    s = 4 * x * square % _P
    zz = z * z % _P
    m = 3 * (x - zz) * (x + zz) % _P  # since a is -3
    new = (m * m - 2 * s) % _P
    return new, (m * (s - new) - 8 * square * square) % _P, 2 * y * z % _P


def _add(one: _Point, other: _Point) -> _Point:
    if one[2] == 0:
        return other
    if other[2] == 0:
        return one
    (x1, y1, z1), (x2, y2, z2) = one, other
    zz1, zz2 = z1 * z1 % _P, z2 * z2 % _P
    u1, u2 = x1 * zz2 % _P, x2 * zz1 % _P
    s1, s2 = y1 * zz2 * z2 % _P, y2 * zz1 * z1 % _P
    if u1 == u2:
        return _double(one) if s1 == s2 else (1, 1, 0)
    h, r = u2 - u1, s2 - s1
    hh = h * h % _P
    hhh, v = hh * h % _P, u1 * hh % _P
    x = (r * r - hhh - 2 * v) % _P
    return x, (r * (v - x) - s1 * hhh) % _P, h * z1 * z2 % _P
