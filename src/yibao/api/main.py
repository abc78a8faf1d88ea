"""The application as `yibao serve` runs it, made anew in each worker."""

from __future__ import annotations

from fastapi import FastAPI

from yibao.agency.desk.registers import registers
from yibao.api.app import create_app
from yibao.policy.policy import load_policy


def application(url: str, region: str) -> FastAPI:
    """Return the application of a region on a database."""
    return create_app(url, load_policy(region), registers())
