"""Passwords: what is kept of one, and what may be one."""

from __future__ import annotations

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from yibao.errors import Refused
from yibao.text import Text

SHORTEST = 10
LONGEST = 128
DIFFERENT = 5
"""Fewest different characters: ten blanks, or one digit over and over, are guessed first."""

_HASHER = PasswordHasher()
"""Argon2id with 64 MiB and 3 passes (RFC 9106, second recommendation): 0.1 s of CPU."""


def hashed(password: str, name: str) -> str:
    """Return what is kept of a password; raises Refused for one that is too weak."""
    fits_in = SHORTEST <= len(password) <= LONGEST
    if not fits_in or len(set(password)) < DIFFERENT or name.lower() in password.lower():
        raise Refused(
            "password",
            Text(
                f"口令须 {SHORTEST} 至 {LONGEST} 个字符，至少 {DIFFERENT} 个不同，且不含用户名",
                f"a password has {SHORTEST} to {LONGEST} characters, {DIFFERENT} of them "
                "different, and not the user's name in it",
            ),
        )
    return _HASHER.hash(password)


def fits(kept: str | None, password: str) -> bool:
    """Whether a password is the one of which this is kept; None takes as long, and fits none."""
    try:
        _HASHER.verify(kept or _of_nobody(), password)
    except VerifyMismatchError:
        return False
    return kept is not None


@cache
def _of_nobody() -> str:
    return _HASHER.hash(secrets.token_urlsafe())


def made_up() -> str:
    """Return a password that nobody guesses."""
    return secrets.token_urlsafe(12)
