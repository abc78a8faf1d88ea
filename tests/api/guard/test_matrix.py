"""Each role at each operation, over HTTP, against `matrix.csv`: a right that changes is a diff.

The file was read by a person; the table of the service is asked for nothing here but the roles. A
request is sent with everything in it one's own (id 1), then with everything another's (id 2).

    all   may do it with anybody's      own   with its own alone      -     may not
"""

import asyncio
import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from desks import office
from fastapi import FastAPI, Request

from yibao.agency.desk.registers import REGISTERS
from yibao.api.app import create_app
from yibao.api.guard.principal import NOBODY, Principal
from yibao.api.guard.roles import OWN, ROLES
from yibao.api.guard.table import TABLE
from yibao.store.errors import StoreError

FILE = Path(__file__).with_name("matrix.csv")
MINE, THEIRS = "1", "2"
REFUSED = {401, 403}


class NoDatabase:
    """A database in which the thing with a number is that of whoever has the same number."""

    def run(self, work: Any) -> Any:
        return work(self)

    def execute(self, query: Any, given: Any = ()) -> Any:
        text = query.decode() if isinstance(query, bytes) else str(query)
        called = text.partition(" FROM ")[0].split(" AS ")[1:]
        names = [name for one in called if (name := one.split(",")[0]) in OWN]
        if not names or len(given) != 1:
            raise StoreError("there is none")

        return Found(names, given[0])


class Found:
    """A row of columns that all hold one value."""

    def __init__(self, names: list[str], value: str) -> None:
        self.description = [SimpleNamespace(name=name) for name in names]
        self.rows = [[value] * len(names)]

    def __iter__(self) -> Iterator[list[str]]:
        return iter(self.rows)


async def who(request: Request) -> Principal:
    role = request.headers.get("x-role")
    if role is None:
        return NOBODY
    return Principal(f"a-{role}", frozenset({role}), {role: MINE} if role in OWN else {})


@dataclass(frozen=True)
class Operation:
    id: str
    method: str
    path: str
    names: tuple[str, ...]
    fields: tuple[str, ...] | None


@pytest.fixture(scope="module")
def app() -> FastAPI:
    made = office()
    app = create_app("postgresql://nowhere", made.policy, REGISTERS, identify=who)
    app.state.service = SimpleNamespace(database=NoDatabase(), office=made)
    return app


def operations(app: FastAPI) -> Iterator[Operation]:
    document = app.openapi()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            fields = None
            if "requestBody" in operation:
                schema = operation["requestBody"]["content"]["application/json"]["schema"]
                name = schema["$ref"].rpartition("/")[2]
                fields = tuple(document["components"]["schemas"][name]["properties"])
            names = [p["name"] for p in operation.get("parameters", ()) if p["in"] == "query"]
            yield Operation(operation["operationId"], method.upper(), path, tuple(names), fields)


async def status_of(
    app: FastAPI, operation: Operation, role: str | None, ids: Mapping[str, str] | str
) -> int:
    """Return the status of a request; `ids` are by place, such as `path.person_id`."""

    def at(place: str) -> str:
        return ids if isinstance(ids, str) else ids.get(place, THEIRS)

    path = operation.path
    while "{" in path:
        name = path.partition("{")[2].partition("}")[0]
        path = path.replace(f"{{{name}}}", at(f"path.{name}"), 1)
    query = "&".join(f"{name}={at(f'query.{name}')}" for name in operation.names)
    body = b""
    headers = [(b"idempotency-key", b"k")]
    if role is not None:
        headers.append((b"x-role", role.encode()))
    if operation.fields is not None:
        headers.append((b"content-type", b"application/json"))
        body = json.dumps({name: at(f"body.{name}") for name in operation.fields}).encode()
    scope = {
        "type": "http",
        "http_version": "1.1",
        "scheme": "http",
        "method": operation.method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("x", 80),
    }
    told: list[int] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            told.append(message["status"])

    try:
        await app(scope, receive, send)
    except Exception:
        assert told == [500]  # what passes the guard finds no database, and may stumble over that
    return told[0]


async def right(app: FastAPI, operation: Operation, role: str | None) -> str:
    mine, theirs = [await status_of(app, operation, role, ids) for ids in (MINE, THEIRS)]
    for status in (mine, theirs):
        assert (status == 401) <= (role is None), (operation.id, role)
    if theirs not in REFUSED:
        assert mine not in REFUSED, (operation.id, role)
        return "all"
    return "-" if mine in REFUSED else "own"


async def matrix(app: FastAPI) -> str:
    file = io.StringIO()
    out = csv.writer(file, lineterminator="\n")
    out.writerow(["operation", "nobody", *ROLES])
    for operation in operations(app):
        rights = [await right(app, operation, role) for role in (None, *ROLES)]
        out.writerow([operation.id, *rights])
    return file.getvalue()


def test_each_role_at_each_operation(app: FastAPI) -> None:
    found = asyncio.run(matrix(app)).splitlines()
    assert found == FILE.read_text(encoding="utf-8").splitlines()
    documented = [row for row in TABLE.values() if row.door != "endpoint"]
    assert len(found) == 1 + len(documented)


def test_where_ones_own_id_has_to_stand_it_has_to_stand(app: FastAPI) -> None:
    """Everything one's own but for one place, then everything another's but for the places."""

    async def run() -> int:
        count = 0
        for operation in operations(app):
            for role, places in TABLE[operation.id].own.items():
                at = [_place(operation, place) for place in places]
                assert await status_of(app, operation, role, dict.fromkeys(at, MINE)) != 403
                for one in at:
                    every = _everywhere(operation) | {one: THEIRS}
                    assert await status_of(app, operation, role, every) == 403, (operation, one)
                    count += 1
        return count

    assert asyncio.run(run()) > 60


def _place(operation: Operation, place: str) -> str:
    """Return where a place stands; that of an owner is the last name in the path."""
    return place if "." in place else f"path.{operation.path.rpartition('{')[2].partition('}')[0]}"


def _everywhere(operation: Operation) -> dict[str, str]:
    in_path = [f"path.{part.partition('}')[0]}" for part in operation.path.split("{")[1:]]
    in_query = [f"query.{name}" for name in operation.names]
    in_body = [f"body.{name}" for name in operation.fields or ()]
    return dict.fromkeys([*in_path, *in_query, *in_body], MINE)


def test_who_looks_at_everything_does_nothing(app: FastAPI) -> None:
    reads = {"preSettle", "mapCodes", "findPersons", "quoteProduct", "findDuplicates"}
    for operation in operations(app):
        if TABLE[operation.id].door == "roles":
            looks = operation.method == "GET" or operation.id in reads
            assert ("auditor" in TABLE[operation.id].roles) == looks, operation.id
