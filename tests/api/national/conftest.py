"""A centre of Tianjin, with a town around it, on a database of its own for each file of tests."""

from collections.abc import Iterator

import agency_town
import databases
import pytest
from centres import Hospital
from desks import tianjin
from fastapi import FastAPI
from services import Client, running

from yibao.agency.desk.registers import REGISTERS
from yibao.api.app import create_app
from yibao.api.guard.asked import trust_actor
from yibao.api.national.settings import PLAIN
from yibao.store.database import Database
from yibao.store.sight import EVERYTHING


@pytest.fixture(scope="module")
def url(server_url: str) -> Iterator[str]:
    with databases.copy(server_url, "template") as url:
        yield url


@pytest.fixture(scope="module")
def database(url: str) -> Iterator[Database]:
    with Database(url, sight=EVERYTHING) as database:
        agency_town.build(database, "P1", "P2")
        yield database


@pytest.fixture(scope="module")
def app(url: str, database: Database) -> FastAPI:
    return create_app(url, tianjin(), REGISTERS, identify=trust_actor, interface=PLAIN)


@pytest.fixture(scope="module")
def client(app: FastAPI) -> Iterator[Client]:
    with running(app) as port:
        client = Client(port)
        yield client
        client.close()


@pytest.fixture
def hospital(client: Client) -> Hospital:
    return Hospital(client)


@pytest.fixture
def pharmacy(client: Client) -> Hospital:
    return Hospital(client, "P1")
