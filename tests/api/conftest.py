"""A service of Tianjin with two persons, on a database of its own for each test."""

from collections.abc import Iterator

import pytest
from desks import register, status
from fastapi import FastAPI
from services import Client, Contract, app_of, running

from yibao.store.database import Database
from yibao.store.sight import EVERYTHING

RETIRED = {"scheme": "employee", "category": "retired", "large_expense_paid": True}


@pytest.fixture
def app(url: str) -> FastAPI:
    with Database(url, sight=EVERYTHING) as database:
        register(database, "P1", "P2", account=500_00)
    return app_of(url, status("P1"), status("P2", **RETIRED))


@pytest.fixture(scope="session")
def contract() -> Contract:
    return Contract()


@pytest.fixture
def port(app: FastAPI) -> Iterator[int]:
    with running(app) as port:
        yield port


@pytest.fixture
def client(port: int, contract: Contract) -> Iterator[Client]:
    client = Client(port, contract)
    yield client
    client.close()
