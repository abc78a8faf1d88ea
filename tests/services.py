"""The service on a real socket, and a client that holds replies against the OpenAPI document."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from http.client import HTTPConnection
from threading import Thread
from time import sleep
from typing import Any

import jsonschema_rs
import uvicorn
from desks import office
from fastapi import FastAPI

from yibao.agency.desk.office import Registers
from yibao.api.app import create_app
from yibao.api.guard.asked import trust_actor
from yibao.api.serve import listen
from yibao.policy.policy import Policy
from yibao.settlement.model import Status


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@cache
def document() -> Mapping[str, Any]:
    """Return the OpenAPI document, the same for every database and policy; a second to make."""
    return app_of("").openapi()


@dataclass
class Contract:
    """An OpenAPI document against which replies are held."""

    document: Mapping[str, Any] = field(default_factory=document)
    _validators: dict[str, jsonschema_rs.Validator] = field(default_factory=dict)

    @cached_property
    def paths(self) -> list[tuple[re.Pattern[str], Mapping[str, Any]]]:
        return [
            (re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)), operations)
            for path, operations in self.document["paths"].items()
        ]

    def check(self, method: str, target: str, reply: Reply) -> None:
        """Assert that the reply is one that the document declares, with such a body."""
        path = target.partition("?")[0]
        found = [o for pattern, o in self.paths if pattern.fullmatch(path)]
        operation = next((o[method.lower()] for o in found if method.lower() in o), None)
        if operation is None:
            assert reply.status in {400, 401, 404, 405, 413}, (method, target, reply)
            declared = {"content": {"application/problem+json": {"schema": PROBLEM}}}
        else:
            assert str(reply.status) in operation["responses"], (method, path, reply)
            declared = operation["responses"][str(reply.status)]
        for name in declared.get("headers", ()):
            assert name.lower() in reply.headers, name
        content = declared.get("content")
        if content is None:
            assert not reply.body
            return
        schema = content[reply.headers["content-type"]]["schema"]
        self._validator(schema).validate(reply.json)

    def _validator(self, schema: Mapping[str, Any]) -> jsonschema_rs.Validator:
        """Return what validates by a schema of the document; compiling it takes longer."""
        key = json.dumps(schema)
        if key not in self._validators:
            whole = {**schema, "components": self.document["components"]}
            self._validators[key] = jsonschema_rs.validator_for(whole)
        return self._validators[key]


PROBLEM = {"$ref": "#/components/schemas/Problem"}


class Client:
    """One connection to a service."""

    def __init__(self, port: int, contract: Contract | None = None) -> None:
        self.port = port
        self.contract = contract
        self._connection = HTTPConnection("127.0.0.1", port, timeout=60)

    def __call__(
        self,
        method: str,
        target: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        **headers: str,
    ) -> Reply:
        """Send a request; `body` is sent as JSON, `raw` as it is."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            raw = json.dumps(body).encode()
        if raw is not None:
            sent.setdefault("Content-Type", "application/json")
        if "Idempotency-Key" not in sent:
            sent.setdefault("X-Actor", "reader")  # who only asks need not say who it is in tests
        self._connection.request(method, target, raw, sent)
        got = self._connection.getresponse()
        reply = Reply(got.status, {k.lower(): v for k, v in got.getheaders()}, got.read())
        if self.contract is not None:
            self.contract.check(method, target, reply)
        return reply

    def settle(self, body: Any, key: str = "k", actor: str = "H3-desk") -> Reply:
        return self("POST", "/desk/settlements", body, X_Actor=actor, Idempotency_Key=key)

    def take_back(self, number: int, key: str, actor: str = "H3-desk", **headers: str) -> Reply:
        target = f"/desk/settlements/{number}/reversal"
        return self("POST", target, X_Actor=actor, Idempotency_Key=key, **headers)

    def close(self) -> None:
        self._connection.close()


class Clerk:
    """A clerk who sends requests, each under a key of its own."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.sent = 0

    def post(self, target: str, body: dict[str, Any], key: str = "") -> Reply:
        self.sent += 1
        key = key or f"{id(self)}-{self.sent}"
        return self.client("POST", target, body, X_Actor="clerk", Idempotency_Key=key)

    def made(self, target: str, body: dict[str, Any]) -> dict[str, Any]:
        reply = self.post(target, body)
        assert reply.status == 201, reply.body
        found: dict[str, Any] = reply.json
        return found

    def get(self, target: str) -> dict[str, Any]:
        reply = self.client("GET", target)
        assert reply.status == 200, reply.body
        found: dict[str, Any] = reply.json
        return found

    def refused(self, target: str, body: dict[str, Any]) -> tuple[int, str]:
        reply = self.post(target, body)
        return reply.status, reply.json["rule"]


def bill(claim_no: str, in_scope: str = "10000.00", **changes: Any) -> dict[str, Any]:
    """Return a bill, all in scope, of a stay at a level-3 hospital."""
    return {
        "institution_id": "H3",
        "claim_no": claim_no,
        "person_id": "P1",
        "visit": "inpatient",
        "admitted_on": "2023-03-01",
        "discharged_on": "2023-03-08",
        "amounts": {"total": in_scope, "in_scope": in_scope},
        **changes,
    }


def app_of(url: str, *statuses: Status) -> FastAPI:
    """Return the application on a database, with registers that know these persons."""
    made = office(*statuses)
    policy: Policy = made.policy
    registers: Registers = made.registers
    return create_app(url, policy, registers, identify=trust_actor)


class _Server(uvicorn.Server):
    """A server that stops when it is told to, not at the next tenth of a second."""

    async def main_loop(self) -> None:
        await self.on_tick(0)
        while not self.should_exit:
            await asyncio.sleep(0.01)


@contextmanager
def running(app: FastAPI) -> Iterator[int]:
    """Run an application in a thread; yield its port."""
    listening = listen("127.0.0.1", 0)
    server = _Server(uvicorn.Config(app, log_level="critical", access_log=False))
    thread = Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started and thread.is_alive():
        sleep(0.005)
    try:
        yield listening.getsockname()[1]
    finally:  # else the process would wait for the thread
        server.should_exit = True
        thread.join()
