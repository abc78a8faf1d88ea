"""What can go wrong with the database, apart from what is asked of it."""

from __future__ import annotations

from yibao.errors import YibaoError


class StoreError(YibaoError):
    """The database cannot be used: not there, not reachable, of another version, full."""
