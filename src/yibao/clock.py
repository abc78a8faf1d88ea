"""The day and time that it is where the agency is."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """Return the time that it is in China."""
    return datetime.now(CHINA)


def today() -> date:
    """Return the day that it is in China."""
    return now().date()
