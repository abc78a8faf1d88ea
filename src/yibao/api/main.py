"""The application as `yibao serve` runs it, made anew in each worker."""

from __future__ import annotations

from fastapi import FastAPI

from yibao.agency.desk.registers import REGISTERS
from yibao.api.app import create_app
from yibao.api.guard.asked import trust_actor
from yibao.api.guard.tokens import Tokens, of_user
from yibao.policy.policy import load_policy


def application(url: str, region: str, *, trust: bool = False) -> FastAPI:
    """Return the application of a region on a database.

    Who asks is said by bearer tokens or, with `trust`, by whoever asks: see `trust_actor`.
    """
    identify = trust_actor if trust else Tokens([of_user])
    return create_app(url, load_policy(region), REGISTERS, identify=identify)
