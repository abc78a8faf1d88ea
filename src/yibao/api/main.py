"""The application as `yibao serve` runs it, made anew in each worker."""

from __future__ import annotations

from fastapi import FastAPI

from yibao.agency.desk.registers import REGISTERS
from yibao.api.app import create_app
from yibao.api.national.settings import PLAIN
from yibao.api.national.settings import Settings as National
from yibao.policy.policy import load_policy


def application(url: str, region: str, national: National = PLAIN, accept: str = "C") -> FastAPI:
    """Return the application of a region on a database; `accept`: the worst grade of figure."""
    return create_app(url, load_policy(region, accept=accept), REGISTERS, national)
