"""What the routes of an application share."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request

from yibao.agency.desk.office import Office
from yibao.api.desk.bill import Codes
from yibao.api.national.settings import CLOSED
from yibao.api.national.settings import Settings as National
from yibao.settlement.explain import Explainer
from yibao.settlement.procedure import Office as Procedures
from yibao.store.database import Database


@dataclass(frozen=True, slots=True)
class Service:
    """The database; the desk's office; explanations, procedures and codes of its policy.

    `national` says how the national interface is spoken.
    """

    database: Database
    office: Office
    explainer: Explainer
    procedures: Procedures
    codes: Codes
    national: National = CLOSED


def service_of(request: Request) -> Service:
    """Return the service that an application stands for."""
    service: Service = request.app.state.service
    return service
