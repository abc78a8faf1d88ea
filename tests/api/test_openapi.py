"""The OpenAPI document by a validator of its own, and every example in it by its schema."""

import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from services import Contract


@pytest.fixture(scope="module")
def document(contract: Contract) -> Mapping[str, Any]:
    return contract.document


def test_a_validator_finds_nothing_to_say(document: Mapping[str, Any]) -> None:
    with warnings.catch_warnings(action="error"):
        errors = list(OpenAPIV31SpecValidator(dict(document)).iter_errors())
    assert errors == []


def test_the_validator_notices_what_is_wrong(document: Mapping[str, Any]) -> None:
    lost = {"schema": {"$ref": "#/components/schemas/Lost"}}
    wrong = {"responses": {"200": {"description": "", "content": {"application/json": lost}}}}
    for name, value in (("info", {"title": "x"}), ("paths", {"/x/{y}": {"get": wrong}})):
        with pytest.raises(Exception, match=r"version|Lost|'y'"):
            OpenAPIV31SpecValidator({**document, name: value}).validate()


@pytest.mark.parametrize(
    ("given", "fits"),
    [("P-17", True), ("李", True), ("9", True), ("=1", False), ("a b", False), ("a\n", False)],
)
def test_names_are_told_in_patterns_that_every_reader_knows(
    document: Mapping[str, Any], given: str, fits: bool
) -> None:
    properties = document["components"]["schemas"]["Bill"]["properties"]
    pattern = properties["person_id"]["pattern"]
    assert (re.fullmatch(pattern, given) is not None) == fits


def schemas(node: Any) -> Iterator[Mapping[str, Any]]:
    """Yield every object that has examples; what stands in examples is not looked into."""
    if isinstance(node, dict):
        if "examples" in node or "example" in node:
            yield node
        for name, value in node.items():
            if name not in {"examples", "example"}:
                yield from schemas(value)
    elif isinstance(node, list):
        for value in node:
            yield from schemas(value)


def test_every_example_is_one(document: Mapping[str, Any]) -> None:
    found = list(schemas({name: document[name] for name in ("paths", "components")}))
    for node in found:
        assert isinstance(node.get("examples"), list), node  # of a schema: none of a media type
        assert "example" not in node
        for example in node["examples"]:
            whole = {**node, "components": document["components"]}
            jsonschema_rs.validate(whole, example)
    assert len(found) > 20


def test_every_body_that_is_brought_has_an_example(document: Mapping[str, Any]) -> None:
    for path, methods in document["paths"].items():
        for operation in methods.values():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                name = content["schema"]["$ref"].removeprefix("#/components/schemas/")
                assert document["components"]["schemas"][name].get("examples"), (path, name)
