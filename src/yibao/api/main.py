"""The application as `yibao serve` runs it, made anew in each worker."""

from __future__ import annotations

from datetime import date

from fastapi import FastAPI

from yibao.agency.desk.model import DeskError
from yibao.agency.desk.office import Facts, Registers
from yibao.api.app import create_app
from yibao.policy.policy import load_policy
from yibao.settlement.model import Status
from yibao.store.database import Connection


def application(url: str, region: str) -> FastAPI:
    """Return the application of a region on a database."""
    return create_app(url, load_policy(region), Registers(_statuses, _institution))


def _statuses(connection: Connection, person: str) -> list[Status]:
    """Return nobody's status: enrolment is not connected yet."""
    return []


def _institution(_: Connection, institution: str, day: date, visit: str, scheme: str) -> Facts:
    """Refuse every institution: the registry is not connected yet."""
    raise DeskError("no_agreement", "institution_id", institution, "an agreement in force")
