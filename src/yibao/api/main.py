"""The application as `yibao serve` runs it, made anew in each worker."""

from __future__ import annotations

from fastapi import FastAPI

from yibao.agency.desk.registers import REGISTERS
from yibao.api.app import create_app
from yibao.api.guard.asked import trust_actor
from yibao.api.guard.oidc import Oidc, Provider
from yibao.api.guard.rates import rates
from yibao.api.guard.signed import Keys
from yibao.api.guard.tokens import Find, Tokens, of_user
from yibao.api.national.settings import CLOSED, Settings
from yibao.policy.policy import load_policy


def application(
    url: str,
    region: str,
    *,
    trust: bool = False,
    provider: Provider | None = None,
    signers: Keys | None = None,
    rate: float = 100.0,
    interface: Settings = CLOSED,
    accept: str = "C",
) -> FastAPI:
    """Return the application of a region on a database.

    Who asks is said by tokens of our own users and of an identity provider, or, with `trust`, by
    whoever asks: see `trust_actor`. Who is known may ask each
    process `rate` times a second; requests of `signers` have to be signed. `interface` says how the
    national interface is spoken, if it is; `accept`, the worst grade of figure that settles.
    """
    ways: list[Find] = [of_user] if provider is None else [Oidc(provider), of_user]
    identify = trust_actor if trust else Tokens(ways, rates(rate))
    policy = load_policy(region, accept=accept)
    return create_app(
        url, policy, REGISTERS, identify=identify, signers=signers, interface=interface
    )
