"""The service that `bench_desk.py` measures: everybody is insured, three hospitals have agreements.

desk_service.py URL PORT WORKERS
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import date
from functools import partial

from bench_settlement import facts
from fastapi import FastAPI

from yibao.agency.desk.office import Registers
from yibao.api.app import create_app
from yibao.api.serve import serve
from yibao.policy.model import Value
from yibao.policy.policy import load_policy
from yibao.settlement.model import Status
from yibao.store.database import Connection

PERSON = facts("person", {"scheme": "resident", "category": "adult", "contribution_tier": "high"})


def statuses(_: Connection, person: str) -> list[Status]:
    return [Status(person, date(2015, 1, 1), None, date(1960, 5, 5), PERSON)]


def institution(
    _: Connection, institution: str, day: date, visit: str, scheme: str
) -> Mapping[str, Value]:
    return {"level": institution[1]}


def application(url: str) -> FastAPI:
    return create_app(url, load_policy("tianjin"), Registers(statuses, institution))


if __name__ == "__main__":
    serve(
        partial(application, sys.argv[1]),
        host="127.0.0.1",
        port=int(sys.argv[2]),
        workers=int(sys.argv[3]),
    )
