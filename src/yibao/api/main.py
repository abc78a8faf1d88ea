"""The application as `yibao serve` runs it, made anew in each worker."""

from __future__ import annotations

from fastapi import FastAPI

from yibao.agency.desk.registers import REGISTERS
from yibao.api.app import create_app
from yibao.api.national.settings import PLAIN, Settings
from yibao.policy.policy import load_policy


def application(
    url: str, region: str, interface: Settings = PLAIN, accept: str = "C"
) -> FastAPI:
    """Return the application of a region on a database, speaking the national interface so.

    `accept`: the worst grade of figure that settles.
    """
    return create_app(url, load_policy(region, accept=accept), REGISTERS, interface)
