"""The OpenAPI document: valid, complete, and every route declares what it may answer."""

import json
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from services import Contract, app_of

from yibao.api.app import OTHER_PROTOCOLS, ROUTERS

READS = {"preSettle", "mapCodes", "findPersons", "quoteProduct", "findDuplicates"}
"""What is asked by POST though it writes nothing."""

SESSIONS = {"signIn", "signOut", "changePassword"}
"""Writes that touch who is signed in alone: done again, they do no harm."""


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


@pytest.fixture(scope="module")
def document() -> Mapping[str, Any]:
    with warnings.catch_warnings(action="error"):
        return app_of("").openapi()


def test_it_is_the_same_for_every_database_and_policy(
    app: FastAPI, document: Mapping[str, Any], contract: Contract
) -> None:
    assert app.openapi() == document == contract.document


def test_it_is_openapi_3_1_and_can_be_written_as_json(document: Mapping[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    assert json.loads(json.dumps(document)) == document
    assert document["info"]["title"]
    assert document["info"]["version"]


def test_no_route_is_undeclared(app: FastAPI, document: Mapping[str, Any]) -> None:
    declared = {(m.upper(), path) for m, path, _ in operations(document)}
    routes = {
        (method, route.path)
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods
    }
    assert declared == routes
    others = {r.path for r in app.routes if hasattr(r, "path")} - {path for _, path in routes}
    assert others == {"/openapi.json"}
    specified = {"/fsi/api/rsfComIfsService/callService", "/fsi/api/{service}/{method}"}
    assert {r.path for one in OTHER_PROTOCOLS for r in one.routes if isinstance(r, APIRoute)} == (
        specified
    )


def test_whatever_takes_a_body_refuses_one_that_is_not_readable(
    document: Mapping[str, Any],
) -> None:
    taking = [o for _, _, o in operations(document) if "requestBody" in o]
    assert all("400" in o["responses"] for o in taking)
    kinds = {type(route) for router in ROUTERS for route in router.routes}
    assert len(kinds) == 1, "a route of another router: fields that stand twice pass there"


def test_every_operation_has_an_id_of_its_own_a_summary_in_both_languages_and_its_errors(
    document: Mapping[str, Any],
) -> None:
    ids = [o["operationId"] for _, _, o in operations(document)]
    assert len(set(ids)) == len(ids)
    for _, path, operation in operations(document):
        assert " / " in operation["summary"], path
        responses = operation["responses"]
        assert {"401", "403", "422", "429", "500", "503"} <= responses.keys(), path
        assert ("{" in path) == ("404" in responses), path
        if "requestBody" in operation:
            assert {"400", "413"} <= responses.keys()
            assert operation["requestBody"]["required"]
        for status, response in responses.items():
            if int(status) >= 400:
                assert list(response["content"]) == ["application/problem+json"], (path, status)
        assert "Retry-After" in responses["503"]["headers"]
        assert "Retry-After" in responses["429"]["headers"]


def test_every_write_asks_for_an_idempotency_key_and_declares_the_conflict(
    document: Mapping[str, Any],
) -> None:
    writes = {o["operationId"]: o for method, _, o in operations(document) if method != "get"}
    assert writes.keys() >= READS
    for operation in (o for name, o in writes.items() if name not in READS | SESSIONS):
        needed = {p["name"] for p in operation["parameters"] if p["required"]}
        assert "Idempotency-Key" in needed
        assert "409" in operation["responses"]


def test_every_schema_is_valid_every_reference_leads_somewhere_every_example_fits(
    document: Mapping[str, Any],
) -> None:
    components = document["components"]
    for name, schema in components["schemas"].items():
        jsonschema_rs.meta.validate(schema)
        for example in schema.get("examples", ()):
            jsonschema_rs.validate({**schema, "components": components}, example)
        assert name.isidentifier()
    for reference in references(document):
        assert reference.removeprefix("#/components/schemas/") in components["schemas"]


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from (v for k, v in node.items() if k == "$ref")
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_objects_of_requests_and_replies_have_no_other_members(
    document: Mapping[str, Any],
) -> None:
    for name, schema in document["components"]["schemas"].items():
        assert schema["additionalProperties"] is False, name


def test_the_contract_notices_a_reply_that_is_not_declared(contract: Contract) -> None:
    from services import Reply

    headers = {"content-type": "application/json"}
    with pytest.raises(AssertionError):
        contract.check("GET", "/health/live", Reply(418, headers, b"{}"))
    with pytest.raises(jsonschema_rs.ValidationError):
        contract.check("GET", "/health/live", Reply(200, headers, b'{"status": "dead"}'))
